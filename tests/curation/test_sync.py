"""What was sorted by hand in a file manager holds like any other decision."""

import csv
import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from drawn_clips import save_clip, tiles_of
from files_seen import files_in
from tiles import TILE, save_tiles

import toolkit
from toolkit import modes
from toolkit.cli import commands
from toolkit.curation import decisions, sync
from toolkit.errors import BadFolder
from toolkit.grouping.sighting_finder import key_of
from toolkit.names import printable, safe_name
from toolkit.results import exporting, folder_changes, results_folder
from toolkit.results.undo import undo
from toolkit.session import taken_up
from toolkit.settings import AutopilotSettings

SETTINGS = AutopilotSettings(threshold=0.3, jobs=1)


@pytest.fixture
def photos(tmp_path):
    """Four photos of ann, three of bob, two of cem, and one of ann and bob."""
    folder = tmp_path / "photos"
    for name, count in (("ann", 4), ("bob", 3), ("cem", 2)):
        for number in range(count):
            save_tiles(folder / f"{name}{number}.png", name, shade=5 * number)
    save_tiles(folder / "both.png", "ann", "bob", shade=3)
    return folder


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def run(photos, out, colours):
    def again(**more):
        return modes.autopilot(photos, out, settings=SETTINGS, subject=colours, **more)

    again()
    return again


def folders(out) -> dict[str, set[str]]:
    return {
        each.name: {path.name for path in each.iterdir()} for each in out.iterdir() if each.is_dir()
    }


def untouched(photos) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in photos.iterdir()}


def test_a_renamed_folder_is_the_name_in_every_later_run(run, out, photos) -> None:
    (out / "person_001").rename(out / "Ann B.")
    first = run()
    assert first.synced == ("person_001 is Ann B.",)
    assert "in the folders: person_001 is Ann B.\n" in str(first)
    save_tiles(photos / "ann9.png", "ann", shade=9)
    result = run()
    assert result.synced == ()
    assert set(folders(out)) == {"Ann B.", "person_002", "person_003"}
    assert "ann9.png" in folders(out)["Ann B."]
    assert result.numbers[result.names.index("Ann B.")] == 1


def test_a_photo_moved_to_another_person_stays_there(run, out) -> None:
    (out / "person_003" / "cem0.png").rename(out / "person_002" / "cem0.png")
    assert run().synced == ("cem0.png was moved to person_002: not person_003, person_002",)
    kinds = [each.kind for each in decisions.read(out)]
    # As many go as stay: those who stay are to keep the number.
    assert kinds == ["different", "not", "same"]
    for _ in range(2):
        assert "cem0.png" in folders(out)["person_002"]
        assert folders(out)["person_003"] == {"cem1.png"}
        assert run().synced == ()


def test_of_several_faces_the_one_of_that_folder_is_meant(run, out, photos) -> None:
    before = len(folders(out)["person_001"])
    (out / "person_002" / "both.png").rename(out / "person_003" / "both.png")
    said = run().synced
    assert "of several, the face that is nearest" in said[0]
    assert "both.png" in folders(out)["person_001"]
    assert len(folders(out)["person_001"]) == before
    assert "both.png" not in folders(out)["person_002"]
    assert "both.png" in folders(out)["person_003"]


def test_of_several_faces_in_a_photo_from_elsewhere_the_nearest_is_meant(run, out) -> None:
    save_tiles(out / "person_002" / "mine.png", "cem", "bob", "ann", shade=20)
    run()
    (named,) = [each for each in decisions.read(out) if "mine.png" in each.sighting.path]
    assert (named.name, named.sighting.box[0]) == ("person_002", TILE)


def test_a_photo_moved_into_a_new_folder_names_somebody_new(run, out) -> None:
    (out / "Zoe").mkdir()
    (out / "person_002" / "bob0.png").rename(out / "Zoe" / "bob0.png")
    run()
    assert "bob0.png" in folders(out)["Zoe"]
    assert "bob0.png" not in folders(out)["person_002"]
    assert any(each.name == "Zoe" for each in decisions.read(out))


def test_a_deleted_copy_does_not_come_back_and_nobody_goes_along(run, out) -> None:
    before = folders(out)["person_001"]
    (out / "person_001" / "ann2.png").unlink()
    assert run().synced == (
        "ann2.png was deleted: its face is not person_001, and may get a folder of its own",
    )
    assert folders(out)["person_001"] == before - {"ann2.png"}
    run()
    assert folders(out)["person_001"] == before - {"ann2.png"}


