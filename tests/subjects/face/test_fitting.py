"""Boxes that somebody drew around a face: landmarks are sought where a detector would have it."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from toolkit.boxes import overlap
from toolkit.files import shipped
from toolkit.photos.identity import identify
from toolkit.photos.turning import box_turned, turned
from toolkit.records import Box, Detection
from toolkit.scanning.missed import Missed, joined
from toolkit.scanning.scan import scan
from toolkit.subjects import registry
from toolkit.subjects.base import Subject, chips_of
from toolkit.subjects.face.fitting import found_in, likeliest
from toolkit.subjects.face.settings import FaceSettings

# Two photos of one person are 0.3 to 0.5 apart.
NEARLY = 0.15
NAMES = ("grace_hopper", "eileen_collins", "nikola_tesla_1", "nikola_tesla_2")
# How a box is drawn: moved across and down, width and height, as shares of the detector's.
WAYS = {
    "as it is": (0, 0, 1, 1),
    "up and left": (-0.12, -0.12, 1, 1),
    "tight": (0.1, 0, 0.8, 0.85),
    "the whole head": (0, -0.15, 1.2, 1.6),
}


@pytest.fixture(scope="module")
def subject():
    return registry.subject_for(FaceSettings())


def portrait(name):
    picture = Image.open(shipped(f"data/portraits/{name}.jpg")).convert("RGB")
    picture.thumbnail((400, 400))
    return np.asarray(picture)


def drawn(box, way):
    across, down, wide, high = WAYS[way]
    x = (box.left + box.right) / 2 + across * box.width
    y = (box.top + box.bottom) / 2 + down * box.height
    half = wide * box.width / 2, high * box.height / 2
    return Box(round(x - half[0]), round(y - half[1]), round(x + half[0]), round(y + half[1]))


def encoded(subject, image, found):
    cut = replace(found, box=found.aligned or found.box, aligned=None)
    return subject.encoder.encode(chips_of(subject.encoder, image, [cut]))[0]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_a_drawn_box_is_encoded_nearly_as_the_face_that_is_found(subject, name, way) -> None:
    image = portrait(name)
    (found,) = subject.detector.detect(image)
    box = drawn(found.box, way)
    ((mine,), _) = joined([], [box], subject.detector, image, 1.0)
    # The box stays as it was drawn: decisions know it by that.
    assert (mine.box, mine.turn) == (box, 0)
    away = encoded(subject, image, mine) - encoded(subject, image, found)
    assert np.linalg.norm(away) < NEARLY


def test_without_that_the_whole_head_is_somebody_else(subject) -> None:
    image = portrait("eileen_collins")
    (found,) = subject.detector.detect(image)
    head = Detection(drawn(found.box, "the whole head"), 1.0)
    away = encoded(subject, image, head) - encoded(subject, image, found)
    assert np.linalg.norm(away) > 0.5


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_drawn_box_around_a_face_that_lies_is_turned(subject, turn) -> None:
    image = portrait("grace_hopper")
    (found,) = subject.detector.detect(image)
    height, width = image.shape[:2]
    box = drawn(found.box, "the whole head")
    lying = box_turned(box, 360 - turn, width=width, height=height)
    picture = turned(image, 360 - turn)
    ((mine,), _) = joined([], [lying], subject.detector, picture, 1.0)
    assert (mine.box, mine.turn) == (lying, turn)
    away = encoded(subject, picture, mine) - encoded(subject, image, found)
    assert np.linalg.norm(away) < NEARLY


class Blind:
    """Finds nothing by itself; all else is another detector's."""

    name = "blind"

    def __init__(self, detector):
        self.fitted = detector.fitted

    def detect(self, image, path=None):
        return []


def test_from_the_photo_to_the_encoding_a_box_that_is_drawn_a_little_off_counts(subject) -> None:
    path = shipped("data/portraits/grace_hopper.jpg")
    # Searched small, encoded at full size.
    how = {"long_edge": 400}
    (result,) = scan([path], subject, **how)
    (found,) = result.detections
    blind = Subject("face", Blind(subject.detector), subject.encoder)
    box = drawn(found.box, "the whole head")
    (mine,) = scan([path], blind, missed=Missed([(identify(path).photo, box)]), **how)
    assert [(each.box, each.aligned) for each in mine.detections] == [(box, None)]
    assert np.linalg.norm(mine.encodings[0] - result.encodings[0]) < NEARLY


def test_of_what_a_detector_sees_the_best_that_is_in_the_box_counts() -> None:
    part, box = np.zeros((200, 300, 3), np.uint8), Box(100, 50, 200, 150)
    shown = []

    def search(picture):
        shown.append(picture.shape[:2])
        scale = picture.shape[1] / 300
        return [
            Detection(each.scaled(scale, scale), score)
            for each, score in (
                (Box(110, 60, 200, 150), 0.5),
                (Box(120, 60, 210, 150), 0.7),
                (Box(0, 0, 90, 90), 2.0),
            )
        ]

    found = found_in(part, box, search)
    assert found.score == 0.7
    there = np.array([[found.box.left, found.box.top, found.box.right, found.box.bottom]], float)
    assert overlap(there, np.array([[120.0, 60, 210, 150]]))[0, 0] > 0.95
    # So large that a face of the size of the box is seen.
    assert shown == [(180, 270), (280, 420)]
    assert found_in(part, box, lambda _: []) is None


def test_where_nothing_is_seen_the_square_is_taken_unless_landmarks_fit_better_elsewhere() -> None:
    box = Box(100, 50, 200, 210)
    assert likeliest(box, lambda _: 5.0, enough=1.0) == Box(100, 80, 200, 180)
    best = Box(115, 95, 185, 165)

    def near(tried):
        return -abs(tried.left - best.left) - abs(tried.top - best.top) - abs(tried.width - 70)

    found = likeliest(box, near, enough=1.0)
    assert abs(found.width - 70) <= 1
    assert abs(found.left - best.left) <= 10
