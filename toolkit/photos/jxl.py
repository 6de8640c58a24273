"""JPEG XL, by the package pillow-jxl-plugin; the size is known before anything is decoded."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

from PIL import Image, ImageFile, UnidentifiedImageError

from toolkit.photos.pixels import as_stored

# What a picture's width is of its height, by number (ISO 18181-1, "SizeHeader").
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_SIGNATURE = b"\xff\x0a"
# Bytes of a file's start in which the codestream begins.
_START = 1 << 20


class _Bits:
    """Reads numbers of some bits, the lowest first."""

    def __init__(self, content: bytes) -> None:
        self._all, self._left = int.from_bytes(content, "little"), 8 * len(content)

    def take(self, count: int) -> int:
        """Return the next number of so many bits; `ValueError` where the header ends before."""
        if count > self._left:
            raise ValueError("the header is cut short")
        found = self._all & ((1 << count) - 1)
        self._all >>= count
        self._left -= count
        return found

    def side(self, *, small: bool) -> int:
        """Return a side in px."""
        if small:
            return 8 * (self.take(5) + 1)
        return self.take((9, 13, 18, 30)[self.take(2)]) + 1


def size_of(content: bytes) -> tuple[int, int]:
    """
    Return width and height in px of a JPEG XL as it is stored, from its first bytes.

    Raises
    ------
    ValueError
        If they are not the beginning of one.
    """
    bits = _Bits(_codestream(content))
    small = bool(bits.take(1))
    height = bits.side(small=small)
    ratio = bits.take(3)
    if not ratio:
        return bits.side(small=small), height
    across, down = _RATIOS[ratio]
    return max(1, height * across // down), height


def _codestream(content: bytes) -> bytes:
    """Return the first bytes of the codestream, after its signature."""
    if content.startswith(_SIGNATURE):
        return content[2:18]
    at = 0
    while at + 8 <= len(content):
        size, kind, head = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(content[at + 8 : at + 16], "big"), 16
        # A part of a codestream has its number before it.
        inside = at + head + (4 if kind == b"jxlp" else 0)
        if kind in (b"jxlc", b"jxlp") and content[inside : inside + 2] == _SIGNATURE:
            return content[inside + 2 : inside + 18]
        if size < head:
            break
        at += size
    raise ValueError("no JPEG XL codestream in its first megabyte")


class JxlPicture(ImageFile.ImageFile):
    """A JPEG XL, opened by its header, and decoded when its px are asked for, as RGB."""

    format = "JXL"
    format_description = "JPEG XL"

    def _open(self) -> None:
        content: Any = self.fp
        self._content: Any = content
        self._size = size_of(content.read(_START))
        self._mode = "RGB"
        self.tile = []

    def load(self) -> Any:
        """Decode the picture; upright, but for one that was a JPEG, whose EXIF says how it is."""
        if self._content is not None:
            import pillow_jxl

            self._content.seek(0)
            decoder = pillow_jxl.Decoder(num_threads=1)
            was_jpeg, about, content, profile, _ = decoder(self._content.read())
            self._content = None
            if was_jpeg:
                picture: Image.Image = Image.open(io.BytesIO(content), formats=["JPEG"])
                self.info |= {"exif": picture.info.get("exif", b"")}
                profile = picture.info.get("icc_profile", profile)
            else:
                size = (about.width, about.height)
                picture = Image.frombuffer(about.mode, size, content, "raw", about.mode, 0, 1)
            if profile and picture.mode in ("RGB", "RGBA"):
                self.info["icc_profile"] = profile
            made = Image.fromarray(as_stored(picture))
            self._size = made.size
            self.im = made.im
        return super().load()


def open_jxl(stream: BinaryIO) -> Image.Image:
    """
    Open a JPEG XL by its header.

    Not by Pillow's list of openers: once the package that decodes them is imported, it stands there
    with its own, which decodes a picture to tell its size.

    Raises
    ------
    PIL.UnidentifiedImageError
        If the header is of none.
    """
    try:
        return JxlPicture(stream)
    except (SyntaxError, ValueError) as error:
        raise UnidentifiedImageError(str(error)) from error
