"""
Photos cut short in formats that are decoded as a whole: WebP, HEIC, AVIF.

Their decoders refuse a file whose end is missing. With anything in its place they decode it, and
what comes before is as it was: what does not depend on what was filled in is the photo's.
"""

from __future__ import annotations

import io
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from toolkit.photos import cut_short
from toolkit.photos.pixels import Rgb, as_stored

KINDS = ("WEBP", "HEIF", "AVIF")
# Bytes of a file that is held in memory twice for this, and what share of it has to be there for
# the trouble.
LARGEST, WORTH = 256 << 20, 0.5
# Zeros at the end of a file that are more than padding, and bytes that are read at once to see it.
ZEROS, _BLOCK = 512, 1 << 16
# Boxes that a HEIC or AVIF needs whole.
_HOLDING = (b"ftyp", b"meta", b"mdat", b"moov", b"idat")
# What the second filling begins with, so that what is decoded from there on differs.
_OTHER = bytes(range(37, 101))
# Decoders leave tiles that they cannot decode at one value: 0, which is a green without red and
# blue, more of it than this, or half of all. Px of a square of nothing else; px of a HEIC's tile.
_GREEN, _SQUARE, _TILE = 60, 32, 512
# Rows above that in which a HEIC's two pictures begin to differ that may be wrong in both.
_UNSURE = 32
# Bytes in which a HEIC says how it is turned.
START = 1 << 16


def missing(start: bytes, size: int, kind: str, stream: BinaryIO) -> int:
    """
    Return how many bytes a file lacks, by what it says of its own size; 0 for none, and where it
    says nothing.

    Nothing but zeros at the end is nothing: so a copy ends that was broken off.

    Parameters
    ----------
    start : bytes
        Its first 16 bytes, at least.
    size : int
        Of the file, in bytes.
    kind : str
        One of `KINDS`.
    stream : BinaryIO
        The file; its place is changed.
    """
    ends = _riff_end(start) if kind == "WEBP" else _end_of_boxes(stream, size)
    there = size_there(stream, size)
    return max(0, ends - there) if there < size else max(0, ends - size)


