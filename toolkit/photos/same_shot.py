"""Raw files and photos of one shot that lie in different folders: known by name and time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from toolkit.errors import UnreadablePhoto
from toolkit.names import folded, printable
from toolkit.photos import capture_time, clips
from toolkit.photos.companions import RAW
from toolkit.photos.listing import Listing
from toolkit.photos.path_list import PathList

# How the reason begins for which such a raw file is left out.
SAME_SHOT = "the same shot as"


def owners(photos: Sequence[Path], raw: Iterable[Path]) -> dict[Path, Path]:
    """
    Say which raw files are of the same shot as a photo.

    Parameters
    ----------
    photos : sequence of Path
        In whatever folders; raw files among them are none of these.
    raw : iterable of Path
        Raw files.

    Returns
    -------
    dict of Path to Path
        Of each such file, the first photo that has its name but for the ending, and was taken in
        the same second. Names alone do not say it: cameras begin again after 9,999 photos.
    """
    by_name: dict[str, list[Path]] = {}
    sought = {folded(path.stem) for path in raw}
    for path in photos:
        if folded(path.stem) in sought and path.suffix.lower() not in RAW | clips.SUFFIXES:
            by_name.setdefault(folded(path.stem), []).append(path)
    found: dict[Path, Path] = {}
    for path in raw if by_name else ():
        beside = by_name.get(folded(path.stem), ())
        if beside and (time := _second(path)) is not None:
            same = next((photo for photo in beside if _second(photo) == time), None)
            if same is not None:
                found[path] = same
    return found


def once(listing: Listing) -> Listing:
    """
    Return what a folder holds with each shot once: a raw file goes along with its photo.

    That is said of each, as what is left out.
    """
    raw = [path for path in listing.photos if path.suffix.lower() in RAW]
    if not raw or len(raw) == len(listing.photos):
        return listing
    found = owners(listing.photos, raw)
    companions = dict(listing.companions)
    for path, photo in found.items():
        # What lies beside the raw file goes where that goes.
        mine = (path, *companions.pop(path, ()))
        companions[photo] = (*companions.get(photo, ()), *mine)
    said = [
        (path, f"{SAME_SHOT} {_place(photo)}, which it goes along with")
        for path, photo in found.items()
    ]
    return replace(
        listing,
        photos=PathList(path for path in listing.photos if path not in found),
        left_out=(*listing.left_out, *said),
        companions=companions,
    )


def _second(path: Path) -> datetime | None:
    try:
        time = capture_time.time_of(path)
    except UnreadablePhoto:
        return None
    return None if time is None else time.replace(microsecond=0)


def _place(path: Path) -> str:
    return printable(f"{path.parent.name}/{path.name}")
