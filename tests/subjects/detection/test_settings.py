"""Where subjects are sought, as the settings say it."""

import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from toolkit.errors import BadModelFile, BadSetting
from toolkit.names import SubjectInfo, Words
from toolkit.records import Box
from toolkit.subjects.detection.kinds import DRAWN
from toolkit.subjects.detection.settings import DetectionSettings


class Nowhere:
    """Marks nothing."""

    def of(self, image):
        return np.zeros((320, 320), np.float32)


@dataclass(frozen=True, kw_only=True)
class CupSettings(DetectionSettings):
    subject: ClassVar[SubjectInfo] = SubjectInfo("cup", Words("cup", "cups", "set", "sets"))


def test_the_whole_photo_is_taken_or_what_stands_out() -> None:
    image = np.zeros((600, 800, 3), np.uint8)
    (found,) = CupSettings(detector="whole").make_detector(Nowhere()).detect(image)
    assert found.box == Box(0, 0, 800, 600)
    assert CupSettings(detector="mask").make_detector(Nowhere()).detect(image) == []


def test_boxes_of_a_file_come_before_what_is_sought(tmp_path) -> None:
    photo = tmp_path / "a.jpg"
    Image.new("RGB", (200, 100)).save(photo)
    told = {
        "info": {"format_version": "1.4"},
        "detection_categories": {"1": "animal"},
        "images": [
            {
                "file": "a.jpg",
                "detections": [{"category": "1", "conf": 0.9, "bbox": [0.5, 0, 0.5, 1]}],
            }
        ],
    }
    (tmp_path / "boxes.json").write_text(json.dumps(told))
    settings = CupSettings(detector="whole", boxes=str(tmp_path / "boxes.json"))
    detector = settings.make_detector(Nowhere())
    detector.prepare([photo], tmp_path)
    (found,) = detector.detect(np.zeros((100, 200, 3), np.uint8), photo)
    assert found.box == Box(100, 0, 200, 100)


def test_what_cannot_be_used_is_told_at_once(tmp_path) -> None:
    with pytest.raises(BadSetting, match=r"nothing\.json"):
        CupSettings(boxes=str(tmp_path / "nothing.json")).make_detector(Nowhere())
    with pytest.raises(BadModelFile, match=r"nothing\.onnx"):
        CupSettings(detector=str(tmp_path / "nothing.onnx")).make_detector(Nowhere())


def test_a_subject_without_drawn_boxes_stays_as_it_is(tmp_path) -> None:
    subject = object()
    assert CupSettings().corrected(subject, None) is subject
    assert CupSettings().corrected(subject, tmp_path) is subject
    (tmp_path / DRAWN).write_text("no JSON")
    with pytest.raises(BadSetting):
        CupSettings().corrected(subject, tmp_path)
