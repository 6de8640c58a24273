from dataclasses import replace

import numpy as np
import pytest
from drawn_clips import save_clip, tiles_of
from tiles import TILE, TileDetector, save_tiles

from toolkit import modes
from toolkit.grouping.sighting_finder import SightingKey
from toolkit.photos.identity import identify
from toolkit.settings import AutopilotSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE
from toolkit.widgets.missed_view import MissedView

SETTINGS = AutopilotSettings(jobs=1)


class View(MissedView):
    """One that notes what it is told."""

    def __init__(self):
        self.told = []
        super().__init__(
            FACE.words,
            kept=lambda key, name: self.told.append((key.path.rpartition("/")[2], key.box, name)),
            taken_out=lambda key: self.told.append(key.box),
            undone=lambda: self.told.append("undo"),
        )


@pytest.fixture
def album(tmp_path, colours):
    """A photo of two, one of one, and one in which nothing is found."""
    photos = tmp_path / "photos"
    save_tiles(photos / "a.png", "ann", "bob")
    save_tiles(photos / "b.png", "bob")
    save_tiles(photos / "deep" / "empty.png", "ann")
    looked = modes.look(photos, settings=SETTINGS, subject=colours)
    kept = [not path.endswith("empty.png") for path in looked.album.sightings["path"]]
    whole, rows = looked.album, np.flatnonzero(kept)
    return photos, replace(
        whole,
        sightings=whole.sightings.iloc[rows].reset_index(drop=True),
        encodings=whole.encodings[rows],
        ignored=whole.ignored[rows],
    )


@pytest.fixture
def view(album):
    folder, seen = album
    made = View()
    made.show(seen, folder, names=["Ann", None, "Bob"])
    return made


def labels(view):
    return [each["label"] for each in view.canvas.boxes]


def test_photos_are_gone_through_with_who_is_in_them(view):
    assert [place for place, _ in view.photo.options] == ["a.png", "b.png", "deep/empty.png"]
    assert labels(view) == ["Ann", "2"]
    assert view.name.options == ("Ann", "Bob")
    assert view.back_button.disabled
    view.next_button.click()
    assert labels(view) == ["Bob"]
    view.go(5)
    assert labels(view) == []
    assert view.next_button.disabled
    view.go(-9)
    assert labels(view) == ["Ann", "2"]


def test_only_photos_without_anything_found_are_listed_if_so_wanted(view, album):
    assert view.alone.description == "only those without a face (1)"
    view.alone.value = True
    assert [place for place, _ in view.photo.options] == ["deep/empty.png"]
    assert labels(view) == []
    # What was drawn in it is seen there: it does not go at once.
    row = album[1].photos.iloc[2]
    key = SightingKey(row["path"], row["photo_digest"], 5, 5, 30, 30)
    table = album[1].sightings
    found = table.iloc[:1].assign(path=row["path"], photo_digest=row["photo_digest"])
    more = album[1].take([0])
    more = replace(more, photos=album[1].photos, sightings=found)
    view.show(more, album[0], names=["Ann"], boxes=[key])
    assert [place for place, _ in view.photo.options][view.photo.index] == "deep/empty.png"
    assert view.alone.value
    view.show(album[1], album[0], names=["Ann", None, "Bob"])
    # Another one that is asked for is shown all the same.
    view.choose("b.png")
    assert not view.alone.value
    assert labels(view) == ["Bob"]
    view.choose("nowhere.png")
    assert labels(view) == ["Bob"]


