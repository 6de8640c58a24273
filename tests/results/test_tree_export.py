"""A corrected tree: planned, copied, gone on with, and nothing of the user's lost."""

import shutil
from pathlib import Path

import pytest
from tiles import save_tiles

from toolkit.errors import BadFolder, BadSetting
from toolkit.photos.listing import find
from toolkit.results import export, tree_export
from toolkit.results.tree_export import correct, plan
from toolkit.tables import read_table


@pytest.fixture
def tree(tmp_path):
    """Folders of two people, one of them in a folder of folders, with a sidecar and a note."""
    root = tmp_path / "tree"
    for place, who in (("ann/1.png", "ann"), ("ann/x.png", "bob"), ("more/bob/x.png", "bob")):
        save_tiles(root / place, who)
    save_tiles(root / "ann" / "2023" / "old.png", "ann", shade=9)
    (root / "ann" / "x.png.xmp").write_text("rated")
    (root / "notes.txt").write_text("mine")
    return root


@pytest.fixture
def decided(tmp_path):
    def write(*lines):
        path = tmp_path / "d.csv"
        path.write_text("\n".join(["path,suggested,decision", *lines]))
        return path

    return write


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "plan.csv" and not path.name.startswith(".")
    }


def test_what_is_moved_lies_in_its_new_folder_and_all_else_where_it_was(
    tree, decided, tmp_path
) -> None:
    before = files(tree)
    made = correct(tree, decided("ann/x.png,more/bob,move"), tmp_path / "out")
    found = files(tmp_path / "out" / "corrected")
    # The name is taken there; what belongs to the photo goes along under the new one.
    assert found == {
        "ann/1.png": before["ann/1.png"],
        "ann/2023/old.png": before["ann/2023/old.png"],
        "more/bob/x.png": before["more/bob/x.png"],
        "more/bob/x (2).png": before["ann/x.png"],
        "more/bob/x (2).png.xmp": b"rated",
    }
    assert files(tree) == before
    assert list(made.moved["was"]) == ["ann/x.png"]
    assert "4 photos in" in str(made)
    table = read_table(tmp_path / "out" / "corrected" / "plan.csv")
    assert list(table.columns[: len(export.PLAN_COLUMNS)]) == list(export.PLAN_COLUMNS)
    assert set(table["destination"]) == set(found)


def test_a_dry_run_writes_nothing(tree, decided, tmp_path) -> None:
    made = correct(tree, decided("ann/x.png,,new folder"), tmp_path / "out", dry_run=True)
    assert not (tmp_path / "out").exists()
    assert "new folder/x.png" in str(made)
    assert "would be in" in str(made)
    assert made.as_dict()["moved"][0]["destination"] == "new folder/x.png"


def test_what_was_excluded_is_no_part_of_it(tree, decided, tmp_path) -> None:
    correct(tree, decided(), tmp_path / "out", exclude=("2023/",))
    assert "ann/2023/old.png" not in files(tmp_path / "out" / "corrected")
    (tree / ".sightingsignore").write_text("x.png\n")
    correct(tree, decided(), tmp_path / "other")
    assert set(files(tmp_path / "other" / "corrected")) == {"ann/1.png", "ann/2023/old.png"}


def test_other_decisions_take_away_what_the_earlier_ones_had_put_there(
    tree, decided, tmp_path
) -> None:
    out = tmp_path / "out"
    correct(tree, decided("ann/x.png,,new"), out)
    made = correct(tree, decided("ann/x.png,,keep"), out)
    assert made.removed == ("new/x.png", "new/x.png.xmp")
    assert not (out / "corrected" / "new").exists()
    assert set(files(out / "corrected")) == set(files(tree)) - {"notes.txt"}
    again = correct(tree, decided(), out)
    assert (again.removed, set(again.plan["state"])) == ((), {export.THERE})


def test_what_was_changed_there_and_a_last_copy_stay(tree, decided, tmp_path) -> None:
    out = tmp_path / "out"
    correct(tree, decided("ann/x.png,,new", "ann/1.png,,other"), out)
    (out / "corrected" / "new" / "x.png").write_bytes(b"edited")
    (tree / "ann" / "1.png").unlink()
    made = correct(tree, decided(), out)
    assert dict(made.kept) == {
        "new/x.png": tree_export.CHANGED,
        "other/1.png": tree_export.LAST,
    }
    assert (out / "corrected" / "new" / "x.png").read_bytes() == b"edited"


