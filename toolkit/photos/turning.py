"""Pictures turned by quarters, and boxes in them."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from toolkit.records import Box

Value = TypeVar("Value", bound=np.generic)


def turned(image: npt.NDArray[Value], turn: int) -> npt.NDArray[Value]:
    """
    Return a picture, turned.

    Parameters
    ----------
    image : numpy.ndarray
        Shape (h, w, ...).
    turn : {0, 90, 180, 270}
        Degrees, clockwise.

    Returns
    -------
    numpy.ndarray
        Shape (h, w, ...) or (w, h, ...); the picture itself where there is nothing to turn.
    """
    return np.ascontiguousarray(np.rot90(image, -turn // 90)) if turn else image


def box_turned(box: Box, turn: int, *, width: int, height: int) -> Box:
    """
    Return where a box is after its picture was turned.

    Parameters
    ----------
    box : Box
        In px of the picture.
    turn : {0, 90, 180, 270}
        Degrees, clockwise.
    width, height : int
        Of the picture before, px.

    Examples
    --------
    >>> box_turned(Box(10, 0, 30, 5), 90, width=100, height=50)
    Box(left=45, top=10, right=50, bottom=30)
    """
    for _ in range(turn // 90):
        box = Box(height - box.bottom, box.left, height - box.top, box.right)
        width, height = height, width
    return box


def patch(
    image: npt.NDArray[Value], box: Box, turn: int, *, margin: float = 1.0
) -> tuple[npt.NDArray[Value], Box]:
    """
    Cut out a box and what is around it, and turn that.

    Parameters
    ----------
    image : numpy.ndarray
        Shape (h, w, ...).
    box : Box
        In px of `image`; some of it must be inside.
    turn : {0, 90, 180, 270}
        Degrees, clockwise.
    margin : float
        On each side, as a share of the box's sides; less where the picture ends.

    Returns
    -------
    (numpy.ndarray, Box)
        The part, and where the box is in it.
    """
    height, width = image.shape[:2]
    across, down = round(margin * box.width), round(margin * box.height)
    left, top = max(0, box.left - across), max(0, box.top - down)
    right, bottom = min(width, box.right + across), min(height, box.bottom + down)
    part = np.ascontiguousarray(image[top:bottom, left:right])
    inside = Box(box.left - left, box.top - top, box.right - left, box.bottom - top)
    return turned(part, turn), box_turned(inside, turn, width=right - left, height=bottom - top)
