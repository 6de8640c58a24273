"""A plan of what goes where, as a table; then its execution, which overwrites nothing."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.errors import BadFolder, UnreadablePhoto
from toolkit.names import folded, numbered, shows, unique_names
from toolkit.photos import digest_of
from toolkit.record import (
    LINK,
    RECORD,
    as_json,
    check_out,
    read_record,
    real_folder,
    reason_of,
)
from toolkit.records import Gallery

__all__ = ["apply", "check_out", "plan", "read_record", "write_record", "write_table", "write_text"]

# What else is in a folder of results: no person's folder has one of these names.
TABLES = ("sightings.csv", "photos.csv", "nobody.csv", "problems.csv", "decisions.csv")
RESERVED = (RECORD, *TABLES, "encodings.npz", "report.html")
PLAN_COLUMNS = ("name", "folder", "source", "destination", "digest", "bytes", "state")

NEW, THERE, LEFT_OVER = "new", "there already", "left over"
FATAL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)

Progress = Callable[[int, int, str], None]


def plan(
    gallery: Gallery, names: Sequence[str | None], out: Path, *, link: bool = False
) -> pd.DataFrame:
    """
    Say which photo goes into which folder, without writing anything.

    A photo has the same name in every folder; of two photos with one name, the second gets " (2)".
    A photo that an earlier run put into a folder keeps the name that it got there.

    Parameters
    ----------
    gallery : Gallery
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
        "new", "there already", or "left over" from an earlier run and no longer wanted.
    """
    record = read_record(out) or {}
    people = list(dict.fromkeys(name for name in names if name is not None))
    folder_of = dict(zip(people, unique_names(people, taken=RESERVED), strict=True))
    seen_in: dict[str, list[str]] = {}
    for digest, name in zip(gallery.sightings["photo_digest"], names, strict=True):
        if name is not None and name not in seen_in.setdefault(digest, []):
            seen_in[digest].append(name)
    wanted = gallery.photos[gallery.photos["photo_digest"].isin(list(seen_in))]
    file_names = unique_names(Path(path).name for path in wanted["path"])
    earlier = _Earlier(out, record, link)
    rows: list[tuple[object, ...]] = []
    for path, digest, file_name in zip(
        wanted["path"], wanted["photo_digest"], file_names, strict=True
    ):
        size = _size(path)
        for name in seen_in[digest]:
            place, state = earlier.place(folder_of[name], file_name, path, digest)
            rows.append((name, folder_of[name], path, place, digest, size, state))
    order = {name: number for number, name in enumerate(people)}
    rows.sort(key=lambda row: order[str(row[0])])
    for place, mark in record.items():
        if folded(place) not in earlier.used and os.path.lexists(out / place):
            rows.append((None, place.partition("/")[0], None, place, mark, 0, LEFT_OVER))
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
        self.marked: dict[tuple[str, str], list[str]] = {}
        for place, mark in record.items():
            self.marked.setdefault((folded(place.partition("/")[0]), mark), []).append(place)

    def place(self, folder: str, file_name: str, source: str, digest: str) -> tuple[str, str]:
        """Find a destination that holds this very photo, or that is free."""
        mark = mark_of(source, digest, link=self.link)
        for place in self.marked.get((folded(folder), mark), ()):
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
    return f"{LINK}{Path(source).resolve()}" if link else digest


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
) -> list[tuple[str, str]]:
    """
    Do what a plan says.

    Each file appears under its name only when it is whole. What is there is never overwritten. The
    record of the run (``run.json``) is written before the first copy, so that a run that is
    interrupted can be taken up by doing it again.

    Parameters
    ----------
    planned : pandas.DataFrame
        What `plan` returned for the same `out`.
    out : Path
        Where results go; made where it is missing.
    link : bool
        Make symbolic links, not copies.
    replace : bool
        Take away what an earlier run put there and this one does not want, if it is unchanged.
    about : dict, optional
        What else the record says; plain values.
    progress : callable, optional
        Called with the number done, the total, and the destination just done.
    stop : callable, optional
        Asked before each copy. After a yes, what was copied stays, nothing is taken away, and the
        record says that the run is not finished: doing it again goes on.

    Returns
    -------
    list of (str, str)
        Files that could not be copied or taken away: path and reason.

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
            f"such as {left_over['destination'].iloc[0]}. Choose a new folder, or take them away "
            "with --replace (replace=True)."
        )
    todo = planned[planned["state"] == NEW]
    kept = planned[planned["state"] != LEFT_OVER]
    leaving = dict(zip(left_over["destination"], left_over["digest"], strict=True))
    files = {
        place: mark_of(source, digest, link=link)
        for place, source, digest in zip(
            kept["destination"], kept["source"], kept["digest"], strict=True
        )
    }
    with _disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        _check_space(out, 0 if link else int(todo["bytes"].sum()))
    # Before anything else is made, so that a run that is cut off is known as one of ours.
    write_record(out, {**leaving, **files}, {**(about or {}), "finished": False})
    with _disk_errors(out):
        for folder in dict.fromkeys(kept["folder"]):
            if os.path.lexists(out / folder) and not real_folder(out, f"{folder}/x"):
                raise BadFolder(
                    f"{out / folder} is a link or a file; expected a folder. Take it away."
                )
            (out / folder).mkdir(exist_ok=True)
    problems: list[tuple[str, str]] = []
    rows = zip(todo["source"], todo["destination"], todo["digest"], strict=True)
    for done, (source, place, digest) in enumerate(rows, start=1):
        if stop is not None and stop():
            for missing in todo["destination"].iloc[done - 1 :]:
                files.pop(missing)
            write_record(out, {**leaving, **files}, {**(about or {}), "finished": False})
            return problems
        try:
            _put(Path(source), out / place, digest, link=link)
        except OSError as error:
            if error.errno in FATAL:
                raise BadFolder(f"{out} cannot be written: {reason_of(error)}") from error
            if not holds(out / place, files[place]):
                problems.append((source, f"could not be copied to {place}: {reason_of(error)}"))
                files.pop(place)
        if progress is not None:
            progress(done, len(todo), place)
    # Only now that every copy is made: a photo may have been read from what is taken away.
    sources = {os.path.realpath(source) for source in kept["source"]}
    problems += _take_away(out, leaving, keep=sources)
    # What is still there as we put it stays in the record, so that a later run can take it away.
    still = {p: m for p, m in leaving.items() if real_folder(out, p) and holds(out / p, m)}
    write_record(out, {**still, **files}, {**(about or {}), "finished": True})
    return problems


