"""How well distances tell whether two sightings are one individual, where the truth is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import BadSetting
from toolkit.evaluation import intervals
from toolkit.grouping import neighbours
from toolkit.grouping.neighbours import Sightings

Distances = npt.NDArray[np.floating]
Same = npt.NDArray[np.bool_]
# Pairs whose distance is taken at a time, for the memory they take.


@dataclass(frozen=True)
class Pairs:
    """
    Pairs of sightings.

    Attributes
    ----------
    rows : numpy.ndarray
        Shape (m, 2), int64: rows of the encodings; pairs of one individual first.
    distances : numpy.ndarray
        Shape (m,), float64: Euclidean distance of the two.
    same : numpy.ndarray
        Shape (m,), bool: whether they are one individual.
    """

    rows: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float64]
    same: Same


@dataclass(frozen=True)
class FoldAccuracy:
    """
    Accuracy on pairs that had no part in choosing the threshold.

    Attributes
    ----------
    mean : float
        Of the folds' accuracies, 0 to 1.
    standard_error : float
        Of that mean: the folds' standard deviation (n - 1) over the root of their number.
    accuracies, thresholds : numpy.ndarray
        Shape (folds,), float64: what each fold scored, at which encoder distance.
    """

    mean: float
    standard_error: float
    accuracies: npt.NDArray[np.float64]
    thresholds: npt.NDArray[np.float64]


@dataclass(frozen=True)
class TrueAccept:
    """
    How many pairs of one individual are accepted where few others are.

    Attributes
    ----------
    rate : float
        Share of the pairs of one individual that are accepted, 0 to 1.
    low, high : float
        Wilson's interval of that share, as if the threshold had been given.
    threshold : float
        Encoder distance up to which a pair is accepted.
    false_accept : float
        Share of the other pairs that are accepted: what was asked for, or the next lower that
        these pairs can have.
    same, different : int
        Pairs of each kind.
    """

    rate: float
    low: float
    high: float
    threshold: float
    false_accept: float
    same: int
    different: int


def accuracy_at(distances: Distances, same: Same, threshold: float) -> float:
    """
    Return the share of pairs that a threshold gets right.

    Parameters
    ----------
    distances : numpy.ndarray
        Shape (m,): distance of the two sightings of each pair.
    same : numpy.ndarray
        Shape (m,), bool: whether they are one individual.
    threshold : float
        Largest distance at which a pair is taken for one individual, inclusive.

    Raises
    ------
    ValueError
        If the shapes differ, a distance is not finite, or there is no pair.
    """
    distances, same = checked_pairs(distances, same)
    return float(((distances <= threshold) == same).mean())


def best_accuracy(
    distances: Distances,
    same: Same,
    *,
    folds: int = 10,
    fold_of: npt.NDArray[np.integer] | None = None,
    seed: int = 0,
) -> FoldAccuracy:
    """
    Return the accuracy at a threshold that is chosen on other pairs, fold by fold.

    Each fold in turn is scored at the threshold that is best on all the others, as the LFW
    benchmark is reported (Huang et al. 2007). Thresholds lie half-way between neighbouring
    distances; of several that are equally good, the one in the middle is taken.

    Parameters
    ----------
    distances, same : numpy.ndarray
        As for `accuracy_at`.
    folds : int
        How many, at least 2; with `fold_of`, not used.
    fold_of : numpy.ndarray, optional
        Shape (m,): the fold of each pair. Give it where the pairs come with folds that have no
        individual in common; drawn folds share individuals, which flatters the accuracy a little.
    seed : int
        Of the drawing of folds: the pairs of either kind are dealt out evenly.

    Raises
    ------
    BadSetting
        If there are fewer than two folds, or fewer pairs than folds.
    ValueError
        As for `accuracy_at`, or if `fold_of` has another shape.
    """
    distances, same = checked_pairs(distances, same)
    if fold_of is None:
        if not 2 <= folds <= len(same):
            raise BadSetting(
                f"folds is {folds!r}; expected a whole number from 2 to the number of pairs, "
                f"{len(same)}"
            )
        random = np.random.default_rng(seed)
        shuffled = random.permutation(len(same))
        fold = np.empty(len(same), dtype=np.int64)
        fold[shuffled[np.argsort(same[shuffled], kind="stable")]] = np.arange(len(same)) % folds
    else:
        if np.shape(fold_of) != same.shape:
            raise ValueError(f"fold_of has shape {np.shape(fold_of)}; expected {same.shape}")
        fold = np.unique(np.asarray(fold_of), return_inverse=True)[1].astype(np.int64)
        folds = int(fold.max()) + 1
        if folds < 2:
            raise BadSetting("fold_of names one fold; expected at least 2")
    accuracies, thresholds = np.empty((2, folds))
    for number in range(folds):
        inside = fold == number
        thresholds[number] = _best_threshold(distances[~inside], same[~inside])
        accuracies[number] = accuracy_at(distances[inside], same[inside], thresholds[number])
    error = float(accuracies.std(ddof=1)) / math.sqrt(folds)
    return FoldAccuracy(float(accuracies.mean()), error, accuracies, thresholds)


def roc(distances: Distances, same: Same) -> pd.DataFrame:
    """
    Return what each threshold accepts, rightly and wrongly.

    Parameters
    ----------
    distances, same : numpy.ndarray
        As for `accuracy_at`; pairs of both kinds.

    Returns
    -------
    pandas.DataFrame
        One row a distance that occurs, in ascending order, after a first one that accepts nothing:
        threshold (accepted up to it, inclusive; -inf in the first row), false_accept (share of the
        pairs of two individuals that are accepted), true_accept (the same of one individual).

    Raises
    ------
    ValueError
        As for `accuracy_at`, or if the pairs are all of one kind.
    """
    distances, same = _of_both_kinds(distances, same)
    thresholds, right, wrong = _accepted(distances, same)
    return pd.DataFrame(
        {
            "threshold": thresholds,
            "false_accept": wrong / wrong[-1],
            "true_accept": right / right[-1],
        }
    )


def area_under_roc(distances: Distances, same: Same) -> float:
    """
    Return the chance that a pair of one individual is nearer than one of two; ties are half.

    Parameters
    ----------
    distances, same : numpy.ndarray
        As for `roc`.

    Raises
    ------
    ValueError
        As for `roc`.
    """
    from sklearn.metrics import roc_auc_score

    distances, same = _of_both_kinds(distances, same)
    return float(roc_auc_score(same, -distances))


def true_accept_at(
    distances: Distances, same: Same, *, false_accept: float = 0.01, level: float = 0.95
) -> TrueAccept:
    """
    Return the share of true pairs that is accepted where a given share of false ones is.

    The threshold is the largest distance in the table of `roc` that accepts no more false pairs
    than asked: nothing is interpolated, so the rate is one that a threshold really gives. Asking
    for less than one false pair in all gives the rate before the first one.

    The interval is Wilson's (1927) for the true pairs. It takes them for independent; pairs that
    share sightings are not, and the truth is then less certain than it says.

    Parameters
    ----------
    distances, same : numpy.ndarray
        As for `roc`.
    false_accept : float
        Largest share of the false pairs, at least 0 and below 1.
    level : float
        Of the interval, above 0 and below 1.

    Raises
    ------
    BadSetting
        If one of the shares cannot be used.
    ValueError
        As for `roc`.
    """
    if not 0 <= false_accept < 1:
        raise BadSetting(f"false_accept is {false_accept!r}; expected a share from 0 to below 1")
    table = roc(distances, same)
    row = table[table["false_accept"] <= false_accept].iloc[-1]
    true = int(np.sum(same))
    low, high = intervals.wilson(round(float(row["true_accept"]) * true), true, level=level)
    rate, threshold = float(row["true_accept"]), float(row["threshold"])
    return TrueAccept(
        rate, low, high, threshold, float(row["false_accept"]), true, len(same) - true
    )


def pairs_of(
    sightings: Sightings,
    truth: npt.NDArray[np.generic],
    *,
    limit: int = 10_000,
    seed: int = 0,
) -> Pairs:
    """
    Draw pairs of one individual and pairs of two from labelled sightings.

    Every pair of a kind is as likely as any other, and none is drawn twice; an individual with many
    sightings therefore has most of the pairs of the first kind (k sightings make k (k - 1) / 2).

    Parameters
    ----------
    sightings : Album, Distances or numpy.ndarray
        n sightings; see `toolkit.grouping.neighbours.of`.
    truth : numpy.ndarray
        Shape (n,), any dtype: the individual of each.
    limit : int
        Most pairs of each kind, at least 1; where there are no more, all are taken.
    seed : int
        Of the drawing.

    Returns
    -------
    Pairs
        Those of one individual, then those of two, either in the order of their rows.

    Raises
    ------
    BadSetting
        If the limit cannot be used.
    ValueError
        If the shapes do not fit.
    """
    known = neighbours.of(sightings)
    if len(known) != len(truth):
        raise ValueError(f"{len(known)} sightings and {len(truth)} truths; expected as many")
    if limit < 1:
        raise BadSetting(f"limit is {limit!r}; expected a whole number of pairs, 1 or more")
    random = np.random.default_rng(seed)
    individuals = pd.factorize(np.asarray(truth))[0]
    if (individuals < 0).any():
        raise ValueError("a truth is missing (None or NaN); leave such sightings out")
    # With the sightings of each individual side by side, a sighting makes pairs of one individual
    # with those that follow up to its individual's end, and pairs of two with those after that.
    order = np.argsort(individuals, kind="stable")
    end = np.cumsum(np.bincount(individuals))[individuals[order]] if len(order) else order
    after = np.arange(1, len(order) + 1)
    kinds = [
        _drawn(order, after, end - after, limit, random),
        _drawn(order, end, len(order) - end, limit, random),
    ]
    rows = np.concatenate(kinds)
    distances = known.of_pairs(*rows.T)
    return Pairs(rows, distances, np.arange(len(rows)) < len(kinds[0]))


def _drawn(
    order: npt.NDArray[np.int64],
    first: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    limit: int,
    random: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Draw pairs of place i and one of the `counts[i]` places from `first[i]` on; as rows."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    if total <= limit:
        chosen = np.arange(total)
    else:
        chosen = random.choice(total, size=limit, replace=False, shuffle=False)
    one = np.searchsorted(ends, chosen, side="right")
    other = first[one] + chosen - (ends[one] - counts[one])
    rows = np.sort(np.stack([order[one], order[other]], axis=1), axis=1)
    return rows[np.lexsort((rows[:, 1], rows[:, 0]))].astype(np.int64)


def checked_pairs(distances: Distances, same: Same) -> tuple[npt.NDArray[np.float64], Same]:
    """Return pairs' distances, shape (m,), as float64, and whether each is one; or `ValueError`."""
    apart, one = np.asarray(distances, dtype=np.float64), np.asarray(same)
    if apart.shape != one.shape or apart.ndim != 1 or not len(apart):
        raise ValueError(
            f"distances have shape {apart.shape} and same {one.shape}; expected (m,) twice, m > 0"
        )
    if one.dtype != np.bool_:
        raise ValueError(f"same is {one.dtype}; expected bool")
    if not np.isfinite(apart).all():
        raise ValueError("a distance is not finite")
    return apart, one


