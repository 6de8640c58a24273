"""dlib on the sample album: what the toolkit says is what dlib says."""

import numpy as np
import pytest
from dlib_boxes import inclusive

from toolkit.errors import BadModelFile
from toolkit.records import Box
from toolkit.subjects import weights
from toolkit.subjects.face.detectors import HogDetector
from toolkit.subjects.face.settings import FaceSettings
from toolkit.subjects.face.subject import FaceEncoder, Landmarks, face

dlib = pytest.importorskip("dlib")


@pytest.fixture(scope="module", params=["onnx", "dlib"])
def encoder(request) -> FaceEncoder:
    return FaceEncoder(engine=request.param)


def require_68() -> None:
    try:
        weights.find("shape_predictor_68_face_landmarks")
    except BadModelFile as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("engine", ["onnx", "dlib"])
def test_a_plain_encoding_is_dlibs(three, engine) -> None:
    encoder = FaceEncoder(engine=engine, plain=True)
    boxes = [d.box for d in HogDetector().detect(three)]
    chips = encoder.chips(three, boxes)
    assert chips.shape == (len(boxes), 150, 150, 3)
    encodings = encoder.encode(chips)
    assert encodings.dtype == np.float32
    predictor = dlib.shape_predictor(str(weights.find("shape_predictor_5_face_landmarks")))
    network = dlib.face_recognition_model_v1(
        str(weights.find("dlib_face_recognition_resnet_model_v1"))
    )
    for box, encoding in zip(boxes, encodings, strict=True):
        shape = predictor(three, inclusive(box))
        expected = network.compute_face_descriptor(three, shape)
        np.testing.assert_allclose(encoding, np.array(expected), atol=1e-5)


def test_an_encoding_is_the_mean_with_the_mirror_image_at_one_length(three, encoder) -> None:
    chips = encoder.chips(three, [d.box for d in HogDetector().detect(three)])
    network = dlib.face_recognition_model_v1(
        str(weights.find("dlib_face_recognition_resnet_model_v1"))
    )
    for chip, encoding in zip(chips, encoder.encode(chips), strict=True):
        mirrored = np.ascontiguousarray(chip[:, ::-1])
        both = [np.array(network.compute_face_descriptor(each)) for each in (chip, mirrored)]
        mean = (both[0] + both[1]) / 2
        expected = mean / np.linalg.norm(mean) * np.sqrt(2)
        np.testing.assert_allclose(encoding, expected, atol=1e-5)


def test_a_face_and_its_mirror_image_are_one(three, encoder) -> None:
    chips = encoder.chips(three, [HogDetector().detect(three)[0].box])
    mirrored = np.ascontiguousarray(chips[:, :, ::-1])
    np.testing.assert_allclose(encoder.encode(chips), encoder.encode(mirrored), atol=1e-5)


def test_nothing_found_is_an_empty_table_of_128_columns(three, encoder) -> None:
    assert encoder.encode(encoder.chips(three, [])).shape == (0, 128)


def test_a_face_over_the_edge_of_the_photo_is_encoded(three, encoder) -> None:
    box = HogDetector().detect(three)[0].box
    cut = np.ascontiguousarray(three[box.top + box.height // 4 :, box.left + box.width // 4 :])
    moved = Box(-(box.width // 4), -(box.height // 4), box.width * 3 // 4, box.height * 3 // 4)
    assert np.isfinite(encoder.encode(encoder.chips(cut, [moved]))).all()


@pytest.mark.parametrize("points", [5, 68])
def test_landmarks_lie_in_the_face_in_dlibs_order(three, points) -> None:
    if points == 68:
        require_68()
    box = max((d.box for d in HogDetector().detect(three)), key=lambda b: b.width)
    found = Landmarks(points).find(three, box)
    assert found.shape == (points, 2)
    room = box.width // 3
    assert (found >= [box.left - room, box.top - room]).all()
    assert (found <= [box.right + room, box.bottom + room]).all()
    if points == 5:  # the outer corner of the eye on the right comes first, the nose last
        assert found[0, 0] > found[2, 0]
        assert found[4, 1] > found[:4, 1].max()


def test_settings_make_encodings_that_do_not_compare(encoder) -> None:
    assert encoder.info.variant == "5 landmarks, jitter 0"
    assert FaceEncoder(jitter=2).info.variant == "5 landmarks, jitter 2"
    plain = FaceEncoder(plain=True)
    assert plain.info.variant == "5 landmarks, jitter 0, plain"
    assert plain.info.calibration != encoder.info.calibration


def test_jitter_moves_an_encoding_a_little(three, encoder) -> None:
    chips = encoder.chips(three, [HogDetector().detect(three)[0].box])
    moving = FaceEncoder(jitter=3)
    moved = moving.encode(chips)
    np.testing.assert_array_equal(moving.encode(chips), moved)  # whatever was encoded before
    assert 0 < np.linalg.norm(moved - encoder.encode(chips)) < 0.4


@pytest.mark.parametrize("detector", ["hog", "cnn"])
def test_the_subject_is_what_the_settings_say(detector) -> None:
    made = face(FaceSettings(detector=detector, jitter=1, landmarks=5, upsample=1))
    assert made.detector.name == detector
    assert made.detector.detector.upsample == 1
    assert face(FaceSettings(detector=detector, turned=False, upsample=1)).detector.upsample == 1
    assert made.encoder.info.variant == "5 landmarks, jitter 1"
