from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from toolkit.errors import BadSetting
from toolkit.evaluation.verification import (
    accuracy_at,
    area_under_roc,
    best_accuracy,
    pairs_of,
    roc,
    true_accept_at,
)

# Few values, so that distances tie, also between the two kinds.
pairs = st.lists(
    st.tuples(st.sampled_from([0.1, 0.2, 0.3, 0.4, 0.5]), st.booleans()), min_size=2, max_size=60
).filter(lambda drawn: len({same for _, same in drawn}) == 2)

DISTANCES = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
SAME = np.array([True, True, False, True, False, False])


def arrays(drawn) -> tuple[np.ndarray, np.ndarray]:
    distances, same = zip(*drawn, strict=True)
    return np.array(distances), np.array(same)


def test_accuracy_worked_by_hand() -> None:
    # The threshold itself is accepted: at 0.4, three of one individual and one of two.
    assert accuracy_at(DISTANCES, SAME, 0.4) == pytest.approx(5 / 6)
    assert accuracy_at(DISTANCES, SAME, 0.25) == pytest.approx(5 / 6)
    assert accuracy_at(DISTANCES, SAME, 0.0) == pytest.approx(3 / 6)


@given(pairs)
def test_the_curve_is_scikit_learns(drawn) -> None:
    distances, same = arrays(drawn)
    table = roc(distances, same)
    wrong, right, scores = roc_curve(same, -distances, drop_intermediate=False)
    np.testing.assert_allclose(table["false_accept"], wrong)
    np.testing.assert_allclose(table["true_accept"], right)
    np.testing.assert_allclose(table["threshold"], -scores)


@given(pairs)
def test_the_area_is_the_chance_that_a_pair_of_one_is_nearer(drawn) -> None:
    distances, same = arrays(drawn)
    ones, twos = distances[same][:, None], distances[~same][None, :]
    expected = (ones < twos).mean() + (ones == twos).mean() / 2
    assert area_under_roc(distances, same) == pytest.approx(expected)


@given(pairs, st.floats(0, 0.99))
def test_the_rate_is_the_best_that_a_threshold_gives_within_the_limit(drawn, limit) -> None:
    distances, same = arrays(drawn)
    found = true_accept_at(distances, same, false_accept=limit)
    allowed = [
        (distances[same] <= threshold).mean()
        for threshold in [-1.0, *distances]
        if (distances[~same] <= threshold).mean() <= limit
    ]
    assert found.rate == pytest.approx(max(allowed))
    assert found.false_accept <= limit
    assert (distances[same] <= found.threshold).mean() == pytest.approx(found.rate)
    assert (distances[~same] <= found.threshold).mean() == pytest.approx(found.false_accept)
    assert found.low <= found.rate + 1e-12
    assert found.rate <= found.high + 1e-12
    assert (found.same, found.different) == (same.sum(), (~same).sum())


def test_a_true_accept_rate_worked_by_hand() -> None:
    strict = true_accept_at(DISTANCES, SAME, false_accept=0.01)
    assert (strict.rate, strict.threshold, strict.false_accept) == (pytest.approx(2 / 3), 0.2, 0)
    loose = true_accept_at(DISTANCES, SAME, false_accept=1 / 3)
    assert (loose.rate, loose.threshold) == (1.0, 0.4)


@given(pairs, st.integers(0, 5))
def test_each_fold_is_scored_at_the_best_threshold_of_the_others(drawn, seed) -> None:
    distances, same = arrays(drawn)
    fold_of = np.random.default_rng(seed).permutation(np.arange(len(same)) % 2)
    found = best_accuracy(distances, same, fold_of=fold_of)
    for fold in (0, 1):
        inside = fold_of == fold
        best = max(
            accuracy_at(distances[~inside], same[~inside], threshold)
            for threshold in [-1.0, *distances[~inside]]
        )
        chosen = found.thresholds[fold]
        assert accuracy_at(distances[~inside], same[~inside], chosen) == pytest.approx(best)
        assert found.accuracies[fold] == accuracy_at(distances[inside], same[inside], chosen)
    assert found.mean == pytest.approx(found.accuracies.mean())
    assert found.standard_error == pytest.approx(np.std(found.accuracies, ddof=1) / np.sqrt(2))


