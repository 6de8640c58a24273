"""A plan of what goes where, as a table; then its execution, which overwrites nothing."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
import shutil
import stat
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from toolkit.errors import BadFolder
from toolkit.files import (
    clone,
    create,
    digest_of,
    disk_errors,
    open_regular,
    reason_of,
    settle,
    sweep,
    temporary_in,
)
from toolkit.names import counted, folded, numbered, safe_name, shown_of, unique_names
from toolkit.photos import same_shot
from toolkit.photos.companions import renamed
from toolkit.photos.listing import companions_of, photos_among
from toolkit.photos.passed_over import LEFT_OUT
from toolkit.records import Album
from toolkit.results import folder_changes
from toolkit.results.results_folder import (
    CAPTURES,
    HARD,
    LINK,
    PAGES,
    RECORD,
    STRIPS,
    WRITTEN,
    ResultsFolder,
    check_out,
    digest_in,
    real_folder,
    with_run,
)

__all__ = [
    "Outcome",
    "apply",
    "check_out",
    "plan",
    "require_hard_links",
    "sweep_results",
    "told",
]

# What else is in a folder of results: no individual's folder has one of these names.
DECISIONS, DRAWN = "decisions.csv", "boxes.json"
RESERVED = (RECORD, DECISIONS, DRAWN, STRIPS, CAPTURES, PAGES, *WRITTEN)
PLAN_COLUMNS = ("name", "folder", "source", "destination", "digest", "bytes", "state", "kind")
# What a row of a plan is: a photo, or what lies beside one and belongs to it.
PHOTO, COMPANION = "photo", "companion"

NEW, THERE, LEFT_OVER, KEPT = "new", "there already", "left over", "kept"
# Of a companion that is another one now, and whose copy the user changed.
EDITED = "changed there"
# What `ExportSettings.link` may be.
SYMBOLIC, HARD_LINK, CLONE = "symbolic", "hard", "clone"
# Why there can be no hard link, whatever the photo.
NO_HARD_LINKS = (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
# Whether a folder may be called "Hugo C." here, as its user may have called it.
KEEPS_FULL_STOP = os.name != "nt"
FATAL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
NO_FILE = (-1, -1)
NOT_HERE = "its photo is not among the photos looked at"
ASKED = "as you asked"
CHANGED = "it has changed since it was looked at"
CHANGED_THERE = "changed since the earlier run"

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Outcome:
    """
    What became of a plan.

    Attributes
    ----------
    files : dict of str to str
        What of ours is in the folder now: place to mark; see `ResultsFolder.files`.
    not_copied : tuple of (str, str)
        Photos that should have been copied and were not: path and reason.
    removed : tuple of str
        Places of an earlier run whose files were taken away.
    kept : tuple of (str, str)
        Files of an earlier run that this one sorts otherwise and that were left, the last copy of a
        photo among them: place and reason.
    not_reached : int
        Files of the plan that were not tried, because it was stopped.
    news : tuple of str
        What else there is to say, a line each.
    clones : tuple of str
        Places of the new files that share their bytes with their photo.
    """

    files: dict[str, str]
    not_copied: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    not_reached: int = 0
    news: tuple[str, ...] = ()
    clones: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether every photo is where the plan wants it."""
        return not self.not_copied and not self.not_reached


