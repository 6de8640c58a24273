"""What the user decided, as grouping needs it: who is one, who never is, who is called what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolkit.grouping.links import Pairs, components


@dataclass(frozen=True)
class Decided:
    """
    Decisions about the sightings of an album.

    Attributes
    ----------
    must, cannot : numpy.ndarray
        Shape (m, 2), int64: sightings that are, or are never, one individual.
    names : dict of int to str
        Names of sightings.
    refused : set of (int, str)
        Sightings, and names that they do not have.
    ignored : numpy.ndarray
        Shape (k,), int64: sightings to leave out, ascending.
    unmatched : int
        Decisions whose sightings are not in this album: kept, and of no effect on it.
    not_here : tuple of str
        The photos of those sightings, as the decisions name them.
    hidden : tuple of (int, str)
        Sightings whose individual gets no folder, as long as it has this name or number.
    """

    must: Pairs
    cannot: Pairs
    names: dict[int, str]
    refused: frozenset[tuple[int, str]]
    ignored: npt.NDArray[np.int64]
    unmatched: int
    not_here: tuple[str, ...] = ()
    hidden: tuple[tuple[int, str], ...] = ()


def apart(decided: Decided, within_photos: Pairs, count: int) -> Pairs:
    """
    Join the pairs of sightings that are never one individual: by decision, and by sharing a photo.

    A decision goes before the photo: who is there twice (a mirror) may be said to be.
    """
    together = components(count, decided.must)
    free = together[within_photos[:, 0]] != together[within_photos[:, 1]]
    return np.concatenate([within_photos[free], decided.cannot])
