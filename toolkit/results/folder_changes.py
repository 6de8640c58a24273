"""What somebody did in the folders of a result since the run: renamed, moved, deleted, added."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.errors import UnreadablePhoto
from toolkit.files import is_temporary
from toolkit.names import folded
from toolkit.photos.listing import SUFFIXES
from toolkit.photos.opening import digest_of
from toolkit.results.results_folder import HARD, LINK, ResultsFolder, digest_in, real_folder

# Levels of folders below an individual's that are looked into.
DEEPEST = 8


@dataclass(frozen=True)
class Owner:
    """
    Whose folder one is.

    Attributes
    ----------
    name : str
        What the individual is called.
    number : int
        Its number, 0 for none.
    """

    name: str
    number: int = 0


@dataclass(frozen=True)
class FolderChanges:
    """
    What is otherwise in a folder of results than the run left it.

    Places are relative to it, with forward slashes.

    Attributes
    ----------
    owners : dict of str to Owner
        Whose each folder is, by the folder's name before anything was renamed.
    renamed : dict of str to str
        Folders, and what each is called now.
    merged : dict of str to str
        Folders that are gone, all of whose files are in one other folder of the run now.
    moved : tuple of (str, str)
        Files that are in another folder now: the place before, and the place now.
    deleted : tuple of str
        Files that are nowhere.
    emptied : tuple of str
        Folders that are gone with all their files.
    added : tuple of (str, str)
        Files that the run did not put there: the place, and its mark (sha256). Copies of a photo
        that is still in its own folder are among them.
    files : dict of str to str
        What of ours is there now, as the record is to have it: place to mark.
    theirs : dict of str to str
        Files that stand for a photo in a folder by the user's hand, and that no run touches:
        edited, or moved into a folder of their own below. Place to the mark of the photo.
    differs : bool
        Whether the record says something else of the files, also where nothing follows from it.
    """

    owners: dict[str, Owner]
    renamed: dict[str, str] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    moved: tuple[tuple[str, str], ...] = ()
    deleted: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    added: tuple[tuple[str, str], ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    theirs: dict[str, str] = field(default_factory=dict)
    differs: bool = False

    def __bool__(self) -> bool:
        return bool(
            self.renamed or self.merged or self.moved or self.deleted or self.emptied or self.added
        )


def owners_of(about: Mapping[str, Any]) -> dict[str, Owner]:
    """Return whose each folder is, as a record says."""
    told = about.get("folders")
    found: dict[str, Owner] = {}
    for folder, who in (told if isinstance(told, dict) else {}).items():
        name, number = (who.get("name"), who.get("number")) if isinstance(who, dict) else (0, 0)
        if isinstance(name, str) and name and isinstance(number, int):
            found[folder] = Owner(name, max(0, number))
    return found


def theirs_of(about: Mapping[str, Any]) -> dict[str, str]:
    """Return the files that stand for a photo by the user's hand, as a record says."""
    told = about.get("theirs")
    return {
        place: mark
        for place, mark in (told if isinstance(told, dict) else {}).items()
        if isinstance(mark, str) and _is_place(place)
    }


def pending_of(about: Mapping[str, Any]) -> set[str]:
    """Return the places that a run or an undo was at when it was cut off, as a record says."""
    told = about.get("pending")
    return {str(place) for place in told} if isinstance(told, list) else set()


