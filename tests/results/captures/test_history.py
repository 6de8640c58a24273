from datetime import datetime, timedelta

import pytest
from camera_traps import seen, two_stations
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BadSetting
from toolkit.photos.stations import Deployment, Stations
from toolkit.results.captures import history
from toolkit.results.captures.record_table import independent


def test_a_history_by_hand() -> None:
    occasions = history.occasions_of(two_stations(), 7)
    assert (occasions.count, occasions.names) == (3, ["o1", "o2", "o3"])
    assert occasions.table().values.tolist() == [
        ["o1", "2024-05-01", "2024-05-07"],
        ["o2", "2024-05-08", "2024-05-14"],
        ["o3", "2024-05-15", "2024-05-21"],
    ]
    times = ["2024-05-01 00:00:00", "2024-05-07 23:59:59", "2024-05-08 00:00:00"]
    rows = [seen(time=time, number=k) for k, time in enumerate(times)]
    rows.append(seen("bob", "2024-05-20 23:59:59", "S_2", number=9))
    records = independent(rows)
    counts = history.history(records, occasions)
    assert counts.values.tolist() == [["ann", 2, 1, 0], ["bob", 0, 0, 1]]
    assert history.detected(counts).values.tolist() == [["ann", 1, 1, 0], ["bob", 0, 0, 1]]
    table = history.individuals(records, occasions).set_index("Individual")
    assert table.loc["ann"].tolist() == [
        *(3, 2, 3, 1, 0, 0, 0, "2024-05-01 00:00:00", "2024-05-08 00:00:00"),
    ]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ann", "bob", "cem"]),
            st.sampled_from(["S1", "S_2"]),
            st.integers(0, 20 * 1440 - 1),
            st.sampled_from(["left", "right", ""]),
        )
    ),
    st.integers(1, 25),
)
def test_the_detections_of_a_history_sum_up_to_the_records(told, days) -> None:
    stations = two_stations()
    occasions = history.occasions_of(stations, days)
    rows = [
        seen(who, str(datetime(2024, 5, 1) + timedelta(minutes=at)), where, number=k, flank=flank)
        for k, (who, where, at, flank) in enumerate(told)
    ]
    records = independent(rows, minutes=30)
    counts = history.history(records, occasions)
    assert counts[occasions.names].to_numpy().sum() == len(records)
    assert history.individuals(records, occasions)["Detections"].sum() == len(records)
    by_side = history.by_side(records, occasions)
    sums = sum(table[occasions.names].to_numpy().sum() for table in by_side.values())
    assert sums == sum(bool(each.side) for each in records)
    # No camera works longer than an occasion is, and all days are counted.
    effort = history.effort(stations, occasions)[occasions.names].to_numpy()
    assert effort.max() <= days
    assert effort.sum() == 40


def test_left_right_and_both_are_apart() -> None:
    occasions = history.occasions_of(two_stations(), 10)
    rows = [
        seen(time="2024-05-02 10:00:00", flank="left", number=1),
        seen(time="2024-05-02 10:00:05", flank="right", number=2),
        seen(time="2024-05-12 10:00:00", flank="left", number=3),
        seen("bob", time="2024-05-13 10:00:00", flank="right", number=4),
    ]
    found = history.by_side(independent(rows, minutes=5), occasions)
    assert {side: table.values.tolist() for side, table in found.items()} == {
        "left": [["ann", 0, 1]],
        "right": [["bob", 0, 1]],
        "both": [["ann", 1, 0]],
    }


def test_effort_counts_days_on_which_a_camera_worked() -> None:
    day = lambda d, h=0: datetime(2024, 5, d, h)  # noqa: E731
    stations = Stations(
        (
            Deployment(
                "A", "c1", setup=day(1, 17), retrieval=day(4, 9), problems=((day(2), day(3)),)
            ),
            Deployment("B", "c1", setup=day(1), retrieval=day(6, 23)),
            # A second camera does not make the day longer.
            Deployment("B", "c2", setup=day(5), retrieval=day(7, 12)),
        )
    )
    occasions = history.occasions_of(stations, 4)
    table = history.effort(stations, occasions)
    # On the 2nd, A's camera did not work all day.
    assert table.values.tolist() == [["A", 3, 0], ["B", 4, 3]]


def test_dates_that_make_no_study_are_refused() -> None:
    far = two_stations(setup=datetime(1024, 5, 1))
    with pytest.raises(BadSetting, match="Check the years"):
        history.occasions_of(far, 7)
    assert history.undated(two_stations(retrieval=None)) == [
        *("S1 has no retrieval_date", "S_2 has no retrieval_date"),
    ]
