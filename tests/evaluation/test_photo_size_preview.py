"""One photo at other sizes: what is found, lost and new there, and how it is shown."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from white_squares import SETTINGS, Maker, look_of, save, white_squares

from toolkit.evaluation import photo_size, photo_size_preview
from toolkit.evaluation.photo_size_preview import Looks, compare


@pytest.fixture
def folder(tmp_path):
    return white_squares(tmp_path / "photos")


def test_photos_are_found_at_the_size_they_are_shown(folder):
    shown = photo_size_preview.picture(folder / "a.png", 400)
    assert (shown.width, shown.height) == (800, 600)
    assert Image.open(io.BytesIO(shown.jpeg)).size == (400, 300)
    save(folder / "large.png", size=(1500, 3000))
    assert Image.open(
        io.BytesIO(photo_size_preview.picture(folder / "large.png", 0).jpeg)
    ).size == (400, 800)


def test_a_file_that_changes_is_looked_at_again(folder):
    looks = Looks(SETTINGS, make=Maker())
    before = looks.at(folder / "b.png", ("cnn", 0))
    assert looks.at(folder / "b.png", ("cnn", 0)) is before
    save(folder / "b.png", (0, 0, 50), (100, 100, 50), size=(200, 301))
    assert len(looks.at(folder / "b.png", ("cnn", 0)).boxes) == 2
    assert looks.at(folder / "b.png", ("cnn", 200), stop=lambda: True) is None


@given(st.integers(2, 9000), st.lists(st.integers(0, 9000), max_size=5))
def test_the_long_edges_shrink_the_photo_and_end_with_its_own_size(longest, also):
    *edges, last = photo_size_preview.edges_for(longest, also)
    assert last == 0
    assert edges == sorted(set(edges))
    assert all(0 < edge < longest for edge in edges)
    assert {edge for edge in also if 0 < edge < longest} <= set(edges)


BOXES = st.lists(
    st.tuples(*[st.integers(0, 90)] * 2, *[st.integers(5, 40)] * 2).map(
        lambda at: (at[0], at[1], at[0] + at[2], at[1] + at[3])
    ),
    max_size=6,
)


@given(BOXES, BOXES)
def test_every_box_is_found_lost_or_new_once(here, full):
    made = compare(look_of("p", 50, here), look_of("p", 0, full))
    assert sorted([*made.found, *made.new]) == list(range(len(here)))
    assert len(made.found) + len(made.lost) == len(full)
    # As the study counts: the same rule, the same number.
    import pandas as pd

    columns = ["left", "top", "right", "bottom"]
    tables = [
        pd.DataFrame(b, columns=columns, dtype="int64").assign(path="p") for b in (full, here)
    ]
    assert int((photo_size.match_sightings(*tables) >= 0).sum()) == len(made.found)
    assert all(0 <= value <= 1 for mark in made.marks for value in mark[1:3])
