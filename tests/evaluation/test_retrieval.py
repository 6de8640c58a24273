"""Seeking each known one among the rest, compared with scikit-learn and with chance itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from toolkit.evaluation.retrieval import by_chance, leave_one_out

names = st.lists(st.sampled_from("abcd"), min_size=2, max_size=14)


def table(seed: int, count: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).random((count, count))
    return drawn + drawn.T


@given(names, st.integers(0, 1000))
def test_the_figures_are_those_of_other_tools(who, seed) -> None:
    away = table(seed, len(who))
    found = leave_one_out(away, who)
    precisions, first, five = [], [], []
    for row, name in enumerate(who):
        rest = [k for k in range(len(who)) if k != row]
        same = [who[k] == name for k in rest]
        if any(same):
            precisions.append(average_precision_score(same, -away[row, rest]))
            order = sorted(rest, key=lambda k: away[row, k])
            first.append(who[order[0]] == name)
            five.append(name in [who[k] for k in order[:5]])
    assert found.queries == len(precisions)
    if precisions:
        assert found.mean_average_precision == pytest.approx(np.mean(precisions))
        assert found.rank1 == pytest.approx(np.mean(first))
        assert found.rank5 == pytest.approx(np.mean(five))


@pytest.mark.parametrize("who", ["aabbc", "aaabbbbccd", "aaaaaaab", "aa"])
def test_chance_is_what_many_draws_find(who) -> None:
    expected = by_chance(who)
    drawn = [leave_one_out(table(seed, len(who)), who) for seed in range(3000)]
    for name in ("rank1", "rank5", "mean_average_precision"):
        mean = np.mean([getattr(each, name) for each in drawn])
        assert mean == pytest.approx(getattr(expected, name), abs=0.02)
    assert expected.queries == drawn[0].queries


def test_of_two_as_near_the_wrong_one_counts_as_nearer() -> None:
    found = leave_one_out(np.ones((4, 4)), "aabb")
    assert found.rank1 == 0


def test_who_is_there_once_is_no_query() -> None:
    found = leave_one_out(table(0, 3), "abc")
    assert found.queries == 0
    assert np.isnan(found.rank1)
