"""What is found in strips: everything, and nothing twice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from toolkit.records import Box, Detection
from toolkit.scanning import searching

PATH = Path("a.jpg")


class Squares:
    """Finds light squares, those at the edge of what it is shown as well."""

    name = "squares"
    in_parts = True

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def detect(self, image, path=None):
        from scipy import ndimage

        self.seen.append(image.shape[1::-1])
        parts, _ = ndimage.label(image[..., 0] > 128)
        return [
            Detection(Box(x.start, y.start, x.stop, y.stop), float(x.stop - x.start))
            for y, x in ndimage.find_objects(parts)
        ]


def strip(width, height, boxes):
    image = np.zeros((height, width, 3), dtype=np.uint8)
    for left, top, side in boxes:
        image[top : top + side, left : left + side] = 255
    return image


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("side", [40, 150, 280])
def test_all_are_found_once_wherever_a_part_ends(upright, side) -> None:
    boxes = [(left, 5 + left % 10, side) for left in range(7, 6000 - side, side + 37)]
    image = strip(6000, 300, boxes)
    image = image.transpose(1, 0, 2).copy() if upright else image
    found = searching.search(Squares(), image, PATH, long_edge=400)
    places = sorted((d.box.top, d.box.left) if upright else (d.box.left, d.box.top) for d in found)
    assert len(found) == len(boxes)
    # Those found at half the size are right to two px.
    for (left, top), (x, y, _) in zip(places, boxes, strict=True):
        assert (abs(left - x), abs(top - y)) <= (2, 2)
    assert all(abs(d.box.width - side) <= 4 for d in found)


def test_what_a_detector_says_beside_the_box_stays_said() -> None:
    class Lying(Squares):
        def detect(self, image, path=None):
            return [replace(each, turn=90, kind="card") for each in super().detect(image, path)]

    found = searching.search(Lying(), strip(6000, 300, [(900, 5, 80)]), PATH, long_edge=400)
    assert [(each.turn, each.kind) for each in found] == [(90, "card")]


def test_no_part_is_larger_than_an_ordinary_photo() -> None:
    squares = Squares()
    searching.search(squares, strip(6000, 300, []), PATH, long_edge=400)
    assert max(map(max, squares.seen)) <= 400


def test_an_ordinary_photo_and_a_detector_of_whole_photos_are_asked_once() -> None:
    squares = Squares()
    searching.search(squares, strip(400, 300, []), PATH, long_edge=400)
    assert squares.seen == [(400, 300)]
    squares.in_parts = False
    assert searching.size_for(squares, 13000, 2600, 1200) == (1200, 240)
    searching.search(squares, strip(1200, 240, []), PATH, long_edge=1200)
    assert squares.seen[1:] == [(1200, 240)]


def test_two_things_of_other_kinds_in_one_place_stay_two() -> None:
    class Both(Squares):
        def detect(self, image, path=None):
            return [Detection(Box(10, 10, 60, 60), 1.0), Detection(Box(10, 10, 60, 60), 0.9, "car")]

    found = searching.search(Both(), strip(900, 100, []), PATH, long_edge=900)
    assert len(found) == 2
    found = searching.search(Both(), strip(901, 100, []), PATH, long_edge=900)
    assert {each.kind for each in found} == {"", "car"}


def test_a_search_can_be_stopped_between_parts() -> None:
    squares = Squares()
    image = strip(6000, 300, [(10, 10, 50)])
    stop = lambda: len(squares.seen) >= 2  # noqa: E731
    searching.search(squares, image, PATH, long_edge=400, stop=stop)
    assert len(squares.seen) == 2


def test_what_a_part_needs_is_asked_for() -> None:
    class Hungry(Squares):
        def needs(self, width, height):
            return 100 * width * height

    part = 100 * 1200 * 900
    assert part <= searching.needed(Hungry(), (4500, 900), 1200) < 1.2 * part
    assert searching.needed(Hungry(), (1200, 900), 1200) == part
