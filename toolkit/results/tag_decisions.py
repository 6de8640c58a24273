"""What the user decided about the tags of photos: a copy of tags.csv with a column filled in."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from toolkit.errors import BadSetting
from toolkit.names import folded, printable, safe_name
from toolkit.tables import BadTable, escaped, read_table, write_table

FILE = "decisions.csv"
KEEP, MOVE = "keep", "move"
COLUMNS = ("path", "folder", "suggested", "decision")
LARGEST = 64 << 20
# Bytes of a path.
LONGEST = 4096


@dataclass(frozen=True)
class TagDecision:
    """
    What was decided about one photo.

    Attributes
    ----------
    path : str
        The photo, below the folder that was checked, with forward slashes.
    folder : str
        Where it goes: its own folder, the one that was suggested, or another.
    kept : bool
        Whether it stays where it is.
    """

    path: str
    folder: str
    kept: bool


def read(path: Path, photos: Collection[str], folders: Iterable[str]) -> list[TagDecision]:
    """
    Read decisions.

    Parameters
    ----------
    path : Path
        A table with the columns path and decision, and suggested where a decision is "move": a copy
        of tags.csv. A decision is "keep", "move" (to what is suggested), or the path of a folder
        below the one that was checked, of a new one, too; one that is called "keep" or "move" is
        written with a slash at its end. A line without a decision says nothing.
    photos : collection of str
        What is in the folder that is checked, below it, with forward slashes.
    folders : iterable of str
        The folders there, likewise.

    Raises
    ------
    BadSetting
        If it cannot be read, or a line cannot be understood, which it names.
    """
    try:
        table = read_table(path, ("path", "decision"), most=LARGEST)
    except BadTable as error:
        raise BadSetting(
            f"{path} cannot be read as a table of decisions: {printable(str(error))}. It is a copy "
            "of tags.csv, with decisions in the column decision."
        ) from error
    # A table has escapes for what cannot be shown.
    known = {spelled: photo for photo in photos for spelled in (escaped(photo), photo)}
    there = {folded(spelled): folder for folder in folders for spelled in (escaped(folder), folder)}
    suggested = table["suggested"] if "suggested" in table else [""] * len(table)
    found: dict[str, tuple[int, TagDecision]] = {}
    rows = zip(table.index, table["path"], suggested, table["decision"], strict=True)
    for line, photo, other, cell in rows:
        decision = cell.strip()
        if not decision:
            continue
        where = f"{path} line {line}"
        if photo not in known:
            raise BadSetting(
                f"{where}: there is no photo {printable(photo)!r} in the folders; expected a path "
                "as in tags.csv. Mend it, or take the line out"
            )
        photo = known[photo]
        made = _decision(where, photo, other.strip(), decision, there)
        if photo in found and found[photo][1] != made:
            raise BadSetting(
                f"{where}: line {found[photo][0]} says something else of {printable(photo)}; take "
                "one of the two out"
            )
        found.setdefault(photo, (int(line), made))
    return [made for _, made in found.values()]


def _decision(
    where: str, photo: str, suggested: str, decision: str, there: Mapping[str, str]
) -> TagDecision:
    own = photo.rpartition("/")[0]
    if decision.casefold() == KEEP:
        return TagDecision(photo, own, True)
    wanted = suggested if decision.casefold() == MOVE else decision
    if not wanted:
        raise BadSetting(
            f'{where}: the decision is "{MOVE}" and no folder is suggested; write the folder that '
            "it goes to"
        )
    wanted = wanted.removesuffix("/")
    if (known := there.get(folded(wanted))) is not None:
        wanted = known
    elif not _can_be(wanted):
        raise BadSetting(
            f"{where}: {printable(wanted)[:80]!r} cannot be a folder's name; expected "
            f'"{KEEP}", "{MOVE}", or a folder such as those in tags.csv'
        )
    return TagDecision(photo, wanted, wanted == own)


def _can_be(folder: str) -> bool:
    """Whether a text is the path of a folder below another one, on each system."""
    parts = folder.split("/")
    safe = all(part == safe_name(part, full_stop=os.name != "nt") for part in parts)
    return safe and len(folder.encode("utf-8", "surrogateescape")) <= LONGEST


def moves(decided: Iterable[TagDecision]) -> dict[str, str]:
    """Return the new folder of each photo that is to have another one."""
    return {each.path: each.folder for each in decided if not each.kept}


def folders_of(photos: Iterable[str]) -> list[str]:
    """Return the folders that photos are in, and those that these are in, in order."""
    found: dict[str, None] = {}
    for photo in photos:
        for folder in reversed(PurePosixPath(photo).parents[:-1]):
            found.setdefault(folder.as_posix())
    return list(found)


def require(photo: str, suggested: str, decision: str, folders: Iterable[str]) -> None:
    """Raise `BadSetting` unless a decision about a photo can be understood."""
    _decision(
        printable(photo), photo, suggested, decision, {folded(each): each for each in folders}
    )


def write(path: Path, rows: Sequence[tuple[str, str, str, str]]) -> None:
    """
    Write decisions, in the place of those that are there.

    Parameters
    ----------
    path : Path
        The table.
    rows : sequence of tuple of str
        The photo, its folder, the suggested one, and the decision.

    Raises
    ------
    BadFolder
        If it cannot be written. When this returns they are on the disk.
    """
    write_table(pd.DataFrame(list(rows), columns=list(COLUMNS), dtype=object), path)
