"""
What distances say in this album: a calibration that follows how far its individuals spread.

A calibration is fitted on some photos. In others, of all poses, lights and ages, those of one
individual are farther from each other, and where even odds are moves with them. The groups that
the calibration makes by itself show it: the mean distance within them, beside what is usual.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from toolkit.calibration import Calibration, Linkage
from toolkit.grouping import linkage as linking
from toolkit.grouping.linkage import Tree
from toolkit.grouping.links import Labels
from toolkit.grouping.neighbours import Distances
from toolkit.grouping.uncertainty import best_joins

Floats = npt.NDArray[np.float64]

# Sightings from which on a group shows a spread, and how many of a large one are looked at.
FEWEST, LOOKED_AT = 3, 300


def of_groups(calibration: Calibration, linkage: Linkage) -> Calibration:
    """Return what the linkage distances of groups say in a usual album."""
    if not linkage.lower:
        return calibration
    return replace(calibration, even=max(calibration.even - linkage.lower, calibration.even / 10))


def followed(calibration: Calibration, linkage: Linkage, means: Floats) -> Calibration:
    """
    Move even odds of groups by how far the spread is from what is usual.

    Parameters
    ----------
    calibration : Calibration
        Of the encoder.
    linkage : Linkage
        Of the encoder; without a `spread`, nothing moves.
    means : numpy.ndarray
        Shape (g,), float64: the mean distance within each group of three sightings or more.

    Returns
    -------
    Calibration
        With the same slope.
    """
    usual, groups = linkage.spread, of_groups(calibration, linkage)
    if usual is None or not len(means):
        return groups
    even, mean = calibration.even, float(np.mean(means))
    beyond = max(mean - usual.high * even, 0.0) - max(usual.low * even - mean, 0.0)
    moved = float(np.clip(beyond, -usual.most * even, usual.most * even))
    return replace(groups, even=groups.even + moved * len(means) / (len(means) + usual.few))


def to_tree(calibration: Calibration, linkage: Linkage, tree: Tree) -> Calibration:
    """
    Return what distances say among the sightings of a tree of joins.

    The groups are those of `toolkit.grouping.uncertainty.best_joins` by the calibration as it is.
    """
    if linkage.spread is None:
        return of_groups(calibration, linkage)
    joins = best_joins(tree, of_groups(calibration, linkage))
    return followed(calibration, linkage, _means_of_tree(tree, joins, linkage))


def to_groups(calibration: Calibration, distances: Distances, labels: Labels) -> Calibration:
    """
    Return what distances say among sightings that are grouped.

    Parameters
    ----------
    calibration : Calibration
        Of the encoder.
    distances : Distances
        Of n sightings.
    labels : numpy.ndarray
        Shape (n,), int64: the group of each, -1 for none.
    """
    if distances.linkage.spread is None:
        return of_groups(calibration, distances.linkage)
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-2))
    means = []
    for rows in np.split(order, starts[1:]):
        if len(rows) < FEWEST or labels[rows[0]] < 0:
            continue
        some = rows[:: -(-len(rows) // LOOKED_AT)]
        first, second = np.triu_indices(len(some), k=1)
        means.append(float(distances.table(some, some)[first, second].mean()))
    return followed(calibration, distances.linkage, np.array(means, dtype=np.float64))


def _means_of_tree(tree: Tree, joins: int, linkage: Linkage) -> Floats:
    """Return the mean distance within each group of three or more after so many joins; (g,)."""
    labels = tree.labels_after(joins)
    sizes = np.bincount(labels[labels >= 0])
    of_join, met = labels[tree.first[:joins]], tree.sizes[:joins]
    # The height of a join is the mean distance of the pairs that it brings together, less what
    # large and uneven groups are forgiven.
    pairs = met.prod(axis=1).astype(np.float64)
    away = tree.height[:joins] + linking.nearer(met[:, 0], met[:, 1], linkage.uneven)
    away /= linking.reach(met, linkage.discount).prod(axis=1)
    total = np.bincount(of_join, weights=away * pairs, minlength=len(sizes))
    counted = np.bincount(of_join, weights=pairs, minlength=len(sizes))
    shown = (sizes >= FEWEST) & (counted > 0)
    found: Floats = total[shown] / counted[shown]
    return found
