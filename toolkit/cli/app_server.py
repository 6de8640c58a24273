"""
The server of the app: Voila, with what guards it.

It listens on 127.0.0.1 and answers to no other host name, every page needs a random token, and the
page may load nothing from anywhere else.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import socket
from collections.abc import Callable
from http.client import responses
from pathlib import Path
from typing import Any, cast

from jupyter_server.auth.identity import PasswordIdentityProvider
from jupyter_server.auth.login import LoginFormHandler
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado.escape import url_escape
from tornado.ioloop import IOLoop
from tornado.web import HTTPError, RequestHandler
from traitlets.config import Config
from voila.app import Voila
from voila.tornado.handler import TornadoVoilaHandler

from toolkit.cli.app_kernels import ASKED, Asked, Client, FullError, Kernels
from toolkit.errors import SightingsError

HERE = "127.0.0.1"
FORGOTTEN_SECONDS = 600
LOOK_SECONDS = 60
# A browser that obeys this asks no other machine for anything, whatever Voila's pages refer to.
POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    f"connect-src 'self' ws://{HERE}:* ws://localhost:*; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'"
)
# Where somebody without a token is led to.
LOGIN = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Sightings</title></head>
<body style="font-family: sans-serif; margin: 2em">
<h1>Sightings</h1>
{refused}
<p>Open the address that the terminal shows, or paste its part after <code>token=</code>:</p>
<form method="post" action="/login?next={next}">
{xsrf}
<input type="password" name="password" aria-label="Token" autofocus>
<button>Open</button>
</form>
</body>
</html>
"""
REFUSED = "<p role='alert'>That is not the token.</p>"


class Once(RequestHandler):
    """Lead the browser that is started to the page; the second to come is sent away."""

    def initialize(self, token: str, words: list[str]) -> None:
        """Take the token of the page, and the one word that it is given for."""
        self.token, self.words = token, words

    def get(self, word: str) -> None:
        """Redirect to the page, once."""
        if not self.words or not secrets.compare_digest(word, self.words[0]):
            self.send_error(403)
            return
        self.words.clear()
        self.set_header("Cache-Control", "no-store")
        self.redirect(f"/?token={self.token}")


class Login(LoginFormHandler):
    """Ask for the token; what Jupyter's own form is drawn with is behind the token, too."""

    def _render(self, message: dict[str, str] | None = None) -> None:
        words = {
            "refused": REFUSED if message else "",
            "next": url_escape(self.get_argument("next", self.base_url)),
            "xsrf": self.xsrf_form_html(),
        }
        self.write(LOGIN.format(**words))


class Page(TornadoVoilaHandler):  # type: ignore[misc]
    """The page, with the kernel that the browser had for it where that one waits."""

    asked: Asked | None = None

    async def get(self, path: str | None = None) -> None:
        """Make the page, or say that there are too many."""
        name = re.sub(r"\W", "-", f"sightings-{self.request.host}")
        browser = self.get_cookie(name)
        if not browser:
            browser = secrets.token_urlsafe(32)
            self.set_cookie(name, browser, httponly=True, samesite="Strict")
        self.asked = Asked(browser)
        before = ASKED.set(self.asked)
        try:
            await super().get(path)
        except FullError as full:
            self.set_status(503)
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            await self.finish(str(full))
        finally:
            ASKED.reset(before)
            self.kernel_manager.made(self.asked)

    def on_connection_close(self) -> None:
        """Note that the browser waits no more for the page."""
        super().on_connection_close()
        if self.asked is not None:
            self.asked.gone = True
            self.kernel_manager.wait_for_return(self.asked.kernel)


class Left(APIHandler):
    """Let the kernel of a page that is left wait for it; Voila's own handler ends it at once."""

    def check_xsrf_cookie(self) -> None:
        """Refuse what another site's page sends."""
        # What a browser sends for a page that closes can carry no header of ours; it does say
        # whose page it was.
        if self.request.headers.get("Origin") != f"http://{self.request.host}":
            raise HTTPError(403)

    def post(self, kernel_id: str) -> None:
        """Take a browser's word that a page is left."""
        cast(Kernels, self.kernel_manager).page_left(kernel_id)
        self.set_status(204)
        self.finish()


class Guard:
    """Let nobody in without the token or its cookie, whatever the handler would let pass."""

    async def prepare(self, **options: Any) -> None:
        """Refuse who is not known; Jupyter lets anybody have its scripts and styles."""
        await super().prepare(**options)  # type: ignore[misc]
        handler = cast(JupyterHandler, self)
        if not handler._finished and handler.current_user is None:
            raise HTTPError(403)

    def write_error(self, status_code: int, **_: Any) -> None:
        """Say what is wrong; Jupyter's own page of errors needs files that Voila does not serve."""
        handler = cast(JupyterHandler, self)
        handler.set_header("Content-Type", "text/plain; charset=utf-8")
        handler.finish(f"{status_code} {responses.get(status_code, '')}")


class Doorkeeper(PasswordIdentityProvider):
    """Who is known, with cookies that no other site's page can use."""

    # Its page fails in Voila, and the app is ended rather than left.
    logout_available = False

    def clear_login_cookie(self, handler: RequestHandler) -> None:
        """Take the cookie back as it was given."""
        name = self.get_cookie_name(handler)
        handler.clear_cookie(name, path="/", httponly=True, **self.cookie_options)


class Server(Voila):  # type: ignore[misc]
    """Voila, with the address that works once, and all others behind the token."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.words = [secrets.token_urlsafe(32)]

    def init_handlers(self) -> list[Any]:
        """Return what answers at which address; the first that matches does."""
        doors = [
            (r"/once/([\w-]+)", Once, {"token": self.token, "words": self.words}),
            (r"/login", Login),
        ]
        behind = [(r"/voila/api/shutdown/([\w-]+)", Left), *super().init_handlers()]
        own = {TornadoVoilaHandler: Page}
        return doors + [
            (path, _guarded(own.get(kind, kind)), *more) for path, kind, *more in behind
        ]


def _guarded(kind: type[RequestHandler]) -> type[RequestHandler]:
    # Plain handlers of tornado's know no user: Jupyter's teaches them.
    known = (kind,) if issubclass(kind, JupyterHandler) else (JupyterHandler, kind)
    return type(kind.__name__, (Guard, *known), {})


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
    token = secrets.token_urlsafe(32)
    voila = {
        "ip": HERE,
        "port": port or _some_port(),
        "port_retries": 0 if port else 20,
        "token": token,
        "identity_provider_class": Doorkeeper,
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
            # The page's scripts read this one and send it back with what they ask.
            "xsrf_cookie_kwargs": {"samesite": "Strict"},
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
        "multi_kernel_manager_class": Kernels,
    }
    # Browsers that crash say nothing when they leave.
    kernels = {"cull_idle_timeout": FORGOTTEN_SECONDS, "cull_interval": LOOK_SECONDS}
    settings = {
        "Voila": voila,
        "VoilaConfiguration": page,
        "MappingKernelManager": kernels,
        "AsyncKernelManager": {"client_factory": Client},
        # A password would be written into a file, and hold for other servers too.
        "PasswordIdentityProvider": {
            "allow_password_change": False,
            "cookie_options": {"samesite": "Strict"},
        },
    }
    logging.getLogger("tornado").setLevel(logging.ERROR)
    server = Server(config=Config(settings))
    server.initialize([])

    def listening() -> None:
        base = f"http://{HERE}:{server.port}"
        ready(f"{base}/?token={token}", f"{base}/once/{server.words[0]}")

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
