"""Turns the detector's scores into boxes in the photo."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from toolkit.subjects.face.dlib.network import DetectorNetwork
from toolkit.subjects.face.dlib.pyramid import Tile, Tiling

Float32 = npt.NDArray[np.float32]
Rectangle = tuple[int, int, int, int]  # left, top, right, bottom in px, all inclusive

# dlib's pyramid places a point of one level in the level above at 6/5 of it and 0.3 px on.
_GROW = 6 / 5
_SHIFT = 0.3


class FoundBox(NamedTuple):
    """A box in the photo and how sure the detector is of it."""

    left: int  # px; may lie outside the photo, as the other edges may
    top: int
    right: int  # exclusive
    bottom: int  # exclusive
    confidence: float  # above the threshold; around 1 for a clear face


def find_boxes(
    scores: Float32,
    tiling: Tiling,
    network: DetectorNetwork,
    *,
    threshold: float = 0.0,
    upsample: int = 0,
) -> list[FoundBox]:
    """
    Map every score above a threshold to its box, and keep the best of those that overlap.

    Parameters
    ----------
    scores : (windows, rows, columns) float32
        The detector's output for the tiled image.
    tiling : Tiling
        With at least one tile.
    network : DetectorNetwork
        Its strides, windows and limits of suppression are used.
    threshold : float
        Scores must be larger.
    upsample : int
        How often the photo was doubled before.

    Returns
    -------
    list of FoundBox
        Most confident first; equal scores in the order of `scores`, as in dlib while there
        are at most 16 (beyond that its order of equals depends on the compiler).
    """
    windows, rows, columns = np.nonzero(scores > threshold)
    values = scores[windows, rows, columns]
    order = np.argsort(-values, kind="stable")
    stride, offset = _cell_to_tiled(network)
    kept: list[Rectangle] = []
    confidences = []
    for best in order.tolist():
        window = network.windows[windows[best]]
        box = _box_in_photo(
            int(columns[best]) * stride + offset,
            int(rows[best]) * stride + offset,
            window.width,
            window.height,
            tiling,
        )
        if any(_overlap(other, box, network.overlap, network.covered) for other in kept):
            continue
        kept.append(box)
        confidences.append(float(values[best]))
    return [
        _exclusive(_halved(box, upsample), confidence)
        for box, confidence in zip(kept, confidences, strict=True)
    ]


def _cell_to_tiled(network: DetectorNetwork) -> tuple[int, int]:
    """Give stride and offset: the middle of output cell i is px ``stride * i + offset``."""
    stride, offset = 1, 0
    for convolution in [network.last, *(pair[0] for pair in reversed(network.layers))]:
        stride *= convolution.stride
        centre = convolution.filters.shape[2] // 2 - convolution.padding
        offset = offset * convolution.stride + centre
    return stride, offset


def _box_in_photo(x: int, y: int, width: int, height: int, tiling: Tiling) -> Rectangle:
    level = _nearest_tile(x, y, tiling)
    tile = tiling.tiles[level]
    across, down = (width - 1) / 2, (height - 1) / 2
    left, right = _grown(x - across - tile.left, level), _grown(x + across - tile.left, level)
    top, bottom = _grown(y - down - tile.top, level), _grown(y + down - tile.top, level)
    return _rounded(left), _rounded(top), _rounded(right), _rounded(bottom)


def _nearest_tile(x: int, y: int, tiling: Tiling) -> int:
    """Give the first of the levels nearest to a point, which may lie between them."""

    def squared_distance(tile: Tile) -> int:
        across = max(tile.left - x, 0, x - (tile.right - 1))
        down = max(tile.top - y, 0, y - (tile.bottom - 1))
        return across * across + down * down

    distances = [squared_distance(tile) for tile in tiling.tiles]
    return distances.index(min(distances))


def _grown(place: float, levels: int) -> float:
    for _ in range(levels):
        place = place * _GROW + _SHIFT
    return place


def _rounded(place: float) -> int:
    """Round to the nearest integer, halves away from zero as C's ``lround`` does."""
    return int(math.copysign(math.floor(abs(place) + 0.5), place))


def _halved(box: Rectangle, times: int) -> Rectangle:
    """Undo the doubling of the photo as dlib's ``pyramid_down<2>`` does."""
    if not times:
        return box
    left, top, right, bottom = (float(edge) for edge in box)
    for _ in range(times):
        left, right = left / 2 - 1.25, right / 2 - 1.25
        top, bottom = top / 2 - 0.75, bottom / 2 - 0.75
    return _rounded(left), _rounded(top), _rounded(right), _rounded(bottom)


def _exclusive(box: Rectangle, confidence: float) -> FoundBox:
    left, top, right, bottom = box
    return FoundBox(left, top, right + 1, bottom + 1, confidence)


def _area(box: Rectangle) -> int:
    left, top, right, bottom = box
    return max(right - left + 1, 0) * max(bottom - top + 1, 0)


def _overlap(one: Rectangle, other: Rectangle, overlap: float, covered: float) -> bool:
    """
    Say whether two boxes are too close to be two detections.

    As in dlib's ``test_box_overlap`` the common area is compared with that of the
    smallest box around both, not of their union.
    """
    lefts, tops, rights, bottoms = zip(one, other, strict=True)
    if max(lefts) > min(rights) or max(tops) > min(bottoms):
        return False
    common = _area((max(lefts), max(tops), min(rights), min(bottoms)))
    around = _area((min(lefts), min(tops), max(rights), max(bottoms)))
    return (
        common / around > overlap
        or common / _area(one) > covered
        or common / _area(other) > covered
    )
