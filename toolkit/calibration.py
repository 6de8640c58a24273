"""What a distance says about two sightings being one individual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """
    A logistic model of an encoder's distances.

    The log-odds that two sightings (or groups, by their linkage distance) are one individual are
    ``slope * (even - distance) - log(others)``: the first part is the evidence, and ``1 / others``
    the odds before looking, where any of `others` individuals could have been so near by accident.
    That is why one distance means less in a large album than in a small one.

    Attributes
    ----------
    slope : float
        Log-odds per unit of encoder distance, above 0.
    even : float
        Distance at which two sightings are as likely one individual as two, were there no others.

    References
    ----------
    .. [1] J. Platt, Probabilistic outputs for support vector machines, 1999, for a logistic model
       of a score.
    .. [2] N. Brummer, J. du Preez, Application-independent evaluation of speaker detection, 2006,
       for evidence and prior kept apart.
    """

    slope: float
    even: float

    def __post_init__(self) -> None:
        if not (0 < self.slope < np.inf and 0 < self.even < np.inf):
            raise ValueError(f"slope and even must be above 0; got {self.slope} and {self.even}")

    def log_odds(self, distance: npt.ArrayLike, others: npt.ArrayLike = 1.0) -> Floats:
        """
        Return the log-odds that this is one individual.

        Parameters
        ----------
        distance : array_like
            Encoder distances.
        others : array_like
            How many individuals could be so near by accident; below 1 counts as 1.
        """
        among = np.maximum(np.asarray(others, dtype=np.float64), 1.0)
        evidence = self.slope * (self.even - np.asarray(distance, dtype=np.float64))
        result: Floats = evidence - np.log(among)
        return result

    def probability(self, distance: npt.ArrayLike, others: npt.ArrayLike = 1.0) -> Floats:
        """Return the probability that this is one individual, 0 to 1; parameters as `log_odds`."""
        odds = np.clip(self.log_odds(distance, others), -500, 500)
        result: Floats = 1.0 / (1.0 + np.exp(-odds))
        return result

    def threshold(self, others: float = 1.0) -> float:
        """Return the distance at which the odds are even, never below a tenth of `even`."""
        away = self.even - float(np.log(max(others, 1.0))) / self.slope
        return max(away, self.even / 10)
