"""How far probabilities of pairs can be believed: what they say beside what is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Probabilities from which on pairs count: nearly all others are of two individuals, surely.
FROM = 0.05
SURE = 0.95
BINS = 10


@dataclass(frozen=True)
class Reliability:
    """
    What probabilities of pairs were worth.

    Attributes
    ----------
    pairs : int
        Pairs that the error is over: those more probable than `FROM`.
    error : float
        Expected calibration error of these pairs: in tenths of probability, how far the share that
        is one individual is from the mean probability, weighted by pairs; 0 to 1. NaN without any.
    expected : float
        Sum of all probabilities, as a share of the pairs that are one individual.
    sure, sure_right : int
        Pairs more probable than `SURE`, and those of them that are one individual.

    References
    ----------
    .. [1] C. Guo et al., On calibration of modern neural networks, 2017.
    """

    pairs: int
    error: float
    expected: float
    sure: int
    sure_right: int


def reliability(probability: npt.ArrayLike, same: npt.ArrayLike) -> Reliability:
    """
    Compare probabilities of pairs with what is.

    Parameters
    ----------
    probability : array_like
        That the two of each pair are one individual, 0 to 1.
    same : array_like of bool
        Whether they are.
    """
    chance = np.asarray(probability, dtype=np.float64)
    truth = np.asarray(same, dtype=np.bool_)
    some = chance > FROM
    bins = np.minimum((chance[some] * BINS).astype(np.int64), BINS - 1)
    off = np.bincount(bins, chance[some] - truth[some], BINS)
    count = int(some.sum())
    sure = chance > SURE
    true = int(truth.sum())
    return Reliability(
        count,
        float(np.abs(off).sum() / count) if count else float("nan"),
        float(chance.sum() / true) if true else float("nan"),
        int(sure.sum()),
        int((sure & truth).sum()),
    )


def probability_of(evidence: npt.ArrayLike, share: float) -> npt.NDArray[np.float64]:
    """Return the probability of each pair by its log-odds and the share that is one individual."""
    odds = np.asarray(evidence, dtype=np.float64) + np.log(share / (1 - share))
    found: npt.NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
    return found
