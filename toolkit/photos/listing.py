"""List the photos of a folder, in a fixed order."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from toolkit.errors import BadFolder
from toolkit.files import open_regular, whole_path
from toolkit.names import printable
from toolkit.photos import clips, takeout
from toolkit.photos.companions import OF_CLIPS, RAW, belonging
from toolkit.photos.formats import SUFFIXES, by_name, is_photo, kind_at, named_as_photo
from toolkit.photos.passed_over import (
    AWAY,
    HIDDEN_FILES,
    NEVER_PHOTOS,
    Rules,
    said,
    standing_for,
)
from toolkit.photos.path_list import PathList

RESULT = "run.json"
NO_PHOTO = "not a photo format that is read here"


@dataclass(frozen=True)
class Listing:
    """
    What a folder holds.

    Attributes
    ----------
    photos : sequence of Path
        Files to be read as photos, in a fixed order: by name, case ignored, folder by folder.
    skipped : tuple of (Path, str)
        Other files and unreadable folders, each with the reason.
    left_out : tuple of (Path, str)
        What was passed over on purpose and holds photos, such as bins and what the user excludes:
        a folder, or a file, and why; see `toolkit.photos.passed_over`.
    companions : mapping of Path to tuple of Path
        What lies beside a photo and belongs to it; see `toolkit.photos.companions`.
    result : bool
        The folder itself holds results of this program: their tables are neither.
    """

    photos: Sequence[Path]
    skipped: tuple[tuple[Path, str], ...]
    left_out: tuple[tuple[Path, str], ...] = ()
    companions: Mapping[Path, tuple[Path, ...]] = field(default_factory=dict)
    result: bool = False


def require_folder(folder: Path, what: str) -> None:
    """Raise `BadFolder` unless `folder`, called `what` in the message, is a folder."""
    try:
        there, is_folder = folder.exists(), folder.is_dir()
    except OSError as error:
        raise BadFolder(f"{what}: {folder} cannot be read: {error.strerror}.") from error
    if not there:
        raise BadFolder(
            f"{what}: {printable(str(folder))} does not exist; expected a folder{_sought(folder)}. "
            "Check the spelling of its path."
        )
    if not is_folder:
        raise BadFolder(f"{what}: {folder} is a file; expected the folder that holds the photos.")
    try:
        with os.scandir(folder):
            pass
    except OSError as error:
        raise BadFolder(
            f"{what}: {folder} cannot be read: {error.strerror}. Check its permissions."
        ) from error


def _sought(folder: Path) -> str:
    """Say where a folder was looked for, if its path does not say it; and how far there is one."""
    whole = whole_path(folder)
    there = next((above for above in whole.parents if above.is_dir()), None)
    where = "" if str(whole) == str(folder) else f"; it was looked for as {printable(str(whole))}"
    if there is None or there == whole.parent:
        return where
    return f"{where}; what is there is {printable(str(there))}"


def find(
    folder: Path,
    *,
    leave_out: Iterable[Path] = (),
    exclude: Sequence[str] = (),
    videos: bool = False,
) -> Listing:
    """
    List the photos of a folder and its subfolders.

    Bins, snapshots, previews, hidden files and folders, and what the user excludes are passed over:
    named where there are photos in them. A symbolic link is followed, but no folder is read twice,
    so a loop of links ends. Results of this program that lie in the folder are passed over, too, as
    they are copies; where the folder itself is such a result, its copies are the photos. Of Google
    Takeout, each photo counts once; see `toolkit.photos.takeout`.

    Parameters
    ----------
    folder : Path
        Where to look.
    leave_out : iterable of Path
        Folders to pass over, such as the one that results go to.
    exclude : sequence of str
        Patterns, as in ``.gitignore``, of what to pass over; and a file ``.sightingsignore`` in
        any of the folders may hold more.
    videos : bool
        Whether clips are photos, too; see `toolkit.photos.clips`. The film of a Live Photo belongs
        to that photo.

    Returns
    -------
    Listing
        Always in the same order, on every system.

    Raises
    ------
    BadFolder
        If `folder` is not a folder.
    BadSetting
        If one of `exclude` is no pattern, or `videos` lack the package that decodes them.
    """
    if videos:
        clips.require_decoder()
    require_folder(folder, "photos")
    rules = Rules(folder, exclude)
    apart = {path.resolve() for path in leave_out}
    photos = PathList()
    skipped: list[tuple[Path, str]] = []
    left_out: list[tuple[Path, str]] = []
    companions: dict[Path, tuple[Path, ...]] = {}
    seen: set[tuple[int, int]] = set()
    pending = [folder]
    while pending:
        current = pending.pop()
        try:
            identity = current.stat()
            if (identity.st_dev, identity.st_ino) in seen or current.resolve() in apart:
                continue
            seen.add((identity.st_dev, identity.st_ino))
            with os.scandir(current) as scan:
                entries = sorted(scan, key=lambda entry: (entry.name.casefold(), entry.name))
        except OSError as error:
            skipped.append((current, f"the folder cannot be read: {error.strerror}"))
            continue
        ours = any(entry.name == RESULT for entry in entries) and _is_result(current / RESULT)
        if ours and current != folder:
            skipped.append((current, "holds results of this program, which are copies"))
            continue
        skipped += rules.enter(current)
        subfolders: list[Path] = []
        here: list[Path] = []
        others: list[tuple[Path, str]] = []
        hidden = away = 0
        for entry in entries:
            path = current / entry.name
            try:
                if entry.name.casefold() in NEVER_PHOTOS:
                    continue
                is_folder = entry.is_dir()
                if not is_folder and _likely(Path(standing_for(entry.name)), videos=videos):
                    away += 1
                    continue
                if why := rules.why(path, folder=is_folder, hidden=_hidden(entry)):
                    if is_folder:
                        why = rules.counted(path, why, by_name, is_photo)
                        left_out += [(path, why)] if why else []
                    elif _likely(path, videos=videos):
                        hidden += why == HIDDEN_FILES
                        left_out += [] if why == HIDDEN_FILES else [(path, why)]
                    continue
                if is_folder:
                    subfolders.append(path)
                    continue
                reason = _unfit(entry, path)
            except OSError as error:
                reason = f"a link that cannot be followed: {error.strerror}"
            if reason is None:
                here.append(path)
            elif not ours:
                others.append((path, reason))
        if away:
            left_out.append((current, said(AWAY, away)))
        if hidden:
            left_out.append((current, said(HIDDEN_FILES, hidden)))
        here, raw = _parted(here)
        others += [(path, f"{NO_PHOTO}: {path.suffix.lower()}") for path in raw]
        no_photos = [path for path, reason in others if reason.startswith(NO_PHOTO)]
        here, edited = takeout.without_edited(here, no_photos)
        left_out += edited.said
        beside = _beside(here, no_photos, edited.of)
        known = {path for paths in beside.values() for path in paths}
        if videos:
            filmed = {path for path in no_photos if clips.is_clip(path) and path not in known}
            rest = [path for path in no_photos if path not in known | filmed]
            of_clips = _beside(sorted(filmed, key=_place), rest, along=OF_CLIPS)
            here, beside = sorted([*here, *filmed], key=_place), beside | of_clips
            known |= filmed | {path for paths in of_clips.values() for path in paths}
        photos.extend(here)
        companions |= beside
        skipped += [(path, reason) for path, reason in others if path not in known]
        pending.extend(reversed(subfolders))
    again = takeout.in_albums(photos, companions)
    return Listing(
        PathList(path for path in photos if path not in again) if again else photos,
        tuple(skipped),
        (*left_out, *again.items()),
        {path: found for path, found in companions.items() if path not in again},
        is_result(folder),
    )


def companions_of(photos: Iterable[str | Path]) -> dict[str, tuple[str, ...]]:
    """
    Return what lies beside some photos now and belongs to them.

    Parameters
    ----------
    photos : iterable of path
        In whatever folders.

    Returns
    -------
    dict of str to tuple of str
        For each photo, as it was given, that has any, its companions, by name.
    """
    found: dict[str, tuple[str, ...]] = {}
    folders: dict[str, list[str]] = {}
    for photo in map(str, photos):
        folders.setdefault(os.path.dirname(photo), []).append(photo)  # noqa: PTH120
    for at, asked in folders.items():
        folder = Path(at)
        with contextlib.suppress(OSError), os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
            if all(os.path.splitext(entry.name)[1].lower() in SUFFIXES for entry in entries):  # noqa: PTH122
                # Photos only, and none of them raw: nothing belongs to another.
                continue
            own = _companions_in(folder, entries, {Path(photo) for photo in asked})
            found |= {
                photo: tuple(map(str, own[Path(photo)])) for photo in asked if Path(photo) in own
            }
    return found


def _companions_in(
    folder: Path, entries: Sequence[os.DirEntry[str]], wanted: Collection[Path]
) -> dict[Path, tuple[Path, ...]]:
    """Return what belongs to which of the photos in a folder."""
    here: list[Path] = []
    others: list[Path] = []
    for entry in entries:
        never = _hidden(entry) or entry.name.casefold() in NEVER_PHOTOS
        if not never and entry.is_file():
            path = folder / entry.name
            (here if is_photo(path) else others).append(path)
    here, raw = _parted(here, wanted)
    others += raw
    here, edited = takeout.without_edited(here, others)
    beside = _beside(here, others, edited.of, wanted)
    known = {path for paths in beside.values() for path in paths}
    # One that is asked for was a photo of its own.
    filmed = [path for path in others if path in wanted and clips.is_clip(path)]
    rest = [path for path in others if path not in known and path not in filmed]
    return beside | _beside(filmed, rest, along=OF_CLIPS)


def _place(path: Path) -> tuple[str, str]:
    return path.name.casefold(), path.name


def photos_among(places: Iterable[str]) -> set[str]:
    """
    Return which files that were sorted into folders are photos or clips, by their names.

    A film or a raw file that has a photo's name beside it belongs to that, as `find` says it.

    Parameters
    ----------
    places : iterable of str
        Paths with forward slashes.
    """
    inside: dict[str, list[str]] = {}
    for place in places:
        folder, _, name = place.rpartition("/")
        inside.setdefault(folder, []).append(name)
    found: set[str] = set()
    for folder, names in inside.items():
        photos = [name for name in names if named_as_photo(name)]
        for endings in (RAW, clips.SUFFIXES):
            others = [name for name in names if PurePath(name).suffix.lower() in endings]
            beside = belonging(photos, others)
            photos += [name for name in others if name not in beside]
        found |= {f"{folder}/{name}" if folder else name for name in photos}
    return found


def _likely(path: Path, *, videos: bool) -> bool:
    """Whether a file is a photo by its name, or what else would have been looked at."""
    suffix = path.suffix.lower()
    return suffix in SUFFIXES | RAW or (videos and clips.is_clip(path))


def _parted(photos: Sequence[Path], wanted: Collection[Path] = ()) -> tuple[list[Path], list[Path]]:
    """
    Part the photos of a folder into those that are looked at, and raw files that belong to one.

    A raw file whose picture is damaged from its first byte on is looked at itself, as is one that
    is `wanted`.
    """
    pictures = [path for path in photos if path.suffix.lower() not in RAW]
    if len(pictures) == len(photos):
        return pictures, []
    raw = [path for path in photos if path.suffix.lower() in RAW and path not in wanted]
    stems = {path.stem.casefold() for path in raw}
    whole = [each for each in pictures if each.stem.casefold() in stems and kind_at(each)]
    owners = belonging([path.name for path in whole], [path.name for path in raw])
    owned = [path for path in raw if path.name in owners]
    return [path for path in photos if path not in set(owned)], owned


def _beside(
    photos: Sequence[Path],
    others: Sequence[Path],
    edited: Mapping[Path, Path] | None = None,
    first: Collection[Path] = (),
    along: Collection[str] = (),
) -> dict[Path, tuple[Path, ...]]:
    """
    Return which files of a folder, and which edited doubles, belong to which of its photos.

    Those of `first` come before all others; `along` is as for `belonging`.
    """
    edited = edited or {}
    if not others and not edited:
        return {}
    owners = belonging(
        [path.name for path in photos],
        [path.name for path in others],
        first={path.name for path in photos if path in first},
        along=along,
    )
    owners |= {path.name: photo.name for path, photo in edited.items()}
    found: dict[str, tuple[Path, ...]] = {}
    for path in (*others, *edited):
        if (owner := owners.get(path.name)) is not None:
            found[owner] = (*found.get(owner, ()), path)
    return {path: found[path.name] for path in photos if path.name in found}


def _unfit(entry: os.DirEntry[str], path: Path) -> str | None:
    """Say why a file is not tried as a photo, if it is not."""
    if entry.is_symlink() and not path.exists():
        return "a link to a file that does not exist"
    if not entry.is_file():
        return "not a regular file"
    if not is_photo(path):
        kind = path.suffix.lower() or "a file without an ending"
        # Where they are wanted, they are none of those that are left.
        more = "; videos are looked at with --videos" if clips.is_clip(path) else ""
        return f"{NO_PHOTO}: {kind}{more}"
    return None


def is_result(folder: Path) -> bool:
    """Whether a folder holds results of this program."""
    return _is_result(folder / RESULT)


def _is_result(path: Path) -> bool:
    """Whether a file is the record that this program leaves in a folder of results."""
    try:
        with open_regular(path) as stream:
            return b'"program": "sightings"' in stream.read(200)
    except OSError:
        return False


def _hidden(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return True
    # Windows alone has this attribute.
    try:
        attributes = getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0)
    except OSError:
        return False
    return bool(attributes & stat.FILE_ATTRIBUTE_HIDDEN)
