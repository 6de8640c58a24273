"""What is no photo in use: bins, snapshots, previews, and what the user excludes."""

import unicodedata
from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiles import save_tiles

from toolkit import modes
from toolkit.errors import BadSetting
from toolkit.photos import listing, passed_over
from toolkit.photos.passed_over import IGNORE, LEFT_OUT
from toolkit.results import results_folder
from toolkit.settings import AutopilotSettings


def put(folder: Path, *places: str) -> Path:
    for place in places:
        save_tiles(folder / f"{place}.png", "ann")
    return folder


def taken(folder: Path, *exclude: str) -> list[str]:
    found = listing.find(folder, exclude=exclude)
    return [path.relative_to(folder).as_posix() for path in found.photos]


def why(folder: Path, *exclude: str) -> dict[str, str]:
    found = listing.find(folder, exclude=exclude)
    return {path.relative_to(folder).as_posix(): reason for path, reason in found.left_out}


@pytest.mark.parametrize(
    "place",
    [
        "#recycle",
        "@Recycle",
        "$RECYCLE.BIN/S-1-5-21",
        ".Trash-1000/files",
        ".Trashes/501",
        "Recently Deleted",
        "#snapshot/2024-01-01",
        ".snapshot/hourly.0",
        ".zfs/snapshot/a",
        "@Recently-Snapshot/d1",
        "@eaDir/x.jpg",
        ".@__thumb",
        ".thumbnails",
        "thumbs",
        "Catalog Previews.lrdata/0",
        "Lightroom.lrcat-data",
        "Photos Library.photoslibrary/resources/derivatives/0",
        "iPhoto Library.photolibrary/Thumbnails/2009",
        "__MACOSX/2024",
        "lost+found",
        "System Volume Information",
        ".hidden/deep",
        "Recycle Bin",
        "Network Trash Folder/Trash Can #1",
        "anna/files_trashbin/files",
        "anna/files_versions",
        "appdata_oc1a2b3c/preview/a/b",
        "@tmp/SynoFinder",
        "Backups.backupdb/mac/2019-05-31",
        "FOUND.000",
        "LOST.DIR",
        "CaptureOne/Cache/Thumbnails",
        "Weddings.cocatalog/Cache/Proxies",
        "Lightroom Library.lrlibrary/0a1b/previews",
        "Google Photos/Trash",
        "Google Fotos/Papierkorb",
    ],
)
def test_what_systems_leave_beside_photos_is_left_out_and_counted(tmp_path, place) -> None:
    put(tmp_path, "2024/a", f"{place}/b", f"{place}/c")
    assert taken(tmp_path) == ["2024/a.png"]
    ((where, reason),) = why(tmp_path).items()
    assert f"{place}/".startswith(f"{where}/")
    assert passed_over.photos_of(reason) == 2


@pytest.mark.parametrize("inside", ["originals/0", "Masters/2009/05", "Originals/Roll 1"])
def test_the_originals_of_a_library_are_photos(tmp_path, inside) -> None:
    put(tmp_path, f"My.photoslibrary/{inside}/a", "My.photoslibrary/private/b")
    assert taken(tmp_path) == [f"My.photoslibrary/{inside}/a.png"]
    assert list(why(tmp_path)) == ["My.photoslibrary/private"]
    # The library itself may be what is named.
    assert taken(tmp_path / "My.photoslibrary") == [f"{inside}/a.png"]


@pytest.mark.parametrize(
    "inside",
    [
        "Weddings.cocatalog/Originals/2019",
        "Lightroom Library.lrlibrary/0a1b/originals/2019",
        # What a word says in one folder it does not say in another.
        "cache/previews",
        "Trash",
        "Google Photos/Photos from 2019",
        "found.you",
    ],
)
def test_what_only_sounds_like_it_is_read(tmp_path, inside) -> None:
    put(tmp_path, f"{inside}/a")
    assert taken(tmp_path) == [f"{inside}/a.png"]


