"""How good a grouping is, where the truth is known."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd


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
        If the shapes differ, or there is nothing to compare.
    """
    if len(truth) != len(labels) or not len(labels):
        raise ValueError(f"{len(truth)} truths and {len(labels)} labels; expected as many, above 0")
    true = pd.factorize(np.asarray(truth))[0]
    found = pd.factorize(np.asarray(labels))[0]
    cells = pd.DataFrame({"true": true, "found": found}).value_counts(sort=False)
    both = cells.to_numpy().astype(np.float64)
    of_true = np.bincount(true)[cells.index.get_level_values("true")].astype(np.float64)
    of_found = np.bincount(found)[cells.index.get_level_values("found")].astype(np.float64)
    together = _pairs(both)
    precision = _share(together, _pairs(np.bincount(found).astype(np.float64)))
    recall = _share(together, _pairs(np.bincount(true).astype(np.float64)))
    bcubed_precision = float((both * both / of_found).sum() / len(labels))
    bcubed_recall = float((both * both / of_true).sum() / len(labels))
    return GroupingScores(
        pairwise_precision=precision,
        pairwise_recall=recall,
        pairwise_f=_harmonic(precision, recall),
        bcubed_precision=bcubed_precision,
        bcubed_recall=bcubed_recall,
        bcubed_f=_harmonic(bcubed_precision, bcubed_recall),
        adjusted_rand=_adjusted_rand(together, true, found),
        groups=int(found.max()) + 1,
        individuals=int(true.max()) + 1,
    )


def with_trivial(
    truth: npt.NDArray[np.generic], labels: npt.NDArray[np.int64], name: str = "this grouping"
) -> pd.DataFrame:
    """
    Return the scores of a grouping beside those of the two answers that need no look at a photo.

    Parameters
    ----------
    truth, labels : numpy.ndarray
        As for `score_grouping`.
    name : str
        What to call the grouping.

    Returns
    -------
    pandas.DataFrame
        Three rows: the grouping, everything in one group, each sighting alone.
    """
    count = len(labels)
    answers = {
        name: labels,
        "all in one group": np.zeros(count, dtype=np.int64),
        "each alone": np.arange(count, dtype=np.int64),
    }
    return pd.DataFrame(
        {key: asdict(score_grouping(truth, answer)) for key, answer in answers.items()}
    ).T


def _pairs(sizes: npt.NDArray[np.float64]) -> float:
    return float((sizes * (sizes - 1) / 2).sum())


def _adjusted_rand(
    together: float, true: npt.NDArray[np.int64], found: npt.NDArray[np.int64]
) -> float:
    """(pairs in both - expected) / (mean of the two counts - expected); 1 where that is 0 / 0."""
    of_true = _pairs(np.bincount(true).astype(np.float64))
    of_found = _pairs(np.bincount(found).astype(np.float64))
    every = _pairs(np.array([len(true)], dtype=np.float64))
    expected = of_true * of_found / every if every else 0.0
    mean = (of_true + of_found) / 2
    return (together - expected) / (mean - expected) if mean != expected else 1.0


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0
