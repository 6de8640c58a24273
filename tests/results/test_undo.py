"""What the last run put into a folder is taken away again: that, and nothing else."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from files_seen import files_in
from tiles import save_tiles

from toolkit import modes
from toolkit.cli import commands
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.errors import BadFolder
from toolkit.grouping.sighting_finder import key_of
from toolkit.locks import InUse, held
from toolkit.results import export, folder_changes
from toolkit.results import undo as undoing
from toolkit.results.report import page
from toolkit.results.results_folder import ResultsFolder
from toolkit.results.undo import CHANGED, LAST, NOT_OURS, undo
from toolkit.settings import AutopilotSettings


def photos_in(folder) -> dict[str, bytes]:
    return {name: content for name, content in files_in(folder).items() if name.endswith(".png")}


@pytest.fixture
def out(album_folder, tmp_path, colours):
    """The album, sorted once."""
    modes.autopilot(album_folder, tmp_path / "out", subject=colours)
    return tmp_path / "out"


def added(album_folder, out, colours, **settings):
    """Two photos more, and a second run; what it put there."""
    before = set(photos_in(out))
    save_tiles(album_folder / "more.png", "ann", shade=7)
    save_tiles(album_folder / "zz.png", "dee")
    how = AutopilotSettings(**settings)
    modes.autopilot(album_folder, out, subject=colours, settings=how)
    return before, set(photos_in(out)) - before


@pytest.mark.parametrize("link", [None, "symbolic", "hard", "clone"])
def test_after_the_first_run_nothing_of_it_is_left(album_folder, tmp_path, colours, link) -> None:
    out, before = tmp_path / "out", files_in(album_folder)
    modes.autopilot(album_folder, out, subject=colours, settings=AutopilotSettings(link=link))
    undone = undo(out)
    assert list(out.iterdir()) == []
    assert files_in(album_folder) == before
    assert len([place for place in undone.removed if "/" in place]) == 8
    assert undone.kept == ()
    assert "8 files of the last run removed" in str(undone)
    assert "report.html" in str(undone)


def test_decisions_are_the_users_and_stay(album_folder, out, colours) -> None:
    album = modes.taken_up(out)[0].album
    decisions.add(out, [Decision("name", key_of(album, 0), name="Ann")])
    before = (out / "decisions.csv").read_bytes()
    undo(out)
    assert files_in(out) == {"decisions.csv": before}
    # And the folder can be sorted into again.
    assert "Ann" in modes.autopilot(album_folder, out, subject=colours).names


def test_to_undo_twice_is_one_line(out, capsys) -> None:
    assert commands.main(["undo", str(out)]) == 0
    assert "8 files of the last run removed" in capsys.readouterr().out
    assert commands.main(["undo", str(out)]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert "nothing to undo" in said.err


def test_what_was_changed_by_hand_stays_and_is_said(out, album_folder, colours) -> None:
    keep = out / "person_001" / "a1.png"
    keep.write_bytes(b"edited")
    (out / "person_002" / "of my own.txt").write_text("mine")
    undone = undo(out)
    assert undone.kept == (("person_001/a1.png", CHANGED),)
    assert "left (changed since): person_001/a1.png" in str(undone)
    assert set(files_in(out)) == {"person_001/a1.png", "person_002/of my own.txt", "run.json"}
    assert keep.read_bytes() == b"edited"
    with pytest.raises(BadFolder, match="nothing to undo"):
        undo(out)
    # The folder is still one that can be sorted into.
    modes.autopilot(album_folder, out, subject=colours)
    assert keep.read_bytes() == b"edited"


@pytest.mark.parametrize("how", ["deleted", "damaged", "elsewhere"])
def test_a_last_copy_stays(album_folder, out, tmp_path, how) -> None:
    photo = album_folder / "a2.png"
    copy = out / "person_001" / "a2.png"
    before = copy.read_bytes()
    if how == "elsewhere":
        # Another name in another folder: the same bytes.
        photo.rename(album_folder / "deep" / "renamed.png")
    elif how == "deleted":
        photo.unlink()
    else:
        photo.write_bytes(before[:-1] + b"?")
    undone = undo(out)
    if how == "elsewhere":
        assert (undone.kept, list(out.iterdir())) == ((), [])
        return
    assert undone.kept == (("person_001/a2.png", LAST),)
    assert copy.read_bytes() == before
    # What stays of ours is on record, and so the folder is known, and goes once its photo is back.
    assert set(json.loads((out / "run.json").read_text())["files"]) == {"person_001/a2.png"}
    photo.write_bytes(before)
    undo(out)
    assert list(out.iterdir()) == []


def test_a_photo_that_is_a_link_to_its_copy_is_no_second_one(album_folder, out) -> None:
    if sys.platform == "win32":
        pytest.skip("links need a privilege on Windows")
    photo, copy = album_folder / "a2.png", out / "person_001" / "a2.png"
    photo.unlink()
    photo.symlink_to(copy)
    assert undo(out).kept == (("person_001/a2.png", LAST),)
    assert photo.read_bytes()


def test_the_last_names_of_a_photo_stay(album_folder, tmp_path, colours) -> None:
    out = tmp_path / "out"
    modes.autopilot(album_folder, out, subject=colours, settings=AutopilotSettings(link="hard"))
    whole = (album_folder / "three.png").read_bytes()
    (album_folder / "three.png").unlink()
    undone = undo(out)
    # Its three names: nobody can say from one of them that the others stay.
    assert [why for _, why in undone.kept] == [LAST] * 3
    assert set(photos_in(out).values()) == {whole}


def test_only_the_last_run_is_undone(album_folder, out, colours) -> None:
    before, new = added(album_folder, out, colours)
    assert len(new) == 2
    undone = undo(out)
    assert {place for place in undone.removed if "/" in place} == new
    assert (set(photos_in(out)), undone.earlier) == (before, 8)
    assert "8 files of earlier runs stay, with the tables" in str(undone)
    # The tables number the individuals of what is there; the report was the run's alone.
    assert (out / "sightings.csv").is_file()
    assert not (out / "report.html").exists()
    # A run after that is a run of its own again, and so is the first.
    modes.autopilot(album_folder, out, subject=colours)
    assert set(photos_in(out)) == before | new
    undo(out)
    assert set(photos_in(out)) == before
    undo(out)
    assert list(out.iterdir()) == []


def test_a_run_that_added_nothing_is_not_the_one_that_is_undone(album_folder, out, colours) -> None:
    before, new = added(album_folder, out, colours)
    modes.autopilot(album_folder, out, subject=colours)
    assert {place for place in undo(out).removed if "/" in place} == new
    assert set(photos_in(out)) == before


def test_a_run_that_was_cut_off_and_done_again_is_one(album_folder, tmp_path, colours) -> None:
    out = tmp_path / "out"

    def cut_off(work: str, done: int, total: int, item: str) -> None:
        if (work, done) == ("copies", 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        modes.autopilot(album_folder, out, subject=colours, progress=cut_off)
    modes.autopilot(album_folder, out, subject=colours)
    undo(out)
    assert list(out.iterdir()) == []


def test_a_run_that_was_cut_off_can_be_undone_without_its_tables(
    album_folder, tmp_path, colours
) -> None:
    out = tmp_path / "out"

    def cut_off(work: str, done: int, total: int, item: str) -> None:
        if (work, done) == ("copies", 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        modes.autopilot(album_folder, out, subject=colours, progress=cut_off)
    for name in export.WRITTEN:
        (out / name).unlink(missing_ok=True)
    assert len(undo(out).removed) == 4
    assert list(out.iterdir()) == []


def test_after_everything_was_sorted_otherwise_it_is_one_run(album_folder, out, colours) -> None:
    album = modes.taken_up(out)[0].album
    named = [Decision("name", key_of(album, row), name=f"x{row}") for row in (0, 2)]
    decisions.add(out, named)
    modes.autopilot(album_folder, out, subject=colours)
    undo(out)
    undo(out)
    assert [path.name for path in out.iterdir()] == ["decisions.csv"]


def test_a_table_that_was_changed_stays(out) -> None:
    with (out / "sightings.csv").open("a") as table:
        table.write("a note of mine\n")
    undone = undo(out)
    assert ("sightings.csv", CHANGED) in undone.kept
    assert set(files_in(out)) == {"sightings.csv", "run.json"}


def test_photos_that_moved_are_named(album_folder, out, tmp_path) -> None:
    shutil.move(album_folder, tmp_path / "moved")
    assert len(undo(out).kept) == 8
    assert commands.main(["undo", str(out), "--photos", str(tmp_path / "moved"), "--quiet"]) == 0
    assert list(out.iterdir()) == []


def test_it_waits_for_nobody_who_is_writing(out) -> None:
    before = files_in(out)
    with held(out, "autopilot"), pytest.raises(InUse, match="in use: autopilot"):
        undo(out)
    assert files_in(out) == before


def test_stopped_it_can_be_gone_on_with(out) -> None:
    told: list[int] = []
    undone = undo(
        out,
        progress=lambda work, done, total, item: told.append(done),
        stop=lambda: len(told) == 3,
    )
    assert (undone.not_reached, len(photos_in(out))) == (5, 5)
    assert "5 files not tried yet" in str(undone)
    undo(out)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("what", ["nothing", "empty", "of somebody else", "damaged"])
def test_where_there_is_nothing_of_ours_it_says_so(tmp_path, what, capsys) -> None:
    folder = tmp_path / "folder"
    if what != "nothing":
        folder.mkdir()
    if what == "of somebody else":
        (folder / "run.json").write_text('{"files": {"a/b": "0"}}')
    elif what == "damaged":
        (folder / "run.json").write_text("{")
    before = files_in(tmp_path)
    assert commands.main(["undo", str(folder)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert (files_in(tmp_path), folder.exists()) == (before, what != "nothing")


@pytest.mark.parametrize("place", ["../victim.png", "a/../../victim.png", "victim.png"])
def test_a_record_of_somebody_else_takes_nothing_away_outside(out, tmp_path, place) -> None:
    victim = shutil.copy(out / "person_001" / "a1.png", tmp_path / "victim.png")
    record = json.loads((out / "run.json").read_text())
    record["files"][place] = record["files"]["person_001/a1.png"]
    record["tables"]["../victim.png"] = ""
    record["added"] = [[place], "x", [1], ["person_001/a2.png", "person_001/a2.png"]]
    (out / "run.json").write_text(json.dumps(record))
    assert [each for each in undo(out).removed if "/" in each] == ["person_001/a2.png"]
    undo(out)
    assert os.path.lexists(victim)


def test_what_is_read_is_what_may_be_it(album_folder, out, monkeypatch) -> None:
    for number in range(50):
        (album_folder / f"other{number}.png").write_bytes(b"x" * (100_000 + number))
    read: list[str] = []
    real = undoing.digest_of
    monkeypatch.setattr(undoing, "digest_of", lambda path: (read.append(path.name), real(path))[1])
    undo(out)
    assert not [name for name in read if name.startswith("other")]


def test_what_became_of_it_can_be_had_as_numbers(out, capsys) -> None:
    (out / "person_001" / "a1.png").write_bytes(b"edited")
    assert commands.main(["undo", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["kept"] == [["person_001/a1.png", CHANGED]]
    assert len([place for place in said["removed"] if "/" in place]) == 7
    assert (said["earlier"], said["not_reached"], said["out"]) == (0, 0, str(out))


@pytest.mark.parametrize("moment", [0, 5, 8, 11, 14])
def test_cut_off_at_any_moment_it_can_be_done_again(
    album_folder, out, colours, monkeypatch, moment
) -> None:
    before, count, unlink = files_in(album_folder), 0, Path.unlink

    def cut_off(self, **how) -> None:
        nonlocal count
        if self.parent.parent in (out, out.parent) and not self.name.startswith("."):
            count += 1
            if count > moment:
                raise KeyboardInterrupt
        unlink(self, **how)

    monkeypatch.setattr(Path, "unlink", cut_off)
    with pytest.raises(KeyboardInterrupt):
        undo(out)
    monkeypatch.undo()
    undo(out)
    assert list(out.iterdir()) == []
    assert files_in(album_folder) == before
    modes.autopilot(album_folder, out, subject=colours)
    assert len(photos_in(out)) == 8


@pytest.mark.parametrize("moment", [0, 3, 7])
def test_what_an_undo_had_taken_when_it_was_cut_off_was_deleted_by_nobody(
    album_folder, out, colours, monkeypatch, moment
) -> None:
    count, unlink = 0, Path.unlink

    def cut_off(self, **how) -> None:
        nonlocal count
        if self.parent.parent == out:
            count += 1
            if count > moment:
                raise KeyboardInterrupt
        unlink(self, **how)

    monkeypatch.setattr(Path, "unlink", cut_off)
    with pytest.raises(KeyboardInterrupt):
        undo(out)
    monkeypatch.undo()
    assert len(photos_in(out)) == 8 - moment
    assert folder_changes.read(out).deleted == ()
    result = modes.autopilot(album_folder, out, subject=colours)
    assert decisions.read(out) == ()
    assert len(result.individuals) == 3
    assert len(photos_in(out)) == 8


def test_a_copy_of_earlier_that_was_edited_stays_the_users(album_folder, out, colours) -> None:
    (out / "person_001" / "a1.png").write_bytes((album_folder / "a1.png").read_bytes() + b"mine")
    album = album_folder.with_name("more")
    before, new = added(shutil.copytree(album_folder, album), out, colours)
    assert undo(out).earlier == len(before) - 1
    assert "person_001/a1.png" in folder_changes.read(out).theirs
    modes.autopilot(album, out, subject=colours)
    assert set(photos_in(out)) == before | new


def test_an_edited_copy_is_told_from_ours_after_an_undo_alone(album_folder, out, colours) -> None:
    _, new = added(album_folder, out, colours)
    edited = out / "person_001" / "a1.png"
    edited.write_bytes(edited.read_bytes() + b"mine")
    assert {place for place in undo(out).removed if "/" in place} == new
    assert list(folder_changes.read(out).theirs) == ["person_001/a1.png"]


def test_on_a_full_disk_there_is_an_undo(out, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise BadFolder("No space left on device")

    write = ResultsFolder.write_record
    monkeypatch.setattr(ResultsFolder, "write_record", full)
    undo(out)
    monkeypatch.setattr(ResultsFolder, "write_record", write)
    assert list(out.iterdir()) == []


def test_copies_that_were_sorted_by_hand_are_taken_back_and_decided_about(
    album_folder, out, colours, capsys
) -> None:
    (out / "person_001").rename(out / "Ann")
    (out / "Zoe").mkdir()
    moved = next(path for path in (out / "person_002").iterdir() if path.name != "three.png")
    moved.rename(out / "Zoe" / moved.name)
    assert commands.main(["undo", str(out)]) == 0
    said = capsys.readouterr().out
    assert "person_001 is Ann" in said
    assert "8 files of the last run removed" in said
    assert [path.name for path in out.iterdir()] == ["decisions.csv"]
    assert {each.name for each in decisions.read(out)} >= {"Ann", "Zoe"}
    assert {"Ann", "Zoe"} <= set(modes.autopilot(album_folder, out, subject=colours).names)


def test_copies_are_found_where_they_were_moved_to_without_the_tables(out) -> None:
    (out / "person_001").rename(out / "Ann")
    (out / "sightings.csv").unlink()
    assert len([place for place in undo(out).removed if "/" in place]) == 8
    assert list(out.iterdir()) == []


def test_what_came_last_goes_after_folders_were_renamed(album_folder, out, colours) -> None:
    before, _ = added(album_folder, out, colours)
    (out / "person_001").rename(out / "Ann")
    assert commands.main(["undo", str(out), "--quiet"]) == 0
    assert {Path(place).name for place in photos_in(out)} == {Path(place).name for place in before}
    assert len(photos_in(out)) == len(before)
    assert (out / "Ann").is_dir()


def test_with_a_photo_of_the_users_it_can_be_sorted_into_again(album_folder, out, colours) -> None:
    save_tiles(out / "person_001" / "mine.png", "ann", shade=20)
    undo(out)
    assert set(files_in(out)) == {"person_001/mine.png", "run.json"}
    modes.autopilot(album_folder, out, subject=colours)
    assert len(photos_in(out)) == 9


def test_what_the_user_edited_is_listed_after_folders_were_renamed(out, capsys) -> None:
    edited = out / "person_001" / "a1.png"
    edited.write_bytes(edited.read_bytes() + b"mine")
    (out / "person_002").rename(out / "Bob")
    assert commands.main(["undo", str(out)]) == 0
    assert "left (changed or put there by hand): person_001/a1.png" in capsys.readouterr().out
    assert set(files_in(out)) == {"person_001/a1.png", "run.json", "decisions.csv"}


def test_tables_of_the_users_stay_and_are_said(album_folder, out, colours) -> None:
    """No run writes these two the first time."""
    mine = {"numbers.csv": b"mine\n", "changes.csv": b"diary\n"}
    for name, content in mine.items():
        (out / name).write_bytes(content)
    before = files_in(out)
    # The next run would write them.
    with pytest.raises(BadFolder, match=r"changes\.csv there is of no run"):
        modes.autopilot(album_folder, out, subject=colours)
    assert files_in(out) == before
    undone = undo(out)
    assert undone.kept == tuple((name, NOT_OURS) for name in ("changes.csv", "numbers.csv"))
    assert "left (of no run): changes.csv, numbers.csv" in str(undone)
    found = files_in(out)
    assert found.pop("run.json")
    assert found == mine
    with pytest.raises(BadFolder, match="nothing to undo"):
        undo(out)
    for name in mine:
        (out / name).unlink()
    modes.autopilot(album_folder, out, subject=colours)
    assert len(photos_in(out)) == 8


def test_a_table_put_where_an_undo_took_one_away_is_the_users(album_folder, out, colours) -> None:
    added(album_folder, out, colours)
    assert "report.html" in undo(out).removed
    (out / "report.html").write_text("mine")
    with pytest.raises(BadFolder, match=r"report\.html there is of no run"):
        modes.autopilot(album_folder, out, subject=colours)
    assert (out / "report.html").read_text() == "mine"


def test_pages_beside_the_report_go_with_it_and_are_nobodys_folder(
    album_folder, out, colours, monkeypatch
) -> None:
    monkeypatch.setattr(page, "CARDS", 1)
    monkeypatch.setattr(page, "LISTED", 0)
    modes.autopilot(album_folder, out, settings=AutopilotSettings(threshold=0.3), subject=colours)
    pages = sorted(path.name for path in (out / "report_pages").iterdir())
    assert pages == ["names-0001.html", "page-0002.html", "pages.json"]
    # They are taken for no photos that somebody put there.
    again = modes.autopilot(
        album_folder, out, settings=AutopilotSettings(threshold=0.3), subject=colours
    )
    assert again.synced == ()
    undone = undo(out)
    assert "report_pages/page-0002.html" in undone.removed
    assert not (out / "report_pages").exists()
