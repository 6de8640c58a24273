"""What the user decided, as grouping needs it: who is one, who never is, who is called what."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from toolkit.grouping.links import Pairs, components
from toolkit.grouping.sighting_finder import SightingKey


@dataclass(frozen=True)
class Lasting:
    """
    A decision about somebody, which holds also where the photo it was made about is away.

    Attributes
    ----------
    kind : {"name", "not", "hide", "show"}
        The individual has a name, or has not; gets no folder, or has it again.
    whom : int or SightingKey
        The sighting that says who is meant: its row, or how a table names it where it is not in
        the album.
    name : str
        The name; for "hide" and "show", or the number, such as "person_004".
    """

    kind: Literal["name", "not", "hide", "show"]
    whom: int | SightingKey
    name: str


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
    away : tuple of str
        The photos of those sightings, as the decisions name them, one each.
    lasting : tuple of Lasting
        Who gets no folder, or has it again, and the names of sightings that are not in this album;
        in the order in which it was decided.
    examples : frozenset of int
        Sightings in photos that the user put into folders of results, as examples.
    unclear : numpy.ndarray
        Shape (m, 2), int64: sightings of which it cannot be told whether they are one individual.
        It changes no group.
    """

    must: Pairs
    cannot: Pairs
    names: dict[int, str]
    refused: frozenset[tuple[int, str]]
    ignored: npt.NDArray[np.int64]
    unmatched: int
    away: tuple[str, ...] = ()
    lasting: tuple[Lasting, ...] = ()
    examples: frozenset[int] = frozenset()
    unclear: Pairs = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))

    @property
    def not_here(self) -> tuple[str, ...]:
        """The photos that are not in this album, each once."""
        return tuple(dict.fromkeys(self.away))

    def answered(self, used: Collection[Lasting]) -> Decided:
        """Return the same where decisions about sightings that are away had an effect."""
        away = [*self.away]
        found = [each.whom.path for each in used if isinstance(each.whom, SightingKey)]
        for path in found:
            away.remove(path)
        return replace(self, unmatched=self.unmatched - len(found), away=tuple(away))


def apart(decided: Decided, within_photos: Pairs, count: int) -> Pairs:
    """
    Join the pairs of sightings that are never one individual: by decision, and by sharing a photo.

    A decision goes before the photo: who is there twice (a mirror) may be said to be.
    """
    together = components(count, decided.must)
    free = together[within_photos[:, 0]] != together[within_photos[:, 1]]
    return np.concatenate([within_photos[free], decided.cannot])


def with_sets(
    must: Pairs, cannot: Pairs, sets: Sequence[npt.NDArray[np.int64]], count: int
) -> Pairs:
    """
    Join what is one individual by decision with sets that are so by what else is known of them.

    Decisions go before: a set that would join two that are never one individual, itself or by way
    of others, is left out.

    Parameters
    ----------
    must, cannot : numpy.ndarray
        Shape (m, 2), int64: as of `Decided`, without contradiction.
    sets : sequence of numpy.ndarray
        Rows of each, in the order in which they count.
    count : int
        Sightings.
    """
    family = components(count, must)
    pairs = [must]
    for rows in sets:
        families = np.unique(family[rows])
        if np.isin(family[cannot], families).all(axis=1).any():
            continue
        family[np.isin(family, families)] = families[0]
        pairs.append(np.stack([rows[:-1], rows[1:]], axis=1))
    return np.concatenate(pairs)