def test_a_deleted_folder_stays_away_as_the_album_grows(run, out, photos) -> None:
    shutil.rmtree(out / "person_003")
    result = run()
    assert result.synced == ("the folder person_003 was deleted: it is hidden",)
    assert result.hidden == {"person_003"}
    save_tiles(photos / "cem9.png", "cem", shade=7)
    result = run()
    assert "person_003" not in folders(out)
    assert "person_003" in result.names
    # To take the decision back brings the folder back.
    decisions.write(out, [each for each in decisions.read(out) if each.kind != "hide"])
    run()
    assert folders(out)["person_003"] == {"cem0.png", "cem1.png", "cem9.png"}


def test_who_is_hidden_is_shown_again_by_a_later_decision(run, out) -> None:
    shutil.rmtree(out / "person_003")
    run()
    hidden = next(each for each in decisions.read(out) if each.kind == "hide")
    decisions.add(out, [decisions.Decision("show", hidden.sighting, name="person_003")])
    assert run().hidden == frozenset()
    assert "person_003" in folders(out)


def test_who_is_hidden_stays_so_where_the_whole_result_was_undone_and_numbers_begin_anew(
    photos, run, out
) -> None:
    shutil.rmtree(out / "person_002")
    assert run().hidden == {"person_002"}
    undo(out)
    shutil.rmtree(out / "person_001", ignore_errors=True)
    while (out / "run.json").exists():
        undo(out)
    for number in range(6):
        save_tiles(photos / f"dee{number}.png", "dee", shade=5 * number)
    result = run()
    seen = zip(result.album.sightings["path"], result.names, strict=True)
    called = {Path(path).name[:3]: name for path, name in seen if "both" not in path}
    assert called["dee"] != called["bob"] != "person_002"
    assert result.hidden == {called["bob"]}
    assert called["bob"] not in folders(out)
    assert folders(out)[called["ann"]] >= {"ann0.png", "ann1.png"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_folder_may_have_any_name_that_the_system_knows(run, out) -> None:
    (out / "person_003").rename(out / "Cem: a\\b")
    assert run().synced == ("person_003 is Cem: a\\b",)
    # What lies in it is ours, as everywhere.
    assert run().synced == ()
    (out / "Cem: a\\b" / "cem1.png").unlink()
    assert [each[:8] for each in run().synced] == ["cem1.png"]
    assert undo(out).kept == ()


def test_a_photo_from_elsewhere_is_an_example_and_stays_the_users(run, out, tmp_path) -> None:
    mine = save_tiles(tmp_path / "mine.png", "bob", shade=20)
    shutil.copy(mine, out / "person_002" / "mine.png")
    result = run()
    assert result.synced == ("mine.png was put into person_002: an example of person_002",)
    named = [each for each in decisions.read(out) if each.kind == "name"]
    assert {each.name for each in named} == {"person_002"}
    assert (out / "person_002" / "mine.png").read_bytes() == mine.read_bytes()
    # It is looked at in later runs, too, and never taken away.
    assert "mine.png" in {path.rpartition("/")[2] for path in run().album.photos["path"]}
    assert (out / "person_002" / "mine.png").is_file()


def test_a_photo_from_elsewhere_draws_those_that_are_like_it(run, out, photos) -> None:
    for number in range(2):
        save_tiles(photos / f"dee{number}.png", "dee", shade=5 * number)
    run()
    save_tiles(out / "person_002" / "mine.png", "dee", shade=8)
    for _ in range(2):
        run()
        assert {"dee0.png", "dee1.png", "mine.png"} < folders(out)["person_002"]


def test_a_photo_from_elsewhere_is_one_more_example_of_a_known_person(
    photos, out, colours, tmp_path
) -> None:
    known = tmp_path / "known"
    save_tiles(known / "Ida" / "1.png", "bob", shade=3)
    save_tiles(photos / "dee.png", "dee")

    def found() -> dict[str, set[str]]:
        modes.point_and_shoot(photos, known, out, subject=colours)
        return folders(out)

    before = found()
    assert set(before) == {"Ida"}
    save_tiles(out / "Ida" / "mine.png", "dee", shade=8)
    save_tiles(out / "Cem" / "mine.png", "cem", shade=8)
    for _ in range(2):
        after = found()
        assert after["Ida"] == before["Ida"] | {"dee.png", "mine.png"}
        assert after["Cem"] == {"cem0.png", "cem1.png", "mine.png"}
    # It is one as long as it is there.
    (out / "Ida" / "mine.png").unlink()
    found()
    assert found()["Ida"] == before["Ida"]


def test_a_dry_run_looks_at_photos_of_the_users_own_too(run, out, photos, colours) -> None:
    own = save_tiles(out / "person_001" / "own.png", "ann", shade=4)
    planned = modes.autopilot(photos, out, settings=SETTINGS, subject=colours, dry_run=True)
    assert str(own) in set(planned.album.photos["path"])
    assert planned.undecided == 0


def test_a_photo_of_the_users_own_is_found_from_any_working_folder(
    run, out, photos, colours, tmp_path, monkeypatch
) -> None:
    save_tiles(out / "person_001" / "own.png", "ann", shade=4)
    monkeypatch.chdir(tmp_path)
    modes.autopilot(photos, out.relative_to(tmp_path), settings=SETTINGS, subject=colours)
    monkeypatch.chdir(tmp_path.parent)
    assert results_folder.load(out).missing == 0
    assert (out / "person_001" / "own.png").read_bytes()


def test_copies_moved_by_hand_are_still_of_the_run_that_put_them_there(run, out, photos) -> None:
    save_tiles(photos / "zoe.png", "eve")
    run()
    (new,) = [each for each in out.iterdir() if (each / "zoe.png").is_file()]
    new.rename(out / "Zoe")
    (out / "person_003").rename(out / "Cem")
    with exporting.alone_in(out, "a test"):
        modes.synced(out, SETTINGS)
    undone = undo(out)
    assert [place for place in undone.removed if "/" in place] == ["Zoe/zoe.png"]
    undone = undo(out)
    assert not folders(out)


def test_what_was_sorted_by_hand_is_decided_before_an_undo(run, out, capsys) -> None:
    (out / "person_003").rename(out / "Cem")
    undone = toolkit.undo(out)
    assert undone.synced == ("person_003 is Cem",)
    assert str(undone).startswith("person_003 is Cem\n")
    assert [each.name for each in decisions.read(out)] == ["Cem"]
    run()
    (out / "person_002").rename(out / "Bob")
    assert commands.main(["undo", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["synced"] == ["person_002 is Bob"]
    run()
    assert {"Cem", "Bob"} <= set(folders(out))


def test_a_session_decides_what_was_sorted_by_hand_before_an_undo(run, out) -> None:
    session = taken_up(out)
    (out / "person_003").rename(out / "Cem")
    session.undo_export(out)
    assert "Cem" in session.names
    assert [each.name for each in decisions.read(out)] == ["Cem"]


def test_a_photo_from_elsewhere_in_a_new_folder_is_somebody_new(run, out) -> None:
    save_tiles(out / "Dee" / "dee.png", "dee")
    assert run().synced == ("dee.png was put into Dee: an example of Dee",)
    assert folders(out)["Dee"] == {"dee.png"}
    assert "Dee" in run().names


def test_two_folders_put_together_are_one_person(run, out) -> None:
    for path in (out / "person_003").iterdir():
        path.rename(out / "person_002" / path.name)
    (out / "person_003").rmdir()
    assert run().synced == ("person_002 and person_003 are one person",)
    assert {"cem0.png", "bob0.png"} <= folders(out)["person_002"]
    assert "person_003" not in folders(out)


def test_a_copy_with_a_star_stays_and_gets_no_second(run, out) -> None:
    path = out / "person_001" / "ann0.png"
    path.write_bytes(path.read_bytes() + b"star")
    run()
    assert [name for name in folders(out)["person_001"] if name.startswith("ann0")] == ["ann0.png"]
    assert path.read_bytes().endswith(b"star")


def test_a_dry_run_says_it_and_keeps_nothing(run, out) -> None:
    (out / "person_001").rename(out / "Ann")
    record = (out / "run.json").read_bytes()
    result = run(dry_run=True)
    assert result.synced == ("person_001 is Ann",)
    assert "Ann" in result.names
    assert decisions.read(out) == ()
    assert (out / "run.json").read_bytes() == record


def test_the_folders_are_read_when_a_result_is_opened_and_it_is_undone_like_any_other(
    run, out
) -> None:
    (out / "person_001").rename(out / "Ann")
    session = taken_up(out)
    assert "Ann" in session.names
    assert session.undo() == "the face in ann1.png is Ann" or session.undo()
    assert "Ann" not in session.names


def test_it_says_where_each_decision_came_from(run, out) -> None:
    (out / "person_001").rename(out / "Ann")
    run()
    with (out / "decisions.csv").open(encoding="utf-8") as stream:
        assert [row["from"] for row in csv.DictReader(stream)] == ["folders"]


def test_known_people_keep_the_folder_that_the_user_called_otherwise(
    photos, out, colours, tmp_path
) -> None:
    known = tmp_path / "known"
    save_tiles(known / "Hans" / "1.png", "ann", shade=3)
    save_tiles(known / "Ida" / "1.png", "bob", shade=3)
    modes.point_and_shoot(photos, known, out, subject=colours)
    (out / "Hans").rename(out / "Hansi")
    (out / "Ida" / "bob0.png").unlink()
    for _ in range(2):
        result = modes.point_and_shoot(photos, known, out, subject=colours)
        assert set(folders(out)) == {"Hansi", "Ida"}
        assert "Hans" in result.names
        assert "bob0.png" not in folders(out)["Ida"]


def test_photos_of_known_people_are_moved_and_their_folders_deleted_like_others(
    photos, out, colours, tmp_path
) -> None:
    known = tmp_path / "known"
    save_tiles(known / "Hans" / "1.png", "ann", shade=3)
    save_tiles(known / "Ida" / "1.png", "bob", shade=3)

    def run():
        return modes.point_and_shoot(photos, known, out, subject=colours)

    run()
    before = folders(out)
    (out / "Ida" / "bob0.png").rename(out / "Hans" / "bob0.png")
    (out / "Zoe").mkdir()
    (out / "Ida" / "bob1.png").rename(out / "Zoe" / "bob1.png")
    assert "not Ida, Hans" in run().synced[0]
    for _ in range(2):
        assert run().synced == ()
        assert folders(out) == {
            "Hans": before["Hans"] | {"bob0.png"},
            "Ida": before["Ida"] - {"bob0.png", "bob1.png"},
            "Zoe": {"bob1.png"},
        }
    shutil.rmtree(out / "Ida")
    assert run().synced == ("the folder Ida was deleted: it is hidden",)
    save_tiles(photos / "bob9.png", "bob", shade=9)
    assert run().hidden == {"Ida"}
    assert set(folders(out)) == {"Hans", "Zoe"}


def test_no_photo_of_the_users_is_touched(run, out, photos) -> None:
    before = untouched(photos)
    (out / "person_001").rename(out / "Ann")
    (out / "person_002" / "bob0.png").unlink()
    run()
    assert untouched(photos) == before


def test_folders_of_a_version_that_did_not_say_whose_they_are_are_told_by_their_names(
    run, out
) -> None:
    about = json.loads((out / "run.json").read_text())
    for name in ("folders", "times", "decisions", "last_number"):
        del about[name]
    (out / "run.json").write_text(json.dumps(about))
    (out / "person_001").rename(out / "Ann")
    (out / "person_002" / "bob0.png").unlink()
    assert run().synced == (
        "person_001 is Ann",
        "bob0.png was deleted: its face is not person_002, and may get a folder of its own",
    )
    assert "bob0.png" not in folders(out)["person_002"]


def damaged(out, how) -> None:
    if how == "encodings":
        (out / "encodings.npz").write_bytes(b"PK")
    elif how == "sightings":
        (out / "sightings.csv").write_text("a,b\n")
    elif how == "missing":
        (out / "sightings.csv").unlink()
    else:
        about = json.loads((out / "run.json").read_text())
        (out / "run.json").write_text(json.dumps(about | {"run": "another"}))


DAMAGES = ["encodings", "sightings", "missing", "two runs"]


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("dry", [False, True])
def test_renamed_and_deleted_folders_are_known_without_the_tables(run, out, how, dry) -> None:
    before = folders(out)
    (out / "person_001").rename(out / "person_002 of mine")
    (out / "person_002").rename(out / "Bob")
    shutil.rmtree(out / "person_003")
    damaged(out, how)
    result = run(dry_run=dry)
    assert result.synced == (
        "person_001 is person_002 of mine",
        "person_002 is Bob",
        "the folder person_003 was deleted: it is hidden",
    )
    assert result.hidden == {"person_003"}
    assert {"Bob", "person_002 of mine"} <= set(result.names)
    if dry:
        assert decisions.read(out) == ()
        return
    assert folders(out) == {
        "person_002 of mine": before["person_001"],
        "Bob": before["person_002"],
    }
    settled(run, out)


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("what", ["moved", "deleted", "merged"])
def test_what_cannot_be_read_without_the_tables_is_refused(run, out, how, what, capsys) -> None:
    if what == "moved":
        (out / "person_002" / "bob0.png").rename(out / "person_003" / "bob0.png")
    elif what == "deleted":
        (out / "person_002" / "bob0.png").unlink()
    else:
        for path in (out / "person_003").iterdir():
            path.rename(out / "person_002" / path.name)
        (out / "person_003").rmdir()
    damaged(out, how)
    before = files_in(out)
    with pytest.raises(BadFolder, match="would be lost"):
        run()
    assert commands.main(["sync", str(out)]) == 2
    said = capsys.readouterr().err
    assert ("would be lost" in said, said.count("\n")) == (True, 1)
    assert files_in(out) == before


@pytest.mark.parametrize("how", DAMAGES)
def test_without_tables_what_waits_is_not_lost(run, out, how) -> None:
    edited = out / "person_001" / "ann0.png"
    edited.write_bytes(edited.read_bytes() + b"star")
    damaged(out, how)
    names = {name: len(files) for name, files in folders(out).items()}
    assert run().synced == ()
    assert {name: len(files) for name, files in folders(out).items()} == names
    save_tiles(out / "person_002" / "mine.png", "bob", shade=20)
    damaged(out, how)
    assert run().synced == ("1 photo put into the folders: looked at in the next run",)
    assert run().synced == ("mine.png was put into person_002: an example of person_002",)


def test_an_example_stays_one_when_something_else_is_done_in_the_folders(run, out) -> None:
    save_tiles(out / "person_002" / "mine.png", "bob", shade=20)
    run()
    (out / "person_001").rename(out / "Ann")
    paths = run().album.photos["path"]
    assert str(out / "person_002" / "mine.png") in set(paths)


def test_a_record_of_a_newer_version_is_left_as_it_is(run, out) -> None:
    about = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps(about | {"format": 3}))
    (out / "person_001").rename(out / "Ann")
    before = files_in(out)
    with pytest.raises(BadFolder, match="newer version"):
        run()
    assert files_in(out) == before


def test_without_a_look_photos_from_elsewhere_wait(run, out) -> None:
    save_tiles(out / "person_001" / "mine.png", "ann", shade=30)
    found = sync.propose(out)
    assert found.said == ("1 photo from elsewhere in the folders: looked at in the next run",)
    assert found.made == ()


def test_a_folder_without_results_is_refused(tmp_path) -> None:
    with pytest.raises(BadFolder, match=r"run\.json"):
        sync.propose(tmp_path)


@pytest.mark.parametrize("moment", [0, 1])
def test_what_a_run_was_taking_away_when_it_was_cut_off_was_deleted_by_nobody(
    album_folder, tmp_path, colours, monkeypatch, moment
) -> None:
    out = tmp_path / "out"
    low, high = AutopilotSettings(threshold=0.005), AutopilotSettings(threshold=0.6)
    modes.autopilot(album_folder, out, subject=colours, settings=low)
    count, unlink = 0, Path.unlink

    def cut_off(self, **how) -> None:
        nonlocal count
        if self.parent.parent == out and not self.name.startswith("."):
            count += 1
            if count > moment:
                raise KeyboardInterrupt
        unlink(self, **how)

    monkeypatch.setattr(Path, "unlink", cut_off)
    with pytest.raises(KeyboardInterrupt):
        modes.autopilot(album_folder, out, subject=colours, settings=high)
    monkeypatch.undo()
    assert not folder_changes.read(out)
    modes.autopilot(album_folder, out, subject=colours, settings=high)
    assert decisions.read(out) == ()
    assert len(folders(out)) == 3


def last_decided(out, kind: str) -> str:
    """Return the photo that the last decision of a kind is about."""
    made = [each for each in decisions.read(out) if each.kind == kind]
    return Path(made[-1].sighting.path).name


def test_a_name_stays_when_the_photo_that_it_was_given_by_is_gone(run, out, photos) -> None:
    (out / "person_001").rename(out / "Ann")
    run()
    photo = photos / last_decided(out, "name")
    photo.rename(photos.parent / photo.name)
    for _ in range(2):
        result = run()
        assert set(folders(out)) == {"Ann", "person_002", "person_003"}
        assert (result.undecided, result.undecided_photos) == (0, ())
    (photos.parent / photo.name).rename(photo)
    run()
    assert photo.name in folders(out)["Ann"]
    # As long as it is decided.
    decisions.write(out, [])
    photo.unlink()
    result = run()
    assert "Ann" not in result.names
    assert result.numbers[result.names.index("person_001")] == 1


def test_who_is_hidden_stays_so_when_the_photo_it_was_said_about_is_gone(run, out, photos) -> None:
    shutil.rmtree(out / "person_003")
    run()
    (photos / last_decided(out, "hide")).unlink()
    for _ in range(2):
        result = run()
        assert (result.hidden, result.undecided) == ({"person_003"}, 0)
        assert "person_003" not in folders(out)
    hidden = next(each for each in decisions.read(out) if each.kind == "hide")
    decisions.add(out, [decisions.Decision("show", hidden.sighting, name="person_003")])
    assert run().hidden == frozenset()
    assert "person_003" in folders(out)


def test_what_is_away_and_has_no_effect_is_named(run, out, photos) -> None:
    (out / "person_001").rename(out / "Ann")
    run()
    gone = last_decided(out, "name")
    (photos / gone).unlink()
    run()
    # Another face of the person has another name.
    other = run().album.sightings["path"].map(lambda path: Path(path).name).eq("ann0.png")
    key = key_of(run().album, int(other.to_numpy().argmax()))
    decisions.add(out, [decisions.Decision("name", key, name="Zoe")])
    result = run()
    assert "Zoe" in folders(out)
    assert result.undecided == 1
    assert [Path(path).name for path in result.undecided_photos] == [gone]


def test_a_new_name_is_that_of_a_photo_that_is_away_too(run, out, photos) -> None:
    (out / "person_001").rename(out / "Ann")
    run()
    photo = photos / last_decided(out, "name")
    photo.rename(photos.parent / photo.name)
    run()
    (out / "Ann").rename(out / "Anna")
    run()
    (photos.parent / photo.name).rename(photo)
    result = run()
    assert set(result.names) == {"Anna", "person_002", "person_003"}


def test_a_name_whose_photo_is_away_stays_with_two_who_become_one(run, out, photos) -> None:
    (out / "person_003").rename(out / "Cem")
    run()
    (photos / last_decided(out, "name")).rename(photos.parent / "away.png")
    run()
    session = taken_up(out)
    session.merge("person_001", "Cem")
    assert set(session.names) == {"Cem", "person_002"}
    result = run()
    assert set(result.names) == {"Cem", "person_002"}
    (photos.parent / "away.png").rename(photos / "away.png")
    assert set(run().names) == {"Cem", "person_002"}


def test_a_known_person_stays_hidden_when_that_photo_is_gone(
    photos, out, colours, tmp_path
) -> None:
    known = tmp_path / "known"
    save_tiles(known / "Hans" / "1.png", "ann", shade=3)
    save_tiles(known / "Ida" / "1.png", "bob", shade=3)
    modes.point_and_shoot(photos, known, out, subject=colours)
    shutil.rmtree(out / "Hans")
    modes.point_and_shoot(photos, known, out, subject=colours)
    (photos / last_decided(out, "hide")).unlink()
    result = modes.point_and_shoot(photos, known, out, subject=colours)
    assert (result.hidden, result.undecided) == ({"Hans"}, 0)
    assert set(folders(out)) == {"Ida"}


@pytest.mark.parametrize(("hidden", "shown"), [("person_001", "Ann"), ("Ann", "person_001")])
def test_the_face_says_who_is_hidden_and_shown_by_number_or_name(run, out, hidden, shown) -> None:
    (out / "person_001").rename(out / "Ann")
    result = run()
    one = key_of(result.album, result.names.index("Ann"))
    other = result.names.index("person_002")
    decisions.add(out, [decisions.Decision("hide", one, name=hidden)])
    assert run().hidden == {"Ann"}
    # About somebody else, the name alone says nothing.
    stranger = key_of(result.album, other)
    decisions.add(out, [decisions.Decision("show", stranger, name=hidden)])
    assert run().hidden == {"Ann"}
    another = [row for row, name in enumerate(result.names) if name == "Ann"][1]
    key = key_of(result.album, another)
    decisions.add(out, [decisions.Decision("show", key, name=shown)])
    assert run().hidden == frozenset()


def test_a_photo_moved_back_brings_no_name_along(run, out) -> None:
    before = folders(out)
    (out / "Zed").mkdir()
    (out / "person_001" / "ann1.png").rename(out / "Zed" / "ann1.png")
    run()
    assert folders(out)["Zed"] == {"ann1.png"}
    (out / "Zed" / "ann1.png").rename(out / "person_001" / "ann1.png")
    for _ in range(2):
        result = run()
        assert "Zed" not in result.names
        assert {name: each for name, each in folders(out).items() if each} == before


@pytest.mark.parametrize("renamed", [False, True])
def test_the_number_stays_with_the_one_photo_that_was_not_deleted(run, out, renamed) -> None:
    name = "Ann" if renamed else "person_001"
    if renamed:
        (out / "person_001").rename(out / "Ann")
        run()
    gone = sorted(folders(out)[name])[:-1]
    for photo in gone:
        (out / name / photo).unlink()
    left = folders(out)[name]
    for _ in range(2):
        result = run()
        assert folders(out)[name] == left
        assert result.numbers[result.names.index(name)] == 1
    # Put back, they have the number as before.
    other = next(each for each in folders(out) if gone[0] in folders(out)[each])
    for photo in gone:
        if (out / other / photo).is_file() and photo.startswith("ann"):
            (out / other / photo).rename(out / name / photo)
    run()
    assert [each for each in decisions.read(out) if each.name == "person_001"] == []


def swapped(out, one, two) -> None:
    (out / one).rename(out / "between")
    (out / two).rename(out / one)
    (out / "between").rename(out / two)


def settled(run, out) -> None:
    """A second run has nothing to say, and changes nothing."""
    before, made = folders(out), decisions.read(out)
    assert run().synced == ()
    assert (folders(out), decisions.read(out)) == (before, made)


@pytest.mark.parametrize("dry", [False, True])
def test_a_name_that_was_somebody_elses_goes_to_whose_files_are_in_it(run, out, dry) -> None:
    before = folders(out)
    (out / "person_003").rename(out / "Cem")
    (out / "person_001").rename(out / "person_003")
    result = run(dry_run=dry)
    assert sorted(result.synced) == ["person_001 is person_003", "person_003 is Cem"]
    assert set(result.individuals["name"]) == {"Cem", "person_002", "person_003"}
    if dry:
        assert decisions.read(out) == ()
        return
    assert {each.kind for each in decisions.read(out)} == {"name"}
    assert folders(out) == {
        "Cem": before["person_003"],
        "person_002": before["person_002"],
        "person_003": before["person_001"],
    }
    settled(run, out)


@pytest.mark.parametrize("named", [False, True])
def test_two_folders_that_change_their_names_change_who_is_called_so(run, out, named) -> None:
    one, two = "person_001", "person_002"
    if named:
        (out / one).rename(out / "Ann")
        (out / two).rename(out / "Bob")
        run()
        one, two = "Ann", "Bob"
    before = folders(out)
    swapped(out, one, two)
    assert sorted(run().synced) == [f"{one} is {two}", f"{two} is {one}"]
    assert folders(out) == before | {one: before[two], two: before[one]}
    settled(run, out)


def test_who_is_deleted_is_not_who_has_that_folder_name_now(run, out) -> None:
    before = folders(out)
    shutil.rmtree(out / "person_002")
    (out / "person_001").rename(out / "person_002")
    run()
    assert folders(out) == {
        "person_002": before["person_001"],
        "person_003": before["person_003"],
    }
    settled(run, out)


def test_folders_whose_names_differ_in_case_only_are_one_person(run, out) -> None:
    before = folders(out)
    (out / "person_002").rename(out / "Ann")
    if (out / "ann").exists():
        pytest.skip("case does not count here")
    (out / "person_003").rename(out / "ann")
    assert run().synced == (
        "person_002 is Ann",
        "person_003 is Ann: the two are one person",
    )
    assert folders(out) == {
        "person_001": before["person_001"],
        "Ann": before["person_002"] | before["person_003"],
    }
    settled(run, out)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        pytest.param(
            "Ren\udce9",
            "René",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse it"),
        ),
        ("\N{RIGHT-TO-LEFT MARK}נועה", "נועה"),
        ("Ann\ue000", "Ann_"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}b", "a_b"),
    ],
)
def test_a_folder_that_an_old_disk_or_a_phone_named_gives_a_name(run, out, folder, name) -> None:
    (out / "person_002").rename(out / folder)
    result = run()
    assert name in result.names
    assert len(folders(out)[folder]) == 4
    assert name not in folders(out)
    settled(run, out)


