"""One at a time in a folder of results."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from toolkit import locks, modes
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.errors import BadFolder
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.grouping.sighting_finder import key_of
from toolkit.locks import InUse
from toolkit.session import Session
from toolkit.settings import AutopilotSettings

HOLDER = """
import sys
from pathlib import Path
from toolkit import locks
with locks.held(Path(sys.argv[1]), "autopilot"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds a folder of results until its input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "out")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline().strip() == b"held"
    yield process
    process.kill()
    process.communicate()


def test_who_holds_it_is_said_with_the_time(tmp_path, other) -> None:
    words = rf"in use: autopilot, process {other.pid} on .*, since 20\d\d-\d\d-\d\d \d\d:\d\d"
    with pytest.raises(InUse, match=words), locks.held(tmp_path / "out", "mine"):
        pass


def test_it_ends_with_its_holder_however_that_ends(tmp_path, other) -> None:
    other.send_signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    other.wait()
    with locks.held(tmp_path / "out", "mine"):
        assert "mine" in locks.holder(tmp_path / "out")
    assert not [path for path in (tmp_path / "out").iterdir() if "lock" in path.name]


def test_two_threads_of_one_process_exclude_each_other_too(tmp_path) -> None:
    def try_it() -> None:
        with pytest.raises(InUse), locks.held(tmp_path, "second"):
            pass
        seen.append(True)

    seen: list[bool] = []
    with locks.held(tmp_path, "first"):
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
    assert seen == [True]


def test_a_folder_that_was_made_for_nothing_goes_again(tmp_path) -> None:
    with pytest.raises(ValueError, match="x"), locks.held(tmp_path / "a", "one"):
        raise ValueError("x")
    assert not (tmp_path / "a").exists()
    with locks.held(tmp_path / "a", "one"):
        (tmp_path / "a" / "kept.txt").touch()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["kept.txt"]
    (tmp_path / "b").mkdir()
    with locks.held(tmp_path / "b", "one"):
        pass
    assert (tmp_path / "b").is_dir()


def test_a_run_that_fails_leaves_the_lock_of_those_who_decide(tmp_path) -> None:
    out = tmp_path / "out"
    with locks.held(out, "a run"):
        deciding = locks.deciding(out)
        deciding.__enter__()
    assert (out / locks.DECISIONS).exists()
    deciding.__exit__(None, None, None)


def test_while_one_decides_the_other_waits_and_both_are_kept(
    album_folder, tmp_path, colours
) -> None:
    out = tmp_path / "out"
    looked = modes.look(album_folder, settings=AutopilotSettings(), subject=colours)
    keys = [key_of(looked.album, row) for row in range(2)]
    mine, other = (Decision("ignore", key) for key in keys)
    waiting = threading.Thread(target=decisions.add, args=(out, [other]))
    with locks.deciding(out):
        before = decisions.read(out)
        waiting.start()
        waiting.join(0.5)
        decisions.write(out, (*before, mine))
    waiting.join(30)
    assert set(decisions.read(out)) == {mine, other}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_folder_that_cannot_be_is_refused_in_words(tmp_path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to(tmp_path / "file" / "x")
    for name in ("file", "nowhere"):
        with pytest.raises(BadFolder, match="cannot be written"), locks.held(tmp_path / name, "x"):
            pass


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"since": 1e400}', '{"since": "x"}', "[" * 3000, "\x00"]
)
def test_a_damaged_word_of_who_holds_it_is_no_word(tmp_path, text) -> None:
    (tmp_path / locks.HOLDER).write_text(text)
    assert locks.holder(tmp_path) == ""


class TestWhatHoldsIt:
    def test_a_run_is_refused_before_the_long_work(
        self, album_folder, tmp_path, colours, other
    ) -> None:
        with pytest.raises(InUse, match="autopilot, process"):
            modes.autopilot(album_folder, tmp_path / "out", subject=colours)
        assert colours.encoder.encoded == 0
        # To look at the plan needs no lock.
        modes.autopilot(album_folder, tmp_path / "out", subject=colours, dry_run=True)

    def test_point_and_shoot_too(self, album_folder, tmp_path, colours, other) -> None:
        (tmp_path / "people" / "ann").mkdir(parents=True)
        (tmp_path / "people" / "ann" / "1.png").write_bytes((album_folder / "a1.png").read_bytes())
        with pytest.raises(InUse, match="autopilot, process"):
            modes.point_and_shoot(
                album_folder, tmp_path / "people", tmp_path / "out", subject=colours
            )
        assert colours.encoder.encoded == 0

    def test_an_export_and_a_panel_too(self, album_folder, tmp_path, colours, other) -> None:
        looked = modes.look(album_folder, settings=AutopilotSettings(), subject=colours)
        result = modes.autopilot_of(looked, settings=AutopilotSettings())
        with pytest.raises(InUse, match="autopilot, process"):
            modes.export_result(result, tmp_path / "out")
        session = Session(looked, GroupingAssigner(AutopilotSettings()))
        with pytest.raises(InUse, match="autopilot, process"):
            session.export(tmp_path / "out")
        assert not [path for path in (tmp_path / "out").iterdir() if path.is_dir()]

    def test_a_decision_need_not_wait_for_a_long_run(
        self, album_folder, tmp_path, colours, other
    ) -> None:
        looked = modes.look(album_folder, settings=AutopilotSettings(), subject=colours)
        session = Session(looked, GroupingAssigner(AutopilotSettings()), out=tmp_path / "out")
        session.rename("person_001", "Ann")
        assert "Ann" in (tmp_path / "out" / "decisions.csv").read_text()

    def test_while_one_runs_the_other_says_so(self, album_folder, tmp_path, colours) -> None:
        said: list[str] = []

        def meddle(*_: object) -> None:
            if not said:
                try:
                    modes.autopilot(album_folder, tmp_path / "out", subject=colours)
                except InUse as error:
                    said.append(str(error))

        modes.autopilot(album_folder, tmp_path / "out", subject=colours, progress=meddle)
        assert f"process {os.getpid()}" in said[0]
