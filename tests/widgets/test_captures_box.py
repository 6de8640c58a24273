"""Capture histories from the page: what is asked for, what is written, what is said."""

import pandas as pd
import pytest
from camera_traps import TABLE, sorted_study
from panel_texts import said

from toolkit.results import results_folder
from toolkit.results.captures import study
from toolkit.session import taken_up
from toolkit.widgets.captures_box import FIELDS, CapturesBox, as_html, in_fields

pytest.importorskip("pyproj")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return sorted_study(tmp_path_factory.mktemp("study"))


def wrote(box):
    box.write()
    assert box.wait(60)
    return box


def test_a_history_with_the_table_of_stations_beside_the_photos(results) -> None:
    box = CapturesBox(results)
    box.folder.settle()
    assert box.stations.value == str(results.parent / "stations.csv")
    box.zone.value, box.days.value = "Asia/Bishkek", 10
    wrote(box)
    assert box.state == "written", box.work.message.value
    assert (
        "5 detections of 2 individuals at 2 stations, on 2 occasions of 10 days" in box.told.value
    )
    assert "Not made" not in box.told.value
    assert "<td>person_001</td><td>1</td><td>1</td>" in box.told.value
    folder = results / results_folder.CAPTURES
    assert (folder / "camtrap_dp" / "datapackage.json").is_file()
    assert len(pd.read_csv(folder / "history.csv")) == 2


def test_without_stations_and_zone_it_says_which_fields_would_help(results) -> None:
    box = CapturesBox(results)
    box.folder.settle()
    box.stations.value = ""
    wrote(box)
    assert box.state == "written"
    assert "they need the table of stations (“Table of stations”)" in said(box)
    assert "--" not in said(box)
    box.stations.value = str(results.parent / "stations.csv")
    wrote(box)
    assert "time zone (“Time zone of the cameras”)" in said(box)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("zone", "Nowhere", "which no zone is called"),
        ("crs", "EPSG:4326", "“Map in metres” is 'EPSG:4326', which is not in metres"),
        ("stations", "none.csv", "it is missing"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(results, field, value, expected) -> None:
    box = CapturesBox(results)
    box.folder.settle()
    before = sorted(path.name for path in (results / results_folder.CAPTURES).glob("*"))
    getattr(box, field).value = value
    wrote(box)
    assert box.state == "failed"
    assert expected in box.work.message.plain
    assert sorted(path.name for path in (results / results_folder.CAPTURES).glob("*")) == before


def test_what_was_decided_after_the_run_counts(tmp_path) -> None:
    out = sorted_study(tmp_path)
    session = taken_up(out)
    session.rename("person_001", "Ann")
    decided = (out / "decisions.csv").read_bytes()
    box = CapturesBox(out)
    box.folder.settle()
    wrote(box)
    assert box.made is not None
    assert "Ann" in set(box.made.tables["record_table.csv"]["Individual"])
    assert (out / "decisions.csv").read_bytes() == decided


def test_a_table_that_somebody_named_stays(results, tmp_path) -> None:
    box = CapturesBox()
    box.folder.settle()
    assert "first find" in said(box)
    own = tmp_path / "mine.csv"
    own.write_text(TABLE)
    box.stations.value = str(own)
    box.folder.choose(str(results))
    box.folder.settle()
    assert box.stations.value == str(own)


def test_every_option_that_a_study_speaks_of_is_a_field() -> None:
    assert in_fields("Camtrap DP leaves open what nobody said: --species, --project") == (
        "Camtrap DP leaves open what nobody said: “Species”, “Project”"
    )
    assert in_fields("it was changed; move it away, or choose a new folder with --to.") == (
        "it was changed; move it away."
    )
    assert in_fields("it is no folder; choose another one with --to.") == (
        "it is no folder; move it away."
    )
    assert set(FIELDS) >= {"--stations", "--timezone", "--species", "--project", "--contributor"}


def test_names_of_others_are_no_html(tmp_path) -> None:
    evil = "<img src=x>"
    table = pd.DataFrame({"Individual": [evil], "o1": [1]})
    made = study.Study({"history.csv": table}, {}, missing=(evil,), remarks=(evil,))
    shown = as_html(made, tmp_path / evil, [(evil, evil)])
    assert "<img" not in shown
    assert shown.count("&lt;img") == 6
