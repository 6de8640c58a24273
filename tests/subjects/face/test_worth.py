import numpy as np
import pytest
from PIL import Image

from toolkit.benchmarks.degraded_faces import degrade
from toolkit.files import shipped
from toolkit.subjects import registry
from toolkit.subjects.base import chips_of, describe
from toolkit.subjects.face.settings import FaceSettings
from toolkit.subjects.face.subject import FaceEncoder, Landmarks
from toolkit.subjects.face.worth import worth


def portrait(name: str) -> np.ndarray:
    picture = Image.open(shipped(f"data/portraits/{name}.jpg")).convert("RGB")
    picture.thumbnail((400, 400))
    return np.asarray(picture)


@pytest.fixture(scope="module")
def subject():
    return registry.subject_for(FaceSettings())


def says(subject, image: np.ndarray, box) -> float:
    chips = subject.encoder.chips(image, [box])
    return float(describe(subject.encoder, chips)[2][0])


@pytest.mark.parametrize("name", ["grace_hopper", "eileen_collins", "nikola_tesla_1"])
@pytest.mark.parametrize(("kind", "strength"), [("mask", 0.4), ("bar", 0.8), ("blur", 0.2)])
def test_a_degraded_face_says_less(subject, name, kind, strength) -> None:
    image = portrait(name)
    box = subject.detector.detect(image)[0].box
    points = Landmarks(5).find(image, box).astype(float)
    plain = says(subject, image, box)
    assert plain > 0.5
    assert says(subject, degrade(image, points, kind, strength, seed=1), box) < plain / 2


def test_the_encoding_is_the_same_with_and_without_its_worth(subject) -> None:
    image = portrait("grace_hopper")
    chips = chips_of(subject.encoder, image, subject.detector.detect(image))
    encodings, said = subject.encoder.weighed(chips)
    assert np.array_equal(encodings, subject.encoder.encode(chips))
    assert said.shape == (1,)


def test_where_no_mirror_image_is_encoded_nothing_is_said_against_a_face() -> None:
    chips = np.zeros((2, 150, 150, 3), dtype=np.uint8)
    assert FaceEncoder(plain=True).weighed(chips)[1].tolist() == [1, 1]


def test_it_is_between_0_and_1_for_whatever_chip() -> None:
    chips = np.stack([np.zeros((150, 150, 3)), np.full((150, 150, 3), 255)]).astype(np.uint8)
    both = np.zeros((2, 2, 128), dtype=np.float32)
    assert ((worth(chips, both) >= 0) & (worth(chips, both) <= 1)).all()
