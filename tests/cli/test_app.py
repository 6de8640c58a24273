"""The app: its arguments, its guards, and its page in a real browser."""

import ast
import contextlib
import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from browser_lab import PROJECT, end_processes, ended, free_port, kernels_under, private_jupyter
from browser_seen import becomes, nothing_cut_off, screenshot
from hypothesis import given
from hypothesis import strategies as st
from tiles import save_tiles

from toolkit import cli
from toolkit.cli import app
from toolkit.errors import BadFolder, BadSetting

SIGHTINGS = "from toolkit.cli import main; raise SystemExit(main())"
ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too: odd file names
NOBODY = "00000000-0000-0000-0000-000000000000"
# So long is waited for what takes a moment or a few seconds on a quiet machine.
SECONDS = 120


def told(monkeypatch):
    """Write down what the app is started with, instead of starting it."""
    seen = {}

    def serve(*folders, port, ready):
        seen.update(folders=folders, port=port)
        ready("http://here/?token=word", "http://here/once/other")

    monkeypatch.setattr(app, "serve", serve)
    return seen


@given(ANY_TEXT, st.none() | ANY_TEXT, st.none() | ANY_TEXT)
def test_a_folder_of_any_name_is_text_in_the_notebook_never_code(photos, people, out):
    text = app.page_notebook(photos, people, out)
    assert text.isascii()
    (cell,) = json.loads(text)["cells"]
    imported, called = ast.parse(cell["source"]).body
    assert ast.unparse(imported) == "from toolkit.widgets.app_page import shown"
    assert isinstance(called, ast.Expr)
    assert isinstance(called.value, ast.Call)
    assert ast.unparse(called.value.func) == "shown"
    assert [ast.literal_eval(each) for each in called.value.args] == [photos, people, out]


def test_quotes_in_a_path_stay_inside_the_text():
    text = app.page_notebook('a\'); import os; (\'"""\\', None, None)
    assert len(ast.parse(json.loads(text)["cells"][0]["source"]).body) == 2


def test_the_arguments_reach_the_app_and_a_browser_opens(monkeypatch, capsys):
    seen, opened = told(monkeypatch), []
    called = threading.Event()
    monkeypatch.setattr("webbrowser.open", lambda url: (opened.append(url), called.set()))
    assert cli.main(["app", "in", "--people", "who", "--out", "to", "--port", "8899"]) == 0
    assert seen == {"folders": ("in", "who", "to"), "port": 8899}
    assert called.wait(10)
    assert opened == ["http://here/once/other"]
    assert "http://here/?token=word\n" in capsys.readouterr().out


def test_without_arguments_any_port_will_do_and_no_browser_opens_where_told(monkeypatch):
    seen, opened = told(monkeypatch), []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert cli.main(["app", "--no-browser"]) == 0
    assert seen == {"folders": (None, None, None), "port": 0}
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


class Served:
    """
    The app as a user starts it, with a browser that only writes down what it is given.

    `before` is Python that runs first: other seconds and bounds than a user has.
    """

    def __init__(self, folder: Path, photos: Path, before: str = "") -> None:
        self.folder = folder
        opener = folder / "browser.py"
        opener.write_text(
            "import pathlib, sys\n"
            f"pathlib.Path({str(folder / 'opened')!r}).write_text(sys.argv[1])\n"
        )
        (folder / "tmp").mkdir(exist_ok=True)
        environment = private_jupyter(folder / "jupyter")
        environment["BROWSER"] = f"{sys.executable} {opener} %s"
        # The kernel works elsewhere: without this it could find another checkout.
        environment["PYTHONPATH"] = str(PROJECT)
        environment["TMPDIR"] = str(folder / "tmp")
        self.port = free_port()
        code = f"{before}\n{SIGHTINGS}"
        command = [sys.executable, "-c", code, "app", str(photos), "--port", str(self.port)]
        # What a shell starts in the background has Ctrl-C ignored; it is to end all the same.
        usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
        with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
        signal.signal(signal.SIGINT, usual)
        self.address = self.wait_for(self._printed).split()[3]

    def _printed(self) -> str:
        text = (self.folder / "out").read_text()
        assert self.process.poll() is None, (self.folder / "err").read_text()
        return text if text.count("\n") == 2 else ""

    def wait_for(self, told, seconds: float = SECONDS):
        """Return what a function returns, once it is something."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(FileNotFoundError):
                if found := told():
                    return found
            time.sleep(0.05)
        raise AssertionError("nothing came")

    def end(self) -> None:
        """End the app and its kernels."""
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.process.pid)
            end_processes([*process.children(recursive=True), process])
        self.process.wait()

    def kernels(self) -> list[psutil.Process]:
        """Return the kernels that run."""
        return kernels_under(self.process.pid)

    def ask(
        self, path: str, body: bytes | None = None, method: str | None = None, **headers: str
    ) -> tuple[int, Message, str]:
        """Ask, without a token of its own; what a redirection leads to is not asked."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *arguments):
                return None

        address = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(address, body, headers, method=method)
        try:
            with urllib.request.build_opener(Stay).open(request, timeout=SECONDS) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read().decode()


