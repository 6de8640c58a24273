import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from toolkit.calibration import Calibration
from toolkit.errors import BadSetting
from toolkit.grouping import linkage, thresholds

CALIBRATION = Calibration(slope=60.0, even=0.6)


def drawn(seed: int, individuals: int, each: int, spread: float = 0.035) -> tuple:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(individuals, 64)) * 0.09
    truth = np.repeat(np.arange(individuals), each)
    rows = centres[truth] + rng.normal(size=(len(truth), 64)) * spread
    return rows.astype(np.float32), truth


@given(st.floats(0, 2), st.floats(1, 1e5))
def test_the_odds_are_the_evidence_and_one_over_the_others(distance, others) -> None:
    evidence = 60 * (0.6 - distance)
    expected = expit(evidence + logit(1 / (1 + others)))
    assert CALIBRATION.probability(distance, others) == pytest.approx(expected, abs=1e-12)


@given(st.floats(1, 1e5))
def test_at_the_threshold_the_odds_are_even(others) -> None:
    assert CALIBRATION.probability(CALIBRATION.threshold(others), others) == pytest.approx(0.5)


def test_more_people_ask_for_a_smaller_distance() -> None:
    values = [CALIBRATION.threshold(others) for others in (0, 1, 10, 100, 1000)]
    assert values[0] == values[1] == 0.6
    assert (np.diff(values[1:]) < 0).all()
    assert CALIBRATION.threshold(1e300) > 0


@pytest.mark.parametrize(("slope", "even"), [(0, 0.5), (-1, 0.5), (5, 0), (np.inf, 1)])
def test_a_calibration_that_is_none_is_refused(slope, even) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Calibration(slope, even)


@given(seed=st.integers(0, 10_000))
def test_the_cut_makes_most_more_right_joins_than_wrong_ones(seed) -> None:
    rows, _ = drawn(seed, individuals=6, each=4, spread=0.05)
    tree = linkage.tree(rows)
    chosen = thresholds.of_tree(tree, CALIBRATION)
    right = CALIBRATION.probability(tree.height, tree.groups_before - 1)
    gains = [np.sum(2 * right[:joins] - 1) for joins in range(len(tree) + 1)]
    assert gains[tree.made_at(chosen.value)] == pytest.approx(max(gains))
    assert chosen.automatic


def test_people_who_are_apart_are_found_whatever_their_number() -> None:
    for individuals in (2, 5, 30, 200):
        rows, truth = drawn(1, individuals, each=4)
        tree = linkage.tree(rows)
        chosen = thresholds.of_tree(tree, CALIBRATION)
        labels = tree.cut(chosen.value).labels
        assert len(np.unique(labels)) == individuals
        assert len(set(zip(labels.tolist(), truth.tolist(), strict=True))) == individuals
        assert chosen.expected_wrong < 0.01


def test_a_larger_album_gets_a_lower_threshold() -> None:
    few, many = (
        thresholds.of_tree(linkage.tree(drawn(2, n, each=3)[0]), CALIBRATION) for n in (4, 300)
    )
    assert many.value < few.value
    assert "300 groups" in many.why


@pytest.mark.parametrize("count", [0, 1])
def test_none_and_one_have_a_threshold_too(count) -> None:
    chosen = thresholds.of_tree(linkage.tree(np.zeros((count, 8), np.float32)), CALIBRATION)
    assert chosen.value == pytest.approx(0.6)
    assert chosen.expected_wrong is None


def test_what_is_expected_to_be_wrong_grows_with_the_threshold() -> None:
    tree = linkage.tree(drawn(3, 20, each=3)[0])
    shares = [thresholds.given(value, tree, CALIBRATION).expected_wrong for value in (0.45, 0.6, 2)]
    assert shares == sorted(shares)
    assert shares[-1] > 0.2
    assert thresholds.given(0.01, tree, CALIBRATION).expected_wrong is None


@pytest.mark.parametrize("method", ["linked", "whispers", "dbscan", "hdbscan"])
def test_methods_that_join_pairs_count_every_face(method) -> None:
    rows, _ = drawn(4, 10, each=4)
    found, chosen = thresholds.of_method(rows, method, CALIBRATION)
    assert chosen.value == pytest.approx(0.6 - np.log(39) / 60)
    assert len(found.labels) == 40


def test_online_agrees_with_the_number_of_its_own_groups() -> None:
    rows, truth = drawn(5, 12, each=5)
    found, chosen = thresholds.of_method(rows, "online", CALIBRATION)
    assert len(found) == 12
    assert chosen.value == pytest.approx(0.6 - np.log(11) / 60)
    assert len(set(zip(found.labels.tolist(), truth.tolist(), strict=True))) == 12


def test_references_count_by_what_they_can_be_confused_with() -> None:
    nearest, blend, mean = (
        thresholds.of_references(8, 32, CALIBRATION, rule).value
        for rule in ("nearest", "blend", "mean")
    )
    assert nearest == pytest.approx(0.6 - np.log(32) / 60)
    assert blend == pytest.approx(0.6 - np.log(16) / 60)
    assert mean == pytest.approx(0.6 - np.log(8) / 60)
    assert thresholds.of_references(1, 1, CALIBRATION, "blend").value == pytest.approx(0.6)
    with pytest.raises(BadSetting, match="'median'; expected one of blend"):
        thresholds.of_references(8, 32, CALIBRATION, "median")
