"""What a check of tags found: its tables, its sheet, and what is read of them again."""

import pandas as pd
import pytest
from tiles import save_tiles

from toolkit import modes
from toolkit.errors import BadFolder, BadSetting
from toolkit.results import tag_check
from toolkit.results.tag_check import PERHAPS, decided, html_of, read, write
from toolkit.settings import AutopilotSettings
from toolkit.tables import read_table

SETTINGS = AutopilotSettings(jobs=1)
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def tree(tmp_path):
    """Three people; a photo of bob among those of ann, a copy, nobody, and no photo at all."""
    root = tmp_path / "tree"
    for name in ("ann", "bob", "cem"):
        for k in range(5):
            save_tiles(root / name / f"{k}.png", name, shade=4 * k)
    save_tiles(root / "ann" / f"{EVIL.replace('/', '')}.png", "bob", shade=7)
    save_tiles(root / "cem" / "again.png", "bob", shade=8)
    save_tiles(root / "cem" / "nobody.png")
    (root / "cem" / "broken.jpg").write_bytes(b"no photo")
    # What a shop says of its products is no photo that could not be used.
    (root / "catalogue.csv").write_text("product\nann\n")
    return root


@pytest.fixture
def made(tree, colours):
    return modes.check_tags(tree, settings=SETTINGS, subject=colours)


def test_the_wrong_ones_come_first_then_what_is_said_apart(made) -> None:
    assert set(made.suspects["path"]) == {f"ann/{EVIL}.png", "cem/again.png"}
    assert list(made.suspects["suggested"]) == ["bob", "bob"]
    assert list(made.tags["kind"][:2]) == ["another folder"] * 2
    assert (made.tags["sure"].head(2) > 0.9).all()
    assert list(made.tags["path"][made.tags["kind"] == "nothing found"]) == ["cem/nobody.png"]
    assert (made.tags["decision"] == "").all()
    pairs = made.duplicates.set_index("path")
    assert pairs.loc["bob/2.png", "other"] == "cem/again.png"
    assert tuple(pairs.loc["bob/2.png", ["folder", "other_folder"]]) == ("bob", "cem")
    text = str(made)
    assert "18 photos in 3 folders" in text
    assert "2 photos look more like another folder than their own, the surest first:" in text
    assert "1 file could not be used" in text
    assert made.as_dict()["folders"] == 3


def test_what_is_likely_right_and_yet_in_doubt_comes_after_the_others(made) -> None:
    table = pd.DataFrame(
        {
            "path": made.known.paths[:3],
            "folder": "ann",
            "suggested": "bob",
            "sure": [0.001, 0.02, 0.3],
            "odds": [-7.0, -4.0, -1.0],
            "kind": "",
            "evidence": "",
            "own_evidence": "",
        }
    )
    found = tag_check.found(made.known, table, made.duplicates.iloc[:0])
    assert list(found.tags["sure"]) == [0.3, 0.02]
    assert set(found.tags["kind"]) == {PERHAPS}


def test_tables_and_sheet_are_written_and_read_again(made, tree, tmp_path) -> None:
    out = tmp_path / "out"
    write(made, out, about={"subject": "face"})
    table = read_table(out / "tags.csv")
    assert list(table.columns) == list(tag_check.TAG_COLUMNS)
    assert len(table) == len(made.tags)
    found = read(out)
    assert found.root == tree.resolve()
    assert list(found.suspects["path"]) == list(made.suspects["path"])
    assert found.folders == ("ann", "bob", "cem")
    assert tag_check.told(out)["subject"] == "face"
    # The same again, in the place of those that are there.
    write(made, out)
    there = ["ann", "bob", "catalogue.csv", "cem"]
    assert sorted(path.name for path in tree.iterdir()) == there


def test_the_sheet_shows_each_beside_both_and_runs_nothing(made) -> None:
    text = html_of(made)
    assert EVIL not in text
    assert "&lt;img src=x onerror=alert(1)&gt;.png" in text
    assert "<script" not in text
    assert text.count("data:image/jpeg") >= 6
    assert "default-src 'none'" in text
    assert "data:image/jpeg" not in html_of(made, pictures=False)


@pytest.mark.parametrize("name", ["tags.csv", "duplicates.csv", "tags.html"])
def test_what_the_user_changed_is_not_written_over(made, tmp_path, name) -> None:
    out = tmp_path / "out"
    write(made, out)
    (out / name).write_text("mine")
    with pytest.raises(BadFolder, match="was changed"):
        write(made, out)
    assert (out / name).read_text() == "mine"


def test_places_that_would_touch_something_are_refused(made, tree, tmp_path) -> None:
    for out in (tree, tree / "ann", tmp_path):
        with pytest.raises(BadFolder, match="in or around"):
            write(made, out)
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadFolder, match="is a file"):
        write(made, tmp_path / "file")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    with pytest.raises(BadFolder, match="autopilot"):
        write(made, tmp_path / "run")


def test_decisions_are_on_the_disk_at_once_and_taken_up_again(made, tmp_path) -> None:
    write(made, tmp_path / "out")
    found = decided(read(tmp_path / "out"), "cem/again.png", "move")
    found = decided(found, f"ann/{EVIL}.png", "eve")
    assert read(tmp_path / "out").decisions == found.decisions
    assert decided(found, "cem/again.png", "").decisions == {f"ann/{EVIL}.png": "eve"}
    with pytest.raises(BadSetting, match="cannot be a folder's name"):
        decided(found, "cem/again.png", "../up")


def test_a_folder_without_a_check_is_told(tmp_path) -> None:
    with pytest.raises(BadFolder, match="holds no check of tags"):
        read(tmp_path)


def test_a_table_that_is_no_more_is_told(made, tmp_path) -> None:
    write(made, tmp_path / "out")
    (tmp_path / "out" / "tags.csv").write_text("nothing")
    with pytest.raises(BadFolder, match=r"tags.csv cannot be read"):
        read(tmp_path / "out")


@pytest.mark.parametrize("place", ["../x.png", "/etc/passwd", "a/../../x", "", "a\x00b"])
def test_a_place_in_a_table_leads_nowhere_else(tmp_path, place) -> None:
    assert tag_check.photo_at(tmp_path, place) is None


def test_a_place_in_the_tree_is_a_photo(tmp_path) -> None:
    assert tag_check.photo_at(tmp_path, "a/b.png") == tmp_path / "a/b.png"


@pytest.mark.parametrize(("sure", "text"), [(1.0, "over 99.9% sure"), (0.925, "92.5% sure")])
def test_nothing_is_said_to_be_certain(sure, text) -> None:
    assert tag_check.sure_text(sure) == text


def test_a_check_that_is_stopped_finds_nothing(tree, colours) -> None:
    assert modes.check_tags(tree, settings=SETTINGS, subject=colours, stop=lambda: True) is None
