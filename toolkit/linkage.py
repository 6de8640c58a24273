"""Average linkage: the whole tree of joins, from which any threshold's groups are read at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.links import Labels, Pairs, by_size, components, require_consistent
from toolkit.neighbours import Encodings
from toolkit.records import Clustering

# How much nearer, as a share, two groups without end count than two single sightings. Chosen on one
# half of the people of Labeled Faces in the Wild: README, "How the defaults were chosen".
DISCOUNT = 0.06

_BLOCK = 512


@dataclass(frozen=True)
class Tree:
    """
    Joins of groups, nearest first, until all are one or nothing may be joined any more.

    Attributes
    ----------
    count : int
        Sightings, n.
    must : numpy.ndarray
        Shape (n,), int64: sightings with one number were one group from the start.
    first, second : numpy.ndarray
        Shape (m,), int64: a sighting of each of the two groups that join m brings together, `first`
        of the larger one.
    height : numpy.ndarray
        Shape (m,), float64, never falling: the threshold from which on the join is made, in encoder
        distance.
    sizes : numpy.ndarray
        Shape (m, 2), int64: sightings in the two groups.
    runner_up : numpy.ndarray
        Shape (m,), float64: how near the next best group was to either of the two; infinite where
        there was none.
    """

    count: int
    must: Labels
    first: Labels
    second: Labels
    height: npt.NDArray[np.float64]
    sizes: Labels
    runner_up: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.height)

    @property
    def groups_before(self) -> Labels:
        """Shape (m,), int64: how many groups there were before each join."""
        return self.start - np.arange(len(self), dtype=np.int64)

    @property
    def start(self) -> int:
        """How many groups there are before the first join."""
        return int(self.must.max()) + 1 if self.count else 0

    @property
    def merges(self) -> pd.DataFrame:
        """One row a join: first, second, height, size_first, size_second, runner_up, groups."""
        return pd.DataFrame(
            {
                "first": self.first,
                "second": self.second,
                "height": self.height,
                "size_first": self.sizes[:, 0],
                "size_second": self.sizes[:, 1],
                "runner_up": self.runner_up,
                "groups_before": self.groups_before,
            }
        )

    def made_at(self, threshold: float) -> int:
        """Return how many joins a threshold makes."""
        return int(np.searchsorted(self.height, threshold, side="right"))

    def labels_after(self, joins: int) -> Labels:
        """Return the groups after so many joins; shape (n,), int64, the largest group is 0."""
        if not self.count:
            return np.zeros(0, dtype=np.int64)
        pairs = np.stack([self.first[:joins], self.second[:joins]], axis=1)
        return by_size(_together(self.must, pairs))

    def cut(self, threshold: float) -> Clustering:
        """
        Return the groups of a threshold.

        Parameters
        ----------
        threshold : float
            Encoder distance, inclusive. A lower one only splits groups.
        """
        return Clustering(self.labels_after(self.made_at(threshold)), "average", threshold)


def tree(
    encodings: Encodings,
    *,
    must_link: Pairs | None = None,
    cannot_link: Pairs | None = None,
    discount: float = DISCOUNT,
) -> Tree:
    """
    Join the two nearest groups, over and over.

    The distance of two groups is the mean Euclidean distance of their sightings (UPGMA, Sokal and
    Michener 1958), times ``1 - discount * (1 - 1 / sqrt(m))`` for each of the two, m being its
    size: the mean over many sightings is surer than that over few, and may reach further.

    Time and memory grow with the square of the number of sightings: 7,000 take 3 s and 0.3 GB.

    Parameters
    ----------
    encodings : numpy.ndarray
        Shape (n, d), float32.
    must_link, cannot_link : numpy.ndarray, optional
        Shape (m, 2), int64: pairs of rows that are, or are never, one individual.
    discount : float
        0 up to, not including, 1. With 0 the joins are those of scipy's average linkage.

    Returns
    -------
    Tree
        The joins. They do not depend on the order of the rows, but where rows that are equal in
        every number are not equal in their links.

    Raises
    ------
    BadSetting
        If a chain of must-links joins a cannot-link pair.
    """
    count = len(encodings)
    none = np.zeros((0, 2), dtype=np.int64)
    must = components(count, none if must_link is None else must_link)
    cannot = none if cannot_link is None else np.asarray(cannot_link, dtype=np.int64)
    require_consistent(must, cannot)
    if not count:
        return _as_tree(must, np.zeros(0, dtype=np.int64), [])
    # Rows in an order of their own, must-linked ones side by side, so that theirs cannot matter.
    order = np.lexsort(encodings.T[::-1])
    rank = np.full(int(must.max()) + 1, count)
    np.minimum.at(rank, must[order], np.arange(count))
    order = order[np.argsort(rank[must[order]], kind="stable")]
    place = np.empty(count, dtype=np.int64)
    place[order] = np.arange(count)
    starts = np.flatnonzero(np.diff(must[order], prepend=-1))
    sizes = np.diff(starts, append=count)
    table = _distances(encodings[order])
    table[place[cannot[:, 0]], place[cannot[:, 1]]] = np.inf
    table[place[cannot[:, 1]], place[cannot[:, 0]]] = np.inf
    table = _means(table, starts, sizes)
    np.fill_diagonal(table, np.inf)
    return _as_tree(must, order[starts], _joins(table, sizes, discount))


def reach(sizes: npt.ArrayLike, discount: float = DISCOUNT) -> npt.NDArray[np.float64]:
    """Return the factor by which the distance to a group of each of these sizes counts."""
    return 1.0 - discount * (1.0 - np.asarray(sizes, dtype=np.float64) ** -0.5)


def between(
    encodings: Encodings, labels: Labels, *, discount: float = DISCOUNT
) -> npt.NDArray[np.float32]:
    """
    Return the linkage distance of every two groups.

    Parameters
    ----------
    encodings : numpy.ndarray
        Shape (n, d), float32.
    labels : numpy.ndarray
        Shape (n,), int64: the group of each.
    discount : float
        As for `tree`.

    Returns
    -------
    numpy.ndarray
        Shape (g, g), float32, groups in the order of their numbers; infinite on the diagonal.
    """
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=labels.min(initial=0) - 1))
    sizes = np.diff(starts, append=len(order))
    table = _means(_distances(encodings[order]), starts, sizes)
    factor = reach(sizes, discount).astype(np.float32)
    table *= factor
    table *= factor[:, None]
    np.fill_diagonal(table, np.inf)
    return table


def _means(
    table: npt.NDArray[np.float32], starts: Labels, sizes: Labels
) -> npt.NDArray[np.float32]:
    """Average a table over groups of neighbouring rows and columns."""
    if len(starts) == len(table):
        return table
    table = np.add.reduceat(np.add.reduceat(table, starts, axis=0), starts, axis=1)
    table /= sizes[:, None]
    table /= sizes
    return table


def _as_tree(
    must: Labels, rows: Labels, joins: list[tuple[int, int, float, int, int, float]]
) -> Tree:
    """Put joins of groups, named by their place in `rows`, into a tree of sightings."""
    first, second, height, larger, smaller, runner_up = (
        zip(*joins, strict=True) if joins else [[]] * 6
    )
    return Tree(
        count=len(must),
        must=must,
        first=rows[np.array(first, dtype=np.int64)],
        second=rows[np.array(second, dtype=np.int64)],
        # Where the discount lets a join be nearer than the one it waited for, it is made with it.
        height=np.maximum.accumulate(np.array(height, dtype=np.float64)),
        sizes=np.array([larger, smaller], dtype=np.int64).T.reshape(-1, 2),
        runner_up=np.array(runner_up, dtype=np.float64),
    )


def _distances(encodings: Encodings) -> npt.NDArray[np.float32]:
    """Euclidean distance of every row to every row, symmetric to the last bit."""
    rows = encodings.astype(np.float64)
    norms = np.einsum("ij,ij->i", rows, rows)
    table = np.empty((len(rows), len(rows)), dtype=np.float32)
    for start in range(0, len(rows), _BLOCK):
        end = min(start + _BLOCK, len(rows))
        squared = rows[start:end] @ rows[start:].T
        squared *= -2.0
        squared += norms[start:]
        squared += norms[start:end, None]
        np.maximum(squared, 0.0, out=squared)
        table[start:end, start:] = np.sqrt(squared, out=squared)
        table[end:, start:end] = table[start:end, end:].T
        square = table[start:end, start:end]
        square[:] = np.triu(square, 1) + np.triu(square, 1).T
    return table


def _joins(
    table: npt.NDArray[np.float32], sizes: Labels, discount: float
) -> list[tuple[int, int, float, int, int, float]]:
    """
    Join the nearest two until none are left; `table` is used up.

    Each group remembers its nearest one; a join moves a row's memory only where it must, so that
    the whole takes little more than one look at the table.
    """
    count = len(table)
    members = sizes.astype(np.int64)
    factor = reach(members, discount).astype(np.float32)
    alive = np.ones(count, dtype=np.bool_)
    nearest = np.empty(count, dtype=np.int64)
    away = np.empty(count, dtype=np.float32)
    for row in range(count):
        scaled = table[row] * factor
        nearest[row] = scaled.argmin()
        away[row] = scaled[nearest[row]] * factor[row]
    joins = []
    for _ in range(count - 1):
        one = int(away.argmin())
        other, height = int(nearest[one]), float(away[one])
        if not np.isfinite(height):
            break
        if members[one] < members[other]:
            one, other = other, one
        here, there = table[one] * factor * factor[one], table[other] * factor * factor[other]
        here[other] = there[one] = np.inf
        runner_up = min(float(here.min()), float(there.min()))
        joins.append((one, other, height, int(members[one]), int(members[other]), runner_up))
        total = int(members[one] + members[other])
        mean = table[one] * (members[one] / total) + table[other] * (members[other] / total)
        mean[one] = mean[other] = np.inf
        table[one] = table[:, one] = mean
        table[other] = table[:, other] = np.inf
        alive[other] = False
        members[one] = total
        factor[one] = reach(total, discount)
        scaled = mean * factor * factor[one]
        stale = alive & ((nearest == one) | (nearest == other))
        nearer = scaled < away
        nearer[one] = nearer[other] = False
        nearest[nearer], away[nearer] = one, scaled[nearer]
        away[other] = np.inf
        nearest[one] = scaled.argmin()
        away[one] = scaled[nearest[one]]
        stale[one] = False
        for row in np.flatnonzero(stale & ~nearer).tolist():
            again = table[row] * factor
            nearest[row] = again.argmin()
            away[row] = again[nearest[row]] * factor[row]
    return joins


def _together(must: Labels, pairs: Pairs) -> Labels:
    """Number the groups of sightings that these pairs, and `must`, connect."""
    groups = components(int(must.max()) + 1, must[pairs])
    return groups[must]
