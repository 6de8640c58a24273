"""What somebody did in the folders of a result is read from the files alone."""

import json
import os
import shutil
import sys

import pytest
from tiles import save_tiles

from toolkit import modes
from toolkit.errors import BadFolder
from toolkit.results import folder_changes
from toolkit.results.folder_changes import Owner
from toolkit.settings import AutopilotSettings


@pytest.fixture
def out(album_folder, tmp_path, colours):
    """person_001 in five photos, person_002 in two, person_003 in one."""
    modes.autopilot(album_folder, tmp_path / "out", subject=colours)
    return tmp_path / "out"


def test_a_folder_that_nobody_touched_has_no_changes(out) -> None:
    found = folder_changes.read(out)
    assert not found
    assert found.owners["person_002"] == Owner("person_002", 2)
    assert found.files == json.loads((out / "run.json").read_text())["files"]


def test_a_renamed_folder_is_known_by_its_files(out) -> None:
    (out / "person_001").rename(out / "Ann")
    found = folder_changes.read(out)
    assert found.renamed == {"person_001": "Ann"}
    assert (found.moved, found.deleted, found.added, found.emptied) == ((), (), (), ())
    assert {place.partition("/")[0] for place in found.files} == {"Ann", "person_002", "person_003"}


def test_copies_for_a_study_are_nothing_that_somebody_added(out) -> None:
    study = out / "captures" / "camtrapr" / "leopard" / "S1" / "person_001"
    study.mkdir(parents=True)
    save_tiles(study / "new.png", "dee")
    assert folder_changes.read(out).added
    (out / "captures" / "captures.json").write_text("{}")
    assert not folder_changes.read(out)


def test_a_folder_put_into_another_is_one_with_it(out) -> None:
    for path in (out / "person_003").iterdir():
        path.rename(out / "person_002" / f"new {path.name}")
    (out / "person_003").rmdir()
    found = folder_changes.read(out)
    assert found.merged == {"person_003": "person_002"}
    assert (found.moved, found.deleted, found.emptied) == ((), (), ())


def test_files_that_were_moved_deleted_or_added_are_told_apart(out, tmp_path) -> None:
    (out / "person_001" / "a1.png").rename(out / "person_002" / "a1.png")
    (out / "person_001" / "a2.png").unlink()
    save_tiles(out / "person_003" / "mine.png", "dee")
    (out / "person_003" / "notes.txt").write_text("no photo")
    found = folder_changes.read(out)
    assert found.moved == (("person_001/a1.png", "person_002/a1.png"),)
    assert found.deleted == ("person_001/a2.png",)
    assert [place for place, _ in found.added] == ["person_003/mine.png"]
    assert "person_002/a1.png" in found.files
    assert "person_001/a2.png" not in found.files


def test_a_folder_that_is_gone_with_its_files_is_emptied_once(out) -> None:
    shutil.rmtree(out / "person_002")
    found = folder_changes.read(out)
    assert found.emptied == ("person_002",)
    assert found.deleted == ()


def test_a_copy_renamed_or_put_into_a_folder_below_is_there_still(out) -> None:
    (out / "person_001" / "a1.png").rename(out / "person_001" / "at the lake.png")
    (out / "person_001" / "best").mkdir()
    (out / "person_001" / "a2.png").rename(out / "person_001" / "best" / "a2.png")
    found = folder_changes.read(out)
    assert not found
    assert "person_001/at the lake.png" in found.files
    assert list(found.theirs) == ["person_001/best/a2.png"]


def test_a_copy_that_was_edited_is_the_users_and_stands_for_its_photo(out) -> None:
    path = out / "person_001" / "a1.png"
    path.write_bytes(path.read_bytes() + b"a star")
    found = folder_changes.read(out)
    assert not found
    assert list(found.theirs) == ["person_001/a1.png"]
    assert "person_001/a1.png" not in found.files


