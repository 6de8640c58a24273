"""Plain SIFT: matches as a double loop counts them, none of nothing."""

import sys

import numpy as np
import pytest
from PIL import Image

from toolkit.errors import MissingPackage
from toolkit.subjects.matching import plain_sift


def texture(seed: int, width: int = 300) -> np.ndarray:
    rough = np.random.default_rng(seed).integers(0, 256, (24, 30), dtype=np.uint8)
    grey = np.asarray(Image.fromarray(rough).resize((width, 240), Image.Resampling.BICUBIC))
    return np.repeat(grey[:, :, None], 3, axis=2)


def test_the_same_picture_matches_and_another_does_not() -> None:
    one, other = (plain_sift.describe(texture(seed)) for seed in (1, 2))
    shifted = plain_sift.describe(np.roll(texture(1), 9, axis=1))
    assert plain_sift.matches(one, shifted) > 0.5 * len(one)
    assert plain_sift.matches(one, other) < 0.1 * len(one)


def test_matches_are_those_of_a_double_loop() -> None:
    rng = np.random.default_rng(0)
    one, other = (rng.normal(size=(n, 6)).astype(np.float32) for n in (30, 20))
    one, other = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (one, other))
    expected = 0
    for row in one:
        first, second = sorted(float(np.linalg.norm(row - each)) for each in other)[:2]
        expected += first < plain_sift.RATIO * second
    assert plain_sift.matches(one, other) == expected


def test_a_large_photo_is_shrunk_and_one_without_keypoints_has_none() -> None:
    assert len(plain_sift.describe(texture(1, 3000))) <= plain_sift.MOST
    nothing = plain_sift.describe(np.full((100, 100, 3), 90, np.uint8))
    assert nothing.shape == (0, 128)
    assert plain_sift.matches(nothing, nothing) == 0


def test_without_opencv_it_says_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingPackage, match="sightings"):
        plain_sift.describe(texture(1))
