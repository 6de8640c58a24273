"""The commands that read a result."""

import json
import os
import sys
from pathlib import Path

import pytest

from toolkit import cli
from toolkit.cli import options
from toolkit.curation import counting
from toolkit.errors import SightingsError
from toolkit.results import accuracy, results_folder


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes on Windows")
@pytest.mark.parametrize(
    "file", ["run.json", "sightings.csv", "nobody.csv", "problems.csv", "photos.csv", "labels"]
)
def test_evaluate_waits_for_no_pipe(album_folder, tmp_path, tiles, capsys, file) -> None:
    out, table = tmp_path / "out", tmp_path / "labels"
    assert cli.main(["autopilot", str(album_folder), str(out)]) == 0
    table.write_text("photo,person\na2.png,Ann\n")
    path = table if file == "labels" else out / file
    path.unlink()
    os.mkfifo(path)
    capsys.readouterr()
    assert cli.main(["evaluate", str(out), str(table)]) == 2
    assert "not a regular file" in capsys.readouterr().err


def test_what_is_damaged_and_not_needed_is_said(album_folder, tmp_path, tiles, capfd) -> None:
    out = tmp_path / "out"
    assert cli.main(["autopilot", str(album_folder), str(out), "--quiet"]) == 0
    (out / "photos.csv").write_bytes(b"\xff\xfe\0")
    assert cli.main(["audit", str(out)]) == 0
    assert "photos.csv cannot be used" in capfd.readouterr().err
    (tmp_path / "labels").write_text("photo,person\na2.png,Ann\n")
    assert cli.main(["autopilot", str(album_folder), str(out), "--quiet"]) == 0
    (out / "encodings.npz").write_bytes(b"PK")
    assert cli.main(["evaluate", str(out), str(tmp_path / "labels")]) == 2
    assert "encodings.npz cannot be used" in capfd.readouterr().err


# Where the photos are now


@pytest.mark.parametrize("command", ["audit OUT", "evaluate OUT LABELS.csv"])
def test_photos_may_have_moved(command) -> None:
    parser = options.parser()
    assert parser.parse_args(command.split()).photos is None
    assert parser.parse_args([*command.split(), "--photos", "NEW"]).photos == "NEW"


@pytest.mark.parametrize(
    ("more", "passed"), [([], {}), (["--photos", "moved"], {"photos": Path("moved")})]
)
def test_the_photos_new_place_is_passed_on(tmp_path, monkeypatch, capsys, more, passed) -> None:
    told = []

    def read(*_: object, **others: object) -> None:
        told.append({name: value for name, value in others.items() if name != "draws"})
        raise SightingsError("seen enough")

    monkeypatch.setattr(results_folder, "load", read)
    monkeypatch.setattr(accuracy, "evaluate_folder", read)
    assert cli.main(["audit", str(tmp_path), *more]) == 2
    assert cli.main(["evaluate", str(tmp_path), "LABELS.csv", *more]) == 2
    assert told == [passed, passed]


# How many there are


def test_the_count_is_printed_with_what_it_assumes_and_as_json(
    album_folder, tmp_path, tiles, capsys
) -> None:
    out = tmp_path / "out"
    assert cli.main(["autopilot", str(album_folder), str(out), "--quiet"]) == 0
    capsys.readouterr()
    assert cli.main(["count", str(out)]) == 0
    assert "No strip is done yet" in capsys.readouterr().out
    ids = results_folder.load(out).album.sightings["sighting_id"].tolist()
    counting.keep(out, counting.Done(ids[0], tuple(ids[1:]), (ids[1],)))
    assert cli.main(["count", str(out)]) == 0
    said = capsys.readouterr().out
    assert "95% interval" in said
    assert "The photos were drawn at random." in said
    assert cli.main(["count", str(out), "--json", "--recall", "0.8"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["strips"], told["ticked"], told["recall"]) == (1, 1, 1.0)
    assert told["low"] <= told["estimate"] <= told["high"]
    assert cli.main(["count", str(out), "--recall", "2"]) == 2
    assert "recall is 2.0; expected a share" in capsys.readouterr().err
    (out / results_folder.STRIPS).write_text("a,b\n")
    assert cli.main(["count", str(out)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
