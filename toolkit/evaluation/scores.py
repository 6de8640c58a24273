"""How good a grouping is: where the truth is known, and (`audit`) where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import BadSetting
from toolkit.evaluation.audit import audit as audit

INTERVALS = (
    "pairwise_precision",
    "pairwise_recall",
    "pairwise_f",
    "bcubed_precision",
    "bcubed_recall",
    "bcubed_f",
    "adjusted_rand",
)
# Draws of the bootstrap that are worked on at a time, for the memory they take.
CHUNK = 100


@dataclass(frozen=True)
class GroupingScores:
    """
    A grouping compared with the truth. All but the counts are from 0 to 1; 1 is right.

    Attributes
    ----------
    pairwise_precision, pairwise_recall, pairwise_f : float
        Of the pairs that the grouping puts together, the share that is one individual; of the pairs
        that are one individual, the share put together; their harmonic mean.
    bcubed_precision, bcubed_recall, bcubed_f : float
        The same, averaged over sightings (Bagga and Baldwin 1998), so that a large individual does
        not outweigh many small ones.
    adjusted_rand : float
        Agreement beyond chance (Hubert and Arabie 1985); 0 is chance, and it can be negative.
    groups, individuals : int
        How many were found, and how many there are.
    """

    pairwise_precision: float
    pairwise_recall: float
    pairwise_f: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f: float
    adjusted_rand: float
    groups: int
    individuals: int


@dataclass(frozen=True)
class Cells:
    """
    How many sightings each group has of each individual, where it has any; ordered by group.

    `group`, `individual` and `count` have shape (m,); `of_group` and `of_individual` are the sizes.
    Groups and individuals are numbered in the order in which the rows name them.
    """

    group: npt.NDArray[np.int64]
    individual: npt.NDArray[np.int64]
    count: npt.NDArray[np.float64]
    of_group: npt.NDArray[np.float64]
    of_individual: npt.NDArray[np.float64]


def count_cells(truth: npt.NDArray[np.generic], labels: npt.NDArray[np.generic]) -> Cells:
    """Count the sightings that each group has of each individual; `ValueError` if none do."""
    if len(truth) != len(labels) or not len(labels):
        raise ValueError(f"{len(truth)} truths and {len(labels)} labels; expected as many, above 0")
    true = pd.factorize(np.asarray(truth))[0].astype(np.int64)
    found = pd.factorize(np.asarray(labels))[0].astype(np.int64)
    if min(true.min(), found.min()) < 0:
        raise ValueError("a truth or a label is missing (None or NaN); leave such sightings out")
    individuals = int(true.max()) + 1
    keys, count = np.unique(found * individuals + true, return_counts=True)
    return Cells(
        keys // individuals,
        keys % individuals,
        count.astype(np.float64),
        np.bincount(found).astype(np.float64),
        np.bincount(true).astype(np.float64),
    )


def score_grouping(truth: npt.NDArray[np.generic], labels: npt.NDArray[np.int64]) -> GroupingScores:
    """
    Compare a grouping with the truth.

    Where nothing is put together, precision is 1: no pair is wrong. Where no individual has two
    sightings, pairwise recall is 1.

    Parameters
    ----------
    truth : numpy.ndarray
        Shape (n,), any dtype: the individual of each sighting.
    labels : numpy.ndarray
        Shape (n,), int64: the group of each sighting.

    Raises
    ------
    ValueError
        If the shapes differ, one is missing (None, NaN), or there is nothing to compare.
    """
    cells = count_cells(truth, labels)
    both, total = cells.count, cells.of_individual.sum()
    together, of_true = _pairs(both), _pairs(cells.of_individual)
    of_found, every = _pairs(cells.of_group), _pairs(np.array([total]))
    precision, recall = _share(together, of_found), _share(together, of_true)
    bcubed_precision = (both * both / cells.of_group[cells.group]).sum() / total
    bcubed_recall = (both * both / cells.of_individual[cells.individual]).sum() / total
    return GroupingScores(
        pairwise_precision=float(precision),
        pairwise_recall=float(recall),
        pairwise_f=float(_harmonic(precision, recall)),
        bcubed_precision=float(bcubed_precision),
        bcubed_recall=float(bcubed_recall),
        bcubed_f=float(_harmonic(bcubed_precision, bcubed_recall)),
        adjusted_rand=float(_adjusted_rand(together, of_true, of_found, every)),
        groups=len(cells.of_group),
        individuals=len(cells.of_individual),
    )


def trivial_answers(
    labels: npt.NDArray[np.int64], name: str = "this grouping"
) -> dict[str, npt.NDArray[np.int64]]:
    """Return a grouping and the two answers that need no look at a photo, by what they are."""
    return {
        name: labels,
        "all in one group": np.zeros(len(labels), dtype=np.int64),
        "each alone": np.arange(len(labels), dtype=np.int64),
    }


def with_trivial(
    truth: npt.NDArray[np.generic],
    labels: npt.NDArray[np.int64],
    name: str = "this grouping",
    *,
    intervals: Sequence[str] = (),
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """
    Return the scores of a grouping beside those of the two answers that need no look at a photo.

    Parameters
    ----------
    truth, labels : numpy.ndarray
        As for `score_grouping`.
    name : str
        What to call the grouping.
    intervals : sequence of str
        Scores that get an interval, in the columns ``<score>_low`` and ``<score>_high``.
    level, draws, seed
        As for `interval`.

    Returns
    -------
    pandas.DataFrame
        Three rows: the grouping, everything in one group, each sighting alone.
    """
    rows = {}
    for key, answer in trivial_answers(labels, name).items():
        rows[key] = asdict(score_grouping(truth, answer))
        for score in intervals:
            low, high = interval(truth, answer, score=score, level=level, draws=draws, seed=seed)
            rows[key] |= {f"{score}_low": low, f"{score}_high": high}
    return pd.DataFrame(rows).T


def interval(
    truth: npt.NDArray[np.generic],
    labels: npt.NDArray[np.int64],
    *,
    score: str = "bcubed_f",
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """
    Say how far a score could be from this one had other individuals been photographed.

    Whole individuals are drawn with replacement, as many as there are, and the score is taken of
    each draw; the interval is what lies between the outer quantiles of those scores (Efron 1979,
    the percentile bootstrap). Single sightings are not drawn: those of one individual succeed or
    fail together, and taking them for independent makes the interval too narrow.

    Copies of a drawn individual count as different individuals who never met: no pair of two
    copies is looked at, so that a group is not called mixed for holding an individual twice. With
    w[p] the copies of individual p and c[g, p] its sightings in group g, a pairwise score counts
    each of p's own pairs w[p] times and each pair of p and q in one group w[p] w[q] times. B-cubed
    recall counts each individual's own share w[p] times. B-cubed precision is not linear in w: a
    group without the drawn-out intruder would be too pure on average, and the interval would lie
    above the score. It is therefore taken to first order, each individual weighing in with the
    precision of its own sightings less what it takes from others': c[g, q] / size[g] of the
    precision of every sighting of another individual in its groups.

    The grouping is held fixed; that it would have come out otherwise among others is not in the
    interval. Nor is a mistake that was never made: a perfect score has an interval of no width,
    and with fewer than some 20 individuals every interval is too narrow.

    Parameters
    ----------
    truth, labels : numpy.ndarray
        As for `score_grouping`.
    score : str
        An attribute of `GroupingScores` that is no count.
    level : float
        Share of the draws inside the interval, above 0 and below 1.
    draws : int
        How many, at least 1; 1,000 give two good digits.
    seed : int
        Of the draws.

    Returns
    -------
    (float, float)
        Lower and upper end; NaN where there are fewer than two individuals, who tell nothing.

    Raises
    ------
    BadSetting
        If there is no such score, or the level or the number of draws cannot be used.
    """
    if score not in INTERVALS:
        raise BadSetting(f"score is {score!r}; expected one of {', '.join(INTERVALS)}")
    if not 0 < level < 1:
        raise BadSetting(f"level is {level!r}; expected a number above 0 and below 1, such as 0.95")
    if draws < 1:
        raise BadSetting(f"draws is {draws!r}; expected a whole number, 1 or more")
    cells = count_cells(truth, labels)
    individuals = len(cells.of_individual)
    if individuals < 2:
        return float("nan"), float("nan")
    random = np.random.default_rng(seed)
    scores = []
    for start in range(0, draws, CHUNK):
        rows = min(CHUNK, draws - start)
        drawn = (
            random.integers(individuals, size=(rows, individuals))
            + individuals * np.arange(rows)[:, None]
        )
        weights = np.bincount(drawn.ravel(), minlength=rows * individuals).reshape(
            rows, individuals
        )
        scores.append(_drawn_scores(cells, weights.astype(np.float64), score))
    low, high = np.quantile(np.concatenate(scores), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _drawn_scores(
    cells: Cells, weights: npt.NDArray[np.float64], score: str
) -> npt.NDArray[np.float64]:
    """Score draws; `weights` of shape (draws, individuals) says how often each is in each draw."""
    count, individual = cells.count, cells.individual
    if score.startswith("bcubed"):
        total = weights @ cells.of_individual
        own, harm = _shares_of_precision(cells)
        precision = np.clip((harm.sum() + weights @ (own - harm)) / total, 0, 1)
        kept = np.bincount(individual, count * count / cells.of_individual[individual])
        recall = (weights @ kept) / total
    else:
        together = weights @ np.bincount(individual, count * (count - 1) / 2)
        in_cell = weights[:, individual] * count
        in_group = np.add.reduceat(in_cell, np.unique(cells.group, return_index=True)[1], axis=1)
        mixed = ((in_group**2).sum(axis=1) - (in_cell**2).sum(axis=1)) / 2
        of_true = weights @ (cells.of_individual * (cells.of_individual - 1) / 2)
        if score == "adjusted_rand":
            in_individual = weights * cells.of_individual
            others = (in_individual.sum(axis=1) ** 2 - (in_individual**2).sum(axis=1)) / 2
            return _adjusted_rand(together, of_true, together + mixed, of_true + others)
        precision, recall = _share(together, together + mixed), _share(together, of_true)
    by_name = {"precision": precision, "recall": recall, "f": _harmonic(precision, recall)}
    return by_name[score.rpartition("_")[2]]


def _shares_of_precision(
    cells: Cells,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return, for each individual, the B-cubed precision that its sightings have, and cost."""
    size = cells.of_group[cells.group]
    square = cells.count * cells.count
    others = np.bincount(cells.group, square)[cells.group] - square
    own = np.bincount(cells.individual, square / size).astype(np.float64)
    return own, np.bincount(cells.individual, others * cells.count / size**2).astype(np.float64)


def _pairs(sizes: npt.NDArray[np.float64]) -> float:
    return float((sizes * (sizes - 1) / 2).sum())


def _adjusted_rand(together: Any, of_true: Any, of_found: Any, every: Any) -> Any:
    """(pairs in both - expected) / (mean of the two counts - expected); 1 where that is 0 / 0."""
    expected = of_true * of_found / np.maximum(every, 1)
    mean = (of_true + of_found) / 2
    return _share(together - expected, mean - expected)


def _share(part: Any, whole: Any) -> Any:
    """Part / whole, numbers or arrays of them; 1 where the whole is 0."""
    return np.where(whole == 0, 1.0, part / np.where(whole == 0, 1, whole))


def _harmonic(one: Any, other: Any) -> Any:
    return 2 * one * other / np.where(one + other == 0, 1, one + other)
