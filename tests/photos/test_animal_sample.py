"""Drawn animals: what the tables say is in the photos, and each flank is told by its pattern."""

import csv
from collections import Counter
from datetime import datetime, timedelta
from itertools import combinations, pairwise

import numpy as np
import pytest
from made_once import animals_made_once
from PIL import Image

from toolkit.errors import BadFolder, BadSetting
from toolkit.photos import animal_sample
from toolkit.subjects.detection import detections_file

SIDES = ("left", "right")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("animals")
    return folder, animal_sample.save(folder, individuals=4, seed=1)


def table(folder, name) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_boxes_are_those_of_the_animals_as_megadetector_says_it(drawn) -> None:
    folder, photos = drawn
    found = {each.file: each for each in detections_file.read(folder / animal_sample.BOXES)}
    assert {folder / "photos" / name for name in found} == set(photos)
    rows = table(folder, animal_sample.TRUTH)
    for name, each in found.items():
        own = [row for row in rows if row["photo"] == name and row["individual"]]
        left = [box[0] * animal_sample.WIDTH for _, _, box in each.boxes]
        assert left == pytest.approx([int(row["left"]) for row in own], abs=0.1)
    assert any(not each.boxes for each in found.values())


def test_the_tables_name_every_photo_and_every_station(drawn) -> None:
    folder, photos = drawn
    rows = table(folder, animal_sample.TRUTH)
    assert tuple(rows[0]) == animal_sample.TRUTH_COLUMNS
    assert {folder / "photos" / row["photo"] for row in rows} == set(photos)
    assert len(set(photos)) == len(photos)
    stations = table(folder, animal_sample.STATIONS)
    assert tuple(stations[0]) == animal_sample.STATION_COLUMNS
    assert {row["station"] for row in rows} == {row["station"] for row in stations}
    for row in rows:
        assert row["photo"].split("/")[0] == row["station"]
        assert row["photo"].endswith(f"_{row['flank']}.jpg") == bool(row["individual"])


def test_the_cameras_clock_is_in_the_photos_and_within_the_stations_time(drawn) -> None:
    folder, _ = drawn
    until = {row["station"]: row for row in table(folder, animal_sample.STATIONS)}
    for row in table(folder, animal_sample.TRUTH):
        with Image.open(folder / "photos" / row["photo"]) as picture:
            assert picture.size == (animal_sample.WIDTH, animal_sample.HEIGHT)
            said = picture.getexif().get_ifd(0x8769)[0x9003]
        time = datetime.fromisoformat(row["taken_at"])
        assert datetime.strptime(said, "%Y:%m:%d %H:%M:%S") == time
        station = until[row["station"]]
        assert station["setup_date"] <= time.date().isoformat() <= station["retrieval_date"]


def test_there_are_bursts_encounters_empty_scenes_and_a_photo_of_two() -> None:
    for seed in range(5):
        shots = animal_sample.shots(individuals=8, seed=seed)
        crowd = Counter(len(shot.animals) for shot in shots)
        assert crowd[0] == len(animal_sample.PLACES)
        assert crowd[2] == 1
        single = [shot for shot in shots if len(shot.animals) == 1]
        near = [
            (one.animals[0], two.animals[0], two.taken_at - one.taken_at)
            for one, two in pairwise(single)
            if one.station == two.station
            and one.animals[0].individual == two.animals[0].individual
            and two.taken_at - one.taken_at < timedelta(minutes=1)
        ]
        assert sum(a.flank == b.flank for a, b, _ in near) >= 5
        # All but the last one were seen from both sides in one visit.
        both = {a.individual for a, b, _ in near if a.flank != b.flank}
        assert len(both) >= 7
        seen = {}
        for shot in single:
            seen.setdefault(shot.animals[0].individual, set()).add(shot.station)
        assert len(seen) == 8
        assert sum(len(stations) > 1 for stations in seen.values()) >= 7


