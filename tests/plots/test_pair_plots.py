"""What two sightings have in common, as a figure."""

import numpy as np

from toolkit.plots import pair_plots
from toolkit.scanning.pair_views import PairView


def test_two_sightings_stand_side_by_side_with_what_they_share_counted() -> None:
    chip = np.full((32, 32, 3), 50, np.uint8)
    places = np.array([[4.0, 4.0], [9.0, 20.0]], np.float32)
    ax = pair_plots.in_common(PairView((chip, chip), (places, places)), height=64)
    assert ax.get_images()[0].get_array().shape[:2] == (64, 64 + 8 + 64)
    assert ax.get_title(loc="left") == "2 places in common"
    assert pair_plots.in_common(PairView((chip, chip), (places[:1],) * 2), ax=ax) is ax
    assert ax.get_title(loc="left") == "1 place in common"
    told = PairView((chip, chip), (places, places), 2.0, 5.0)
    title = pair_plots.in_common(told, ax=ax).get_title(loc="left")
    assert title == (
        "2 marks alike, 5 around them: the background is more alike than the sightings"
    )


def test_pairs_of_each_kind_stand_in_a_row_of_their_own_with_their_median() -> None:
    values = np.array([[9.0, 0.5], [7.0, np.nan], [1.0, 0.1], [8.0, 0.7]])
    kinds = ["one $a_1$", "one $a_1$", "two", "one $a_1$"]
    figure = pair_plots.alike_by_kind(values, kinds, scores=["marks", "cosine"])
    marks, cosine = figure.axes
    assert [text.get_text() for text in marks.get_yticklabels()] == ["one $a_1$ (3)", "two (1)"]
    assert [ax.get_xlabel() for ax in (marks, cosine)] == ["marks in common", "cosine in common"]
    drawn = [sorted(points.get_offsets()[:, 0]) for points in cosine.collections]
    assert drawn == [[0.5, 0.7], [0.1]]
    np.testing.assert_array_equal([line.get_xdata()[0] for line in marks.lines], [8.0, 1.0])
    figure.canvas.draw()
    none = pair_plots.alike_by_kind(np.zeros((0, 1)), [], scores=["marks"])
    assert len(none.axes) == 1
