"""
Average linkage on near pairs: the tree of joins of albums whose table of all pairs is too large.

Groups that are each other's nearest join, all such pairs in one round (reciprocal nearest
neighbours; F. Murtagh, A survey of recent advances in hierarchical clustering algorithms, 1983,
and D. Muellner, Modern hierarchical, agglomerative clustering algorithms, 2011). For average
linkage the order of such joins does not matter. What is known of two groups is the sum over the
pairs that were compared; of the other pairs, what the middles of the groups say.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from toolkit import memory
from toolkit.calibration import Linkage
from toolkit.grouping import neighbours
from toolkit.grouping.linkage import MOST, Tree, evened, reach
from toolkit.grouping.links import Labels, Pairs, components, require_consistent
from toolkit.grouping.neighbours import Neighbours, Rest, Sightings
from toolkit.records import Album

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

# How many of the nearest others each sighting is compared with.
EACH = 16
# New pairs lie beside those that are indexed by group, until they are so many of them.
BESIDE = 1 / 6
# A pair of groups as a number whose order is that of the distance, then of the group.
_NOBODY = np.iinfo(np.uint64).max


# The near pairs of albums whose encodings are still there, by the identity of these: the table of
# sightings, what was compared, and the pairs.
_FOUND: dict[int, tuple[tuple[object, object], Neighbours]] = {}


@dataclass
class _Edges:
    """
    Pairs of groups of which something is known.

    Attributes
    ----------
    one, other : numpy.ndarray
        Shape (m,), int32: the two groups, one < other.
    total, squares : numpy.ndarray
        Shape (m,), float32: the sum of the distances that were measured, and of the squared lengths
        between these sightings.
    known, mute, banned : numpy.ndarray
        Shape (m,), int32: how many pairs of sightings were measured, say nothing, may not be one.
    away : numpy.ndarray
        Shape (m,), float32: the linkage distance; infinite where the two may not be one.
    """

    one: npt.NDArray[np.int32]
    other: npt.NDArray[np.int32]
    total: Floats
    squares: Floats
    known: npt.NDArray[np.int32]
    mute: npt.NDArray[np.int32]
    banned: npt.NDArray[np.int32]
    away: Floats

    def __len__(self) -> int:
        return len(self.one)

    def take(self, which: Labels | Bools | slice) -> _Edges:
        """Return some of them."""
        return _Edges(*(getattr(self, each.name)[which] for each in fields(self)))

    def and_also(self, more: _Edges) -> _Edges:
        """Return these and more."""
        both = ((getattr(self, each.name), getattr(more, each.name)) for each in fields(self))
        return _Edges(*(np.concatenate(pair) for pair in both))


def tree(
    sightings: Sightings,
    *,
    must_link: Pairs | None = None,
    cannot_link: Pairs | None = None,
    discount: float | None = None,
    farthest: float = np.inf,
    each: int = EACH,
    near: Neighbours | None = None,
) -> Tree:
    """
    Join groups that are each other's nearest, round after round.

    What `toolkit.grouping.linkage.tree` does, but with each sighting compared with the nearest
    others only. The distance of two groups is the mean over all pairs of their sightings: of those
    that were compared as it is, of the others as the middles of the two and the spread about them
    say. Groups of which no pair was compared are not joined. Time and memory grow little faster
    than the number of sightings.

    Parameters
    ----------
    sightings, must_link, cannot_link, discount
        As for `toolkit.grouping.linkage.tree`.
    farthest : float
        Groups that are farther are not joined: the tree is known up to that threshold.
    each : int
        How many of the nearest others each sighting is compared with.
    near : Neighbours, optional
        The near pairs, where they are known.

    Returns
    -------
    Tree
        The joins up to `farthest`.

    Raises
    ------
    BadSetting
        If a chain of must-links joins a cannot-link pair.
    toolkit.memory.TooMuch
        If even the near pairs cannot fit; nothing was begun then.
    """
    distances = neighbours.of(sightings)
    count = len(distances)
    none = np.zeros((0, 2), dtype=np.int64)
    must = components(count, none if must_link is None else must_link)
    cannot = none if cannot_link is None else np.asarray(cannot_link, dtype=np.int64)
    require_consistent(must, cannot)
    need = needs(count, distances.dimensions, each)
    memory.require(need, f"average linkage of the near pairs of {count:,} sightings")
    # Rows in an order of their own, so that theirs cannot matter.
    order = distances.order()
    place = np.empty(count, dtype=np.int32)
    place[order] = np.arange(count, dtype=np.int32)
    fitted = distances.linkage if discount is None else Linkage(discount)
    if near is None:
        near = distances.nearest(each)
    pairs = [replace(near, first=place[near.first], second=place[near.second])]
    rest = distances[order].rest()
    joined = _Joining(rest, must[order], place[cannot].astype(np.int64), pairs, fitted, farthest)
    del rest
    joined.run()
    return replace(joined.tree(must, order), near=near)


def near_of(album: Album) -> Neighbours | None:
    """
    Return the near pairs of an album of more than `toolkit.grouping.linkage.MOST` sightings.

    They are found once for each album, whatever of it is ignored; None where there are fewer, as
    all pairs can be compared.
    """
    if not are_many(len(album)):
        return None
    key, about = id(album.encodings), (album.sightings, album.compared)
    held = _FOUND.get(key)
    if held is None or any(old is not new for old, new in zip(held[0], about, strict=True)):
        if held is None:
            weakref.finalize(album.encodings, _FOUND.pop, key, None)
        held = _FOUND[key] = about, neighbours.of(album).nearest(EACH)
    return held[1]


def are_many(count: int) -> bool:
    """Whether so many sightings are joined by near pairs."""
    return count > MOST


def needs(count: int, dimensions: int, each: int = EACH) -> int:
    """Return how many bytes the tree of `count` sightings takes, about."""
    return count * (16 * dimensions + 130 * each)


class _Joining:
    """
    Groups that join, each called by one of its sightings.

    The near pairs are taken out of their list, so that they are held no longer than needed.
    """

    def __init__(
        self,
        rest: Rest,
        family: Labels,
        cannot: Pairs,
        near: list[Neighbours],
        fitted: Linkage,
        farthest: float,
    ) -> None:
        count = len(family)
        self._fitted, self._farthest = fitted, farthest
        self._members = np.ones(count, dtype=np.int64)
        self._factor = np.ones(count, dtype=np.float32)
        self._reached = np.zeros(count, dtype=np.float32)
        # The family of each group, and how many groups each family has.
        self._home = family.copy()
        self._parts = np.bincount(family, minlength=1)
        self._families = bool((self._parts > 1).any())
        self._rest = rest
        # A pair that is farther says nothing that the middles do not say.
        self._reach = farthest if self._rest.told else np.inf
        self._joins: list[tuple[Labels, Labels, Floats, Floats]] = []
        self._edges = self._first(near.pop(), cannot)
        self._beside = self._edges.take(slice(0))
        self._there = np.ones(len(self._edges), dtype=np.bool_)
        self._index()
        # The nearest of each group, as `_key` says.
        self._best = np.full(count, _NOBODY, dtype=np.uint64)
        self._nearer(self._edges)

    def run(self) -> None:
        """Join until no two groups are within reach."""
        while len(pairs := self._reciprocal()):
            self._join(pairs)
            if len(self._beside) > BESIDE * len(self._edges):
                self._edges = self._edges.take(self._there).and_also(self._beside)
                self._beside = self._beside.take(slice(0))
                self._there = np.ones(len(self._edges), dtype=np.bool_)
                self._index()

    def tree(self, must: Labels, order: Labels) -> Tree:
        """Put the joins, by height, into a tree of sightings."""
        none = np.zeros(0)
        parts = zip(*self._joins, strict=True) if self._joins else [[none]] * 4
        one, other, height, runner_up = (np.concatenate(list(part)) for part in parts)
        by_height = np.argsort(height, kind="stable")
        ends = np.stack([one, other], axis=1).astype(np.int64)[by_height]
        sizes = _sizes(must[order], ends)
        turned = sizes[:, 0] < sizes[:, 1]
        ends[turned], sizes[turned] = ends[turned, ::-1], sizes[turned, ::-1]
        return Tree(
            count=len(must),
            must=must,
            first=order[ends[:, 0]],
            second=order[ends[:, 1]],
            height=height[by_height].astype(np.float64),
            sizes=sizes,
            runner_up=runner_up[by_height].astype(np.float64),
        )

    def _first(self, near: Neighbours, cannot: Pairs) -> _Edges:
        """Take up what is known of pairs of sightings."""
        mute = np.isnan(near.distance)
        kept = mute | (near.distance <= self._reach)
        first, second, mute = near.first[kept], near.second[kept], mute[kept]
        away = near.distance[kept].astype(np.float32)
        squares = self._rest.squared(first, second).astype(np.float32)
        del kept
        edges = self._together(_of_pairs(first, second, away, squares, mute))
        enemies = _of_families(self._home, cannot) if self._families else cannot
        if not len(enemies):
            return edges
        return self._together(edges.and_also(_banned(enemies)))

    def _together(self, edges: _Edges) -> _Edges:
        """Add up what is known of the same two groups; leave out pairs that are too far."""
        edges = _summed(len(self._home), edges)
        uneven = self._fitted.uneven
        edges.away = _linkage(edges, self._members, self._factor, uneven, self._rest)
        told = (edges.away <= self._reach) | (edges.mute > 0) | (edges.banned > 0)
        return edges if told.all() else edges.take(told)

    def _index(self) -> None:
        """Note for each group which pairs of the table are its own."""
        from scipy.sparse import coo_array

        count, several = len(self._home), len(self._edges)
        ends = np.concatenate([self._edges.one, self._edges.other])
        numbers = np.tile(np.arange(several, dtype=np.int32), 2)
        entries = np.ones(2 * several, dtype=np.bool_)
        table = coo_array((entries, (ends, numbers)), shape=(count, max(several, 1))).tocsr()
        self._own, self._start = table.indices, table.indptr.astype(np.int64)

    def _edges_of(self, groups: Labels) -> tuple[_Edges, Labels, Bools]:
        """Return all pairs of some groups, and where they lie in the table and beside it."""
        starts, lengths = self._start[groups], np.diff(self._start)[groups]
        first = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
        places = self._own[first + np.arange(len(first))]
        chosen = np.zeros(len(self._home), dtype=np.bool_)
        chosen[groups] = True
        # A pair of two of these groups is found with both: it is taken with the first.
        one = self._edges.one[places]
        again = (one != np.repeat(groups, lengths)) & chosen[one]
        places = np.sort(places[self._there[places] & ~again]).astype(np.int64)
        beside = chosen[self._beside.one] | chosen[self._beside.other]
        return self._edges.take(places).and_also(self._beside.take(beside)), places, beside

    def _nearer(self, edges: _Edges, of: Bools | None = None) -> None:
        """Let groups (all, or those marked) know of pairs that may be their nearest."""
        for mine, its in ((edges.one, edges.other), (edges.other, edges.one)):
            known = np.isfinite(edges.away) if of is None else np.isfinite(edges.away) & of[mine]
            np.minimum.at(self._best, mine[known], _key(edges.away[known], its[known]))

    def _reciprocal(self) -> Pairs:
        """Return the pairs of groups that are each other's nearest and may join now; (k, 2)."""
        mine = np.flatnonzero(self._best != _NOBODY)
        nearest, away = _group_in(self._best[mine]), _away_in(self._best[mine])
        mutual = (_group_in(self._best[nearest]) == mine) & (mine < nearest)
        mutual &= (self._best[nearest] != _NOBODY) & (away <= self._farthest)
        pairs = np.stack([mine[mutual], nearest[mutual]], axis=1)
        if not self._families or not len(pairs):
            return pairs
        # What one group of a family joins binds the others: a family takes its nearest first, and
        # one a round.
        pairs, away = pairs[np.argsort(away[mutual], kind="stable")], np.sort(away[mutual])
        first = np.full(len(self._parts), np.inf, dtype=np.float32)
        np.minimum.at(first, self._home[mine], _away_in(self._best[mine]))
        turn, number = np.full(len(self._parts), len(pairs)), np.arange(len(pairs))
        for end in (0, 1):
            np.minimum.at(turn, self._home[pairs[:, end]], number)
        homes = self._home[pairs]
        ready = (turn[homes] == number[:, None]) & (away[:, None] <= first[homes])
        return pairs[ready.all(axis=1)]

    def _join(self, pairs: Pairs) -> None:
        """Join pairs of groups, of which none has a group in common with another."""
        smaller = self._members[pairs[:, 0]] < self._members[pairs[:, 1]]
        pairs[smaller] = pairs[smaller, ::-1]
        one, other = pairs.T
        touched, inherited = pairs.reshape(-1), np.zeros((0, 2), dtype=np.int64)
        if self._families:
            touched, inherited = self._inherited(pairs)
        edges, places, beside = self._edges_of(touched)
        height = _away_in(self._best[one])
        height = np.maximum(height, np.maximum(self._reached[one], self._reached[other]))
        new = self._home[one] != self._home[other]
        if new.any():
            runner_up = self._runner_up(pairs, edges)
            self._joins.append((one[new], other[new], height[new], runner_up[new]))
        self._there[places] = False
        self._beside = self._beside.take(~beside)
        self._rest.join(one, other, self._members[one], self._members[other])
        self._members[one] += self._members[other]
        self._factor[one] = reach(self._members[one], self._fitted.discount)
        self._reached[one] = height
        self._move_home(one, other)
        target = np.arange(len(self._home), dtype=np.int32)
        target[other] = one
        if len(inherited):
            edges = edges.and_also(_banned(inherited))
        edges.one, edges.other = target[edges.one], target[edges.other]
        edges = edges.take(edges.one != edges.other)
        found = self._together(edges)
        self._beside = self._beside.and_also(found)
        self._look_again(touched, other, found)

    def _look_again(self, touched: Labels, gone: Labels, found: _Edges) -> None:
        """Find the nearest of those whose nearest is no more, and of all that changed."""
        changed = np.zeros(len(self._home), dtype=np.bool_)
        changed[touched] = True
        known = self._best != _NOBODY
        stale = np.flatnonzero(
            known & changed[_group_in(np.where(known, self._best, 0))] & ~changed
        )
        before = self._best[stale]
        self._best[touched] = _NOBODY
        self._best[stale] = _NOBODY
        self._nearer(found)
        # All others are as far as they were: who is no farther now than who was nearest is nearest.
        rest = stale[self._best[stale] > before]
        if len(rest):
            asked = np.zeros(len(self._home), dtype=np.bool_)
            asked[rest] = True
            self._nearer(self._edges_of(rest)[0], asked)
        self._best[gone] = _NOBODY

    def _runner_up(self, pairs: Pairs, edges: _Edges) -> Floats:
        """Return how near the next best group of a third family is to either of two."""
        number = np.full(len(self._home), -1)
        number[pairs.reshape(-1)] = np.repeat(np.arange(len(pairs)), 2)
        found = np.full(len(pairs), np.inf, dtype=np.float32)
        families = self._home[pairs]
        for mine, its in ((edges.one, edges.other), (edges.other, edges.one)):
            which = number[mine]
            third = (which >= 0) & (self._home[its][:, None] != families[which]).all(axis=1)
            np.minimum.at(found, which[third], edges.away[third])
        return found

    def _inherited(self, pairs: Pairs) -> tuple[Labels, Pairs]:
        """
        Return what the rest of two families may not join either, once they are one.

        Returns
        -------
        touched, banned : numpy.ndarray
            Shape (k,) and (m, 2), int64: all groups of the families that become one and were more
            than two groups, with the pairs themselves; pairs that may not join from now on.
        """
        touched, banned = [pairs.reshape(-1)], [np.zeros((0, 2), dtype=np.int64)]
        families = self._home[pairs]
        apart = families[:, 0] != families[:, 1]
        after = np.arange(len(self._parts))
        after[families[apart, 1]] = families[apart, 0]
        alive = np.flatnonzero(self._home >= 0)
        home = after[self._home[alive]]
        for family in families[apart & (self._parts[families].max(axis=1) > 1), 0].tolist():
            own = alive[home == family]
            edges = self._edges_of(own)[0]
            edges = edges.take(edges.banned > 0)
            ends = np.concatenate([edges.one, edges.other])
            enemies = alive[np.isin(home, after[self._home[ends]]) & (home != family)]
            touched.append(own)
            banned.append(np.stack(np.meshgrid(own, enemies), axis=-1).reshape(-1, 2))
        return np.unique(np.concatenate(touched)), np.concatenate(banned)

    def _move_home(self, one: Labels, other: Labels) -> None:
        """Let the families of groups that joined be one, and forget the groups that are no more."""
        ours, theirs = self._home[one], self._home[other]
        if self._families:
            target = np.arange(len(self._parts))
            target[theirs] = ours
            apart = ours != theirs
            self._parts[ours[apart]] += self._parts[theirs[apart]]
            self._parts[ours] -= 1
            alive = self._home >= 0
            self._home[alive] = target[self._home[alive]]
        self._home[other] = -1


