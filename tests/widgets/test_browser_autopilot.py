"""A person's whole way through autopilot, in JupyterLab in a real browser."""

import csv
import shutil

import pytest
from browser_lab import at_rest, in_kernel, restart_kernel, run_all, wait_for
from browser_seen import (
    becomes,
    listen,
    nothing_cut_off,
    nothing_was_run,
    screenshot,
    see,
    told,
)

pytestmark = pytest.mark.browser

NOTEBOOK = "31_run_autopilot.ipynb"
PANEL = ".sightings-autopilot"
CARD = ".sightings-card"
BAD = '<img src=x onerror="window.hacked=1">'
# So long may a look at the photos take (s): many times what it takes when alone.
LOOK_SECONDS = 240

LOADED = """() => {
    const images = [...document.querySelectorAll('.sightings-card img')];
    return images.length && images.every(each => each.complete && each.naturalWidth > 10);
}"""


def cards(page, count):
    at_rest(page)
    wait_for(page, f"() => document.querySelectorAll('{PANEL} {CARD}').length === {count}")
    wait_for(page, LOADED)


def titles(page):
    """Return the titles of the cards in order, those of one moment."""
    return page.locator(f"{PANEL} {CARD} .sightings-title").all_inner_texts()


def card(page, title):
    return page.locator(f"{PANEL} {CARD}", has=page.locator(f"text='{title}'"))


def press(page, text):
    at_rest(page)
    page.locator(f"{PANEL} button", has_text=text).locator("visible=true").first.click()


def start(page):
    """Press Start, and wait for the end."""
    listen(page, PANEL)
    press(page, "Start")
    told(page, "Looking at the photos")
    see(page, "text=Done.", seconds=LOOK_SECONDS)


def give_name(page, title, name):
    field = card(page, title).locator("input")
    field.fill(name)
    field.press("Enter")
    see(page, f"text={title} is ")


def decided(out):
    """Return the kinds of the decisions on disk."""
    with (out / "decisions.csv").open(encoding="utf-8") as stream:
        return sorted(row["decision"] for row in csv.DictReader(stream))


def folders(out):
    return {path.name: len(list(path.iterdir())) for path in out.iterdir() if path.is_dir()}


def test_from_choosing_a_folder_to_folders_of_people_and_again(lab, open_notebook, tmp_path):
    out = lab.root / "out" / "autopilot"
    page = open_notebook(NOTEBOOK)
    run_all(page)
    # Photos that nobody has looked at, whatever other tests have.
    in_kernel(page, f"import os; os.environ['SIGHTINGS_STORE'] = {str(tmp_path / 'store')!r}")
    see(page, "text=Choose the folder with your photos")
    assert not out.exists()
    press(page, "Use the sample album")
    see(page, "text=12 photos")
    nothing_cut_off(page, PANEL)
    screenshot(page, "autopilot-1-notebook")

    listen(page, PANEL)
    press(page, "Start")
    see(page, f"{PANEL} button:has-text('Cancel')")
    screenshot(page.locator(PANEL), "autopilot-2-running")
    see(page, "text=Done.", seconds=LOOK_SECONDS)
    steps = told(page, r"photos: \d+ of \d+")
    assert len({each.split(" of ")[0] for each in steps}) >= 2, steps
    assert any(".jpg" in each or ".png" in each for each in steps), steps
    cards(page, 3)
    becomes(page, lambda: titles(page), ["person_001", "person_002", "person_003"])
    see(page, "text=12 photos, 17 faces, 3 people")
    see(page, f"code:has-text('{out / 'decisions.csv'}')")
    assert folders(out) == {}
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "autopilot-3-people")

    card(page, "person_001").locator("[data-role=open]").click()
    see(page, "text=All photos of person_001")
    cards(page, 6)
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "autopilot-4-person")
    page.locator("[data-role=open]").first.click()
    see(page, "text=One photo of person_001")
    cards(page, 1)
    screenshot(page.locator(PANEL), "autopilot-5-photo")
    press(page, "Back to person_001")
    cards(page, 6)
    press(page, "Back to everybody")
    cards(page, 3)
    give_name(page, "person_001", "Anna")
    becomes(page, lambda: sorted(titles(page)), ["Anna", "person_002", "person_003"])

    # Another threshold, and back; the settings open by keyboard, too.
    see(page, "text=Settings:").focus()
    page.keyboard.press("Enter")
    page.get_by_label("the threshold sets itself").uncheck()
    readout = see(page, ".widget-readout[contenteditable=true]")
    readout.fill("0.2")
    readout.press("Enter")
    see(page, "text=4 people")
    cards(page, 4)
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "autopilot-6-threshold")
    page.get_by_label("search photos at (px)").fill("1000")
    page.get_by_label("search photos at (px)").press("Enter")
    see(page, "text=take effect with the next Start")
    press(page, "Back to the defaults")
    see(page, "text=3 people")
    cards(page, 3)
    see(page, "text=Settings:").click()

    # A face that is not this person, taken back; one that is left out, and stays so.
    card(page, "Anna").locator("[data-role=open]").click()
    cards(page, 6)
    page.locator("[data-role=act-not]").last.click()
    see(page, "text=does not show Anna")
    becomes(page, lambda: page.locator(f"{PANEL} {CARD}").count() < 6, True)
    press(page, "Undo")
    see(page, "text=Taken back")
    cards(page, 6)
    left_out = titles(page)[-1]
    page.locator("[data-role=act-ignore]").last.click()
    see(page, f"text=Anna in {left_out} is left out")
    cards(page, 5)
    press(page, "Back to everybody")
    cards(page, 3)
    becomes(page, lambda: decided(out), ["ignore", "name"])
    assert folders(out) == {}

    press(page, "Show the plan")
    see(page, "text=The plan")
    see(page, f"{PANEL} td:visible")
    rows = page.locator(f"{PANEL} tr:visible", has=page.locator("td")).all_inner_texts()
    planned = {row.split("\t")[0]: int(row.split("\t")[1]) for row in rows}
    assert set(planned) == set(titles(page))
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "autopilot-7-plan")
    press(page, f"Export: copy {sum(planned.values())} files")
    see(page, "text=Exported.")
    see(page, "a:has-text('the sorted folders')")
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "autopilot-8-exported")
    becomes(page, lambda: folders(out), planned)

    start(page)
    cards(page, 3)
    becomes(page, lambda: "Anna" in titles(page), True)
    see(page, "text=16 faces")
    restart_kernel(page)
    run_all(page)
    see(page, "text=the result of 20")
    start(page)
    cards(page, 3)
    becomes(page, lambda: "Anna" in titles(page), True)
    see(page, "text=16 faces")
    press(page, "Open the earlier result")
    see(page, "text=The people of the result in")
    cards(page, 3)
    becomes(page, lambda: "Anna" in titles(page), True)
    screenshot(page.locator(PANEL), "autopilot-9-earlier")
    press(page, "Show the plan")
    see(page, "text=0 new")
    lab.stop_kernels()


