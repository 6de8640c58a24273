"""How far sightings are from each other: by vectors with a metric, or by pairs compared before."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from toolkit import memory
from toolkit.calibration import Linkage, further, little_share
from toolkit.grouping import near_pairs
from toolkit.records import Album, ComparedPairs, worth_of

Encodings = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
_Float = TypeVar("_Float", np.float32, np.float64)
# Which sightings: by number, or a bool for each.
Rows = npt.NDArray[np.int64] | npt.NDArray[np.bool_]
BLOCK = 1024

# The mean of lengths that vary by a tenth of it, as a share of the root of their mean square.
MEAN_OF_SQUARE = 0.995
# Steps by which it is told how much further the sightings of a group count.
LEVELS = 8

# The product form of the squared distance cancels for near-equal rows; its error, as a share of the
# longest row's square, stays far below this. Candidates are recomputed by subtraction.
SLACK = 1e-4


@dataclass(frozen=True)
class Neighbours:
    """
    Pairs of rows within a distance.

    Attributes
    ----------
    first, second : numpy.ndarray
        Shape (m,), int64 or int32: rows, first < second, sorted by first, then second.
    distance : numpy.ndarray
        Shape (m,), float64 or float32: distance of each pair.
    """

    first: npt.NDArray[np.integer]
    second: npt.NDArray[np.integer]
    distance: npt.NDArray[np.floating]

    def __len__(self) -> int:
        return len(self.distance)


class Means(ABC):
    """Groups that grow sighting by sighting, and how far others are from what is in the middle."""

    @abstractmethod
    def add(self, rows: Labels, group: int) -> None:
        """Put sightings into a group; a group's number is at most one more than those there are."""

    @abstractmethod
    def away(self, rows: Labels) -> Floats:
        """Return how far these sightings, as one, are from each group; shape (groups,)."""


class Rest(ABC):
    """
    Groups that join, each called by one of its sightings, and how far apart those are of which not
    every pair was compared.

    Attributes
    ----------
    told : bool
        Whether the groups themselves tell how far pairs are that were not compared.
    """

    told: bool

    @abstractmethod
    def squared(self, first: Labels, second: Labels) -> Floats:
        """Return the squared length between each two sightings, which are alone yet; (m,)."""

    @abstractmethod
    def join(self, one: Labels, other: Labels, ours: Labels, theirs: Labels) -> None:
        """Put groups of `theirs` sightings into groups of `ours`, no group in two pairs."""

    @abstractmethod
    def mean(
        self,
        one: npt.NDArray[np.integer],
        other: npt.NDArray[np.integer],
        pairs: Labels,
        left: Labels,
        squares: Encodings,
    ) -> Floats:
        """
        Return the mean distance of the pairs that were not compared.

        Parameters
        ----------
        one, other : numpy.ndarray
            Shape (m,): pairs of groups.
        pairs, left : numpy.ndarray
            Shape (m,), int64: how many pairs of sightings there are, and were not compared.
        squares : numpy.ndarray
            Shape (m,), float32: the sum of the squared lengths of those that were.
        """


class Telling:
    """
    Which pairs of sightings say anything.

    Parameters
    ----------
    count : int
        Sightings, n.
    mute : numpy.ndarray
        Shape (m,), int64: the pairs that say nothing, in order, each as ``first * n + second``,
        first < second; one or more.
    farthest : float
        How far those of which no pair says anything are from each other.
    """

    def __init__(self, count: int, mute: Labels, farthest: float) -> None:
        self._count, self._mute, self.farthest = count, mute, farthest

    @cached_property
    def silent(self) -> Any:
        """The pairs that say nothing, either way round; shape (n, n), bool, sparse."""
        first, second = np.divmod(self._mute, self._count)
        return _either_way(self._count, first, second, np.ones(len(first), dtype=np.bool_))

    def of_pairs(self, first: Labels, second: Labels) -> npt.NDArray[np.bool_]:
        """Return whether some pairs do; shape (p,). A sighting says something of itself."""
        wanted = _keys(first, second, self._count)
        place = np.minimum(np.searchsorted(self._mute, wanted), len(self._mute) - 1)
        found: npt.NDArray[np.bool_] = self._mute[place] != wanted
        return found

    def table(self, rows: Rows | None = None, columns: Rows | None = None) -> npt.NDArray[np.bool_]:
        """Return whether each of some does with each of others, or of all; shape (k, m)."""
        everyone, some = np.arange(self._count), self.silent
        some = some if rows is None else some[everyone[rows]]
        some = some if columns is None else some[:, everyone[columns]]
        found: npt.NDArray[np.bool_] = some.toarray()
        return np.logical_not(found, out=found)

    def all_within(self, rows: Rows) -> bool:
        """Whether all pairs of some sightings do."""
        inside = np.zeros(self._count, dtype=np.bool_)
        inside[rows] = True
        first, second = np.divmod(self._mute, self._count)
        return not bool((inside[first] & inside[second]).any())


