"""What the panels of both modes have in common."""

from dataclasses import replace

import pytest
from tiles import ColourEncoder, TileDetector, save_tiles

from toolkit.curation import decisions
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE
from toolkit.widgets import point_and_shoot
from toolkit.widgets.autopilot import GUIDANCE, AutopilotPanel
from toolkit.widgets.point_and_shoot import PointAndShootPanel
from toolkit.widgets.sorting_panel import STATES


@pytest.mark.parametrize("guidance", [GUIDANCE, point_and_shoot.GUIDANCE])
def test_every_state_has_its_guidance(guidance) -> None:
    assert set(guidance) == set(STATES)


class OnlyRight(TileDetector):
    """Finds no tile at the left edge of a photo of two."""

    def detect(self, image, path=None):
        found = super().detect(image, path)
        return [each for each in found if each.box.left > 0 or image.shape[1] == image.shape[0]]


@pytest.fixture(params=["autopilot", "point-and-shoot"])
def panel(request, tmp_path):
    """Ann is found alone, and in a photo of two she is not; started."""
    photos, out = tmp_path / "photos", tmp_path / "out"
    save_tiles(photos / "ann.png", "ann")
    save_tiles(photos / "two.png", "ann", "bob")
    subject = Subject("tile", OnlyRight(), ColourEncoder(), FACE.words)
    if request.param == "autopilot":
        settings = AutopilotSettings(threshold=0.3, jobs=1)
        made = AutopilotPanel(photos, out, settings=settings, subject=subject)
    else:
        save_tiles(tmp_path / "known" / "Ann" / "a.png", "ann", shade=3)
        made = PointAndShootPanel(
            *(photos, tmp_path / "known", out),
            settings=PointAndShootSettings(jobs=1),
            subject=subject,
        )
    made.start()
    assert made.wait(30)
    assert made.state == "done"
    yield made
    made.cancel()
    assert made.wait(30)


def who(panel):
    """Return the names of those in the photo of two."""
    table = panel.session.result.sightings
    return [name for name, path in zip(table["name"], table["path"], strict=True) if "two" in path]


def draw(panel, start=(0.0, 0.0), end=(0.5, 1.0)):
    panel.missed.canvas.draw(start, end)
    panel.missed.keep()
    assert panel.wait(30)


def test_a_box_that_is_drawn_joins_in_at_once_and_undo_takes_it_back(panel) -> None:
    (alone,) = (
        name
        for name, path in panel.session.result.sightings[["name", "path"]].to_numpy()
        if "ann.png" in path
    )
    assert panel.missed_part.layout.display == "none"
    view = panel._view
    assert view.missed_button.description == "Missed a face?"
    view.missed_button.click()
    assert panel.missed_part.layout.display is None
    panel.missed.choose("two.png")
    count = len(panel.missed.canvas.boxes)
    draw(panel)
    assert alone in who(panel)
    assert len(panel.missed.canvas.boxes) == count + 1
    assert alone in [each["label"] for each in panel.missed.canvas.boxes]
    said = f"The face in two.png is {alone}, with 1 other photo."
    assert said in panel.missed.message.value
    assert [each.kind for each in decisions.read(panel.session.corrections.out)] == ["box"]
    # What is kept in the folder, and the next Start, have it as well.
    panel.missed.undo_button.click()
    assert panel.wait(30)
    assert alone not in who(panel)
    assert len(panel.missed.canvas.boxes) == count
    assert "Taken back: a face is boxed in two.png" in panel.missed.message.value
    panel.close_button.click()
    assert panel.missed_part.layout.display == "none"


def test_a_drawn_box_has_a_name_and_is_taken_out_by_its_card(panel) -> None:
    panel.draw_missed()
    panel.missed.choose("two.png")
    panel.missed.name.value = "Eve"
    draw(panel)
    assert "Eve" in who(panel)
    panel.start()
    assert panel.wait(30)
    assert "Eve" in who(panel)
    panel.draw_missed(str(panel.session.looked.folder / "two.png"))
    place = [each["label"] for each in panel.missed.canvas.boxes].index("Eve")
    panel.missed.canvas.choose(place)
    panel.missed.out_button.click()
    assert panel.wait(30)
    assert "Eve" not in who(panel)
    assert decisions.read(panel.session.corrections.out) == ()


def test_a_name_that_is_none_is_said_beside_the_box(panel) -> None:
    panel.draw_missed()
    panel.missed.choose("two.png")
    panel.missed.name.value = "a" * 300
    draw(panel)
    assert "expected at most" in panel.missed.message.value
    assert panel.session.boxes == ()
    # What was drawn is still there.
    assert panel.missed.canvas.boxes[-1]["label"] == "new"


def test_the_photo_of_a_card_leads_there_with_that_photo(panel) -> None:
    view = panel._view
    first = view.sheet.all_cards[0].key
    view.open(first)
    photo = next(card for card in view.sheet.all_cards if card.actions and card.opens)
    view.open(photo.key)
    (card,) = view.sheet.all_cards
    assert card.actions[-1].label == "Missed a face?"
    view.act(card.key, "missed")
    assert panel.missed_part.layout.display is None
    shown = {at: place for place, at in panel.missed.photo.options}
    assert shown[panel.missed.photo.value] in ("ann.png", "two.png")
    path = panel.session.album.sightings["path"]
    row = list(panel.session.album.sightings["sighting_id"]).index(card.key)
    assert path.iat[row].endswith(shown[panel.missed.photo.value])


def test_boxes_of_another_tab_are_taken_in_where_the_album_is_in_hand(panel, tmp_path) -> None:
    out = panel.session.corrections.out
    panel.draw_missed()
    panel.missed.choose("two.png")
    draw(panel)
    (box, *_) = decisions.read(out)
    panel.missed.undo()
    assert panel.wait(30)
    decisions.add(out, [box])
    assert not panel.take_boxes(tmp_path)
    before = len(panel.session.album)
    assert panel.take_boxes(out)
    assert panel.wait(30)
    assert len(panel.session.album) == before + 1


def test_where_pairs_are_compared_a_box_waits_for_the_next_start(panel, monkeypatch) -> None:
    monkeypatch.setattr("toolkit.session.Session.looks_anew", False)
    panel.draw_missed()
    panel.missed.choose("two.png")
    before = len(panel.session.album)
    draw(panel)
    assert "Kept: it joins in with the next Start." in panel.missed.message.value
    assert len(panel.session.album) == before
    assert not panel.take_boxes(panel.session.corrections.out)


def test_a_photo_that_is_gone_is_said_and_the_box_is_kept(panel) -> None:
    panel.draw_missed()
    panel.missed.choose("two.png")
    panel.missed.canvas.draw((0.0, 0.0), (0.5, 1.0))
    (panel.session.looked.folder / "two.png").unlink()
    panel.missed.keep()
    assert panel.wait(30)
    assert "two.png cannot be read any more" in panel.missed.message.value
    assert len(panel.session.boxes) == 1


def test_summaries_say_of_whom_it_is_not_sure_who_they_are(panel) -> None:
    session = panel.session
    alone = next(row for row, path in enumerate(session.album.sightings["path"]) if "two" in path)
    session.result = replace(session.result, doubts=frozenset({alone}))
    panel._corrected()
    assert "not sure who: 1 face" in panel.summary.value
