"""Faces of the sample's portraits, laid on their side and upside down."""

import numpy as np
import pytest
from PIL import Image

from toolkit.files import shipped
from toolkit.photos.turning import turned
from toolkit.records import TURNS, Detection
from toolkit.subjects import registry
from toolkit.subjects.base import chips_of, in_parts
from toolkit.subjects.face.settings import FaceSettings
from toolkit.subjects.face.subject import Landmarks
from toolkit.subjects.face.turning import TurnedFaces, uprightness

LYING = TURNS[1:]


def portrait(name: str, size: int = 400) -> np.ndarray:
    picture = Image.open(shipped(f"data/portraits/{name}.jpg")).convert("RGB")
    picture.thumbnail((size, size))
    return np.asarray(picture)


@pytest.fixture(scope="module")
def subject():
    return registry.subject_for(FaceSettings())


@pytest.fixture(scope="module")
def plain():
    """As it is without any turning."""
    return registry.subject_for(FaceSettings(turned=False))


@pytest.mark.parametrize("name", ["grace_hopper", "eileen_collins", "nikola_tesla_1"])
@pytest.mark.parametrize("turn", LYING)
def test_a_face_that_lies_is_found_and_looks_as_it_does_upright(subject, name, turn) -> None:
    image = portrait(name)
    (upright,) = subject.detector.detect(image)
    (found,) = subject.detector.detect(turned(image, 360 - turn))
    assert (upright.turn, found.turn) == (0, turn)
    ours, theirs = (
        subject.encoder.encode(chips_of(subject.encoder, picture, [each]))[0]
        for picture, each in ((image, upright), (turned(image, 360 - turn), found))
    )
    # Two of one person are 0.3 to 0.5 apart.
    assert np.linalg.norm(ours - theirs) < 0.15


def test_an_upright_face_is_found_and_encoded_to_the_bit_as_without_turning(subject, plain) -> None:
    image = portrait("grace_hopper")
    found = subject.detector.detect(image)
    assert found == plain.detector.detect(image)
    first = plain.encoder.encode(plain.encoder.chips(image, [each.box for each in found]))
    again = subject.encoder.encode(chips_of(subject.encoder, image, found))
    assert np.array_equal(first, again)


def test_of_faces_that_lie_and_stand_in_one_photo_each_is_upright(subject) -> None:
    one, other = portrait("grace_hopper"), turned(portrait("eileen_collins"), 270)
    height = max(len(one), len(other))
    image = np.full((height, one.shape[1] + other.shape[1], 3), 128, dtype=np.uint8)
    image[: len(one), : one.shape[1]] = one
    image[: len(other), one.shape[1] :] = other
    found = sorted(subject.detector.detect(image), key=lambda each: each.box.left)
    assert [each.turn for each in found] == [0, 90]
    alone = [
        subject.encoder.encode(chips_of(subject.encoder, picture, subject.detector.detect(picture)))
        for picture in (one, turned(other, 90))
    ]
    both = subject.encoder.encode(chips_of(subject.encoder, image, found))
    assert np.linalg.norm(both - np.concatenate(alone), axis=1).max() < 0.2


def test_upright_chips_look_upright_and_others_do_not(subject) -> None:
    image = portrait("eileen_collins")
    (found,) = subject.detector.detect(image)
    chip = subject.detector.points.chip(image, found.box, 40)
    likely = uprightness(np.stack([turned(chip, turn) for turn in TURNS]))
    assert likely[0] > 2
    assert (likely[1:] < 0).all()


class Never:
    """A detector that sees nothing, and counts how often it was asked."""

    name = "never"

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def detect(self, image, path=None) -> list[Detection]:
        return self.search(image, 0)

    def search(self, image, times) -> list[Detection]:
        self.sizes.append((image.shape[1], image.shape[0]))
        return []


def test_a_photo_without_a_face_is_searched_small_in_the_other_ways() -> None:
    detector = Never()
    faces = TurnedFaces(detector, detector, points=None)  # type: ignore[arg-type]
    assert faces.detect(np.zeros((600, 1200, 3), dtype=np.uint8)) == []
    assert detector.sizes == [(1200, 600), (240, 480), (480, 240), (240, 480)]


class Told(Never):
    """A detector that sees what it is told."""

    def __init__(self, *found: Detection) -> None:
        super().__init__()
        self.found = list(found)

    def search(self, image, times) -> list[Detection]:
        super().search(image, times)
        return self.found


def test_parts_of_strips_are_searched_as_the_detector_within_can(subject) -> None:
    assert in_parts(subject.detector)
    assert not in_parts(TurnedFaces(Never(), Never(), points=None))  # type: ignore[arg-type]


def test_a_photo_of_an_upright_face_is_searched_once(plain) -> None:
    image = portrait("grace_hopper")
    detector = Told(*plain.detector.detect(image))
    assert TurnedFaces(detector, detector, Landmarks(5)).detect(image) == detector.found
    assert len(detector.sizes) == 1
