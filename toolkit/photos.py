"""Open photos as upright RGB, decoding no more pixels than are asked for."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import logging
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from toolkit.errors import UnreadablePhoto
from toolkit.files import open_regular, reason_of
from toolkit.listing import HEIF_SUFFIXES
from toolkit.listing import Listing as Listing
from toolkit.listing import find as find
from toolkit.listing import require_folder as require_folder

Rgb = npt.NDArray[np.uint8]

# Decoders are attack surface: only these are tried, whatever a file is called.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"RIFF": "WebP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"BM": "BMP",
}

# A photo may be large, and may carry a damaged EXIF block: neither is news to the user, who gets a
# row in problems.csv where it matters.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())
logging.getLogger("PIL").propagate = False


@dataclass(frozen=True)
class Opened:
    """
    A photo decoded for detection.

    Attributes
    ----------
    small : numpy.ndarray
        Shape (h, w, 3), uint8, RGB, upright: the photo shrunk to the long edge asked for.
    full : numpy.ndarray or None
        The same at full size, where decoding made it anyway; otherwise `open_upright` gives it.
    width, height : int
        Full size in px, upright.
    """

    small: Rgb
    full: Rgb | None
    width: int
    height: int


def digest_of(path: Path) -> str:
    """
    Return the hexadecimal sha256 of a file's bytes.

    Raises
    ------
    UnreadablePhoto
        If the file cannot be read, or is empty.
    """
    digest = hashlib.sha256()
    empty = True
    try:
        with open_regular(path) as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
                empty = False
    except OSError as error:
        raise UnreadablePhoto(f"the file cannot be read: {reason_of(error)}") from error
    if empty:
        raise UnreadablePhoto("the file is empty (0 bytes)")
    return digest.hexdigest()


def open_upright(path: Path) -> Rgb:
    """
    Open a photo at full size.

    EXIF orientation is applied, transparency is laid on white, and 16-bit, greyscale, palette and
    CMYK pictures become 8-bit RGB. Of an animation, the first frame is taken.

    Parameters
    ----------
    path : Path
        The photo.

    Returns
    -------
    numpy.ndarray
        Shape (h, w, 3), uint8, RGB.

    Raises
    ------
    UnreadablePhoto
        With the cause, if the file is no photo that can be read.
    """
    with _decoding(path) as picture:
        return _pixels(_upright(_to_rgb(picture), orientation_of=picture))


def open_shrunk(path: Path, *, long_edge: int) -> Opened:
    """
    Open a photo at the size that detection works on, decoding no more than that needs.

    A JPEG at least twice as large is decoded at half, a quarter or an eighth of its size, which
    saves most of the time; `full` is None then. A photo that is smaller than `long_edge` is left
    as it is.

    Parameters
    ----------
    path : Path
        The photo.
    long_edge : int
        Longer side of the small picture, in px.

    Returns
    -------
    Opened
        The small picture, and the full one where it was decoded on the way.

    Raises
    ------
    UnreadablePhoto
        With the cause, if the file is no photo that can be read.
    """
    with _decoding(path) as picture:
        width, height = picture.size
        target = fit(width, height, long_edge)
        if picture.format in ("JPEG", "MPO"):
            picture.draft(None, target)
        reduced = picture.size != (width, height)
        if not reduced:
            full = _pixels(_upright(_to_rgb(picture), orientation_of=picture))
            return Opened(shrink(full, long_edge=long_edge), full, full.shape[1], full.shape[0])
        small = _to_rgb(picture).resize(target, Image.Resampling.BILINEAR)
        turned = _upright(small, orientation_of=picture)
        if turned.size != target:
            width, height = height, width
        return Opened(_pixels(turned), None, width, height)


def fit(width: int, height: int, long_edge: int) -> tuple[int, int]:
    """Return `width` and `height` in px, shrunk so that the longer is at most `long_edge`."""
    factor = min(1.0, long_edge / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def shrink(image: Rgb, *, long_edge: int) -> Rgb:
    """
    Shrink a picture so that its longer side is at most `long_edge` px; never enlarge it.

    Parameters
    ----------
    image : numpy.ndarray
        Shape (h, w, 3), uint8, RGB.
    long_edge : int
        Longer side of the result, in px.

    Returns
    -------
    numpy.ndarray
        Shape (h', w', 3), uint8, RGB. `image` itself where it is small enough.
    """
    height, width = image.shape[:2]
    target = fit(width, height, long_edge)
    if target == (width, height):
        return image
    picture = Image.fromarray(image)
    return _pixels(picture.resize(target, Image.Resampling.BILINEAR, reducing_gap=2.0))


class _decoding(contextlib.AbstractContextManager[Image.Image]):  # noqa: N801
    """Open a file with Pillow, and turn whatever goes wrong while it is open into one cause."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.picture: Image.Image | None = None
        self.stream: BinaryIO | None = None

    def __enter__(self) -> Image.Image:
        formats = list(FORMATS)
        if self.path.suffix.lower() in HEIF_SUFFIXES:
            if importlib.util.find_spec("pillow_heif") is None:
                raise UnreadablePhoto(
                    'HEIC needs one more package: pip install "sightings[formats]"'
                )
            import pillow_heif

            pillow_heif.register_heif_opener()
            formats.append("HEIF")
        try:
            self.stream = open_regular(self.path)
            self.picture = Image.open(self.stream, formats=formats)
        except Exception as error:
            if self.stream is not None:
                self.stream.close()
            raise UnreadablePhoto(_cause(self.path, error)) from error
        return self.picture

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self.picture is not None:
            self.picture.close()
        if self.stream is not None:
            self.stream.close()
        # A decoder fed with damaged bytes raises nearly anything: OSError, SyntaxError, ValueError,
        # struct.error, IndexError, MemoryError. All of it means that this file is unreadable.
        if isinstance(error, Exception) and not isinstance(error, UnreadablePhoto):
            raise UnreadablePhoto(_cause(self.path, error)) from error


