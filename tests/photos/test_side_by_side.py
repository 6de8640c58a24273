"""Two pictures side by side, and lines between them."""

import numpy as np

from toolkit.photos import side_by_side as drawing
from toolkit.photos.side_by_side import GAP, LINES, side_by_side


def colours_of(picture, column):
    return {tuple(each) for each in np.asarray(picture)[:, column].tolist()}


def rgb(text):
    return tuple(int(text[k : k + 2], 16) for k in (1, 3, 5))


def test_a_line_leads_from_each_place_to_the_other() -> None:
    one, other = np.full((40, 20, 3), 90, np.uint8), np.full((80, 80, 3), 200, np.uint8)
    here, there = np.array([[10.0, 20.0]]), np.array([[40.0, 40.0]])
    picture = side_by_side(one, other, here, there, height=160)
    assert picture.size == (80 + GAP + 160, 160)
    drawn = np.asarray(picture)
    # At either end, and half-way.
    for x in (40, (40 + 80 + GAP + 80) // 2, 80 + GAP + 80):
        assert tuple(drawn[80, x].tolist()) == rgb(LINES[0])
    assert colours_of(picture, 5) == {(90, 90, 90)}


def test_of_many_lines_some_all_over_are_drawn(monkeypatch) -> None:
    monkeypatch.setattr(drawing, "MOST_LINES", 3)
    one = np.zeros((100, 50, 3), np.uint8)
    places = np.stack([np.full(50, 5.0), np.arange(0, 100, 2.0)], axis=1)
    drawn = np.asarray(side_by_side(one, one, places, places, height=100))
    rows = np.flatnonzero((drawn[:, 50 + GAP // 2] == rgb(LINES[0])).all(axis=1))
    assert rows.tolist() == [0]
    middle = {tuple(each) for each in drawn[:, 50 + GAP // 2].tolist()} & {rgb(x) for x in LINES}
    assert len(middle) == 3


def test_nothing_in_common_is_two_pictures() -> None:
    one, none = np.full((10, 10, 3), 7, np.uint8), np.zeros((0, 2), np.float32)
    assert side_by_side(one, one, none, none, height=10).size == (20 + GAP, 10)


def test_a_line_below_says_what_it_is_and_stands_out_where_it_warns() -> None:
    one, none = np.full((50, 150, 3), 7, np.uint8), np.zeros((0, 2), np.float32)
    told, warned = (
        np.asarray(side_by_side(one, one, none, none, height=50, caption="12 marks", warning=each))
        for each in (False, True)
    )
    assert told.shape == warned.shape == (50 + drawing.LINE, 300 + GAP, 3)
    below = slice(50, None)
    assert told[below].min() == 0
    assert (warned[below, :, 0] > warned[below, :, 1]).any()
    assert not (told[below, :, 0] > told[below, :, 1]).any()
    assert (told[:50] == warned[:50]).all()
    thin = side_by_side(one[:, :5], one[:, :5], none, none, height=50, caption="12 marks alike")
    assert thin.width > 60
