from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from camera_traps import seen
from hypothesis import given
from hypothesis import strategies as st

from toolkit.results.captures import record_table
from toolkit.results.captures.record_table import independent

COLUMNS = [
    *("Station", "Species", "Individual", "DateTimeOriginal", "Date", "Time"),
    *("delta.time.secs", "delta.time.mins", "delta.time.hours", "delta.time.days"),
    *("Directory", "FileName"),
]


def test_the_columns_and_differences_that_camtrapr_documents() -> None:
    rows = [
        seen(time="2024-05-02 10:00:00", number=1),
        seen(time="2024-05-03 16:00:00", number=2),
        seen(time="2024-05-04 10:00:00", number=3, station="S2"),
        seen("bob", time="2024-05-02 10:00:00", number=4),
    ]
    table = record_table.record_table(independent(rows, minutes=60), "Panthera uncia")
    assert list(table.columns) == COLUMNS
    assert table.values.tolist()[:2] == [
        [
            *("S1", "Panthera uncia", "ann", "2024-05-02 10:00:00", "2024-05-02", "10:00:00"),
            *(0, 0, 0.0, 0.0, "/photos/S1", "p1.jpg"),
        ],
        [
            *("S1", "Panthera uncia", "ann", "2024-05-03 16:00:00", "2024-05-03", "16:00:00"),
            *(108000, 1800, 30.0, 1.2, "/photos/S1", "p2.jpg"),
        ],
    ]
    # Another individual, and another station, begin anew.
    assert table["delta.time.secs"].tolist() == [0, 108000, 0, 0]


@pytest.mark.parametrize(
    ("minutes", "times"),
    [
        (0, ["10:00:00", "10:00:20", "10:30:00", "11:00:00", "11:20:00"]),
        # Compared to the last independent record, not to the last photo.
        (60, ["10:00:00", "11:00:00"]),
        (30, ["10:00:00", "10:30:00", "11:00:00"]),
    ],
)
def test_records_are_apart_by_some_minutes(minutes, times) -> None:
    of_day = ["10:00:00", "10:00:20", "10:30:00", "11:00:00", "11:20:00", "10:00:00"]
    rows = [seen(time=f"2024-05-02 {time}", number=k) for k, time in enumerate(of_day)]
    found = independent(rows, minutes=minutes)
    assert [f"{each.time:%H:%M:%S}" for each in found] == times


def test_one_event_is_one_record_and_shows_its_sides() -> None:
    rows = [
        seen(time="2024-05-02 10:00:00", flank="left", event="e1", number=1),
        seen(time="2024-05-02 12:00:00", flank="right", event="e1", number=2),
        seen(time="2024-05-02 14:00:00", flank="right", number=3),
        seen(time="2024-05-02 16:00:00", number=4),
    ]
    assert [each.side for each in independent(rows)] == ["both", "right", ""]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ann", "bob"]), st.sampled_from(["S1", "S2"]), st.integers(0, 500)
        )
    ),
    st.integers(0, 90),
)
def test_no_sighting_is_lost_and_records_are_apart(told, minutes) -> None:
    start = datetime(2024, 5, 1)
    rows = [
        seen(who, str(start + timedelta(minutes=at)), where, number=k)
        for k, (who, where, at) in enumerate(told)
    ]
    found = independent(rows, minutes=minutes)
    assert sorted(one.sighting_id for each in found for one in each.seen) == [
        each.sighting_id for each in rows
    ]
    for one, other in pairwise(found):
        if (one.individual, one.station) == (other.individual, other.station):
            assert other.time - one.time >= timedelta(minutes=max(minutes, 1 / 60))