@contextlib.contextmanager
def _disk_errors(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadFolder(
            f"{out} cannot be written: {reason_of(error)}. Choose another folder."
        ) from error


def _check_space(out: Path, needed: int) -> None:
    free = shutil.disk_usage(out).free
    if needed > free:
        raise BadFolder(
            f"the copies need {needed / 1e6:,.1f} MB, and {out} has {free / 1e6:,.1f} MB free. "
            "Choose another disk, or links instead of copies with --link (link=True)."
        )


def _take_away(out: Path, leaving: dict[str, str], *, keep: set[str]) -> list[tuple[str, str]]:
    """Remove what an earlier run put into `out` and nobody has touched since."""
    problems = []
    for place, mark in leaving.items():
        path = out / place
        if not real_folder(out, place):
            problems.append((str(path), "its folder is a link: left where it is"))
        elif not path.is_symlink() and os.path.realpath(path) in keep:
            problems.append((str(path), "a photo of this run was read from it: left where it is"))
        elif not holds(path, mark):
            problems.append((str(path), "changed since the earlier run: left where it is"))
        else:
            try:
                path.unlink()
            except OSError as error:
                problems.append((str(path), f"could not be taken away: {reason_of(error)}"))
            with contextlib.suppress(OSError):
                path.parent.rmdir()
    return problems


def _put(source: Path, destination: Path, digest: str, *, link: bool) -> None:
    if link:
        destination.symlink_to(source.resolve())
        return
    handle, temporary = tempfile.mkstemp(prefix=".sightings-", dir=destination.parent)
    try:
        copied = hashlib.sha256()
        with os.fdopen(handle, "wb") as stream, source.open("rb") as original:
            while block := original.read(1 << 20):
                copied.update(block)
                stream.write(block)
        if copied.hexdigest() != digest:
            raise OSError("it has changed since it was looked at")
        # Some file systems keep no permissions or times; the photo is whole all the same.
        with contextlib.suppress(OSError):
            shutil.copystat(source, temporary)
        _rename_new(Path(temporary), destination)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()


def _rename_new(temporary: Path, destination: Path) -> None:
    """Give a file its name, unless something has it by now."""
    try:
        os.link(temporary, destination)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links (memory cards, some network drives): take the name first,
        # which fails where it is taken, then put the file in its place.
        os.close(os.open(destination, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        temporary.replace(destination)


def write_record(out: Path, files: dict[str, str], about: dict[str, Any]) -> None:
    """Write ``run.json``: what the run was, and which files it put where."""
    write_text(out / RECORD, as_json(files, about))


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV: UTF-8, control characters and bytes that are no text as escapes."""
    shown = table.copy()
    for column in shown.columns:
        if not pd.api.types.is_numeric_dtype(shown[column]):
            shown[column] = [escaped(x) if isinstance(x, str) else x for x in shown[column]]
    write_text(path, shown.to_csv(index=False, lineterminator="\n"))


def escaped(text: str) -> str:
    """Return text in which control characters and lone surrogates stand as backslash escapes."""
    if text.isprintable():
        return text
    return "".join(c if shows(c) else c.encode("unicode_escape").decode() for c in text)


def write_text(path: Path, text: str) -> None:
    """Write a text file as a whole: UTF-8, what is no text as escapes."""
    write_bytes(path, text.encode("utf-8", errors="backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file as a whole, through a temporary name."""
    with _disk_errors(path.parent):
        temporary = path.with_name(f".sightings-{secrets.token_hex(6)}")
        try:
            with temporary.open("xb") as stream:
                stream.write(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
