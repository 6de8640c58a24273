"""The table of stations: where each camera stood, from when to when, how far its clock was off."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from toolkit.errors import BadSetting
from toolkit.names import counted, folded, printable
from toolkit.tables import BadTable, read_table

Value = TypeVar("Value")

# What the columns are called, by how others call them; small letters, "_" for what parts words.
ALIASES = {
    "station_id": "station",
    "stationid": "station",
    "locationname": "station",
    "lat": "latitude",
    "lon": "longitude",
    "long": "longitude",
    "lng": "longitude",
    "x": "utm_x",
    "easting": "utm_x",
    "y": "utm_y",
    "northing": "utm_y",
    "setup": "setup_date",
    "start": "setup_date",
    "start_date": "setup_date",
    "deploymentstart": "setup_date",
    "retrieval": "retrieval_date",
    "end": "retrieval_date",
    "end_date": "retrieval_date",
    "deploymentend": "retrieval_date",
    "camera_id": "camera",
    "cameraid": "camera",
    "offset": "clock_offset",
}
KNOWN = frozenset(
    (
        *("station", "camera", "latitude", "longitude", "utm_x", "utm_y"),
        *("setup_date", "retrieval_date", "clock_offset"),
    )
)
_PROBLEM = re.compile(r"problem_?(\d{1,4})_(from|to)")
_DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", re.ASCII)
_TIME = re.compile(r"[ T]+(\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
_CLOCK = re.compile(r"([+-]?)(\d{1,6}):(\d\d)(?::(\d\d))?", re.ASCII)
# A clock that was never set is off by some decades.
_MOST_OFFSET = timedelta(days=36_525)
DATES = "a date such as 2024-05-31, or a time such as 2024-05-31 17:20"


@dataclass(frozen=True)
class Deployment:
    """
    A camera at a station, for some time: a row of the table.

    Attributes
    ----------
    station, camera : str
        What they are called; the camera "" where the table does not say.
    latitude, longitude : float or None
        Degrees (WGS 84).
    x, y : float or None
        Where it stands on a projected map, in metres.
    setup, retrieval : datetime or None
        From when to when the camera worked, by local time; a date alone is the whole day.
    problems : tuple of (datetime, datetime)
        When it did not work in between.
    clock_offset : timedelta
        What is added to the time of the camera.
    others : dict of str to str
        Other columns of the table.
    line : int
        The row's number in the file.
    """

    station: str
    camera: str = ""
    latitude: float | None = None
    longitude: float | None = None
    x: float | None = None
    y: float | None = None
    setup: datetime | None = None
    retrieval: datetime | None = None
    problems: tuple[tuple[datetime, datetime], ...] = ()
    clock_offset: timedelta = timedelta()
    others: Mapping[str, str] = field(default_factory=dict)
    line: int = 0

    @property
    def label(self) -> str:
        """The station, with its camera where the table names one."""
        return f"{self.station} {self.camera}".strip()

    def covers(self, time: datetime) -> bool:
        """Whether the camera stood there then; of what the table does not say, it did."""
        return (self.setup is None or self.setup <= time) and (
            self.retrieval is None or time <= self.retrieval
        )

    def failed(self, time: datetime) -> bool:
        """Whether the table says that the camera did not work then."""
        return any(start <= time <= end for start, end in self.problems)


@dataclass(frozen=True)
class Stations:
    """
    All rows of the table.

    Attributes
    ----------
    deployments : tuple of Deployment
        In the order of the table.
    """

    deployments: tuple[Deployment, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Each station once, in the order of the table."""
        return tuple(dict.fromkeys(each.station for each in self.deployments))

    def at(self, station: str) -> tuple[Deployment, ...]:
        """Return the rows of a station."""
        return tuple(each for each in self.deployments if each.station == station)

    def find(self, station: str, camera: str, time: datetime | None) -> Deployment | None:
        """
        Return the row that a photo belongs to.

        Parameters
        ----------
        station, camera : str
            As the photo has them; case does not count. A camera that no row names is any of the
            station's.
        time : datetime or None
            As its camera says it, before the offset of the row is added.

        Returns
        -------
        Deployment or None
            The row that covers the time, else the first one; None where there is no such station.
        """
        here = [each for each in self.deployments if _same(each.station, station)]
        here = [each for each in here if camera and _same(each.camera, camera)] or here
        if time is not None:
            for each in here:
                if each.covers(shifted(time, each.clock_offset)):
                    return each
        return here[0] if here else None


