"""How often a grouping is wrong, by questions whose answer is known: two seen in one photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from toolkit.evaluation import intervals
from toolkit.grouping.linkage import Tree
from toolkit.grouping.links import Labels, Pairs


class Rates(NamedTuple):
    """
    What pairs seen in one photo say about a threshold.

    Attributes
    ----------
    threshold : float
        Encoder distance.
    pairs : float
        Pairs of groups seen in one photo: what was asked. Below 1, nothing was measured: the shares
        are nan, or their intervals 0 to 1.
    near, false_match, match_low, match_high : float
        How many of them are within the threshold, the share (0 to 1) and its interval.
    joined, false_merge, merge_low, merge_high : float
        The same of those put into one group by a grouping that does not know which sightings
        share a photo. Counts need not be whole: see `once_each`.
    """

    threshold: float
    pairs: float
    near: float
    false_match: float
    match_low: float
    match_high: float
    joined: float
    false_merge: float
    merge_low: float
    merge_high: float


@dataclass(frozen=True, eq=False)
class Asked:
    """
    Pairs of sightings that are two individuals, and what answers them at any threshold.

    Attributes
    ----------
    inside : numpy.ndarray
        Shape (m, 2), int64: pairs of sightings that share a photo.
    away : numpy.ndarray
        Shape (m,), float64: encoder distance of each.
    weights : numpy.ndarray
        Shape (m,), float64: what each counts.
    free : Tree
        Joins that do not know which sightings share a photo.
    """

    inside: Pairs
    away: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    free: Tree

    def at(self, threshold: float, *, level: float = 0.95) -> Rates:
        """
        Return how often a threshold is wrong.

        Parameters
        ----------
        threshold : float
            Encoder distance, inclusive.
        level : float
            Of the intervals, between 0 and 1; see `toolkit.evaluation.intervals.exact`.
        """
        labels = self.free.labels_after(self.free.made_at(threshold))
        together = labels[self.inside[:, 0]] == labels[self.inside[:, 1]]
        # Six sixths are 1, not a little less.
        asked, near, joined = (
            round(float(self.weights[which].sum()), 9)
            for which in (
                np.ones(len(self.inside), dtype=np.bool_),
                self.away <= threshold,
                together,
            )
        )
        match, merge = (
            (count, count / asked if asked else np.nan, *intervals.exact(count, asked, level=level))
            for count in (near, joined)
        )
        return Rates(float(threshold), asked, *match, *merge)


def once_each(labels: Labels, inside: Pairs) -> npt.NDArray[np.float64]:
    """
    Weight pairs so that all pairs of the same two groups weigh 1 together.

    Parameters
    ----------
    labels : numpy.ndarray
        Shape (n,), int64: the group of each sighting.
    inside : numpy.ndarray
        Shape (m, 2), int64: pairs of sightings.

    Returns
    -------
    numpy.ndarray
        Shape (m,), float64, above 0 up to 1.
    """
    ends = np.sort(labels[inside], axis=1)
    _, which, counts = np.unique(ends, axis=0, return_inverse=True, return_counts=True)
    weights: npt.NDArray[np.float64] = 1.0 / counts[which.reshape(-1)]
    return weights


def same_pairs(pairs: Pairs, others: Pairs) -> bool:
    """Tell whether these are the same pairs of sightings, in whatever order."""
    one, other = (np.unique(np.sort(each, axis=1), axis=0) for each in (pairs, others))
    return np.array_equal(one, other)


def written(count: float) -> str:
    """Return a count in print, with a decimal only where it is not whole."""
    return f"{count:,.0f}" if float(count).is_integer() else f"{count:,.1f}"
