"""What opening a photo takes in memory, told from its header, before anything is decoded."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from PIL import Image

from toolkit.photos.filled_up import FilledPicture
from toolkit.photos.pixels import BAND, fit
from toolkit.photos.raw import MADE, SENSOR

# Formats that are decoded at a half, a quarter or an eighth where that is enough.
DRAFTED = ("JPEG", "MPO")
# Bytes a px in Pillow's own memory; other modes take 4.
NATIVE = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
RGB = 3
# Bytes that bands take on the way: one in float64 and its copies.
BANDS = 40 * BAND
# Bytes a px that decoders hold beside Pillow's picture, as measured (tests/test_demand.py).
WEBP, HEIF, JXL = 10, 6, 20
# And those of two pictures beside that, and of what differs, where one is filled up.
FILLED = 12
# By what the sides of a JPEG can be divided while it is decoded, and from how many px on that is
# done for what is cut out of it as well.
SCALES, LARGE = (1, 2, 4, 8), 64_000_000
# No photo of this many px is packed into so few bytes that each holds so many of them.
CLAIMED, HELD = 50_000_000, 1000
MODES = {"F": "float", "I": "32-bit integers", "CMYK": "CMYK"}


@dataclass(frozen=True)
class Demand:
    """
    Bytes that a photo takes.

    Attributes
    ----------
    upright : int
        At most, while it is opened at full size.
    shrunk : int
        At most, while it is opened for detection.
    kept : int
        What stays of that.
    small : tuple of (int, int)
        Width and height in px of the picture for detection, as stored.
    whole : bool
        Whether the full size is made on the way.
    what : str
        What the photo is, to be read.
    scaled : tuple of int
        As `upright`, where the sides are divided by each of `SCALES` on the way; the first alone,
        where the format cannot do that, or the photo is not `LARGE`.
    """

    upright: int
    shrunk: int
    kept: int
    small: tuple[int, int]
    whole: bool
    what: str
    scaled: tuple[int, ...] = ()

    @property
    def opening(self) -> int:
        """Bytes to open it for detection, and then at full size beside that."""
        return max(self.shrunk, 0 if self.whole else self.kept + self.upright)

    @property
    def least(self) -> int:
        """The same where the full size is decoded as small as can be."""
        least = min(self.scaled, default=self.upright)
        return max(self.shrunk, 0 if self.whole else self.kept + least)

    def divisor(self, most: int) -> int:
        """Return the least of `SCALES` by which `most` bytes are enough beside what is kept."""
        for scale, need in zip(SCALES, self.scaled, strict=False):
            if self.kept + need <= most:
                return scale
        return SCALES[max(0, len(self.scaled) - 1)]


def of(
    picture: Image.Image, *, long_edge: int | None = None, small: tuple[int, int] | None = None
) -> Demand:
    """
    Estimate what a photo takes, from its header.

    Parameters
    ----------
    picture : PIL.Image.Image
        Opened, and not yet decoded.
    long_edge : int, optional
        Longer side, in px, of the picture for detection; the full size if not given.
    small : tuple of (int, int), optional
        Its width and height instead.

    Returns
    -------
    Demand
        Not below what is taken, but for a few MB that any photo takes.
    """
    width, height = picture.size
    across, down = small = small or fit(width, height, long_edge or max(width, height))
    pixels = width * height
    native = NATIVE.get(picture.mode, 4)
    aside = _aside(picture)
    upright = aside + pixels * (native + RGB)
    bands = min(BANDS, 40 * pixels)
    what = f"{width:,} x {height:,} px{_as(picture.mode)}"
    scale = _drafted(picture, small)
    scaled = tuple(
        aside + -(-width // by) * -(-height // by) * (native + RGB) + bands
        for by in (SCALES if picture.format in DRAFTED and pixels > LARGE else SCALES[:1])
    )
    if scale > 1:
        part = -(-width // scale) * -(-height // scale)
        # Another mode than RGB is converted whole, and resized across before down.
        shrunk = aside + part * (native + 4) + 4 * across * -(-height // scale)
        kept = RGB * across * down
        shrunk += 8 * across * down
        return Demand(upright + bands, shrunk, kept, small, False, what, scaled)
    kept = RGB * pixels + (0 if small == (width, height) else RGB * across * down)
    shrinking = RGB * pixels + _shrinking(width, height, across, down)
    return Demand(upright + bands, max(upright, shrinking) + bands, kept, small, True, what)


def _as(mode: str) -> str:
    """Say a mode that is no ordinary one."""
    if mode.startswith("I;16"):
        return " in 16 bits"
    return f" as {MODES[mode]}" if mode in MODES else ""


def _drafted(picture: Image.Image, small: tuple[int, int]) -> int:
    """By what a JPEG's sides are divided while it is decoded, as `Image.draft` chooses it."""
    if picture.format not in DRAFTED:
        return 1
    most = min(side // aim for side, aim in zip(picture.size, small, strict=True))
    return next(scale for scale in (8, 4, 2, 1) if most >= scale or scale == 1)


def _shrinking(width: int, height: int, across: int, down: int) -> int:
    """Bytes that `toolkit.photos.pixels.shrunk` takes beside the picture."""
    if (across, down) == (width, height):
        return 0
    wide, high = (int(side / aim / 2.0) or 1 for side, aim in ((width, across), (height, down)))
    reduced = 4 * -(-width // wide) * -(-height // high)
    return reduced + 4 * across * -(-height // high) + 8 * across * down


def _aside(picture: Any) -> int:
    """Bytes that the decoder of a format holds beside the decoded picture."""
    width, height = picture.size
    pixels = width * height
    if picture.format in DRAFTED:
        return _coefficients(picture) if "progressive" in picture.info else 0
    if picture.format == "TIFF":
        return 0 if picture.info.get("compression") == "raw" else _strip(picture)
    if picture.format in ("WEBP", "HEIF", "AVIF"):
        each = WEBP if picture.format == "WEBP" else HEIF
        if isinstance(picture, FilledPicture):
            return (each + FILLED) * pixels + 2 * picture.length
        return each * pixels + _file_size(picture)
    if picture.format == "JXL":
        return JXL * pixels + 2 * _file_size(picture)
    if picture.format == "RAW":
        return SENSOR * picture.sensor[0] * picture.sensor[1] + MADE * pixels
    return 0


def _coefficients(picture: Any) -> int:
    """Bytes of the coefficients of a progressive JPEG: two each, kept at full size to the end."""
    width, height = picture.size
    parts = [(part[1], part[2]) for part in getattr(picture, "layer", ())] or [(1, 1)] * 3
    wide, high = (max(part[way] for part in parts) or 1 for way in (0, 1))
    share = sum(across * down for across, down in parts) / (wide * high)
    # Whole blocks of 8 x 8, as many as the largest sampling needs.
    return int(2 * share * (width + 8 * wide) * (height + 8 * high))


def _strip(picture: Any) -> int:
    """Bytes of a strip or tile of a TIFF, packed and unpacked; it may be the whole picture."""
    width, height = picture.size
    tags = getattr(picture, "tag_v2", {})
    bits = tags.get(258, (8,))
    depth = sum(bits) if isinstance(bits, tuple) else int(bits) * int(tags.get(277, 1))
    if 322 in tags:
        across, rows = -(-width // int(tags[322])) * int(tags[322]), int(tags.get(323, height))
    else:
        across, rows = width, min(int(tags.get(278, height)), height)
    # JPEG inside is unpacked to RGB, whatever it holds.
    unpacked = across * min(rows, 2 * height) * max(depth, 32) // 8
    return unpacked + min(unpacked, _file_size(picture))


def _file_size(picture: Any) -> int:
    try:
        return os.fstat(picture.fp.fileno()).st_size
    except (AttributeError, OSError, ValueError):
        try:
            return os.stat(picture.filename).st_size  # noqa: PTH116 - a name, perhaps of no file
        except (AttributeError, OSError, TypeError):
            return 0


def is_bomb(picture: Any, size: int) -> bool:
    """Whether a picture claims more px than a file of `size` bytes can hold of a photo."""
    pixels = picture.width * picture.height
    return bool(pixels > CLAIMED and pixels > HELD * size)