def _either_way(count: int, first: Labels, second: Labels, values: npt.NDArray[np.generic]) -> Any:
    """Return what pairs of n sightings have as a sparse table, either way round; shape (n, n)."""
    from scipy.sparse import coo_array

    ends = np.concatenate([first, second]), np.concatenate([second, first])
    return coo_array((np.concatenate([values, values]), ends), shape=(count, count)).tocsr()


def _keys(first: npt.ArrayLike, second: npt.ArrayLike, count: int) -> Labels:
    """Return a number for each pair of n sightings, whichever of the two comes first."""
    one, other = (np.asarray(each, dtype=np.int64) for each in (first, second))
    keys: Labels = np.minimum(one, other) * max(count, 1) + np.maximum(one, other)
    return keys


class Distances(ABC):
    """
    How far n sightings are from each other; all that grouping, review and audit need to know.

    Attributes
    ----------
    linkage : Linkage
        What was fitted of how groups of sightings count.
    """

    linkage: Linkage

    @abstractmethod
    def __len__(self) -> int:
        """How many sightings there are."""

    @abstractmethod
    def __getitem__(self, rows: Rows) -> Distances:
        """Return the distances of some of them; `rows` is an array of int64, or of bool."""

    @property
    @abstractmethod
    def dimensions(self) -> int:
        """Numbers that describe one of them; 0 where it is described by pairs only."""

    @property
    def vectors(self) -> Encodings | None:
        """Rows of which these are the Euclidean distances; None where there are none."""
        return None

    def telling(self) -> Telling | None:
        """
        Return which pairs say anything; None where every pair does.

        Of those that say nothing, the distance is as far as can be: they are left out of means.
        """
        return None

    @abstractmethod
    def order(self) -> Labels:
        """Return an order that follows from the distances, not from the order of the rows."""

    @abstractmethod
    def table(self, rows: Labels | None = None, columns: Labels | None = None) -> Floats:
        """Return how far each of some is from each of others, or all; shape (k, m), float64."""

    @abstractmethod
    def of_pairs(self, first: Labels, second: Labels) -> Floats:
        """Return the distance of each pair of rows; shape (m,), float64."""

    @abstractmethod
    def within(self, radius: float, *, each: int = 50) -> Neighbours:
        """
        Return every pair of rows at most `radius` apart: the same as a double loop would find.

        Parameters
        ----------
        radius : float
            Largest distance, inclusive.
        each : int
            Bytes that one pair will take, with what the caller makes of it.

        Raises
        ------
        toolkit.memory.TooMuch
            If there are more pairs than can fit.
        """

    @abstractmethod
    def nearest(self, each: int) -> Neighbours:
        """
        Return the pairs that are among the nearest of either of the two, most of them.

        Parameters
        ----------
        each : int
            How many of the nearest others are sought for each; see
            `toolkit.grouping.near_pairs.find`. Where pairs were compared before, it is all those
            that were; the distance of those that say nothing is NaN.
        """

    @abstractmethod
    def rest(self, labels: Labels | None = None) -> Rest:
        """
        Return groups that can be joined.

        Parameters
        ----------
        labels : numpy.ndarray, optional
            Shape (n,), int64: the group of each sighting, from 0 on, none of them empty; without
            it, each is a group of its own.
        """

    @abstractmethod
    def matrix(self) -> Encodings:
        """Return all distances; shape (n, n), float32, symmetric to the last bit, 0 within."""

    @abstractmethod
    def blocks(self, start: int, end: int) -> Floats:
        """Return the distances of neighbouring rows to all; shape (end - start, n), float64."""

    @abstractmethod
    def means(self) -> Means:
        """Return groups that are empty yet."""


