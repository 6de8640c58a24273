"""What shrinking costs, with subjects whose losses can be worked out by hand."""

import json
import math
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from square_photos import LEAST, SquareDetector, save, six_faces, squares, study
from squares import MeanEncoder

from toolkit.errors import BadFolder, BadSetting, SightingsError
from toolkit.evaluation import photo_size, photo_size_study
from toolkit.plots import photo_size_plots
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE


@pytest.fixture(autouse=True)
def _one_round(monkeypatch):
    monkeypatch.setattr(photo_size, "ROUNDS", 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return six_faces(tmp_path / "photos")


def row(result, detector: str, long_edge: int) -> pd.Series:
    table = result.table.set_index(["detector", "long_edge"])
    return table.loc[(detector, long_edge)]


def test_what_is_lost_at_each_size_is_what_gets_too_small(folder: Path) -> None:
    result = study(folder)
    # 600 px to 300 halves and to 120 fifths: cnn needs 10 px then, hog 20.
    lost = {
        key: int(n) for key, n in result.table.set_index(["detector", "long_edge"])["lost"].items()
    }
    assert lost == {
        ("cnn", 0): 0,
        ("cnn", 300): 0,
        ("cnn", 120): 3,
        ("hog", 0): 0,
        ("hog", 300): 3,
        ("hog", 120): 5,
    }  # fmt: skip
    assert result.table["sightings"].eq(6).all()
    assert result.table["photos"].eq(3).all()
    assert (result.table["found"] + result.table["lost"]).eq(6).all()
    assert result.table["extra"].eq(0).all()
    assert result.table["peak_mb"].isna().all()
    assert (result.table[["seconds", "wall_seconds"]] > 0).all(axis=None)
    gone = result.lost.query("detector == 'hog' and long_edge == 300")
    assert sorted(gone["size"]) == [20, 30, 30]
    assert {Path(path).name for path in gone["path"]} == {"one.png", "two.png"}
    counted = result.by_size.query("detector == 'hog' and long_edge == 120")
    assert counted[["bin", "sightings", "lost"]].to_numpy().tolist() == [
        ["<40", 3, 3],
        ["60-100", 2, 2],
        ["100-200", 1, 0],
    ]
    assert (result.by_size.groupby(["detector", "long_edge"])["lost"].sum()).to_dict() == lost


def test_a_detector_that_finds_nothing_has_lost_everything(folder, monkeypatch) -> None:
    monkeypatch.setitem(LEAST, "hog", 10_000)
    result = study(folder)
    assert row(result, "hog", 0)["lost_share"] == 1.0
    assert row(result, "hog", 0)["lost_high"] == 1.0
    assert math.isnan(row(result, "hog", 0)["agreement"])
    assert result.recommendation.count("cnn")


def test_the_full_size_is_always_tried_and_sizes_that_shrink_nothing_are_not(folder) -> None:
    result = study(folder, long_edges=(2400, 600, 599, 300), detectors=["cnn"])
    assert result.table["long_edge"].to_list() == [0, 599, 300]


def test_nothing_is_shrunk_or_doubled_at_full_size(folder) -> None:
    asked = {}

    def make(settings):
        asked[settings.detector, settings.long_edge, settings.upsample] = made = squares(settings)
        return made

    study(folder, subject=make, long_edges=(300,), detectors=["cnn"])
    full = [made for (_, _, upsample), made in asked.items() if upsample == 0]
    assert [set(made.detector.asked) for made in full] == [{600}]
    assert set(asked["cnn", 300, None].detector.asked) == {300}


def test_true_boxes_are_the_faces_and_what_is_none_of_them_is_extra(folder) -> None:
    labels = pd.DataFrame(
        [
            ("one.png", "ann", 0, 0, 120, 120),
            ("one.png", "bob", 302, 62, 56, 56),
            ("one.png", "ann", 100, 300, 50, 50),  # which nothing finds
            ("none.png", None, None, None, None, None),
        ],
        columns=["photo", "person", "left", "top", "width", "height"],
    )
    result = study(folder, labels=labels)
    assert row(result, "cnn", 0)[["photos", "sightings", "found", "extra"]].to_list() == [
        2,
        3,
        2,
        1,
    ]
    assert row(result, "hog", 120)[["found", "extra"]].to_list() == [1, 0]
    assert row(result, "cnn", 0)[["right", "wrong", "missed"]].to_list() == [2, 1, 0]
    assert row(result, "cnn", 0)["bcubed_f"] == 1.0
    assert "labels" in result.reference
    # All rows lose that face; what counts for the choice is what they lose beyond the best.
    assert row(result, "cnn", 0)["lost"] == 1
    assert row(result, "cnn", 0)["more_lost"] == 0
    assert row(result, "hog", 120)["more_lost"] == pytest.approx(1 / 3)


def test_people_without_boxes_are_compared_photo_by_photo(folder) -> None:
    labels = pd.DataFrame(
        {"photo": ["one.png"] * 3 + ["two.png"] * 2, "person": ["ann", "bob", "cem", "ann", "bob"]}
    )
    result = study(folder, labels=labels)
    assert row(result, "cnn", 0)[["right", "wrong", "missed"]].to_list() == [5, 1, 0]
    assert row(result, "cnn", 120)[["right", "wrong", "missed"]].to_list() == [3, 0, 2]
    assert "bcubed_f" not in result.table
    assert "two configurations" in result.reference
    for_one = study(folder, labels=labels[labels["photo"] == "one.png"])
    assert row(for_one, "cnn", 0)[["photos", "right", "wrong", "missed"]].to_list() == [3, 3, 0, 0]


def test_people_and_groups_fit_as_in_a_hand_worked_case() -> None:
    boxes = pd.DataFrame({"path": ["/a", "/a", "/b", "/c"]})
    labels = pd.DataFrame(
        {"photo": ["a", "a", "b", "c", "c"], "person": ["ann", "bob", "ann", "bob", "cem"]}
    )
    names = {"/a": "a", "/b": "b", "/c": "c"}
    faces = pd.DataFrame({"path": []})
    look = photo_size._Look(None, np.array([0, 1, 0, 0]), boxes)
    # Group 0 is ann in a and b; group 1 is bob in a; 0 in c is wrong; bob and cem in c are missed.
    found = photo_size._scores(look, np.zeros(0, np.int64), faces, labels, names)
    assert found == {"right": 3, "wrong": 1, "missed": 2}


costs = st.tuples(st.integers(1, 5), st.integers(0, 5))


@given(st.lists(costs, min_size=1, max_size=8))
def test_the_front_is_what_no_other_row_beats(rows) -> None:
    lost = np.array([[face < gone for face in range(5)] for _, gone in rows])
    table = pd.DataFrame(rows, columns=["seconds", "lost"])
    judged = photo_size._judged(table, lost, np.arange(5), 5, 0)
    for (seconds, gone), front, more in zip(
        rows, judged["front"], judged["more_lost"], strict=True
    ):
        beaten = [s <= seconds and g <= gone and (s, g) != (seconds, gone) for s, g in rows]
        assert front == (not any(beaten))
        assert more == pytest.approx((gone - min(g for _, g in rows)) / 5)


def test_a_size_too_large_for_the_memory_loses_its_faces(folder) -> None:
    class Half(SquareDetector):
        def detect(self, image, path=None):
            if max(image.shape) > 500:
                raise MemoryError
            return super().detect(image, path)

    def make(settings):
        return Subject("square", Half("cnn", 10), MeanEncoder())

    result = study(folder, subject=make, detectors=["cnn"], long_edges=(500, 300))
    table = result.table[["long_edge", "sightings", "lost"]]
    assert table.to_numpy().tolist() == [[0, 6, 6], [500, 6, 0], [300, 6, 0]]
    assert "too large for the memory" in result.recommendation


def test_memory_is_measured_on_the_largest_photo_with_a_face() -> None:
    class Seen:
        photos = pd.DataFrame({"path": ["a", "b", "c"], "width": [10, 90, 20], "height": 50})

    def looks(*paths):
        boxes = pd.DataFrame({"path": list(paths)})
        return {("cnn", 0): photo_size._Look(Seen(), np.zeros(len(paths), np.int64), boxes)}

    assert photo_size._largest(looks("a", "c")) == Path("c")
    assert photo_size._largest(looks()) == Path("b")


def test_a_folder_without_photos_is_an_error(tmp_path) -> None:
    with pytest.raises(BadFolder, match="holds no photo"):
        study(tmp_path)
    with pytest.raises(BadFolder):
        study(tmp_path / "missing")


def test_unreadable_photos_are_reported_and_only_they_are_an_error(folder) -> None:
    (folder / "bad.jpg").write_bytes(b"no photo")
    result = study(folder)
    assert [Path(path).name for path in result.problems["path"]] == ["bad.jpg"]
    assert result.table["photos"].eq(3).all()
    assert "1 not readable" in str(result)
    for name in ("one", "two", "none"):
        (folder / f"{name}.png").unlink()
    with pytest.raises(BadFolder, match=r"none of the 1 files .* can be read; the first, bad\.jpg"):
        study(folder)


def test_photos_without_faces_compare_nothing(folder) -> None:
    (folder / "one.png").unlink()
    (folder / "two.png").unlink()
    result = study(folder)
    assert result.recommendation == "No face was found in 1 photo: nothing to compare."
    assert result.table["sightings"].eq(0).all()
    assert result.table[["lost_share", "lost_low", "lost_high", "agreement"]].isna().all(axis=None)
    assert len(result.by_size) == len(result.lost) == 0
    assert result.as_dict()["table"][0]["lost_share"] is None
    assert str(result)
    assert (
        photo_size_plots.speed_and_loss(result.table, words=FACE.words).texts[0].get_text()
        == "no faces to compare"
    )
    plt.close("all")


def test_one_photo_says_little_and_says_so(folder) -> None:
    (folder / "two.png").unlink()
    (folder / "none.png").unlink()
    result = study(folder)
    assert "1 photo with faces are too few" not in result.recommendation
    assert result.recommendation.startswith("1 photo with faces is too few to be sure")
    assert row(result, "cnn", 300)["lost_high"] == pytest.approx(0.975)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sample": 0},
        {"seed": -1},
        {"detectors": []},
        {"detectors": ["other"]},
        {"long_edges": (0, 50)},
        {"long_edges": (-5,)},
    ],
)
def test_what_cannot_be_used_is_refused(folder, wrong) -> None:
    with pytest.raises(BadSetting):
        study(folder, **wrong)