def test_photos_without_an_ending_are_counted_and_what_is_excluded_is_named(tmp_path) -> None:
    put(tmp_path, "a", "files_trashbin/files/b")
    bins = tmp_path / "files_trashbin" / "files"
    (bins / "b.png").rename(bins / "b.png.d1592838")
    (bins / "c.d1592838").write_text("no photo")
    (tmp_path / "IMG_1.CR2").write_bytes(b"II*\0")
    (tmp_path / "notes.txt").touch()
    assert why(tmp_path, "*.CR2", "*.txt") == {
        "IMG_1.CR2": "excluded by *.CR2 (--exclude)",
        "files_trashbin": "a recycle bin (1 photo)",
    }


def test_photos_that_are_in_icloud_only_are_counted(tmp_path) -> None:
    put(tmp_path, "2024/a")
    for name in (".IMG_1.HEIC.icloud", ".IMG_2.CR2.icloud", ".notes.txt.icloud", ".icloud"):
        (tmp_path / "2024" / name).write_bytes(b"bplist00")
    assert why(tmp_path) == {
        "2024": "in iCloud only, not on this disk: download them first (2 photos)"
    }


def test_a_folder_that_is_named_itself_is_read(tmp_path) -> None:
    put(tmp_path, "#recycle/a")
    assert taken(tmp_path / "#recycle") == ["a.png"]


def test_hidden_files_are_counted_by_folder_and_empty_bins_are_not_named(tmp_path) -> None:
    put(tmp_path, "a", ".b", "sub/._c", "sub/d")
    (tmp_path / "#recycle").mkdir()
    (tmp_path / ".DS_Store").touch()
    (tmp_path / "Thumbs.db").touch()
    assert why(tmp_path) == {".": "hidden files (1 photo)", "sub": "hidden files (1 photo)"}
    assert listing.find(tmp_path).skipped == ()


class TestExclude:
    @pytest.mark.parametrize(
        ("patterns", "left"),
        [
            (["*.png"], []),
            (["old/"], ["a", "new/a", "new/b"]),
            (["/a.png"], ["b/old/c", "new/a", "new/b", "old/a"]),
            (["a.*"], ["b/old/c", "new/b"]),
            (["new/*", "!new/b.png"], ["a", "b/old/c", "new/b", "old/a"]),
            (["**/old"], ["a", "new/a", "new/b"]),
            (["b"], ["a", "new/a", "new/b", "old/a"]),
        ],
    )
    def test_patterns_are_read_as_git_reads_them(self, tmp_path, patterns, left) -> None:
        put(tmp_path, "a", "b/old/c", "new/a", "new/b", "old/a")
        assert taken(tmp_path, *patterns) == [f"{place}.png" for place in left]

    def test_what_a_pattern_leaves_out_is_named_with_it(self, tmp_path) -> None:
        put(tmp_path, "a", "old/b", "old/deep/c")
        assert why(tmp_path, "old/", "a*") == {
            "a.png": "excluded by a* (--exclude)",
            "old": "excluded by old/ (--exclude) (2 photos)",
        }

    def test_what_is_passed_over_otherwise_can_be_had(self, tmp_path) -> None:
        put(tmp_path, "thumbs/a", "#recycle/b", ".hidden/c")
        assert taken(tmp_path, "!thumbs", "!.hidden") == [".hidden/c.png", "thumbs/a.png"]

    def test_files_in_folders_hold_for_what_is_below_them(self, tmp_path) -> None:
        put(tmp_path, "a", "x/a", "x/b", "x/deep/a", "y/a")
        (tmp_path / IGNORE).write_text("# a remark\n\n/a.png\ny/\n")
        (tmp_path / "x" / IGNORE).write_text("a.png\n!/a.png\n")
        assert taken(tmp_path) == ["x/a.png", "x/b.png"]
        assert why(tmp_path)["x/deep/a.png"] == f"excluded by a.png (x/{IGNORE})"
        # What a command says goes before.
        assert taken(tmp_path, "!y/", "b.png") == ["x/a.png", "y/a.png"]

    def test_letters_with_marks_are_one_in_either_form(self, tmp_path) -> None:
        put(tmp_path, unicodedata.normalize("NFD", "Zoë/a"), "b")
        assert taken(tmp_path, unicodedata.normalize("NFC", "Zoë")) == ["b.png"]

    def test_a_bad_line_is_named_and_the_others_hold(self, tmp_path) -> None:
        put(tmp_path, "a", "b")
        (tmp_path / IGNORE).write_bytes(b"[z-a]\nb.png\ncaf\xe9\n")
        found = listing.find(tmp_path)
        assert [path.name for path in found.photos] == ["a.png"]
        ((path, reason),) = found.skipped
        assert path.name == IGNORE
        assert reason.startswith("line 1: the pattern [z-a]")

    def test_a_file_of_patterns_that_is_none_is_named(self, tmp_path) -> None:
        put(tmp_path, "a")
        (tmp_path / IGNORE).mkdir()
        ((path, reason),) = listing.find(tmp_path).skipped
        assert (path.name, reason[:14]) == (IGNORE, "cannot be read")

    @pytest.mark.parametrize("pattern", ["", " ", "!", "[z-a]", "*a*a*a*b", "x" * 600, "a\nb"])
    def test_what_is_no_pattern_is_refused_before_the_work(self, tmp_path, pattern) -> None:
        with pytest.raises(BadSetting, match="pattern"):
            listing.find(put(tmp_path, "a"), exclude=[pattern])
        with pytest.raises(BadSetting, match="exclude"):
            AutopilotSettings(exclude=(pattern,))

    def test_no_pattern_takes_for_ever(self) -> None:
        """The worst that is let through, over the longest names: one more * would take years."""
        spec = passed_over._Spec([passed_over.Pattern("*a*a*ab/**/*a*a*ab", "--exclude")])
        assert spec.decides(PurePath("/".join(["a" * 250] * 8)), PurePath(), folder=False) is None


