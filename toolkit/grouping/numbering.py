"""Which number each individual has: the one that it had earlier, or the next that is free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.grouping.links import Labels
from toolkit.grouping.sighting_finder import SightingFinder, SightingKey, keys_of, same_sighting
from toolkit.records import Album


@dataclass(frozen=True)
class Earlier:
    """
    The numbers that an earlier run gave.

    Attributes
    ----------
    sightings : tuple of SightingKey
        m sightings.
    numbers : numpy.ndarray
        Shape (m,), int64, each from 1 up: that of the individual of each.
    last : int
        The highest number that was ever given; none up to it is given to anybody else.
    """

    sightings: tuple[SightingKey, ...]
    numbers: Labels
    last: int

    def within(self, album: Album) -> tuple[Labels, Earlier]:
        """
        Find the sightings in an album.

        Returns
        -------
        (numpy.ndarray, Earlier)
            Shape (n,), int64: the number that each sighting of the album had, 0 for none; and those
            that are not in it. Should their photos come back, they are known by it.
        """
        found: Labels = np.zeros(len(album), dtype=np.int64)
        if not self.sightings:
            return found, self
        find = SightingFinder(album, np.arange(len(album)))
        away = []
        for place, (key, number) in enumerate(
            zip(self.sightings, self.numbers.tolist(), strict=True)
        ):
            if (row := find(key)) is None:
                away.append(place)
            else:
                found[row] = number
        rest = tuple(self.sightings[place] for place in away)
        return found, Earlier(rest, self.numbers[away], self.last)

    def places_of(self, keys: Sequence[SightingKey]) -> list[int | None]:
        """Return which of these sightings each of some is; None for none."""
        there: dict[str, list[int]] = {key.photo: [] for key in keys}
        if there:
            for place, known in enumerate(self.sightings):
                if known.photo in there:
                    there[known.photo].append(place)
        found: list[int | None] = []
        for key in keys:
            places = there[key.photo]
            at = same_sighting([self.sightings[place].box for place in places], key.box)
            found.append(None if at is None else places[at])
        return found


NO_EARLIER = Earlier((), np.zeros(0, dtype=np.int64), 0)


def earlier_of(album: Album, numbers: Labels, absent: Earlier = NO_EARLIER) -> Earlier:
    """
    Return what is carried over to later runs from the numbers of an album.

    Parameters
    ----------
    album : Album
        n sightings.
    numbers : numpy.ndarray
        Shape (n,), int64: as of `number_groups`.
    absent : Earlier
        What was carried over to it, and is not in it.
    """
    rows = np.flatnonzero(numbers > 0)
    last = max(absent.last, int(numbers.max(initial=0)))
    keys = (*keys_of(album, rows), *absent.sightings)
    return Earlier(keys, np.concatenate([numbers[rows], absent.numbers]), last)


def number_groups(labels: Labels, before: Labels, last: int) -> Labels:
    """
    Give each group the number that most of its sightings had; the others get the next ones.

    Of the groups that one individual's sightings are in now, the one with most of them has its
    number; so has one in which several individuals are now that of the one with most sightings in
    it. Of as many, the lower number goes first, then the earlier group.

    Parameters
    ----------
    labels : numpy.ndarray
        Shape (n,), int64: the group of each sighting, numbered from 0 as of `Clustering`; -1 for
        none.
    before : numpy.ndarray
        Shape (n,), int64: the number that each had, 0 for none.
    last : int
        The highest number that was ever given.

    Returns
    -------
    numpy.ndarray
        Shape (n,), int64, from 1 up, one for each group and no two alike. What is in no group has
        the number that it had: should it come back, it is known by it.
    """
    known = (labels >= 0) & (before > 0)
    pairs, shared = np.unique(
        np.stack([labels[known], before[known]], axis=1), axis=0, return_counts=True
    )
    count = int(labels.max(initial=-1)) + 1
    given = np.zeros(count + 1, dtype=np.int64)
    used: set[int] = set()
    for place in np.lexsort((pairs[:, 0], pairs[:, 1], -shared)):
        group, number = pairs[place].tolist()
        if not given[group] and number not in used:
            given[group] = number
            used.add(number)
    fresh = np.flatnonzero(given[:count] == 0)
    highest = max(last, int(before.max(initial=0)))
    given[fresh] = highest + 1 + np.arange(len(fresh))
    numbers: Labels = given[labels]
    numbers[labels < 0] = before[labels < 0]
    return numbers
