"""What every run after the first says of the run before."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from stopping import after
from tiles import TileDetector, save_tiles

from toolkit import modes
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.grouping.sighting_finder import key_of
from toolkit.results import exporting
from toolkit.results.changes import COLUMNS, had_copies
from toolkit.results.earlier import EarlierRun
from toolkit.results.undo import undo
from toolkit.session import Session
from toolkit.settings import AutopilotSettings, PointAndShootSettings

SETTINGS = AutopilotSettings(threshold=0.3, jobs=1)


@pytest.fixture
def out(album_folder, tmp_path, colours):
    out = tmp_path / "out"
    modes.autopilot(album_folder, out, subject=colours, settings=SETTINGS)
    return out


@pytest.fixture
def again(album_folder, out, colours):
    def run(settings=SETTINGS):
        result = modes.autopilot(album_folder, out, subject=colours, settings=settings)
        table = pd.read_csv(out / "changes.csv", keep_default_na=False)
        assert list(table.columns) == [*COLUMNS, "run"]
        return result, table[list(COLUMNS)].to_numpy().tolist()

    return run


def test_the_first_run_has_nothing_to_say_and_the_same_again_nothing_new(out, again) -> None:
    assert not (out / "changes.csv").exists()
    result, rows = again()
    assert rows == []
    assert "since the run before: nothing changed" in str(result)


def test_a_new_photo_of_somebody_known_and_one_of_somebody_new(album_folder, again) -> None:
    save_tiles(album_folder / "new.png", "bob", "dee")
    result, rows = again()
    assert rows == [
        ["new", "person_004", "", "", "new photo"],
        ["came", "person_002", "", "new.png", "new photo"],
        ["came", "person_004", "", "new.png", "new photo"],
    ]
    assert "1 person new; 2 photos came" in str(result)
    assert result.as_dict()["changes"] == {"came": 2, "new": 1}
    report = (result.out / "report.html").read_text()
    assert "What changed" in report
    assert "<td>new photo</td>" in report


def test_a_photo_that_is_gone_went_and_takes_nobody_elses_number_along(album_folder, again) -> None:
    (album_folder / "three.png").unlink()
    result, rows = again()
    assert ["gone", "", "person_003", "", "none of the photos is there"] in rows
    assert ["went", "", "person_001", "three.png", "photo gone"] in rows
    assert set(result.individuals["name"]) == {"person_001", "person_002"}
    save_tiles(album_folder / "dee.png", "dee")
    result, _ = again()
    assert "person_004" in set(result.individuals["name"])


def test_two_that_become_one_say_so_and_by_which_decision(album_folder, out, again) -> None:
    run = modes.taken_up(out)[1]
    two, three = (run.names.index(f"person_00{number}") for number in (2, 3))
    same = Decision("same", key_of(run.album, two), key_of(run.album, three))
    decisions.add(out, [same])
    # Both are in one photo: it is said to be a mirror.
    result, rows = again()
    assert "    person_003 and person_002 are one now, person_002 (decision: " in str(result)
    assert rows[0][:3] == ["merged", "person_002", "person_003"]
    assert rows[0][4].startswith("decision: the faces in")
    assert ["moved", "person_002", "person_003"] in [row[:3] for row in rows]
    report = (out / "report.html").read_text()
    assert "are one now" in report
    decisions.write(out, [])
    result, rows = again()
    said = "person_002 is two now, person_002 and person_004 (a decision was taken back)"
    assert f"    {said}\n" in str(result)
    assert rows[0][:3] == ["split", "person_004", "person_002"]
    assert rows[0][4] == "a decision was taken back"


def test_a_photo_that_moved_along_names_the_decision_about_the_others(
    album_folder, out, again
) -> None:
    save_tiles(album_folder / "cem.png", "cem", shade=4)
    again()
    run = modes.taken_up(out)[1]
    two = run.names.index("person_002")
    three = next(
        row
        for row, name in enumerate(run.names)
        if name == "person_003" and run.album.sightings["path"][row].endswith("three.png")
    )
    decisions.add(out, [Decision("same", key_of(run.album, two), key_of(run.album, three))])
    _, rows = again()
    (along,) = [row for row in rows if row[3] == "cem.png"]
    assert along[:3] == ["moved", "person_002", "person_003"]
    assert along[4].startswith("decision: ")


def test_a_new_face_that_makes_two_one_is_named_as_the_reason(tmp_path, colours) -> None:
    photos, out = tmp_path / "dim", tmp_path / "out"
    for shade in (0, 100):
        save_tiles(photos / f"{shade}.png", "ann", shade=shade)
    first = modes.autopilot(photos, out, subject=colours, settings=SETTINGS)
    assert len(first.individuals) == 2
    save_tiles(photos / "50.png", "ann", shade=50)
    result = modes.autopilot(photos, out, subject=colours, settings=SETTINGS)
    rows = result.changes[list(COLUMNS)].to_numpy().tolist()
    assert rows[0] == ["merged", "person_001", "person_002", "", "1 face of person_001 added"]
    assert ["moved", "person_001", "person_002"] in [row[:3] for row in rows]
    (moved,) = [row for row in rows if row[0] == "moved"]
    assert moved[4] == "1 face of person_001 added"


def test_a_face_that_is_found_in_a_known_photo_is_no_new_photo(
    album_folder, tmp_path, colours
) -> None:
    class First(TileDetector):
        def detect(self, image, path=None):
            return super().detect(image, path)[:1]

    out = tmp_path / "out"
    fewer = replace(colours, detector=First())
    modes.autopilot(album_folder, out, subject=fewer, settings=SETTINGS)
    result = modes.autopilot(album_folder, out, subject=colours, settings=SETTINGS)
    assert set(result.changes["why"]) == {"new face in a known photo"}


def test_another_threshold_is_named_as_the_reason(again) -> None:
    _, rows = again(AutopilotSettings(threshold=0.001, jobs=1))
    assert {row[4] for row in rows} == {"threshold 0.001, was 0.300"}
    assert {row[0] for row in rows} == {"split", "moved"}


def test_a_face_left_out_went(out, again) -> None:
    run = modes.taken_up(out)[1]
    row = run.names.index("person_003")
    decisions.add(out, [Decision("ignore", key_of(run.album, row))])
    _, rows = again()
    assert ["went", "", "person_003", "three.png", "you left the face out"] in rows


def test_a_name_is_a_renaming_and_moves_no_photo(out, again) -> None:
    run = modes.taken_up(out)[1]
    row = run.names.index("person_002")
    decisions.add(out, [Decision("name", key_of(run.album, row), name="Bob")])
    _, rows = again()
    assert [row[:3] for row in rows] == [["renamed", "Bob", "person_002"]]


def test_point_and_shoot_says_it_by_names(album_folder, people, tmp_path, colours) -> None:
    out = tmp_path / "found"
    modes.point_and_shoot(album_folder, people, out, subject=colours)
    shutil.rmtree(people / "Bob")
    modes.point_and_shoot(album_folder, people, out, subject=colours)
    table = pd.read_csv(out / "changes.csv", keep_default_na=False)
    assert table["change"].to_list()[0] == "gone"
    assert set(table["before"]) == {"Bob"}


def test_what_a_panel_kept_without_copies_is_no_run_before(album_folder, tmp_path, colours) -> None:
    out = tmp_path / "out"
    looked = modes.look(album_folder, settings=SETTINGS, subject=colours)
    session = Session(looked, GroupingAssigner(SETTINGS), out=out)
    with exporting.alone_in(out, "a test"):
        assert session.keep()
    session.rename("person_001", "Ann")
    result = session.export(out)
    assert result.changes is None
    assert "since the run before" not in str(result)
    assert not (out / "changes.csv").exists()
    session.rename("person_002", "Bob")
    assert session.export(out).changes["change"].to_list() == ["renamed"]


def _hidden(out, kind: str, name: str) -> None:
    run = modes.taken_up(out)[1]
    key = key_of(run.album, run.names.index(name))
    decisions.add(out, [Decision(kind, key, name=name)])


def test_who_is_hidden_has_no_folder_that_photos_come_into(album_folder, out, again) -> None:
    _hidden(out, "hide", "person_002")
    _, rows = again()
    why = "you hid person_002"
    assert sorted(rows) == [
        ["went", "", "person_002", "deep/a3.png", why],
        ["went", "", "person_002", "three.png", why],
    ]
    save_tiles(album_folder / "new.png", "bob", shade=8)
    assert again()[1] == []
    _hidden(out, "show", "person_002")
    _, rows = again()
    why = "person_002 is hidden no more"
    assert sorted(rows) == [
        ["came", "person_002", "", name, why] for name in ("deep/a3.png", "new.png", "three.png")
    ]


def test_who_is_in_too_few_photos_has_no_folder(album_folder, again) -> None:
    two = AutopilotSettings(threshold=0.3, jobs=1, min_photos=2)
    assert again(two)[1] == [
        ["went", "", "person_003", "three.png", "seen in fewer photos than --min-photos"]
    ]
    save_tiles(album_folder / "new.png", "cem", shade=8)
    assert sorted(again(two)[1]) == [
        ["came", "person_003", "", "new.png", "new photo"],
        ["came", "person_003", "", "three.png", "seen in enough photos for --min-photos"],
    ]


def test_other_settings_are_a_reason(album_folder, people, tmp_path, colours) -> None:
    out = tmp_path / "found"
    save_tiles(album_folder / "bob.png", "bob", shade=30)
    save_tiles(album_folder / "dee.png", "dee")
    shutil.rmtree(people / "Ann")

    def run(**more):
        settings = PointAndShootSettings(threshold=0.3, jobs=1, **more)
        modes.point_and_shoot(album_folder, people, out, settings=settings, subject=colours)
        table = pd.read_csv(out / "changes.csv", keep_default_na=False)
        return sorted(table[list(COLUMNS)].to_numpy().tolist())

    settings = PointAndShootSettings(threshold=0.3, jobs=1, min_photos=4, unsorted="strangers")
    modes.point_and_shoot(album_folder, people, out, settings=settings, subject=colours)
    before = {path.name for path in (out / "strangers").iterdir()}
    assert "bob.png" in before
    rows = run(unsorted="strangers")
    assert {tuple(row[:3]) for row in rows} == {("moved", "Bob", "strangers")}
    assert {row[4] for row in rows} == {"other settings: --min-photos 1, was 4"}
    rows = run()
    assert ["went", "", "strangers", "dee.png", "other settings: no --unsorted"] in rows
    assert {row[0] for row in rows} == {"went"}
    rows = run(unsorted="strangers")
    assert ["came", "strangers", "", "dee.png", "other settings: --unsorted strangers"] in rows
    assert run(unsorted="strangers") == []


def test_a_photo_that_an_undo_took_out_came(album_folder, out, again) -> None:
    save_tiles(album_folder / "new.png", "bob", "dee")
    first = again()[1]
    undo(out)
    result, rows = again()
    assert sorted(rows) == [
        ["came", "person_002", "", "new.png", "an undo took its copy away"],
        ["came", "person_004", "", "new.png", "an undo took its copy away"],
    ]
    assert [row[:4] for row in first[1:]] == [row[:4] for row in rows]
    assert len(result.plan[result.plan["state"] == "new"]) == len(rows)
    assert again()[1] == []


def test_a_photo_that_was_moved_or_deleted_by_hand_says_so(album_folder, out, again) -> None:
    (out / "person_001" / "a2.png").rename(out / "person_002" / "a2.png")
    (out / "person_001" / "a3.png").unlink()
    _, rows = again()
    assert ["moved", "person_002", "person_001", "a2.png", "you moved it"] in rows
    assert "you deleted its copy" in {row[4] for row in rows if row[3] == "deep/a3.png"}


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({"files": {}, "finished": False}, False),
        # The first run, cut off.
        ({"files": {"a/1.jpg": "00"}, "pending": ["a/1.jpg"], "finished": False}, False),
        # A later one.
        ({"files": {"a/1.jpg": "00"}, "pending": ["a/2.jpg"], "finished": False}, True),
        # The first, stopped; one that found nobody; one that was undone, and left a changed copy.
        ({"files": {"a/1.jpg": "00"}, "finished": False}, True),
        ({"files": {}, "finished": True}, True),
        ({"files": {}, "finished": False, "undone": True}, True),
        ({"files": 3}, False),
    ],
)
def test_what_is_a_run_to_compare_with(about, expected) -> None:
    assert had_copies(EarlierRun(about, (), (), np.zeros(0, np.int64))) == expected


def test_after_a_run_that_was_stopped_the_rest_came(album_folder, tmp_path, colours) -> None:
    out = tmp_path / "out"
    looked = modes.look(album_folder, settings=SETTINGS, subject=colours)
    planned = modes.autopilot_of(looked, settings=SETTINGS)
    modes.export_result(planned, out, **after(3)[1])
    result = modes.export_result(planned, out)
    made = len(result.plan[result.plan["state"] == "new"])
    assert result.changes["change"].to_list() == ["came"] * made
    assert set(result.changes["why"]) == {"it was not copied before"}
    assert not len(modes.export_result(planned, out).changes)
