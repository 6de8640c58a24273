"""Sightings known again in another album: by their photo's picture and where they are in it."""

from __future__ import annotations

import functools
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.grouping.links import Labels
from toolkit.photos.identity import ORIENTATIONS, turned_box, turned_digest
from toolkit.records import Album

# Share of the union of two boxes that they have in common, from which on they are one sighting:
# other settings move a box a little.
OVERLAP = 0.4
BOX = ("left", "top", "right", "bottom")
# From so many sightings on, keys are kept as long as their table is there.
MANY = 1000


@dataclass(frozen=True, slots=True)
class SightingKey:
    """
    A sighting as a table names it.

    Attributes
    ----------
    path : str
        Its photo, to be read.
    photo : str
        Hexadecimal sha256 of the photo: what counts, wherever the file is.
    left, top, right, bottom : int
        Its box, px of the upright full-size photo.
    """

    path: str
    photo: str
    left: int
    top: int
    right: int
    bottom: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Its edges in order."""
        return (self.left, self.top, self.right, self.bottom)


def key_of(album: Album, row: int) -> SightingKey:
    """Return how a table names sighting `row` of an album."""
    return keys_of(album, np.array([row]))[0]


def keys_of(album: Album, rows: Labels) -> tuple[SightingKey, ...]:
    """Return how a table names some sightings of an album."""
    if len(rows) < MANY:
        return _keys(album.sightings.iloc[rows])
    table = album.sightings
    if id(table) not in _KEYS:
        _KEYS[id(table)] = _keys(table)
        weakref.finalize(table, _KEYS.pop, id(table), None)
    return tuple(map(_KEYS[id(table)].__getitem__, rows.tolist()))


def _keys(table: pd.DataFrame) -> tuple[SightingKey, ...]:
    columns = (table[name].to_list() for name in ("path", "photo_digest", *BOX))
    return tuple(
        SightingKey(str(path), str(photo), *map(int, box))
        for path, photo, *box in zip(*columns, strict=True)
    )


# Keys of tables, and what finds the sightings of albums, that are still there, by their identity.
_KEYS: dict[int, tuple[SightingKey, ...]] = {}
_FINDERS: dict[tuple[int, bool], SightingFinder] = {}


def finder_of(album: Album, *, ignored: bool = False) -> SightingFinder:
    """
    Return what finds the sightings of an album; made once for each.

    Parameters
    ----------
    album : Album
        Where they are looked for.
    ignored : bool
        Whether those that are ignored are found as well.
    """
    key = id(album), ignored and bool(album.ignored.any())
    if key not in _FINDERS:
        among = np.arange(len(album)) if key[1] else album.kept
        _FINDERS[key] = SightingFinder(album, among)
        weakref.finalize(album, _FINDERS.pop, key, None)
    return _FINDERS[key]


class SightingFinder:
    """
    Finds the sighting that a key names.

    A sighting is the sighting of its photo whose box overlaps most with its own, if they share
    `OVERLAP` of their union. A photo is known by its picture, also where the picture was turned
    since; and by the bytes of its file, as versions before this one wrote it.

    Parameters
    ----------
    album : Album
        Where it is looked for.
    among : numpy.ndarray
        Shape (k,), int64: rows that it may be.
    """

    def __init__(self, album: Album, among: Labels) -> None:
        # What it looks things up in is made once something is sought: often nothing is.
        self._album, self._among, self._photos = album, among, album.photos

    @functools.cached_property
    def _rows(self) -> dict[str, list[int]]:
        """The rows that each photo has."""
        found: dict[str, list[int]] = {}
        digests_of = self._album.sightings["photo_digest"].to_numpy(dtype=object)
        for row in self._among.tolist():
            found.setdefault(str(digests_of[row]), []).append(row)
        return found

    @functools.cached_property
    def _boxes(self) -> npt.NDArray[np.float64]:
        edges = self._album.sightings[list(BOX)]
        return edges.to_numpy(dtype=np.float64).reshape(-1, 4)

    @functools.cached_property
    def _exactly(self) -> dict[tuple[Any, ...], int]:
        """The row at a place; of two at one place, the later one, as ever."""
        table = self._album.sightings.iloc[self._among]
        columns = (table[name].to_list() for name in ("photo_digest", *BOX))
        return dict(zip(zip(*columns, strict=True), self._among.tolist(), strict=True))

    @functools.cached_property
    def _of_file(self) -> dict[str, str]:
        """The photo that each file shows, by its bytes."""
        photos = map(str, self._photos["photo_digest"])
        digests = zip(self._album.file_digests, photos, strict=True)
        return dict(reversed([*digests]))

    def __call__(self, sighting: SightingKey) -> int | None:
        """Return the row; None where there is none."""
        # Most often nothing has moved.
        if (there := self._exactly.get((sighting.photo, *sighting.box))) is not None:
            return there
        box = sighting.box
        photo = (
            sighting.photo
            if sighting.photo in self._rows
            else self._of_file.get(sighting.photo, "")
        )
        if photo in self._rows:
            return self._nearest(photo, box)
        if (turned := self._turned.get(sighting.photo)) is None:
            return None
        photo, size, before, now = turned
        return self._nearest(photo, turned_box(box, size, before, now))

    def _nearest(self, photo: str, box: tuple[float, float, float, float]) -> int | None:
        rows = self._rows.get(photo, [])
        at = same_sighting(self._boxes[rows], box)
        return None if at is None else rows[at]

    @functools.cached_property
    def _turned(self) -> dict[str, tuple[str, tuple[int, int], int, int]]:
        """What a photo's digest would be if the picture stood otherwise."""
        found: dict[str, tuple[str, tuple[int, int], int, int]] = {}
        if not {"image_digest", "orientation"} <= set(self._photos.columns):
            return found
        columns = ["photo_digest", "image_digest", "orientation", "width", "height"]
        for photo, image, now, *size in self._photos[columns].itertuples(index=False, name=None):
            if image and photo in self._rows:
                for before in ORIENTATIONS:
                    here = (str(photo), (int(size[0]), int(size[1])), before, int(now))
                    found.setdefault(turned_digest(str(image), before), here)
        return found


def same_sighting(boxes: npt.ArrayLike, box: tuple[float, float, float, float]) -> int | None:
    """Return which of the boxes in a photo is that of the same sighting; None for none."""
    edges = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    if not len(edges):
        return None
    shared = _overlaps(edges, box)
    # Of two that overlap as much, the later one, as ever.
    best = len(edges) - 1 - int(shared[::-1].argmax())
    return best if shared[best] >= OVERLAP else None


def _overlaps(
    boxes: npt.NDArray[np.float64], box: tuple[float, float, float, float]
) -> npt.NDArray[np.float64]:
    """Return the overlap (intersection over union) of each of n boxes with one."""
    left, top, right, bottom = box
    wide = np.minimum(boxes[:, 2], right) - np.maximum(boxes[:, 0], left)
    high = np.minimum(boxes[:, 3], bottom) - np.maximum(boxes[:, 1], top)
    both = np.clip(wide, 0, None) * np.clip(high, 0, None)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    found: npt.NDArray[np.float64] = both / (areas + (right - left) * (bottom - top) - both)
    return found
