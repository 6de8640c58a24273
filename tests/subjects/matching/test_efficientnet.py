"""EfficientNet-Lite: what is built computes what its layers, one by one, do."""

import numpy as np
import pytest
from scipy.ndimage import correlate

from toolkit.errors import BadModelFile
from toolkit.subjects.matching import efficientnet
from toolkit.subjects.onnx_builder import serialised
from toolkit.subjects.onnx_running import session

WIDTHS = {"_blocks.0": (3, 3), "_blocks.1": (3, 4), "_blocks.2": (4, 4)}


def weights() -> dict[str, np.ndarray]:
    """Three blocks: without widening, halving, and one that is added to what it gets."""
    rng = np.random.default_rng(0)
    found: dict[str, np.ndarray] = {}

    def layer(name, norm, filters, channels, side):
        found[f"{name}.weight"] = rng.normal(0, 0.3, (filters, channels, side, side)).astype("f4")
        for what, low, high in (("weight", 0.5, 2), ("running_var", 0.5, 2), ("bias", -1, 1)):
            found[f"{norm}.{what}"] = rng.uniform(low, high, filters).astype("f4")
        found[f"{norm}.running_mean"] = rng.normal(0, 0.2, filters).astype("f4")

    layer("_conv_stem", "_bn0", 3, 3, 3)
    for name, (before, after) in WIDTHS.items():
        wide = before if name == "_blocks.0" else 2 * before
        if wide > before:
            layer(f"{name}._expand_conv", f"{name}._bn0", wide, before, 1)
        layer(f"{name}._depthwise_conv", f"{name}._bn1", wide, 1, 3)
        layer(f"{name}._project_conv", f"{name}._bn2", after, wide, 1)
    layer("_conv_head", "_bn1", efficientnet.DIMENSIONS, 4, 1)
    return found


def layer(of, value, name, norm, stride=1, *, apart=False, limited=True):
    """One layer, as TensorFlow computes it: padded so that the output is as large, by strides."""
    filters = of[f"{name}.weight"].astype(float)
    side, size = filters.shape[-1], value.shape[1]
    lacking = max((-(-size // stride) - 1) * stride + side - size, 0)
    padded = np.pad(value, ((0, 0), *[(lacking // 2, lacking - lacking // 2)] * 2))
    made = []
    for k, each in enumerate(filters):
        of_each = padded[k : k + 1] if apart else padded
        whole = sum(
            correlate(plane, kernel, mode="constant")
            for plane, kernel in zip(of_each, each, strict=True)
        )
        inner = side // 2
        made.append(whole[inner : padded.shape[1] - inner, inner : padded.shape[2] - inner])
    found = np.stack(made)[:, ::stride, ::stride]
    scale = of[f"{norm}.weight"] / np.sqrt(of[f"{norm}.running_var"] + 1e-3)
    shift = of[f"{norm}.bias"] - of[f"{norm}.running_mean"] * scale
    found = found * scale[:, None, None] + shift[:, None, None]
    return np.clip(found, 0, 6) if limited else found


def test_it_computes_what_its_layers_do() -> None:
    of = weights()
    pixels = np.random.default_rng(1).normal(size=(3, 260, 260))
    value = layer(of, pixels, "_conv_stem", "_bn0", 2)
    for name, stride in (("_blocks.0", 1), ("_blocks.1", 2), ("_blocks.2", 1)):
        before = value
        if f"{name}._expand_conv.weight" in of:
            value = layer(of, value, f"{name}._expand_conv", f"{name}._bn0")
        value = layer(of, value, f"{name}._depthwise_conv", f"{name}._bn1", stride, apart=True)
        value = layer(of, value, f"{name}._project_conv", f"{name}._bn2", limited=False)
        if name == "_blocks.2":
            value = value + before
    expected = layer(of, value, "_conv_head", "_bn1").mean(axis=(1, 2))
    given = {"pixels": pixels[None].astype(np.float32)}
    (found,) = session(serialised(efficientnet.model(of))).run(None, given)
    np.testing.assert_allclose(found[0], expected, rtol=2e-3, atol=2e-4)


def test_weights_that_are_missing_are_told() -> None:
    of = weights()
    del of["_blocks.1._bn1.bias"]
    with pytest.raises(BadModelFile, match=r"lacks weights.*_blocks\.1\._bn1\.bias"):
        efficientnet.model(of)
