"""The command that measures: what it prints and writes, and what it refuses."""

import json

import pytest
from tiles import save_tiles

from toolkit import cli
from toolkit.benchmarks import scale
from toolkit.widgets import panel_times


def test_numbers_go_to_the_screen_and_to_a_file(album_folder, tmp_path, tiles, capsys) -> None:
    output = tmp_path / "bench.json"
    assert cli.main(["bench", "pipeline", str(album_folder), "--output", str(output)]) == 0
    assert "photos_per_second" in capsys.readouterr().out
    content = json.loads(output.read_text())
    assert content["bench"] == "pipeline"
    assert content["machine"]["cores"] >= 1
    assert content["rows"][0]["photos"] == 6


def test_many_sightings_are_drawn_and_grouped(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("toolkit.benchmarks.scale._alone", scale.measure)
    output = tmp_path / "scale.json"
    asked = ["bench", "scale", "--sizes", "60", "180", "--seed", "3", "--json", str(output)]
    assert cli.main(asked) == 0
    assert "near pairs" in capsys.readouterr().out
    content = json.loads(output.read_text())
    assert [row["sightings"] for row in content["grouping"]] == [60, 60, 180, 180]
    assert content["growth"][0]["to"] == "180"
    assert cli.main(["bench", "scale", "--sizes", "1"]) == 2
    assert "sizes are 1; expected 2 or more, each" in capsys.readouterr().err


def test_the_panels_are_used_on_drawn_albums(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("toolkit.widgets.panel_times._alone", panel_times.measure)
    output = tmp_path / "panels.json"
    asked = ["bench", "panels", "--sizes", "80", "--seed", "3", "--no-questions"]
    assert cli.main([*asked, "--json", str(output)]) == 0
    assert "first page" in capsys.readouterr().out
    content = json.loads(output.read_text())
    assert content["sizes"][0]["sightings"] == 80
    steps = [row["step"] for row in content["steps of 80 sightings"]]
    assert "next page" in steps
    assert "questions" not in steps
    assert cli.main(["bench", "panels", "--sizes", "1"]) == 2
    assert "sizes are 1; expected 2 or more, each" in capsys.readouterr().err


def test_a_table_of_truth_without_its_columns_is_refused(album_folder, tmp_path, capsys) -> None:
    save_tiles(tmp_path / "x.png", "ann")
    (tmp_path / "truth.csv").write_text("file,name\nx,y\n")
    assert cli.main(["bench", "peers", str(album_folder), str(tmp_path / "truth.csv")]) == 2
    assert "expected photo and person" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "photo,person\n"])
def test_an_empty_table_is_refused_in_one_line(album_folder, tmp_path, capsys, content) -> None:
    (tmp_path / "t.csv").write_text(content)
    for kind in ("peers", "detect"):
        assert cli.main(["bench", kind, str(album_folder), str(tmp_path / "t.csv")]) == 2
        assert capsys.readouterr().err.count("\n") == 1
