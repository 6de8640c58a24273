"""
The fixtures for tests in a real browser: Chromium, a JupyterLab server, pages.

Every test file has them. The browser lasts until a test comes that looks at no page: while
Playwright is at work an event loop runs in this thread, which such tests would trip over. So does a
page of JupyterLab, which takes longer to come than most tests: each test opens its notebook in it,
in place of the one before. The server lasts; each file's tests find it as if it were new.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from browser_lab import (
    HERE,
    READY,
    Lab,
    close_notebooks,
    open_instead,
    start_lab,
    wait_for,
)
from browser_seen import ARTIFACTS, SEE_SECONDS, VIEWPORT, screenshot
from made_once import store_of_the_run
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

CHROMIUM = "SIGHTINGS_CHROMIUM"
# The one without a window, of its own package, takes a quarter less of the processor.
INSTALLED = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")
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
    named = os.environ.get(CHROMIUM)
    for place in (named,) if named else INSTALLED:
        if Path(place).is_file():
            return place
    missing = named or " and ".join(INSTALLED)
    reason = f"no browser: {missing} missing; install chromium, or name one in {CHROMIUM}"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(reason)
    pytest.skip(reason)


class Kept:
    """
    Chromium, without a window, and a page of JupyterLab: kept from one test to the next.

    Attributes
    ----------
    page : Page, optional
    """

    def __init__(self) -> None:
        self.page: Page | None = None
        self._stack = ExitStack()
        self._browser: Browser | None = None

    def browser(self) -> Browser:
        """Return the browser, started if it is not there."""
        if self._browser is None:
            path = chromium()
            playwright = self._stack.enter_context(sync_playwright())
            self._browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            self._stack.callback(self._browser.close)
        return self._browser

    def new_page(self) -> Page:
        """Return a new page of a browser without any history, in place of the one before."""
        self.clear()
        context = self.browser().new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
        context.set_default_timeout(SEE_SECONDS * 1000)
        self.page = context.new_page()
        return self.page

    def clear(self) -> None:
        """Close the page, and all that was opened beside it."""
        if self.page is not None:
            self.page.context.close()
        self.page = None

    def end(self) -> None:
        """Close all."""
        self.page = self._browser = None
        self._stack.close()


KEPT = Kept()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Close what is kept before a test that looks at no page."""
    if "browser" not in getattr(item, "fixturenames", ()):
        KEPT.end()


def pytest_sessionfinish() -> None:
    """Close what is kept."""
    KEPT.end()


@pytest.fixture
def browser() -> Browser:
    """Chromium, without a window."""
    return KEPT.browser()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab server for this process."""
    chromium()
    started = start_lab(tmp_path_factory.mktemp("lab"), store_of_the_run(tmp_path_factory))
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, server: Lab, sample_album: Path) -> Iterator[Lab]:
    """The server as if new, for this file's tests; its log is kept beside the screenshots."""
    said = server.log.stat().st_size
    server.lay_out(sample_album)
    try:
        yield server
    finally:
        if KEPT.page is not None:
            try:
                close_notebooks(KEPT.page)
            except Error:
                KEPT.clear()
        server.stop_kernels()
        ARTIFACTS.mkdir(exist_ok=True)
        log = ARTIFACTS / f"{Path(request.path).stem}.lab.log"
        log.write_bytes(server.log.read_bytes()[said:])


@dataclass
class Watch:
    """What pages did that nobody sees: errors, and addresses that were asked."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> Callable[[], None]:
        """Write down what a page does from now on; return what ends that."""
        heard: dict[str, Callable[[Any], None]] = {
            "pageerror": lambda error: self.errors.append(f"{error}\n{error.stack or ''}"),
            "request": lambda request: self.requests.append(request.url),
            "websocket": lambda opened: self.requests.append(opened.url),
            "console": lambda said: (
                self.errors.append(said.text) if _matters(said.type, said.text) else None
            ),
        }
        for event, note in heard.items():
            page.on(event, note)  # type: ignore[call-overload]

        def end() -> None:
            for event, note in heard.items():
                page.remove_listener(event, note)

        return end

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


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep whether a test failed: what it leaves is not for others."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture
def open_notebook(
    request: pytest.FixtureRequest, browser: Browser, lab: Lab, watch: Watch
) -> Iterator[Callable[..., Page]]:
    """
    A function that opens a notebook in a page (1280 x 900 px), its kernel ready.

    The first page of a test may have shown other tests' notebooks, unless a fresh one is asked for.
    """
    pages, ends = [], []

    def shown(name: str, *, fresh: bool) -> Page:
        if pages:
            page = pages[0].context.new_page()
        elif KEPT.page is None or fresh:
            page = KEPT.new_page()
        else:
            page = KEPT.page
        end = watch.follow(page)
        try:
            if page.url == "about:blank":
                page.goto(lab.address(name))
            else:
                open_instead(page, name)
            wait_for(page, READY)
        except Error:
            end()
            screenshot(page, "not-opened")
            raise
        pages.append(page)
        ends.append(end)
        return page

    def opened(name: str, *, fresh: bool = False) -> Page:
        try:
            page = shown(name, fresh=fresh)
        except Error:
            if pages:
                raise
            # Once in thousands of times, between many loads, JupyterLab waits for ever for the end
            # of the kernel before, or for the first word of the new one.
            KEPT.clear()
            lab.stop_kernels()
            page = shown(name, fresh=True)
        assert not page.locator("dialog, .jp-Dialog").count(), "a dialog stands in the way"
        return page

    yield opened
    for end in ends:
        end()
    for page in pages[1:]:
        page.close()
    if request.node.stash.get(FAILED, False):
        KEPT.clear()
        lab.stop_kernels()
    elif pages:
        pages[0].set_viewport_size(VIEWPORT)  # type: ignore[arg-type]
