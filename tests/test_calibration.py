import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.calibration import PLAIN, Calibration, Cohesion, Linkage, further


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


@given(st.floats(0, 1), st.floats(0, 1))
def test_what_says_less_is_further_and_what_says_enough_is_not(one, other) -> None:
    low, high = sorted((one, other))
    away = further([low, high, np.nan, PLAIN], 0.1)
    assert away[0] >= away[1] >= 0
    assert away[2:].tolist() == pytest.approx([0, 0])
    assert away.max() <= 0.6 + 1e-9
    assert not further([low, high], 0.0).any()


def test_what_is_lost_is_no_gain() -> None:
    with pytest.raises(ValueError, match="lost"):
        Linkage(lost=-1.0)
