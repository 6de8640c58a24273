import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_albums import clear_groups
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import pdist, squareform
from sklearn.cluster import DBSCAN, HDBSCAN

from toolkit.errors import BadSetting
from toolkit.grouping import cluster, links

METHODS = sorted(cluster.METHODS)
ORDER_FREE = [method for method in METHODS if method != "online"]
HOLDS_ONE = np.array([[0.0, 0.0], [0.1, 0.0], [1.0, 0.0], [1.1, 0.0], [5.0, 5.0]], np.float32)


def people(seed: int, count: int = 40, individuals: int = 8, spread: float = 0.15) -> np.ndarray:
    """Rows around centres, as encodings of faces are: some near each other, most far."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(individuals, 16)) * 0.25
    rows = centres[rng.integers(0, individuals, count)] + rng.normal(size=(count, 16)) * spread / 4
    return rows.astype(np.float32)


def same_groups(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two labellings differ in nothing but the names of the groups."""
    pairs_of_names = len(set(zip(one.tolist(), other.tolist(), strict=True)))
    return pairs_of_names == len(np.unique(one)) == len(np.unique(other))


def pairs(rng: np.random.Generator, count: int, number: int) -> np.ndarray:
    drawn = rng.integers(0, count, (number, 2))
    return drawn[drawn[:, 0] != drawn[:, 1]]


@pytest.mark.parametrize("method", METHODS)
def test_two_clear_groups_and_one_alone(method) -> None:
    found = cluster.group(HOLDS_ONE, method, threshold=0.5)
    assert found.labels.tolist() == [0, 0, 1, 1, 2]
    assert found.method == method


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [0, 1])
def test_none_and_one(method, count) -> None:
    found = cluster.group(HOLDS_ONE[:count], method, threshold=0.5)
    assert found.labels.tolist() == [0] * count
    assert len(found) == count


@pytest.mark.parametrize("method", METHODS)
def test_labels_number_the_groups_by_size(method) -> None:
    found = cluster.group(people(5), method, threshold=0.5)
    sizes = np.bincount(found.labels)
    assert (np.diff(sizes) <= 0).all()
    assert sizes.min() >= 1


@pytest.mark.parametrize("method", ORDER_FREE)
@settings(max_examples=50)
@given(seed=st.integers(0, 10_000), threshold=st.floats(0.05, 1.5))
def test_order_does_not_change_the_groups(method, seed, threshold) -> None:
    rows = people(seed)
    order = np.random.default_rng(seed + 1).permutation(len(rows))
    links = pairs(np.random.default_rng(seed), len(rows), 6)
    place = np.argsort(order)
    one = cluster.group(rows, method, threshold=threshold, cannot_link=links)
    other = cluster.group(rows[order], method, threshold=threshold, cannot_link=place[links])
    assert same_groups(one.labels[order], other.labels)


def test_online_depends_on_the_order_as_it_says() -> None:
    rows = np.array([[0.0], [0.4], [0.8]], np.float32)
    forward = cluster.online(rows, threshold=0.5)
    from_the_middle = cluster.online(rows[[1, 0, 2]], threshold=0.65)
    from_the_edge = cluster.online(rows, threshold=0.65)
    assert forward.labels.tolist() == [0, 0, 1]
    assert from_the_edge.labels.tolist() == [0, 0, 0]
    assert from_the_middle.labels.tolist() == [0, 0, 0]
    assert cluster.online(rows[[0, 2, 1]], threshold=0.5).labels.tolist() == [0, 1, 0]


def test_online_keeps_a_running_mean() -> None:
    # The third is 0.55 from the mean of the first two, and 0.75 from the first.
    rows = np.array([[0.0], [0.4], [0.75]], np.float32)
    assert cluster.online(rows, threshold=0.56).labels.tolist() == [0, 0, 0]
    assert cluster.online(rows, threshold=0.54).labels.tolist() == [0, 0, 1]


@pytest.mark.parametrize("method", ["average", "linked"])
@given(seed=st.integers(0, 10_000), low=st.floats(0.05, 1.0), more=st.floats(0.0, 0.5))
def test_a_lower_threshold_only_splits(method, seed, low, more) -> None:
    rows = people(seed)
    fine = cluster.group(rows, method, threshold=low).labels
    coarse = cluster.group(rows, method, threshold=low + more).labels
    for label in np.unique(fine):
        assert len(np.unique(coarse[fine == label])) == 1


@given(seed=st.integers(0, 10_000), low=st.floats(0.05, 1.0), more=st.floats(0.0, 0.5))
def test_average_only_splits_with_links_too(seed, low, more) -> None:
    rows = people(seed)
    apart = pairs(np.random.default_rng(seed), len(rows), 10)
    fine = cluster.average(rows, threshold=low, cannot_link=apart).labels
    coarse = cluster.average(rows, threshold=low + more, cannot_link=apart).labels
    for label in np.unique(fine):
        assert len(np.unique(coarse[fine == label])) == 1


@pytest.mark.parametrize("method", METHODS)
@given(seed=st.integers(0, 10_000), threshold=st.floats(0.05, 1.5))
def test_links_are_kept_whatever_the_distances(method, seed, threshold) -> None:
    rng = np.random.default_rng(seed)
    rows = people(seed, count=25)
    must, cannot = pairs(rng, len(rows), 4), pairs(rng, len(rows), 12)
    try:
        labels = cluster.group(
            rows, method, threshold=threshold, must_link=must, cannot_link=cannot
        ).labels
    except BadSetting:
        return  # the draw contradicts itself; what is raised then has a test of its own
    assert (labels[must[:, 0]] == labels[must[:, 1]]).all()
    assert (labels[cannot[:, 0]] != labels[cannot[:, 1]]).all()


