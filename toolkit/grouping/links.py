"""Pairs that must, or must never, be one individual: what every way of grouping holds to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from toolkit.errors import BadSetting
from toolkit.grouping.neighbours import Neighbours

Labels = npt.NDArray[np.int64]
Pairs = npt.NDArray[np.int64]


def require_consistent(must: Labels, cannot: Pairs) -> None:
    """
    Raise `BadSetting` if a chain of must-links joins a cannot-link pair.

    Parameters
    ----------
    must : numpy.ndarray
        Shape (n,), int64: the must-link component of each row.
    cannot : numpy.ndarray
        Shape (m, 2), int64: rows that are never one individual.
    """
    broken = cannot[must[cannot[:, 0]] == must[cannot[:, 1]]]
    if len(broken):
        first, second = broken[0]
        raise BadSetting(
            f"sightings {first} and {second} must be one individual and must not be: "
            "take one of the two decisions back"
        )


def chain(labels: Labels) -> Pairs:
    """Pairs that connect the members of each group one after the other."""
    order = np.argsort(labels, kind="stable")
    same = labels[order[1:]] == labels[order[:-1]]
    return np.stack([order[:-1][same], order[1:][same]], axis=1)


def pairs_within(photo_of: Labels) -> Pairs:
    """
    Return every pair of sightings that share a photo: two sightings in one photo are two
    individuals.

    Parameters
    ----------
    photo_of : numpy.ndarray
        Shape (n,), int64: the photo of each sighting.

    Returns
    -------
    numpy.ndarray
        Shape (m, 2), int64, smaller row first.
    """
    order = np.argsort(photo_of, kind="stable")
    starts = np.flatnonzero(np.diff(photo_of[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    pairs, whose = [np.zeros((0, 2), dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    # All photos with as many sightings at once.
    for size in np.unique(sizes[sizes > 1]).tolist():
        photos = np.flatnonzero(sizes == size)
        members = order[starts[photos, None] + np.arange(size)]
        ends = np.stack(np.triu_indices(size, k=1), axis=1)
        pairs.append(members[:, ends].reshape(-1, 2))
        whose.append(np.repeat(photos, len(ends)))
    found: Pairs = np.concatenate(pairs)
    return found[np.argsort(np.concatenate(whose), kind="stable")]


def components(count: int, *pairs: Pairs) -> Labels:
    """Number the connected components of `count` rows that these pairs connect; shape (count,)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = np.concatenate([np.zeros((0, 2), dtype=np.int64), *pairs])
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def by_size(labels: Labels) -> Labels:
    """Number groups by size, largest first; of equals, the one whose first row comes first."""
    _, first, inverse, counts = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(len(first))
    return rank[inverse]


def kruskal(pairs: Neighbours, must: Labels, cannot: Pairs) -> Labels:
    """Join pairs, nearest first, but for those that would bring a cannot-link pair together."""
    parent = np.unique(must, return_inverse=True)[1].tolist()
    enemies: dict[int, set[int]] = {}
    group_of = list(range(max(parent) + 1))
    members = {g: [g] for g in group_of}
    for first, second in cannot.tolist():
        enemies.setdefault(parent[first], set()).add(parent[second])
        enemies.setdefault(parent[second], set()).add(parent[first])
    for row in np.argsort(pairs.distance, kind="stable"):
        one, other = group_of[parent[pairs.first[row]]], group_of[parent[pairs.second[row]]]
        if one == other or other in enemies.get(one, ()):
            continue
        if len(members[one]) < len(members[other]):
            one, other = other, one
        for member in members.pop(other):
            group_of[member] = one
            members[one].append(member)
        for enemy in enemies.pop(other, set()):
            enemies[enemy].discard(other)
            enemies[enemy].add(one)
            enemies.setdefault(one, set()).add(enemy)
    return np.array([group_of[p] for p in parent], dtype=np.int64)
