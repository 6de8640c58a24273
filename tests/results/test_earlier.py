"""Who was who in an earlier run, read from its tables alone."""

import pandas as pd
import pytest

from toolkit import modes
from toolkit.results import earlier


@pytest.fixture
def out(album_folder, tmp_path, colours):
    out = tmp_path / "out"
    modes.autopilot(album_folder, out, subject=colours)
    return out


def change(out, edit):
    table = pd.read_csv(out / "sightings.csv", dtype=str, keep_default_na=False)
    edit(table).to_csv(out / "sightings.csv", index=False)


def test_the_numbers_and_names_of_a_run_are_read(out) -> None:
    found = earlier.read(out)
    table = pd.read_csv(out / "sightings.csv")
    assert list(found.names) == table["name"].to_list()
    assert found.numbers.tolist() == table["number"].to_list()
    assert found.numbering.last == 3
    assert set(found.photos["path"]) >= set(table["path"])


def test_where_no_run_ended_there_is_nothing(tmp_path) -> None:
    assert earlier.read(tmp_path) is None
    assert earlier.numbering(tmp_path / "none") is None


def test_numbers_hold_where_a_run_was_cut_off_between_two_tables(out) -> None:
    change(out, lambda table: table.assign(run="0" * 16))
    assert earlier.numbering(out).last == 3


def test_a_table_of_the_version_before_has_its_numbers_in_the_names(out) -> None:
    change(out, lambda table: table.drop(columns="number").replace("person_003", "Cem"))
    found = earlier.read(out)
    numbers = dict(zip(found.names, found.numbers.tolist(), strict=True))
    assert numbers == {"person_001": 1, "person_002": 2, "Cem": 0}


@pytest.mark.parametrize("number", ["x", "-1", "1e9", str(10**9), "9" * 30])
def test_numbers_that_none_has_are_no_earlier_run(out, number) -> None:
    change(out, lambda table: table.assign(number=number))
    assert earlier.read(out) is None


@pytest.mark.parametrize("content", ["no table", "number,path\n1,a\n", "\0", ""])
def test_a_damaged_table_of_numbers_is_said_and_the_others_hold(
    album_folder, out, colours, content
) -> None:
    (album_folder / "a1.png").rename(album_folder.parent / "a1.png")
    modes.autopilot(album_folder, out, subject=colours)
    before = earlier.read(out)
    assert (before.trouble, len(before.absent.sightings)) == ("", 1)
    (out / "numbers.csv").write_text(content)
    assert earlier.numbering(out).last == 3
    assert "numbers.csv could not be used" in modes.taken_up(out)[0].taken[0]
    result = modes.autopilot(album_folder, out, subject=colours)
    (line,) = [each for each in str(result).splitlines() if "numbers.csv" in each]
    assert line.endswith("whoever was in photos that are away gets a new number")
    assert set(result.numbers.tolist()) == {1, 2, 3}
    # What was damaged is whole again.
    assert "numbers.csv" not in str(modes.autopilot(album_folder, out, subject=colours))
