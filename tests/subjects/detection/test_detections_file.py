"""Boxes out of MegaDetector's results: read whole, found by name, and what else they say kept."""

import contextlib
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import toys
from hypothesis import given, settings
from hypothesis import strategies as st
from toys import LAMPS, HueEncoder, Squares, lamp, save

from toolkit import modes
from toolkit.errors import BadSetting
from toolkit.records import PAINTED, SHOWS, Box, Detection, Mask
from toolkit.results import as_examples, export, exporting, results_folder, undo
from toolkit.scanning import store
from toolkit.settings import settings_for
from toolkit.subjects import registry
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.detection import detections_file
from toolkit.subjects.detection.detections_file import BoxesDetector, Found

CATEGORIES = {"1": "animal", "2": "person", "3": "vehicle"}


class WildLampSettings(toys.LampSettings):
    """Lamps whose photos are kept apart as those of animals are."""

    aside = AnimalSettings.aside
    unsure = AnimalSettings.unsure
    in_modes = AnimalSettings.in_modes
    none_found = "try candles"


SETTINGS = settings_for("autopilot", WildLampSettings)(jobs=1)


def detection(category="1", conf=0.9, bbox=(0.0, 0.0, 0.5, 1.0)):
    return {"category": category, "conf": conf, "bbox": list(bbox)}


def entry(file, *detections, **more):
    return {"file": file, "detections": list(detections), **more}


def write(path, *images, categories=CATEGORIES, **more):
    told = {"info": {"format_version": "1.6"}, "detection_categories": categories, **more}
    path.write_text(json.dumps({**told, "images": list(images)}))
    return path


def found_in(folder, *images, photos, least=0.2, otherwise=None):
    """Return the detector of a file of results, prepared for photos, and what it said."""
    file = write(folder / "results.json", *images)
    detector = BoxesDetector(detections_file.read(file), file.name, least, otherwise or Squares())
    return detector, detector.prepare(photos, folder)


def test_what_a_photo_shows_follows_from_its_boxes(tmp_path) -> None:
    images = (
        entry("two.jpg", detection(conf=0.3), detection(conf=0.8, bbox=(0.5, 0.2, 0.25, 0.5))),
        entry("man.jpg", detection("2"), detection("3"), detection(conf=0.1)),
        # A category that is not listed was not found.
        entry("empty.jpg"),
        entry("video.jpg", {**detection(), "frame_number": 12}),
    )
    photos = [tmp_path / each["file"] for each in images]
    detector, said = found_in(tmp_path, *images, photos=photos)
    assert said == ("results.json has 4 of 4 photos",)
    image = np.zeros((100, 200, 3), np.uint8)
    two, man, empty, video = (detector.detect(image, path) for path in photos)
    assert two == [
        Detection(Box(100, 20, 150, 70), 0.8),
        Detection(Box(0, 0, 100, 100), 0.3),
    ]
    assert [(each.kind, each.score) for each in man] == [("person", 0.9), ("vehicle", 0.9)]
    assert empty == []
    assert detector.silence(photos[2]) == "empty"
    assert len(video) == 1


def test_boxes_at_the_edge_stay_in_the_picture_and_keep_a_px(tmp_path) -> None:
    boxes = ((-0.01, 0, 1.03, 1), (0.999, 0.999, 0.001, 0.001), (0.2, 0.2, 0, 0.4))
    photo = tmp_path / "a.jpg"
    image = entry("a.jpg", *(detection(bbox=box) for box in boxes))
    detector, _ = found_in(tmp_path, image, photos=[photo])
    found = [each.box for each in detector.detect(np.zeros((50, 80, 3), np.uint8), photo)]
    assert sorted(found, key=lambda box: box.left) == [Box(0, 0, 80, 50), Box(79, 49, 80, 50)]


