"""Doubts about a grouping: its weakest links, and which groups may be one."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_albums import INFO, clear_groups, drawn

from toolkit import memory
from toolkit.benchmarks.drawn_encodings import draw
from toolkit.calibration import Calibration
from toolkit.grouping import linkage, links, neighbours, sparse_linkage, uncertainty
from toolkit.grouping.links import by_size, pairs_within
from toolkit.subjects.face.calibration import CALIBRATION, LINKAGE


def sides_of(found: uncertainty.Sides) -> dict[int, tuple[list[int], list[int]]]:
    return {
        group: (one.tolist(), other.tolist())
        for group, one, other in zip(found.group.tolist(), found.first, found.second, strict=True)
    }


def test_a_weakest_link_that_was_answered_is_not_asked_again() -> None:
    # One group of three clusters, a pair, and somebody nobody knows.
    rows = np.array([[0], [1], [2], [10], [11], [30], [50], [52], [90]], np.float32)
    labels = np.array([0] * 6 + [1] * 2 + [-1])
    free = uncertainty.sides(rows, labels)
    assert sides_of(free) == {0: ([0, 1, 2, 3, 4], [5]), 1: ([6], [7])}
    # 5 is one with 1: the next weakest link is that of 3 and 4 to the rest, with 5 on its side.
    held = uncertainty.sides(rows, labels, must_link=np.array([[1, 5]]))
    assert sides_of(held) == {0: ([0, 1, 2, 5], [3, 4]), 1: ([6], [7])}
    assert held.height[0] == linkage.tree(rows[:5]).height[-1]
    # Nor are these two: what is left to ask is who 2 is, and then nothing of the first group.
    done = uncertainty.sides(rows, labels, must_link=np.array([[1, 5], [4, 5], [0, 1]]))
    assert sides_of(done) == {0: ([0, 1, 3, 4, 5], [2]), 1: ([6], [7])}
    every = links.chain(np.array([0] * 6 + [1, 2, 3]))
    assert sides_of(uncertainty.sides(rows, labels, must_link=every)) == {1: ([6], [7])}


def test_an_answer_by_way_of_another_group_holds_too() -> None:
    rows = np.array([[0], [1], [10], [50]], np.float32)
    labels = np.array([0, 0, 0, -1])
    found = uncertainty.sides(rows, labels, must_link=np.array([[1, 3], [3, 2]]))
    assert sides_of(found) == {0: ([1, 2], [0])}


def test_nothing_left_to_ask_is_an_empty_table() -> None:
    rows, labels = np.array([[0], [1]], np.float32), np.zeros(2, np.int64)
    found = uncertainty.sides(rows, labels, must_link=np.array([[0, 1]]))
    assert len(found.group) == len(found.first) == len(found.second) == len(found.height) == 0
    assert len(uncertainty.suspicious(rows, labels, found, INFO.calibration)) == 0


@given(seed=st.integers(0, 10_000), must=st.integers(0, 60))
def test_sides_are_whole_groups_and_hold_all_answers(seed, must) -> None:
    rows, truth, _ = drawn(seed, 12, 4)
    rng = np.random.default_rng(seed)
    labels = truth // 2 - 1  # two people a group, and two of whom nothing is known
    pairs = rng.integers(0, len(rows), (must, 2))
    found = uncertainty.sides(rows, labels, must_link=pairs)
    family = links.components(len(rows), pairs)
    asked = {int(g) for g in set(labels) - {-1} if len(set(family[labels == g])) > 1}
    assert set(found.group.tolist()) == asked
    for group, one, other in zip(found.group, found.first, found.second, strict=True):
        assert sorted([*one, *other]) == np.flatnonzero(labels == group).tolist()
        assert len(one) >= len(other) > 0
        assert not set(family[one]) & set(family[other])
    none = uncertainty.sides(rows, labels, must_link=np.zeros((0, 2), np.int64))
    plain = uncertainty.sides(rows, labels)
    assert sides_of(none) == sides_of(plain)
    np.testing.assert_array_equal(none.height, plain.height)


def test_the_order_of_doubts_goes_by_the_sides_left() -> None:
    # Two groups of two people each; the first one's link is answered, so the second is asked first.
    rows, truth, _ = drawn(3, 4, 6)
    labels = truth // 2
    rows[truth == 1] += 0.3 * (rows[truth == 1].mean(axis=0) - rows[truth == 0].mean(axis=0))
    before = uncertainty.suspicious(rows, labels, uncertainty.sides(rows, labels), INFO.calibration)
    assert before["group"].tolist() == [0, 1]
    answer = before.loc[:0, ["first", "second"]].to_numpy(np.int64)
    left = uncertainty.sides(rows, labels, must_link=answer)
    after = uncertainty.suspicious(rows, labels, left, INFO.calibration)
    assert after["group"].tolist() == [1, 0]
    assert after["height"][1] < before["height"][0]


@pytest.mark.parametrize("sizes", [(60, 10), (1, 30), (700, 1), (3, 400)])
def test_groups_are_compared_some_at_a_time_as_at_once(monkeypatch, sizes) -> None:
    rows, labels = clear_groups(*sizes)
    labels = labels[np.random.default_rng(0).permutation(len(labels))]
    whole = linkage.between(rows, labels)
    parts = dict(linkage.between_some(rows, labels))
    np.testing.assert_allclose(np.concatenate(list(parts.values())), whole, rtol=1e-4)
    args = (rows, by_size(labels), Calibration(slope=60.0, even=0.55))
    apart = pairs_within(np.arange(len(labels)) // 2)
    at_once = uncertainty.alike(*args, apart=apart, most=50)
    monkeypatch.setattr(memory, "available", lambda: 1000)
    monkeypatch.setattr(memory, "SMALL", 0)
    some = uncertainty.alike(*args, apart=apart, most=50)
    assert some.drop(columns=["distance", "probability"]).equals(
        at_once.drop(columns=["distance", "probability"])
    )
    np.testing.assert_allclose(some["distance"], at_once["distance"], rtol=1e-4)


def test_the_nearest_pair_of_large_sides_is_the_same_in_blocks(monkeypatch) -> None:
    rows, _ = clear_groups()
    one, other = np.arange(0, 300), np.arange(300, 600)
    known, everyone = neighbours.of(rows), np.arange(len(rows))
    nearest = uncertainty.nearest_pair(rows, one, other)
    mean = uncertainty._mean_distances(known, one, everyone)
    monkeypatch.setattr(neighbours, "BLOCK", 7)
    assert uncertainty.nearest_pair(rows, one, other) == nearest
    np.testing.assert_array_equal(uncertainty._mean_distances(known, one, everyone), mean)


@pytest.mark.parametrize("worth", [False, True])
def test_near_pairs_say_nearly_what_all_pairs_do(worth) -> None:
    seen = draw(900, seed=2)
    poor = np.where(np.random.default_rng(1).random(900) < 0.3, 0.3, 0.9) if worth else None
    distances = neighbours.VectorDistances(seen.encodings, "euclidean", LINKAGE, poor)
    labels = linkage.tree(distances).cut(0.47).labels
    near = distances.nearest(20)
    parts = uncertainty.sides(distances, labels)
    exact = uncertainty.evidence(distances, labels, parts)
    found = uncertainty.evidence(distances, labels, parts, near=near)
    np.testing.assert_allclose(found, exact, atol=0.01)
    at = (distances, labels, CALIBRATION)
    usual = uncertainty.suspicious(distances, labels, parts, CALIBRATION)
    made = uncertainty.suspicious(distances, labels, parts, CALIBRATION, near=near)
    both = usual.merge(made, on="group")
    assert (both["probability_x"] - both["probability_y"]).abs().max() < 0.15
    how = {"apart": np.array([[0, 1], [5, 9]]), "most": 30}
    usual, made = uncertainty.alike(*at, **how), uncertainty.alike(*at, **how, near=near)
    usual, made = (uncertainty.linked(distances, labels, pairs) for pairs in (usual, made))
    pairs = [set(zip(t["group"], t["other"], strict=True)) for t in (usual, made)]
    assert len(pairs[0] & pairs[1]) >= 27
    both = usual.merge(made, on=["group", "other"])
    np.testing.assert_allclose(both["distance_x"], both["distance_y"], atol=0.007)
    np.testing.assert_array_equal(both["first_x"], both["first_y"])


def pairs_of_people(count: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Groups of four, some of them of two people: the higher the number, the farther apart."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, 4, 8)) * 0.02 + rng.normal(size=(count, 1, 8)) * 3
    rows[:, 2:, 0] += np.linspace(0, 1, count)[:, None]
    return rows.reshape(-1, 8).astype(np.float32), np.repeat(np.arange(count), 4)


def test_of_many_groups_those_that_are_spread_most_are_split_and_others_drawn(monkeypatch) -> None:
    rows, labels = pairs_of_people(60)
    every = uncertainty.sides(rows, labels)
    assert (every.weight == 1).all()
    assert every.passed == 0
    monkeypatch.setattr(uncertainty, "EXAMINED", 20)
    some = uncertainty.sides(rows, labels)
    assert len(some.group) == 20
    assert some.passed == 40
    assert some.weight.sum() == pytest.approx(60)
    assert set(range(50, 60)) <= set(some.group.tolist())
    assert (some.weight[some.group >= 50] == 1).all()
    split = sides_of(every)
    assert all(split[group] == sides for group, sides in sides_of(some).items())
    # What is drawn does not hang on what the groups are called, nor on who else is there.
    renamed = uncertainty.sides(rows, (labels + 30) % 60)
    assert {(group - 30) % 60 for group in renamed.group.tolist()} == set(some.group.tolist())


def test_a_group_of_too_many_for_all_pairs_is_split_by_near_ones(monkeypatch) -> None:
    # Near pairs of all 50 bind the two heaps, those of the 16 nearest do not.
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 8)) * 0.1 + np.repeat([[0.0], [1.0]], [30, 20], axis=0)
    rows, labels = rows.astype(np.float32), np.zeros(50, np.int64)
    exact = uncertainty.sides(rows, labels)
    monkeypatch.setattr(linkage, "MOST", 40)
    monkeypatch.setattr(linkage, "tree", None)
    near = sparse_linkage.tree
    for each in (16, 50):
        several = functools.partial(near, each=each)
        monkeypatch.setattr(uncertainty.sparse_linkage, "tree", several)
        found = uncertainty.sides(rows, labels)
        assert sides_of(found) == sides_of(exact) == {0: ([*range(30)], [*range(30, 50)])}
        assert found.height == pytest.approx(exact.height, rel=0.02)
