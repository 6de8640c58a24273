"""
One sighting with those nearest to it: "tick the same individual".

A strip asks twenty questions at a look. Which is asked next is that which is expected to move most
photos; `toolkit.curation.counting` draws them at random instead, to count individuals.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
import numpy.typing as npt

from toolkit.curation.decisions import Decision
from toolkit.curation.edits import Gesture
from toolkit.errors import BadSetting
from toolkit.evaluation.population import SHOWN
from toolkit.grouping import neighbours
from toolkit.grouping.constraints import Decided
from toolkit.grouping.links import Labels, Pairs, components
from toolkit.grouping.sighting_finder import key_of
from toolkit.names import counted, printable
from toolkit.records import Album

Floats = npt.NDArray[np.float64]
NO_PAIRS = np.zeros((0, 2), dtype=np.int64)


@dataclass(frozen=True)
class Strip:
    """
    A sighting, and those to be looked at beside it.

    Attributes
    ----------
    row : int
        The sighting.
    shown : tuple of int
        The others, the nearest first.
    ticked : tuple of int
        Those of them that are the same individual by earlier decisions.
    expected : float
        Photos that are expected to change their folder by the answer.
    """

    row: int
    shown: tuple[int, ...]
    ticked: tuple[int, ...] = ()
    expected: float = 0.0


def strips(
    album: Album,
    labels: Labels,
    *,
    decided: Decided | None = None,
    shown: int = SHOWN,
    leave_out: Collection[int] = (),
) -> tuple[Strip, ...]:
    """
    Find the strips that are worth a look, those that settle most first.

    Sightings of the same photo, those that cannot be compared with the one, and those about which
    it is decided with it, also by way of others, are not shown. For each other individual among
    those shown, the photos that would move are expected with the probability that its nearest one
    is the same.

    Parameters
    ----------
    album : Album
        n sightings.
    labels : numpy.ndarray
        Shape (n,), int64: the group of each, -1 for none.
    decided : Decided, optional
        What the user decided about them.
    shown : int
        How many others, at most.
    leave_out : collection of int
        Sightings whose strip is not asked.
    """
    open_ = _Open(album, decided)
    sizes = _photos(album, labels)
    distances, calibration = neighbours.of(album), album.encoder.calibration
    others = max(len(sizes) - 1, 1)
    rows = np.setdiff1d(album.kept, np.array(sorted(leave_out), dtype=np.int64))
    made = []
    for part in neighbours.slices(len(rows)):
        some = rows[part]
        near, away = _nearest(distances.table(some, album.kept), open_.with_(some), shown)
        likely = calibration.probability(away, others)
        for row, columns, chances in zip(some.tolist(), near, likely, strict=True):
            there = columns >= 0
            found, chances = album.kept[columns[there]], chances[there]
            if not len(found):
                continue
            own = sizes.get(int(labels[row]), 1)
            best: dict[int, float] = {}
            for group, chance in zip(labels[found].tolist(), chances.tolist(), strict=True):
                if group != labels[row]:
                    best[group] = max(best.get(group, 0.0), chance)
            moved = sum(chance * min(own, sizes.get(group, 1)) for group, chance in best.items())
            made.append(Strip(row, tuple(found.tolist()), expected=moved))
    return tuple(sorted(made, key=lambda strip: (-strip.expected, strip.row)))


def strip_of(
    album: Album,
    row: int,
    *,
    decided: Decided | None = None,
    among: Labels | None = None,
    shown: int = SHOWN,
) -> Strip:
    """
    Return the strip of one sighting, whatever is decided: what is the same already is ticked.

    Parameters
    ----------
    album : Album
        n sightings.
    row : int
        The sighting.
    decided : Decided, optional
        What the user decided about them.
    among : numpy.ndarray, optional
        Shape (k,), int64: rows that may be shown; all that are kept, if not given.
    shown : int
        How many others, at most.
    """
    one = np.array([row], dtype=np.int64)
    allowed = _Open(album, None).with_(one)
    if among is not None:
        allowed &= np.isin(album.kept, among)
    near, _ = _nearest(neighbours.of(album).table(one, album.kept), allowed, shown)
    found = album.kept[near[0][near[0] >= 0]]
    family = components(len(album), NO_PAIRS if decided is None else decided.must)
    ticked = found[family[found] == family[row]]
    return Strip(row, tuple(found.tolist()), tuple(ticked.tolist()))


def answer(
    album: Album,
    strip: Strip,
    ticked: Collection[int],
    *,
    others_differ: bool = False,
    decided: Decided | None = None,
) -> Gesture | None:
    """
    Return what a strip decides; None where that is nothing new.

    Parameters
    ----------
    album : Album
        n sightings.
    strip : Strip
        What was shown.
    ticked : collection of int
        Those that are the same individual.
    others_differ : bool
        Whether those not ticked are said to be others. Otherwise nothing is decided about them.
    decided : Decided, optional
        What was decided before: it is not said twice.

    Raises
    ------
    BadSetting
        If something is ticked that was not shown.
    """
    words, wanted = album.words, set(ticked)
    if not wanted <= set(strip.shown):
        raise BadSetting(f"a {words.singular} was ticked that is not shown; look at the page again")
    open_ = _Open(album, decided)
    here = open_.family[strip.row]
    same = [row for row in strip.shown if row in wanted and open_.family[row] != here]
    tied = {int(open_.family[row]) for row in (strip.row, *wanted)}
    apart: list[int] = []
    if others_differ:
        # One that is tied to a ticked one is the same, ticked or not.
        rest = [row for row in strip.shown if row not in wanted]
        apart = [
            row
            for row in rest
            if int(open_.family[row]) not in tied and not open_.differ(strip.row, row)
        ]
    if not same and not apart:
        return None
    key = key_of(album, strip.row)
    made = [Decision("same", key, key_of(album, row)) for row in same]
    made += [Decision("different", key, key_of(album, row)) for row in apart]
    said = []
    if same:
        said.append(f"the same {words.individual} as {counted(len(same), 'other photo')}")
    if apart:
        said.append(f"another {words.individual} than {counted(len(apart), 'other photo')}")
    photo = printable(PurePath(str(album.sightings["path"].iloc[strip.row])).name)
    return Gesture(tuple(made), f"{photo} shows {' and '.join(said)}")


class _Open:
    """Which pairs of an album are open: neither decided nor without an answer."""

    def __init__(self, album: Album, decided: Decided | None) -> None:
        self._album = album
        must, cannot, unclear = (
            (NO_PAIRS, NO_PAIRS, NO_PAIRS)
            if decided is None
            else (decided.must, decided.cannot, decided.unclear)
        )
        self.family = components(len(album), must)
        self._photo_of = album.photo_of if album.subject.exclusive_in_photo else None
        self._telling = neighbours.of(album).telling()
        self._never = set(map(tuple, np.sort(self.family[cannot], axis=1).tolist()))
        self._pairs = np.concatenate([_between_families(self.family, self._never), unclear])

    def differ(self, one: int, other: int) -> bool:
        """Whether two are decided to be two individuals."""
        ends = sorted((int(self.family[one]), int(self.family[other])))
        return tuple(ends) in self._never

    def with_(self, rows: Labels) -> npt.NDArray[np.bool_]:
        """Return which of the kept sightings (columns) may be asked about beside some (rows)."""
        kept = self._album.kept
        found = self.family[rows][:, None] != self.family[kept]
        found &= rows[:, None] != kept
        if self._photo_of is not None:
            found &= self._photo_of[rows][:, None] != self._photo_of[kept]
        if self._telling is not None:
            found &= self._telling.table(rows, kept)
        place = np.full(len(self._album), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        column = np.full(len(self._album), -1, dtype=np.int64)
        column[kept] = np.arange(len(kept))
        for one, other in (self._pairs.T, self._pairs.T[::-1]):
            there = (place[one] >= 0) & (column[other] >= 0)
            found[place[one[there]], column[other[there]]] = False
        return found


def _between_families(family: Labels, never: Collection[tuple[int, int]]) -> Pairs:
    """Return the pairs of sightings of families that are two individuals."""
    made = [NO_PAIRS]
    for one, other in never:
        here, there = np.flatnonzero(family == one), np.flatnonzero(family == other)
        made.append(np.stack(np.meshgrid(here, there), axis=-1).reshape(-1, 2))
    return np.concatenate(made)


def _nearest(table: Floats, allowed: npt.NDArray[np.bool_], shown: int) -> tuple[Labels, Floats]:
    """Return the nearest columns of each row that are allowed, and how far; -1 for none."""
    away = np.where(allowed, table, np.inf)
    order = np.argsort(away, axis=1, kind="stable")[:, :shown]
    far = np.take_along_axis(away, order, axis=1)
    return np.where(np.isfinite(far), order, -1), far


def _photos(album: Album, labels: Labels) -> dict[int, int]:
    """Return in how many photos each group is."""
    inside = labels >= 0
    pairs = np.unique(np.stack([labels[inside], album.photo_of[inside]], axis=1), axis=0)
    groups, photos = np.unique(pairs[:, 0], return_counts=True)
    return dict(zip(groups.tolist(), photos.tolist(), strict=True))
