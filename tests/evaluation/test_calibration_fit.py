"""A calibration fitted to labelled distances, beside scikit-learn's logistic regression."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from toolkit.calibration import Calibration
from toolkit.errors import BadSetting, SightingsError
from toolkit.evaluation import calibration_fit


def drawn(seed: int = 0, ones: int = 80, twos: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Draw distances of two kinds that overlap."""
    rng = np.random.default_rng(seed)
    distances = np.concatenate([rng.normal(0.45, 0.08, ones), rng.normal(0.75, 0.09, twos)])
    return distances, np.arange(ones + twos) < ones


def reference(distances: np.ndarray, same: np.ndarray) -> tuple[float, float]:
    """Weight and intercept by scikit-learn; a target between 0 and 1 is two weighted rows."""
    ones, twos = same.sum(), (~same).sum()
    target = np.where(same, (ones + 1) / (ones + 2), 1 / (twos + 2))
    model = LogisticRegression(C=1e12, tol=1e-12, max_iter=10_000, solver="newton-cg")
    rows = np.concatenate([distances, distances])[:, None]
    kinds = np.repeat([True, False], len(same))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newton-cg says that it cannot get any nearer
        model.fit(rows, kinds, sample_weight=np.concatenate([target, 1 - target]))
    return float(model.coef_[0, 0]), float(model.intercept_[0])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("ones", "twos"), [(80, 400), (500, 500), (300, 20)])
def test_is_scikit_learns_logistic_regression_less_the_odds_before(seed, ones, twos):
    distances, same = drawn(seed, ones, twos)
    weight, intercept = reference(distances, same)
    found = calibration_fit.fit(distances, same)
    assert found.slope == pytest.approx(-weight, rel=1e-4)
    # What scikit-learn's intercept holds of the share of one individual is taken out of it.
    assert found.slope * found.even == pytest.approx(intercept - np.log(ones / twos), rel=1e-4)


@pytest.mark.parametrize("others", [0.2, 1.0, 50.0])
def test_one_number_of_others_moves_the_intercept_alone(others):
    distances, same = drawn()
    weight, intercept = reference(distances, same)
    found = calibration_fit.fit(distances, same, others=others)
    assert found.slope == pytest.approx(-weight, rel=1e-4)
    assert found.slope * found.even == pytest.approx(intercept + np.log(others), rel=1e-4)


def test_with_others_of_its_own_for_each_pair_no_other_calibration_fits_better():
    distances, same = drawn()
    others = np.random.default_rng(1).uniform(1, 500, len(same))
    found = calibration_fit.fit(distances, same, others=others)
    target = np.where(same, 81 / 82, 1 / 402)

    def entropy(slope, even):
        odds = Calibration(slope, even).log_odds(distances, others)
        return float((np.logaddexp(0, odds) - target * odds).sum())

    best = entropy(found.slope, found.even)
    for slope in (0.999, 1.001):
        assert entropy(found.slope * slope, found.even) > best
    for even in (0.9995, 1.0005):
        assert entropy(found.slope, found.even * even) > best


@pytest.mark.parametrize("others", [1.0, 10.0, 200.0])
def test_finds_the_calibration_that_the_pairs_were_drawn_by(others):
    rng = np.random.default_rng(3)
    true = Calibration(slope=40.0, even=0.6)
    distances = rng.uniform(0.2, 1.0, 200_000)
    same = rng.random(len(distances)) < true.probability(distances, others)
    found = calibration_fit.fit(distances, same, others=others)
    assert found.slope == pytest.approx(true.slope, rel=0.05)
    assert found.even == pytest.approx(true.even, rel=0.01)
    # Leaving out pairs of two individuals changes the odds before looking, and nothing else.
    kept = same | (rng.random(len(same)) < 0.1)
    fewer = calibration_fit.fit(distances[kept], same[kept], others=others / 10)
    assert fewer.slope == pytest.approx(true.slope, rel=0.05)
    assert fewer.even == pytest.approx(true.even, rel=0.01)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.integers(5, 60), st.integers(5, 60))
