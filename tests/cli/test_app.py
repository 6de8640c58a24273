"""The app: its arguments, its guards, and its page in a real browser."""

import ast
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser_lab import ended
from browser_seen import nothing_cut_off, screenshot
from hypothesis import given
from hypothesis import strategies as st
from served_app import BARE, SECONDS

from toolkit import cli
from toolkit.cli import app
from toolkit.errors import BadFolder, BadSetting

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too: odd file names


def told(monkeypatch):
    """Write down what the app is started with, instead of starting it."""
    seen = {}

    def serve(*folders, subject, port, ready):
        seen.update(folders=folders, subject=subject, port=port)
        ready("http://here/?token=word", "http://here/once/other")

    monkeypatch.setattr(app, "serve", serve)
    return seen


@given(ANY_TEXT, st.none() | ANY_TEXT, st.none() | ANY_TEXT)
def test_a_folder_of_any_name_is_text_in_the_notebook_never_code(photos, people, out):
    text = app.page_notebook(photos, people, out, "animal")
    assert text.isascii()
    (cell,) = json.loads(text)["cells"]
    imported, called = ast.parse(cell["source"]).body
    assert ast.unparse(imported) == "from toolkit.widgets.app_page import shown"
    assert isinstance(called, ast.Expr)
    assert isinstance(called.value, ast.Call)
    assert ast.unparse(called.value.func) == "shown"
    assert [ast.literal_eval(each) for each in called.value.args] == [
        *(photos, people, out),
        "animal",
    ]


def test_quotes_in_a_path_stay_inside_the_text():
    text = app.page_notebook('a\'); import os; (\'"""\\', None, None)
    assert len(ast.parse(json.loads(text)["cells"][0]["source"]).body) == 2


def test_the_arguments_reach_the_app_and_a_browser_opens(monkeypatch, capsys):
    seen, opened = told(monkeypatch), []
    called = threading.Event()
    monkeypatch.setattr("webbrowser.open", lambda url: (opened.append(url), called.set()))
    assert cli.main(["app", "in", "--people", "who", "--out", "to", "--port", "8899"]) == 0
    assert seen == {"folders": ("in", "who", "to"), "subject": None, "port": 8899}
    assert called.wait(10)
    assert opened == ["http://here/once/other"]
    assert "http://here/?token=word\n" in capsys.readouterr().out


def test_a_subject_is_handed_on_and_another_word_is_refused(monkeypatch, capsys):
    seen = told(monkeypatch)
    assert cli.main(["app", "--subject", "animal", "--no-browser"]) == 0
    assert seen["subject"] == "animal"
    assert cli.main(["app", "--subject", "cloud"]) == 2
    assert "choose from 'face', 'animal'" in capsys.readouterr().err


def test_without_arguments_any_port_will_do_and_no_browser_opens_where_told(monkeypatch):
    seen, opened = told(monkeypatch), []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert cli.main(["app", "--no-browser"]) == 0
    assert seen == {"folders": (None, None, None), "subject": None, "port": 0}
    assert opened == []


