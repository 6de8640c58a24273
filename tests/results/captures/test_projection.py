import sys

import pytest
from camera_traps import two_stations

from toolkit.errors import BadSetting
from toolkit.photos.stations import Deployment, Stations
from toolkit.results.captures import projection

pytest.importorskip("pyproj")


def test_stations_come_to_metres_of_their_zone() -> None:
    places, crs = projection.in_metres(two_stations())
    assert crs == "EPSG:32643"
    (x1, y1), (x2, y2) = places["S1"], places["S_2"]
    assert 450_000 < x1 < 470_000
    assert 4_610_000 < y1 < 4_625_000
    # Metres of a degree at 41.7 degrees north.
    north, east = (41.7301 - 41.7064) * 111_069, (74.4987 - 74.5213) * 83_140
    assert ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5 == pytest.approx(
        (north**2 + east**2) ** 0.5, rel=2e-3
    )


@pytest.mark.parametrize(
    ("latitude", "longitude", "crs"),
    [
        *((0.5, 3.0, "EPSG:32631"), (-25.0, 31.5, "EPSG:32736"), (10, -180, "EPSG:32601")),
        *((10, 180, "EPSG:32601"), (10, 179.9, "EPSG:32660")),
    ],
)
def test_zones(latitude, longitude, crs) -> None:
    assert projection.utm_zone([latitude], [longitude]) == crs


def test_places_on_both_sides_of_the_date_line_are_near_each_other() -> None:
    assert projection.utm_zone([66, 66], [179.9, -179.8]) == "EPSG:32601"


def test_metres_of_the_table_stay_and_become_degrees_by_their_map() -> None:
    table = Stations((Deployment("A", x=459_000.0, y=4_617_000.0),))
    assert projection.in_metres(table) == ({"A": (459_000.0, 4_617_000.0)}, "")
    (found,) = projection.with_degrees(table, "EPSG:32643").deployments
    assert found.latitude == pytest.approx(41.7, abs=0.1)
    assert found.longitude == pytest.approx(74.5, abs=0.1)
    back, _ = projection.in_metres(
        Stations((Deployment("A", latitude=found.latitude, longitude=found.longitude),))
    )
    assert back["A"] == pytest.approx((459_000, 4_617_000), abs=0.1)
    assert projection.with_degrees(table, "") is table


def test_a_station_without_a_place_is_named() -> None:
    with pytest.raises(projection.NoProjection, match="A has no latitude"):
        projection.in_metres(Stations((Deployment("A"),)))


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263"])
def test_a_map_that_is_not_in_metres_is_refused(crs) -> None:
    with pytest.raises(BadSetting, match="not in metres"):
        projection.check_crs(crs)


def test_what_names_no_map_is_refused() -> None:
    with pytest.raises(BadSetting, match="names no map"):
        projection.check_crs("EPSG:1")
    projection.check_crs("EPSG:32643")


def test_without_pyproj_one_line_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyproj", None)
    with pytest.raises(projection.NoProjection, match=r"pip install .*animals"):
        projection.in_metres(two_stations())
