from __future__ import annotations

import itertools

import numpy as np
import pytest
import synthetic_network as write
from engine_models import (
    DETECTOR_FILE,
    ENCODER_FILE,
    assert_same_detections,
    blocks,
    dlib_boxes,
    evaluation_photos,
    model_file,
    open_photo,
)

from toolkit.photos import opening
from toolkit.subjects.face.dlib.engine import OnnxEncoder, OnnxFaceDetector

dlib = pytest.importorskip("dlib")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def detectors(cache):
    path = model_file(DETECTOR_FILE)
    ours = OnnxFaceDetector(path, cache_folder=cache, threads=1)
    return ours, dlib.cnn_face_detection_model_v1(str(path))


@pytest.fixture(scope="module")
def encoders(cache):
    path = model_file(ENCODER_FILE)
    ours = OnnxEncoder(path, cache_folder=cache, threads=1)
    return ours, dlib.face_recognition_model_v1(str(path))


# More boxes than this in a picture take ours seconds to sort out, and prove no more.
MOST_BOXES = 250


def both(tmp_path, data: bytes):
    path = tmp_path / "synthetic.dat"
    path.write_bytes(data)
    ours = OnnxFaceDetector(path, cache_folder=tmp_path, threads=1)
    return ours, dlib.cnn_face_detection_model_v1(str(path))


def without_ties(found: list) -> bool:
    """Say whether the order of two boxes does not hang on the last digit of their scores."""
    scores = sorted(one[4] for one in found)
    return all(larger - one > 1e-5 for one, larger in itertools.pairwise(scores))


@pytest.mark.parametrize(
    ("seed", "settings"),
    [
        (1, {}),
        (2, {"windows": ((80, 80), (60, 90))}),
        (3, {"filters": (3, 1, 16, 50, 2, 1)}),
        (4, {"options": 1, "affine_kind": "affine_"}),
        (5, {"options": 4, "convolution_version": "con_6", "affine_kind": "affine_2"}),
        (6, {"windows": ((41, 30), (31, 44), (100, 7))}),
    ],
)
def test_any_detector_of_this_shape_finds_what_dlib_finds(tmp_path, seed, settings):
    rng = np.random.default_rng(seed)
    ours, theirs = both(
        tmp_path, write.detector(seed, **{"filters": (16, 17, 5, 33, 20, 7), **settings})
    )
    compared = 0
    sizes = [(7, 60), (64, 64), (100, 75), (161, 240), (240, 160), (90, 701), (701, 90), (30, 999)]
    for size in sizes:
        for upsample in (0, 1):
            # Enlarged, half the size is as large.
            rows, columns = (-(-side // (1 + upsample)) for side in size)
            image = blocks(rng, rows, columns) // 2 + blocks(rng, rows, columns, 1) // 2
            expected = dlib_boxes(theirs, image, upsample)
            if without_ties(expected) and len(expected) <= MOST_BOXES:
                assert_same_detections(ours.detect(image, upsample), expected)
                compared += len(expected)
    assert compared > 20


def test_the_synthetic_encoder_gives_dlibs_numbers(tmp_path):
    path = tmp_path / "synthetic.dat"
    path.write_bytes(write.encoder(seed=5))
    chips = np.stack([blocks(np.random.default_rng(i), 150, 150, 5 + i) for i in range(3)])
    ours = OnnxEncoder(path, cache_folder=tmp_path, threads=1).encode(chips)
    theirs = dlib.face_recognition_model_v1(str(path)).compute_face_descriptor(list(chips))
    expected = np.array(theirs)
    np.testing.assert_allclose(ours, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("upsample", [0, 1])
@pytest.mark.parametrize("long_edge", [320, 480, 640])
@pytest.mark.parametrize("portrait", [False, True])
def test_faces_in_photos_are_found_as_dlib_finds_them(detectors, long_edge, upsample, portrait):
    found = evaluation_photos("faces/dlib_faces", "faces/portraits", "faces/album/photos")[::-1]
    ours, theirs = detectors
    sizes = {path: open_photo(path).shape for path in found}
    upright = [path for path, (rows, columns, _) in sizes.items() if (rows > columns) is portrait]
    compared = 0
    # Each doubling costs dlib four times as much: fewer photos then, all of them at the least size.
    most = {(0, 320): 99, (0, 480): 99, (0, 640): 99, (1, 320): 99, (1, 480): 4, (1, 640): 2}
    for path in upright[: most[upsample, long_edge]]:
        image = open_photo(path, long_edge)
        expected = dlib_boxes(theirs, image, upsample)
        assert_same_detections(ours.detect(image, upsample), expected)
        compared += len(expected)
    # At 320 px most faces are below the 80 px that the detector looks for.
    assert compared or long_edge == 320


# dlib takes seconds for the larger ones: half of the photos then, the other half enlarged.
@pytest.mark.parametrize(
    ("upsample", "long_edge", "which"),
    [(0, 320, slice(None)), (0, 480, slice(0, None, 2)), (1, 240, slice(1, None, 2))],
)
def test_faces_in_the_sample_album_are_found_as_dlib_finds_them(
    detectors, sample_album, long_edge, upsample, which
):
    ours, theirs = detectors
    shapes, compared = set(), 0
    for path in opening.find(sample_album / "photos").photos[which]:
        image = opening.open_shrunk(path, long_edge=long_edge).small
        expected = dlib_boxes(theirs, image, upsample)
        assert_same_detections(ours.detect(image, upsample), expected)
        compared += len(expected)
        shapes.add(image.shape[0] > image.shape[1])
    assert compared > 5
    assert shapes == {True, False}  # portrait and landscape


def test_faces_in_chips_are_encoded_as_dlib_encodes_them(encoders):
    ours, theirs = encoders
    found = evaluation_photos("faces/lfw")[::13][:500]
    chips = np.stack([open_photo(path)[50:200, 50:200] for path in found])
    expected = np.array(theirs.compute_face_descriptor([np.ascontiguousarray(c) for c in chips]))
    np.testing.assert_allclose(ours.encode(chips), expected, atol=1e-5)


def test_strips_change_nothing(detectors, monkeypatch):
    image = blocks(np.random.default_rng(4), 400, 300, 31)
    ours, _ = detectors
    whole = ours.detect(image, threshold=-1.2)
    monkeypatch.setattr("toolkit.subjects.face.dlib.engine._STEM_PIXELS", 20_000)
    monkeypatch.setattr("toolkit.subjects.face.dlib.engine._HEAD_CELLS", 1_000)
    parts = ours.detect(image, threshold=-1.2)
    assert len(whole) > 1
    assert_same_detections(parts, whole)
