"""Known individuals sought among each other: a table by flank, beside an order drawn at random."""

import json

import numpy as np
import pytest
from toys import LampSettings, lamp, save

from toolkit import cli
from toolkit.benchmarks.identification import identify
from toolkit.errors import BadFolder
from toolkit.evaluation.retrieval import by_chance
from toolkit.settings import settings_for

SETTINGS = settings_for("autopilot", LampSettings)()


@pytest.fixture
def known(tmp_path):
    """Three lamps of three colours, each from both sides; one is in one photo only."""
    for number, hue in enumerate(("red", "lime", "blue")):
        for k in range(3):
            for flank in ("left", "right"):
                where = tmp_path / "known" / hue / f"{k}_{flank}.png"
                save(where, lamp(hue, 1.0 - 0.2 * k, 10 * number + k + 100 * (flank == "left")))
    save(tmp_path / "known" / "pink" / "alone_left.png", lamp("pink", 1.0, 77))
    return tmp_path / "known"


def test_a_row_for_each_flank_and_for_all(known) -> None:
    said: list[str] = []
    table = identify(known, SETTINGS, log=said.append).set_index("part")
    assert table["photos"].to_dict() == {"all": 19, "left": 10, "right": 9}
    assert table["individuals"].to_dict() == {"all": 4, "left": 4, "right": 3}
    assert table["queries"].to_dict() == {"all": 18, "left": 9, "right": 9}
    # Lamps are told apart by their hue without a mistake.
    assert (table[["r1", "r5", "mAP"]] == 100).all(axis=None)
    chance = by_chance([*"aaabbbccc"])
    assert table.at["right", "r1_by_chance"] == pytest.approx(100 * chance.rank1)
    assert said == []


def test_a_photo_in_which_nothing_is_found_has_found_nothing(known) -> None:
    for path in sorted((known / "red").glob("0_*.png")):
        save(path)
    table = identify(known, SETTINGS, log=lambda text: None).set_index("part")
    assert table.at["left", "found"] == 9
    assert table.at["left", "queries"] == 9
    assert table.at["left", "r1"] == pytest.approx(100 * 8 / 9)


def test_photos_of_nobody_are_left_out_and_one_individual_is_too_few(known, tmp_path) -> None:
    save(known / "loose.png", lamp("red", 0.5, 5))
    said: list[str] = []
    table = identify(known, SETTINGS, log=said.append).set_index("part")
    assert table.at["all", "photos"] == 19
    assert said == ["1 photo in no individual's folder, left out"]
    save(tmp_path / "few" / "red" / "1.png", lamp("red", 0.5, 5))
    with pytest.raises(BadFolder, match="fewer than two individuals"):
        identify(tmp_path / "few", SETTINGS, log=said.append)


def test_the_command_takes_the_subjects_options(known, tmp_path, monkeypatch, capsys) -> None:
    from toolkit.benchmarks import identification

    asked = {}

    def found(folder, settings, **more):
        asked.update(folder=folder, settings=settings)
        return identify(known, SETTINGS, log=lambda text: None)

    monkeypatch.setattr(identification, "identify", found)
    output = tmp_path / "found.json"
    given = ["bench", "identify", str(known), "--subject", "animal", "--detector", "whole"]
    assert cli.main([*given, "--output", str(output)]) == 0
    assert (asked["settings"].subject.name, asked["settings"].detector) == ("animal", "whole")
    assert "r1_by_chance" in capsys.readouterr().out
    rows = json.loads(output.read_text())["rows"]
    assert [row["part"] for row in rows] == ["all", "left", "right"]
    assert np.isclose(rows[0]["r1"], 100)
