"""The app as a user starts it, in a process of its own."""

import contextlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path

import psutil
from browser_lab import end_processes, free_port, kernels_under, private_jupyter

SIGHTINGS = "from toolkit.cli import main; raise SystemExit(main())"
# So long is waited for what takes a moment or a few seconds on a quiet machine.
SECONDS = 120


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
