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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.errors import BadFolder, UnreadablePhoto
from toolkit.files import (
    create,
    disk_errors,
    open_regular,
    reason_of,
    settle,
    sweep,
    temporary_in,
)
from toolkit.names import counted, folded, numbered, unique_names
from toolkit.photos.opening import digest_of
from toolkit.records import Album
from toolkit.results.results_folder import LINK, RECORD, ResultsFolder, check_out, real_folder

__all__ = [
    "Outcome",
    "apply",
    "check_out",
    "plan",
    "sweep_results",
    "told",
]

# What else is in a folder of results: no individual's folder has one of these names.
TABLES = ("sightings.csv", "photos.csv", "nobody.csv", "problems.csv", "decisions.csv")
RESERVED = (RECORD, *TABLES, "encodings.npz", "report.html")
PLAN_COLUMNS = ("name", "folder", "source", "destination", "digest", "bytes", "state")

NEW, THERE, LEFT_OVER, KEPT = "new", "there already", "left over", "kept"
# Whether a folder may be called "Hugo C." here, as its user may have called it.
KEEPS_FULL_STOP = os.name != "nt"
FATAL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
NOT_HERE = "its photo is not among the photos looked at"

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Outcome:
    """
    What became of a plan.

    Attributes
    ----------
    files : dict of str to str
        What of ours is in the folder now: place to sha256, or to "link:" and a target.
    not_copied : tuple of (str, str)
        Photos that should have been copied and were not: path and reason.
    removed : tuple of str
        Places of an earlier run whose files were taken away.
    kept : tuple of (str, str)
        Files of an earlier run that this one sorts otherwise and that were left, the last copy of a
        photo among them: place and reason.
    not_reached : int
        Files of the plan that were not tried, because it was stopped.
    """

    files: dict[str, str]
    not_copied: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    not_reached: int = 0

    @property
    def finished(self) -> bool:
        """Whether every photo is where the plan wants it."""
        return not self.not_copied and not self.not_reached


def plan(
    album: Album, names: Sequence[str | None], out: Path, *, link: bool = False
) -> pd.DataFrame:
    """
    Say which photo goes into which folder, without writing anything.

    A photo has the same name in every folder; of two photos with one name, the second gets " (2)".
    A photo that an earlier run put into a folder keeps the name that it got there.

    Parameters
    ----------
    album : Album
        n sightings.
    names : sequence of str or None
        The individual of each sighting, n in all; None for unknown.
    out : Path
        Where results go.
    link : bool
        Whether links will be made; a copy does not count as one, nor a link as a copy.

    Returns
    -------
    pandas.DataFrame
        One row a file: name (the individual), folder (its safe name), source, destination
        (relative to `out`, with forward slashes, no two alike), digest (sha256), bytes, state:
        "new"; "there already"; "left over" from an earlier run and no longer wanted, the photo
        being at `source`; or "kept": no longer wanted, and taken away by no run, as no photo of the
        album is the same.
    """
    record = ResultsFolder(out).files() or {}
    known = list(dict.fromkeys(name for name in names if name is not None))
    folders = unique_names(known, taken=RESERVED, full_stop=KEEPS_FULL_STOP)
    folder_of = dict(zip(known, folders, strict=True))
    seen_in: dict[str, list[str]] = {}
    for photo, name in zip(album.sightings["photo_digest"], names, strict=True):
        if name is not None and name not in seen_in.setdefault(photo, []):
            seen_in[photo].append(name)
    wanted = album.photos[album.photos["photo_digest"].isin(list(seen_in))]
    file_names = unique_names(Path(path).name for path in wanted["path"])
    earlier = _Earlier(out, record, link)
    rows: list[tuple[object, ...]] = []
    file_digests = dict(zip(album.photos["path"], album.file_digests, strict=True))
    for path, photo, file_name in zip(
        wanted["path"], wanted["photo_digest"], file_names, strict=True
    ):
        size, digest = _size(path), file_digests[path]
        for name in seen_in[photo]:
            place, state = earlier.place(folder_of[name], file_name, path, digest)
            rows.append((name, folder_of[name], path, place, digest, size, state))
    order = {name: number for number, name in enumerate(known)}
    rows.sort(key=lambda row: order[str(row[0])])
    photo_with = dict(zip(album.file_digests, album.photos["path"], strict=True))
    for place, mark in record.items():
        if folded(place) not in earlier.used and os.path.lexists(out / place):
            # A link is no copy: nothing is lost with it.
            state = LEFT_OVER if mark in photo_with or mark.startswith(LINK) else KEPT
            rows.append(
                (None, place.partition("/")[0], photo_with.get(mark), place, mark, 0, state)
            )
    return pd.DataFrame(rows, columns=list(PLAN_COLUMNS))


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        # It went away since it was read; copying will fail, and say so.
        return 0


