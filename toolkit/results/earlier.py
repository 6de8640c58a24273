"""Who was who in the result that a folder holds, for the run that is to follow it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import BadFolder
from toolkit.grouping.numbering import Earlier
from toolkit.grouping.sighting_finder import SightingKey
from toolkit.records import SIGHTING_COLUMNS
from toolkit.results.results_folder import (
    BOX,
    LARGEST_TABLE,
    PHOTOS,
    SIGHTINGS,
    ResultsFolder,
    ignored_in,
    subject_of,
)
from toolkit.tables import BadTable, read_table

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
    """

    about: Mapping[str, Any]
    sightings: tuple[SightingKey, ...]
    names: tuple[str | None, ...]
    numbers: npt.NDArray[np.int64]
    photos: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["path", "photo_digest"])
    )

    @property
    def numbering(self) -> Earlier:
        """The numbers that were given, for `GroupingAssigner`."""
        told = self.about.get("last_number")
        last = told if isinstance(told, int) and 0 <= told < HIGHEST else 0
        kept = np.flatnonzero(self.numbers > 0)
        keys = tuple(self.sightings[row] for row in kept)
        return Earlier(keys, self.numbers[kept], max(last, int(self.numbers.max(initial=0))))


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
        about = ResultsFolder(out).record()
        table = read_table(out / SIGHTINGS, ("name", *SIGHTING_COLUMNS), most=LARGEST_TABLE)
        boxes = table[list(BOX)].astype("int64").itertuples(index=False, name=None)
        keys = [
            SightingKey(path, photo.strip().casefold(), *box)
            for path, photo, box in zip(table["path"], table["photo_digest"], boxes, strict=True)
        ]
        ignored = ignored_in(table)
        names = [
            None if left_out else name or None
            for name, left_out in zip(table["name"], ignored, strict=True)
        ]
        numbers = _numbers(table, names, subject_of(dict(about)).words.individual)
        photos = read_table(out / PHOTOS, ("path", "photo_digest"), most=LARGEST_TABLE)
    except (BadFolder, BadTable, OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    return EarlierRun(about, tuple(keys), tuple(names), numbers, photos[["path", "photo_digest"]])


def numbering(out: Path) -> Earlier | None:
    """Return the numbers that a folder's result gave; None where it holds none."""
    found = read(out)
    return None if found is None else found.numbering


def _numbers(
    table: pd.DataFrame, names: list[str | None], individual: str
) -> npt.NDArray[np.int64]:
    """Read the numbers; where an earlier version wrote the table, from names that are numbers."""
    if "number" in table:
        numbers = table["number"].replace("", "0").astype("int64").to_numpy()
    else:
        numbered = re.compile(rf"{re.escape(individual)}_([0-9]{{1,9}})")
        found = [numbered.fullmatch(name or "") for name in names]
        numbers = np.array([int(each[1]) if each else 0 for each in found], dtype=np.int64)
    if len(numbers) and not ((numbers >= 0) & (numbers < HIGHEST)).all():
        raise ValueError("a number is none that an individual can have")
    result: npt.NDArray[np.int64] = numbers
    return result
