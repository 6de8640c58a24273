"""What a folder holds: photos in a fixed order, and the rest with reasons."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from tiles import save_tiles

from toolkit import modes
from toolkit.errors import BadFolder
from toolkit.photos import listing, opening


class TestFind:
    def test_lists_in_a_fixed_order_and_into_subfolders(self, tmp_path) -> None:
        for name in ("b.jpg", "A.png", "sub/c.webp", "a2.gif", "Sub2/d.TIF"):
            save_tiles(tmp_path / "x.png", "ann")
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / "x.png").rename(tmp_path / name)
        found = [p.relative_to(tmp_path).as_posix() for p in listing.find(tmp_path).photos]
        assert found == ["A.png", "a2.gif", "b.jpg", "sub/c.webp", "Sub2/d.TIF"]

    def test_hidden_files_and_folders_are_passed_over(self, tmp_path) -> None:
        for name in (".a.jpg", "._b.jpg", ".hidden/c.jpg", "@eaDir/d.jpg", "Thumbs.db"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(b"x")
        found = listing.find(tmp_path)
        assert found.photos == ()
        assert found.skipped == ()

    def test_other_files_are_named_with_a_reason(self, tmp_path) -> None:
        (tmp_path / "film.mp4").write_bytes(b"x")
        (tmp_path / "README").write_bytes(b"x")
        reasons = {path.name: reason for path, reason in listing.find(tmp_path).skipped}
        assert ".mp4" in reasons["film.mp4"]
        assert "ending" in reasons["README"]

    def test_the_output_folder_is_left_out(self, tmp_path) -> None:
        save_tiles(tmp_path / "a.png", "ann")
        save_tiles(tmp_path / "out" / "ann" / "a.png", "ann")
        assert len(listing.find(tmp_path).photos) == 2
        assert len(listing.find(tmp_path, leave_out=[tmp_path / "out"]).photos) == 1

    @pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
    def test_a_loop_of_links_ends_and_a_dead_link_is_reported(self, tmp_path) -> None:
        save_tiles(tmp_path / "sub" / "a.png", "ann")
        (tmp_path / "sub" / "loop").symlink_to(tmp_path)
        (tmp_path / "again").symlink_to(tmp_path / "sub")
        (tmp_path / "dead.jpg").symlink_to(tmp_path / "nothing.jpg")
        found = listing.find(tmp_path)
        assert len(found.photos) == 1
        assert [path.name for path, _ in found.skipped] == ["dead.jpg"]

    def test_a_missing_folder_and_a_file_are_told_apart(self, tmp_path) -> None:
        with pytest.raises(BadFolder, match="does not exist"):
            listing.find(tmp_path / "nowhere")
        with pytest.raises(BadFolder, match="is a file"):
            listing.find(save_tiles(tmp_path / "a.png", "ann"))

    @pytest.mark.skipif(not hasattr(os, "fsencode"), reason="needs byte names")
    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows any bytes in a name")
    def test_a_name_that_is_no_text_is_listed(self, tmp_path) -> None:
        save_tiles(tmp_path / "a.png", "ann").rename(os.fsdecode(bytes(tmp_path) + b"/caf\xe9.png"))
        (found,) = listing.find(tmp_path).photos
        assert opening.open_upright(found).shape == (64, 64, 3)


def test_results_of_an_earlier_run_are_not_taken_for_photos(
    album_folder, tmp_path, colours
) -> None:
    modes.autopilot(album_folder, tmp_path / "out", subject=colours)
    shutil.move(tmp_path / "out", album_folder / "sorted last year")
    found = listing.find(album_folder)
    assert len(found.photos) == 6
    assert "results" in found.skipped[0][1]


def test_a_result_that_is_named_itself_is_its_copies_without_its_tables(
    album_folder, tmp_path, colours
) -> None:
    modes.autopilot(album_folder, tmp_path / "out", subject=colours)
    assert not listing.find(album_folder).result
    (tmp_path / "out" / "person_001" / "note.txt").write_text("mine")
    found = listing.find(tmp_path / "out")
    assert found.result
    assert len(found.photos) == 8
    assert {path.suffix for path in found.photos} == {".png"}
    assert [path.name for path, _ in found.skipped] == ["note.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_that_lead_nowhere_do_not_end_the_run(tmp_path) -> None:
    save_tiles(tmp_path / "ann.png", "ann")
    (tmp_path / "self.jpg").symlink_to(tmp_path / "self.jpg")
    (tmp_path / "n.jpg").symlink_to(tmp_path / "ann.png" / "x.jpg")
    (tmp_path / "long.jpg").symlink_to("x" * 300)
    found = listing.find(tmp_path)
    assert len(found.photos) == 1
    assert len(found.skipped) == 3


class TestCompanions:
    """What belongs to a photo is no file that could not be used."""

    @pytest.fixture
    def folder(self, tmp_path):
        save_tiles(tmp_path / "a.png", "ann")
        save_tiles(tmp_path / "deep" / "b.png", "ann")
        for name in ("a.MOV", "a.png.json", "b.xmp", "deep/b.CR2", "c.CR2", ".a.xmp", "a.aae"):
            (tmp_path / name).write_bytes(b"x")
        return tmp_path

    def test_each_belongs_to_a_photo_of_its_own_folder(self, folder) -> None:
        found = listing.find(folder)
        assert {
            path.relative_to(folder).as_posix(): [each.name for each in others]
            for path, others in found.companions.items()
        } == {"a.png": ["a.aae", "a.MOV", "a.png.json"], "deep/b.png": ["b.CR2"]}
        assert [path.name for path, _ in found.skipped] == ["b.xmp", "c.CR2"]

    def test_they_are_found_again_from_the_photos_alone(self, folder) -> None:
        photos = [str(folder / "a.png"), str(folder / "deep" / "b.png"), str(folder / "gone/x.png")]
        found = listing.companions_of(photos)
        assert found == {
            photos[0]: tuple(str(folder / name) for name in ("a.MOV", "a.aae", "a.png.json")),
            photos[1]: (str(folder / "deep" / "b.CR2"),),
        }

    def test_in_a_folder_of_photos_alone_none_is_sought(self, folder, monkeypatch) -> None:
        asked = []
        real = listing._companions_in
        monkeypatch.setattr(
            listing, "_companions_in", lambda *about: (asked.append(about[0]), real(*about))[1]
        )
        photos = [save_tiles(folder / "own" / f"{name}.PNG", "ann") for name in "xyz"]
        assert listing.companions_of([*photos, folder / "a.png"]).keys() == {str(folder / "a.png")}
        assert asked == [folder]
        (folder / "own" / "x.xmp").write_bytes(b"x")
        assert listing.companions_of(photos) == {
            str(photos[0]): (str(folder / "own" / "x.xmp"),),
        }

    @pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
    def test_a_dead_link_or_a_folder_is_none(self, folder) -> None:
        (folder / "a.xmp").symlink_to(folder / "nothing")
        (folder / "a.mp4").mkdir()
        assert "a.xmp" in {path.name for path, _ in listing.find(folder).skipped}
        (found,) = listing.companions_of([folder / "a.png"]).values()
        assert {each.rpartition(os.sep)[2] for each in found} == {"a.MOV", "a.aae", "a.png.json"}


def test_a_folder_that_cannot_be_read_is_named_and_passed(tmp_path, monkeypatch) -> None:
    save_tiles(tmp_path / "a.png", "ann")
    save_tiles(tmp_path / "locked" / "b.png", "ann")
    save_tiles(tmp_path / "next" / "c.png", "ann")
    scandir = os.scandir

    def guarded(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(listing.os, "scandir", guarded)
    found = listing.find(tmp_path)
    assert [path.name for path in found.photos] == ["a.png", "c.png"]
    assert found.skipped == ((tmp_path / "locked", "the folder cannot be read: Permission denied"),)
