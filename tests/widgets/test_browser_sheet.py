"""The contact sheet and the other parts of panels, in JupyterLab in a real browser."""

import json
import statistics
import sys
import time

import pytest
from browser_lab import at_rest, heap_bytes, in_kernel, restart_kernel, run_all, run_cell, wait_for
from browser_seen import becomes, nothing_cut_off, nothing_was_run, resize, screenshot, see

pytestmark = pytest.mark.browser

EVIL = '<img src=x onerror="window.hacked=1">'
# A sheet of three pages whose names and labels try to be HTML; a label tells what was done.
START = f"""
import io, json
from pathlib import Path
import ipywidgets
from PIL import Image
from toolkit.widgets.contact_sheet import Action, Card, ContactSheet, Picture, Strip
EVIL = {EVIL!r}
def pictures(tokens):
    made = []
    for token in tokens:
        stream = io.BytesIO()
        colour = f"hsl({{int(token) * 40 % 360}}, 60%, 50%)"
        Image.new("RGB", (120, 120), colour).save(stream, "JPEG")
        made.append(stream.getvalue())
    return made
log, told = [], ipywidgets.Label()
told.add_class("told")
def note(*words):
    log.append(" ".join(words))
    told.value = json.dumps(log)
def strip(*tokens, label=""):
    return Strip(tuple(Picture(str(t), EVIL + str(t)) for t in tokens), label)
ACTIONS = (Action("merge", "Same person as …", "m"), Action("drop", "Leave out", "l"))
def card(k, **more):
    return Card(f"{{EVIL}}{{k}}", f"{{EVIL}}{{k}}", note=f"{{k}} photos",
                strips=(strip(k, k + 1),), actions=ACTIONS, name=f"person {{k}}", **more)
cards = [card(0, badge=EVIL, opens=EVIL), *(card(k, opens="all photos") for k in range(1, 130))]
def acted(key, action):
    note("act", key[-1], action)
    if action == "drop":
        cards[:] = [each for each in cards if each.key != key]
        sheet.show(cards, page=sheet.page)
def renamed(key, text):
    note("rename", key[-1], text)
    if text == "wrong":
        raise ValueError(EVIL)
sheet = ContactSheet(pictures, acted=acted, renamed=renamed, empty="Nobody yet.",
                     opened=lambda key: note("open", key[-1]))
sheet.known = [EVIL, "Ann"]
sheet.show(cards)
"""
FIRST = "[data-role=name]"


def told(page) -> list[str]:
    """What the kernel was told so far."""
    return json.loads(page.locator(".told").first.inner_text() or "[]")


def nothing_more(page, count: int) -> None:
    """See that the kernel was told so many things, and that nothing more is on the way to it."""
    becomes(page, lambda: len(told(page)), count)
    in_kernel(page)
    assert len(told(page)) == count


def at(page) -> str:
    """Which control has the focus: the end of its card's key, and its role."""
    return page.evaluate(
        """() => { const at = document.activeElement;
        return `${at.closest('[data-key]')?.dataset.key.slice(-1) ?? ''} `
            + (at.dataset.role ?? at.tagName); }"""
    )


def cells(page) -> int:
    return page.evaluate("window.jupyterapp.shell.currentWidget.content.model.cells.length")


def loaded(page, count: int) -> None:
    """Wait until so many pictures are there."""
    wait_for(
        page,
        f"""() => {{ {_LOADED}
        const all = [...document.querySelectorAll('.sightings-cards img')];
        return all.length === {count} && loaded(all); }}""",
    )


