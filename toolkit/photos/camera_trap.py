"""What is known of a camera-trap photo beside its picture: when, where, which flank and burst."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pandas as pd

from toolkit.errors import BadSetting, UnreadablePhoto
from toolkit.files import whole_path
from toolkit.names import folded, printable
from toolkit.photos import capture_time
from toolkit.photos.stations import Stations, shifted
from toolkit.tables import BadTable, read_table

LEFT, RIGHT, BOTH = "left", "right", "both"
FLANKS = (LEFT, RIGHT, BOTH)
# Columns of sightings. All are texts, "" where nothing is known: `clock_offset` are the seconds
# that were added to the camera's time, which `taken_at` has in it.
TAKEN_AT, OFFSET, STATION, CAMERA = "taken_at", "clock_offset", "station", "camera"
FLANK, EVENT = "flank", "event"
COLUMNS = (TAKEN_AT, OFFSET, STATION, CAMERA, FLANK, EVENT)
# What a table of the user's can say of a photo.
TOLD = (TAKEN_AT, STATION, CAMERA, FLANK, EVENT)
_FLANK = re.compile(r"(?<![a-z])(left|right|both)(?:[ _-]?(?:photo|flank|side)s?)?(?![a-z])")
# Bytes that a table of the user's may have.
_LARGEST = 1 << 28


class Camera(NamedTuple):
    """A station, and its camera where that is known; "" is not known."""

    station: str
    camera: str = ""


def place_of(path: str, folder: Path | None) -> str:
    """Return a photo's path below a folder, with forward slashes; where it is not, its own."""
    if folder is None:
        return Path(path).as_posix()
    try:
        inside = os.path.relpath(whole_path(path), whole_path(folder))
    except ValueError:  # another drive
        return Path(path).as_posix()
    return Path(path if Path(inside).parts[0] == os.pardir else inside).as_posix()


def camera_of(place: str, stations: Stations | None = None, *, folder: str = "") -> Camera:
    """
    Return which camera took a photo, as its folders tell it.

    Parameters
    ----------
    place : str
        The photo's path below the folder of photos.
    stations : Stations, optional
        The first folder that bears the name of one of these is the station, another one that of a
        camera there the camera. Without, or where none does, the first folder is the station.
    folder : str
        What the folder of photos itself is called: a station if it bears the name of one.
    """
    folders = _folders(place)
    known = {} if stations is None else {folded(name): name for name in stations.names}
    for each in [*folders, folder]:
        station = known.get(folded(each.strip()))
        if each and station is not None and stations is not None:
            cameras = {folded(row.camera): row.camera for row in stations.at(station) if row.camera}
            rest = [cameras.get(folded(other.strip()), "") for other in folders if other != each]
            return Camera(station, next(filter(None, rest), ""))
    return Camera(folders[0] if folders else "")


def flank_of(place: str) -> str:
    """
    Return "left", "right" or "both" where a photo's name, else a folder's, says it; else "".

    A file says it with the word in its name, if only one of them is there; a folder that is called
    so, such as "left" or "right flank", does it for what is in it, the innermost first.
    """
    path = PurePosixPath(place)
    found = set(_FLANK.findall(path.stem.casefold()))
    if found:
        return found.pop() if len(found) == 1 else ""
    for each in reversed(_folders(place)):
        if folder := _FLANK.fullmatch(each.strip().casefold()):
            return folder[1]
    return ""


def _folders(place: str) -> list[str]:
    path = PurePosixPath(place)
    # By its own path, a photo that lies elsewhere is in folders of who knows what.
    outside = path.is_absolute() or os.path.isabs(place) or ".." in path.parts  # noqa: PTH117
    return [] if outside else [*path.parts[:-1]]


def read_time(text: str) -> datetime | None:
    """Return a time in ISO 8601, without its zone if it has one; None for anything else."""
    try:
        return datetime.fromisoformat(text.strip().removesuffix("Z")).replace(tzinfo=None)
    except ValueError:
        return None


