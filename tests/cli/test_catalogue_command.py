"""The commands of a catalogue: what they print and write, and what they refuse."""

import json

import pandas as pd
import pytest
from toys import LAMPS, LampSettings, lamp, save

from toolkit import cli
from toolkit.subjects import registry


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.setitem(registry.SUBJECTS, "lamp", LampSettings)
    LAMPS.save_photos(tmp_path / "photos")
    LAMPS.save_known(tmp_path / "known")
    (tmp_path / "known" / "catalogue.csv").write_text(
        "product,colour,price\nthe red,warm,3\nthe blue,cold,4\n"
    )
    return tmp_path


def asked(shop, *more):
    folders = [str(shop / name) for name in ("photos", "known", "out")]
    return cli.main(["match-catalogue", *folders, "--subject", "lamp", *more])


def test_it_writes_the_tables_and_says_how_many(shop, capsys) -> None:
    assert asked(shop) == 0
    printed = capsys.readouterr().out
    assert "6 photos of 2 products in listings.csv" in printed
    assert "2 photos of 2 new products in new_products.csv" in printed
    listed = pd.read_csv(shop / "out" / "listings.csv")
    assert set(listed["colour"]) == {"warm", "cold"}
    assert listed["price"].isna().all()


def test_another_table_and_other_columns_to_leave(shop, capsys) -> None:
    (shop / "mine.csv").write_text("product;price;Farbe\nthe red;3;rot\nthe blue;4;blau\n")
    assert asked(shop, "--table", str(shop / "mine.csv"), "--leave", "Farbe,size") == 0
    listed = pd.read_csv(shop / "out" / "listings.csv")
    assert set(listed["price"]) == {3, 4}
    assert listed["Farbe"].isna().all()


def test_json_is_for_machines(shop, capsys) -> None:
    assert asked(shop, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["listed"], found["unsure"], found["new_products"]) == (6, 0, 2)


def test_what_does_not_fit_is_said_and_the_work_goes_on(shop, capsys) -> None:
    (shop / "known" / "catalogue.csv").write_text("product\nthe red\nghost\n")
    assert asked(shop) == 0
    said = capsys.readouterr().err
    assert "1 product without a folder of photos, not looked for: ghost" in said
    assert "no row for 1 folder, whose listings have nothing to copy: the blue" in said


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("name\nx\n", "expected one called product"),
        ("product\nthe red\nThe Red\n", "line 3: The Red is there already, in line 2"),
        ("product\nghost\n", "none of its 1 product"),
        ("product\nthe red,1\n", "line 2 has 2 cells for 1 columns"),
    ],
)
def test_a_bad_table_is_one_line_and_nothing_is_written(shop, capsys, table, said) -> None:
    (shop / "known" / "catalogue.csv").write_text(table)
    assert asked(shop) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not (shop / "out").exists()


def test_a_sure_that_is_none_is_refused(shop, capsys) -> None:
    assert asked(shop, "--sure", "99") == 2
    assert "expected a probability above 0.5 and below 1" in capsys.readouterr().err


def test_the_measurement_is_printed_and_written(shop, capsys) -> None:
    known = shop / "many"
    for hue in ("red", "lime", "blue", "pink"):
        for k in range(4):
            save(known / hue / f"{k}.png", lamp(hue, 1 - 0.1 * k, k))
    arguments = ["bench", "catalogue", str(known), "--subject", "lamp", "--draws", "2"]
    assert cli.main([*arguments, "--json", str(shop / "figures.json")]) == 0
    assert "match-catalogue" in capsys.readouterr().out
    figures = json.loads((shop / "figures.json").read_text())
    ours = next(row for row in figures["catalogue"] if row["way"] == "match-catalogue")
    assert (ours["right"], ours["known_sure"], ours["unknown_sure"]) == (100, 100, 0)
    assert [row["seed"] for row in figures["draws"]] == [0, 1]
