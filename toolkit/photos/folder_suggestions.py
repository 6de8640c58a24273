"""What somebody choosing a folder wants to see: where they can go, and what is there."""

from __future__ import annotations

import fnmatch
import io
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from toolkit.errors import BadFolder, SightingsError, UnreadablePhoto
from toolkit.files import folder_at
from toolkit.photos.formats import SUFFIXES
from toolkit.photos.listing import find, is_result
from toolkit.photos.opening import open_shrunk
from toolkit.photos.passed_over import NEVER_PHOTOS, of_system, photos_of

# Folders offered, and pictures shown.
MOST, FEW = 60, 6
# Files and folders looked at, and seconds, after which a folder is not counted to its end: somebody
# who types "/" on the way to another folder does not ask for all that is on the disk.
ENOUGH, PATIENCE = 50_000, 3.0


@dataclass(frozen=True)
class Preview:
    """
    What a folder holds.

    Attributes
    ----------
    photos : int
        Files that will be read as photos, in subfolders too.
    others : int
        Files and folders that will not.
    pictures : tuple of bytes
        JPEGs of a few of the photos that can be read, spread over the folder.
    labels : tuple of str
        Their names.
    problem : str
        Why it cannot be used; "" if it can.
    more : bool
        There is more than was counted.
    result : bool
        It is the result of an earlier run.
    left_out : int
        Photos that are passed over on purpose, such as those in bins.
    """

    photos: int = 0
    others: int = 0
    pictures: tuple[bytes, ...] = ()
    labels: tuple[str, ...] = ()
    problem: str = ""
    more: bool = False
    result: bool = False
    left_out: int = 0


def completions(typed: str, *, most: int = MOST) -> tuple[str, ...]:
    """
    Return the existing folders that begin with what was typed, in order, written as it was.

    Hidden folders are offered only after a dot. "~" is the user's own folder.
    """
    head, tail = os.path.split(typed)
    found = _folders(_at(head) if _home(head) else None)
    names = [
        name
        for name in found
        if name.casefold().startswith(tail.casefold()) and (tail or not name.startswith("."))
    ]
    return tuple(os.path.join(head, name) for name in names[:most])  # noqa: PTH118 - as typed


def beside(folder: str, word: str) -> str:
    """
    Return the folder beside one that has a word more in its name, written as that one was.

    Returns
    -------
    str
        Such as "~/Pictures/Norway sorted"; "" where there is no place beside it that is the user's
        to write to: beside the root, a home folder, or one that is named by dots.
    """
    seps = os.sep + (os.altsep or "")
    bare = plain(folder).rstrip(seps)
    name = os.path.basename(bare)  # noqa: PTH119 - as typed
    home = bare == name and name.startswith("~")
    return "" if home or name in ("", ".", "..") else f"{bare} {word}"


def plain(folder: str) -> str:
    """Return a path as it was typed, or, where it was pasted in quotes or so, what is meant."""
    try:
        meant = _at(folder)
        as_typed = Path(folder).expanduser() == meant
    except (BadFolder, RuntimeError):
        return folder
    return folder if as_typed or not folder.strip() else str(meant)


def subfolders(folder: str, *, most: int = 500) -> tuple[str, ...]:
    """Return the names of the folders in a folder, hidden ones left out, in order."""
    found = _folders(_at(folder) if _home(folder) else None)
    return tuple(name for name in found if not name.startswith("."))[:most]


def groups(folder: str, *, most: int = 500) -> dict[str, tuple[str, ...]]:
    """
    Return the folders in a folder that may be groups of individuals, with the folders in each.

    They hold no photo themselves, and folders: whether that is an individual or several is seen
    when their photos are looked at.
    """
    found = {}
    for name in subfolders(folder, most=most):
        path = _at(folder) / name
        inside = subfolders(str(path), most=most)
        if inside and not _has_photo(path):
            found[name] = inside
    return found


