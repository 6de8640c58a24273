"""Nothing is lost on the way: in JupyterLab as it is delivered, by its default windowing."""

import json
from pathlib import Path

import pytest
from browser_fixtures import KEPT
from browser_lab import LAB_SETTINGS, at_rest, in_kernel, run_all, wait_for
from browser_seen import ARTIFACTS, becomes, nothing_cut_off, nothing_was_run, screenshot, see
from tiles import save_tiles

from toolkit.curation import decisions

pytestmark = pytest.mark.browser

SHARED = Path(__file__).resolve().parents[1] / "shared"
PANEL = ".sightings-autopilot"
CARD = f"{PANEL} .sightings-card"
TRACKER = "@jupyterlab/notebook-extension/tracker"
# A folder whose name tries to be a picture.
BAD = "Norway <img src=x onerror=window.hacked=1>"
SCROLLED = "document.querySelector('.jp-WindowedPanel-outer')"

SHOW = f"""
import os, sys
sys.path.insert(0, {str(SHARED)!r})
os.environ["SIGHTINGS_RECENT"] = {{recent!r}}
from tiles import ColourEncoder, TileDetector
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE
from toolkit.widgets.autopilot import AutopilotPanel
subject = Subject("tile", TileDetector(), ColourEncoder(), FACE.words)
panel = AutopilotPanel(subject=subject)
panel
"""
# What follows the panel is higher than the window.
BELOW = ["print('\\n'.join(f'line {n}' for n in range(60)))"] * 3


@pytest.fixture(scope="module", autouse=True)
def as_delivered(lab):
    """Which cells are in the page is as JupyterLab has it by default."""
    package, _, name = TRACKER.rpartition("/")
    settings = lab.private / "settings" / package / f"{name}.jupyterlab-settings"
    delivered = {
        key: value for key, value in LAB_SETTINGS[TRACKER].items() if key != "windowingMode"
    }
    settings.write_text(json.dumps(delivered))
    yield
    # A page knows the settings that it began with.
    KEPT.clear()


@pytest.fixture
def photos(tmp_path):
    """Photos of eleven people: more than the window shows at a time."""
    folder = tmp_path / BAD
    for number in range(4):
        save_tiles(folder / f"a{number}.png", "ann", shade=2 * number)
    for number in range(3):
        save_tiles(folder / f"b{number}.png", "bob", shade=2 * number)
    for who in ("cem", "dee", "eve"):
        for number in range(2):
            save_tiles(folder / f"{who}{number}.png", who, shade=2 * number)
    for k, who in enumerate(("ann", "bob", "cem", "dee", "eve")):
        save_tiles(folder / f"dark {who}.png", who, shade=110 + k)
    return folder


def bottom(page):
    page.evaluate(f"() => {{ {SCROLLED}.scrollTop = {SCROLLED}.scrollHeight; }}")
    wait_for(page, f"() => document.querySelector('{PANEL}').getBoundingClientRect().bottom < 0")


def field_of(page, name):
    return page.locator(f'{CARD}[data-key="{name}"] input')


def focused(page):
    """Return whose name has the focus."""
    return page.evaluate("() => document.activeElement.closest('[data-key]')?.dataset.key ?? ''")


def keys(page):
    return page.locator(CARD).evaluate_all("all => all.map(each => each.dataset.key)")


def in_window(page, selector):
    """Whether something is wholly in the window, and nothing else lies on it."""
    return page.evaluate(
        """selector => [...document.querySelectorAll(selector)].some(each => {
            const {left, top, right, bottom, width, height} = each.getBoundingClientRect();
            const inside = width && height && left >= 0 && top >= 0 && right <= innerWidth
                && bottom <= innerHeight;
            const at = inside && document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
            return Boolean(at) && each.contains(at);
        })""",
        selector,
    )


