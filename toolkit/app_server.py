"""
The server of the app: Voila, with what guards it.

It listens on 127.0.0.1 and answers to no other host name, every page needs a random token, and the
page may load nothing from anywhere else.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tornado.ioloop import IOLoop
from tornado.web import HTTPError, RequestHandler
from traitlets.config import Config
from voila.app import Voila
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler

from toolkit.errors import SightingsError

HERE = "127.0.0.1"
FORGOTTEN_SECONDS = 600
# A browser that obeys this asks no other machine for anything, whatever Voila's pages refer to.
POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    f"connect-src 'self' ws://{HERE}:* ws://localhost:*; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'"
)


def check_free(port: int) -> None:
    """Raise `SightingsError` if a port of this computer cannot be listened on."""
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


def run(
    notebook: Path,
    folder: Path,
    port: int,
    template: str,
    ready: Callable[[str, str], None],
    end_when_told: Callable[[Callable[[], None]], None],
) -> None:
    """
    Serve a notebook as a page until told to end.

    Parameters
    ----------
    notebook : Path
    folder : Path
        For the files of connections to kernels.
    port : int
        Of this computer; 0 takes any that is free.
    template : str
        Name of Voila's template for the page.
    ready : callable
        Gets two addresses when the page can be opened: the one with the token, and the one that
        works once.
    end_when_told : callable
        Gets a function that ends the server, to be called when the process is told to end.

    Raises
    ------
    SightingsError
        If the port is taken.
    """
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
        "template": template,
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
    end_when_told(lambda: loop.add_callback_from_signal(loop.stop))
    try:
        server.start()
    except SystemExit as stop:
        raise _port_taken(port, "another program has just taken it") from stop


def _some_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])