class _Earlier:
    """What is in the folder of results already, and which places are taken."""

    def __init__(self, out: Path, record: dict[str, str], link: bool) -> None:
        self.out = out
        self.link = link
        self.used: set[str] = set()
        self.marked: dict[tuple[str, str], deque[str]] = {}
        for place, mark in record.items():
            key = (folded(place.partition("/")[0]), mark)
            self.marked.setdefault(key, deque()).append(place)

    def place(self, folder: str, file_name: str, source: str, digest: str) -> tuple[str, str]:
        """Find a destination that holds this very photo, or that is free."""
        mark = mark_of(source, digest, link=self.link)
        # Each place is looked at once: one that is used, or holds something else, is of no use to
        # the next copy of the same photo either.
        places = self.marked.get((folded(folder), mark), deque())
        while places:
            place = places.popleft()
            if folded(place) not in self.used and self._holds(place, mark):
                self.used.add(folded(place))
                return place, THERE
        number = 1
        while True:
            place = f"{folder}/{numbered(file_name, number)}"
            number += 1
            if folded(place) in self.used:
                continue
            taken = os.path.lexists(self.out / place)
            if not taken or self._holds(place, mark):
                self.used.add(folded(place))
                return place, THERE if taken else NEW

    def _holds(self, place: str, mark: str) -> bool:
        return real_folder(self.out, place) and holds(self.out / place, mark)


def mark_of(source: str | Path, digest: str, *, link: bool) -> str:
    """Return what the record says of a file: its sha256, or where a link points."""
    # A link that leads to itself has no place either; it is refused when it is copied.
    return f"{LINK}{os.path.realpath(source)}" if link else digest


def holds(path: Path, mark: str) -> bool:
    """Whether a path still is what the record says: the same bytes, or a link to the same place."""
    try:
        if path.is_symlink():
            return mark.startswith(LINK) and str(path.readlink()) == mark[len(LINK) :]
        return path.is_file() and digest_of(path) == mark
    except (OSError, UnreadablePhoto):
        return False


