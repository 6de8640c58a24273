"""The command line, as a process where that matters and as a call elsewhere."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time

import pytest
from conftest import save_tiles
from test_export import files_in

from toolkit import cli, modes

SIGHTINGS = [sys.executable, "-c", "import sys; from toolkit.cli import main; sys.exit(main())"]


@pytest.fixture
def tiles(monkeypatch, colours):
    """Let the commands tell tiles apart, which needs no model."""
    monkeypatch.setattr(modes, "face_subject", lambda settings: colours)


def test_autopilot_prints_what_it_did(album, tmp_path, tiles, capsys) -> None:
    assert cli.main(["autopilot", str(album), str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "6 photos, 8 faces, 3 people" in printed
    assert "person_001  5 photos" in printed
    assert "no face was found in 1 photo" in printed
    assert str(tmp_path / "out") in printed


def test_point_and_shoot_prints_what_it_did(album, tmp_path, tiles, capsys) -> None:
    save_tiles(tmp_path / "people" / "Ann" / "ann.png", "ann")
    arguments = ["point-and-shoot", str(album), str(tmp_path / "people"), str(tmp_path / "out")]
    assert cli.main(arguments) == 0
    assert "Ann  5 photos" in capsys.readouterr().out


def test_json_is_for_machines(album, tmp_path, tiles, capsys) -> None:
    assert cli.main(["autopilot", str(album), str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["people"]["person_001"] == 5


def test_quiet_prints_nothing(album, tmp_path, tiles, capsys) -> None:
    assert cli.main(["autopilot", str(album), str(tmp_path / "out"), "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_a_dry_run_shows_every_copy_and_makes_none(album, tmp_path, tiles, capsys) -> None:
    before = files_in(tmp_path)
    assert cli.main(["autopilot", str(album), str(tmp_path / "out"), "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert printed.count(" -> person_") == 8
    assert files_in(tmp_path) == before


def test_settings_reach_the_run(album, tmp_path, tiles, capsys) -> None:
    arguments = (
        "--threshold 0.4 --method linked --long-edge 500 --min-face 10 --same-photo --jobs 1"
    )
    command = ["autopilot", str(album), str(tmp_path / "out"), "--json", *arguments.split()]
    assert cli.main(command) == 0
    settings = json.loads(capsys.readouterr().out)["settings"]
    assert settings["threshold"] == 0.4
    assert settings["method"] == "linked"
    assert settings["long_edge"] == 500
    assert settings["min_face"] == 10
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
        (["point-and-shoot", "{photos}", "{nowhere}", "{out}"], "people: "),
        (["autopilot", "{photos}", "{out}", "--method", "kmeans"], "invalid choice"),
        (["autopilot", "{photos}"], "OUT"),
        (["autopilt"], "invalid choice"),
        ([], "COMMAND"),
    ],
)
def test_what_the_user_must_mend_is_one_line_and_exit_code_2(
    album, tmp_path, tiles, capsys, arguments, complaint
) -> None:
    places = {"nowhere": tmp_path / "nowhere", "photos": album, "out": tmp_path / "out"}
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


def test_models_are_listed_with_their_places(capsys) -> None:
    assert cli.main(["models"]) == 0
    assert capsys.readouterr().out.count("ok  ") >= 3


def test_a_bug_keeps_its_traceback(album, tmp_path, monkeypatch) -> None:
    def broken(settings):
        raise RuntimeError("a bug")

    monkeypatch.setattr(modes, "face_subject", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        cli.main(["autopilot", str(album), str(tmp_path / "out")])


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ on Windows")
def test_an_interrupt_ends_with_130_and_loses_nothing(sample_album, tmp_path) -> None:
    before = files_in(sample_album)
    begun = tmp_path / "begun"
    # A test runner in the background may hand down that interrupts are ignored. The first photo
    # says that the run is under way.
    code = f"""
import pathlib, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from toolkit import photos
opened = photos.open_shrunk
def open_shrunk(*arguments, **options):
    pathlib.Path({str(begun)!r}).touch()
    return opened(*arguments, **options)
photos.open_shrunk = open_shrunk
"""
    command = [sys.executable, "-c", code + SIGHTINGS[-1]]
    command += ["autopilot", str(sample_album / "photos"), str(tmp_path / "out")]
    command += ["--upsample", "2", "--jobs", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        for _ in range(600):
            if begun.exists():
                break
            time.sleep(0.1)
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=120)
    assert run.returncode == 130, err
    assert "interrupted" in err
    assert "Traceback" not in err
    assert files_in(sample_album) == before


@pytest.mark.skipif(sys.platform == "win32", reason="there is no head on Windows")
def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"{shlex.join([*SIGHTINGS, '--help'])} | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_noise_of_c_libraries_stays_off_the_terminal(tmp_path) -> None:
    code = (
        "import os, sys\n"
        "from toolkit.cli import _quiet_libraries\n"
        "with _quiet_libraries():\n"
        "    os.write(2, b'from C'); print('from Python', file=sys.stderr)\n"
        "os.write(2, b'after')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "from C" not in done.stderr
    assert "from Python" in done.stderr
    assert "after" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows any bytes in a name")
def test_a_name_that_is_no_text_is_printed_escaped(album, tmp_path, tiles, capsysbinary) -> None:
    (album / "a1.png").rename(os.fsdecode(bytes(album) + b"/caf\xe9.png"))
    (album / "a2.png").write_bytes(b"no picture")
    assert cli.main(["autopilot", str(album), str(tmp_path / "out"), "--dry-run"]) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="shells differ on Windows")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_streams_are_no_error(album, tmp_path, closed) -> None:
    command = f"{shlex.join([*SIGHTINGS, 'sample', str(tmp_path / 'sample')])} {closed}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sample" / "truth.csv").is_file()


@pytest.mark.parametrize(
    "photos", ["no\x1b[31mwhere\nelse", "", "~nosuchuser/x", "x" * 300, "a\rb"]
)
def test_odd_folders_are_one_line_without_control_characters(photos, tmp_path, capsys) -> None:
    assert cli.main(["autopilot", photos, str(tmp_path / "out")]) == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "\x1b" not in complaint
    assert "\r" not in complaint


def test_half_a_word_is_no_option(album, tmp_path, capsys) -> None:
    assert cli.main(["autopilot", str(album), str(tmp_path / "out"), "--repl"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_dry_run_prints_names_without_control_characters(album, tmp_path, tiles, capsys) -> None:
    (album / "a1.png").rename(album / "\x1b[31mred.png")
    assert cli.main(["autopilot", str(album), str(tmp_path / "out"), "--dry-run"]) == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("command", ["autopilot", "point-and-shoot"])
def test_help_says_how_the_threshold_sets_itself(command, capsys) -> None:
    cli.main([command, "--help"])
    assert "(auto: the distance" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("given", ["low", "0", "nan", "2.5", "-1", ""])
def test_a_threshold_that_is_none_is_refused_in_one_line(given, album, tmp_path, capsys) -> None:
    arguments = ["autopilot", str(album), str(tmp_path / "out"), "--threshold", given]
    assert cli.main(arguments) == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "auto" in complaint
    assert not (tmp_path / "out").exists()
