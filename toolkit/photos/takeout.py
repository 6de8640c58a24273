"""What Google Takeout puts beside photos: edited doubles, and copies of them for each album."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from toolkit.files import digest_of
from toolkit.names import folded, printable
from toolkit.photos.companions import TAKEOUT, belonging

# What it puts behind the name of a photo that was edited, in the language of the account.
EDITED: tuple[str, ...] = (
    "edited",
    "bearbeitet",
    "modifié",
    "editado",
    "editada",
    "modificato",
    "bewerkt",
)
EDITED += ("edytowane", "redigerad", "redigert", "redigeret", "muokattu", "upraveno", "düzenlendi")
EDITED += ("изменено", "編集済み", "已修改", "수정됨")
_EDITED = re.compile(rf"(.+)-(?:{'|'.join(map(folded, EDITED))})((?:\(\d+\))?)")
# The folders of all photos of a year, in every language: "Photos from 2019", "Fotos von 2019".
_YEAR = re.compile(r"\D*(?<!\d)(?:19|20)\d\d(?!\d)\D*")


@dataclass
class Edited:
    """
    Doubles that Google Photos made when a photo was edited.

    Attributes
    ----------
    of : dict of Path to Path
        The photo that each is made from.
    """

    of: dict[Path, Path] = field(default_factory=dict)

    @property
    def said(self) -> list[tuple[Path, str]]:
        """Each with why it is no photo of its own."""
        return [
            (path, f"the edited double of {printable(photo.name)}, which it goes along with")
            for path, photo in self.of.items()
        ]


def without_edited(photos: Sequence[Path], others: Iterable[Path]) -> tuple[list[Path], Edited]:
    """
    Part the photos of a folder from their edited doubles, where Google Takeout wrote both.

    Parameters
    ----------
    photos : sequence of Path
        Of one folder.
    others : iterable of Path
        Its other files.

    Returns
    -------
    photos : list of Path
        In the order given. "a-edited.jpg" is one of its own unless "a.jpg" is there and has a JSON
        of Takeout, as the double has none.
    edited : Edited
        The others.
    """
    suspects = {path: found for path in photos if (found := _original(path.name)) is not None}
    if not suspects:
        return list(photos), Edited()
    told = [path.name for path in others if path.suffix.lower() == TAKEOUT]
    described = set(belonging([path.name for path in photos], told).values())
    stems = {_stem(path.name): path for path in photos if path.name in described}
    edited = Edited()
    for path, stem in suspects.items():
        original = stems.get(stem)
        if original is not None and path.name not in described:
            edited.of[path] = original
    return [path for path in photos if path not in edited.of], edited


def in_albums(
    photos: Sequence[Path], companions: Mapping[Path, tuple[Path, ...]]
) -> dict[Path, str]:
    """
    Say which photos are copies that Google Takeout made of a year's photos for an album.

    Parameters
    ----------
    photos : sequence of Path
        Of all folders.
    companions : mapping of Path to tuple of Path
        What lies beside photos and belongs to them.

    Returns
    -------
    dict of Path to str
        Each copy, with why it is left out: in a folder beside that of the year there is a file of
        its name and its bytes, and Takeout described that one.
    """
    years: dict[tuple[Path, str], list[Path]] = {}
    for path, beside in companions.items():
        if _YEAR.fullmatch(path.parent.name) and any(
            each.suffix.lower() == TAKEOUT for each in beside
        ):
            years.setdefault((path.parent.parent, folded(path.name)), []).append(path)
    found = {}
    for path in photos if years else ():
        if _YEAR.fullmatch(path.parent.name):
            continue
        for original in years.get((path.parent.parent, folded(path.name)), ()):
            if _same(path, original):
                where = printable(f"{original.parent.name}/{original.name}")
                found[path] = f"the copy of {where} for an album, by Google Takeout"
                break
    return found


def _original(name: str) -> str | None:
    """Return the name without its ending of the photo that one of this name was made from."""
    found = _EDITED.fullmatch(_stem(name))
    return f"{found[1]}{found[2]}" if found else None


def _stem(name: str) -> str:
    return folded(PurePath(name).stem)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_size == other.stat().st_size and digest_of(one) == digest_of(other)
    except OSError:
        return False