def test_without_voila_one_line_says_what_to_do(monkeypatch, capsys):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "voila" else find(name)
    )
    assert cli.main(["app", "--no-browser"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "pip install voila" in said


def test_a_port_that_is_taken_is_named(capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert cli.main(["app", "--no-browser", "--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"port {port}" in said
    assert "--port" in said


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_number_that_is_no_port_is_refused(port):
    with pytest.raises(BadSetting, match=str(port)):
        app.serve(port=port, ready=lambda address, once: None)


def test_folders_have_to_be_there_before_anything_starts(tmp_path):
    for folders in ((tmp_path / "none",), (tmp_path, tmp_path / "none"), ("",)):
        with pytest.raises(BadFolder):
            app.serve(*folders, ready=lambda address, once: None)


def test_the_command_line_loads_the_app_only_when_asked():
    code = (
        "import sys; from toolkit.cli import commands; commands.parser(); "
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"toolkit.cli.app", "voila", "tornado", "webbrowser"}.isdisjoint(done.stdout.split())


def test_the_kernel_is_this_python_whatever_is_installed(tmp_path, monkeypatch):
    from jupyter_client.kernelspec import KernelSpecManager

    other = tmp_path / "other" / "kernels" / app.KERNEL
    other.mkdir(parents=True)
    spec = {"argv": ["/bin/false"], "display_name": "x", "language": "python"}
    (other / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "other"))
    with app._jupyter_files(tmp_path / "own"):
        found = KernelSpecManager().get_kernel_spec(app.KERNEL)
    assert found.argv[0] == sys.executable
    assert os.environ["JUPYTER_PATH"] == str(tmp_path / "other")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_told_once_it_ends_in_order_and_told_twice_at_once(name):
    if not hasattr(signal, name):
        pytest.skip(f"this system has no {name}")
    code = f"""
import signal
from toolkit.cli import app

app._end_when_told(lambda: print("in order"))
signal.raise_signal(signal.{name})
try:
    signal.raise_signal(signal.{name})
except KeyboardInterrupt:
    print("at once")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["in order", "at once", ""]


def aged(path: Path, seconds: float) -> Path:
    """Return a path that was last changed so many seconds ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


@pytest.fixture
def temp(tmp_path, monkeypatch):
    """The temp folder that apps put theirs into."""
    folder = tmp_path / "temp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_folder_is_swept_once_its_app_is_dead(temp):
    hold = "import sys, filelock; f = filelock.FileLock(sys.argv[1]); f.acquire(); print(); input()"
    folder = Path(tempfile.mkdtemp(prefix=app.FOLDER))
    (folder / "page").mkdir()
    (folder / "page" / "Sightings.ipynb").touch()
    lock = folder / app.LOCK
    with subprocess.Popen(
        [sys.executable, "-c", hold, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        aged(lock, 2 * app.DAY_SECONDS)
        aged(folder, 2 * app.DAY_SECONDS)
        app.sweep()
        assert (folder / "page" / "Sightings.ipynb").exists()
        other.kill()
    # The other app looked whether it is held.
    aged(lock, app.LOCK_SECONDS + 5)
    app.sweep()
    assert list(temp.iterdir()) == []


def test_a_folder_that_is_just_being_made_is_not_swept(temp):
    young = Path(tempfile.mkdtemp(prefix=app.FOLDER))
    just = Path(tempfile.mkdtemp(prefix=app.FOLDER))
    (just / app.LOCK).touch()
    old = Path(tempfile.mkdtemp(prefix=app.FOLDER))
    aged(young, app.DAY_SECONDS - 60)
    aged(just, 2 * app.DAY_SECONDS)
    aged(old, app.DAY_SECONDS + 60)
    app.sweep()
    assert set(temp.iterdir()) == {young, just}


def test_only_ones_own_folders_are_swept(temp, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (elsewhere / "kept").touch()
    (temp / f"{app.FOLDER}link").symlink_to(elsewhere)
    (temp / f"{app.FOLDER}file").touch()
    (temp / "other-folder").mkdir(mode=0o700)
    shared = temp / f"{app.FOLDER}shared"
    shared.mkdir()
    shared.chmod(0o777)
    linked = Path(tempfile.mkdtemp(prefix=app.FOLDER))
    (linked / app.LOCK).symlink_to(elsewhere / "kept")
    for each in (*temp.iterdir(), elsewhere / "kept", elsewhere):
        aged(each, 2 * app.DAY_SECONDS)
    before = set(temp.iterdir())
    app.sweep()
    assert set(temp.iterdir()) == before
    assert (elsewhere / "kept").exists()

    own = aged(Path(tempfile.mkdtemp(prefix=app.FOLDER)), 2 * app.DAY_SECONDS)
    if hasattr(os, "getuid"):
        with monkeypatch.context() as other:
            other.setattr(os, "getuid", lambda: own.stat().st_uid + 1)
            app.sweep()
        assert own.exists()
    app.sweep()
    assert not own.exists()


@pytest.mark.browser
def test_the_page_shows_and_asks_no_other_machine(served, context, watch):
    page = context.new_page()
    watch.follow(page)
    answer = page.goto(served.address)
    panel = page.locator(".sightings-page")
    panel.wait_for(state="visible")
    panel.get_by_role("heading", name="Sightings").wait_for()
    assert page.title() == "Sightings"
    assert page.locator("img[src=x]").count() == 0
    nothing_cut_off(page, ".sightings-page")
    screenshot(page, "app")
    # Whoever has no option to name a subject with finds it here.
    page.get_by_role("button", name="animals").click()
    for name in ("Calibration", "Capture history"):
        page.get_by_role("tab", name=name).click()
        page.locator(".sightings-captures, .sightings-calibrate").locator("visible=true").wait_for()
        nothing_cut_off(page, ".sightings-page")
    page.get_by_role("button", name="Settings").locator("visible=true").wait_for(state="hidden")
    page.get_by_role("tab", name="All individuals").click()
    page.get_by_role("button", name="Settings").locator("visible=true").click()
    page.get_by_label("boxes (MegaDetector JSON)").locator("visible=true").wait_for()
    nothing_cut_off(page, ".sightings-page")
    screenshot(page, "app-animals")
    assert any("/channels" in address for address in watch.requests)
    assert not watch.elsewhere()
    (kernel,) = served.kernels()
    assert Path(kernel.cmdline()[0]) == Path(sys.executable)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "cdn.jsdelivr.net" not in answer.text()

    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(SECONDS) == 0
    assert ended(kernel)
    assert list((served.folder / "tmp").iterdir()) == []
    assert (served.folder / "err").read_text() == ""


def test_nothing_stays_of_an_app_that_is_killed(serve):
    killed = serve(BARE)
    token = urlsplit(killed.address).query
    assert killed.ask(f"/?{token}")[0] == 200
    (kernel,) = killed.kernels()
    (left,) = (killed.folder / "tmp").iterdir()
    aged(left / app.LOCK, app.LOCK_SECONDS + 5)
    killed.process.kill()
    killed.process.wait()
    killed.wait_for(lambda: ended(kernel))
    assert left.exists()
    successor = serve(BARE)
    (only,) = (killed.folder / "tmp").iterdir()
    assert only != left
    successor.process.terminate()
    assert successor.process.wait(SECONDS) == 0
    assert list((killed.folder / "tmp").iterdir()) == []