def test_a_change_of_unit_changes_the_unit_alone(seed, unit, ones, twos):
    distances, same = drawn(seed, ones, twos)
    assume(distances.min() > 0)
    one, other = calibration_fit.fit(distances, same), calibration_fit.fit(distances * unit, same)
    assert other.slope * unit == pytest.approx(one.slope, rel=1e-3)
    assert other.even == pytest.approx(one.even * unit, rel=1e-3)


def test_kinds_that_do_not_overlap_give_a_calibration_all_the_same():
    distances, same = np.array([0.2, 0.3, 0.8, 0.9, 1.0]), np.array([True, True, *[False] * 3])
    found = calibration_fit.fit(distances, same)
    assert 0.3 < found.even < 0.8
    # More pairs of the kind make it surer.
    more = calibration_fit.fit(np.repeat(distances, 50), np.repeat(same, 50))
    assert more.slope > found.slope


@pytest.mark.parametrize("same", [[True, True], [False, False]])
def test_one_kind_of_pairs_is_refused(same):
    with pytest.raises(SightingsError, match="both kinds"):
        calibration_fit.fit(np.array([0.2, 0.3]), np.array(same))
    with pytest.raises(SightingsError, match="both kinds"):
        calibration_fit.cost(Calibration(1.0, 1.0), np.array([0.2, 0.3]), np.array(same))


def test_pairs_of_one_individual_that_are_farther_are_refused():
    with pytest.raises(SightingsError, match="no nearer"):
        calibration_fit.fit(np.array([0.8, 0.9, 0.2, 0.3]), np.array([True, True, False, False]))
    with pytest.raises(SightingsError, match="no nearer"):
        calibration_fit.fit(np.full(4, 0.5), np.array([True, True, False, False]))


@pytest.mark.parametrize("others", [0.0, -1.0, np.inf, np.nan, [1.0, 0.0, 2.0, 3.0]])
def test_others_that_are_no_odds_are_refused(others):
    with pytest.raises(BadSetting, match="others"):
        calibration_fit.fit(*drawn(0, 2, 2), others=others)


@pytest.mark.parametrize(
    ("distances", "same"),
    [
        (np.zeros(0), np.zeros(0, dtype=bool)),
        (np.zeros(3), np.zeros(2, dtype=bool)),
        (np.zeros((2, 2)), np.zeros((2, 2), dtype=bool)),
        (np.zeros(2), np.array([0, 1])),
        (np.array([0.1, np.nan]), np.array([True, False])),
    ],
)
def test_what_are_no_pairs_is_refused(distances, same):
    with pytest.raises(ValueError):
        calibration_fit.fit(distances, same)
    with pytest.raises(ValueError):
        calibration_fit.cost(Calibration(1.0, 1.0), distances, same)


def test_the_cost_is_the_one_worked_out_by_hand():
    # Log-odds ln 3, 0 for the pairs of one individual, and -ln 7 for that of two.
    calibration = Calibration(slope=1.0, even=5.0)
    distances = 5.0 - np.array([np.log(3), 0.0, -np.log(7)])
    same = np.array([True, True, False])
    ones, twos = (np.log2(4 / 3) + 1) / 2, np.log2(8 / 7)
    assert calibration_fit.cost(calibration, distances, same) == pytest.approx((ones + twos) / 2)


def test_the_cost_of_evidence_that_says_nothing_is_one_bit_and_the_fit_costs_least():
    distances, same = drawn(5, 400, 400)
    assert calibration_fit.cost(Calibration(1e-9, 0.6), distances, same) == pytest.approx(1.0)
    found = calibration_fit.fit(distances, same)
    best = calibration_fit.cost(found, distances, same)
    assert 0 < best < 0.2
    for slope, even in ((0.7, 1), (1.5, 1), (1, 0.97), (1, 1.03)):
        changed = Calibration(found.slope * slope, found.even * even)
        assert calibration_fit.cost(changed, distances, same) > best
