"""What commands print and write: for people, for machines, into a file."""

import argparse
import json

import pandas as pd
import pytest

from toolkit.cli import output
from toolkit.errors import SightingsError
from toolkit.results.export import PLAN_COLUMNS


class Found:
    """A finding, or what a mode did."""

    out = "results"

    def __init__(self, not_copied=(), plan=()) -> None:
        self.not_copied = list(not_copied)
        self.plan = pd.DataFrame(list(plan), columns=["state", "source", "destination"])

    def as_dict(self):
        return {"photos": 3}

    def __str__(self) -> str:
        return "3 photos"


def options(**given) -> argparse.Namespace:
    plain = {"json": False, "quiet": False, "dry_run": False, "output": None}
    return argparse.Namespace(**(plain | given))


def test_a_remark_goes_beside_what_is_printed_and_stays_on_its_line(capsys) -> None:
    output.tell("one\x1b[31m moment")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("sightings: one")
    assert "\x1b" not in said.err


def test_a_result_is_for_people_for_machines_or_for_nobody(capsys) -> None:
    output.print_result(Found(), options())
    assert capsys.readouterr().out == "3 photos\n"
    output.print_result(Found(), options(json=True, quiet=True))
    assert json.loads(capsys.readouterr().out) == {"photos": 3}
    output.print_result(Found(), options(quiet=True))
    assert capsys.readouterr().out == ""


def test_a_dry_run_has_a_line_a_copy_before_the_result(capsys) -> None:
    plan = [("new", "a\n.jpg", "ann/a.jpg"), ("there", "b.jpg", None)]
    output.print_result(Found(plan=plan), options(dry_run=True))
    first, second, blank, last = capsys.readouterr().out.splitlines()
    assert first.startswith("new           a")
    assert first.endswith("-> ann/a.jpg")
    assert second == "there         b.jpg -> "
    assert (blank, last) == ("", "3 photos")


def test_a_dry_run_of_very_many_has_a_line_a_folder(capsys, monkeypatch) -> None:
    monkeypatch.setattr(output, "LISTED", 5)
    monkeypatch.setattr(output, "FOLDERS", 2)
    places = [("ann", 3, "new"), ("bob", 2, "new"), ("bob", 1, "there already")]
    places += [("cat", 2, "new"), ("dan", 1, "new")]
    rows = [
        (None, folder, "x.jpg", f"{folder}/{state}{k}.jpg", "0", 500_000, state, "photo")
        for folder, count, state in places
        for k in range(count)
    ]
    found = Found()
    found.plan = pd.DataFrame(rows, columns=list(PLAN_COLUMNS))
    output.print_result(found, options(dry_run=True))
    said = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in said] == [
        "3 files, 3 of them new (1.5 MB)  ann/",
        "3 files, 2 of them new (1.0 MB)  bob/",
        "3 files in 2 more folders",
        "4 folders with 9 files: 8 new (4.0 MB), 1 there already "
        "(--plan FILE.csv writes a line a file)",
        "",
        "3 photos",
    ]
    monkeypatch.setattr(output, "LISTED", 9)
    output.print_result(found, options(dry_run=True))
    assert capsys.readouterr().out.count(" -> ") == 9


def test_photos_that_were_not_copied_are_named_so_many_and_counted(capsys) -> None:
    few = Found([("a.jpg", "no room"), ("b.jpg", "no room")])
    with pytest.raises(SightingsError, match=r"^2 photos could not be copied to results: a\.jpg: "):
        output.print_result(few, options())
    # What was done is said all the same.
    assert capsys.readouterr().out == "3 photos\n"
    many = Found([(f"{k}.jpg", "no room") for k in range(output.NAMED + 2)])
    with pytest.raises(SightingsError) as raised:
        output.print_result(many, options(quiet=True))
    assert f"{output.NAMED - 1}.jpg: no room; and 2 more, in problems.csv" in str(raised.value)
    assert f"{output.NAMED}.jpg" not in str(raised.value)


def test_the_file_for_the_numbers_is_a_new_one_in_a_folder_that_is_there(tmp_path) -> None:
    assert output.new_file(options()) is None
    assert output.new_file(options(output=str(tmp_path / "n.json"))) == tmp_path / "n.json"
    (tmp_path / "n.json").symlink_to(tmp_path / "nowhere")
    with pytest.raises(SightingsError, match="is there already"):
        output.new_file(options(output=str(tmp_path / "n.json")))
    with pytest.raises(SightingsError, match="its folder does not exist"):
        output.new_file(options(output=str(tmp_path / "none" / "n.json")))


def test_a_finding_is_printed_and_its_numbers_written(tmp_path, capsys) -> None:
    output.print_finding(Found(), options(), tmp_path / "n.json")
    assert capsys.readouterr().out == "3 photos\n"
    assert json.loads((tmp_path / "n.json").read_text()) == {"photos": 3}
    output.print_finding(Found(), options(json=True), None)
    assert json.loads(capsys.readouterr().out) == {"photos": 3}
