"""Sightings of which it is unsure who they are, by what the calibration says of their distances."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from toolkit.grouping import linkage, neighbours, sparse_linkage, spread, thresholds
from toolkit.grouping.constraints import Decided
from toolkit.grouping.identification import TOO_FAR, Matches, References
from toolkit.grouping.links import Labels, Pairs, components
from toolkit.records import Album, worth_of

Floats = npt.NDArray[np.float64]

# Who is alone, or unknown, may be somebody with at least this probability; who is with others is
# one of them with less than that one.
MAY_BE, LIKELY = 0.2, 0.5
# The probability at a threshold is 0.5, but for the last digits.
SLACK = 1e-6
# A sighting of less worth says too little to be told from others, unless it is near them all the
# same; one in 200 in plain sight has less.
LITTLE = 0.1


def in_groups(album: Album, labels: Labels, decided: Decided, apart: Pairs) -> frozenset[int]:
    """
    Return the sightings that are alone and may not be, or are in a group and may not belong there.

    A sighting that is alone is doubtful where the nearest other group is the same individual with a
    probability of `MAY_BE` or more; one in a group, where the rest of it is the same individual
    with one below `LIKELY`: both by the linkage distance, any of the other groups being as near by
    accident. What the user decided is not doubtful; of those whom the user joined, the nearest
    counts for all.

    Parameters
    ----------
    album : Album
        n sightings.
    labels : numpy.ndarray
        Shape (n,), int64: the group of each, -1 for none.
    decided : Decided
        What the user decided about them.
    apart : numpy.ndarray
        Shape (m, 2), int64: sightings that are two, such as those of one photo.

    Returns
    -------
    frozenset of int
        Rows of the album; none where the distances of all do not fit into memory.
    """
    rows = np.flatnonzero(labels >= 0)
    if not len(rows):
        return frozenset()
    rows = rows[np.argsort(labels[rows], kind="stable")]
    starts = np.flatnonzero(np.diff(labels[rows], prepend=-1))
    sizes = np.diff(starts, append=len(rows))
    group = np.repeat(np.arange(len(starts)), sizes)
    try:
        distances = neighbours.of(album)[rows]
        telling = distances.telling()
        family = components(len(labels), decided.must)[rows]
        alone_from = _places(rows, apart, len(labels))
        near = _nearest(distances, telling, starts, sizes, group, alone_from, family)
    except MemoryError:
        return frozenset()
    followed = spread.to_groups(album.encoder.calibration, distances, group)
    sure = followed.probability(near, max(len(starts) - 1, 1))
    alone = sizes[group] == 1
    doubtful = np.where(alone, sure >= MAY_BE, sure < LIKELY - SLACK) & np.isfinite(near)
    return frozenset(rows[doubtful].tolist()) - _settled(decided)


def _places(rows: Labels, pairs: Pairs, count: int) -> Pairs:
    """Return pairs of rows by their places among some of the rows, those that are among them."""
    place = np.full(count, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    found: Pairs = place[np.asarray(pairs, dtype=np.int64).reshape(-1, 2)]
    return found[(found >= 0).all(axis=1)]


def _nearest(
    distances: neighbours.Distances,
    telling: neighbours.Telling | None,
    starts: Labels,
    sizes: Labels,
    group: Labels,
    apart: Pairs,
    family: Labels,
) -> Floats:
    """Return how far each is from the rest of its group, or, alone, from the nearest other one."""
    discount, uneven = distances.linkage.discount, distances.linkage.uneven
    near = np.full(len(group), np.inf)
    for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
        if size == 1:
            continue
        own = np.arange(start, start + size)
        own = own[np.argsort(family[own], kind="stable")]
        told = ~np.eye(size, dtype=np.bool_)
        if telling is not None:
            told &= telling.table(own, own)
        table = np.where(told, distances.table(own, own), np.inf)
        each = np.flatnonzero(np.diff(family[own], prepend=-1))
        table = np.minimum.reduceat(table, each, axis=1)
        several = np.isfinite(table).sum(axis=1)
        mean = np.where(np.isfinite(table), table, 0.0).sum(axis=1) / np.maximum(several, 1)
        factor = linkage.reach([size - 1], discount)[0]
        mean = linkage.evened(mean * factor, size - 1, 1, uneven)
        near[own] = np.where(several > 0, mean, np.inf)
    alone = np.flatnonzero(sizes[group] == 1)
    # Of pairs, one table is quicker than many parts of it, where grouping takes one, too.
    many = distances.dimensions or not len(alone) or sparse_linkage.are_many(len(group))
    whole = None if many else distances.matrix()
    for part in neighbours.slices(len(alone)):
        some = alone[part]
        if isinstance(distances, neighbours.PairDistances) and whole is None:
            sums, several = distances.to_groups(some, group)
        else:
            table = distances.table(some) if whole is None else whole[some].astype(np.float64)
            told = np.ones(table.shape, dtype=np.bool_) if telling is None else telling.table(some)
            sums = np.add.reduceat(np.where(told, table, 0.0), starts, axis=1)
            several = np.add.reduceat(told.astype(np.int64), starts, axis=1)
        away = np.where(several > 0, sums / np.maximum(several, 1), np.inf)
        away *= linkage.reach(sizes, discount)
        away = linkage.evened(away, sizes, 1, uneven)
        away[np.arange(len(some)), group[some]] = np.inf
        place = {int(row): at for at, row in enumerate(some)}
        for one, other in np.concatenate([apart, apart[:, ::-1]]).tolist():
            if one in place:
                away[place[one], group[other]] = np.inf
        near[some] = away.min(axis=1)
    return near


def in_matches(matches: Matches, references: References, decided: Decided) -> frozenset[int]:
    """
    Return the sightings that are named and may be strangers, or are not named and may be known.

    A name is doubtful with a probability below `LIKELY`; none, where the nearest known individual
    was too far and is it with `MAY_BE` or more all the same. What the user decided is not doubtful.

    Parameters
    ----------
    matches : Matches
        Who each of n sightings is.
    references : References
        Whom they were compared with.
    decided : Decided
        What the user decided about them.
    """
    individuals = len(set(references.individual_of.tolist()))
    others = thresholds.others_of(individuals, len(references.paths), matches.method)
    table = matches.table
    distance = table["distance"].to_numpy(dtype=np.float64)
    sure = references.encoder.calibration.probability(distance, others)
    named = table["name"].notna().to_numpy()
    too_far = (table["reason"] == TOO_FAR).to_numpy()
    doubtful = (named & (sure < LIKELY - SLACK)) | (too_far & (sure >= MAY_BE))
    return frozenset(np.flatnonzero(doubtful).tolist()) - _settled(decided)


def little_in_groups(album: Album, labels: Labels, decided: Decided) -> frozenset[int]:
    """
    Return the sightings that are alone and say too little for that to mean anything.

    Parameters
    ----------
    album, labels, decided
        As for `in_groups`.

    Returns
    -------
    frozenset of int
        Rows of the album.
    """
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    alone = (labels >= 0) & (sizes[labels] == 1)
    return frozenset(np.flatnonzero(alone & _little(album)).tolist()) - _settled(decided)


def little_in_matches(album: Album, matches: Matches, decided: Decided) -> frozenset[int]:
    """
    Return the sightings that have no name and say too little for that to mean anything.

    Parameters
    ----------
    album, matches, decided
        n sightings; as for `in_matches`.

    Returns
    -------
    frozenset of int
        Rows of the album.
    """
    unnamed = matches.table["name"].isna().to_numpy() & ~album.ignored
    return frozenset(np.flatnonzero(unnamed & _little(album)).tolist()) - _settled(decided)


def _little(album: Album) -> npt.NDArray[np.bool_]:
    little: npt.NDArray[np.bool_] = worth_of(album.sightings) < LITTLE
    return little


def _settled(decided: Decided) -> set[int]:
    """Return the sightings of which the user said who they are, or are not."""
    linked = decided.must.reshape(-1).tolist()
    refused = {row for row, _ in decided.refused}
    return {*linked, *decided.names, *decided.examples, *refused}
