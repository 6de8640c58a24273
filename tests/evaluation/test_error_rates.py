"""How often a threshold is wrong, by pairs that are two individuals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.evaluation import intervals
from toolkit.evaluation.error_rates import Asked, once_each, same_pairs, written
from toolkit.grouping import linkage


def pairs(*rows) -> np.ndarray:
    return np.array(rows, np.int64).reshape(-1, 2)


def asked(places, inside, weights=None) -> Asked:
    places = np.array(places, np.float32)[:, None]
    away = np.abs(places[inside[:, 0], 0] - places[inside[:, 1], 0]).astype(np.float64)
    weights = np.ones(len(inside)) if weights is None else np.array(weights)
    return Asked(inside, away, weights, linkage.tree(places))


def test_near_and_joined_pairs_are_counted_at_each_threshold() -> None:
    # Two pairs that share a photo: 1 apart, and 10 apart.
    found = asked([0, 1, 20, 30], pairs((0, 1), (2, 3)))
    below, at, all_one = found.at(0.99), found.at(1.0), found.at(1000.0)
    assert (below.pairs, below.near, below.joined) == (2, 0, 0)
    assert (at.near, at.joined) == (1, 1)
    assert (at.false_match, at.false_merge) == (0.5, 0.5)
    assert (at.match_low, at.match_high) == intervals.exact(1, 2)
    assert (all_one.near, all_one.joined) == (2, 2)
    narrow = found.at(1.0, level=0.5)
    assert at.merge_low < narrow.merge_low < narrow.merge_high < at.merge_high


def test_what_weighs_less_counts_less_and_sixths_make_a_whole() -> None:
    inside = pairs(*[(0, 1)] * 6)
    rates = asked([0, 1], inside, [1 / 6] * 6).at(1.0)
    assert (rates.pairs, rates.near, rates.joined) == (1.0, 1.0, 1.0)
    assert rates.false_match == 1.0


def test_where_nothing_was_asked_nothing_is_said() -> None:
    rates = asked([0, 1], pairs()).at(1.0)
    assert rates.pairs == 0
    assert np.isnan([rates.false_match, rates.false_merge]).all()
    assert (rates.match_low, rates.match_high) == (0, 1)


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=20))
def test_all_pairs_of_the_same_two_groups_weigh_one_together(drawn) -> None:
    labels, inside = np.array([0, 0, 1, 1, 1, 2, 3, 3]), pairs(*drawn)
    weights = once_each(labels, inside)
    together: dict[frozenset, float] = {}
    for (one, other), weight in zip(inside.tolist(), weights, strict=True):
        ends = frozenset((labels[one], labels[other]))
        together[ends] = together.get(ends, 0.0) + weight
    assert list(together.values()) == pytest.approx([1.0] * len(together))


def test_the_same_pairs_may_be_in_any_order() -> None:
    assert same_pairs(pairs((0, 1), (2, 3)), pairs((3, 2), (0, 1), (1, 0)))
    assert not same_pairs(pairs((0, 1)), pairs((0, 2)))
    assert not same_pairs(pairs((0, 1)), pairs())


def test_only_what_is_not_whole_has_a_decimal() -> None:
    assert [written(count) for count in (0, 3.0, 2.5, 1234.0, 1234.56)] == [
        "0",
        "3",
        "2.5",
        "1,234",
        "1,234.6",
    ]
