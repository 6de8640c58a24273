"""A list of paths is a tuple of them in less room."""

import copy
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.photos.path_list import PathList

NAME = st.one_of(
    st.sampled_from([".", "..", "", "/", "a", "a.jpg", "Ä.jpg", "b\udcff.jpg", "\n", "日本"]),
    st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), max_size=6),
)
PATHS = st.lists(st.lists(NAME, min_size=1, max_size=4).map(lambda parts: Path(*parts)), max_size=8)


@given(PATHS, PATHS, st.slices(8))
def test_it_is_what_a_tuple_is(first, more, some) -> None:
    made, expected = PathList(first), (*first, *more)
    made.extend(more)
    assert len(made) == len(expected)
    assert tuple(made) == expected
    assert made == expected
    assert made == PathList(expected)
    assert made[some] == expected[some]
    assert [made[at] for at in range(-len(expected), len(expected))] == [*expected, *expected]
    assert tuple(reversed(made)) == expected[::-1]
    assert copy.deepcopy(made) == expected
    assert all(str(one) == str(other) for one, other in zip(made, expected, strict=True))
    assert made != (*expected, Path("one more"))
    assert made != 3


@pytest.mark.parametrize("at", [2, -3, 9])
def test_what_is_not_there_is_not_found(at) -> None:
    with pytest.raises(IndexError):
        PathList([Path("a"), Path("b")])[at]


def test_a_path_takes_few_bytes() -> None:
    tracemalloc.start()
    try:
        made = PathList(
            Path("photos", f"{n // 1000:04d}", f"IMG_{n:07d}.jpg") for n in range(20_000)
        )
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert made[19_999] == Path("photos/0019/IMG_0019999.jpg")
    # What the interpreter keeps of names that it has seen is in it, too.
    assert held < 20_000 * 150
