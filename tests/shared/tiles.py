"""A subject that needs no model: photos of tiles, each person a colour."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from toolkit.calibration import Calibration
from toolkit.records import Box, Detection, EncoderInfo
from toolkit.subjects.face.calibration import LINKAGE

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

    def detect(self, image: np.ndarray, path: Path | None = None) -> list[Detection]:
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
        linkage=LINKAGE,
    )

    def __init__(self) -> None:
        self.encoded = 0

    def chips(self, image: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
        cut = [image[box.top : box.top + 8, box.left + 8 : box.left + 16] for box in boxes]
        return np.stack(cut) if cut else np.zeros((0, 8, 8, 3), np.uint8)

    def encode(self, chips: np.ndarray) -> np.ndarray:
        self.encoded += len(chips)
        return (chips.reshape(len(chips), -1, 3).mean(axis=1) / 255).astype(np.float32)


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
