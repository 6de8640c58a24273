import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from toolkit.benchmarks.drawn_encodings import draw
from toolkit.grouping import near_pairs


def by_sklearn(rows: np.ndarray, each: int) -> set[tuple[int, int]]:
    found = NearestNeighbors(n_neighbors=each).fit(rows.astype(np.float64)).kneighbors()[1]
    return {
        tuple(sorted((row, other))) for row, near in enumerate(found.tolist()) for other in near
    }


def pairs(rows: np.ndarray, each: int, **how) -> set[tuple[int, int]]:
    first, second = near_pairs.find(rows, each, **how)
    assert (first < second).all()
    found = list(zip(first.tolist(), second.tolist(), strict=True))
    assert found == sorted(set(found))
    return set(found)


@pytest.mark.parametrize("each", [1, 5, 20])
def test_few_are_all_compared(each) -> None:
    rows = draw(1500, seed=3).encodings
    assert pairs(rows, each) == by_sklearn(rows, each)


def test_more_are_sought_than_there_are() -> None:
    rows = draw(4, seed=3).encodings
    assert len(pairs(rows, 20)) == 6
    assert pairs(rows[:1], 20) == set()
    assert pairs(rows[:0], 20) == set()


def test_an_index_finds_nearly_all_and_the_same_each_time() -> None:
    drawn = draw(6000, seed=4)
    rows, people = drawn.encodings, drawn.people
    found, expected = pairs(rows, 20, index=True), by_sklearn(rows, 20)
    assert len(found & expected) > 0.85 * len(expected)
    own = {(one, other) for one, other in expected if people[one] == people[other]}
    assert len(found & own) > 0.95 * len(own)
    assert pairs(rows, 20, index=True) == found


def test_rows_that_are_equal_are_near() -> None:
    rows = np.repeat(draw(50, seed=5).encodings, 40, axis=0)
    first, second = near_pairs.find(rows, 5, index=True)
    assert (first // 40 == second // 40).mean() > 0.99


@pytest.mark.parametrize("dimensions", [3, 31, 33, 129])
def test_rows_of_any_length_are_found(dimensions) -> None:
    drawn = draw(2000, seed=6).encodings
    rows = np.tile(drawn, 2)[:, :dimensions] + np.float32(1.0)
    found, expected = pairs(rows, 5, index=True), by_sklearn(rows, 5)
    assert len(found & expected) > 0.85 * len(expected)


def test_without_the_package_all_are_compared(monkeypatch) -> None:
    rows = draw(300, seed=6).encodings
    monkeypatch.setattr(near_pairs, "FEW", 100)
    monkeypatch.setattr(near_pairs, "PACKAGE", "a_package_that_is_not_there")
    assert pairs(rows, 5) == by_sklearn(rows, 5)
