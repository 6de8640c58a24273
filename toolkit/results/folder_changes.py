"""What somebody did in the folders of a result since the run: renamed, moved, deleted, added."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from toolkit.errors import UnreadablePhoto
from toolkit.files import is_below, is_temporary
from toolkit.names import folded
from toolkit.photos import clips
from toolkit.photos.companions import RAW
from toolkit.photos.formats import is_photo, named_as_photo
from toolkit.photos.listing import photos_among
from toolkit.photos.opening import digest_of
from toolkit.results.results_folder import (
    CAPTURES,
    HARD,
    LINK,
    MARK_OF_CAPTURES,
    MARK_OF_PAGES,
    PAGES,
    ResultsFolder,
    digest_in,
    real_folder,
)

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
        Folders that are gone, all of whose files are in one other folder of the run now; that one
        as it was called before.
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
    blocked : tuple of str
        Places of files that something else is at now, which is no file.
    followed : dict of str to str
        Files that are at another place now, in the same folder or another: before, and now.
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
    blocked: tuple[str, ...] = ()
    followed: dict[str, str] = field(default_factory=dict)

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
        if isinstance(mark, str) and is_below(place, deeper=True)
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
    shown = photos_among(recorded)
    names = [*dict.fromkeys([*owners, *(place.partition("/")[0] for place in recorded)])]
    found = _files(out)
    listed = {f"{top}/{rest}" for top, inside in found.items() for rest in inside}
    known = {digest_in(recorded[place]) or recorded[place] for place in shown}
    mark_of = partial(_photo_mark, out, photos_among(listed), known, clips_too=_of_clips(about))
    files: dict[str, str] = {}
    missing: dict[str, str] = {}
    # Not there, or not there any more, where a run or an undo was cut off.
    unsure: dict[str, str] = {}
    changed: dict[str, str] = {}
    blocked: list[str] = []
    for place, mark in recorded.items():
        if os.path.lexists((out / place).parent) and not real_folder(out, place):
            # A link that stands for a folder: where it leads to is nothing of ours.
            files[place] = mark
        elif os.path.lexists(out / place):
            # A companion that a run was about to replace when it was cut off is nobody's edit.
            cut_off = place in pending and place not in shown
            kept = cut_off or mark.startswith((LINK, HARD))
            if kept or folder.untouched(place, mark, about):
                files[place] = mark
            elif not _is_file(out / place):
                blocked.append(place)
            else:
                changed[place] = mark
        elif place in shown:
            (unsure if place in pending else missing)[place] = mark
    extra: dict[str, str] = {}
    # Two folders that changed their names may have files of one name: each is the other's then.
    away = {digest_in(mark) or mark for mark in (*missing.values(), *changed.values())}
    for place, mark in changed.items():
        now = mark_of(place)
        if now in away:
            missing[place], extra[place] = mark, now
        else:
            theirs[place] = mark
    stands = {folded(place): place for place in (*files, *theirs)}
    # What is new there, by its bytes; a link is known by where it leads.
    for top, inside in found.items():
        for rest in inside:
            place = f"{top}/{rest}"
            # In a folder of the same name but for case it is another file, if both are listed.
            there = stands.get(folded(place), "")
            stood = bool(there) and (place == there or there not in listed)
            if not stood and (mark := mark_of(place)):
                extra[place] = mark
    theirs = {place: mark for place, mark in theirs.items() if os.path.lexists(out / place)}
    left = Counter(extra.values()) - Counter(digest_in(each) or each for each in missing.values())
    for place, mark in unsure.items():
        # It had been put there, and is elsewhere now.
        if left[digest := digest_in(mark) or mark] > 0:
            left[digest] -= 1
            missing[place] = mark
    stay = {_top(place) for place in (*theirs, *blocked)}
    for top in _taken(recorded, files, missing, extra) - stay:
        for place in [each for each in files if _top(each) == top]:
            missing[place] = files.pop(place)
            extra[place] = digest_in(missing[place]) or missing[place]
    keeping = {_top(place) for place in (*files, *theirs, *blocked)}
    hidden = _hidden(out, names, keeping, missing, mark_of)
    extra |= {place: mark for places in hidden.values() for place, mark in places.items()}
    renamed, merged = _renamed(names, found, keeping, missing, extra)
    moved: list[tuple[str, str]] = []
    deleted: list[str] = []
    followed: dict[str, str] = {}
    where: dict[str, list[str]] = {}
    for place, mark in extra.items():
        where.setdefault(mark, []).append(place)
    # Each takes what is in its own folder first, so that none takes another's.
    order = [(place, own) for own in (True, False) for place in missing]
    for place, own in order:
        if place in followed:
            continue
        mark = missing[place]
        top, _, rest = place.partition("/")
        into = merged.get(top, top)
        stays = renamed.get(into, into)
        candidates = where.get(digest_in(mark) or mark, [])
        # The same name in the same folder first, then the same folder, then anywhere.
        candidates.sort(key=lambda each: (each != f"{stays}/{rest}", _top(each) != stays, each))
        if not candidates:
            if not own:
                deleted.append(place)
            continue
        if own and _top(candidates[0]) != stays:
            continue
        now = followed[place] = candidates.pop(0)
        if now.count("/") == 1:
            files[now] = mark
        else:
            theirs[now] = mark
        if _top(now) != stays:
            moved.append((place, now))
    taken = set(renamed.values())
    gone = {
        top
        for top in names
        if top not in renamed | merged and (top in taken or not os.path.lexists(out / top))
    }
    emptied = tuple(
        top for top in names if top in gone and any(_top(place) == top for place in deleted)
    )
    return FolderChanges(
        owners,
        renamed,
        merged,
        tuple(moved),
        tuple(place for place in deleted if _top(place) not in emptied),
        emptied,
        tuple(
            (place, mark)
            for mark, places in where.items()
            for place in places
            if _top(place) not in hidden
        ),
        files,
        theirs,
        files != recorded or theirs != theirs_of(about),
        tuple(blocked),
        followed,
    )


def _taken(
    recorded: Mapping[str, str],
    files: Mapping[str, str],
    missing: Mapping[str, str],
    extra: Mapping[str, str],
) -> set[str]:
    """
    Find folders that may be another's now, though some of their files seem to be there.

    Those are in the other folder, too, such as a photo of both.
    """
    marks: dict[str, set[str]] = {}
    kept: dict[str, set[str]] = {}
    lost: dict[str, set[str]] = {}
    come: dict[str, set[str]] = {}
    for found, places in ((marks, recorded), (kept, files), (lost, missing), (come, extra)):
        for place, mark in places.items():
            found.setdefault(_top(place), set()).add(digest_in(mark) or mark)
    others = {
        top: {
            other
            for other in lost
            if other != top and lost[other] & come[top] and kept.get(top, set()) <= marks[other]
        }
        for top in come
        if top in marks
    }
    possible = {top for top, by in others.items() if by}
    while True:
        # Who took one is not there any more: its files are gone, or another took it.
        left = {
            top for top in possible if any(by in possible or by not in kept for by in others[top])
        }
        if left == possible:
            return {top for top in left if top in kept}
        possible = left


def _renamed(
    names: list[str],
    found: Mapping[str, list[str]],
    keeping: set[str],
    missing: Mapping[str, str],
    extra: Mapping[str, str],
) -> tuple[dict[str, str], dict[str, str]]:
    """
    Find folders none of whose files is where it was: what most of them are in now is the folder.

    That may have been another's name, whose files went elsewhere.
    """
    renamed: dict[str, str] = {}
    merged: dict[str, str] = {}
    here = {folded(top): top for top in found}
    tops: dict[str, Counter[str]] = {}
    for place, mark in extra.items():
        tops.setdefault(mark, Counter())[_top(place)] += 1
    marks: dict[str, list[str]] = {name: [] for name in names}
    for place, mark in missing.items():
        marks[_top(place)].append(digest_in(mark) or mark)
    for name in names:
        # Where case does not count, its files are there; so they are not looked for.
        now = here.get(folded(name), name)
        if name in keeping and now != name and name not in found:
            renamed[name] = now

    def shared(name: str, top: str) -> int:
        return sum(tops[mark][top] > 0 for mark in marks[name] if mark in tops)

    # One that is there and empty was left empty: its files were moved one by one.
    empty = {name for name in names if name in found and not found[name]}
    left = [
        name
        for name in names
        if name not in keeping and name not in renamed and name not in empty and marks[name]
    ]
    pairs = [
        (-count, len(marks[name]), name != top, number, top)
        for number, name in enumerate(left)
        for top in {top for mark in marks[name] for top in tops.get(mark, ())}
        if (count := shared(name, top))
    ]
    # The larger part first: what it takes is no other's, as of a photo that is in both.
    for _, _, _, number, top in sorted(pairs):
        name = left[number]
        if name in renamed or name in merged or not (count := shared(name, top)):
            continue
        whose = next((was for was, now in renamed.items() if now == top), top)
        if whose != top or top in keeping:
            if count < len(marks[name]):
                continue
            merged[name] = whose
        else:
            # Its own, too: there they have other names.
            renamed[name] = top
        for mark in marks[name]:
            if mark in tops and tops[mark][top]:
                tops[mark][top] -= 1
    return {name: top for name, top in renamed.items() if name != top}, merged


def _hidden(
    out: Path,
    names: list[str],
    keeping: set[str],
    missing: Mapping[str, str],
    mark_of: Callable[[str], str],
) -> dict[str, dict[str, str]]:
    """Find folders all of whose files are in one that file managers do not show; its files."""
    wanted = {name: dict[str, str]() for name in names if name not in keeping}
    for place, mark in missing.items():
        if _top(place) in wanted:
            wanted[_top(place)][place] = digest_in(mark) or mark
    if not any(wanted.values()):
        return {}
    shown: dict[str, dict[str, str]] = {}
    for top, inside in _files(out, hidden=True).items():
        if top in names:
            continue
        places = [f"{top}/{rest}" for rest in inside if "/" not in rest]
        found = {place: mark for place in places if (mark := mark_of(place))}
        here = set(found.values())
        if any(marks and set(marks.values()) <= here for marks in wanted.values()):
            known = {mark for marks in wanted.values() for mark in marks.values()}
            shown[top] = {place: mark for place, mark in found.items() if mark in known}
    return shown


def _files(out: Path, *, hidden: bool = False) -> dict[str, list[str]]:
    """Return the files in each folder of a result, as far as they are folders of its own."""
    found: dict[str, list[str]] = {}
    with os.scandir(out) as entries:
        tops = sorted(
            entry.name
            for entry in entries
            if entry.is_dir(follow_symlinks=False) and entry.name.startswith(".") == hidden
        )
    for folder, mark in ((CAPTURES, MARK_OF_CAPTURES), (PAGES, MARK_OF_PAGES)):
        if (out / folder / mark).is_file():
            # What lies there is for another program, or a browser, and says nothing of who is who.
            tops = [top for top in tops if top != folder]
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


def _of_clips(about: Mapping[str, Any]) -> bool:
    """Whether the run looked at clips as well."""
    settings = about.get("settings")
    return isinstance(settings, dict) and settings.get("videos") is True


def _photo_mark(
    out: Path, photos: Set[str], known: Set[str], place: str, *, clips_too: bool
) -> str:
    """
    Return the mark of a file that is a photo or a clip, or a copy of one that is `known`.

    What belongs to a photo goes where that goes: it has none here. Of clips that no run copied,
    those count that the next one looks at.
    """
    clip = clips.is_clip(Path(place))
    likely = place in photos and (clip or is_photo(out / place))
    if not (clip or named_as_photo(place) or Path(place).suffix.lower() in RAW):
        return ""
    mark = _mark_of(out / place)
    return mark if mark in known or (likely and (clips_too or not clip)) else ""


def _is_file(path: Path) -> bool:
    """Whether there is a file, or a link, which stands for one."""
    return path.is_symlink() or path.is_file()


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
