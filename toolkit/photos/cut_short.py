"""Photos of which the end is missing: decoded as far as they go, where nearly all is there."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit.photos.pixels import bands

# A photo of which less is there is none.
LEAST = 0.9
# What decoders raise where bytes are missing or damaged. What the system says has a number.
DAMAGE = (OSError, SyntaxError, EOFError, struct.error, ValueError, IndexError)
# Modes in which a row that was not decoded can be told from one that was.
_MODES = {"L": 1, "P": 1, "RGB": 3, "RGBA": 4, "RGBX": 4, "CMYK": 4, "YCbCr": 3, "LA": 2}
_FORMATS = ("JPEG", "MPO", "PNG", "TIFF", "BMP", "GIF")
# What of a picture's `info` says how it was read, where not as it should have been.
NOTE = "how it was read"
# Bytes of a JPEG that are looked through for its scans.
_LARGEST = 256 << 20
_END = b"\xff\xd9"


def can_be(error: BaseException | None) -> bool:
    """Whether an error may be of a photo that is cut short, and so whether `load` is worth it."""
    missing = isinstance(error, OSError) and error.errno is not None
    return isinstance(error, DAMAGE) and not missing


def load(picture: Image.Image) -> str:
    """
    Decode a damaged picture as far as it goes; rows that are missing become grey.

    Which rows were decoded is seen, not reckoned: what they are written over is noise, which no
    photo happens to repeat.

    Parameters
    ----------
    picture : PIL.Image.Image
        Opened anew; `draft` may have been called.

    Returns
    -------
    str
        What is to be said of it; "" where nothing is missing.

    Raises
    ------
    OSError
        As the decoder raised it, if less than `LEAST` of the rows are there, or that cannot be
        known in this format.
    """
    if picture.format not in _FORMATS or picture.mode not in _MODES:
        picture.load()
        return str(picture.info.get(NOTE, ""))
    progressive = picture.format in ("JPEG", "MPO") and "progressive" in picture.info
    if progressive:
        if not _whole_scans(picture):
            raise OSError("image file is truncated: its first scans are not whole")
        picture.fp = _Ended(picture.fp)  # type: ignore[attr-defined]
    noise = _noise(picture)
    width, height = picture.size
    below = Image.frombytes(picture.mode, (width, 1), noise.tobytes())
    picture.im = below.resize((width, height), Image.Resampling.NEAREST).im
    try:
        picture.load()
    except DAMAGE as error:
        if not can_be(error):
            raise
        picture.tile = []  # type: ignore[attr-defined]
        there = _decoded(picture, noise)
        share = float(there.mean())
        said = str(error).strip() or type(error).__name__
        if share < LEAST:
            raise OSError(f"{said}: {share:.0%} of its rows are there") from error
        for row in np.flatnonzero(~there):
            grey: Any = 0 if picture.mode == "P" else (128,) * len(picture.getbands())
            picture.paste(grey, (0, int(row), width, int(row) + 1))
        cause = "cut short" if "truncated" in said.lower() else "damaged"
        return f"{cause}: {share:.0%} of its rows were read" if share < 1 else ""
    return "cut short: read less sharply than it was" if progressive else ""


def _noise(picture: Image.Image) -> npt.NDArray[np.uint8]:
    """Return a row of noise, shape (w,) or (w, bands), uint8: the same each time."""
    shape = (picture.width, _MODES[picture.mode])
    row = np.random.default_rng(0).integers(1, 255, shape, dtype=np.uint8)
    return row[:, 0] if shape[1] == 1 else row


def _decoded(picture: Image.Image, noise: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Return which rows of a picture are not noise any more, shape (h,)."""
    found = []
    for _, band in bands(picture):
        same = np.asarray(band) == noise
        if same.ndim == 3:
            same = same.all(axis=-1)
        found.append(same.mean(axis=1) < 0.5)
    return np.concatenate(found)


class _Ended:
    """A stream that ends as a JPEG does, wherever it ends."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; after the last, the mark of the end."""
        return self._stream.read(size) or _END

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _whole_scans(picture: Any) -> bool:
    """
    Whether a progressive JPEG holds all of its picture, if less sharply than it was.

    It comes in scans, each of some coefficients (ITU-T T.81, G.1), coarse first and refined later.
    What has come once for all coefficients and colours shows everything.
    """
    picture.fp.seek(0)
    content = picture.fp.read(_LARGEST)
    picture.fp.seek(0)
    wanted = {part[0] for part in picture.layer}
    seen: dict[int, set[int]] = {part: set() for part in wanted}
    at = content.find(b"\xff\xda")
    while at >= 0 and at + 4 < len(content):
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        header = content[at + 4 : at + 2 + length]
        if len(header) < 6 or len(header) < 2 * header[0] + 4:
            break
        parts = [header[1 + 2 * number] for number in range(header[0])]
        first, last, bits = header[1 + 2 * header[0] :][:3]
        following = content.find(b"\xff", at + 2 + length)
        while 0 <= following < len(content) - 1 and (
            content[following + 1] in (0x00, 0xFF) or 0xD0 <= content[following + 1] <= 0xD7
        ):
            following = content.find(b"\xff", following + 1)
        if not 0 <= following < len(content) - 1:
            break
        if not bits >> 4:
            for part in parts:
                seen.setdefault(part, set()).update(range(first, last + 1))
        at = content.find(b"\xff\xda", following)
    return all(len(seen[part]) == 64 for part in wanted)
