"""
The app: the panels as one page in the browser, served by Voila to this computer alone.

What guards it: the server listens on 127.0.0.1 and answers to no other host name, every page needs
a random token, and the page may load nothing from anywhere else. The page is a notebook of one cell
in a folder that only the user can read; the kernel that runs it is this very Python.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from toolkit.errors import BadSetting, SightingsError
from toolkit.files import folder_at
from toolkit.photos import listing

KERNEL = "sightings"
TEMPLATE = "sightings"
TITLE = "Sightings"
FOLDER = "sightings-app-"
LOCK = "alive.lock"
LOCK_SECONDS = 10
DAY_SECONDS = 86_400
# Voila's own page without its two links to a content delivery network: the icons they bring are
# among its own files already.
PAGE = """\
{%- extends 'voila/templates/lab/index.html.j2' -%}
{% import "spinner.macro.html.j2" as spinner %}
{%- block notebook_css -%}
{{ resources.include_js("static/voila-style.js") }}
{{ spinner.css() }}
<style>
.jp-mod-noOutputs.jp-mod-noInput { display: none; }
.sightings-page .lm-TabBar { min-height: max-content; }
.sightings-page .lm-TabBar-content { flex-wrap: wrap; }
.sightings-page .lm-TabBar .lm-TabBar-tab { flex: none !important; min-width: max-content; }
</style>
{{ super.super() }}
{%- endblock notebook_css -%}
"""


def serve(
    photos_folder: str | Path | None = None,
    known: str | Path | None = None,
    out: str | Path | None = None,
    *,
    subject: str | None = None,
    port: int = 0,
    ready: Callable[[str, str], None],
) -> None:
    """
    Serve the app until the process is told to end (Ctrl-C, SIGTERM).

    Parameters
    ----------
    photos_folder, known, out : str or Path, optional
        What the page's fields hold at the start. The first two have to be there already.
    subject : str, optional
        What the page is about first: that of the last album, if not given.
    port : int
        Of this computer; 0 takes any that is free.
    ready : callable
        Gets two addresses when the page can be opened: the one with the token, for people, and one
        that works once, for starting a browser: other users of the computer can read what a
        browser is started with, and the token is not among it.

    Raises
    ------
    BadFolder
        If a named folder is missing.
    BadSetting
        If the port is no port.
    SightingsError
        If the port is taken, or Voila is not installed.
    """
    given = _places(photos_folder, known, out)
    if not 0 <= port <= 65535:
        raise BadSetting(f"the port is {port}; expected 1 to 65535, or 0 for any that is free.")
    if importlib.util.find_spec("voila") is None:
        raise SightingsError(
            'the app needs Voila, which is not installed. Run "pip install voila" in the '
            "environment that sightings is in, then try again."
        )
    # Loaded only now: it needs Voila.
    from toolkit.cli import app_server

    app_server.check_free(port)
    sweep()
    with _own_folder() as folder:
        notebook = folder / "page" / f"{TITLE}.ipynb"
        notebook.parent.mkdir()
        notebook.write_text(page_notebook(*given, subject), encoding="ascii")
        with _jupyter_files(folder / "jupyter"):
            app_server.run(notebook, folder, port, TEMPLATE, ready, _end_when_told)


def page_notebook(
    photos_folder: str | None, known: str | None, out: str | None, subject: str | None = None
) -> str:
    """
    Return the notebook that shows the page, as JSON in ASCII.

    What was given stands in it as Python literals, so that no name is taken for code.
    """
    given = ", ".join(ascii(each) for each in (photos_folder, known, out, subject))
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "page",
        "metadata": {},
        "outputs": [],
        "source": f"from toolkit.widgets.app_page import shown\n\nshown({given})",
    }
    kernel = {"display_name": TITLE, "language": "python", "name": KERNEL}
    metadata = {
        "kernelspec": kernel,
        "language_info": {"name": "python"},
        "title": TITLE,
    }
    return json.dumps({"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def _places(
    photos_folder: str | Path | None, known: str | Path | None, out: str | Path | None
) -> tuple[str | None, str | None, str | None]:
    """Return the folders in full: the page's kernel works elsewhere."""
    places: list[str | None] = []
    for folder, kind in ((photos_folder, "photos"), (known, "known"), (out, None)):
        if folder is None:
            places.append(None)
            continue
        path = folder_at(folder)
        if kind is not None:
            listing.require_folder(path, kind)
        places.append(str(path.absolute()))
    return places[0], places[1], places[2]


def sweep() -> None:
    """
    Remove the folders of apps that were killed before they could.

    A folder counts as one's own if it is a real folder of this user that nobody else may write to.
    Whoever holds its lock is alive. One without a lock is of an older version, or just being made.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        # Another app that starts may be sweeping, too.
        with contextlib.suppress(OSError):
            if _is_own(folder.lstat(), stat.S_ISDIR) and _is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_own(found: os.stat_result, kind: Callable[[int], bool]) -> bool:
    if not hasattr(os, "getuid"):
        return kind(found.st_mode)
    alone = not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return kind(found.st_mode) and found.st_uid == os.getuid() and alone


def _is_left(folder: Path) -> bool:
    try:
        lock = (folder / LOCK).lstat()
    except FileNotFoundError:
        return time.time() - folder.lstat().st_mtime > DAY_SECONDS
    # Between making its lock and taking it an app is alive as well.
    if not _is_own(lock, stat.S_ISREG) or time.time() - lock.st_mtime < LOCK_SECONDS:
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return True
    except Timeout:
        return False


@contextmanager
def _own_folder() -> Iterator[Path]:
    """Make a folder that is held while this process lives, and removed at the end."""
    with (
        tempfile.TemporaryDirectory(prefix=FOLDER) as made,
        FileLock(Path(made) / LOCK, timeout=0),
    ):
        yield Path(made)


@contextmanager
def _jupyter_files(folder: Path) -> Iterator[None]:
    """Let Jupyter find a kernel that is this very Python, and the page's template."""
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": TITLE,
        "language": "python",
    }
    kernel, template = folder / "kernels" / KERNEL, folder / "voila" / "templates" / TEMPLATE
    for made in (kernel, template):
        made.mkdir(parents=True)
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="ascii")
    (template / "conf.json").write_text('{"base_template": "lab"}', encoding="ascii")
    (template / "index.html.j2").write_text(PAGE, encoding="ascii")
    before = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, (str(folder), before)))
    try:
        yield
    finally:
        if before is None:
            del os.environ["JUPYTER_PATH"]
        else:
            os.environ["JUPYTER_PATH"] = before


def _end_when_told(end: Callable[[], None]) -> None:
    """
    Call a function at the first Ctrl-C, SIGTERM or SIGHUP (a terminal that closes).

    Python's own KeyboardInterrupt would break off whatever the server is at in that moment.
    """

    def told(number: int, _frame: object) -> None:
        # Whoever says it twice does not want to wait for the kernels: they see it, and end.
        signal.signal(number, signal.default_int_handler)
        end()

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), told)