def between(
    sightings: Sightings, labels: Labels, near: Neighbours
) -> tuple[Labels, Labels, npt.NDArray[np.float64]]:
    """
    Return the linkage distance of the groups of which sightings are near each other.

    Parameters
    ----------
    sightings : Album, Distances or numpy.ndarray
        n sightings; see `toolkit.grouping.neighbours.of`.
    labels : numpy.ndarray
        Shape (n,), int64: the group of each, -1 for none.
    near : Neighbours
        Pairs of sightings, as `toolkit.grouping.linkage.Tree` has them.

    Returns
    -------
    one, other, distance : numpy.ndarray
        Shape (m,), int64, int64 and float64: numbers of groups, one < other.
    """
    distances = neighbours.of(sightings)
    rows = np.flatnonzero(labels >= 0)
    groups, place = np.unique(labels[rows], return_inverse=True)
    group_of = np.full(len(labels), -1)
    group_of[rows] = place
    ends = np.stack([group_of[near.first], group_of[near.second]])
    known = (ends >= 0).all(axis=0) & (ends[0] != ends[1])
    rest = distances[rows].rest(place)
    squares = distances.rest().squared(near.first[known], near.second[known]).astype(np.float32)
    away = near.distance[known].astype(np.float32)
    edges = _summed(
        len(groups), _of_pairs(ends[0, known], ends[1, known], away, squares, np.isnan(away))
    )
    members = np.bincount(place, minlength=1)
    fitted = distances.linkage
    factor = reach(members, fitted.discount).astype(np.float32)
    found = _linkage(edges, members, factor, fitted.uneven, rest).astype(np.float64)
    return groups[edges.one], groups[edges.other], found


