"""The record table of camtrapR: each independent record of an individual at a station."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from toolkit.results.captures.observed import BOTH, LEFT, RIGHT, Observed

COLUMNS = (
    *("Station", "Species", "Individual", "DateTimeOriginal", "Date", "Time"),
    *("delta.time.secs", "delta.time.mins", "delta.time.hours", "delta.time.days"),
    *("Directory", "FileName"),
)
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Record:
    """
    An individual at a station, at one time: one detection.

    Attributes
    ----------
    individual, station : str
        Who, and where.
    time : datetime
        Of the first sighting.
    seen : tuple of Observed
        The sightings that are this record, by time.
    """

    individual: str
    station: str
    time: datetime
    seen: tuple[Observed, ...]

    @property
    def flanks(self) -> frozenset[str]:
        """The sides that it was seen from."""
        sides = ((LEFT, RIGHT) if each.flank == BOTH else (each.flank,) for each in self.seen)
        return frozenset(side for some in sides for side in some if side)

    @property
    def side(self) -> str:
        """Return "left", "right", "both", or "" where no side is known."""
        sides = self.flanks
        return BOTH if {LEFT, RIGHT} <= sides else next(iter(sides), "")


def independent(seen: Iterable[Observed], *, minutes: float = 0) -> list[Record]:
    """
    Put sightings that are not independent of each other into one record.

    Parameters
    ----------
    seen : iterable of Observed
        Each with an individual, a time and a station.
    minutes : float
        How long after the last independent record of the same individual at the same station
        another one begins (camtrapR's ``minDeltaTime``, compared to ``lastIndependentRecord``).
        With 0, only those of one second are one. Sightings of one event always are.

    Returns
    -------
    list of Record
        By station, individual and time.
    """
    rows = sorted(
        ((each.station, each.individual or "", each.time or datetime.min, each) for each in seen),
        key=lambda row: (*row[:3], row[3].place, row[3].sighting_id),
    )
    parts: list[list[tuple[str, str, datetime, Observed]]] = []
    apart = timedelta(minutes=minutes)
    for row in rows:
        last = parts[-1] if parts else []
        if last and last[0][:2] == row[:2]:
            away = row[2] - last[0][2]
            same_event = bool(row[3].event) and row[3].event in {each.event for *_, each in last}
            same_second = row[2].replace(microsecond=0) == last[0][2].replace(microsecond=0)
            if same_second or away < apart or same_event:
                last.append(row)
                continue
        parts.append([row])
    return [Record(p[0][1], p[0][0], p[0][2], tuple(each for *_, each in p)) for p in parts]


def record_table(records: Iterable[Record], species: str) -> pd.DataFrame:
    """
    Return the table that camtrapR's ``recordTableIndividual`` makes.

    Parameters
    ----------
    records : iterable of Record
        By station, individual and time, as `independent` returns them.
    species : str
        What the animals are.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`. The differences in time are to the record before, of the same individual at the
        same station; 0 for the first.
    """
    rows = []
    before: Record | None = None
    for each in records:
        same = before is not None and (before.station, before.individual) == (
            *(each.station, each.individual),
        )
        time = each.time.replace(microsecond=0)
        secs = 0
        if before is not None and same:
            secs = round((time - before.time.replace(microsecond=0)).total_seconds())
        first = Path(each.seen[0].path)
        rows.append(
            (
                *(each.station, species, each.individual, time.strftime(TIME_FORMAT)),
                *(time.strftime("%Y-%m-%d"), time.strftime("%H:%M:%S")),
                *(secs, round(secs / 60), round(secs / 3600, 1), round(secs / 86400, 1)),
                *(os.fspath(first.parent), first.name),
            )
        )
        before = each
    return pd.DataFrame(rows, columns=list(COLUMNS))
