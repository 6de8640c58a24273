"""Figures of sightings: a map of individuals, and rows of faces."""

from itertools import pairwise

import numpy as np
import pytest
from figures_seen import HOSTILE, groups_of, texts
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.offsetbox import AnnotationBbox

from toolkit.plots import sighting_plots
from toolkit.subjects.face import FACE


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
