"""What stands out in a picture: the network's own, on drawn animals before drawn backgrounds."""

import numpy as np
import pandas as pd
import pytest
from made_once import animals_made_once
from PIL import Image

from toolkit.subjects.animal import ANIMAL
from toolkit.subjects.detection import detectors
from toolkit.subjects.detection.detectors import MaskDetector, WholePhoto, shrunk
from toolkit.subjects.detection.mask import SaliencyMask


@pytest.fixture(scope="module")
def mask():
    return SaliencyMask()


def test_a_drawn_animal_is_found_where_it_is(mask, tmp_path_factory) -> None:
    folder = animals_made_once(tmp_path_factory)
    truth = pd.read_csv(folder / "truth.csv")
    one = truth.groupby("photo").filter(lambda rows: len(rows) == 1).dropna(subset=["left"])
    near = []
    for row in one.head(4).itertuples():
        image = np.asarray(Image.open(folder / "photos" / row.photo).convert("RGB"))
        found = MaskDetector(mask, ANIMAL.words).detect(image)
        assert len(found) <= 1
        if not found:
            near.append(0.0)
            continue
        box = found[0].box
        left, top = max(box.left, row.left), max(box.top, row.top)
        right, bottom = min(box.right, row.right), min(box.bottom, row.bottom)
        both = max(0, right - left) * max(0, bottom - top)
        whole = (row.right - row.left) * (row.bottom - row.top) + box.width * box.height
        near.append(both / (whole - both))
    # It sees most; what it does not see, a person shows it.
    assert np.median(near) > 0.7


def test_where_nothing_stands_out_there_is_no_animal(mask) -> None:
    rng = np.random.default_rng(0)
    grass = rng.integers(90, 110, (300, 450, 3), dtype=np.uint8)
    assert MaskDetector(mask, ANIMAL.words).detect(grass) == []


def test_only_the_largest_part_is_the_animal_and_small_ones_are_none() -> None:
    class Drawn:
        def __init__(self, *parts):
            self.map = np.zeros((320, 320), np.float32)
            for top, left, side in parts:
                self.map[top : top + side, left : left + side] = 0.9

        def of(self, image):
            return self.map

    image = np.zeros((640, 960, 3), np.uint8)
    (found,) = MaskDetector(Drawn((10, 20, 60), (200, 200, 30)), ANIMAL.words).detect(image)
    box = found.box
    assert (box.left, box.top, box.right, box.bottom) == (60, 20, 240, 140)
    assert found.score == pytest.approx(0.9)
    side = int(np.sqrt(detectors.SMALLEST) * 320)
    assert MaskDetector(Drawn((10, 20, side - 2)), ANIMAL.words).detect(image) == []


def test_a_photo_that_is_cropped_already_is_taken_whole() -> None:
    (found,) = WholePhoto().detect(np.zeros((30, 50, 3), np.uint8))
    assert (found.box.width, found.box.height) == (50, 30)


@pytest.mark.parametrize(
    ("shape", "expected"), [((100, 400), (80, 320)), ((5, 2000), (1, 320)), ((64, 32), (320, 160))]
)
def test_a_picture_keeps_its_shape(shape, expected) -> None:
    assert shrunk(np.zeros((*shape, 3), np.uint8), 320).shape == (*expected, 3)


class Maps:
    """Marks what it is told, look by look."""

    def __init__(self, *maps):
        self.maps = [*maps]

    def of(self, image):
        return self.maps.pop(0) if len(self.maps) > 1 else self.maps[0]


def part(top, left, bottom, right, inside=0.95, outside=0.0) -> np.ndarray:
    found = np.full((320, 320), outside, np.float32)
    found[top:bottom, left:right] = inside
    return found


def sized(folder, sizes):
    folder.mkdir()
    for k, size in enumerate(sizes):
        Image.new("RGB", size).save(folder / f"{k:02}.png")
    return sorted(folder.iterdir())


CROPS = [(500 + 10 * k, 400) for k in range(10)]


@pytest.mark.parametrize(
    ("sizes", "cropped"),
    [(CROPS, True), (CROPS[:6], False), ([(600, 400)] * 6 + CROPS[:4], False)],
)
def test_photos_of_many_sizes_are_cropped_ones(sizes, cropped, tmp_path, monkeypatch) -> None:
    paths = sized(tmp_path / "p", sizes)
    (tmp_path / "p" / "99.jpg").write_bytes(b"no photo")
    found = MaskDetector(Maps(part(0, 0, 1, 1)), ANIMAL.words)
    monkeypatch.setattr(detectors, "BLENDED", 1.0)
    said = found.prepare([*paths, tmp_path / "p" / "99.jpg"], tmp_path / "p")
    assert (len(said) == 1) == cropped
    assert found.look_key(paths[0]) == ("cropped" if cropped else "")
    # In these something must be, in others there may be nothing.
    photo = np.zeros((400, 600, 3), np.uint8)
    assert [each.box.width for each in found.detect(photo)] == ([600] if cropped else [])


@pytest.mark.parametrize(("blended", "whole"), [(3, False), (4, True)])
def test_cropped_photos_in_which_nothing_stands_out_are_all_taken_whole(
    blended, whole, tmp_path
) -> None:
    stands_out = [part(40, 40, 280, 280), part(0, 0, 320, 320)] * (10 - blended)
    found = MaskDetector(
        Maps(*[part(0, 0, 1, 1)] * blended, *stands_out, stands_out[0]), ANIMAL.words
    )
    (said,) = found.prepare(sized(tmp_path / "p", CROPS), tmp_path / "p")
    assert ("each is taken whole" in said) == whole
    assert found.look_key(tmp_path) == ("whole" if whole else "cropped")
    assert not whole or "4 of 10" in said
    found._mask = Maps(*stands_out)
    assert (found.detect(np.zeros((640, 640, 3), np.uint8))[0].box.width == 640) == whole


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        # The second look, at the box, sees all of it; or half of it; or what is marked is vague.
        (part(40, 40, 280, 280), part(0, 0, 320, 320), False),
        (part(40, 40, 280, 280), part(0, 0, 160, 320), True),
        (part(40, 40, 280, 280, outside=0.3), part(0, 0, 320, 320), True),
        (part(40, 40, 280, 280), part(0, 0, 320, 320, inside=0.6), True),
        # A small part of a large photo is no animal that fills it.
        (part(40, 40, 100, 100), part(0, 0, 160, 320), False),
    ],
)
def test_a_cropped_photo_in_which_nothing_stands_out_is_taken_whole(
    first, second, whole, tmp_path, monkeypatch
) -> None:
    found = MaskDetector(Maps(first, first, second), ANIMAL.words)
    photo = np.zeros((640, 640, 3), np.uint8)
    # Of photos that are not cropped, the part that is marked is the animal all the same.
    assert found.detect(photo)[0].box.left > 0
    maps = found._mask.maps[:]
    found._mask.maps = [first, second] * 10
    monkeypatch.setattr(detectors, "BLENDED", 1.0)
    found.prepare(sized(tmp_path / "p", CROPS), tmp_path / "p")
    found._mask.maps = maps
    assert (found.detect(photo)[0].box.width == 640) == whole


def test_a_photo_smaller_than_any_cameras_is_cropped() -> None:
    found = MaskDetector(Maps(part(40, 40, 100, 100), part(0, 0, 160, 320)), ANIMAL.words)
    assert found.detect(np.zeros((120, 180, 3), np.uint8))[0].box.width == 180
