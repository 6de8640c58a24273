"""A picture with boxes: what is done with it, told by messages as the browser sends them."""

import io
import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from toolkit.errors import BadSetting
from toolkit.widgets import box_canvas
from toolkit.widgets.box_canvas import (
    SMALLEST,
    BoxCanvas,
    Shown,
    between,
    large_enough,
    marked_png,
    places_of,
)

ANYWHERE = st.floats(-2, 3)
PLACE = st.tuples(ANYWHERE, ANYWHERE)
SIDE = st.integers(1, 10_000)
WHOLE = (0.0, 0.0, 1.0, 1.0)


@pytest.fixture
def done():
    """What the canvas told of."""
    return []


@pytest.fixture
def canvas(done):
    made = BoxCanvas(
        drawn=lambda edges: done.append(("drawn", edges)),
        reshaped=lambda row, edges: done.append(("reshaped", row, edges)),
        picked=lambda row: done.append(("picked", row)),
        removed=lambda row: done.append(("removed", row)),
        stroked=lambda *told: done.append(("stroked", *told)),
    )
    made.size = [200, 100]
    made.show(
        [Shown((0.1, 0.1, 0.5, 0.5), "1", "1: cat"), Shown(WHOLE, "2", "2: dog", aside=True)], 1
    )
    return made


@given(PLACE, PLACE)
def test_two_corners_in_any_order_are_a_box_in_the_photo(one, other) -> None:
    left, top, right, bottom = edges = between(one, other)
    assert 0 <= left <= right <= 1
    assert 0 <= top <= bottom <= 1
    assert edges == between(other, one)
    assert edges == between((one[0], other[1]), (other[0], one[1]))
    # What lies in the photo stays where it is.
    for each in (one, other):
        if all(0 <= side <= 1 for side in each):
            assert left <= each[0] <= right
            assert top <= each[1] <= bottom


@given(PLACE, PLACE, SIDE, SIDE)
def test_a_box_has_some_px_and_lies_in_the_photo(one, other, width, height) -> None:
    before = between(one, other)
    left, top, right, bottom = after = large_enough(before, width, height)
    assert 0 <= left < right <= 1 + 1e-12
    assert 0 <= top < bottom <= 1 + 1e-12
    assert (right - left) * width >= min(SMALLEST, width) - 1e-6
    assert (bottom - top) * height >= min(SMALLEST, height) - 1e-6
    assume((before[2] - before[0]) * width >= SMALLEST + 1e-6)
    assume((before[3] - before[1]) * height >= SMALLEST + 1e-6)
    assert after == before


def test_gestures_tell_what_was_done(canvas, done) -> None:
    canvas.draw((0.9, 0.8), (0.4, -3))
    canvas.reshape(0, (0.3, 0.3), (0.2, 0.7))
    canvas.choose(0)
    canvas.remove(1)
    canvas.stroke([(0.2, 0.3)], adds=False)
    assert done == [
        ("drawn", (0.4, 0.0, 0.9, 0.8)),
        ("reshaped", 0, (0.2, 0.3, 0.3, 0.7)),
        ("picked", 0),
        ("removed", 1),
        ("stroked", [(0.2, 0.3)], canvas.brush, False),
    ]


def test_a_click_draws_nothing_and_boxes_that_are_gone_are_left_alone(canvas, done) -> None:
    canvas.draw((0.5, 0.5), (0.51, 0.9))
    for row in (-1, 2):
        canvas.choose(row)
        canvas.remove(row)
        canvas.reshape(row, (0, 0), (1, 1))
    canvas.show([], 3)
    assert canvas.chosen == -1
    canvas.stroke([(0.2, 0.3)], adds=True)
    assert done == []


def tell(canvas, **message):
    canvas._heard(canvas, json.loads(json.dumps(message)), [])


def test_what_the_browser_tells_is_the_gesture(canvas, done) -> None:
    tell(canvas, kind="draw", places=[[0.1, 0.2], [0.6, 0.7]])
    tell(canvas, kind="reshape", row=1, places=[[0.1, 0.2], [0.6, 0.7]])
    tell(canvas, kind="choose", row=0)
    tell(canvas, kind="remove", row=0)
    tell(canvas, kind="stroke", places=[[0.1, 0.2]], adds=True)
    assert [each[0] for each in done] == ["drawn", "reshaped", "picked", "removed", "stroked"]
    assert done[-1] == ("stroked", [(0.1, 0.2)], canvas.brush, True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
PLACES = st.lists(st.lists(st.floats(-1, 2), min_size=2, max_size=2), max_size=3)


@given(
    st.sampled_from(["draw", "reshape", "choose", "remove", "stroke", "no", None]),
    JSON,
    JSON | PLACES,
    JSON,
)
def test_whatever_the_browser_tells_does_no_harm(kind, row, places, adds) -> None:
    told = []
    canvas = BoxCanvas(
        drawn=told.append,
        reshaped=lambda row, edges: told.append(edges),
        picked=lambda row: None,
        removed=lambda row: None,
        stroked=lambda places, radius, adds: None,
    )
    canvas.show([Shown(WHOLE, "1", "one")], 0)
    canvas._heard(canvas, {"kind": kind, "row": row, "places": places, "adds": adds}, [])
    canvas._heard(canvas, kind, [])
    for edges in told:
        assert all(0 <= each <= 1 for each in edges)


def test_places_are_pairs_of_numbers_or_none() -> None:
    assert places_of([[1, 0.5]]) == [(1.0, 0.5)]
    for odd in (None, "ab", [1], [[1]], [[1, "2"]], [[1, float("nan")]], [[True, 1]]):
        assert places_of(odd) == []
    assert places_of([[0, 0]] * (box_canvas.MOST_PLACES + 1)) == []


def test_what_goes_wrong_is_said_and_a_bug_is_raised_too(canvas) -> None:
    def refuse(row):
        raise BadSetting("that box is\nnot yours")

    canvas._picked = refuse
    tell(canvas, kind="choose", row=0)
    assert canvas.trouble.startswith("Not done: that box is")
    assert "\n" not in canvas.trouble
    tell(canvas, kind="draw", places=[])
    assert canvas.trouble == ""
    canvas._removed = lambda row: 1 / 0
    with pytest.raises(ZeroDivisionError):
        tell(canvas, kind="remove", row=0)
    assert canvas.trouble == "A bug: ZeroDivisionError: division by zero"


def test_labels_are_text_that_can_be_shown(canvas) -> None:
    canvas.show([Shown(WHOLE, "\x00", "one\x00\u202etwo")], 0)
    (box,) = canvas.boxes
    assert box["label"].isprintable()
    assert box["name"].isprintable()
    assert (box["edges"], box["aside"]) == ([*WHOLE], False)


def test_the_mark_is_coloured_where_something_counts_and_clear_elsewhere() -> None:
    inside = np.array([[True, False], [False, True]])
    pixels = np.asarray(Image.open(io.BytesIO(marked_png(inside))))
    assert pixels[inside].tolist() == [[*box_canvas.MARKED, 255]] * 2
    assert pixels[~inside].tolist() == [[0, 0, 0, 0]] * 2
    # The browser paints in the same colour before Python has answered.
    red, green, blue = box_canvas.MARKED
    script = (box_canvas.HERE / "box_canvas.js").read_text(encoding="utf-8")
    assert f"rgb({red}, {green}, {blue})" in script