def test_from_a_look_that_nobody_watched_to_a_page_that_is_reloaded(
    lab, open_notebook, photos, tmp_path
):
    kept = photos.with_name(f"{BAD} sorted")
    cell = SHOW.format(recent=str(tmp_path / "recent.json"))
    page = open_notebook(lab.add_notebook("kept.ipynb", cell, *BELOW), fresh=True)
    config = "window.jupyterapp.shell.currentWidget.content.notebookConfig.windowingMode"
    assert page.evaluate(f"() => {config}") != "none"
    run_all(page)
    page.locator(f"{PANEL} input").first.fill(str(photos))
    becomes(page, lambda: page.get_by_label("Sorted folders go to").first.input_value(), str(kept))
    at_rest(page)

    # The cell is out of view when results arrive, and the first faces are lost on the way.
    bottom(page)
    in_kernel(
        page,
        "send, lost = panel.individuals.sheet.send, []\n"
        "def losing(content, buffers=None):\n"
        "    if content['kind'] == 'pictures' and not lost:\n"
        "        lost.append(content)\n"
        "    else:\n"
        "        send(content, buffers)\n"
        "panel.individuals.sheet.send = losing\n"
        "panel.form.take(panel.form.settings().__class__(threshold=0.3, jobs=1))\n"
        "panel.start()",
    )
    at_rest(page)
    wait_for(page, f"() => document.querySelectorAll('{CARD} img').length > 10")
    in_kernel(page, "import time\nwhile not lost: time.sleep(0.01)")
    assert kept.is_dir()
    assert not [each for each in kept.iterdir() if each.is_dir()]
    page.locator(CARD).first.scroll_into_view_if_needed()
    wait_for(
        page,
        f"""() => {{
            const all = [...document.querySelectorAll('{CARD} img')];
            return all.length && all.every(
                each => each.src && each.naturalWidth > 10 && each.clientHeight > 50);
        }}""",
    )
    screenshot(page, "kept-1-faces")
    people = keys(page)
    assert len(people) == 10

    # Enter goes from one without a name to the next; who has one is passed over.
    field_of(page, people[1]).click()
    page.keyboard.type("Bob")
    page.keyboard.press("Enter")
    becomes(page, lambda: focused(page), people[2])
    at_rest(page)
    becomes(page, lambda: keys(page)[1], "Bob")
    assert focused(page) == people[2]
    field_of(page, people[0]).click()
    page.keyboard.type("Ann")
    page.keyboard.press("Enter")
    becomes(page, lambda: focused(page), people[2])
    # The next name is typed before the one before is sorted by, and none is lost.
    page.keyboard.type("Cem")
    page.keyboard.press("Enter")
    page.keyboard.type("Dee")
    page.keyboard.press("Enter")
    at_rest(page)
    becomes(page, lambda: set(keys(page)) >= {"Ann", "Bob", "Cem", "Dee"}, True)
    becomes(page, lambda: focused(page), people[4])
    selected = "() => document.activeElement.value.slice(document.activeElement.selectionStart)"
    assert page.evaluate(selected) in (people[4], "")

    # The last card: what is said, and Undo, are where the user is, however slow the machine is.
    in_kernel(page, "panel.individuals.sheet.stays = 3600")
    last = page.locator(CARD).last
    last.scroll_into_view_if_needed()
    last.locator("input").click()
    page.keyboard.type("Zoe")
    page.keyboard.press("Enter")
    at_rest(page)
    becomes(page, lambda: "Zoe" in keys(page), True)
    assert not in_window(page, f"{PANEL} .sightings-tools button")
    becomes(page, lambda: in_window(page, ".sightings-toast"), True)
    toast = page.locator(".sightings-toast:visible")
    becomes(page, lambda: " is Zoe." in toast.inner_text(), True)
    becomes(page, lambda: focused(page), "Zoe")
    page.screenshot(path=ARTIFACTS / "kept-2-toast.png")
    toast.get_by_role("button", name="Undo").click()
    becomes(page, lambda: "Taken back" in toast.inner_text(), True)
    at_rest(page)
    becomes(page, lambda: "Zoe" in keys(page), False)
    page.locator(f"{PANEL} .sightings-tools").scroll_into_view_if_needed()
    becomes(page, lambda: page.locator(".sightings-toast:visible").count(), 0)

    # A name that somebody has asks on the card, with both faces, until it is answered.
    other = page.locator(CARD).last.get_attribute("data-key")
    field_of(page, other).click()
    page.keyboard.type("ann")
    page.keyboard.press("Enter")
    asks = page.locator(f'{CARD}[data-key="{other}"] .sightings-asks')
    asks.wait_for(state="visible")
    assert f"Are {other} and Ann one person?" in asks.inner_text()
    assert asks.locator("figure").count() == 2
    wait_for(
        page,
        """() => {
            const all = [...document.querySelectorAll('.sightings-asks img')];
            return all.length >= 2 && all.every(each => each.naturalWidth > 10);
        }""",
    )
    at_rest(page)
    becomes(page, lambda: field_of(page, other).input_value(), "ann")
    assert focused(page) == other
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "kept-3-asks")
    field_of(page, people[4]).click()
    page.keyboard.type("Eve")
    page.keyboard.press("Enter")
    at_rest(page)
    becomes(page, lambda: "Eve" in keys(page), True)
    assert asks.is_visible()
    asks.get_by_role("button", name="Yes, one person").click()
    at_rest(page)
    becomes(page, lambda: page.locator(".sightings-asks").count(), 0)
    becomes(page, lambda: len(keys(page)), 9)

    # A new page, and a new kernel that knows nothing: the album is there again.
    named = {"Ann", "Bob", "Cem", "Dee", "Eve"}
    assert {each.name for each in decisions.read(kept) if each.kind == "name"} >= named
    page = open_notebook(lab.add_notebook("again.ipynb", cell))
    run_all(page)
    at_rest(page)
    see(page, "text=of the result in")
    becomes(page, lambda: set(keys(page)) >= named, True)
    assert page.locator(f"{PANEL} input").first.input_value() == str(photos)
    assert page.get_by_label("Sorted folders go to").first.input_value() == str(kept)
    shown = page.get_by_label("Recent albums").locator("option").nth(1).inner_text()
    assert f"{BAD} · 18 photos, 9 people" in shown.replace("\xa0", " ")
    nothing_was_run(page)
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "kept-4-again")
    lab.stop_kernels()


