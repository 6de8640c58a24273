"""Marks of two that are alike and lie alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from toolkit.errors import MissingPackage
from toolkit.records import Features

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]

# How far, in px, a matched mark may be from where the others say it is.
STRAY = 5.0
# How much larger or smaller, and how far turned (degrees), the one may be than the other.
LARGER, TURNED, ANY_WAY = 1.6, 35.0, 180.0
# Less than this many matched marks say no place: any three fit.
FEWEST = 4
DRAWS = 200
NONE = np.zeros((0, 2), dtype=np.float32)


def opencv() -> Any:
    """
    Return OpenCV.

    Raises
    ------
    MissingPackage
        If it is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise MissingPackage(
            "pictures are compared with OpenCV, which is not installed: "
            'pip install "sightings[animals]"'
        ) from error
    return cv2


def fitting(
    one: Features, other: Features, kind: str, most: float, ratio: float
) -> tuple[Float32, Float32]:
    """
    Return where the marks that lie alike are in the one, and in the other.

    A mark is matched with its nearest where that is far nearer than the second nearest, from the
    one to the other and back; those count that a shift, a turn and one change of size explain.

    Parameters
    ----------
    one, other : Features
        By `kind`, descriptors, shape (m, d), SIFT's uint8, others signed; and by `kind` with "_at"
        behind it, shape (m, 2), where each is, in px.
    kind : str
        Which marks.
    most : float
        Degrees by which the one may be turned.
    ratio : float
        How far nearer: the share of the distance to the second nearest (Lowe).

    Returns
    -------
    (numpy.ndarray, numpy.ndarray)
        Shape (k, 2), float32, both; one that is matched both ways is there twice.
    """
    if one[f"{kind}_at"].tobytes() > other[f"{kind}_at"].tobytes():
        # Which of the two is named first must not matter.
        there, here = fitting(other, one, kind, most, ratio)
        return here, there
    ours, theirs = _directions(one[kind]), _directions(other[kind])
    if min(len(ours), len(theirs)) < 2:
        return NONE, NONE
    cosines = ours @ theirs.T
    first, second = _matched(cosines, ratio)
    backward, forward = _matched(np.ascontiguousarray(cosines.T), ratio)
    here = one[f"{kind}_at"][np.concatenate([first, forward])]
    there = other[f"{kind}_at"][np.concatenate([second, backward])]
    if len(here) < FEWEST:
        return NONE, NONE
    moved, fits = opencv().estimateAffinePartial2D(
        here, there, method=opencv().RANSAC, ransacReprojThreshold=STRAY, maxIters=DRAWS
    )
    if moved is None:
        return NONE, NONE
    scale = float(np.hypot(moved[0, 0], moved[0, 1]))
    angle = abs(float(np.degrees(np.arctan2(moved[1, 0], moved[0, 0]))))
    if not (1 / LARGER < scale < LARGER and angle <= most):
        return NONE, NONE
    found = fits.ravel().astype(np.bool_)
    return here[found], there[found]


def _directions(described: npt.NDArray[np.generic]) -> Float32:
    """Return descriptors of length 1; of SIFT's (uint8), the square roots of their shares."""
    rows = described.astype(np.float32)
    if described.dtype != np.uint8:
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        return rows
    rows /= np.maximum(rows.sum(axis=1, keepdims=True), 1.0)
    return np.sqrt(rows, out=rows)


def _matched(cosines: Float32, ratio: float) -> tuple[Int64, Int64]:
    """Return the rows whose nearest column is far nearer than the second, and those columns."""
    rows = np.arange(len(cosines))
    nearest = cosines.argmax(axis=1)
    best = cosines[rows, nearest].copy()
    cosines[rows, nearest] = -2.0
    second = cosines.max(axis=1)
    cosines[rows, nearest] = best
    # Distances of directions: their squares are twice what the cosine lacks to 1.
    kept = np.flatnonzero(1.0 - best < ratio**2 * (1.0 - second))
    return kept, nearest[kept]