def _cause(path: Path, error: Exception) -> str:
    if isinstance(error, Image.DecompressionBombError):
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0) / 1e6
        return (
            f"claims to hold more than {limit:.0f} megapixels: left unopened (decompression bomb?)"
        )
    if isinstance(error, UnidentifiedImageError):
        try:
            with open_regular(path) as stream:
                start = stream.read(12)
        except OSError as problem:
            return f"the file cannot be read: {reason_of(problem)}"
        if start[4:8] == b"ftyp":
            return (
                "a HEIC or AVIF file that is damaged, of a kind that is not read here, or named "
                "like another format"
            )
        for signature, name in SIGNATURES.items():
            if start.startswith(signature):
                return f"the file is damaged (a {name} whose header cannot be read)"
        return f"the content is of no photo format that is read here; it starts with {start!r}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"the file cannot be read: {reason_of(error)}"
    if isinstance(error, MemoryError):
        return "too large for the memory of this computer"
    text = str(error).strip() or type(error).__name__
    if "truncated" in text.lower() or isinstance(error, EOFError | struct.error):
        return f"the file is cut short ({text})"
    return f"the file is damaged ({text})"


def _to_rgb(picture: Image.Image) -> Image.Image:
    """Bring a picture of any mode to 8-bit RGB, decoding it."""
    mode = picture.mode
    if mode.startswith("I;16") or mode in ("I", "F"):
        return Image.fromarray(_eight_bits(np.asarray(picture))).convert("RGB")
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        flat = Image.new("RGB", layer.size, "white")
        flat.paste(layer, mask=layer.getchannel("A"))
        return flat
    if mode == "RGB":
        picture.load()
        return picture
    return picture.convert("RGB")


def _eight_bits(values: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """Scale greyscale values of more than 8 bits to 0..255: 16-bit integers, or floats from 0."""
    if values.dtype.kind == "f":
        finite = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
        top = max(float(finite.max(initial=0.0)), 0.0)
        full = 1.0 if top <= 1.0 else 255.0 if top <= 255.0 else max(65535.0, top)
        scaled = finite.clip(0.0, full) * (255.0 / full)
        return (scaled + 0.5).astype(np.uint8)
    wide = values.astype(np.int64)
    if wide.max(initial=0) <= 255 and values.dtype.itemsize > 2:
        return wide.clip(0, 255).astype(np.uint8)
    return (wide.clip(0, 65535) >> 8).astype(np.uint8)


def _upright(picture: Image.Image, *, orientation_of: Image.Image) -> Image.Image:
    """
    Apply the EXIF orientation of the decoded file; a damaged or invalid one changes nothing.

    Pillow applies the orientation of TIFF and HEIF itself while decoding, and removes it then: it
    must be asked for afterwards.
    """
    try:
        orientation = orientation_of.getexif().get(0x0112, 1)
    except Exception:  # noqa: BLE001 - EXIF is untrusted; without it, the picture is shown as stored
        return picture
    method = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(orientation)
    return picture if method is None else picture.transpose(method)


def _pixels(picture: Image.Image) -> Rgb:
    return np.ascontiguousarray(np.asarray(picture, dtype=np.uint8))