@pytest.fixture
def serve(tmp_path, album_folder):
    """A function that starts the app in a folder of its own; all end with the test."""
    renamed = album_folder.rename(
        album_folder.parent / "photos <img src=x onerror=alert(1)> 'and' \"so\""
    )
    started = []

    def start(before: str = "") -> Served:
        folder = tmp_path / f"app{len(started)}"
        folder.mkdir()
        (folder / "tmp").symlink_to(tmp_path / "tmp")
        started.append(Served(folder, renamed, before))
        return started[-1]

    (tmp_path / "tmp").mkdir()
    try:
        yield start
    finally:
        for each in started:
            each.end()


@pytest.fixture
def served(serve):
    return serve()


# Adds the patterns of all addresses that the server answers at to a file, as it starts.
RULES = """
import json, os, tornado.web
def add_handlers(self, host, rules, add=tornado.web.Application.add_handlers):
    with open(os.environ["TMPDIR"] + "/rules", "a") as written:
        for path, *_ in rules:
            print(json.dumps(path), file=written)
    add(self, host, rules)
tornado.web.Application.add_handlers = add_handlers
"""


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    """An app for tests that leave it as it was: to start one takes seconds."""
    folder = tmp_path_factory.mktemp("lasting")
    save_tiles(folder / "photos" / "a1.png", "ann")
    started = Served(folder, folder / "photos", RULES)
    try:
        yield started
    finally:
        started.end()


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


