"""Degrees to metres on a map, and back: pyproj, imported where it is needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from toolkit.errors import BadSetting
from toolkit.names import printable
from toolkit.photos.stations import Deployment, Stations

DEGREES = "EPSG:4326"
NO_PYPROJ = 'coordinates need one more package: pip install "sightings[animals]"'


class NoProjection(BadSetting):
    """Coordinates that cannot be brought to metres; the text says what is missing."""


def check_crs(text: str) -> None:
    """
    Check that a text names a map in metres.

    Raises
    ------
    BadSetting
        If it does not, or pyproj is missing.
    """
    crs = _crs(text)
    units = {axis.unit_name for axis in crs.axis_info}
    if not crs.is_projected or units != {"metre"}:
        raise BadSetting(
            f"--crs is {printable(text)[:60]!r}, which is not in metres; expected a projected one "
            "such as EPSG:32643 (UTM zone 43 north)"
        )


def utm_zone(latitudes: Sequence[float], longitudes: Sequence[float]) -> str:
    """
    Return the UTM zone (WGS 84) in the middle of some places, such as "EPSG:32643".

    Parameters
    ----------
    latitudes, longitudes : sequence of float
        In degrees, at least one of each; they may lie on both sides of the date line.
    """
    angles = [math.radians(each) for each in longitudes]
    middle = math.degrees(math.atan2(sum(map(math.sin, angles)), sum(map(math.cos, angles))))
    zone = int((middle + 180) // 6) % 60 + 1
    south = sum(latitudes) / len(latitudes) < 0
    return f"EPSG:{(32700 if south else 32600) + zone}"


def in_metres(stations: Stations, crs: str = "") -> tuple[dict[str, tuple[float, float]], str]:
    """
    Return where each station is on a map.

    Parameters
    ----------
    stations : Stations
        With degrees, or else with metres, which are taken as they are.
    crs : str
        The map, such as "EPSG:32643"; the UTM zone of the stations if not given.

    Returns
    -------
    dict of str to (float, float), str
        x and y in metres of each station; and the map's name, "" where the table had metres and
        nobody said of which.

    Raises
    ------
    NoProjection
        If a station has no place, or pyproj is missing and needed.
    """
    rows = [stations.at(name)[0] for name in stations.names]
    if all(each.x is not None and each.y is not None for each in rows):
        return {each.station: (each.x or 0.0, each.y or 0.0) for each in rows}, crs
    if lacking := [each.station for each in rows if each.latitude is None]:
        raise NoProjection(f"{printable(lacking[0])} has no latitude and longitude")
    latitudes = [each.latitude or 0.0 for each in rows]
    longitudes = [each.longitude or 0.0 for each in rows]
    crs = crs or utm_zone(latitudes, longitudes)
    xs, ys = _moved(DEGREES, crs, longitudes, latitudes)
    found = {each.station: (x, y) for each, x, y in zip(rows, xs, ys, strict=True)}
    if astray := [name for name, place in found.items() if not all(map(math.isfinite, place))]:
        raise NoProjection(f"{printable(astray[0])} is not on the map {printable(crs)}")
    return found, crs


def with_degrees(stations: Stations, crs: str) -> Stations:
    """Return stations whose metres on a map became degrees, where they had none."""
    if not crs or all(each.latitude is not None for each in stations.deployments):
        return stations
    return Stations(tuple(_with_degrees(each, crs) for each in stations.deployments))


def _with_degrees(each: Deployment, crs: str) -> Deployment:
    if each.latitude is not None or each.x is None or each.y is None:
        return each
    (longitude,), (latitude,) = _moved(crs, DEGREES, [each.x], [each.y])
    if not (math.isfinite(longitude) and math.isfinite(latitude)):
        return each
    return replace(each, latitude=round(latitude, 7), longitude=round(longitude, 7))


def _moved(
    start: str, end: str, xs: Sequence[float], ys: Sequence[float]
) -> tuple[list[float], list[float]]:
    from_here, to_there = _crs(start), _crs(end)
    from pyproj import Transformer

    transformer = Transformer.from_crs(from_here, to_there, always_xy=True)
    moved = transformer.transform(list(xs), list(ys))
    return [float(x) for x in moved[0]], [float(y) for y in moved[1]]


def _crs(text: str) -> Any:
    try:
        from pyproj import CRS
        from pyproj.exceptions import CRSError
    except ImportError as error:
        raise NoProjection(NO_PYPROJ) from error
    try:
        return CRS.from_user_input(text)
    except CRSError as error:
        raise BadSetting(
            f"--crs is {printable(text)[:60]!r}, which names no map; expected such as EPSG:32643"
        ) from error
