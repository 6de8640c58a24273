"""What holds a group together: the fewest pairs of its sightings that connect them all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.grouping import neighbours
from toolkit.grouping.links import Labels, Pairs
from toolkit.records import Album

# Why two are one: they look alike; what else is known of them says so; the user does.
ALIKE, KNOWN, DECIDED = "alike", "known", "decided"
# Sightings of a group that are looked at, so that the table of its pairs stays small.
MOST = 5000


def joins(album: Album, labels: Labels, must: Pairs, decided: Pairs) -> pd.DataFrame:
    """
    Return the pairs that hold each group together: what links it all, the surest first.

    Parameters
    ----------
    album : Album
        n sightings that were compared pair by pair.
    labels : numpy.ndarray
        Shape (n,), int64: the group of each, -1 for none.
    must : numpy.ndarray
        Shape (m, 2), int64: pairs that are one individual whatever they look like.
    decided : numpy.ndarray
        Those of them that the user decided.

    Returns
    -------
    pandas.DataFrame
        One row a pair, k - 1 for a group of k: group, first, second (rows of the album), why
        (`ALIKE`, `KNOWN` or `DECIDED`), distance (NaN where they say nothing of each other).
    """
    found: list[tuple[int, int, int, str, float]] = []
    distances = neighbours.of(album)
    telling = distances.telling()
    place = np.full(len(album), -1, dtype=np.int64)
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-2))
    for rows in np.split(order, starts[1:]):
        rows = rows[:MOST]
        if len(rows) < 2 or labels[rows[0]] < 0:
            continue
        away = distances.table(rows, rows)
        if telling is not None:
            away[~telling.table(rows, rows)] = np.inf
        place[:] = -1
        place[rows] = np.arange(len(rows))
        # What is certain goes before what looks alike: below every distance.
        cost = away.copy()
        for kind, pairs in ((-1.0, must), (-2.0, decided)):
            one, other = place[pairs].T
            inside = (one >= 0) & (other >= 0)
            cost[one[inside], other[inside]] = cost[other[inside], one[inside]] = kind
        group = int(labels[rows[0]])
        for one, other in _spanning(cost):
            why = {-1.0: KNOWN, -2.0: DECIDED}.get(float(cost[one, other]), ALIKE)
            told = float(away[one, other])
            first, second = sorted((int(rows[one]), int(rows[other])))
            found.append((group, first, second, why, told if np.isfinite(told) else np.nan))
    columns = ["group", "first", "second", "why", "distance"]
    kinds = {"group": "int64", "first": "int64", "second": "int64", "distance": "float64"}
    return pd.DataFrame(found, columns=columns).astype(kinds)


def _spanning(cost: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the cheapest pairs that connect all rows (Prim 1957); the first ones of equal cost."""
    inside = np.zeros(len(cost), dtype=np.bool_)
    inside[0] = True
    best, by = cost[0].copy(), np.zeros(len(cost), dtype=np.int64)
    pairs = []
    for _ in range(len(cost) - 1):
        free = np.flatnonzero(~inside)
        row = int(free[best[free].argmin()])
        pairs.append((int(by[row]), row))
        inside[row] = True
        nearer = cost[row] < best
        best[nearer], by[nearer] = cost[row][nearer], row
    return pairs
