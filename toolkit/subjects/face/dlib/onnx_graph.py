"""Builds the ONNX models of dlib's two networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto

from toolkit.errors import BadNetworkFile
from toolkit.subjects.face.dlib.layers import Affine, Convolution
from toolkit.subjects.face.dlib.network import (
    CHIP_SIDE,
    ENCODER_STAGES,
    ENCODING_SIZE,
    DetectorNetwork,
    EncoderNetwork,
)
from toolkit.subjects.onnx_builder import OnnxBuilder

Float32 = npt.NDArray[np.float32]

# Channels are filled up to whole vectors of the widest processors (AVX-512).
_LANES = 16


def fold(convolution: Convolution, affine: Affine) -> tuple[Float32, Float32]:
    """
    Put an affine layer into the convolution before it.

    Parameters
    ----------
    convolution : Convolution
    affine : Affine
        As many channels as the convolution has filters.

    Returns
    -------
    filters : (filters, channels, rows, columns) float32
    biases : (filters,) float32
        ``scale * (filters * x + biases) + shift``, multiplied out in float64.

    Raises
    ------
    BadNetworkFile
        If a product is larger than float32 holds.
    """
    scale = affine.scale.astype(np.float64)
    filters = convolution.filters * scale[:, np.newaxis, np.newaxis, np.newaxis]
    biases = convolution.biases * scale + affine.shift
    largest = max(np.abs(filters).max(), np.abs(biases).max())
    if largest > np.finfo(np.float32).max:
        raise BadNetworkFile(
            f"an affine layer makes a weight of {largest:g}; expected at most "
            f"{np.finfo(np.float32).max:g}. The network file is damaged; replace it."
        )
    return filters.astype(np.float32), biases.astype(np.float32)


def encoder_model(network: EncoderNetwork) -> onnx.ModelProto:
    """
    Build the face encoder.

    Parameters
    ----------
    network : EncoderNetwork

    Returns
    -------
    onnx.ModelProto
        Checked. Input ``chips``: (n, 150, 150, 3) uint8 RGB. Output ``encodings``:
        (n, 128) float32.
    """
    graph = OnnxBuilder()
    folded = [(*fold(*pair), pair[0]) for pair in network.layers]
    layers = iter(folded)

    def convolve(source: str) -> str:
        filters, biases, convolution = next(layers)
        return graph.convolution(source, filters, biases, convolution.stride, convolution.padding)

    value = graph.node("Cast", ["chips"], to=TensorProto.FLOAT)
    value = graph.node("Transpose", [value], perm=[0, 3, 1, 2])
    mean = np.array(network.mean, dtype=np.float32).reshape(1, 3, 1, 1)
    value = graph.node("Sub", [value, graph.constant(mean)])
    value = graph.node("Mul", [value, graph.constant(np.array(1 / 256, dtype=np.float32))])
    value = graph.node("Relu", [convolve(value)])
    value = graph.node("MaxPool", [value], kernel_shape=[3, 3], strides=[2, 2])
    side, channels = 35, 32
    for filters, blocks, halves in ENCODER_STAGES:
        for block in range(blocks):
            branch = graph.node("Relu", [convolve(value)])
            branch = convolve(branch)
            if halves and block == 0:
                value = graph.node("AveragePool", [value], kernel_shape=[2, 2], strides=[2, 2])
                # The branch has (side - 1) // 2 rows, the skip side // 2: dlib's sum takes the
                # larger size and counts what is missing as zeros, in the channels as well.
                skip_side, branch_side = side // 2, (side - 1) // 2
                side = max(skip_side, branch_side)
                value = graph.pad(value, filters - channels, side - skip_side)
                branch = graph.pad(branch, 0, side - branch_side)
                channels = filters
            value = graph.node("Relu", [graph.node("Add", [branch, value])])
    value = graph.node("Flatten", [graph.node("GlobalAveragePool", [value])])
    graph.node("MatMul", [value, graph.constant(network.last.weights)])
    return graph.model(
        "encoder",
        ("chips", TensorProto.UINT8, ["n", CHIP_SIDE, CHIP_SIDE, 3]),
        ("encodings", ["n", ENCODING_SIZE]),
    )


def stem_model(network: DetectorNetwork) -> onnx.ModelProto:
    """
    Build the detector's first three convolutions, which shrink by 8 and have no padding.

    Parameters
    ----------
    network : DetectorNetwork

    Returns
    -------
    onnx.ModelProto
        Checked. Input ``pixels``: (1, 3, rows, columns) float32, normalised, at least
        29 each way. Output ``features``: (1, channels, (rows - 29) // 8 + 1, likewise)
        float32, the channels filled up with zeros to a multiple of 16.
    """
    graph = OnnxBuilder()
    _convolve_all(graph, "pixels", network.layers[:3], 3)
    return graph.model(
        "stem",
        ("pixels", TensorProto.FLOAT, [1, 3, "rows", "columns"]),
        ("features", [1, _rounded_up(network, 2), "down", "across"]),
    )


def head_model(network: DetectorNetwork) -> onnx.ModelProto:
    """
    Build the detector's last four convolutions, which keep the size and pad with zeros.

    Parameters
    ----------
    network : DetectorNetwork

    Returns
    -------
    onnx.ModelProto
        Checked. Input ``features``: (1, channels, rows, columns) float32, as the stem
        gives them. Output ``scores``: (1, windows, rows, columns) float32.
    """
    graph = OnnxBuilder()
    channels = _rounded_up(network, 2)
    value = _convolve_all(graph, "features", network.layers[3:], channels)
    filters = _filled(network.last.filters, len(network.windows), _rounded_up(network, 5))
    _convolve_in_two_steps(graph, value, filters, network.last.biases)
    return graph.model(
        "head",
        ("features", TensorProto.FLOAT, [1, channels, "rows", "columns"]),
        ("scores", [1, len(network.windows), "rows", "columns"]),
    )


def _convolve_all(
    graph: OnnxBuilder,
    value: str,
    layers: Sequence[tuple[Convolution, Affine]],
    channels: int,
) -> str:
    for convolution, affine in layers:
        filters, biases = fold(convolution, affine)
        count = -(-len(biases) // _LANES) * _LANES
        biases = np.concatenate([biases, np.zeros(count - len(biases), dtype=np.float32)])
        filters = _filled(filters, count, channels)
        value = graph.convolution(value, filters, biases, convolution.stride, convolution.padding)
        value = graph.node("Relu", [value])
        channels = count
    return value


def _convolve_in_two_steps(
    graph: OnnxBuilder, source: str, filters: Float32, biases: Float32
) -> str:
    """
    Convolve down the columns, then add up along the rows.

    One filter alone leaves most of a vector unit idle. So the columns of the kernel
    become filters of their own, and a second convolution shifts and adds their results:
    the same products in another order.
    """
    windows, channels, rows, columns = filters.shape
    # (windows, channels, rows, columns) to one filter of width 1 a window and column.
    tall = filters.transpose(0, 3, 1, 2).reshape(windows * columns, channels, rows, 1)
    gather = np.zeros((windows, windows * columns, 1, columns), dtype=np.float32)
    for window in range(windows):
        for column in range(columns):
            gather[window, window * columns + column, 0, column] = 1
    down, across = rows // 2, columns // 2
    value = graph.node("Conv", [source, graph.constant(tall)], pads=[down, 0, down, 0])
    inputs = [value, graph.constant(gather), graph.constant(biases)]
    return graph.node("Conv", inputs, pads=[0, across, 0, across])


def _rounded_up(network: DetectorNetwork, layer: int) -> int:
    count = len(network.layers[layer][0].biases)
    return -(-count // _LANES) * _LANES


def _filled(filters: Float32, count: int, channels: int) -> Float32:
    """Fill up filters and channels with zeros, which changes no result."""
    full = np.zeros((count, channels, *filters.shape[2:]), dtype=np.float32)
    full[: filters.shape[0], : filters.shape[1]] = filters
    return full
