"""Known people and their matches as cards of a contact sheet, with the line between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.curation.match_list import ACCEPTED, BEYOND, REFUSED, SAID, face_keys
from toolkit.grouping.identification import SECOND, References
from toolkit.names import counted
from toolkit.photos.thumbnails import Thumbnails
from toolkit.records import Album
from toolkit.widgets.contact_sheet import Action, Card, Picture, Strip
from toolkit.widgets.individual_cards import (
    PHOTO_SIZE,
    FacePictures,
    counts,
    face_picture,
    file_of,
    photo_picture,
    whole_card,
)

ACCEPT = Action("accept", "Accept", "y")
REFUSE = Action("refuse", "Refuse", "n")
IGNORE = Action("ignore", "Leave out", "i")
# Pictures of examples, and of faces that were found, on a person's card.
EXAMPLES, FACES = 2, 4


class MatchAlbum:
    """
    The pictures of an album, and its faces by names that they keep when others are left out.

    Pictures are of the album with every face, so that leaving one out makes none of them anew.

    Attributes
    ----------
    album : Album
        Every face.
    thumbnails : Thumbnails
        Their pictures.
    keys : tuple of str
        The name of each sighting of the album that was turned to.
    row_of : dict of str to int
        The row in it of each name.
    """

    def __init__(self, album: Album) -> None:
        self.album, self.thumbnails = album, Thumbnails(album)
        self._every = {key: row for row, key in enumerate(face_keys(album))}
        self.keys: tuple[str, ...] = tuple(self._every)
        self.row_of = self._every
        self._now = album

    def turn_to(self, album: Album) -> None:
        """Count rows as in an album with fewer of these faces."""
        if album is not self._now:
            self._now, self.keys = album, face_keys(album)
            self.row_of = {key: row for row, key in enumerate(self.keys)}

    def shown(self, row: int) -> int:
        """Return the row, among all faces, of a row of the album that was turned to."""
        return self._every[self.keys[row]]


class MatchPictures(FacePictures):
    """
    Makes pictures of faces and photos, and of examples ("example:K": the photo of reference K).

    Parameters
    ----------
    thumbnails : Thumbnails
        What makes and keeps them.
    references : References
        The known people.
    """

    def __init__(self, thumbnails: Thumbnails, references: References) -> None:
        super().__init__(thumbnails)
        self.references = references

    def __eq__(self, other: object) -> bool:
        """Whether the other makes the same pictures of the same tokens."""
        return (
            isinstance(other, MatchPictures)
            and other.thumbnails is self.thumbnails
            and other.references is self.references
        )

    def __hash__(self) -> int:
        return hash((id(self.thumbnails), id(self.references)))

    def __call__(self, tokens: Sequence[str]) -> list[bytes]:
        """Return a JPEG for each token."""
        others = iter(super().__call__([each for each in tokens if not _is_example(each)]))
        return [self._example(each) if _is_example(each) else next(others) for each in tokens]

    def _example(self, token: str) -> bytes:
        path = self.references.paths[int(token.partition(":")[2])]
        return self.thumbnails.photo(path, size=PHOTO_SIZE)


def person_cards(
    people: pd.DataFrame, table: pd.DataFrame, matched: MatchAlbum, references: References
) -> list[Card]:
    """
    Return one card a person: examples, the clearest faces found, how many photos and doubts.

    Parameters
    ----------
    people : pandas.DataFrame
        Of `toolkit.curation.match_list.people`.
    table : pandas.DataFrame
        Of `toolkit.curation.match_list.judged`.
    matched : MatchAlbum
        What shows the faces.
    references : References
        The known people.
    """
    held = table[table["state"].isin([ACCEPTED, SAID])]
    rows_of = {str(name): group.tolist() for name, group in held.groupby("person")["row"]}
    cards = []
    everybody: Iterable[Any] = people.itertuples(index=False)
    for each in everybody:
        name, photos, faces, doubts = str(each.person), each.photos, each.faces, each.doubtful
        strips = [Strip(examples_of(references, name)[:EXAMPLES], "example")]
        if rows := [matched.shown(int(row)) for row in rows_of.get(name, ())]:
            best = matched.thumbnails.best(rows, FACES)
            strips.append(Strip(tuple(face_picture(matched.album, row) for row in best), "found"))
        notes = [counts(int(photos), int(faces))] if photos else []
        notes += [f"{doubts:,} doubtful"] if doubts else []
        if name not in references.names:
            notes.append("named by you, without examples")
        elif not each.examples:
            notes.append("no example photo can be used: see above")
        cards.append(
            Card(
                key=name,
                title=name,
                note=" · ".join(notes),
                badge="in no photo" if not photos else "doubtful" if doubts else "",
                strips=tuple(strip for strip in strips if strip.pictures),
                opens="the matches in order" if photos else "the nearest faces",
            )
        )
    return cards


def match_cards(
    table: pd.DataFrame, matched: MatchAlbum, references: References, name: str, threshold: float
) -> list[Card]:
    """
    Return the matches of a person in order: the examples, the faces, and the line between them.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `toolkit.curation.match_list.ranked`.
    matched, references
        As for `person_cards`.
    name : str
        The person.
    threshold : float
        Where the line lies.
    """
    cards = []
    if examples := examples_of(references, name):
        title, note = f"Examples of {name}", counted(len(examples), "photo") + " to compare with"
        cards.append(Card("examples", title, note=note, strips=(Strip(examples[:6]),)))
    line = Card(
        "line",
        f"threshold {threshold:.3f}: nearer faces are accepted, those below are not",
        line=True,
    )
    drawn = False
    matches: Iterable[Any] = table.itertuples(index=False)
    for each in matches:
        if not drawn and each.distance > threshold:
            drawn = True
            cards.append(line)
        cards.append(match_card(each, matched, references))
    return cards if drawn else [*cards, line]


def match_card(
    match: Any,
    matched: MatchAlbum,
    references: References,
    *,
    beside: bool = False,
    whole: bool = False,
) -> Card:
    """
    Return the card of one match; its key is the name that `MatchAlbum` gives the face.

    Parameters
    ----------
    match : namedtuple
        A row of `toolkit.curation.match_list.judged`.
    matched, references
        As for `person_cards`.
    beside : bool
        Whether an example of the person stands beside the face.
    whole : bool
        Whether the photo is shown large.
    """
    row, person = matched.shown(int(match.row)), str(match.person)
    known = person in references.names
    actions = [REFUSE, IGNORE] if match.state != REFUSED else [IGNORE]
    if match.state != SAID and known:
        actions.insert(0, ACCEPT)
    pictures = face_picture(matched.album, row), photo_picture(matched.album, row)
    strips: tuple[Strip, ...] = (Strip(pictures),)
    if whole:
        strips = whole_card(matched.album, row).strips
    elif beside:
        examples = examples_of(references, person)[:1]
        if match.reference in references.paths:
            examples = (_example_at(references, references.paths.index(match.reference)),)
        strips = Strip(examples, f"example: {person}"), Strip(pictures, f"found: is this {person}?")
    return Card(
        key=matched.keys[int(match.row)],
        title=person if beside or whole else file_of(matched.album, row),
        note=_note(match) + (f" · {file_of(matched.album, row)}" if beside or whole else ""),
        badge=f"{match.state} · doubtful" if match.doubtful else str(match.state),
        strips=tuple(strip for strip in strips if strip.pictures),
        actions=tuple(actions),
        opens="" if whole else "larger",
    )


def examples_of(references: References, name: str) -> tuple[Picture, ...]:
    """Return the pictures of a person's example photos."""
    return tuple(
        _example_at(references, k)
        for k, person in enumerate(references.person_of.tolist())
        if references.names[person] == name
    )


def _example_at(references: References, k: int) -> Picture:
    name, file = references.names[references.person_of[k]], Path(references.paths[k]).name
    return Picture(f"example:{k}", f"example of {name}: {file}")


def _note(match: Any) -> str:
    """Say the distance and the margin, such as "0.412, next: Ben 0.210 further"."""
    if math.isnan(match.distance):
        return f"nearer to {match.next}"
    said = f"{match.distance:.3f}"
    if math.isfinite(match.margin) and match.next is not None:
        way = "further" if match.margin >= 0 else "nearer"
        said += f", next: {match.next} {abs(match.margin):.3f} {way}"
    if match.state == BEYOND and match.reason == SECOND:
        said += f"; {SECOND}"
    return said


def _is_example(token: str) -> bool:
    return token.startswith("example:")
