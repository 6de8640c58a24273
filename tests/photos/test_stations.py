from datetime import datetime, timedelta

import pytest
from camera_traps import TABLE
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BadSetting
from toolkit.photos import stations


def table(tmp_path, text):
    path = tmp_path / "stations.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_as_camtrapr_has_it(tmp_path) -> None:
    text = (
        "Station;utm_y;utm_x;Setup_date;Retrieval_date;Problem1_from;Problem1_to\n"
        "StationA;604000,5;526000;2009-04-02;2009-05-14;;\n"
        "StationB;606000;523000;2009-04-03 10:30;2009-05-16;2009-04-28;2009-05-02\n"
    )
    a, b = stations.read(table(tmp_path, text)).deployments
    assert (a.x, a.y, a.latitude) == (526000, 604000.5, None)
    assert a.setup == datetime(2009, 4, 2)
    assert a.retrieval == datetime(2009, 5, 14, 23, 59, 59)
    assert b.setup == datetime(2009, 4, 3, 10, 30)
    assert b.problems == ((datetime(2009, 4, 28), datetime(2009, 5, 2, 23, 59, 59)),)
    assert b.failed(datetime(2009, 5, 2, 12))
    assert not b.failed(datetime(2009, 5, 3))
    assert b.covers(datetime(2009, 5, 16, 22))
    assert not b.covers(datetime(2009, 4, 3, 9))


def test_degrees_offsets_and_other_columns(tmp_path) -> None:
    one, two = stations.read(table(tmp_path, TABLE)).deployments
    assert (one.latitude, one.longitude) == (41.7064, 74.5213)
    assert two.clock_offset == timedelta(seconds=5)
    assert two.others == {"habitat": "river bed"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("-90", -90), ("+01:00:00", 3600), ("-0:30", -1800), ("1.5", 1.5), ("8760:00", 31536000)],
)
def test_offsets(tmp_path, text, seconds) -> None:
    found = stations.read(table(tmp_path, f"station,clock_offset\nA,{text}\n"))
    assert found.deployments[0].clock_offset == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("station,latitude,longitude\nA,1,2\nB,95,2\n", 'line 3: latitude is "95"; expected degr'),
        ("station,latitude,longitude\nA,nan,2\n", 'line 2: latitude is "nan"'),
        ("station,latitude,longitude\nA,1,\n", "line 2: one of latitude and longitude is empty"),
        ("station,setup_date\nA,31/05/2024\n", 'setup_date is "31/05/2024"; expected a date'),
        ("station,setup_date\nA,2024-02-30\n", 'setup_date is "2024-02-30"'),
        ("station,setup_date,retrieval_date\nA,2024-05-02,2024-05-01\n", "before setup_date"),
        ("station,clock_offset\nA,an hour\n", 'clock_offset is "an hour"; expected seconds'),
        ("station,clock_offset\nA,1:99\n", 'clock_offset is "1:99"'),
        ("station,clock_offset\nA,inf\n", 'clock_offset is "inf"'),
        ("station,problem1_from\nA,2024-05-01\n", "problem1_from and problem1_to are no span"),
        ("station,utm_x,utm_y\n,1,2\n", "line 2: the station has no name"),
        ("station,latitude,longitude\nA,1,2\nA,1,3\n", "another place than in line 2"),
        ("station,camera\nA,c\nA,c\n", 'line 3: "A c" is in line 2 too'),
        ("station\nA\na\n", "expected one spelling"),
        ("place\nA\n", "has no column station; its columns are place"),
        ("station,lat,latitude\nA,1,1\n", "two columns for latitude"),
        ("station\n", "it has no rows"),
        ("", "it is empty"),
        ("station,clock_offset\nA,x\nB,y\nC,z\n", "(2 more lines to mend)"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, text, said) -> None:
    with pytest.raises(BadSetting) as error:
        stations.read(table(tmp_path, text))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_table_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(BadSetting, match="it is missing"):
        stations.read(tmp_path / "stations.csv")


@given(st.lists(st.text(alphabet="0123456789:-+.,;/ \nTaAx\t\"'"), max_size=7))
def test_any_cells_are_read_or_refused_in_one_line(tmp_path, cells) -> None:
    head = "station,latitude,longitude,setup_date,retrieval_date,clock_offset,problem1_from\n"
    path = table(tmp_path, head + ",".join(cells))
    try:
        stations.read(path)
    except BadSetting as error:
        assert "\n" not in str(error).rstrip("\n")


def test_the_row_of_a_photo_follows_from_station_camera_and_time(tmp_path) -> None:
    text = (
        "station,camera,setup_date,retrieval_date,clock_offset\n"
        "A,left,2024-05-01,2024-05-10,3600\nA,left,2024-05-11,2024-05-20,\n"
        "A,right,2024-05-01,2024-05-20,\n"
    )
    found = stations.read(table(tmp_path, text))
    line = lambda *told: found.find(*told).line  # noqa: E731
    assert line("a", "LEFT", datetime(2024, 5, 10, 22)) == 2
    # With its offset it is after the retrieval.
    assert line("A", "left", datetime(2024, 5, 10, 23, 30)) == 2
    assert line("A", "left", datetime(2024, 5, 12)) == 3
    assert line("A", "right", datetime(2024, 5, 12)) == 4
    assert line("A", "other", None) == 2
    assert found.find("B", "", None) is None
    assert found.names == ("A",)
