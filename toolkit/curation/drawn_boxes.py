"""Boxes that somebody draws around what was not found: drawn, taken out, and not looked at yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toolkit.curation import edits
from toolkit.curation.decisions import Decision
from toolkit.curation.history import Gesture
from toolkit.errors import BadSetting
from toolkit.grouping.sighting_finder import SightingKey, finder_of
from toolkit.names import folded, printable
from toolkit.records import Album, Box, Words
from toolkit.scanning.missed import SMALLEST, fits

Keys = frozenset[SightingKey]


def keys(made: Sequence[Decision]) -> tuple[SightingKey, ...]:
    """Return where boxes are by decisions, each once, in their order."""
    return tuple(dict.fromkeys(each.sighting for each in made if each.kind == "box"))


def drawing(
    key: SightingKey, words: Words, *, name: str = "", known: Sequence[str] = ()
) -> Gesture:
    """
    Return what it decides to draw a box.

    Parameters
    ----------
    key : SightingKey
        Where.
    words : Words
        What is told apart.
    name : str
        Who it is; "" where that is not known.
    known : sequence of str
        The names that there are: however it is typed, one of these is that one.

    Raises
    ------
    BadSetting
        If the box is too small, or the name is none.
    """
    side = min(key.right - key.left, key.bottom - key.top)
    if side < SMALLEST:
        raise BadSetting(
            f"the box has a side of {side} px; expected at least {SMALLEST}: draw it larger"
        )
    said = f"{words.a_sighting} is boxed in {_file(key)}"
    made = [Decision("box", key)]
    if name.strip():
        typed = edits.cleaned(name)
        called = next((each for each in known if folded(each) == folded(typed)), typed)
        made.append(Decision("name", key, name=called))
        said = f"{called} is boxed in {_file(key)}"
    return Gesture(tuple(made), said)


def taking_out(made: Sequence[Decision], key: SightingKey) -> Gesture:
    """Return what it decides to take a box out: what was said of it goes along."""
    gone = tuple(each for each in made if key in (each.sighting, each.other))
    return Gesture((), f"the box in {_file(key)} is taken out", gone=gone)


def found(made: Sequence[Decision], album: Album) -> Keys:
    """Return the boxes whose sightings an album has, and those that lie outside their photos."""
    every = keys(made)
    if not every:
        return frozenset()
    find = finder_of(album, ignored=True)
    sizes = _sizes(album)
    return frozenset(
        key
        for key in every
        if find(key) is not None
        or (key.photo in sizes and not fits(Box(*key.box), *sizes[key.photo]))
    )


def due(made: Sequence[Decision], looked_at: Keys, album: Album) -> frozenset[str]:
    """
    Return the photos that have other boxes by decisions than when they were looked at.

    Parameters
    ----------
    made : sequence of Decision
        The decisions now.
    looked_at : frozenset of SightingKey
        The boxes that count in the album.
    album : Album
        The album; of photos that are not in it, nothing is due.

    Returns
    -------
    frozenset of str
        Digests of photos.
    """
    changed = {key.photo for key in looked_at.symmetric_difference(keys(made))}
    return frozenset(changed & {*map(str, album.photos["photo_digest"])})


def _sizes(album: Album) -> dict[str, tuple[int, int]]:
    columns = album.photos[["photo_digest", "width", "height"]]
    return {str(row[0]): (int(row[1]), int(row[2])) for row in columns.itertuples(index=False)}


def _file(key: SightingKey) -> str:
    return printable(Path(key.path).name) or "a photo"