@pytest.mark.parametrize(
    "named",
    [
        "cam 1/IMG_1.JPG",
        "./cam 1/IMG_1.JPG",
        "cam 1\\IMG_1.JPG",
        "D:\\study\\cam 1\\IMG_1.JPG",
        "/disk/study/cam 1/IMG_1.JPG",
        "photos/cam 1/IMG_1.JPG",
        "{folder}/cam 1/IMG_1.JPG",
        "IMG_1.JPG",
    ],
)
def test_a_photo_is_found_by_the_end_of_its_path(tmp_path, named) -> None:
    folder = tmp_path / "photos"
    photos = [folder / "cam 1" / "IMG_1.JPG", folder / "cam 1" / "IMG_2.JPG"]
    names = detections_file.Names([Found(named.format(folder=folder)), Found("cam 2/IMG_1.JPG")])
    found, unclear = names.of(photos, folder)
    assert found[photos[0]] is not None
    assert found[photos[0]].file.endswith("IMG_1.JPG")
    assert "cam 2" not in found[photos[0]].file
    assert found[photos[1]] is None
    assert unclear == []


def test_one_entry_is_never_two_photos_nor_one_photo_two_entries(tmp_path) -> None:
    names = detections_file.Names(
        [Found("IMG_1.JPG"), Found("x/IMG_2.JPG"), Found("y/IMG_2.JPG"), Found("b/IMG_3.JPG")]
    )
    one, other = tmp_path / "a" / "IMG_1.JPG", tmp_path / "b" / "IMG_1.JPG"
    found, unclear = names.of([one, other], tmp_path)
    assert found == {one: None, other: None}
    assert sorted(unclear) == [one, other]
    # The photo that has the whole name is the one.
    whole = tmp_path / "IMG_1.JPG"
    found, unclear = names.of([one, whole], tmp_path)
    assert found[whole] is not None
    assert found[one] is None
    several = tmp_path / "IMG_2.JPG"
    assert names.of([several], tmp_path) == ({several: None}, [several])
    # That of another folder is not this one's.
    assert names.of([tmp_path / "a" / "IMG_3.JPG"], tmp_path)[0].popitem()[1] is None


def test_case_tells_two_photos_and_hides_none(tmp_path) -> None:
    names = detections_file.Names([Found("a.JPG"), Found("A.jpg")])
    lower, upper = tmp_path / "a.JPG", tmp_path / "A.jpg"
    found, _ = names.of([lower, upper], tmp_path)
    assert (found[lower].file, found[upper].file) == ("a.JPG", "A.jpg")
    names = detections_file.Names([Found("CAM/A.JPG")])
    assert names.of([tmp_path / "cam" / "a.jpg"], tmp_path)[0].popitem()[1] is not None


def test_photos_elsewhere_are_known_by_more_than_their_name(tmp_path) -> None:
    photo = tmp_path / "a.jpg"
    images = [entry("a.jpg", detection()), entry("known/lion/b.jpg", detection("2"))]
    detector, _ = found_in(tmp_path, *images, photos=[photo])
    image = np.zeros((64, 64, 3), np.uint8)
    assert detector.detect(image, tmp_path / "other" / "a.jpg") == []
    assert detector.silence(tmp_path / "other" / "a.jpg") == ""
    (person,) = detector.detect(image, tmp_path / "known" / "lion" / "b.jpg")
    assert person.kind == "person"


def test_what_the_file_does_not_tell_is_searched_otherwise_and_said(tmp_path) -> None:
    photos = [tmp_path / f"{name}.jpg" for name in "abcd"]
    images = [
        entry("a.jpg", detection()),
        {"file": "b.jpg", "failure": "Failure image access", "detections": None},
        {"file": "c.jpg", "detections": None},
    ]
    detector, said = found_in(tmp_path, *images, photos=photos)
    assert said == (
        "results.json has 3 of 4 photos, 1 is not in it (d.jpg), 2 failed there "
        "(b.jpg, c.jpg); what it does not tell is searched by --detector squares",
    )
    light = np.full((64, 64, 3), 200, np.uint8)
    for path in photos[1:]:
        assert [each.box for each in detector.detect(light, path)] == [Box(0, 0, 64, 64)]
        assert detector.silence(path) == ""


def test_what_is_kept_of_other_photos_follows_from_what_searches_them(tmp_path) -> None:
    photos = [tmp_path / "a.jpg", tmp_path / "b.jpg"]

    class Other(Squares):
        name = "another"

        def look_key(self, path):
            return "0.3"

    keys = []
    for otherwise in (Squares(), Other()):
        detector, _ = found_in(tmp_path, entry("a.jpg"), photos=photos, otherwise=otherwise)
        keys.append([detector.look_key(path) for path in photos])
    assert keys[0][0] == keys[1][0]
    assert keys[0][1] != keys[1][1]
    # Boxes that were drawn change nothing for other photos.
    drawn = detections_file.DrawnBoxes([Found("a.jpg")], "boxes.json", Other())
    drawn.prepare(photos, tmp_path)
    assert drawn.look_key(photos[1]) == "0.3"
    assert drawn.name == "another"
    assert drawn.look_key(photos[0]) not in ("", "0.3")


