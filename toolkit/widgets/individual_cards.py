"""People, and the photos of one of them, as cards of a contact sheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolkit.photos.thumbnails import Thumbnails
from toolkit.records import Album
from toolkit.widgets.contact_sheet import Action, Card, Picture, Strip

Rows = npt.NDArray[np.int64]

# Faces on a person's card; px of a face and a photo, and of a photo that is looked at alone.
FACES, FACE_SIZE, PHOTO_SIZE, WHOLE_SIZE = 6, 120, 200, 1000


class FacePictures:
    """
    Makes the pictures of an album for a contact sheet.

    Tokens are "face:ROW" (the face), "photo:ROW" (its photo with the face boxed, small) and
    "whole:ROW" (the same, large).

    Parameters
    ----------
    thumbnails : Thumbnails
        What makes and keeps them.
    """

    def __init__(self, thumbnails: Thumbnails) -> None:
        self.thumbnails = thumbnails

    def __eq__(self, other: object) -> bool:
        """Whether the other makes the same pictures of the same tokens."""
        return isinstance(other, FacePictures) and other.thumbnails is self.thumbnails

    def __hash__(self) -> int:
        return hash(id(self.thumbnails))

    def __call__(self, tokens: Sequence[str]) -> list[bytes]:
        """Return a JPEG for each token."""
        parts = [token.partition(":") for token in tokens]
        rows = [int(row) for kind, _, row in parts if kind == "face"]
        faces = iter(self.thumbnails.crops(rows, FACE_SIZE))
        sizes = {"photo": PHOTO_SIZE, "whole": WHOLE_SIZE}
        return [
            next(faces)
            if kind == "face"
            else self.thumbnails.photo(int(row), [int(row)], size=sizes[kind])
            for kind, _, row in parts
        ]


def rows_of(names: Sequence[str | None]) -> dict[str, Rows]:
    """Return the sightings of each name, in the order in which names first appear."""
    found: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        if name is not None:
            found.setdefault(name, []).append(row)
    return {name: np.array(rows, dtype=np.int64) for name, rows in found.items()}


def people_cards(
    album: Album,
    names: Sequence[str | None],
    thumbnails: Thumbnails,
    *,
    named: bool = True,
    opens: bool = True,
    actions: tuple[Action, ...] = (),
    badge: Callable[[str], str] | None = None,
    faces: int = FACES,
    kept: dict[bytes, tuple[int, Strip]] | None = None,
) -> list[Card]:
    """
    Return one card a person, those in most photos first; its key is the name.

    Parameters
    ----------
    album : Album
        n sightings.
    names : sequence of str or None
        The individual of each; those of nobody known are left out.
    thumbnails : Thumbnails
        Chooses the clearest faces.
    named : bool
        Whether there is a field for another name.
    opens : bool
        Whether the card opens.
    actions : tuple of Action
        Its buttons.
    badge : callable, optional
        A word that marks a person, or "".
    faces : int
        How many faces are shown, at most.
    kept : dict, optional
        Filled with what was worked out for each set of sightings, so that a slider, which changes
        few of thousands at a move, has the others at once. For one album and one `faces`.
    """
    photo_of = album.photo_of
    # The table's columns are looked up once: a slider asks for thousands of cards at each move.
    paths = album.sightings["path"].to_numpy(dtype=object)
    kept = {} if kept is None else kept
    # A photo that is there twice is two files in the person's folder.
    copies = album.photos["photo_digest"].value_counts()
    files = album.sightings["photo_digest"].drop_duplicates().map(copies).tolist()
    found = []
    for name, rows in rows_of(names).items():
        known = kept.get(key := rows.tobytes())
        if known is None:
            best = thumbnails.best(rows.tolist(), faces) if len(rows) > 1 else rows.tolist()[:faces]
            strip = Strip(tuple(_face(row, paths[row]) for row in best))
            known = kept[key] = sum(files[k] for k in set(photo_of[rows].tolist())), strip
        found.append((known[0], name, rows, known[1]))
    found.sort(key=lambda each: (-each[0], -len(each[2]), each[1]))
    return [
        Card(
            key=name,
            title=name,
            note=counts(photos, len(rows)),
            badge=badge(name) if badge else "",
            strips=(strip,),
            actions=actions,
            name=name if named else None,
            opens=f"all {photos:,} photos"
            if opens and photos > 1
            else "the photo"
            if opens
            else "",
        )
        for photos, name, rows, strip in found
    ]


def photo_cards(
    album: Album,
    rows: Sequence[int] | Rows,
    *,
    actions: tuple[Action, ...] = (),
    opens: bool = True,
) -> list[Card]:
    """
    Return one card a sighting: its photo with the face boxed; its key is the row's number.

    Parameters
    ----------
    album : Album
        n sightings.
    rows : sequence of int
        Which of them, in the order of the cards.
    actions : tuple of Action
        Their buttons.
    opens : bool
        Whether a card opens (to be looked at large).
    """
    return [
        Card(
            key=str(int(row)),
            title=file_of(album, int(row)),
            strips=(Strip((photo_picture(album, int(row)),)),),
            actions=actions,
            opens="larger" if opens else "",
        )
        for row in rows
    ]


def whole_card(album: Album, row: int, actions: tuple[Action, ...] = ()) -> Card:
    """Return the card that shows one photo large, the face boxed."""
    label = f"{file_of(album, row)}, with the face boxed"
    return Card(
        key=str(row),
        title=file_of(album, row),
        note=str(album.sightings["path"].iloc[row]),
        strips=(Strip((Picture(f"whole:{row}", label),)),),
        actions=actions,
    )


def face_picture(album: Album, row: int) -> Picture:
    """Return the picture of a face."""
    return _face(int(row), album.sightings["path"].iat[int(row)])


def _face(row: int, path: object) -> Picture:
    return Picture(f"face:{row}", f"face in {_file(str(path))}")


def photo_picture(album: Album, row: int) -> Picture:
    """Return the picture of a face's photo, the face boxed."""
    return Picture(f"photo:{int(row)}", f"{file_of(album, row)}, with the face boxed")


def file_of(album: Album, row: int) -> str:
    """Return the name of the file that a sighting is in."""
    return _file(str(album.sightings["path"].iat[int(row)]))


@lru_cache(maxsize=1 << 16)
def _file(path: str) -> str:
    return Path(path).name


def counts(photos: int, faces: int) -> str:
    """Say how many photos and faces, such as "12 photos, 14 faces"."""
    said = f"{photos:,} photo{'' if photos == 1 else 's'}"
    return said if photos == faces else f"{said}, {faces:,} face{'' if faces == 1 else 's'}"
