"""Point-and-shoot in JupyterLab, as somebody who never writes a line meets it."""

import csv
import re
import shutil

import nbformat
import pytest
from browser_lab import at_rest, run_all
from browser_seen import (
    becomes,
    listen,
    nothing_cut_off,
    nothing_was_run,
    pictures_drawn,
    resize,
    screenshot,
    see,
    told,
)

pytestmark = pytest.mark.browser

NOTEBOOK = "32_point_and_shoot.ipynb"
PANEL = ".sightings-point-and-shoot"
# So long may a look at the photos take (s): many times what it takes when alone.
LOOK_SECONDS = 240
NASTY = '<img src=x onerror="window.hacked=1">'


@pytest.fixture(scope="module")
def shortened(lab):
    """The notebook as far as the panel: what comes below has a test of its own."""
    notebook = nbformat.read(lab.root / "notebooks" / NOTEBOOK, as_version=nbformat.NO_CONVERT)
    last = [cell.id for cell in notebook.cells].index("show-panel")
    notebook.cells = notebook.cells[: last + 1]
    nbformat.write(notebook, lab.root / "notebooks" / "panel.ipynb")
    return "panel.ipynb"


def press(page, name):
    at_rest(page)
    page.locator(PANEL).get_by_role("button", name=re.compile(rf"{name}$")).first.click()


def card(page, title):
    """Return the card with a title (or the first part of one)."""
    return page.locator(f"{PANEL} .sightings-card", has=page.locator("header", has_text=title))


def titles(page):
    """Return the titles of the cards and lines, in order."""
    shown = page.locator(f"{PANEL} .sightings-title, {PANEL} .sightings-line span")
    return shown.all_inner_texts()


def drawn(page):
    """Wait until nothing is under way, and every picture of the panel is there."""
    at_rest(page)
    pictures_drawn(page, f"{PANEL} .sightings-sheet img")


def answers(folder):
    """Return the decisions in a folder of results: kind, name and photo of each."""
    with (folder / "decisions.csv").open(encoding="utf-8") as file:
        return [
            (row["decision"], row["name"], row["path"].rpartition("/")[2])
            for row in csv.DictReader(file)
        ]


def test_known_people_are_found_without_writing_a_line(open_notebook, shortened, lab):
    page, out = open_notebook(shortened), lab.root / "out" / "point_and_shoot"
    run_all(page)
    see(page, f"{PANEL} >> text=3 subfolders, a person each")
    see(page, f"{PANEL} >> text=then press Start")
    nothing_cut_off(page, PANEL)
    screenshot(page, "point-and-shoot-1-begin")
    assert not out.exists()

    listen(page, PANEL)
    press(page, "Start")
    told(page, r"(example photos|photos): \d+ of \d+")
    screenshot(page, "point-and-shoot-2-running")
    see(page, f"{PANEL} .sightings-card", seconds=LOOK_SECONDS)
    drawn(page)
    becomes(page, lambda: titles(page), ["Eileen Collins", "Grace Hopper", "Nikola Tesla"])
    assert "6 photos" in card(page, "Grace Hopper").inner_text()
    doubtful = page.locator(PANEL).get_by_role("button", name="Doubtful first (0)")
    becomes(page, doubtful.is_disabled, True)
    # Nobody has moved the slider: that it is drawn is no choice.
    automatic = page.locator(PANEL).get_by_role("button", name="Back to automatic")
    assert automatic.is_disabled()
    assert "as you set it" not in page.locator(PANEL).inner_text()
    nothing_cut_off(page, PANEL)
    screenshot(page, "point-and-shoot-3-people")
    assert not [each for each in out.iterdir() if each.is_dir()]

    # A person opens: examples, faces in order, and below them the line.
    card(page, "Nikola Tesla").get_by_role("button", name="the matches in order").click()
    see(page, f"{PANEL} .sightings-line")
    drawn(page)
    becomes(page, lambda: titles(page)[0], "Examples of Nikola Tesla")
    becomes(page, lambda: titles(page)[-1].startswith("threshold 0."), True)
    nothing_cut_off(page, PANEL)
    screenshot(page, "point-and-shoot-4-person")

    # The line moves with the slider, and somebody is not accepted any more.
    readout = page.locator(f"{PANEL} .sightings-matches .widget-readout")
    readout.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("0.170")
    page.keyboard.press("Enter")
    see(page, f"{PANEL} .sightings-line >> text=threshold 0.170")
    drawn(page)
    below = page.locator(f"{PANEL} .sightings-badge", has_text="not accepted")
    becomes(page, below.count, 3)
    becomes(page, lambda: titles(page)[-1].startswith("threshold"), False)
    nothing_cut_off(page, PANEL)
    screenshot(page, "point-and-shoot-5-line")

    # One is accepted by a click, one refused by a key; each can be taken back.
    matches = page.locator(f"{PANEL} .sightings-card")
    matches.last.get_by_role("button", name="Accept").click()
    see(page, f"{PANEL} .sightings-badge >> text=said by you")
    shown = matches.last.locator(".sightings-title").inner_text()
    becomes(page, lambda: answers(out), [("name", "Nikola Tesla", shown)])
    at_rest(page)
    matches.nth(1).focus()
    page.keyboard.press("n")
    see(page, f"{PANEL} .sightings-badge >> text=refused by you")
    refused = matches.nth(1).locator(".sightings-title").inner_text()
    becomes(page, lambda: answers(out)[1], ("not", "Nikola Tesla", refused))
    nothing_cut_off(page, PANEL)
    screenshot(page, "point-and-shoot-6-answered")
    at_rest(page)
    matches.nth(2).focus()
    page.keyboard.press("n")
    page.locator(f"{PANEL} .sightings-badge", has_text="refused by you").nth(1).wait_for()
    press(page, "Undo")
    see(page, f"{PANEL} >> text=Taken back")
    becomes(page, lambda: len(answers(out)), 2)

    # The doubtful ones of everybody, beside an example; the photo itself; and back.
    at_rest(page)
    page.locator(PANEL).get_by_role("button", name="Doubtful first").click()
    see(page, f"{PANEL} >> text=found: is this Nikola Tesla?")
    drawn(page)
    nothing_cut_off(page, PANEL)
    screenshot(page, "point-and-shoot-7-doubtful")
    matches.first.get_by_role("button", name="larger").click()
    see(page, f"{PANEL} >> text=Back to the matches")
    drawn(page)
    nothing_cut_off(page, PANEL)
    screenshot(page, "point-and-shoot-8-photo")
    press(page, "Back to the matches")
    press(page, "Back to everybody")
    see(page, f"{PANEL} >> text=the matches in order")

    # What is exported is what was planned.
    press(page, "Show the plan")
    see(page, f"{PANEL} >> text=The plan")
    see(page, f"{PANEL} tbody td:nth-child(5)")
    rows = page.locator(f"{PANEL} tbody tr", has=page.locator("td:nth-child(5)"))
    planned = [row.split("\t") for row in rows.all_inner_texts()]
    planned = {row[0]: int(row[1]) for row in planned}
    # Three are within the line, one of them refused, and one beyond it accepted.
    assert planned["Nikola Tesla"] == 3
    nothing_cut_off(page, PANEL)
    screenshot(page, "point-and-shoot-9-plan")
    at_rest(page)
    page.locator(PANEL).get_by_role("button", name="Export: copy").click()
    see(page, f"{PANEL} >> text=Exported.")
    folders = {path.name: len(list(path.iterdir())) for path in out.iterdir() if path.is_dir()}
    assert {name: folders[name] for name in planned} == planned
    assert refused not in {path.name for path in (out / "Nikola Tesla").iterdir()}
    screenshot(page, "point-and-shoot-10-exported")

    # Start again: the answers hold.
    listen(page, PANEL)
    press(page, "Start")
    told(page, "then looking at the photos")
    see(page, f"{PANEL} >> text=Look at the doubtful matches", seconds=LOOK_SECONDS)
    card(page, "Nikola Tesla").get_by_role("button", name="the matches in order").click()
    see(page, f"{PANEL} .sightings-badge >> text=said by you")
    see(page, f"{PANEL} .sightings-badge >> text=refused by you")
    drawn(page)
    resize(page, 900, 900)
    nothing_cut_off(page, PANEL)
    screenshot(page, "point-and-shoot-11-again")


