"""What the tests share: a subject that needs no model, small photos, the labelled photos."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from toolkit.calibration import Calibration
from toolkit.photos import sample
from toolkit.records import Box, Detection, EncoderInfo
from toolkit.subjects.base import Subject

settings.register_profile(
    "sightings", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("sightings")

EVALUATION = "SIGHTINGS_EVAL_DATA"
TILE = 64

PEOPLE = {
    "ann": (255, 0, 0),
    "bob": (0, 255, 0),
    "cem": (0, 0, 255),
    "dee": (255, 255, 0),
    "eve": (0, 255, 255),
}


class TileDetector:
    """Finds tiles that are not black."""

    name = "tiles"

    def detect(self, image: np.ndarray) -> list[Detection]:
        height, width = image.shape[:2]
        found = []
        for left in range(0, width - height + 1, height):
            tile = image[:, left : left + height]
            if tile.max() > 100:
                found.append(Detection(Box(left, 0, left + height, height), float(tile.max())))
        return found


class ColourEncoder:
    """Describes a tile by its colour, each channel from 0 to 1."""

    info = EncoderInfo(
        name="colour",
        weights_digest="0" * 64,
        dimensions=3,
        metric="euclidean",
        calibration=Calibration(slope=60.0, even=0.55),
    )

    def __init__(self) -> None:
        self.encoded = 0

    def chips(self, image: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
        cut = [image[box.top : box.top + 8, box.left + 8 : box.left + 16] for box in boxes]
        return np.stack(cut) if cut else np.zeros((0, 8, 8, 3), np.uint8)

    def encode(self, chips: np.ndarray) -> np.ndarray:
        self.encoded += len(chips)
        return (chips.reshape(len(chips), -1, 3).mean(axis=1) / 255).astype(np.float32)


@pytest.fixture
def colours() -> Subject:
    """A subject that tells people apart by the colour of their tile."""
    return Subject("tile", TileDetector(), ColourEncoder())


def save_tiles(path: Path, *who: str, shade: int = 0) -> Path:
    """Save a photo with a tile for each person, and a black one where nobody is named."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.zeros((TILE, TILE * max(1, len(who)), 3), np.uint8)
    for place, name in enumerate(who):
        colour = np.clip(np.array(PEOPLE[name]) - shade, 0, 255)
        tile = image[:, place * TILE : (place + 1) * TILE]
        tile[:] = colour
        # A pattern of single px, so that nobody is taken for out of focus.
        tile[::2, ::2] = tile[1::2, 1::2] = colour * 0.8
    Image.fromarray(image).save(path)
    return path


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Photos of tiles: five of ann, two of bob, one of cem; one with three, one with nobody."""
    folder = tmp_path / "photos"
    save_tiles(folder / "a1.png", "ann")
    save_tiles(folder / "a2.png", "ann", shade=10)
    save_tiles(folder / "deep" / "a3.png", "ann", "bob")
    save_tiles(folder / "deep" / "a1.png", "ann", shade=20)
    save_tiles(folder / "three.png", "ann", "bob", "cem", shade=5)
    save_tiles(folder / "empty.png")
    return folder


@pytest.fixture(scope="session")
def sample_album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample album, made once."""
    folder = tmp_path_factory.mktemp("sample")
    sample.make_album(folder)
    return folder


@pytest.fixture(scope="session")
def evaluation() -> Path:
    """The folder of labelled photos; tests that need it are skipped where it is not named."""
    folder = os.environ.get(EVALUATION)
    if not folder:
        pytest.skip(f"{EVALUATION} is not set: it names the folder of labelled photos")
    path = Path(folder).resolve()
    if not (path / "faces").is_dir():
        pytest.fail(f"{EVALUATION} is {folder}, which holds no folder `faces`")
    return path
