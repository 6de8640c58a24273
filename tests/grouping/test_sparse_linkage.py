import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_albums import album

from toolkit.benchmarks.drawn_encodings import draw
from toolkit.calibration import Linkage
from toolkit.errors import BadSetting
from toolkit.evaluation.scores import score_grouping
from toolkit.grouping import linkage, sparse_linkage
from toolkit.grouping.links import components
from toolkit.grouping.neighbours import PairDistances, VectorDistances
from toolkit.records import ComparedPairs


def people(seed: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(8, 16)) * 0.25
    return (centres[rng.integers(0, 8, count)] + rng.normal(size=(count, 16)) * 0.04).astype(
        np.float32
    )


def groups(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


def assert_same(found, expected) -> None:
    """Two trees make the same groups at each threshold that is not within rounding of a join."""
    np.testing.assert_allclose(found.height, expected.height, atol=3e-6)
    heights = np.concatenate([[0.0], expected.height])
    for low, high in zip(heights, np.append(expected.height, heights[-1] + 1), strict=True):
        if high - low > 1e-5:
            middle = (low + high) / 2
            assert groups(found.cut(middle).labels) == groups(expected.cut(middle).labels)


@given(seed=st.integers(0, 10_000), count=st.integers(2, 60))
def test_where_all_are_compared_the_tree_is_that_of_average_linkage(seed, count) -> None:
    rows = people(seed, count)
    found = sparse_linkage.tree(rows, discount=0, each=count)
    expected = linkage.tree(rows, discount=0)
    assert_same(found, expected)
    assert len(found) == count - 1
    np.testing.assert_array_equal(
        np.sort(found.sizes.sum(axis=1)), np.sort(expected.sizes.sum(axis=1))
    )
    assert (found.sizes[:, 0] >= found.sizes[:, 1]).all()
    assert (found.runner_up >= found.height - 1e-6).all()


@given(
    seed=st.integers(0, 10_000),
    count=st.integers(2, 40),
    must=st.integers(0, 8),
    cannot=st.integers(0, 30),
)
def test_links_hold_as_in_average_linkage(seed, count, must, cannot) -> None:
    rng = np.random.default_rng(seed)
    rows, held = people(seed, count), rng.integers(0, count, (must, 2))
    family = components(count, held)
    never = rng.integers(0, count, (cannot, 2))
    never = never[family[never[:, 0]] != family[never[:, 1]]]
    links = {"must_link": held, "cannot_link": never, "discount": 0.0}
    assert_same(sparse_linkage.tree(rows, each=count, **links), linkage.tree(rows, **links))


@given(seed=st.integers(0, 10_000), each=st.integers(1, 6), cannot=st.integers(0, 60))
def test_links_hold_however_few_are_compared(seed, each, cannot) -> None:
    count = 60
    rng = np.random.default_rng(seed)
    rows, held = people(seed, count), rng.integers(0, count, (10, 2))
    family = components(count, held)
    never = rng.integers(0, count, (cannot, 2))
    never = never[family[never[:, 0]] != family[never[:, 1]]]
    tree = sparse_linkage.tree(
        rows, must_link=held, cannot_link=never, discount=0.3, each=each, farthest=2.0
    )
    assert (np.diff(tree.height) >= 0).all()
    for joins in {0, len(tree) // 2, len(tree)}:
        labels = tree.labels_after(joins)
        assert (labels[held[:, 0]] == labels[held[:, 1]]).all()
        assert (labels[never[:, 0]] != labels[never[:, 1]]).all()
        assert len(np.unique(labels)) == tree.start - joins


def compared(seed: int, count: int) -> ComparedPairs:
    """Some of all pairs; one in ten of them says nothing."""
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(count, k=1)
    kept = rng.random(len(first)) < 0.5
    away = rng.random(int(kept.sum())).astype(np.float32)
    away[rng.random(len(away)) < 0.1] = np.nan
    return ComparedPairs(count, first[kept], second[kept], away, farthest=1.0)


@given(seed=st.integers(0, 10_000), count=st.integers(2, 40))
def test_of_pairs_the_tree_is_that_of_average_linkage(seed, count) -> None:
    pairs = PairDistances(compared(seed, count))
    expected = linkage.tree(pairs, discount=0)
    found = sparse_linkage.tree(pairs, discount=0, farthest=0.9)
    near = expected.made_at(0.9)
    assert len(found) == near
    np.testing.assert_allclose(found.height, expected.height[:near], atol=3e-6)
    assert groups(found.cut(0.9).labels) == groups(expected.labels_after(near))


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("worth", [False, True])
def test_near_pairs_group_nearly_as_all_pairs_do(metric, worth) -> None:
    drawn = draw(3000, seed=7)
    rng = np.random.default_rng(7)
    away = np.where(rng.random(3000) < 0.4, 0.3, 0.9) if worth else None
    fitted = Linkage(discount=0.16, lost=0.1 if metric == "euclidean" else 0.03)
    rows = drawn.encodings + np.float32(0.1)
    distances = VectorDistances(rows, metric, fitted, away)
    exact = linkage.tree(distances)
    near = sparse_linkage.tree(distances, farthest=float(exact.height.max()))
    for part in (0.4, 0.5, 0.6):
        reach = float(exact.height[int(part * len(exact))])
        one, other = (
            score_grouping(drawn.people, tree.cut(reach).labels) for tree in (exact, near)
        )
        assert abs(one.bcubed_f - other.bcubed_f) < 0.005


def test_rows_in_another_order_make_the_same_groups() -> None:
    rows = np.concatenate([draw(800, seed=8).encodings, np.zeros((5, 128), np.float32)])
    order = np.random.default_rng(1).permutation(len(rows))
    found, again = sparse_linkage.tree(rows), sparse_linkage.tree(rows[order])
    for reach in (0.0, 0.35, 0.45):
        labels = np.empty(len(rows), dtype=np.int64)
        labels[order] = again.cut(reach).labels
        assert groups(labels) == groups(found.cut(reach).labels)


def test_groups_that_are_too_far_are_not_joined() -> None:
    rows = draw(500, seed=9).encodings
    near, far = (sparse_linkage.tree(rows, farthest=reach) for reach in (0.4, 0.5))
    assert len(near) < len(far)
    assert near.height.max() <= 0.4
    alike = score_grouping(near.cut(0.4).labels, far.cut(0.4).labels)
    assert alike.bcubed_f > 0.99


def test_none_and_one_are_grouped() -> None:
    assert len(sparse_linkage.tree(np.zeros((0, 4), np.float32))) == 0
    one = sparse_linkage.tree(np.zeros((1, 4), np.float32))
    assert one.cut(1.0).labels.tolist() == [0]


def test_links_that_contradict_each_other_are_refused() -> None:
    pair = np.array([[0, 1]])
    with pytest.raises(BadSetting, match="must be one individual and must not be"):
        sparse_linkage.tree(np.zeros((2, 4), np.float32), must_link=pair, cannot_link=pair)


def test_near_groups_are_as_far_as_the_mean_over_all_their_pairs() -> None:
    drawn = draw(600, seed=10)
    labels = np.where(np.arange(600) % 50 == 7, -1, drawn.people)
    distances = VectorDistances(drawn.encodings, "euclidean", Linkage(discount=0.06))
    one, other, away = sparse_linkage.between(distances, labels, distances.nearest(8))
    rows = np.flatnonzero(labels >= 0)
    table = linkage.between(distances[rows], labels[rows])
    groups = np.unique(labels[rows])
    expected = table[np.searchsorted(groups, one), np.searchsorted(groups, other)]
    assert len(away) > 500
    assert (one < other).all()
    np.testing.assert_allclose(away, expected, atol=0.02)
    # Of the nearest pairs, none is missed.
    near = np.argwhere(np.triu(table, 1) + np.tril(np.full_like(table, np.inf)) < 0.45)
    found = set(zip(one.tolist(), other.tolist(), strict=True))
    assert {(int(groups[a]), int(groups[b])) for a, b in near} <= found


def test_an_album_s_near_pairs_are_found_once(monkeypatch) -> None:
    few = album(draw(60, seed=11).encodings)
    assert sparse_linkage.near_of(few) is None
    monkeypatch.setattr(sparse_linkage, "MOST", 50)
    found = sparse_linkage.near_of(few)
    assert found is not None
    assert sparse_linkage.near_of(few) is found
    before = len(sparse_linkage._FOUND)
    del few
    gc.collect()
    assert len(sparse_linkage._FOUND) == before - 1
