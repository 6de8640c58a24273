"""The command that checks tags: from folders to a corrected tree, and what it refuses."""

import json

import pytest
from tiles import save_tiles

from toolkit import cli


@pytest.fixture
def tree(tmp_path):
    for name in ("ann", "bob"):
        for k in range(4):
            save_tiles(tmp_path / "tree" / name / f"{k}.png", name, shade=4 * k)
    save_tiles(tmp_path / "tree" / "ann" / "wrong.png", "bob", shade=6)
    return tmp_path / "tree"


def test_from_folders_to_a_corrected_tree(tree, tmp_path, tiles, capsys) -> None:
    out = tmp_path / "out"
    assert cli.main(["check-tags", str(tree), "--output", str(out)]) == 0
    said = capsys.readouterr().out
    assert "ann/wrong.png -> bob" in said
    assert "give it to --apply" in said
    decisions = tmp_path / "decisions.csv"
    text = (out / "tags.csv").read_text()
    decisions.write_text(text.replace(",,another folder", ",move,another folder"))
    asked = ["check-tags", str(tree), str(out), "--apply", str(decisions)]
    assert cli.main([*asked, "--dry-run"]) == 0
    assert not (out / "corrected").exists()
    assert "bob/wrong.png" in capsys.readouterr().out
    assert cli.main([*asked, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["moved"][0]["destination"] == "bob/wrong.png"
    assert (out / "corrected" / "bob" / "wrong.png").is_file()
    assert (tree / "ann" / "wrong.png").is_file()


def test_without_a_place_it_goes_beside_the_folders(tree, tiles, capsys) -> None:
    assert cli.main(["check-tags", str(tree), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["tags"][0]["suggested"] == "bob"
    assert (tree.parent / "tree tags" / "tags.html").is_file()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["{out}", "--output", "{out}"], "give one of them"),
        (["--dry-run"], "--dry-run"),
        (["--output", "{tree}/in"], "in or around"),
        (["--apply", "{out}/none.csv"], "is missing"),
    ],
)
def test_what_cannot_be_is_told_in_one_line_before_the_work(
    tree, tmp_path, capsys, more, said
) -> None:
    places = {"out": tmp_path / "out", "tree": tree}
    asked = [each.format(**places) for each in more]
    assert cli.main(["check-tags", str(tree), *asked]) == 2
    text = capsys.readouterr().err
    assert said in text
    assert text.count("\n") == 1


def test_a_folder_that_is_not_there_is_told(tmp_path, capsys) -> None:
    assert cli.main(["check-tags", str(tmp_path / "none")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_a_bad_line_of_the_decisions_is_named(tree, tmp_path, capsys) -> None:
    (tmp_path / "d.csv").write_text("path,decision\nann/none.png,keep\n")
    asked = ["check-tags", str(tree), str(tmp_path / "o"), "--apply", str(tmp_path / "d.csv")]
    assert cli.main(asked) == 2
    assert "line 2" in capsys.readouterr().err


def test_the_measurement_is_printed_and_written(tree, tmp_path, tiles, capsys) -> None:
    output = tmp_path / "figures.json"
    asked = ["bench", "tags", str(tree), "--share", ".2", "--seed", "1", "--json", str(output)]
    assert cli.main(asked) == 0
    assert "by chance" in capsys.readouterr().out
    rows = json.loads(output.read_text())["rows"]
    assert [row["seed"] for row in rows] == ["1", "mean", "1", "mean", ""]
