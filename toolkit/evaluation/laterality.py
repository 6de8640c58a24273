"""Whether what is compared are the animals: their two flanks never look alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.evaluation.intervals import wilson
from toolkit.photos.camera_trap import LEFT, RIGHT, flanks_of
from toolkit.records import Album


@dataclass(frozen=True)
class Laterality:
    """
    How often pairs of opposite flanks look alike, beside pairs of one flank.

    The left and the right side of an animal have different marks, so that whatever makes a pair of
    opposite flanks look alike is something else: the background, or the outline.

    Attributes
    ----------
    opposite, opposite_near : int
        Pairs of a left and a right flank, and those of them within the threshold.
    same, same_near : int
        Pairs of two left or two right flanks, those of one individual among them, likewise.
    level : float
        Of the intervals.

    References
    ----------
    .. [1] arXiv 2604.09690.
    """

    opposite: int
    opposite_near: int
    same: int
    same_near: int
    level: float = 0.95

    @property
    def opposite_interval(self) -> tuple[float, float]:
        """Least and largest share of opposite pairs that look alike, as far as these tell."""
        return wilson(self.opposite_near, self.opposite, level=self.level)

    @property
    def same_interval(self) -> tuple[float, float]:
        """Least and largest share of pairs of one flank that look alike, as far as these tell."""
        return wilson(self.same_near, self.same, level=self.level)

    def as_dict(self) -> dict[str, object]:
        """Return it as plain values, for JSON."""
        return {
            "opposite": self.opposite,
            "opposite_near": self.opposite_near,
            "opposite_interval": list(self.opposite_interval),
            "same": self.same,
            "same_near": self.same_near,
            "same_interval": list(self.same_interval),
            "level": self.level,
        }

    def told(self) -> str:
        """Say it in words, without a full stop."""
        return (
            f"laterality: of {self.opposite:,} pairs of opposite flanks "
            f"{_share(self.opposite_near, self.opposite, self.opposite_interval, self.level)} look "
            f"alike, where none should; of {self.same:,} of one flank "
            f"{_share(self.same_near, self.same, self.same_interval, self.level)}"
        )


def laterality(
    first: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
    distance: npt.NDArray[np.floating],
    flanks: Sequence[str],
    *,
    threshold: float,
    level: float = 0.95,
) -> Laterality:
    """
    Count the pairs of opposite flanks, and of one, that look alike.

    Parameters
    ----------
    first, second : numpy.ndarray
        Shape (p,), int64: two sightings each.
    distance : numpy.ndarray
        Shape (p,): how far they are from each other; pairs without one (NaN) are left out.
    flanks : sequence of str
        "left" or "right" for each sighting; pairs with another one are left out.
    threshold : float
        Distance up to which two look alike, inclusive.
    level : float
        Of the intervals.
    """
    known = np.array(list(flanks), dtype=object)
    one, other = known[first], known[second]
    sides = np.isin(one, (LEFT, RIGHT)) & np.isin(other, (LEFT, RIGHT)) & ~np.isnan(distance)
    near = distance <= threshold
    opposite, same = sides & (one != other), sides & (one == other)
    return Laterality(
        opposite=int(opposite.sum()),
        opposite_near=int((opposite & near).sum()),
        same=int(same.sum()),
        same_near=int((same & near).sum()),
        level=level,
    )


def of_album(album: Album, tried: pd.DataFrame | None, *, threshold: float) -> Laterality | None:
    """
    Count them in an album that was compared.

    Parameters
    ----------
    album : Album
        With `compared`, of pairs of one flank.
    tried : pandas.DataFrame or None
        Pairs of opposite flanks, which are compared to see this and nothing else: first, second,
        distance.
    threshold : float
        Distance up to which two look alike, inclusive.

    Returns
    -------
    Laterality or None
        None where no pair of opposite flanks was compared.
    """
    pairs = album.compared
    if tried is None or not len(tried) or pairs is None:
        return None
    first, second, distance = (
        np.concatenate([own, tried[name].to_numpy()])
        for own, name in (
            (pairs.first, "first"),
            (pairs.second, "second"),
            (pairs.distance, "distance"),
        )
    )
    return laterality(first, second, distance, flanks_of(album.sightings), threshold=threshold)


def _share(number: int, of: int, interval: tuple[float, float], level: float) -> str:
    if not of:
        return "none"
    low, high = interval
    return f"{number:,} ({number / of:.1%}; {level:.0%} interval {low:.1%} to {high:.1%})"