@given(st.text().filter(lambda text: "photo" not in text), st.integers(0, 10**7), st.booleans())
def test_how_many_were_left_out_is_read_from_what_is_said(reason, photos, whole) -> None:
    assert passed_over.photos_of(passed_over.said(reason, photos, whole=whole)) == photos


def test_a_folder_without_end_is_not_counted_to_its_end(tmp_path, monkeypatch) -> None:
    put(tmp_path, "a", *(f"#recycle/{number}/b" for number in range(6)))
    monkeypatch.setattr(passed_over, "ENOUGH", 8)
    assert "more than" in why(tmp_path)["#recycle"]


class TestInResults:
    def test_the_summary_the_table_and_the_record_say_it(
        self, album_folder, tmp_path, colours
    ) -> None:
        put(album_folder, "#recycle/a", "#recycle/b", "old/c")
        settings = AutopilotSettings(exclude=("old/",))
        out = tmp_path / "out"
        result = modes.autopilot(album_folder, out, subject=colours, settings=settings)
        assert "3 photos left out" in str(result)
        assert "#recycle: a recycle bin (2 photos)" in str(result)
        assert "could not be used" not in str(result)
        assert result.as_dict()["passed_over"] == 3
        assert result.as_dict()["problems"] == 0
        assert set(result.problems["stage"]) == {LEFT_OUT}
        assert "excluded by old/" in (out / "problems.csv").read_text()
        assert "a recycle bin" in (out / "report.html").read_text()
        looked, run = modes.taken_up(out)
        assert results_folder.settings_told(run).exclude == ("old/",)
        assert set(looked.album.problems["stage"]) == {LEFT_OUT}
        assert looked.listed == 6

    def test_a_folder_of_nothing_else_says_where_the_photos_are(self, tmp_path, colours) -> None:
        put(tmp_path, "#recycle/a")
        with pytest.raises(modes.BadFolder, match="1 photo left out: #recycle: a recycle bin"):
            modes.autopilot(tmp_path, subject=colours)
