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
# Keeps weights finite where the pairs of one individual are told from all others without a mistake.
RIDGE = 0.005


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
    from scipy.optimize import minimize
    from scipy.special import expit

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
    signs = np.where(labels, 1.0, -1.0)

    def cost(model: Floats) -> tuple[float, Floats]:
        margin = signs * (model[0] + rows @ model[1:])
        slope = -weights * signs * expit(-margin)
        value = float(weights @ np.logaddexp(0.0, -margin)) + RIDGE * float(model @ model)
        return value, np.concatenate([[slope.sum()], rows.T @ slope]) + 2 * RIDGE * model

    # What two have in common never speaks against them.
    count = rows.shape[1]
    bounds = [(None, None), *[(0.0, None)] * count]
    best = minimize(cost, np.zeros(count + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    # How many are one individual is a matter of the album, and no evidence.
    share = np.average(labels, weights=weights)
    start = float(best[0]) - float(np.log(share / (1 - share)))
    found = best[1:].tolist()
    return PatternCalibration(start, tuple(found[: count // 2]), tuple(found[count // 2 :]), of)


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


# On 502 photos of 84 nyala, either flank for itself.
FITTED = PatternCalibration(-0.796, (0.0, 0.880), (0.635, 0.187), "nyala")
