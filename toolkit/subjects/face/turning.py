"""Faces that lie on their side or upside down: which way each stands, and where the others are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit.boxes import overlap
from toolkit.files import shipped
from toolkit.photos.turning import box_turned, patch, turned
from toolkit.records import TURNS, Box, Detection
from toolkit.subjects.base import Detector, Rgb
from toolkit.subjects.face import fitting
from toolkit.subjects.face.gradients import gradients

Floats = npt.NDArray[np.float64]

# Side in px of the chips that `uprightness` weighs.
CHIP = 40
WEIGHTS = "data/faces/upright.csv"
# A face whose chip is upright with these log-odds or more is not turned to try. Of 8 in 100 upright
# ones that is tried, of 1 in 100 that lie it is not (docs/faces.md).
SURE = 1.0
# Nor is one that the judge's own search gives less than this: of upright ones in plain sight, 99 in
# 100 have 1.0.
FRONTAL = 0.8
# Another way must be so much likelier (log-odds) than the one in which the face was found.
MARGIN = 1.0
# What the detector's score of the face turned counts beside them, and what counts where it does not
# see it: it hardly sees faces upside down.
SCORE, UNSEEN = 5.0, -0.2
# It is shown half a box around a face, of so many px.
AROUND, SHOWN = 0.5, 90
# Longer side, in px, of photos without a face that are searched turned; and the least score there.
GLIMPSE, CLEAR = 480, 0.5
# How much of a box is in another of the same face.
SAME = 0.3


class Searching(Detector, Protocol):
    """A detector that can be told how often to double a picture."""

    def search(self, image: Rgb, times: int) -> list[Detection]:
        """Return the faces in a picture that is doubled so often, best first."""
        ...


class FacePoints(Protocol):
    """What cuts faces out by their landmarks."""

    def chip(self, image: Rgb, box: Box, size: int) -> Rgb:
        """Cut a face out, turned upright and scaled, as a square of `size` px."""
        ...


@cache
def _weights() -> tuple[Floats, float]:
    told = np.loadtxt(shipped(WEIGHTS), delimiter=",", dtype=np.float64).reshape(-1)
    return told[:-1], float(told[-1])


def uprightness(chips: Rgb) -> Floats:
    """
    Say how likely faces in chips stand upright.

    A logistic regression on `toolkit.subjects.face.gradients`, fitted on faces of one half of the
    people of Labeled Faces in the Wild.

    Parameters
    ----------
    chips : numpy.ndarray
        Shape (k, 40, 40, 3), uint8, RGB, cut by the landmarks that were found in that position.

    Returns
    -------
    numpy.ndarray
        Shape (k,), float64: log-odds.
    """
    weights, start = _weights()
    return gradients(chips) @ weights + start


class TurnedFaces:
    """
    Finds faces with another detector, says how each stands, and finds those that lie.

    A face that does not look upright is looked at the four ways. Where one lies, the photo is
    searched again, turned, because the detectors see few of those; a photo without any face is
    searched in the three other ways at `GLIMPSE` px, and again where one was seen.

    Parameters
    ----------
    detector : Searching
        What finds.
    judge : Searching
        What is asked about single faces; it should see faces of 60 px and more.
    points : FacePoints
        What cuts chips.
    """

    def __init__(self, detector: Searching, judge: Searching, points: FacePoints) -> None:
        self.detector = detector
        self.judge = judge
        self.points = points

    @property
    def name(self) -> str:
        """What finds."""
        return self.detector.name

    @property
    def in_parts(self) -> bool:
        """Whether it may be shown a part of a photo."""
        return bool(getattr(self.detector, "in_parts", False))

    def needs(self, width: int, height: int) -> int:
        """Return how many bytes it takes to search a picture of this size in px."""
        from toolkit.subjects.base import needs

        return needs(self.detector, width, height) + 3 * width * height

    def detect(self, image: Rgb, path: Path | None = None) -> list[Detection]:
        """Return the faces, boxes in px of `image` (shape (h, w, 3), uint8, RGB), best first."""
        first = self.detector.detect(image, path)
        found = [self.standing(image, each) for each in first]
        turns = {each.turn for each in found} if found else self._glimpsed(image)
        if not turns - {0}:
            return found
        for turn in sorted(turns - {0}):
            found = _joined(found, self._lying(image, turn, path))
        return sorted(found, key=lambda d: (-d.score, d.box.top, d.box.left))

    def standing(self, image: Rgb, found: Detection) -> Detection:
        """
        Return a face with how it stands.

        Parameters
        ----------
        image : numpy.ndarray
            Shape (h, w, 3), uint8, RGB.
        found : Detection
            The face.
        """
        upright = float(uprightness(self.points.chip(image, found.box, CHIP)[None])[0])
        clear = self.detector is not self.judge or found.score >= FRONTAL
        if (clear and upright >= SURE) or not _is_seen(image, found.box):
            return found
        parts = [patch(image, found.box, turn, margin=AROUND) for turn in TURNS]
        likely = [self._likely(part, box) for part, box in parts]
        best = int(np.argmax(likely))
        return replace(found, turn=TURNS[best]) if likely[best] - likely[0] > MARGIN else found

    def fitted(self, image: Rgb, drawn: Detection) -> Detection:
        """
        Return a face that somebody boxed with how it stands and where its landmarks are sought.

        Boxes are drawn a little off, or around heads, and landmarks that are sought in such a box
        lie wrongly: a face is then as far from itself as from a stranger's.

        Parameters
        ----------
        image : numpy.ndarray
            Shape (h, w, 3), uint8, RGB.
        drawn : Detection
            The box.
        """
        if not _is_seen(image, drawn.box):
            return drawn
        best, turn, there = self._fit(image, drawn.box, 0)
        if best < SURE + SCORE * FRONTAL:
            for other in TURNS[1:]:
                likely, _, place = self._fit(image, drawn.box, other)
                if likely > best + (0 if turn else MARGIN):
                    best, turn, there = likely, other, place
        return replace(drawn, turn=turn, aligned=there)

    def _fit(self, image: Rgb, box: Box, turn: int) -> tuple[float, int, Box]:
        """Return how likely a boxed face stands so, how it does, and where its landmarks fit."""
        part, inside = patch(image, box, turn, margin=fitting.AROUND)

        def judge(tried: Box) -> float:
            return float(uprightness(self.points.chip(part, tried, CHIP)[None])[0])

        found = fitting.found_in(part, inside, lambda picture: self.judge.search(picture, 0))
        score = UNSEEN if found is None else found.score
        place = fitting.likeliest(inside, judge, enough=SURE) if found is None else found.box
        height, width = part.shape[:2]
        back, start = (
            box_turned(each, (360 - turn) % 360, width=width, height=height)
            for each in (place, inside)
        )
        right, down = box.left - start.left, box.top - start.top
        there = Box(back.left + right, back.top + down, back.right + right, back.bottom + down)
        return judge(place) + SCORE * score, turn, there

    def _likely(self, part: Rgb, box: Box) -> float:
        """Return the log-odds that a face stands upright in a part of a photo, without a start."""
        upright = float(uprightness(self.points.chip(part, box, CHIP)[None])[0])
        scale = SHOWN / max(box.width, box.height)
        size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        picture = Image.fromarray(part).resize(size, Image.Resampling.BILINEAR)
        seen = self.judge.search(np.asarray(picture), 0)
        there = _rows([box.scaled(scale, scale)])
        shared = overlap(there, _rows([each.box for each in seen]))[0]
        scores = [each.score for each, part in zip(seen, shared, strict=True) if part >= SAME]
        return upright + SCORE * max(scores, default=UNSEEN)

    def _lying(self, image: Rgb, turn: int, path: Path | None) -> list[Detection]:
        """Return the faces that stand upright in a photo once it is turned."""
        lying = turned(image, turn)
        height, width = lying.shape[:2]
        upright = [self.standing(lying, each) for each in self.detector.detect(lying, path)]
        return [
            replace(
                each,
                box=box_turned(each.box, (360 - turn) % 360, width=width, height=height),
                turn=turn,
            )
            for each in upright
            if each.turn == 0
        ]

    def _glimpsed(self, image: Rgb) -> set[int]:
        """Return the ways in which a photo without a face seems to show one."""
        longest = max(image.shape[:2])
        small = image
        if longest > GLIMPSE:
            size = [max(1, round(side * GLIMPSE / longest)) for side in image.shape[1::-1]]
            picture = Image.fromarray(image).resize((size[0], size[1]), Image.Resampling.BILINEAR)
            small = np.asarray(picture)
        times = int(2 * max(small.shape[:2]) <= GLIMPSE * 1.25)
        ways = set()
        for turn in TURNS[1:]:
            lying = turned(small, turn)
            seen = [each for each in self.judge.search(lying, times) if each.score >= CLEAR]
            if any(self.standing(lying, each).turn == 0 for each in seen):
                ways.add(turn)
        return ways


def _joined(found: Sequence[Detection], more: Sequence[Detection]) -> list[Detection]:
    """Add faces that were found in the turned photo; of those known before, they are nearer."""
    upright = [each for each in found if each.turn == 0]
    lying = [each for each in found if each.turn]
    kept = [each for each in more if not _meets(each, upright)]
    return [*upright, *(each for each in lying if not _meets(each, kept)), *kept]


def _meets(one: Detection, others: Sequence[Detection]) -> bool:
    shared = overlap(_rows([one.box]), _rows([each.box for each in others]))
    return bool((shared >= SAME).any())


def _is_seen(image: Rgb, box: Box) -> bool:
    """Whether a box has more than an edge in the picture."""
    height, width = image.shape[:2]
    across = min(box.right, width) - max(box.left, 0)
    return across > 1 and min(box.bottom, height) - max(box.top, 0) > 1


def _rows(boxes: Sequence[Box]) -> Floats:
    places = [(box.left, box.top, box.right, box.bottom) for box in boxes]
    return np.array(places, dtype=np.float64).reshape(-1, 4)