def _of_both_kinds(distances: Distances, same: Same) -> tuple[npt.NDArray[np.float64], Same]:
    distances, same = checked_pairs(distances, same)
    if same.all() or not same.any():
        raise ValueError(
            f"{int(same.sum())} of {len(same)} pairs are one individual; expected both kinds"
        )
    return distances, same


def _accepted(
    distances: npt.NDArray[np.float64], same: Same
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return thresholds, -inf first, and how many pairs of each kind each one accepts."""
    order = np.argsort(distances, kind="stable")
    apart = distances[order]
    right = np.concatenate([[0], np.cumsum(same[order])])
    wrong = np.arange(len(apart) + 1) - right
    last = np.concatenate([[True], apart[1:] != apart[:-1], [True]])
    return np.concatenate([[-math.inf], apart])[last], right[last], wrong[last]


def _best_threshold(distances: npt.NDArray[np.float64], same: Same) -> float:
    thresholds, right, wrong = _accepted(distances, same)
    correct = right + wrong[-1] - wrong
    best = np.flatnonzero(correct == correct.max())
    number = int(best[len(best) // 2])
    if number + 1 == len(thresholds):
        return float(thresholds[number])
    low, high = thresholds[number], thresholds[number + 1]
    middle = (low + high) / 2
    # Half-way to -inf is no distance, and half-way between two neighbouring floats is one of them.
    return float(middle if low < middle < high else np.nextafter(high, -math.inf))
