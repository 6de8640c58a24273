import numpy as np
import pytest
from PIL import Image, ImageFilter

from toolkit.photos.quality import sharpness


def chip(seed: int = 1) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 255, (30, 30, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize((150, 150), Image.Resampling.BICUBIC)


def test_each_blur_is_less_sharp_than_the_one_before() -> None:
    blurred = [chip().filter(ImageFilter.GaussianBlur(radius)) for radius in (0, 1, 2, 4)]
    values = sharpness(np.stack([np.asarray(one) for one in blurred]))
    assert (np.diff(values) < 0).all()
    assert values[0] > 3 * values[-1]


def test_light_and_contrast_do_not_matter() -> None:
    image = np.asarray(chip()).astype(float)
    dark = (image * 0.4 + 30).astype(np.uint8)
    one, other = sharpness(np.stack([image.astype(np.uint8), dark]))
    assert one == pytest.approx(other, rel=0.05)


def test_a_flat_chip_has_no_sharpness_and_none_give_none() -> None:
    assert sharpness(np.full((1, 150, 150, 3), 90, np.uint8)).tolist() == [0.0]
    assert sharpness(np.zeros((0, 0, 0, 3), np.uint8)).shape == (0,)
