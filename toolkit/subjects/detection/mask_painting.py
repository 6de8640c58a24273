"""A mask painted by hand: begun as it was found, added to, taken from, kept as its box changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from toolkit.records import Mask

# Longer side of a mask that is begun here, in cells: subjects are compared at less.
FINEST = 512

Bbox = tuple[float, float, float, float]


def cells_for(width: float, height: float) -> tuple[int, int]:
    """
    Return how many cells a mask has.

    Parameters
    ----------
    width, height : float
        Of the box, in px of the photo.

    Returns
    -------
    (int, int)
        Columns and rows, 1 to `FINEST`: a cell a px where these are enough.
    """
    scale = min(1.0, FINEST / max(width, height, 1.0))
    return max(1, round(width * scale)), max(1, round(height * scale))


def begun(found: npt.NDArray[np.bool_] | None, cells: tuple[int, int]) -> Mask:
    """
    Return the mask that painting begins with.

    Parameters
    ----------
    found : numpy.ndarray or None
        Shape (a, b), bool: what of the box was found to count; None where all of it does.
    cells : (int, int)
        Columns and rows of the mask.
    """
    across, down = cells
    if found is None:
        return Mask.of(np.ones((down, across), dtype=np.bool_))
    height, width = found.shape
    rows = ((np.arange(down) + 0.5) * height / down).astype(np.int64)
    columns = ((np.arange(across) + 0.5) * width / across).astype(np.int64)
    return Mask.of(found[np.ix_(rows, columns)])


def stroked(
    mask: Mask,
    points: Sequence[tuple[float, float]],
    radius: float,
    size: tuple[float, float],
    *,
    adds: bool,
) -> Mask:
    """
    Return a mask after one stroke of a round brush.

    Parameters
    ----------
    mask : Mask
        As it was.
    points : sequence of (float, float)
        The way of the brush, one point or more, across and down as shares of the box; they may lie
        outside it.
    radius : float
        Of the brush, in px of the photo.
    size : (float, float)
        Width and height of the box, in px of the photo.
    adds : bool
        Whether it adds to the mask, or takes from it.

    Returns
    -------
    Mask
        Cells whose middle is no farther than the radius from the way are inside, or outside.
    """
    way = np.array(points, dtype=np.float64).reshape(-1, 2) * size
    inside = mask.inside
    across = (np.arange(mask.width) + 0.5) * size[0] / mask.width
    down = (np.arange(mask.height) + 0.5) * size[1] / mask.height
    for start, end in zip(way, way[1:] if len(way) > 1 else way, strict=False):
        low, high = np.minimum(start, end) - radius, np.maximum(start, end) + radius
        columns = slice(*np.searchsorted(across, [low[0], high[0]], side="left"))
        rows = slice(*np.searchsorted(down, [low[1], high[1]], side="left"))
        x, y = across[None, columns] - start[0], down[rows, None] - start[1]
        step = end - start
        # How far along the segment the nearest point of it lies, 0 to 1.
        along = (x * step[0] + y * step[1]) / max(float(step @ step), 1e-12)
        along = np.clip(along, 0.0, 1.0)
        away = (x - along * step[0]) ** 2 + (y - along * step[1]) ** 2
        inside[rows, columns][away <= radius**2] = adds
    return Mask.of(inside)


def onto(mask: Mask, before: Bbox, after: Bbox, cells: tuple[int, int]) -> Mask:
    """
    Return a mask of another box, with the same part of the photo inside.

    Parameters
    ----------
    mask : Mask
        Of the box before.
    before, after : tuple of float
        Left, top, width and height of both boxes, as shares of the photo.
    cells : (int, int)
        Columns and rows of the new mask.

    Returns
    -------
    Mask
        What the box did not have before is outside.
    """
    across = after[0] + (np.arange(cells[0]) + 0.5) / cells[0] * after[2]
    down = after[1] + (np.arange(cells[1]) + 0.5) / cells[1] * after[3]
    return Mask.of(mask.at((across - before[0]) / before[2], (down - before[1]) / before[3]))
