"""Search a photo for subjects; one that is a strip in overlapping parts, each subject once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from toolkit.photos import pixels, strips
from toolkit.photos.crops import Crop
from toolkit.photos.pixels import Rgb
from toolkit.records import Box, Detection
from toolkit.subjects.base import Detector, in_parts, needs

# Two boxes that share so much of the smaller one are one subject.
SAME = 0.4
# Px by which a box may stay away from a cut and still be cut off by it.
NEAR = 3


def size_for(detector: Detector, width: int, height: int, long_edge: int) -> tuple[int, int]:
    """Return at which size, in px, a detector searches a photo of `width` and `height`."""
    if in_parts(detector):
        return strips.size(width, height, long_edge)
    return pixels.fit(width, height, long_edge)


def needed(detector: Detector, size: tuple[int, int], long_edge: int) -> int:
    """Return how many bytes it takes to search a photo at the size that `size_for` returned."""
    if not (in_parts(detector) and strips.is_strip(*size, long_edge)):
        return needs(detector, *size)
    longer, shorter = min(max(size), long_edge), min(size)
    # Beside the search, what is searched: a part of full size, and of half before it is shrunk.
    return needs(detector, longer, shorter) + 12 * longer * shorter


def search(
    detector: Detector,
    image: Rgb,
    path: Path,
    *,
    long_edge: int,
    stop: Callable[[], bool] | None = None,
) -> list[Detection]:
    """
    Find the subjects in a photo.

    Parameters
    ----------
    detector : Detector
        What finds them.
    image : numpy.ndarray
        Shape (h, w, 3), uint8, RGB, upright, of the size that `size_for` returned.
    path : Path
        The photo's file.
    long_edge : int
        Longer side, in px, of what is searched at once.
    stop : callable, optional
        Asked before each part of a strip; nothing more is found after its first yes.

    Returns
    -------
    list of Detection
        Boxes in px of `image`, best score first. One that is cut off at the edge of a part is left
        out where another part shows it whole.
    """
    height, width = image.shape[:2]
    if not (in_parts(detector) and strips.is_strip(width, height, long_edge)):
        return detector.detect(image, path)
    found: list[Detection] = []
    for shrunk, part in strips.parts(width, height, long_edge):
        if stop is not None and stop():
            break
        crop = np.ascontiguousarray(part.of(image))
        wide, high = crop.shape[1], crop.shape[0]
        if shrunk > 1:
            crop = pixels.shrunk(crop, (max(1, wide // shrunk), max(1, high // shrunk)))
        factor = (wide / crop.shape[1], high / crop.shape[0])
        for each in detector.detect(crop, path):
            box = each.box.scaled(*factor)
            if not _cut_off(box, part, (width, height)):
                moved = Box(
                    box.left + part.left,
                    box.top + part.top,
                    box.right + part.left,
                    box.bottom + part.top,
                )
                found.append(replace(each, box=moved))
    return _each_once(found)


def _cut_off(box: Box, part: Crop, size: tuple[int, int]) -> bool:
    """Whether a box, in px of a part, ends at a cut, and is small enough to be whole elsewhere."""
    width, height = part.right - part.left, part.bottom - part.top
    across = (part.left > 0 and box.left < NEAR) or (
        part.right < size[0] and box.right > width - NEAR
    )
    down = (part.top > 0 and box.top < NEAR) or (
        part.bottom < size[1] and box.bottom > height - NEAR
    )
    # What is larger than the shorter side may be whole in no part at all.
    return (across and box.width <= min(size)) or (down and box.height <= min(size))


def _each_once(found: list[Detection]) -> list[Detection]:
    """Return the best of those that share a place, best score first."""
    kept: list[Detection] = []
    for each in sorted(found, key=lambda one: -one.score):
        if all(each.kind != other.kind or _shared(each.box, other.box) < SAME for other in kept):
            kept.append(each)
    return kept


def _shared(one: Box, other: Box) -> float:
    """Return how much of the smaller of two boxes the other covers, 0 to 1."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    smaller = min(one.width * one.height, other.width * other.height)
    return max(0, across) * max(0, down) / max(1, smaller)
