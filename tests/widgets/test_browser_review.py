"""Reviewing and correcting in JupyterLab, as somebody who never writes a line does it."""

import csv
import re
from pathlib import Path

import pytest
from browser_lab import at_rest, restart_kernel, run_all, wait_for
from browser_seen import SEE_SECONDS, becomes, nothing_cut_off, resize, screenshot, see

from toolkit import modes
from toolkit.curation import decisions
from toolkit.results import results_folder
from toolkit.settings import AutopilotSettings

pytestmark = pytest.mark.browser

NOTEBOOK = "33_review_and_correct.ipynb"
PANEL = ".sightings-review"
CARD = f"{PANEL} .sightings-question li.sightings-card"
# So low that people fall apart, and there is something to ask and to mend.
FRAGMENTS = 0.08

AGAIN = """
from toolkit import modes
from toolkit.settings import AutopilotSettings

photos, out = "../data/sample/photos", "../out/review"
settings = AutopilotSettings(threshold=0.3)
result = modes.autopilot(photos, out, settings=settings)
print(f"threshold {result.threshold}: {result.decided} decisions")
"""


@pytest.fixture(scope="module")
def out(lab):
    """The results of a run with a threshold that is too low."""
    folder = lab.root / "out" / "review"
    settings = AutopilotSettings(threshold=FRAGMENTS)
    result = modes.autopilot(lab.root / "data" / "sample" / "photos", folder, settings=settings)
    assert len(result.individuals) > 4
    return folder


def lines(out):
    """Return the kinds of decision on disk, in order."""
    path = out / decisions.FILE
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as table:
        return [line["decision"] for line in csv.DictReader(table)]


def wait_lines(page, out, test, seconds=SEE_SECONDS):
    """Wait until the decisions on disk are as a test of them wants, and return them."""
    for _ in range(seconds * 20):
        if test(found := lines(out)):
            return found
        page.wait_for_timeout(50)
    raise AssertionError(f"the decisions on disk are {lines(out)}")


def key_of(page):
    return page.locator(CARD).get_attribute("data-key")


def next_question(page, before):
    """Wait until another question is on the screen."""
    found = f"document.querySelector('{CARD}')?.dataset.key"
    wait_for(page, f"() => {found} && {found} !== '{before}'", SEE_SECONDS)
    at_rest(page)
    return key_of(page)


def settled(page):
    """Wait until nothing is being sorted, and every picture is there."""
    at_rest(page)
    wait_for(
        page,
        f"""() => {{
            const panel = document.querySelector('{PANEL}');
            const all = [...panel.querySelectorAll('.sightings-sheet img')];
            return !panel.innerText.includes('Sorting anew') && all.every(
                image => !image.checkVisibility() || (image.complete && image.naturalWidth > 0));
        }}""",
    )


def tab(page, name):
    page.locator(f"{PANEL} .lm-TabBar-tab", has_text=name).click()


def people(page):
    """Return the names of the people on the sheet."""
    return page.locator(f"{PANEL} .sightings-individuals li.sightings-card").evaluate_all(
        "all => all.map(each => each.dataset.key)"
    )


def person(page, name):
    return page.locator(f'{PANEL} .sightings-individuals li.sightings-card[data-key="{name}"]')


def opened(page):
    """Run the notebook, and open the results."""
    run_all(page)
    see(page, f"{PANEL} >> text=press Open")
    page.locator(PANEL).get_by_role("button", name=re.compile("Open$")).click()
    see(page, CARD)
    settled(page)


def shown(page, name):
    settled(page)
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), f"review-{name}")


