"""How often the nearest sighting is of the same individual: each sought among the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FIRST = 5


@dataclass(frozen=True)
class Retrieval:
    """
    What each sighting found when it was sought among all others, in means over the queries.

    Attributes
    ----------
    queries : int
        Sightings whose individual is there a second time.
    rank1, rank5 : float
        Share of the queries for which the nearest, or one of the five nearest, is the same
        individual, 0 to 1.
    mean_average_precision : float
        Mean of the precision at each that is the same individual, 0 to 1.
    """

    queries: int
    rank1: float
    rank5: float
    mean_average_precision: float


def leave_one_out(distances: npt.NDArray[np.floating], individuals: Sequence[str]) -> Retrieval:
    """
    Seek each sighting among all others.

    Of others that are as near, the wrong ones count as nearer.

    Parameters
    ----------
    distances : numpy.ndarray
        Shape (n, n): how far each is from each.
    individuals : sequence of str
        Who each is, n.
    """
    names = np.array([*individuals], dtype=object)
    found = []
    for row, name in enumerate(names):
        others = np.flatnonzero(np.arange(len(names)) != row)
        same = names[others] == name
        if not same.any():
            continue
        hits = same[np.lexsort((same, distances[row, others]))]
        precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        found.append((hits[0], hits[:FIRST].any(), precision[hits].mean()))
    return _means(found)


def by_chance(individuals: Sequence[str]) -> Retrieval:
    """Return what an order drawn at random is expected to find."""
    names = np.array([*individuals], dtype=object)
    others = len(names) - 1
    found = []
    for name in names:
        same = int((names == name).sum()) - 1
        if not same:
            continue
        places = np.arange(1, others + 1)
        # The chance that none of the first is the same, one after the other.
        first = np.arange(min(FIRST, others))
        none = np.prod(np.maximum(others - same - first, 0) / (others - first))
        each = 1 + (same - 1) * (places - 1) / max(others - 1, 1)
        found.append((same / others, 1 - none, float((each / places).sum()) / others))
    return _means(found)


def _means(found: list[tuple[float, float, float]]) -> Retrieval:
    if not found:
        return Retrieval(0, float("nan"), float("nan"), float("nan"))
    rank1, rank5, precision = np.mean(np.array(found, dtype=np.float64), axis=0).tolist()
    return Retrieval(len(found), rank1, rank5, precision)
