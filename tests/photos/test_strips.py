from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.photos import strips
from toolkit.photos.pixels import fit

STRIP = st.tuples(st.integers(20, 3000), st.integers(4000, 40_000))


@pytest.mark.parametrize(
    "size", [(4000, 3000), (3000, 4000), (4000, 1800), (1080, 2400), (600, 90)]
)
def test_an_ordinary_photo_is_shrunk_to_its_longer_side(size) -> None:
    assert strips.size(*size, 1200) == fit(*size, 1200)


@pytest.mark.parametrize(
    ("size", "expected"), [((13000, 2600), (4500, 900)), ((1000, 20000), (900, 18000))]
)
def test_of_a_strip_the_shorter_side_counts(size, expected) -> None:
    assert strips.size(*size, 1200) == expected


@given(STRIP, st.booleans(), st.integers(300, 2000))
def test_the_parts_are_all_of_it_and_overlap(sides, upright, long_edge) -> None:
    width, height = strips.size(*(sides if upright else sides[::-1]), long_edge)
    if not strips.is_strip(width, height, long_edge):
        return
    for level in (1, 2):
        parts = [part for shrunk, part in strips.parts(width, height, long_edge) if shrunk == level]
        spans = [(p.top, p.bottom) if upright else (p.left, p.right) for p in parts]
        assert spans[0][0] == 0
        assert spans[-1][1] == max(width, height)
        least = min(width, height) * level // 2
        assert all(one[1] - other[0] >= least - 1 for one, other in pairwise(spans))
        assert all(stop - start <= max(long_edge * level, 1) for start, stop in spans)