def test_keys_do_what_buttons_do_and_the_notebook_is_left_alone(lab, open_notebook):
    name = lab.add_notebook("keys.ipynb", START, "display(sheet, told)", "1 + 1")
    page = open_notebook(name)
    run_all(page)
    see(page, ".sightings-card")
    loaded(page, 120)
    before = cells(page)
    # Tab goes from the pager through each card: its name, its buttons, the next card.
    page.locator(".sightings-sheet [data-role=next]").first.focus()
    seen = []
    for _ in range(6):
        page.keyboard.press("Tab")
        seen.append(at(page))
    assert seen == ["0 name", "0 open", "0 act-merge", "0 act-drop", "1 name", "1 open"]
    page.keyboard.press("Enter")
    becomes(page, lambda: told(page), ["open 1"])
    page.keyboard.press("m")
    becomes(page, lambda: told(page)[1:], ["act 1 merge"])
    # Letters that JupyterLab takes for commands are not passed on.
    for key in ("d", "d", "a", "b", "x"):
        page.keyboard.press(key)
    assert cells(page) == before
    nothing_more(page, 2)
    # Typing a name does not act; Enter hands it over once and the field keeps the focus.
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("mml dd")
    nothing_more(page, 2)
    page.keyboard.press("Enter")
    becomes(page, lambda: told(page)[2:], ["rename 1 mml dd"])
    becomes(page, lambda: at(page), "1 name")
    assert cells(page) == before
    # What is being typed survives a redraw that comes from elsewhere.
    page.keyboard.type("half")
    third = page.locator(".sightings-card").nth(2)
    third.locator("[data-role=act-drop]").dispatch_event("click")
    wait_for(page, "() => document.querySelectorAll('.sightings-card').length === 60")
    becomes(page, lambda: told(page)[3:], ["act 2 drop"])
    becomes(page, lambda: at(page), "1 name")
    becomes(page, lambda: page.evaluate("document.activeElement.value"), "half")
    page.keyboard.press("Tab")
    becomes(page, lambda: told(page)[4:], ["rename 1 half"])
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("other")
    page.keyboard.press("Escape")
    becomes(page, lambda: at(page), "1 LI")
    becomes(page, page.locator(FIRST).nth(1).input_value, "person 1")
    # A card that goes leaves the focus with the one in its place.
    page.keyboard.press("l")
    becomes(page, lambda: told(page)[5:], ["act 1 drop"])
    becomes(page, lambda: at(page), "3 LI")
    page.keyboard.press("ArrowRight")
    becomes(page, lambda: at(page), "4 LI")
    # From the field of one that goes, too: never to the field for another one's name.
    page.keyboard.press("Tab")
    becomes(page, lambda: at(page), "4 name")
    page.locator("[data-key$='>4'] [data-role=act-drop]").dispatch_event("click")
    becomes(page, lambda: told(page)[6:], ["act 4 drop"])
    becomes(page, lambda: at(page), "5 LI")
    page.keyboard.press("PageDown")
    see(page, "text=Page 2 of 3")
    loaded(page, 120)
    page.keyboard.press("PageUp")
    see(page, "text=Page 1 of 3")
    # Pressing Next twice with the keyboard: the button keeps the focus.
    page.locator(".sightings-sheet [data-role=next]").first.focus()
    for number in (2, 3):
        page.keyboard.press("Enter")
        see(page, f"text=Page {number} of 3")
    becomes(page, lambda: at(page), " previous")
    assert cells(page) == before


def test_a_click_puts_the_focus_on_the_card(lab, open_notebook):
    name = lab.add_notebook("click.ipynb", START, "display(sheet, told)", "1 + 1")
    page = open_notebook(name)
    run_all(page)
    see(page, ".sightings-card >> nth=1").locator("header").click()
    before = cells(page)
    for key in ("m", "d", "d", "a"):
        page.keyboard.press(key)
    becomes(page, lambda: told(page), ["act 1 merge"])
    nothing_more(page, 1)
    assert cells(page) == before


def test_what_is_said_at_the_edge_goes_by_itself(lab, open_notebook):
    name = lab.add_notebook("toast.ipynb", START, "display(sheet, told)", "1 + 1")
    page = open_notebook(name)
    run_all(page)
    see(page, ".sightings-card >> nth=1").locator("header").click()
    toast = page.locator(".sightings-toast:visible")
    # It stays for a while; what is said next stays anew, as long as that is to.
    in_kernel(page, "sheet.can_undo, sheet.stays, sheet.said = True, 3600, 'first'")
    becomes(page, toast.count, 1)
    in_kernel(page, "sheet.stays, sheet.said = 0.2, 'second'")
    becomes(page, toast.count, 0)
    # That it can be undone is nothing new to say.
    in_kernel(page, "sheet.can_undo = False; sheet.can_undo = True")
    becomes(page, toast.count, 0)

    # Not while the focus or the pointer is on it.
    in_kernel(page, "sheet.stays, sheet.said = 3600, 'third'")
    becomes(page, toast.count, 1)
    page.keyboard.press("Tab")
    toast.get_by_role("button", name="Undo").focus()
    in_kernel(page, "sheet.stays, sheet.said = 0.2, 'fourth'")
    becomes(page, lambda: "fourth" in toast.inner_text(), True)
    page.wait_for_timeout(600)
    assert toast.count() == 1
    toast.hover()
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(600)
    assert toast.count() == 1
    page.mouse.move(0, 0)
    becomes(page, toast.count, 0)


