"""Those of whom it is not sure who they are, and those that were missed, in a real browser."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from browser_lab import at_rest, in_kernel, run_all, wait_for
from browser_seen import (
    becomes,
    nothing_cut_off,
    pictures_drawn,
    resize,
    screenshot,
    see,
)
from drawn_clips import save_clip, tiles_of
from PIL import Image
from served_app import Served
from tiles import PEOPLE, save_tiles

from toolkit.curation import decisions
from toolkit.files import shipped
from toolkit.subjects import registry
from toolkit.subjects.face.settings import FaceSettings

pytestmark = pytest.mark.browser

SHARED = Path(__file__).resolve().parents[1] / "shared"
SIDE = 320
# So long may a look at the photos take (s): many times what it takes when alone.
LOOK_SECONDS = 240

# Ann is not found beside another one, and blue tiles say too little.
SHOW = f"""
import sys
sys.path.insert(0, {str(SHARED)!r})
import numpy as np
from tiles import ColourEncoder, TileDetector
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE
class OnlyRight(TileDetector):
    def detect(self, image, path=None):
        found = super().detect(image, path)
        return [one for one in found if one.box.left > 0 or image.shape[1] == image.shape[0]]
class Doubting(ColourEncoder):
    def weighed(self, chips):
        vectors = self.encode(chips)
        blue = (vectors[:, 2] > 0.3) & (vectors[:, :2] < 0.3).all(axis=1)
        return vectors, np.where(blue, 0.01, 1.0)
subject = Subject("tile", OnlyRight(), Doubting(), FACE.words)
from toolkit.settings import AutopilotSettings, PointAndShootSettings
"""
AUTOPILOT = """
from toolkit.widgets.autopilot import AutopilotPanel
panel = AutopilotPanel("../out/tiles", "../out/sorted", subject=subject,
                       settings=AutopilotSettings(threshold=0.3))
panel
"""
KNOWN = """
from toolkit.widgets.point_and_shoot import PointAndShootPanel
panel = PointAndShootPanel("../out/tiles", "../out/known", "../out/found", subject=subject,
                           settings=PointAndShootSettings())
panel
"""
CLIPS = """
from toolkit.widgets.autopilot import AutopilotPanel
panel = AutopilotPanel("../out/clips", "../out/clips_sorted", subject=subject,
                       settings=AutopilotSettings(threshold=0.3, videos=True))
panel
"""


def save_large(path, *who, shade=0):
    """Save a photo of tiles as large as a photo on a screen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colours = [np.clip(np.array(PEOPLE[name]) - shade, 0, 255) for name in who]
    tiles = [np.full((SIDE, SIDE, 3), colour, np.uint8) for colour in colours]
    image = np.concatenate(tiles, axis=1)
    # A pattern of single px, so that nobody is taken for out of focus.
    image[::2, ::2] = image[1::2, 1::2] = image[::2, ::2] * 0.8
    Image.fromarray(image).save(path)


@pytest.fixture(scope="module")
def photos(lab):
    folder = lab.root / "out" / "tiles"
    for number in range(2):
        save_large(folder / f"ann{number}.png", "ann", shade=number)
        save_large(folder / f"bob{number}.png", "bob", shade=number)
    save_large(folder / "cem.png", "cem")
    save_large(folder / "two.png", "ann", "eve")
    save_tiles(folder / "dark.png")
    save_tiles(lab.root / "out" / "known" / "Ann" / "a.png", "ann", shade=3)
    return folder


class Panel:
    """What is pressed and seen in a panel."""

    def __init__(self, page, css):
        self.page, self.css = page, css
        self.board = f"{css} .sightings-missed .sightings-board"
        self.boxes = f"{self.board} .sightings-box"

    def press(self, name):
        at_rest(self.page)
        panel = self.page.locator(self.css)
        panel.get_by_role("button", name=re.compile(rf"^\W*{name}")).first.click()

    def start(self):
        self.press("Start")
        see(self.page, f"{self.css} .sightings-card", seconds=LOOK_SECONDS)
        at_rest(self.page)
        pictures_drawn(self.page, f"{self.css} .sightings-sheet img")

    def titles(self):
        shown = f"{self.css} .sightings-title, {self.css} .sightings-line span"
        return self.page.locator(shown).all_inner_texts()

    def card(self, title):
        header = self.page.locator("header", has_text=title)
        return self.page.locator(f"{self.css} .sightings-card", has=header)

    def shows(self, photo):
        """Choose a photo to draw in."""
        field = self.page.locator(f"{self.css} .sightings-missed select").first
        field.select_option(label=photo)
        in_kernel(self.page)
        wait_for(self.page, f"() => document.querySelector('{self.board} img')?.naturalWidth > 50")

    def labels(self):
        return self.page.locator(f"{self.boxes} span").all_inner_texts()

    def drag(self, start, end):
        board = self.page.locator(self.board)
        board.scroll_into_view_if_needed()
        area = board.bounding_box()
        (x, y), (to_x, to_y) = (
            (area["x"] + across * area["width"], area["y"] + down * area["height"])
            for across, down in (start, end)
        )
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(to_x, to_y, steps=8)
        self.page.mouse.up()


