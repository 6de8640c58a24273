"""The detectors of faces find what dlib finds."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from dlib_boxes import dlib, inclusive

from toolkit.photos import opening
from toolkit.subjects import weights
from toolkit.subjects.face.detectors import CnnDetector, HogDetector, doublings


@pytest.mark.parametrize("upsample", [0, 1])
def test_hog_finds_what_dlib_finds(three, upsample) -> None:
    found = HogDetector(upsample=upsample).detect(three)
    expected = dlib.get_frontal_face_detector()(three, upsample)
    assert sorted(map(str, (inclusive(d.box) for d in found))) == sorted(map(str, expected))
    assert [d.score for d in found] == sorted((d.score for d in found), reverse=True)
    assert len(found) >= 2


def test_hog_is_made_once_whichever_threads_and_subjects_use_it(three, monkeypatch) -> None:
    expected = HogDetector().detect(three)
    monkeypatch.delattr(dlib, "get_frontal_face_detector")
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda each: each.detect(three), [HogDetector(), HogDetector()]))
    assert found == [expected, expected]


def test_a_least_score_leaves_out_the_doubtful(three) -> None:
    scores = [d.score for d in HogDetector().detect(three)]
    limit = sorted(scores)[0] + 1e-6
    kept = HogDetector(min_score=limit).detect(three)
    assert [d.score for d in kept] == [score for score in scores if score >= limit]


@pytest.mark.parametrize("engine", ["onnx", "dlib"])
def test_cnn_finds_what_dlib_finds(sample_album, engine) -> None:
    small = opening.open_shrunk(sample_album / "photos/day 1/IMG_0002.jpg", long_edge=240).small
    network = dlib.cnn_face_detection_model_v1(str(weights.find("mmod_human_face_detector")))
    expected = network(small, 0)
    found = CnnDetector(upsample=0, engine=engine).detect(small)
    assert len(found) == 1
    assert [inclusive(d.box) for d in found] == [face.rect for face in expected]
    assert found[0].score == pytest.approx(expected[0].confidence, abs=1e-4)


@pytest.mark.parametrize(
    ("side", "asked", "times"),
    [(250, None, 1), (848, None, 1), (849, None, 0), (1200, None, 0), (300, 0, 0), (1200, 2, 2)],
)
def test_small_photos_are_doubled_unless_told_otherwise(side, asked, times) -> None:
    image = np.zeros((side // 2, side, 3), np.uint8)
    assert doublings(image, asked, 1200) == times
    assert doublings(image.transpose(1, 0, 2), asked, 1200) == times
