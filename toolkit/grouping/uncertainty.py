"""Where a grouping is least sure: groups that may be two individuals, and two that may be one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit import memory
from toolkit.calibration import Calibration
from toolkit.grouping import linkage, neighbours, sparse_linkage
from toolkit.grouping.linkage import Tree
from toolkit.grouping.links import Labels, Pairs, chain, components
from toolkit.grouping.neighbours import Distances, Middles, Neighbours, Sightings

Floats = npt.NDArray[np.float64]

SUSPICIOUS_COLUMNS = (
    *("group", "name", "sightings", "probability", "height", "first", "second", "distance"),
    *("first_path", "second_path", "smaller"),
)
ALIKE_COLUMNS = (
    *("group", "other", "name", "other_name", "distance", "probability", "first", "second"),
    *("first_path", "second_path"),
)

# How many of the next groups are few, and many, to tell how a group holds together.
FEW, MANY = 5, 50

# Of more groups than this, so many are looked into: the half of them those that are spread most.
EXAMINED = 5_000

# Distances of sides to groups that are in memory at once.
_AT_ONCE = 16_000_000

# Bytes a pair of groups, while the nearest pairs are sought.
_SORTED = 16


@dataclass(frozen=True)
class Sides:
    """
    The two parts that the last join of each group brought together.

    Attributes
    ----------
    group : numpy.ndarray
        Shape (g,), int64: groups of two sightings or more that must-links do not make one anyway.
    first, second : tuple of numpy.ndarray
        For each of them, the sightings (int64) of the larger and the smaller side.
    height : numpy.ndarray
        Shape (g,), float64: the distance at which they were joined
        (`toolkit.grouping.linkage.Tree.height`).
    weight : numpy.ndarray
        Shape (g,), float64: for how many groups each stands; 1 but where some were drawn.
    passed : int
        Groups that were not split, as others stand for them.
    """

    group: Labels
    first: tuple[Labels, ...]
    second: tuple[Labels, ...]
    height: Floats
    weight: Floats
    passed: int = 0


def best_joins(tree: Tree, calibration: Calibration) -> int:
    """
    Return how many joins of a tree to make: those after which most more are right than wrong.

    Each join is right with the probability that the calibration gives its height, with the number
    of other groups at that moment as `others`; the sum of ``2 p - 1`` is greatest there.
    """
    right = calibration.probability(tree.height, tree.groups_before - 1)
    return int(np.concatenate([[0.0], np.cumsum(2 * right - 1)]).argmax())


def expected_wrong(tree: Tree, calibration: Calibration, threshold: float) -> float | None:
    """Return the share of a threshold's joins that are expected to be wrong; None without joins."""
    joins = tree.made_at(threshold)
    if not joins:
        return None
    right = calibration.probability(tree.height[:joins], tree.groups_before[:joins] - 1)
    return float(1 - right.mean())


def sides(sightings: Sightings, labels: Labels, *, must_link: Pairs | None = None) -> Sides:
    """
    Split each group where it holds together least: at the last join of its own average linkage.

    Must-linked sightings of a group are on one side, so that what was answered is not asked again;
    a group that must-links make one individual is left out, and one whose table cannot fit. Of very
    many groups those that are spread most are split, and as many of the others, drawn.

    Parameters
    ----------
    sightings : Album, Distances or numpy.ndarray
        n sightings; see `toolkit.grouping.neighbours.of`.
    labels : numpy.ndarray
        Shape (n,), int64: the group of each sighting, -1 for none.
    must_link : numpy.ndarray, optional
        Shape (m, 2), int64: pairs of rows that are one individual, directly or in a chain, also by
        way of sightings of other groups.
    """
    distances = neighbours.of(sightings)
    family = None if must_link is None else components(len(labels), must_link)
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-2))
    members = [
        rows for rows in np.split(order, starts[1:]) if len(rows) > 1 and labels[rows[0]] >= 0
    ]
    chosen, stands_for = _examined(distances, members)
    groups, firsts, seconds, heights, weights = [], [], [], [], []
    for place, weight in zip(chosen.tolist(), stands_for.tolist(), strict=True):
        rows = members[place]
        try:
            split = _split(distances[rows], None if family is None else chain(family[rows]))
        except MemoryError:
            continue
        if split is None:
            continue
        parts, height = split
        groups.append(int(labels[rows[0]]))
        firsts.append(rows[parts == 0])
        seconds.append(rows[parts == 1])
        heights.append(height)
        weights.append(weight)
    return Sides(
        np.array(groups, dtype=np.int64),
        tuple(firsts),
        tuple(seconds),
        np.array(heights, dtype=np.float64),
        np.array(weights, dtype=np.float64),
        len(members) - len(chosen),
    )


