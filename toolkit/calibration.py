"""What a distance says about two sightings being one individual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cohesion:
    """
    Weights of what tells a group of one individual from one of two.

    The log-odds are the sum of each feature (`toolkit.grouping.uncertainty.evidence`) times its
    weight, the first two also times the calibration's slope, and `start`.

    Attributes
    ----------
    few, many : float
        How much nearer the two sides of a group are to each other than to the few next groups, and
        to the many next ones, which says how crowded the place is.
    size : float
        Natural logarithm of the larger side.
    start : float
        What the log-odds are without all that.
    """

    few: float
    many: float
    size: float
    start: float

    def __post_init__(self) -> None:
        if not np.isfinite([self.few, self.many, self.size, self.start]).all():
            raise ValueError(f"weights must be finite; got {self}")


@dataclass(frozen=True)
class Spread:
    """
    How far from each other the sightings of one individual usually are, as shares of `even`.

    In an album where they are farther, hard photos, a larger distance still is one individual;
    where they are nearer, a smaller one already is two.

    Attributes
    ----------
    low, high : float
        Between these two, the mean distance within an individual is usual, and moves nothing.
    most : float
        By how much `even` is moved at most, either way.
    few : float
        How many groups say as much as the calibration does: with so many, `even` is moved by half.
    """

    low: float
    high: float
    most: float
    few: float

    def __post_init__(self) -> None:
        if not (0 < self.low <= self.high < np.inf and 0 <= self.most < 1 and self.few >= 0):
            raise ValueError(
                f"expected 0 < low <= high, 0 <= most < 1 and few of 0 or more; got {self}"
            )


@dataclass(frozen=True)
class Linkage:
    """
    What was fitted of how groups of sightings count, for one encoder or matcher.

    Attributes
    ----------
    discount : float
        How much nearer, as a share, two groups without end count than two single sightings; see
        `toolkit.grouping.linkage.tree`. 0 where nothing was fitted.
    cohesion : Cohesion or None
        What tells a group of one from one of two; None where nothing was fitted: then the
        calibration alone says it.
    spread : Spread or None
        How far those of one individual usually are from each other; None where nothing was fitted:
        then every album is taken for a usual one.
    lost : float
        How much further two sightings that say nothing count, in encoder distance; of those that
        say little, nearly as much; see `further`. 0 where nothing was fitted.
    """

    discount: float = 0.0
    cohesion: Cohesion | None = None
    spread: Spread | None = None
    lost: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.lost < np.inf:
            raise ValueError(f"lost must be 0 or more; got {self.lost}")
        if not 0 <= self.discount < 1:
            raise ValueError(f"discount must be 0 up to, not including, 1; got {self.discount}")


# A sighting of this worth or more loses nothing in a usual album, in which so many say little; that
# is what is believed before any is seen, as firmly as if so many had been.
PLAIN, USUAL_SHARE, SEEN_BEFORE = 0.5, 0.05, 4.0
# By how much of what the album's share adds to the log-odds of saying little they are moved: it is
# known by the same worths.
FOLLOWED = 0.5
# The share is halved in so often.
_HALVED = 30


def little_share(worth: npt.ArrayLike) -> float:
    """
    Return how large a share of an album's sightings say little, by the worth of all of them.

    The likeliest share, above 0 and below 1. Worths are from a model that saw as many that say
    little as others, so that what each says of the share are its odds.

    Parameters
    ----------
    worth : array_like
        Shape (n,), as for `further`.

    References
    ----------
    .. [1] M. Saerens, P. Latinne, C. Decaestecker, Adjusting the outputs of a classifier to new a
       priori probabilities, 2002.
    """
    more = np.expm1(_log_odds(worth))
    little, rest = SEEN_BEFORE * USUAL_SHARE, SEEN_BEFORE * (1 - USUAL_SHARE)
    low, high = 0.0, 1.0
    for _ in range(_HALVED):
        share = (low + high) / 2
        if (more / (1 + share * more)).sum() + little / share > rest / (1 - share):
            low = share
        else:
            high = share
    return (low + high) / 2


def further(worth: npt.ArrayLike, lost: float, share: float | None = None) -> Floats:
    """
    Return by how much further sightings count from others that are worth no more.

    What says little is alike: strangers in masks, or blurred, are near each other, but no nearer to
    those who are seen well. So the evidence of a pair is less by the better of the two. Where more
    of an album say little than usual, one in the middle is likelier to be another of them, and
    loses more than it would elsewhere; where fewer do, none loses less.

    Parameters
    ----------
    worth : array_like
        Shape (n,), 0 to 1: how likely each says as much as one in plain sight; NaN for unknown,
        which counts as that.
    lost : float
        Encoder distance that one which says nothing loses; one whose log-odds of saying little are
        a unit above those of `PLAIN` loses all but 1 / e of it.
    share : float, optional
        How large a share of the album's sightings say little; by default `little_share` of these.
    """
    common = little_share(worth) if share is None else share
    unusual = np.log(common / (1 - common)) - np.log(USUAL_SHARE / (1 - USUAL_SHARE))
    doubt = _log_odds(worth) - _log_odds(PLAIN) + FOLLOWED * max(unusual, 0.0)
    result: Floats = -lost * np.expm1(-np.maximum(doubt, 0.0))
    return result


def _log_odds(worth: npt.ArrayLike) -> Floats:
    """Return the log-odds of saying little."""
    told = np.asarray(worth, dtype=np.float64)
    told = np.clip(np.where(np.isnan(told), 1.0, told), 1e-9, 1.0 - 1e-9)
    return np.log(1.0 - told) - np.log(told)


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

    @property
    def unit(self) -> float:
        """A round distance, 1, 0.1, 0.01 ..., between a twentieth of `even` and half of it."""
        return float(10.0 ** np.floor(np.log10(self.even / 2)))

    @property
    def steps(self) -> tuple[float, ...]:
        """Round distances, a fifth of `unit` apart, from about half of `even` to a fifth beyond."""
        low, high = round(0.52 * self.even / self.unit), round(1.2 * self.even / self.unit)
        # Tenths of the unit are whole, so that each distance is the nearest to what is written.
        tenth = 10 / self.unit
        return tuple(k / tenth for k in range(10 * low, 10 * high + 1, 2))