def test_a_file_of_other_photos_is_refused_before_the_work(tmp_path) -> None:
    with pytest.raises(BadSetting, match=r"none of the 1 photo in .*such as a\.jpg.*x/b\.jpg"):
        found_in(tmp_path, entry("x/b.jpg"), photos=[tmp_path / "a.jpg"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "cannot be read"),
        ("[1]", 'no list "images"'),
        ('{"images": {}}', 'no list "images"'),
        ("[" * 100_000, "cannot be read"),
        ('{"images": [], "x": NaN}', "NaN"),
        ('{"images": [], "info": {"format_version": "2.0"}}', "format_version is '2.0'"),
        ('{"images": []}', "detection_categories"),
        ('{"images": [], "detection_categories": {"1": "car"}}', "is animal (or thing): car"),
    ],
)
def test_what_is_no_file_of_results_is_said_in_a_line(tmp_path, content, said) -> None:
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(BadSetting) as error:
        detections_file.read(path)
    assert said in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    with pytest.raises(BadSetting, match="No such file"):
        detections_file.read(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ({"detections": []}, 'images[1]: it has no "file"'),
        ({"file": "b.jpg", "detections": 3}, "no list"),
        ({"file": "b.jpg", "detections": [3]}, "no object"),
        (entry("b.jpg", detection("7")), "the category '7'; expected one of 1, 2, 3"),
        (entry("b.jpg", detection(conf=1.5)), "conf of b.jpg is 1.5"),
        (entry("b.jpg", detection(conf="high")), "conf of b.jpg is high"),
        (entry("b.jpg", detection(bbox=(10, 20, 100, 200))), "shares of the picture"),
        (entry("b.jpg", detection(bbox=(0, 0, -0.1, 1))), "shares of the picture"),
        (entry("b.jpg", detection(bbox=(0, 0, 1))), "shares of the picture"),
        (entry("b.jpg", {**detection(), "bbox": [0, 0, 1, "1"]}), "shares of the picture"),
        (entry("b.jpg", {**detection(), "bbox": [0, 0, 10**400, 1]}), "shares of the picture"),
        (entry("a.jpg", detection()), "a.jpg is there twice"),
    ],
)
def test_every_entry_is_checked_and_named(tmp_path, image, said) -> None:
    path = write(tmp_path / "results.json", entry("a.jpg"), image)
    with pytest.raises(BadSetting) as error:
        detections_file.read(path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.sampled_from(["file", "detections", "bbox", "conf", "category"]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=40)
@given(images=st.lists(JSON, max_size=3), bbox=JSON, conf=JSON, category=JSON)
def test_whatever_is_in_the_file_is_read_or_refused(images, bbox, conf, category) -> None:
    odd = entry("a.jpg", {"category": category, "conf": conf, "bbox": bbox})
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "r.json", odd, *images)
        with contextlib.suppress(BadSetting):
            for found in detections_file.read(path):
                assert all(0 <= sure <= 1 for _, sure, _ in found.boxes)