def _has_photo(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(
                os.path.splitext(entry.name)[1].lower() in SUFFIXES  # noqa: PTH122
                and not entry.name.startswith(".")
                for entry in entries
            )
    except OSError:
        return True


def above(folder: str) -> str:
    """Return the folder that a folder is in, written as the folder was."""
    folder = plain(folder)
    path = Path(folder)
    if path.name in ("", "..", ".") or (folder.startswith("~") and len(path.parts) == 1):
        return str(path.expanduser().resolve().parent if _home(folder) else path)
    return str(path.parent)


def preview(
    folder: str,
    *,
    few: int = FEW,
    size: int = 100,
    enough: int = ENOUGH,
    patience: float = PATIENCE,
    stopped: Callable[[], bool] = lambda: False,
) -> Preview:
    """
    Look into a folder.

    Parameters
    ----------
    folder : str
        Its path.
    few : int
        How many pictures are made, at most.
    size : int
        Longer side of a picture, in px.
    enough : int
        Files and folders after which it is not counted to the end.
    patience : float
        Seconds after which it is not counted to the end.
    stopped : callable, optional
        Says whether nobody wants to know any more; what is returned then is of no use.
    """
    if not folder.strip():
        return Preview(problem="no folder is named yet")
    left_out = 0
    try:
        path = folder_at(folder)
        photos, others, more = _glance(path, enough, time.monotonic() + patience, stopped)
        if not more:
            listing = find(path)
            photos, others = list(listing.photos), len(listing.skipped)
            left_out = sum(photos_of(why) for _, why in listing.left_out)
    except (SightingsError, RuntimeError) as error:
        return Preview(problem=str(error))
    count = len(photos)
    places = [round(k * (count - 1) / max(few - 1, 1)) for k in range(few)] if count else []
    shown: list[tuple[str, bytes]] = []
    for chosen in (photos[place] for place in dict.fromkeys(places)):
        if stopped():
            break
        picture = picture_of(chosen, size)
        if picture is not None:
            shown.append((chosen.name, picture))
    return Preview(
        count,
        others,
        tuple(picture for _, picture in shown),
        tuple(name for name, _ in shown),
        more=more,
        result=is_result(path),
        left_out=left_out,
    )


def _glance(
    folder: Path, enough: int, end: float, stopped: Callable[[], bool]
) -> tuple[list[Path], int, bool]:
    """
    Look through a folder until something says that it is enough.

    Returns
    -------
    photos, others, more : list of Path, int, bool
        The photos and the number of other files so far; whether there is more.
    """
    photos: list[Path] = []
    others = seen = 0
    pending = [folder]
    known: set[tuple[int, int]] = set()
    while pending:
        current = pending.pop(0)
        try:
            # Links are followed, as they will be: behind one may be far more than beside it.
            status = current.stat()
            if (status.st_dev, status.st_ino) in known:
                continue
            known.add((status.st_dev, status.st_ino))
            with os.scandir(current) as entries:
                for entry in entries:
                    seen += 1
                    if seen > enough or time.monotonic() > end or stopped():
                        return photos, others, True
                    if entry.name.startswith(".") or entry.name.casefold() in NEVER_PHOTOS:
                        continue
                    if _is_folder(entry):
                        if of_system(current / entry.name):
                            continue
                        pending.append(current / entry.name)
                    elif os.path.splitext(entry.name)[1].lower() in SUFFIXES:  # noqa: PTH122
                        photos.append(current / entry.name)
                    else:
                        others += 1
        except (OSError, ValueError):
            continue
    return photos, others, False


def _home(folder: str) -> bool:
    try:
        _at(folder)
    except BadFolder:
        return False
    return True


def _at(folder: str) -> Path:
    """Return the folder that was typed, or pasted; the working one for none."""
    return folder_at(folder if folder.strip() else ".")


def _folders(folder: Path | None) -> list[str]:
    if folder is None:
        return []
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if _is_folder(entry)]
    except (OSError, ValueError):
        return []
    return sorted(names, key=lambda name: (name.casefold(), name))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def picture_of(path: Path, size: int) -> bytes | None:
    """Return a JPEG of a photo, its longer side in px; None where it cannot be read."""
    try:
        small = open_shrunk(path, long_edge=size).small
    except (UnreadablePhoto, OSError, ValueError, MemoryError):
        return None
    stream = io.BytesIO()
    Image.fromarray(small).save(stream, "JPEG", quality=80)
    return stream.getvalue()


def files_beside(photos: str, patterns: Sequence[str], *, most: int = MOST) -> tuple[str, ...]:
    """
    Return the files in a folder of photos and beside it whose names fit, written as that was.

    Parameters
    ----------
    photos : str
        The folder.
    patterns : sequence of str
        Such as "stations*.csv", in small letters; what fits an earlier one comes first.
    most : int
        Files, at most.
    """
    if not photos.strip() or not _home(photos):
        return ()
    found: list[tuple[int, str]] = []
    for folder in (photos, above(photos)):
        try:
            with os.scandir(_at(folder)) as entries:
                names = sorted(each.name for each in entries if not each.name.startswith("."))
        except (OSError, ValueError):
            continue
        for name in names:
            fits = [fnmatch.fnmatchcase(name.casefold(), pattern) for pattern in patterns]
            if any(fits):
                found.append((fits.index(True), os.path.join(folder, name)))  # noqa: PTH118 - as typed
    return tuple(path for _, path in sorted(found, key=lambda each: each[0])[:most])
