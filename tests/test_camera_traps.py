"""Photos of camera traps all the way: flanks, sessions and bursts, in results and captures."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from toys import DotMatcher, Squares, card, save

from toolkit import modes, session
from toolkit.errors import BadSetting
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.photos.camera_trap import COLUMNS
from toolkit.photos.stations import Deployment, Stations
from toolkit.results import results_folder
from toolkit.results.captures import observed
from toolkit.settings import settings_for
from toolkit.subjects.animal import ANIMAL
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.base import Subject

# Place, animal, time, flank: 7 is in a burst and once more, 11 in a burst alone, 13 from either
# side, with one pattern on both.
PHOTOS = (
    ("S1/7a.png", 7, "2024-05-02T10:00:00", ""),
    ("S1/7b.png", 7, "2024-05-02T10:00:30", ""),
    ("S2/7c.png", 7, "2024-05-03T10:00:00", ""),
    ("S1/11a.png", 11, "2024-05-04T10:00:00", ""),
    ("S1/11b.png", 11, "2024-05-04T10:00:20", ""),
    ("S1/13a.png", 13, "2024-05-05T10:00:00", "left"),
    ("S2/13b.png", 13, "2024-05-06T10:00:00", "left"),
    ("S1/13c.png", 13, "2024-05-07T10:00:00", "right"),
    ("S2/13d.png", 13, "2024-05-08T10:00:00", "right"),
)
STATIONS = "station,clock_offset\nS1,+01:00:00\nS2,\n"


class Scenes(DotMatcher):
    """Knows backgrounds, too: those of one animal are alike."""

    background_scores = DotMatcher.scores

    def background_features(self, chips):
        return [{"behind": each["dots"]} for each in self.features(chips)]

    def background(self, one, other):
        return 50.0 if (one["behind"] == other["behind"]).mean() > 0.8 else 0.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("traps")
    lines = ["path,taken_at,flank"]
    for number, (place, who, time, flank) in enumerate(PHOTOS):
        save(made / "photos" / place, card(who, number % 3, number))
        lines.append(f"{place},{time},{flank}")
    (made / "details.csv").write_text("\n".join(lines))
    (made / "stations.csv").write_text(STATIONS)
    return made


def settings_of(folder, mode="autopilot", **values):
    chosen = {"details": str(folder / "details.csv"), "jobs": 1, "store": False, **values}
    return settings_for(mode, AnimalSettings)(**chosen)


def subject_of(settings, matcher=None):
    told = (ANIMAL.name, Squares(), matcher or DotMatcher(), ANIMAL.words, True)
    return Subject(*told, evidence=settings.evidence())


def sorted_by(folder, out=None, **values):
    settings = settings_of(folder, **values)
    return modes.autopilot(
        folder / "photos", out, settings=settings, subject=subject_of(settings), pictures=False
    )


def groups(result):
    """Return the photos of each individual, by the letters of their files."""
    found = {}
    for path, name in zip(result.album.sightings["path"], result.names, strict=True):
        found.setdefault(name, set()).add(path.rpartition("/")[2][:-4])
    return sorted(sorted(each) for each in found.values())


ALONE = [["11a"], ["11b"], ["13a", "13b"], ["13c", "13d"], ["7a", "7b", "7c"]]
BURSTS = [["11a", "11b"], *ALONE[2:]]


@pytest.fixture(scope="module")
def result(folder):
    return sorted_by(folder, folder / "out")


def test_neither_a_session_nor_the_other_flank_joins_anybody(result) -> None:
    assert groups(result) == ALONE


def test_a_burst_is_one_individual_where_the_user_says_so(folder) -> None:
    assert groups(sorted_by(folder, burst=True)) == BURSTS


def test_within_a_session_pairs_count_where_they_are_asked_for(folder) -> None:
    assert groups(sorted_by(folder, within_session=True)) == BURSTS
    assert groups(sorted_by(folder, session=0.25)) == BURSTS


def test_a_sighting_of_both_flanks_joins_them(folder, tmp_path) -> None:
    table = (folder / "details.csv").read_text().replace("S1/11a.png,2024-05-04T10:00:00,", "")
    (tmp_path / "t.csv").write_text(table.replace("08T10:00:00,right", "08T10:00:00,both"))
    found = groups(sorted_by(folder, details=str(tmp_path / "t.csv")))
    assert ["13a", "13b", "13c", "13d"] in found


def test_without_flanks_they_are_compared(folder, tmp_path) -> None:
    table = (folder / "details.csv").read_text().replace("left", "").replace("right", "")
    (tmp_path / "t.csv").write_text(table)
    found = groups(sorted_by(folder, details=str(tmp_path / "t.csv")))
    assert ["13a", "13b", "13c", "13d"] in found


def test_what_is_known_stands_in_the_results_and_is_read_again(folder, result) -> None:
    run = results_folder.load(folder / "out")
    for column in COLUMNS:
        assert list(run.album.sightings[column]) == list(result.album.sightings[column])
    assert run.settings["details"] == str(folder / "details.csv")
    seen = {each.place: each for each in observed.gather(run)}
    assert seen["S1/13a.png"].flank == "left"
    assert seen["S1/7a.png"].event == seen["S1/7b.png"].event != ""
    assert seen["S2/7c.png"].time == datetime(2024, 5, 3, 10)


def test_the_offset_of_a_clock_is_added_once(folder, tmp_path) -> None:
    sorted_by(folder, tmp_path / "out", stations=str(folder / "stations.csv"))
    run = results_folder.load(tmp_path / "out")
    row = run.album.sightings.set_index("path").loc[str(folder / "photos" / "S1/7a.png")]
    # The table of the user's says the time itself, so that no clock moves it.
    assert (row["taken_at"], row["clock_offset"]) == ("2024-05-02T10:00:00", "3600")
    table = Stations((Deployment("S1", clock_offset=timedelta(hours=1), line=2),))
    for stations, hour in ((table, 10), (None, 9), (Stations((Deployment("S1", line=2),)), 9)):
        seen = {each.place: each for each in observed.gather(run, stations)}
        assert seen["S1/7a.png"].time == datetime(2024, 5, 2, hour)


def test_a_table_that_is_gone_is_told_before_anything_is_sought(folder, tmp_path) -> None:
    gone = {"stations": str(tmp_path / "none.csv")}
    looked: list[str] = []
    for mode, known in (("autopilot", ()), ("point_and_shoot", (folder,))):
        settings = settings_of(folder, mode.replace("_", "-"), **gone)
        with pytest.raises(BadSetting, match=r"none\.csv cannot be used as the table of stations"):
            getattr(modes, mode)(
                *(folder / "photos", *known),
                settings=settings,
                subject=subject_of(settings),
                progress=lambda work, *_: looked.append(work),
            )
    assert looked == []


def test_an_album_that_was_taken_up_is_sorted_by_its_bursts(folder, result) -> None:
    again = session.taken_up(folder / "out")
    assert list(again.names) == list(result.names)
    again.set(replace(again.settings, burst=True))
    assert groups(again.result) == BURSTS
    with pytest.raises(Exception, match="look at"):
        again.set(replace(again.settings, session=5.0))


def test_nobody_asks_about_a_burst_and_a_decision_goes_before_it(folder, tmp_path) -> None:
    sorted_by(folder, tmp_path / "out", burst=True)
    again = session.taken_up(tmp_path / "out")
    name = dict(enumerate(again.names))
    rows = {path.rpartition("/")[2]: k for k, path in enumerate(again.album.sightings["path"])}
    one, other = rows["11a.png"], rows["11b.png"]
    assert again.sides(name[one]) is None
    again.not_this_individual(other)
    assert again.names[one] != again.names[other]


def test_known_individuals_are_sought_by_the_examples_of_their_flank(folder, tmp_path) -> None:
    for number, (who, flank) in enumerate([(13, "left"), (13, "right"), (7, "left")]):
        save(tmp_path / "known" / f"the {who}" / flank / "x.png", card(who, 1, 50 + number))
    settings = settings_of(folder, "point-and-shoot")
    subject = subject_of(settings)
    found = modes.point_and_shoot(
        folder / "photos", tmp_path / "known", settings=settings, subject=subject
    )
    table = found.references.compared.table
    rows = found.album.sightings["flank"].to_numpy(dtype=object)
    theirs = np.array(
        [path.rpartition("/")[0].rpartition("/")[2] for path in found.references.paths]
    )
    opposite = {"left": "right", "right": "left"}
    expected = [[opposite.get(flank) == other for other in theirs] for flank in rows]
    assert np.isnan(table).tolist() == expected
    paths = found.album.sightings["path"]
    named = {path[-7:-4]: name for path, name in zip(paths, found.names, strict=True)}
    assert named["13a"] == named["13d"] == "the 13"
    assert found.references.doubts.empty


def test_joins_that_rest_on_the_background_are_named_wherever_a_result_is(folder, tmp_path) -> None:
    settings, out = settings_of(folder), tmp_path / "out"
    subject = subject_of(settings, Scenes())
    found = modes.autopilot(folder / "photos", out, settings=settings, subject=subject)
    table = pd.read_csv(out / "links.csv", keep_default_na=False)
    assert len(table) == len(found.links) == 4
    assert set(table["rests_on"]) == {"background"}
    assert {"station", "other_station", "taken_at", "probability", "marks"} <= set(table.columns)
    assert set(table["path"]) | set(table["other_path"]) <= {place for place, *_ in PHOTOS}
    assert "4 joins rest on the background" in str(found)
    assert found.as_dict()["links"] == {"joins": 4, "background": 4}
    assert "Joins that may rest on the background" in (out / "report.html").read_text()
    # A run of a subject that knows no backgrounds has the joins, and no word of them.
    plain = sorted_by(folder)
    assert len(plain.links) == 4
    assert "rest on the background" not in str(plain)


def test_whether_opposite_flanks_look_alike_is_said(result) -> None:
    # The toy has one pattern on both sides: all four pairs look alike, of one flank both.
    found = result.laterality
    assert (found.opposite, found.opposite_near, found.same, found.same_near) == (4, 4, 2, 2)
    assert "laterality: of 4 pairs of opposite flanks 4 (100.0%" in str(result)
    assert result.as_dict()["laterality"]["opposite_near"] == 4
    assert "times are known of 9 of 9 animals; stations of 9 (2 stations)" in str(result)


def test_who_is_asked_is_told_of_the_background(folder) -> None:
    settings = settings_of(folder, within_session=True)
    subject = subject_of(settings, Scenes())
    looked = modes.look(folder / "photos", settings=settings, subject=subject)
    now = session.Session(looked, GroupingAssigner(settings))
    one = looked.context.iloc[0]
    rows = {each: row for row, each in enumerate(now.album.sightings["sighting_id"])}
    first, second = rows[one["sighting_id"]], rows[one["other_sighting_id"]]
    told = now.around(first, second)
    assert told == now.around(second, first)
    assert told.endswith("; 50 around them, more than their own")
    assert now.around(first, first) == ""
    assert session.Session(replace(looked, context=None), now.assigner).around(first, second) == ""
