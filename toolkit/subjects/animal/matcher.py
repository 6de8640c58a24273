"""Which individual an animal is: the marks of its coat, matched pair by pair."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toolkit.calibration import Calibration
from toolkit.errors import MissingPackage
from toolkit.records import Box, EncoderInfo, Features, PairScores
from toolkit.subjects.animal.calibration import FARTHEST, FITTED, PatternCalibration
from toolkit.subjects.animal.detectors import shrunk
from toolkit.subjects.animal.mask import SaliencyMask
from toolkit.subjects.base import Rgb

# Longer side, in px, at which an animal is described: more finds no more, and costs its square.
SIDE = 320
# Share of the box that is added around it, so that the whole outline is seen.
MARGIN = 0.05
# Marks of one animal that are described, at most; the clearest go first.
MOST = 700
# How clear a mark must be: a fifth of what is usual, for coats are soft.
CONTRAST = 0.005
CLAHE_LIMIT, CLAHE_TILES = 2.0, (8, 8)
# A mark is matched where its nearest one is nearer than this share of the second nearest (Lowe).
RATIO = 0.85
# How far, in px, a matched mark may be from where the others say it is.
STRAY = 5.0
# How much larger or smaller, and how far turned (degrees), the one may be than the other.
LARGER, TURNED = 1.6, 35.0
# Less than this many matched marks say no place: any three fit.
FEWEST = 4
DRAWS = 200
# How far, in px, from the animal a mark of its surroundings is at least: nearer ones see its
# outline.
AROUND = 12


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
            "animals are compared with OpenCV, which is not installed: "
            'pip install "sightings[animals]"'
        ) from error
    return cv2


class PatternMatcher:
    """
    Compares animals by the marks of their coats: SIFT inside the mask, and how many marks of both
    lie alike.

    Marks are described twice: upright, for animals that stand, and each turned its own way, for
    animals seen from above.

    Parameters
    ----------
    mask : SaliencyMask or None
        What tells the animal from its surroundings; None takes the whole box.
    fitted : PatternCalibration
        What the scores say.

    References
    ----------
    .. [1] D. Lowe, Distinctive image features from scale-invariant keypoints, 2004.
    .. [2] R. Arandjelovic, A. Zisserman, Three things everyone should know to improve object
       retrieval, 2012, for the square root of descriptors.
    .. [3] J. Crall et al., HotSpotter: patterned species instance recognition, 2013, for the use of
       places that agree.
    """

    scores = ("upright", "turned")
    farthest = FARTHEST

    def __init__(self, mask: SaliencyMask | None, fitted: PatternCalibration = FITTED) -> None:
        self._mask, self._fitted = mask, fitted
        self._own = threading.local()
        opencv()

    @property
    def info(self) -> EncoderInfo:
        """What its distances say."""
        about = (SIDE, MARGIN, MOST, CONTRAST, CLAHE_LIMIT, CLAHE_TILES, self._mask is None)
        digest = hashlib.sha256(repr(about).encode()).hexdigest()
        return EncoderInfo(
            "sift_marks",
            digest,
            0,
            "pairs",
            Calibration(self._fitted.slope, self._fitted.even),
            "whole box" if self._mask is None else "inside the mask",
        )

    def chips(self, image: Rgb, boxes: Sequence[Box]) -> Rgb:
        """
        Cut each animal out, with its mask as a fourth channel.

        Parameters
        ----------
        image : numpy.ndarray
            Shape (h, w, 3), uint8, RGB: the photo at full size.
        boxes : sequence of Box
            k animals, in px of `image`.

        Returns
        -------
        numpy.ndarray
            Shape (k, 320, 320, 4), uint8: RGB, and 255 for what is animal. Each lies in the upper
            left corner, its longer side 320 px; the rest is 0.
        """
        chips = np.zeros((len(boxes), SIDE, SIDE, 4), dtype=np.uint8)
        for chip, box in zip(chips, boxes, strict=True):
            height, width = image.shape[:2]
            right, down = round(box.width * MARGIN), round(box.height * MARGIN)
            top, left = max(0, box.top - down), max(0, box.left - right)
            part = image[
                top : max(top + 1, min(height, box.bottom + down)),
                left : max(left + 1, min(width, box.right + right)),
            ]
            small = shrunk(part, SIDE)
            tall, wide = small.shape[:2]
            chip[:tall, :wide, :3] = small
            inside = np.ones((tall, wide), dtype=np.bool_)
            if self._mask is not None and (marked := self._mask.of_size(part, wide, tall)).any():
                # Where nothing stands out, the box is all that is known.
                inside = marked
            chip[:tall, :wide, 3] = np.where(inside, 255, 0)
        return chips

    def features(self, chips: Rgb) -> list[Features]:
        """
        Describe the marks of each chip, shape (k, 320, 320, 4).

        Returns
        -------
        list of Features
            k times: "upright" and "turned", shape (m, 128), uint8; "upright_at" and "turned_at",
            shape (m, 2), float32, where each is, in px of the chip.
        """
        return [self._marks(chip) for chip in chips]

    def background_features(self, chips: Rgb) -> list[Features]:
        """
        Describe the marks around the animal in each chip, shape (k, 320, 320, 4).

        Returns
        -------
        list of Features
            k times: "behind", shape (m, 128), uint8, and "behind_at", shape (m, 2), float32, as
            `features` has those of the animal. Where the mask is the whole box, there are none.
        """
        return [self._marks_behind(chip) for chip in chips]

    def background(self, one: Features, other: Features) -> float:
        """Return how many marks around two animals lie alike; NaN where there are none of one."""
        ours, theirs = (
            {"upright": each["behind"], "upright_at": each["behind_at"]}
            if "behind" in each
            else {"upright": np.zeros((0, 128)), "upright_at": np.zeros((0, 2))}
            for each in (one, other)
        )
        if not len(ours["upright"]) or not len(theirs["upright"]):
            return float("nan")
        return float(_alike(ours, theirs, "upright", TURNED))

    def _marks_behind(self, chip: Rgb) -> Features:
        cv2 = opencv()
        there = chip[..., :3].any(axis=2) | (chip[..., 3] > 0)
        kernel = np.ones((2 * AROUND + 1, 2 * AROUND + 1), dtype=np.uint8)
        near = cv2.dilate(np.ascontiguousarray(chip[..., 3]), kernel) > 0
        behind = chip.copy()
        behind[..., 3] = np.where(there & ~near, 255, 0)
        found = self._marks(behind)
        return {"behind": found["upright"], "behind_at": found["upright_at"]}

    def _marks(self, chip: Rgb) -> Features:
        cv2 = opencv()
        if not hasattr(self._own, "sift"):
            cv2.setNumThreads(1)
            self._own.sift = cv2.SIFT_create(contrastThreshold=CONTRAST)
            self._own.clahe = cv2.createCLAHE(clipLimit=CLAHE_LIMIT, tileGridSize=CLAHE_TILES)
        there = chip[..., :3].any(axis=2) | (chip[..., 3] > 0)
        tall, wide = (int(each.max(initial=0)) + 1 for each in np.nonzero(there))
        part = chip[:tall, :wide]
        grey = self._own.clahe.apply(cv2.cvtColor(np.ascontiguousarray(part[..., :3]), 7))
        inside = np.ascontiguousarray(part[..., 3])
        found = self._own.sift.detect(grey, inside)
        found = sorted(found, key=lambda mark: (-mark.response, mark.pt, mark.angle))
        turned = found[:MOST]
        upright, known = [], set()
        for mark in found:
            place = (mark.pt, mark.size)
            if place not in known:
                known.add(place)
                upright.append(cv2.KeyPoint(*mark.pt, mark.size, 0.0, mark.response, mark.octave))
        marks: dict[str, npt.NDArray[np.generic]] = {}
        for name, those in (("upright", upright[:MOST]), ("turned", turned)):
            those, described = self._own.sift.compute(grey, those)
            none = described is None
            marks[name] = np.zeros((0, 128), np.uint8) if none else described.astype(np.uint8)
            places = [mark.pt for mark in those]
            marks[f"{name}_at"] = np.array(places, dtype=np.float32).reshape(-1, 2)
        return marks

    def shortlist(
        self, features: Sequence[Features], known: Sequence[Features] | None = None
    ) -> npt.NDArray[np.int64]:
        """Choose every pair: an index that loses none of them costs as much as comparing."""
        if known is None:
            return np.stack(np.triu_indices(len(features), k=1), axis=1).astype(np.int64)
        return np.argwhere(np.ones((len(features), len(known)), dtype=np.bool_)).astype(np.int64)

    def compare(self, one: Features, other: Features) -> npt.NDArray[np.float32]:
        """Return how many marks of both lie alike: upright, and turned any way."""
        return np.array(
            [
                _alike(one, other, "upright", TURNED),
                _alike(one, other, "turned", 180.0),
            ],
            dtype=np.float32,
        )

    def common(
        self, one: Features, other: Features
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return where the marks are that lie alike in both, as `subjects.base.in_common` does."""
        ways = (("upright", TURNED), ("turned", 180.0))
        here, there = max((_fitting(one, other, *way) for way in ways), key=lambda two: len(two[0]))
        # One that is found from either side is there once.
        both = np.unique(np.concatenate([here, there], axis=1), axis=0)
        return both[:, :2], both[:, 2:]

    def distances(self, found: PairScores) -> npt.NDArray[np.float32]:
        """Return how far the two of each pair are from each other, by what was fitted."""
        return self._fitted.distances(found)


