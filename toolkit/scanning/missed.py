"""Subjects that no detector found, and that somebody drew a box around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from toolkit.boxes import overlap
from toolkit.photos.identity import ORIENTATIONS, Identity, turned_box, turned_digest
from toolkit.records import Box, Detection, Photo
from toolkit.subjects.base import Detector, Rgb, fitted

# A drawn box that shares more than this of the union with a found one is about that one.
SAME = 0.5
# Px of the shorter side of a box below which there is nothing to be seen in it.
SMALLEST = 8


def fits(box: Box, width: int, height: int) -> bool:
    """Whether at least half of a box lies in a photo of this size in px."""
    across = max(0, min(box.right, width) - max(box.left, 0))
    down = max(0, min(box.bottom, height) - max(box.top, 0))
    return 2 * across * down >= box.width * box.height


@dataclass(frozen=True)
class Marks:
    """
    The boxes that were drawn in one photo.

    Attributes
    ----------
    boxes : tuple of Box
        In px of the full-size photo as it stood when they were drawn.
    before : int
        The orientation that it had, 1 to 8; 0 for the one that it has.
    """

    boxes: tuple[Box, ...] = ()
    before: int = 0

    @property
    def key(self) -> str:
        """What they are known by in the store of what was seen; "" for none."""
        edges = sorted((box.left, box.top, box.right, box.bottom) for box in self.boxes)
        return f"{self.before}:{edges}" if edges else ""

    def upright(self, width: int, height: int, now: int) -> list[Box]:
        """Return those that lie in the photo, in px of it as it stands, with orientation `now`."""
        found = list(self.boxes)
        if self.before:
            edges = [(box.left, box.top, box.right, box.bottom) for box in found]
            found = [
                Box(*map(int, turned_box(each, (width, height), self.before, now)))
                for each in edges
            ]
        return [box for box in found if fits(box, width, height)]


class Missed:
    """
    Boxes by their photos, which are known by their pictures, also where these were turned since.

    Parameters
    ----------
    boxes : sequence of (str, Box)
        The digest of a photo, and a box in px of it at full size.
    """

    def __init__(self, boxes: Sequence[tuple[str, Box]] = ()) -> None:
        self._of: dict[str, tuple[Box, ...]] = {}
        for photo, box in dict.fromkeys(boxes):
            self._of[photo] = (*self._of.get(photo, ()), box)

    def of(self, who: Identity, photo: str) -> Marks:
        """Return the boxes in a photo, by what is known of its file and the digest of it."""
        if not self._of:
            return Marks()
        for digest in filter(None, (photo, who.file)):
            if digest in self._of:
                return Marks(self._of[digest])
        for before in ORIENTATIONS if who.image else ():
            if (turned := turned_digest(who.image, before)) in self._of:
                return Marks(self._of[turned], before)
        return Marks()

    def drawn_in(self, photo: Photo) -> list[Box]:
        """Return the boxes in a photo that was looked at, in px of it as it stands."""
        who = Identity(photo.file_digest, photo.image_digest, photo.orientation)
        marks = self.of(who, photo.digest)
        return marks.upright(photo.width, photo.height, photo.orientation)

    def any_in(self, photo: Photo) -> bool:
        """Whether somebody drew in a photo, be it in its picture or outside."""
        who = Identity(photo.file_digest, photo.image_digest, photo.orientation)
        return bool(self.of(who, photo.digest).boxes)

    def about(self, photo: Photo) -> frozenset[str]:
        """Return what a photo may be called where something is decided about it."""
        return frozenset(filter(None, (photo.digest, photo.file_digest))) & self._of.keys()


def joined(
    found: Sequence[Detection], boxes: Sequence[Box], detector: Detector, small: Rgb, scale: float
) -> tuple[list[Detection], list[bool]]:
    """
    Add the subjects in drawn boxes to those that were found.

    Parameters
    ----------
    found : sequence of Detection
        In px of the full-size photo.
    boxes : sequence of Box
        The drawn ones, in the same px.
    detector : Detector
        Says how each stands and from where it is cut out, where it can.
    small : numpy.ndarray
        Shape (h, w, 3), uint8, RGB: the photo as it is searched.
    scale : float
        Px of `small` for each px of the photo.

    Returns
    -------
    (list of Detection, list of bool)
        The found ones, then the others with score 1; and which of them somebody drew. One that
        shares more than `SAME` with another is that one.
    """
    every, drawn = list(found), [False] * len(found)
    for box in boxes:
        there = np.array(
            [(each.box.left, each.box.top, each.box.right, each.box.bottom) for each in every]
        ).reshape(-1, 4)
        edges = np.array([(box.left, box.top, box.right, box.bottom)])
        shared = overlap(edges, there)[0]
        if len(shared) and shared.max() > SAME:
            drawn[int(shared.argmax())] = True
            continue
        seen = fitted(detector, small, Detection(box.scaled(scale, scale), 1.0))
        place = seen.aligned and seen.aligned.scaled(1 / scale, 1 / scale)
        every.append(replace(seen, box=box, aligned=place))
        drawn.append(True)
    return every, drawn
