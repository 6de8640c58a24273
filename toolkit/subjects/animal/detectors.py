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
# A photo in which the animal takes this share, or whose longer side has fewer px than any camera's,
# may be cropped already. Then nothing need stand out from anything, and two looks at it disagree
# (the share that both mark of what either does), or the mask is vague (undecided px for each that
# is marked).
LARGE, SMALL_PHOTO = 0.25, 400
AGREE, VAGUE = 0.7, 0.5


class MaskDetector:
    """
    Finds the animal as the largest part of a photo that stands out.

    It sees one animal in a photo, misses small, blurred and cut-off ones, and takes a tree trunk
    for one now and then: a detector of animals is better where there is one. A photo that is
    cropped already, so that its animal does not stand out, is taken whole.

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
        whole = Box(0, 0, image.shape[1], image.shape[0])
        small = max(image.shape[:2]) < SMALL_PHOTO
        parts, count = ndimage.label(found > INSIDE)
        sizes = np.bincount(parts.ravel(), minlength=2)[1:]
        largest = int(sizes.argmax()) + 1
        if not count or sizes[largest - 1] < SMALLEST * found.size:
            return [Detection(whole, float(found.mean()))] if small else []
        rows, columns = ndimage.find_objects(parts)[largest - 1]
        across, down = image.shape[1] / found.shape[1], image.shape[0] / found.shape[0]
        box = Box(
            int(columns.start * across),
            int(rows.start * down),
            int(np.ceil(columns.stop * across)),
            int(np.ceil(rows.stop * down)),
        )
        large = box.width * box.height >= LARGE * whole.width * whole.height
        if (large or small) and not self._stands_out(image, box, found):
            box = whole
        return [Detection(box, float(found[parts == largest].mean()))]

    def _stands_out(self, image: Rgb, box: Box, found: npt.NDArray[np.float32]) -> bool:
        """Whether a second look, at the box alone, sees what the look at the photo saw."""
        if _vague(found):
            return False
        height, width = image.shape[:2]
        across, down = found.shape[1] / width, found.shape[0] / height
        near = self._mask.of(image[box.top : box.bottom, box.left : box.right])
        part = found[
            int(box.top * down) : max(int(box.top * down) + 1, round(box.bottom * down)),
            int(box.left * across) : max(int(box.left * across) + 1, round(box.right * across)),
        ]
        size = (part.shape[1], part.shape[0])
        near = np.asarray(Image.fromarray(near).resize(size, Image.Resampling.BILINEAR))
        one, other = part > INSIDE, near > INSIDE
        both, either = int((one & other).sum()), int((one | other).sum())
        return not _vague(near) and both >= AGREE * either


def _vague(found: npt.NDArray[np.float32]) -> bool:
    """Whether a mask leaves much undecided."""
    undecided = int(((found > 0.1) & (found < 0.9)).sum())
    return undecided > VAGUE * int((found > INSIDE).sum())


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