def test_nobody_gets_in_without_the_token(lasting):
    served, before = lasting, lasting.kernels()
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "c2lnaHRpbmdzIHRlc3RzIQ==",
    }
    for path in ("/", "/?token=wrong", "/api/kernels", "/voila/render/Sightings.ipynb"):
        status, headers, body = served.ask(path)
        assert (status, body) == (302, ""), path
        assert headers["Location"].startswith("/login"), path
    assert served.ask(f"/api/kernels/{NOBODY}")[0] == 403
    assert served.ask(f"/api/kernels/{NOBODY}/channels", **upgrade)[0] == 403
    token = urlsplit(served.address).query
    assert served.ask(f"/voila/files/Sightings.ipynb?{token}")[0] == 403
    assert served.ask(f"/?{token}", Host=f"elsewhere.example:{served.port}")[0] == 403
    assert served.kernels() == before
    for headers in ({}, {"Origin": "http://elsewhere.example"}):
        status, _, _ = served.ask(f"/voila/api/shutdown/{NOBODY}?{token}", b"", **headers)
        assert status == 403
    own = {"Origin": f"http://127.0.0.1:{served.port}"}
    assert served.ask(f"/voila/api/shutdown/{NOBODY}", b"", **own)[0] == 403

    opened = served.wait_for((served.folder / "opened").read_text)
    assert token.removeprefix("token=") not in opened
    path = urlsplit(opened).path
    assert served.ask("/once/guess")[0] == 403
    status, headers, _ = served.ask(path)
    assert (status, headers["Location"]) == (302, f"/?{token}")
    assert served.ask(path)[0] == 403

    inside = [each for each in (served.folder / "tmp").iterdir() if each.is_dir()]
    assert [each.stat().st_mode & 0o777 for each in inside] == [0o700]
    listening = {
        each.laddr.ip
        for each in psutil.Process(served.process.pid).net_connections("inet")
        if each.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


# An address for each pattern, and what it answers to whoever brings the token.
ANSWERS = {
    f"/api/kernels/{NOBODY}": 404,
    f"/api/kernels/{NOBODY}/channels": 404,
    f"/voila/api/shutdown/{NOBODY}": 405,
    "/voila/templates/lab/static/voila.js": 200,
    "/voila/static/voila.js": 200,
    "/voila/api/themes/none.css": 404,
    "/voila/labextensions/@jupyter-widgets/jupyterlab-manager/package.json": 200,
    "/voila/files/Sightings.ipynb": 403,
    "/any": 302,
}


def test_no_address_says_anything_without_the_token(lasting):
    served, before = lasting, lasting.kernels()
    rules = [json.loads(line) for line in (served.folder / "tmp/rules").read_text().splitlines()]
    assert len(rules) > len(ANSWERS)
    token = urlsplit(served.address).query
    doors = {"/once/guess": 403, "/login": 200}
    for rule in rules:
        assert any(re.fullmatch(rule, path) for path in ANSWERS | doors), f"what of {rule}?"
    for path, status in ANSWERS.items():
        assert served.ask(f"{path}?{token}")[0] == status, path
        for method in ("GET", "HEAD", "OPTIONS", "POST", "DELETE"):
            status, headers, body = served.ask(path, method=method)
            led = status == 302 and headers["Location"].startswith("/login?") and not body
            assert led or status in (403, 405), (method, path, status)
    assert served.kernels() == before
    assert (served.folder / "err").read_text() == ""


@pytest.mark.browser
def test_the_way_in_by_hand_asks_for_the_token_alone(lasting, context):
    served = lasting
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{served.port}/voila/static/voila.js")
    assert page.title() == "Sightings"
    page.get_by_label("Token").fill("guess")
    page.get_by_role("button", name="Open").click()
    page.get_by_role("alert").get_by_text("That is not the token.").wait_for()
    screenshot(page, "app-login")
    page.get_by_label("Token").fill(urlsplit(served.address).query.removeprefix("token="))
    with page.expect_response("**/voila.js") as answer:
        page.get_by_role("button", name="Open").click()
    assert answer.value.status == 200


def test_no_cookie_goes_along_from_another_site(lasting):
    served = lasting
    token = urlsplit(served.address).query
    name = f"username-127-0-0-1-{served.port}"
    given = []
    for path in ("/login", f"/?{token}", f"/voila/static/none?{token}"):
        given += served.ask(path)[1].get_all("Set-Cookie")
    given += served.ask("/", Cookie=f"{name}=old")[1].get_all("Set-Cookie")
    assert {each.partition("=")[0] for each in given} >= {"_xsrf", name}
    for each in given:
        said = [word.strip().lower() for word in each.split(";")]
        assert "samesite=strict" in said, each
        # The page's scripts read this one.
        assert ("httponly" in said) == (not each.startswith("_xsrf=")), each


# Where kernels are looked at and not what they show, the page is a word: a kernel is there sooner.
BARE = """
import json
from toolkit.cli import app, app_kernels
def page_notebook(*given, made=app.page_notebook):
    notebook = json.loads(made(*given))
    notebook["cells"][0]["source"] = (
        "import ipywidgets; word = ipywidgets.Label('here'); word.add_class('sightings-page'); word"
    )
    return json.dumps(notebook)
app.page_notebook = page_notebook
"""
LEFT_AT_ONCE = BARE + "app_kernels.RETURN_SECONDS = 0.5"
NEVER_LEFT = BARE + "app_kernels.RETURN_SECONDS = 600"
# On a busy machine a page that is reloaded says late that it was left.
PATIENT = "from toolkit.cli import app_kernels as k; k.MOMENT_SECONDS, k.RETURN_SECONDS = 60, 600"


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


def shown(context, address: str):
    """Open a page and wait for its panel."""
    page = context.new_page()
    page.goto(address)
    page.locator(".sightings-page").wait_for()
    return page


def reloaded(page) -> None:
    page.reload()
    page.locator(".sightings-page").wait_for()


def connected(served: Served) -> list[int]:
    """Return how many pages each kernel has, as the server says."""
    token = urlsplit(served.address).query
    numbers = []
    for kernel in served.kernels():
        (word,) = re.findall(r"kernel-([\w-]+)\.json", " ".join(kernel.cmdline()))
        numbers.append(json.loads(served.ask(f"/api/kernels/{word}?{token}")[2])["connections"])
    return numbers


def kernel_of(page: str) -> str:
    (found,) = re.findall(r'"kernelId": "([\w-]+)"', page)
    return found


@pytest.mark.browser
def test_a_page_that_is_reloaded_is_as_it_was_with_the_same_kernel(serve, context, watch):
    served = serve(PATIENT)
    opened = served.wait_for((served.folder / "opened").read_text)
    page = shown(context, opened)
    watch.follow(page)
    (kernel,) = served.kernels()
    page.get_by_role("tab", name="People I know").click()
    field = page.locator(".sightings-page input[type=text]:visible").first
    field.fill("somewhere else")
    field.press("Enter")
    for _ in range(10):
        reloaded(page)
        tab = page.get_by_role("tab", name="People I know")
        becomes(page, lambda: tab.get_attribute("aria-selected"), "true")  # noqa: B023 - now
        becomes(page, field.input_value, "somewhere else")
        assert served.kernels() == [kernel]
    for cookie in context.cookies():
        assert cookie["sameSite"] == "Strict", cookie
        assert cookie["httpOnly"] == (cookie["name"] != "_xsrf"), cookie
    assert (served.folder / "err").read_text() == ""


@pytest.mark.browser
def test_each_tab_and_each_browser_has_a_kernel_of_its_own(serve, browser, context):
    served = serve(NEVER_LEFT)
    first, second = shown(context, served.address), shown(context, served.address)
    assert len(served.kernels()) == 2
    second.close()
    served.wait_for(lambda: sorted(connected(served)) == [0, 1])
    with browser.new_context() as other:
        shown(other, served.address)
        assert len(served.kernels()) == 3
    # The tab that was closed by mistake.
    shown(context, served.address)
    assert len(served.kernels()) == 3
    first.close()


@pytest.mark.browser
def test_the_kernel_of_a_page_that_is_left_ends_when_the_page_does_not_return(serve, context):
    served = serve(LEFT_AT_ONCE)
    page, other = shown(context, served.address), shown(context, served.address)
    assert len(served.kernels()) == 2
    page.goto("about:blank")
    served.wait_for(lambda: connected(served) == [1])
    other.close(run_before_unload=True)
    served.wait_for(lambda: not served.kernels())


@pytest.mark.browser
def test_there_are_only_so_many_kernels(serve, context):
    served = serve(NEVER_LEFT + "; app_kernels.MOST_KERNELS = 2")
    first, second = shown(context, served.address), shown(context, served.address)
    third = context.new_page()
    assert third.goto(served.address).status == 503
    said = third.locator("body").inner_text()
    assert said == "2 pages are open already; close one, then reload."
    before = served.kernels()
    # As if another browser had had it: nothing of this one is taken over.
    context.clear_cookies()
    second.goto("about:blank")
    third.goto(served.address)
    third.locator(".sightings-page").wait_for()
    after = served.kernels()
    assert len(after) == 2
    assert len(set(after) & set(before)) == 1
    served.wait_for(lambda: connected(served) == [1, 1])
    first.close()


@pytest.mark.browser
def test_a_kernel_without_a_page_is_forgotten_one_with_a_page_is_not(serve, context):
    served = serve(
        BARE + "from toolkit.cli import app_server as s; s.FORGOTTEN_SECONDS, s.LOOK_SECONDS = 8, 1"
    )
    page = shown(context, served.address)
    (kept,) = served.kernels()
    status, _, body = served.ask(f"/?{urlsplit(served.address).query}")
    assert status == 200
    assert kernel_of(body) not in " ".join(kept.cmdline())
    served.wait_for(lambda: served.kernels() == [kept])
    page.locator(".sightings-page").wait_for()


@pytest.mark.browser
def test_a_kernel_that_hangs_is_not_taken_over(serve, context):
    served = serve(NEVER_LEFT + "; app_kernels.ANSWER_SECONDS = 1")
    page = shown(context, served.address)
    (hung,) = served.kernels()
    hung.suspend()
    reloaded(page)
    served.wait_for(lambda: ended(hung))
    served.wait_for(lambda: connected(served) == [1])


# A page that changes all the time, as one does while it searches.
RESTLESS = """
from toolkit.cli import app
def page_notebook(*given, made=app.page_notebook):
    notebook = json.loads(made(*given))
    notebook["cells"][0]["source"] = '''
import threading, time, ipywidgets
def count():
    while True:
        number.value += 1
        time.sleep(0.02)
if "number" not in globals():
    number = ipywidgets.IntText()
    number.add_class("sightings-page")
    threading.Thread(target=count, daemon=True).start()
number
'''
    return json.dumps(notebook)
import json
app.page_notebook = page_notebook
"""


@pytest.mark.browser
def test_a_page_can_be_reloaded_while_its_kernel_is_at_work(serve, context):
    served = serve(f"{PATIENT}\n{RESTLESS}")
    page = shown(context, served.address)
    (kernel,) = served.kernels()
    number = page.locator(".sightings-page input")
    before = int(number.input_value())
    reloaded(page)
    assert int(number.input_value()) >= before
    assert served.kernels() == [kernel]


def test_a_page_takes_over_the_kernel_of_one_that_was_left(serve):
    served = serve(NEVER_LEFT)
    token = urlsplit(served.address).query
    status, headers, body = served.ask(f"/?{token}")
    assert status == 200
    (word,) = (each for each in headers.get_all("Set-Cookie") if each.startswith("sightings-"))
    first, cookie = kernel_of(body), {"Cookie": word.partition(";")[0]}
    # It is being opened: its scripts connect soon.
    second = kernel_of(served.ask(f"/?{token}", **cookie)[2])
    assert second != first
    own = {"Origin": f"http://127.0.0.1:{served.port}"}
    assert served.ask(f"/voila/api/shutdown/{first}?{token}", b"", **own)[0] == 204
    assert kernel_of(served.ask(f"/?{token}")[2]) not in (first, second)
    assert kernel_of(served.ask(f"/?{token}", **cookie)[2]) == first
    assert kernel_of(served.ask(f"/?{token}", **cookie)[2]) != first
    # Those that still wait for a page to return end with the app.
    assert served.ask(f"/voila/api/shutdown/{second}?{token}", b"", **own)[0] == 204
    kernels = served.kernels()
    served.process.terminate()
    assert served.process.wait(SECONDS) == 0
    assert all(ended(kernel) for kernel in kernels)
    assert (served.folder / "err").read_text() == ""


def test_who_does_not_wait_for_a_page_gets_its_kernel_the_next_time(serve):
    served = serve(NEVER_LEFT)
    asked = (
        f"GET /?{urlsplit(served.address).query} HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{served.port}\r\nCookie: {{}}=word\r\n\r\n"
    ).format(cookie := f"sightings-127-0-0-1-{served.port}")
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", served.port)) as browser:
            browser.sendall(asked.encode())
            # The page's head comes as its kernel is started.
            assert browser.recv(1000).startswith(b"HTTP/1.1 200 ")
    token = urlsplit(served.address).query
    assert served.ask(f"/?{token}", Cookie=f"{cookie}=word")[0] == 200
    assert len(served.kernels()) == 1