def apply(
    planned: pd.DataFrame,
    out: Path,
    *,
    link: bool = False,
    replace: bool = False,
    about: dict[str, Any] | None = None,
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
    link : bool
        Make symbolic links, not copies.
    replace : bool
        Take away what an earlier run put there and this one does not want, if it is unchanged and
        the same bytes can be read in the folder of photos at that moment, or are elsewhere in
        `out`. What is the last copy stays.
    about : dict, optional
        What else the record says; plain values.
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
        If earlier results are left over and `replace` is off, if the disk is too small, or if a
        folder in `out` is not one.
    """
    left_over = planned[planned["state"] == LEFT_OVER]
    if len(left_over) and not replace:
        raise BadFolder(
            f"{out} holds {len(left_over)} files of an earlier run that this one sorts otherwise, "
            f"such as {left_over['destination'].iloc[0]}. Choose a new folder; or add --replace "
            "(replace=True), which removes those of them whose photo can still be read among the "
            "photos, and keeps the others."
        )
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
    run = about or {}
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        _check_space(out, 0 if link else int(todo["bytes"].sum()))
    # Before anything else is made, so that a run that is cut off is known as one of ours.
    ResultsFolder(out).write_record({**leaving, **files}, {**run, "finished": False})
    with disk_errors(out):
        for folder, rows in wanted.groupby("folder", sort=False):
            if os.path.lexists(out / str(folder)) and not real_folder(out, f"{folder}/x"):
                raise BadFolder(
                    f"{out / str(folder)} is a link or a file; expected a folder. Take it away."
                )
            _make_folder(out / str(folder), rows["source"])
    outcome = _copy(todo, out, files, link=link, progress=progress, stop=stop)
    if link and not outcome.not_reached:
        outcome = _check_links(wanted[wanted["state"] == THERE], out, outcome)
    if outcome.not_reached:
        outcome = changed(outcome, files={**leaving, **outcome.files})
    else:
        # Only now that every copy is made: a photo may have been read from what is taken away.
        outcome = _take_away(out, earlier, wanted, outcome, seen)
    if complete is not None:
        complete(outcome)
    ResultsFolder(out).write_record(outcome.files, {**run, "finished": outcome.finished})
    return outcome


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
        said.append(f"{counted(len(removed), 'file')} of an earlier run removed: {_by(removed)}")
    for reason in dict.fromkeys(reason for _, reason in kept):
        places = [place for place, why in kept if why == reason]
        said.append(
            f"{counted(len(places), 'file')} of an earlier run kept ({reason}): {_by(places)}"
        )
    return said


def _by(places: Sequence[str], most: int = 10) -> str:
    """Count places by folder, such as "person_003 (2), person_007 (1)"."""
    count = Counter(place.partition("/")[0] for place in places).most_common()
    more = f" and {counted(len(count) - most, 'more folder')}" if count[most:] else ""
    return ", ".join(f"{folder} ({number:,})" for folder, number in count[:most]) + more


def _copy(
    todo: pd.DataFrame,
    out: Path,
    files: dict[str, str],
    *,
    link: bool,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
) -> Outcome:
    """Make what is new; `files` is what is wanted, and what is returned is what is there of it."""
    made = dict(files)
    failed: list[tuple[str, str]] = []
    rows = zip(todo["source"], todo["destination"], todo["digest"], strict=True)
    for done, (source, place, digest) in enumerate(rows, start=1):
        if stop is not None and stop():
            missing = todo["destination"].iloc[done - 1 :]
            for each in missing:
                made.pop(each)
            return Outcome(made, tuple(failed), not_reached=len(missing))
        try:
            _put(Path(source), out / place, digest, link=link)
        except OSError as error:
            if error.errno in FATAL:
                raise BadFolder(f"{out} cannot be written: {reason_of(error)}") from error
            if not holds(out / place, made[place]):
                failed.append((source, f"could not be copied to {place}: {reason_of(error)}"))
                made.pop(place)
        if progress is not None:
            progress(done, len(todo), place)
    return Outcome(made, tuple(failed))


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


def _check_space(out: Path, needed: int) -> None:
    free = shutil.disk_usage(out).free
    if needed > free:
        raise BadFolder(
            f"the copies need {needed / 1e6:,.1f} MB, and {out} has {free / 1e6:,.1f} MB free. "
            "Choose another disk, or links instead of copies with --link (link=True)."
        )


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
        copies.setdefault(mark, []).append(place)
    files, removed, kept = dict(outcome.files), [], []
    rows = zip(earlier["destination"], earlier["digest"], earlier["source"], strict=True)
    for place, mark, source in rows:
        path = out / place
        if not os.path.lexists(path):
            continue
        if not real_folder(out, place):
            reason = "its folder is a link"
        elif not path.is_symlink() and os.path.realpath(path) in read_from:
            reason = "a photo of this run was read from it"
        elif not holds(path, mark):
            reason = "changed since the earlier run"
        elif mark in unsure:
            reason = "its new copy could not be made"
        elif not mark.startswith(LINK) and not _is_elsewhere(
            path, mark, source, (out / each for each in copies.get(mark, ())), settled
        ):
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


def _is_elsewhere(
    path: Path, digest: str, source: object, copies: Iterable[Path], settled: set[str]
) -> bool:
    """
    Whether the bytes of a file can be read at this moment where its photo is, or in a copy.

    Then they are on the disk, too; `settled` has the names of which that is known.
    """
    photo = [Path(source)] if isinstance(source, str) else []
    for other in itertools.chain(photo, copies):
        with contextlib.suppress(OSError, UnreadablePhoto):
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


def _put(source: Path, destination: Path, digest: str, *, link: bool) -> None:
    if link:
        _require_same(source, digest)
        destination.symlink_to(os.path.realpath(source))
        return
    temporary = temporary_in(destination.parent)
    try:
        copied = hashlib.sha256()
        with create(temporary) as stream, open_regular(source) as original:
            while block := original.read(1 << 20):
                copied.update(block)
                stream.write(block)
        if copied.hexdigest() != digest:
            raise OSError("it has changed since it was looked at")
        # Some file systems keep no permissions or times; the photo is whole all the same.
        with contextlib.suppress(OSError):
            shutil.copystat(source, temporary)
        _rename_new(temporary, destination)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def _require_same(source: Path, digest: str) -> None:
    """Raise OSError unless a photo is there and is the one that was seen."""
    try:
        now = digest_of(source)
    except UnreadablePhoto as error:
        raise OSError(str(error)) from error
    if now != digest:
        raise OSError("it has changed since it was looked at")


def _rename_new(temporary: Path, destination: Path) -> None:
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
    """

    folders: pd.DataFrame
    new: int
    there: int
    left_over: int
    kept: int
    bytes: int

    @property
    def text(self) -> str:
        """One sentence."""
        known = int((self.folders["files"] > 0).sum())
        parts = [
            f"{counted(known, 'folder')} with {counted(self.new + self.there, 'file')}",
            f"{self.new:,} new ({self.bytes / 1e6:,.1f} MB)",
            f"{self.there:,} there already",
        ]
        if self.left_over:
            parts.append(f"{self.left_over:,} of an earlier run that are sorted otherwise now")
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
    )
