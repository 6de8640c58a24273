"""Boxes of a result moved, drawn, painted in and taken away, and kept for the runs that follow."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import toys
from PIL import Image
from toys import SIDE, HueEncoder, Squares, lamp, save

from toolkit import modes
from toolkit.errors import BadSetting
from toolkit.records import SHOWS
from toolkit.scanning import store
from toolkit.settings import settings_for
from toolkit.subjects import registry
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.detection import detections_file
from toolkit.widgets import box_canvas, box_editor
from toolkit.widgets.box_editor import BoxEditor


class HalfEncoder(HueEncoder):
    """Describes what counts: found, that is the left half of a box."""

    def outline(self, image, box):
        inside = np.zeros((box.height, box.width), dtype=bool)
        inside[:, : box.width // 2] = True
        return inside

    def chips(self, image, boxes, masks=None):
        chips = super().chips(image, boxes).copy()
        middles = (np.arange(SIDE) + 0.5) / SIDE
        for chip, mask in zip(chips, masks or [None] * len(boxes), strict=True):
            if mask is not None:
                chip[~mask.at(middles, middles)] = 0
        return chips


class WildLampSettings(toys.LampSettings):
    """Lamps whose boxes can be drawn, as those of animals."""

    aside = AnimalSettings.aside
    in_modes = AnimalSettings.in_modes
    corrected = AnimalSettings.corrected

    def make_subject(self):
        made = super().make_subject()
        return replace(made, encoder=HalfEncoder())


@pytest.fixture
def sort(tmp_path, monkeypatch):
    """Sort two photos of two lamps each, into a folder that is returned with the result."""
    monkeypatch.setitem(registry.SUBJECTS, "lamp", WildLampSettings)
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "seen.sqlite3"))
    photos, out = tmp_path / "photos", tmp_path / "out"
    save(photos / "in" / "a.png", lamp("red", 1.0, 1), lamp("blue", 1.0, 2))
    save(photos / "b.png", lamp("red", 0.6, 3), lamp("blue", 0.6, 4))

    def sort():
        settings = settings_for("autopilot", WildLampSettings)(jobs=1)
        return modes.autopilot(photos, out, settings=settings)

    sort.out = out
    return sort


def boxes_of(album, name):
    mine = album.sightings[[Path(path).name == name for path in album.sightings["path"]]]
    return mine[["left", "top", "right", "bottom"]].to_numpy().tolist()


def edges(panel):
    """Return the edges of the chosen box in px."""
    left, top, right, bottom = panel.canvas.boxes[panel.canvas.chosen]["edges"]
    return [
        round(each * side)
        for each, side in zip((left, top, right, bottom), (2 * SIDE, SIDE) * 2, strict=True)
    ]


def test_a_box_that_is_moved_is_what_the_next_run_sees(sort) -> None:
    first = sort()
    panel = BoxEditor(sort.out)
    assert [each.place for each in panel.photos] == ["b.png", "in/a.png"]
    panel.go(1)
    assert panel._here.place == "in/a.png"
    assert "2 boxes" in panel.about.value
    assert edges(panel) == [0, 0, SIDE, SIDE]
    panel.canvas.reshape(0, (10 / 128, 0), (74 / 128, 1))
    assert "not saved yet" in panel.about.value
    panel.save()
    assert "1 photo with boxes of yours" in panel.message.value
    again = sort()
    assert again.recognised == 1
    assert "boxes.json: your boxes in 1 photo" in str(again)
    assert boxes_of(again.album, "a.png") == [[10, 0, 74, SIDE], [SIDE, 0, 2 * SIDE, SIDE]]
    assert boxes_of(again.album, "b.png") == boxes_of(first.album, "b.png")
    # The panel shows them as they are, and the file is what other programs write.
    other = BoxEditor(sort.out)
    other.choose("in/a.png")
    assert "(yours)" in other.about.value
    assert edges(other) == [10, 0, 74, SIDE]
    assert [one.file for one in detections_file.read(sort.out / "boxes.json")] == ["in/a.png"]


def test_boxes_are_drawn_taken_away_and_called_otherwise(sort) -> None:
    sort()
    panel = BoxEditor(sort.out)
    panel.canvas.draw((0.9, 0.9), (0.6, 0.1))
    assert panel.box.value == panel.canvas.chosen == 2
    assert edges(panel) == [77, 6, 115, 58]
    panel.add()
    assert [each.kind for each in panel._here.boxes] == ["", "", "", ""]
    panel.canvas.remove(3)
    panel.canvas.choose(2)
    panel.kind.value = "person"
    assert [each["aside"] for each in panel.canvas.boxes] == [False, False, True]
    panel.box.value = 0
    panel.delete()
    panel.delete()
    panel.choose("in/a.png")
    panel.delete()
    panel.delete()
    panel.delete()
    assert panel.delete_button.disabled
    panel.save()
    again = sort()
    shows = dict(zip(again.album.photos["path"], again.album.photos[SHOWS], strict=True))
    assert {Path(path).name: told for path, told in shows.items()} == {
        "a.png": "empty",
        "b.png": "person",
    }
    panel.read()
    assert "was said to show: person" in panel.about.value
    panel.save()
    assert "No box was changed" in panel.message.value


def marked(panel):
    """Return which px of the chosen box are marked on the picture."""
    return np.asarray(Image.open(io.BytesIO(panel.canvas.marked)))[..., 3] > 0


def test_what_counts_is_seen_painted_and_had_back_as_it_was_found(sort) -> None:
    sort()
    panel = BoxEditor(sort.out)
    assert panel.canvas.marked == b""
    panel.mask.value = True
    found = marked(panel)
    assert found[:, : SIDE // 2].all()
    assert not found[:, SIDE // 2 :].any()
    assert panel.unpaint_button.disabled
    # A brush of 10 px at the right edge of the first box, whose other half is the second.
    panel.tool.value = box_canvas.PAINT
    panel.canvas.brush = 10.0
    panel.canvas.stroke([(48 / 128, 0.5), (60 / 128, 0.5)], adds=True)
    added = marked(panel) & ~found
    assert added[32, 40:].all()
    assert not added[:20].any()
    assert "painted" in panel.box.label
    assert "not saved yet" in panel.about.value
    panel.canvas.stroke([(0, 0.5), (1, 0.5)], adds=False)
    assert not marked(panel)[24:40].any()
    assert marked(panel)[:20, : SIDE // 2].all()
    panel.unpaint()
    np.testing.assert_array_equal(marked(panel), found)
    panel.box.value = None
    assert panel.canvas.marked == b""
    panel.canvas.stroke([(0.1, 0.1)], adds=True)
    assert all(each.mask is None for each in panel._here.boxes)


def test_what_was_painted_counts_in_the_next_run_and_stays_with_its_box(sort) -> None:
    first = sort()
    panel = BoxEditor(sort.out)
    panel.tool.value = box_canvas.ERASE
    panel.canvas.brush = 200.0
    panel.canvas.stroke([(0.2, 0.5)], adds=False)
    panel.canvas.brush = 10.0
    panel.canvas.stroke([(0.0, 0.5), (0.5, 0.5)], adds=True)
    band = marked(panel)
    assert band.sum() == pytest.approx(20 * SIDE, rel=0.1)
    panel.save()
    again = sort()
    assert again.recognised == 1
    now, before = (each.album.encodings[0] for each in (again, first))
    assert first.album.sightings["path"][0] == again.album.sightings["path"][0]
    assert now.sum() == pytest.approx(before.sum() * band.mean(), rel=0.05)
    np.testing.assert_array_equal(again.album.encodings[1:], first.album.encodings[1:])
    # Opened anew it is there, and goes along as the box gets other edges.
    panel = BoxEditor(sort.out)
    panel.mask.value = True
    np.testing.assert_array_equal(marked(panel), band)
    panel.canvas.reshape(0, (0, 0), (0.25, 1))
    np.testing.assert_array_equal(marked(panel), band[:, : SIDE // 2])
    # What is called something else has nothing painted.
    panel.kind.value = "vehicle"
    assert panel.canvas.marked == b""
    panel.canvas.stroke([(0.1, 0.5)], adds=True)
    assert panel._here.boxes[0].mask is None


def test_what_another_panel_painted_meanwhile_is_kept_and_what_is_damaged_is_not_lost(sort) -> None:
    sort()
    one, other = BoxEditor(sort.out), BoxEditor(sort.out)
    for panel, row in ((one, 0), (other, 1)):
        panel.go(row)
        panel.canvas.brush = 20.0
        panel.canvas.stroke([(0.2, 0.5)], adds=False)
        panel.save()
    kept = detections_file.read(sort.out / "boxes.json")
    assert sorted(each.file for each in kept) == ["b.png", "in/a.png"]
    assert all(any(each.masks) for each in kept)
    path = sort.out / "boxes.json"
    damaged = path.read_text().replace('"counts": [', '"counts": [99999,')
    path.write_text(damaged)
    one.canvas.stroke([(0.1, 0.1)], adds=False)
    one.save()
    assert "painted_mask" in one.message.value
    assert path.read_text() == damaged
    # It waits to be saved still.
    assert one.changed == {"b.png"}
    assert "painted_mask" in BoxEditor(sort.out).message.value


def test_of_a_photo_with_another_size_the_boxes_stay_and_the_paint_goes(sort) -> None:
    result = sort()
    panel = BoxEditor(sort.out)
    panel.canvas.brush = 20.0
    panel.canvas.stroke([(0.2, 0.5)], adds=False)
    panel.save()
    path = Path(result.album.photos["path"][0])
    with Image.open(path) as picture:
        larger = picture.resize((4 * SIDE, 2 * SIDE))
    larger.save(path)
    again = sort()
    assert "what was painted in 1 photo does not count (b.png): it has another size" in str(again)
    assert boxes_of(again.album, "b.png")[0] == [0, 0, 2 * SIDE, 2 * SIDE]
    panel = BoxEditor(sort.out)
    assert "the photo has another size now" in panel.about.value
    assert all(each.mask is None for each in panel._here.boxes)


def test_a_box_is_looked_at_closely(sort) -> None:
    sort()
    panel = BoxEditor(sort.out)
    assert panel.canvas.view == [0, 0, 1, 1]
    panel.canvas.choose(1)
    panel.canvas.reshape(1, (0.75, 0.25), (0.875, 0.75))
    panel.closer.value = True
    # 16 x 32 px, a quarter of which is added on each side.
    assert panel.canvas.view == pytest.approx([92 / 128, 8 / 64, 24 / 128, 48 / 64])
    with Image.open(io.BytesIO(panel.canvas.picture)) as picture:
        assert picture.size == (box_editor.SIDE // 2, box_editor.SIDE)
    panel.canvas.choose(0)
    assert panel.canvas.view == pytest.approx([0, 0, 80 / 128, 1])
    panel.closer.value = False
    assert panel.canvas.view == [0, 0, 1, 1]


def test_where_all_of_a_box_counts_nothing_is_painted(sort) -> None:
    sort()
    panel = BoxEditor(sort.out, subject=lambda: Subject("lamp", Squares(), HueEncoder()))
    panel.tool.value = box_canvas.PAINT
    assert panel.canvas.marked == b""
    assert "All of a box counts" in panel.message.value
    panel.canvas.stroke([(0.1, 0.5)], adds=True)
    assert not panel.changed


def test_boxes_of_people_come_from_the_file_that_the_run_had(sort, tmp_path) -> None:
    sort()
    told = {
        "detection_categories": {"1": "animal", "2": "person"},
        "images": [
            {
                "file": "b.png",
                "detections": [
                    {"category": "2", "conf": conf, "bbox": [0.5, 0, 0.5, 1]} for conf in (0.1, 0.9)
                ],
            }
        ],
    }
    (tmp_path / "results.json").write_text(json.dumps(told))
    record = json.loads((sort.out / "run.json").read_text())
    record["settings"] |= {"boxes": str(tmp_path / "results.json"), "min_confidence": 0.2}
    (sort.out / "run.json").write_text(json.dumps(record))
    panel = BoxEditor(sort.out)
    assert [each.kind for each in panel._here.boxes] == ["", "", "person"]


def test_what_cannot_be_read_is_said(sort, tmp_path) -> None:
    panel = BoxEditor(tmp_path / "none")
    assert "is no folder" in panel.message.value
    assert panel.parts.layout.display == "none"
    # What to do is said as long as nothing is shown, and the field for it is there.
    assert "Name the folder of a result" in panel.guidance.value
    assert panel.guidance.layout.display is None
    assert panel.out.layout.display is None
    panel.go(1)
    panel.add()
    panel.delete()
    result = sort()
    (sort.out / "boxes.json").write_text("[]")
    panel = BoxEditor(sort.out)
    assert "boxes.json cannot be used" in panel.message.value
    with pytest.raises(BadSetting, match=r"boxes\.json cannot be used"):
        sort()
    (sort.out / "boxes.json").unlink()
    panel = BoxEditor(sort.out)
    Path(result.album.photos["path"][0]).unlink()
    panel.read()
    assert "cannot be read" in panel.message.value
    assert panel.canvas.picture == b""