def in_few(album: Album, names: Sequence[str | None], min_photos: int) -> frozenset[str]:
    """
    Return who is seen in fewer photos than `min_photos`; files of one picture count once.

    Parameters
    ----------
    album : Album
        n sightings.
    names : sequence of str or None
        The individual of each, n in all.
    min_photos : int
        From how many photos on somebody is in enough.
    """
    if min_photos <= 1:
        # Who is seen is in one.
        return frozenset()
    labels, called = pd.factorize(pd.Series(list(names), dtype=object))
    photos, digests = pd.factorize(album.sightings["photo_digest"])
    seen = np.unique((labels * max(len(digests), 1) + photos)[labels >= 0])
    number = np.bincount(seen // max(len(digests), 1), minlength=len(called))
    return frozenset(called[number < min_photos])


def _cells(column: pd.Series) -> list[Any]:
    """Return the cells of a column; to go through the column itself takes ten times as long."""
    return list(column.to_numpy(dtype=object))


def plan(
    album: Album,
    names: Sequence[str | None],
    out: Path,
    *,
    link: str | None = None,
    min_photos: int = 1,
    unsorted: str = "",
    hidden: Collection[str] = (),
    aside: Mapping[str, str] | None = None,
    unsure: str = "",
    doubts: Collection[int] = (),
) -> pd.DataFrame:
    """
    Say which photo goes into which folder, without writing anything.

    What lies beside a photo and belongs to it (`toolkit.photos.companions`) goes along under its
    name; where it is another one now, it takes the place of a copy that nobody changed. A photo has
    the same name in every folder; of two photos with one name, the second gets " (2)". A photo that
    an earlier run put into a folder keeps the name that it got there.

    Parameters
    ----------
    album : Album
        n sightings.
    names : sequence of str or None
        The individual of each sighting, n in all; None for unknown.
    out : Path
        Where results go.
    link : {"symbolic", "hard", "clone"} or None
        What will be made instead of copies; a copy does not count as a link, nor a link as a copy.
    min_photos : int
        Individuals who are seen in fewer photos get no folder.
    unsorted : str
        What the folder is called that photos go to which are in no other; "" for none. It gets
        another name where an individual has that one.
    hidden : collection of str
        Individuals who get no folder either.
    aside : mapping of str to str, optional
        Photos, by their digest, that go to another folder in its place, and what that is called; it
        gets another name as well.
    unsure : str
        What the folder is called for photos of `doubts`; as for `unsorted`.
    doubts : collection of int
        Sightings that count for no individual: their photos go to the folder `unsure`.

    Returns
    -------
    pandas.DataFrame
        One row a file: name (the individual; None for the unsorted), folder (its safe name),
        source, destination (relative to `out`, with forward slashes, no two alike), digest
        (sha256), bytes, state: "new"; "there already"; "left over" from an earlier run and no
        longer wanted, the photo being at `source`; or "kept": no longer wanted, and taken away by
        no run, as no photo of the album is the same; or "changed there": the copy of a companion
        that the user changed, and that stays although the companion is another one now; kind:
        "photo" or "companion", which follows its photo.
    """
    record, about = ResultsFolder(out).files() or {}, _about(out)
    known = list(dict.fromkeys(name for name in names if name is not None))
    folder_of = _folders(known, out, about)
    # The unsorted come last: they get what name is left, if it is an individual's.
    aside = {} if not unsorted or aside is None else aside
    called = list(dict.fromkeys([unsorted, unsure, *aside.values()]))
    safe = unique_names(called, taken=(*RESERVED, *folder_of.values()))
    nobodys = dict(zip(called, safe, strict=True))
    by_hand = {
        place: mark
        for place, mark in folder_changes.theirs_of(about).items()
        if os.path.lexists(out / place)
    }
    theirs = {(place.partition("/")[0], digest_in(mark) or mark) for place, mark in by_hand.items()}
    without = {*in_few(album, names, min_photos), *hidden}
    seen_in: dict[str, list[str | None]] = {}
    doubtful: set[str] = set()
    unsure_rows = frozenset(doubts) if unsure else frozenset()
    in_photos = _cells(album.sightings["photo_digest"])
    for row, (photo, name) in enumerate(zip(in_photos, names, strict=True)):
        if row in unsure_rows:
            doubtful.add(photo)
        elif name is not None and name not in without and name not in seen_in.get(photo, ()):
            seen_in.setdefault(photo, []).append(name)
    sorted_photos = album.photos["photo_digest"].isin([*seen_in, *doubtful])
    # Those of the unsorted come after, so that they change no name of the others.
    wanted = pd.concat([album.photos[sorted_photos], album.photos[~sorted_photos]])
    if not unsorted:
        wanted = album.photos[sorted_photos]
    paths = _cells(wanted["path"])
    file_names = unique_names(os.path.basename(path) for path in paths)  # noqa: PTH119
    earlier = _Earlier(out, record, link, by_hand)
    rows: list[tuple[object, ...]] = []
    along: list[tuple[int, str, str]] = []
    every = _cells(album.photos["path"])
    beside = _Companions(every, _raw_elsewhere(album.problems))
    file_digests = dict(zip(every, album.file_digests, strict=True))
    for path, photo, file_name in zip(
        paths, _cells(wanted["photo_digest"]), file_names, strict=True
    ):
        size, digest = _size(path), file_digests[path]
        inside = [(name, folder_of[str(name)]) for name in seen_in.get(photo, ())]
        if photo in doubtful:
            inside.append((None, nobodys[unsure]))
        for name, folder in inside or [(None, nobodys[aside.get(photo, unsorted)])]:
            # A photo that the user put there, or edited there, is there.
            if theirs and ((folder, digest) in theirs or (folder, _lead(path)) in theirs):
                continue
            place, state = earlier.place(folder, file_name, path, digest)
            rows.append((name, folder, path, place, digest, size, state, PHOTO))
            now = place.rpartition("/")[2]
            for other in beside.of(path):
                its_name = safe_name(renamed(Path(other).name, Path(path).name, now))
                along.append((len(rows), folder, its_name))
                read = beside.digest(other)
                rows.append((name, folder, other, "", read, _size(other), "", COMPANION))
    rows = _with_places(rows, along, earlier)
    order: dict[object, int] = {name: number for number, name in enumerate(known)}
    rows.sort(key=lambda row: order.get(row[0], len(order)))
    photo_with = dict(zip(file_digests.values(), file_digests, strict=True)) if record else {}
    photo_at = _by_file(every) if any(map(_is_hard, record.values())) else {}
    left = {
        place: mark
        for place, mark in record.items()
        if earlier.key(place) not in earlier.used and os.path.lexists(out / place)
    }
    unknown = [place for place, mark in left.items() if digest_in(mark) not in photo_with]
    if unknown:
        photo_with = beside.with_digests({_size(out / place) for place in unknown}) | photo_with
    shown = photos_among(record)
    for place, mark in left.items():
        photo = photo_with.get(digest_in(mark))
        if _is_hard(mark):
            # The photo under another name, whatever is in it now.
            photo = photo_at.get(_file_id(out / place), photo)
        # A link is no copy: nothing is lost with it.
        state = KEPT if photo is None and not mark.startswith(LINK) else LEFT_OVER
        kind = PHOTO if place in shown else COMPANION
        rows.append((None, place.partition("/")[0], photo, place, mark, 0, state, kind))
    return pd.DataFrame(rows, columns=list(PLAN_COLUMNS))


def _with_places(
    rows: list[tuple[object, ...]], along: list[tuple[int, str, str]], earlier: _Earlier
) -> list[tuple[object, ...]]:
    """Give the companions in a plan their places: first those that are there, then the others."""
    found: dict[int, tuple[str, str] | None] = {}
    for here in (True, False):
        for at, folder, its_name in along:
            if found.get(at) is None:
                source, digest = str(rows[at][2]), str(rows[at][4])
                if here:
                    found[at] = earlier.companion_there(folder, its_name, source, digest)
                else:
                    found[at] = earlier.companion(folder, its_name, source, digest)
    for at, place in found.items():
        if place is not None:
            rows[at] = (*rows[at][:3], place[0], *rows[at][4:6], place[1], *rows[at][7:])
    return [row for at, row in enumerate(rows) if found.get(at, ()) is not None]


def _lead(path: str) -> str:
    """Return what the record says of a link to a photo."""
    return f"{LINK}{os.path.realpath(path)}"


def _about(out: Path) -> dict[str, Any]:
    """Return what the record of an earlier run says; nothing where there is none."""
    try:
        return ResultsFolder(out).record()
    except BadFolder:
        return {}


def _folders(known: Sequence[str], out: Path, about: dict[str, Any]) -> dict[str, str]:
    """Return the folder of each individual: the one that it has, whatever the user called it."""
    owners = folder_changes.owners_of(about)
    folder_of = {
        owner.name: top
        for top, owner in owners.items()
        if owner.name in known and real_folder(out, f"{top}/x")
    }
    rest = [name for name in known if name not in folder_of]
    safe = unique_names(rest, taken=(*RESERVED, *folder_of.values()), full_stop=KEEPS_FULL_STOP)
    return {**folder_of, **dict(zip(rest, safe, strict=True))}


def _raw_elsewhere(problems: pd.DataFrame) -> list[Path]:
    """Return the raw files that were left out of an album as they go along with its photos."""
    said = problems["reason"].str.startswith(same_shot.SAME_SHOT, na=False)
    return [*map(Path, problems["path"][(problems["stage"] == LEFT_OUT) & said])]


class _Companions:
    """What lies beside the photos of an album and belongs to them; each is read once."""

    def __init__(self, photos: Iterable[str], elsewhere: Sequence[Path]) -> None:
        self._of = companions_of(photos)
        self._digests: dict[str, str] = {}
        owners = same_shot.owners([*map(Path, photos)], elsewhere) if elsewhere else {}
        for raw, photo in owners.items():
            mine = (str(raw), *companions_of([raw]).get(str(raw), ()))
            self._of[str(photo)] = (*self._of.get(str(photo), ()), *mine)

    def of(self, photo: str) -> tuple[str, ...]:
        """Return what belongs to a photo."""
        return self._of.get(photo, ())

    def digest(self, path: str) -> str:
        """Return the sha256 of one; "" where it cannot be read: then copying fails, and says so."""
        if path not in self._digests:
            self._digests[path] = ""
            with contextlib.suppress(OSError):
                self._digests[path] = digest_of(Path(path))
        return self._digests[path]

    def with_digests(self, sizes: Collection[int]) -> dict[str, str]:
        """Return those of some sizes, in bytes, by their sha256."""
        every = itertools.chain.from_iterable(self._of.values())
        found = {self.digest(path): path for path in every if sizes and _size(path) in sizes}
        found.pop("", None)
        return found


def _size(path: str | Path) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except OSError:
        # It went away since it was read; copying will fail, and say so.
        return 0


def _is_hard(mark: str) -> bool:
    return mark.startswith(HARD)


def _by_file(paths: Iterable[str]) -> dict[tuple[int, int], str]:
    """Return which of some photos has which file on the disk."""
    found = {_file_id(Path(path)): path for path in paths}
    found.pop(NO_FILE, None)
    return found


def _file_id(path: Path) -> tuple[int, int]:
    """Return what names of one file have in common."""
    try:
        about = path.stat()
    except OSError:
        return NO_FILE
    return about.st_dev, about.st_ino


def _apart(out: Path) -> set[str]:
    """Return the folders whose names differ in case only, where they can be several."""
    with contextlib.suppress(OSError):
        names = [entry.name for entry in os.scandir(out)]
        count = Counter(map(folded, names))
        return {name for name in names if count[folded(name)] > 1}
    return set()


class _Earlier:
    """What is in the folder of results already, and which places are taken."""

    def __init__(
        self, out: Path, record: dict[str, str], link: str | None, by_hand: Mapping[str, str]
    ) -> None:
        self.out = out
        self.record = record
        self.link = link
        self.by_hand = by_hand
        self.used: set[str] = set()
        self.apart = _apart(out)
        self.marked: dict[tuple[str, str], deque[str]] = {}
        for place, mark in record.items():
            key = (self._folder(place.partition("/")[0]), mark)
            self.marked.setdefault(key, deque()).append(place)

    def key(self, place: str) -> str:
        """Return what a place has in common with those that are the same file."""
        top, _, rest = place.partition("/")
        return f"{self._folder(top)}/{folded(rest)}"

    def _folder(self, top: str) -> str:
        return top if top in self.apart else folded(top)

    def place(self, folder: str, file_name: str, source: str, digest: str) -> tuple[str, str]:
        """Find a destination that holds this very photo, or that is free."""
        mark = mark_of(source, digest, link=self.link)
        # Under its own name first: another file may have the same bytes, and belong to a photo.
        own = f"{folder}/{file_name}"
        if (
            self.record.get(own) == mark
            and self.key(own) not in self.used
            and self._is_there(own, mark, source)
        ):
            self.used.add(self.key(own))
            return own, THERE
        # Each place is looked at once: one that is used, or holds something else, is of no use to
        # the next copy of the same photo either.
        places = self.marked.get((self._folder(folder), mark), deque())
        while places:
            place = places.popleft()
            if self.key(place) not in self.used and self._is_there(place, mark, source):
                self.used.add(self.key(place))
                return place, THERE
        number = 1
        while True:
            place = f"{folder}/{numbered(file_name, number)}"
            number += 1
            if self.key(place) in self.used:
                continue
            taken = os.path.lexists(self.out / place)
            if not taken or self._is_there(place, mark, source):
                self.used.add(self.key(place))
                return place, THERE if taken else NEW

    def companion_there(
        self, folder: str, its_name: str, source: str, digest: str
    ) -> tuple[str, str] | None:
        """
        Find the place that holds what belongs to a photo already, under the name that it has there.

        Others may have the same bytes, as edits often do: they are no place of this one.
        """
        mark = mark_of(source, digest, link=self.link)
        known = self.marked.get((self._folder(folder), mark), ())
        number = 1
        while number <= 1 + len(known):
            place = f"{folder}/{numbered(its_name, number)}"
            number += 1
            if self.key(place) not in self.used and self._is_there(place, mark, source):
                self.used.add(self.key(place))
                return place, THERE
        return None

    def companion(
        self, folder: str, its_name: str, source: str, digest: str
    ) -> tuple[str, str] | None:
        """
        Find a place for what belongs to a photo and is not there: free, or of an older copy of it.

        None where a copy that the user changed stands for it.
        """
        number = 1
        while True:
            place = f"{folder}/{numbered(its_name, number)}"
            number += 1
            if self.key(place) in self.used:
                continue
            before = self.record.get(place)
            if not os.path.lexists(self.out / place) or (before and self._holds(place, before)):
                self.used.add(self.key(place))
                return place, NEW
            if place in self.by_hand:
                self.used.add(self.key(place))
                same = digest_in(self.by_hand[place]) == digest
                return None if same else (place, EDITED)
            if before:
                # It is told of with what is left of the earlier run.
                return None

    def _is_there(self, place: str, mark: str, source: str) -> bool:
        """Whether a place holds what would be put there; a hard link is no copy, nor a copy one."""
        if not self._holds(place, mark):
            return False
        if _is_hard(mark):
            return _is_name_of(self.out / place, source)
        return not (_is_hard(self.record.get(place, "")) and _is_name_of(self.out / place, source))

    def _holds(self, place: str, mark: str) -> bool:
        return real_folder(self.out, place) and holds(self.out / place, mark)


def mark_of(source: str | Path, digest: str, *, link: str | None) -> str:
    """Return what the record says of a file; see `ResultsFolder.files`."""
    if link == SYMBOLIC:
        # A link that leads to itself has no place either; it is refused when it is copied.
        return f"{LINK}{os.path.realpath(source)}"
    return f"{HARD}{digest}" if link == HARD_LINK else digest


def holds(path: Path, mark: str) -> bool:
    """Whether a path still is what the record says: the same bytes, or a link to the same place."""
    try:
        if path.is_symlink():
            return mark.startswith(LINK) and str(path.readlink()) == mark[len(LINK) :]
        return path.is_file() and digest_of(path) == digest_in(mark)
    except OSError:
        return False


def is_second_name(path: Path, mark: str, source: object) -> bool:
    """Whether a path that was made as a hard link is the photo's own file, whatever is in it."""
    return _is_hard(mark) and _is_name_of(path, source)


def _is_name_of(path: Path, source: object) -> bool:
    """Whether a path is a hard link: a photo's own file under a second name."""
    if not isinstance(source, str) or path.is_symlink():
        return False
    found = _file_id(path)
    return found != NO_FILE and found == _file_id(Path(source))


def require_hard_links(out: Path, photo: Path, *, write: bool) -> None:
    """
    Raise `BadFolder` unless a photo can have a second name in a folder of results.

    Parameters
    ----------
    out : Path
        The folder; it need not be there.
    photo : Path
        One of the photos.
    write : bool
        Try it, in `out`, which is there; otherwise it is only seen whether both are on one disk.
    """
    trial, reason = temporary_in(out), ""
    try:
        if write:
            os.link(os.path.realpath(photo), trial)
            trial.unlink()
        else:
            there = next(each for each in (out, *out.absolute().parents) if each.exists())
            if there.stat().st_dev != photo.resolve().parent.stat().st_dev:
                reason = os.strerror(errno.EXDEV)
    except OSError as error:
        # Another trouble is the photo's own, and told of it.
        reason = reason_of(error) if error.errno in NO_HARD_LINKS else ""
    if reason:
        raise BadFolder(
            f"{out} can hold no hard links to the photos, such as {photo}: {reason}. Choose a "
            "folder on the disk that the photos are on, or --link symbolic, or copies."
        )


def apply(
    planned: pd.DataFrame,
    out: Path,
    *,
    link: str | None = None,
    keep_all: bool = False,
    about: dict[str, Any] | None = None,
    under_way: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    complete: Callable[[Outcome], None] | None = None,
    seen: Iterable[str] = (),
) -> Outcome:
    """
    Carry out a plan, overwriting nothing.

    A copy is made under a temporary name, compared with what was planned, and renamed. So a run
    that was interrupted can be taken up by doing it again. Nobody else may write into `out`
    meanwhile; see `toolkit.locks.held`.

    Parameters
    ----------
    planned : pandas.DataFrame
        What `plan` returned for the same `out`.
    out : Path
        Where results go; made where it is missing.
    link : {"symbolic", "hard", "clone"} or None
        What to make instead of copies.
    keep_all : bool
        Take nothing away. Otherwise what an earlier run put there and this one does not want goes,
        if it is unchanged and the same bytes can be read in the folder of photos at that moment, or
        are elsewhere in `out`. What is the last copy stays.
    about : dict, optional
        What else the record says; plain values.
    under_way : dict, optional
        What it says besides until all is done, for the run that goes on if this one is cut off.
    progress : callable, optional
        Called with the number done, the total, and the destination just done.
    stop : callable, optional
        Asked before each copy. After a yes, what was copied stays, nothing is taken away, and the
        record says that the run is not finished: doing it again goes on.
    complete : callable, optional
        Called when the files are where they go, to write what belongs with them; only after it does
        the record say that the run is finished.
    seen : iterable of str
        Paths of all photos, those in no folder too: what one of them is a link to stays.

    Returns
    -------
    Outcome
        What failed, what was taken away, and what was left and why.

    Raises
    ------
    BadFolder
        If the disk is too small or has no hard links where these are asked for, or if a folder in
        `out` is not one.
    """
    todo = planned[planned["state"] == NEW]
    wanted = planned[planned["state"].isin([NEW, THERE])]
    earlier = planned[planned["state"].isin([LEFT_OVER, KEPT])]
    leaving = dict(zip(earlier["destination"], earlier["digest"], strict=True))
    files = {
        place: mark_of(source, digest, link=link)
        for place, source, digest in zip(
            wanted["destination"], wanted["source"], wanted["digest"], strict=True
        )
    }
    run, folder = about or {}, ResultsFolder(out)
    before = folder.files()
    # Older copies of companions, whose places the new ones take.
    older = {
        place: mark for place in todo["destination"] if (mark := (before or {}).get(place, ""))
    }
    older = {place: mark for place, mark in older.items() if os.path.lexists(out / place)}
    added, goes_on = folder.added(before or {}), not before or folder.goes_on()

    def runs(there: Mapping[str, str]) -> list[list[str]]:
        new = [place for place in todo["destination"] if place in there and place not in older]
        return with_run(added, new, there, goes_on=goes_on)

    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        if link == HARD_LINK and len(todo) and Path(todo["source"].iloc[0]).is_file():
            require_hard_links(out, Path(todo["source"].iloc[0]), write=True)
        if not link or (link == CLONE and not _can_clone(out, todo["source"])):
            check_space(out, int(todo["bytes"].sum()))
    # Before anything else is made, so that a run that is cut off is known as one of ours.
    # What comes, and what goes, says nothing of anybody's hand while this is not finished.
    there, pending = {**leaving, **files, **older}, [*todo["destination"], *leaving]
    # Any table may be this run's from here on, and none is known by its bytes.
    begun = {
        "added": runs(there),
        "tables": dict.fromkeys(WRITTEN, ""),
        "finished": False,
        "pending": pending,
    }
    folder.write_record(there, {**run, **(under_way or {}), **begun})
    with disk_errors(out):
        for name, rows in wanted.groupby("folder", sort=False):
            if os.path.lexists(out / str(name)) and not real_folder(out, f"{name}/x"):
                raise BadFolder(
                    f"{out / str(name)} is a link or a file; expected a folder. Take it away."
                )
            _make_folder(out / str(name), rows["source"])
    outcome = _copy(todo, out, files, older, link=link, progress=progress, stop=stop)
    if link == SYMBOLIC and not outcome.not_reached:
        outcome = _check_links(wanted[wanted["state"] == THERE], out, outcome)
    if outcome.not_reached:
        outcome = changed(outcome, files={**leaving, **outcome.files})
    else:
        # Only now that every copy is made: a photo may have been read from what is taken away.
        outcome = _take_away(out, earlier, wanted, outcome, seen, keep_all=keep_all)
    edited = planned["destination"][planned["state"] == EDITED]
    kept = [*outcome.kept, *((str(place), CHANGED_THERE) for place in edited)]
    outcome = changed(outcome, kept=tuple(kept))
    if complete is not None:
        complete(outcome)
    told = {"added": runs(outcome.files), "tables": digests_in(out), "finished": outcome.finished}
    folder.write_record(outcome.files, {**run, **told})
    return outcome


def digests_in(out: Path) -> dict[str, str]:
    """Return the sha256 of what a run wrote beside the copies: by it a change is seen."""
    found = {}
    for name in WRITTEN:
        with contextlib.suppress(OSError):
            found[name] = digest_of(out / name)
    return found


def told(removed: Sequence[str], kept: Sequence[tuple[str, str]]) -> list[str]:
    """
    Say in words what was taken away of an earlier run, and what was left and why.

    Parameters
    ----------
    removed, kept
        As of an `Outcome`.
    """
    said = []
    if removed:
        said.append(
            f"{counted(len(removed), 'file')} of an earlier run removed: {by_folder(removed)}"
        )
    for reason in dict.fromkeys(reason for _, reason in kept):
        places = [place for place, why in kept if why == reason]
        said.append(
            f"{counted(len(places), 'file')} of an earlier run kept ({reason}): {by_folder(places)}"
        )
    return said


def by_folder(places: Sequence[str], most: int = 10) -> str:
    """Count places by folder, such as "person_003 (2), person_007 (1)"."""
    count = Counter(place.partition("/")[0] for place in places).most_common()
    shown = shown_of(len(count), most)
    more = f" and {counted(len(count) - shown, 'more folder')}" if count[shown:] else ""
    return ", ".join(f"{folder} ({number:,})" for folder, number in count[:shown]) + more


def _copy(
    todo: pd.DataFrame,
    out: Path,
    files: dict[str, str],
    older: Mapping[str, str],
    *,
    link: str | None,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
) -> Outcome:
    """Make what is new; `files` is what is wanted, and what is returned is what is there of it."""
    made = dict(files)
    failed: list[tuple[str, str]] = []
    clones: list[str] = []
    rows = zip(todo["source"], todo["destination"], todo["digest"], strict=True)
    for done, (source, place, digest) in enumerate(rows, start=1):
        if stop is not None and stop():
            missing = todo["destination"].iloc[done - 1 :]
            for each in missing:
                made.pop(each)
                if each in older:
                    made[each] = older[each]
            return Outcome(made, tuple(failed), not_reached=len(missing), clones=tuple(clones))
        try:
            if put(Path(source), out / place, digest, link=link, older=older.get(place)):
                clones.append(place)
        except OSError as error:
            if error.errno in FATAL:
                raise BadFolder(f"{out} cannot be written: {reason_of(error)}") from error
            if not holds(out / place, made[place]):
                failed.append((source, f"could not be copied to {place}: {reason_of(error)}"))
                made.pop(place)
                if place in older and holds(out / place, older[place]):
                    made[place] = older[place]
        if progress is not None:
            progress(done, len(todo), place)
    return Outcome(made, tuple(failed), clones=tuple(clones))


def _check_links(there: pd.DataFrame, out: Path, outcome: Outcome) -> Outcome:
    """Look at links that are there already: what they point to is the photo that was seen."""
    failed = list(outcome.not_copied)
    rows = zip(there["source"], there["destination"], there["digest"], strict=True)
    for source, place, digest in rows:
        try:
            _require_same(Path(source), digest)
        except OSError as error:
            failed.append((source, f"{place} does not lead to it: {reason_of(error)}"))
    return changed(outcome, not_copied=tuple(failed))


def check_space(out: Path, needed: int) -> None:
    free = shutil.disk_usage(out).free
    if needed > free:
        raise BadFolder(
            f"the copies need {needed / 1e6:,.1f} MB, and {out} has {free / 1e6:,.1f} MB free. "
            'Choose another disk, or links instead of copies with --link (link="symbolic").'
        )


def _can_clone(out: Path, sources: pd.Series) -> bool:
    """Try whether the first photo can be cloned into a folder."""
    trial = temporary_in(out)
    made = len(sources) > 0 and clone(Path(sources.iloc[0]), trial)
    trial.unlink(missing_ok=True)
    return made


def _make_folder(path: Path, sources: pd.Series) -> None:
    """Make an individual's folder, no more open than the folders that the photos come from."""
    mode = 0o777
    for parent in {Path(source).parent for source in sources}:
        with contextlib.suppress(OSError):
            mode &= stat.S_IMODE(parent.stat().st_mode)
    path.mkdir(mode=mode | 0o700, exist_ok=True)


def _take_away(
    out: Path,
    earlier: pd.DataFrame,
    wanted: pd.DataFrame,
    outcome: Outcome,
    seen: Iterable[str],
    *,
    keep_all: bool,
) -> Outcome:
    """Remove what an earlier run put into `out` and nobody has touched since; no last copy."""
    if not len(earlier):
        return outcome
    read_from = {os.path.realpath(source) for source in [*wanted["source"], *seen]}
    settled: set[str] = set()
    failed = {source for source, _ in outcome.not_copied}
    unsure = set(wanted["digest"][wanted["source"].isin(list(failed))])
    copies: dict[str, list[str]] = {}
    for place, mark in outcome.files.items():
        copies.setdefault(digest_in(mark), []).append(place)
    files, removed, kept = dict(outcome.files), [], []
    rows = zip(earlier["destination"], earlier["digest"], earlier["source"], strict=True)
    for place, mark, source in rows:
        path = out / place
        if not os.path.lexists(path):
            continue
        if keep_all:
            reason = ASKED
        elif not real_folder(out, place):
            reason = "its folder is a link"
        elif not path.is_symlink() and os.path.realpath(path) in read_from:
            reason = "a photo of this run was read from it"
        # What is done to a second name of a photo is done to the photo: it is as it should be.
        elif not (second := is_second_name(path, mark, source)) and not holds(path, mark):
            reason = CHANGED_THERE
        elif digest_in(mark) in unsure:
            reason = "its new copy could not be made"
        elif not second and not is_elsewhere(path, mark, source, out, copies, settled):
            reason = NOT_HERE
        else:
            try:
                path.unlink()
                removed.append(place)
                with contextlib.suppress(OSError):
                    path.parent.rmdir()
                continue
            except OSError as error:
                reason = f"could not be taken away: {reason_of(error)}"
        kept.append((place, reason))
        # What is there as we put it stays in the record, so that a later run can take it away.
        if real_folder(out, place) and holds(path, mark):
            files[place] = mark
    return changed(outcome, files=files, removed=tuple(removed), kept=tuple(kept))


def is_elsewhere(
    path: Path,
    mark: str,
    source: object,
    out: Path,
    copies: Mapping[str, list[str]],
    settled: set[str],
) -> bool:
    """
    Whether the bytes of a file can be read at this moment where its photo is, or in a copy.

    Then they are on the disk, too; `settled` has the names of which that is known. With a symbolic
    link nothing is lost.
    """
    if mark.startswith(LINK):
        return True
    digest = digest_in(mark)
    photo = [Path(source)] if isinstance(source, str) else []
    for other in itertools.chain(photo, (out / place for place in copies.get(digest, ()))):
        with contextlib.suppress(OSError):
            if digest_of(other) == digest and not _one_file(path, other):
                if str(other) not in settled:
                    settle(other)
                    settled.add(str(other))
                return True
    return False


def _one_file(path: Path, other: Path) -> bool:
    """Whether a name leads to another one, or both are of one file that has no third."""
    if os.path.realpath(path) == os.path.realpath(other):
        return True
    one, two = path.stat(), other.stat()
    return (one.st_dev, one.st_ino) == (two.st_dev, two.st_ino) and one.st_nlink < 2


def put(
    source: Path, destination: Path, digest: str, *, link: str | None, older: str | None = None
) -> bool:
    """
    Put a photo into its place, whose folder is there; return whether it is a clone.

    Nothing else may be there but what has the mark `older`.
    """
    temporary = temporary_in(destination.parent)
    try:
        if link in (SYMBOLIC, HARD_LINK):
            _require_same(source, digest)
            target = destination if older is None else temporary
            if link == HARD_LINK:
                os.link(os.path.realpath(source), target)
            else:
                target.symlink_to(os.path.realpath(source))
            if older is not None:
                _replace(temporary, destination, older)
            return False
        cloned = link == CLONE and clone(source, temporary)
        if cloned:
            _require_same(temporary, digest)
        elif _copied(source, temporary) != digest:
            raise OSError(CHANGED)
        # Some file systems keep no permissions or times; the photo is whole all the same.
        with contextlib.suppress(OSError):
            shutil.copystat(source, temporary)
        if older is None:
            rename_new(temporary, destination)
        else:
            _replace(temporary, destination, older)
        return cloned
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def _replace(temporary: Path, destination: Path, older: str) -> None:
    """Put a file into the place of an older one that is as we made it."""
    if os.path.lexists(destination) and not holds(destination, older):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    temporary.replace(destination)


def _copied(source: Path, temporary: Path) -> str:
    """Copy a photo into a file of its own; return the sha256 of what was copied."""
    copied = hashlib.sha256()
    with create(temporary) as stream, open_regular(source) as original:
        while block := original.read(1 << 20):
            copied.update(block)
            stream.write(block)
    return copied.hexdigest()


def _require_same(source: Path, digest: str) -> None:
    """Raise OSError unless a photo is there and is the one that was seen."""
    if digest_of(source) != digest:
        raise OSError(CHANGED)


def rename_new(temporary: Path, destination: Path) -> None:
    """Give a file its name, unless something has it by now."""
    try:
        os.link(temporary, destination)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links (memory cards, some network drives): take the name first,
        # which fails where it is taken, then put the file in its place.
        os.close(os.open(destination, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        temporary.replace(destination)


def sweep_results(out: Path) -> int:
    """
    Remove the files under way that a run which died left in a folder of results; return how many.

    Its folders are looked at as well. Nothing may be under way there.
    """
    swept = sweep(out)
    with contextlib.suppress(OSError), os.scandir(out) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                swept += sweep(Path(entry.path))
    return swept


@dataclass(frozen=True)
class Summary:
    """
    A plan in numbers.

    Attributes
    ----------
    folders : pandas.DataFrame
        One row a folder, those of most files first: folder, files, new, there, left_over, kept.
    new, there, left_over, kept : int
        Files that would be made, and that are there already; files that an earlier run put there
        and this one sorts otherwise: those whose photo is among the photos, and those that are kept
        in any case, as it is not.
    bytes : int
        Of the new ones.
    companions : int
        Files among those that would be made or are there that belong to a photo, and are none.
    """

    folders: pd.DataFrame
    new: int
    there: int
    left_over: int
    kept: int
    bytes: int
    companions: int = 0

    @property
    def text(self) -> str:
        """One sentence."""
        known = int((self.folders["files"] > 0).sum())
        parts = [
            f"{counted(known, 'folder')} with {counted(self.new + self.there, 'file')}",
            f"{self.new:,} new ({self.bytes / 1e6:,.1f} MB)",
            f"{self.there:,} there already",
        ]
        if self.companions:
            one = self.companions == 1
            goes = "goes along with a photo" if one else "go along with photos"
            parts.append(f"{self.companions:,} of them {goes}")
        if self.left_over:
            parts.append(f"{self.left_over:,} of an earlier run that are sorted otherwise, and go")
        if self.kept:
            parts.append(
                f"{self.kept:,} of an earlier run that stay, as their photos are not among these"
            )
        return ", ".join([": ".join(parts[:2]), *parts[2:]])


def summarise(plan: pd.DataFrame) -> Summary:
    """
    Count a plan.

    Parameters
    ----------
    plan : pandas.DataFrame
        What `toolkit.results.export.plan` returned.
    """
    states = pd.get_dummies(plan["state"]).reindex(
        columns=[NEW, THERE, LEFT_OVER, KEPT], fill_value=0
    )
    table = states.astype("int64").groupby(plan["folder"].astype(object)).sum()
    table.columns = pd.Index(["new", "there", "left_over", "kept"])
    table.insert(0, "files", table["new"] + table["there"])
    table = table.rename_axis("folder").reset_index()
    table = table.sort_values(["files", "folder"], ascending=[False, True], ignore_index=True)
    new = plan[plan["state"] == NEW]
    return Summary(
        table,
        len(new),
        int(table["there"].sum()),
        int(table["left_over"].sum()),
        int(table["kept"].sum()),
        int(new["bytes"].sum()),
        int((plan["state"].isin([NEW, THERE]) & (plan["kind"] == COMPANION)).sum()),
    )
