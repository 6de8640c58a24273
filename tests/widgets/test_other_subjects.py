"""Every panel with a subject that is no face: it runs, and its own words stand on it."""

import re
from dataclasses import replace
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
from panel_texts import said
from squares import MeanEncoder, bright_squares
from tiles import ColourEncoder, TileDetector, save_tiles

from toolkit import modes
from toolkit.evaluation.photo_size_preview import Looks
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.records import SubjectInfo, Words
from toolkit.session import Session
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.subjects.base import Subject
from toolkit.widgets.app_page import page
from toolkit.widgets.autopilot import AutopilotPanel
from toolkit.widgets.point_and_shoot import PointAndShootPanel
from toolkit.widgets.review import ReviewPanel
from toolkit.widgets.size_explorer import SizePanel
from toolkit.widgets.threshold_explorer import ThresholdPanel

WORDS = Words("tile", "tiles", "animal", "animals")
SUBJECT = Subject("tile", TileDetector(), ColourEncoder(), WORDS)
SETTINGS = AutopilotSettings(threshold=0.3, jobs=1)


@pytest.fixture
def examples(tmp_path):
    for name in ("ann", "bob"):
        save_tiles(tmp_path / "known" / name / "1.png", name)
    return tmp_path / "known"


def test_the_words_of_faces_would_be_found(album_folder) -> None:
    panel = AutopilotPanel(album_folder)
    with pytest.raises(AssertionError):
        said(panel)


def test_autopilot_from_the_first_word_to_the_export(album_folder, tmp_path) -> None:
    panel = AutopilotPanel(album_folder, tmp_path / "out", settings=SETTINGS, subject=SUBJECT)
    said(panel)
    panel.start()
    assert panel.wait(30)
    assert panel.state == "done", panel.work.message.value
    assert "6 photos, 8 tiles, 3 animals" in panel.summary.value
    assert "Same animal as …" in said(panel)
    view, rows = panel.individuals, panel.individuals.sheet
    view.open(rows.all_cards[0].key)
    assert "the tile boxed. Is it another animal" in view.guidance.value
    assert {"Not this animal", "Leave this tile out"} <= set(said(panel).splitlines())
    view.open(rows.all_cards[0].key)
    said(panel)
    view.back()
    view.back()
    view.act(rows.all_cards[0].key, "split")
    assert "two animals?" in said(panel, view.message)
    view.back()
    view.rename(rows.all_cards[0].key, "Rex")
    assert panel.wait(30)
    view.rename(rows.all_cards[1].key, "Rex")
    assert panel.wait(30)
    assert "Are animal_002 and Rex one animal?" in view.message.value
    asks = view.sheet.all_cards[1].asks
    assert "Are animal_002 and Rex one animal?" in asks.text
    assert [each.label for each in asks.actions] == ["Yes, one animal", "No, two animals"]
    panel.export.show_plan()
    assert panel.export.wait(30)
    said(panel)


def test_point_and_shoot_with_doubts_and_answers(album_folder, examples, tmp_path) -> None:
    panel = PointAndShootPanel(
        album_folder,
        examples,
        tmp_path / "out",
        settings=PointAndShootSettings(threshold=0.3, jobs=1),
        subject=SUBJECT,
    )
    panel.examples.settle()
    assert panel.examples.path.description == "Animals"
    assert "an animal each" in said(panel)
    panel.start()
    assert panel.wait(30)
    assert panel.state == "done", panel.work.message.value
    assert "8 tiles, 2 of 2 animals found" in panel.summary.value
    matches = panel.matches
    said(panel, matches.line)
    matches.open("ann")
    assert "the nearest tiles first" in said(panel, matches.line)
    key = next(card.key for card in matches.sheet.all_cards if card.actions)
    matches.open(key)
    assert "Is the tile in the box the animal named" in said(panel, matches.line)
    matches.act(key, "ignore")
    assert panel.wait(30)
    assert "the tile in" in matches.message.value
    matches.back()
    matches.show_doubtful()
    said(panel, matches.line)


