"""Average linkage: the whole tree of joins, from which any threshold's groups are read at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit import memory
from toolkit.calibration import Linkage
from toolkit.grouping import neighbours
from toolkit.grouping.links import Labels, Pairs, by_size, components, require_consistent
from toolkit.grouping.neighbours import Neighbours, Sightings
from toolkit.records import Clustering

# Sightings up to which all pairs are compared, which takes seconds; beyond, near pairs do
# (`toolkit.grouping.sparse_linkage`).
MOST = 10_000
_BLOCK = 512

Floating = TypeVar("Floating", bound=np.floating[Any])


@dataclass(frozen=True)
class Tree:
    """
    Joins, nearest first, until all are one individual or nothing may be joined any more.

    Groups join by their distance. A family is the groups that must-links connect, directly or by
    way of other sightings: it is one individual at every threshold, and so a family, not a group,
    is what the labels number. Without must-links each group is a family of its own.

    Attributes
    ----------
    count : int
        Sightings, n.
    must : numpy.ndarray
        Shape (n,), int64: sightings with one number are one family from the start. -1 for a
        sighting that is in no family, as it was left out of the grouping.
    first, second : numpy.ndarray
        Shape (m,), int64: a sighting of each of the two families that join m makes one, `first` of
        the larger one (in sightings). They are in the two groups that were the nearest.
    height : numpy.ndarray
        Shape (m,), float64, never falling: the threshold from which on the join is made, in encoder
        distance.
    sizes : numpy.ndarray
        Shape (m, 2), int64: sightings in the two families.
    runner_up : numpy.ndarray
        Shape (m,), float64: how near the next best group of a third family was to either of the two
        groups; infinite where there was none.
    near : Neighbours or None
        The pairs of sightings that were compared, where not all were
        (`toolkit.grouping.sparse_linkage`).
    """

    count: int
    must: Labels
    first: Labels
    second: Labels
    height: npt.NDArray[np.float64]
    sizes: Labels
    runner_up: npt.NDArray[np.float64]
    near: Neighbours | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.height)

    @property
    def groups_before(self) -> Labels:
        """Shape (m,), int64: how many families there were before each join; each makes one less."""
        return self.start - np.arange(len(self), dtype=np.int64)

    @property
    def start(self) -> int:
        """How many families there are before the first join."""
        return int(self.must.max(initial=-1)) + 1

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
        """
        Return the families after so many joins.

        Returns
        -------
        numpy.ndarray
            Shape (n,), int64: the largest one is 0; -1 for what was left out.
        """
        labels = np.full(self.count, -1, dtype=np.int64)
        inside = self.must >= 0
        if inside.any():
            pairs = np.stack([self.first[:joins], self.second[:joins]], axis=1)
            labels[inside] = by_size(_together(self.must, pairs)[inside])
        return labels

    def cut(self, threshold: float) -> Clustering:
        """
        Return the families of a threshold: each is one individual.

        Parameters
        ----------
        threshold : float
            Encoder distance, inclusive. A lower one only splits families.
        """
        return Clustering(self.labels_after(self.made_at(threshold)), "average", threshold)

    def at(self, rows: Labels, count: int) -> Tree:
        """
        Return the same joins by other row numbers.

        Parameters
        ----------
        rows : numpy.ndarray
            Shape (n,), int64, ascending: the row that each sighting has among all.
        count : int
            How many there are in all; those not in `rows` are left out of every family.
        """
        must = np.full(count, -1, dtype=np.int64)
        must[rows] = self.must
        first, second, near = rows[self.first], rows[self.second], self.near
        if near is not None:
            near = replace(near, first=rows[near.first], second=rows[near.second])
        return replace(self, count=count, must=must, first=first, second=second, near=near)


def tree(
    sightings: Sightings,
    *,
    must_link: Pairs | None = None,
    cannot_link: Pairs | None = None,
    discount: float | None = None,
) -> Tree:
    """
    Join the two nearest groups, over and over.

    The distance of two groups is the mean distance of their sightings (UPGMA, Sokal and
    Michener 1958), times ``1 - discount * (1 - 1 / sqrt(m))`` for each of the two, m being its
    size: the mean over many sightings is surer than that over few, and may reach further. Groups of
    uneven size are nearer by `toolkit.calibration.Linkage.uneven` besides.

    A must-link changes no distance. At every threshold it makes one individual of the two groups
    that hold its sightings, whole, and changes nothing where that is one group already. A
    cannot-link holds for all groups of the two families, also for those that joined them on the
    way: what one group of a family may not join, no other one may.

    Pairs that say nothing (`Distances.telling`) are left out of the means; groups of which no pair
    says anything are as far from each other as can be.

    Time and memory grow with the square of the number of sightings: 7,000 take 3 s and 0.3 GB.

    Parameters
    ----------
    sightings : Album, Distances or numpy.ndarray
        n sightings; see `toolkit.grouping.neighbours.of`.
    must_link, cannot_link : numpy.ndarray, optional
        Shape (m, 2), int64: pairs of rows that are, or are never, one individual.
    discount : float, optional
        0 up to, not including, 1; by default what was fitted with the calibration. One that is
        given is all that sizes change: with 0 the joins are those of scipy's average linkage.

    Returns
    -------
    Tree
        The joins. They do not depend on the order of the rows, but where rows that are equal in
        every number are not equal in their links.

    Raises
    ------
    BadSetting
        If a chain of must-links joins a cannot-link pair.
    toolkit.memory.TooMuch
        If the table of distances cannot fit; nothing was begun then.
    """
    distances = neighbours.of(sightings)
    count = len(distances)
    none = np.zeros((0, 2), dtype=np.int64)
    must = components(count, none if must_link is None else must_link)
    cannot = none if cannot_link is None else np.asarray(cannot_link, dtype=np.int64)
    require_consistent(must, cannot)
    if not count:
        return _as_tree(must, np.zeros(0, dtype=np.int64), [])
    memory.require(needs(count, distances.dimensions), f"average linkage of {count:,} sightings")
    # Rows in an order of their own, so that theirs cannot matter.
    order = distances.order()
    place = np.empty(count, dtype=np.int64)
    place[order] = np.arange(count)
    family = must[order]
    ordered = distances[order]
    table, telling = ordered.matrix(), ordered.telling()
    np.fill_diagonal(table, np.inf)
    _forbid(table, family, place[cannot])
    fitted = distances.linkage
    share, uneven = (fitted.discount, fitted.uneven) if discount is None else (discount, 0.0)
    told = None if telling is None else telling.table().astype(np.float32)
    return _as_tree(must, order, _joins(table, family, share, uneven, told))


def needs(count: int, dimensions: int) -> int:
    """Return how many bytes the tree of `count` sightings takes: a table of all pairs."""
    return 4 * count**2 + count * (16 * _BLOCK + 24 * dimensions)


def reach(sizes: npt.ArrayLike, discount: float) -> npt.NDArray[np.float64]:
    """Return the factor by which the distance to a group of each of these sizes counts."""
    return 1.0 - discount * (1.0 - np.asarray(sizes, dtype=np.float64) ** -0.5)


def nearer(sizes: npt.ArrayLike, others: npt.ArrayLike, uneven: float) -> npt.NDArray[np.float64]:
    """Return by how much two groups of these sizes are nearer for being uneven."""
    ours, theirs = (np.log(np.asarray(each, dtype=np.float64)) for each in (sizes, others))
    found: npt.NDArray[np.float64] = uneven * np.abs(ours - theirs)
    return found


def evened(
    away: npt.NDArray[Floating], sizes: npt.ArrayLike, others: npt.ArrayLike, uneven: float
) -> npt.NDArray[Floating]:
    """
    Bring groups nearer for being uneven, never beyond 0.

    Parameters
    ----------
    away : numpy.ndarray
        The mean distances of groups, by what `reach` says.
    sizes, others : array_like
        Sightings in either of two groups, as many as there are distances, or what broadcasts.
    uneven : float
        As of `toolkit.calibration.Linkage`; with 0, the distances are returned as they are.
    """
    if not uneven:
        return away
    less = nearer(sizes, others, uneven).astype(away.dtype)
    found: npt.NDArray[Floating] = np.maximum(away - less, 0).astype(away.dtype)
    return found


def between(
    sightings: Sightings, labels: Labels, *, fitted: Linkage | None = None
) -> npt.NDArray[np.float32]:
    """
    Return the linkage distance of every two groups.

    Parameters
    ----------
    sightings : Album, Distances or numpy.ndarray
        As for `tree`.
    labels : numpy.ndarray
        Shape (n,), int64: the group of each.
    fitted : Linkage, optional
        How groups count; by default what was fitted with the calibration.

    Returns
    -------
    numpy.ndarray
        Shape (g, g), float32, 0 or more, groups in the order of their numbers; infinite on the
        diagonal.
    """
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=labels.min(initial=0) - 1))
    sizes = np.diff(starts, append=len(order))
    distances = neighbours.of(sightings)
    ordered = distances[order]
    table = _means(ordered.matrix(), starts, sizes, ordered.telling())
    how = fitted or distances.linkage
    factor = reach(sizes, how.discount).astype(np.float32)
    table *= factor
    table *= factor[:, None]
    table = evened(table, sizes[:, None], sizes, how.uneven)
    np.fill_diagonal(table, np.inf)
    return table


def between_some(
    sightings: Sightings, labels: Labels, *, fitted: Linkage | None = None
) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
    """
    Yield what `between` returns, some groups at a time: memory grows with n, not with its square.

    Parameters
    ----------
    sightings, labels, fitted
        As for `between`; sums are taken in another order, which can change the last bit.

    Yields
    ------
    (int, numpy.ndarray)
        The place of the first of these groups in the order of numbers; their distances to all,
        shape (k, g), float32, infinite where a group meets itself.
    """
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=labels.min(initial=0) - 1))
    sizes = np.diff(starts, append=len(order))
    distances = neighbours.of(sightings)[order]
    telling, everyone = distances.telling(), np.arange(len(order))
    how = fitted or distances.linkage
    factor, ends, first = reach(sizes, how.discount), starts + sizes, 0
    while first < len(starts):
        last = max(int(np.searchsorted(ends, starts[first] + _BLOCK, side="right")), first + 1)
        sums = np.zeros((last - first, len(starts)))
        counts = np.zeros(sums.shape)
        for start in range(int(starts[first]), int(ends[last - 1]), _BLOCK):
            end = min(start + _BLOCK, int(ends[last - 1]))
            away = distances.blocks(start, end)
            if telling is not None:
                told = telling.table(everyone[start:end])
                away *= told
            group = np.searchsorted(ends[first:last], np.arange(start, end), side="right")
            np.add.at(sums, group, np.add.reduceat(away, starts, axis=1))
            if telling is not None:
                np.add.at(counts, group, np.add.reduceat(told.astype(np.float64), starts, axis=1))
        if telling is None:
            sums *= (factor[first:last] / sizes[first:last])[:, None]
            sums *= factor / sizes
        else:
            sums = np.where(counts > 0, sums / np.maximum(counts, 1), telling.farthest)
            sums *= factor[first:last, None]
            sums *= factor
        sums = evened(sums, sizes[first:last, None], sizes, how.uneven)
        table = sums.astype(np.float32)
        table[np.arange(last - first), np.arange(first, last)] = np.inf
        yield first, table
        first = last


def _means(
    table: npt.NDArray[np.float32],
    starts: Labels,
    sizes: Labels,
    telling: neighbours.Telling | None = None,
) -> npt.NDArray[np.float32]:
    """Average a table over groups of neighbouring rows and columns, of pairs that say anything."""
    if len(starts) == len(table):
        return table
    if telling is not None:
        farthest = table.max(initial=0)
        told = telling.table().astype(np.float32)
        sums, counts = (
            np.add.reduceat(np.add.reduceat(each, starts, axis=0), starts, axis=1)
            for each in (table * told, told)
        )
        return np.where(counts > 0, sums / np.maximum(counts, 1), farthest).astype(np.float32)
    table = np.add.reduceat(np.add.reduceat(table, starts, axis=0), starts, axis=1)
    table /= sizes[:, None]
    table /= sizes
    return table


def _as_tree(
    must: Labels, rows: Labels, joins: list[tuple[int, int, float, int, int, float]]
) -> Tree:
    """Put joins, their ends named by the place in `rows`, into a tree of sightings."""
    first, second, height, larger, smaller, runner_up = (
        zip(*joins, strict=True) if joins else [[]] * 6
    )
    return Tree(
        count=len(must),
        must=must,
        first=rows[np.array(first, dtype=np.int64)],
        second=rows[np.array(second, dtype=np.int64)],
        height=np.array(height, dtype=np.float64),
        sizes=np.array([larger, smaller], dtype=np.int64).T.reshape(-1, 2),
        runner_up=np.array(runner_up, dtype=np.float64),
    )


def _forbid(table: npt.NDArray[np.float32], family: Labels, cannot: Pairs) -> None:
    """Put all sightings of two families out of reach where one pair of them is a cannot-link."""
    table[cannot[:, 0], cannot[:, 1]] = np.inf
    table[cannot[:, 1], cannot[:, 0]] = np.inf
    sizes = np.bincount(family)
    one, other = family[cannot].T
    keys = np.unique(np.concatenate([one * len(sizes) + other, other * len(sizes) + one]))
    mine, its = np.divmod(keys, len(sizes))
    mine, its = mine[sizes[mine] > 1], its[sizes[mine] > 1]
    for enemies in np.split(np.arange(len(mine)), np.flatnonzero(np.diff(mine)) + 1):
        rows = np.flatnonzero(np.isin(family, mine[enemies[:1]]))
        columns = np.flatnonzero(np.isin(family, its[enemies]))
        table[np.ix_(rows, columns)] = np.inf
        table[np.ix_(columns, rows)] = np.inf


def _joins(
    table: npt.NDArray[np.float32],
    family: Labels,
    discount: float,
    uneven: float,
    told: npt.NDArray[np.float32] | None = None,
) -> list[tuple[int, int, float, int, int, float]]:
    """
    Join the nearest two groups until none are left; `table` is used up, and so is `told`: how many
    pairs of each two groups say something, where not all do.

    Between two families all entries are finite, or none is. Joins within a family are made, too,
    for what they change in the distances, but are not returned: they change no individual.

    Each group remembers its nearest one; a join moves a row's memory only where it must, so that
    the whole takes little more than one look at the table.
    """
    count = len(table)
    members = np.ones(count, dtype=np.int64)
    factor = np.ones(count, dtype=np.float32)
    # What two groups differ by in this is by how much they are nearer, as `nearer` says.
    lead = np.zeros(count, dtype=np.float32)

    def counted(row: int) -> npt.NDArray[np.float32]:
        far: npt.NDArray[np.float32] = table[row] * factor * factor[row]
        return np.maximum(far - np.abs(lead - lead[row]), 0) if uneven else far

    # The family of each group, -1 once it is part of another; groups and sightings of each family.
    home = family.copy()
    parts = np.bincount(family)
    weight = parts.copy()
    nearest = table.argmin(axis=1)
    away = table[np.arange(count), nearest]
    reached = 0.0
    joins = []
    for _ in range(count - 1):
        one = int(away.argmin())
        other, height = int(nearest[one]), float(away[one])
        if not np.isfinite(height):
            break
        if members[one] < members[other]:
            one, other = other, one
        # Where the discount lets a join be nearer than the one it waited for, it is made with it.
        reached = max(reached, height)
        ours, theirs = int(home[one]), int(home[other])
        changed = np.zeros(0, dtype=np.int64)
        if ours != theirs:
            here, there = counted(one), counted(other)
            here[other] = there[one] = np.inf
            if parts[ours] + parts[theirs] > 2:
                both = (home == ours) | (home == theirs)
                here[both] = there[both] = np.inf
                changed = _inherit(table, home, one, other)
            runner_up = min(float(here.min()), float(there.min()))
            ends = (one, other) if weight[ours] >= weight[theirs] else (other, one)
            larger, smaller = sorted((int(weight[ours]), int(weight[theirs])), reverse=True)
            joins.append((*ends, reached, larger, smaller, runner_up))
            if parts[theirs] > 1:
                home[home == theirs] = ours
            weight[ours] += weight[theirs]
            parts[ours] += parts[theirs]
        parts[ours] -= 1
        home[other] = -1
        total = int(members[one] + members[other])
        if told is None:
            mean = table[one] * (members[one] / total) + table[other] * (members[other] / total)
        else:
            mean = _mean_told(table, told, one, other)
        mean[one] = mean[other] = np.inf
        table[one] = table[:, one] = mean
        table[other] = table[:, other] = np.inf
        members[one] = total
        factor[one], lead[one] = reach(total, discount), uneven * np.log(total)
        scaled = counted(one) if uneven else mean * factor * factor[one]
        stale = (home >= 0) & ((nearest == one) | (nearest == other))
        changed = changed[np.isfinite(away[changed])]
        stale[changed[np.isinf(table[changed, nearest[changed]])]] = True
        nearer = scaled < away
        nearer[one] = nearer[other] = False
        nearest[nearer], away[nearer] = one, scaled[nearer]
        away[other] = np.inf
        nearest[one] = scaled.argmin()
        away[one] = scaled[nearest[one]]
        stale[one] = False
        for row in np.flatnonzero(stale & ~nearer).tolist():
            # The factor of the row itself changes no order, but rounding by it could.
            again = counted(row) if uneven else table[row] * factor
            nearest[row] = again.argmin()
            away[row] = again[nearest[row]] if uneven else again[nearest[row]] * factor[row]
    return joins


def _mean_told(
    table: npt.NDArray[np.float32], told: npt.NDArray[np.float32], one: int, other: int
) -> npt.NDArray[np.float32]:
    """Return the distances of two groups that are one now; each counts by what it is known by."""
    mine, its = told[one], told[other]
    both = mine + its
    share = np.where(both > 0, mine / np.maximum(both, 1), 0.5)
    told[one] = told[:, one] = both
    # What is out of reach of either is so of both, however little is known.
    out = np.isinf(table[one]) | np.isinf(table[other])
    near = np.where(out, 0, table[one]) * share + np.where(out, 0, table[other]) * (1 - share)
    return np.where(out, np.inf, near).astype(np.float32)


def _inherit(table: npt.NDArray[np.float32], home: Labels, one: int, other: int) -> Labels:
    """
    Put what either of two groups may not join out of reach of the other one's whole family.

    The two groups themselves are left to their mean. Returns the rows where an entry changed.
    """
    changed = [np.zeros(0, dtype=np.int64)]
    for mine, its in ((one, other), (other, one)):
        rest = np.flatnonzero(home == home[mine])
        rest = rest[rest != mine]
        gained = np.isinf(table[its]) & np.isfinite(table[mine])
        gained[its] = False
        columns = np.flatnonzero(gained)
        if len(rest) and len(columns):
            table[np.ix_(rest, columns)] = np.inf
            table[np.ix_(columns, rest)] = np.inf
            changed += [rest, columns]
    return np.concatenate(changed)


def _together(must: Labels, pairs: Pairs) -> Labels:
    """Number the sightings that these pairs, and `must`, connect; what is left out has any."""
    groups = components(int(must.max()) + 1, must[pairs])
    return groups[must]
