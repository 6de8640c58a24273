"""Twenty thousand sightings in JupyterLab: a page of them is shown, whatever there is behind it."""

import json

import pytest
from browser_lab import at_rest, in_kernel, run_all
from browser_seen import becomes, nothing_cut_off, pictures_drawn, screenshot, see

from toolkit.widgets.contact_sheet import MOST_CARDS, MOST_PICTURES
from toolkit.widgets.individuals_view import MOST_KNOWN

pytestmark = pytest.mark.browser

COUNT = 20_000
PANEL = ".sightings-autopilot"
# Elements of a panel with a full page, and bytes of what the browser is told of it; with pictures
# of all there would be some hundred times as many.
MOST_ELEMENTS, MOST_BYTES = 6_000, 150_000

START = f"""
import tempfile
from pathlib import Path
from toolkit.benchmarks import drawn_album
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.session import Session
from toolkit.settings import AutopilotSettings
from toolkit.widgets.autopilot import AutopilotPanel
from toolkit.widgets.threshold_explorer import ThresholdPanel
folder = tempfile.TemporaryDirectory()
looked = drawn_album.draw({COUNT}, Path(folder.name, "photos"))
session = Session(looked, GroupingAssigner(AutopilotSettings()))
people = len(set(session.names) - {{None}} - session.result.not_sure)
"""
SHOW = """
import ipywidgets
panel = AutopilotPanel(out=str(Path(folder.name, "sorted")), take_up=lambda *_, **__: session,
                       find_earlier=lambda _: "")
panel.open_earlier()
told = ipywidgets.Label()
told.add_class("told")
display(panel, told)
"""
EXPLORE = """
panel = ThresholdPanel(session.album, session.settings, decided=session.decided,
                       tree=session.result.tree, names=session.names)
panel
"""
# What the browser was told of a sheet, without pictures.
SENT = (
    "import json; told.value = json.dumps([len(json.dumps({sheet}.get_state(['cards', 'known']))), "
    "people, len(looked.album.photos)])"
)


def told(page):
    return json.loads(page.locator(".told").inner_text())


def few(page, panel):
    """A page of cards is there, and no more of anything."""
    assert 0 < page.locator(f"{panel} .sightings-card").count() <= 2 * MOST_CARDS
    assert page.locator(f"{panel} .sightings-card img").count() <= 2 * MOST_PICTURES
    assert page.locator(f"{panel} .sightings-sheet datalist option").count() <= MOST_KNOWN
    assert page.locator(f"{panel} *").count() < MOST_ELEMENTS


def titles(page):
    return page.locator(f"{PANEL} .sightings-title").all_inner_texts()


def test_a_page_of_twenty_thousand_is_shown_turned_searched_and_corrected(open_notebook, lab):
    page = open_notebook(lab.add_notebook("many.ipynb", START, SHOW))
    run_all(page)
    see(page, f"{PANEL} .sightings-card img")
    at_rest(page)
    pictures_drawn(page, f"{PANEL} .sightings-card img")
    few(page, PANEL)
    in_kernel(page, SENT.format(sheet="panel.individuals.sheet"))
    becomes(page, lambda: bool(page.locator(".told").inner_text()), True)
    sent, people, photos = told(page)
    assert people > 5_000
    assert sent < MOST_BYTES
    becomes(
        page,
        lambda: (
            f"{photos:,} photos, {COUNT:,} faces, {people:,} people"
            in see(page, PANEL).inner_text()
        ),
        True,
    )
    nothing_cut_off(page, PANEL)
    screenshot(page, "many-1-first")

    first = titles(page)
    page.locator(f"{PANEL} [data-role=next]").first.click()
    becomes(page, lambda: titles(page)[:1] != first[:1], True)
    pictures_drawn(page, f"{PANEL} .sightings-card img")
    assert not {*titles(page)} & {*first}
    few(page, PANEL)

    # Somebody is found by name, on whichever page; the way back leads to what was found.
    sought = page.locator(f"{PANEL} [data-role=find]")
    sought.fill("PERSON_1234")
    becomes(page, lambda: titles(page), ["person_1234"])
    assert page.locator(f"{PANEL} .sightings-pager:visible").count() == 0
    screenshot(page.locator(PANEL), "many-2-found")
    page.locator(f"{PANEL} [data-role=open]").click()
    see(page, f"{PANEL} >> text=Back to everybody").click()
    becomes(page, lambda: titles(page), ["person_1234"])
    sought.fill("nobody of that name")
    see(page, f"{PANEL} >> text=None is called so.")
    sought.fill("")
    becomes(page, lambda: titles(page), first)

    # A name is given: it is offered from then on.
    field = page.locator(f"{PANEL} .sightings-card [data-role=name]").first
    field.fill("Ann")
    field.press("Enter")
    becomes(page, lambda: titles(page)[0], "Ann")
    becomes(page, page.locator(f"{PANEL} datalist option[value=Ann]").count, 1)
    at_rest(page)
    few(page, PANEL)
    assert titles(page)[1:] == first[1:]


def test_the_threshold_of_twenty_thousand_is_moved(open_notebook, lab):
    page = open_notebook(lab.add_notebook("many_thresholds.ipynb", START, EXPLORE))
    run_all(page)
    panel = ".sightings-threshold"
    see(page, f"{panel} .sightings-card img", seconds=300)
    at_rest(page)

    def people():
        return page.locator(f"{panel} [role=status] b").first.inner_text()

    before = people()
    few(page, panel)
    page.locator(f"{panel} .noUi-handle").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    becomes(page, lambda: people() != before, True)
    at_rest(page)
    becomes(page, lambda: "merged" in page.locator(panel).inner_text(), True)
    pictures_drawn(page, f"{panel} .sightings-card img")
    few(page, panel)
    nothing_cut_off(page, panel)
    screenshot(page, "many-3-threshold")
