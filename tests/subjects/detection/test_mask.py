"""What stands out in a picture, as the network says it."""

import numpy as np
import pytest

from toolkit.subjects.detection.mask import SIDE, SaliencyMask


@pytest.fixture(scope="module")
def mask():
    return SaliencyMask()


def disc(width: int, height: int, x: int, y: int, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture of a bright disc on a dark ground, and where it is."""
    rows, columns = np.mgrid[:height, :width]
    inside = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
    ground = np.random.default_rng(0).integers(30, 50, (height, width, 3))
    picture = np.where(inside[:, :, None], [220, 190, 120], ground)
    return picture.astype(np.uint8), inside


def test_what_stands_out_is_marked_to_the_px_at_any_size(mask) -> None:
    picture, inside = disc(600, 400, 380, 180, 110)
    found = mask.of_size(picture, 600, 400)
    assert (found & inside).sum() / (found | inside).sum() > 0.9
    half = mask.of_size(picture, 300, 200)
    assert (half & inside[::2, ::2]).sum() / (half | inside[::2, ::2]).sum() > 0.9


def test_the_map_is_of_the_whole_picture_from_0_to_1(mask) -> None:
    for shape in ((400, 600), (50, 31), (1, 1)):
        found = mask.of(np.full((*shape, 3), 128, np.uint8))
        assert found.shape == (SIDE, SIDE)
        assert found.dtype == np.float32
        assert found.min() >= 0
        assert found.max() <= 1


def test_a_black_picture_has_nothing_that_stands_out(mask) -> None:
    assert not mask.of_size(np.zeros((60, 80, 3), np.uint8), 80, 60).any()
