"""Probabilities beside what is: against a plain count by tenths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.evaluation.reliability import probability_of, reliability

PAIRS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


@given(PAIRS)
def test_it_is_what_a_count_by_tenths_gives(pairs) -> None:
    found = reliability([p for p, _ in pairs], [same for _, same in pairs])
    rest = [(p, same) for p, same in pairs if p > 0.05]
    off = 0.0
    for tenth in range(10):
        own = [(p, same) for p, same in rest if min(int(p * 10), 9) == tenth]
        if own:
            mean, share = np.mean([p for p, _ in own]), np.mean([same for _, same in own])
            off += abs(mean - share) * len(own) / len(rest)
    assert found.pairs == len(rest)
    assert found.error == pytest.approx(off, nan_ok=True) if rest else np.isnan(found.error)
    assert found.sure == sum(p > 0.95 for p, _ in pairs)
    assert found.sure_right == sum(p > 0.95 and same for p, same in pairs)
    true = sum(same for _, same in pairs)
    if true:
        assert found.expected == pytest.approx(sum(p for p, _ in pairs) / true)


def test_evidence_and_the_odds_before_make_a_probability() -> None:
    assert probability_of([0.0, np.log(4)], 0.2) == pytest.approx([0.2, 0.5])
    assert probability_of([-2000, 2000], 0.2) == pytest.approx([0, 1])


def test_what_says_how_often_it_is_so_has_no_error() -> None:
    rng = np.random.default_rng(0)
    chance = rng.uniform(0, 1, 200_000)
    right = reliability(chance, rng.uniform(0, 1, 200_000) < chance)
    assert right.error < 0.01
    assert right.expected == pytest.approx(1, abs=0.01)
    assert right.sure_right / right.sure == pytest.approx(0.975, abs=0.01)
    bold = reliability(np.sqrt(chance), rng.uniform(0, 1, 200_000) < chance)
    assert bold.error > 0.1
