"""Encodings drawn at random, as many as asked for, with the shape of those of real faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolkit.errors import BadSetting

Labels = npt.NDArray[np.int64]

# Measured on the encodings of 6,892 photos of 2,863 people (Labeled Faces in the Wild): the
# variance along the axes of the covariance of people's means, and of photos about them, the
# largest first; read off at some axes, in between by the logarithm. The rest of 128 has none.
AXES = (0, 1, 2, 9, 20, 40, 60, 79)
BETWEEN = (0.0273, 0.0226, 0.0152, 0.0059, 0.0029, 0.0011, 0.0005, 0.0001)
WITHIN = (0.0039, 0.0035, 0.0030, 0.0022, 0.0016, 0.0010, 0.00056, 0.0002)
DIMENSIONS = 128
# People look alike in kinds: so much of the variance between them is that of so many kinds.
KINDS, SHARE_OF_KINDS = 40, 0.15
# How much photos differ in how hard they are (sigma of the logarithm of their variance), and how
# many are far off by how much.
HARD, FAR_OFF, BY = 0.4, 0.015, 4.0
# Photos of one person follow a power law up to so many.
EXPONENT, MOST = 1.95, 500


@dataclass(frozen=True)
class DrawnEncodings:
    """
    Encodings, and whose they are.

    Attributes
    ----------
    encodings : numpy.ndarray
        Shape (n, 128), float32; distances are Euclidean, as large as those of faces.
    people : numpy.ndarray
        Shape (n,), int64: the number of each one's person.
    """

    encodings: npt.NDArray[np.float32]
    people: Labels


def draw(count: int, *, seed: int = 0) -> DrawnEncodings:
    """
    Draw encodings: few people have many photos, and many have one.

    Parameters
    ----------
    count : int
        How many encodings, 1 or more.
    seed : int
        The same number draws the same.

    Raises
    ------
    BadSetting
        If none are asked for.
    """
    if count < 1:
        raise BadSetting(f"{count} encodings were asked for; expected 1 or more")
    rng = np.random.default_rng(seed)
    photos = np.arange(1, MOST + 1, dtype=np.float64) ** -EXPONENT
    sizes = rng.choice(np.arange(1, MOST + 1), size=count, p=photos / photos.sum())
    sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), count)) + 1]
    people = np.repeat(np.arange(len(sizes)), sizes)[:count]
    between, within = _deviations(BETWEEN), _deviations(WITHIN)
    kinds = rng.normal(size=(KINDS, DIMENSIONS)) * np.sqrt(SHARE_OF_KINDS)
    means = rng.normal(size=(len(sizes), DIMENSIONS)) * np.sqrt(1 - SHARE_OF_KINDS)
    means += kinds[rng.integers(KINDS, size=len(sizes))]
    means *= between
    hard = rng.normal(0.0, HARD, size=count) - HARD**2 / 2
    spread = np.exp(hard / 2) * np.where(rng.random(count) < FAR_OFF, np.sqrt(BY), 1.0)
    encodings = np.empty((count, DIMENSIONS), dtype=np.float32)
    for start in range(0, count, 65_536):
        part = slice(start, start + 65_536)
        about = rng.normal(size=(len(people[part]), DIMENSIONS)) * within
        encodings[part] = means[people[part]] + about * spread[part, None]
    order = rng.permutation(count)
    return DrawnEncodings(encodings[order], people[order].astype(np.int64))


def _deviations(variances: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """Return the standard deviation along each axis; shape (128,)."""
    inside = np.arange(AXES[-1] + 1)
    found = np.zeros(DIMENSIONS)
    found[inside] = np.exp(np.interp(inside, AXES, np.log(variances)) / 2)
    return found