SHOW = """
from toolkit.widgets.autopilot import AutopilotPanel
panel = AutopilotPanel("{photos}", "{out}")
display(panel)
"""


def test_names_that_are_tags_stay_names(lab, open_notebook):
    photos, out = lab.root / "tags", lab.root / "out" / "tags"
    photos.mkdir()
    source = lab.root / "data" / "sample" / "photos" / "day 1"
    for number, name in enumerate((f"{BAD}.jpg", "2.jpg", "3.jpg"), start=1):
        shutil.copy(source / f"IMG_000{number}.jpg", photos / name)
    page = open_notebook(
        lab.add_notebook("tags.ipynb", SHOW.format(photos=photos, out=out), "display(panel)")
    )
    run_all(page)
    # It is shown in two cells; the first is pressed, and both show the same.
    see(page, "text=3 photos")
    page.locator(f"{PANEL} button", has_text="Start").first.click()
    see(page, "text=Done.", seconds=LOOK_SECONDS)
    cards(page, 4)
    first = page.locator(PANEL).first
    field = first.locator(f"{CARD} input").first
    field.fill(BAD)
    field.press("Enter")
    see(page, "text=person_001 is <img")
    cards(page, 4)
    becomes(page, lambda: page.locator(f"{CARD} .sightings-title", has_text=BAD).count(), 2)
    for person in range(2):
        # What was typed is drawn anew in both views: a click in that moment hits a card that goes.
        cards(page, 4)
        first.locator("[data-role=open]").nth(person).click()
        see(page, "text=All photos of ")
        in_kernel(page)
        wait_for(page, LOADED)
        first.locator("[data-role=open]").first.click()
        see(page, "text=One photo of ")
        wait_for(page, LOADED)
        if person == 0:
            nothing_cut_off(page, PANEL)
            screenshot(first, "autopilot-tags")
        first.locator("button:visible", has_text="Back to").last.click()
        first.locator("button", has_text="Back to everybody").first.click()
    at_rest(page)
    other = first.locator(f"{CARD} input").nth(1)
    other.fill(BAD)
    other.press("Enter")
    see(page, "text=one person?")
    first.locator("button", has_text="No, two people").click()
    at_rest(page)
    first.locator("button", has_text="Show the plan").click()
    see(page, "text=The plan")
    at_rest(page)
    first.locator("button", has_text="Export: copy").click()
    see(page, "text=Exported.")
    nothing_was_run(page)
    names = sorted(folders(out))
    assert names[1:] == ["person_002"]
    assert not set(names[0]) & set('<>"/\\')
    lab.stop_kernels()
