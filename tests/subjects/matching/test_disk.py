"""DISK: what is built computes what its layers, one by one, do; keypoints are its peaks."""

import itertools

import numpy as np
import pytest
from scipy.ndimage import correlate

from toolkit.errors import BadModelFile
from toolkit.subjects import checkpoints, weights
from toolkit.subjects.matching import disk
from toolkit.subjects.onnx_builder import serialised
from toolkit.subjects.onnx_running import session

DOWN, UP = [3, 2, 3, 2, 3, 2], [3, 2, 4, 129]


def small() -> dict[str, np.ndarray]:
    """Weights of the same network with fewer channels."""
    rng = np.random.default_rng(0)
    found: dict[str, np.ndarray] = {}

    def layer(name, channels, filters, gate=True):
        if gate:
            found[f"{name}.1.weight"] = rng.uniform(-0.2, 0.4, channels).astype("f4")
        found[f"{name}.3.weight"] = rng.normal(0, 0.2, (filters, channels, 5, 5)).astype("f4")
        found[f"{name}.3.bias"] = rng.normal(0, 0.2, filters).astype("f4")

    for k, (before, after) in enumerate(itertools.pairwise(DOWN)):
        layer(f"path_down.{k}.1", before, after, gate=k > 0)
    before = DOWN[-1]
    for k, after in enumerate(UP):
        layer(f"path_up.{k}.conv", before + DOWN[-2 - k], after)
        before = after
    return found


def convolved(of, value, name):
    filters, biases = of[f"{name}.3.weight"], of[f"{name}.3.bias"]
    return np.stack(
        [
            sum(correlate(p, k, mode="constant") for p, k in zip(value, each, strict=True)) + bias
            for each, bias in zip(filters.astype(float), biases, strict=True)
        ]
    )


def gated(of, value, name):
    mean, var = value.mean(axis=(1, 2)), value.var(axis=(1, 2))
    value = (value - mean[:, None, None]) / np.sqrt(var + 1e-5)[:, None, None]
    return np.where(value < 0, value * of[f"{name}.1.weight"][:, None, None], value)


def doubled(value):
    """Twice as large: a quarter of the neighbour on each side."""
    for axis in (1, 2):
        edge = np.pad(value, [(0, 0), *[(int(a == axis),) * 2 for a in (1, 2)]], mode="edge")
        before = np.take(edge, range(edge.shape[axis] - 2), axis)
        after = np.take(edge, range(2, edge.shape[axis]), axis)
        both = np.stack([0.75 * value + 0.25 * before, 0.75 * value + 0.25 * after], axis + 1)
        shape = list(value.shape)
        shape[axis] *= 2
        value = both.reshape(shape)
    return value


def dense(of, pixels):
    """All that the network says: 128 numbers of a descriptor, and how clear a px is."""
    levels = [pixels, convolved(of, pixels, "path_down.0.1")]
    for k in range(1, 5):
        c, h, w = levels[-1].shape
        half = levels[-1].reshape(c, h // 2, 2, w // 2, 2).mean(axis=(2, 4))
        levels.append(convolved(of, gated(of, half, f"path_down.{k}.1"), f"path_down.{k}.1"))
    value = levels.pop()
    for k in range(4):
        name = f"path_up.{k}.conv"
        value = convolved(of, gated(of, np.concatenate([doubled(value), levels.pop()]), name), name)
    return value


@pytest.fixture(scope="module")
def network():
    with pytest.MonkeyPatch.context() as patched:
        named = {f"extractor.unet.{name}": value for name, value in small().items()}
        patched.setattr(checkpoints, "read", lambda content, name: named)
        patched.setattr(
            weights, "find", lambda name: type("P", (), {"read_bytes": bytes, "name": ""})
        )
        return disk.Disk()


def picture(height=37, width=41) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_keypoints_are_the_peaks_and_their_descriptors_what_the_network_says_there(network) -> None:
    image = picture()
    padded = np.zeros((48, 48, 3))
    padded[:37, :41] = image / 255
    said = dense(small(), padded.transpose(2, 0, 1))
    heat = said[128, :37, :41]
    inside = np.zeros((37, 41), bool)
    inside[5:30, 6:35] = True
    peaks = [
        (heat[y, x], x, y)
        for y, x in np.argwhere(inside)
        if heat[y, x] > 0
        and heat[y, x] >= heat[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].max() - 1e-6
    ]
    expected = sorted(peaks, reverse=True)[:9]
    places, described = network.keypoints(image, inside, 9)
    assert places.tolist() == [[x, y] for _, x, y in expected]
    for (x, y), vector in zip(places.astype(int), described, strict=True):
        own = said[:128, y, x]
        np.testing.assert_allclose(vector, own / np.linalg.norm(own), atol=2e-4)


def test_the_model_says_how_clear_each_px_is() -> None:
    pixels = np.random.default_rng(2).random((3, 32, 16))
    given = {"pixels": pixels[None].astype(np.float32)}
    maps, heat = session(serialised(disk.model(small()))).run(None, given)
    np.testing.assert_allclose(heat[0, 0], dense(small(), pixels)[128], rtol=1e-3, atol=1e-4)
    assert maps.shape == (1, 4 + 2, 32, 16)


def test_a_picture_without_an_inside_has_no_keypoints(network) -> None:
    places, described = network.keypoints(picture(), np.zeros((37, 41), bool), 9)
    assert places.shape == (0, 2)
    assert described.shape == (0, 128)


def test_weights_that_are_missing_are_told() -> None:
    of = small()
    del of["path_up.2.conv.3.bias"]
    with pytest.raises(BadModelFile, match=r"lacks weights.*path_up\.2"):
        disk.model(of)
