"""The command line, as a process where that matters and as a call elsewhere."""

import errno
import json
import os
import sys
from types import SimpleNamespace

import pytest
from files_seen import files_in
from tiles import ColourEncoder, TileDetector, save_tiles

from toolkit import cli, modes
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.grouping.sighting_finder import key_of
from toolkit.photos import listing
from toolkit.results import export, results_folder
from toolkit.results.export import PLAN_COLUMNS
from toolkit.settings import AutopilotSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE
from toolkit.tables import read_table


def test_autopilot_prints_what_it_did(album_folder, tmp_path, tiles, capsys) -> None:
    assert cli.main(["autopilot", str(album_folder), str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "6 photos, 8 faces, 3 people" in printed
    assert "person_001  5 photos" in printed
    assert "no face was found in 1 photo" in printed
    assert str(tmp_path / "out") in printed


def test_point_and_shoot_prints_what_it_did(album_folder, tmp_path, tiles, capsys) -> None:
    save_tiles(tmp_path / "people" / "Ann" / "ann.png", "ann")
    arguments = [
        "point-and-shoot",
        str(album_folder),
        str(tmp_path / "people"),
        str(tmp_path / "out"),
    ]
    assert cli.main(arguments) == 0
    assert "Ann  5 photos" in capsys.readouterr().out


def test_json_is_for_machines(album_folder, tmp_path, tiles, capsys) -> None:
    assert cli.main(["autopilot", str(album_folder), str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["people"]["person_001"] == 5


def test_quiet_prints_nothing(album_folder, tmp_path, tiles, capsys) -> None:
    assert cli.main(["autopilot", str(album_folder), str(tmp_path / "out"), "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_a_dry_run_shows_every_copy_and_makes_none(album_folder, tmp_path, tiles, capsys) -> None:
    before = files_in(tmp_path)
    assert cli.main(["autopilot", str(album_folder), str(tmp_path / "out"), "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert printed.count(" -> person_") == 8
    assert files_in(tmp_path) == before


def test_a_dry_run_writes_its_plan_where_that_is_asked_for(
    album_folder, tmp_path, tiles, capsys
) -> None:
    asked = ["autopilot", str(album_folder), str(tmp_path / "out")]
    place = tmp_path / "plan.csv"
    assert cli.main([*asked, "--dry-run", "--quiet", "--plan", str(place)]) == 0
    plan = read_table(place, PLAN_COLUMNS)
    assert plan["destination"].str.startswith("person_").sum() == 8
    assert (plan["state"] == "new").all()
    assert not (tmp_path / "out").exists()
    for wrong, why in (
        ([*asked, "--dry-run", "--plan", str(place)], "is there already"),
        ([*asked, "--plan", str(tmp_path / "other.csv")], "--plan goes with --dry-run"),
    ):
        assert cli.main(wrong) == 2
        assert why in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_settings_reach_the_run(album_folder, tmp_path, tiles, capsys) -> None:
    arguments = (
        "--threshold 0.4 --method linked --long-edge 500 --min-face 10 --same-photo --jobs 1"
    )
    command = ["autopilot", str(album_folder), str(tmp_path / "out"), "--json", *arguments.split()]
    assert cli.main(command) == 0
    settings = json.loads(capsys.readouterr().out)["settings"]
    assert settings["threshold"] == 0.4
    assert settings["method"] == "linked"
    assert settings["long_edge"] == 500
    assert settings["min_size"] == 10
    assert settings["one_per_photo"] is False
    assert settings["jobs"] == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["autopilot", "{nowhere}", "{out}"], "does not exist"),
        (["autopilot", "{photos}", "{photos}"], "results cannot go"),
        (["autopilot", "{photos}", "{out}", "--threshold", "-3"], "threshold is -3.0"),
        (["autopilot", "{photos}", "{out}", "--threshold", "nan"], "threshold is nan"),
        (["autopilot", "{photos}", "{out}", "--long-edge", "1"], "long_edge is 1"),
        (["point-and-shoot", "{photos}", "{photos}", "{out}"], "same folder"),
        (["point-and-shoot", "{photos}", "{nowhere}", "{out}"], "known: "),
        (["autopilot", "{photos}", "{out}", "--method", "kmeans"], "invalid choice"),
        (["autopilot", "{photos}"], "OUT"),
        (["autopilt"], "invalid choice"),
        ([], "COMMAND"),
    ],
)
def test_what_the_user_must_mend_is_one_line_and_exit_code_2(
    album_folder, tmp_path, tiles, capsys, arguments, complaint
) -> None:
    places = {"nowhere": tmp_path / "nowhere", "photos": album_folder, "out": tmp_path / "out"}
    before = files_in(tmp_path)
    assert cli.main([argument.format(**places) for argument in arguments]) == 2
    captured = capsys.readouterr()
    last = captured.err.strip().splitlines()[-1]
    assert complaint in last
    assert "Traceback" not in captured.err
    assert captured.out == ""
    assert files_in(tmp_path) == before


@pytest.mark.parametrize("command", ["", "autopilot", "point-and-shoot", "sample", "models"])
def test_help_teaches(command, capsys) -> None:
    assert cli.main([*command.split(), "--help"]) == 0
    assert "usage: sightings" in capsys.readouterr().out


def test_sample_makes_the_album(tmp_path, capsys) -> None:
    assert cli.main(["sample", str(tmp_path / "sample")]) == 0
    assert "12 photos" in capsys.readouterr().out
    assert (tmp_path / "sample" / "truth.csv").is_file()


def test_sync_reads_the_folders_alone(album_folder, tmp_path, tiles, capsys) -> None:
    out = tmp_path / "out"
    assert cli.main(["autopilot", str(album_folder), str(out), "--quiet"]) == 0
    (out / "person_001").rename(out / "Ann")
    save_tiles(out / "person_002" / "own.png", "bob", shade=8)
    capsys.readouterr()

    def synced(*more: str) -> list[str]:
        assert cli.main(["sync", str(out), *more]) == 0
        return capsys.readouterr().out.splitlines()

    said = ["person_001 is Ann", "own.png was put into person_002: an example of person_002"]
    assert synced("--dry-run") == [*said, "Nothing is decided yet: run it without --dry-run."]
    assert not (out / "decisions.csv").exists()
    *lines, kept = synced()
    assert lines == said
    assert "decisions.csv; run again to have the photos sorted by it" in kept
    assert {each.name for each in decisions.read(out)} == {"Ann", "person_002"}
    assert synced() == ["nothing was done in the folders since the last run"]


def test_models_are_listed_with_their_places(capsys) -> None:
    assert cli.main(["models"]) == 0
    assert capsys.readouterr().out.count("ok  ") >= 3


def test_a_bug_keeps_its_traceback(album_folder, tmp_path, monkeypatch) -> None:
    def broken(settings):
        raise RuntimeError("a bug")

    monkeypatch.setattr(modes, "subject_for", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        cli.main(["autopilot", str(album_folder), str(tmp_path / "out")])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows any bytes in a name")
def test_a_name_that_is_no_text_is_printed_escaped(
    album_folder, tmp_path, tiles, capsysbinary
) -> None:
    (album_folder / "a1.png").rename(os.fsdecode(bytes(album_folder) + b"/caf\xe9.png"))
    (album_folder / "a2.png").write_bytes(b"no picture")
    assert cli.main(["autopilot", str(album_folder), str(tmp_path / "out"), "--dry-run"]) == 0


@pytest.mark.parametrize(
    "photos", ["no\x1b[31mwhere\nelse", "", "~nosuchuser/x", "x" * 300, "a\rb"]
)
def test_odd_folders_are_one_line_without_control_characters(photos, tmp_path, capsys) -> None:
    assert cli.main(["autopilot", photos, str(tmp_path / "out")]) == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "\x1b" not in complaint
    assert "\r" not in complaint


def test_half_a_word_is_no_option(album_folder, tmp_path, capsys) -> None:
    assert cli.main(["autopilot", str(album_folder), str(tmp_path / "out"), "--repl"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_dry_run_prints_names_without_control_characters(
    album_folder, tmp_path, tiles, capsys
) -> None:
    (album_folder / "a1.png").rename(album_folder / "\x1b[31mred.png")
    assert cli.main(["autopilot", str(album_folder), str(tmp_path / "out"), "--dry-run"]) == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("command", ["autopilot", "point-and-shoot"])
def test_help_says_how_the_threshold_sets_itself(command, capsys) -> None:
    cli.main([command, "--help"])
    assert "(auto: the distance" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("given", ["low", "0", "nan", "2.5", "-1", ""])
def test_a_threshold_that_is_none_is_refused_in_one_line(
    given, album_folder, tmp_path, capsys
) -> None:
    arguments = ["autopilot", str(album_folder), str(tmp_path / "out"), "--threshold", given]
    assert cli.main(arguments) == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "auto" in complaint
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [[], ["--quiet"], ["--json"]])
def test_photos_that_could_not_be_copied_are_named_and_end_with_2(
    album_folder, tmp_path, tiles, capsys, monkeypatch, options
) -> None:
    def put(source, destination, digest, *, link, older) -> None:
        if source.name == "a2.png":
            raise OSError(errno.EFBIG, "File too large")
        real(source, destination, digest, link=link, older=older)

    real = export.put
    monkeypatch.setattr(export, "put", put)
    arguments = ["autopilot", str(album_folder), str(tmp_path / "out"), *options]
    assert cli.main(arguments) == 2
    printed = capsys.readouterr()
    assert "1 photo could not be copied" in printed.err
    assert f"{album_folder / 'a2.png'}: could not be copied" in printed.err
    assert "File too large" in printed.err
    assert printed.err.count("\n") == 1
    if options == ["--json"]:
        assert json.loads(printed.out)["finished"] is False
    elif not options:
        assert "7 copies (0.0 MB) made; 1 FAILED" in printed.out
    assert json.loads((tmp_path / "out" / "run.json").read_text())["finished"] is False
    assert "File too large" in (tmp_path / "out" / "report.html").read_text()
    # Once it is mended, the same command goes on.
    monkeypatch.undo()
    monkeypatch.setattr(modes, "subject_for", lambda settings: colours_again())
    assert cli.main(arguments) == 0
    assert json.loads((tmp_path / "out" / "run.json").read_text())["finished"] is True


def colours_again() -> Subject:
    return Subject("tile", TileDetector(), ColourEncoder(), FACE.words)


def test_a_folder_of_photos_that_cannot_be_read_says_so(tmp_path, capsys, monkeypatch) -> None:
    (tmp_path / "photos").mkdir()

    def scandir(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(listing.os, "scandir", scandir)
    assert cli.main(["autopilot", str(tmp_path / "photos"), str(tmp_path / "out")]) == 2
    complaint = capsys.readouterr().err
    assert "photos cannot be read: Permission denied" in complaint
    assert "holds no photo" not in complaint


def test_memory_that_does_not_suffice_is_one_line(
    album_folder, tmp_path, capsys, monkeypatch
) -> None:
    def look_at(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(modes, "look_at", look_at)
    nobody = SimpleNamespace(detector=None, evidence=None)
    monkeypatch.setattr(modes, "subject_for", lambda settings: nobody)
    assert cli.main(["autopilot", str(album_folder), str(tmp_path / "out")]) == 2
    assert "memory of this computer" in capsys.readouterr().err


def test_half_characters_in_names_end_in_no_traceback(
    album_folder, tmp_path, tiles, capsys
) -> None:
    out = tmp_path / "out"
    assert cli.main(["autopilot", str(album_folder), str(out)]) == 0
    album = results_folder.load(out).album
    face = key_of(album, 0)
    decisions.add(out, [Decision("name", face, name="\ud800 Ann \udfff")])
    assert "\ud800 Ann \udfff" in decisions.read(out)[0].name
    assert cli.main(["autopilot", str(album_folder), str(out)]) == 0
    assert (out / "_ Ann _").is_dir()
    record = json.loads((out / "run.json").read_text())
    record["files"]["\ud800/a.png"] = "0" * 64
    (out / "run.json").write_text(json.dumps(record))
    assert cli.main(["autopilot", str(album_folder), str(out)]) == 0
    assert cli.main(["audit", str(out)]) == 0


@pytest.mark.parametrize("written", ['"{}"', "'{}'", "{} ", "{}\n", "file://{}"])
def test_commands_understand_a_pasted_path(tmp_path, tiles, capsys, written) -> None:
    photos = tmp_path / "my photos"
    save_tiles(photos / "a.png", "ann")
    pasted = written.format(photos)
    if pasted.startswith("file:"):
        pasted = photos.as_uri()
    out = written.format(tmp_path / "out").replace("file://", "")
    assert cli.main(["autopilot", pasted, out]) == 0
    assert (tmp_path / "out" / "person_001" / "a.png").is_file()
    known = tmp_path / "known"
    save_tiles(known / "Ann" / "a.png", "ann")
    found = tmp_path / "found"
    arguments = [
        "point-and-shoot",
        pasted,
        written.format(known).replace("file://", ""),
        str(found),
    ]
    assert cli.main(arguments) == 0
    assert (found / "Ann" / "a.png").is_file()


def test_where_a_folder_was_looked_for_is_said(tmp_path, tiles, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["autopilot", "'no/such'", "out"]) == 2
    said = capsys.readouterr().err
    assert f"it was looked for as {tmp_path / 'no' / 'such'}" in said
    assert f"what is there is {tmp_path}." in said
    assert said.count("\n") == 1


def test_exclude_may_be_repeated_and_is_checked(album_folder, tmp_path, tiles, capsys) -> None:
    out = str(tmp_path / "out")
    command = ["autopilot", str(album_folder), out, "--exclude", "deep/", "--exclude=e*.png"]
    assert cli.main(command) == 0
    assert "3 photos left out" in capsys.readouterr().out
    assert AutopilotSettings(exclude=("deep/",)).as_dict()["exclude"] == ["deep/"]
    assert cli.main(["autopilot", str(album_folder), out, "--exclude", "[z-a]"]) == 2
    assert "pattern [z-a]" in capsys.readouterr().err
