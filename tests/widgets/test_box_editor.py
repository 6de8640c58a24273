"""Boxes of a result moved, drawn and taken away in a panel, and kept for the runs that follow."""

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
from toolkit.widgets import box_editor
from toolkit.widgets.box_editor import BoxEditor


class HalfMask(Squares):
    """Says that the left half of a picture counts."""

    def outline(self, image):
        inside = np.zeros(image.shape[:2], dtype=bool)
        inside[10:-10, 10 : image.shape[1] // 2] = True
        return inside


class WildLampSettings(toys.LampSettings):
    """Lamps whose boxes can be drawn, as those of animals."""

    aside = AnimalSettings.aside
    in_modes = AnimalSettings.in_modes
    corrected = AnimalSettings.corrected

    def make_subject(self):
        made = super().make_subject()
        return replace(made, detector=HalfMask())


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


def test_a_box_that_is_moved_is_what_the_next_run_sees(sort) -> None:
    first = sort()
    panel = BoxEditor(sort.out)
    assert [each.place for each in panel.photos] == ["b.png", "in/a.png"]
    panel.go(1)
    assert panel._here.place == "in/a.png"
    assert "2 boxes" in panel.about.value
    assert panel.across.value == (0, SIDE)
    assert panel.across.max == 2 * SIDE
    panel.across.value = (10, 74)
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
    assert other.across.value == (10, 74)
    assert [one.file for one in detections_file.read(sort.out / "boxes.json")] == ["in/a.png"]


def test_boxes_are_drawn_taken_away_and_called_otherwise(sort) -> None:
    sort()
    panel = BoxEditor(sort.out)
    panel.add()
    assert [kind for kind, *_ in panel._here.boxes] == ["", "", ""]
    assert panel.box.value == 2
    panel.kind.value = "person"
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


def test_the_picture_has_the_boxes_and_what_counts_inside(sort) -> None:
    sort()
    panel = BoxEditor(sort.out)

    def colours():
        pixels = np.asarray(Image.open(io.BytesIO(panel.picture.value))).astype(int)
        return [
            int((np.abs(pixels - each).sum(axis=2) < 90).sum())
            for each in (box_editor.CHOSEN, box_editor.REST, box_editor.OUTLINE)
        ]

    chosen, rest, outline = colours()
    assert chosen > 50
    assert rest > 50
    assert outline == 0
    panel.mask.value = True
    assert colours()[2] > 20


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
    assert [kind for kind, *_ in panel._here.boxes] == ["", "", "person"]


def test_what_cannot_be_read_is_said(sort, tmp_path) -> None:
    panel = BoxEditor(tmp_path / "none")
    assert "is no folder" in panel.message.value
    assert panel.parts.layout.display == "none"
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
    panel.add()
    assert panel.message.value
    assert Subject("lamp", Squares(), HueEncoder()).detector.name == "squares"
