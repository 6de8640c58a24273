"""
Pictures in pictures: collages, mirrors, screenshots of albums, photos of photos.

Two sightings in one photo are two individuals, unless the photo shows pictures. There somebody can
be twice, and the pairs within the photo say it: two that are as near as hardly any two individuals
are.
"""

from __future__ import annotations

import weakref

import numpy as np
import numpy.typing as npt

from toolkit.grouping import neighbours
from toolkit.grouping.links import Labels, Pairs, pairs_within
from toolkit.records import Album

# Two sightings of one photo that are one individual with this probability, by their distance, make
# the photo one that shows pictures; before looking, one such pair in `PAIRS` is one individual.
SAME, PAIRS = 0.99, 200
# Who is seen with one so alike in so many photos, and in more than this share of all that show
# either, has a twin, not a mirror.
OFTEN, SHARE = 3, 1 / 3

# What was found in albums that are still there, by their identity.
_FOUND: dict[int, Labels] = {}


def photos(album: Album) -> Labels:
    """
    Return the photos that show somebody twice.

    Where nothing was fitted for what is compared here, none is said to.

    Parameters
    ----------
    album : Album
        n sightings; what is ignored takes no part.

    Returns
    -------
    numpy.ndarray
        Shape (k,), int64: numbers as in `Album.photo_of`, ascending.
    """
    if id(album) not in _FOUND:
        _FOUND[id(album)] = _photos(album)
        weakref.finalize(album, _FOUND.pop, id(album), None)
    return _FOUND[id(album)]


def _photos(album: Album) -> Labels:
    kept, photo_of = album.kept, album.photo_of
    if album.encoder.caveat or not album.subject.exclusive_in_photo:
        return np.zeros(0, dtype=np.int64)
    inside = kept[pairs_within(photo_of[kept])]
    if not len(inside):
        return np.zeros(0, dtype=np.int64)
    distances = neighbours.of(album)
    away = distances.of_pairs(inside[:, 0], inside[:, 1])
    twice = inside[album.encoder.calibration.probability(away, PAIRS) >= SAME]
    if not len(twice):
        return np.zeros(0, dtype=np.int64)
    shown = np.unique(photo_of[twice[:, 0]])
    twins = _twins(distances, kept, photo_of, twice, album.encoder.calibration.even)
    return np.setdiff1d(shown, photo_of[twice[twins][:, 0]])


def apart(album: Album) -> Pairs:
    """
    Return the pairs of sightings that are two individuals because they share a photo.

    Those of photos that show pictures are not among them.

    Returns
    -------
    numpy.ndarray
        Shape (m, 2), int64, rows that are not ignored. Of a subject of which two in one photo may
        be one (`SubjectInfo.exclusive_in_photo`), there are none.
    """
    if not album.subject.exclusive_in_photo:
        return np.zeros((0, 2), dtype=np.int64)
    rows = album.kept
    found: Pairs = rows[pairs_within(album.photo_of[rows])]
    pictures = photos(album)
    return found[~np.isin(album.photo_of[found[:, 0]], pictures)] if len(pictures) else found


def _twins(
    distances: neighbours.Distances,
    kept: Labels,
    photo_of: Labels,
    twice: Pairs,
    even: float,
) -> npt.NDArray[np.bool_]:
    """Say of which pairs there are so many, all alike, that they are two individuals; (m,)."""
    found = np.zeros(len(twice), dtype=np.bool_)
    if len(np.unique(photo_of[twice[:, 0]])) < OFTEN:
        return found
    ends = np.unique(twice)
    place = np.searchsorted(ends, twice)
    near = distances.table(ends, kept) < even
    for row, (one, other) in enumerate(place.tolist()):
        # Photos that show either of the two, and those of them that show two who are that alike.
        those = np.unique(photo_of[kept[near[one] | near[other]]])
        both = near[one][np.searchsorted(kept, twice)] & near[other][np.searchsorted(kept, twice)]
        doubled = np.unique(photo_of[twice[both.all(axis=1)][:, 0]])
        found[row] = len(doubled) >= OFTEN and len(doubled) > SHARE * len(those)
    return found
