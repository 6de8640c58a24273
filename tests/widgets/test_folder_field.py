"""Choosing a folder: typed, stepped into, looked into; where photos are now."""

import threading
from pathlib import Path

import pytest
from tiles import save_tiles

from toolkit.errors import BadFolder
from toolkit.photos.folder_suggestions import Preview
from toolkit.widgets.folder_field import UP, ExamplesChooser, FolderChooser, MovedPhotos
from toolkit.widgets.folder_field import as_html as seen_html

EVIL = '<img src=x onerror="window.hacked=1">'
PART = "<img"
LONG = 20


def folders(root: Path) -> Path:
    for name in ("Album", "albums/deep", "other", ".hidden", EVIL):
        (root / name).mkdir(parents=True, exist_ok=True)
    return root


def test_folders_are_offered_and_stepped_into(tmp_path):
    root = folders(tmp_path)
    looked = []
    chooser = FolderChooser(
        "Photos", str(root), look=lambda folder: looked.append(folder) or Preview(photos=3)
    )
    chooser.settle()
    assert [value for _, value in chooser.step.options] == [
        "",
        UP,
        EVIL,
        "Album",
        "albums",
        "other",
    ]
    assert chooser.step.value == ""
    chooser.step.value = "albums"
    chooser.settle()
    assert chooser.value == chooser.path.value == str(root / "albums")
    assert [value for _, value in chooser.step.options] == ["", UP, "deep"]
    chooser.into("deep")
    chooser.settle()
    assert chooser.value == str(root / "albums/deep")
    chooser.step.value = UP
    chooser.up()
    chooser.settle()
    assert chooser.value == str(root)
    assert looked[0] == looked[-1] == str(root)
    assert "3 photos" in chooser.about.value
    chooser.path.value = str(root / "al")
    chooser.settle()
    assert chooser.path.options == (str(root / "Album"), str(root / "albums"))


def test_a_folder_that_is_missing_is_said(tmp_path):
    chooser = FolderChooser("Photos", str(tmp_path / EVIL))
    chooser.settle()
    assert "does not exist" in chooser.about.value
    assert PART not in chooser.about.value
    assert chooser.seen.problem
    chooser.choose("")
    chooser.settle()
    assert chooser.seen.problem == "no folder is named yet"


def test_typing_looks_when_the_keys_rest():
    looked = []
    chooser = FolderChooser(
        "Photos", "/", look=lambda folder: looked.append(folder) or Preview(photos=1), rest=0.3
    )
    chooser.settle()
    values = []
    chooser.observe(lambda change: values.append(change["new"]), names="value")
    for end in range(1, 13):
        chooser.path.value = "/there/are/some"[:end]
    chooser.settle()
    assert looked[0] == "/"
    assert looked[-1] == "/there/are/s"
    # A machine under load may rest between two keys; it does not at most.
    assert len(looked) < 6
    assert values[-1] == chooser.value == "/there/are/s"


def test_a_slow_look_that_is_overtaken_is_dropped():
    go, begun, slow = threading.Event(), threading.Event(), []

    def look(folder):
        if folder == "slow":
            slow.append(threading.current_thread())
            begun.set()
            assert go.wait(LONG)
            return Preview(photos=111)
        return Preview(photos=222)

    chooser = FolderChooser("Photos", "slow", look=look)
    assert begun.wait(LONG)
    chooser.choose("quick")
    chooser.settle()
    assert slow[0].is_alive()
    go.set()
    slow[0].join(LONG)
    chooser.settle()
    assert chooser.seen.photos == 222
    assert "222" in chooser.about.value


def test_a_bug_of_the_look_is_shown():
    chooser = FolderChooser("Photos", "x", look=lambda _: 1 / 0)
    chooser.settle()
    assert "ZeroDivisionError" in chooser.work.message.value


def test_suggested_folders_are_made_in_a_thread(tmp_path):
    made_in = []

    def make():
        made_in.append(threading.current_thread())
        return str(tmp_path)

    def fail():
        raise BadFolder("the disk is full")

    chooser = FolderChooser("Photos", suggested={"Sample": make, "Other": fail})
    chooser.buttons[0].click()
    chooser.settle()
    assert chooser.value == chooser.path.value == str(tmp_path)
    assert made_in[0] is not threading.main_thread()
    chooser.buttons[1].click()
    chooser.settle()
    assert "the disk is full" in chooser.work.message.value
    assert chooser.value == str(tmp_path)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (Preview(photos=1), "1 photo<"),
        (Preview(photos=2000, others=1), "2,000 photos, 1 other file<"),
        (Preview(others=2), "no photo here, 2 other files: choose another folder"),
        (Preview(photos=3, more=True), "more than 3 photos: counted"),
        (Preview(photos=8, others=3, result=True), "8 photos (the result of an earlier run: "),
        (Preview(problem=EVIL), "&lt;img"),
        (Preview(1, 0, (b"x",), (EVIL,)), "alt='&lt;img"),
    ],
)
def test_what_is_in_a_folder_in_words(seen, said):
    assert said in seen_html(seen)
    assert "onerror=&quot;" in seen_html(seen) or "onerror" not in seen_html(seen)


def test_folders_that_may_hold_a_folder_each_are_named_as_such(tmp_path):
    for name in ("Family/Hans", f"Family/{EVIL.replace('/', '')}", "Ida"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "Ida" / "1.jpg").touch()
    chooser = ExamplesChooser(str(tmp_path))
    chooser.settle()
    said = chooser.known.value
    assert "2 subfolders, a person each" in said
    assert "<b>Family</b> holds no photo, but " in said
    assert "Hans: whether that is a person or several is seen when" in said
    assert PART not in said
    assert "<b>Ida</b> holds no photo" not in said


def test_where_photos_are_now_is_asked_and_told():
    told = []
    moved = MovedPhotos(told.append)
    assert (moved.layout.display, moved.asked) == ("none", "")
    moved.ask(EVIL)
    assert moved.layout.display is None
    assert PART not in moved.about.value
    moved.folder.choose(" /new/place ")
    moved.button.click()
    assert told == ["/new/place"]
    moved.clear()
    assert (moved.layout.display, moved.asked, moved.about.value) == ("none", "", "")
    moved.folder.settle()


def test_a_pasted_path_is_looked_into_and_stepped_from(tmp_path) -> None:
    save_tiles(tmp_path / "my photos" / "in" / "a.png", "ann")
    save_tiles(tmp_path / "my photos" / "#recycle" / "b.png", "ann")
    field = FolderChooser(value=f'"{tmp_path / "my photos"}"\n')
    field.settle()
    assert "1 photo, 1 photo left out" in field.about.value
    field.into("in")
    field.settle()
    assert field.value == str(tmp_path / "my photos" / "in")
