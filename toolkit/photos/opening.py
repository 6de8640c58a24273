"""Open photos as upright RGB, decoding no more pixels than are asked for."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import struct
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
from PIL import Image, UnidentifiedImageError

from toolkit import memory
from toolkit.errors import UnreadablePhoto
from toolkit.files import digest_of as digest_of_file
from toolkit.files import open_regular, reason_of
from toolkit.names import printable
from toolkit.photos import (
    clips,
    colours,
    cut_short,
    demand,
    filled_up,
    formats,
    jxl,
    object_storage,  # noqa: F401 - it has objects read by what stands for them
    pixels,
    raw,
)
from toolkit.photos.identity import of_pixels
from toolkit.photos.listing import Listing as Listing
from toolkit.photos.listing import find as find
from toolkit.photos.listing import require_folder as require_folder
from toolkit.photos.pixels import Rgb as Rgb
from toolkit.photos.pixels import fit as fit

# Decoders are attack surface: only these are tried, whatever a file is called.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
NAMES = {"WEBP": "WebP", "HEIF": "HEIC", "JXL": "JPEG XL"}
# How Pillow names 16 bits a colour, and what gives the lower bytes where it reads the upper ones.
WITH_ALPHA = ("RGBA", "RGBa")
LOWER = {"RGB;16B": "RGB;16L", "RGB;16L": "RGB;16B"}
LOWER |= {
    f"{mode};16{one}": f"{mode};16{other}" for mode in WITH_ALPHA for one, other in ("BL", "LB")
}
LOWER |= {
    f"{mode};16N": LOWER[f"{mode};16L" if sys.byteorder == "little" else f"{mode};16B"]
    for mode in ("RGB", *WITH_ALPHA)
}
# Where each colour lies apart.
LOWER |= {
    f"{letter};16{one}": f"{letter};16{two}" for letter in "RGBA" for one, two in ("BL", "LB")
}
_ORIENTATION = 0x0112
# Tags of a TIFF: bits of each value, and whether each colour lies apart, which 2 says.
_BITS, _PLANAR = 258, 284
# Formats that hold several pictures one after the other, how many of them are tried, and by how
# much the px of one of a single colour differ.
SEVERAL, FRAMES, PLAIN = ("GIF", "WEBP", "TIFF"), 10, 8
# Upper bytes of px of which more than this is used say that all 16 bits are.
FILLED = 63

# How the segments of a JPEG begin that hold XMP, and the tag of it in a TIFF.
XMP_FIRST, XMP_MORE = b"http://ns.adobe.com/xap/1.0/\x00", b"http://ns.adobe.com/xmp/extension/\x00"
XMP_TAG = 700
# The sha256 of no bytes at all.
EMPTY = hashlib.sha256().hexdigest()

# A photo may be large, and may carry a damaged EXIF block: neither is news to the user, who gets a
# row in problems.csv where it matters.
# How large it may be follows from the memory that there is (`demand`), not from Pillow's constant.
Image.MAX_IMAGE_PIXELS = None
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
    digest : str
        What tells its px from others (`identity.of_pixels`), where that was asked for and the full
        size was decoded; taken before colours are brought to sRGB.
    note : str
        How it was read, where not as it should have been; "" else.
    """

    small: Rgb
    full: Rgb | None
    width: int
    height: int
    digest: str = ""
    note: str = ""


# Returns the size for a width, a height and a longer side, all in px.
Fit = Callable[[int, int, int], tuple[int, int]]
# Left, top, right and bottom of a part of a photo, as shares of it.
Part = tuple[float, float, float, float]
WHOLE: Part = (0.0, 0.0, 1.0, 1.0)
# Decodes a picture, and returns what is to be said of it.
Load = Callable[[Image.Image], str]
T = TypeVar("T")


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


def demand_of(path: Path, *, long_edge: int, fit_to: Fit = fit) -> demand.Demand:
    """
    Estimate what a photo takes in memory, from its header alone.

    Parameters
    ----------
    path : Path
        The photo.
    long_edge : int
        As for `open_shrunk`.
    fit_to : callable
        As for `open_shrunk`.

    Raises
    ------
    UnreadablePhoto
        With the cause, if the header is of no photo that can be read.
    """
    if clips.is_clip(path):
        wanted = clips.demand_of(path)
        return replace(wanted, small=fit(*wanted.small, long_edge))

    def told(picture: Image.Image, load: Load) -> demand.Demand:
        return demand.of(picture, small=fit_to(*picture.size, long_edge))

    return _as_far_as_it_goes(path, told)


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
    if clips.is_clip(path):
        # What is turned in it is turned by whoever decodes it.
        return Metadata(1)
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