def test_a_box_is_drawn_moved_and_kept_with_a_name(view):
    assert view.keep_button.disabled
    view.keep()
    assert "Draw a box first" in view.message.value
    view.canvas.draw((0.0, 0.0), (0.5, 0.9))
    assert labels(view) == ["Ann", "2", "new"]
    view.canvas.reshape(2, (0.25, 0.5), (0.5, 1.0))
    view.name.value = " Cem "
    assert not view.keep_button.disabled
    view.keep_button.click()
    assert view.told == [("a.png", (TILE // 2, TILE // 2, TILE, TILE), "Cem")]


def test_without_a_mouse_a_box_begins_in_the_middle(view):
    view.add_button.click()
    assert labels(view)[-1] == "new"
    assert view.canvas.chosen == 2
    assert view.canvas.boxes[2]["edges"] == pytest.approx([0.4, 0.35, 0.6, 0.65])
    # It can be dropped before it is kept.
    view.out_button.click()
    assert labels(view) == ["Ann", "2"]
    assert view.told == []


def test_what_was_found_stays_where_it_is_and_what_was_drawn_can_be_taken_out(view, album):
    folder, seen = album
    row = seen.photos.iloc[0]
    key = SightingKey(row["path"], row["photo_digest"], 5, 5, 30, 30)
    view.show(seen, folder, names=["Ann", None, "Bob"], boxes=[key], can_undo=True)
    before = list(view.canvas.boxes)
    assert labels(view) == ["Ann", "2", "drawn"]
    for at in range(3):
        view.canvas.reshape(at, (0.0, 0.0), (0.4, 0.4))
        assert view.canvas.boxes == before
    view.canvas.remove(0)
    assert view.told == []
    view.canvas.choose(0)
    assert view.out_button.layout.display == "none"
    view.take_out()
    assert "Choose a box that was drawn" in view.message.value
    view.canvas.choose(2)
    assert view.out_button.layout.display is None
    view.out_button.click()
    view.canvas.remove(2)
    view.undo_button.click()
    assert view.told == [key.box, key.box, "undo"]


def test_one_that_was_drawn_and_is_there_by_now_is_shown_once(view, album):
    folder, seen = album
    row = seen.sightings.iloc[1]
    box = tuple(int(row[side]) for side in ("left", "top", "right", "bottom"))
    key = SightingKey(row["path"], row["photo_digest"], *box)
    view.show(seen, folder, names=["Ann", "Bob", "Bob"], boxes=[key])
    assert labels(view) == ["Ann", "Bob"]
    assert [each["aside"] for each in view.canvas.boxes] == [False, True]


def test_a_box_is_drawn_in_a_frame_of_a_clip(tmp_path, colours):
    scenes = [tiles_of("ann"), tiles_of("", ""), tiles_of("ann", "bob")]
    save_clip(tmp_path / "a.mp4", scenes)
    save_tiles(tmp_path / "b.png", "bob")
    seen = modes.look(tmp_path, settings=replace(SETTINGS, videos=True), subject=colours).album
    view = View()
    key = SightingKey(str(tmp_path / "a.mp4"), seen.photos["photo_digest"][0], 5, 70, 60, 120)
    view.show(seen, tmp_path, names=["Ann", "Ann", "Bob", "Bob"], boxes=[key])
    assert view.frame.layout.display is None
    assert [said for said, _ in view.frame.options] == ["0.0 s", "1.0 s", "2.0 s"]
    assert labels(view) == ["Ann"]
    assert view.canvas.size == [2 * TILE, TILE]
    view.frame.index = 1
    assert labels(view) == ["drawn"]
    view.frame.index = 2
    assert labels(view) == ["Ann", "Bob"]
    assert view.canvas.boxes[1]["edges"] == pytest.approx([0.5, 0, 1, 1])
    view.canvas.draw((0.25, 0.5), (0.5, 1.0))
    view.keep()
    there = (TILE // 2, 2 * TILE + TILE // 2, TILE, 3 * TILE)
    assert view.told == [("a.mp4", there, "")]
    # What was drawn is shown in its frame, which stays the one that is looked at.
    view.show(seen, tmp_path, boxes=[key, SightingKey(key.path, key.photo, *there)])
    assert view.frame.index == 2
    assert labels(view)[-1] == "drawn"
    view.go(1)
    assert view.frame.layout.display == "none"
    assert labels(view) == ["1"]


def test_examples_in_which_nobody_could_be_told_can_be_drawn_in(view, album, tmp_path):
    folder, seen = album
    path = save_tiles(tmp_path / "known" / "Dee" / "d.png", "ann", "dee", "bob")
    save_clip(tmp_path / "known" / "Dee" / "d.mp4", [tiles_of("ann")])
    (tmp_path / "known" / "Dee" / "bad.png").write_bytes(b"none")
    examples = [str(path), str(path.with_name("bad.png")), str(path.with_suffix(".mp4"))]
    view.show(seen, folder, names=["Ann", None, "Bob"], examples=examples)
    assert [place for place, _ in view.photo.options] == [
        "example Dee/d.png",
        "example Dee/d.mp4",
        "a.png",
        "b.png",
        "deep/empty.png",
    ]
    # The one that was looked at is still the one; whose an example is, its folder says.
    view.choose(str(path))
    assert view.name.layout.display == "none"
    view.name.value = "Eve"
    view.canvas.draw((0.0, 0.0), (0.5, 1.0))
    view.keep()
    assert view.told == [("d.png", (0, 0, round(1.5 * TILE), TILE), "")]
    key = SightingKey(str(path), identify(path).file, 0, 0, 96, TILE)
    gone = SightingKey(str(folder.parent / "known" / "Dee" / "d.mp4"), "ab", 0, 0, 96, TILE)
    # It is there, and can be taken out, also when it serves; not where it is another photo now.
    view = View()
    view.show(seen, folder, boxes=[key, gone])
    assert [place for place, _ in view.photo.options][:2] == ["example Dee/d.png", "a.png"]
    assert labels(view) == ["drawn"]
    view.choose("a.png")
    assert view.name.layout.display is None


def test_photos_that_are_gone_are_said(view, album):
    (album[0] / "b.png").unlink()
    view.go(1)
    assert "b.png" in view.message.value
    view.show(None, None)
    assert view.photo.options == ()
    assert view.drawing.layout.display == "none"


def test_the_photo_stays_when_more_is_known(view, album):
    folder, seen = album
    view.choose("b.png")
    view.show(seen, folder, names=["Ann", "Bob", "Bob"])
    assert labels(view) == ["Bob"]


def test_words_are_those_of_the_subject(colours):
    subject = Subject("tile", TileDetector(), colours.encoder)
    told = {"kept": print, "taken_out": print, "undone": print}
    assert MissedView(subject.words, **told).keep_button.description == (
        "A sighting was missed here"
    )