def test_a_threshold_is_not_chosen_on_the_fold_it_is_reported_on() -> None:
    # Each fold's best threshold is wrong for the other, whose distances are of another scale.
    distances = np.array([0.1, 0.2, 0.7, 0.8])
    same = np.array([True, False, True, False])
    found = best_accuracy(distances, same, fold_of=np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(found.thresholds, [0.75, 0.15])
    np.testing.assert_allclose(found.accuracies, [0.5, 0.5])


def test_thresholds_lie_half_way_and_in_the_middle_of_equals() -> None:
    distances = np.array([0.1, 0.2, 0.4, 0.9] * 2)
    same = np.array([True, True, False, False] * 2)
    found = best_accuracy(distances, same, fold_of=np.repeat([0, 1], 4))
    np.testing.assert_allclose(found.thresholds, [0.3, 0.3])
    assert found.mean == 1.0
    assert found.standard_error == 0.0


def test_drawn_folds_hold_either_kind_evenly_and_depend_on_the_seed() -> None:
    random = np.random.default_rng(0)
    same = np.arange(200) < 40
    distances = np.where(same, 0.5, 0.6) + random.normal(0, 0.1, 200)
    one, other = (best_accuracy(distances, same, seed=seed) for seed in (0, 1))
    again = best_accuracy(distances, same, seed=0)
    assert len(one.accuracies) == 10
    np.testing.assert_array_equal(one.accuracies, again.accuracies)
    assert not np.array_equal(one.accuracies, other.accuracies)
    # Only where each of ten folds has 4 and 16 pairs does "all are two" score 0.8 in each.
    flat = best_accuracy(np.ones(200), same)
    np.testing.assert_allclose(flat.accuracies, 0.8)


def test_pairs_that_cannot_be_told_apart_are_all_refused() -> None:
    found = best_accuracy(np.full(20, 0.5), np.arange(20) < 4, folds=2)
    assert (found.thresholds < 0.5).all()
    np.testing.assert_allclose(found.accuracies, 0.8)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: accuracy_at(DISTANCES, SAME[:2], 0.5), ValueError, "shape"),
        (lambda: accuracy_at(DISTANCES[:0], SAME[:0], 0.5), ValueError, "m > 0"),
        (lambda: accuracy_at(DISTANCES, SAME.astype(int), 0.5), ValueError, "expected bool"),
        (lambda: accuracy_at(DISTANCES * np.nan, SAME, 0.5), ValueError, "not finite"),
        (lambda: roc(DISTANCES, np.ones(6, bool)), ValueError, "6 of 6 pairs"),
        (lambda: roc(DISTANCES, np.zeros(6, bool)), ValueError, "0 of 6 pairs"),
        (lambda: true_accept_at(DISTANCES, SAME, false_accept=1), BadSetting, "false_accept"),
        (lambda: true_accept_at(DISTANCES, SAME, level=0), BadSetting, "level"),
        (lambda: best_accuracy(DISTANCES, SAME, folds=1), BadSetting, "folds is 1"),
        (lambda: best_accuracy(DISTANCES, SAME, folds=7), BadSetting, "number of pairs, 6"),
        (lambda: best_accuracy(DISTANCES, SAME, fold_of=np.zeros(6)), BadSetting, "one fold"),
        (lambda: best_accuracy(DISTANCES, SAME, fold_of=np.zeros(2)), ValueError, "fold_of"),
        (lambda: pairs_of(np.zeros((2, 3)), np.arange(3)), ValueError, "2 sightings"),
        (lambda: pairs_of(np.zeros((2, 3)), np.arange(2), limit=0), BadSetting, "limit is 0"),
        (lambda: pairs_of(np.zeros((1, 3)), np.array([None])), ValueError, "missing"),
    ],
)
def test_what_cannot_be_scored_is_refused(call, error, message) -> None:
    with pytest.raises(error, match=message):
        call()


@given(st.lists(st.integers(0, 5), max_size=25), st.integers(1, 40), st.integers(0, 3))
def test_pairs_are_drawn_once_with_the_right_kind_and_distance(truth, limit, seed) -> None:
    people = np.array(truth, dtype=np.int64)
    encodings = np.random.default_rng(0).normal(size=(len(people), 4)).astype(np.float32)
    drawn = pairs_of(encodings, people, limit=limit, seed=seed)
    every = list(combinations(range(len(people)), 2))
    same = [pair for pair in every if people[pair[0]] == people[pair[1]]]
    assert drawn.same.sum() == min(limit, len(same))
    assert (~drawn.same).sum() == min(limit, len(every) - len(same))
    rows = [tuple(pair) for pair in drawn.rows.tolist()]
    assert len(set(rows)) == len(rows)
    assert set(rows) <= set(every)
    for (one, other), distance, kind in zip(rows, drawn.distances, drawn.same, strict=True):
        assert kind == (people[one] == people[other])
        assert distance == pytest.approx(np.linalg.norm(encodings[one] - encodings[other]))


def test_every_pair_of_a_kind_is_as_likely() -> None:
    people = np.array([0, 0, 0, 1, 1, 2])
    encodings = np.zeros((6, 2), np.float32)
    counts: dict[tuple[int, ...], int] = {}
    for seed in range(2000):
        for pair in pairs_of(encodings, people, limit=1, seed=seed).rows.tolist():
            counts[tuple(pair)] = counts.get(tuple(pair), 0) + 1
    of_kind = {True: 4, False: 11}
    assert len(counts) == 15
    for (one, other), count in counts.items():
        expected = 2000 / of_kind[bool(people[one] == people[other])]
        assert abs(count - expected) < 5 * np.sqrt(expected)


def test_the_seed_decides_which_pairs_are_drawn() -> None:
    people, encodings = np.arange(100) // 10, np.zeros((100, 2), np.float32)
    one, again, other = (pairs_of(encodings, people, limit=20, seed=s).rows for s in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