@pytest.fixture
def session(album_folder, tmp_path):
    looked = modes.look(album_folder, settings=SETTINGS, subject=SUBJECT)
    return Session(looked, GroupingAssigner(SETTINGS), out=tmp_path / "out")


def test_review_of_a_result_that_says_what_it_is_about(session, tmp_path) -> None:
    session.export(tmp_path / "out")
    # It is not told what the result is about: the result says so.
    panel = ReviewPanel(tmp_path / "out")
    panel.open_results()
    assert panel.wait(60)
    assert panel.state in ("done", "no questions"), panel.work.message.value
    assert panel.tabs.titles == ("Questions", "Animals", "Export")
    assert "Look through the animals" in said(panel) or "look through the animals" in said(panel)
    assert not panel.moved.asked


def test_the_first_words_of_a_review_are_those_of_the_subject() -> None:
    assert "Animals" in said(ReviewPanel(subject=SUBJECT))


def test_a_question_about_two_tiles(session, tmp_path) -> None:
    panel = ReviewPanel(session=session)
    assert panel.wait(60)
    if panel.questions.asked is not None:
        assert "Are these two one animal?" in said(panel)
    else:
        assert "Look through the animals" in panel.questions.status.value


def test_thresholds_of_an_album(session) -> None:
    panel = ThresholdPanel(session.album, SETTINGS, names=session.names)
    assert panel.wait(60)
    panel.move(0.05)
    assert panel.wait(60)
    panel.move(1.0)
    assert panel.wait(60)
    text = said(panel, panel.summary)
    assert "The animals" in text
    assert "animals fall apart" in text


def test_an_album_that_does_not_say_what_it_is_about_is_told(session) -> None:
    album = replace(session.album, subject=SubjectInfo())
    panel = ThresholdPanel(album, SETTINGS, subject=SUBJECT)
    assert panel.wait(60)
    assert "animals fall apart" in said(panel, panel.summary)


class Squares:
    """Finds the bright squares of a photo."""

    name = "squares"

    def detect(self, image: np.ndarray, path: Path | None = None) -> list:
        return bright_squares(image, 8)


def test_sizes_of_a_photo(album_folder) -> None:
    subject = Subject("tile", Squares(), MeanEncoder(), WORDS)
    settings = AutopilotSettings(min_sharpness=0, min_size=0, jobs=1)
    panel = SizePanel(album_folder, settings=settings, subject=subject)
    assert isinstance(panel.looks, Looks)
    assert panel.wait(60)
    panel.set_edge(100)
    assert panel.wait(60)
    assert panel.state == "done", panel.message.value
    # The list of detectors is the settings' own.
    text = said(panel, panel.detector, panel.use)
    assert "tiles are lost that you want to keep" in text
    assert re.search(r"\d tiles? found", text)
    panel.choose()
    assert "tiles are found by" in panel.use.value


def test_the_page_of_the_app(album_folder) -> None:
    shown = page(str(album_folder), subject=SUBJECT)
    tabs = shown.children[1]
    assert tabs.titles[:2] == ("All animals", "Animals I know")
    size = tabs.children[tabs.titles.index("Photo size")]
    assert "First find animals in the tab All animals" in said(shown, size.detector)
    for panel in tabs.children[:3]:
        panel.wait(30)
    assert size.wait(60)


def test_words_of_a_result_are_no_html(session, tmp_path) -> None:
    evil = "<img src=x>"
    album = replace(
        session.looked.album, subject=SubjectInfo("tile", Words(evil, evil, evil, evil))
    )
    other = Session(
        replace(session.looked, album=album), GroupingAssigner(SETTINGS), out=tmp_path / "out"
    )
    panel = ReviewPanel(session=other)
    assert panel.wait(60)
    panel.individuals.open(panel.individuals.sheet.all_cards[0].key)
    explorer = ThresholdPanel(other.album, SETTINGS)
    assert explorer.wait(60)
    for shown in (panel, explorer):
        html = "\n".join(
            each.value for each in widgets_of(shown) if isinstance(each, ipywidgets.HTML)
        )
        assert "&lt;img" in html
        assert "<img src=x" not in html


def widgets_of(widget):
    """A widget, and all in it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from widgets_of(child)
