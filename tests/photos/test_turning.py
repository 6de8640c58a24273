import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.photos.turning import box_turned, patch, turned
from toolkit.records import TURNS, Box


@st.composite
def pictures(draw):
    height, width = draw(st.integers(2, 12)), draw(st.integers(2, 12))
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    right, bottom = draw(st.integers(left + 1, width)), draw(st.integers(top + 1, height))
    image = np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)
    return image, Box(left, top, right, bottom)


def cut(image: np.ndarray, box: Box) -> np.ndarray:
    return image[box.top : box.bottom, box.left : box.right]


@given(pictures(), st.sampled_from(TURNS))
def test_a_box_holds_the_same_after_its_picture_is_turned(made, turn) -> None:
    image, box = made
    height, width = image.shape[:2]
    there = box_turned(box, turn, width=width, height=height)
    assert np.array_equal(cut(turned(image, turn), there), turned(cut(image, box), turn))


@given(pictures(), st.sampled_from(TURNS), st.floats(0, 2))
def test_a_patch_shows_the_box_turned(made, turn, margin) -> None:
    image, box = made
    part, inside = patch(image, box, turn, margin=margin)
    assert np.array_equal(cut(part, inside), turned(cut(image, box), turn))
    # dlib takes no other arrays.
    assert part.flags["C_CONTIGUOUS"]


def test_a_quarter_is_clockwise() -> None:
    # As a hand of a clock goes: what is at the top comes to the right.
    assert turned(np.array([[1, 2], [3, 4]]), 90).tolist() == [[3, 1], [4, 2]]


@pytest.mark.parametrize("turn", TURNS)
def test_turning_back_gives_the_same_picture(turn) -> None:
    image = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    assert np.array_equal(turned(turned(image, turn), (360 - turn) % 360), image)
