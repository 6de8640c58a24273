"""Commands get on with the terminal: signals, closed streams, noise of libraries."""

import shlex
import signal
import subprocess
import sys
import time

import pytest
from files_seen import files_in

from toolkit.cli import terminal

SIGHTINGS = [sys.executable, "-c", "import sys; from toolkit.cli import main; sys.exit(main())"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ on Windows")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupt_ends_with_130_and_loses_nothing(sample_album, tmp_path, name) -> None:
    before = files_in(sample_album)
    begun = tmp_path / "begun"
    # A test runner in the background may hand down that signals are ignored. The first photo
    # says that the run is under way.
    code = f"""
import pathlib, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from toolkit.photos import opening
opened = opening.open_shrunk
def open_shrunk(*arguments, **options):
    pathlib.Path({str(begun)!r}).touch()
    return opened(*arguments, **options)
opening.open_shrunk = open_shrunk
"""
    command = [sys.executable, "-c", code + SIGHTINGS[-1]]
    command += ["autopilot", str(sample_album / "photos"), str(tmp_path / "out")]
    command += ["--upsample", "1", "--jobs", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        for _ in range(600):
            if begun.exists():
                break
            time.sleep(0.1)
        run.send_signal(getattr(signal, name))
        if name != "SIGINT":
            # As a session that closes does.
            run.send_signal(signal.SIGHUP)
            run.send_signal(signal.SIGTERM)
        _, err = run.communicate(timeout=120)
    assert run.returncode == 130, err
    assert err.startswith("sightings: interrupted. Your photos are untouched; run the same command")
    assert err.count("\n") == 1
    # Nothing was made yet, so the folder is gone again.
    assert not (tmp_path / "out").exists()
    assert files_in(sample_album) == before


@pytest.mark.skipif(sys.platform == "win32", reason="there is no head on Windows")
def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"{shlex.join([*SIGHTINGS, '--help'])} | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_noise_of_c_libraries_stays_off_the_terminal(tmp_path) -> None:
    code = (
        "import os, sys\n"
        "from toolkit.cli.terminal import quiet_libraries\n"
        "with quiet_libraries():\n"
        "    os.write(2, b'from C'); print('from Python', file=sys.stderr)\n"
        "os.write(2, b'after')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "from C" not in done.stderr
    assert "from Python" in done.stderr
    assert "after" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="shells differ on Windows")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_streams_are_no_error(album_folder, tmp_path, closed) -> None:
    command = f"{shlex.join([*SIGHTINGS, 'sample', str(tmp_path / 'sample')])} {closed}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sample" / "truth.csv").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGHUP on Windows")
@pytest.mark.parametrize("ignored", [False, True])
def test_what_is_started_to_outlive_its_terminal_does(ignored) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        with terminal.ended_as_by_hand():
            assert (signal.getsignal(signal.SIGHUP) is signal.SIG_IGN) == ignored
        assert signal.getsignal(signal.SIGHUP) is (signal.SIG_IGN if ignored else signal.SIG_DFL)
    finally:
        signal.signal(signal.SIGHUP, before)