@pytest.mark.parametrize(
    "columns", [["photo"], ["person"], ["photo", "left", "top", "width"], ["left", "person"]]
)
def test_labels_that_lack_a_column_are_refused(folder, columns) -> None:
    with pytest.raises(SightingsError, match="expected photo and person, or"):
        study(folder, labels=pd.DataFrame({name: ["one.png"] for name in columns}))


def test_labels_of_other_photos_are_refused(folder) -> None:
    labels = pd.DataFrame({"photo": ["photos/one.png"], "person": ["ann"]})
    with pytest.raises(SightingsError, match=r"are not among the 3 files .* photos/one\.png"):
        study(folder, labels=labels)


def test_the_sample_follows_from_the_seed_and_copies_count_once(folder) -> None:
    for number in range(6):
        save(folder / f"more{number}.png", ("ann", 10 * number, 0, 60))
    (folder / "copy.png").write_bytes((folder / "one.png").read_bytes())
    drawn = [photo_size._drawn(folder, None, 3, seed) for seed in (0, 0, 1, 2)]
    assert drawn[0] == drawn[1]
    assert len({tuple(paths) for paths, _ in drawn}) > 1
    assert all(len(paths) == 3 and count == 10 for paths, count in drawn)
    result = study(folder, detectors=["cnn"], long_edges=())
    assert row(result, "cnn", 0)[["photos", "sightings"]].to_list() == [9, 12]


