"""The page of the app for a shop: listings by a catalogue, and photos in the wrong folder."""

import csv
import shutil

import pytest
from browser_seen import becomes, nothing_cut_off, pictures_drawn, resize, screenshot, see
from served_app import Served

from toolkit.photos import goods_sample

pytestmark = pytest.mark.browser

CATALOGUE, TAGS = ".sightings-catalogue", ".sightings-tags"
# So long may a look at the photos take (s): many times what it takes when alone.
LOOK_SECONDS = 240


@pytest.fixture(scope="module")
def goods(tmp_path_factory):
    """Drawn goods, and a tree of them with one photo in the wrong folder and one there twice."""
    root = tmp_path_factory.mktemp("goods")
    goods_sample.save(root / "goods", products=4)
    with (root / "goods" / goods_sample.TRUTH).open(encoding="utf-8") as file:
        truth = {row["photo"]: row["product"] for row in csv.DictReader(file)}
    for photo, product in truth.items():
        folder = root / "tree" / product
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / "goods" / "photos" / photo, folder)
    alba, cedro = (next(x for x in truth if truth[x].startswith(maker)) for maker in ("A", "B"))
    strayed = root / "tree" / truth[cedro] / alba
    shutil.move(root / "tree" / truth[alba] / alba, strayed)
    shutil.copy(root / "tree" / truth[cedro] / cedro, strayed.with_name("twice.jpg"))
    return root, truth, strayed.relative_to(root / "tree"), truth[alba]


@pytest.fixture(scope="module")
def served(goods, tmp_path_factory):
    """The app, with the goods in its fields."""
    root = goods[0] / "goods"
    before = f"""
from toolkit.cli import app
def notebook(photos, *others, made=app.page_notebook):
    return made(photos, {str(root / "catalogue")!r}, None, "thing")
app.page_notebook = notebook
"""
    started = Served(tmp_path_factory.mktemp("served"), root / "photos", before)
    try:
        yield started
    finally:
        started.end()


@pytest.fixture
def opened(served, context, watch):
    """The page, as it is or as it was left."""
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    watch.follow(page)
    page.goto(served.address)
    return page


