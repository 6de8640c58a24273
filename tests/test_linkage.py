import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import average as scipys
from scipy.spatial.distance import pdist

from toolkit import linkage
from toolkit.errors import BadSetting

EMPTY = np.zeros((0, 2), np.float32)


def people(seed: int, count: int = 40) -> np.ndarray:
    """Rows around eight places, as encodings of faces are."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(8, 16)) * 0.25
    return (centres[rng.integers(0, 8, count)] + rng.normal(size=(count, 16)) * 0.04).astype(
        np.float32
    )


def groups(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


@given(seed=st.integers(0, 10_000), count=st.integers(2, 60))
def test_without_a_discount_the_heights_are_scipys(seed, count) -> None:
    rows = people(seed, count)
    tree = linkage.tree(rows, discount=0)
    expected = scipys(pdist(rows.astype(np.float64)))
    np.testing.assert_allclose(tree.height, expected[:, 2], atol=2e-6)
    np.testing.assert_array_equal(np.sort(tree.sizes.sum(axis=1)), np.sort(expected[:, 3]))


def by_hand(rows: np.ndarray, discount: float, threshold: float) -> set[frozenset[int]]:
    """Join the nearest two groups, looking at all pairs of sightings each time."""
    made = [frozenset([row]) for row in range(len(rows))]

    def far(one: frozenset[int], other: frozenset[int]) -> float:
        mean = np.mean([np.linalg.norm(rows[i] - rows[j]) for i in one for j in other])
        for group in (one, other):
            mean *= 1 - discount * (1 - 1 / np.sqrt(len(group)))
        return float(mean)

    while len(made) > 1:
        away, one, other = min(
            ((far(a, b), a, b) for i, a in enumerate(made) for b in made[:i]), key=lambda t: t[0]
        )
        if away > threshold:
            break
        made = [group for group in made if group not in (one, other)] + [one | other]
    return set(made)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.9])
def test_the_discount_lets_large_groups_reach_further(seed, threshold) -> None:
    rows = people(seed, 18).astype(np.float64)
    tree = linkage.tree(rows.astype(np.float32), discount=0.3)
    assert groups(tree.cut(threshold).labels) == by_hand(rows, 0.3, threshold)


def test_reach_is_one_for_a_single_sighting_and_falls_towards_the_discount() -> None:
    np.testing.assert_allclose(linkage.reach([1, 4, 10**12], 0.06), [1, 0.97, 0.94], atol=1e-6)


@given(seed=st.integers(0, 10_000))
def test_heights_never_fall_and_cuts_only_split(seed) -> None:
    tree = linkage.tree(people(seed), discount=0.5)
    assert (np.diff(tree.height) >= 0).all()
    fine, coarse = tree.cut(0.3).labels, tree.cut(0.6).labels
    for label in np.unique(fine):
        assert len(np.unique(coarse[fine == label])) == 1


@given(seed=st.integers(0, 10_000))
def test_a_cut_at_a_height_makes_that_join_and_just_below_does_not(seed) -> None:
    tree = linkage.tree(people(seed, 20))
    join = len(tree) // 2
    first, second = tree.first[join], tree.second[join]
    at = tree.cut(tree.height[join]).labels
    assert at[first] == at[second]
    below = tree.cut(np.nextafter(tree.height[join], 0)).labels
    assert below[first] != below[second]


def test_the_table_of_joins_counts_groups_and_knows_the_runner_up() -> None:
    rows = np.array([[0.0], [1.0], [3.0], [7.0]], np.float32)
    merges = linkage.tree(rows, discount=0).merges
    assert merges["groups_before"].tolist() == [4, 3, 2]
    np.testing.assert_allclose(merges["height"], [1.0, 2.5, (7 + 6 + 4) / 3], rtol=1e-6)
    np.testing.assert_allclose(merges["runner_up"], [2.0, 4.0, np.inf], rtol=1e-6)
    assert merges["size_first"].tolist() == [1, 2, 3]
    assert merges["size_second"].tolist() == [1, 1, 1]


def test_groups_that_must_be_one_start_as_one_and_never_is_never() -> None:
    rows = np.array([[0.0], [10.0], [1.0], [3.0]], np.float32)
    tree = linkage.tree(rows, must_link=np.array([[0, 3]]), cannot_link=np.array([[0, 1]]))
    assert tree.start == 3
    assert len(tree) == 1  # 1 joins what is nearer; then nothing may be joined any more
    labels = tree.labels_after(len(tree))
    assert labels[0] == labels[3] != labels[1]


def test_links_that_contradict_each_other_are_refused() -> None:
    pair = np.array([[0, 1]])
    with pytest.raises(BadSetting, match="0 and 1 must be one individual"):
        linkage.tree(np.zeros((2, 2), np.float32), must_link=pair, cannot_link=pair)


@pytest.mark.parametrize("count", [0, 1])
def test_none_and_one(count) -> None:
    tree = linkage.tree(np.zeros((count, 4), np.float32))
    assert len(tree) == 0
    assert tree.cut(0.5).labels.tolist() == [0] * count
    assert len(tree.merges) == 0


@given(seed=st.integers(0, 10_000))
def test_the_order_of_the_rows_changes_nothing(seed) -> None:
    rows = people(seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows))
    must = rng.integers(0, len(rows), (3, 2))
    place = np.argsort(order)
    one = linkage.tree(rows, must_link=must)
    other = linkage.tree(rows[order], must_link=place[must])
    np.testing.assert_array_equal(one.height, other.height)
    assert groups(one.cut(0.5).labels[order]) == groups(other.cut(0.5).labels)
