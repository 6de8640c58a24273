"""The sightings of a result as a study counts them: who, when, where, from which side."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from toolkit.errors import UnreadablePhoto
from toolkit.photos import capture_time
from toolkit.results.captures.stations import Deployment, Stations, shifted
from toolkit.results.results_folder import Run, relative

LEFT, RIGHT = "left", "right"
_FLANK = re.compile(r"(?<![a-z])(left|right)(?:photo)?(?![a-z])")

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
        "left", "right" or "".
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
    taken as they are. Without `taken_at`, photos are asked for their time; without `station`, it
    is the first folder below the folder of photos; without `flank`, the file's name is asked.

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

    told = column("taken_at")
    cameras, events = column("camera") or [""] * count, column("event") or [""] * count
    where = column("station") or [station_of(place) for place in places]
    flanks = column("flank") or [flank_of(place) for place in places]
    times: list[datetime | None] = [None] * count
    if told is not None:
        times = [read_time(each) for each in told]
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
            flank=flank if flank in (LEFT, RIGHT) else "",
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


def station_of(place: str) -> str:
    """Return the station that a photo's path below the folder of photos tells: its first folder."""
    parts = PurePosixPath(place).parts
    outside = os.path.isabs(place) or not parts or parts[0] in ("/", "..")  # noqa: PTH117
    return parts[0] if len(parts) > 1 and not outside else ""


def flank_of(place: str) -> str:
    """Return "left" or "right" where a file's name has that as a word, and not both; else ""."""
    found = set(_FLANK.findall(PurePosixPath(place).stem.casefold()))
    return found.pop() if len(found) == 1 else ""


def read_time(text: str) -> datetime | None:
    """Return a time in ISO 8601, without its zone if it has one; None for anything else."""
    try:
        return datetime.fromisoformat(text.strip().removesuffix("Z")).replace(tzinfo=None)
    except ValueError:
        return None


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
