"""
The app: the panels as one page in the browser, served by Voila to this computer alone.

What guards it: the server listens on 127.0.0.1 and answers to no other host name, every page needs
a random token, and the page may load nothing from anywhere else. The page is a notebook of one cell
in a folder that only the user can read; the kernel that runs it is this very Python.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolkit import listing, modes
from toolkit.errors import BadSetting, SightingsError

HERE = "127.0.0.1"
KERNEL = "sightings"
TEMPLATE = "sightings"
TITLE = "Sightings"
FORGOTTEN_SECONDS = 600
# A browser that obeys this asks no other machine for anything, whatever Voila's pages refer to.
POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    f"connect-src 'self' ws://{HERE}:* ws://localhost:*; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'"
)
# Voila's own page without its two links to a content delivery network: the icons they bring are
# among its own files already.
PAGE = """\
{%- extends 'voila/templates/lab/index.html.j2' -%}
{% import "spinner.macro.html.j2" as spinner %}
{%- block notebook_css -%}
{{ resources.include_js("static/voila-style.js") }}
{{ spinner.css() }}
<style>.jp-mod-noOutputs.jp-mod-noInput { display: none; }</style>
{{ super.super() }}
{%- endblock notebook_css -%}
"""


def serve(
    photos_folder: str | Path | None = None,
    people: str | Path | None = None,
    out: str | Path | None = None,
    *,
    port: int = 0,
    ready: Callable[[str, str], None],
) -> None:
    """
    Serve the app until the process is told to end (Ctrl-C, SIGTERM).

    Parameters
    ----------
    photos_folder, people, out : str or Path, optional
        What the page's fields hold at the start. The first two have to be there already.
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
    given = _places(photos_folder, people, out)
    if not 0 <= port <= 65535:
        raise BadSetting(f"the port is {port}; expected 1 to 65535, or 0 for any that is free.")
    if importlib.util.find_spec("voila") is None:
        raise SightingsError(
            'the app needs Voila, which is not installed. Run "pip install voila" in the '
            "environment that sightings is in, then try again."
        )
    _check_free(port)
    with tempfile.TemporaryDirectory(prefix="sightings-app-") as made:
        folder = Path(made)
        notebook = folder / "page" / f"{TITLE}.ipynb"
        notebook.parent.mkdir()
        notebook.write_text(page_notebook(*given), encoding="ascii")
        with _jupyter_files(folder / "jupyter"):
            _run_voila(notebook, folder, port, ready)


def page_notebook(photos_folder: str | None, people: str | None, out: str | None) -> str:
    """
    Return the notebook that shows the page, as JSON in ASCII.

    The folders stand in it as Python literals, so that no name is taken for code.
    """
    folders = ", ".join(ascii(each) for each in (photos_folder, people, out))
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "page",
        "metadata": {},
        "outputs": [],
        "source": f"from toolkit.widgets.app_page import page\n\npage({folders})",
    }
    kernel = {"display_name": TITLE, "language": "python", "name": KERNEL}
    metadata = {
        "kernelspec": kernel,
        "language_info": {"name": "python"},
        "title": TITLE,
    }
    return json.dumps({"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def _places(
    photos_folder: str | Path | None, people: str | Path | None, out: str | Path | None
) -> tuple[str | None, str | None, str | None]:
    """Return the folders in full: the page's kernel works elsewhere."""
    places: list[str | None] = []
    for folder, kind in ((photos_folder, "photos"), (people, "people"), (out, None)):
        if folder is None:
            places.append(None)
            continue
        path = modes.folder_at(folder)
        if kind is not None:
            listing.require_folder(path, kind)
        places.append(str(path.absolute()))
    return places[0], places[1], places[2]


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        if os.name != "nt":
            # As the server does: a connection that has just ended does not hold the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HERE, port))
        except OSError as error:
            raise _port_taken(port, error.strerror or str(error)) from error


def _port_taken(port: int, reason: str) -> SightingsError:
    return SightingsError(
        f"port {port} of this computer cannot be used: {reason}. End what uses it, name another "
        "with --port, or leave --port out for any that is free."
    )


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


def _run_voila(notebook: Path, folder: Path, port: int, ready: Callable[[str, str], None]) -> None:
    from tornado.ioloop import IOLoop
    from tornado.web import HTTPError, RequestHandler
    from traitlets.config import Config
    from voila.app import Voila
    from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler

    token, once = secrets.token_urlsafe(32), [secrets.token_urlsafe(32)]

    class Once(RequestHandler):
        """Lead the browser that is started to the page; the second to come is sent away."""

        def get(self, word: str) -> None:
            if not once or not secrets.compare_digest(word, once[0]):
                self.send_error(403)
                return
            once.clear()
            self.set_header("Cache-Control", "no-store")
            self.redirect(f"/?token={token}")

    class Left(VoilaShutdownKernelHandler):  # type: ignore[misc]
        """End the kernel of a page that is left; Voila's own handler refuses the page's word."""

        def check_xsrf_cookie(self) -> None:
            # What a browser sends for a page that closes can carry no header of ours; it does say
            # whose page it was.
            if self.request.headers.get("Origin") != f"http://{self.request.host}":
                raise HTTPError(403)

    class Server(Voila):  # type: ignore[misc]
        """Voila, with the address that works once."""

        def init_handlers(self) -> list[Any]:
            own = [(r"/once/([\w-]+)", Once), (r"/voila/api/shutdown/([\w-]+)", Left)]
            return [*own, *super().init_handlers()]

    voila = {
        "ip": HERE,
        "port": port or _some_port(),
        "port_retries": 0 if port else 20,
        "token": token,
        "notebook_path": str(notebook),
        "open_browser": False,
        "connection_dir_root": str(folder),
        # No setting of the machine or of the user opens what is closed here.
        "config_file_paths": [],
        "log_level": "ERROR",
        "tornado_settings": {
            # Voila switches off the check of the host's name, which keeps other sites' pages out.
            "allow_remote_access": False,
            "local_hostnames": ["localhost"],
            "headers": {
                "Content-Security-Policy": POLICY,
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "same-origin",
            },
        },
    }
    page = {
        "template": TEMPLATE,
        "theme": "light",
        "allow_template_override": "NO",
        "allow_theme_override": "NO",
        "file_allowlist": [],
        "show_tracebacks": True,
    }
    # Browsers that crash say nothing when they leave.
    kernels = {"cull_idle_timeout": FORGOTTEN_SECONDS, "cull_interval": 60}
    settings = {"Voila": voila, "VoilaConfiguration": page, "MappingKernelManager": kernels}
    logging.getLogger("tornado").setLevel(logging.ERROR)
    server = Server(config=Config(settings))
    server.initialize([])

    def listening() -> None:
        base = f"http://{HERE}:{server.port}"
        ready(f"{base}/?token={token}", f"{base}/once/{once[0]}")

    loop = IOLoop.current()
    loop.add_callback(listening)
    _end_when_told(lambda: loop.add_callback_from_signal(loop.stop))
    try:
        server.start()
    except SystemExit as stop:
        raise _port_taken(port, "another program has just taken it") from stop


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


def _some_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])