def test_a_forged_plan_takes_nothing_away(tree, decided, tmp_path) -> None:
    out = tmp_path / "out"
    correct(tree, decided(), out)
    mine, outside = out / "corrected" / "mine.png", tmp_path / "outside.png"
    for path in (mine, outside):
        shutil.copy(tree / "ann" / "1.png", path)
    text = (out / "corrected" / "plan.csv").read_text()
    line = next(each for each in text.splitlines() if "ann/1.png" in each)
    forged = [
        line.replace(",ann/1.png,", f",{place},").replace(str(tree / "ann" / "1.png"), source)
        for place, source in (
            ("../../outside.png", str(tree / "ann" / "1.png")),
            ("mine.png", str(mine)),
        )
    ]
    (out / "corrected" / "plan.csv").write_text("\n".join([text.rstrip(), *forged]) + "\n")
    correct(tree, decided(), out)
    assert mine.is_file()
    assert outside.is_file()


def test_a_run_that_is_stopped_is_gone_on_with(tree, decided, tmp_path) -> None:
    out, asked = tmp_path / "out", iter([False, False, True])
    made = correct(tree, decided(), out, stop=lambda: next(asked))
    assert made.not_reached == 3
    assert len(files(out / "corrected")) == 2
    told = []
    made = correct(tree, decided(), out, progress=lambda *a: told.append(a))
    assert [done for done, *_ in told] == [1, 2, 3]
    assert set(files(out / "corrected")) == set(files(tree)) - {"notes.txt"}


def test_a_photo_that_changes_meanwhile_is_named_and_not_copied(tree, tmp_path) -> None:
    out = tmp_path / "corrected"
    planned = plan(tree, find(tree), {}, out)
    (tree / "ann" / "1.png").write_bytes(b"other")
    made = tree_export.apply(planned, out)
    assert [Path(path).name for path, _ in made.not_copied] == ["1.png"]
    assert not (out / "ann" / "1.png").exists()


def test_links_are_made_where_they_are_asked_for(tree, decided, tmp_path) -> None:
    out = tmp_path / "out"
    correct(tree, decided("ann/x.png,,new"), out, link="symbolic")
    link = out / "corrected" / "new" / "x.png"
    assert link.is_symlink()
    assert link.resolve() == (tree / "ann" / "x.png").resolve()
    made = correct(tree, decided(), out, link="symbolic")
    assert "new/x.png" in made.removed
    assert (tree / "ann" / "x.png").is_file()


def test_hard_links_are_made_too(tree, decided, tmp_path) -> None:
    correct(tree, decided(), tmp_path / "out", link="hard")
    made = tmp_path / "out" / "corrected" / "ann" / "1.png"
    assert made.samefile(tree / "ann" / "1.png")


def test_a_folder_that_is_a_link_elsewhere_is_not_written_through(tree, decided, tmp_path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    correct(tree, decided(), out)
    shutil.rmtree(out / "corrected" / "ann")
    elsewhere.mkdir()
    (out / "corrected" / "ann").symlink_to(elsewhere)
    made = correct(tree, decided(), out)
    assert len(made.not_copied) == 4
    assert list(elsewhere.iterdir()) == []


def test_what_is_not_of_this_program_is_refused(tree, decided, tmp_path) -> None:
    (tmp_path / "out" / "corrected").mkdir(parents=True)
    (tmp_path / "out" / "corrected" / "mine.txt").write_text("mine")
    with pytest.raises(BadFolder, match="no corrected tree of this program"):
        correct(tree, decided(), tmp_path / "out")


@pytest.mark.parametrize("out", [".", "ann", ".."])
def test_nothing_goes_into_or_around_the_tree(tree, decided, out) -> None:
    with pytest.raises(BadFolder, match="in or around"):
        correct(tree, decided(), tree / out)


def test_a_bad_line_is_told_before_anything_is_written(tree, decided, tmp_path) -> None:
    with pytest.raises(BadSetting, match="line 3"):
        correct(tree, decided("ann/1.png,,keep", "gone.png,,keep"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_plan_that_cannot_be_read_is_told(tree, decided, tmp_path) -> None:
    correct(tree, decided(), tmp_path / "out")
    (tmp_path / "out" / "corrected" / "plan.csv").write_text("nothing")
    with pytest.raises(BadFolder, match=r"plan.csv cannot be read"):
        correct(tree, decided(), tmp_path / "out")