def test_a_box_is_drawn_in_a_frame_of_a_clip(lab, open_notebook):
    folder = lab.root / "out" / "clips"
    for number in range(2):
        save_large(folder / f"ann{number}.png", "ann", shade=number)
    scenes = [np.repeat(np.repeat(tiles_of(*who), 4, 0), 4, 1) for who in (("", "eve"), ("ann",))]
    save_clip(folder / "walk.mp4", scenes)
    page = open_notebook(lab.add_notebook("clips.ipynb", SHOW + CLIPS))
    run_all(page)
    panel = Panel(page, ".sightings-autopilot")
    panel.start()
    panel.press("Missed a face")
    see(page, panel.board)
    panel.shows("walk.mp4")
    becomes(page, panel.labels, ["person_002"])
    frames = page.locator(f"{panel.css} .sightings-missed select").nth(1)
    frames.select_option(label="1.0 s")
    becomes(page, panel.labels, [])
    panel.drag((0.03, 0.05), (0.47, 0.95))
    becomes(page, panel.labels, ["new"])
    screenshot(page.locator(panel.css), "missed-4-clip")
    panel.press("A face was missed here")
    see(page, f"{panel.css} >> text=The face in walk.mp4 is person_001, with 2 other photos.")
    # It is looked at in the frame that was chosen.
    becomes(page, panel.labels, ["person_001"])
    nothing_cut_off(page, panel.css)


def test_who_it_is_not_sure_they_are_and_who_was_missed_in_autopilot(lab, open_notebook, photos):
    page, out = open_notebook(lab.add_notebook("missed.ipynb", SHOW + AUTOPILOT)), lab.root / "out"
    run_all(page)
    panel = Panel(page, ".sightings-autopilot")
    panel.start()
    see(page, f"{panel.css} >> text=not sure who: 1 face")
    line = "Not sure who: 1 face says too little (covered, turned away, dark or blurred)."
    people = ["person_001", "person_002", "person_004"]
    becomes(page, panel.titles, [*people, line, "cem.png"])
    unsure = panel.card("cem.png")
    assert unsure.get_by_role("button", name="No folder").count() == 0
    nothing_cut_off(page, panel.css)
    screenshot(page.locator(panel.css), "missed-1-unsure")
    panel.press(r"Not sure who \(1\)")
    becomes(page, lambda: unsure.evaluate("card => card === document.activeElement"), True)
    unsure.get_by_label("Name").fill("Cem")
    page.keyboard.press("Enter")
    becomes(page, panel.titles, ["person_001", "person_002", "Cem", "person_004"])
    at_rest(page)

    # One that was missed: drawn with the mouse, and whom it joins is seen at once.
    panel.press("Missed a face")
    see(page, panel.board)
    panel.shows("two.png")
    becomes(page, panel.labels, ["person_004"])
    panel.drag((0.1, 0.15), (0.4, 0.85))
    becomes(page, panel.labels, ["person_004", "new"])
    screenshot(page.locator(panel.css), "missed-2-drawn")
    panel.press("A face was missed here")
    see(page, f"{panel.css} >> text=The face in two.png is person_001, with 2 other photos.")
    becomes(page, panel.labels, ["person_004", "person_001"])
    becomes(page, lambda: "3 photos" in panel.card("person_001").inner_text(), True)
    nothing_cut_off(page, panel.css)
    screenshot(page.locator(panel.css), "missed-3-joined")
    assert [each.kind for each in decisions.read(out / "sorted")] == ["name", "box"]

    # Undo; then another one by keys alone, in a photo where nothing was found.
    page.locator(f"{panel.css} .sightings-missed").get_by_role("button", name="Undo").click()
    becomes(page, panel.labels, ["person_004"])
    at_rest(page)
    page.get_by_label("only those without a face (1)").check()
    becomes(page, panel.labels, [])
    panel.press("Add a box")
    becomes(page, panel.labels, ["new"])
    page.locator(panel.board).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    in_kernel(page)
    see(page, f"{panel.css} .sightings-boxes >> text=new, not kept yet: 13 x 20 px")
    page.keyboard.press("Delete")
    becomes(page, panel.labels, [])

    # Start again: a box that is kept is found with the rest, and can be taken out.
    page.get_by_label("only those without a face (1)").uncheck()
    panel.shows("two.png")
    panel.drag((0.05, 0.1), (0.45, 0.9))
    becomes(page, panel.labels, ["person_004", "new"])
    panel.press("A face was missed here")
    becomes(page, panel.labels, ["person_004", "person_001"])
    at_rest(page)
    panel.start()
    becomes(page, lambda: "3 photos" in panel.card("person_001").inner_text(), True)
    panel.press("Missed a face")
    panel.shows("two.png")
    becomes(page, panel.labels, ["person_004", "person_001"])
    panel.drag((0.25, 0.5), (0.25, 0.5))
    panel.press("Take this box out")
    becomes(page, panel.labels, ["person_004"])
    becomes(page, lambda: "2 photos" in panel.card("person_001").inner_text(), True)
    resize(page, 600, 900)
    nothing_cut_off(page, panel.css)
    screenshot(page.locator(panel.css), "missed-4-narrow")
    panel.press("Close")
    becomes(page, page.locator(panel.board).is_visible, False)


