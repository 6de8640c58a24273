"""A plan of what goes where, as a table; then its execution, which overwrites nothing."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from toolkit.errors import BadFolder, UnreadablePhoto
from toolkit.names import numbered, unique_names
from toolkit.photos import digest_of
from toolkit.records import Gallery

RECORD = "run.json"
TABLES = ("sightings.csv", "nobody.csv", "problems.csv")
RESERVED = (RECORD, *TABLES)
PLAN_COLUMNS = ("name", "folder", "source", "destination", "digest", "bytes", "state")

NEW, THERE, LEFT_OVER = "new", "there already", "left over"

Progress = Callable[[int, int, str], None]


def check_out(out: Path, *, photos: Path, people: Path | None = None) -> None:
    """
    Raise `BadFolder` unless results can go to `out` without touching anything of the user's.

    It may be missing, empty, or hold an earlier result. It may lie inside the folder of photos,
    where it is left out of the listing.

    Parameters
    ----------
    out : Path
        Where results go.
    photos : Path
        The photos.
    people : Path, optional
        The references.
    """
    here = out.resolve()
    for what, folder in (("photos", photos), ("people", people)):
        if folder is None:
            continue
        there = folder.resolve()
        if here == there or here in there.parents:
            raise BadFolder(
                f"results cannot go to {out}: the {what} are in it ({folder}). Choose a new folder."
            )
        if what == "people" and there in here.parents:
            raise BadFolder(
                f"results cannot go to {out}: it lies inside the people's folder {folder}, where "
                "it would be taken for a person. Choose a folder outside."
            )
    if out.exists() and not out.is_dir():
        raise BadFolder(f"results cannot go to {out}: it is a file. Choose a new folder.")
    if out.is_dir() and any(out.iterdir()) and read_record(out) is None:
        raise BadFolder(
            f"results cannot go to {out}: it is not empty, and holds no earlier result of this "
            "program. Choose a new folder."
        )


def read_record(out: Path) -> dict[str, str] | None:
    """
    Return what an earlier run put into `out`: destination to sha256, or None where there was none.

    The record is a file that anybody can edit: entries that do not name a place inside `out` are
    left out.
    """
    path = out / RECORD
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or content.get("program") != "sightings":
        return None
    files = content.get("files")
    if not isinstance(files, dict):
        return None
    return {
        place: digest
        for place, digest in files.items()
        if isinstance(digest, str) and _is_inside(place)
    }


def _is_inside(place: object) -> bool:
    if not isinstance(place, str):
        return False
    parts = PurePosixPath(place).parts
    return len(parts) == 2 and ".." not in parts and "/" not in parts[0] and "\\" not in place


def plan(gallery: Gallery, names: Sequence[str | None], out: Path) -> pd.DataFrame:
    """
    Say which photo goes into which folder, without touching the disk.

    A photo has the same name in every folder; of two photos with one name, the second gets " (2)".

    Parameters
    ----------
    gallery : Gallery
        n sightings.
    names : sequence of str or None
        The individual of each sighting, n in all; None for unknown.
    out : Path
        Where results go.

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
    rows: list[tuple[object, ...]] = []
    used: set[str] = set()
    for path, digest, file_name in zip(
        wanted["path"], wanted["photo_digest"], file_names, strict=True
    ):
        size = Path(path).stat().st_size
        for name in seen_in[digest]:
            place, state = _place(out, folder_of[name], file_name, digest, used)
            used.add(place.casefold())
            rows.append((name, folder_of[name], path, place, digest, size, state))
    order = {name: number for number, name in enumerate(people)}
    rows.sort(key=lambda row: order[str(row[0])])
    for place, digest in record.items():
        if place.casefold() not in used and os.path.lexists(out / place):
            folder = place.partition("/")[0]
            rows.append((None, folder, None, place, digest, 0, LEFT_OVER))
    return pd.DataFrame(rows, columns=list(PLAN_COLUMNS))


