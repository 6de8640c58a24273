"""What matched marks say about two animals being one, as it was fitted on known individuals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolkit.records import PairScores

Floats = npt.NDArray[np.float64]

# Distances lie from 0, surely one, to this, surely two; the evidence is even half-way.
FARTHEST = 2.0
EVEN, SLOPE = 1.0, 10.0


@dataclass(frozen=True)
class PatternCalibration:
    """
    A logistic model of the scores of a pair.

    The evidence that two sightings are one individual is `start` and, for each score, ``log1p`` of
    it times its weight, and how far that is above what the two have with others, in standard
    deviations, times the other weight. A distance is what lacks to `farthest` certainty.

    Attributes
    ----------
    start : float
        Log-odds without all that, at even odds before.
    weights : tuple of float
        Of the logarithm of each score.
    stands_out : tuple of float
        Of how far each stands out among those of the same sightings.
    fitted_on : str
        The animals.
    """

    start: float
    weights: tuple[float, ...]
    stands_out: tuple[float, ...]
    fitted_on: str
    slope: float = SLOPE
    even: float = EVEN

    def evidence(self, found: PairScores) -> Floats:
        """Return the log-odds of each pair at even odds before; shape (p,)."""
        logs, standing = features_of(found)
        result: Floats = (
            self.start + logs @ np.array(self.weights) + standing @ np.array(self.stands_out)
        )
        return result

    def distances(self, found: PairScores) -> npt.NDArray[np.float32]:
        """Return how far the two of each pair are from each other, 0 to `FARTHEST`."""
        away = self.even - self.evidence(found) / self.slope
        return np.clip(away, 0.0, FARTHEST).astype(np.float32)


def features_of(found: PairScores) -> tuple[Floats, Floats]:
    """
    Return what a model of pairs takes.

    Parameters
    ----------
    found : PairScores
        p pairs with c scores.

    Returns
    -------
    (numpy.ndarray, numpy.ndarray)
        Shape (p, c): the logarithm of each score and 1; and how many standard deviations that is
        above the mean of the pairs of either of the two, the mean of both.
    """
    logs = np.log1p(found.values.astype(np.float64))
    n, m = found.shape
    if found.within:
        # Either may be the one that is asked about.
        ends = np.concatenate([found.first, found.second])
        both = np.concatenate([logs, logs])
        standing = _standing(both, ends, n)
        half = len(logs)
        return logs, (standing[:half] + standing[half:]) / 2
    ours, theirs = _standing(logs, found.first, n), _standing(logs, found.second, m)
    return logs, (ours + theirs) / 2


def _standing(values: Floats, ends: npt.NDArray[np.int64], count: int) -> Floats:
    """Return how far each value is from the mean of those with the same end, in deviations."""
    several = np.bincount(ends, minlength=count).astype(np.float64)
    found = np.empty_like(values)
    for column in range(values.shape[1]):
        own = values[:, column]
        mean = np.bincount(ends, own, count) / np.maximum(several, 1)
        square = np.bincount(ends, own**2, count) / np.maximum(several, 1)
        # One that has few to be compared with stands out little.
        deviation = np.sqrt(np.maximum(square - mean**2, 0.0) + LEAST_DEVIATION**2)
        found[:, column] = (own - mean[ends]) / deviation[ends]
    return found


# Deviation that is there even where all values are alike.
LEAST_DEVIATION = 0.1

# Set by the fit: see docs/measurements.md.
FITTED = PatternCalibration(-4.0, (1.0, 0.3), (0.5, 0.2), "nyala and cows")
