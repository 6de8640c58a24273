from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd
import pytest
from camera_traps import seen, sorted_study, two_stations

from toolkit.errors import UnreadablePhoto
from toolkit.results import results_folder
from toolkit.results.captures import observed


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return results_folder.load(sorted_study(tmp_path_factory.mktemp("study")))


def with_columns(run, **columns):
    table = run.album.sightings.assign(
        **{k: pd.Series(v, dtype=object) for k, v in columns.items()}
    )
    return replace(run, album=replace(run.album, sightings=table))


def test_time_station_and_side_are_derived(run) -> None:
    found = {(each.place, each.individual): each for each in observed.gather(run)}
    assert len(found) == 7
    left = next(each for (place, _), each in found.items() if place == "S1/a_left.jpg")
    assert (left.station, left.flank, left.time) == ("S1", "left", datetime(2024, 5, 2, 10))
    dee = next(each for (place, _), each in found.items() if place == "S_2/dee.jpg")
    assert (dee.time, dee.flank, dee.camera, dee.event) == (None, "", "", "")


def test_columns_of_the_result_are_taken_as_they_are(run) -> None:
    told = with_columns(
        run,
        taken_at=["2024-06-01T08:00:00", "", "x", "2024-06-01T08:00:00+06:00", "", "", ""],
        station=["K", "", "L", "K", "K", "K", "K"],
        camera=["c1"] * 7,
        flank=["right", "", "Left", "front", "", "", ""],
        event=["e1", "", "", "", "", "", ""],
    )

    def never(path):
        raise AssertionError(path)

    found = observed.gather(told, time_of=never)
    assert [each.time for each in found[:4]] == [
        *(datetime(2024, 6, 1, 8), None, None, datetime(2024, 6, 1, 8)),
    ]
    assert [each.station for each in found[:3]] == ["K", "", "L"]
    assert [each.flank for each in found[:4]] == ["right", "", "left", ""]
    assert found[0].camera, found[0].event == ("c1", "e1")


def test_a_photo_that_cannot_be_read_has_no_time_and_each_is_asked_once(run) -> None:
    asked = []

    def time_of(path):
        asked.append(path.name)
        raise UnreadablePhoto("gone")

    assert [each.time for each in observed.gather(run, time_of=time_of)] == [None] * 7
    assert asked.count("two.jpg") == 1


def test_the_offset_of_the_clock_is_added(run) -> None:
    table = two_stations(clock_offset=timedelta(hours=1))
    found = next(each for each in observed.gather(run, table) if each.place == "S1/a_left.jpg")
    assert found.time == datetime(2024, 5, 2, 11)
    assert found.deployment is table.deployments[0]


def test_what_is_ignored_is_no_sighting(run) -> None:
    ignored = run.album.ignored.copy()
    ignored[0] = True
    found = observed.gather(replace(run, album=replace(run.album, ignored=ignored)))
    assert len(found) == 6


@pytest.mark.parametrize(
    ("place", "flank"),
    [
        *(("a/x_leftphoto.jpg", "left"), ("a/IMG-Right-3.jpg", "right"), ("left/x.jpg", "left")),
        *(("a/cleft.jpg", ""), ("a/left_right.jpg", ""), ("a/LEFT01.JPG", "left")),
        *(("a/brightly.jpg", ""), ("right.jpg", "right")),
    ],
)
def test_the_side_in_a_name(place, flank) -> None:
    assert observed.flank_of(place) == flank


@pytest.mark.parametrize(
    ("place", "station"),
    [("S1/x.jpg", "S1"), ("S1/cam/x.jpg", "S1"), ("x.jpg", ""), ("../a/x.jpg", ""), ("/a/x", "")],
)
def test_the_station_of_a_place(place, station) -> None:
    assert observed.camera_of(place).station == station


def test_why_a_sighting_is_in_no_history() -> None:
    table = two_stations(problems=((datetime(2024, 5, 5), datetime(2024, 5, 6)),))
    rows = [
        seen(individual=None),
        seen(time=""),
        seen(station=""),
        seen(station="elsewhere"),
        seen(time="2024-06-02 10:00:00"),
        seen(time="2024-05-05 10:00:00"),
        seen(),
    ]
    rows = [observed.placed(each, table) for each in rows]
    kept, others = observed.counted_and_not(rows, with_table=True)
    assert [each.time for each in kept] == [datetime(2024, 5, 2, 10)]
    assert [why for _, why in others] == [
        *(observed.NOBODY, observed.NO_TIME, observed.NO_STATION),
        *(observed.NOT_LISTED, observed.OUTSIDE, observed.FAILED),
    ]
    assert len(observed.counted_and_not(rows, with_table=False)[0]) == 4
