"""
The ways of grouping sightings into individuals, all with one signature.

Every function takes ``(sightings, *, threshold, must_link=None, cannot_link=None)`` and returns a
`Clustering`. Sightings are an album, or anything else of `toolkit.grouping.neighbours.of`. Pairs
are arrays of shape (m, 2) of row numbers. A must-link pair ends in one group, a cannot-link pair in
two, whatever the distances say. But for `online`, the groups do not depend on the order of the
rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np

from toolkit import memory
from toolkit.errors import BadSetting
from toolkit.grouping import linkage, neighbours
from toolkit.grouping.links import (
    Labels,
    Pairs,
    by_size,
    chain,
    components,
    kruskal,
    require_consistent,
)
from toolkit.grouping.neighbours import Distances, Sightings
from toolkit.records import Clustering

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Bytes that a near pair takes, by what is made of it: arrays, or Python's own tuples.
LINK, EDGE = 150, 500


class Method(Protocol):
    """A way of grouping."""

    def __call__(
        self,
        sightings: Sightings,
        *,
        threshold: float,
        must_link: Pairs | None = None,
        cannot_link: Pairs | None = None,
    ) -> Clustering:
        """Group the sightings."""
        ...


def average(
    sightings: Sightings,
    *,
    threshold: float,
    must_link: Pairs | None = None,
    cannot_link: Pairs | None = None,
    discount: float | None = None,
) -> Clustering:
    """
    Join the two groups whose sightings are nearest on average, until none are within reach.

    One blurred sighting between two individuals does not join them, because the rest of both groups
    has a say: that is why this is the default. A lower threshold only splits groups; for several
    thresholds, `toolkit.grouping.linkage.tree` does the work once. A must-link makes one of the two
    groups that hold its sightings, whole.

    Parameters
    ----------
    sightings : Album, Distances or numpy.ndarray
        n sightings; see `toolkit.grouping.neighbours.of`.
    threshold : float
        Largest mean distance between two groups that are joined.
    must_link, cannot_link : numpy.ndarray, optional
        Shape (m, 2), int64: pairs of rows that are, or are never, one individual.
    discount : float, optional
        How much nearer large groups count; see `toolkit.grouping.linkage.tree`.

    Raises
    ------
    BadSetting
        If a chain of must-links joins a cannot-link pair.
    """
    made = linkage.tree(sightings, must_link=must_link, cannot_link=cannot_link, discount=discount)
    return made.cut(threshold)


def linked(
    sightings: Sightings,
    *,
    threshold: float,
    must_link: Pairs | None = None,
    cannot_link: Pairs | None = None,
) -> Clustering:
    """
    Put two sightings together when a chain of close pairs connects them.

    Connected components, or single linkage: what DBSCAN does with ``min_samples=1``. One blurred
    sighting between two individuals joins them, and in a large album nearly everybody ends in one
    group; this is here to be compared with. A lower threshold only splits groups, as long as there
    are no cannot-links. Parameters as for `average`.
    """
    return _grouped("linked", _linked, sightings, threshold, must_link, cannot_link)


def online(
    sightings: Sightings,
    *,
    threshold: float,
    must_link: Pairs | None = None,
    cannot_link: Pairs | None = None,
) -> Clustering:
    """
    Take sightings one by one: each joins the nearest individual known so far, or is a new one.

    An individual is the running mean of what was put there. It needs no more than one look at each
    photo, and its answer depends on the order of the rows: the same photos in another order can
    give other groups. Parameters as for `average`.
    """
    return _grouped(
        "online", _online, sightings, threshold, must_link, cannot_link, keep_order=True
    )


def whispers(
    sightings: Sightings,
    *,
    threshold: float,
    must_link: Pairs | None = None,
    cannot_link: Pairs | None = None,
) -> Clustering:
    """
    Let every sighting take the label that most of its close neighbours have, over and over.

    dlib's Chinese whispers (Biemann 2006), 100 rounds, on the pairs within the threshold, each
    counting the same: what ``dlib.chinese_whispers_clustering`` does. Parameters as for `average`.
    """
    return _grouped("whispers", _whispers, sightings, threshold, must_link, cannot_link)


def dbscan(
    sightings: Sightings,
    *,
    threshold: float,
    must_link: Pairs | None = None,
    cannot_link: Pairs | None = None,
    min_samples: int = 2,
) -> Clustering:
    """
    Grow groups from dense places: scikit-learn's DBSCAN.

    A sighting with at least `min_samples` sightings (itself counted) within the threshold is a core
    point; core points in reach of each other are one group, and take in what is within their
    reach. What is left is noise: here, each of it is an individual of its own, marked in
    `Clustering.noise`.

    Parameters
    ----------
    sightings, threshold, must_link, cannot_link
        As for `average`; the threshold is DBSCAN's `eps`.
    min_samples : int
        How many make a dense place. With 1 or 2 the groups are those of `linked`.
    """

    def method(rows: Distances, reach: float, must: Labels, cannot: Pairs) -> Labels:
        return _dbscan(rows, reach, min_samples)

    return _grouped("dbscan", method, sightings, threshold, must_link, cannot_link)


def hdbscan(
    sightings: Sightings,
    *,
    threshold: float,
    must_link: Pairs | None = None,
    cannot_link: Pairs | None = None,
    min_cluster_size: int = 2,
) -> Clustering:
    """
    Take the groups that last longest while the reach shrinks: scikit-learn's HDBSCAN.

    It finds a reach for each part of the data by itself, so the threshold changes nothing. What is
    left is noise, as with `dbscan`; everything in one group is an answer it never gives.

    Parameters
    ----------
    sightings, threshold, must_link, cannot_link
        As for `average`. (scikit-learn's own `cluster_selection_epsilon` is not used: it fails with
        recent versions of numpy.)
    min_cluster_size : int
        Smallest group, 2 or more.
    """

    def method(rows: Distances, reach: float, must: Labels, cannot: Pairs) -> Labels:
        return _hdbscan(rows, min_cluster_size)

    return _grouped("hdbscan", method, sightings, threshold, must_link, cannot_link)


METHODS: dict[str, Method] = {
    "average": average,
    "linked": linked,
    "online": online,
    "whispers": whispers,
    "dbscan": dbscan,
    "hdbscan": hdbscan,
}


def group(
    sightings: Sightings,
    method: str,
    *,
    threshold: float,
    must_link: Pairs | None = None,
    cannot_link: Pairs | None = None,
) -> Clustering:
    """
    Group by a method's name, one of `METHODS`; parameters as for `average`.

    Raises
    ------
    BadSetting
        If there is no such method, or the links contradict each other.
    """
    if method not in METHODS:
        raise BadSetting(f"method is {method!r}; expected one of {', '.join(METHODS)}")
    return METHODS[method](
        sightings, threshold=threshold, must_link=must_link, cannot_link=cannot_link
    )


Grouping = Callable[[Distances, float, Labels, Pairs], Labels]


def _grouped(
    name: str,
    method: Grouping,
    sightings: Sightings,
    threshold: float,
    must_link: Pairs | None,
    cannot_link: Pairs | None,
    *,
    keep_order: bool = False,
) -> Clustering:
    """Run a method on rows in an order of their own, hold the links, and number the groups."""
    distances = neighbours.of(sightings)
    count = len(distances)
    none = np.zeros((0, 2), dtype=np.int64)
    must = components(count, none if must_link is None else must_link)
    cannot = none if cannot_link is None else np.asarray(cannot_link, dtype=np.int64)
    require_consistent(must, cannot)
    if count == 0:
        return Clustering(np.zeros(0, dtype=np.int64), name, threshold)
    order = np.arange(count) if keep_order else distances.order()
    place = np.empty(count, dtype=np.int64)
    place[order] = np.arange(count)
    raw = np.empty(count, dtype=np.int64)
    raw[order] = method(distances[order], threshold, must[order], place[cannot])
    noise = raw < 0
    raw[noise] = count + np.flatnonzero(noise)
    raw = components(count, chain(raw), chain(must))
    if len(cannot):
        raw = _separated(distances, raw, must, cannot)
    labels = by_size(raw)
    alone = np.bincount(labels)[labels] == 1
    return Clustering(labels, name, threshold, noise & alone)


def _separated(distances: Distances, labels: Labels, must: Labels, cannot: Pairs) -> Labels:
    """
    Split each group that holds a cannot-link pair: `average`, stopped by nothing else.

    Where its table cannot fit, the families go one by one to the nearest part that may have them.
    """
    split = labels.copy()
    within_one = labels[cannot[:, 0]] == labels[cannot[:, 1]]
    fresh = int(labels.max()) + 1
    for label in np.unique(labels[cannot[within_one, 0]]):
        rows = np.flatnonzero(labels == label)
        place = np.full(len(labels), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        inside = place[cannot[(place[cannot] >= 0).all(axis=1)]]
        try:
            made = linkage.tree(distances[rows], must_link=chain(must[rows]), cannot_link=inside)
            parts = made.labels_after(len(made))
        except MemoryError:
            parts = _spread(distances[rows], must[rows], inside)
        split[rows] = fresh + parts
        fresh += int(parts.max()) + 1
    return split


def _spread(distances: Distances, must: Labels, cannot: Pairs) -> Labels:
    """Put families, the largest first, into the nearest part that has no enemy."""
    family = by_size(must)
    enemies: dict[int, list[int]] = {}
    for one, other in family[cannot].tolist():
        enemies.setdefault(one, []).append(other)
        enemies.setdefault(other, []).append(one)
    order = np.argsort(family, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(family))[:-1])
    part_of = np.full(len(members), -1, dtype=np.int64)
    means, parts = distances.means(), 0
    for place, rows in enumerate(members):
        away = means.away(rows) if parts else np.zeros(0)
        taken = part_of[enemies.get(place, [])]
        away[taken[taken >= 0]] = np.inf
        part = int(away.argmin()) if np.isfinite(away).any() else parts
        parts = max(parts, part + 1)
        means.add(rows, part)
        part_of[place] = part
    return part_of[family]


def _linked(distances: Distances, threshold: float, must: Labels, cannot: Pairs) -> Labels:
    near = distances.within(threshold, each=LINK)
    if not len(cannot):
        return components(len(distances), np.stack([near.first, near.second], axis=1))
    return kruskal(near, must, cannot)


def _online(distances: Distances, threshold: float, must: Labels, cannot: Pairs) -> Labels:
    count = len(distances)
    means, known = distances.means(), 0
    labels = np.full(count, -1, dtype=np.int64)
    group_of_must: dict[int, int] = {}
    rivals: dict[int, list[int]] = {}
    for first, second in cannot.tolist():
        rivals.setdefault(first, []).append(second)
        rivals.setdefault(second, []).append(first)
    for row in range(count):
        this = np.array([row])
        group = group_of_must.get(int(must[row]), -1)
        if group < 0 and known:
            away = means.away(this)
            taken = labels[rivals.get(row, [])]
            away[taken[taken >= 0]] = np.inf
            nearest = int(away.argmin())
            group = nearest if away[nearest] <= threshold else -1
        if group < 0:
            group, known = known, known + 1
        means.add(this, group)
        labels[row] = group
        group_of_must[int(must[row])] = group
    return labels


def _whispers(distances: Distances, threshold: float, must: Labels, cannot: Pairs) -> Labels:
    import dlib

    near = distances.within(threshold, each=EDGE)
    banned = {tuple(pair) for pair in np.sort(cannot, axis=1).tolist()}
    edges = [
        (first, second)
        for first, second in zip(near.first.tolist(), near.second.tolist(), strict=True)
        if (first, second) not in banned
    ]
    # dlib's own way of building the graph pairs each row with itself, too.
    edges = sorted([*edges, *((row, row) for row in range(len(distances)))])
    return np.asarray(dlib.chinese_whispers(edges), dtype=np.int64)


def _dbscan(distances: Distances, threshold: float, min_samples: int) -> Labels:
    from sklearn import config_context
    from sklearn.cluster import DBSCAN

    rows = distances.vectors
    if rows is None:
        found = DBSCAN(eps=threshold, min_samples=min_samples, metric="precomputed")
        return np.asarray(found.fit(_sparse(distances, threshold)).labels_, dtype=np.int64)
    if memory.SMALL < LINK * len(rows) ** 2 > memory.room():
        # They may be too many: they are counted before scikit-learn gathers them.
        distances.within(threshold, each=LINK)
    with config_context(working_memory=max(1, min(1024, memory.room() // 4_000_000))):
        found = DBSCAN(eps=threshold, min_samples=min_samples).fit(rows.astype(np.float64))
    return np.asarray(found.labels_, dtype=np.int64)


def _sparse(distances: Distances, threshold: float) -> csr_array:
    """Put the near pairs, both ways, and each row with itself, into a sparse table."""
    from scipy.sparse import csr_array

    near, count = distances.within(threshold, each=LINK), len(distances)
    itself = np.arange(count)
    rows = np.concatenate([near.first, near.second, itself])
    columns = np.concatenate([near.second, near.first, itself])
    away = np.concatenate([near.distance, near.distance, np.zeros(count)])
    return csr_array((away, (rows, columns)), shape=(count, count))


def _hdbscan(distances: Distances, min_cluster_size: int) -> Labels:
    from sklearn.cluster import HDBSCAN

    if len(distances) <= min_cluster_size:  # scikit-learn refuses so few
        return np.full(len(distances), -1, dtype=np.int64)
    rows = distances.vectors
    metric, given = ("euclidean", rows) if rows is not None else ("precomputed", distances.matrix())
    found = HDBSCAN(min_cluster_size=min_cluster_size, metric=metric, copy=True)
    return np.asarray(found.fit(given.astype(np.float64)).labels_, dtype=np.int64)
