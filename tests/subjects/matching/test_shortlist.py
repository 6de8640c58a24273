"""Pairs chosen by how alike they are: all of few, and of many none that matters left out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.subjects.matching import shortlist as listing
from toolkit.subjects.matching.shortlist import shortlist


def vectors(seed: int, count: int, dimensions: int = 8) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(count, dimensions))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def told(pairs: np.ndarray) -> set[tuple[int, int]]:
    return set(map(tuple, pairs.tolist()))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists that are short of few, too."""
    monkeypatch.setattr(listing, "ALL", 100)
    monkeypatch.setattr(listing, "NEAREST_WITHIN", 4)
    monkeypatch.setattr(listing, "NEAREST_KNOWN", 3)
    monkeypatch.setattr(listing, "COHORT", 5)
    monkeypatch.setattr(listing, "BLOCK", 7)


@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_of_few_every_pair_is_compared(count: int) -> None:
    ours = vectors(1, count)
    assert told(shortlist(ours)) == {(i, j) for j in range(count) for i in range(j)}
    every = {(i, j) for i in range(count) for j in range(6)}
    assert told(shortlist(ours, vectors(2, 6))) == every


@pytest.mark.usefixtures("few")
def test_of_many_the_most_alike_are_compared_and_some_with_all() -> None:
    ours = vectors(3, 60)
    pairs = shortlist(ours)
    found = told(pairs)
    assert len(found) == len(pairs) < 60 * 59 // 2
    assert (pairs[:, 0] < pairs[:, 1]).all()
    alike = ours.astype(np.float64) @ ours.T
    np.fill_diagonal(alike, -np.inf)
    for row, others in enumerate(np.argsort(-alike, axis=1)[:, :4]):
        assert {(min(row, x), max(row, x)) for x in others.tolist()} <= found
    times = np.bincount(pairs.ravel(), minlength=60)
    assert (times == 59).sum() == 5


@pytest.mark.usefixtures("few")
def test_of_many_references_the_most_alike_are_compared_and_some_with_all() -> None:
    ours, theirs = vectors(4, 40), vectors(5, 30)
    pairs = shortlist(ours, theirs)
    found = told(pairs)
    assert len(found) == len(pairs) < 40 * 30
    alike = ours.astype(np.float64) @ theirs.T
    for row, others in enumerate(np.argsort(-alike, axis=1)[:, :3]):
        assert {(row, x) for x in others.tolist()} <= found
    assert (np.bincount(pairs[:, 0], minlength=40) == 30).sum() == 5
    assert (np.bincount(pairs[:, 1], minlength=30) == 40).sum() == 5


@pytest.mark.usefixtures("few")
@settings(max_examples=20)
@given(st.permutations(range(50)))
def test_the_order_changes_no_pair(order: list[int]) -> None:
    ours = vectors(6, 50)
    place = np.array(order)
    again = place[shortlist(ours[place])]
    assert told(np.sort(again, axis=1)) == told(shortlist(ours))