# A plan of many folders, with room above and below it.
EXPORT = """
import ipywidgets, pandas as pd
from toolkit.results.export import Outcome
from toolkit.widgets.export_box import ExportBox
plan = pd.DataFrame({"state": "new", "folder": [f"who {k}" for k in range(40)], "bytes": 1000})
panel = ExportBox(lambda _: plan.assign(kind="photo"), lambda *_: Outcome({}, ()), out="../out/x")
room = "<div style='height: 2000px'></div>"
ipywidgets.VBox([ipywidgets.HTML(room), panel, ipywidgets.HTML(room)])
"""
# Whether something is within what the notebook shows.
IN_WINDOW = """e => {
    const at = e.getBoundingClientRect();
    const over = document.elementFromPoint(at.x + 5, at.y + at.height / 2);
    return at.height > 0 && (e === over || e.contains(over));
}"""


def test_what_an_export_came_to_is_in_view_though_the_plan_is_gone(lab, open_notebook):
    page = open_notebook(lab.add_notebook("export.ipynb", EXPORT))
    run_all(page)
    see(page, "text=Show the plan").click()
    go = see(page, "text=Export: copy 40 files")
    go.evaluate("e => e.scrollIntoView({ block: 'start' })")
    go.click()
    said = page.locator(".sightings-export [role=status]", has_text="Exported.")
    said.wait_for()
    at_rest(page)
    becomes(page, lambda: said.evaluate(IN_WINDOW), True)


def test_the_way_back_leads_to_a_card_in_view_on_whichever_page(lab, open_notebook):
    name = lab.add_notebook("back.ipynb", START, "display(sheet, told)", "1 + 1")
    page = open_notebook(name)
    run_all(page)
    see(page, ".sightings-card >> nth=1")
    focused = page.locator(".sightings-card:focus")
    for number in (40, 100):
        in_kernel(page, f"one = cards[{number}]; sheet.show([one])")
        becomes(page, page.locator(".sightings-card").count, 1)
        in_kernel(page, "sheet.show(cards); sheet.return_to(one.key)")
        becomes(page, focused.count, 1)
        assert focused.get_attribute("data-key") == f"{EVIL}{number}"
        becomes(page, lambda: focused.locator("header").evaluate(IN_WINDOW), True)
    # Keys mean that card.
    page.keyboard.press("m")
    becomes(page, lambda: told(page)[-1:], ["act 0 merge"])


def test_text_of_others_is_never_html(lab, open_notebook):
    name = lab.add_notebook(
        "evil.ipynb",
        START,
        """
folder = Path(EVIL + "dir")
(folder / EVIL).mkdir(parents=True, exist_ok=True)
Image.new("RGB", (200, 100), "teal").save(folder / (EVIL + ".png"))
import pandas as pd, threading, time
from toolkit.widgets.background_work import Work, Message
from toolkit.widgets.folder_field import FolderChooser
from toolkit.results.export import Outcome
from toolkit.widgets.export_box import ExportBox
chooser = FolderChooser("Photos", str(folder), suggested={EVIL: lambda: 1 / 0})
plan = pd.DataFrame(
    {"state": ["new"], "folder": [EVIL], "bytes": [7], "path": [EVIL], "kind": ["photo"]}
)
box = ExportBox(lambda _: plan, lambda *_: Outcome({}, ((EVIL, EVIL),)), out=EVIL)
work, go = Work(), threading.Event()
def job(tell, stopped):
    tell(EVIL, 1, 2, EVIL)
    go.wait(120)
    raise ValueError(EVIL)
message = Message()
message.mend(EVIL)
sheet.trouble = EVIL
work.run(job)
chooser.settle()
box.show_plan()
box.wait()
display(chooser, box, work, message, sheet, told)""",
        "go.set()\nbox.export()\nbox.wait(), work.wait()\nsheet.show([])",
        "sheet.show([Card(EVIL, EVIL, line=True), card(1), card(2, badge='doubtful')])",
    )
    page = open_notebook(name)
    for index in (0, 1):
        run_cell(page, index)
    see(page, ".sightings-card")
    loaded(page, 120)
    for place in (
        ".sightings-trouble",
        ".sightings-title",
        ".sightings-badge",
        ".sightings-open",
        "td",
        ".widget-button",
        "text=1 of 2",
        "[role=alert]",
    ):
        assert EVIL in see(page, f"{place} >> nth=0").inner_text(), place
    steps = page.locator(".widget-dropdown select option").all_inner_texts()
    # A list shows blanks that do not break the line.
    assert EVIL in [text.replace("\N{NO-BREAK SPACE}", " ") for text in steps]
    assert page.locator(".sightings-cards img").first.get_attribute("alt") == f"{EVIL}0"
    shown = see(page, ".widget-html img")
    assert shown.get_attribute("alt") == f"{EVIL}.png"
    nothing_cut_off(page, ".widget-vbox")
    screenshot(page, "parts-untrusted")
    run_cell(page, 2)
    see(page, "text=/Not copied, 1 photo/")
    see(page, "text=/A bug: ValueError/")
    becomes(page, see(page, ".sightings-empty").inner_text, "Nobody yet.")
    page.locator(".widget-button", has_text=EVIL).click()
    see(page, "text=/A bug: ZeroDivisionError/")
    screenshot(page, "parts-failed")
    run_cell(page, 3)
    line = see(page, ".sightings-line")
    becomes(page, line.inner_text, EVIL)
    loaded(page, 4)
    nothing_was_run(page)


