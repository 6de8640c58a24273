"""Figures for tuning, checked by the values on their axes."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figures_seen import legend_of, texts
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.offsetbox import AnnotationBbox

from toolkit.evaluation import method_comparison
from toolkit.plots import sighting_plots, tuning_plots
from toolkit.subjects.face import FACE

HOSTILE = r"$\frac{1}{0}$"


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


def groups_of(count, *, seed=0, dimensions=8):
    """Encodings of `count` people, the first with most sightings."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(count), np.arange(count, 0, -1))
    centres = rng.normal(size=(count, dimensions))
    return centres[labels] + rng.normal(size=(len(labels), dimensions)) * 0.01, labels


def pictures(ax):
    return [artist for artist in ax.get_children() if isinstance(artist, AnnotationBbox)]


def test_the_map_shows_a_picture_and_a_name_of_the_largest_groups():
    rows, labels = groups_of(6)
    thumbnails = {label: np.full((10, 8, 3), 40 * label, dtype=np.uint8) for label in (0, 1, 2, 5)}
    ax = sighting_plots.map_of_individuals(
        rows, labels, thumbnails, names={1: HOSTILE}, largest=4, words=FACE.words
    )
    assert texts(ax) == ["person 1 (6)", f"{HOSTILE} (5)", "person 3 (4)", "person 4 (3)"]
    assert [int(box.offsetbox.get_data()[0, 0, 0]) for box in pictures(ax)] == [0, 40, 80]
    assert "the 4 largest groups" in ax.get_title(loc="left")


def test_the_map_is_of_the_principal_components_of_the_means():
    from sklearn.decomposition import PCA

    rows, labels = groups_of(5)
    ax = sighting_plots.map_of_individuals(rows, labels, {}, words=FACE.words)
    places = np.asarray(ax.collections[0].get_offsets())
    means = np.stack([rows[labels == label].mean(axis=0) for label in range(5)])
    fitted = PCA(2).fit(means)
    theirs = fitted.transform(means)
    for axis in range(2):
        assert abs(np.corrcoef(places[:, axis], theirs[:, axis])[0, 1]) == pytest.approx(1)
    assert f"{100 * fitted.explained_variance_ratio_.sum():.0f}%" in ax.get_title(loc="left")
    assert places.min() == 0
    assert places.max() == 1


def test_the_map_does_not_depend_on_the_order_of_the_rows():
    rows, labels = groups_of(7)
    order = np.random.default_rng(1).permutation(len(rows))
    one = sighting_plots.map_of_individuals(rows, labels, {}, words=FACE.words)
    other = sighting_plots.map_of_individuals(rows[order], labels[order], {})
    assert np.asarray(one.collections[0].get_offsets()) == pytest.approx(
        np.asarray(other.collections[0].get_offsets())
    )


@pytest.mark.parametrize("count", [0, 1, 2])
def test_maps_of_hardly_anybody(count):
    rows, labels = groups_of(count)
    ax = sighting_plots.map_of_individuals(rows, labels, {}, words=FACE.words)
    assert texts(ax) == ([f"person {k + 1} ({count - k})" for k in range(count)] or ["no faces"])


@given(st.integers(0, 10_000), st.integers(1, 20), st.booleans())
def test_pictures_are_moved_until_none_covers_another(seed, count, crowded):
    places = np.random.default_rng(seed).random((count, 2)) * (0.05 if crowded else 1)
    moved = sighting_plots._apart(places, across=0.12, down=0.12)
    gaps = np.abs(moved[:, None] - moved[None])
    covered = (gaps < 0.12 - 1e-6).all(axis=2)
    assert not (covered & ~np.eye(count, dtype=bool)).any()
    assert ((moved >= 0) & (moved <= 1)).all()
    assert moved[0].tolist() == places[0].tolist()


def test_pictures_that_are_apart_stay_where_they_are():
    places = np.array([[0.1, 0.1], [0.5, 0.1], [0.1, 0.9]])
    assert sighting_plots._apart(places, across=0.2, down=0.2).tolist() == places.tolist()


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


def tiles(*shades):
    return [np.full((6, 6, 3), shade, dtype=np.uint8) for shade in shades]


def places_of(ax):
    """Left edge, top edge and shade of each picture."""
    return [(*image.get_extent()[::3], int(image.get_array()[0, 0, 0])) for image in ax.images]


def test_faces_stand_in_rows_with_their_notes_below():
    rows = {"core": tiles(10, 20), HOSTILE: tiles(30)}
    ax = sighting_plots.sightings_in_rows(rows, {"core": ["5", "6"], HOSTILE: [HOSTILE]})
    assert texts(ax) == ["core", "5", "6", HOSTILE, HOSTILE]
    (first, second, other) = places_of(ax)
    assert [shade for *_, shade in (first, second, other)] == [10, 20, 30]
    assert first[0] == other[0] < first[0] + 1 <= second[0]
    assert first[1] == second[1] < first[1] + 1 <= other[1]
    for note, (left, top, _) in zip((ax.texts[1], ax.texts[2]), (first, second), strict=True):
        x, y = note.get_position()
        assert left < x < left + 1
        assert top + 1 < y < other[1]
    low, high = ax.get_xlim()
    assert low <= 0
    assert high >= second[0] + 1
    assert ax.get_ylim()[0] >= other[1] + 1


def test_notes_stand_between_faces_and_a_long_row_goes_on_below():
    shades = list(range(0, 140, 20))
    ax = sighting_plots.sightings_in_rows(
        {"chain": tiles(*shades)},
        {"chain": ["", *(f"0.5{k}" for k in range(1, 7))]},
        between=True,
    )
    drawn = places_of(ax)
    assert [shade for *_, shade in drawn] == shades
    assert len({top for _, top, _ in drawn}) == 2
    spots = {text.get_text(): text.get_position() for text in ax.texts}
    for number, (before, after) in enumerate(pairwise(drawn[:6]), start=1):
        x, y = spots[f"0.5{number}"]
        assert before[0] + 1 < x < after[0]
        assert after[1] < y < after[1] + 1
    assert spots["0.56"][0] < drawn[6][0]
    assert ax.get_xlim()[0] <= spots["0.56"][0]


def test_no_faces_and_a_row_without_any_are_drawn():
    assert not sighting_plots.sightings_in_rows({}, {}).images
    assert texts(sighting_plots.sightings_in_rows({"noise": []}, {"noise": []})) == ["noise"]


def test_a_note_is_missing():
    with pytest.raises(ValueError, match="shorter"):
        sighting_plots.sightings_in_rows({"core": tiles(1, 2)}, {"core": ["1"]})