def _split(group: Distances, held: Pairs | None) -> tuple[Labels, float] | None:
    """Return the side, 0 or 1, of each sighting of a group, and how far apart; None if one."""
    if len(group) <= linkage.MOST:
        tree = linkage.tree(group, must_link=held)
        parts = tree.labels_after(len(tree) - 1)
        return (parts, float(tree.height[-1])) if len(tree) else None
    tree = sparse_linkage.tree(group, must_link=held)
    parts = np.minimum(tree.labels_after(len(tree)), 1)
    if not parts.any():
        # All hang together by near pairs: the last of these joins is the last one.
        parts = tree.labels_after(len(tree) - 1)
        return (parts, float(tree.height[-1])) if len(tree) else None
    rest = group.rest(parts)
    if not isinstance(rest, Middles):
        return None
    sizes = np.bincount(parts)
    away = rest.to(rest, slice(0, 1))[0, 1] * linkage.reach(sizes, group.linkage.discount).prod()
    return parts, float(linkage.evened(away, sizes[0], sizes[1], group.linkage.uneven))


def _examined(distances: Distances, members: Sequence[Labels]) -> tuple[Labels, Floats]:
    """Return which groups to split, shape (g,), and for how many each of them stands."""
    every = np.arange(len(members)), np.ones(len(members))
    if len(members) <= EXAMINED:
        return every
    sizes = np.array([len(rows) for rows in members])
    rest = distances[np.concatenate(members)].rest(np.repeat(every[0], sizes))
    if not isinstance(rest, Middles):
        return every
    # Two of one group are so far apart, in the mean.
    by_spread = np.argsort(-rest.about * sizes / (sizes - 1), kind="stable")
    others = np.sort(by_spread[EXAMINED // 2 :])
    # A group is drawn, or is not, whatever becomes of the others.
    lot = np.random.default_rng(1).permutation(len(distances))
    first = np.array([members[place].min() for place in others.tolist()])
    drawn = others[np.argsort(lot[first], kind="stable")[: EXAMINED // 2]]
    weight = np.ones(len(members))
    weight[drawn] = len(others) / len(drawn)
    chosen = np.sort(np.concatenate([by_spread[: EXAMINED // 2], drawn]))
    return chosen, weight[chosen]


def suspicious(
    sightings: Sightings,
    labels: Labels,
    parts: Sides,
    calibration: Calibration,
    *,
    moved: float = 0.0,
    near: Neighbours | None = None,
) -> pd.DataFrame:
    """
    Order groups by how likely they are to hold two individuals.

    Parameters
    ----------
    sightings, labels
        As for `sides`.
    parts : Sides
        Of these groups.
    calibration : Calibration
        What distances say in this album.
    moved : float
        By how much its `even` is above that of a usual album (`toolkit.grouping.spread`): a join
        there holds together as one that is nearer by so much does elsewhere.
    near : Neighbours, optional
        As for `evidence`.

    Returns
    -------
    pandas.DataFrame
        One row a group, the doubtful first: group, sightings, probability (of one individual),
        height, first, second (the nearest pair of sightings across the two sides), distance (of
        that pair), smaller (sightings of the smaller side), weight (for how many groups it stands).
    """
    distances = neighbours.of(sightings)
    cohesion = distances.linkage.cohesion
    others = len(np.unique(labels[labels >= 0])) - 1
    # A join that no threshold of its own would make is doubtful, however far the other groups are.
    sure = calibration.probability(parts.height, max(others, 1))
    if others > 0 and cohesion is not None:
        features = evidence(distances, labels, parts, near=near)
        odds = (
            calibration.slope
            * (cohesion.few * (features[:, 0] + moved) + cohesion.many * (features[:, 1] + moved))
            + cohesion.size * features[:, 2]
            + cohesion.start
        )
        sure = np.minimum(2 * sure, 1.0) / (1.0 + np.exp(-np.clip(odds, -500, 500)))
    links = [
        nearest_pair(distances, one, other)
        for one, other in zip(parts.first, parts.second, strict=True)
    ]
    table = pd.DataFrame(
        {
            "group": parts.group,
            "sightings": [
                len(one) + len(other) for one, other in zip(parts.first, parts.second, strict=True)
            ],
            "probability": sure,
            "height": parts.height,
            "first": np.array([link[0] for link in links], dtype=np.int64),
            "second": np.array([link[1] for link in links], dtype=np.int64),
            "distance": np.array([link[2] for link in links], dtype=np.float64),
            "smaller": [len(other) for other in parts.second],
            "weight": parts.weight,
        }
    )
    return table.sort_values(["probability", "group"], ignore_index=True)


def evidence(
    sightings: Sightings, labels: Labels, parts: Sides, *, near: Neighbours | None = None
) -> Floats:
    """
    Describe what holds each group together.

    All by the means, without what uneven groups are nearer by: that says how likely a join is
    before looking, not how well it holds.

    Parameters
    ----------
    sightings, labels
        As for `sides`.
    parts : Sides
        Of these groups.
    near : Neighbours, optional
        The near pairs, where not all were compared: then it is the middles of the groups that tell
        how far apart they are.

    Returns
    -------
    numpy.ndarray
        Shape (g, 3), float64: how much further than the two sides the `FEW` next groups are,
        on average over both sides; the same for the `MANY` next ones; the natural logarithm of the
        size of the larger side. Where there is no other group, the first two are 0.
    """
    distances = neighbours.of(sightings)
    discount = distances.linkage.discount
    found = np.zeros((len(parts.group), 3))
    height = _without_uneven(parts, distances.linkage.uneven)
    known = np.flatnonzero(labels >= 0)
    groups, which = np.unique(labels[known], return_inverse=True)
    order = known[np.argsort(which, kind="stable")]
    starts = np.flatnonzero(np.diff(labels[order], prepend=-2))
    sizes = np.diff(starts, append=len(order)).astype(np.float64)
    reach = linkage.reach(sizes, discount) if len(sizes) else sizes
    if near is not None:
        some = distances if len(known) == len(labels) else distances[known]
        if isinstance(rest := some.rest(which), Middles):
            return _evidence_by_middles(distances, rest, groups, reach, parts)
    place_of = {int(group): place for place, group in enumerate(groups)}
    for place, (one, other) in enumerate(zip(parts.first, parts.second, strict=True)):
        found[place, 2] = np.log(max(len(one), len(other)))
        if len(groups) < 2:
            continue
        for side in (one, other):
            each = _mean_distances(distances, side, order)
            away = np.add.reduceat(each, starts) / sizes * reach
            away *= linkage.reach(len(side), discount)
            away = np.sort(np.delete(away, place_of[int(parts.group[place])]))
            found[place, 0] += (away[:FEW].mean() - height[place]) / 2
            found[place, 1] += (away[:MANY].mean() - height[place]) / 2
    return found


def _without_uneven(parts: Sides, uneven: float) -> Floats:
    """Return how far apart the sides of each group are, whatever their sizes; (g,)."""
    if not uneven:
        return parts.height
    one, other = ([len(side) for side in each] for each in (parts.first, parts.second))
    return parts.height + linkage.nearer(one, other, uneven)


def _evidence_by_middles(
    distances: Distances, theirs: Middles, groups: Labels, reach: Floats, parts: Sides
) -> Floats:
    """Return what `evidence` does, by the middles of sides and groups."""
    found = np.zeros((len(parts.group), 3))
    if not len(parts.group):
        return found
    lengths = [(len(one), len(other)) for one, other in zip(parts.first, parts.second, strict=True)]
    sizes = np.array(lengths, dtype=np.int64)
    found[:, 2] = np.log(sizes.max(axis=1))
    if len(groups) < 2:
        return found
    place = np.searchsorted(groups, parts.group)
    height = _without_uneven(parts, distances.linkage.uneven)
    for side, members in enumerate((parts.first, parts.second)):
        labels = np.repeat(np.arange(len(members)), sizes[:, side])
        rest = cast(Middles, distances[np.concatenate(members)].rest(labels))
        own = linkage.reach(sizes[:, side], distances.linkage.discount)
        several = max(1, _AT_ONCE // len(groups))
        for start in range(0, len(members), several):
            part = slice(start, start + several)
            away = rest.to(theirs, part)
            away *= reach.astype(np.float32)
            away[np.arange(len(away)), place[part]] = np.inf
            many = min(MANY, len(groups) - 1)
            away.partition(many - 1, axis=1)
            next_ones = np.sort(away[:, :many], axis=1) * own[part, None]
            for kind, few in enumerate((FEW, MANY)):
                mean = next_ones[:, :few].mean(axis=1)
                found[part, kind] += (mean - height[part]) / 2
    return found


def alike(
    sightings: Sightings,
    labels: Labels,
    calibration: Calibration,
    *,
    apart: Pairs,
    most: int,
    near: Neighbours | None = None,
) -> pd.DataFrame:
    """
    Find pairs of groups that may be one individual.

    Groups with a pair of sightings that are two individuals are two. For the others, the
    calibration says how likely their linkage distance makes it, with the number of groups as what
    could be near by accident.

    Parameters
    ----------
    sightings, labels
        As for `sides`.
    calibration : Calibration
        Of the encoder.
    apart : numpy.ndarray
        Shape (m, 2), int64: sightings that are two, such as those of one photo.
    most : int
        At most so many pairs.
    near : Neighbours, optional
        The near pairs, where not all were compared: then only groups that are near in some of
        their sightings are looked at.

    Returns
    -------
    pandas.DataFrame
        Likeliest first: group, other, distance, probability. `linked` adds their nearest pair.
    """
    distances = neighbours.of(sightings)
    known = np.flatnonzero(labels >= 0)
    groups = np.unique(labels[known])
    rows: list[tuple[float, int, int]] = []
    if len(groups) > 1:
        seen = labels[apart[(labels[apart] >= 0).all(axis=1)]]
        first, second = np.sort(np.searchsorted(groups, seen.T), axis=0)
        if near is not None:
            rows = _nearest_groups(
                distances, labels, near, np.unique(first * len(groups) + second), groups, most
            )
        blocks = () if near is not None else _between(distances[known], labels[known], len(groups))
        for start, table in blocks:
            here = (start <= first) & (first < start + len(table))
            table[first[here] - start, second[here]] = np.inf
            table[np.arange(len(groups)) <= np.arange(start, start + len(table))[:, None]] = np.inf
            flat = table.reshape(-1)
            best = np.argsort(flat, kind="stable")[:most]
            rows += [
                (float(flat[i]), int(groups[start + one]), int(groups[other]))
                for i in best.tolist()
                if np.isfinite(flat[i])
                for one, other in [divmod(i, len(groups))]
            ]
            rows = sorted(rows)[:most]
    distance = np.array([row[0] for row in rows], dtype=np.float64)
    return pd.DataFrame(
        {
            "group": np.array([row[1] for row in rows], dtype=np.int64),
            "other": np.array([row[2] for row in rows], dtype=np.int64),
            "distance": distance,
            "probability": calibration.probability(distance, max(len(groups) - 1, 1)),
        }
    )


def linked(sightings: Sightings, labels: Labels, pairs: pd.DataFrame) -> pd.DataFrame:
    """
    Add to pairs of groups, as `alike` returns them, the nearest pair of their sightings.

    Returns
    -------
    pandas.DataFrame
        The same rows, with first and second.
    """
    distances = neighbours.of(sightings)
    links = [
        nearest_pair(distances, np.flatnonzero(labels == one), np.flatnonzero(labels == other))
        for one, other in zip(pairs["group"].tolist(), pairs["other"].tolist(), strict=True)
    ]
    return pairs.assign(
        first=np.array([link[0] for link in links], dtype=np.int64),
        second=np.array([link[1] for link in links], dtype=np.int64),
    )


def second_groups(pairs: pd.DataFrame, labels: Labels) -> dict[int, float]:
    """
    Return how likely groups are to be a second one of an individual who has a larger one.

    Parameters
    ----------
    pairs : pandas.DataFrame
        Of `alike`.
    labels : numpy.ndarray
        Shape (n,), int64: the group of each sighting, -1 for none.

    Returns
    -------
    dict of int to float
        Of the smaller groups of the pairs, the probability of the likeliest of their pairs. Their
        sum is how many second groups are expected.
    """
    sizes = np.bincount(labels[labels >= 0])
    best: dict[int, float] = {}
    for group, other, probability in zip(
        pairs["group"].tolist(),
        pairs["other"].tolist(),
        pairs["probability"].tolist(),
        strict=True,
    ):
        smaller = other if sizes[group] >= sizes[other] else group
        best[smaller] = max(best.get(smaller, 0.0), probability)
    return best


def _nearest_groups(
    distances: Distances,
    labels: Labels,
    near: Neighbours,
    apart: Labels,
    groups: Labels,
    most: int,
) -> list[tuple[float, int, int]]:
    """List the nearest pairs of near groups, without those that are known to be two."""
    one, other, away = sparse_linkage.between(distances, labels, near)
    keys = np.searchsorted(groups, one) * len(groups) + np.searchsorted(groups, other)
    order = np.flatnonzero(~np.isin(keys, apart))
    order = order[np.lexsort((other[order], one[order], away[order]))][:most]
    return list(zip(away[order].tolist(), one[order].tolist(), other[order].tolist(), strict=True))


def _between(
    distances: Distances, labels: Labels, groups: int
) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
    """Yield the distances of groups: all at once where that fits, or some groups at a time."""
    try:
        need = linkage.needs(len(distances), distances.dimensions) + _SORTED * groups**2
        memory.require(need, f"a table of {len(labels):,} sightings")
        yield 0, linkage.between(distances, labels)
    except MemoryError:
        yield from linkage.between_some(distances, labels)


def _mean_distances(distances: Distances, side: Labels, to: Labels) -> Floats:
    """Average the distances of a side to each of some sightings, some rows at a time."""
    total = np.zeros(len(to))
    for number, part in enumerate(neighbours.slices(len(side))):
        table = distances.table(side[part], to)
        # One row after the other, as if all were there at once: the same to the last bit.
        total = np.add.reduce(np.concatenate([total[None], table]) if number else table, axis=0)
    return total / len(side)


def nearest_pair(sightings: Sightings, one: Labels, other: Labels) -> tuple[int, int, float]:
    """Return the sightings of two sides that are nearest to each other, and how far apart."""
    distances = neighbours.of(sightings)
    nearest = (0, 0, np.inf)
    for part in neighbours.slices(len(one)):
        some = one[part]
        away = distances.table(some, other)
        row, column = np.unravel_index(int(away.argmin()), away.shape)
        if not part.start or away[row, column] < nearest[2]:
            nearest = (int(some[row]), int(other[column]), float(away[row, column]))
    return nearest
