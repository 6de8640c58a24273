"""The threshold explorer in JupyterLab, as somebody who never writes a line meets it."""

import re

import pytest
from browser_lab import in_kernel, restart_kernel, run_all, wait_for
from browser_seen import becomes, nothing_cut_off, pictures_drawn, resize, screenshot, see

pytestmark = pytest.mark.browser

NOTEBOOK = "11_tune_the_threshold.ipynb"
PANEL = ".sightings-threshold"
HANDLE = f"{PANEL} .noUi-handle"


def people(page):
    """Return the number of people that the panel says."""
    said = page.locator(f"{PANEL} [role=status] b").first.inner_text()
    return int(re.match(r"[\d,]+", said).group().replace(",", ""))


def changed(page):
    """Return what the panel says has changed."""
    return page.locator(f"{PANEL} p", has_text="What changed").inner_text()


def press(page, name):
    page.locator(PANEL).get_by_role("button", name=name).click()


def drawn(page):
    """Wait until every picture of the panel is there."""
    pictures_drawn(page, f"{PANEL} .sightings-sheet img")


def at_rest(page):
    """Wait until the panel tells of the place where its slider stands; return that."""
    in_kernel(page)

    def told():
        readout = page.locator(f"{PANEL} .widget-readout").inner_text()
        return f"At {readout}" in page.locator(PANEL).inner_text()

    becomes(page, told, True)
    return page.locator(f"{PANEL} .widget-readout").inner_text()


def test_a_threshold_is_found_without_writing_a_line(open_notebook, lab):
    page = open_notebook(NOTEBOOK)
    files = sorted(path for path in lab.root.rglob("*") if ".ipynb_checkpoints" not in path.parts)
    run_all(page)
    see(page, f"{PANEL} .sightings-card img")
    drawn(page)
    becomes(page, lambda: people(page), 3)
    becomes(page, lambda: "move the slider" in changed(page), True)
    becomes(page, page.get_by_role("button", name="Prepare").is_visible, False)
    nothing_cut_off(page, PANEL)
    screenshot(page, "threshold-1-begin")

    # A button goes where somebody falls apart, and their faces are shown side by side.
    press(page, "Next split")
    see(page, f"{PANEL} >> text=becomes 2")
    drawn(page)
    becomes(page, lambda: people(page), 4)
    becomes(page, lambda: bool(re.search(r"compared with 0\.\d{3}: 1 split", changed(page))), True)
    card = page.locator(f"{PANEL} .sightings-card").first
    becomes(page, card.locator("figcaption").count, 3)
    becomes(page, lambda: "THRESHOLD = 0." in page.locator(PANEL).inner_text(), True)
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "threshold-2-split")

    # And back, by the keyboard: the slider, and the button that has the focus.
    page.get_by_role("button", name="Back to automatic").press("Enter")
    see(page, f"{PANEL} >> text=become one")
    drawn(page)
    becomes(page, lambda: people(page), 3)
    becomes(page, lambda: "1 merged" in changed(page), True)
    screenshot(page.locator(PANEL), "threshold-3-merged")
    handle = page.locator(HANDLE)
    at_rest(page)
    # Moves within half a second are one change; here the test says when that is over, for on a busy
    # machine a drag may stop for as long.
    in_kernel(page, "import time; now = time.monotonic() + 1; panel._clock = lambda: now")
    handle.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    see(page, f"{PANEL} >> text=nothing. The people are the same")

    # A drag is one change, however far it goes.
    before = at_rest(page)
    in_kernel(page, "now += 1")
    box = handle.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    for step in range(1, 21):
        page.mouse.move(middle[0] - 20 * step, middle[1])
        page.wait_for_timeout(20)
    page.mouse.up()
    wait_for(page, f"() => !document.querySelector('{PANEL}').innerText.includes(': 3 people')")
    at_rest(page)
    drawn(page)
    becomes(page, lambda: people(page) > 3, True)
    becomes(page, lambda: f"compared with {before}" in changed(page), True)
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "threshold-4-dragged")

    # A person opens, and a photo; there is a way back from each.
    press(page, "Back to automatic")
    see(page, f"{PANEL} >> text=all 6 photos").click()
    see(page, f"{PANEL} >> text=Back to all people")
    drawn(page)
    screenshot(page.locator(PANEL), "threshold-5-person")
    nothing_cut_off(page, PANEL)
    page.locator(PANEL).get_by_role("button", name="larger").first.click()
    see(page, f"{PANEL} >> text=Back to person_001")
    drawn(page)
    screenshot(page.locator(PANEL), "threshold-6-photo")
    press(page, "Back to person_001")
    press(page, "Back to all people")
    see(page, f"{PANEL} >> text=all 6 photos")

    resize(page, 900, 900)
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "threshold-7-narrow")
    # Only the notebook itself may have been saved; nothing was written by the panel.
    assert files == sorted(
        path for path in lab.root.rglob("*") if ".ipynb_checkpoints" not in path.parts
    )


def test_shown_twice_both_follow_and_after_a_restart_the_cell_runs_again(open_notebook, lab):
    name = lab.add_notebook(
        "twice.ipynb",
        "from toolkit import modes\n"
        "from toolkit.widgets.threshold_explorer import ThresholdPanel\n"
        "result = modes.autopilot('../data/sample/photos')\n"
        "panel = ThresholdPanel(result.album, names=result.names, on_chosen=print)\n"
        "panel",
        "panel",
    )
    page = open_notebook(name)
    for restarted in (False, True):
        if restarted:
            restart_kernel(page)
        run_all(page)
        see(page, f"{PANEL} .sightings-card img")
        both = page.locator(PANEL)
        becomes(page, both.count, 2)
        both.nth(1).get_by_role("button", name="Next split").click()
        for panel in both.all():
            panel.get_by_text("becomes 2").wait_for()
            panel.get_by_text("4 people").first.wait_for()
            panel.get_by_text("so far person_002").first.wait_for()
        drawn(page)
        both.nth(0).get_by_role("button", name=re.compile("^Use 0")).wait_for()
    screenshot(page, "threshold-8-twice")
    nothing_cut_off(page, PANEL)
