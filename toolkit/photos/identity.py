"""Which picture a file holds, whatever metadata is written into it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from toolkit.errors import UnreadablePhoto
from toolkit.files import open_regular, reason_of
from toolkit.photos import pixels
from toolkit.photos.pixels import Rgb

# Bytes up to which a JPEG is held in memory as a whole, to be taken apart.
LARGEST = 256 << 20
UPRIGHT = 1
ORIENTATIONS = range(1, 9)

# Within a JPEG's coded data, FF is followed by 00, by a restart marker, or by another FF.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# The first orientation that swaps the sides.
_SIDEWAYS = 5
_SCAN, _END, _ADOBE, _COMMENT = 0xDA, 0xD9, 0xEE, 0xFE


@dataclass(frozen=True)
class Identity:
    """
    What tells a photo's file, and the picture in it, from others.

    Attributes
    ----------
    file : str
        Hexadecimal sha256 of all bytes: whether two files are copies.
    image : str
        Hexadecimal sha256 of the picture alone, as it is stored: the same after stars, captions,
        keywords, dates or another orientation were written into the file. "" where it can only be
        told from the decoded pixels; see `of_pixels`.
    orientation : int
        How the stored picture is turned to be upright, 1 to 8, as EXIF numbers it.
    """

    file: str
    image: str = ""
    orientation: int = UPRIGHT

    @property
    def photo(self) -> str:
        """Digest of the upright picture, "" where `image` is not known; see `turned_digest`."""
        return turned_digest(self.image, self.orientation) if self.image else ""


def turned_digest(image: str, orientation: int) -> str:
    """
    Return the digest of a stored picture that is shown with an orientation.

    Places in two photos of one picture that stand differently do not compare, so each has a digest
    of its own; from `image`, that of the others is known (`decisions` over there still hold).
    """
    if orientation == UPRIGHT:
        return image
    return hashlib.sha256(f"{image}:{orientation}".encode()).hexdigest()


def turned_box(
    box: tuple[float, float, float, float], size: tuple[int, int], before: int, now: int
) -> tuple[float, float, float, float]:
    """
    Return where a box is after its picture got another orientation.

    Parameters
    ----------
    box : tuple of float
        left, top, right, bottom in px of the picture as it stood.
    size : tuple of int
        Width and height of the picture as it stands now, px.
    before, now : int
        Orientations, 1 to 8, as EXIF numbers them.
    """
    # As stored: (x, y) of the two corners, after undoing what the orientation did.
    stored = size if now < _SIDEWAYS else (size[1], size[0])
    upright = stored if before < _SIDEWAYS else (stored[1], stored[0])
    corners = [(box[0], box[1]), (box[2], box[3])]
    corners = [_shown(_stored(corner, upright, before), stored, now) for corner in corners]
    across, down = zip(*corners, strict=True)
    return min(across), min(down), max(across), max(down)


def _stored(
    point: tuple[float, float], upright: tuple[int, int], orientation: int
) -> tuple[float, float]:
    """Return the place in the stored picture of a place in the upright one."""
    x, y = point
    width, height = upright
    return {
        1: (x, y),
        2: (width - x, y),
        3: (width - x, height - y),
        4: (x, height - y),
        5: (y, x),
        6: (y, width - x),
        7: (height - y, width - x),
        8: (height - y, x),
    }[orientation]


def _shown(
    point: tuple[float, float], stored: tuple[int, int], orientation: int
) -> tuple[float, float]:
    """Return the place in the upright picture of a place in the stored one."""
    x, y = point
    width, height = stored
    return {
        1: (x, y),
        2: (width - x, y),
        3: (width - x, height - y),
        4: (x, height - y),
        5: (y, x),
        6: (height - y, x),
        7: (height - y, width - x),
        8: (y, width - x),
    }[orientation]


def identify(path: Path) -> Identity:
    """
    Read a file, and say which one it is and which picture it holds.

    Of a JPEG, the picture is the segments that decoding needs: not APP0 to APP15 (but Adobe's,
    which says what the colours mean), comments, or what follows its end. Other formats are told by
    their pixels, when they are decoded.

    Raises
    ------
    UnreadablePhoto
        If the file cannot be read, or is empty.
    """
    try:
        with open_regular(path) as stream:
            start = stream.read(1 << 20)
            whole = hashlib.sha256(start)
            content = bytearray(start) if start.startswith(b"\xff\xd8\xff") else None
            while block := stream.read(1 << 20):
                whole.update(block)
                if content is not None:
                    content += block
                    content = content if len(content) <= LARGEST else None
    except OSError as error:
        raise UnreadablePhoto(f"the file cannot be read: {reason_of(error)}") from error
    if not start:
        raise UnreadablePhoto("the file is empty (0 bytes)")
    image = "" if content is None else _jpeg(bytes(content))
    return Identity(whole.hexdigest(), image, _orientation(path) if image else UPRIGHT)


def of_pixels(image: Rgb) -> str:
    """
    Return the digest of a decoded picture.

    Parameters
    ----------
    image : numpy.ndarray
        Shape (h, w, 3), uint8, RGB, upright, at full size.
    """
    found = hashlib.sha256(f"pixels {image.shape[1]}x{image.shape[0]}:".encode())
    found.update(np.ascontiguousarray(image).data)
    return found.hexdigest()


def _jpeg(content: bytes) -> str:
    """Return the digest of what decoding a JPEG needs, "" where it cannot be taken apart."""
    found = hashlib.sha256(b"jpeg:")
    place, coded = 2, False
    while place < len(content) - 1:
        if content[place] != 0xFF:
            return ""
        marker = content[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        if marker == _END:
            break
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            place += 2
            continue
        length = int.from_bytes(content[place + 2 : place + 4], "big")
        if length < 2 or place + 2 + length > len(content):
            # Cut short within its tables, it is no picture; within the coded data, it is a part of
            # one, and is told by that part.
            return ""
        end = place + 2 + length
        if not (0xE0 <= marker <= 0xEF or marker == _COMMENT) or marker == _ADOBE:
            found.update(content[place:end])
        if marker == _SCAN:
            coded = True
            following = _MARKER.search(content, end)
            stop = len(content) if following is None else following.start()
            found.update(content[end:stop])
            end = stop
        place = end
    return found.hexdigest() if coded else ""


def _orientation(path: Path) -> int:
    try:
        with open_regular(path) as stream, Image.open(stream, formats=["JPEG"]) as picture:
            return pixels.orientation(picture)
    # A damaged header raises nearly anything; such a photo will not be decoded either.
    except Exception:  # noqa: BLE001
        return UPRIGHT