def table(path):
    """Return the rows of a table, none while it is not written."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def cards(page, panel):
    return page.locator(f"{panel} .sightings-card")


def every_tab_can_be_read(page):
    """Fail unless the titles of all tabs are whole, at the width that the page has."""
    tabs = page.locator(".sightings-page").get_by_role("tab")
    cut = "tab => tab.querySelector('.lm-TabBar-tabLabel')"
    for tab in tabs.all():
        label = tab.evaluate_handle(cut)
        assert label.evaluate("e => e.scrollWidth <= e.clientWidth + 1"), tab.inner_text()


def test_photos_become_listings_and_what_is_unsure_or_new_is_clicked(opened, goods):
    page, (root, truth, _, _) = opened, goods
    out = root / "goods" / "listed"
    page.get_by_role("tab", name="Catalogue").click()
    panel = page.locator(CATALOGUE)
    see(page, f"{CATALOGUE} >> text=2 subfolders, a product each")
    panel.get_by_role("button", name="Start").click()
    see(page, f"{CATALOGUE} >> text=The tables are in", seconds=LOOK_SECONDS)
    see(page, f"{CATALOGUE} .sightings-card")
    pictures_drawn(page, f"{CATALOGUE} .sightings-sheet img")
    nothing_cut_off(page, CATALOGUE)
    screenshot(page, "goods-1-unsure")

    # One is said to be what it shows, by a key: its row has what the table says of the product.
    first = cards(page, CATALOGUE).first
    photo = first.locator(".sightings-title").inner_text()
    listed, unsure = len(table(out / "listings.csv")), len(table(out / "unsure.csv"))
    assert {row["photo"] for row in table(out / "unsure.csv")} >= {photo}
    chosen = first.get_by_role("button", name=truth[photo])
    chosen.click()
    becomes(page, lambda: len(table(out / "listings.csv")), listed + 1)
    row = next(row for row in table(out / "listings.csv") if row["photo"] == photo)
    assert (row["product"], row["by"], row["price"]) == (truth[photo], "you", "")
    assert row["maker"] == truth[photo].split()[0]
    becomes(page, lambda: len(table(out / "unsure.csv")), unsure - 1)

    # Another is none of these; it is new, gets a name, and both are kept.
    page.wait_for_function(
        f"was => document.querySelector('{CATALOGUE} .sightings-title').innerText !== was",
        arg=photo,
    )
    other = cards(page, CATALOGUE).first.locator(".sightings-title").inner_text()
    cards(page, CATALOGUE).first.get_by_role("button", name="None of these").click()
    becomes(page, lambda: len(table(out / "unsure.csv")), unsure - 2)
    panel.get_by_role("button", name="new (").click()
    see(page, f"{CATALOGUE} .sightings-card input")
    field = cards(page, CATALOGUE).last.locator("input")
    field.fill("Red cup")
    field.press("Enter")
    becomes(
        page,
        lambda: "Red cup" in {row["product"] for row in table(out / "new_products.csv")},
        True,
    )
    assert other in {row["photo"] for row in table(out / "new_products.csv")}
    see(page, f"{CATALOGUE} .sightings-title:has-text('Red cup')")
    nothing_cut_off(page, CATALOGUE)
    screenshot(page, "goods-2-new")

    # At the end there is a folder for each product; the photos are where they were.
    panel.get_by_role("button", name="Sort the photos into folders").click()
    see(page, f"{CATALOGUE} >> text=in the folders of")
    assert (out / truth[photo] / photo).is_file()
    assert list((out / "Red cup").iterdir())
    assert {path.name for path in (root / "goods" / "photos").iterdir()} == set(truth)
    resize(page, 420, 900)
    nothing_cut_off(page, CATALOGUE)
    every_tab_can_be_read(page)
    screenshot(page, "goods-3-narrow")


def test_a_photo_in_the_wrong_folder_is_moved_in_a_copy_of_the_tree(opened, goods):
    page, (root, truth, strayed, home) = opened, goods
    before = {path: path.read_bytes() for path in (root / "tree").rglob("*.jpg")}
    page.get_by_role("tab", name="Tags").click()
    panel = page.locator(TAGS)
    write = panel.get_by_role("button", name="Write the corrected folders")
    panel.locator("input[type=text]").first.fill(str(root / "tree"))
    see(page, f"{TAGS} >> text=4 subfolders, a product each")
    panel.get_by_role("button", name="Check").click()
    see(page, f"{TAGS} .sightings-card", seconds=LOOK_SECONDS)
    pictures_drawn(page, f"{TAGS} .sightings-sheet img")
    assert "1 pair of files with one picture, 0 of them in two folders" in panel.inner_text()
    assert write.is_disabled()
    nothing_cut_off(page, TAGS)
    screenshot(page, "goods-4-tags")

    # The one that strayed comes first; it goes home.
    out, first = root / "tree tags", cards(page, TAGS).first
    assert str(strayed) in first.inner_text()
    assert first.locator(".sightings-title").inner_text() == f"{strayed.parent} → {home}"
    first.get_by_role("button", name="Move").click()
    see(page, f"{TAGS} .sightings-badge >> text=goes to {home}")
    becomes(page, write.is_enabled, True)
    write.click()
    see(page, f"{TAGS} >> text=Written")
    corrected = out / "corrected"
    assert (corrected / home / strayed.name).is_file()
    assert not (corrected / strayed).exists()
    assert len(list(corrected.rglob("*.jpg"))) == len(truth) + 1
    (kept,) = table(out / "decisions.csv")
    assert (kept["path"], kept["decision"]) == (strayed.as_posix(), "move")
    assert {path: path.read_bytes() for path in (root / "tree").rglob("*.jpg")} == before
    resize(page, 420, 900)
    nothing_cut_off(page, TAGS)
    screenshot(page, "goods-5-tags-narrow")
