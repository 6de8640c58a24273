"""A Camtrap DP 1.0.2 package: deployments, media, and observations with who is who."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pandas as pd

from toolkit.names import folded
from toolkit.photos import clips
from toolkit.photos.companions import RAW
from toolkit.photos.stations import Deployment, Stations
from toolkit.results.captures.observed import Observed

VERSION = "1.0.2"
# Where the standard has its schemas; the ones beside this file are the same.
_PLACE = f"https://raw.githubusercontent.com/tdwg/camtrap-dp/{VERSION}"
SCHEMAS = Path(__file__).parent / "schemas"
TABLES = ("deployments", "media", "observations")
DESIGNS = (
    *("simpleRandom", "systematicRandom", "clusteredRandom"),
    *("experimental", "targeted", "opportunistic"),
)
PROGRAM = "sightings"
UNNAMED = "not named"
_CONTRIBUTOR = re.compile(r"([^<>]+?)\s*<([^<>\s@]+@[^<>\s@]+)>")
# Media types that some systems have no entry for.
_TYPES = {
    **{".heic": "image/heic", ".heif": "image/heif", ".hif": "image/heif", ".webp": "image/webp"},
    **{".avif": "image/avif", ".jxl": "image/jxl", ".avi": "video/x-msvideo"},
    **{".mkv": "video/x-matroska", ".mts": "video/mp2t", ".m2ts": "video/mp2t"},
    **dict.fromkeys(RAW, "image/x-raw"),
}


@dataclass(frozen=True)
class About:
    """
    What a package says of itself.

    Attributes
    ----------
    zone : ZoneInfo
        Whose local time the cameras show.
    species : str
        Scientific name; "" leaves it open.
    project : str
        The study's title.
    contributors : tuple of str
        Such as "Ada Lovelace" or "Ada Lovelace <ada@example.org>"; at least one.
    design : str
        One of `DESIGNS`.
    created : datetime
        With a zone.
    public : bool
        Whether the photos may be seen by anybody.
    """

    zone: ZoneInfo
    species: str = ""
    project: str = ""
    contributors: tuple[str, ...] = ()
    design: str = "opportunistic"
    created: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    public: bool = False


class _Placed(NamedTuple):
    """A sighting of which all is known that the standard wants."""

    seen: Observed
    deployment: Deployment
    time: datetime


def fields_of(table: str) -> list[str]:
    """Return the columns of a table, in the standard's order."""
    schema = json.loads((SCHEMAS / f"{table}-table-schema.json").read_text(encoding="utf-8"))
    return [str(each["name"]) for each in schema["fields"]]


def lacking(stations: Stations) -> list[str]:
    """Return what stations lack that the standard wants: such as "S1 has no latitude"."""
    wanted = ("latitude", "longitude", "setup", "retrieval")
    called = {"setup": "setup_date", "retrieval": "retrieval_date"}
    return [
        f"{each.label} has no {called.get(name, name)}"
        for each in stations.deployments
        for name in wanted
        if getattr(each, name) is None
    ]