@pytest.mark.parametrize("name", ["x" * 200, "Ann\nBob"])
@pytest.mark.parametrize("how", ["renamed", "moved", "own photo"])
def test_a_folder_name_that_cannot_be_a_persons_is_named_and_the_run_goes_on(
    run, out, name, how
) -> None:
    if how == "renamed":
        (out / "person_002").rename(out / name)
    elif how == "moved":
        (out / name).mkdir()
        (out / "person_002" / "bob0.png").rename(out / name / "bob0.png")
    else:
        save_tiles(out / name / "dee.png", "dee")
    result = run()
    assert "cannot be a name" in result.synced[0]
    assert printable(name) in result.synced[0]
    assert safe_name(name) in result.names
    assert folders(out)[name]
    assert safe_name(name) not in folders(out)
    settled(run, out)


def test_a_folder_that_file_managers_do_not_show_hides_nobody(run, out) -> None:
    before = folders(out)
    (out / "person_002").rename(out / ".x")
    result = run()
    assert result.synced == (
        "the folder of person_002 is .x, which is hidden: that is no name, nothing is decided",
    )
    assert (result.hidden, decisions.read(out)) == (frozenset(), ())
    assert folders(out)[".x"] == before["person_002"]
    settled(run, out)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
@pytest.mark.parametrize("known", [False, True])
def test_a_link_to_a_photo_is_looked_at_like_the_photo(run, out, photos, tmp_path, known) -> None:
    mine = save_tiles(tmp_path / "mine.png", "bob", shade=20)
    if known:
        mine = tmp_path / "copy.png"
        shutil.copy(photos / "cem0.png", mine)
    link = out / "person_002" / "mine.png"
    link.symlink_to(mine)
    result = run()
    if known:
        assert "each face in it has a folder" in result.synced[0]
        assert decisions.read(out) == ()
    else:
        assert result.synced == ("mine.png was put into person_002: an example of person_002",)
        assert str(link) in set(result.album.photos["path"])
    assert link.is_symlink()
    settled(run, out)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_what_took_the_place_of_a_copy_and_is_no_file_is_said(run, out) -> None:
    place = out / "person_001" / "ann0.png"
    place.unlink()
    os.mkfifo(place)
    assert run().synced == (
        "person_001/ann0.png is no file now: its copy is not there, nothing is decided",
    )
    assert decisions.read(out) == ()
    settled(run, out)


