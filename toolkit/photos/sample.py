"""The sample album: small, real faces in the public domain, put together into photos of several."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from toolkit.errors import BadFolder
from toolkit.files import read_regular, reason_of, shipped

# Bytes of a file that may be one of ours.
LARGEST = 1 << 26

HOPPER, COLLINS, TESLA = "Grace Hopper", "Eileen Collins", "Nikola Tesla"
SOURCES = {
    "hopper": (HOPPER, "grace_hopper.jpg"),
    "collins": (COLLINS, "eileen_collins.jpg"),
    "tesla": (TESLA, "nikola_tesla_1.jpg"),
    "tesla seated": (TESLA, "nikola_tesla_2.jpg"),
}


@dataclass(frozen=True)
class Portrait:
    """
    One portrait as it stands in a photo.

    Attributes
    ----------
    source : str
        Key of `SOURCES`.
    mirrored : bool
        Left and right exchanged.
    turn : float
        Degrees, anticlockwise.
    light : float
        1 leaves the brightness; below is darker.
    blur : float
        Radius in px of a Gaussian blur.
    """

    source: str
    mirrored: bool = False
    turn: float = 0.0
    light: float = 1.0
    blur: float = 0.0


# Each photo of the album: its name, its height in px, and the portraits in it from left to right.
PHOTOS: tuple[tuple[str, int, tuple[Portrait, ...]], ...] = (
    ("day 1/IMG_0001.jpg", 900, (Portrait("hopper"),)),
    ("day 1/IMG_0002.jpg", 700, (Portrait("collins", light=0.8),)),
    ("day 1/IMG_0003.jpg", 800, (Portrait("hopper", turn=8), Portrait("collins", mirrored=True))),
    ("day 1/IMG_0004.jpg", 900, (Portrait("tesla"),)),
    (
        "day 1/IMG_0005.jpg",
        1000,
        (Portrait("collins", turn=-6), Portrait("tesla"), Portrait("hopper", light=0.75)),
    ),
    ("day 2/IMG_0001.jpg", 900, (Portrait("tesla seated", mirrored=True),)),
    ("day 2/IMG_0002.jpg", 800, (Portrait("tesla", turn=5), Portrait("hopper", mirrored=True))),
    ("day 2/IMG_0003.jpg", 640, (Portrait("collins", blur=1.0), Portrait("tesla", light=1.2))),
    (
        "day 2/IMG_0004.jpg",
        1600,
        (Portrait("tesla", mirrored=True), Portrait("collins"), Portrait("hopper", turn=-8)),
    ),
    ("day 2/IMG_0005.png", 500, (Portrait("hopper", blur=1.2, light=0.9),)),
    ("day 2/landscape.jpg", 600, ()),
)

# The example photos for point-and-shoot.
PEOPLE: tuple[tuple[str, int, tuple[Portrait, ...]], ...] = (
    (f"{COLLINS}/collins.jpg", 330, (Portrait("collins"),)),
    (f"{HOPPER}/hopper.jpg", 600, (Portrait("hopper"),)),
    (f"{TESLA}/seated.jpg", 450, (Portrait("tesla seated"),)),
    (f"{TESLA}/1896/portrait.jpg", 400, (Portrait("tesla"),)),
)

ORIENTED = "day 1/IMG_0004.jpg"
TRUTH = "truth.csv"
COPIED = ("day 1/IMG_0002.jpg", "day 2/IMG_0002 copy.jpg")


def make_album(out: Path) -> list[Path]:
    """
    Make the sample album: photos of one, two and three people, and example photos of each.

    The portraits (three people, four pictures, in the public domain: see ``data/README.md``) are
    turned, mirrored, lit, blurred and put side by side. One photo is stored lying, with an EXIF
    orientation; one is there twice; one shows nobody. The same call always makes the same files.

    Parameters
    ----------
    out : Path
        A folder that does not exist or is empty, or holds the sample album.

    Returns
    -------
    list of Path
        The photos, under ``out/photos``; the examples are under ``out/people``, and
        ``out/truth.csv`` says who is in which photo, from left to right.

    Raises
    ------
    BadFolder
        If `out` holds anything else.
    """
    content = {f"photos/{photo[0]}": _picture(*photo) for photo in PHOTOS}
    content.update({f"people/{example[0]}": _picture(*example) for example in PEOPLE})
    original, copy = COPIED
    content[f"photos/{copy}"] = content[f"photos/{original}"]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("photo", "person"))
    writer.writerows(truth_of_album())
    content[TRUTH] = table.getvalue().encode("utf-8")
    put(out, content)
    return [out / name for name in content if name.startswith("photos/")]


def refuse_others(out: Path, names: Collection[str]) -> None:
    """
    See that a folder holds none but some files, before the work of making them.

    Parameters
    ----------
    out : Path
        Need not be there.
    names : collection of str
        Paths from `out` on.

    Raises
    ------
    BadFolder
        If it holds anything else, or cannot be read.
    """
    _refuse(out, lambda name, file: name in names)


def _refuse(out: Path, ours: Callable[[str, Path], bool]) -> None:
    try:
        for file in sorted(out.rglob("*")) if out.exists() else ():
            name = file.relative_to(out).as_posix()
            if file.is_symlink() or not (file.is_dir() or ours(name, file)):
                raise BadFolder(
                    f"the sample album cannot go to {out}: {name} is there. Name a new folder."
                )
    except OSError as error:
        raise _cannot(out, error) from error


def _cannot(out: Path, error: OSError) -> BadFolder:
    return BadFolder(f"the sample album cannot go to {out}: {reason_of(error)}. Name a new folder.")


def put(out: Path, content: dict[str, bytes]) -> None:
    """
    Write files into a folder where nothing but these files is, whole or cut short.

    Parameters
    ----------
    out : Path
        Made where it is not there.
    content : dict of str to bytes
        Files by their paths from `out` on, in the order in which they are written.

    Raises
    ------
    BadFolder
        If `out` holds anything else, or cannot be written.
    """
    # A file that is cut short is one that an interrupted call left.
    _refuse(
        out,
        lambda name, file: content.get(name, b"").startswith(read_regular(file, most=LARGEST)),
    )
    try:
        for name, data in content.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(data)
    except OSError as error:
        raise _cannot(out, error) from error


def at(folder: str | Path) -> str:
    """
    Make the sample album in a folder, if it is not there already, and return where its photos are.

    Raises
    ------
    BadFolder
        If the folder holds anything else, or cannot be written.
    """
    out = Path(folder)
    # The table is written last: where it is, the album is whole.
    if not (out / TRUTH).is_file():
        make_album(out)
    return str(out / "photos")


def truth_of_album() -> list[tuple[str, str]]:
    """Return who is in which photo: pairs of a path relative to the album's photos, and a name."""
    pairs = [(name, SOURCES[p.source][0]) for name, _, portraits in PHOTOS for p in portraits]
    original, copy = COPIED
    return pairs + [(copy, person) for name, person in pairs if name == original]