def test_the_boxes_hold_the_animals_and_nothing_moves_elsewhere(drawn) -> None:
    folder, _ = drawn
    rows = table(folder, animal_sample.TRUTH)
    empty = {row["station"]: row["photo"] for row in rows if not row["individual"]}

    def grey(photo: str) -> np.ndarray:
        with Image.open(folder / "photos" / photo) as picture:
            pixels = np.asarray(picture.convert("L").reduce(6), dtype=float)
        return (pixels - np.median(pixels)) / pixels.std()

    for station, scene in empty.items():
        there = [row for row in rows if row["station"] == station and row["individual"]]
        for photo in {row["photo"] for row in there}:
            inside = np.zeros((100, 150), dtype=bool)
            for row in (row for row in there if row["photo"] == photo):
                left, top, right, bottom = (int(row[c]) for c in ("left", "top", "right", "bottom"))
                assert 0 <= left < right <= animal_sample.WIDTH
                assert 0 <= top < bottom <= animal_sample.HEIGHT
                inside[top // 6 : bottom // 6 + 1, left // 6 : right // 6 + 1] = True
            change = np.abs(grey(photo) - grey(scene))
            assert change[inside].mean() > 1.5 * change[~inside].mean()


def test_each_flank_has_a_pattern_of_its_own() -> None:
    names = ["Striped 01", "Spotted 02", "Striped 03", "Spotted 04"]
    coats = {(name, flank): animal_sample.coat(name, flank) for name in names for flank in SIDES}
    body = (slice(130, 300), slice(150, 530))
    for one, a in coats.items():
        assert 0.2 < a[body].mean() < 0.6
        assert a[body].std() > 0.3  # plainly light and dark
        for two, b in coats.items():
            if one < two:
                mirrored = b[:, ::-1]
                assert abs(np.corrcoef(a[body].ravel(), b[body].ravel())[0, 1]) < 0.45
                assert abs(np.corrcoef(a[body].ravel(), mirrored[body].ravel())[0, 1]) < 0.45
    first = animal_sample.coat("Striped 01", "left")
    assert (first == coats["Striped 01", "left"]).all()
    assert (first != animal_sample.coat("Striped 01", "left", seed=1)).any()


def test_sift_knows_a_flank_again_at_320_px_and_falls_for_the_background(drawn) -> None:
    cv2 = pytest.importorskip("cv2")
    folder, _ = drawn
    # One photo of each flank in each visit: the others of a burst are as good as the same.
    bursts = {
        (row["individual"], row["flank"], row["station"], row["taken_at"][:13]): row
        for row in table(folder, animal_sample.TRUTH)
        if row["individual"]
    }
    rows = list(bursts.values())

    def seen(row, whole: bool):
        with Image.open(folder / "photos" / row["photo"]) as picture:
            grey = picture.convert("L")
        if not whole:
            # The middle of the body, where no rock is.
            left, top, right, bottom = (int(row[c]) for c in ("left", "top", "right", "bottom"))
            across, down = right - left, bottom - top
            grey = grey.crop(
                (left + across // 5, top + down // 5, right - across // 5, bottom - down * 2 // 5)
            )
        shrunk = 320 / max(grey.size)
        grey = grey.resize((round(grey.width * shrunk), round(grey.height * shrunk)))
        sift = cv2.SIFT_create(nfeatures=800 if whole else 300, contrastThreshold=0.01)
        return sift.detectAndCompute(np.asarray(grey), None)[1]

    def matches(a, b) -> tuple[int, int]:
        """Return how many of each are far nearer to one of the other than to the next."""
        squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * (a @ b.T)
        counts = []
        for axis in (1, 0):
            one, two = np.moveaxis(np.partition(squares, 1, axis=axis), axis, 0)[:2]
            counts.append(int((one < 0.75**2 * two).sum()))
        return counts[0], counts[1]

    def right(whole: bool) -> tuple[int, int, int]:
        features = [seen(row, whole) for row in rows]
        assert min(len(each) for each in features) > 150
        alike = np.zeros((len(rows), len(rows)), dtype=int)
        for one, two in combinations(range(len(rows)), 2):
            alike[one, two], alike[two, one] = matches(features[one], features[two])
        found = same_station = asked = 0
        for at, row in enumerate(rows):
            # Others of one visit say nothing: only photos of other stations, or of others.
            rest = [
                k for k, other in enumerate(rows)
                if other["photo"] != row["photo"]
                and not (other["individual"] == row["individual"]
                         and other["station"] == row["station"])
            ]  # fmt: skip
            true = [
                k for k in rest
                if (rows[k]["individual"], rows[k]["flank"]) == (row["individual"], row["flank"])
            ]  # fmt: skip
            if true:
                best = max(rest, key=lambda k: alike[at, k])
                asked += 1
                found += best in true
                same_station += rows[best]["station"] == row["station"]
        return found, same_station, asked

    found, _, asked = right(whole=False)
    assert asked >= 8
    assert found >= 0.9 * asked
    _, same_station, asked = right(whole=True)
    assert same_station >= 0.8 * asked


def test_the_same_call_makes_the_same_files_and_another_seed_others(
    drawn, tmp_path, tmp_path_factory, monkeypatch
) -> None:
    folder, photos = drawn
    once = animals_made_once(tmp_path_factory)
    again = animal_sample.save(tmp_path / "again", individuals=2)
    assert [p.read_bytes() for p in again] == [
        (once / p.relative_to(tmp_path / "again")).read_bytes() for p in again
    ]
    assert animal_sample.shots(seed=1) != animal_sample.shots(seed=2)
    (tmp_path / "again" / "mine.txt").write_text("x")
    # Nobody waits for what is then refused.
    monkeypatch.delattr(animal_sample, "_photo")
    with pytest.raises(BadFolder, match=r"mine\.txt is there"):
        animal_sample.save(tmp_path / "again", individuals=2, seed=1)
    assert photos[0].is_relative_to(folder / "photos")


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(BadSetting, match="at least 2"):
        animal_sample.shots(individuals=1)
    with pytest.raises(BadSetting, match="0 or more"):
        animal_sample.shots(seed=-1)
    with pytest.raises(BadSetting, match="left or right"):
        animal_sample.coat("Striped 01", "front")
