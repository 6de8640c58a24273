"""An album of any size that nobody took: drawn encodings, and links to a few drawn photos."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image, ImageDraw

from toolkit.benchmarks import drawn_encodings
from toolkit.modes import Looked
from toolkit.records import PROBLEM_COLUMNS, WORTH, Album, EncoderInfo, empty_table
from toolkit.subjects.face import FACE
from toolkit.subjects.face.calibration import CALIBRATION, LINKAGE

# Photos that are drawn, and their size in px; the sides of the boxes in them.
PHOTOS, WIDE, HIGH = 16, 480, 360
SIDES = (60, 150)
# Of so many sightings, in random order, every second and third are in one photo.
TOGETHER = 3
# Share of the sightings that say little.
LITTLE = 0.02
# Links in one folder.
IN_FOLDER = 1000


def draw(count: int, folder: Path, *, seed: int = 0) -> Looked:
    """
    Draw an album as a scan leaves it.

    One sighting in three is alone in its photo, the others are two in one. The photos are
    links to a few that are drawn, so that each has a path of its own and can be shown.

    Parameters
    ----------
    count : int
        Sightings, 1 or more; see `toolkit.benchmarks.drawn_encodings.draw`.
    folder : Path
        An empty folder, where the photos go.
    seed : int
        The same number draws the same.

    Raises
    ------
    toolkit.errors.BadSetting
        If no sightings are asked for.
    """
    drawn = drawn_encodings.draw(count, seed=seed)
    rng = np.random.default_rng([seed, 1])
    # Nobody is twice in a photo.
    alone = np.diff(drawn.people, prepend=-1) == 0
    photo_of = np.cumsum((np.arange(count) % TOGETHER != TOGETHER - 1) | alone) - 1
    number = int(photo_of[-1]) + 1
    paths = _linked(folder, number, rng)
    digests = [hashlib.sha256(f"{seed} {photo}".encode()).hexdigest() for photo in range(number)]
    second = np.diff(photo_of, prepend=-1) == 0
    side = rng.integers(*SIDES, size=count)
    left = np.where(second, WIDE // 2, 0) + rng.integers(0, WIDE // 2 - SIDES[1], size=count)
    top = rng.integers(0, HIGH - SIDES[1], size=count)
    little = rng.random(count) < LITTLE
    sightings = pd.DataFrame(
        {
            "photo_digest": [digests[photo] for photo in photo_of.tolist()],
            "path": [paths[photo] for photo in photo_of.tolist()],
            "left": left,
            "top": top,
            "right": left + side,
            "bottom": top + side,
            "score": rng.uniform(0.5, 1.5, size=count),
            WORTH: np.where(little, 0.05, rng.uniform(0.5, 1.0, size=count)),
        }
    )
    photos = pd.DataFrame(
        {"path": paths, "photo_digest": digests, "width": WIDE, "height": HIGH, "left_out": 0}
    )
    encoder = EncoderInfo(
        "drawn", "0" * 64, drawn_encodings.DIMENSIONS, "euclidean", CALIBRATION, linkage=LINKAGE
    )
    problems = empty_table(PROBLEM_COLUMNS)
    album = Album(photos, sightings, drawn.encodings, encoder, problems, FACE)
    return Looked(album, {}, number, folder)


def _linked(folder: Path, number: int, rng: np.random.Generator) -> list[str]:
    """Draw the photos, and make so many links to them; return where these are."""
    drawn = folder / "drawn"
    drawn.mkdir(parents=True)
    for each in range(PHOTOS):
        _photo(rng).save(drawn / f"{each}.jpg", quality=80)
    paths = []
    for each in range(number):
        if each % IN_FOLDER == 0:
            inside = folder / f"{each // IN_FOLDER:04d}"
            inside.mkdir()
        path = inside / f"IMG_{each:07d}.jpg"
        path.symlink_to(Path("..", "drawn", f"{each % PHOTOS}.jpg"))
        paths.append(str(path))
    return paths


def _photo(rng: np.random.Generator) -> Image.Image:
    """Draw coloured ovals, which a crop can be told by."""
    ground: npt.NDArray[np.int64] = rng.integers(150, 230, size=3)
    photo = Image.new("RGB", (WIDE, HIGH), tuple(ground.tolist()))
    pen = ImageDraw.Draw(photo)
    for _ in range(24):
        x, y = int(rng.integers(WIDE)), int(rng.integers(HIGH))
        wide, high = (int(each) for each in rng.integers(20, 70, size=2))
        colour = tuple(rng.integers(20, 220, size=3).tolist())
        pen.ellipse((x - wide, y - high, x + wide, y + high), fill=colour)
    return photo
