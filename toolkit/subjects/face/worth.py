"""How much a face says: less where it is covered, turned away, blurred, small or dark."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from toolkit.files import shipped
from toolkit.photos.quality import sharpness
from toolkit.subjects.base import Rgb
from toolkit.subjects.face.gradients import gradients

Floats = npt.NDArray[np.float64]

WEIGHTS = "data/faces/worth.csv"
# How many px of a chip become one before its gradients are taken.
SHRUNK = 3
# A measurement so many spreads from the middle says no more than that.
FARTHEST = 4.0


@cache
def _weights() -> tuple[Floats, ...]:
    """Middle and spread of four measurements, their weights, those of encoding and gradients."""
    text = shipped(WEIGHTS).read_text(encoding="ascii")
    return tuple(np.array(line.split(","), dtype=np.float64) for line in text.splitlines())


def worth(chips: Rgb, encodings: npt.NDArray[np.float32]) -> Floats:
    """
    Say how likely faces are as good a look as those in plain sight.

    A logistic regression on faces of one half of the people of Labeled Faces in the Wild, as they
    are and degraded on purpose (`toolkit.benchmarks.degraded_faces`): how long the encodings are,
    of chip and mirror image and of their mean, how far these two are from each other, how sharp the
    chip is, the direction of the mean, and the gradients of the chip.

    Parameters
    ----------
    chips : numpy.ndarray
        Shape (k, 150, 150, 3), uint8, RGB.
    encodings : numpy.ndarray
        Shape (2, k, 128), float32: the network's own of the chips, and of their mirror images.

    Returns
    -------
    numpy.ndarray
        Shape (k,), float64, 0 to 1.
    """
    middle, spread, own, along, drawn, start = _weights()
    both = encodings.astype(np.float64)
    mean = both.mean(axis=0)
    length = np.linalg.norm(mean, axis=1)
    measured = np.column_stack(
        [
            np.linalg.norm(both, axis=2).mean(axis=0),
            length,
            np.linalg.norm(both[0] - both[1], axis=1),
            np.log(sharpness(chips) + 0.02),
        ]
    )
    measured = np.clip((measured - middle) / spread, -FARTHEST, FARTHEST)
    count, side = len(chips), chips.shape[1] // SHRUNK
    small = chips.reshape(count, side, SHRUNK, side, SHRUNK, 3).mean(axis=(2, 4))
    little = measured @ own + mean / np.maximum(length, 1e-9)[:, None] @ along
    little += gradients(small) @ drawn + start
    result: Floats = 1.0 / (1.0 + np.exp(np.clip(little, -30, 30)))
    return result
