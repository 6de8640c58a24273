"""What is otherwise than in the run before: who is new, merged or split; which photos moved."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.grouping.sighting_finder import SightingFinder
from toolkit.names import counted, shown_of
from toolkit.records import Album
from toolkit.results.earlier import EarlierRun
from toolkit.results.export import in_few
from toolkit.results.folder_changes import owners_of, pending_of, theirs_of
from toolkit.results.results_folder import LINK, digest_in

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
    by_hand : str
        What the user did in the folders with the photo of the first of them, such as "you moved
        it"; "" for a decision made elsewhere.
    """

    mark: str
    said: str
    rows: tuple[int, ...]
    by_hand: str = ""


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
    hidden : collection of str
        Individuals who get no folder, as the user wants it.
    aside : mapping of str to str
        The folder, other than that of the unsorted, that photos without a sighting go to, by their
        digest.
    unsure : str
        The folder of the photos of `doubts`.
    doubts : collection of int
        Sightings that count for no individual.
    """

    album: Album
    names: Sequence[str | None]
    numbers: npt.NDArray[np.int64] | None
    threshold: float
    settings: Mapping[str, Any]
    reasons: Sequence[Reason] = ()
    hidden: Collection[str] = ()
    aside: Mapping[str, str] = field(default_factory=dict)
    unsure: str = ""
    doubts: Collection[int] = ()


def had_copies(before: EarlierRun) -> bool:
    """
    Say whether a run is one to compare with: it put photos into folders, or had none to put there.

    What a panel keeps before the first export is none, nor is a first run that was cut off.
    """
    files = before.about.get("files")
    put = set(files if isinstance(files, dict) else ()) - pending_of(before.about)
    return bool(put or before.about.get("finished") is True or before.about.get("undone"))


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
        the other. Who is hidden, or in too few photos, has no folder; the unsorted have one where
        the settings say so. After an undo, and after a run that was not finished, a photo was where
        its copy is.
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
    shown = shown_of(len(lines), most)
    more = [f"and {len(lines) - shown:,} more"] if len(lines) > shown else []
    return lines[:shown] + more


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
        told: set[str] = set()
        for place, who in enumerate(self.identity_now):
            path, digest = str(self.paths[place]), str(self.digests[place])
            sure = place not in self.now.doubts
            name = self._called[who] if who in self._with_folder and sure else ""
            old, was, why = "", None, ""
            if place in self.was:
                was = self.identity_before[self.was[place]]
                was_sure = self.was[place] not in self.before.doubts
                old = self._was_called[was] if was_sure and self._was_in(digest, was, who) else ""
                if was == who and bool(old) == bool(name):
                    continue
                why = self._why([place], was, who)
                if was == who:
                    why = self._why_folder(who) if sure == was_sure else self._why_doubt(sure)
            elif name:
                why = self._why_new([place])
            if change := self._change(old, name, digest):
                told.add(digest)
                yield (*change, path, why)
        here = set(self.now.album.photos["photo_digest"])
        for key, row, was in zip(
            self.before.sightings, self.row_of, self.identity_before, strict=True
        ):
            if row is None and self._was_in(key.photo, was, None):
                singular = self.now.album.words.singular
                why = f"the {singular} is not found any more" if key.photo in here else "photo gone"
                if change := self._change(self._was_called[was], "", key.photo):
                    told.add(key.photo)
                    yield (*change, key.path, why)
        yield from self._unsorted_photos(told)

    def _change(self, old: str, name: str, digest: str) -> tuple[str, str, str] | None:
        """Return change, name and before of a photo; None where it is in no folder either time."""
        was, goes = digest in self._unsorted_before, digest in self._unsorted
        if not old and name and was and not goes:
            old = self._aside_before(digest)
        if not name and old and goes and not was:
            name = self._aside_now(digest)
        if not (old or name):
            return None
        return MOVED if old and name else CAME if name else WENT, name, old

    def _unsorted_photos(self, told: set[str]) -> Iterator[tuple[str, str, str, str, str]]:
        """Photos in the folder of the unsorted, of which nothing else was told."""
        folder = self._unsorted_called(self.now.settings)
        other = folder != self._unsorted_called(self._settings_before)
        why = f"other settings: --unsorted {folder}" if folder else "other settings: no --unsorted"
        if not other:
            why = "other things were found in it"
        photos = self.now.album.photos.drop_duplicates("photo_digest")
        here = dict(zip(photos["photo_digest"], photos["path"], strict=True))
        for digest, path in here.items():
            was, goes = digest in self._unsorted_before, digest in self._unsorted
            before, now = self._aside_before(digest), self._aside_now(digest)
            if digest in told or (was == goes and (before == now or not was)):
                continue
            if goes and digest not in self.old_photos:
                yield CAME, now, "", str(path), "new photo"
            elif goes and before == now:
                yield CAME, now, "", str(path), self._why_no_copy
            else:
                change = MOVED if was and goes else CAME if goes else WENT
                yield change, now if goes else "", before if was else "", str(path), why
        gone = self.before.photos.drop_duplicates("photo_digest")
        for digest, path in zip(gone["photo_digest"], gone["path"], strict=True):
            if digest in self._unsorted_before and not (digest in here or digest in told):
                yield WENT, "", self._aside_before(digest), str(path), "photo gone"

    # Folders

    @cached_property
    def _settings_before(self) -> Mapping[str, Any]:
        told = self.before.about.get("settings")
        return told if isinstance(told, dict) else {}

    @staticmethod
    def _unsorted_called(settings: Mapping[str, Any]) -> str:
        return str(settings.get("unsorted") or "")

    def _aside_now(self, digest: str) -> str:
        """Return the folder of a photo that is in no individual's."""
        if digest in self._unsure:
            return self.now.unsure
        usual = self._unsorted_called(self.now.settings)
        return self.now.aside.get(digest, usual) if usual else ""

    def _aside_before(self, digest: str) -> str:
        usual = self._unsorted_called(self._settings_before)
        return self.before.aside.get(digest, usual) if usual else ""

    @cached_property
    def _unsure(self) -> set[str]:
        return {str(self.digests[place]) for place in self.now.doubts} if self.now.unsure else set()

    def _why_doubt(self, sure: bool) -> str:
        doubtful = "no longer doubtful" if sure else "doubtful now"
        return f"it is {doubtful} {self.now.album.words.who} it is"

    @staticmethod
    def _least(settings: Mapping[str, Any]) -> int:
        least = settings.get("min_photos", 1)
        return least if isinstance(least, int) else 1

    @cached_property
    def _few(self) -> frozenset[str]:
        return in_few(self.now.album, self.now.names, self._least(self.now.settings))

    @cached_property
    def _with_folder(self) -> set[object]:
        """Who has a folder now."""
        without = {*self._few, *self.now.hidden}
        return {who for who, name in self._called.items() if name not in without}

    @cached_property
    def _hidden_before(self) -> set[str]:
        told = self.before.about.get("hidden")
        return set(map(str, told)) if isinstance(told, list) else set()

    @cached_property
    def _with_folder_before(self) -> set[object]:
        photos: dict[object, set[str]] = {}
        for key, who in zip(self.before.sightings, self.identity_before, strict=True):
            photos.setdefault(who, set()).add(key.photo)
        least, hidden = self._least(self._settings_before), self._hidden_before
        return {
            who
            for who, name in self._was_called.items()
            if name not in hidden and len(photos[who]) >= least
        }

    @cached_property
    def _copies_before(self) -> dict[object, set[str]] | None:
        """
        The photos in each one's folder, by the record; None of a run that did all that it planned.

        Of a run that was cut off in the middle the record does not tell: its tables are not those
        of the files either.
        """
        about = self.before.about
        pending = pending_of(about)
        if about.get("finished") is True or (pending and not about.get("undone")):
            return None
        album, files = self.now.album, about.get("files")
        marks = {**(files if isinstance(files, dict) else {}), **theirs_of(about)}
        photo_of = dict(zip(album.file_digests, album.photos["photo_digest"], strict=True))
        if any(str(mark).startswith(LINK) for mark in marks.values()):
            for path, digest in zip(
                album.photos["path"], album.photos["photo_digest"], strict=True
            ):
                photo_of[f"{LINK}{os.path.realpath(path)}"] = digest
        owners, found = owners_of(about), dict[object, set[str]]()
        by_number = self.now.numbers is not None
        for place, mark in marks.items():
            if place in pending:
                continue
            owner = owners.get(place.partition("/")[0])
            who = owner and (owner.number if by_number and owner.number else owner.name)
            photo = photo_of.get(digest_in(str(mark)) or str(mark))
            found.setdefault(who, set()).add(str(photo))
        return found

    def _was_in(self, photo: str, was: object, who: object) -> bool:
        """Whether a photo was in the folder of `was`, who is `who` now."""
        if was not in self._with_folder_before:
            return False
        copies = self._copies_before
        # One that the user moved is in the other folder already.
        return copies is None or any(photo in copies.get(each, ()) for each in (was, who) if each)

    @cached_property
    def _unsorted(self) -> set[str]:
        """The photos in the folder of the unsorted."""
        if not self._unsorted_called(self.now.settings):
            return set()
        those = enumerate(zip(self.digests, self.identity_now, strict=True))
        doubts, there = self.now.doubts, self._with_folder
        known = {digest for place, (digest, who) in those if who in there and place not in doubts}
        return set(self.now.album.photos["photo_digest"]) - known

    @cached_property
    def _unsorted_before(self) -> set[str]:
        if not self._unsorted_called(self._settings_before):
            return set()
        those = enumerate(zip(self.before.sightings, self.identity_before, strict=True))
        doubts, there = self.before.doubts, self._with_folder_before
        known = {key.photo for place, (key, who) in those if who in there and place not in doubts}
        unsorted = set(self.before.photos["photo_digest"]) - known
        copies = self._copies_before
        return unsorted if copies is None else unsorted & copies.get(None, set())

    @property
    def _why_no_copy(self) -> str:
        if self.before.about.get("undone"):
            return "an undo took its copy away"
        return "it was not copied before"

    def _why_folder(self, who: object) -> str:
        """Say why somebody's photos have a folder now and had none, or the other way."""
        name = self._called[who]
        if name in self.now.hidden:
            return f"you hid {name}"
        if name in self._few:
            return "seen in fewer photos than --min-photos"
        if who in self._with_folder_before:
            return self._why_no_copy
        if self._was_called[who] in self._hidden_before:
            return f"{name} is hidden no more"
        least, before = self._least(self.now.settings), self._least(self._settings_before)
        if least != before:
            return f"other settings: --min-photos {least}, was {before}"
        return "seen in enough photos for --min-photos"

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
                return self._said(self._reason_of[row], rows)
        return self._why_groups(was, who)

    @staticmethod
    def _said(reason: Reason, rows: Sequence[int]) -> str:
        if not reason.by_hand:
            return f"decision: {reason.said}"
        return reason.by_hand if [*rows] == [reason.rows[0]] else reason.said

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
                return self._said(self._reason_of[row], ())
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
        told = self._settings_before.items()
        return any(self.now.settings.get(name) != value for name, value in told)
