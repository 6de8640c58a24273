"""Intervals of shares, beside scipy's and beside their formulas."""

import math
import subprocess
import sys
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import beta, binomtest

from toolkit.errors import BadSetting
from toolkit.evaluation import intervals


@pytest.mark.parametrize(("count", "of"), [(0, 40), (3, 40), (40, 40), (1, 1), (250, 1000)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_intervals_of_whole_counts_are_scipys(count, of, level) -> None:
    expected = binomtest(count, of).proportion_ci(level, method="exact")
    assert intervals.exact(count, of, level=level) == pytest.approx((expected.low, expected.high))
    wilsons = binomtest(count, of).proportion_ci(level, method="wilson")
    assert intervals.wilson(count, of, level=level) == pytest.approx(
        (wilsons.low, wilsons.high), abs=1e-15
    )


def test_they_are_there_without_the_half_second_that_scipys_statistics_take() -> None:
    code = (
        "import sys; from toolkit.evaluation import intervals; intervals.exact(3, 40);"
        "intervals.wilson(3, 40); raise SystemExit('scipy.stats' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Pairs that say the same thing share a weight of 1.
weighed = st.integers(0, 180).map(lambda sixths: sixths / 6)


@given(weighed, weighed, st.sampled_from([0.8, 0.95, 0.99]))
@example(7 / 6, 1 / 6, 0.99)
def test_counts_need_not_be_whole(right, wrong, level) -> None:
    of = right + wrong
    low, high = intervals.exact(right, of, level=level)
    assert 0 <= low <= high <= 1
    if of < 1:
        assert (low, high) == (0.0, 1.0)
        return
    assert low <= right / of + 1e-12
    assert right / of <= high + 1e-12
    # What the ends say: a share so low, or so high, is as unlikely as the level allows.
    if right:
        assert beta.cdf(low, right, wrong + 1) == pytest.approx((1 - level) / 2)
    if wrong:
        # Near 1 the numbers that there are stand too far apart to say it exactly.
        apart = 8 * np.spacing(1.0)
        above, below = beta.sf([min(high + apart, 1.0), high - apart], right + 1, wrong)
        tail = (1 - level) / 2
        assert above * (1 - 1e-6) <= tail <= below * (1 + 1e-6)


def test_nothing_asked_tells_nothing() -> None:
    assert intervals.exact(0, 0) == (0.0, 1.0)
    assert intervals.wilson(0, 0) == (0.0, 1.0)


@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from([0.8, 0.95, 0.99]))
def test_wilsons_interval_is_that_of_his_formula(one, other, level) -> None:
    successes, trials = min(one, other), max(one, other, 1)
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / trials
    middle = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    low, high = ((middle + end) / (1 + z * z / trials) for end in (-half, half))
    found = intervals.wilson(successes, trials, level=level)
    assert found == pytest.approx((max(0.0, low), min(1.0, high)), abs=1e-12)


@pytest.mark.parametrize("level", [0, 1, -0.5, 95])
def test_a_level_that_is_none_is_refused(level) -> None:
    with pytest.raises(BadSetting, match="above 0 and below 1"):
        intervals.wilson(1, 2, level=level)
