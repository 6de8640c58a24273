"""
The fixtures for tests in a real browser: Chromium, a JupyterLab server, pages.

Every test file has them. The server and the browser
last as long as one file's tests: while Playwright is at work an event loop runs in this thread,
which other files' tests would trip over.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from browser_lab import HERE, READY, Lab, start_lab, wait_for
from browser_seen import ARTIFACTS, SEE_SECONDS, VIEWPORT
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = "SIGHTINGS_CHROMIUM"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """Return the browser's path; without one the test is skipped, or fails where CI is set."""
    named = os.environ.get(CHROMIUM, "/usr/bin/chromium")
    if Path(named).is_file():
        return named
    reason = f"no browser: {named} is missing; install chromium, or name one in {CHROMIUM}"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    path = chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab server for this file's tests; its log is kept beside the screenshots."""
    chromium()
    started = start_lab(tmp_path_factory.mktemp("lab"))
    try:
        yield started
    finally:
        started.stop()
        ARTIFACTS.mkdir(exist_ok=True)
        shutil.copy(started.log, ARTIFACTS / f"{Path(request.path).stem}.lab.log")


@dataclass
class Watch:
    """What pages did that nobody sees: errors, and addresses that were asked."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        """Write down what a page does from now on."""
        page.on("pageerror", lambda error: self.errors.append(f"{error}\n{error.stack or ''}"))
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda opened: self.requests.append(opened.url))
        page.on(
            "console",
            lambda said: self.errors.append(said.text) if _matters(said.type, said.text) else None,
        )

    def elsewhere(self) -> list[str]:
        """Return the addresses asked that are not of this machine."""
        local = ("data:", "blob:", "about:", f"http://{HERE}:", f"ws://{HERE}:")
        return [address for address in self.requests if not address.startswith(local)]


def _matters(kind: str, text: str) -> bool:
    # Not errors of a script: the server's word that an optional file is missing, and JupyterLab's
    # that a kernel was restarted before it had answered the debugger.
    return kind == "error" and not text.startswith(
        ("Failed to load resource", "Could not restore the debugger state")
    )


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What the test's pages did; a script's error fails the test, as does asking elsewhere."""
    seen = Watch()
    yield seen
    assert not seen.errors, "errors in the browser:\n" + "\n".join(seen.errors)
    assert not seen.elsewhere(), f"asked other machines: {seen.elsewhere()}"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without any history, for one test."""
    made = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
    made.set_default_timeout(SEE_SECONDS * 1000)
    yield made
    made.close()


@pytest.fixture
def open_notebook(lab: Lab, context: BrowserContext, watch: Watch) -> Callable[[str], Page]:
    """A function that opens a notebook in a new page (1280 x 900 px), its kernel ready."""

    def opened(name: str) -> Page:
        page = context.new_page()
        watch.follow(page)
        page.goto(lab.address(name))
        wait_for(page, READY)
        assert not page.locator("dialog, .jp-Dialog").count(), "a dialog stands in the way"
        return page

    return opened
