"""Who was who in the result that a folder holds, for the run that is to follow it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import BadFolder
from toolkit.files import reason_of
from toolkit.grouping.numbering import NO_EARLIER, Earlier
from toolkit.grouping.sighting_finder import SightingKey
from toolkit.records import SIGHTING_COLUMNS, Album
from toolkit.results.results_folder import (
    BOX,
    LARGEST_TABLE,
    NOBODY,
    NUMBERS,
    PHOTOS,
    SIGHTINGS,
    ResultsFolder,
    doubtful_in,
    names_in,
    subject_of,
)
from toolkit.tables import BadTable, read_table

# Where the record has the numbers that a run gives, until it is finished.
GIVEN = "given"
# A number that is counted on from: no run gives as many.
HIGHEST = 10**9


@dataclass(frozen=True)
class EarlierRun:
    """
    What a folder's tables say of the run before.

    Attributes
    ----------
    about : dict
        What the record says of it; of a run that was cut off, the one that was cut off.
    sightings : tuple of SightingKey
        m sightings.
    names : tuple of str or None
        What the individual of each was called, m in all.
    numbers : numpy.ndarray
        Shape (m,), int64: the number of each, 0 for none.
    photos : pandas.DataFrame
        Of all photos: path, as the table has it, and photo_digest.
    absent : Earlier
        The numbers of sightings whose photos were away.
    trouble : str
        Why these could not be read, "" if they could.
    aside : mapping of str to str
        The folder that photos in no individual's folder were in, by their digest.
    doubts : frozenset of int
        Places of the sightings that counted for no individual's folder.
    """

    about: Mapping[str, Any]
    sightings: tuple[SightingKey, ...]
    names: tuple[str | None, ...]
    numbers: npt.NDArray[np.int64]
    photos: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["path", "photo_digest"])
    )

    absent: Earlier = NO_EARLIER
    trouble: str = ""
    aside: Mapping[str, str] = field(default_factory=dict)
    doubts: frozenset[int] = frozenset()

    @property
    def numbering(self) -> Earlier:
        """The numbers that were given, for `GroupingAssigner`."""
        told = self.about.get("last_number")
        last = told if isinstance(told, int) and 0 <= told < HIGHEST else 0
        kept = np.flatnonzero(self.numbers > 0)
        keys = (*(self.sightings[row] for row in kept), *self.absent.sightings)
        numbers = np.concatenate([self.numbers[kept], self.absent.numbers])
        return Earlier(keys, numbers, max(last, int(numbers.max(initial=0))))


def read(out: Path) -> EarlierRun | None:
    """
    Read who was who in an earlier run.

    Each table is read by itself: after a run that was cut off between two of them, the numbers are
    still those that were given. What cannot be read was no result: the run begins anew.

    Returns
    -------
    EarlierRun or None
        None where no run ended in that folder.
    """
    try:
        folder = ResultsFolder(out)
        about = folder.record()
        table = folder.read(SIGHTINGS, ("name", *SIGHTING_COLUMNS), about)
        keys = _keys(table)
        words = subject_of(dict(about)).words
        names = names_in(table, words)
        numbers = _numbers(table, names, words.individual)
        photos = folder.read(PHOTOS, ("path", "photo_digest"), about)
    except (BadFolder, BadTable, OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    known = photos[["path", "photo_digest"]]
    absent, trouble = NO_EARLIER, ""
    try:
        absent = _absent(out)
    except (BadTable, OSError, ValueError, OverflowError) as error:
        # The others keep their numbers all the same.
        trouble = (
            f"{NUMBERS} could not be used ({reason_of(error)}): whoever was in photos that are "
            "away gets a new number"
        )
    with contextlib.suppress(ValueError, OverflowError):
        absent = _with_given(absent, about)
    told = (absent, trouble, _aside(out, known), doubtful_in(table))
    return EarlierRun(about, keys, names, numbers, known, *told)


def _aside(out: Path, photos: pd.DataFrame) -> dict[str, str]:
    """Read which photos were in no individual's folder, and where instead; {} where unknown."""
    try:
        table = read_table(out / NOBODY, ("path", "folder"), most=LARGEST_TABLE)
    except (BadTable, OSError):
        return {}
    digest_of = dict(zip(photos["path"], photos["photo_digest"], strict=True))
    rows = zip(table["path"], table["folder"], strict=True)
    return {digest_of[path]: folder for path, folder in rows if folder and path in digest_of}


