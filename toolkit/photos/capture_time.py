"""When a photo was taken, as its camera's clock said: from EXIF, where that says anything sane."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image

from toolkit.photos import opening

# Tags of the EXIF directory: a time, and what of it is below the second.
_ORIGINAL, _DIGITIZED = (0x9003, 0x9291), (0x9004, 0x9292)
_EXIF_DIRECTORY = 0x8769
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
        The photo; it is not decoded.

    Returns
    -------
    datetime or None
        Local time of the camera, without a zone: DateTimeOriginal, else DateTimeDigitized, with
        what their SubSecTime adds. None where there is none, or one that no clock shows: zeros, the
        30th of February, a year before 1990 or after the next one.

    Raises
    ------
    UnreadablePhoto
        With the cause, if the file is no photo that can be read.
    """
    with opening.decoding(path) as picture:
        return _in_exif(_exif_of(picture))


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
