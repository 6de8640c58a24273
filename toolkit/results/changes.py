"""What is otherwise than in the run before: who is new, merged or split; which photos moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.grouping.sighting_finder import SightingFinder
from toolkit.names import counted
from toolkit.records import Album
from toolkit.results.earlier import EarlierRun

COLUMNS = ("change", "name", "before", "path", "why")
# Kinds of rows about individuals, and about photos.
NEW, MERGED, SPLIT, RENAMED, GONE = "new", "merged", "split", "renamed", "gone"
CAME, WENT, MOVED = "came", "went", "moved"


@dataclass(frozen=True)
class Reason:
    """
    A decision, as a change names it.

    Attributes
    ----------
    mark : str
        What it is known by in the record of a run.
    said : str
        The decision, to be read.
    rows : tuple of int
        The sightings that it is about.
    """

    mark: str
    said: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Now:
    """
    A result, as far as it is compared with the one before.

    Attributes
    ----------
    album : Album
        n sightings.
    names : sequence of str or None
        What the individual of each is called.
    numbers : numpy.ndarray or None
        Shape (n,), int64: the number of each, 0 for none; None where names come from examples.
    threshold : float
    settings : mapping of str to object
        As the record has them.
    reasons : sequence of Reason
        The decisions that were held to.
    """

    album: Album
    names: Sequence[str | None]
    numbers: npt.NDArray[np.int64] | None
    threshold: float
    settings: Mapping[str, Any]
    reasons: Sequence[Reason] = ()


def compare(before: EarlierRun, now: Now) -> pd.DataFrame:
    """
    Compare a result with that of the run before.

    Returns
    -------
    pandas.DataFrame
        One row a change, text: change; name and before, what the individual is and was called; path
        (of the photo; empty where it is about an individual) and why. First those about
        individuals: "new", "merged" (of two, `before` is in `name` now), "split" (`name` is a part
        of `before`), "renamed", "gone" (none of its photos is there); then those about photos:
        "came" into the folder of `name`, "went" out of that of `before`, "moved" from the one to
        the other.
    """
    return _Comparison(before, now).table()


def headline(changes: pd.DataFrame, individual: str, individuals: str) -> str:
    """Say in a line how much has changed, such as "2 people new, 1 merged; 14 photos came"."""
    count = Counter(changes["change"])
    who = [f"{count[kind]:,} {kind}" for kind in (NEW, MERGED, SPLIT, RENAMED, GONE) if count[kind]]
    if who:
        number, _, kind = who[0].partition(" ")
        who[0] = f"{number} {individual if number == '1' else individuals} {kind}"
    photos = [kind for kind in (CAME, WENT, MOVED) if count[kind]]
    what = [f"{count[kind]:,} {kind}" for kind in photos]
    if what:
        what[0] = f"{counted(count[photos[0]], 'photo')} {photos[0]}"
    parts = "; ".join(", ".join(each) for each in (who, what) if each)
    return f"since the run before: {parts or 'nothing changed'}"


def details(changes: pd.DataFrame, most: int = 5) -> list[str]:
    """Say who was renamed, is one with another, or two, a line each; new ones are only counted."""
    lines = []
    for kind, name, before, _, why in changes.itertuples(index=False, name=None):
        if kind == MERGED:
            lines.append(f"{before} and {name} are one now, {name} ({why})")
        elif kind == SPLIT:
            lines.append(f"{before} is two now, {before} and {name} ({why})")
        elif kind == GONE:
            lines.append(f"{before} is gone ({why})")
    more = [f"and {len(lines) - most:,} more"] if len(lines) > most else []
    return lines[:most] + more


class _Comparison:
    """Both runs, sighting by sighting."""

    def __init__(self, before: EarlierRun, now: Now) -> None:
        self.before, self.now = before, now
        album = now.album
        find = SightingFinder(album, np.arange(len(album)))
        # The row that each earlier sighting has now, -1 for none; and the other way.
        self.row_of = [find(key) for key in before.sightings]
        self.was: dict[int, int] = {
            row: place for place, row in enumerate(self.row_of) if row is not None
        }
        self.paths = album.sightings["path"].to_numpy(dtype=object)
        self.digests = album.sightings["photo_digest"].to_numpy(dtype=object)
        self.old_photos = {*before.photos["photo_digest"], *(k.photo for k in before.sightings)}
        self.identity_now = [self._identity(now.names, now.numbers, r) for r in range(len(album))]
        numbers = None if now.numbers is None else before.numbers
        places = range(len(before.sightings))
        self.identity_before = [self._identity(before.names, numbers, p) for p in places]
        self._known_why: dict[tuple[object, object], str] = {}

    @staticmethod
    def _identity(
        names: Sequence[str | None], numbers: npt.NDArray[np.int64] | None, place: int
    ) -> object:
        """Return what somebody is known by: the number where there is one."""
        if names[place] is None or numbers is None or not numbers[place]:
            return names[place]
        return int(numbers[place])

    def table(self) -> pd.DataFrame:
        rows = dict.fromkeys([*self._individuals(), *self._photos()])
        return pd.DataFrame(list(rows), columns=list(COLUMNS), dtype=object)

    @cached_property
    def _called(self) -> dict[object, str]:
        return {
            who: str(name)
            for who, name in zip(self.identity_now, self.now.names, strict=True)
            if who is not None
        }

    @cached_property
    def _was_called(self) -> dict[object, str]:
        return {
            who: str(name)
            for who, name in zip(self.identity_before, self.before.names, strict=True)
            if who is not None
        }

    def _individuals(self) -> Iterator[tuple[str, str, str, str, str]]:
        members = self._rows_now
        for who, name in self._called.items():
            if who in self._was_called:
                if (old := self._was_called[who]) != name:
                    yield RENAMED, name, old, "", self._why(members[who], who, who)
                continue
            of = Counter(
                self.identity_before[self.was[row]] for row in members[who] if row in self.was
            )
            of.pop(None, 0)
            if not of:
                yield NEW, name, "", "", self._why_new(members[who])
                continue
            whole = of.most_common(1)[0][0]
            why = self._why(members[who], whole, who)
            yield SPLIT, name, self._was_called[whole], "", why
        for who, old in self._was_called.items():
            if who in self._called:
                continue
            rows = self._rows_before.get(who, [])
            into = Counter(self.identity_now[row] for row in rows)
            into.pop(None, 0)
            if into:
                one = into.most_common(1)[0][0]
                yield MERGED, self._called[one], old, "", self._why(rows, who, one)
            else:
                why = self._why(rows, who, None) if rows else "none of the photos is there"
                yield GONE, "", old, "", why

    def _photos(self) -> Iterator[tuple[str, str, str, str, str]]:
        for place, who in enumerate(self.identity_now):
            path, name = str(self.paths[place]), self._called.get(who, "")
            if place not in self.was:
                if who is not None:
                    yield CAME, name, "", path, self._why_new([place])
                continue
            was = self.identity_before[self.was[place]]
            if was == who:
                continue
            old, why = self._was_called.get(was, ""), self._why([place], was, who)
            yield (MOVED if old and name else CAME if name else WENT), name, old, path, why
        here = set(self.now.album.photos["photo_digest"])
        for key, row, was in zip(
            self.before.sightings, self.row_of, self.identity_before, strict=True
        ):
            if row is None and was is not None:
                singular = self.now.album.words.singular
                why = f"the {singular} is not found any more" if key.photo in here else "photo gone"
                yield WENT, "", self._was_called[was], key.path, why

    def _why_new(self, rows: Sequence[int]) -> str:
        known = [row for row in rows if self.digests[row] in self.old_photos]
        words = self.now.album.words
        return f"new {words.singular} in a known photo" if known else "new photo"

    def _why(self, rows: Sequence[int], was: object, who: object) -> str:
        """Say why sightings of one individual are another's: the decision, the threshold …"""
        words = self.now.album.words
        if all(self.now.album.ignored[row] for row in rows):
            return f"you left the {words.singular} out"
        for row in rows:
            if row in self._reason_of:
                return f"decision: {self._reason_of[row].said}"
        return self._why_groups(was, who)

    def _why_groups(self, was: object, who: object) -> str:
        """Say why sightings went from one individual to another, by all that both have."""
        if (was, who) not in self._known_why:
            self._known_why[was, who] = self._found_why(was, who)
        return self._known_why[was, who]

    def _found_why(self, was: object, who: object) -> str:
        words = self.now.album.words
        groups = [*self._rows_now.get(was, ()), *self._rows_now.get(who, ())]
        groups += [*self._rows_before.get(was, ()), *self._rows_before.get(who, ())]
        for row in sorted(groups):
            if row in self._reason_of:
                return f"decision: {self._reason_of[row].said}"
        if self._taken_back:
            return "a decision was taken back"
        added = [row for row in self._rows_now.get(who, ()) if row not in self.was]
        if added:
            return f"{words.count(len(added))} of {self._called.get(who, words.nobody)} added"
        threshold = self.before.about.get("threshold")
        if isinstance(threshold, float | int) and abs(threshold - self.now.threshold) > 1e-9:
            return f"threshold {self.now.threshold:.3f}, was {threshold:.3f}"
        if self._settings_changed:
            return "other settings"
        return f"other {words.plural} of the album"

    @cached_property
    def _rows_now(self) -> dict[object, list[int]]:
        found: dict[object, list[int]] = {}
        for row, who in enumerate(self.identity_now):
            if who is not None:
                found.setdefault(who, []).append(row)
        return found

    @cached_property
    def _rows_before(self) -> dict[object, list[int]]:
        found: dict[object, list[int]] = {}
        for row, who in zip(self.row_of, self.identity_before, strict=True):
            if who is not None and row is not None:
                found.setdefault(who, []).append(row)
        return found

    @cached_property
    def _reason_of(self) -> dict[int, Reason]:
        """The first decision since the run before that is about each sighting."""
        found: dict[int, Reason] = {}
        for reason in self._new_reasons:
            for row in reason.rows:
                found.setdefault(row, reason)
        return found

    @cached_property
    def _marks_before(self) -> set[str]:
        told = self.before.about.get("decisions")
        return {str(mark) for mark in told} if isinstance(told, list) else set()

    @cached_property
    def _new_reasons(self) -> list[Reason]:
        known = self._marks_before
        return [reason for reason in self.now.reasons if reason.mark not in known]

    @cached_property
    def _taken_back(self) -> bool:
        return bool(self._marks_before - {reason.mark for reason in self.now.reasons})

    @cached_property
    def _settings_changed(self) -> bool:
        told = self.before.about.get("settings")
        told = told if isinstance(told, dict) else {}
        return any(self.now.settings.get(name) != value for name, value in told.items())
