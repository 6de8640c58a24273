"""What matched marks say about two animals being one, as it was fitted on known individuals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from toolkit.errors import BadSetting
from toolkit.records import PairScores

Floats = npt.NDArray[np.float64]

# Distances lie from 0, surely one, to this, surely two; the evidence is even half-way.
FARTHEST = 2.0
EVEN, SLOPE = 1.0, 10.0


# Marks in common beyond which more say nothing more, and what counts as one.
ENOUGH, UNIT = 40.0, 10.0
# Deviation that is there even where all values are alike.
LEAST_DEVIATION = 0.1


@dataclass(frozen=True)
class PatternCalibration:
    """
    A logistic model of the scores of a pair.

    The evidence that two sightings are one individual is `start` and, for each score, tens of marks
    in common times its weight, and how far that is above what the two have with others, in standard
    deviations, times the other weight.

    Attributes
    ----------
    start : float
        Log-odds without all that, at even odds before.
    weights : tuple of float
        Of each score.
    stands_out : tuple of float
        Of how far each stands out among those of the same sightings.
    fitted_on : str
        The animals.
    """

    start: float
    weights: tuple[float, ...]
    stands_out: tuple[float, ...]
    fitted_on: str
    slope: ClassVar[float] = SLOPE
    even: ClassVar[float] = EVEN

    def evidence(self, found: PairScores) -> Floats:
        """Return the log-odds of each pair at even odds before; shape (p,)."""
        result: Floats = self.start + features_of(found) @ np.array(self.weights + self.stands_out)
        return result

    def distances(self, found: PairScores) -> npt.NDArray[np.float32]:
        """Return how far the two of each pair are from each other, 0 to `FARTHEST`."""
        away = self.even - self.evidence(found) / self.slope
        return np.clip(away, 0.0, FARTHEST).astype(np.float32)


def fit(parts: Sequence[tuple[PairScores, npt.NDArray[np.bool_]]], of: str) -> PatternCalibration:
    """
    Fit the model on pairs of known individuals.

    Parameters
    ----------
    parts : sequence of (PairScores, numpy.ndarray)
        Albums: their pairs, and whether the two of each are one individual, shape (p,). Each album
        counts as much as every other.
    of : str
        The animals, for `PatternCalibration.fitted_on`.

    Raises
    ------
    BadSetting
        If an album has no pair of one individual, or none of two.

    References
    ----------
    .. [1] J. Platt, Probabilistic outputs for support vector machines, 1999.
    """
    from sklearn.linear_model import LogisticRegression

    for _, same in parts:
        if same.all() or not same.any():
            raise BadSetting(
                "there must be pairs of one individual and of two to calibrate with; expected two "
                "or more individuals, one of them in two photos or more"
            )
    rows = np.concatenate([features_of(found) for found, _ in parts])
    labels = np.concatenate([same for _, same in parts])
    weights = np.concatenate([np.full(len(same), 1 / len(same)) for _, same in parts])
    weights *= len(labels) / len(parts)
    model = LogisticRegression(C=100.0, max_iter=2000).fit(rows, labels, weights)
    # How many are one individual is a matter of the album, and no evidence.
    share = np.average(labels, weights=weights)
    start = float(model.intercept_[0]) - float(np.log(share / (1 - share)))
    found = model.coef_[0].tolist()
    half = len(found) // 2
    return PatternCalibration(start, tuple(found[:half]), tuple(found[half:]), of)


def features_of(found: PairScores) -> Floats:
    """
    Return what the model takes of each pair.

    Parameters
    ----------
    found : PairScores
        p pairs with c scores.

    Returns
    -------
    numpy.ndarray
        Shape (p, 2 c): each score in tens, up to `ENOUGH`; then how many standard deviations each
        is above the mean of the pairs of either of the two, the mean of both.
    """
    tens = np.minimum(found.values.astype(np.float64), ENOUGH) / UNIT
    n, m = found.shape
    if found.within:
        # Either may be the one that is asked about.
        standing = _standing(
            np.concatenate([tens, tens]), np.concatenate([found.first, found.second]), n
        )
        ours, theirs = standing[: len(tens)], standing[len(tens) :]
    else:
        ours, theirs = _standing(tens, found.first, n), _standing(tens, found.second, m)
    return np.concatenate([tens, (ours + theirs) / 2], axis=1)


def _standing(values: Floats, ends: npt.NDArray[np.int64], count: int) -> Floats:
    """Return how far each value is from the mean of those with the same end, in deviations."""
    several = np.maximum(np.bincount(ends, minlength=count), 1)
    found = np.empty_like(values)
    for column in range(values.shape[1]):
        own = values[:, column]
        mean = np.bincount(ends, own, count) / several
        square = np.bincount(ends, own**2, count) / several
        deviation = np.sqrt(np.maximum(square - mean**2, 0.0) + LEAST_DEVIATION**2)
        found[:, column] = (own - mean[ends]) / deviation[ends]
    return found


FITTED = PatternCalibration(-4.0, (1.0, 0.3), (0.5, 0.2), "nyala and cows")