def read(out: Path) -> FolderChanges:
    """
    Compare the folders of a result with its record.

    Files that a run or an undo which was cut off was about to put there, or to take away, are not
    missed.

    Raises
    ------
    BadFolder
        If there is no record that can be read.
    """
    folder = ResultsFolder(out)
    about, recorded = folder.record(), folder.files() or {}
    pending = pending_of(about)
    theirs = theirs_of(about)
    owners = owners_of(about)
    names = [*dict.fromkeys([*owners, *(place.partition("/")[0] for place in recorded)])]
    found = _files(out)
    here = {folded(top): top for top in found}
    files: dict[str, str] = {}
    missing: dict[str, str] = {}
    for place, mark in recorded.items():
        if os.path.lexists((out / place).parent) and not real_folder(out, place):
            # A link that stands for a folder: where it leads to is nothing of ours.
            files[place] = mark
        elif os.path.lexists(out / place):
            # A companion that a run was about to replace when it was cut off is nobody's edit.
            cut_off = place in pending and not _is_photo(place)
            kept = cut_off or mark.startswith((LINK, HARD))
            if kept or folder.untouched(place, mark, about):
                files[place] = mark
            else:
                theirs[place] = mark
        elif place not in pending and _is_photo(place):
            missing[place] = mark
    stands = {folded(place) for place in (*files, *theirs)}
    # What is new there, by its bytes; a link is known by where it leads.
    extra: dict[str, str] = {}
    for top, inside in found.items():
        for rest in inside:
            place = f"{top}/{rest}"
            if folded(place) not in stands and _is_photo(place) and (mark := _mark_of(out / place)):
                extra[place] = mark
    theirs = {place: mark for place, mark in theirs.items() if os.path.lexists(out / place)}
    renamed, merged = _renamed(names, here, missing, extra)
    moved: list[tuple[str, str]] = []
    deleted: list[str] = []
    where: dict[str, list[str]] = {}
    for place, mark in extra.items():
        where.setdefault(mark, []).append(place)
    for place, mark in missing.items():
        top, _, rest = place.partition("/")
        stays = renamed.get(top, top)
        candidates = where.get(digest_in(mark) or mark, [])
        # The same name in the same folder first, then the same folder, then anywhere.
        candidates.sort(key=lambda each: (each != f"{stays}/{rest}", _top(each) != stays, each))
        if not candidates:
            deleted.append(place)
            continue
        now = candidates.pop(0)
        if now.count("/") == 1:
            files[now] = mark
        else:
            theirs[now] = mark
        if _top(now) != stays:
            moved.append((place, now))
    gone = {
        top
        for top in names
        if folded(top) not in here
        and top not in renamed | merged
        and not os.path.lexists(out / top)
    }
    emptied = tuple(
        top for top in names if top in gone and any(_top(place) == top for place in deleted)
    )
    return FolderChanges(
        owners,
        renamed,
        merged,
        tuple(each for each in moved if _top(each[0]) not in merged),
        tuple(place for place in deleted if _top(place) not in emptied),
        emptied,
        tuple((place, mark) for mark, places in where.items() for place in places),
        files,
        theirs,
        files != recorded or theirs != theirs_of(about),
    )


def _renamed(
    names: list[str],
    here: Mapping[str, str],
    missing: Mapping[str, str],
    extra: Mapping[str, str],
) -> tuple[dict[str, str], dict[str, str]]:
    """Find folders that are gone, most of whose files are in one folder now."""
    renamed: dict[str, str] = {}
    merged: dict[str, str] = {}
    ours = {folded(name) for name in names}
    tops: dict[str, Counter[str]] = {}
    for place, mark in extra.items():
        tops.setdefault(mark, Counter())[_top(place)] += 1
    for name in names:
        if folded(name) in here:
            if here[folded(name)] != name:
                renamed[name] = here[folded(name)]
            continue
        marks = [digest_in(mark) or mark for place, mark in missing.items() if _top(place) == name]
        into = Counter(top for mark in marks for top in tops.get(mark, ()))
        for top, count in into.most_common():
            if folded(top) not in ours and top not in renamed.values():
                renamed[name] = top
                break
            if folded(top) in ours and count == len(marks):
                merged[name] = next(each for each in names if folded(each) == folded(top))
                break
    return renamed, merged


def _files(out: Path) -> dict[str, list[str]]:
    """Return the files in each folder of a result, as far as they are folders of its own."""
    found: dict[str, list[str]] = {}
    with os.scandir(out) as entries:
        tops = sorted(
            entry.name
            for entry in entries
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
        )
    for top in tops:
        inside: list[str] = []
        for folder, below, names in os.walk(out / top):
            depth = len(Path(folder).relative_to(out / top).parts)
            below[:] = sorted(
                each
                for each in below
                if depth < DEEPEST
                and not each.startswith(".")
                and not (Path(folder) / each).is_symlink()
            )
            inside += [
                (Path(folder) / name).relative_to(out / top).as_posix()
                for name in sorted(names)
                if not name.startswith(".") and not is_temporary(name)
            ]
        found[top] = inside
    return found


def _is_photo(place: str) -> bool:
    """Whether a file is a photo; what belongs to one goes where it goes."""
    return Path(place).suffix.lower() in SUFFIXES


def _mark_of(path: Path) -> str:
    """Return what a record would say of a file; empty where it cannot be read, or is no file."""
    try:
        if path.is_symlink():
            return f"{LINK}{path.readlink()}"
        return digest_of(path) if path.is_file() else ""
    except (OSError, UnreadablePhoto):
        return ""


def _top(place: str) -> str:
    return place.partition("/")[0]


def _is_place(place: object) -> bool:
    """Whether a text is a path into a folder of the result, and out of it no way back."""
    if not isinstance(place, str) or "\\" in place or "\0" in place:
        return False
    parts = place.split("/")
    return len(parts) >= 2 and not {"", ".", ".."} & set(parts)
