"""What time, place and flank say of pairs of animals."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BadSetting
from toolkit.subjects.animal.camera_trap import CameraTrap
from toolkit.subjects.animal.settings import AnimalSettings


def trap(**values) -> CameraTrap:
    return AnimalSettings(**values).evidence()


def rows(*those):
    """Make sightings of (station, camera, minute, flank); the minute may be None."""
    times = [
        "" if m is None else f"2024-05-02T{m // 60:02d}:{m % 60:02d}:00" for _, _, m, _ in those
    ]
    return pd.DataFrame(
        {
            "station": [each[0] for each in those],
            "camera": [each[1] for each in those],
            "taken_at": times,
            "flank": [each[3] for each in those],
        }
    )


def silence(of, ours, theirs=None):
    """Return which pairs say nothing as a table; both ways of asking say the same."""
    others = ours if theirs is None else theirs
    found = of.silent(ours, others)
    first, second = np.indices((len(ours), len(others)))
    table = found.of_pairs(first.ravel(), second.ravel()).reshape(first.shape)
    if theirs is None:
        assert found.within().tolist() == np.argwhere(np.triu(table, k=1)).tolist()
        np.testing.assert_array_equal(table, table.T)
    return table


STATION, CAMERA = st.sampled_from(["", "S1", "s1", "S2"]), st.sampled_from(["", "a", "b"])
MINUTE = st.none() | st.integers(0, 200)
SEEN = st.tuples(STATION, CAMERA, MINUTE, st.sampled_from(["", "left", "right", "both"]))


@given(st.lists(SEEN, min_size=1, max_size=12), st.sampled_from([0.0, 30.0, 90.0]))
def test_what_says_nothing_is_what_is_said_pair_by_pair(seen, session) -> None:
    table = rows(*seen)
    found = silence(trap(session=session), table)
    for one, (place, camera, minute, flank) in enumerate(seen):
        for other, (its_place, its_camera, its_minute, its_flank) in enumerate(seen):
            same = bool(place) and place.casefold() == its_place.casefold()
            same &= camera == its_camera or not camera or not its_camera
            same &= None not in (minute, its_minute)
            near = same and abs(minute - its_minute) <= session
            assert found[one, other] == (near or {flank, its_flank} == {"left", "right"})


def test_opposite_flanks_say_nothing_of_each_other_and_both_speaks_to_all() -> None:
    table = rows(*(("", "", None, flank) for flank in ("left", "right", "both", "")))
    found = silence(trap(), table)
    assert np.argwhere(found).tolist() == [[0, 1], [1, 0]]


def test_one_camera_within_a_session_says_nothing() -> None:
    table = rows(
        ("S1", "", 0, ""),
        ("S1", "", 60, ""),
        ("S1", "", 121, ""),
        ("S2", "", 0, ""),
        ("S1", "", None, ""),
    )
    found = silence(trap(session=60.0), table)
    off = found & ~np.eye(5, dtype=bool)
    assert np.argwhere(off).tolist() == [[0, 1], [1, 0]]
    assert not silence(trap(within_session=True), table).any()


def test_two_cameras_of_a_station_speak_and_one_that_is_not_known_may_be_either() -> None:
    table = rows(("S1", "a", 0, ""), ("S1", "b", 0, ""), ("s1", "", 0, ""))
    found = silence(trap(), table)
    assert found.tolist() == [[True, False, True], [False, True, True], [True, True, True]]


def test_sightings_and_examples_are_asked_of_each_other() -> None:
    ours = rows(("S1", "", 0, "left"), ("S1", "", 0, "right"))
    theirs = pd.DataFrame({"flank": ["right", "left", ""]})
    assert silence(trap(), ours, theirs).tolist() == [[True, False, False], [False, True, False]]


def test_bursts_are_together_where_the_user_says_so() -> None:
    table = pd.DataFrame({"event": ["e", "", "e", "f", "f", "f", ""], "photo_digest": [*"0123456"]})
    assert trap().together(table) == []
    found = trap(burst=True).together(table)
    assert [each.tolist() for each in found] == [[0, 2], [3, 4, 5]]


def test_a_burst_with_several_animals_in_a_photo_is_not_together() -> None:
    table = pd.DataFrame({"event": ["e", "e", "e"], "photo_digest": ["1", "2", "2"]})
    assert trap(burst=True).together(table) == []
    assert trap(burst=True).together(table.drop(columns="event")) == []


def test_folders_of_known_individuals_tell_flanks_and_no_stations(tmp_path) -> None:
    table = pd.DataFrame({"path": [str(tmp_path / "Ann" / "left" / "x.jpg")]})
    found = trap().notes(table, tmp_path, of_individuals=True)
    assert found.to_dict("list") == {"flank": ["left"]}
    assert trap(flank="off").notes(table, tmp_path, of_individuals=True)["flank"].tolist() == [""]


@pytest.mark.parametrize("name", ["stations", "details"])
def test_a_table_that_cannot_be_used_is_refused(tmp_path, name) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BadSetting, match=r"t\.csv"):
        trap(**{name: str(path)}).ready()
    with pytest.raises(BadSetting, match=r"none\.csv"):
        trap(**{name: str(tmp_path / "none.csv")}).ready()


def many(lefts, rights, station="", minute=None):
    table = rows(
        *[(station, "", minute, "left")] * lefts, *[(station, "", minute, "right")] * rights
    )
    ids = [hashlib.sha256(bytes([k])).hexdigest()[:16] for k in range(len(table))]
    return table.assign(sighting_id=ids)


def test_pairs_of_opposite_flanks_are_drawn_and_a_few_more_photos_change_few() -> None:
    table = many(70, 80)
    pairs = trap().trial(table, 300)
    flanks = table["flank"].to_numpy()
    assert len(np.unique(pairs, axis=0)) == len(pairs) == 300
    assert (flanks[pairs[:, 0]] != flanks[pairs[:, 1]]).all()
    assert (pairs[:, 0] < pairs[:, 1]).all()
    ids = table["sighting_id"].to_numpy()
    fewer = table.drop(index=[3, 90]).reset_index(drop=True)
    again = {frozenset(fewer["sighting_id"].to_numpy()[pair]) for pair in trap().trial(fewer, 300)}
    assert len(again & {frozenset(ids[pair]) for pair in pairs}) > 250


def test_no_pair_of_one_session_is_drawn_and_of_one_flank_none() -> None:
    assert len(trap().trial(many(3, 3, "S1", 0), 300)) == 0
    assert len(trap().trial(many(3, 3, "S1"), 300)) == 9
    assert len(trap().trial(many(3, 0), 300)) == 0


def test_what_is_known_is_said_and_what_bursts_would_do() -> None:
    table = rows(("S1", "", 0, "left"), ("S1", "", 0, ""), ("", "", None, "right"))
    table = table.assign(event=["e", "e", ""], photo_digest=[*"012"])
    known = (
        "times are known of 2 of 3 animals; stations of 2 (1 station); flanks: 1 left, 1 right, 1 "
        "not known"
    )
    burst = (
        "2 photos in 1 burst are not compared with the others of their burst; --burst (or its box "
        "among the settings) makes each burst one individual"
    )
    pair = (
        "1 pair of one camera within 60 minutes says nothing, as the background may be what is "
        "alike; --within-session compares them"
    )
    assert trap().remarks(table, grouped=True) == [known, pair, burst]
    assert trap().remarks(table, grouped=False) == [known, pair]
    assert trap(burst=True, within_session=True).remarks(table, grouped=True) == [known]
    for nothing in (table.iloc[:0], pd.DataFrame({"path": ["x"]})):
        assert trap().remarks(nothing, grouped=True) == []
