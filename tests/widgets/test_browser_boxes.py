"""Boxes drawn and animals painted by hand, in JupyterLab and on the page of the app."""

import shutil
from pathlib import Path

import pytest
from browser_lab import in_kernel, run_all, wait_for
from browser_seen import becomes, nothing_cut_off, resize, screenshot, see
from served_app import Served

from toolkit import modes
from toolkit.photos import animal_sample
from toolkit.records import PAINTED
from toolkit.settings import settings_for
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.detection import detections_file

pytestmark = pytest.mark.browser

PANEL = ".sightings-box-editor"
BOARD = f"{PANEL} .sightings-board"
BOX = f"{BOARD} .sightings-box"
HOW = settings_for("autopilot", AnimalSettings)(jobs=2, detector="mask")

OPENED = """
from toolkit.widgets.box_editor import BoxEditor

panel = BoxEditor("../out/animals")
panel
"""


@pytest.fixture(scope="module")
def photos(lab):
    """Three photos of drawn animals."""
    made = animal_sample.save(lab.root / "out" / "drawn", individuals=2)
    folder = lab.root / "out" / "photos"
    folder.mkdir()
    some = [path for path in made if path.parent.name == made[0].parent.name][:3]
    for path in some:
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="module")
def out(lab, photos):
    """What was found in them, with the mask alone."""
    folder = lab.root / "out" / "animals"
    modes.autopilot(photos, folder, settings=HOW)
    return folder


def drag(page, start, end, *, steps=8):
    """Drag the mouse on the picture from one place to another, as shares of what is in view."""
    page.locator(BOARD).scroll_into_view_if_needed()
    area = page.locator(BOARD).bounding_box()
    (x, y), (to_x, to_y) = (
        (area["x"] + across * area["width"], area["y"] + down * area["height"])
        for across, down in (start, end)
    )
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=steps)
    page.mouse.up()


