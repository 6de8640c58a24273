"""Which formats are read, told by what is in a file; a name only says what need not be opened."""

from __future__ import annotations

import importlib
import importlib.util
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from toolkit.files import open_regular
from toolkit.names import counted
from toolkit.photos.companions import FILMS, MOTION, RAW

HEIF_SUFFIXES = frozenset({".heic", ".heif", ".hif"})
JPEG_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"})
AVIF_SUFFIXES = frozenset({".avif", ".avifs"})
# What is a photo by its name; whether it is one is seen when it is opened.
SUFFIXES = frozenset(
    {".png", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif", ".jxl"}
    | HEIF_SUFFIXES
    | JPEG_SUFFIXES
    | AVIF_SUFFIXES
)
# Names that say "no photo": files of these endings are never opened to see what is in them, so that
# a photo in a folder of a million others costs no million reads.
_NAMED = """
3g2 3gp aac aae accdb acr ai aif apk app asc asp aup avi bash bat bin bz2 c cab cache cfg chm class
cof comask conf cop cos cosessiondb cot cpp cs css csv dat db dbf deb dll dmg doc docm docx dop
ds_store dwg dxf eml eps epub exe fla flac flv gml go gpx gz h htm html icc icm ico ics idx ini
ipynb iso jar java js json jsonl key kml kmz lnk lock log lrcat lrfprev lrmprev lrprev lrv m2ts m3u
m4a m4v mat md mdb mid mkv mod modd moff mov mp3 mp4 mpeg mpg msg msi mts mxf nksc npy npz numbers
obj odp ods odt ogg ogv on1 onnx opus otf pages parquet pdf php pickle pkl pl plist pls po pp3 ppt
pptx prproj ps psb psd pst py pyc r rar rb rdata rds rpm rst rtf sh shp shx so sql sqlite sqlite3
srt svg swf tar tex tga tgz thm toml torrent tsv ttf txt url vcf vob vrd wav webm wma wmv woff woff2
xcf xls xlsm xlsx xml xmp xz yaml yml zip zst
"""
NEVER = frozenset(f".{each}" for each in _NAMED.split()) | FILMS - SUFFIXES
# Bytes at the start of a file that tell what it is.
HEAD = 64
HEIF, AVIF, JXL, RAW_PHOTO = "HEIF", "AVIF", "JXL", "RAW"
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2")
_AVIF_BRANDS = (b"avif", b"avis")
_JXL_BOX = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
# Raw files that are told by their first bytes; others look like TIFF, and are told by their names.
_RAW = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\x00", b"FOVb", b"\x00MRM", b"IIII")
_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
# Sizes of the headers that a BMP can have.
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)


@dataclass(frozen=True)
class Package:
    """
    What a format needs that is not always there.

    Attributes
    ----------
    title : str
        What the format is called.
    module : str
        What is imported.
    install : str
        What brings it.
    """

    title: str
    module: str
    install: str = 'pip install "sightings[formats]"'

    @property
    def reason(self) -> str:
        """What to do where it is not there, to be read."""
        return f"{self.title} needs one more package: {self.install}"


PACKAGES = {
    HEIF: Package("HEIC", "pillow_heif"),
    AVIF: Package("AVIF", "PIL"),
    JXL: Package("JPEG XL", "pillow_jxl"),
    RAW_PHOTO: Package("RAW", "rawpy", 'pip install "sightings[raw]"'),
}


def kind_of(head: bytes, suffix: str = "") -> str:
    """
    Say what the first bytes of a file are the beginning of.

    Parameters
    ----------
    head : bytes
        The first `HEAD` bytes, or all there are.
    suffix : str
        The ending of its name, which tells a raw file from the TIFF that it is built like.

    Returns
    -------
    str
        "JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "HEIF", "AVIF", "JXL" or "RAW"; "" where it is
        none of them.
    """
    for kind, begins in _KINDS.items():
        if begins(head):
            return RAW_PHOTO if kind == "TIFF" and _is_raw_tiff(head, suffix) else kind
    return ""


def _is_raw_tiff(head: bytes, suffix: str) -> bool:
    return suffix.lower() in RAW or head[8:10] == b"CR"


