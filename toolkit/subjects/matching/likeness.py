"""How alike two look to a network that was trained on other pictures."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from toolkit.records import Features
from toolkit.subjects.base import Rgb
from toolkit.subjects.matching.marks import Float32


class PictureEncoder(Protocol):
    """Describes a picture as one vector."""

    def of(self, image: Rgb) -> Float32:
        """Describe a picture, shape (h, w, 3), by a vector of length 1."""
        ...


class Likeness:
    """
    Compares subjects by the cosine of their vectors. Threads may share one.

    Parameters
    ----------
    encoder : PictureEncoder
        What makes the vectors.
    score : str
        What to call the cosine.
    name : str
        What tells this encoder from others.
    """

    def __init__(self, encoder: PictureEncoder, score: str, name: str) -> None:
        self._encoder = encoder
        self.scores = (score,)
        self.name = name

    def features(self, image: Rgb, inside: npt.NDArray[np.bool_]) -> Features:
        """Describe a picture, shape (h, w, 3), as it is: by its score, shape (1, d), float16."""
        return {self.scores[0]: self._encoder.of(image).astype(np.float16)[None]}

    def compare(self, one: Features, other: Features) -> list[float]:
        """Return the cosine of the two, -1 to 1."""
        ours, theirs = (each[self.scores[0]].astype(np.float32)[0] for each in (one, other))
        return [float(np.dot(ours, theirs))]

    def common(self, one: Features, other: Features) -> list[tuple[Float32, Float32]]:
        """Nothing of it can be shown."""
        return []
