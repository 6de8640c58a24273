"""Choosing a folder, the plan of copies in numbers, links to results, and how fast work goes."""

import numpy as np
import pytest
from PIL import Image
from tiles import save_tiles

from toolkit.photos import folder_suggestions
from toolkit.photos.folder_suggestions import (
    above,
    beside,
    completions,
    groups,
    preview,
    subfolders,
)
from toolkit.photos.listing import find


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name in ("Alba", "album/deep", "beta", ".cache", "~odd"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "alone.txt").write_text("x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("", ["Alba", "album", "beta", "~odd"]),
        ("al", ["Alba", "album"]),
        ("AL", ["Alba", "album"]),
        ("album", ["album"]),
        ("album/", ["album/deep"]),
        ("~/b", ["~/beta"]),
        (".", [".cache"]),
        ("nothing/x", []),
        ("alone.txt/", []),
        ("~nobody-of-this-name/x", []),
        ("a\0b/", []),
    ],
)
def test_folders_that_begin_with_what_was_typed(tree, typed, offered):
    assert list(completions(typed)) == offered


def test_completions_of_a_whole_path(tree):
    assert completions(f"{tree}/be") == (f"{tree}/beta",)
    assert len(completions(f"{tree}/", most=2)) == 2
    assert subfolders(str(tree)) == ("Alba", "album", "beta", "~odd")
    assert subfolders(str(tree), most=1) == ("Alba",)
    assert subfolders("~nobody-of-this-name") == subfolders("missing") == ()


def test_one_up(tree):
    assert above("/a/b") == "/a"
    assert above("a/b/") == "a"
    assert above("/") == "/"
    assert above("a") == "."
    assert above("") == above(".") == str(tree.parent)
    assert above("~/beta") == "~"
    assert above("~") == str(tree.parent)
    assert above("beta/..") == str(tree.parent)
    assert above("~nobody-of-this-name") == "~nobody-of-this-name"


def photo(path, shade=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((40, 300, 3), shade, np.uint8)).save(path)


def test_a_look_into_a_folder(tmp_path):
    for k in range(11):
        photo(tmp_path / f"{k:02d}.png", k)
    (tmp_path / "note.txt").write_text("x")
    (tmp_path / "05.png").write_bytes(b"damaged")
    seen = preview(str(tmp_path), few=3, size=90)
    assert (seen.photos, seen.others, seen.problem, seen.more) == (11, 1, "", False)
    # First, middle and last; the middle one cannot be read.
    assert seen.labels == ("00.png", "10.png")
    for picture in seen.pictures:
        assert picture[:2] == b"\xff\xd8"
    assert (seen.photos, seen.others) == (len(find(tmp_path).photos), len(find(tmp_path).skipped))


@pytest.mark.parametrize("folder", ["", "  ", "missing", "~nobody-of-this-name", "a\0b"])
def test_what_cannot_be_looked_into_is_said(tree, folder):
    assert preview(folder).problem
    assert preview(str(tree / "alone.txt")).problem


def test_an_empty_folder_has_nothing(tmp_path):
    assert preview(str(tmp_path)) == folder_suggestions.Preview()


def test_a_huge_folder_is_not_counted_to_its_end(tmp_path):
    for k in range(30):
        photo(tmp_path / f"{k}" / "a.png")
    seen = preview(str(tmp_path), enough=40, few=2)
    assert seen.more
    assert 0 < seen.photos < 30
    assert len(seen.pictures) == 2
    assert preview(str(tmp_path), patience=-1.0).more
    whole = preview(str(tmp_path), enough=60)
    assert (whole.photos, whole.more) == (30, False)


def test_what_is_behind_a_link_is_not_counted_to_its_end_either(tmp_path):
    for k in range(30):
        photo(tmp_path / "far" / f"{k}.png")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "link").symlink_to(tmp_path / "far")
    (tmp_path / "here" / "loop").symlink_to(tmp_path / "here")
    assert preview(str(tmp_path / "here"), enough=20).more
    whole = preview(str(tmp_path / "here"), enough=40)
    assert (whole.photos, whole.more) == (30, False)


def test_a_look_that_nobody_waits_for_ends(tmp_path):
    for k in range(9):
        photo(tmp_path / f"{k}.png")
    asked = []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) > 11

    assert len(preview(str(tmp_path), stopped=stopped).pictures) == 2
    assert preview(str(tmp_path), stopped=lambda: True).pictures == ()


def test_folders_that_may_be_groups_hold_folders_and_no_photo(tmp_path):
    for name in ("Family/Hans", "Family/.cache", "Ida/2023", "Ole"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("Family/.hidden.jpg", "Family/about.txt", "Ida/1.JPG"):
        (tmp_path / name).touch()
    assert groups(str(tmp_path)) == {"Family": ("Hans",)}
    assert groups("missing") == groups("~nobody-of-this-name") == {}


def test_the_result_of_an_earlier_run_is_known_as_one(tmp_path):
    save_tiles(tmp_path / "person_001" / "a.png", "ann")
    assert not preview(str(tmp_path)).result
    (tmp_path / "run.json").write_text('{"program": "sightings"}')
    seen = preview(str(tmp_path))
    assert (seen.photos, seen.others, seen.result) == (1, 0, True)


@pytest.mark.parametrize(
    ("folder", "there"),
    [
        ("/home/me/Norway", "/home/me/Norway sorted"),
        ("/home/me/Norway//", "/home/me/Norway sorted"),
        ("Norway", "Norway sorted"),
        ("../Norway", "../Norway sorted"),
        ("~/Norway", "~/Norway sorted"),
        ("~odd/Norway", "~odd/Norway sorted"),
        *((nowhere, "") for nowhere in ("", "/", "~", "~/", "~odd", ".", "..", "a/..")),
    ],
)
def test_the_folder_beside_one(folder, there):
    assert beside(folder, "sorted") == there


def test_files_in_a_folder_and_beside_it_by_their_names(tmp_path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a.csv", "photos/Stations 2024.CSV", "photos/.b.csv", "photos/c.txt"):
        (tmp_path / name).write_text("x")
    patterns = ("station*.csv", "*.csv")
    found = folder_suggestions.files_beside(str(photos), patterns)
    assert found == (str(photos / "Stations 2024.CSV"), str(tmp_path / "a.csv"))
    assert folder_suggestions.files_beside("", patterns) == ()
    assert folder_suggestions.files_beside("~nobody/x", patterns) == ()


@pytest.mark.parametrize("written", ['"{}"', "'{}'", "{} ", "{}\n"])
def test_a_pasted_path_is_understood(tmp_path, written) -> None:
    folder = tmp_path / "my photos"
    save_tiles(folder / "in" / "a.png", "ann")
    pasted = written.format(folder)
    assert folder_suggestions.preview(pasted).photos == 1
    assert folder_suggestions.subfolders(pasted) == ("in",)
    assert folder_suggestions.plain(pasted) == str(folder)
    assert folder_suggestions.above(pasted) == str(tmp_path)
    assert folder_suggestions.beside(pasted, "sorted") == f"{folder} sorted"


@pytest.mark.parametrize("typed", ["", "~/Pictures", "photos", "photos/", "../a", "/no where/x"])
def test_what_was_typed_stays_as_it_is(typed) -> None:
    assert folder_suggestions.plain(typed) == typed


def test_photos_in_bins_are_counted_apart(tmp_path) -> None:
    save_tiles(tmp_path / "a.png", "ann")
    save_tiles(tmp_path / "#recycle" / "b.png", "ann")
    seen = folder_suggestions.preview(str(tmp_path))
    assert (seen.photos, seen.others, seen.left_out) == (1, 0, 1)
