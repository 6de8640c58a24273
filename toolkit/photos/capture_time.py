"""When a photo was taken, as its camera's clock said: from EXIF, where that says anything sane."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from toolkit.files import open_regular
from toolkit.photos import clips, opening
from toolkit.photos.companions import RAW

# Tags of the EXIF directory: a time, and what of it is below the second.
_ORIGINAL, _DIGITIZED = (0x9003, 0x9291), (0x9004, 0x9292)
_EXIF_DIRECTORY = 0x8769
# How raw files begin that are a TIFF but for its mark: of Olympus, Panasonic.
_LIKE_TIFF = (b"IIRO", b"IIRS", b"MMOR", b"IIU\0")
# Where Fuji's raw file says at which byte its JPEG begins; what Canon's calls its EXIF, and in how
# many bytes of the file that is sought.
_FUJI, _FUJI_JPEG, _CANON, _CANON_START = b"FUJIFILMCCD-RAW", 84, b"CMT2", 1 << 20
# Bytes of a JPEG within a raw file that hold its EXIF, and of the small picture beside a clip.
_START, _SMALL = 1 << 17, 1 << 22
# What a phone writes into its clips whose times are UTC, the zone being unknown.
_IN_UTC = "com.android.version"
# The first year in which a camera can have written one. A clock that lost its battery says 1970
# or 1980.
FIRST_YEAR = 1990
_TIME = re.compile(
    r"\s*(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)[ T]+(\d\d):(\d\d):(\d\d)(?:\.(\d+))?", re.ASCII
)


def time_of(path: Path) -> datetime | None:
    """
    Return when a photo was taken, by the clock of its camera.

    Parameters
    ----------
    path : Path
        The photo or clip; it is not decoded.

    Returns
    -------
    datetime or None
        Local time of the camera, without a zone: DateTimeOriginal, else DateTimeDigitized, with
        what their SubSecTime adds. Of a clip, when it begins: what the small picture beside it says
        (`.THM`), else its container, but for phones that write there what the time was in
        Greenwich. None where there is none, or one that no clock shows: zeros, the 30th of
        February, a year before 1990 or after the next one.

    Raises
    ------
    UnreadablePhoto
        With the cause, if the file is no photo that can be read.
    """
    if clips.is_clip(path):
        beside = _in_exif(_exif_beside(path))
        return _in_container(clips.tags_of(path)) if beside is None else beside
    if path.suffix.lower() in RAW and (found := _in_exif(_exif_of_raw(path))) is not None:
        return found
    with opening.decoding(path) as picture:
        return _in_exif(_exif_of(picture))


def _in_container(tags: Mapping[str, str]) -> datetime | None:
    """Return when a clip begins, as its container says."""
    local = parsed(tags.get("com.apple.quicktime.creationdate"))
    if local is not None or _IN_UTC in tags:
        return local
    # Other cameras write what their clock shows, whatever a zone there says.
    told = (tags.get(name) for name in ("creation_time", "date", "DateTimeOriginal"))
    return next((found for each in told if (found := parsed(each)) is not None), None)


def _exif_beside(path: Path) -> Mapping[Any, Any]:
    """Return the EXIF of the small picture that a camera wrote beside a clip."""
    for ending in (".THM", ".thm"):
        with suppress(OSError), open_regular(path.with_suffix(ending)) as stream:
            return _exif_in_jpeg(stream.read(_SMALL))
    return {}


def _exif_of_raw(path: Path) -> Mapping[Any, Any]:
    """Return the EXIF of a raw file, which no package has to be there for; often without any."""
    try:
        with open_regular(path) as stream:
            start = stream.read(_FUJI_JPEG + 4)
            if start.startswith(_FUJI):
                stream.seek(int.from_bytes(start[_FUJI_JPEG:], "big"))
                return _exif_in_jpeg(stream.read(_START))
            if start[4:8] == b"ftyp":
                content = start + stream.read(_CANON_START)
                at = content.find(_CANON) + len(_CANON)
                # It is the directory itself.
                return _directory(io.BytesIO(content[at:]), 0) if at >= len(_CANON) else {}
            whole = _directory(stream, 0)
            return _directory(stream, int(whole.get(_EXIF_DIRECTORY, 0)))
    except Exception:  # noqa: BLE001 - EXIF is untrusted; a photo without it is still a photo
        return {}


def _directory(stream: BinaryIO, at: int) -> Mapping[Any, Any]:
    """Return a directory of a TIFF that begins with its header: the first one, or the one there."""
    stream.seek(0)
    header = stream.read(8)
    if header[:4] in _LIKE_TIFF:
        header = (b"II*\0" if header.startswith(b"II") else b"MM\0*") + header[4:]
    found = ImageFileDirectory_v2(header)
    stream.seek(at or found.next)
    found.load(stream)
    return dict(found)


def _exif_in_jpeg(content: bytes) -> Mapping[Any, Any]:
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as picture:
            return _exif_of(picture)
    except Exception:  # noqa: BLE001 - as above
        return {}


def _exif_of(picture: Image.Image) -> Mapping[Any, Any]:
    # Of a PNG, Pillow would decode the picture to seek what is not before it.
    if picture.format == "PNG" and "exif" not in picture.info:
        return {}
    try:
        return dict(picture.getexif().get_ifd(_EXIF_DIRECTORY))
    except Exception:  # noqa: BLE001 - EXIF is untrusted; a photo without it is still a photo
        return {}


def _in_exif(exif: Mapping[Any, Any]) -> datetime | None:
    for tag, below in (_ORIGINAL, _DIGITIZED):
        if (found := parsed(exif.get(tag), exif.get(below))) is not None:
            return found
    return None


def parsed(told: object, fraction: object = "") -> datetime | None:
    """
    Read a time as EXIF writes it, such as "2024:05:31 17:20:05".

    Parameters
    ----------
    told : object
        Untrusted: text or bytes, else there is none.
    fraction : object
        Digits of the second's decimals, likewise.

    Returns
    -------
    datetime or None
        None for what is no time of a camera; see `time_of`.
    """
    found = _TIME.match(_text(told))
    if found is None:
        return None
    digits = re.match(r"\s*(\d{1,9})", _text(fraction), re.ASCII)
    decimals = found[7] or (digits[1] if digits else "")
    try:
        year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
        below = int(f"{decimals:0<6}"[:6])
        time = datetime(year, month, day, hour, minute, second, below)
    except ValueError:
        return None
    return time if is_sane(time) else None


def is_sane(time: datetime) -> bool:
    """Whether a camera can have taken a photo then: not before 1990, nor after the next year."""
    return FIRST_YEAR <= time.year <= datetime.now().year + 1


def _text(told: object) -> str:
    if isinstance(told, bytes):
        return told[:64].decode("ascii", "replace")
    return told[:64] if isinstance(told, str) else ""
