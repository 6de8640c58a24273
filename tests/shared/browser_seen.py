"""
What is seen on a page of JupyterLab, for tests: waiting for it, reading it, pictures of it.

A page follows the kernel a moment later, and on a busy machine many moments: what is to be seen
after a click is waited for (`see`, `becomes`), never read at once.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from browser_layout import layout_faults
from playwright.sync_api import Error, Locator, Page

ARTIFACTS = Path(__file__).resolve().parents[2] / "ci-artifacts"
VIEWPORT = {"width": 1280, "height": 900}
SEE_SECONDS = 90
# Chromium draws no taller picture on one texture.
TALLEST_PX = 14_000
# What JupyterLab has above and below a notebook, and some more.
AROUND_PX = 200
# So long may a page take to put things where they stay (s): many times what it takes when alone.
SETTLE_SECONDS = 30

Read = TypeVar("Read")


def in_this_case(selector: str) -> str:
    """Return a selector whose text=words are looked for in upper and lower case as written."""

    def pattern(found: re.Match[str]) -> str:
        words = [re.escape(word).replace("/", r"\/") for word in found[1].split()]
        return "text=/" + r"\s+".join(words) + "/"

    return re.sub(r"""text=([^/'"\s][^'"]*?)(?= >> |$)""", pattern, selector)


def see(page: Page, selector: str, *, seconds: float = SEE_SECONDS) -> Locator:
    """
    Wait until something (CSS, or text=...) is visible in the outputs, and scroll to it.

    Upper and lower case matter: by Playwright's own text=The plan, a button "Show the plan" is the
    plan.
    """
    found = page.locator(".jp-Notebook .jp-OutputArea").locator(in_this_case(selector)).first
    end = time.monotonic() + seconds
    while True:
        found.wait_for(state="visible", timeout=max(1.0, (end - time.monotonic()) * 1000))
        try:
            found.scroll_into_view_if_needed()
            return found
        except Error as error:
            # It was drawn anew in between; what stands in its place now is meant.
            if "not attached" not in str(error) or time.monotonic() > end:
                raise


def becomes(
    page: Page, read: Callable[[], Read], wanted: Read, *, seconds: float = SEE_SECONDS
) -> None:
    """Wait until what is read from a page is what is wanted; fail with what it is instead."""
    end = time.monotonic() + seconds
    while (found := read()) != wanted and time.monotonic() < end:
        page.wait_for_timeout(100)
    assert found == wanted


_SCROLLED = """[document.scrollingElement,
    ...document.querySelectorAll('.jp-WindowedPanel-outer, .jp-Notebook')]"""
# How much is out of view (px), and where things were scrolled to.
_TO_THE_TOP = f"""() => {{
    const all = {_SCROLLED};
    const places = all.map(e => e.scrollTop);
    all.forEach(e => {{ e.scrollTop = 0; }});
    return [Math.max(0, ...all.map(e => e.scrollHeight - e.clientHeight)), places];
}}"""


def screenshot(target: Page | Locator, name: str) -> Path:
    """
    Save a picture of a notebook in its whole height, or of one element, as ci-artifacts/NAME.png.

    The window grows for it, as far as the picture's texture allows, and shrinks again.
    """
    ARTIFACTS.mkdir(exist_ok=True)
    path = ARTIFACTS / f"{name}.png"
    page = target if isinstance(target, Page) else target.page
    size = page.viewport_size or VIEWPORT
    hidden, places = page.evaluate(_TO_THE_TOP)
    if not isinstance(target, Page) and (box := target.bounding_box()):
        # A notebook in its whole height takes many times as long to draw as one element.
        hidden = min(hidden, max(0, box["height"] + AROUND_PX - size["height"]))
    try:
        if hidden:
            height = min(size["height"] + int(hidden), TALLEST_PX)
            resize(page, size["width"], height)
        target.screenshot(path=path, animations="disabled")
    finally:
        if hidden:
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
            page.evaluate(
                f"places => {_SCROLLED}.forEach((e, i) => {{ e.scrollTop = places[i]; }})", places
            )
    return path


def resize(page: Page, width: int, height: int) -> None:
    """Make the window of another size, and wait until the page has drawn itself in it."""
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(
        """([width, height]) => new Promise(done => {
            const look = () => innerWidth === width && innerHeight === height
                ? requestAnimationFrame(() => requestAnimationFrame(done))
                : requestAnimationFrame(look);
            look();
        })""",
        [width, height],
    )


_PICTURES = """([selector, least]) => {
    const all = [...document.querySelectorAll(selector)];
    return all.length >= least && all.every(
        image => !image.checkVisibility() || (image.complete && image.naturalWidth > 0));
}"""


def pictures_drawn(page: Page, selector: str, *, least: int = 1) -> None:
    """Wait until so many pictures are there, and each that can be seen is drawn."""
    page.wait_for_function(
        _PICTURES, arg=[selector, least], timeout=SEE_SECONDS * 1000, polling=100
    )


def nothing_was_run(page: Page) -> None:
    """
    Fail if a text that tries to be a picture with a script (`window.hacked`) was taken for one.

    Whether a picture is there is told in the order of asking: one asked for now is the last.
    """
    page.evaluate(
        """() => new Promise(done => {
            const last = new Image();
            last.onerror = last.onload = done;
            last.src = 'x';
        }).then(() => 0)"""
    )
    assert page.evaluate("() => window.hacked") is None
    assert page.locator("img[src=x]").count() == 0


def listen(page: Page, selector: str) -> None:
    """Write down from now on each line that an element says: it may be gone when one looks."""
    page.evaluate(
        """selector => {
            window.listening?.disconnect();
            window.told = [];
            const look = () => {
                const text = document.querySelector(selector)?.innerText ?? '';
                for (const line of text.split('\\n'))
                    if (!window.told.includes(line)) window.told.push(line);
            };
            window.listening = new MutationObserver(look);
            window.listening.observe(
                document.body, {subtree: true, childList: true, characterData: true});
        }""",
        selector,
    )


def told(page: Page, pattern: str) -> list[str]:
    """Wait until a line that was listened to fits a pattern; return all that do."""
    page.wait_for_function(
        "pattern => window.told.some(line => new RegExp(pattern).test(line))",
        arg=pattern,
        timeout=SEE_SECONDS * 1000,
        polling=100,
    )
    return [line for line in page.evaluate("() => window.told") if re.search(pattern, line)]


def nothing_cut_off(
    page: Page, selector: str, *, allow: str | None = None, seconds: float = SETTLE_SECONDS
) -> None:
    """Fail with the list of `layout_faults` that stay, and a screenshot, if there are any."""
    end = time.monotonic() + seconds
    while (faults := layout_faults(page, selector, allow=allow)) and time.monotonic() < end:
        page.wait_for_timeout(200)
    if faults:
        screenshot(page, "cut-off")
    assert not faults, "\n".join(faults)