def test_the_same_entry_twice_and_other_categories_do_no_harm(tmp_path) -> None:
    images = [entry("a.jpg", detection("4")), entry("a.jpg", detection("4")), entry("b.jpg")]
    path = write(tmp_path / "r.json", *images, categories={**CATEGORIES, "4": "group"})
    one, other = detections_file.read(path)
    assert [box[0] for box in one.boxes] == ["other"]
    assert other == Found("b.jpg")
    with pytest.raises(BadSetting, match="has no photo"):
        BoxesDetector((), "r.json", 0.2, Squares())


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Three photos of lamps, and what sorts them by a file of results; it may be kept."""
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "seen.sqlite3"))
    folder = tmp_path / "photos"
    for name, hue in (("a", "red"), ("b", "blue"), ("c", "red")):
        save(folder / f"{name}.png", lamp(hue, 1.0, ord(name)), lamp(hue, 0.6, ord(name) + 9))

    def run(*images, least=0.2, out=None, how=SETTINGS):
        file = write(tmp_path / "results.json", *images)
        detector = BoxesDetector(detections_file.read(file), file.name, least, Squares())
        subject = Subject("lamp", detector, HueEncoder(), LAMPS.info.words, key="k")
        return modes.autopilot(folder, out, settings=how, subject=subject)

    return run


LEFT, RIGHT = (0, 0, 0.5, 1), (0.5, 0, 0.5, 1)


SCENES = [
    entry("a.png", detection(bbox=LEFT), detection("2", bbox=RIGHT)),
    entry("b.png", detection("3")),
    entry("c.png", detection(conf=0.1)),
]


def files_in(out):
    return sorted(
        path.relative_to(out).as_posix() for path in out.glob("*/*") if path.suffix == ".png"
    )


def shown(album):
    table = album.photos
    return {Path(path).name: what for path, what in zip(table["path"], table[SHOWS], strict=True)}


def test_people_and_empty_scenes_are_no_sightings_and_lie_apart(run, tmp_path) -> None:
    out = tmp_path / "out"
    result = run(*SCENES, out=out)
    shows = {"a.png": "lamp+person", "b.png": "vehicle", "c.png": "empty"}
    assert shown(result.album) == shows
    assert [Box(*box) for box in _boxes(result.album)] == [Box(0, 0, 64, 64)]
    assert files_in(out) == ["empty/c.png", "owner_001/a.png", "vehicle/b.png"]
    text = str(result)
    assert "results.json has 3 of 3 photos" in text
    assert "kept apart: person (1 photo), vehicle (1 photo), empty (1 photo)" in text
    assert "2 photos in no owner's folders: vehicle (1), empty (1)" in text
    assert result.as_dict()["shows"] == {"lamp": 1, "person": 1, "vehicle": 1, "empty": 1}
    nobody = (out / "nobody.csv").read_text().splitlines()
    assert nobody[1].startswith("b.png,vehicle,vehicle,")
    report = (out / "report.html").read_text()
    assert "photos: vehicle" in report
    # Kept, loaded, joined with what says nothing of it.
    loaded = results_folder.load(out).album
    assert shown(loaded) == shows
    mute = replace(loaded, photos=loaded.photos.drop(columns=SHOWS))
    assert shown(mute.take([0]).merge(loaded)) == {**shows, "a.png": ""}
    assert as_examples.meant_in(out, sorted(out.glob("*/*.png")), loaded.words).nobody == {
        "vehicle",
        "empty",
    }
    undo.undo(out)
    assert files_in(out) == []


def test_photos_that_show_something_else_now_move_and_are_told(run, tmp_path) -> None:
    out = tmp_path / "out"
    run(*SCENES, out=out)
    again = run(*SCENES[:2], entry("c.png", detection("2")), out=out)
    assert files_in(out) == ["owner_001/a.png", "person/c.png", "vehicle/b.png"]
    (row,) = again.changes.itertuples(index=False, name=None)
    assert (row[:3], row[4]) == (
        ("moved", "person", "empty"),
        "other things were found in it",
    )
    assert len(run(*SCENES[:2], entry("c.png", detection("2")), out=out).changes) == 0
    off = run(*SCENES, out=out, how=replace(SETTINGS, unsorted=""))
    assert files_in(out) == ["owner_001/a.png"]
    assert set(off.changes["change"]) == {"went"}


def test_doubtful_sightings_lie_in_their_own_folder_until_they_are_none(run, tmp_path) -> None:
    out = tmp_path / "out"
    images = [entry(f"{name}.png", detection(bbox=LEFT)) for name in "abc"]
    found = run(*images)
    assert found.doubts == frozenset()
    assert "unsure" in found.sightings
    unsure = replace(found, doubts=frozenset({0, 1}))
    first = exporting.export_result(unsure, out)
    # Of the two of one owner, one is doubtful; the other owner has no other photo.
    assert files_in(out) == ["owner_001/c.png", "unsure/a.png", "unsure/b.png"]
    text = str(first)
    assert "2 photos of which it is doubtful which owner is in them" in text
    assert "1 owner in doubtful photos only has no folder" in text
    assert "2 photos in no owner's folder: unsure" in text
    assert first.why_no_folder("owner_002") == "in doubtful photos only"
    sure = exporting.export_result(found, out)
    assert files_in(out) == ["owner_001/a.png", "owner_001/c.png", "owner_002/b.png"]
    told = sorted(sure.changes.itertuples(index=False, name=None))
    assert [(row[0], row[1], row[2], row[4]) for row in told] == [
        ("moved", "owner_001", "unsure", "it is no longer doubtful which owner it is"),
        ("moved", "owner_002", "unsure", "it is no longer doubtful which owner it is"),
    ]
    back = exporting.export_result(unsure, out)
    assert set(back.changes["why"]) == {"it is doubtful now which owner it is"}
    assert set(back.changes["name"]) == {"unsure"}


def test_what_is_sorted_by_hand_out_of_these_folders_and_into_them_is_decided(
    run, tmp_path, monkeypatch
) -> None:
    monkeypatch.setitem(registry.SUBJECTS, "lamp", WildLampSettings)
    out = tmp_path / "out"
    images = [entry(f"{name}.png", detection(bbox=LEFT)) for name in "ab"] + [entry("c.png")]
    exporting.export_result(replace(run(*images), doubts=frozenset({1})), out)
    assert files_in(out) == ["empty/c.png", "owner_001/a.png", "unsure/b.png"]
    (out / "unsure" / "b.png").rename(out / "owner_001" / "b.png")
    again = run(*images, out=out)
    assert again.synced == ("b.png was moved to owner_001: owner_001",)
    assert files_in(out) == ["empty/c.png", "owner_001/a.png", "owner_001/b.png"]
    # No individual is called after the folder of what is none.
    (out / "owner_001" / "b.png").rename(out / "empty" / "b.png")
    again = run(*images, out=out)
    assert "may get a folder of its own" in again.synced[0]
    assert again.names == ("owner_001", "owner_003")
    (out / "empty" / "c.png").unlink()
    (out / "empty" / "own.png").write_bytes((out / "owner_001" / "a.png").read_bytes())
    again = run(*images, out=out)
    assert again.names == ("owner_001", "owner_003")
    assert "empty/c.png" in files_in(out)


def test_no_name_of_an_individual_is_taken_by_such_a_folder(run, tmp_path) -> None:
    found = run(*SCENES)
    names = ("empty",)
    planned = export.plan(
        found.album,
        names,
        tmp_path / "out",
        unsorted="unsorted",
        aside=found.aside,
        unsure="unsure",
    )
    assert planned["destination"].to_list() == ["empty/a.png", "vehicle/b.png", "empty (2)/c.png"]
    assert planned["name"].notna().to_list() == [True, False, False]


def test_where_next_to_none_is_found_the_subject_says_what_else_to_try(run) -> None:
    assert "candles" not in str(run(*SCENES))
    none = run(*(entry(f"{name}.png") for name in "abc"))
    assert "next to no lamp: try candles" in str(none)


def _boxes(album):
    columns = ["left", "top", "right", "bottom"]
    return album.sightings[columns].itertuples(index=False, name=None)


def test_only_photos_with_other_boxes_are_looked_at_again(run) -> None:
    images = [entry(f"{name}.png", detection(bbox=LEFT)) for name in "ab"]
    images.append(entry("c.png", detection(conf=0.3, bbox=LEFT), detection("2", 0.5)))
    first = run(*images)
    assert first.recognised == 0
    assert run(*images).recognised == 3
    # What is below the threshold anyway changes nothing; another box does, in its photo.
    assert run(*images, least=0.25).recognised == 3
    images[0]["detections"].append(detection(conf=0.05, bbox=RIGHT))
    assert run(*images).recognised == 3
    images[0]["detections"].append(detection(conf=0.4, bbox=RIGHT))
    again = run(*images)
    assert again.recognised == 2
    assert again.count == 4
    shows = dict(zip(again.album.photos["path"], again.album.photos[SHOWS], strict=True))
    assert [shows[path] for path in sorted(shows)] == ["lamp", "lamp", "lamp+person"]


LEFT_HALF = Mask(2, 1, (0, 1, 1))
CELLS = {"size": [1, 2], "counts": [0, 1, 1]}


def painted(bbox=LEFT, cells=CELLS, conf=1.0):
    return {**detection(bbox=bbox, conf=conf), "painted_mask": cells}


def test_a_painted_mask_goes_to_the_file_and_back_with_its_box(tmp_path) -> None:
    boxes = (("", 1.0, RIGHT), ("person", 0.5, LEFT), ("", 1.0, LEFT))
    one = Found("a.png", boxes, masks=(LEFT_HALF, None, None), size=(128, 64))
    detections_file.write(tmp_path / "boxes.json", [one, Found("b.png")])
    (found, other) = detections_file.read(tmp_path / "boxes.json")
    assert dict(zip(found.boxes, found.masks, strict=True))[boxes[0]] == LEFT_HALF
    assert sum(mask is None for mask in found.masks) == 2
    assert found.size == (128, 64)
    assert other == Found("b.png")
    # Other programs find what they know.
    (image, _) = json.loads((tmp_path / "boxes.json").read_text())["images"]
    assert image["detections"][0]["painted_mask"] == CELLS
    assert (image["width"], image["height"]) == (128, 64)


@pytest.mark.parametrize(
    ("cells", "more", "said"),
    [
        ("all", {}, "is no"),
        ({"size": [1], "counts": []}, {}, "is no"),
        ({"size": [1, 2], "counts": "AAAA"}, {}, "is no"),
        ({"size": [1, 2], "counts": [3]}, {}, "counts for 3 cells; expected 2 x 1"),
        ({"size": [10**6, 10**6], "counts": [10**12]}, {}, "expected 1 to 1024 cells"),
        (CELLS, {"width": None}, "needs the width and height"),
        (CELLS, {"height": 10**30}, "needs the width and height"),
    ],
)
def test_a_damaged_or_huge_mask_is_said_in_a_line(tmp_path, cells, more, said) -> None:
    size = {"width": 128, "height": 64, **more}
    path = write(tmp_path / "r.json", entry("a.png", painted(cells=cells), **size))
    with pytest.raises(BadSetting) as error:
        detections_file.read(path)
    assert said in str(error.value)
    assert "images[0]" in str(error.value)
    assert "a.png" in str(error.value)
    assert "\n" not in str(error.value)


@settings(max_examples=40)
@given(cells=JSON, size=JSON, counts=JSON, width=JSON)
def test_whatever_a_mask_is_it_is_read_or_refused(cells, size, counts, width) -> None:
    for each in (cells, {"size": size, "counts": counts}, {"size": [1, 2], "counts": counts}):
        with tempfile.TemporaryDirectory() as folder:
            image = entry("a.jpg", painted(cells=each), width=width, height=64)
            path = write(Path(folder) / "r.json", image)
            with contextlib.suppress(BadSetting):
                detections_file.read(path)


def drawn_in(folder, *images, photos):
    found = detections_file.read(write(folder / "boxes.json", *images))
    drawn = detections_file.DrawnBoxes(found, "boxes.json", Squares())
    return drawn, drawn.prepare(photos, folder)


def test_a_mask_counts_in_its_photo_alone_and_only_at_its_size(tmp_path) -> None:
    photos = [save(tmp_path / f"{name}.png", *[lamp("red", 1.0, 1)] * 2) for name in "abc"]
    size = {"width": 128, "height": 64}
    plain = [entry(f"{name}.png", detection(bbox=LEFT, conf=1.0)) for name in "ab"]
    marked = [entry(f"{name}.png", painted(), **size) for name in "ab"]
    before, _ = drawn_in(tmp_path, *plain, photos=photos)
    keys = [before.look_key(path) for path in photos]
    drawn, said = drawn_in(tmp_path, marked[0], plain[1], photos=photos)
    assert said == ("boxes.json: your boxes in 2 photos",)
    assert [drawn.look_key(path) == key for path, key in zip(photos, keys, strict=True)] == [
        *(False, True, True)
    ]
    image = np.zeros((64, 128, 3), np.uint8)
    assert [each.mask for each in drawn.detect(image, photos[0])] == [LEFT_HALF]
    assert [each.mask for each in drawn.detect(image, photos[1])] == [None]
    assert drawn.painted(photos[0], LEFT_HALF.digest) == LEFT_HALF
    assert drawn.painted(photos[0], "0" * 16) is None
    assert drawn.painted(photos[2], LEFT_HALF.digest) is None
    # A photo that has another size now keeps its box.
    save(photos[0], lamp("red", 1.0, 1))
    drawn, said = drawn_in(tmp_path, *marked, photos=photos)
    assert said[1].startswith(
        "boxes.json: what was painted in 1 photo does not count (a.png): it has another size"
    )
    (there,) = drawn.detect(image, photos[0])
    assert (there.box, there.mask) == (Box(0, 0, 64, 64), None)
    assert drawn.look_key(photos[0]) == keys[0]
    assert [each.mask for each in drawn.detect(image, photos[1])] == [LEFT_HALF]


def test_photos_that_were_not_prepared_are_sought_from_their_folder_on(tmp_path) -> None:
    photo = save(tmp_path / "a.png", *[lamp("red", 1.0, 1)] * 2)
    found = detections_file.read(
        write(tmp_path / "boxes.json", entry("a.png", painted(), width=128, height=64))
    )
    anywhere = detections_file.DrawnBoxes(found, "boxes.json", Squares())
    assert anywhere.painted(photo, LEFT_HALF.digest) is None
    there = detections_file.DrawnBoxes(found, "boxes.json", Squares(), tmp_path)
    assert there.painted(photo, LEFT_HALF.digest) == LEFT_HALF


class HalfDots(toys.DotMatcher):
    """Compares the dots inside a mask."""

    def outline(self, image, box):
        return None

    def chips(self, image, boxes, masks=None):
        chips = super().chips(image, boxes).copy()
        middles = (np.arange(toys.SIDE) + 0.5) / toys.SIDE
        for chip, mask in zip(chips, masks or [None] * len(boxes), strict=True):
            if mask is not None:
                chip[~mask.at(middles, middles)] = 0
        return chips

    def shortlist(self, features, known=None):
        return np.stack(np.triu_indices(len(features), k=1), axis=1)


class PaintedCardSettings(toys.CardSettings):
    """Cards of which somebody may paint what counts."""

    corrected = AnimalSettings.corrected

    def make_subject(self):
        return replace(super().make_subject(), encoder=HalfDots())


def test_a_run_looks_at_a_painted_photo_alone_and_compares_what_was_painted(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setitem(registry.SUBJECTS, "card", PaintedCardSettings)
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "seen.sqlite3"))
    photos, out = tmp_path / "photos", tmp_path / "out"
    for name, make in (("a", 7), ("b", 7), ("c", 11)):
        save(photos / f"{name}.png", toys.card(make, 0, ord(name)))
    how = settings_for("autopilot", PaintedCardSettings)(jobs=1)

    def sort():
        return modes.autopilot(photos, out, settings=how)

    first = sort()
    assert PAINTED not in first.album.sightings
    whole = (0.0, 0.0, 1.0, 1.0)
    mask = Mask.of(np.array([[True, False]]))
    one = Found("a.png", (("", 1.0, whole),), masks=(mask,), size=(64, 64))
    detections_file.write(out / "boxes.json", [one])
    painted = sort()
    assert painted.recognised == 2
    table = painted.album.sightings
    assert dict(
        zip(table["path"].map(lambda each: Path(each).name), table[PAINTED], strict=True)
    ) == {
        "a.png": mask.digest,
        "b.png": "",
        "c.png": "",
    }
    # Who is who by decisions is told as before; what was compared is not what was known.
    assert list(table["sighting_id"]) == list(first.album.sightings["sighting_id"])
    alike, halved = first.album.compared.values[0, 0], painted.album.compared.values[0, 0]
    assert alike == 0
    dots = toys.card(7, 0, ord("b"))[4::8, 4::8, 0] > 128
    assert halved == pytest.approx(dots[:, 4:].sum() / dots.size)
    # The same again is all known, and the same.
    again = sort()
    assert again.recognised == 3
    np.testing.assert_array_equal(again.album.compared.values, painted.album.compared.values)
    assert again.album.sightings.equals(table)
    assert results_folder.load(out).album.sightings[PAINTED].tolist() == [mask.digest, "", ""]
    # Taken back, all is as it was before.
    (out / "boxes.json").unlink()
    back = sort()
    assert back.recognised == 3
    np.testing.assert_array_equal(back.album.compared.values, first.album.compared.values)
    assert PAINTED not in back.album.sightings
