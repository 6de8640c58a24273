"""The size explorer in JupyterLab, as somebody who never writes a line meets it."""

import re

import nbformat
import pytest
from browser_lab import run_all
from browser_seen import (
    SEE_SECONDS,
    becomes,
    nothing_cut_off,
    pictures_drawn,
    resize,
    screenshot,
    see,
)
from measured_less import SIZES
from PIL import Image

pytestmark = pytest.mark.browser

NOTEBOOK = "12_trade_size_for_accuracy.ipynb"
PANEL = ".sightings-size"
HANDLE = f"{PANEL} .noUi-handle"
# The memory of a process of its own is measured where the notebook is run.
QUICK = f"{SIZES}photo_size.memory_of = lambda path, ways, *more: [float('nan')] * len(ways)\n"


def press(page, name):
    page.locator(PANEL).get_by_role("button", name=name).click()


def said(page, pattern):
    """Wait until the panel says something."""
    told = page.locator(PANEL).get_by_text(re.compile(pattern)).first
    told.wait_for(timeout=SEE_SECONDS * 1000)
    return told.inner_text()


def boxes(page, kind):
    return page.locator(f"{PANEL} .sightings-{kind}")


def drawn(page):
    pictures_drawn(page, f"{PANEL} img", least=0)


def shrink(lab):
    """Have the notebook measure less, and small photos: it is its panel that is tried here."""
    path = lab.root / "notebooks" / NOTEBOOK
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].source += f"\nLONG_EDGES = (0, 400)\nSAMPLE_SIZE = 2\nSEED = 4\n{QUICK}"
    nbformat.write(notebook, path)


def of_ordinary_shape(lab):
    """Put the long photo of three people on a ground, so that it is not searched in parts."""
    path = lab.root / "data" / "sample" / "photos" / "day 1" / "IMG_0005.jpg"
    with Image.open(path) as strip:
        whole = Image.new("RGB", (strip.width, strip.width * 3 // 4), (90, 90, 90))
        whole.paste(strip, (0, (whole.height - strip.height) // 2))
    whole.save(path, quality=90)


def without_large(lab):
    """Shrink the largest photo of the album: to be searched at full size it takes seconds."""
    photos = (lab.root / "data" / "sample" / "photos").rglob("*.*")
    largest = max(photos, key=lambda path: path.stat().st_size)
    with Image.open(largest) as picture:
        shrunk = picture.reduce(4)
    shrunk.save(largest)


def files_of(lab):
    return sorted(path for path in lab.root.rglob("*") if ".ipynb_checkpoints" not in path.parts)


def test_a_size_is_chosen_without_writing_a_line(open_notebook, lab):
    shrink(lab)
    of_ordinary_shape(lab)
    page = open_notebook(NOTEBOOK)
    files = files_of(lab)
    run_all(page)
    see(page, f"{PANEL} .sightings-photo img")
    said(page, r"1 of 1 face found; none lost; .* instead of")
    see(page, f"{PANEL} tr[aria-current]")
    drawn(page)
    row = page.locator(f"{PANEL} tr[aria-current]")
    becomes(page, lambda: row.inner_text().split()[:2], ["cnn", "400"])
    becomes(page, lambda: "this size" in row.inner_text(), True)
    nothing_cut_off(page, PANEL, allow=".sightings-photo")
    screenshot(page, "size-1-begin")

    # The fifth photo shows three people; at 400 px all are lost, larger they are found.
    for number in range(2, 6):
        press(page, "Next photo")
        said(page, rf"photo {number} of 12")
    said(page, r"0 of 3 faces found; 3 lost: .* px at full size, .* px here; .* instead of")
    becomes(page, boxes(page, "lost").count, 3)
    assert boxes(page, "lost").first.inner_text() == "lost"
    nothing_cut_off(page, PANEL, allow=".sightings-photo")
    screenshot(page.locator(PANEL), "size-2-lost")

    # With the keyboard to 800 px.
    handle = page.locator(HANDLE)
    for _ in range(3):
        handle.press("ArrowRight")
    said(page, r"3 of 3 faces found; none lost")
    becomes(page, boxes(page, "lost").count, 0)
    becomes(page, boxes(page, "found").count, 3)
    said(page, r"Use 800 px with the CNN")
    said(page, r"800 px with the CNN was not measured")
    screenshot(page.locator(PANEL), "size-3-found")

    # HOG; the mouse drags, and the last key goes to the end.
    page.locator(f"{PANEL} select").last.select_option(label="HOG: frontal faces only, quicker")
    said(page, r"Use 800 px with the HOG")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(middle[0] + 12 * step, middle[1])
        page.wait_for_timeout(20)
    page.mouse.up()
    edge = int(page.locator(f"{PANEL} .widget-readout").inner_text().split()[0])
    assert edge > 800
    said(page, rf"Use {edge:,} px with the HOG")
    handle.press("End")
    said(page, r"found at full size with the HOG")
    screenshot(page.locator(PANEL), "size-4-full")
    press(page, "Use full size with the HOG")
    said(page, r"long_edge=20000, upsample=0, detector='hog'")
    nothing_cut_off(page, PANEL, allow=".sightings-photo")

    resize(page, 900, 900)
    nothing_cut_off(page, PANEL, allow=".sightings-photo")
    screenshot(page.locator(PANEL), "size-5-narrow")
    # Nothing was written by the panel.
    assert files == files_of(lab)


def test_sizes_are_compared_and_cancelled_in_the_panel(open_notebook, lab):
    without_large(lab)
    name = lab.add_notebook(
        "compare.ipynb",
        f"{QUICK}from toolkit.widgets.size_explorer import SizePanel\n"
        "panel = SizePanel(sample_folder='../data/sample', long_edges=(0, 400), "
        "photos_compared=2)\npanel",
        "panel",
    )
    page = open_notebook(name)
    run_all(page)
    first = page.locator(PANEL).first
    first.get_by_text("Choose a folder with photos").wait_for()
    screenshot(page, "size-6-empty")
    first.get_by_role("button", name="Use the sample album").click()
    # Shown twice, both follow.
    for panel in page.locator(PANEL).all():
        panel.get_by_text(re.compile("photo 1 of 12")).wait_for(timeout=SEE_SECONDS * 1000)
        panel.get_by_text(re.compile("1 face found at full size")).wait_for(
            timeout=SEE_SECONDS * 1000
        )
    first.get_by_role("button", name="Compare the sizes").click()
    first.get_by_text("The sizes are being compared").wait_for()
    screenshot(first, "size-7-comparing")
    first.get_by_role("button", name="Cancel").last.click()
    first.get_by_text("Cancelled: nothing came of it").wait_for(timeout=SEE_SECONDS * 1000)
    first.get_by_role("button", name="Compare the sizes").click()
    first.get_by_text(re.compile("times (faster|slower)|no other row")).first.wait_for(
        timeout=2 * SEE_SECONDS * 1000
    )
    drawn(page)
    nothing_cut_off(page, PANEL, allow=".sightings-photo")
    screenshot(page, "size-8-compared")
