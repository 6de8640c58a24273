"""ONNX models of dlib's networks: what is folded, and what the model computes."""

import numpy as np
import pytest
import synthetic_network as write

from toolkit.errors import BadNetworkFile
from toolkit.subjects import onnx_builder
from toolkit.subjects.face.dlib import onnx_graph
from toolkit.subjects.face.dlib.layers import Affine, Convolution
from toolkit.subjects.face.dlib.network import read_detector

pytest.importorskip("onnx")


def convolution(filters, biases) -> Convolution:
    return Convolution(np.asarray(filters, np.float32), np.asarray(biases, np.float32), 1, 0)


def affine(scale, shift) -> Affine:
    return Affine(np.asarray(scale, np.float32), np.asarray(shift, np.float32))


def test_a_folded_convolution_gives_what_both_layers_give() -> None:
    rng = np.random.default_rng(0)
    one = convolution(rng.normal(size=(4, 3, 2, 2)), rng.normal(size=4))
    other = affine(rng.uniform(0.5, 2, 4), rng.normal(size=4))
    filters, biases = onnx_graph.fold(one, other)
    patch = rng.normal(size=(3, 2, 2))
    plain = (one.filters * patch).sum(axis=(1, 2, 3)) + one.biases
    folded = (filters * patch).sum(axis=(1, 2, 3)) + biases
    np.testing.assert_allclose(folded, other.scale * plain + other.shift, rtol=1e-5)
    assert filters.dtype == biases.dtype == np.float32


@pytest.mark.parametrize(
    ("filters", "bias", "scale"), [([[[[1e30]]]], 0, 1e20), ([[[[0]]]], 1e30, 1e20)]
)
def test_a_weight_that_float32_does_not_hold_is_refused(filters, bias, scale) -> None:
    with pytest.raises(BadNetworkFile, match=r"makes a weight of 1e\+50"):
        onnx_graph.fold(convolution(filters, [bias]), affine([scale], [0]))


@pytest.mark.parametrize("build", [onnx_graph.stem_model, onnx_graph.head_model])
def test_one_network_makes_the_same_bytes_each_time_and_another_others(build) -> None:
    one, same, other = (
        onnx_builder.serialised(build(read_detector(write.detector(seed)))) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other