def press(page, text):
    at_rest(page)
    page.locator(f"{PANEL} button", has_text=text).locator("visible=true").first.click()


def exported(page):
    """Show the plan and carry it out."""
    press(page, "Show the plan")
    see(page, f"{PANEL} >> text=The plan")
    press(page, "Export: ")
    see(page, f"{PANEL} >> text=Exported.")
    at_rest(page)


def folders(out):
    return {each.name for each in out.iterdir() if each.is_dir()}


def test_who_is_hidden_what_is_taken_back_and_albums_beside_each_other(
    lab, open_notebook, photos, tmp_path
):
    kept, other = photos.with_name(f"{BAD} sorted"), tmp_path / "other photos"
    save_tiles(other / "1.png", "ann")
    cell = SHOW.format(recent=str(tmp_path / "recent.json"))
    page = open_notebook(lab.add_notebook("hidden.ipynb", cell))
    run_all(page)
    field = page.locator(f"{PANEL} input").first
    field.fill(str(photos))
    becomes(page, lambda: page.get_by_label("Sorted folders go to").first.input_value(), str(kept))
    at_rest(page)
    in_kernel(page, "panel.form.take(panel.form.settings().__class__(threshold=0.3, jobs=1))")
    press(page, "Start")
    see(page, f"{PANEL} >> text=Done.")
    at_rest(page)
    becomes(page, lambda: len(keys(page)), 10)

    # Somebody gets no folder; the export is taken back, and what was decided is not.
    hidden = keys(page)[-1]
    page.locator(f'{CARD}[data-key="{hidden}"]').get_by_role("button", name="No folder").click()
    see(page, f"{PANEL} >> text={hidden} is hidden")
    at_rest(page)
    becomes(page, lambda: page.locator(f"{PANEL} .sightings-badge:has-text('hidden')").count(), 1)
    exported(page)
    assert folders(kept) == set(keys(page)) - {hidden}
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "kept-5-exported")
    press(page, "Undo the last export")
    see(page, f"{PANEL} >> text=Undone.")
    at_rest(page)
    assert folders(kept) == set()
    assert [each.kind for each in decisions.read(kept)] == ["hide"]
    screenshot(page.locator(PANEL), "kept-6-undone")

    # What is new is added, and what changed is said.
    exported(page)
    save_tiles(photos / "new.png", "ann", shade=3)
    press(page, "Start")
    at_rest(page)
    see(page, f"{PANEL} >> text=Done.")
    exported(page)
    see(page, f"{PANEL} .sightings-news >> text=1 photo came")
    assert folders(kept) == set(keys(page)) - {hidden}
    screenshot(page.locator(PANEL), "kept-7-changed")

    # Photos of another album, into the folder of this one: it is said before anything is done.
    record = (kept / "run.json").read_bytes()
    field.fill(str(other))
    at_rest(page)
    out = page.get_by_label("Sorted folders go to").first
    out.fill(str(kept))
    out.press("Enter")
    press(page, "Start")
    see(page, f"{PANEL} [role=alert]:has-text('holds the album of')")
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "kept-8-another")
    at_rest(page)
    assert (kept / "run.json").read_bytes() == record

    # The earlier result in that folder, opened, has its own photos in the form again.
    press(page, "Open the earlier result")
    at_rest(page)
    becomes(page, field.input_value, str(photos))
    becomes(page, out.input_value, str(kept))
    see(page, f"{PANEL} >> text=of the result in")
    field.fill(str(other))
    at_rest(page)

    # A recent album brings its folders and its people back.
    page.get_by_label("Recent albums").select_option(index=1)
    at_rest(page)
    becomes(page, field.input_value, str(photos))
    becomes(page, out.input_value, str(kept))
    see(page, f"{PANEL} >> text=of the result in")
    becomes(page, lambda: hidden in keys(page), True)
    nothing_was_run(page)
    lab.stop_kernels()
