from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from made_albums import album, clear_groups
from scipy.spatial.distance import cdist, pdist, squareform

from toolkit import memory
from toolkit.calibration import Linkage, further
from toolkit.grouping import cluster, linkage, neighbours
from toolkit.records import ComparedPairs


@given(st.integers(0, 60), st.floats(0.0, 2.0), st.integers(0, 1000))
def test_pairs_are_those_of_a_double_loop(count, radius, seed) -> None:
    rng = np.random.default_rng(seed)
    rows = (rng.normal(size=(count, 16)) * 0.25).astype(np.float32)
    if count > 3:
        rows[1] = rows[0]  # a distance of exactly 0
    near = neighbours.of(rows).within(radius)
    table = squareform(pdist(rows.astype(np.float64))) if count else np.zeros((0, 0))
    first, second = np.nonzero(np.triu(table <= radius, k=1))
    assert near.first.tolist() == first.tolist()
    assert near.second.tolist() == second.tolist()
    np.testing.assert_allclose(near.distance, table[first, second], atol=1e-12)


def test_blocks_join_without_a_seam(monkeypatch) -> None:
    rows = np.random.default_rng(3).normal(size=(50, 8)).astype(np.float32)
    whole = neighbours.of(rows).within(3.5)
    monkeypatch.setattr(neighbours, "BLOCK", 7)
    parts = neighbours.of(rows).within(3.5)
    assert len(whole) > 100
    for name in ("first", "second", "distance"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


@pytest.mark.parametrize(("one", "other"), [(0, 3), (3, 0), (4, 2)])
def test_distances_have_a_row_a_query_and_a_column_a_reference(one, other) -> None:
    rng = np.random.default_rng(1)
    queries = rng.normal(size=(one, 5)).astype(np.float32)
    references = rng.normal(size=(other, 5)).astype(np.float32)
    table = neighbours.VectorDistances(queries).to(neighbours.VectorDistances(references))
    assert table.shape == (one, other)
    for i in range(one):
        for j in range(other):
            apart = np.linalg.norm(queries[i].astype(float) - references[j])
            assert table[i, j] == pytest.approx(apart)


def rows_of(seed: int, count: int, dimensions: int = 4) -> np.ndarray:
    """Rows around a few middles, no two distances alike."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(max(1, count // 3), dimensions))
    near = middles[rng.integers(0, len(middles), count)] + 0.15 * rng.normal(
        size=(count, dimensions)
    )
    return (near / 4).astype(np.float32)


def pairs_of(rows: np.ndarray, metric: str = "euclidean") -> neighbours.PairDistances:
    """The same distances, as if a matcher had compared all pairs."""
    first, second = np.triu_indices(len(rows), k=1)
    away = neighbours.VectorDistances(rows, metric).of_pairs(first, second)
    return neighbours.PairDistances(ComparedPairs.of(len(rows), first, second, away, 2.0))


@given(st.integers(0, 1000), st.integers(1, 40), st.sampled_from(["euclidean", "cosine"]))
def test_every_way_to_ask_says_the_distance_of_scipy(seed, count, metric) -> None:
    rows = rows_of(seed, count)
    expected = cdist(rows.astype(np.float64), rows.astype(np.float64), metric)
    known = neighbours.VectorDistances(rows, metric)
    everyone = np.arange(count)
    first, second = np.triu_indices(count, k=1)
    # Vectors are float32: directions are rounded to it.
    how = {"atol": 1e-5 if metric == "cosine" else 1e-6}
    np.testing.assert_allclose(known.table(everyone, everyone), expected, **how)
    np.testing.assert_array_equal(known.table(), known.table(everyone, everyone))
    np.testing.assert_allclose(known.blocks(0, count), expected, atol=1e-5)
    np.testing.assert_allclose(known.matrix(), expected, atol=1e-5)
    np.testing.assert_allclose(known.of_pairs(first, second), expected[first, second], **how)
    near = known.within(0.3)
    np.testing.assert_allclose(near.distance, expected[near.first, near.second], **how)
    assert (
        abs(len(near) - (expected[first, second] <= 0.3).sum())
        <= (np.abs(expected[first, second] - 0.3) < 1e-5).sum()
    )
    table = known.matrix()
    np.testing.assert_array_equal(table, table.T)


@given(st.integers(0, 1000), st.integers(1, 40), st.sampled_from(["euclidean", "cosine"]))
def test_pairs_that_were_all_compared_say_what_vectors_say(seed, count, metric) -> None:
    rows = rows_of(seed, count)
    known, pairs = neighbours.VectorDistances(rows, metric), pairs_of(rows, metric)
    assert len(pairs) == count
    everyone, some = np.arange(count), np.arange(0, count, 3)
    np.testing.assert_allclose(pairs.table(some, everyone), known.table(some, everyone), atol=1e-5)
    np.testing.assert_array_equal(pairs.table(some), pairs.table(some, everyone))
    np.testing.assert_allclose(pairs.matrix(), known.matrix(), atol=1e-5)
    np.testing.assert_allclose(pairs.blocks(0, count), known.blocks(0, count), atol=1e-5)
    np.testing.assert_allclose(pairs[some].matrix(), known[some].matrix(), atol=1e-5)
    mask = np.zeros(count, dtype=np.bool_)
    mask[some] = True
    np.testing.assert_array_equal(pairs[mask].matrix(), pairs[some].matrix())


@given(st.integers(0, 500), st.integers(1, 30), st.floats(0.01, 0.4))
@pytest.mark.parametrize("method", sorted(set(cluster.METHODS) - {"online", "whispers"}))
def test_methods_whose_groups_have_no_order_take_pairs_as_vectors(
    method, seed, count, threshold
) -> None:
    rows = rows_of(seed, count)
    away = cdist(rows, rows)
    assume((np.abs(away - threshold) > 1e-5).all())
    by_vectors = cluster.group(rows, method, threshold=threshold).labels
    by_pairs = cluster.group(pairs_of(rows), method, threshold=threshold).labels
    if method == "hdbscan":
        assume(len(np.unique(np.round(away[np.triu_indices(count, 1)], 6))) > 1)
    np.testing.assert_array_equal(same(by_vectors), same(by_pairs))


def same(labels: np.ndarray) -> np.ndarray:
    return labels[:, None] == labels


@given(st.integers(0, 500), st.integers(2, 30), st.floats(0.01, 0.3))
def test_online_takes_the_mean_over_pairs(seed, count, threshold) -> None:
    rows = rows_of(seed, count)
    pairs = pairs_of(rows)
    labels: list[int] = []
    for row in range(count):
        groups = [np.flatnonzero(np.array(labels) == k) for k in range(max(labels, default=-1) + 1)]
        means = [pairs.table(np.array([row]), group).mean() for group in groups]
        near = means and min(means) <= threshold
        labels.append(int(np.argmin(means)) if near else len(groups))
    found = cluster.group(pairs, "online", threshold=threshold).labels
    np.testing.assert_array_equal(same(found), same(np.array(labels)))


@given(st.integers(0, 1000), st.integers(2, 30))
def test_groups_of_pairs_do_not_depend_on_the_order(seed, count) -> None:
    rng = np.random.default_rng(seed)
    rows = rows_of(seed, count)
    first, second = np.triu_indices(count, k=1)
    kept = rng.random(len(first)) < 0.5
    away = pairs_of(rows).of_pairs(first, second)
    compared = ComparedPairs.of(count, first[kept], second[kept], away[kept], 2.0)
    order = rng.permutation(count)
    one = linkage.tree(neighbours.PairDistances(compared)).cut(0.2).labels
    other = linkage.tree(neighbours.PairDistances(compared)[order]).cut(0.2).labels
    np.testing.assert_array_equal(same(one[order]), same(other))


def test_pairs_that_were_not_compared_are_as_far_as_can_be() -> None:
    compared = ComparedPairs.of(3, np.array([2]), np.array([0]), np.array([0.25]), 2.0)
    known = neighbours.PairDistances(compared)
    assert known.matrix().tolist() == [[0, 2, 0.25], [2, 0, 2], [0.25, 2, 0]]
    assert [len(known.within(radius)) for radius in (0.2, 0.3, 1.9, 2.0)] == [0, 1, 1, 3]
    assert known.of_pairs(np.array([1, 2, 0]), np.array([1, 0, 1])).tolist() == [0, 0.25, 2]


def test_vectors_without_direction_are_alike_and_far_from_all_others() -> None:
    rows = np.array([[0, 0], [0, 0], [1, 0], [-2, 0]], np.float32)
    table = neighbours.VectorDistances(rows, "cosine").matrix()
    np.testing.assert_allclose(table[0], [0, 0, 1, 1], atol=1e-6)
    np.testing.assert_allclose(table[2], [1, 1, 0, 2], atol=1e-6)


def test_long_vectors_lose_no_near_pair() -> None:
    rows = np.random.default_rng(0).normal(size=(200, 64)).astype(np.float32) * 100
    rows[100:] = rows[:100] + 1e-3
    near = neighbours.of(rows).within(0.02)
    assert len(near) == 100


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="manhattan"):
        neighbours.VectorDistances(np.zeros((1, 2), np.float32), "manhattan")


def test_pairs_are_counted_before_they_are_too_many(monkeypatch) -> None:
    rows, _ = clear_groups()
    found = neighbours.of(rows).within(0.5)
    monkeypatch.setattr(memory, "SMALL", 0)
    monkeypatch.setattr(memory, "room", lambda: 50 * len(found) - 1)
    with pytest.raises(memory.TooMuch, match="600 sightings have pairs within"):
        neighbours.of(rows).within(0.5)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_two_that_say_little_are_further_by_the_better_of_them(metric) -> None:
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(30, 6)).astype(np.float32)
    worth = rng.uniform(0, 1, 30)
    fitted = Linkage(lost=0.1)
    plain = neighbours.VectorDistances(rows, metric)
    made = neighbours.VectorDistances(rows, metric, fitted, worth)
    own = further(worth, 0.1)
    expected = plain.table() + np.minimum.outer(own, own)
    np.fill_diagonal(expected, 0.0)
    np.testing.assert_allclose(made.table(), expected, atol=1e-9)
    np.testing.assert_allclose(made.matrix(), expected, atol=1e-5)
    np.testing.assert_allclose(made.blocks(5, 20), expected[5:20], atol=1e-6)
    some = np.array([3, 8, 20])
    np.testing.assert_allclose(made[some].table(), expected[np.ix_(some, some)], atol=1e-9)
    np.testing.assert_allclose(made.of_pairs(some, some[::-1]), expected[some, some[::-1]])
    radius = float(np.median(expected))
    near = made.within(radius)
    first, second = np.nonzero(np.triu(expected <= radius, k=1))
    assert (near.first.tolist(), near.second.tolist()) == (first.tolist(), second.tolist())
    # The rows alone no longer say how far they are.
    assert made.vectors is None


def test_those_that_say_enough_are_as_far_as_without() -> None:
    rows = np.random.default_rng(5).normal(size=(9, 4)).astype(np.float32)
    made = neighbours.VectorDistances(rows, "euclidean", Linkage(lost=0.1), np.full(9, 0.9))
    assert np.array_equal(made.matrix(), neighbours.VectorDistances(rows).matrix())


def test_what_is_ignored_moves_no_distance_of_others() -> None:
    made = album(np.arange(8, dtype=np.float32))
    made = replace(
        made,
        encoder=replace(made.encoder, linkage=Linkage(lost=0.1)),
        sightings=made.sightings.assign(worth=[0.6, 0.65, 0.7, *[0.05] * 5]),
    )
    kept = np.arange(3)
    without = replace(made, ignored=np.arange(8) >= 3)
    alone = neighbours.of(made.take(kept)).table()
    np.testing.assert_array_equal(neighbours.of(without).table(kept, kept), alone)
    # Those that say so little say much of the others.
    assert (neighbours.of(made).table(kept, kept) > alone + 0.01).sum() == 6


def test_a_group_that_grows_counts_what_its_sightings_lose() -> None:
    rows = np.zeros((4, 2), dtype=np.float32)
    worth = np.array([0.1, 0.1, 0.1, 1.0])
    means = neighbours.VectorDistances(rows, "euclidean", Linkage(lost=0.1), worth).means()
    means.add(np.array([0, 1]), 0)
    lost = further(worth, 0.1)[0]
    assert means.away(np.array([2])) == pytest.approx([lost])
    assert means.away(np.array([3])) == pytest.approx([0.0])


COUNTED = st.integers(1, 9).flatmap(
    lambda n: st.tuples(
        st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=9)
    )
)


@given(COUNTED)
def test_which_pairs_say_anything_is_the_same_however_it_is_asked(made) -> None:
    count, pairs = made
    mute = np.unique([min(pair) * count + max(pair) for pair in pairs if pair[0] != pair[1]])
    expected = np.ones((count, count), dtype=bool)
    for one, other in pairs:
        expected[one, other] = expected[other, one] = one == other
    if not len(mute):
        return
    found = neighbours.Telling(count, mute.astype(np.int64), 2.0)
    assert found.table().tolist() == expected.tolist()
    some = np.arange(0, count, 2)
    assert found.table(some).tolist() == expected[some].tolist()
    assert found.table(None, some).tolist() == expected[:, some].tolist()
    twice = np.concatenate([some[::-1], some])
    assert found.table(twice, some).tolist() == expected[np.ix_(twice, some)].tolist()
    odd = np.arange(count) % 2 == 1
    assert found.table(odd, ~odd).tolist() == expected[np.ix_(odd, ~odd)].tolist()
    assert found.all_within(some) == expected[np.ix_(some, some)].all()
    first, second = np.indices(expected.shape).reshape(2, -1).astype(np.int32)
    assert found.of_pairs(first, second).tolist() == expected.ravel().tolist()


def test_pairs_of_many_sightings_are_told_apart_whatever_numbers_a_system_takes() -> None:
    """Rows of 32 bits, as some systems count, do not run over."""
    count, rows = 60_000, np.array([59_998, 5], dtype=np.int32)
    mute = np.array([59_998 * count + 59_999])
    found = neighbours.Telling(count, mute, 2.0)
    others = np.array([59_999, 59_999], dtype=np.int32)
    assert found.of_pairs(rows, others).tolist() == [False, True]
    compared = ComparedPairs(count, np.array([59_998]), np.array([59_999]), np.float32([0.5]), 1.0)
    distances = neighbours.PairDistances(compared)
    assert distances.of_pairs(rows, others).tolist() == [0.5, 1.0]


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_sums_to_groups_are_those_of_the_table(count, seed) -> None:
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(count, k=1)
    chosen = rng.random(len(first)) < 0.6
    away = rng.random(int(chosen.sum())).astype(np.float32)
    away[rng.random(len(away)) < 0.3] = np.nan
    pairs = ComparedPairs(count, first[chosen], second[chosen], away, 1.5)
    distances = neighbours.PairDistances(pairs)
    group = np.sort(rng.integers(0, 3, count))
    group = np.unique(group, return_inverse=True)[1]
    rows = np.flatnonzero(rng.random(count) < 0.7)
    sums, several = distances.to_groups(rows, group)
    telling = distances.telling()
    told = np.ones((count, count)) if telling is None else telling.table().astype(float)
    table = distances.table() * told
    for place, row in enumerate(rows):
        for number in range(group.max() + 1):
            own = group == number
            assert several[place, number] == told[row, own].sum()
            assert sums[place, number] == pytest.approx(table[row, own].sum(), abs=1e-5)
