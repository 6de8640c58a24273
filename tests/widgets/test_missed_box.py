import pytest
from tiles import TILE, ColourEncoder, TileDetector, save_tiles

from toolkit import modes
from toolkit.curation.decisions import read
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE
from toolkit.widgets.missed_box import MissedBox


class OnlyRight(TileDetector):
    """Finds no tile at the left edge of a photo."""

    def detect(self, image, path=None):
        return [each for each in super().detect(image, path) if each.box.left > 0]


@pytest.fixture
def sorted_tiles(tmp_path):
    save_tiles(tmp_path / "photos" / "two.png", "ann", "bob")
    subject = Subject("tile", OnlyRight(), ColourEncoder(), FACE.words)
    modes.autopilot(tmp_path / "photos", tmp_path / "out", subject=subject)
    return tmp_path / "photos", tmp_path / "out", subject


def labels(panel):
    return [each["label"] for each in panel.view.canvas.boxes]


def test_a_box_and_its_name_are_kept_and_the_next_run_finds_it(sorted_tiles) -> None:
    photos, out, subject = sorted_tiles
    panel = MissedBox(out, words=FACE.words)
    assert labels(panel) == ["person_001"]
    panel.view.canvas.draw((0.0, 0.0), (0.5, 1.0))
    panel.view.name.value = " Anna"
    panel.view.keep()
    assert [each.kind for each in read(out)] == ["box", "name"]
    assert read(out)[0].sighting.box == (0, 0, TILE, TILE)
    assert read(out)[1].name == "Anna"
    said = panel.view.message.value
    assert "Anna is boxed in two.png: it joins in with the next Start." in said
    assert labels(panel) == ["person_001", "drawn"]
    result = modes.autopilot(photos, out, subject=subject)
    assert "Anna" in result.sightings["name"].to_list()
    # Now it is there, and still one that can be taken out.
    again = MissedBox(out, words=FACE.words)
    assert labels(again) == ["person_001", "Anna"]


def test_a_box_is_taken_out_and_each_step_back(sorted_tiles) -> None:
    _, out, _ = sorted_tiles
    panel = MissedBox(out, words=FACE.words)
    assert panel.view.undo_button.layout.display == "none"
    panel.view.canvas.draw((0.0, 0.0), (0.5, 1.0))
    panel.view.keep()
    panel.view.canvas.choose(1)
    panel.view.out_button.click()
    assert (read(out), labels(panel)) == ((), ["person_001"])
    assert "The box in two.png is taken out" in panel.view.message.value
    panel.view.undo_button.click()
    assert [each.kind for each in read(out)] == ["box"]
    panel.view.undo_button.click()
    assert read(out) == ()
    # What was decided before is not taken back here.
    assert panel.view.undo_button.layout.display == "none"
    panel.view.undo()
    assert "Taken back" in panel.view.message.value


def test_whoever_has_the_album_in_hand_takes_it_in(sorted_tiles) -> None:
    told = []

    def changed(out):
        told.append(out)
        return "see whom it joins in the tab Everybody"

    panel = MissedBox(sorted_tiles[1], words=FACE.words, changed=changed)
    panel.view.canvas.draw((0.0, 0.0), (0.5, 1.0))
    panel.view.keep()
    assert told == [panel.run.out]
    said = "A face is boxed in two.png: see whom it joins in the tab Everybody."
    assert said in panel.view.message.value


def test_a_box_in_an_example_waits_for_the_next_start(sorted_tiles, tmp_path) -> None:
    photos, _, subject = sorted_tiles
    known, out = tmp_path / "known", tmp_path / "found"
    save_tiles(known / "Ann" / "a.png", "bob", "ann")
    save_tiles(known / "Bob" / "b.png", "bob", "cem", "ann")
    modes.point_and_shoot(photos, known, out, subject=subject)
    panel = MissedBox(out, words=FACE.words, changed=lambda _: "see whom it joins")
    places = [place for place, _ in panel.view.photo.options]
    assert places == ["example Bob/b.png", "two.png"]
    panel.view.choose(str(known / "Bob" / "b.png"))
    panel.view.canvas.draw((0.0, 0.0), (1 / 3, 1.0))
    panel.view.keep()
    assert "A face is boxed in b.png: it joins in with the next Start." in panel.view.message.value
    result = modes.point_and_shoot(photos, known, out, subject=subject)
    assert len(result.references.problems) == 0
    assert result.references.names == ("Ann", "Bob")
    assert result.undecided == 0
    panel.read()
    assert [place for place, _ in panel.view.photo.options] == places


def test_a_folder_that_is_no_result_is_one_line(tmp_path, sorted_tiles) -> None:
    panel = MissedBox(tmp_path / "photos", words=FACE.words)
    assert panel.message.value
    assert panel.view.layout.display == "none"
    panel.out.value = str(sorted_tiles[1])
    panel.open_button.click()
    assert panel.view.layout.display is None
    # Nothing is written into another folder than the one that is shown.
    panel.out.value = str(tmp_path)
    assert panel.view.layout.display == "none"
