"""Strips in the review panel: what is ticked is decided, kept, counted, and can be taken back."""

import io
from pathlib import Path

import numpy as np
import pytest
from made_albums import pairs_of
from PIL import Image

from toolkit.curation import counting, decisions
from toolkit.errors import BadSetting
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.modes import Looked
from toolkit.records import SIGHTING_ID
from toolkit.session import Session
from toolkit.settings import AutopilotSettings
from toolkit.widgets.review import COUNT, STRIPS, ReviewPanel

SECONDS = 60
TRUTH = np.repeat(np.arange(5), 4)


@pytest.fixture
def panel(tmp_path):
    full = pairs_of(TRUTH)
    looked = Looked(full, {}, len(full))
    settings = AutopilotSettings(threshold=0.5)
    panel = ReviewPanel(session=Session(looked, GroupingAssigner(settings), out=tmp_path / "out"))
    assert panel.wait(SECONDS)
    return panel


def opened(panel, tab):
    panel.tabs.selected_index = tab
    assert panel.wait(SECONDS)
    return {STRIPS: panel.strips, COUNT: panel.count}[tab]


def tick_right(view):
    for row in view.strip.shown:
        if (TRUTH[row] == TRUTH[view.strip.row]) != (row in view.ticked):
            view.tick(row)


def kept(panel):
    return decisions.read(panel.session.corrections.out)


def test_a_strip_shows_the_one_and_the_others_and_a_click_ticks(panel) -> None:
    assert panel.tabs.titles[STRIPS:] == ("Strips", "How many")
    view = opened(panel, STRIPS)
    assert view.state == "asking"
    first, line, *others = view.sheet.all_cards
    strip = view.strip
    assert line.line
    assert [picture.token for picture in first.strips[0].pictures] == [f"large:{strip.row}"]
    ids = panel.session.album.sightings[SIGHTING_ID]
    assert [card.key for card in others] == [ids[row] for row in strip.shown]
    assert {card.opens for card in others} == {"Tick"}
    view.sheet.open(others[1].key)
    ticked = view.sheet.all_cards[3]
    assert (ticked.badge, ticked.opens) == ("the same person", "Untick")
    assert view.ticked == {strip.shown[1]}
    view.sheet.open(others[1].key)
    assert view.ticked == set()
    view.sheet.open(first.key)
    with pytest.raises(BadSetting):
        view.tick(strip.row)
    assert not kept(panel)


def test_ticks_are_decided_everywhere_and_undone(panel) -> None:
    view = opened(panel, STRIPS)
    strip, names = view.strip, panel.session.names
    tick_right(view)
    count = len(view.ticked)
    view.done(others_differ=True)
    assert panel.wait(SECONDS)
    made = kept(panel)
    assert [each.kind for each in made].count("same") == count
    assert {each.kind for each in made} == {"same", "different"}
    own = {panel.session.names[row] for row in np.flatnonzero(TRUTH[strip.row] == TRUTH)}
    assert len(own) == 1
    assert view.strip.row != strip.row
    assert "Kept" in view.message.value
    asked = {each.pair for each in panel.questions._deck.asked}
    assert not any({strip.row} & pair for pair in asked)
    view.undo()
    assert panel.wait(SECONDS)
    assert kept(panel) == ()
    assert panel.session.names == names
    assert view.strip.row == strip.row
    view.undo()
    assert panel.wait(SECONDS)
    assert "nothing to take back" in view.message.value


def test_without_a_word_about_the_others_nothing_is_decided_about_them(panel) -> None:
    view = opened(panel, STRIPS)
    row = view.strip.row
    view.done()
    assert panel.wait(SECONDS)
    assert kept(panel) == ()
    assert "Nothing new" in view.message.value
    view.skip()
    assert panel.wait(SECONDS)
    assert row not in (view.strip.row,)
    assert not (panel.session.corrections.out / counting.STRIPS).exists()
    for _ in range(40):
        if view.state != "none left":
            view.skip()
            assert panel.wait(SECONDS)
    assert view.state == "none left"
    assert "No strip is left" in view.status.value


def test_what_was_decided_since_is_not_taken_back_by_a_strip(panel) -> None:
    view = opened(panel, STRIPS)
    tick_right(view)
    view.done()
    assert panel.wait(SECONDS)
    panel.questions.answer(one=False)
    assert panel.wait(SECONDS)
    before = kept(panel)
    view.undo()
    assert panel.wait(SECONDS)
    assert kept(panel) == before
    assert "take that back first" in view.message.value
    # Where that was taken back elsewhere, and what the strip decided as well, nothing is left.
    for _ in range(2):
        panel.questions.undo()
        assert panel.wait(SECONDS)
    assert kept(panel) == ()
    view.undo()
    assert panel.wait(SECONDS)
    assert "nothing is decided" in view.message.value
    assert kept(panel) == ()


def test_the_number_is_shown_narrows_and_goes_on_in_a_later_session(panel) -> None:
    view = opened(panel, COUNT)
    assert "No strip is done yet" in view.number.value
    assert view.differ_button.layout.display == "none"
    for _ in range(3):
        tick_right(view)
        view.done()
        assert panel.wait(SECONDS)
    assert "from 3 strips" in view.number.value
    assert "What it assumes" in view.number.value
    assert {each.kind for each in kept(panel)} == {"same"}
    out, row = panel.session.corrections.out, view.strip.row
    assert len(counting.read(out).done) == 3
    # What is decided is ticked already, where its strip is drawn.
    same = panel.session.decided.must
    again = ReviewPanel(session=Session(panel.session.looked, panel.session.assigner, out=out))
    assert again.wait(SECONDS)
    other = opened(again, COUNT)
    assert other.strip.row == row
    assert "from 3 strips" in other.number.value
    if row in same:
        assert other.ticked
    view.skip()
    assert panel.wait(SECONDS)
    assert counting.read(out).done[-1].status == counting.PASSED
    view.undo()
    assert panel.wait(SECONDS)
    view.undo()
    assert panel.wait(SECONDS)
    assert len(counting.read(out).done) == 2


def test_doubts_are_shown_with_their_pictures(panel) -> None:
    view = opened(panel, COUNT)
    cards = view.doubts.all_cards
    assert len(cards) == len(view.count.ghosts) + len(view.count.lumps) > 0
    assert all(len(card.strips[0].pictures) == 2 for card in cards)
    jpeg = view.doubts._pictures([cards[0].strips[0].pictures[0].token])[0]
    assert Image.open(io.BytesIO(jpeg)).size == (120, 120)


def test_what_goes_wrong_is_said_where_the_user_is_looking(panel) -> None:
    view = opened(panel, COUNT)
    Path(panel.session.corrections.out).mkdir(exist_ok=True)
    (panel.session.corrections.out / counting.STRIPS).write_text("no table")
    view.done()
    assert panel.wait(SECONDS)
    assert "cannot be read as a table of strips" in view.message.value
    assert view.state == "asking"
