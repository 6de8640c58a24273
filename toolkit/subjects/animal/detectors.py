"""Where the animal is, when nothing else says it: what stands out, or the whole photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit.records import Box, Detection
from toolkit.subjects.animal.mask import INSIDE, NEEDS, SaliencyMask
from toolkit.subjects.animal.settings import NOTHING
from toolkit.subjects.base import Rgb

# Smallest share of a photo that an animal takes: less stands out in an empty scene, too.
SMALLEST = 0.002


class MaskDetector:
    """
    Finds the animal as the largest part of a photo that stands out.

    It sees one animal in a photo, misses small, blurred and cut-off ones, and takes a tree trunk
    for one now and then: a detector of animals is better where there is one.

    Parameters
    ----------
    mask : SaliencyMask
        What marks it.
    """

    name = "mask"

    def __init__(self, mask: SaliencyMask) -> None:
        self._mask = mask

    def needs(self, width: int, height: int) -> int:
        """Return how many bytes it takes to search a picture, whatever its size."""
        return NEEDS

    def outline(self, image: Rgb) -> npt.NDArray[np.bool_]:
        """Return which px of a picture of one animal show it; shape (h, w)."""
        return self._mask.of_size(image, image.shape[1], image.shape[0])

    def silence(self, path: Path | None) -> str:
        """Return what a photo shows in which nothing stands out."""
        return NOTHING

    def detect(self, image: Rgb, path: Path | None = None) -> list[Detection]:
        """Return the animal, box in px of `image` (shape (h, w, 3), uint8, RGB); none or one."""
        from scipy import ndimage

        found = self._mask.of(image)
        parts, count = ndimage.label(found > INSIDE)
        if not count:
            return []
        sizes = np.bincount(parts.ravel())[1:]
        largest = int(sizes.argmax()) + 1
        if sizes[largest - 1] < SMALLEST * found.size:
            return []
        rows, columns = ndimage.find_objects(parts)[largest - 1]
        across, down = image.shape[1] / found.shape[1], image.shape[0] / found.shape[0]
        box = Box(
            int(columns.start * across),
            int(rows.start * down),
            int(np.ceil(columns.stop * across)),
            int(np.ceil(rows.stop * down)),
        )
        return [Detection(box, float(found[parts == largest].mean()))]


class WholePhoto:
    """Takes each photo as the picture of one animal: it is cropped already."""

    name = "whole"

    def detect(self, image: Rgb, path: Path | None = None) -> list[Detection]:
        """Return the whole of `image`, shape (h, w, 3), uint8, RGB."""
        height, width = image.shape[:2]
        return [Detection(Box(0, 0, width, height), 1.0)]


def shrunk(image: Rgb, long_edge: int) -> Rgb:
    """Bring a picture to a longer side of so many px, larger or smaller."""
    height, width = image.shape[:2]
    scale = long_edge / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    way = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(image).resize(size, way))