def test_what_a_run_that_was_cut_off_had_not_put_there_is_not_missed(out) -> None:
    about = json.loads((out / "run.json").read_text())
    about |= {"finished": False, "pending": ["person_001/a1.png"]}
    (out / "run.json").write_text(json.dumps(about))
    for name in ("a1.png", "a2.png"):
        (out / "person_001" / name).unlink()
    assert folder_changes.read(out).deleted == ("person_001/a2.png",)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_link_that_stands_for_a_folder_is_no_folder_that_is_gone(out, tmp_path) -> None:
    shutil.move(out / "person_003", tmp_path / "elsewhere")
    (out / "person_003").symlink_to(tmp_path / "elsewhere")
    assert not folder_changes.read(out)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_are_followed_by_where_they_lead(album_folder, tmp_path, colours) -> None:
    out = tmp_path / "links"
    settings = AutopilotSettings(link="symbolic")
    modes.autopilot(album_folder, out, settings=settings, subject=colours)
    assert not folder_changes.read(out)
    (out / "person_001" / "a1.png").rename(out / "person_002" / "a1.png")
    assert folder_changes.read(out).moved == (("person_001/a1.png", "person_002/a1.png"),)


def test_records_that_name_places_elsewhere_are_not_believed(out) -> None:
    about = json.loads((out / "run.json").read_text())
    about["theirs"] = {
        "../a.png": "0",
        "a/../../b.png": "0",
        "/etc/x": "0",
        "x\0/y": "0",
        "ok/a": "1",
    }
    about["folders"] = {"person_001": {"name": 5, "number": "x"}, "person_002": 7}
    (out / "run.json").write_text(json.dumps(about))
    assert folder_changes.theirs_of(about) == {"ok/a": "1"}
    assert folder_changes.read(out).owners == {}


def test_without_a_record_there_is_nothing_to_compare_with(tmp_path) -> None:
    with pytest.raises(BadFolder, match=r"run\.json"):
        folder_changes.read(tmp_path)


def test_folders_are_followed_by_their_files_whatever_had_the_name_before(out) -> None:
    (out / "person_003").rename(out / "Cem")
    (out / "person_001").rename(out / "person_003")
    found = folder_changes.read(out)
    assert found.renamed == {"person_003": "Cem", "person_001": "person_003"}
    assert (found.merged, found.moved, found.deleted, found.added, found.emptied) == (
        *({}, (), (), ()),
        (),
    )


def test_two_folders_may_change_their_names(out) -> None:
    # Files of one name in both, as cameras give them.
    for folder in ("person_001", "person_002"):
        (sorted((out / folder).iterdir())[0]).rename(out / folder / "IMG_1.png")
    about = json.loads((out / "run.json").read_text())
    about["files"] = folder_changes.read(out).files
    (out / "run.json").write_text(json.dumps(about))
    (out / "person_001").rename(out / "x")
    (out / "person_002").rename(out / "person_001")
    (out / "x").rename(out / "person_002")
    found = folder_changes.read(out)
    assert found.renamed == {"person_001": "person_002", "person_002": "person_001"}
    assert (found.merged, found.moved, found.deleted, found.theirs) == ({}, (), (), {})


def test_a_folder_that_is_gone_is_not_the_one_that_has_its_name_now(out) -> None:
    shutil.rmtree(out / "person_002")
    (out / "person_001").rename(out / "person_002")
    found = folder_changes.read(out)
    assert (found.renamed, found.emptied) == ({"person_001": "person_002"}, ("person_002",))


def test_a_folder_that_file_managers_do_not_show_is_a_renamed_one(out) -> None:
    (out / "person_003").rename(out / ".x")
    (out / ".Trash-1000" / "files").mkdir(parents=True)
    (out / "person_002").rename(out / ".Trash-1000" / "files" / "person_002")
    found = folder_changes.read(out)
    assert (found.renamed, found.emptied) == ({"person_003": ".x"}, ("person_002",))


def test_names_that_differ_in_case_only_are_two_folders_where_they_can_be(out) -> None:
    (out / "person_001").rename(out / "Ann")
    if (out / "ann").exists():
        pytest.skip("case does not count here")
    (out / "person_002").rename(out / "ann")
    found = folder_changes.read(out)
    assert found.renamed == {"person_001": "Ann", "person_002": "ann"}
    assert (found.moved, found.added) == ((), ())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_what_is_no_file_is_no_copy(out) -> None:
    for name in ("a1.png", "a2.png"):
        (out / "person_001" / name).unlink()
    (out / "person_001" / "a1.png").mkdir()
    os.mkfifo(out / "person_001" / "a2.png")
    found = folder_changes.read(out)
    assert found.blocked == ("person_001/a1.png", "person_001/a2.png")
    assert (found.deleted, found.theirs) == ((), {})
