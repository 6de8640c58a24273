"""How strong the gradients of a face's chip are, by place and direction."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from toolkit.subjects.base import Rgb

CELLS, DIRECTIONS = 5, 8


def gradients(chips: Rgb) -> npt.NDArray[np.float64]:
    """
    Describe chips by histograms of oriented gradients (Dalal and Triggs 2005), in few cells.

    Parameters
    ----------
    chips : numpy.ndarray
        Shape (k, s, s, 3), uint8 or float, RGB, s a multiple of `CELLS`.

    Returns
    -------
    numpy.ndarray
        Shape (k, 200), float64: for each of 5 x 5 cells, row by row, the square root of how strong
        gradients of 8 directions are, from that to the right on clockwise; each row of length 1, or
        0 for a chip without any.
    """
    grey = chips.astype(np.float64).mean(axis=3)
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    across[:, :, 1:-1] = grey[:, :, 2:] - grey[:, :, :-2]
    down[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    strength = np.hypot(across, down)
    # Each gradient counts for the two directions that it lies between.
    place = (np.arctan2(down, across) / (2 * np.pi) * DIRECTIONS) % DIRECTIONS
    low = np.floor(place).astype(np.int64) % DIRECTIONS
    share = place - np.floor(place)
    side = chips.shape[1] // CELLS
    found = np.empty((len(chips), CELLS, CELLS, DIRECTIONS))
    for direction in range(DIRECTIONS):
        here = strength * (
            (low == direction) * (1 - share) + ((low + 1) % DIRECTIONS == direction) * share
        )
        cells = here.reshape(len(chips), CELLS, side, CELLS, side)
        found[..., direction] = cells.sum(axis=(2, 4))
    flat = np.sqrt(found).reshape(len(chips), CELLS * CELLS * DIRECTIONS)
    result: npt.NDArray[np.float64] = flat / np.maximum(
        np.linalg.norm(flat, axis=1, keepdims=True), 1e-9
    )
    return result