def package(
    seen: Sequence[Observed], stations: Stations, about: About
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """
    Return a package.

    Parameters
    ----------
    seen : sequence of Observed
        Sightings; those without a time, or whose station is not in the table, have no place in the
        standard, and are left out.
    stations : Stations
        With coordinates and dates; see `lacking`.
    about : About
        What it says of itself.

    Returns
    -------
    dict, dict of str to pandas.DataFrame
        What ``datapackage.json`` says, and the three tables by name, their columns in the
        standard's order.
    """
    names = _deployment_names(stations)
    placed = [
        _Placed(each, each.deployment, each.time)
        for each in seen
        if each.deployment is not None and each.time is not None
    ]
    tables = {
        "deployments": _deployments(stations, names, about),
        "media": _media(placed, names, about),
        "observations": _observations(placed, names, about),
    }
    return _descriptor(stations, about), tables


def stamp(time: datetime, zone: ZoneInfo) -> str:
    """Return a local time in ISO 8601, to the second, with its offset from UTC."""
    return time.replace(microsecond=0, tzinfo=zone).isoformat()


def _table(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns = fields_of(name)
    return pd.DataFrame(
        [[row.get(column, "") for column in columns] for row in rows], columns=columns, dtype=object
    )


def _deployment_names(stations: Stations) -> dict[int, str]:
    """Return what each row of the table is called, by its line: no two alike."""
    found: dict[int, str] = {}
    taken: set[str] = set()
    for each in stations.deployments:
        name, number = each.label, 1
        while folded(name) in taken:
            number += 1
            name = f"{each.label} {number}"
        taken.add(folded(name))
        found[each.line] = name
    return found


def _deployments(stations: Stations, names: Mapping[int, str], about: About) -> pd.DataFrame:
    rows = []
    for each in stations.deployments:
        if each.setup is None or each.retrieval is None:
            continue
        comments = [
            f"did not work from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
            for start, end in each.problems
        ]
        rows.append(
            {
                "deploymentID": names[each.line],
                "locationID": each.station,
                "locationName": each.station,
                "latitude": each.latitude,
                "longitude": each.longitude,
                "deploymentStart": stamp(each.setup, about.zone),
                "deploymentEnd": stamp(each.retrieval, about.zone),
                "cameraID": each.camera,
                "deploymentComments": "; ".join(comments),
            }
        )
    return _table("deployments", rows)


def _media(seen: Sequence[_Placed], names: Mapping[int, str], about: About) -> pd.DataFrame:
    rows: dict[str, dict[str, Any]] = {}
    for each, deployment, time in seen:
        name = PurePosixPath(each.place.replace("\\", "/")).name
        rows.setdefault(
            each.photo_digest,
            {
                "mediaID": each.photo_digest,
                "deploymentID": names[deployment.line],
                "captureMethod": "activityDetection",
                "timestamp": stamp(time, about.zone),
                "filePath": _file_path(each.place),
                "filePublic": "true" if about.public else "false",
                "fileName": name,
                "fileMediatype": _media_type(name),
            },
        )
    return _table("media", list(rows.values()))


def _observations(seen: Sequence[_Placed], names: Mapping[int, str], about: About) -> pd.DataFrame:
    rows = []
    for each, deployment, taken in seen:
        time = stamp(taken, about.zone)
        rows.append(
            {
                "observationID": each.sighting_id,
                "deploymentID": names[deployment.line],
                "mediaID": each.photo_digest,
                "eventID": each.event,
                "eventStart": time,
                "eventEnd": time,
                "observationLevel": "media",
                "observationType": "animal",
                "scientificName": about.species,
                "count": 1,
                "individualID": each.individual or "",
                **_share_of_photo(each),
                "classificationMethod": "machine",
                "classifiedBy": PROGRAM,
                "observationTags": f"flank:{each.flank}" if each.flank else "",
            }
        )
    return _table("observations", rows)


def _share_of_photo(each: Observed) -> dict[str, Any]:
    """
    Return the box in shares of the photo; none where it has no part in the photo, and for clips.

    In a clip it is in one of several frames, for which the standard has no place.
    """
    if clips.is_clip(Path(each.path)):
        return {}
    width, height = each.size
    left, top, right, bottom = each.box
    left, right = max(0, min(left, width)), max(0, min(right, width))
    top, bottom = max(0, min(top, height)), max(0, min(bottom, height))
    if right <= left or bottom <= top:
        return {}
    return {
        "bboxX": round(left / width, 6),
        "bboxY": round(top / height, 6),
        "bboxWidth": min(round((right - left) / width, 6) or 1e-6, 1.0),
        "bboxHeight": min(round((bottom - top) / height, 6) or 1e-6, 1.0),
    }


def _file_path(place: str) -> str:
    """Return a path as the standard has them: below a folder, and without ".." anywhere."""
    path = place.replace("\\", "/").lstrip("/").replace("..", "%2E%2E")
    return f"%{ord(path[0]):02X}{path[1:]}" if path[:1] in (".", "~") else path


def _media_type(name: str) -> str:
    ending = PurePosixPath(name).suffix.casefold()
    found = _TYPES.get(ending) or mimetypes.guess_type(f"x{ending}", strict=True)[0] or ""
    if found.startswith(("image/", "video/", "audio/")):
        return found
    return "video/mp4" if clips.is_clip(Path(name)) else "image/jpeg"


def _descriptor(stations: Stations, about: About) -> dict[str, Any]:
    rows = [each for each in stations.deployments if each.setup and each.retrieval]
    return {
        "resources": [
            {
                "name": name,
                "path": f"{name}.csv",
                "profile": "tabular-data-resource",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "schema": f"{_PLACE}/{name}-table-schema.json",
            }
            for name in TABLES
        ],
        "profile": f"{_PLACE}/camtrap-dp-profile.json",
        "created": about.created.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "contributors": [_contributor(each) for each in about.contributors or (UNNAMED,)],
        "sources": [{"title": PROGRAM}],
        "project": {
            "title": about.project or UNNAMED,
            "samplingDesign": about.design,
            "captureMethod": ["activityDetection"],
            "individualAnimals": True,
            "observationLevel": ["media"],
        },
        "spatial": _bounds(rows),
        "temporal": {
            "start": min(f"{each.setup:%Y-%m-%d}" for each in rows),
            "end": max(f"{each.retrieval:%Y-%m-%d}" for each in rows),
        },
        "taxonomic": [{"scientificName": about.species}] if about.species else [],
    }


def _contributor(text: str) -> dict[str, str]:
    found = _CONTRIBUTOR.fullmatch(text.strip())
    return {"title": found[1], "email": found[2]} if found else {"title": text.strip() or UNNAMED}


def _bounds(rows: Sequence[Deployment]) -> dict[str, Any]:
    """Return the box around all places, as GeoJSON, counterclockwise as RFC 7946 wants it."""
    latitudes = [each.latitude for each in rows if each.latitude is not None]
    longitudes = [each.longitude for each in rows if each.longitude is not None]
    west, east, south, north = min(longitudes), max(longitudes), min(latitudes), max(latitudes)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