def test_known_people_keep_a_renamed_folder_without_the_tables(
    photos, out, colours, tmp_path
) -> None:
    known = tmp_path / "known"
    save_tiles(known / "Hans" / "1.png", "ann", shade=3)
    save_tiles(known / "Ida" / "1.png", "bob", shade=3)
    modes.point_and_shoot(photos, known, out, subject=colours)
    (out / "Hans").rename(out / "Hansi")
    damaged(out, "missing")
    result = modes.point_and_shoot(photos, known, out, subject=colours)
    assert result.synced == ("the folder of Hans is Hansi",)
    assert set(folders(out)) == {"Hansi", "Ida"}


class TestClips:
    """Clips, and raw files that stand for themselves, are sorted by hand like photos."""

    @pytest.fixture
    def run(self, photos, out, colours):
        scenes = [tiles_of("ann"), tiles_of("", ""), tiles_of("ann", shade=9)]
        save_clip(photos / "walk.mp4", scenes)
        save_clip(photos / "gate.avi", [tiles_of("", "cem")])
        # A film that belongs to a photo goes where that goes.
        save_clip(photos / "bob0.mov", [tiles_of("", "bob")])
        settings = replace(SETTINGS, videos=True)

        def again(**more):
            return modes.autopilot(photos, out, settings=settings, subject=colours, **more)

        again()
        return again

    def test_one_that_was_moved_is_the_others_in_all_its_frames(self, run, out) -> None:
        (out / "person_001" / "walk.mp4").rename(out / "person_002" / "walk.mp4")
        said = (
            "walk.mp4 was moved to person_002: not person_001, person_002 (in all 2 frames of the "
            "clip that show it)",
        )
        result = run()
        assert result.synced == said
        assert "walk.mp4" in folders(out)["person_002"]
        assert "walk.mp4" not in folders(out)["person_001"]
        assert run().synced == ()
        names = result.sightings["name"][result.sightings["path"].str.endswith("walk.mp4")]
        assert names.to_list() == ["person_002", "person_002"]

    def test_one_that_was_put_into_a_new_folder_is_somebody_new(self, run, out) -> None:
        (out / "Anna").mkdir()
        (out / "person_001" / "walk.mp4").rename(out / "Anna" / "walk.mp4")
        result = run()
        assert folders(out)["Anna"] == {"walk.mp4"}
        assert "walk.mp4" not in folders(out)["person_001"]
        assert "walk.mp4 was moved to Anna" in result.synced[0]

    def test_one_that_was_deleted_does_not_come_back(self, run, out) -> None:
        (out / "person_001" / "walk.mp4").unlink()
        (said,) = run().synced
        assert said.startswith("walk.mp4 was deleted: its face is not person_001")
        assert "walk.mp4" not in folders(out)["person_001"]
        assert len(folders(out)["person_001"]) == 5

    def test_a_folder_of_nothing_else_is_renamed_and_hidden(self, tmp_path, colours) -> None:
        photos, out = tmp_path / "clips", tmp_path / "sorted"
        for name in ("ann", "bob"):
            save_clip(photos / f"{name}.mp4", [tiles_of(name)])
        how = {"settings": replace(SETTINGS, videos=True), "subject": colours}
        modes.autopilot(photos, out, **how)
        (out / "person_001").rename(out / "Ann B.")
        shutil.rmtree(out / "person_002")
        result = modes.autopilot(photos, out, **how)
        assert set(folders(out)) == {"Ann B."}
        assert result.synced == (
            "person_001 is Ann B.",
            "the folder person_002 was deleted: it is hidden",
        )

    def test_the_film_of_a_photo_says_nothing_of_its_own(self, run, out) -> None:
        assert {"bob0.png", "bob0.mov"} <= folders(out)["person_002"]
        (out / "person_002" / "bob0.mov").unlink()
        assert run().synced == ()
        assert "bob0.mov" in folders(out)["person_002"]

    def test_one_of_the_users_own_is_an_example(self, run, out, tmp_path) -> None:
        mine = save_clip(tmp_path / "mine.mp4", [tiles_of("", "cem", shade=4)])
        shutil.copy(mine, out / "person_003" / "mine.mp4")
        result = run()
        assert result.synced == ("mine.mp4 was put into person_003: an example of person_003",)
        assert mine.read_bytes() == (out / "person_003" / "mine.mp4").read_bytes()
        assert run().synced == ()