def _alike(one: Features, other: Features, kind: str, most: float) -> int:
    """Return how many marks of two lie alike, turned by at most so many degrees."""
    return len(_fitting(one, other, kind, most)[0])


def _fitting(
    one: Features, other: Features, kind: str, most: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return where the marks that lie alike are in the one, and in the other."""
    none = np.zeros((0, 2), dtype=np.float32)
    if one[f"{kind}_at"].tobytes() > other[f"{kind}_at"].tobytes():
        # Which of the two is named first must not matter.
        there, here = _fitting(other, one, kind, most)
        return here, there
    ours, theirs = _directions(one[kind]), _directions(other[kind])
    if min(len(ours), len(theirs)) < 2:
        return none, none
    cosines = ours @ theirs.T
    first, second = _matched(cosines)
    backward, forward = _matched(np.ascontiguousarray(cosines.T))
    here = one[f"{kind}_at"][np.concatenate([first, forward])]
    there = other[f"{kind}_at"][np.concatenate([second, backward])]
    if len(here) < FEWEST:
        return none, none
    cv2 = opencv()
    moved, fits = cv2.estimateAffinePartial2D(
        here, there, method=cv2.RANSAC, ransacReprojThreshold=STRAY, maxIters=DRAWS
    )
    if moved is None:
        return none, none
    scale = float(np.hypot(moved[0, 0], moved[0, 1]))
    angle = abs(float(np.degrees(np.arctan2(moved[1, 0], moved[0, 0]))))
    if not (1 / LARGER < scale < LARGER and angle <= most):
        return none, none
    found = fits.ravel().astype(np.bool_)
    return here[found], there[found]


def _directions(described: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    """Return descriptors by the square root of their shares: their length is 1."""
    rows = described.astype(np.float32)
    rows /= np.maximum(rows.sum(axis=1, keepdims=True), 1.0)
    return np.sqrt(rows, out=rows)


def _matched(
    cosines: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows whose nearest column is far nearer than the second, and those columns."""
    rows = np.arange(len(cosines))
    nearest = cosines.argmax(axis=1)
    best = cosines[rows, nearest].copy()
    cosines[rows, nearest] = -2.0
    second = cosines.max(axis=1)
    cosines[rows, nearest] = best
    # Distances of directions: their squares are twice what the cosine lacks to 1.
    kept = np.flatnonzero(1.0 - best < RATIO**2 * (1.0 - second))
    return kept, nearest[kept]