def size_there(stream: BinaryIO, size: int) -> int:
    """Return up to which byte a file holds anything but zeros; all of it where few end it."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        stream.seek(start)
        content = stream.read(end - start).rstrip(b"\0")
        if content or not start:
            end = start + len(content)
            break
        end = start
    return end if size - end >= ZEROS else size


def _riff_end(start: bytes) -> int:
    return int.from_bytes(start[4:8], "little") + 8


def _end_of_boxes(stream: BinaryIO, size: int) -> int:
    """
    Return where the last box of a file ends that its picture may be in (ISO 14496-12, 4.2).

    Free space counts for nothing; nor does what is behind the boxes and is none, as some phones
    write it.
    """
    at = end = 0
    while at < size:
        stream.seek(at)
        head = stream.read(16)
        name, length = head[4:8], int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        # 0 is "to the end of the file", wherever that was; less than a head is damage.
        if length < 8:
            return end or size
        at += length
        if name in _HOLDING:
            end = at
        elif at > size:
            # Cut within what is no part of the picture, or no box at all.
            break
    return end or at


class FilledPicture(ImageFile.ImageFile):
    """
    A photo that is cut short, as RGB, as its decoder gives it; what is missing is grey.

    Raises
    ------
    OSError
        When it is opened, if so much is missing that it is not worth the trouble.
    """

    format_description = "a photo that is cut short"

    def __init__(self, kind: str, stream: BinaryIO, lacking: int) -> None:
        size = size_there(stream, stream.seek(0, io.SEEK_END))
        if size > LARGEST or size < WORTH * (size + lacking):
            share = size / (size + lacking)
            raise OSError(f"image file is truncated: {share:.0%} of its bytes are there")
        stream.seek(0)
        self._kind: str = kind
        self._there = stream.read(size)
        if kind == "WEBP":
            self._there, lacking = _image_alone(self._there, lacking)
        self._lacking = lacking
        self.length = len(self._there) + lacking
        super().__init__(io.BytesIO(), "")

    def _open(self) -> None:
        self.format = self._kind
        with self._filled(b"") as picture:
            self._size, self._mode = picture.size, "RGB"
            self.info = {**picture.info, cut_short.NOTE: ""}
        self.tile = []

    def _filled(self, lead: bytes) -> Image.Image:
        filling = lead[: self._lacking].ljust(self._lacking, b"\0")
        return Image.open(io.BytesIO(self._there + filling), formats=[self._kind])

    def load(self) -> Any:
        """
        Decode the photo twice, and take what is the same.

        Raises
        ------
        OSError
            If less than `cut_short.LEAST` of it is there.
        """
        if self._there:
            with self._filled(b"") as picture:
                first = as_stored(picture)
            with self._filled(_OTHER) as picture:
                second = as_stored(picture)
            if first.shape != second.shape:
                raise OSError("image file is truncated")
            shown = _turned(self._there) if self._kind == "HEIF" else (0, None)
            self._there = b""
            share = _without_the_rest(first, second, shown, self._kind)
            if share < cut_short.LEAST:
                raise OSError(f"image file is truncated: {share:.0%} of it is there")
            self.info[cut_short.NOTE] = (
                f"cut short: {share:.0%} of it was read" if share < 1 else ""
            )
            made = Image.fromarray(first)
            self._size = made.size
            self.im = made.im
        return super().load()


def _image_alone(content: bytes, lacking: int) -> tuple[bytes, int]:
    """
    Return a WebP that says that it ends with its picture, and what it lacks to that, in bytes.

    EXIF and XMP stand behind the picture, and are not sought (WebP Container Specification).
    """
    made, at = bytearray(content), 12
    while at + 8 <= len(made):
        name, length = bytes(made[at : at + 4]), int.from_bytes(made[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        if name == b"VP8X" and end <= len(made):
            made[at + 8] &= 0xF3
        if name in (b"VP8 ", b"VP8L"):
            made[4:8] = (end - 8).to_bytes(4, "little")
            return bytes(made[:end]), max(0, end - len(made))
        at = end
    return content, lacking


def _turned(content: bytes) -> tuple[int, int | None]:
    """
    Return what libheif does with the picture of a HEIC before it is shown (ISO 23008-12).

    Returns
    -------
    (int, int or None)
        By how many quarters it is turned, to the left; and which axis is mirrored then, if any.

    Raises
    ------
    OSError
        If it is mirrored before it is turned, which the standard for such files does not have.
    """
    start = content[:START]
    begin = max(0, start.find(b"ipco"))
    turn, mirror = start.find(b"irot", begin), start.find(b"imir", begin)
    if 0 <= mirror < turn:
        raise OSError("image file is truncated")
    quarters = start[turn + 4] & 3 if 0 <= turn < len(start) - 4 else 0
    return quarters, start[mirror + 4] & 1 if 0 <= mirror < len(start) - 4 else None


def _without_the_rest(first: Rgb, second: Rgb, shown: tuple[int, int | None], kind: str) -> float:
    """
    Make grey, in `first`, what is not the photo's; return what share of it is.

    Both are turned and mirrored as `_turned` says. A photo is stored from its top on: after the
    first row that depends on the filling nothing is believed, be it the same or not.
    """
    turned, axis = shown
    one, other = (
        np.rot90(each if axis is None else np.flip(each, axis), -turned) for each in (first, second)
    )
    bad = (one != other).any(axis=-1)
    height, width = bad.shape
    empty = np.zeros_like(bad) if kind == "WEBP" else _empty(one)
    bad |= empty
    row, column = _first(bad.any(axis=1)), 0
    if kind == "HEIF" and empty.any():
        # Of the tiles beside the first one that is not whole, all are there.
        column = _first(bad[row:].any(axis=0)) // _TILE * _TILE
    elif kind == "HEIF" and row < height:
        row = max(0, row - _UNSURE)
    if row < height:
        one[row:, column:] = 128
    return (row * width + column * (height - row)) / bad.size


def _empty(image: Rgb) -> npt.NDArray[np.bool_]:
    """Return which px are in squares of nothing but what stands in tiles that were not decoded."""
    red, green, blue = (image[..., part] for part in range(3))
    left = (red == 0) & (blue == 0) & (green > _GREEN)
    left |= (red == green) & (blue == green) & (abs(green.astype(np.int16) - 128) <= 1)
    found = np.zeros_like(left)
    if left.any():
        height, width = (side // _SQUARE for side in left.shape)
        squares = left[: height * _SQUARE, : width * _SQUARE]
        squares = squares.reshape(height, _SQUARE, width, _SQUARE).all(axis=(1, 3))
        whole = squares.repeat(_SQUARE, axis=0).repeat(_SQUARE, axis=1)
        found[: whole.shape[0], : whole.shape[1]] = whole
    return found


def _first(which: npt.NDArray[np.bool_]) -> int:
    """Return the place of the first that is true; the length where none is."""
    return int(which.argmax()) if which.any() else len(which)
