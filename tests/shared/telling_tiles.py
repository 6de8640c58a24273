"""Tiles for tests of several machines: what was encoded together can be told from the numbers."""

import os
import time
from pathlib import Path

import numpy as np
from tiles import ColourEncoder, TileDetector

from toolkit.records import Detection
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE


class TogetherEncoder(ColourEncoder):
    """Makes each encoding a little longer with each tile that is encoded beside it."""

    def encode(self, chips: np.ndarray) -> np.ndarray:
        return super().encode(chips) + np.float32(1e-3 * len(chips))


class SlowDetector(TileDetector):
    """Takes a while for each photo."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def detect(self, image: np.ndarray, path: Path | None = None) -> list[Detection]:
        time.sleep(self.seconds)
        return super().detect(image, path)


def telling(seconds: float = 0.0) -> Subject:
    """Return a subject whose encodings tell what was encoded together."""
    return Subject("tile", SlowDetector(seconds), TogetherEncoder(), FACE.words)


class DeadlyDetector(TileDetector):
    """Ends its process where it sees a photo of this name."""

    def __init__(self, name: str) -> None:
        self.deadly = name

    def detect(self, image: np.ndarray, path: Path | None = None) -> list[Detection]:
        if path is not None and path.name == self.deadly:
            os._exit(1)
        return super().detect(image, path)
