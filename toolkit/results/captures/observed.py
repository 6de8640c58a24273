"""The sightings of a result as a study counts them: who, when, where, from which side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from toolkit.errors import UnreadablePhoto
from toolkit.photos import capture_time
from toolkit.photos.camera_trap import BOTH as BOTH
from toolkit.photos.camera_trap import (
    CAMERA,
    EVENT,
    FLANK,
    FLANKS,
    OFFSET,
    STATION,
    TAKEN_AT,
    camera_of,
    read_offset,
    read_time,
)
from toolkit.photos.camera_trap import LEFT as LEFT
from toolkit.photos.camera_trap import RIGHT as RIGHT
from toolkit.photos.camera_trap import flank_of as flank_of
from toolkit.photos.stations import Deployment, Stations, shifted
from toolkit.results.results_folder import Run, relative

# Why a sighting is in no capture history.
NOBODY = "no individual"
NO_TIME = "no time"
NO_STATION = "no station"
NOT_LISTED = "its station is not in the table of stations"
OUTSIDE = "taken while its camera was not there, by the table of stations"
FAILED = "taken while its camera did not work, by the table of stations"


@dataclass(frozen=True)
class Observed:
    """
    A sighting that is not ignored.

    Attributes
    ----------
    sighting_id, photo_digest, path : str
        As the album has them.
    place : str
        The photo's path below the folder of photos, with forward slashes.
    individual : str or None
        Who it is.
    time : datetime or None
        Local time, with the offset of the camera's clock added.
    station, camera : str
        "" where not known; the station as the table of stations spells it.
    flank : str
        "left", "right", "both" or "".
    event : str
        What the photos of one burst share; "" where not known.
    box : tuple of int
        Left, top, right, bottom in px of the upright photo.
    size : tuple of int
        Width and height of the photo in px.
    deployment : Deployment or None
        The row of the table of stations.
    """

    sighting_id: str
    photo_digest: str
    path: str
    place: str
    individual: str | None
    time: datetime | None
    station: str
    camera: str = ""
    flank: str = ""
    event: str = ""
    box: tuple[int, int, int, int] = (0, 0, 1, 1)
    size: tuple[int, int] = (1, 1)
    deployment: Deployment | None = None

    def why_not_counted(self, *, with_table: bool) -> str:
        """
        Say why it is in no capture history; "" where it is in one.

        Parameters
        ----------
        with_table : bool
            Whether there is a table of stations, which has to have its station and time.
        """
        if self.individual is None:
            return NOBODY
        if self.time is None:
            return NO_TIME
        if not self.station:
            return NO_STATION
        if with_table:
            if self.deployment is None:
                return NOT_LISTED
            if not self.deployment.covers(self.time):
                return OUTSIDE
            if self.deployment.failed(self.time):
                return FAILED
        return ""


def gather(
    run: Run,
    stations: Stations | None = None,
    *,
    time_of: Callable[[Path], datetime | None] = capture_time.time_of,
) -> list[Observed]:
    """
    Return the sightings of a result, but for those that are ignored, in its order.

    Columns `taken_at`, `station`, `camera`, `flank` and `event` of its table of sightings are
    taken as they are; what `clock_offset` says was added to a time goes before the offset that
    the table of stations has now. Without `taken_at`, photos are asked for their time; without
    `station`, it is a folder below the folder of photos that is one of the stations, else the first
    one; without `flank`, names of files and folders are asked.

    Parameters
    ----------
    run : Run
        The result.
    stations : Stations, optional
        Where the cameras stood, and how far their clocks were off.
    time_of : callable
        Reads the time of a photo.
    """
    table = run.album.sightings
    count = len(table)
    places = relative(table["path"], run.photos_folder)
    sizes = {
        digest: (int(width), int(height))
        for digest, width, height in zip(
            *(run.album.photos[name] for name in ("photo_digest", "width", "height")), strict=True
        )
    }

    def column(name: str) -> list[str] | None:
        if name not in table:
            return None
        return [cell.strip() if isinstance(cell, str) else "" for cell in table[name]]

    told = column(TAKEN_AT)
    events, flanks = column(EVENT) or [""] * count, column(FLANK) or list(map(flank_of, places))
    where, cameras = column(STATION), column(CAMERA) or [""] * count
    if where is None:
        top = "" if run.photos_folder is None else run.photos_folder.name
        by_folder = [camera_of(place, stations, folder=top) for place in places]
        where = [each.station for each in by_folder]
        cameras = [told or each.camera for told, each in zip(cameras, by_folder, strict=True)]
    times: list[datetime | None] = [None] * count
    if told is not None:
        times = [read_time(each) for each in told]
        # As the camera said it.
        times = [
            None if time is None else shifted(time, -read_offset(by))
            for time, by in zip(times, column(OFFSET) or [""] * count, strict=True)
        ]
    known: dict[str, datetime | None] = {}
    found = []
    for row in run.album.kept.tolist():
        path = str(table["path"].iloc[row])
        if told is None:
            if path not in known:
                known[path] = _asked(Path(path), time_of)
            times[row] = known[path]
        digest = str(table["photo_digest"].iloc[row])
        flank = flanks[row].casefold()
        seen = Observed(
            sighting_id=str(table["sighting_id"].iloc[row]),
            photo_digest=digest,
            path=path,
            place=places[row],
            individual=run.names[row],
            time=times[row],
            station=where[row],
            camera=cameras[row],
            flank=flank if flank in FLANKS else "",
            event=events[row],
            box=tuple(int(table[side].iloc[row]) for side in ("left", "top", "right", "bottom")),  # type: ignore[arg-type]
            size=sizes.get(digest, (1, 1)),
        )
        found.append(seen if stations is None else placed(seen, stations))
    return found


def placed(seen: Observed, stations: Stations) -> Observed:
    """Return a sighting with its row of the table of stations, and its time set by that."""
    deployment = stations.find(seen.station, seen.camera, seen.time)
    if deployment is None:
        return seen
    time = None if seen.time is None else shifted(seen.time, deployment.clock_offset)
    return replace(seen, station=deployment.station, time=time, deployment=deployment)


def _asked(path: Path, time_of: Callable[[Path], datetime | None]) -> datetime | None:
    try:
        return time_of(path)
    except UnreadablePhoto:
        return None


def counted_and_not(
    seen: Sequence[Observed], *, with_table: bool
) -> tuple[list[Observed], list[tuple[Observed, str]]]:
    """Part sightings into those that a capture history counts, and the others, each with why."""
    reasons = [each.why_not_counted(with_table=with_table) for each in seen]
    pairs = list(zip(seen, reasons, strict=True))
    return [each for each, why in pairs if not why], [(each, why) for each, why in pairs if why]
