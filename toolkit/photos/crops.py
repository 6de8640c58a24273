"""What of a photo shows one sighting: a square around its box, always inside the photo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from toolkit.photos.opening import Rgb
from toolkit.photos.turning import turned

# What to show around a box, as a share of its longer side on each of its four sides.
MARGIN = 0.3
# A box so many times as long as the photo is that of a damaged table, or of another photo.
ABSURD = 8
# Bars beside a crop that cannot be square.
GREY = (160, 160, 160)


class Crop(NamedTuple):
    """Part of a picture in px, right and bottom exclusive; never empty, never beyond its edges."""

    left: int
    top: int
    right: int
    bottom: int

    def of(self, image: Rgb) -> Rgb:
        """Return this part of a picture of shape (h, w, 3), without copying it."""
        return image[self.top : self.bottom, self.left : self.right]


def around(box: Sequence[float], *, width: int, height: int, margin: float = MARGIN) -> Crop | None:
    """
    Return the part of a picture that shows what a box holds.

    It is a square with the box in its middle and a margin around it. Where it would reach over the
    picture's edge it is moved inside, and where it is too large for that, its margin shrinks. Only
    a box that is longer than the picture is wide or high has a part that is no square: all of the
    picture in that direction, and as much in the other one as the box needs.

    Parameters
    ----------
    box : sequence of float
        left, top, right, bottom in px of the picture; it may reach over its edges.
    width, height : int
        Of the picture, in px.
    margin : float
        On each side, as a share of the box's longer side.

    Returns
    -------
    Crop or None
        None for a box that shows nothing of the picture: without numbers, beyond its edges, or so
        large that it cannot be of this picture.

    Examples
    --------
    >>> around((40, 40, 60, 60), width=200, height=100, margin=0.5)
    Crop(left=30, top=30, right=70, bottom=70)
    >>> around((0, 0, 20, 20), width=200, height=100, margin=0.5)
    Crop(left=0, top=0, right=40, bottom=40)
    >>> around((20, 0, 180, 100), width=200, height=100, margin=0.0)
    Crop(left=20, top=0, right=180, bottom=100)
    >>> around((300, 0, 400, 100), width=200, height=100) is None
    True
    """
    left, top, right, bottom = (float(edge) for edge in box)
    # Comparing with nan is False.
    seen = left <= right and top <= bottom and left < width and top < height
    if not (seen and right > 0 and bottom > 0):
        return None
    longest = max(right - left, bottom - top, 1.0)
    if longest > ABSURD * max(width, height):
        return None
    side = round(longest * (1 + 2 * margin))
    shortest = min(width, height)
    if side > shortest:
        side = max(shortest, round(longest))
    starts = [
        min(max(0, round((low + high - size) / 2)), most - size)
        for low, high, most in ((left, right, width), (top, bottom, height))
        for size in (min(side, most),)
    ]
    across, down = min(side, width), min(side, height)
    return Crop(starts[0], starts[1], starts[0] + across, starts[1] + down)


def tile(
    image: Rgb,
    box: Sequence[float],
    *,
    side: int,
    margin: float = MARGIN,
    resample: Image.Resampling = Image.Resampling.BILINEAR,
    turn: int = 0,
) -> Rgb | None:
    """
    Cut out what a box holds, as a square picture of a given size.

    Parameters
    ----------
    image : numpy.ndarray
        Shape (h, w, 3), uint8, RGB.
    box : sequence of float
        As for `around`, in px of `image`.
    side : int
        Of the square, in px.
    margin : float
        As for `around`.
    resample : Image.Resampling
        How it is brought to size.
    turn : {0, 90, 180, 270}
        Degrees, clockwise, by which it is turned to be upright.

    Returns
    -------
    numpy.ndarray or None
        Shape (side, side, 3), uint8; what cannot be square has grey bars. None where `around` is.
    """
    height, width = image.shape[:2]
    crop = around(box, width=width, height=height, margin=margin)
    if crop is None:
        return None
    picture = ImageOps.pad(Image.fromarray(crop.of(image)), (side, side), resample, GREY)
    return turned(np.asarray(picture, dtype=np.uint8), turn)
