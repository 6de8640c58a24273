import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.calibration import (
    PLAIN,
    SEEN_BEFORE,
    USUAL_SHARE,
    Calibration,
    Cohesion,
    Linkage,
    further,
    little_share,
)


@pytest.mark.parametrize("discount", [-0.1, 1.0, np.nan])
def test_a_discount_is_a_share(discount) -> None:
    with pytest.raises(ValueError, match="discount"):
        Linkage(discount)


def test_weights_are_numbers() -> None:
    with pytest.raises(ValueError, match="finite"):
        Cohesion(few=1.0, many=np.inf, size=0.0, start=0.0)


@given(st.floats(1e-4, 1e3))
def test_steps_are_round_and_lie_around_even(even) -> None:
    made = Calibration(slope=1.0, even=even)
    assert made.even / 20 <= made.unit * (1 + 1e-9)
    assert made.unit <= made.even / 2 * (1 + 1e-9)
    assert 0 < made.steps[0] <= 0.8 * even
    assert 0.9 * even < made.steps[-1] < 1.5 * even
    assert len(made.steps) <= 80
    np.testing.assert_allclose(np.diff(made.steps), made.unit / 5, rtol=1e-6)


def test_steps_of_faces_are_fiftieths() -> None:
    steps = Calibration(slope=70.0, even=0.583).steps
    assert steps == tuple(np.round(np.arange(0.30, 0.701, 0.02), 2).tolist())


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.001, 0.999))
def test_what_says_less_is_further_and_what_says_enough_is_not(one, other, share) -> None:
    low, high = sorted((one, other))
    away = further([low, high], 0.1, share)
    assert 0.1 >= away[0] >= away[1] >= 0
    assert further([np.nan, PLAIN], 0.1, USUAL_SHARE).tolist() == pytest.approx([0, 0])
    assert not further([low, high], 0.0, share).any()
    # In an album of good ones nothing is forgiven that a usual one would not.
    assert (away >= further([low, high], 0.1, USUAL_SHARE) - 1e-12).all()


def test_one_in_the_middle_loses_more_among_many_that_say_little() -> None:
    middle = 0.7
    among_good = further([middle] + [0.95] * 29, 0.1)[0]
    among_little = further([middle] + [0.2] * 29, 0.1)[0]
    assert among_good == 0
    assert among_little > 0.05


@given(st.lists(st.floats(0, 1), min_size=0, max_size=40))
def test_the_share_that_says_little_is_the_likeliest(worth) -> None:
    told = np.clip(np.array(worth, dtype=np.float64), 1e-9, 1 - 1e-9)
    shares = np.linspace(1e-4, 1 - 1e-4, 4001)
    # Each worth is as likely among those that say little as 1 - worth, among the others as worth.
    likely = np.log(np.outer(shares, 1 - told) + np.outer(1 - shares, told)).sum(axis=1)
    likely += SEEN_BEFORE * USUAL_SHARE * np.log(shares)
    likely += SEEN_BEFORE * (1 - USUAL_SHARE) * np.log(1 - shares)
    assert little_share(worth) == pytest.approx(shares[likely.argmax()], abs=3e-4)


def test_of_nothing_seen_the_share_is_usual() -> None:
    assert little_share([]) == pytest.approx(USUAL_SHARE, abs=1e-6)


def test_what_is_lost_is_no_gain() -> None:
    with pytest.raises(ValueError, match="lost"):
        Linkage(lost=-1.0)