def _keys(table: pd.DataFrame) -> tuple[SightingKey, ...]:
    boxes = table[list(BOX)].astype("int64").itertuples(index=False, name=None)
    return tuple(
        SightingKey(path, photo.strip().casefold(), *box)
        for path, photo, box in zip(table["path"], table["photo_digest"], boxes, strict=True)
    )


def _absent(out: Path) -> Earlier:
    """Read the numbers of those whose photos were away; none where nobody was."""
    if not (out / NUMBERS).is_file():
        return NO_EARLIER
    table = read_table(out / NUMBERS, ("number", "path", "photo_digest", *BOX), most=LARGEST_TABLE)
    return Earlier(_keys(table), _valid(table["number"]), 0)


def given(numbering: Earlier, before: EarlierRun) -> dict[str, list[list[Any]]]:
    """
    Return the numbers that a run gives and the tables of the run before do not have.

    For the record while the run is under way: if it is cut off, they are given to nobody else.
    """
    known = dict(zip(before.sightings, before.numbers.tolist(), strict=True))
    rows = zip(numbering.sightings, numbering.numbers.tolist(), strict=True)
    new = [[number, *astuple(key)] for key, number in rows if known.get(key) != number]
    return {GIVEN: new} if new else {}


def _with_given(absent: Earlier, about: Mapping[str, Any]) -> Earlier:
    """Add the numbers that a run which was cut off had given."""
    told = about.get(GIVEN)
    rows = [row for row in told if isinstance(row, list)] if isinstance(told, list) else []
    columns = ["number", "path", "photo_digest", *BOX]
    table = pd.DataFrame([row for row in rows if len(row) == len(columns)], columns=columns)
    if not len(table):
        return absent
    table = table.astype(str)
    numbers = np.concatenate([_valid(table["number"]), absent.numbers])
    return Earlier((*_keys(table), *absent.sightings), numbers, absent.last)


def absent_table(numbering: Earlier, album: Album) -> pd.DataFrame:
    """Return the table of numbers whose sightings are not in an album, for later runs."""
    absent = numbering.within(album)[1]
    rows = [astuple(key) for key in absent.sightings]
    table = pd.DataFrame(rows, columns=["path", "photo_digest", *BOX], dtype=object)
    table.insert(0, "number", absent.numbers)
    return table


def numbering(out: Path) -> Earlier | None:
    """Return the numbers that a folder's result gave; None where it holds none."""
    found = read(out)
    return None if found is None else found.numbering


def _numbers(
    table: pd.DataFrame, names: Sequence[str | None], individual: str
) -> npt.NDArray[np.int64]:
    """Read the numbers; where an earlier version wrote the table, from names that are numbers."""
    if "number" in table:
        return _valid(table["number"])
    numbered = re.compile(rf"{re.escape(individual)}_([0-9]{{1,9}})")
    found = [numbered.fullmatch(name or "") for name in names]
    return np.array([int(each[1]) if each else 0 for each in found], dtype=np.int64)


def _valid(cells: pd.Series) -> npt.NDArray[np.int64]:
    """Return numbers as they were written; `ValueError` for what none can have."""
    numbers = cells.replace("", "0").astype("int64").to_numpy()
    if len(numbers) and not ((numbers >= 0) & (numbers < HIGHEST)).all():
        raise ValueError("a number is none that an individual can have")
    result: npt.NDArray[np.int64] = numbers
    return result
