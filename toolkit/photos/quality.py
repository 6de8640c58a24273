"""How good a look a chip gives: what cannot be seen cannot be told apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# The outer sixth of a chip is background more often than subject.
MARGIN = 1 / 6


def sharpness(chips: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """
    Measure how sharply each chip is drawn.

    The standard deviation of the Laplacian (Pech-Pacheco et al. 2000) over that of the brightness,
    so that contrast and light do not matter. Noise counts as sharpness.

    Parameters
    ----------
    chips : numpy.ndarray
        Shape (k, s, s, 3 or more), uint8, RGB; what a subject adds to that does not count.

    Returns
    -------
    numpy.ndarray
        Shape (k,), float64, 0 or more. For sightings in chips of 150 px: below 0.08 they are
        blurred beyond recognition, 0.15 to 0.22 is the middle half of Labeled Sightings in the
        Wild, and sharp photos of a modern camera reach 0.3 to 0.9.
    """
    if not len(chips):
        return np.zeros(0)
    edge = round(chips.shape[1] * MARGIN)
    grey = chips[:, edge : chips.shape[1] - edge, edge : chips.shape[2] - edge, :3].mean(axis=3)
    laplacian = (
        grey[:, :-2, 1:-1]
        + grey[:, 2:, 1:-1]
        + grey[:, 1:-1, :-2]
        + grey[:, 1:-1, 2:]
        - 4 * grey[:, 1:-1, 1:-1]
    )
    contrast = grey.std(axis=(1, 2))
    flat = contrast < 1e-9
    result: npt.NDArray[np.float64] = laplacian.std(axis=(1, 2)) / np.where(flat, 1.0, contrast)
    return result