@pytest.mark.parametrize("method", METHODS)
def test_links_that_contradict_each_other_are_refused(method) -> None:
    must, cannot = np.array([[0, 1], [1, 2]]), np.array([[0, 2]])
    with pytest.raises(BadSetting, match=r"0 and 2 must be one individual"):
        cluster.group(HOLDS_ONE, method, threshold=1, must_link=must, cannot_link=cannot)


@given(seed=st.integers(0, 10_000), threshold=st.floats(0.05, 1.5))
def test_average_is_scipys_average_linkage(seed, threshold) -> None:
    rows = people(seed)
    tree = linkage(rows.astype(np.float64), method="average")
    expected = fcluster(tree, threshold, criterion="distance")
    found = cluster.average(rows, threshold=threshold, discount=0)
    # Where a join is as far as the threshold, to the last bit of float32, either is right.
    if abs(tree[:, 2] - threshold).min() > 1e-6:
        assert same_groups(found.labels, expected)


def test_average_with_a_must_link_makes_one_of_two_whole_groups() -> None:
    # 0 and 3 are one by decree; 2 is 1 away from 0, and joins them as it would join 0 alone.
    rows = np.array([[0.0], [10.0], [1.0], [3.0]], np.float32)
    must = np.array([[0, 3]])
    assert cluster.average(rows, threshold=0.9, must_link=must).labels.tolist() == [0, 1, 2, 0]
    assert cluster.average(rows, threshold=1.1, must_link=must).labels.tolist() == [0, 1, 0, 0]


@given(seed=st.integers(0, 10_000), threshold=st.floats(0.05, 1.5))
def test_linked_is_the_connected_components(seed, threshold) -> None:
    rows = people(seed)
    near = squareform(pdist(rows.astype(np.float64))) <= threshold
    assert same_groups(
        cluster.linked(rows, threshold=threshold).labels, connected_components(near)[1]
    )


# scikit-learn takes some 10 ms for each, and there are several cases of each test.
slow = settings(max_examples=30)


@pytest.mark.parametrize("min_samples", [1, 2, 3, 5])
@slow
@given(seed=st.integers(0, 10_000), threshold=st.floats(0.1, 1.0))
def test_dbscan_is_scikit_learns(min_samples, seed, threshold) -> None:
    rows = people(seed)
    found = cluster.dbscan(rows, threshold=threshold, min_samples=min_samples)
    order = np.lexsort(
        rows.T[::-1]
    )  # its border points depend on order; ours have one of their own
    expected = np.empty(len(rows), int)
    expected[order] = DBSCAN(eps=threshold, min_samples=min_samples).fit_predict(
        rows[order].astype(float)
    )
    np.testing.assert_array_equal(found.noise, expected < 0)
    core = expected >= 0
    if core.any():
        assert same_groups(found.labels[core], expected[core])
    # Each noise point is an individual of its own.
    assert len(np.unique(found.labels[found.noise])) == found.noise.sum()


@pytest.mark.parametrize("min_cluster_size", [2, 4])
@slow
@given(seed=st.integers(0, 10_000))
def test_hdbscan_is_scikit_learns_and_knows_no_threshold(min_cluster_size, seed) -> None:
    rows = people(seed)
    found = cluster.hdbscan(rows, threshold=0.1, min_cluster_size=min_cluster_size)
    order = np.lexsort(rows.T[::-1])
    expected = np.empty(len(rows), int)
    expected[order] = HDBSCAN(min_cluster_size=min_cluster_size, copy=True).fit_predict(
        rows[order].astype(float)
    )
    np.testing.assert_array_equal(found.noise, expected < 0)
    if (expected >= 0).any():
        assert same_groups(found.labels[expected >= 0], expected[expected >= 0])
    wider = cluster.hdbscan(rows, threshold=1.0, min_cluster_size=min_cluster_size)
    np.testing.assert_array_equal(found.labels, wider.labels)


@pytest.mark.parametrize("seed", range(5))
def test_whispers_are_dlibs(seed) -> None:
    dlib = pytest.importorskip("dlib")
    rows = people(seed, count=60)
    order = np.lexsort(rows.T[::-1])
    expected = np.empty(len(rows), int)
    expected[order] = dlib.chinese_whispers_clustering(
        [dlib.vector(row) for row in rows[order]], 0.4
    )
    assert same_groups(cluster.whispers(rows, threshold=0.4).labels, expected)


# HDBSCAN never finds everything to be one place.
@pytest.mark.parametrize("method", [method for method in METHODS if method != "hdbscan"])
def test_two_faces_in_one_photo_are_two_people(method) -> None:
    rows = np.zeros((4, 3), np.float32)
    apart = links.pairs_within(np.array([0, 0, 1, 2]))
    labels = cluster.group(rows, method, threshold=0.5, cannot_link=apart).labels
    assert labels[0] != labels[1]
    assert len(np.unique(labels)) == 2


def test_an_unknown_method_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadSetting, match=r"'kmeans'; expected one of average, linked"):
        cluster.group(HOLDS_ONE, "kmeans", threshold=0.5)


def test_cannot_links_hold_where_their_table_cannot_fit(scarce) -> None:
    rows, _ = clear_groups(count=3)
    rng = np.random.default_rng(1)
    must = rng.integers(0, 30, (6, 2))
    families = cluster.components(30, must)
    cannot = rng.integers(0, 30, (40, 2))
    cannot = cannot[families[cannot[:, 0]] != families[cannot[:, 1]]]
    made = cluster.online(rows, threshold=1.9, must_link=must, cannot_link=cannot).labels
    assert (made[must[:, 0]] == made[must[:, 1]]).all()
    assert (made[cannot[:, 0]] != made[cannot[:, 1]]).all()
