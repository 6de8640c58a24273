"""Bright squares on black photos, for tests of photo size: found by their sides, told by colour."""

import numpy as np
from scipy import ndimage
from tiles import ColourEncoder

from toolkit.records import Box, Detection


def bright_squares(image: np.ndarray, least: float) -> list[Detection]:
    """Return the bright squares in an image whose sides have at least so many pixels."""
    places = ndimage.find_objects(ndimage.label(image.max(axis=2) > 100)[0])
    return [
        Detection(Box(across.start, down.start, across.stop, down.stop), 1.0)
        for down, across in places
        if min(down.stop - down.start, across.stop - across.start) >= least
    ]


class MeanEncoder(ColourEncoder):
    """Describes a square by the colour of its middle."""

    def chips(self, image, boxes):
        middles = [((b.top + b.bottom) // 2, (b.left + b.right) // 2) for b in boxes]
        return np.stack(
            [image[y : y + 1, x : x + 1].repeat(12, 0).repeat(12, 1) for y, x in middles]
        )
