"""Pillow's pictures to upright 8-bit RGB, band by band, so that no copies are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit.photos import colours

Rgb = npt.NDArray[np.uint8]

# Pixels of one band. Everything made on the way is no larger than some bands.
BAND = 1 << 20
ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
# The value of EXIF's orientation, and what undoes it.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# A tag of a TIFF, and what it says of grey pictures, such as of scans.
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
# Where the upper rows of the stored picture end: below, or at the right; and what swaps the sides.
_REVERSED, _SIDEWAYS = (3, 4, 6, 7), (5, 6, 7, 8)


def upright(picture: Image.Image) -> Rgb:
    """
    Decode a picture of any mode, and return it upright as 8-bit RGB.

    Parameters
    ----------
    picture : PIL.Image.Image
        As Pillow opened it; `draft` may have been called.

    Returns
    -------
    numpy.ndarray
        Shape (h, w, 3), uint8.
    """
    as_rgb = _converter(picture)
    turn = orientation(picture)
    width, height = picture.size
    shape = (width, height, 3) if turn in _SIDEWAYS else (height, width, 3)
    out: Rgb = np.empty(shape, dtype=np.uint8)
    for start, band in bands(picture):
        part = as_rgb(band)
        if turn in TURNS:
            part = part.transpose(TURNS[turn])
        stop = start + band.height
        rows = slice(height - stop, height - start) if turn in _REVERSED else slice(start, stop)
        if turn in _SIDEWAYS:
            out[:, rows] = np.asarray(part)
        else:
            out[rows] = np.asarray(part)
    return out


def upright_at(picture: Image.Image, target: tuple[int, int]) -> tuple[Rgb, bool]:
    """
    Decode a picture, resize it to `target` (width, height in px, as stored), and turn it upright.

    Returns
    -------
    (numpy.ndarray, bool)
        Shape (h, w, 3), uint8; and whether its sides were swapped.
    """
    as_rgb = _converter(picture)
    small = as_rgb(picture).resize(target, Image.Resampling.BILINEAR)
    turn = orientation(picture)
    if turn in TURNS:
        small = small.transpose(TURNS[turn])
    return np.ascontiguousarray(np.asarray(small)), small.size != target


def shrunk(image: Rgb, target: tuple[int, int]) -> Rgb:
    """
    Shrink upright RGB, shape (h, w, 3), uint8, to `target` (width, height in px).

    The same to the last bit as Pillow's own ``resize(target, BILINEAR, reducing_gap=2.0)``, which
    first averages whole blocks; here this is done band by band, without a copy of the picture.
    """
    height, width = image.shape[:2]
    across, down = int(width / target[0] / 2.0) or 1, int(height / target[1] / 2.0) or 1
    if across == down == 1:
        picture = Image.fromarray(image).resize(target, Image.Resampling.BILINEAR)
        return np.ascontiguousarray(np.asarray(picture))
    reduced = Image.new("RGB", (-(-width // across), -(-height // down)))
    rows = max(1, BAND // width // down) * down
    for start in range(0, height, rows):
        band = Image.fromarray(image[start : start + rows]).reduce((across, down))
        reduced.paste(band, (0, start // down))
    box = (0.0, 0.0, width / across, height / down)
    picture = reduced.resize(target, Image.Resampling.BILINEAR, box=box)
    return np.ascontiguousarray(np.asarray(picture))


def as_stored(picture: Image.Image) -> Rgb:
    """Return a decoded picture of any mode as 8-bit RGB, shape (h, w, 3), uint8, not turned."""
    as_rgb = _converter(picture)
    return np.concatenate([np.asarray(as_rgb(band)) for _, band in bands(picture)])


def recoloured(image: Rgb, change: Callable[[Image.Image], Image.Image] | None) -> Rgb:
    """
    Change the colours of an RGB picture, shape (h, w, 3), uint8, in place and band by band.

    Returns
    -------
    numpy.ndarray
        `image` itself, or a copy where it belongs to Pillow and cannot be written to.
    """
    if change is None:
        return image
    if not image.flags.writeable:
        image = image.copy()
    rows = max(1, BAND // max(image.shape[1], 1))
    for start in range(0, len(image), rows):
        image[start : start + rows] = np.asarray(
            change(Image.fromarray(image[start : start + rows]))
        )
    return image


def fit(width: int, height: int, long_edge: int) -> tuple[int, int]:
    """Return `width` and `height` in px, shrunk so that the longer is at most `long_edge`."""
    factor = min(1.0, long_edge / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def bands(picture: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Yield the first row of each band of a picture, and the band."""
    picture.load()
    width, height = picture.size
    rows = max(1, BAND // max(width, 1))
    if rows >= height:
        yield 0, picture
        return
    for start in range(0, height, rows):
        yield start, picture.crop((0, start, width, min(start + rows, height)))


def orientation(picture: Image.Image) -> int:
    """
    Return the EXIF orientation of a decoded picture; 1 where it is damaged or invalid.

    Pillow applies that of TIFF and HEIF itself while decoding, and removes it then: it must be
    asked for afterwards.
    """
    try:
        found = picture.getexif().get(0x0112, 1)
        return int(found) if found in TURNS else 1
    except Exception:  # noqa: BLE001 - EXIF is untrusted; without it, the picture is shown as stored
        return 1


def is_sideways(picture: Image.Image) -> bool:
    """Whether a picture's sides are swapped as it is turned upright."""
    return orientation(picture) in _SIDEWAYS


class _converter:  # noqa: N801
    """Brings a picture of any mode, or a band of it, to Pillow's RGB; decodes the picture."""

    def __init__(self, picture: Image.Image) -> None:
        # Before it is decoded, as decoding may say otherwise.
        self.mode = picture.mode
        self.clear = self.mode in ALPHA or "transparency" in picture.info
        self.deep = self.mode.startswith("I;16") or self.mode in ("I", "F")
        picture.load()
        self.full = _full(picture) if self.deep else 0.0
        # Pillow turns it round where there are 8 bits.
        tags = getattr(picture, "tag_v2", {}) if self.deep else {}
        self.reversed = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO

    def __call__(self, band: Image.Image) -> Image.Image:
        if self.deep:
            grey = _eight_bits(np.asarray(band), self.full)
            return Image.fromarray(255 - grey if self.reversed else grey).convert("RGB")
        if self.clear:
            layer = band.convert("RGBA")
            flat = Image.new("RGB", layer.size, "white")
            flat.paste(layer, mask=layer.getchannel("A"))
            return flat
        if band.mode == "LAB":
            return colours.of_lab(band)
        return band if self.mode == "RGB" else band.convert("RGB")


def _full(picture: Image.Image) -> float:
    """
    Return which value of a greyscale picture of more than 8 bits is white.

    The largest of as many bits as its values take, at least 8, at most 16: cameras and microscopes
    write 10, 12 or 14 bits into files of 16, and what is read as 16 of them is black.
    """
    top = 0.0
    for _, band in bands(picture):
        values = np.asarray(band)
        if values.dtype.kind == "f":
            values = values[np.isfinite(values)]
        top = max(top, float(values.max(initial=0)))
    if picture.mode == "F" and top <= 1.0:
        return 1.0
    return white(top) if top < 65536 or picture.mode != "F" else top


def white(top: float) -> float:
    """Return the largest value of as many bits, 8, 10, 12, 14 or 16, as `top` takes."""
    return next((float(2**bits - 1) for bits in (8, 10, 12, 14) if top < 2**bits), 65535.0)


def _eight_bits(values: npt.NDArray[np.generic], full: float) -> npt.NDArray[np.uint8]:
    """Scale greyscale values of more than 8 bits to 0..255, where `full` is white."""
    if values.dtype.kind == "f":
        finite = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
        return (finite.clip(0.0, full) * (255.0 / full) + 0.5).astype(np.uint8)
    wide = values.astype(np.int64).clip(0, int(full))
    # Whole bits are dropped, so that each of the 256 values stands for as many.
    return (wide >> int(full).bit_length() - 8).astype(np.uint8)
