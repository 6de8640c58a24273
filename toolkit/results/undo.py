"""Take away what the last run put into a folder of results: unchanged files only, no last copy."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.errors import BadFolder
from toolkit.files import digest_of, folder_at, reason_of
from toolkit.names import counted, printable, shown_of
from toolkit.photos import listing
from toolkit.progress import Progress
from toolkit.results import export, folder_changes, sidecars
from toolkit.results.exporting import alone_in
from toolkit.results.folder_changes import pending_of
from toolkit.results.report import further_pages
from toolkit.results.results_folder import (
    CHANGES,
    RECORD,
    WRITTEN,
    ResultsFolder,
    digest_in,
    is_junk,
    is_unused,
    real_folder,
    tables_of,
)

CHANGED = "changed since"
YOURS = "changed or put there by hand"
NOT_OURS = "of no run"
LAST = "it may be the last copy: its photo is not found"
# What of a run says nothing of the files of the runs before it.
ITS_OWN = (CHANGES, "report.html")


@dataclass(frozen=True)
class Undone:
    """
    What became of the last run.

    Attributes
    ----------
    out : Path
        The folder of results.
    removed : tuple of str
        Files that were taken away: folder/file, and the names of tables.
    kept : tuple of (str, str)
        Files of that run that were left, and why.
    earlier : int
        Files that runs before it had put there, and that stay.
    not_reached : int
        Files that were not tried, because it was stopped.
    synced : tuple of str
        What was done in the folders before, which became decisions first; a line each.
    """

    out: Path
    removed: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    earlier: int = 0
    not_reached: int = 0
    synced: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return {
            "out": str(self.out),
            "removed": list(self.removed),
            "kept": [list(each) for each in self.kept],
            "earlier": self.earlier,
            "not_reached": self.not_reached,
            "synced": list(self.synced),
        }

    def __str__(self) -> str:
        places = [place for place in self.removed if "/" in place]
        by = f": {export.by_folder(places)}" if places else ""
        removed = f"{counted(len(places), 'file')} of the last run removed from {self.out}{by}"
        said = [*self.synced, removed]
        tables = [name for name in self.removed if "/" not in name]
        if tables:
            said.append(f"removed too: {', '.join(tables)}")
        for reason in dict.fromkeys(reason for _, reason in self.kept):
            left = [place for place, why in self.kept if why == reason]
            shown = shown_of(len(left), 10)
            more = f" and {len(left) - shown:,} more" if left[shown:] else ""
            said.append(f"left ({reason}): {', '.join(left[:shown])}{more}")
        if self.earlier:
            files = counted(
                self.earlier, "file of earlier runs stays", "files of earlier runs stay"
            )
            said.append(f"{files}, with the tables")
        if self.not_reached:
            files = counted(self.not_reached, "file")
            said.append(f"stopped: {files} not tried yet; do it again to go on")
        return "\n".join(printable(line) for line in said)


def undo(
    out: str | Path,
    *,
    photos: str | Path | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Undone:
    """
    Take away what the last run that put anything into a folder of results put there.

    A file goes if nobody changed it and the same bytes can be read among the photos at that moment,
    or in what runs before it had put there; one that was moved is taken from where it is. Where
    nothing of those runs is left, the tables, the encodings and the record go too, the record only
    where nothing else is left; decisions stay. What a run took out of its folders does not come
    back by this.

    Parameters
    ----------
    out : path
        The folder of results.
    photos : path, optional
        Where the photos are now, if they moved.
    progress : callable, optional
        Called with "files", the number tried, the total, and the file just tried.
    stop : callable, optional
        Asked before each file whether to stop; to do it again goes on.

    Raises
    ------
    BadFolder
        If there is nothing to undo, or the folder cannot be read.
    toolkit.locks.InUse
        If a run is writing into it.
    """
    target = folder_at(out)
    _required(target)
    with alone_in(target, "an undo"):
        # It may have become another one while the lock was taken.
        folder, about = ResultsFolder(target), _required(target)
        recorded = folder.files() or {}
        # What somebody moved is taken from where it is now.
        changes = folder_changes.read(target)
        now = changes.followed
        files = {now.get(place, place): mark for place, mark in recorded.items()}
        added = [[now.get(place, place) for place in run] for run in folder.added(recorded)]
        last = added.pop() if added else list(files)
        earlier = {place: mark for place, mark in files.items() if place not in set(last)}
        told = {key: value for key, value in about.items() if key not in ("files", "added")}
        told |= {"finished": False, "undone": True}
        if isinstance(folders := told.get("folders"), dict):
            told["folders"] = {changes.renamed.get(top, top): who for top, who in folders.items()}
        # Before anything goes: if this is cut off, what is gone was not deleted by anybody's hand.
        # A full disk is no reason not to make room.
        cut_off = {"added": [*added, last], "pending": sorted(pending_of(about).union(last))}
        with contextlib.suppress(BadFolder):
            folder.write_record(files, told | cut_off)
        work = _Undoing(target, earlier, _Originals(target, about, photos, last, files))
        for done, place in enumerate(last, start=1):
            if stop is not None and stop():
                rest = last[done - 1 :]
                work.left |= {each: files[each] for each in rest}
                break
            work.take(place, files[place])
            if progress is not None:
                progress("files", done, len(last), place)
        else:
            rest = []
        sidecars.take_alone(target, about)
        for name in {place.partition("/")[0] for place in last}:
            # One that nothing was put into is a run's, too, that was cut off.
            with contextlib.suppress(OSError):
                (target / name).rmdir()
        if not (rest or earlier):
            named = {place for place, _ in work.kept}
            theirs = [place for place in folder_changes.theirs_of(about) if place not in named]
            work.kept += [(place, YOURS) for place in theirs if os.path.lexists(target / place)]
        if not rest:
            _take_tables(target, about, work, everything=not (earlier or work.left))
        tables = tables_of(about, WRITTEN)
        told["tables"] = {name: tables[name] for name in tables if name not in work.removed}
        # With anything of the user's in it, the folder is known by the record alone.
        if earlier or work.left or work.kept or not _is_empty_but_for_record(target):
            if work.left and earlier:
                added.append(list(work.left))
            folder.write_record({**earlier, **work.left}, {**told, "added": added})
        else:
            (target / RECORD).unlink()
            work.removed.append(RECORD)
    return Undone(target, tuple(work.removed), tuple(work.kept), len(earlier), len(rest))


def _is_empty_but_for_record(out: Path) -> bool:
    """Whether nothing else is there that keeps a run from sorting into a folder."""
    rest = (path for path in out.iterdir() if path.name != RECORD)
    return all(
        is_junk(path.name) or (path.is_dir() and not path.is_symlink() and is_unused(path))
        for path in rest
    )


def _required(out: Path) -> dict[str, Any]:
    """Return the record of a folder of results; `BadFolder` where there is nothing to undo."""
    if out.is_dir() and not os.path.lexists(out / RECORD):
        raise BadFolder(f"there is nothing to undo in {out}: it holds no result of a run.")
    about = ResultsFolder(out).record()
    files = ResultsFolder(out).files()
    if files is None:
        raise BadFolder(f"{out / RECORD} is no record of this program; nothing was changed.")
    if not files and not any(os.path.lexists(out / name) for name in tables_of(about, WRITTEN)):
        raise BadFolder(f"there is nothing to undo in {out}: nothing that a run put there is left.")
    return about


@dataclass
class _Undoing:
    """Files on their way out."""

    out: Path
    earlier: dict[str, str]
    originals: _Originals
    removed: list[str] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)
    # What stays, and is as it was put there.
    left: dict[str, str] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.copies: dict[str, list[str]] = {}
        for place, mark in self.earlier.items():
            self.copies.setdefault(digest_in(mark), []).append(place)

    def take(self, place: str, mark: str) -> None:
        """Take a file away, if it may go."""
        path = self.out / place
        if not os.path.lexists(path):
            return
        if not real_folder(self.out, place):
            self.kept.append((place, "its folder is a link"))
            return
        source = self.originals.of(path, mark)
        second = export.is_second_name(path, mark, source)
        if not second and not export.holds(path, mark):
            self.kept.append((place, CHANGED))
            return
        reason = LAST
        if second or export.is_elsewhere(path, mark, source, self.out, self.copies, self.settled):
            try:
                path.unlink()
                self.removed.append(place)
                return
            except OSError as error:
                reason = f"could not be taken away: {reason_of(error)}"
        self.kept.append((place, reason))
        self.left[place] = mark


class _Originals:
    """Where the photos are that some copies are of, by their sizes and bytes."""

    def __init__(
        self,
        out: Path,
        about: Mapping[str, Any],
        photos: str | Path | None,
        places: list[str],
        files: Mapping[str, str],
    ) -> None:
        self._digests: dict[str, str] = {}
        sizes = {_size(out / place) for place in places if digest_in(files[place])} - {-1}
        self._of_size: dict[int, list[Path]] = {}
        folders = ResultsFolder(out).photos_before(about)
        if photos is not None:
            folders = [folder_at(photos)]
            listing.require_folder(folders[0], "photos")
        for folder in dict.fromkeys(folders) if sizes else ():
            with contextlib.suppress(BadFolder):
                found = listing.find(folder, leave_out=[out])
                beside = itertools.chain.from_iterable(found.companions.values())
                for path in (*found.photos, *beside, *(path for path, _ in found.skipped)):
                    if (size := _size(path)) in sizes:
                        self._of_size.setdefault(size, []).append(path)

    def of(self, copy: Path, mark: str) -> str | None:
        """Return a photo that has the bytes of a copy, if there is one."""
        digest = digest_in(mark)
        if not digest:
            return None
        alike = self._of_size.get(_size(copy), [])
        # Most copies have their photo's name: the others need not be read.
        for path in sorted(alike, key=lambda path: path.name != copy.name):
            if self._digest(path) == digest or export.is_second_name(copy, mark, str(path)):
                return str(path)
        return None

    def _digest(self, path: Path) -> str:
        if str(path) not in self._digests:
            try:
                self._digests[str(path)] = digest_of(path)
            except OSError:
                self._digests[str(path)] = ""
        return self._digests[str(path)]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _take_tables(out: Path, about: Mapping[str, Any], work: _Undoing, *, everything: bool) -> None:
    """Take away the tables that nobody changed; only the run's own while others are of use."""
    work.removed += further_pages.take_pages(out)
    ours = tables_of(about, WRITTEN)
    for name in WRITTEN:
        path, digest = out / name, ours.get(name, "")
        if not os.path.lexists(path) or not (everything or name in ITS_OWN):
            continue
        if name not in ours:
            work.kept.append((name, NOT_OURS))
            continue
        if path.is_symlink() or (digest and not export.holds(path, digest)):
            work.kept.append((name, CHANGED))
            continue
        try:
            path.unlink()
            work.removed.append(name)
        except OSError as error:
            work.kept.append((name, f"could not be taken away: {reason_of(error)}"))