def test_an_error_of_a_gesture_stands_in_the_sheet(lab, open_notebook):
    name = lab.add_notebook("wrong.ipynb", START, "display(sheet, told)")
    page = open_notebook(name)
    run_all(page)
    see(page, FIRST)
    loaded(page, 120)
    page.locator(FIRST).first.fill("wrong")
    # JupyterLab may take the focus to its notebook a moment after it has run all cells.
    page.locator(FIRST).first.press("Enter")
    trouble = see(page, ".sightings-trouble")
    becomes(page, lambda: EVIL in trouble.inner_text(), True)
    assert page.evaluate("window.hacked") is None
    page.keyboard.type("Ann")
    page.keyboard.press("Enter")
    wait_for(page, "() => !document.querySelector('.sightings-trouble').textContent")
    becomes(page, lambda: told(page), ["rename 0 wrong", "rename 0 Ann"])
    nothing_more(page, 2)


def test_shown_twice_and_after_a_restart(lab, open_notebook):
    name = lab.add_notebook("twice.ipynb", START, "display(sheet, told)", "display(sheet)")
    page = open_notebook(name)
    run_all(page)
    see(page, ".sightings-card")
    loaded(page, 240)
    page.locator(".sightings-sheet [data-role=next]").nth(2).click()
    wait_for(
        page,
        "() => [...document.querySelectorAll('.sightings-pager span')].every("
        "each => each.textContent.startsWith('Page 2 of 3'))",
    )
    loaded(page, 240)
    restart_kernel(page)
    page.locator(".sightings-sheet [data-role=next]").first.click()
    assert "run the cell again" in see(page, ".sightings-silent").inner_text()
    screenshot(page, "sheet-silent")
    run_all(page)
    see(page, "text=Page 1 of 3")
    loaded(page, 240)
    page.locator(".sightings-card [data-role=act-merge]").first.click()
    becomes(page, lambda: told(page), ["act 0 merge"])
    nothing_more(page, 1)


PAGES = """
sheet.close()
people = [card(k, opens="all 12 photos") for k in range(9)]
for k, each in enumerate(people):
    people[k] = Card(f"p{k}", f"person_{k:03d}", note=f"{12 - k} photos",
                     badge="doubtful" * (k == 2), name=f"person_{k:03d}",
                     strips=(strip(*range(k, k + 6 - k // 2)),),
                     actions=ACTIONS, opens="all 12 photos")
people[5:5] = [Card("line", "Further down: probably nobody's", line=True)]
first = ContactSheet(pictures); first.show(people)
asks = Card("q", "Are these two one person?", note="person_003 and person_017: 61 % likely",
    strips=(strip(1, 2, 3, label="person_003"), strip(5, 6, label="person_017")),
    actions=(Action("yes", "Yes, one person", "y"), Action("no", "No, two people", "n"),
             Action("later", "Cannot tell", "c")))
second = ContactSheet(pictures, size=140); second.show([asks])
third = ContactSheet(pictures, empty="Nobody was found. Choose another folder.")
third.show([])
display(first, second, third)
"""