def read_offset(text: object) -> timedelta:
    """Return the seconds of a cell as a span of time; none for what is no such number."""
    try:
        return timedelta(seconds=float(str(text)))
    except (ValueError, OverflowError):
        return timedelta()


@dataclass(frozen=True)
class Details:
    """
    What a table of the user's says of photos, before anything else does.

    Attributes
    ----------
    by_sighting, by_place, by_name : dict of str to dict of str to str
        Cells by column, by the identifier of a sighting, the photo's path, and the file's name;
        names that several photos have are left out.
    """

    by_sighting: dict[str, dict[str, str]] = field(default_factory=dict)
    by_place: dict[str, dict[str, str]] = field(default_factory=dict)
    by_name: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, place: str, sighting: str = "") -> dict[str, str]:
        """Return what it says of a sighting, by its identifier, its photo's path, or its name."""
        found = self.by_sighting.get(sighting)
        if found is None:
            found = self.by_place.get(place)
        return found or self.by_name.get(PurePosixPath(place).name) or {}


def read_details(path: Path) -> Details:
    """
    Read a table of what is known of photos.

    Parameters
    ----------
    path : Path
        CSV with the column path (below the folder of photos, or a file's name), and any of station,
        camera, taken_at, flank and event. The ``sightings.csv`` of an earlier run serves: there, a
        row is about its sighting.

    Raises
    ------
    BadSetting
        With one line that says what is wrong, and what was expected.
    """
    wanted = f"CSV with the column path, and any of {', '.join(TOLD)}"
    try:
        table = read_table(path, ("path",), most=_LARGEST)
    except BadTable as error:
        raise BadSetting(f"{path} cannot be used: {error}. Expected {wanted}") from error
    here = [name for name in TOLD if name in table]
    if not here:
        raise BadSetting(f"{path} has none of the columns {', '.join(TOLD)}; expected {wanted}")
    found, several = Details(), set()
    for line, row in zip(table.index, table.to_dict("records"), strict=True):
        cells = {name: str(row[name]).strip() for name in here}
        _check(cells, f"{path}, line {line}")
        place = str(row["path"]).strip().replace("\\", "/")
        name = PurePosixPath(place).name
        if str(row.get("sighting_id", "")):
            found.by_sighting[str(row["sighting_id"])] = cells
            continue
        found.by_place[place] = cells
        if found.by_name.setdefault(name, cells) is not cells:
            several.add(name)
    for name in several:
        del found.by_name[name]
    return found


def _check(cells: dict[str, str], where: str) -> None:
    """Raise `BadSetting` for a cell that says nothing that can be."""
    flank, time = cells.get(FLANK, ""), cells.get(TAKEN_AT, "")
    cells[FLANK] = flank.casefold().removesuffix("unknown")
    if cells[FLANK] and cells[FLANK] not in FLANKS:
        raise BadSetting(
            f'{where}: flank is "{printable(flank)[:40]}"; expected left, right, both or nothing'
        )
    if time and read_time(time) is None:
        raise BadSetting(
            f'{where}: taken_at is "{printable(time)[:40]}"; expected a time such as '
            "2024-05-31 17:20:05"
        )