def test_a_person_reviews_corrects_exports_and_nothing_is_lost(lab, open_notebook, out):
    page = open_notebook(NOTEBOOK)
    run_all(page)
    see(page, f"{PANEL} >> text=press Open")
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "review-1-closed")
    page.locator(PANEL).get_by_role("button", name=re.compile("Open$")).click()
    see(page, CARD)
    shown(page, "2-question")
    assert lines(out) == []
    becomes(page, lambda: "Expected purity" in page.locator(PANEL).inner_text(), True)

    # A key, a click, and one of them taken back.
    first = key_of(page)
    page.locator(CARD).click(position={"x": 5, "y": 5})
    page.keyboard.press("s")
    second = next_question(page, first)
    becomes(page, lambda: lines(out), ["same"])
    page.locator(CARD).get_by_role("button", name="Different people").click()
    next_question(page, second)
    becomes(page, lambda: lines(out), ["same", "different"])
    settled(page)
    shown(page, "3-answered")
    asked = key_of(page)
    page.keyboard.press("u")
    again = next_question(page, asked)
    becomes(page, lambda: lines(out), ["same"])
    see(page, f"{PANEL} >> text=Here is that question again")
    page.keyboard.press("x")
    # A button of the question before would be pressed in vain.
    next_question(page, again)
    becomes(page, lambda: lines(out), ["same", "unclear"])
    settled(page)
    page.locator(CARD).get_by_role("button", name="See the photos").click()
    see(page, f"{CARD} >> text=See the faces")
    shown(page, "4-photos")

    # Among the people: one person in two cards, two in one, a name, a wrong face, a face left out.
    tab(page, "People")
    wait_for(page, f"() => document.querySelector('{PANEL} .sightings-individuals li')")
    shown(page, "5-people")
    count = len(people(page))
    one, other = people(page)[-2:]
    person(page, one).get_by_role("button", name=re.compile("^Same person")).click()
    see(page, f"{PANEL} >> text=chosen")
    at_rest(page)
    person(page, other).get_by_role("button", name=re.compile("^Same person")).click()
    made = wait_lines(page, out, lambda found: len(found) > 2)
    assert set(made) == {"same", "unclear"}
    see(page, f"{PANEL} .sightings-individuals >> text=are one person")
    settled(page)
    becomes(page, lambda: len(people(page)), count - 1)

    largest = people(page)[0]
    person(page, largest).get_by_role("button", name=re.compile("^Two people")).click()
    see(page, f"{PANEL} >> text=two parts")
    shown(page, "6-split")
    person(page, largest).get_by_role("button", name=re.compile("^Two people:")).click()
    made = wait_lines(page, out, lambda found: "different" in found)
    see(page, f"{PANEL} .sightings-individuals >> text=is two")
    settled(page)

    named = people(page)[0]
    field = person(page, named).get_by_label(f"Name of {named}")
    field.fill("Åsa <b>Öhman</b>")
    field.press("Enter")
    made = wait_lines(page, out, lambda found: "name" in found)
    see(page, f"{PANEL} .sightings-individuals >> text=is Åsa")
    settled(page)
    name = "Åsa <b>Öhman</b>"
    becomes(page, lambda: name in people(page), True)

    before = len(made)
    person(page, name).locator(".sightings-open").click()
    see(page, f"{PANEL} >> text=All photos of Åsa")
    shown(page, "7-person")
    cards = page.locator(f"{PANEL} .sightings-individuals li.sightings-card")
    wrong = cards.last.get_attribute("data-key")
    cards.last.get_by_role("button", name=re.compile("^Not this person")).click()
    made = wait_lines(page, out, lambda found: len(found) > before)
    see(page, f"{PANEL} .sightings-individuals >> text=does not show")
    settled(page)
    becomes(page, lambda: wrong in people(page), False)
    cards.last.get_by_role("button", name=re.compile("^Leave this face out")).click()
    wait_lines(page, out, lambda found: "ignore" in found)
    see(page, f"{PANEL} .sightings-individuals >> text=is left out")
    settled(page)
    page.locator(PANEL).get_by_role("button", name=re.compile("Back to everybody")).click()
    shown(page, "8-corrected")

    # The copies move with the export alone, and stay where they were with the tick.
    earlier = folders(out)
    tab(page, "Export")
    page.locator(PANEL).get_by_role("button", name="Show the plan").click()
    see(page, f"{PANEL} >> text=The plan")
    shown(page, "9-plan")
    assert folders(out) == earlier
    export = page.locator(PANEL).get_by_role("button", name=re.compile("^Export: "))
    see(page, f"{PANEL} button:has-text('away')")
    tick = page.get_by_label("keep what an earlier run put there")
    tick.check()
    becomes(page, lambda: "away" in export.inner_text(), False)
    tick.uncheck()
    becomes(page, lambda: "away" in export.inner_text(), True)
    promised = {row[0]: int(row[1]) for row in table_of(page) if int(row[1].replace(",", "")) > 0}
    export.click()
    see(page, f"{PANEL} >> text=Exported.")
    shown(page, "10-exported")
    assert {name: len(files) for name, files in folders(out).items() if files} == promised
    decided = lines(out)
    names = who(out)

    # A new day: the kernel is new, the decisions are the same, and the questions go on.
    restart_kernel(page)
    opened(page)
    assert lines(out) == decided
    tab(page, "People")
    wait_for(page, f"() => document.querySelector('{PANEL} .sightings-individuals li')")
    settled(page)
    becomes(page, lambda: sorted(people(page)), sorted(set(filter(None, names.values()))))
    assert name in people(page)
    screenshot(page, "review-11-again")
    tab(page, "Questions")
    resize(page, 900, 900)
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "review-12-narrow")

    # A later run in a notebook of its own, at other thresholds, holds to all of them.
    later = open_notebook(lab.add_notebook("later.ipynb", AGAIN))
    run_all(later)
    see(later, f"text=: {len(decided)} decisions")
    assert lines(out) == decided
    holds(out)
    assert name in {each for each in who(out).values() if each}


def table_of(page):
    rows = page.locator(f"{PANEL} tbody tr").all()
    return [[cell.inner_text() for cell in row.locator("td").all()] for row in rows]


def folders(out):
    return {
        path.name: sorted(each.name for each in path.iterdir())
        for path in out.iterdir()
        if path.is_dir()
    }


def who(out):
    """Return who each face on disk is, by photo and box; None where it is left out."""
    run = results_folder.load(Path(out))
    table = run.album.sightings
    boxes = zip(table["photo_digest"], table["left"], table["top"], strict=True)
    return dict(zip(boxes, run.names, strict=True))


def holds(out):
    """Check each decision on disk against the names on disk."""
    names = who(out)
    for each in decisions.read(out):
        one = names.get((each.sighting.photo, each.sighting.left, each.sighting.top))
        if each.kind == "ignore":
            # Its row is there, and nobody's.
            assert one is None
            assert (each.sighting.photo, each.sighting.left, each.sighting.top) in names
        elif each.other is not None and each.kind != "unclear":
            other = names.get((each.other.photo, each.other.left, each.other.top))
            # A face that was left out later on is nobody's.
            assert None in (one, other) or (one == other) == (each.kind == "same")
        else:
            assert one is None or (one == each.name) == (each.kind == "name")
