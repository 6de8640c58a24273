"""Figures for tuning, checked by the values on their axes."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figures_seen import HOSTILE, groups_of, legend_of, texts
from hypothesis import given
from hypothesis import strategies as st

from toolkit.evaluation import method_comparison
from toolkit.plots import sighting_plots, tuning_plots
from toolkit.subjects.face import FACE


def upright(ax):
    """Where the vertical lines stand."""
    data = [line.get_xdata() for line in ax.lines if line.get_linestyle() in ("--", ":")]
    return [float(values[0]) for values in data if len(values) == 2 and values[0] == values[1]]


def curve(ax, label):
    (line,) = [line for line in ax.lines if line.get_label() == label]
    return line


def table_of(**scores):
    rows = [
        (name, 0.4 + 0.1 * place, value)
        for name, values in scores.items()
        for place, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["method", "threshold", "bcubed_f"])


def test_distances_are_shares_of_their_own_kind():
    same = np.array([0.1, 0.2, 0.5, 0.6])
    different = np.array([0.5, 0.51, 0.8, 0.9, 1.0])
    ax = tuning_plots.distances_with_threshold(same, different, 0.5, words=FACE.words)
    heights = [sum(bar.get_height() for bar in bars) for bars in ax.containers]
    assert heights == pytest.approx([100, 100])
    assert legend_of(ax) == [
        "threshold 0.5",
        "one person: 4 pairs, 25% beyond",
        "two people: 5 pairs, 20% within",
    ]
    assert upright(ax) == [0.5]
    assert ax.get_xlabel() == "encoder distance"
    assert "%" in ax.get_ylabel()


def test_no_bar_stands_on_both_sides_of_the_threshold_and_one_at_it_is_within():
    threshold = 0.37
    ax = tuning_plots.distances_with_threshold(
        np.array([threshold, 0.1]), np.array([threshold + 1e-6, 0.9]), threshold
    )
    left = [
        sum(bar.get_height() for bar in bars if bar.get_x() + bar.get_width() / 2 < threshold)
        for bars in ax.containers
    ]
    assert left == pytest.approx([100, 50 - 50])
    edges = [bar.get_x() for bar in ax.containers[0]]
    assert min(abs(edge - threshold) for edge in edges) < 1e-9


def test_distances_of_one_kind_alone():
    ax = tuning_plots.distances_with_threshold(np.array([0.1]), np.zeros(0), 0.5, words=FACE.words)
    assert legend_of(ax) == ["threshold 0.5", "one person: 1 pair, 0% beyond"]


def test_a_line_a_method_with_its_name_and_its_best_threshold():
    table = table_of(average=[0.1, 0.9, 0.9, 0.9, 0.5], linked=[0.7, 0.2, 0.1, 0.1, 0.1])
    ax = tuning_plots.score_against_threshold(table, threshold=0.55)
    assert curve(ax, "average").get_ydata().tolist() == [0.1, 0.9, 0.9, 0.9, 0.5]
    assert curve(ax, "linked").get_xdata().tolist() == pytest.approx([0.4, 0.5, 0.6, 0.7, 0.8])
    assert texts(ax) == ["threshold 0.55", "average", "linked"]
    assert upright(ax) == [0.55]
    rings = [tuple(ring.get_offsets()[0].tolist()) for ring in ax.collections]
    best = method_comparison.best(table)
    assert rings == [
        pytest.approx(pair) for pair in zip(best["threshold"], best["bcubed_f"], strict=True)
    ]
    assert ax.get_ylabel() == "B-cubed F (0 to 1)"


def test_what_is_flat_or_no_better_for_more_has_no_ring():
    flat = table_of(hdbscan=[0.9, 0.9, 0.9])
    assert not tuning_plots.score_against_threshold(flat).collections
    groups = table_of(linked=[30, 20, 1]).rename(columns={"bcubed_f": "groups"})
    ax = tuning_plots.score_against_threshold(groups, "groups", words=FACE.words)
    assert not ax.collections
    assert ax.get_ylabel() == "people found"


def test_values_that_are_missing_have_no_line():
    table = table_of(average=[0.1, np.nan, 0.3], linked=[np.nan] * 3)
    ax = tuning_plots.score_against_threshold(table)
    assert curve(ax, "average").get_ydata().tolist() == [0.1, 0.3]
    assert texts(ax) == ["average"]


def test_ten_methods_have_ten_lines_and_names_apart():
    names = [HOSTILE, *(f"way {number}" for number in range(9))]
    ax = tuning_plots.score_against_threshold(table_of(**{name: [0.5, 0.01] for name in names}))
    assert sorted(texts(ax)) == sorted(names)
    boxes = sorted((text.get_window_extent() for text in ax.texts), key=lambda box: box.y0)
    height = ax.get_window_extent().height
    middles = np.array([(box.y0 + box.y1) / 2 for box in boxes])
    assert (np.diff(middles) > 0.03 * height).all()


def test_eight_lines_differ_without_their_colour():
    assert len({(marker, dash) for _, marker, dash in tuning_plots.LINES}) == 8
    assert len({color for color, *_ in tuning_plots.LINES}) == 8


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.001, 0.08))
def test_names_are_spread_in_order_and_no_farther_than_needed(wanted, gap):
    heights = np.array(wanted)
    spread = tuning_plots._spread(heights, gap)
    order = np.argsort(heights, kind="stable")
    assert (np.diff(spread[order]) >= gap - 1e-9).all()
    assert ((spread >= 0) & (spread <= 1 + 1e-9)).all()
    steps = np.diff(heights[order])
    room = 1 - gap * np.arange(len(heights))[::-1]
    if (steps >= gap).all() and (heights[order] <= room).all():
        assert spread == pytest.approx(heights)


def test_roc_marks_what_is_accepted_at_fixed_false_accepts():
    table = pd.DataFrame(
        {
            "threshold": [0.3, 0.4, 0.5, 0.6, 0.7],
            "false_accept": [0.0, 0.0009, 0.002, 0.05, 1.0],
            "true_accept": [0.1, 0.5, 0.8, 0.95, 1.0],
        }
    )
    ax = tuning_plots.roc(
        table.sample(frac=1, random_state=0), marks=(0.0001, 0.001, 0.01, 0.1), words=FACE.words
    )
    assert ax.get_xscale() == "log"
    assert curve(ax, "pairs").get_xdata().tolist() == [0.0009, 0.002, 0.05, 1.0]
    marks = [tuple(mark.get_offsets()[0].tolist()) for mark in ax.collections]
    assert marks == [(0.0001, 0.1), (0.001, 0.5), (0.01, 0.8), (0.1, 0.95)]
    assert legend_of(ax)[1:3] == [
        "at most 0.1% of strangers: 50.0% of one person (threshold 0.4)",
        "at most 1% of strangers: 80.0% of one person (threshold 0.5)",
    ]
    assert upright(ax) == [0.0001, 0.001, 0.01, 0.1]
    ax.figure.canvas.draw()


def test_roc_leaves_out_a_mark_that_no_row_reaches():
    table = pd.DataFrame({"threshold": [0.5], "false_accept": [0.5], "true_accept": [0.9]})
    ax = tuning_plots.roc(table)
    assert not ax.collections
    assert legend_of(ax) == []


AUDIT = pd.DataFrame(
    {
        "threshold": [0.6, 0.4, 0.5],
        "rate": [0.1, 0.0, 0.02],
        "low": [0.05, 0.0, 0.0],
        "high": [0.2, 0.01, 0.04],
    }
)


def band(ax):
    return ax.collections[0].get_paths()[0].vertices


def test_an_interval_curve_lies_in_its_band():
    ax = tuning_plots.interval_curve(AUDIT, threshold=0.5, ylabel="wrong joins (0 to 1)")
    line = curve(ax, "estimate")
    assert line.get_xdata().tolist() == [0.4, 0.5, 0.6]
    assert line.get_ydata().tolist() == [0.0, 0.02, 0.1]
    at_end = band(ax)[np.isclose(band(ax)[:, 0], 0.6), 1]
    assert (at_end.min(), at_end.max()) == (0.05, 0.2)
    assert upright(ax) == [0.5]
    assert ax.get_ylabel() == "wrong joins (0 to 1)"
    assert ax.get_ylim()[0] == 0


def test_zeros_have_no_place_on_a_logarithmic_axis():
    ax = tuning_plots.interval_curve(AUDIT, log=True)
    values = curve(ax, "estimate").get_ydata()
    assert np.isnan(values).tolist() == [True, False, False]
    bottom, top = ax.get_ylim()
    assert (bottom, ax.get_yscale()) == (0.005, "log")
    assert band(ax)[:, 1].min() == bottom
    assert 0.2 <= top < 1
    ax.figure.canvas.draw()


def test_an_interval_curve_of_other_columns():
    table = AUDIT.rename(columns={"threshold": "faces", "rate": "f", "low": "a", "high": "b"})
    columns = {"x": "faces", "y": "f", "low": "a", "high": "b", "xlabel": "faces"}
    ax = tuning_plots.interval_curve(table, **columns)
    assert curve(ax, "estimate").get_ydata().tolist() == [0.0, 0.02, 0.1]
    assert ax.get_xlabel() == "faces"


def test_figures_go_into_the_axes_given():
    _, ax = plt.subplots()
    calls = [
        tuning_plots.distances_with_threshold(np.array([0.1]), np.array([0.9]), 0.5, ax=ax),
        tuning_plots.score_against_threshold(table_of(average=[0.1, 0.2]), ax=ax),
        tuning_plots.interval_curve(AUDIT, ax=ax),
        sighting_plots.map_of_individuals(*groups_of(2), {}, ax=ax),
    ]
    assert all(drawn is ax for drawn in calls)
    assert len(plt.get_fignums()) == 1
