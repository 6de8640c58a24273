"""Examples of known individuals, looked over: who is not who their folder says, and who is one."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from toolkit.calibration import Calibration, Linkage
from toolkit.grouping import linkage
from toolkit.grouping.links import Labels, components
from toolkit.grouping.neighbours import Distances, Telling, slices

# What can be wrong: an example is unlike the others of its individual; the examples of one fall
# into parts, none of which is most of them; one is an example of two; two look like one.
FAR, PARTS, SHARED, ALIKE = "far", "parts", "shared", "alike"
# Of the other examples of an individual, those who have to disagree.
MOST = 2 / 3
# Examples of one individual that are looked at one by one where two parts, or two individuals, are
# to be shown.
SHOWN = 1000


@dataclass(frozen=True)
class Finding:
    """
    What was found out about an example.

    Attributes
    ----------
    kind : {"far", "parts", "shared", "alike"}
        What.
    row : int
        The example.
    beside : int
        The example to look at beside it: the nearest of the other part, the other individual, or,
        of one that is far, of its own. -1 for none.
    other : int
        Another individual whom it is about: for "far" and "parts" one whom the example looks like,
        -1 for none.
    distance : float
        Encoder distance: for "far" and "parts" the mean to the other examples of its individual
        (or of the larger part); for "shared" 0; for "alike" of the two individuals as groups.
    used : bool
        Whether anybody is compared with the example.
    """

    kind: str
    row: int
    beside: int
    other: int
    distance: float
    used: bool


def look_over(
    distances: Distances,
    individual_of: Labels,
    calibration: Calibration,
    *,
    places: Sequence[Hashable] | None = None,
    witnesses: Sequence[tuple[int, Labels]] = (),
) -> tuple[Finding, ...]:
    """
    Say which examples of known individuals may be wrong.

    Two examples disagree where it is likelier that they are two individuals than one. An example
    with which two thirds of the others of its individual disagree is "far". It is not used if it
    leaves others that are not: those are most of them. Where all are "far" nobody can say which are
    right: if they fall into parts that no two agreeing ones connect, the smaller parts are named
    ("parts"); of them, those that look like another of the known individuals are not used.

    Parameters
    ----------
    distances : Distances
        Of m examples, and after them what `witnesses` names.
    individual_of : numpy.ndarray
        Shape (m,), int64, 0 or more: whose example each is.
    calibration : Calibration
        Of their encoder.
    places : sequence, optional
        What each was cut from, m in all; one place under two individuals is "shared".
    witnesses : sequence of (int, numpy.ndarray)
        Photos of an individual that show several, so that they are no example: whose, and the rows
        of those in it. One that agrees with some of the examples counts as one of the others.

    Returns
    -------
    tuple of Finding
        Those about single examples by row, then those about two individuals.
    """
    where = range(len(individual_of)) if places is None else places
    first = list(dict(reversed([(key, k) for k, key in _keyed(individual_of, where)])).values())
    rows = np.sort(np.array(first, dtype=np.int64))
    some = _Examples(distances, individual_of, calibration, rows, witnesses)
    found = some.within()
    found += _shared(individual_of, where, {each.row for each in found})
    used = np.ones(len(individual_of), dtype=np.bool_)
    used[[each.row for each in found if not each.used]] = False
    found.sort(key=lambda each: (each.row, each.kind))
    return (*found, *some.alike(np.flatnonzero(used)))


def one_individual(
    distances: Distances, parts: Sequence[Labels], calibration: Calibration
) -> bool | None:
    """
    Say whether examples in several parts look like one individual.

    Parameters
    ----------
    distances : Distances
        Of m examples.
    parts : sequence of numpy.ndarray
        Rows of each part.
    calibration : Calibration
        Of their encoder.

    Returns
    -------
    bool or None
        Whether most pairs of parts are likelier one individual than two; None where there are no
        two parts with an example, or no two that say anything of each other.
    """
    parts = [rows for rows in parts if len(rows)]
    if len(parts) < 2:
        return None
    rows = np.concatenate(parts)
    labels = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    table = linkage.between(distances[rows], labels, fitted=_as_given(distances))
    one, other = np.triu_indices(len(parts), k=1)
    pairs, telling = table[one, other], distances.telling()
    if telling is not None:
        told = [telling.table(parts[k], parts[m]).any() for k, m in zip(one, other, strict=True)]
        pairs = pairs[told]
        if not len(pairs):
            return None
    return bool((calibration.probability(pairs) > 0.5).mean() > 0.5)


def _as_given(distances: Distances) -> Linkage:
    """Return how groups count where it says nothing of somebody that they have many examples."""
    return replace(distances.linkage, uneven=0.0)


def _keyed(
    individual_of: Labels, places: Iterable[Hashable]
) -> list[tuple[int, tuple[int, Hashable]]]:
    return list(enumerate(zip(individual_of.tolist(), places, strict=True)))


@dataclass(frozen=True)
class _Examples:
    """What is compared: `rows` are the examples, each once where it is there twice."""

    distances: Distances
    individual_of: Labels
    calibration: Calibration
    rows: Labels
    witnesses: Sequence[tuple[int, Labels]]

    def within(self) -> list[Finding]:
        """Say which examples are unlike the others of their individual."""
        found: list[Finding] = []
        unclear: list[Labels] = []
        for individual in np.unique(self.individual_of):
            own = self.rows[self.individual_of[self.rows] == individual]
            if len(own) < 2:
                continue
            # A few rows at a time: of some there may be thousands.
            blocks = [self._unlike(own[part], own).sum(axis=1) for part in slices(len(own))]
            seen = self._seen(own)
            disagree = np.concatenate(blocks) + np.sum(seen, axis=0, dtype=np.int64)
            several = self._told(own) + len(seen)
            far = (disagree >= MOST * several) & (several > 0)
            if far.all():
                unclear.append(own)
                continue
            for row in own[far]:
                away = self.distances.table(np.array([row]), own[~far])[0]
                beside = int(own[~far][away.argmin()])
                found.append(Finding(FAR, int(row), beside, -1, float(away.mean()), False))
        doubted = {each.row for each in found} | {int(row) for own in unclear for row in own}
        sure = np.array([row for row in self.rows if row not in doubted], dtype=np.int64)
        found = [replace(each, other=self._resembled(each.row, sure)) for each in found]
        for own in unclear:
            found += self._parts(own[:SHOWN], sure)
        return found

    def _unlike(self, some: Labels, others: Labels) -> npt.NDArray[np.bool_]:
        """Return who of some disagrees with whom of others; nobody with themselves."""
        unlike = self.calibration.probability(self.distances.table(some, others)) < 0.5
        found: npt.NDArray[np.bool_] = unlike & (some[:, None] != others)
        if self._telling is not None:
            found &= self._telling.table(some, others)
        return found

    def _told(self, own: Labels) -> Labels:
        """Return of how many others of an individual each says anything; shape (len(own),)."""
        if self._telling is None:
            return np.full(len(own), len(own) - 1)
        return self._telling.table(own, own).sum(axis=1) - 1

    @cached_property
    def _telling(self) -> Telling | None:
        return self.distances.telling()

    def _seen(self, own: Labels) -> list[npt.NDArray[np.bool_]]:
        """Return, for each witness that agrees with some of them, who of an individual is not."""
        found = []
        for whose, rows in self.witnesses:
            if whose == self.individual_of[own[0]]:
                away = self.distances.table(own, rows).min(axis=1)
                unlike = self.calibration.probability(away) < 0.5
                found += [] if unlike.all() else [unlike]
        return found

    def _parts(self, own: Labels, sure: Labels) -> list[Finding]:
        """Name the examples of the smaller parts into which those of an individual fall."""
        table = self.distances.table(own, own)
        # Those that say nothing of each other, which are far apart here, connect no parts.
        pairs = np.argwhere(np.triu(self.calibration.probability(table) >= 0.5, k=1))
        part = components(len(own), pairs)
        sizes = np.bincount(part)
        if len(sizes) < 2:
            return []
        others = [self._resembled(int(row), sure) for row in own]
        # A part that looks like somebody else comes last, then the larger one first.
        strange = np.bincount(part, weights=np.array(others) >= 0) > sizes / 2
        main = int(np.lexsort((np.arange(len(sizes)), -sizes, strange))[0])
        found = []
        for k in np.flatnonzero(part != main):
            away = table[k, part == main]
            beside = int(own[part == main][away.argmin()])
            used = bool(strange[main] or not strange[part[k]])
            distance = float(away.mean())
            found.append(Finding(PARTS, int(own[k]), beside, others[k], distance, used))
        return found

    def _resembled(self, row: int, sure: Labels) -> int:
        """Return another individual whom an example looks like, by examples in no doubt; or -1."""
        others = sure[self.individual_of[sure] != self.individual_of[row]]
        if not len(others):
            return -1
        away = self.distances.table(np.array([row]), others)[0]
        nearest, among = int(away.argmin()), len(np.unique(self.individual_of[others]))
        if self.calibration.probability(away[nearest], among) <= 0.5:
            return -1
        return int(self.individual_of[others[nearest]])

    def alike(self, used: Labels) -> list[Finding]:
        """Name two individuals whose examples look like one."""
        rows = np.intersect1d(self.rows, used)
        individuals, labels = np.unique(self.individual_of[rows], return_inverse=True)
        if len(individuals) < 2:
            return []
        found, some = [], self.distances[rows]
        for start, table in linkage.between_some(some, labels, fitted=_as_given(some)):
            likely = self.calibration.probability(table, len(individuals) - 1) > 0.5
            for place, other in np.argwhere(likely):
                one, distance = place + start, float(table[place, other])
                if one >= other:
                    continue
                ours, theirs = np.flatnonzero(labels == one), np.flatnonzero(labels == other)
                ours, theirs = ours[:SHOWN], theirs[:SHOWN]
                away = some.table(ours, theirs)
                k, m = np.unravel_index(away.argmin(), away.shape)
                row, beside = int(rows[ours[k]]), int(rows[theirs[m]])
                whom = int(individuals[other])
                found.append(Finding(ALIKE, row, beside, whom, distance, True))
        return found


def _shared(
    individual_of: Labels, places: Iterable[Hashable], doubted: Collection[int]
) -> list[Finding]:
    """Name examples that stand under two individuals."""
    first: dict[Hashable, int] = {}
    shared = []
    for row, (individual, place) in _keyed(individual_of, places):
        before = first.setdefault(place, row)
        if individual_of[before] != individual and not {row, before} & set(doubted):
            other = int(individual_of[before])
            shared.append(Finding(SHARED, row, before, other, 0.0, True))
    return shared
