"""Masks painted by hand, against what a plain loop over their cells says."""

from math import hypot

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from toolkit.records import Mask
from toolkit.subjects.detection import mask_painting
from toolkit.subjects.detection.mask_painting import begun, cells_for, onto, stroked

CELLS = arrays.arrays(bool, st.tuples(st.integers(1, 8), st.integers(1, 8)))
SHARE = st.floats(-0.5, 1.5)


@pytest.mark.parametrize(
    ("size", "cells"),
    [
        ((100, 50), (100, 50)),
        ((2048, 1024), (512, 256)),
        ((0.4, 0.2), (1, 1)),
        ((9000, 1), (512, 1)),
    ],
)
def test_a_mask_has_a_cell_a_px_as_far_as_that_is_of_use(size, cells) -> None:
    assert cells_for(*size) == cells


def test_painting_begins_with_what_was_found_or_with_all() -> None:
    found = np.zeros((4, 8), dtype=bool)
    found[:2, :2] = True
    assert begun(found, (8, 4)).inside.tolist() == found.tolist()
    assert begun(found, (4, 2)).inside.tolist() == [[True, False, False, False], [False] * 4]
    assert begun(None, (3, 2)).inside.all()


def distance(point, start, end):
    """Return how far a point is from a segment, by trying many places on it."""
    places = np.linspace(0, 1, 2001)
    return min(
        hypot(
            point[0] - start[0] - share * (end[0] - start[0]),
            point[1] - start[1] - share * (end[1] - start[1]),
        )
        for share in places
    )


@given(
    cells=CELLS,
    points=st.lists(st.tuples(SHARE, SHARE), min_size=1, max_size=3),
    radius=st.floats(0.5, 20),
    adds=st.booleans(),
)
def test_a_stroke_changes_the_cells_near_its_way_and_no_others(cells, points, radius, adds) -> None:
    size = (40.0, 30.0)
    mask = Mask.of(cells)
    found = stroked(mask, points, radius, size, adds=adds).inside
    way = [(x * size[0], y * size[1]) for x, y in points]
    segments = [*zip(way, way[1:] or way, strict=False)]
    for (row, column), before in np.ndenumerate(cells):
        middle = (
            (column + 0.5) * size[0] / mask.width,
            (row + 0.5) * size[1] / mask.height,
        )
        away = min(distance(middle, *segment) for segment in segments)
        # The loop knows the way to some hundredths of a px.
        if abs(away - radius) > 0.05:
            assert found[row, column] == (adds if away < radius else before)


@given(CELLS)
def test_what_is_painted_over_all_is_all(cells) -> None:
    mask = Mask.of(cells)
    all_of_it = stroked(mask, [(0.5, 0.5)], 99.0, (40.0, 30.0), adds=True)
    assert all_of_it.inside.all()
    assert not stroked(all_of_it, [(0.5, 0.5)], 99.0, (40.0, 30.0), adds=False).inside.any()
    assert stroked(mask, [(5.0, 5.0)], 9.0, (40.0, 30.0), adds=True) == mask


def test_what_a_mask_shows_of_the_photo_stays_as_its_box_changes() -> None:
    photo = np.random.default_rng(0).random((20, 40)) < 0.5
    before, after = (0.1, 0.2, 0.5, 0.6), (0.2, 0.1, 0.6, 0.5)
    mask = Mask.of(photo[4:16, 4:24])
    moved = onto(mask, before, after, (24, 10)).inside
    expected = np.zeros((20, 40), dtype=bool)
    expected[4:16, 4:24] = photo[4:16, 4:24]
    np.testing.assert_array_equal(moved, expected[2:12, 8:32])
    assert onto(mask, before, before, (mask.width, mask.height)) == mask
    assert mask_painting.FINEST <= 1024
