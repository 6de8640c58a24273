"""Crops of sightings: inside the photo, square where they can be, and of the right place."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.photos import crops

sizes = st.integers(1, 60)
edges = st.integers(-50, 110)
boxes = st.tuples(edges, edges, st.integers(1, 80), st.integers(1, 80)).map(
    lambda drawn: (drawn[0], drawn[1], drawn[0] + drawn[2], drawn[1] + drawn[3])
)
margins = st.sampled_from([0.0, 0.25, 0.3, 1.0])


def test_the_examples_hold() -> None:
    found = doctest.testmod(crops)
    assert found.attempted >= 4
    assert not found.failed


def clipped(box, width, height) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return max(left, 0), max(top, 0), min(right, width), min(bottom, height)


@given(sizes, sizes, boxes, margins)
def test_a_crop_lies_in_the_photo_and_holds_what_the_photo_has_of_the_box(
    width, height, box, margin
) -> None:
    crop = crops.around(box, width=width, height=height, margin=margin)
    left, top, right, bottom = clipped(box, width, height)
    if (
        left >= right
        or top >= bottom
        or max(box[2] - box[0], box[3] - box[1]) > 8 * max(width, height)
    ):
        assert crop is None
        return
    assert crop is not None
    assert 0 <= crop.left <= left
    assert 0 <= crop.top <= top
    # A half px is rounded.
    assert right - 1 <= crop.right <= width
    assert bottom - 1 <= crop.bottom <= height
    longest = max(box[2] - box[0], box[3] - box[1])
    wide, high = crop.right - crop.left, crop.bottom - crop.top
    assert min(wide, high) >= 1
    if longest <= min(width, height):
        assert wide == high
        assert wide == min(round(longest * (1 + 2 * margin)), width, height)
    else:
        assert (wide, high) == (min(wide, width), min(high, height))
        assert wide == width or high == height


@given(sizes, sizes, boxes, margins)
def test_a_box_far_from_the_edge_is_in_the_middle(width, height, box, margin) -> None:
    crop = crops.around(box, width=width, height=height, margin=margin)
    far = 0.5 + max(box[2] - box[0], box[3] - box[1]) * (0.5 + margin)
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    if not all(far <= x <= most - far for x, most in zip(middle, (width, height), strict=True)):
        return
    assert crop is not None
    assert abs((crop.left + crop.right) / 2 - middle[0]) <= 1
    assert abs((crop.top + crop.bottom) / 2 - middle[1]) <= 1


@given(sizes, sizes, boxes, st.integers(1, 40))
def test_a_tile_is_a_square_whatever_the_place(width, height, box, side) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    tile = crops.tile(image, box, side=side)
    assert (tile is None) == (crops.around(box, width=width, height=height) is None)
    assert tile is None or tile.shape == (side, side, 3)


def test_what_cannot_be_square_is_whole_between_grey_bars() -> None:
    image = np.zeros((40, 120, 3), np.uint8)
    image[:, 20:100] = (255, 0, 0)
    tile = crops.tile(image, (20, 0, 100, 40), side=80, margin=0.0)
    assert tile is not None
    assert (tile[:18] == crops.GREY[0]).all()
    assert (tile[-18:] == crops.GREY[0]).all()
    assert (tile[22:-22] == (255, 0, 0)).all()


@pytest.mark.parametrize(
    "box",
    [
        (float("nan"), 0, 9, 9),
        (float("-inf"), 0, 9, 9),
        (0, 0, 10**18, 10**18),
        (-50, 0, -10, 40),
        (200, 0, 220, 20),
        (60, 40, 40, 60),
    ],
)
def test_a_box_that_shows_nothing_has_no_crop(box) -> None:
    assert crops.around(box, width=200, height=100) is None