class VectorDistances(Distances):
    """
    Distances of encodings, exact, in blocks, so that memory stays flat.

    Parameters
    ----------
    encodings : numpy.ndarray
        Shape (n, d), float32.
    metric : {"euclidean", "cosine"}
        The length of the difference; or 1 less the cosine of the angle, 0 to 2. Vectors of length 0
        have no direction: for "cosine" they are alike, and 1 away from all others.
    linkage : Linkage
        What was fitted of how groups count.
    worth : numpy.ndarray, optional
        Shape (n,), 0 to 1: how much each says, see `toolkit.calibration.further`. Two that say
        little are further from each other by that; nothing is changed without it.
    share : float, optional
        How large a share of the album's sightings say little; by default that of these.

    Raises
    ------
    ValueError
        If there is no such metric.
    """

    def __init__(
        self,
        encodings: Encodings,
        metric: str = "euclidean",
        linkage: Linkage | None = None,
        worth: Floats | None = None,
        share: float | None = None,
    ) -> None:
        if metric not in ("euclidean", "cosine"):
            raise ValueError(f"metric is {metric!r}; expected euclidean or cosine")
        self.metric, self.linkage = metric, linkage or Linkage()
        # Half the square of what is between two directions is 1 less the cosine between them.
        self._rows = _directions(encodings) if metric == "cosine" else encodings
        self._further: Floats | None = None
        if worth is not None and self.linkage.lost:
            away = further(worth, self.linkage.lost, share)
            self._further = away if away.any() else None

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: Rows) -> VectorDistances:
        some = object.__new__(VectorDistances)
        some.metric, some.linkage, some._rows = self.metric, self.linkage, self._rows[rows]
        some._further = None if self._further is None else self._further[rows]
        return some

    @property
    def dimensions(self) -> int:
        """Numbers that describe one of them."""
        return int(self._rows.shape[1])

    @property
    def vectors(self) -> Encodings | None:
        """The encodings, where their distance is the Euclidean one."""
        return self._rows if self.metric == "euclidean" and self._further is None else None

    def order(self) -> Labels:
        """Return the rows by their first number, then their second, and so on."""
        order = np.argsort(self._rows[:, 0], kind="stable")
        # The others matter only where the first ones are equal.
        first = self._rows[order, 0]
        same = np.append(first[1:] == first[:-1], False)
        same[1:] |= same[:-1]
        if same.any():
            some = order[same]
            order[same] = some[np.lexsort(self._rows[some].T[::-1])]
        return order

    def table(self, rows: Labels | None = None, columns: Labels | None = None) -> Floats:
        """Return how far each of some is from each of others, or all; shape (k, m), float64."""
        here = self if rows is None else self[rows]
        found = here.to(self if columns is None else self[columns])
        if self._further is not None:
            everyone = np.arange(len(self))
            one = everyone if rows is None else everyone[rows]
            other = everyone if columns is None else everyone[columns]
            found[one[:, None] == other] = 0.0
        return found

    def to(self, others: VectorDistances) -> Floats:
        """Return how far each row is from each row of others by the same metric; (n, m) float64."""
        from scipy.spatial.distance import cdist

        if not len(self) or not len(others):
            return np.zeros((len(self), len(others)))
        kind = "euclidean" if self.metric == "euclidean" else "sqeuclidean"
        found: Floats = cdist(
            self._rows.astype(np.float64), others._rows.astype(np.float64), metric=kind
        )
        if kind != self.metric:
            found /= 2
        if self._further is not None and others._further is not None:
            found += np.minimum.outer(self._further, others._further)
        return found

    def of_pairs(self, first: Labels, second: Labels) -> Floats:
        """Return the distance of each pair of rows; shape (m,), float64."""
        result = np.empty(len(first), dtype=np.float64)
        for start in range(0, len(first), 1 << 16):
            part = slice(start, start + (1 << 16))
            difference = self._rows[first[part]].astype(np.float64) - self._rows[second[part]]
            result[part] = self._of_squares(np.einsum("ij,ij->i", difference, difference))
        if self._further is not None:
            more = np.minimum(self._further[first], self._further[second])
            result += np.where(np.asarray(first) == second, 0.0, more)
        return result

    def within(self, radius: float, *, each: int = 50) -> Neighbours:
        """Return every pair of rows at most `radius` apart; see `Distances.within`."""
        firsts, seconds, distances = [], [], []
        count, room = 0, max(memory.room(), memory.SMALL)
        norms = np.einsum("ij,ij->i", self._rows, self._rows)
        limit = radius * radius if self.metric == "euclidean" else 2 * radius
        limit += SLACK * max(1.0, float(norms.max(initial=0.0)))
        for start in range(0, len(self), BLOCK):
            block = self._rows[start : start + BLOCK]
            squared = block @ self._rows.T
            squared *= -2.0
            squared += norms
            squared += norms[start : start + BLOCK, None]
            rows, columns = np.nonzero(squared <= limit)
            rows += start
            upper = columns > rows
            rows, columns = rows[upper], columns[upper]
            exact = self.of_pairs(rows, columns)
            near = exact <= radius
            firsts.append(rows[near])
            seconds.append(columns[near])
            distances.append(exact[near])
            count += int(near.sum())
            if count * each > room:
                # As many again in each of the blocks that are left, at a guess.
                done = min(start + BLOCK, len(self)) / len(self)
                raise _too_many(len(self), radius, count * each / done, room)
        return Neighbours(
            np.concatenate([np.zeros(0, np.int64), *firsts]),
            np.concatenate([np.zeros(0, np.int64), *seconds]),
            np.concatenate([np.zeros(0, np.float64), *distances]),
        )

    def nearest(self, each: int) -> Neighbours:
        """Return the pairs that are among the nearest of either; see `Distances.nearest`."""
        # Rows in an order of their own, so that theirs cannot matter.
        order = self.order()
        ends = np.sort(
            np.stack([order[found] for found in near_pairs.find(self._rows[order], each)]), axis=0
        )
        first, second = ends[:, np.lexsort(ends[::-1])].astype(np.int32)
        return Neighbours(first, second, self.of_pairs(first, second).astype(np.float32))

    def rest(self, labels: Labels | None = None) -> Middles:
        """Return groups that can be joined: what is not known follows from their middles."""
        return Middles(self._rows, self.metric, self._further, labels)

    def matrix(self) -> Encodings:
        """Return all distances; shape (n, n), float32, symmetric to the last bit, 0 within."""
        rows = self._rows.astype(np.float64)
        norms = np.einsum("ij,ij->i", rows, rows)
        table = np.empty((len(rows), len(rows)), dtype=np.float32)
        for start in range(0, len(rows), BLOCK // 2):
            end = min(start + BLOCK // 2, len(rows))
            squared = rows[start:end] @ rows[start:].T
            squared *= -2.0
            squared += norms[start:]
            squared += norms[start:end, None]
            np.maximum(squared, 0.0, out=squared)
            away = self._of_squares(squared)
            if self._further is not None:
                away += np.minimum.outer(self._further[start:end], self._further[start:])
                away[np.arange(end - start), np.arange(end - start)] = 0.0
            table[start:end, start:] = away
            table[end:, start:end] = table[start:end, end:].T
            square = table[start:end, start:end]
            square[:] = np.triu(square, 1) + np.triu(square, 1).T
        return table

    def blocks(self, start: int, end: int) -> Floats:
        """Return the distances of neighbouring rows to all; shape (end - start, n), float64."""
        rows = self._rows.astype(np.float64)
        norms = np.einsum("ij,ij->i", rows, rows)
        squared = norms[start:end, None] + norms - 2.0 * (rows[start:end] @ rows.T)
        away = self._of_squares(np.maximum(squared, 0.0, out=squared))
        if self._further is not None:
            away += np.minimum.outer(self._further[start:end], self._further)
        away[np.arange(end - start), np.arange(start, end)] = 0.0
        return away

    def means(self) -> Means:
        """Return groups that are empty yet: each is the mean of its rows."""
        return _MeanVectors(self._rows.astype(np.float64), self.metric, self._further)

    def _of_squares(self, squared: Floats) -> Floats:
        """Turn squared lengths into distances, in place."""
        if self.metric == "euclidean":
            return np.sqrt(squared, out=squared)
        squared /= 2
        return squared


class PairDistances(Distances):
    """
    Distances that a matcher gave to pairs.

    Parameters
    ----------
    compared : ComparedPairs
        The pairs; all others are as far as can be, and so are those that say nothing.
    linkage : Linkage
        What was fitted of how groups count.
    beyond : numpy.ndarray, optional
        Distances of the pairs without an end at 0, to be asked for pair by pair; some of these
        (`__getitem__`) have the usual ones.
    """

    def __init__(
        self,
        compared: ComparedPairs,
        linkage: Linkage | None = None,
        *,
        beyond: npt.NDArray[np.float32] | None = None,
    ) -> None:
        self.compared, self.linkage = compared, linkage or Linkage()
        self._mute = np.isnan(compared.distance)
        away = compared.distance if beyond is None else beyond
        self._away = np.where(self._mute, np.float32(compared.farthest), away)
        # First < second, in order, so that a pair is found by its place.
        self._keys = compared.first * max(compared.count, 1) + compared.second

    def __len__(self) -> int:
        return self.compared.count

    def __getitem__(self, rows: Rows) -> PairDistances:
        return PairDistances(self.compared.take(rows), self.linkage)

    @property
    def dimensions(self) -> int:
        """Nothing but pairs describes them."""
        return 0

    def telling(self) -> Telling | None:
        """Return which pairs say anything; see `Distances.telling`."""
        if not self._mute.any():
            return None
        return Telling(len(self), self._keys[self._mute], self.compared.farthest)

    def to_groups(self, rows: Labels, group: Labels) -> tuple[Floats, Floats]:
        """
        Return the sums of the distances from some rows to all of each group.

        Parameters
        ----------
        rows : numpy.ndarray
            Shape (k,), int64.
        group : numpy.ndarray
            Shape (n,), int64: the group of each, 0 up to, not including, g.

        Returns
        -------
        (numpy.ndarray, numpy.ndarray)
            Sums and how many pairs they are of, shape (k, g), float64; pairs that say nothing are
            in neither.
        """
        from scipy.sparse import coo_array

        count, several = len(self), np.bincount(group)
        inside = (np.ones(count), (np.arange(count), group))
        members = coo_array(inside, shape=(count, len(several))).tocsr()
        nearer, silent = self._table
        counts = several - (silent[rows] @ members).toarray()
        sums = self.compared.farthest * counts - (nearer[rows] @ members).toarray()
        # A row is no farther from itself than that.
        sums[np.arange(len(rows)), group[rows]] -= self.compared.farthest
        return sums, counts

    @cached_property
    def _table(self) -> tuple[Any, Any]:
        """By how much pairs are nearer than can be, and which say nothing; both sparse."""
        first, second, mute = self.compared.first, self.compared.second, self._mute
        nearer = self.compared.farthest - self._away[~mute].astype(np.float64)
        ones = np.ones(int(mute.sum()))
        return (
            _either_way(len(self), first[~mute], second[~mute], nearer),
            _either_way(len(self), first[mute], second[mute], ones),
        )

    def order(self) -> Labels:
        """Return the rows by what they were compared with: how near, how many, the sum of all."""
        pairs = self.compared
        ends = np.concatenate([pairs.first, pairs.second])
        away = np.concatenate([self._away, self._away])
        sequence = np.lexsort((away, ends))
        ends, away = ends[sequence], away[sequence]
        several = np.bincount(ends, minlength=len(self))
        nearest = np.full(len(self), np.inf)
        sums = np.zeros(len(self))
        if len(ends):
            starts = np.flatnonzero(np.diff(ends, prepend=-1))
            nearest[ends[starts]] = away[starts]
            sums[ends[starts]] = np.add.reduceat(away, starts)
        return np.lexsort((sums, several, nearest))

    def table(self, rows: Labels | None = None, columns: Labels | None = None) -> Floats:
        """Return how far each of some is from each of others, or all; shape (k, m), float64."""
        everyone = np.arange(len(self))
        rows = everyone if rows is None else rows
        columns = everyone if columns is None else columns
        first = np.repeat(rows, len(columns))
        second = np.tile(columns, len(rows))
        return self.of_pairs(first, second).reshape(len(rows), len(columns))

    def of_pairs(self, first: Labels, second: Labels) -> Floats:
        """Return the distance of each pair of rows; shape (m,), float64."""
        wanted = _keys(first, second, len(self))
        result = np.full(len(wanted), self.compared.farthest)
        if len(self._keys):
            place = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
            known = self._keys[place] == wanted
            result[known] = self._away[place[known]]
        result[np.asarray(first) == second] = 0.0
        return result

    def within(self, radius: float, *, each: int = 50) -> Neighbours:
        """Return every pair of rows at most `radius` apart; see `Distances.within`."""
        pairs, room = self.compared, max(memory.room(), memory.SMALL)
        if radius >= pairs.farthest:
            if (most := len(self) * (len(self) - 1) // 2) * each > room:
                raise _too_many(len(self), radius, most * each, room)
            first, second = np.triu_indices(len(self), k=1)
            away = self.of_pairs(first, second)
            near = away <= radius
            return Neighbours(first[near], second[near], away[near])
        near = self._away <= radius
        if int(near.sum()) * each > room:
            raise _too_many(len(self), radius, int(near.sum()) * each, room)
        away = self._away[near].astype(np.float64)
        return Neighbours(pairs.first[near], pairs.second[near], away)

    def nearest(self, each: int) -> Neighbours:
        """Return the pairs that were compared; see `Distances.nearest`."""
        pairs = self.compared
        away = np.where(self._mute, np.nan, self._away.astype(np.float64))
        return Neighbours(pairs.first, pairs.second, away)

    def rest(self, labels: Labels | None = None) -> Rest:
        """Return groups that can be joined: pairs that were not compared are farthest."""
        return _Farthest(self.compared.farthest)

    def matrix(self) -> Encodings:
        """Return all distances; shape (n, n), float32, symmetric to the last bit, 0 within."""
        pairs = self.compared
        table = np.full((len(self), len(self)), pairs.farthest, dtype=np.float32)
        table[pairs.first, pairs.second] = table[pairs.second, pairs.first] = self._away
        np.fill_diagonal(table, 0.0)
        return table

    def blocks(self, start: int, end: int) -> Floats:
        """Return the distances of neighbouring rows to all; shape (end - start, n), float64."""
        return self.table(np.arange(start, end), np.arange(len(self)))

    def means(self) -> Means:
        """Return groups that are empty yet: as far from each is the mean over its sightings."""
        return _MeanDistances(self)


class _MeanVectors(Means):
    def __init__(self, rows: Floats, metric: str, away: Floats | None = None) -> None:
        self._rows, self._metric, self._groups = rows, metric, 0
        self._own = np.zeros(len(rows)) if away is None else away
        # How much further each group counts, as its sightings do on average.
        self._more = np.zeros(0)
        self._means = np.zeros((8, rows.shape[1]))
        self._sizes = np.zeros(8, dtype=np.int64)

    def add(self, rows: Labels, group: int) -> None:
        if group == len(self._means):
            self._means = np.concatenate([self._means, np.zeros_like(self._means)])
            self._sizes = np.concatenate([self._sizes, np.zeros_like(self._sizes)])
        self._groups = max(self._groups, group + 1)
        self._sizes[group] += len(rows)
        share = len(rows) / self._sizes[group]
        self._means[group] += (self._rows[rows].mean(axis=0) - self._means[group]) * share
        if group == len(self._more):
            self._more = np.append(self._more, 0.0)
        self._more[group] += (self._own[rows].mean() - self._more[group]) * share

    def away(self, rows: Labels) -> Floats:
        means, middle = self._means[: self._groups], self._rows[rows].mean(axis=0)
        more = np.minimum(self._more, self._own[rows].mean())
        if self._metric == "euclidean":
            return np.sqrt(((means - middle) ** 2).sum(axis=1)) + more
        lengths = np.linalg.norm(means, axis=1) * np.linalg.norm(middle)
        return 1.0 - means @ middle / np.maximum(lengths, np.finfo(np.float64).tiny) + more


class Middles(Rest):
    """
    The mean of each group, the mean square of the lengths to it, and how much further it is.

    Parameters
    ----------
    rows, metric, away
        As `VectorDistances` has them; `away` is how much further each counts.
    labels : numpy.ndarray, optional
        As for `Distances.rest`.
    """

    told = True

    def __init__(
        self, rows: Encodings, metric: str, away: Floats | None, labels: Labels | None = None
    ) -> None:
        self._metric = metric
        self._step, more = 0.0, None
        if away is not None:
            # How many of each group are further by more than so much, level by level: the mean of
            # the smaller of two is the sum over the levels that both are above.
            self._step = float(away.max()) / LEVELS
            more = (away[:, None] > self._step * (np.arange(LEVELS) + 0.5)).astype(np.float32)
        if labels is None:
            self._means, self._about = rows.copy(), np.zeros(len(rows))
            self._more = more
            return
        self._means = _mean_rows(rows, labels)
        lengths = np.empty(len(rows))
        for part in slices(len(rows)):
            apart = rows[part] - self._means[labels[part]]
            lengths[part] = np.einsum("ij,ij->i", apart, apart, dtype=np.float64)
        self._about = np.bincount(labels, weights=lengths) / np.bincount(labels)
        self._more = None if more is None else _mean_rows(more, labels)

    @property
    def about(self) -> Floats:
        """Mean squared length from the members of each group to its middle; shape (g,), float64."""
        return self._about

    def to(self, others: Middles, some: slice) -> Encodings:
        """Return the mean distances of some of these groups to those of others; (k, g), float32."""
        mine, its = self._means[some], others._means
        here = np.einsum("ij,ij->i", mine, mine) + self._about[some]
        there = np.einsum("ij,ij->i", its, its) + others._about
        square: Encodings = mine @ its.T
        square *= -2.0
        square += here.astype(np.float32)[:, None]
        square += there.astype(np.float32)
        np.maximum(square, 0.0, out=square)
        found = self._of_squares(square)
        if self._more is not None and others._more is not None:
            found += np.float32(self._step) * (self._more[some] @ others._more.T)
        return found

    def _of_squares(self, square: npt.NDArray[_Float]) -> npt.NDArray[_Float]:
        """Return the mean of lengths by their mean square, in its place."""
        if self._metric == "euclidean":
            np.sqrt(square, out=square)
        square *= MEAN_OF_SQUARE if self._metric == "euclidean" else 0.5
        return square

    def squared(self, first: Labels, second: Labels) -> Floats:
        """Return the squared length between each two sightings; see `Rest.squared`."""
        result = np.empty(len(first), dtype=np.float64)
        for start in range(0, len(first), 1 << 16):
            part = slice(start, start + (1 << 16))
            difference = self._means[first[part]] - self._means[second[part]]
            result[part] = np.einsum("ij,ij->i", difference, difference)
        return result

    def join(self, one: Labels, other: Labels, ours: Labels, theirs: Labels) -> None:
        """Put groups into others; see `Rest.join`."""
        difference = self._means[other] - self._means[one]
        squared = np.einsum("ij,ij->i", difference, difference, dtype=np.float64)
        share = theirs / (ours + theirs)
        self._means[one] += difference * share[:, None].astype(np.float32)
        about = self._about[one] * (1 - share) + self._about[other] * share
        self._about[one] = about + share * (1 - share) * squared
        if self._more is not None:
            part = share[:, None].astype(np.float32)
            self._more[one] += (self._more[other] - self._more[one]) * part

    def mean(
        self,
        one: npt.NDArray[np.integer],
        other: npt.NDArray[np.integer],
        pairs: Labels,
        left: Labels,
        squares: Encodings,
    ) -> Floats:
        """Return the mean distance of the pairs that were not compared; see `Rest.mean`."""
        difference = self._means[one] - self._means[other]
        each = np.einsum("ij,ij->i", difference, difference, dtype=np.float64)
        each += self._about[one] + self._about[other]
        # The mean square of all lengths is that; of those that are left, what the others leave.
        square = np.maximum(each * pairs - squares, 0.0) / left
        found = self._of_squares(square)
        if self._more is not None:
            found += self._step * np.einsum("ij,ij->i", self._more[one], self._more[other])
        return found


class _Farthest(Rest):
    told = False

    def __init__(self, farthest: float) -> None:
        self._farthest = farthest

    def squared(self, first: Labels, second: Labels) -> Floats:
        return np.zeros(len(first))

    def join(self, one: Labels, other: Labels, ours: Labels, theirs: Labels) -> None:
        pass

    def mean(
        self,
        one: npt.NDArray[np.integer],
        other: npt.NDArray[np.integer],
        pairs: Labels,
        left: Labels,
        squares: Encodings,
    ) -> Floats:
        return np.full(len(one), self._farthest)


class _MeanDistances(Means):
    def __init__(self, distances: PairDistances) -> None:
        self._distances, self._telling = distances, distances.telling()
        self._placed = np.zeros(0, dtype=np.int64)
        self._group = np.zeros(0, dtype=np.int64)

    def add(self, rows: Labels, group: int) -> None:
        self._placed = np.concatenate([self._placed, rows])
        self._group = np.concatenate([self._group, np.full(len(rows), group, dtype=np.int64)])

    def away(self, rows: Labels) -> Floats:
        table = self._distances.table(rows, self._placed)
        told = np.ones(table.shape)
        if self._telling is not None:
            told[:] = self._telling.table(rows, self._placed)
        sums = np.bincount(self._group, weights=(table * told).sum(axis=0))
        several = np.bincount(self._group, weights=told.sum(axis=0))
        farthest = self._distances.compared.farthest
        return np.where(several > 0, sums / np.maximum(several, 1), farthest)


# Whatever says how far sightings are from each other.
Sightings = Encodings | Album | Distances


def of(sightings: Sightings) -> Distances:
    """
    Return how far sightings are from each other.

    Parameters
    ----------
    sightings : Album, Distances or numpy.ndarray
        An album's are compared as its encoder says. An array of shape (n, d), float32, stands for
        vectors with Euclidean distances, for which nothing was fitted.
    """
    if isinstance(sightings, Distances):
        return sightings
    if isinstance(sightings, Album):
        encoder = sightings.encoder
        if sightings.compared is not None:
            return PairDistances(sightings.compared, encoder.linkage)
        worth = worth_of(sightings.sightings)
        # What is ignored is not in the grouping: whatever asks, the distances are the same.
        share = little_share(worth[sightings.kept]) if encoder.linkage.lost else None
        return VectorDistances(sightings.encodings, encoder.metric, encoder.linkage, worth, share)
    return VectorDistances(sightings)


def slices(count: int) -> Iterator[slice]:
    """Yield slices of `BLOCK` rows that together are `count`."""
    for start in range(0, count, BLOCK):
        yield slice(start, start + BLOCK)


def _mean_rows(rows: Encodings, labels: Labels) -> Encodings:
    """Return the mean of the rows of each group; shape (g, d), float32."""
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    ends = np.cumsum(sizes)
    found = np.empty((len(sizes), rows.shape[1]), dtype=np.float32)
    first = 0
    while first < len(sizes):
        # As many groups at once as have about so many rows.
        start = int(ends[first] - sizes[first])
        last = max(int(np.searchsorted(ends, start + 64 * BLOCK, side="right")), first + 1)
        some = rows[order[start : int(ends[last - 1])]].astype(np.float64)
        sums = np.add.reduceat(some, ends[first:last] - sizes[first:last] - start, axis=0)
        found[first:last] = sums / sizes[first:last, None]
        first = last
    return found


def _directions(encodings: Encodings) -> Encodings:
    """Bring vectors to length 1; a number more tells those that have no length."""
    lengths = np.linalg.norm(encodings.astype(np.float64), axis=1)
    nothing = lengths == 0
    scaled = encodings / np.where(nothing, 1.0, lengths)[:, None]
    return np.column_stack([scaled, nothing]).astype(np.float32)


def _too_many(count: int, radius: float, need: float, room: float) -> memory.TooMuch:
    return memory.TooMuch(
        f"{count:,} sightings have pairs within {radius:.3f} that need about "
        f"{memory.in_gb(need)}, and {memory.in_gb(room)} can be had here"
    )