def open_upright(path: Path, *, divisor: int = 1, part: Part = WHOLE) -> Rgb:
    """
    Open a photo at full size.

    EXIF orientation is applied, colours are brought to sRGB, transparency is laid on white, and
    pictures of more than 8 bits, in grey, with a palette or in CMYK become 8-bit RGB. Of an
    animation, the first frame is taken that is not of one colour alone. Of what is cut short, the
    rest is grey, where nine tenths are there.

    Parameters
    ----------
    path : Path
        The photo.
    divisor : {1, 2, 4, 8}
        By what its sides are divided while it is decoded; of a JPEG only.
    part : tuple of float
        Left, top, right and bottom, as shares of the upright photo, of what will be looked at: the
        rest keeps the colours that are stored, which spares a fifth of a second for a large photo.

    Returns
    -------
    numpy.ndarray
        Shape (h, w, 3), uint8, RGB.

    Raises
    ------
    UnreadablePhoto
        With the cause, if the file is no photo that can be read.
    """

    def upright(picture: Image.Image, load: Load) -> Rgb:
        wanted = demand.of(picture)
        with memory.budget().reserve(wanted.upright, wanted.what):
            if divisor > 1 and picture.format in demand.DRAFTED:
                picture.draft(None, (-(-picture.width // divisor), -(-picture.height // divisor)))
            lower = _lower(picture)
            if not lower:
                _seek_what_shows(picture)
            change = colours.of(picture)
            load(picture)
            change = change or _told_late(picture)
            full = _deep(path, picture, pixels.upright(picture), lower)
            height, width = full.shape[:2]
            left, right = int(part[0] * width), int(np.ceil(part[2] * width))
            top, bottom = int(part[1] * height), int(np.ceil(part[3] * height))
            pixels.recoloured(full[top:bottom, left:right], change)
            return full

    return _as_far_as_it_goes(path, upright)


def open_shrunk(path: Path, *, long_edge: int, fit_to: Fit = fit, tell: bool = False) -> Opened:
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
    fit_to : callable
        Returns the size of the small picture for width and height in px, as stored, and
        `long_edge`.
    tell : bool
        Whether to tell the digest of the px.

    Returns
    -------
    Opened
        The small picture, and the full one where it was decoded on the way.

    Raises
    ------
    UnreadablePhoto
        With the cause, if the file is no photo that can be read.
    """

    def opened(picture: Image.Image, load: Load) -> Opened:
        width, height = picture.size
        target = fit_to(width, height, long_edge)
        wanted = demand.of(picture, small=target)
        with memory.budget().reserve(wanted.shrunk, wanted.what):
            if picture.format in demand.DRAFTED:
                picture.draft(None, target)
            lower = _lower(picture)
            if not lower:
                _seek_what_shows(picture)
            change = colours.of(picture)
            whole = picture.size == (width, height)
            note = load(picture) or str(picture.info.get(cut_short.NOTE, ""))
            change = change or _told_late(picture)
            if whole:
                full = _deep(path, picture, pixels.upright(picture), lower)
                digest = of_pixels(full) if tell and picture.format != "RAW" else ""
                full = pixels.recoloured(full, change)
                across, down = full.shape[1], full.shape[0]
                # As it is stored, its sides may be swapped; a size is of the upright picture.
                small = (
                    pixels.shrunk(full, aim)
                    if (aim := fit_to(across, down, long_edge)) != (across, down)
                    else full
                )
                return Opened(small, full, across, down, digest, note)
            small, swapped = pixels.upright_at(picture, target)
            if swapped:
                width, height = height, width
            return Opened(pixels.recoloured(small, change), None, width, height, "", note)

    return _as_far_as_it_goes(path, opened)


def as_opened(frames: clips.Frames) -> Opened:
    """Return the frames of a clip as what `open_shrunk` returns, at the size that they have."""
    height, width = frames.strip.shape[:2]
    return Opened(frames.strip, frames.strip, width, height, "", frames.note)


def _as_far_as_it_goes(path: Path, how: Callable[[Image.Image, Load], T]) -> T:
    """Open a photo in some way; and once more, sparing what is missing, where it is damaged."""
    try:
        with decoding(path) as picture:
            return how(picture, lambda _: "")
    except UnreadablePhoto as error:
        if not cut_short.can_be(error.__cause__):
            raise
    with decoding(path, sparing=True) as picture:
        return how(picture, cut_short.load)


def _seek_what_shows(picture: Image.Image) -> None:
    """Go to the first picture in a file that is not of one colour alone, where there is one."""
    if picture.format not in SEVERAL:
        return
    size = picture.size
    # What is damaged later on is left alone; what is wrong with the first is told where it is read.
    with contextlib.suppress(Exception):
        for number in range(min(int(getattr(picture, "n_frames", 1)), FRAMES)):
            picture.seek(number)
            if number and picture.size != size:
                break
            # Of the only one, nothing has to be known.
            if getattr(picture, "n_frames", 1) == 1 or not _is_plain(picture):
                return
    picture.seek(0)


def _is_plain(picture: Image.Image) -> bool:
    extremes = np.array(picture.convert("RGB").getextrema())
    return bool((extremes[:, 1] - extremes[:, 0] <= PLAIN).all())


def _told_late(picture: Image.Image) -> colours.Change | None:
    """Return what `colours.of` does, of a format whose profile is known once it is decoded."""
    if picture.format != jxl.JxlPicture.format:
        return None
    picture.load()
    return colours.of(picture)


def _lower(picture: Image.Image) -> str:
    """Return how the lower bytes of 16 bits a colour are read, which Pillow drops; "" of others."""
    return LOWER.get(next(iter(_modes(picture)), ""), "")


def _modes(picture: Image.Image) -> list[str]:
    """Return how Pillow will read each part of a picture, as far as it says it."""
    given = [each[3] for each in getattr(picture, "tile", ())]
    first = [each[0] if isinstance(each, tuple) and each else each for each in given]
    return [each for each in first if isinstance(each, str)]


def _deep(path: Path, seen: Image.Image, upper: Rgb, lower: str) -> Rgb:
    """
    Return RGB of 16 bits as 8, where fewer bits are filled: cameras write 12 of them, say.

    `upper` has the upper byte of each, as decoded from `seen`; where they are near 0, the lower
    ones are read as well.
    """
    if not lower:
        return upper
    clear = lower.startswith(WITH_ALPHA)
    # What is clear was laid on white: the stored colours say it.
    most = max(high for _, high in seen.getextrema()[:3]) if clear else upper.max(initial=0)  # type: ignore[misc]
    if int(most) > FILLED:
        return upper
    with decoding(path) as picture:
        _set_mode(picture, lower, of=[LOWER[name] for name in _modes(picture) if name in LOWER])
        if clear:
            picture.load()
            return _clear_and_deep(seen, picture)
        found = pixels.upright(picture)
    if found.shape != upper.shape:
        return upper
    bits = _bits(upper, found)
    for row, high in zip(found, upper, strict=True):
        row[:] = ((high.astype(np.uint16) << 8) + row) >> (bits - 8)
    return found


def _clear_and_deep(upper: Image.Image, lower: Image.Image) -> Rgb:
    """Do as `_deep` does with colours that are more or less clear, which fill bits of their own."""
    high, low = np.asarray(upper.convert("RGBA")), np.asarray(lower.convert("RGBA"))
    made = np.empty_like(high)
    for part in (slice(0, 3), slice(3, 4)):
        bits = _bits(high[..., part], low[..., part])
        for row, above, below in zip(made, high, low, strict=True):
            whole = (above[:, part].astype(np.uint16) << 8) + below[:, part]
            row[:, part] = whole >> (bits - 8)
    picture = Image.fromarray(made)
    picture.getexif()[_ORIENTATION] = pixels.orientation(upper)
    return pixels.upright(picture)


def _bits(upper: Rgb, lower: Rgb) -> int:
    most = int(upper.max(initial=0))
    return int(pixels.white((most << 8) + 255 if most else int(lower.max(initial=0)))).bit_length()


def _set_mode(picture: Image.Image, mode: str, *, of: Sequence[str] = ()) -> None:
    """Have a picture's values read in a way of Pillow's; one part after the other with `of`."""
    tiles: list[Any] = []
    for number, each in enumerate(picture.tile):  # type: ignore[attr-defined]
        codec, extents, offset, given = each
        read_as = of[number % len(of)] if of else mode
        args = (read_as, *given[1:]) if isinstance(given, tuple) else read_as
        made = (codec, extents, offset, args)
        tiles.append(type(each)(*made) if hasattr(each, "_fields") else made)
    picture.tile = tiles  # type: ignore[attr-defined]


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
    """
    Open a file with Pillow, and turn whatever goes wrong while it is open into one cause.

    `sparing` opens what is cut short as well, in formats that are decoded as a whole.
    """

    def __init__(self, path: Path, *, sparing: bool = False) -> None:
        self.path, self.sparing = path, sparing
        self.picture: Image.Image | None = None
        self.stream: BinaryIO | None = None

    def __enter__(self) -> Image.Image:
        if clips.is_clip(self.path):
            self.picture = clips.picture_of(self.path)
            return self.picture
        try:
            self.stream = open_regular(self.path)
            kind = formats.kind_of(self.stream.read(formats.HEAD), self.path.suffix)
            self.stream.seek(0)
            if not formats.is_there(kind):
                raise UnreadablePhoto(formats.PACKAGES[kind].reason)
            self.picture = self._opened(kind, self.stream)
            if demand.is_bomb(self.picture, os.fstat(self.stream.fileno()).st_size):
                self.picture.close()
                claimed = self.picture.width * self.picture.height / 1e6
                raise UnreadablePhoto(
                    f"claims to hold {claimed:,.0f} megapixels in a small file: left unopened "
                    "(decompression bomb?)"
                )
        except Exception as error:
            if self.stream is not None:
                self.stream.close()
            if isinstance(error, UnreadablePhoto):
                raise
            raise UnreadablePhoto(_cause(self.path, error)) from error
        return self.picture

    def _opened(self, kind: str, stream: BinaryIO) -> Image.Image:
        """Open a file of which the first bytes said what it is."""
        if kind == formats.RAW_PHOTO:
            return raw.open_raw(self.path)
        if kind == formats.HEIF:
            import pillow_heif

            pillow_heif.register_heif_opener()
        if kind == formats.JXL:
            return jxl.open_jxl(stream)
        if kind in filled_up.KINDS:
            size = os.fstat(stream.fileno()).st_size
            lacking = filled_up.missing(stream.read(16), size, kind, stream)
            stream.seek(0)
            if lacking and self.sparing:
                return filled_up.FilledPicture(kind, stream, lacking)
            if lacking:
                # Of some, decoders would show what is missing as a part of the photo.
                raise OSError("image file is truncated")
        coded = None
        if kind in (formats.HEIF, formats.AVIF, "PNG"):
            coded = colours.coded_in(stream.read(colours.START))
            stream.seek(0)
        picture = Image.open(stream, formats=[kind] if kind in formats.PACKAGES else FORMATS)
        if coded is not None:
            picture.info[colours.CODED] = coded
        _read_planes(picture)
        return picture

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self.picture is not None:
            self.picture.close()
        if self.stream is not None:
            self.stream.close()
        # A decoder fed with damaged bytes raises nearly anything: OSError, SyntaxError, ValueError,
        # struct.error, IndexError, MemoryError. All of it means that this file is unreadable.
        if isinstance(error, Exception) and not isinstance(error, UnreadablePhoto):
            raise UnreadablePhoto(_cause(self.path, error)) from error


def _read_planes(picture: Image.Image) -> None:
    """Have 16 bits a colour read as such where each colour of a TIFF lies apart."""
    tags: Any = getattr(picture, "tag_v2", {})
    if picture.format != "TIFF" or tags.get(_PLANAR) != 2 or set(tags.get(_BITS, ())) != {16}:
        return
    names = _modes(picture)
    # Pillow takes the letters of "RGB;16L" for the ways in which to read them.
    if names and set(map(len, names)) == {1}:
        order = "L" if tags.prefix == b"II" else "B"
        _set_mode(picture, "", of=[f"{name};16{order}" for name in names])


def _cause(path: Path, error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        try:
            with open_regular(path) as stream:
                start = stream.read(formats.HEAD)
        except OSError as problem:
            return f"the file cannot be read: {reason_of(problem)}"
        if kind := formats.kind_of(start, path.suffix):
            other = ", or of a kind that is not read" if kind == "TIFF" else ""
            named = NAMES.get(kind, kind)
            return f"the file is damaged (a {named} whose header cannot be read{other})"
        start = start[:12]
        if start[4:8] == b"ftyp":
            return "a film, or a photo of a kind that is not read here"
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
