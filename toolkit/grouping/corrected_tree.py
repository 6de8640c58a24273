"""
A tree of joins as decisions change it: for albums in which all joins anew take minutes.

Everything that was joined stays joined, in the same order, but for what a decision forbids; what a
decision joins is one. That is what joining anew gives where the decisions forbid none of the joins,
but for the last digits; where they do, what is parted may find others only when all is joined anew.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from toolkit.grouping.linkage import Tree
from toolkit.grouping.links import Labels, Pairs, components, require_consistent

Bools = npt.NDArray[np.bool_]
# Pairs that are one individual, and pairs that never are.
Links = tuple[Pairs, Pairs]


def corrected(tree: Tree, before: Links, now: Links, ignored: Bools) -> Tree | None:
    """
    Return a tree as more decisions change it.

    Parameters
    ----------
    tree : Tree
        Of n sightings.
    before, now : (numpy.ndarray, numpy.ndarray)
        Shape (m, 2), int64: the must-links and the cannot-links that it was made with, and those
        that hold now.
    ignored : numpy.ndarray
        Shape (n,), bool: which sightings are left out now.

    Returns
    -------
    Tree or None
        None where something that held before holds no more: that can only be joined anew.

    Raises
    ------
    BadSetting
        If a chain of must-links joins a cannot-link pair.
    """
    kept = ~ignored
    must, cannot = (_among(pairs, kept) for pairs in now)
    family = components(tree.count, must)
    require_consistent(family, cannot)
    if (kept & (tree.must < 0)).any() or not _holds(before, family, cannot, kept):
        return None
    joins = _replayed(tree, family, cannot, kept)
    numbers = np.full(tree.count, -1, dtype=np.int64)
    numbers[kept] = np.unique(family[kept], return_inverse=True)[1]
    which = np.array([row for row, *_ in joins], dtype=np.int64)
    ends = np.array([each[1:3] for each in joins], dtype=np.int64).reshape(-1, 2)
    sizes = np.array([each[3:] for each in joins], dtype=np.int64).reshape(-1, 2)
    return replace(
        tree,
        must=numbers,
        first=ends[:, 0],
        second=ends[:, 1],
        height=tree.height[which],
        sizes=sizes,
        runner_up=tree.runner_up[which],
    )


def _among(pairs: Pairs, kept: Bools) -> Pairs:
    found = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    return found[kept[found].all(axis=1)]


def _holds(before: Links, family: Labels, cannot: Pairs, kept: Bools) -> bool:
    """Whether all that held before holds now, by way of families."""
    must, apart = (_among(pairs, kept) for pairs in before)
    if (family[must[:, 0]] != family[must[:, 1]]).any():
        return False
    # Two that are one now by decision kept nobody apart who is not one with them as well.
    apart = apart[family[apart[:, 0]] != family[apart[:, 1]]]

    def keys(pairs: Pairs) -> Labels:
        ends = np.sort(family[pairs], axis=1)
        found: Labels = ends[:, 0] * len(family) + ends[:, 1]
        return found

    return bool(np.isin(keys(apart), keys(cannot)).all())


def _replayed(
    tree: Tree, family: Labels, cannot: Pairs, kept: Bools
) -> list[tuple[int, int, int, int, int]]:
    """
    Make the joins again.

    Returns
    -------
    list of (int, int, int, int, int)
        Of each that is made: its number in the tree, a sighting of the larger and of the smaller
        family, and how many these have.
    """
    home, there = family.tolist(), kept.tolist()
    weight = np.bincount(family[kept], minlength=int(family.max(initial=-1)) + 1).tolist()
    above = list(range(len(weight)))
    # A sighting of each family that is not left out; -1 where there is none.
    head = np.full(len(weight), -1, dtype=np.int64)
    rows = np.flatnonzero(kept)[::-1]
    head[family[rows]] = rows
    heads: list[int] = head.tolist()
    enemies: dict[int, set[int]] = {}
    for one, other in np.unique(np.sort(family[cannot], axis=1), axis=0).tolist():
        enemies.setdefault(one, set()).add(other)
        enemies.setdefault(other, set()).add(one)

    def top(row: int) -> int:
        found: int = home[row]
        while above[found] != found:
            above[found] = found = above[above[found]]
        return found

    made = []
    pairs = zip(tree.first.tolist(), tree.second.tolist(), strict=True)
    for number, (first, second) in enumerate(pairs):
        one, other = top(first), top(second)
        if one == other or other in enemies.get(one, ()):
            continue
        if weight[one] < weight[other]:
            one, other, first, second = other, one, second, first
        if weight[other]:
            ends = (
                first if there[first] else heads[one],
                second if there[second] else heads[other],
            )
            made.append((number, *ends, weight[one], weight[other]))
        above[other] = one
        weight[one] += weight[other]
        for enemy in enemies.pop(other, ()):
            enemies[enemy].discard(other)
            enemies[enemy].add(one)
            enemies.setdefault(one, set()).add(enemy)
    return made
