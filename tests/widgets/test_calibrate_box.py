"""Learning from known individuals on the page."""

from pathlib import Path

import pandas as pd
import pytest
from panel_texts import said
from tiles import save_tiles

from toolkit.errors import BadSetting
from toolkit.records import Words
from toolkit.settings import AutopilotSettings
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.widgets.app_page import page
from toolkit.widgets.calibrate_box import CalibrateBox, learn

WORDS = Words("tile", "tiles", "animal", "animals")


class Fitted:
    def save_calibration(self, path: Path) -> None:
        path.write_text("learned")


def make(table=None, fails=None):
    chosen = []

    def do(known, settings, told, tell):
        if fails:
            raise BadSetting(fails)
        told.append("1 photo in no folder, <left> out")
        tell("photos", 1, 2, "a.png")
        return Fitted(), pd.DataFrame() if table is None else table, ("upright",)

    return CalibrateBox(AutopilotSettings, chosen.append, words=WORDS, learn=do), chosen


@pytest.fixture
def known(tmp_path):
    save_tiles(tmp_path / "known" / "ann" / "1.png", "ann")
    return tmp_path / "known"


def start(box, folder):
    box.known.choose(str(folder))
    box.start()
    assert box.wait(30)


def test_what_is_learned_lies_beside_the_known_ones_and_is_chosen(known) -> None:
    table = pd.DataFrame([{"part": "left", "half": 1, "by": "calibrated", "error": 0.01234}])
    box, chosen = make(table)
    start(box, known)
    path = f"{known} calibration.json"
    assert (box.state, chosen, Path(path).read_text()) == ("learned", [path], "learned")
    text = said(box)
    assert "What counts: upright" in text
    assert "<td>0.0123</td>" in text
    assert "<td>calibrated</td>" in text
    assert "&lt;left&gt; out" in text


def test_of_too_few_it_says_so(known) -> None:
    box, _ = make()
    start(box, known)
    assert "too few animals" in said(box)


@pytest.mark.parametrize(("folder", "text"), [("", "name the folder"), ("known", "too few")])
def test_what_cannot_be_learned_is_said_and_nothing_is_chosen(
    known, folder, text, tmp_path
) -> None:
    box, chosen = make(fails="too few of them")
    start(box, tmp_path / folder if folder else "")
    assert (box.state, chosen) == ("failed", [])
    assert text in box.work.message.plain
    assert not list(tmp_path.glob("*.json"))


def test_what_is_compared_by_vectors_teaches_nothing(monkeypatch, known) -> None:
    monkeypatch.setattr(
        "toolkit.benchmarks.identification.known_album", lambda *_, **__: (None, None)
    )
    with pytest.raises(BadSetting, match="nothing to learn of faces"):
        learn(known, AutopilotSettings(), [], lambda *_: None)


def test_the_page_has_it_where_settings_take_a_calibration() -> None:
    tabs = page(about="animal").children[1]
    assert "Calibration" in tabs.titles
    box = tabs.children[tabs.titles.index("Calibration")]
    box._learned("/some/calibration.json")
    assert isinstance(tabs.children[0].form.settings(), AnimalSettings)
    assert tabs.children[0].form.settings().calibration == "/some/calibration.json"
    assert "Calibration" not in page().children[1].titles


def test_what_is_learned_counts_in_every_tab_that_looks_at_photos() -> None:
    tabs = page(about="thing").children[1]
    panels = dict(zip(tabs.titles, tabs.children, strict=True))
    panels["Calibration"]._learned("/some/calibration.json")
    for title in ("All products", "Products I know", "Catalogue"):
        assert panels[title].form.settings().calibration == "/some/calibration.json"