def test_two_studies_differ_in_their_times_alone(folder) -> None:
    one, other = study(folder), study(folder)
    measured = ["seconds", "wall_seconds", "front", "more_lost", "more_lost_high"]
    pd.testing.assert_frame_equal(
        one.table.drop(columns=measured), other.table.drop(columns=measured)
    )
    pd.testing.assert_frame_equal(one.by_size, other.by_size)
    pd.testing.assert_frame_equal(one.lost, other.lost)


def test_progress_names_what_is_done(folder) -> None:
    told = []
    study(folder, detectors=["cnn"], progress=lambda *what: told.append(what))
    work = list(dict.fromkeys(word for word, *_ in told))
    assert work == ["cnn, full size", "cnn, long edge 300", "cnn, long edge 120", "timing"]
    assert all(1 <= done <= total for _, done, total, _ in told)


def test_the_text_fits_a_terminal_and_the_rest_is_plain(folder) -> None:
    people = pd.DataFrame({"photo": ["one.png"], "person": ["<b>ann</b>"]})
    result = study(folder, labels=people)
    wide = result.table.assign(
        sightings=12345, lost=12345, extra=1234, seconds=12.345, peak_mb=1234.5
    )
    shown = photo_size_study.ResizeStudy(
        wide,
        result.by_size,
        result.lost,
        "a < b",
        result.reference,
        result.problems,
        result.photos_in_folder,
        result.seed,
        result.words,
    )
    assert max(len(line) for line in str(shown).splitlines()) <= 80
    assert repr(shown) == str(shown)
    page = shown._repr_html_()
    assert "a &lt; b" in page
    assert "12345/12345" in page
    plain = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert plain["table"][0]["detector"] == "cnn"
    assert plain["table"][0]["peak_mb"] is None
    assert plain["recommendation"] == result.recommendation
    assert len(plain["lost"]) == len(result.lost)


def test_importing_the_studies_loads_no_figures() -> None:
    import subprocess

    code = (
        "import sys; from toolkit.evaluation import photo_size; print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