def touch(page, start, end):
    """Draw a finger over the picture, as `drag` does the mouse."""
    page.locator(BOARD).scroll_into_view_if_needed()
    area = page.locator(BOARD).bounding_box()
    session = page.context.new_cdp_session(page)
    for kind, share in (("Start", 0.0), ("Move", 0.5), ("Move", 1.0), ("End", None)):
        points = []
        if share is not None:
            across, down = (
                one + share * (other - one) for one, other in zip(start, end, strict=True)
            )
            x, y = area["x"] + across * area["width"], area["y"] + down * area["height"]
            points = [{"x": x, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    session.detach()


def places(page):
    """Return where boxes are on the picture: left, top, width and height in per cent."""
    return page.locator(BOX).evaluate_all(
        "all => all.map(each => ['left', 'top', 'width', 'height'].map("
        "side => parseFloat(each.style[side])))"
    )


def chosen(page):
    """Return which box is the chosen one."""
    found = page.locator(BOX).evaluate_all(
        "all => all.findIndex(each => each.classList.contains('sightings-chosen'))"
    )
    return int(found)


def marked_px(page):
    """Return how many px of the picture are marked."""
    return page.locator(f"{BOARD} canvas").evaluate(
        """canvas => {
            const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let count = 0;
            for (let at = 3; at < data.length; at += 4) count += data[at] > 0;
            return count;
        }"""
    )


def drawn(page):
    wait_for(page, f"() => document.querySelector('{BOARD} img')?.naturalWidth > 100")


def button(page, text):
    return page.locator(f"{PANEL} button", has_text=text)


def test_a_box_is_drawn_an_animal_painted_and_the_next_run_holds_to_both(
    lab, open_notebook, photos, out
):
    page = open_notebook(lab.add_notebook("boxes.ipynb", OPENED))
    run_all(page)
    see(page, BOARD)
    drawn(page)
    becomes(page, lambda: len(places(page)), 1)
    assert page.get_by_label("Photo").is_visible()
    (found,) = places(page)
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "boxes-1-found")

    # On empty ground, from the lower right corner to the upper left one.
    drag(page, (0.2, 0.24), (0.04, 0.04))
    becomes(page, lambda: len(places(page)), 2)
    becomes(page, lambda: chosen(page), 1)
    assert places(page)[1] == pytest.approx([4, 4, 16, 20], abs=0.5)
    assert places(page)[0] == found
    # Inside moves it, an edge sizes it, and so do keys.
    drag(page, (0.12, 0.14), (0.15, 0.19))
    becomes(page, lambda: places(page)[1] == pytest.approx([7, 9, 16, 20], abs=0.5), True)
    drag(page, (0.23, 0.19), (0.33, 0.19))
    becomes(page, lambda: places(page)[1] == pytest.approx([7, 9, 26, 20], abs=0.5), True)
    drag(page, (0.07, 0.09), (0.05, 0.06))
    becomes(page, lambda: places(page)[1] == pytest.approx([5, 6, 28, 23], abs=0.5), True)
    in_kernel(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    becomes(page, lambda: places(page)[1] == pytest.approx([6, 6, 28, 22], abs=0.5), True)
    in_kernel(page)
    screenshot(page.locator(PANEL), "boxes-2-drawn")
    page.keyboard.press("PageUp")
    becomes(page, lambda: chosen(page), 0)
    page.keyboard.press("PageDown")
    becomes(page, lambda: chosen(page), 1)
    # What is drawn too small is a click, Shift draws over a box, and Delete takes it away.
    drag(page, (0.8, 0.02), (0.8, 0.02))
    page.keyboard.down("Shift")
    drag(page, (0.1, 0.1), (0.2, 0.2))
    page.keyboard.up("Shift")
    becomes(page, lambda: len(places(page)), 3)
    becomes(page, lambda: chosen(page), 2)
    page.keyboard.press("Delete")
    becomes(page, lambda: len(places(page)), 2)

    # The animal that was found: chosen by a click, and a stroke through the box.
    left, top, width, height = (each / 100 for each in found)
    middle = (left + width / 2, top + height / 2)
    drag(page, middle, middle)
    becomes(page, lambda: chosen(page), 0)
    button(page, "Erase").click()
    becomes(page, lambda: page.locator(BOARD).get_attribute("data-marked"), "true")
    in_kernel(page)
    before = marked_px(page)
    assert before > 100
    screenshot(page.locator(PANEL), "boxes-3-counts")
    drag(page, (left, middle[1]), (left + width, middle[1]))
    becomes(page, lambda: page.locator(f"{PANEL} option", has_text="painted").count(), 1)
    in_kernel(page)
    taken = marked_px(page)
    assert 0 < taken < 0.9 * before
    button(page, "Paint what counts").click()
    in_kernel(page)
    corner = (left + 0.1 * width, top + 0.1 * height)
    drag(page, corner, (left + 0.3 * width, top + 0.1 * height))
    becomes(page, lambda: marked_px(page) > taken, True)
    # The brush goes by keys, too.
    added = marked_px(page)
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    in_kernel(page)
    assert marked_px(page) >= added
    screenshot(page.locator(PANEL), "boxes-4-painted")
    page.get_by_label("look closely").check()
    in_kernel(page)
    drawn(page)
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "boxes-5-closely")
    resize(page, 600, 900)
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), "boxes-6-narrow")

    page.evaluate(
        "window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
    )
    wait_for(page, "() => document.body.dataset.jpThemeLight === 'false'")
    screenshot(page.locator(PANEL), "boxes-7-dark")

    button(page, "Save boxes").click()
    see(page, "text=1 photo with boxes of yours")
    (kept,) = detections_file.read(out / "boxes.json")
    assert len(kept.boxes) == 2
    assert sum(mask is not None for mask in kept.masks) == 1
    again = modes.autopilot(photos, out, settings=HOW)
    mine = again.album.sightings["path"].map(lambda each: Path(each).name) == kept.file
    table = again.album.sightings[mine]
    assert len(table) == 2
    (digest,) = {mask.digest for mask in kept.masks if mask is not None}
    assert sorted(table[PAINTED]) == ["", digest]


@pytest.fixture
def served(tmp_path, photos, out):
    """The app, with the results in its fields."""
    before = f"""
from toolkit.cli import app
def notebook(photos, *others, made=app.page_notebook):
    return made(photos, None, {str(out)!r}, "animal")
app.page_notebook = notebook
"""
    started = Served(tmp_path, photos, before)
    try:
        yield started
    finally:
        started.end()


@pytest.mark.parametrize(("width", "draw"), [(1280, drag), (420, touch)])
def test_on_the_page_of_the_app_boxes_are_drawn_too(served, context, watch, width, draw):
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    watch.follow(page)
    page.goto(served.address)
    page.get_by_role("tab", name="Boxes").click()
    drawn(page)
    becomes(page, lambda: len(places(page)) > 0, True)
    count = len(places(page))
    draw(page, (0.6, 0.05), (0.8, 0.25))
    becomes(page, lambda: len(places(page)), count + 1)
    assert places(page)[-1] == pytest.approx([60, 5, 20, 20], abs=1)
    button(page, "Paint what counts").click()
    becomes(page, lambda: page.locator(BOARD).get_attribute("data-marked"), "true")
    button(page, "Erase").click()
    draw(page, (0.62, 0.1), (0.78, 0.1))
    becomes(page, lambda: page.locator(f"{PANEL} option", has_text="painted").count() > 0, True)
    nothing_cut_off(page, PANEL)
    screenshot(page.locator(PANEL), f"boxes-app-{width}")