def _picture(name: str, height: int, portraits: tuple[Portrait, ...]) -> bytes:
    """Return the bytes of one photo."""
    panels = [_panel(portrait, height) for portrait in portraits] or [_landscape(height)]
    picture = Image.new("RGB", (sum(panel.width for panel in panels), height))
    left = 0
    for panel in panels:
        picture.paste(panel, (left, 0))
        left += panel.width
    exif = Image.Exif()
    if name == ORIENTED:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
        exif[0x0112] = 6
    stream = io.BytesIO()
    picture.save(stream, "PNG" if name.endswith(".png") else "JPEG", quality=90, exif=exif)
    return stream.getvalue()


def _panel(portrait: Portrait, height: int) -> Image.Image:
    _, file = SOURCES[portrait.source]
    with Image.open(shipped("data/portraits") / file) as opened:
        picture = opened.convert("RGB")
    if portrait.mirrored:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    size = (round(picture.width * height / picture.height), height)
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    if portrait.turn:
        backdrop = picture.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
        picture = picture.rotate(portrait.turn, Image.Resampling.BICUBIC, fillcolor=backdrop)
    if portrait.blur:
        picture = picture.filter(ImageFilter.GaussianBlur(portrait.blur))
    return ImageEnhance.Brightness(picture).enhance(portrait.light)


def _landscape(height: int) -> Image.Image:
    """Hills under a sky, drawn from waves: a photo without anybody."""
    width = height * 3 // 2
    across = np.linspace(0.0, 1.0, width)
    down = np.linspace(0.0, 1.0, height)[:, None]
    picture = np.empty((height, width, 3))
    picture[:] = np.array([110, 160, 215]) + np.array([110, 70, 10]) * down[..., None]
    for depth, (level, swell) in enumerate(((0.5, 0.09), (0.62, 0.07), (0.78, 0.05))):
        ridge = level + swell * np.sin(across * (5 + 4 * depth) + depth * 2.1)
        ridge = ridge + swell / 3 * np.sin(across * (19 + 7 * depth))
        shade = np.array([96, 118, 104]) * (1.0 - 0.25 * depth)
        picture = np.where((down > ridge)[..., None], shade, picture)
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))
