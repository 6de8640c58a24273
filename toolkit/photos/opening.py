"""Open photos as upright RGB, decoding no more pixels than are asked for."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import logging
import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from toolkit import memory
from toolkit.errors import UnreadablePhoto
from toolkit.files import digest_of as digest_of_file
from toolkit.files import open_regular, reason_of
from toolkit.names import printable
from toolkit.photos import clips, demand, pixels
from toolkit.photos.listing import HEIF_SUFFIXES
from toolkit.photos.listing import Listing as Listing
from toolkit.photos.listing import find as find
from toolkit.photos.listing import require_folder as require_folder
from toolkit.photos.pixels import Rgb as Rgb
from toolkit.photos.pixels import fit as fit

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

# How the segments of a JPEG begin that hold XMP, and the tag of it in a TIFF.
XMP_FIRST, XMP_MORE = b"http://ns.adobe.com/xap/1.0/\x00", b"http://ns.adobe.com/xmp/extension/\x00"
XMP_TAG = 700
# The sha256 of no bytes at all.
EMPTY = hashlib.sha256().hexdigest()

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


@dataclass(frozen=True)
class Metadata:
    """
    What is written into a photo's file beside the picture.

    Attributes
    ----------
    orientation : int
        How the stored picture is turned to be upright, 1 to 8, as EXIF numbers it. 1 for HEIC,
        which is turned in other ways, by whoever decodes it.
    xmp : tuple of bytes
        Packets of XMP.
    """

    orientation: int
    xmp: tuple[bytes, ...] = ()


def digest_of(path: Path) -> str:
    """
    Return the hexadecimal sha256 of a photo's bytes.

    Raises
    ------
    UnreadablePhoto
        If the file cannot be read, or is empty.
    """
    try:
        digest = digest_of_file(path)
    except OSError as error:
        raise UnreadablePhoto(f"the file cannot be read: {reason_of(error)}") from error
    if digest == EMPTY:
        raise UnreadablePhoto("the file is empty (0 bytes)")
    return digest


def demand_of(path: Path, *, long_edge: int) -> demand.Demand:
    """
    Estimate what a photo takes in memory, from its header alone.

    Parameters
    ----------
    path : Path
        The photo.
    long_edge : int
        As for `open_shrunk`.

    Raises
    ------
    UnreadablePhoto
        With the cause, if the header is of no photo that can be read.
    """
    with decoding(path) as picture:
        return demand.of(picture, long_edge=long_edge)


def size_of(path: Path) -> tuple[int, int]:
    """
    Return the width and height of a photo in px, upright, from its header.

    Raises
    ------
    UnreadablePhoto
        With the cause, if the header is of no photo that can be read.
    """
    with decoding(path) as picture:
        width, height = picture.size
        # Pillow has turned that of a TIFF; of a PNG, it would decode the picture to seek what is
        # not before it.
        told = picture.format != "TIFF" and (picture.format != "PNG" or "exif" in picture.info)
        return (height, width) if told and pixels.is_sideways(picture) else (width, height)


def metadata_of(path: Path) -> Metadata:
    """
    Read what is written into a photo's file; the picture is not decoded.

    Raises
    ------
    UnreadablePhoto
        With the cause, if the header is of no photo that can be read.
    """
    with decoding(path) as picture:
        segments = [content for name, content in getattr(picture, "applist", ()) if name == "APP1"]
        if segments:
            return Metadata(pixels.orientation(picture), _of_segments(segments))
        found = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp") or b""
        if picture.format == "TIFF":
            found = found or getattr(picture, "tag_v2", {}).get(XMP_TAG, b"")
        if isinstance(found, str):
            found = found.encode("utf-8", errors="backslashreplace")
        # Of a PNG, Pillow would decode the picture to seek what is not before it.
        told = picture.format != "PNG" or "exif" in picture.info
        return Metadata(
            pixels.orientation(picture) if told else 1,
            (found,) if isinstance(found, bytes) and found else (),
        )


def _of_segments(segments: Sequence[bytes]) -> tuple[bytes, ...]:
    """
    Return the packets in the segments APP1 of a JPEG: the first, and what did not fit into it.

    Adobe's "Storage in Files" (XMP Specification Part 3, 1.1.3.1): the rest is cut in pieces, each
    with the name of the whole (32 letters, which the first packet knows), its size, and the place
    of the piece in it.
    """
    first = next((s[len(XMP_FIRST) :] for s in segments if s.startswith(XMP_FIRST)), b"")
    pieces: dict[int, bytes] = {}
    size = 0
    for segment in segments:
        head, content = segment[: len(XMP_MORE) + 40], segment[len(XMP_MORE) + 40 :]
        name = head[len(XMP_MORE) : len(XMP_MORE) + 32]
        if head.startswith(XMP_MORE) and len(head) == len(XMP_MORE) + 40 and name in first:
            size, place = struct.unpack(">II", head[-8:])
            pieces[place] = content
    rest = b"".join(content for _, content in sorted(pieces.items()))
    return tuple(each for each in (first, rest if len(rest) == size else b"") if each)


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
    with decoding(path) as picture:
        wanted = demand.of(picture)
        with memory.budget().reserve(wanted.upright, wanted.what):
            return pixels.upright(picture)


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
    with decoding(path) as picture:
        width, height = picture.size
        target = fit(width, height, long_edge)
        wanted = demand.of(picture, long_edge=long_edge)
        with memory.budget().reserve(wanted.shrunk, wanted.what):
            if picture.format in demand.DRAFTED:
                picture.draft(None, target)
            if picture.size == (width, height):
                full = pixels.upright(picture)
                small = shrink(full, long_edge=long_edge)
                return Opened(small, full, full.shape[1], full.shape[0])
            small, swapped = pixels.upright_at(picture, target)
            if swapped:
                width, height = height, width
            return Opened(small, None, width, height)


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
    return image if target == (width, height) else pixels.shrunk(image, target)


class decoding(contextlib.AbstractContextManager[Image.Image]):  # noqa: N801
    """Open a file with Pillow, and turn whatever goes wrong while it is open into one cause."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.picture: Image.Image | None = None
        self.stream: BinaryIO | None = None

    def __enter__(self) -> Image.Image:
        if clips.is_clip(self.path):
            self.picture = clips.picture_of(self.path)
            return self.picture
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
        told = f'"{printable(start.decode("utf-8", "replace").rstrip())}"'
        told = told if start.strip(b"\0") else "zeros"
        return f"the content is of no photo format that is read here; it starts with {told}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"the file cannot be read: {reason_of(error)}"
    if isinstance(error, MemoryError):
        return "too large for the memory of this computer"
    text = str(error).strip() or type(error).__name__
    if "truncated" in text.lower() or isinstance(error, EOFError | struct.error):
        return f"the file is cut short ({text})"
    return f"the file is damaged ({text})"