def test_it_is_good_to_look_at(lab, open_notebook):
    name = lab.add_notebook("looks.ipynb", START, PAGES)
    page = open_notebook(name)
    run_all(page)
    see(page, "text=Nobody was found")
    for theme in ("Light", "Dark"):
        page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
            f"JupyterLab {theme}",
        )
        for width in (1280, 900):
            resize(page, width, 900)
            loaded(page, sum(6 - k // 2 for k in range(9)) + 5)
            nothing_cut_off(page, ".sightings-sheet")
            screenshot(page, f"sheet-{theme.lower()}-{width}")
            page.locator(".sightings-card").first.scroll_into_view_if_needed()
            bottoms = page.evaluate(
                """() => Object.values(Object.groupBy(
                    [...document.querySelectorAll('.sightings-card')].slice(0, 5),
                    card => card.getBoundingClientRect().top)).map(row => new Set(row.map(
                        card => card.querySelector('footer').getBoundingClientRect().bottom)).size)
                """
            )
            assert set(bottoms) == {1}, "buttons of cards beside each other are not on one line"


# The labelled photos as an album, without looking at them: the subject is in the middle.
FACES = """
import time
import numpy as np, pandas as pd
from pathlib import Path
from toolkit.calibration import Calibration
from toolkit.records import Album, EncoderInfo, empty_table, PROBLEM_COLUMNS
from toolkit.subjects.face import FACE
paths = sorted(Path({folder!r}).glob("*/*.jpg"))
names = [path.parent.name for path in paths]
digests = [f"{{k:064x}}" for k in range(len(paths))]
album = Album(
    pd.DataFrame(dict(path=list(map(str, paths)), photo_digest=digests, width=250, height=250,
                      left_out=0)),
    pd.DataFrame(dict(photo_digest=digests, path=list(map(str, paths)), left=70, top=70, right=180,
                      bottom=180, score=1.0)),
    np.zeros((len(paths), 128), np.float32),
    EncoderInfo("none", "0" * 64, 128, "euclidean", Calibration(slope=70.0, even=0.583)),
    empty_table(PROBLEM_COLUMNS),
    FACE,
)
from toolkit.photos.thumbnails import Thumbnails
from toolkit.widgets.individuals_view import SightingPictures, individual_cards
from toolkit.widgets.contact_sheet import Action, ContactSheet
len(paths), len(set(names))
"""
SHOW = """
thumbnails = Thumbnails(album)
sheet = ContactSheet(SightingPictures(thumbnails))
display(sheet)
begun = time.time()
sheet.show(individual_cards(album, names, thumbnails,
                        actions=(Action("merge", "Same person as …", "m"),)))
shown = time.time()
"""
# The same page of ipywidgets' own boxes, for comparison.
BOXES = """
import ipywidgets
begun = time.time()
cards, box = individual_cards(album, names, thumbnails), ipywidgets.VBox()
from toolkit.widgets.contact_sheet import page_starts
starts = page_starts([card.pictures for card in cards])
FLOW = ipywidgets.Layout(flex_flow="row wrap")
def boxed(page):
    tokens = [[p.token for p in card.strips[0].pictures]
              for card in cards[starts[page]:starts[page + 1]]]
    made = iter(SightingPictures(thumbnails)(sum(tokens, [])))
    return [
        ipywidgets.VBox([
            ipywidgets.HTML(card.title), ipywidgets.HTML(card.note),
            ipywidgets.HBox([ipywidgets.Image(value=next(made), format="jpeg", height=96,
                layout=ipywidgets.Layout(height="96px")) for _ in own]),
            ipywidgets.HBox([ipywidgets.Text(value=card.name, description="Name"),
                ipywidgets.Button(description=card.opens),
                ipywidgets.Button(description="Same person as …")])])
        for card, own in zip(cards[starts[page]:], tokens)]
at = 0
def turned(_):
    global at
    at += 1
    button.description = "busy"
    old, box.children = box.children, boxed(at)
    def shut(widget):
        for each in getattr(widget, "children", ()):
            shut(each)
        widget.close()
    for each in old:
        shut(each)
    button.description = f"page {at}"
button = ipywidgets.Button(description="page 0")
button.on_click(turned)
button.add_class("own-next"); box.add_class("own-boxes")
box.layout = FLOW
box.children = boxed(0)
display(button, box)
"""
# Whether pictures are there; those in view come first.
_LOADED = """const loaded = images => images.length > 0 && images.every(
    i => i.complete && i.naturalWidth > 0 && !i.classList.contains('sightings-coming'));
const visible = images => images.filter(i => i.getBoundingClientRect().top < innerHeight);"""
# When those in view and when all are there: ms since 1970, as Python's clock has it.
_SOON = f"""([selector, said]) => new Promise(done => {{
    {_LOADED}
    let seen = null;
    const look = () => {{
        const images = [...document.querySelectorAll(selector)];
        const own = document.querySelector('.own-next');
        const ready = !said || own.textContent === said;
        if (seen === null && ready && loaded(visible(images))) seen = Date.now();
        if (ready && loaded(images)) done([seen, Date.now()]);
        else requestAnimationFrame(look);
    }};
    look();
}})"""
_PAGE = "document.querySelector('.sightings-sheet .sightings-pager span').textContent"
# Presses Next; ms until the cards of the next page are drawn, the pictures in view are there, all.
_TURN = f"""() => new Promise(done => {{
    {_LOADED}
    const before = {_PAGE}, begun = performance.now();
    let drawn = null, seen = null;
    const look = () => {{
        const images = [...document.querySelectorAll('.sightings-cards img')];
        if (drawn === null && {_PAGE} !== before) drawn = performance.now() - begun;
        if (seen === null && drawn !== null && loaded(visible(images)))
            seen = performance.now() - begun;
        if (drawn !== null && loaded(images)) done([drawn, seen, performance.now() - begun]);
        else requestAnimationFrame(look);
    }};
    document.querySelector('.sightings-sheet [data-role=next]').click();
    look();
}})"""


@pytest.mark.evaluation
def test_thousands_of_faces_in_pages(lab, open_notebook, evaluation, capsys):
    folder = str(evaluation / "faces/lfw")
    name = lab.add_notebook("faces.ipynb", FACES.format(folder=folder), SHOW, "begun, shown", BOXES)
    page = open_notebook(name, fresh=True)
    run_cell(page, 0)
    told = []
    page.evaluate(f"window.soon = ({_SOON})(['.sightings-cards img', null]); 0")
    run_cell(page, 1)
    seen, end = (moment / 1000 for moment in page.evaluate("window.soon"))
    run_cell(page, 2)
    said = see(page, "text=/^\\(17/").inner_text()
    begun, shown = (float(part) for part in said.strip("()\n ").split(","))
    told.append(
        f"first page: in view {seen - begun:.2f} s, whole {end - begun:.2f} s, "
        f"of which Python's cards {shown - begun:.2f} s"
    )
    for kind, rest in (("at once", 0), ("after 2 s of looking", 2000)):
        turns = []
        for _ in range(10):
            page.wait_for_timeout(rest)
            turns.append(page.evaluate(_TURN))
            images = page.locator(".sightings-cards img")
            assert 0 < images.count() <= 200
        drawn, seen, loaded = (statistics.median(part) for part in zip(*turns, strict=True))
        worst = max(part for *_, part in turns)
        told.append(
            f"next page, {kind}: drawn {drawn:.0f} ms, pictures in view {seen:.0f}, "
            f"all {loaded:.0f} (most {worst:.0f})"
        )
    rss, heap = lab.kernel_bytes(name), heap_bytes(page)
    told.append(f"kernel {rss / 1e6:.0f} MB, browser's heap {heap / 1e6:.0f} MB")
    screenshot(page, "sheet-thousands")
    nothing_cut_off(page, ".sightings-sheet")
    page.evaluate(f"window.soon = ({_SOON})(['.own-boxes img', null]); 0")
    start = time.time() * 1000
    run_cell(page, 3)
    _, end = page.evaluate("window.soon")
    told.append(f"ipywidgets' own boxes: {(end - start) / 1000:.2f} s")
    for at in (1, 2, 3):
        start = time.time() * 1000
        page.locator(".own-next").click()
        _, end = page.evaluate(_SOON, [".own-boxes img", f"page {at}"])
        told.append(f"  page in {(end - start) / 1000:.2f} s")
    with capsys.disabled():
        sys.stdout.write("\n  " + "\n  ".join(told) + "\n")
    assert rss < 1.5e9
    assert heap < 500e6
