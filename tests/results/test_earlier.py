"""Who was who in an earlier run, read from its tables alone."""

import json

import pandas as pd
import pytest
from tiles import save_tiles

from toolkit import modes
from toolkit.results import earlier, export, results_folder


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


def cut_off_at(monkeypatch, copies: int) -> None:
    """Have runs end without a word after so many copies."""
    put, made = export.put, []

    def cut_off(*given, **named):
        if len(made) == copies:
            raise KeyboardInterrupt
        made.append(given)
        return put(*given, **named)

    monkeypatch.setattr(export, "put", cut_off)


@pytest.mark.parametrize("copies", [0, 1])
def test_numbers_of_a_run_that_was_cut_off_are_given_to_nobody_else(
    album_folder, out, colours, monkeypatch, copies
) -> None:
    modes.autopilot(album_folder, out, subject=colours)
    save_tiles(album_folder / "new.png", "dee")
    save_tiles(album_folder / "new too.png", "dee", shade=2)
    cut_off_at(monkeypatch, copies)
    with pytest.raises(KeyboardInterrupt):
        modes.autopilot(album_folder, out, subject=colours)
    monkeypatch.undo()
    # Whoever comes in between gets a number of their own.
    save_tiles(album_folder / "between.png", "eve")
    save_tiles(album_folder / "between too.png", "eve", shade=4)
    save_tiles(album_folder / "one more.png", "eve", shade=6)
    result = modes.autopilot(album_folder, out, subject=colours)
    who = dict(zip(result.album.sightings["path"], result.names, strict=True))
    assert who[str(album_folder / "between.png")] == "person_005"
    names = {each.name for each in out.iterdir() if each.is_dir()}
    assert names == {f"person_{number:03d}" for number in range(1, 6)}
    assert "given" not in json.loads((out / "run.json").read_text())


def test_a_first_run_that_was_cut_off_has_its_tables(
    album_folder, tmp_path, colours, monkeypatch
) -> None:
    out = tmp_path / "first"
    cut_off_at(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        modes.autopilot(album_folder, out, subject=colours)
    monkeypatch.undo()
    assert results_folder.load(out).names.count("person_001") == 5
    made = [each for each in out.iterdir() if each.is_dir() and list(each.iterdir())]
    made[0].rename(out / "Anna")
    result = modes.autopilot(album_folder, out, subject=colours)
    assert "Anna" in result.names
    assert made[0].name not in result.names
    assert not made[0].exists()


@pytest.mark.parametrize("told", [5, [5], [[1]], [["x", "p", "d", 0, 0, 9, 9]], [[-1] * 7], {}])
def test_numbers_under_way_that_make_no_sense_are_no_earlier_run_or_none(
    album_folder, out, colours, told
) -> None:
    modes.autopilot(album_folder, out, subject=colours)
    record = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps({**record, "given": told}))
    modes.autopilot(album_folder, out, subject=colours)


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