def test_a_folder_that_is_a_trap_is_shown_as_text_and_mistakes_are_said(open_notebook, lab):
    data = lab.root / "data"
    shutil.copytree(data / "sample" / "people" / "Grace Hopper", data / "trap" / NASTY)
    shutil.copy(data / "sample" / "photos" / "day 2" / "landscape.jpg", data / "trap" / NASTY)
    source = """
from toolkit.widgets.point_and_shoot import PointAndShootPanel
panel = PointAndShootPanel("../data/sample/photos/day 1", "../data/trap", "../out/trap")
panel
"""
    page = open_notebook(lab.add_notebook("trap.ipynb", source))
    run_all(page)
    see(page, f"{PANEL} >> text=1 subfolder, a person each")
    assert NASTY in page.locator(PANEL).inner_text()
    press(page, "Start")
    see(page, f"{PANEL} .sightings-card", seconds=LOOK_SECONDS)
    drawn(page)
    see(page, f"{PANEL} >> text=1 example photo cannot be used")
    becomes(page, lambda: titles(page), [NASTY])
    screenshot(page, "point-and-shoot-12-trap")
    page.locator(PANEL).get_by_role("button", name="the matches in order").click()
    see(page, f"{PANEL} .sightings-line")
    drawn(page)
    page.locator(f"{PANEL} .sightings-card").nth(1).focus()
    page.keyboard.press("y")
    see(page, f"{PANEL} .sightings-badge >> text=said by you")
    at_rest(page)
    page.locator(f"{PANEL} .sightings-card").nth(1).get_by_role("button", name="larger").click()
    see(page, f"{PANEL} >> text=Back to the matches")
    press(page, "Show the plan")
    see(page, f"{PANEL} >> text=The plan")
    nothing_was_run(page)
    nothing_cut_off(page, PANEL)
    screenshot(page, "point-and-shoot-13-trap-plan")

    # Photos without subfolders; the same folder twice; a folder without photos.
    people = page.locator(f"{PANEL} input[type=text]").nth(1)
    people.fill("../data/sample/photos/day 1")
    see(page, f"{PANEL} >> text=but no subfolder: make one for each person")
    press(page, "Start")
    see(page, f"{PANEL} >> text=are the same folder")
    see(page, f"{PANEL} >> text=That did not work")
    nothing_cut_off(page, PANEL)
    screenshot(page, "point-and-shoot-14-failed")