def test_both_in_point_and_shoot(lab, open_notebook, photos):
    page = open_notebook(lab.add_notebook("known.ipynb", SHOW + KNOWN))
    run_all(page)
    panel = Panel(page, ".sightings-point-and-shoot")
    panel.start()
    see(page, f"{panel.css} >> text=not sure who: 1 face")
    panel.press(r"Not sure who \(1\)")
    becomes(page, panel.titles, ["cem.png"])
    see(page, f"{panel.css} >> text=nearest: Ann")
    nothing_cut_off(page, panel.css)
    screenshot(page.locator(panel.css), "missed-5-known")
    panel.card("cem.png").get_by_label("Name").fill("Cem")
    page.keyboard.press("Enter")
    see(page, f"{panel.css} >> text=cem.png shows Cem")
    becomes(page, panel.titles, [])
    panel.press("Back to everybody")
    becomes(page, panel.titles, ["Ann", "Cem"])

    # From the photo of a match to the same photo, to draw in.
    panel.card("Ann").get_by_role("button", name="the matches in order").click()
    becomes(page, lambda: panel.titles()[0], "Examples of Ann")
    panel.card("ann1.png").get_by_role("button", name="larger").click()
    see(page, f"{panel.css} .sightings-card button >> text=Missed a face?")
    panel.press("Missed a face")
    see(page, panel.board)
    chosen = f"document.querySelector('{panel.css} .sightings-missed select')"
    wait_for(page, f"() => {chosen}.selectedOptions[0].label === 'ann1.png'")
    panel.shows("two.png")
    panel.drag((0.05, 0.1), (0.45, 0.9))
    becomes(page, lambda: "new" in panel.labels(), True)
    panel.press("A face was missed here")
    see(page, f"{panel.css} >> text=The face in two.png is Ann, with 2 other photos.")
    screenshot(page.locator(panel.css), "missed-6-known")


@pytest.fixture
def portraits(tmp_path):
    """Two portraits, and one that is so small in its photo that the face is not found."""
    folder = tmp_path / "portraits"
    folder.mkdir()
    for name in ("grace_hopper", "nikola_tesla_1"):
        shutil.copy(shipped(f"data/portraits/{name}.jpg"), folder)
    small = Image.open(shipped("data/portraits/grace_hopper.jpg")).convert("RGB")
    (found,) = registry.subject_for(FaceSettings()).detector.detect(np.asarray(small))
    scale = 20 / found.box.width
    small = small.resize((round(small.width * scale), round(small.height * scale)))
    wide = Image.new("RGB", (1200, 800), (90, 110, 90))
    wide.paste(small, (600, 300))
    wide.save(folder / "wide.png")
    box = found.box.scaled(scale, scale)
    return folder, [
        (600 + box.left) / 1200,
        (300 + box.top) / 800,
        (600 + box.right) / 1200,
        (300 + box.bottom) / 800,
    ]


def test_in_the_tab_of_the_app_with_default_settings(tmp_path, portraits, context, watch):
    photos, (left, top, right, bottom) = portraits
    served = Served(tmp_path, photos)
    try:
        page = context.new_page()
        watch.follow(page)
        page.goto(served.address)
        everybody = Panel(page, ".sightings-autopilot")
        everybody.page.locator(everybody.css).get_by_role("button", name="Start").first.click()
        see(page, f"{everybody.css} .sightings-card", seconds=LOOK_SECONDS)
        see(page, f"{everybody.css} >> text=3 photos, 2 faces")
        page.get_by_role("tab", name="Missed").click()
        panel = Panel(page, ".sightings-missed-box")
        page.locator(panel.css).get_by_role("button", name="Show the photos").click()
        page.locator(panel.css).get_by_label("only those without").check()
        wait_for(page, f"() => document.querySelector('{panel.board} img')?.naturalWidth > 100")
        becomes(page, panel.labels, [])
        panel.drag((left, top), (right, bottom))
        becomes(page, panel.labels, ["new"])
        screenshot(page.locator(panel.css), "missed-7-app")
        page.locator(panel.css).get_by_role("button", name="A face was missed here").click()
        said = "A face is boxed in wide.png: see whom it joins in the tab Everybody."
        see(page, f"{panel.css} >> text={said}")
        becomes(page, panel.labels, ["drawn"])
        page.get_by_role("tab", name="Everybody").click()
        see(page, f"{everybody.css} >> text=3 photos, 3 faces", seconds=LOOK_SECONDS)
        screenshot(page, "missed-8-app")
    finally:
        served.end()
