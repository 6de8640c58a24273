"""Boxes on a grid of px, counted one by one."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import boxes

SIDE = 24
places = st.lists(
    st.tuples(*[st.integers(0, 14)] * 2, *[st.integers(1, 10)] * 2), min_size=0, max_size=5
).map(lambda rows: np.array([(x, y, x + w, y + h) for x, y, w, h in rows], int).reshape(-1, 4))


def painted(box: np.ndarray) -> np.ndarray:
    """The px of a box, as a mask."""
    left, top, right, bottom = box
    grid = np.zeros((SIDE, SIDE), bool)
    grid[top:bottom, left:right] = True
    return grid


def test_the_examples_hold() -> None:
    found = doctest.testmod(boxes)
    assert found.attempted >= 6
    assert not found.failed


@given(places, places)
def test_the_overlap_is_that_of_px_counted_one_by_one(one, other) -> None:
    found = boxes.overlap(one, other)
    assert found.shape == (len(one), len(other))
    for i, a in enumerate(map(painted, one)):
        for j, b in enumerate(map(painted, other)):
            assert found[i, j] == pytest.approx((a & b).sum() / (a | b).sum())
    np.testing.assert_array_equal(found, boxes.overlap(other, one).T)
    assert (np.diag(boxes.overlap(one, one)) == 1).all()


@given(places, places)
def test_a_centre_lies_in_the_px_that_holds_it(one, other) -> None:
    found = boxes.centred(one, other)
    for i, (left, top, right, bottom) in enumerate(one.tolist()):
        # A centre on the line between two px lies in the second of them.
        y, x = (top + bottom) // 2, (left + right) // 2
        assert found[i].tolist() == [bool(painted(box)[y, x]) for box in other]
    either = boxes.either_centred(one, other)
    np.testing.assert_array_equal(either, found | boxes.centred(other, one).T)


def test_boxes_without_an_area_overlap_with_none() -> None:
    point = np.array([[3.0, 3.0, 3.0, 3.0]])
    assert boxes.overlap(point, point).tolist() == [[0.0]]


@given(places, places, st.sampled_from([0.01, 0.3, 0.6]))
def test_each_box_is_matched_once_and_no_better_pair_is_left(one, other, least) -> None:
    overlaps = boxes.overlap(one, other)
    pairs = boxes.best_first(overlaps, overlaps >= least)
    assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)
    strength = [overlaps[pair] for pair in pairs]
    assert strength == sorted(strength, reverse=True)
    for a, b in np.argwhere(overlaps >= least).tolist():
        # It was not taken because one of the two was taken for at least as good a pair.
        rivals = [overlaps[pair] for pair in pairs if pair[0] == a or pair[1] == b]
        assert rivals
        assert max(rivals) >= overlaps[a, b]


def test_equally_good_pairs_are_taken_in_the_order_of_rows() -> None:
    overlaps = np.full((2, 2), 0.5)
    assert boxes.best_first(overlaps, overlaps > 0) == [(0, 0), (1, 1)]
