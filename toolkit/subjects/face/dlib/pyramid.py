"""The pyramid of shrunken photos that dlib's detector looks at, tiled into one image."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.intp]

SHRINK = 5.0 / 6.0
_FEWEST_ROWS = 5
# Work is cut into strips that the processor's cache holds.
_STRIP_ROWS = 32
_STRIP_VALUES = 2**14
_WORD = 2**64


@dataclass(frozen=True)
class Tile:
    """Where one level of the pyramid lies in the tiled image, in px."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """Exclusive right edge, px."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """Exclusive bottom edge, px."""
        return self.top + self.height


@dataclass(frozen=True)
class Tiling:
    """The size of the tiled image in px, and its levels from the largest to the smallest."""

    height: int
    width: int
    tiles: tuple[Tile, ...]


def tile_levels(height: int, width: int, *, gap: int = 10, border: int = 11) -> Tiling:
    """
    Lay out the pyramid as dlib does: one column of levels down, a second one back up.

    Each level has floor(5/6) of the rows and columns of the one before, down to 5 rows.
    The second column stands at the right side; levels that would run into the photo
    itself are left out.

    Parameters
    ----------
    height, width : int
        Size of the photo in px; at least 0.
    gap : int
        px between two levels.
    border : int
        px around all of them.

    Returns
    -------
    Tiling
        Without tiles for an empty photo, and for one narrower than `gap`: dlib does not
        search those.

    Notes
    -----
    dlib compares these lengths as unsigned 64-bit numbers, so that a difference below
    zero counts as a huge one. The layout of photos narrower than 60 px depends on it:
    levels overlap there. dlib then reads pixels it has just overwritten, one by one,
    which is not repeated here; confidences in such photos differ by up to 0.002.
    """
    if height * width == 0:
        return Tiling(0, 0, ())
    sizes = [(height, width)]
    while True:
        rows, columns = (math.floor(SHRINK * side) for side in sizes[-1])
        if columns == 0 or rows < _FEWEST_ROWS:
            break
        sizes.append((rows, columns))

    total = sum(rows + gap for rows, _ in sizes) - 2 * gap
    down = 0
    first_column = 0
    previous_width = 0
    for rows, columns in sizes:
        fits_beside = columns <= (width - previous_width - gap) % _WORD
        if fits_beside and ((down - height) * 2) % _WORD >= (total - height) % _WORD:
            break
        down += rows + gap
        previous_width = columns
        first_column += 1
    down -= gap

    tiles = []
    top = border
    for rows, columns in sizes[:first_column]:
        tiles.append(Tile(border, top, columns, rows))
        top += rows + gap
    bottom = top - gap
    for rows, columns in sizes[first_column:]:
        tile = Tile(border + width - columns, bottom - rows, columns, rows)
        if not tiles or (tile.top < tiles[0].bottom and tile.left < tiles[0].right):
            break
        tiles.append(tile)
        bottom -= rows + gap
    return Tiling(down + 2 * border, width + 2 * border, tuple(tiles))


def row_positions(before: int, after: int) -> tuple[Indices, Float64]:
    """
    Say which rows of an image make each row of its resized copy.

    The first and the last row keep their places. The position is summed up in float64,
    as dlib does.

    Parameters
    ----------
    before, after : int
        Rows of the image and of the copy; at least 1.

    Returns
    -------
    first : (after,) intp
        The upper one of the two rows.
    weight : (after,) float64
        The share of the row below it, 0 to 1.
    """
    step = (before - 1) / max(after - 1, 1)
    steps = np.full(after, step)
    steps[0] = 0.0
    position = np.add.accumulate(steps)
    first = np.minimum(np.floor(position).astype(np.intp), before - 1)
    return first, position - first


def column_positions(before: int, after: int) -> tuple[Indices, Float64, int]:
    """
    Say which columns of an image make each column of its resized copy.

    dlib steps through four columns at a time in float32 and lets the rounding errors
    add up, to a tenth of a pixel in a photo 4000 px wide; the last few columns are placed
    in float64. The same steps are taken here.

    Parameters
    ----------
    before, after : int
        Columns of the image and of the copy; at least 1.

    Returns
    -------
    first : (after,) intp
        The left one of the two columns.
    weight : (after,) float64
        The share of the column right of it, 0 to 1.
    quick : int
        How many columns, from the left, were placed in float32.
    """
    step = (before - 1) / max(after - 1, 1)
    groups = after // 4
    lanes = np.empty((groups + 1, 4), dtype=np.float32)
    lanes[0] = [-4 * step + lane * step for lane in range(4)]
    lanes[1:] = 4 * step
    position = np.add.accumulate(lanes, axis=0, dtype=np.float32)[1:]
    beyond = np.floor(position[:, 3]) + 1 >= before
    quick = 4 * (int(np.argmax(beyond)) if beyond.any() else groups)

    places = np.empty(after)
    places[:quick] = position.reshape(-1)[:quick]
    steps = np.full(after - quick + 1, step)
    steps[0] = -step + quick * step
    places[quick:] = np.add.accumulate(steps)[1:]
    first = np.minimum(np.floor(places).astype(np.intp), before - 1)
    return first, places - first, quick


def upsample(image: Bytes) -> Bytes:
    """
    Double a photo as dlib's ``pyramid_up`` does, to the same bytes.

    Parameters
    ----------
    image : (h, w, 3) uint8
        At least one px on each side.

    Returns
    -------
    (2 * h + 1, 2 * w + 2, 3) uint8
        Bilinear, corners on corners. Fractions are cut off rather than rounded, so the
        four products are formed and summed in dlib's order and precision: another order
        would differ by one here and there.
    """
    height, width = image.shape[:2]
    out = np.empty((2 * height + 1, 2 * width + 2, 3), dtype=np.uint8)
    tops, down = row_positions(height, out.shape[0])
    lefts, across, quick = column_positions(width, out.shape[1])
    bottoms = np.minimum(tops + 1, height - 1)
    rights = np.minimum(lefts + 1, width - 1)
    # From `quick` on dlib computes in float64; a few columns, not worth a path of their own
    # except that the cut-off shows the difference.
    parts: tuple[tuple[slice, type[np.floating]], ...] = (
        (slice(0, quick), np.float32),
        (slice(quick, None), np.float64),
    )
    for start in range(0, out.shape[0], _STRIP_ROWS):
        rows = slice(start, start + _STRIP_ROWS)
        first = tops[start]
        source = image[first : bottoms[rows][-1] + 1]
        upper, lower = tops[rows] - first, bottoms[rows] - first
        for columns, kind in parts:
            low = down[rows, np.newaxis].astype(kind)
            high = (1 - down[rows, np.newaxis]).astype(kind)
            share = across[columns].astype(kind)
            rest = kind(1) - share
            for channel in range(3):
                plane = source[:, :, channel].astype(kind)
                left, right = plane[:, lefts[columns]], plane[:, rights[columns]]
                if kind is np.float32:
                    value = (high * rest) * left[upper]
                    value += (high * share) * right[upper]
                    value += (low * rest) * left[lower]
                    value += (low * share) * right[lower]
                else:
                    blend = rest * left + share * right
                    value = high * blend[upper] + low * blend[lower]
                out[rows, columns, channel] = value
    return out


def shrink(level: Float32, out: Float32) -> None:
    """
    Make the next level of the pyramid from this one.

    Parameters
    ----------
    level : (3, h, w) float32
        May be a part of a larger array.
    out : (3, height, width) float32
        Where the next level goes; may be another part of the same array. Bilinear,
        corners on corners, at the places where dlib samples.
    """
    height, width = out.shape[1:]
    tops, down = row_positions(level.shape[1], height)
    lefts, across, _ = column_positions(level.shape[2], width)
    rights = np.minimum(lefts + 1, level.shape[2] - 1)
    low = down[:, np.newaxis].astype(np.float32)
    share = across.astype(np.float32)
    # Strips stay in the processor's cache between the steps; buffers are used again.
    strip = max(_STRIP_VALUES // level.shape[2], 1)
    tall = np.empty((2, strip, level.shape[2]), dtype=np.float32)
    wide = np.empty((2, strip, width), dtype=np.float32)
    for start in range(0, height, strip):
        rows = slice(start, min(start + strip, height))
        first = tops[start]
        near = tops[rows] - first
        source = level[:, first : first + near[-1] + 2]
        below = np.minimum(near + 1, source.shape[1] - 1)
        upper, lower = tall[:, : len(near)]
        left, right = wide[:, : len(near)]
        for channel in range(3):
            plane = np.ascontiguousarray(source[channel])
            # "clip" never acts here: it lets `take` write into the buffer directly.
            np.take(plane, near, axis=0, out=upper, mode="clip")
            np.take(plane, below, axis=0, out=lower, mode="clip")
            lower -= upper
            lower *= low[rows]
            upper += lower
            np.take(upper, lefts, axis=1, out=left, mode="clip")
            np.take(upper, rights, axis=1, out=right, mode="clip")
            right -= left
            right *= share
            np.add(left, right, out=out[channel, rows])


def tile_photo(image: Bytes, tiling: Tiling, mean: tuple[float, float, float]) -> Float32:
    """
    Build the tiled pyramid that the detector's first convolution reads.

    Parameters
    ----------
    image : (h, w, 3) uint8
        RGB.
    tiling : Tiling
        Made for this size, with at least one tile.
    mean : tuple of 3 float
        Red, green and blue.

    Returns
    -------
    (1, 3, tiling.height, tiling.width) float32
        ``(value - mean) / 256`` inside the tiles, 0 outside.
    """
    tiled = np.zeros((1, 3, tiling.height, tiling.width), dtype=np.float32)
    levels = [tiled[0, :, tile.top : tile.bottom, tile.left : tile.right] for tile in tiling.tiles]
    for start in range(0, len(image), _STRIP_ROWS):
        rows = slice(start, start + _STRIP_ROWS)
        for channel in range(3):
            part = levels[0][channel, rows]
            part[...] = image[rows, :, channel]
            part -= np.float32(mean[channel])
            part *= np.float32(1 / 256)
    for larger, smaller in itertools.pairwise(levels):
        shrink(larger, smaller)
    return tiled
