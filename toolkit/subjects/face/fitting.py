"""Where landmarks are sought in a box that somebody drew around a face, which is seldom just so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit.boxes import overlap
from toolkit.records import Box, Detection
from toolkit.subjects.base import Rgb

# What is around the drawn box that a detector is shown, as a share of its sides, and how many px
# the box has there.
AROUND, SHOWN = 0.6, (90, 140)
# How much of the union a face that it finds has to share with the box.
SAME = 0.2
# Where nothing is found: sides of the boxes that are tried, and how far they are moved, as shares
# of the drawn one's.
SIDES, MOVES = (0.7, 0.85, 1.0), (-0.2, -0.1, 0.0, 0.1, 0.2)

Search = Callable[[Rgb], list[Detection]]
Judge = Callable[[Box], float]


def found_in(part: Rgb, box: Box, search: Search) -> Detection | None:
    """
    Return the face that somebody boxed as a detector has it; None where it sees none.

    Parameters
    ----------
    part : numpy.ndarray
        Shape (h, w, 3), uint8, RGB: the box and what is around it, upright.
    box : Box
        In px of `part`.
    search : callable
        Finds faces of 60 px and more.
    """
    seen: list[Detection] = []
    for side in SHOWN:
        scale = side / max(box.width, box.height)
        size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        picture = Image.fromarray(part).resize(size, Image.Resampling.BILINEAR)
        for each in search(np.asarray(picture)):
            place = each.box.scaled(1 / scale, 1 / scale)
            if overlap(_row(box), _row(place))[0, 0] >= SAME:
                seen.append(replace(each, box=place))
    return max(seen, key=lambda each: each.score, default=None)


def likeliest(box: Box, judge: Judge, *, enough: float) -> Box:
    """
    Return the square in a box; where landmarks do not fit there, the one near it where they do.

    Parameters
    ----------
    box : Box
        The one that somebody drew.
    judge : callable
        Says how well they fit in a square: larger is better.
    enough : float
        How well is well.
    """
    side = min(box.width, box.height)
    middle = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
    usual = _square(*middle, side)
    if judge(usual) >= enough:
        return usual
    tried = [
        _square(middle[0] + across * box.width, middle[1] + down * box.height, share * side)
        for share, across, down in product(SIDES, MOVES, MOVES)
    ]
    return tried[int(np.argmax([judge(each) for each in tried]))]


def _square(across: float, down: float, side: float) -> Box:
    half = max(side, 2.0) / 2
    left, top = round(across - half), round(down - half)
    return Box(left, top, left + max(2, round(side)), top + max(2, round(side)))


def _row(box: Box) -> npt.NDArray[np.float64]:
    return np.array([[box.left, box.top, box.right, box.bottom]], dtype=np.float64)
