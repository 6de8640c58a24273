"""Plain SIFT of the whole photo: what any better way to compare has to beat."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit.errors import MissingPackage

# Longer side of a photo, in px; keypoints at most; the share of the distance to the second nearest
# below which the nearest is a match (Lowe).
LONG_EDGE, MOST, RATIO = 640, 1000, 0.8

Float32 = npt.NDArray[np.float32]


def describe(image: npt.NDArray[np.uint8]) -> Float32:
    """
    Describe a photo by its keypoints.

    Parameters
    ----------
    image : numpy.ndarray
        Shape (h, w, 3), uint8, RGB.

    Returns
    -------
    numpy.ndarray
        Shape (k, 128), float32, each of length 1; k is at most 1,000.

    Raises
    ------
    MissingPackage
        If OpenCV is not installed.
    """
    cv2 = _opencv()
    scale = LONG_EDGE / max(image.shape[:2])
    if scale < 1:
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        image = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    _, found = cv2.SIFT_create(nfeatures=MOST).detectAndCompute(grey, None)
    if found is None:
        return np.zeros((0, 128), dtype=np.float32)
    rows: Float32 = found.astype(np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def matches(one: Float32, other: Float32) -> int:
    """Return how many keypoints of the one have a match in the other."""
    if not len(one) or len(other) < 2:
        return 0
    nearest = np.partition(-(one @ other.T), 1, axis=1)[:, :2]
    away = np.sqrt(np.maximum(2 + 2 * nearest, 0))
    return int((away[:, 0] < RATIO * away[:, 1]).sum())


def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise MissingPackage(
            'plain SIFT needs OpenCV, which is not installed: pip install "sightings[animals]"'
        ) from error
    return cv2