def _of_pairs(
    first: npt.NDArray[np.integer],
    second: npt.NDArray[np.integer],
    away: Floats,
    squares: Floats,
    mute: Bools,
) -> _Edges:
    """Return what one pair of sightings each says of their groups."""
    silent = mute.astype(np.int32)
    away[mute] = squares[mute] = 0.0
    ends = first.astype(np.int32), second.astype(np.int32)
    return _Edges(*ends, away, squares, 1 - silent, silent, np.zeros_like(silent), away)


def _banned(pairs: Pairs) -> _Edges:
    """Return that pairs of groups may not be one."""
    one, other = pairs.astype(np.int32).T
    nothing, no = np.zeros(len(one), dtype=np.float32), np.zeros(len(one), dtype=np.int32)
    return _Edges(one, other, nothing, nothing, no, no, no + 1, nothing)


def _summed(count: int, edges: _Edges) -> _Edges:
    """Add up what is known of the same two of `count` groups; how far apart is to be worked out."""
    one, other = edges.one, edges.other
    keys = np.minimum(one, other).astype(np.int64) * count + np.maximum(one, other)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    first, second = np.divmod(keys[starts], max(count, 1))
    del keys

    def added(each: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.add.reduceat(each[order], starts) if len(starts) else each

    return _Edges(
        first.astype(np.int32),
        second.astype(np.int32),
        added(edges.total),
        added(edges.squares),
        added(edges.known),
        added(edges.mute),
        added(edges.banned),
        np.zeros(len(starts), dtype=np.float32),
    )


def _linkage(edges: _Edges, members: Labels, factor: Floats, uneven: float, rest: Rest) -> Floats:
    """
    Return the linkage distance of pairs of groups, float32.

    Parameters
    ----------
    edges : _Edges
        What is known of them.
    members, factor : numpy.ndarray
        Shape (g,): how many sightings each group has, and by what its distances count.
    uneven : float
        As of `toolkit.calibration.Linkage`.
    rest : Rest
        What is known of the pairs that were not compared.
    """
    pairs = members[edges.one] * members[edges.other]
    told = pairs - edges.mute
    left = told - edges.known
    sums = edges.total.astype(np.float64)
    some = np.flatnonzero(left > 0)
    for start in range(0, len(some), 1 << 18):
        part = some[start : start + (1 << 18)]
        unseen = rest.mean(
            edges.one[part], edges.other[part], pairs[part], left[part], edges.squares[part]
        )
        sums[part] += left[part] * unseen
    away = np.where(told > 0, sums / np.maximum(told, 1), np.inf)
    away *= factor[edges.one] * factor[edges.other]
    away = evened(away, members[edges.one], members[edges.other], uneven)
    away[edges.banned > 0] = np.inf
    return away.astype(np.float32)


def _key(away: Floats, group: npt.NDArray[np.integer]) -> npt.NDArray[np.uint64]:
    """Put a distance, 0 or more, and a group into one number of the same order."""
    high = np.ascontiguousarray(away, dtype=np.float32).view(np.uint32).astype(np.uint64)
    return (high << np.uint64(32)) | group.astype(np.uint64)


def _group_in(keys: npt.NDArray[np.uint64]) -> Labels:
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _away_in(keys: npt.NDArray[np.uint64]) -> Floats:
    return (keys >> np.uint64(32)).astype(np.uint32).view(np.float32)


def _of_families(family: Labels, cannot: Pairs) -> Pairs:
    """Return every pair of sightings of two families that hold a cannot-link pair."""
    order = np.argsort(family, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(family))])
    found = [np.zeros((0, 2), dtype=np.int64)]
    for one, other in np.unique(np.sort(family[cannot], axis=1), axis=0).tolist():
        mine, its = (order[starts[each] : starts[each + 1]] for each in (one, other))
        found.append(np.stack(np.meshgrid(mine, its), axis=-1).reshape(-1, 2))
    return np.concatenate(found)


def _sizes(family: Labels, joins: Pairs) -> Labels:
    """Return how many sightings the two families of each join have; shape (m, 2)."""
    home, weight = family.tolist(), np.bincount(family, minlength=1).tolist()
    above, sizes = list(range(len(weight))), []
    for ends in joins.tolist():
        tops = []
        for end in ends:
            top = home[end]
            while above[top] != top:
                above[top] = top = above[above[top]]
            tops.append(top)
        one, other = tops
        sizes.append((weight[one], weight[other]))
        if weight[one] < weight[other]:
            one, other = other, one
        above[other] = one
        weight[one] += weight[other]
    return np.array(sizes, dtype=np.int64).reshape(-1, 2)
