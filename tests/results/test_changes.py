"""What every run after the first says of the run before."""

import shutil

import pandas as pd
import pytest
from tiles import save_tiles

from toolkit import modes
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.grouping.sighting_finder import key_of
from toolkit.results.changes import COLUMNS
from toolkit.settings import AutopilotSettings

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
    assert "What changed" in (result.out / "report.html").read_text()


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
    _, rows = again()
    assert rows[0][:3] == ["merged", "person_002", "person_003"]
    assert rows[0][4].startswith("decision: the faces in")
    assert ["moved", "person_002", "person_003"] in [row[:3] for row in rows]
    decisions.write(out, [])
    _, rows = again()
    assert rows[0][:3] == ["split", "person_004", "person_002"]
    assert rows[0][4] == "a decision was taken back"


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