def _starts(*some: bytes) -> Callable[[bytes], bool]:
    return partial(_begins, some)


def _begins(some: tuple[bytes, ...], head: bytes) -> bool:
    return head.startswith(some)


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _is_bmp(head: bytes) -> bool:
    # Two letters alone may begin any text.
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS


def _brands(head: bytes) -> set[bytes]:
    """Return the brands that a file of boxes (ISO 14496-12) names at its start; none of others."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(len(head), int.from_bytes(head[:4], "big"))
    return {head[8:12]} | {head[at : at + 4] for at in range(16, end - 3, 4)}


def _is_avif(head: bytes) -> bool:
    return any(brand in _brands(head) for brand in _AVIF_BRANDS)


def _is_heif(head: bytes) -> bool:
    # A film may name a photo's brand among others, but does not begin with it.
    return head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS


def _is_raw(head: bytes) -> bool:
    return head.startswith(_RAW) or head[4:12] == b"ftypcrx " or head[6:14] == b"HEAPCCDR"


_KINDS: dict[str, Callable[[bytes], bool]] = {
    "JPEG": _starts(b"\xff\xd8\xff"),
    "PNG": _starts(b"\x89PNG\r\n\x1a\n"),
    "GIF": _starts(b"GIF87a", b"GIF89a"),
    "WEBP": _is_webp,
    RAW_PHOTO: _is_raw,
    "TIFF": _starts(*_TIFF),
    "BMP": _is_bmp,
    AVIF: _is_avif,
    HEIF: _is_heif,
    JXL: _starts(b"\xff\x0a", _JXL_BOX),
}


def kind_at(path: Path) -> str:
    """Say what a file is by its first bytes, as `kind_of` does; "" where it cannot be read."""
    try:
        with open_regular(path) as stream:
            return kind_of(stream.read(HEAD), path.suffix)
    except (OSError, ValueError):
        return ""


def is_photo(path: Path) -> bool:
    """
    Whether a file is to be tried as a photo.

    By its name, where that says it: endings of photos are, those in `NEVER` are not. Any other name
    (none at all, ``.jpg_large``, ``.jpg.download``, a camera's raw file) says too little, and the
    first bytes are read.
    """
    suffix = path.suffix.lower()
    return suffix in SUFFIXES or (suffix not in NEVER and _surely(path))


def by_name(name: str) -> bool | None:
    """Whether a file is a photo, as its name says it; None where the first bytes have to."""
    suffix = Path(name).suffix.lower()
    return True if suffix in SUFFIXES else False if suffix in NEVER else None


def named_as_photo(name: str) -> bool:
    """
    Whether a file that is known to be a photo or to belong to one is the photo, by its name alone.

    A raw file is taken for one that belongs to a photo.
    """
    suffix = Path(name).suffix.lower()
    return suffix in SUFFIXES or suffix not in NEVER | RAW | {MOTION}


def _surely(path: Path) -> bool:
    """Whether the content says that a file is a photo; two bytes alone do not say it."""
    try:
        with open_regular(path) as stream:
            head = stream.read(HEAD)
    except (OSError, ValueError):
        return False
    return not head.startswith(b"\xff\x0a") and kind_of(head, path.suffix) != ""


def is_there(kind: str) -> bool:
    """Whether what a format needs is installed."""
    package = PACKAGES.get(kind)
    if package is None:
        return True
    if kind == AVIF:
        from PIL import features

        return bool(features.check("avif"))
    return importlib.util.find_spec(package.module) is not None


def lacking(photos: Iterable[Path]) -> list[str]:
    """
    Say which packages are missing, and how many photos cannot be read without each.

    Where all are there, no file is opened.

    Parameters
    ----------
    photos : iterable of Path
        What is to be read.

    Returns
    -------
    list of str
        A sentence for each missing package, without a full stop.
    """
    missing = {kind for kind in PACKAGES if not is_there(kind)}
    if not missing:
        return []
    count = Counter(kind_at(path) for path in photos)
    return [
        f"{counted(count[kind], 'photo')} cannot be read: {PACKAGES[kind].reason}"
        for kind in sorted(missing)
        if count[kind]
    ]
