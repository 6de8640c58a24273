"""Capture histories: who was detected on which occasion, and how long the cameras worked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from toolkit.errors import BadSetting
from toolkit.photos.stations import Stations
from toolkit.results.captures.observed import BOTH, LEFT, RIGHT
from toolkit.results.captures.record_table import TIME_FORMAT, Record

# A year written wrongly must not ask for all memory.
MOST_DAYS, MOST_OCCASIONS = 36_525, 5_000


@dataclass(frozen=True)
class Occasions:
    """
    The occasions of a study, all of one length.

    Attributes
    ----------
    start : datetime
        Midnight before the first camera was set up.
    days : int
        Length of one.
    count : int
        How many, until the last camera was taken away; the last one may be cut short by that.
    """

    start: datetime
    days: int
    count: int

    @property
    def names(self) -> list[str]:
        """What the columns of a history are called: o1, o2 and so on, as camtrapR calls them."""
        return [f"o{number}" for number in range(1, self.count + 1)]

    def of(self, time: datetime) -> int:
        """Return the number of the occasion that a time is in, from 1."""
        return (time - self.start).days // self.days + 1

    def table(self) -> pd.DataFrame:
        """Return the first and last day of each: occasion, start, end."""
        starts = [self.start + timedelta(days=self.days * k) for k in range(self.count)]
        ends = [start + timedelta(days=self.days - 1) for start in starts]
        return pd.DataFrame(
            {
                "occasion": self.names,
                "start": [f"{start:%Y-%m-%d}" for start in starts],
                "end": [f"{end:%Y-%m-%d}" for end in ends],
            }
        )


def undated(stations: Stations) -> list[str]:
    """Return what stations lack that occasions need: such as "S1 has no retrieval_date"."""
    return [
        f"{each.label} has no {what}"
        for each in stations.deployments
        for what, value in (("setup_date", each.setup), ("retrieval_date", each.retrieval))
        if value is None
    ]


def occasions_of(stations: Stations, days: int) -> Occasions:
    """
    Part the time of a study into occasions.

    Parameters
    ----------
    stations : Stations
        Each with a date of setup and of retrieval; see `undated`.
    days : int
        Length of an occasion.

    Raises
    ------
    BadSetting
        If that makes more occasions than any study has, or the dates lie a lifetime apart.
    """
    first = min(each.setup for each in stations.deployments if each.setup)
    last = max(each.retrieval for each in stations.deployments if each.retrieval)
    start = datetime(first.year, first.month, first.day)
    length = (last - start).days + 1
    count = -(-length // days)
    if length > MOST_DAYS or count > MOST_OCCASIONS:
        raise BadSetting(
            f"the table of stations goes from {first:%Y-%m-%d} to {last:%Y-%m-%d}, which is "
            f"{count:,} occasions of {days} days; expected at most {MOST_OCCASIONS:,} and "
            f"{MOST_DAYS:,} days. Check the years, or take a longer --occasion"
        )
    return Occasions(start, days, count)


def history(
    records: Sequence[Record], occasions: Occasions, individuals: Sequence[str] | None = None
) -> pd.DataFrame:
    """
    Count the detections of each individual on each occasion.

    Parameters
    ----------
    records : sequence of Record
        m detections within the study.
    occasions : Occasions
        Its parts.
    individuals : sequence of str, optional
        Whose rows there are, in order; those of the records if not given.

    Returns
    -------
    pandas.DataFrame
        The column Individual, then one for each occasion, int64; they sum up to m.
    """
    names = sorted({each.individual for each in records}) if individuals is None else individuals
    row = {name: place for place, name in enumerate(names)}
    counts = [[0] * occasions.count for _ in names]
    for each in records:
        counts[row[each.individual]][occasions.of(each.time) - 1] += 1
    table = pd.DataFrame(counts, columns=occasions.names, dtype="int64")
    table.insert(0, "Individual", list(names))
    return table


def detected(counts: pd.DataFrame) -> pd.DataFrame:
    """Return a history of counts as one of 0 and 1."""
    table = counts.copy()
    table[table.columns[1:]] = table[table.columns[1:]].clip(upper=1)
    return table


def by_side(records: Sequence[Record], occasions: Occasions) -> dict[str, pd.DataFrame]:
    """
    Return the histories of 2-flank models (Augustine et al. 2018).

    Returns
    -------
    dict of str to pandas.DataFrame
        "left", "right" and "both": histories of the detections that showed one side alone, and of
        those that showed both at once. A detection is in one of them; one of which no side is known
        is in none.
    """
    return {
        side: history([each for each in records if each.side == side], occasions)
        for side in (LEFT, RIGHT, BOTH)
    }


def individuals(records: Sequence[Record], occasions: Occasions | None = None) -> pd.DataFrame:
    """
    Return how often each individual was detected, for models that allow for ghosts.

    Returns
    -------
    pandas.DataFrame
        One row an individual: Individual, Detections, Occasions (empty without `occasions`),
        Photos, Stations, Left, Right, Both (detections by side), First, Last.
    """
    rows = []
    for name in sorted({each.individual for each in records}):
        own = [each for each in records if each.individual == name]
        sides = [each.side for each in own]
        times = [one.time or each.time for each in own for one in each.seen]
        rows.append(
            (
                *(name, len(own)),
                "" if occasions is None else len({occasions.of(each.time) for each in own}),
                len({one.photo_digest for each in own for one in each.seen}),
                len({each.station for each in own}),
                *(sides.count(side) for side in (LEFT, RIGHT, BOTH)),
                *(min(times).strftime(TIME_FORMAT), max(times).strftime(TIME_FORMAT)),
            )
        )
    columns = "Individual Detections Occasions Photos Stations Left Right Both First Last"
    return pd.DataFrame(rows, columns=columns.split())


def effort(stations: Stations, occasions: Occasions) -> pd.DataFrame:
    """
    Count the days on which a camera of each station worked, by occasion.

    A day counts where any camera of the station worked at any time of it, so that no detection is
    on an occasion without effort.

    Returns
    -------
    pandas.DataFrame
        The column Station, then one for each occasion, int64.
    """
    rows = []
    for station in stations.names:
        days: set[int] = set()
        for each in stations.at(station):
            if each.setup is None or each.retrieval is None:
                continue
            first, last = (
                (each.setup - occasions.start).days,
                (each.retrieval - occasions.start).days,
            )
            for day in range(first, last + 1):
                morning = max(occasions.start + timedelta(days=day), each.setup)
                # The last second of the day that the camera stood there.
                evening = min(occasions.start + timedelta(days=day + 1, seconds=-1), each.retrieval)
                if not any(a <= morning and evening <= b for a, b in each.problems):
                    days.add(day)
        counts = [0] * occasions.count
        for day in days:
            counts[day // occasions.days] += 1
        rows.append(counts)
    table = pd.DataFrame(rows, columns=occasions.names, dtype="int64")
    table.insert(0, "Station", list(stations.names))
    return table
