from dataclasses import replace

import numpy as np
import pytest
from tiles import TILE, ColourEncoder, TileDetector, save_tiles

from toolkit import modes
from toolkit.curation import decisions, drawn_boxes
from toolkit.curation.decisions import Decision
from toolkit.curation.history import Corrections, Gesture
from toolkit.errors import BadSetting
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.grouping.sighting_finder import SightingKey
from toolkit.session import Session
from toolkit.settings import AutopilotSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE

SETTINGS = AutopilotSettings(threshold=0.3, jobs=1)


class OnlyRight(TileDetector):
    """Finds no tile at the left edge of a photo of two."""

    def detect(self, image, path=None):
        found = super().detect(image, path)
        return [each for each in found if each.box.left > 0 or image.shape[1] == image.shape[0]]


@pytest.fixture
def subject():
    return Subject("tile", OnlyRight(), ColourEncoder())


@pytest.fixture
def session(tmp_path, subject):
    """Ann and Bob alone, and both of them together twice: there, Ann is not found."""
    photos = tmp_path / "photos"
    save_tiles(photos / "ann.png", "ann")
    save_tiles(photos / "bob.png", "bob")
    save_tiles(photos / "both.png", "ann", "bob")
    save_tiles(photos / "late.png", "bob", "ann", shade=9)
    looked = modes.look(photos, settings=SETTINGS, subject=subject)
    return Session(looked, GroupingAssigner(SETTINGS), out=tmp_path / "out")


def key_in(session, file, box=(0, 0, TILE, TILE)) -> SightingKey:
    table = session.looked.album.photos
    row = next(k for k, path in enumerate(table["path"]) if path.endswith(file))
    return SightingKey(table["path"].iloc[row], table["photo_digest"].iloc[row], *box)


def seen(session):
    """Return who is in which photo."""
    paths = session.album.sightings["path"]
    pairs = zip(paths, session.names, strict=True)
    return sorted((str(path).rpartition("/")[2], name) for path, name in pairs)


def test_a_box_that_is_drawn_joins_in_after_that_photo_alone_was_looked_at(session, subject):
    before, was = seen(session), session.looked.album
    key = key_in(session, "both.png")
    assert session.due == frozenset()
    assert session.add_box(key) == "a sighting is boxed in both.png"
    assert session.due == {key.photo}
    encoded = subject.encoder.encoded
    after = session.look_anew(subject)
    assert after.due == frozenset()
    # Two tiles of one photo, and no other.
    assert subject.encoder.encoded == encoded + 2
    ann = dict(before)["ann.png"]
    assert seen(after) == sorted([*before, ("both.png", ann)])
    # The photos, and the sightings of others, are as they were, in the order in which they were.
    now = after.looked.album
    assert list(now.photos["path"]) == list(was.photos["path"])
    assert list(now.sightings["path"]) == sorted(now.sightings["path"])
    others = (was.sightings["photo_digest"] != key.photo).to_numpy()
    there = (now.sightings["photo_digest"] != key.photo).to_numpy()
    np.testing.assert_array_equal(now.encodings[there], was.encodings[others])
    # The next run finds the same.
    again = modes.autopilot(session.looked.folder, session.corrections.out, subject=subject)
    assert [*map(tuple, again.album.encodings)] == [*map(tuple, now.encodings)]


def test_undo_takes_it_back_and_so_does_taking_it_out(session, subject):
    before, key = seen(session), key_in(session, "both.png")
    session.add_box(key, " anna ")
    named = session.look_anew(subject)
    assert ("ann.png", "anna") in seen(named)
    named.undo()
    assert named.due == {key.photo}
    assert seen(named.look_anew(subject)) == before

    session.add_box(key, "Anna")
    named = session.look_anew(subject)
    assert named.boxes == (key,)
    assert named.remove_box(key) == "the box in both.png is taken out"
    assert decisions.read(session.corrections.out) == ()
    without = named.look_anew(subject)
    assert seen(without) == before
    without.undo()
    assert [each.kind for each in decisions.read(session.corrections.out)] == ["box", "name"]
    assert without.due == {key.photo}


def test_whoever_is_known_is_meant_however_it_is_typed(session, subject):
    session.add_box(key_in(session, "both.png"), "Anna")
    named = session.look_anew(subject)
    named.add_box(key_in(session, "late.png"), "ANNA")
    assert {each.name for each in named.corrections.decisions} == {"", "Anna"}


def test_boxes_that_a_run_took_up_are_not_due_and_neither_are_those_beside_a_photo(
    session, subject
):
    key, away = key_in(session, "both.png"), key_in(session, "ann.png", (500, 0, 600, 100))
    session.add_box(key)
    session.add_box(away)
    elsewhere = replace(key, photo="ab")
    session.add_box(elsewhere)
    assert session.due == {key.photo, away.photo}
    after = session.look_anew(subject)
    assert after.due == frozenset()
    fresh = Session(after.looked, GroupingAssigner(SETTINGS), out=session.corrections.out)
    assert fresh.due == frozenset()
    assert drawn_boxes.keys(fresh.corrections.decisions) == (key, away, elsewhere)


def test_a_photo_that_is_another_picture_now_is_said(session, subject):
    key = key_in(session, "both.png")
    session.add_box(key)
    save_tiles(session.looked.folder / "both.png", "cem")
    with pytest.raises(BadSetting, match=r"both\.png is another picture now"):
        session.look_anew(subject)
    (session.looked.folder / "both.png").unlink()
    with pytest.raises(BadSetting, match=r"both\.png cannot be read any more"):
        session.look_anew(subject)


@pytest.mark.parametrize(
    ("key", "name", "said"),
    [
        (SightingKey("a.jpg", "ab", 0, 0, 7, 50), "", "a side of 7 px; expected at least 8"),
        (SightingKey("a.jpg", "ab", 0, 0, 50, 50), "a\tb", "control characters"),
    ],
)
def test_what_is_no_box_or_no_name_is_refused(key, name, said):
    with pytest.raises(BadSetting, match=said):
        drawn_boxes.drawing(key, FACE.words, name=name)


def test_a_box_taken_out_before_the_first_export_stays_out_after_it(session, tmp_path):
    album, key = session.looked.album, key_in(session, "both.png")
    made = Corrections(album)
    made.add(drawn_boxes.drawing(key, FACE.words, name="Anna"))
    made.add(Gesture((Decision("ignore", replace(key, left=70, right=100)),), "left out"))
    made.add(drawn_boxes.taking_out(made.decisions, key))
    assert [each.kind for each in made.decisions] == ["ignore"]
    made.keep_in(tmp_path / "new")
    assert [each.kind for each in decisions.read(tmp_path / "new")] == ["ignore"]
    made.undo()
    assert [each.kind for each in made.decisions] == ["box", "name", "ignore"]