def _place(out: Path, folder: str, file_name: str, digest: str, used: set[str]) -> tuple[str, str]:
    """Find a destination that is free, or that holds the very same photo."""
    number = 1
    while True:
        place = f"{folder}/{numbered(file_name, number)}"
        number += 1
        if place.casefold() in used:
            continue
        if not os.path.lexists(out / place):
            return place, NEW
        if _holds(out / place, digest):
            return place, THERE


def _holds(path: Path, digest: str) -> bool:
    try:
        return path.is_file() and digest_of(path) == digest
    except UnreadablePhoto:
        return False


def apply(
    planned: pd.DataFrame,
    out: Path,
    *,
    link: bool = False,
    replace: bool = False,
    about: dict[str, Any] | None = None,
    progress: Progress | None = None,
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
    with _disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        _check_space(out, 0 if link else int(todo["bytes"].sum()))
        for folder in dict.fromkeys(kept["folder"]):
            if (out / folder).is_symlink():
                raise BadFolder(f"{out / folder} is a link; expected a folder. Take it away.")
            (out / folder).mkdir(exist_ok=True)
    files = dict(zip(kept["destination"], kept["digest"], strict=True))
    leaving = dict(zip(left_over["destination"], left_over["digest"], strict=True))
    write_record(out, {**files, **leaving}, {**(about or {}), "finished": False})
    problems = _take_away(out, leaving)
    total = len(todo)
    done_rows = enumerate(zip(todo["source"], todo["destination"], strict=True), start=1)
    for done, (source, place) in done_rows:
        try:
            _put(Path(source), out / place, link=link)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
                raise BadFolder(f"{out} cannot be written: {error.strerror}") from error
            problems.append((source, f"could not be copied to {place}: {error.strerror}"))
            files.pop(place, None)
        if progress is not None:
            progress(done, total, place)
    write_record(out, files, {**(about or {}), "finished": True})
    return problems


@contextlib.contextmanager
def _disk_errors(out: Path) -> Any:
    try:
        yield
    except OSError as error:
        raise BadFolder(
            f"{out} cannot be written: {error.strerror}. Choose another folder."
        ) from error


def _check_space(out: Path, needed: int) -> None:
    free = shutil.disk_usage(out).free
    if needed > free:
        raise BadFolder(
            f"the copies need {needed / 1e9:.2f} GB, and {out} has {free / 1e9:.2f} GB free. "
            "Choose another disk, or links instead of copies with --link (link=True)."
        )


def _take_away(out: Path, leaving: dict[str, str]) -> list[tuple[str, str]]:
    problems = []
    for place, digest in leaving.items():
        path = out / place
        if path.is_symlink() or _holds(path, digest):
            path.unlink()
            with contextlib.suppress(OSError):
                path.parent.rmdir()
        else:
            problems.append((str(path), "changed since the earlier run: left where it is"))
    return problems


def _put(source: Path, destination: Path, *, link: bool) -> None:
    if link:
        destination.symlink_to(source.resolve())
        return
    handle, temporary = tempfile.mkstemp(prefix=".sightings-", dir=destination.parent)
    os.close(handle)
    try:
        shutil.copyfile(source, temporary)
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
        # A file system without hard links: memory cards, some network drives.
        if os.path.lexists(destination):
            raise FileExistsError(errno.EEXIST, "a file has that name", str(destination)) from None
        temporary.rename(destination)


def write_record(out: Path, files: dict[str, str], about: dict[str, Any]) -> None:
    """Write ``run.json``: what the run was, and which files it put where."""
    content = {"program": "sightings", **about, "files": files}
    text = json.dumps(content, indent=1, ensure_ascii=True, default=str)
    write_text(out / RECORD, text)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV (UTF-8; a file name that is not text keeps its bytes as escapes)."""
    write_text(path, table.to_csv(index=False, lineterminator="\n"))


def write_text(path: Path, text: str) -> None:
    """Write a text file as a whole, through a temporary name."""
    with _disk_errors(path.parent):
        handle, temporary = tempfile.mkstemp(prefix=".sightings-", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(text)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                Path(temporary).unlink()