def describe(
    sightings: pd.DataFrame,
    folder: Path | None,
    *,
    stations: Stations | None = None,
    details: Details | None = None,
    flank: str = "auto",
    gap: float = 1.0,
    time_of: Callable[[Path], datetime | None] = capture_time.time_of,
) -> pd.DataFrame:
    """
    Return what is known of sightings beside their pictures.

    Parameters
    ----------
    sightings : pandas.DataFrame
        n rows with the column path, and sighting_id where there is one.
    folder : Path or None
        The folder of photos, below which folders are stations.
    stations : Stations, optional
        Which stations and cameras there are, and how far their clocks are off.
    details : Details, optional
        What goes before files and folders.
    flank : {"auto", "off", "left", "right", "both"}
        From names and folders; not at all; or the same for all. Details go before it.
    gap : float
        Minutes after a photo within which the next one of its camera is of the same event.
    time_of : callable
        Reads the time of a photo.

    Returns
    -------
    pandas.DataFrame
        n rows of texts, `COLUMNS`.
    """
    ids = sightings["sighting_id"] if "sighting_id" in sightings else [""] * len(sightings)
    asked: dict[str, datetime | None] = {}
    rows = []
    for path, sighting in zip(map(str, sightings["path"]), ids, strict=True):
        place = place_of(path, folder)
        told = {} if details is None else details.of(place, str(sighting))
        by_folder = camera_of(place, stations, folder="" if folder is None else folder.name)
        station = told.get(STATION) or by_folder.station
        camera = told.get(CAMERA) or (by_folder.camera if station == by_folder.station else "")
        time = read_time(told[TAKEN_AT]) if told.get(TAKEN_AT) else None
        by_clock = time is None
        if by_clock:
            if path not in asked:
                asked[path] = _asked(Path(path), time_of)
            time = asked[path]
        deployment = None if stations is None else stations.find(station, camera, time)
        offset = timedelta()
        if deployment is not None:
            station, offset = deployment.station, deployment.clock_offset
            time = shifted(time, offset) if by_clock and time is not None else time
        rows.append(
            (
                "" if time is None else time.isoformat(),
                "" if time is None else f"{offset.total_seconds():g}",
                station,
                camera,
                told.get(FLANK) or _flank(place, flank),
                told.get(EVENT, ""),
            )
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    made = events(table, gap)
    table[EVENT] = [told or own for told, own in zip(table[EVENT], made, strict=True)]
    return table


def _flank(place: str, how: str) -> str:
    if how == "auto":
        return flank_of(place)
    return "" if how == "off" else how


def _asked(path: Path, time_of: Callable[[Path], datetime | None]) -> datetime | None:
    try:
        return time_of(path)
    except UnreadablePhoto:
        return None


def cameras_and_times(
    sightings: pd.DataFrame,
) -> tuple[list[Camera | None], list[datetime | None]]:
    """Return camera and time of each sighting, None where the station, or time, is not known."""
    stations, cameras, times = (_texts(sightings, name) for name in (STATION, CAMERA, TAKEN_AT))
    return (
        [
            Camera(folded(station), folded(camera)) if station else None
            for station, camera in zip(stations, cameras, strict=True)
        ],
        [read_time(each) for each in times],
    )


def events(sightings: pd.DataFrame, gap: float) -> list[str]:
    """
    Return which event each sighting is of: photos of one camera, each soon after the one before.

    Parameters
    ----------
    sightings : pandas.DataFrame
        n rows of `COLUMNS`.
    gap : float
        Minutes.

    Returns
    -------
    list of str
        The station, the camera, and the time of the event's first photo; "" where the station or
        the time is not known.
    """
    cameras, times = cameras_and_times(sightings)
    found = [""] * len(times)
    known = [
        (camera, time, row)
        for row, (camera, time) in enumerate(zip(cameras, times, strict=True))
        if camera is not None and time is not None
    ]
    before: tuple[Camera, datetime] | None = None
    name = ""
    for camera, time, row in sorted(known):
        new = before is None or before[0] != camera or time - before[1] > timedelta(minutes=gap)
        if new:
            where = (sightings[STATION].iloc[row], sightings[CAMERA].iloc[row])
            name = " ".join([*filter(None, where), f"{time:%Y-%m-%dT%H:%M:%S}"])
        found[row], before = name, (camera, time)
    return found


def flanks_of(sightings: pd.DataFrame) -> list[str]:
    """Return the flank of each sighting, "" where it is not known."""
    told = [each.casefold() for each in _texts(sightings, FLANK)]
    return [each if each in FLANKS else "" for each in told]


def _texts(sightings: pd.DataFrame, column: str) -> list[str]:
    """Return the cells of a column, "" for those that are no text, or where there is none."""
    if column not in sightings:
        return [""] * len(sightings)
    return [cell.strip() if isinstance(cell, str) else "" for cell in sightings[column]]
