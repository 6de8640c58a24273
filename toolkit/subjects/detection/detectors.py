"""Where the animal is, when nothing else says it: what stands out, or the whole photo."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit.errors import UnreadablePhoto
from toolkit.files import open_regular
from toolkit.names import Words
from toolkit.photos import opening
from toolkit.records import Box, Detection
from toolkit.subjects.base import Rgb
from toolkit.subjects.detection.kinds import NOTHING
from toolkit.subjects.detection.mask import INSIDE, NEEDS, SaliencyMask

# Smallest share of a photo that an animal takes: less stands out in an empty scene, too.
SMALLEST = 0.002
# Photos are cropped already where their longer side has fewer px than any camera's, or where there
# are so many of so many sizes that the most frequent one is of no more than this share: a camera
# makes photos of one size.
SMALL_PHOTO, SEVERAL, ONE_SIZE = 400, 8, 0.25
# Photos whose size is read to see that; and those of cropped ones that are searched to see whether
# animals stand out in them, and the share from which on they do not.
READ, TRIED, BLENDED = 200, 12, 0.3
# In one that is cropped nothing need stand out from anything. Then the mask is a large part of it
# or of a small photo, and two looks disagree (the share that both mark of what either does), or it
# is vague (undecided px for each that is marked).
LARGE, AGREE, VAGUE = 0.25, 0.7, 0.5
# Longer side, in px, at which photos are tried.
TRIED_EDGE = 640


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
    words : Words
        What is sought is called.
    """

    name = "mask"

    def __init__(self, mask: SaliencyMask, words: Words) -> None:
        self._mask, self._words = mask, words
        self._cropped = self._whole = False

    def prepare(self, photos: Sequence[Path], folder: Path) -> tuple[str, ...]:
        """See whether photos are cropped already, and say so."""
        some = photos[:: max(1, len(photos) // READ)]
        sizes = Counter(size for path in some if (size := _size_of(path)) is not None)
        count = sum(sizes.values())
        self._cropped = count >= SEVERAL and max(sizes.values()) <= ONE_SIZE * count
        self._whole = False
        if not self._cropped:
            return ()
        blended = [
            self._blends_in(path) for path in photos[:: max(1, len(photos) // TRIED)][:TRIED]
        ]
        told = [each for each in blended if each is not None]
        self._whole = sum(told) > BLENDED * len(told)
        if not self._whole:
            return (
                "these photos have so many sizes that they are taken for cropped ones: where no "
                f"{self._words.singular} stands out, the whole photo is it",
            )
        return (
            f"in {sum(told)} of {len(told)} of these photos that were tried, no "
            f"{self._words.singular} stands out from the rest: each is taken whole, as cropped "
            "already (--detector whole)",
        )

    def _blends_in(self, path: Path) -> bool | None:
        """Whether a cropped photo is one in which nothing stands out; None where it is no photo."""
        try:
            image = opening.open_shrunk(path, long_edge=TRIED_EDGE).small
        except UnreadablePhoto:
            return None
        found = self.detect(image)
        return not found or (found[0].box.width, found[0].box.height) == image.shape[1::-1]

    def look_key(self, path: Path) -> str:
        """Return whether photos are taken for cropped ones."""
        return "whole" if self._whole else "cropped" if self._cropped else ""

    def needs(self, width: int, height: int) -> int:
        """Return how many bytes it takes to search a picture, whatever its size."""
        return NEEDS

    def silence(self, path: Path | None) -> str:
        """Return what a photo shows in which nothing stands out."""
        return NOTHING

    def detect(self, image: Rgb, path: Path | None = None) -> list[Detection]:
        """Return the animal, box in px of `image` (shape (h, w, 3), uint8, RGB); none or one."""
        from scipy import ndimage

        if self._whole:
            return WholePhoto().detect(image)
        found = self._mask.of(image)
        whole = Box(0, 0, image.shape[1], image.shape[0])
        cropped = self._cropped or max(image.shape[:2]) < SMALL_PHOTO
        parts, count = ndimage.label(found > INSIDE)
        sizes = np.bincount(parts.ravel(), minlength=2)[1:]
        largest = int(sizes.argmax()) + 1
        if not count or sizes[largest - 1] < SMALLEST * found.size:
            return [Detection(whole, float(found.mean()))] if cropped else []
        rows, columns = ndimage.find_objects(parts)[largest - 1]
        across, down = image.shape[1] / found.shape[1], image.shape[0] / found.shape[0]
        box = Box(
            int(columns.start * across),
            int(rows.start * down),
            int(np.ceil(columns.stop * across)),
            int(np.ceil(rows.stop * down)),
        )
        large = box.width * box.height >= LARGE * whole.width * whole.height
        small = max(image.shape[:2]) < SMALL_PHOTO
        if cropped and (large or small) and not self._stands_out(image, box, found):
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


def _size_of(path: Path) -> tuple[int, int] | None:
    """Return the shorter and the longer side of a photo as it is stored; None for no photo."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_regular(path) as stream, Image.open(stream) as image:
                return min(image.size), max(image.size)
    except Exception:  # noqa: BLE001 - whatever is wrong with it is told as it is looked at
        return None


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
