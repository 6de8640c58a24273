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
    subject = Subject("tile", OnlyRight(), ColourEncoder())
    modes.autopilot(tmp_path / "photos", tmp_path / "out", subject=subject)
    return tmp_path / "photos", tmp_path / "out", subject


def test_a_box_and_its_name_are_kept_and_the_next_run_finds_it(sorted_tiles) -> None:
    photos, out, subject = sorted_tiles
    panel = MissedBox(out, words=FACE.words)
    assert len(panel.canvas.boxes) == 1
    panel.save()
    assert "Draw a box first" in panel.message.value
    panel.canvas.draw((0.0, 0.0), (0.5, 1.0))
    panel.name.value = "Anna"
    panel.save()
    assert [each.kind for each in read(out)] == ["box", "name"]
    assert read(out)[0].sighting.box == (0, 0, TILE, TILE)
    result = modes.autopilot(photos, out, subject=subject)
    assert "Anna" in result.sightings["name"].to_list()
    again = MissedBox(out, words=FACE.words)
    assert [each["label"] for each in again.canvas.boxes][-1] == "drawn"


def test_what_was_found_stays_where_it_is(sorted_tiles) -> None:
    panel = MissedBox(sorted_tiles[1], words=FACE.words)
    before = list(panel.canvas.boxes)
    panel.canvas.reshape(0, (0.0, 0.0), (0.4, 0.4))
    panel.canvas.remove(0)
    assert panel.canvas.boxes == before
    panel.canvas.draw((0.0, 0.0), (0.5, 1.0))
    panel.canvas.remove(1)
    assert panel.canvas.boxes == before


def test_a_folder_that_is_no_result_is_one_line(tmp_path) -> None:
    panel = MissedBox(tmp_path, words=FACE.words)
    assert panel.message.value
    assert panel.parts.layout.display == "none"