def shifted(time: datetime, by: timedelta) -> datetime:
    """Return a time set by the offset of its clock; as it was, if no calendar has the other."""
    try:
        return time + by
    except OverflowError:
        return time


def read(path: Path) -> Stations:
    """
    Read the table of stations.

    Parameters
    ----------
    path : Path
        CSV with the column station, and any of latitude, longitude, utm_x, utm_y (metres),
        setup_date, retrieval_date, camera, clock_offset (seconds, or ±HH:MM:SS, to be added to
        the camera's time), problem1_from, problem1_to, and so on. camtrapR's names of them serve.

    Raises
    ------
    BadSetting
        With one line that says which row is wrong, how, and what was expected.
    """
    try:
        table = read_table(path, most=1 << 24)
    except BadTable as error:
        raise BadSetting(
            f"{path} cannot be used as the table of stations: {error}. Expected CSV with the "
            "columns station, latitude, longitude, setup_date, retrieval_date"
        ) from error
    names = [_column(str(column)) for column in table.columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadSetting(f"{path} has two columns for {printable(twice[0])}; expected one")
    if "station" not in names:
        told = printable(", ".join(map(str, table.columns)))[:200]
        raise BadSetting(f"{path} has no column station; its columns are {told}")
    rows: list[Deployment] = []
    wrong: list[str] = []
    for line, cells in zip(table.index, table.itertuples(index=False, name=None), strict=True):
        row = {name: str(cell).strip() for name, cell in zip(names, cells, strict=True)}
        try:
            rows.append(_deployment(row, int(line)))
        except ValueError as error:
            wrong.append(f"line {line}: {error}")
    wrong = wrong or _clashes(rows)
    if not rows and not wrong:
        wrong = ["it has no rows; expected one for each station"]
    if wrong:
        more = f" ({counted(len(wrong) - 1, 'more line')} to mend)" if wrong[1:] else ""
        raise BadSetting(f"{path}, {printable(wrong[0])}{more}")
    return Stations(tuple(rows))


def _column(name: str) -> str:
    plain = re.sub(r"[\s.\-]+", "_", name.strip().casefold())
    return ALIASES.get(plain, plain)


def _same(one: str, other: str) -> bool:
    return folded(one.strip()) == folded(other.strip())


def _deployment(row: Mapping[str, str], line: int) -> Deployment:
    """Read a row; a ValueError says what is wrong with it."""
    if not row["station"]:
        raise ValueError("the station has no name; expected one in the column station")
    latitude = _cell(row, "latitude", _number(90), "degrees from -90 to 90, such as 41.7064")
    longitude = _cell(row, "longitude", _number(180), "degrees from -180 to 180, such as 74.5213")
    x = _cell(row, "utm_x", _number(1e8), "metres, such as 543210")
    y = _cell(row, "utm_y", _number(1e8), "metres, such as 4617000")
    for one, other, what in ((latitude, longitude, "latitude"), (x, y, "utm_x")):
        if (one is None) != (other is None):
            also = "longitude" if what == "latitude" else "utm_y"
            raise ValueError(f"one of {what} and {also} is empty; expected both or none")
    setup = _cell(row, "setup_date", _moment(last=False), DATES)
    retrieval = _cell(row, "retrieval_date", _moment(last=True), DATES)
    if setup and retrieval and retrieval < setup:
        raise ValueError(
            f'retrieval_date is "{row["retrieval_date"]}", before setup_date '
            f'"{row["setup_date"]}"; expected a later one'
        )
    return Deployment(
        station=row["station"],
        camera=row.get("camera", ""),
        latitude=latitude,
        longitude=longitude,
        x=x,
        y=y,
        setup=setup,
        retrieval=retrieval,
        problems=_problems(row),
        clock_offset=_cell(row, "clock_offset", _offset, "seconds, or such as +01:00:00")
        or timedelta(),
        others={
            name: cell
            for name, cell in row.items()
            if name not in KNOWN and not _PROBLEM.fullmatch(name)
        },
        line=line,
    )


def _cell(
    row: Mapping[str, str], column: str, read_it: Callable[[str], Value], expected: str
) -> Value | None:
    text = row.get(column, "")
    if text.casefold() in ("", "na"):
        return None
    try:
        return read_it(text)
    except (ValueError, OverflowError):
        raise ValueError(f'{column} is "{text[:60]}"; expected {expected}') from None


def _number(most: float) -> Callable[[str], float]:
    def read_it(text: str) -> float:
        # Spreadsheets in many languages write a comma.
        number = float(text.replace(",", ".") if text.count(",") == 1 else text)
        if not math.isfinite(number) or abs(number) > most:
            raise ValueError(text)
        return number

    return read_it


def _moment(*, last: bool) -> Callable[[str], datetime]:
    def read_it(text: str) -> datetime:
        day = _DAY.match(text)
        if day is None:
            raise ValueError(text)
        date = datetime(int(day[1]), int(day[2]), int(day[3]))
        rest = text[day.end() :]
        if not rest:
            return date.replace(hour=23, minute=59, second=59) if last else date
        time = _TIME.fullmatch(rest)
        if time is None:
            raise ValueError(text)
        return date.replace(hour=int(time[1]), minute=int(time[2]), second=int(time[3] or 0))

    return read_it


def _offset(text: str) -> timedelta:
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        found = timedelta(seconds=float(text))
    else:
        hours, minutes, seconds = int(clock[2]), int(clock[3]), int(clock[4] or 0)
        if minutes > 59 or seconds > 59:
            raise ValueError(text)
        found = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        found = -found if clock[1] == "-" else found
    if abs(found) > _MOST_OFFSET:
        raise ValueError(text)
    return found


def _problems(row: Mapping[str, str]) -> tuple[tuple[datetime, datetime], ...]:
    numbers = sorted({int(found[1]) for name in row if (found := _PROBLEM.fullmatch(name))})
    spans = []
    for number in numbers:
        names = {
            found[2]: name
            for name in row
            if (found := _PROBLEM.fullmatch(name)) and int(found[1]) == number
        }
        start = _cell(row, names.get("from", ""), _moment(last=False), DATES)
        end = _cell(row, names.get("to", ""), _moment(last=True), DATES)
        if start is None and end is None:
            continue
        if start is None or end is None or end < start:
            raise ValueError(
                f"problem{number}_from and problem{number}_to are no span of time; expected two "
                "dates, the earlier one first"
            )
        spans.append((start, end))
    return tuple(spans)


def _clashes(rows: list[Deployment]) -> list[str]:
    """Say where rows contradict each other."""
    wrong = []
    for place, row in enumerate(rows):
        for before in rows[:place]:
            if not _same(row.station, before.station):
                continue
            if row.station != before.station:
                wrong.append(
                    f'line {row.line}: the station is "{row.station}", and "{before.station}" in '
                    f"line {before.line}; expected one spelling"
                )
            elif (row.latitude, row.longitude, row.x, row.y) != (
                *(before.latitude, before.longitude),
                *(before.x, before.y),
            ):
                wrong.append(
                    f'line {row.line}: the station "{row.station}" has another place than in '
                    f"line {before.line}; expected the same place, or another name"
                )
            elif _same(row.camera, before.camera) and _overlap(row, before):
                wrong.append(
                    f'line {row.line}: "{row.label}" is in line {before.line} too, for the same '
                    "time; expected one row, or a column camera that tells them apart"
                )
            else:
                continue
            break
    return wrong


def _overlap(one: Deployment, other: Deployment) -> bool:
    return (one.setup or datetime.min) <= (other.retrieval or datetime.max) and (
        other.setup or datetime.min
    ) <= (one.retrieval or datetime.max)
