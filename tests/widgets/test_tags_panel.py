"""The tags of folders in a panel: checked, decided, taken up again, written."""

from functools import partial

import pytest
from panel_texts import said
from tiles import ColourEncoder, TileDetector, save_tiles

from toolkit.records import Words
from toolkit.settings import AutopilotSettings
from toolkit.subjects.base import Subject
from toolkit.widgets import tags_panel
from toolkit.widgets.tags_panel import TagPictures, TagsPanel

WORDS = Words("tile", "tiles", "animal", "animals")
SUBJECT = Subject("tile", TileDetector(), ColourEncoder(), WORDS)
WRONG = "ann/wrong <b>.png"


@pytest.fixture
def tree(tmp_path):
    for name in ("ann", "bob"):
        for k in range(4):
            save_tiles(tmp_path / "tree" / name / f"{k}.png", name, shade=4 * k)
    save_tiles(tmp_path / "tree" / WRONG, "bob", shade=6)
    return tmp_path / "tree"


def panel(folders="", out="", check=None):
    check = check or partial(tags_panel.check, subject=SUBJECT)
    return TagsPanel(lambda: AutopilotSettings(jobs=1), folders, out, words=WORDS, check=check)


@pytest.fixture
def checked(tree):
    made = panel(tree)
    made.start()
    assert made.wait(60)
    assert made.state == "shown", made.work.message.plain
    return made


def test_each_suspect_is_shown_beside_both_folders(checked, tree) -> None:
    assert checked.out.value == f"{tree} tags"
    card = checked.sheet.all_cards[0]
    assert (card.title, card.badge) == ("ann → bob", "")
    assert [strip.label for strip in card.strips] == [
        "in ann",
        "like it, in bob",
        "most like it, in ann",
    ]
    pictures = checked.sheet._pictures([strip.pictures[0].token for strip in card.strips])
    assert all(each.startswith(b"\xff\xd8") for each in pictures)
    assert len(set(pictures)) == 3
    assert "to look at" in said(checked)
    assert checked.write_button.disabled
    assert checked.sheet.name_label == "Another folder"


def test_what_is_decided_is_kept_and_the_tree_is_written(checked, tree) -> None:
    checked.sheet.act(WRONG, "move")
    assert checked.sheet.all_cards[0].badge == "goes to bob"
    checked.write()
    assert checked.wait(60)
    assert checked.state == "written"
    corrected = tree.parent / "tree tags" / "corrected"
    assert len(list((corrected / "bob").iterdir())) == 5
    assert (tree / WRONG).is_file()
    assert "&lt;b&gt;.png" in checked.told.value
    again = panel(out=tree.parent / "tree tags")
    assert again.open_button.layout.display is None
    again.open_found()
    assert again.wait(30)
    assert again.sheet.all_cards[0].badge == "goes to bob"
    again.sheet.rename(WRONG, "eve")
    assert again.sheet.all_cards[0].badge == "goes to eve"
    again.sheet.act(WRONG, "keep")
    assert again.sheet.all_cards[0].badge == "stays"
    again.sheet.rename(WRONG, "")
    assert again.sheet.all_cards[0].badge == ""


def test_a_folder_that_cannot_be_is_said_and_nothing_is_decided(checked) -> None:
    checked.sheet.rename(WRONG, "../up")
    assert "cannot be a folder's name" in checked.message.plain
    assert checked.checked.decisions == {}
    checked.sheet.act(WRONG, "keep")
    assert checked.message.plain == ""


def test_without_folders_it_says_what_to_do() -> None:
    made = panel()
    made.start()
    assert made.wait(30)
    assert made.state == "failed"
    assert "name the labelled folders" in made.work.message.plain
    said(made)


def test_a_check_that_is_cancelled_writes_nothing(tree) -> None:
    def check(root, settings, tell, stopped):
        made.cancel()
        return

    made = panel(tree, check=check)
    made.start()
    assert made.wait(30)
    assert made.state == "cancelled"
    assert made.checked is None
    assert not (tree.parent / "tree tags" / "tags.csv").exists()


def test_the_place_for_what_is_found_follows_until_it_is_typed(tree, tmp_path) -> None:
    made = panel(tree)
    made.folders.choose(str(tmp_path / "other"))
    assert made.out.value == f"{tmp_path / 'other'} tags"
    made.out.value = "mine"
    made.folders.choose(str(tree))
    assert made.out.value == "mine"
    made.wait(30)


def test_no_picture_is_made_of_what_lies_outside(tree, tmp_path) -> None:
    save_tiles(tmp_path / "secret.png", "cem")
    inside, outside, none = TagPictures(tree)(["ann/0.png", "../secret.png", "ann/none.png"])
    assert outside == none != inside
