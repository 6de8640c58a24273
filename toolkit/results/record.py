"""What an earlier run put into a folder, by a file that anybody can edit: it is not believed."""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path
from typing import Any

from toolkit.errors import BadFolder
from toolkit.files import is_temporary, read_regular, reason_of
from toolkit.locks import is_lock

RECORD = "run.json"
PROGRAM = "sightings"
LARGEST = 64 << 20
LINK = "link:"

# Left by file managers: a folder that holds nothing else is empty.
# Decisions may be there before the first run: a panel keeps them as they are made.
JUNK = frozenset({".ds_store", "thumbs.db", "desktop.ini", "decisions.csv"})


def read_record(out: Path) -> dict[str, str] | None:
    """
    Return what an earlier run put into `out`, or None where there was none.

    Parameters
    ----------
    out : Path
        A folder of results.

    Returns
    -------
    dict of str to str, or None
        Destination (folder/file, relative to `out`) to the sha256 of the copy, or to
        "link:" and the target of a link. Entries that do not name a place in a folder of `out` are
        left out.
    """
    try:
        content = parsed(read_regular(out / RECORD, most=LARGEST))
    except (OSError, ValueError, RecursionError, MemoryError):
        return None
    if content.get("program") != PROGRAM:
        return None
    files = content.get("files")
    if not isinstance(files, dict):
        return None
    return {
        place: mark for place, mark in files.items() if isinstance(mark, str) and _is_inside(place)
    }


def parsed(content: bytes) -> dict[str, Any]:
    """
    Return what a record says; of its numbers, each is finite and has at most 15 digits or so.

    Raises
    ------
    ValueError
        If it is no JSON object, or holds a number that cannot be worked with.
    RecursionError, MemoryError
        If it is nested deeper, or is larger, than can be read.
    """
    found = json.loads(
        content.decode("utf-8"), parse_int=_whole, parse_float=_real, parse_constant=_real
    )
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    return found


def _whole(text: str) -> int:
    if len(text) > 18:
        raise ValueError(f"it holds a number of {len(text)} digits")
    return int(text)


def _real(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"it holds {text[:20]}, which is no number")
    return value


def _is_inside(place: object) -> bool:
    """Whether a text is a folder and a file in it, written as this program writes it."""
    if not isinstance(place, str) or "\\" in place or "\x00" in place:
        return False
    try:
        os.fsencode(place)
    except UnicodeError:
        return False
    parts = place.split("/")
    return len(parts) == 2 and not {"", ".", ".."} & set(parts) and ":" not in place


def real_folder(out: Path, place: str) -> bool:
    """Whether the folder of a recorded place is a folder of `out` itself, and no link elsewhere."""
    try:
        return stat.S_ISDIR((out / place).parent.lstat().st_mode)
    except (OSError, ValueError):
        return False


def is_unused(out: Path) -> bool:
    """Whether a folder is empty, but for what file managers and interrupted runs leave."""
    with os.scandir(out) as entries:
        return all(
            entry.name.casefold() in JUNK
            or is_temporary(entry.name)
            or is_lock(entry.name)
            or (entry.is_dir(follow_symlinks=False) and is_unused(Path(entry.path)))
            for entry in entries
        )


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
    try:
        here = out.resolve()
        for what, folder in (("photos", photos), ("people", people)):
            if folder is None:
                continue
            there = folder.resolve()
            if here == there or here in there.parents:
                raise BadFolder(
                    f"results cannot go to {out}: the {what} are in it ({folder}). "
                    "Choose a new folder."
                )
            if what == "people" and there in here.parents:
                raise BadFolder(
                    f"results cannot go to {out}: it lies inside the people's folder {folder}, "
                    "where it would be taken for a person. Choose a folder outside."
                )
        if os.path.lexists(out) and not out.is_dir():
            raise BadFolder(
                f"results cannot go to {out}: it is a file, or a link to nowhere. "
                "Choose a new folder."
            )
        if out.is_dir() and read_record(out) is None and not is_unused(out):
            raise BadFolder(
                f"results cannot go to {out}: it is not empty, and holds no earlier result of this "
                "program that can be read (run.json). Choose a new folder."
            )
    except (OSError, RuntimeError) as error:
        raise BadFolder(f"results cannot go to {out}: {reason_of(error)}") from error


def as_json(files: dict[str, str], about: dict[str, Any]) -> str:
    """Return the text of a record."""
    content = {"program": PROGRAM, **about, "files": files}
    return json.dumps(content, indent=1, ensure_ascii=True, default=str) + "\n"
