"""Reads single layers of dlib's serialised networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.subjects.face.dlib.stream import Float32, Stream

# Numbers that training needed and running does not: only checked to be numbers.
UNUSED = 1e30


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution over square windows, the same step and padding in both directions."""

    filters: Float32  # (filters, channels, rows, columns)
    biases: Float32  # (filters,)
    stride: int
    padding: int  # zeros on each of the four sides


@dataclass(frozen=True, eq=False)
class Affine:
    """One scale and one shift a channel: ``y = scale * x + shift``."""

    scale: Float32  # (channels,)
    shift: Float32  # (channels,)


@dataclass(frozen=True, eq=False)
class FullyConnected:
    """A matrix without bias: ``y = x @ weights``."""

    weights: Float32  # (inputs, outputs)


def read_layer_end(reader: Stream, label: str, innermost: int | None = None) -> None:
    """Step over what dlib keeps behind each layer: three flags and three tensors."""
    for flag in ("set up", "gradient stale", "output disabled"):
        reader.boolean(f"{label} ({flag})")
    for kept in ("input gradient", "output", "weight gradient"):
        reader.tensor(f"{label} ({kept})")
    if innermost is not None and innermost >= 3:
        reader.integer(f"{label} (sample expansion)", 0, 1)


def _rates(reader: Stream, label: str) -> None:
    for rate in ("learning rate", "weight decay", "bias learning rate", "bias weight decay"):
        reader.real(f"{label} ({rate})", -UNUSED, UNUSED)


def read_convolution(
    reader: Stream,
    label: str,
    channels: int,
    filters: int | None,
    shape: tuple[int, int, int],
    innermost: int | None = None,
) -> Convolution:
    """
    Read a convolution.

    Parameters
    ----------
    reader : Stream
        At the layer's name.
    label : str
        Which layer: the start of errors.
    channels : int
        What the layer before gives.
    filters : int or None
        How many there must be; None allows any number up to 4096.
    shape : tuple of 3 int
        Side of the square kernel, stride and padding.
    innermost : int or None
        The version of the network's first layer, where one more field stands.

    Returns
    -------
    Convolution

    Raises
    ------
    BadNetworkFile
        If anything differs from that.
    """
    kernel, stride, padding = shape
    version = reader.name(label, ("con_4", "con_5", "con_6"))
    weights = reader.tensor(f"{label} (weights)")
    lowest, highest = (1, 4096) if filters is None else (filters, filters)
    count = reader.integer(f"{label} (filters)", lowest, highest)
    for field, wanted in (
        ("rows", kernel),
        ("columns", kernel),
        ("row stride", stride),
        ("column stride", stride),
        ("row padding", padding),
        ("column padding", padding),
    ):
        reader.integer(f"{label} ({field})", wanted, wanted)
    reader.alias(f"{label} (shape of the filters)", (count, channels, kernel, kernel))
    reader.alias(f"{label} (shape of the biases)", (1, count, 1, 1))
    _rates(reader, label)
    biased = reader.boolean(f"{label} (has biases)") if version != "con_4" else True
    if version == "con_6" and reader.boolean(f"{label} (applies ReLU itself)"):
        reader.fail(label, "a convolution without ReLU of its own", "one with it")
    size = count * channels * kernel * kernel
    wanted = size + (count if biased else 0)
    if weights.size != wanted:
        reader.fail(f"{label} (weights)", f"{wanted} values", f"{weights.size}")
    read_layer_end(reader, label, innermost)
    biases = weights[size:] if biased else np.zeros(count, dtype=np.float32)
    return Convolution(
        filters=weights[:size].reshape(count, channels, kernel, kernel),
        biases=biases,
        stride=stride,
        padding=padding,
    )


def read_convolution_with_affine(
    reader: Stream,
    label: str,
    channels: int,
    filters: int | None,
    shape: tuple[int, int, int],
    innermost: int | None = None,
) -> tuple[Convolution, Affine]:
    """Read a convolution as `read_convolution` does, and the affine layer behind it."""
    convolution = read_convolution(reader, label, channels, filters, shape, innermost)
    return convolution, _affine(reader, f"affine after {label}", len(convolution.biases))


def _affine(reader: Stream, label: str, channels: int) -> Affine:
    name = reader.name(label, ("affine_", "affine_2", "bn_con2"))
    values = reader.tensor(f"{label} (scale and shift)")
    if values.size != 2 * channels:
        reader.fail(f"{label} (scale and shift)", f"{2 * channels} values", f"{values.size}")
    for part in ("scale", "shift"):
        reader.alias(f"{label} (shape of the {part})", (1, channels, 1, 1))
    scale, shift = values[:channels], values[channels:]
    if name == "bn_con2":
        scale, shift = _batch_normalisation(reader, label, scale, shift)
    else:
        # Mode 0 scales a channel; mode 1 would scale every pixel on its own.
        reader.integer(f"{label} (mode)", 0, 0)
        if name == "affine_2" and reader.boolean(f"{label} (disabled)"):
            scale, shift = np.ones_like(scale), np.zeros_like(shift)
    read_layer_end(reader, label)
    return Affine(scale=scale, shift=shift)


def _batch_normalisation(
    reader: Stream, label: str, gamma: Float32, beta: Float32
) -> tuple[Float32, Float32]:
    """Read a batch normalisation's statistics and give it as a scale and a shift."""
    for field in ("batch means", "batch deviations"):
        reader.tensor(f"{label} ({field})")
    means = reader.tensor(f"{label} (running means)")
    variances = reader.tensor(f"{label} (running variances)")
    if not means.size == variances.size == gamma.size:
        found = f"{means.size} means and {variances.size} variances"
        reader.fail(f"{label} (running statistics)", f"{gamma.size} of each", found)
    if variances.min() < 0:
        reader.fail(f"{label} (running variances)", "none below 0", f"{variances.min():g}")
    reader.integer(f"{label} (updates)", 0, 2**63)
    reader.integer(f"{label} (statistics window)", 0, 2**63)
    _rates(reader, label)
    epsilon = reader.real(f"{label} (epsilon)", 1e-12, 1)
    scale = gamma.astype(np.float64) / np.sqrt(variances.astype(np.float64) + epsilon)
    shift = beta - scale * means
    largest = max(np.abs(scale).max(), np.abs(shift).max())
    if largest > np.finfo(np.float32).max:
        reader.fail(f"{label} (scale and shift)", "values that float32 holds", f"{largest:g}")
    return scale.astype(np.float32), shift.astype(np.float32)


def read_fully_connected(reader: Stream, label: str, inputs: int, outputs: int) -> FullyConnected:
    """Read a matrix without bias from `inputs` to `outputs`, or raise `BadNetworkFile`."""
    version = reader.name(label, ("fc_2", "fc_3"))
    reader.integer(f"{label} (outputs)", outputs, outputs)
    reader.integer(f"{label} (inputs)", inputs, inputs)
    weights = reader.tensor(f"{label} (weights)")
    if weights.size != inputs * outputs:
        reader.fail(f"{label} (weights)", f"{inputs * outputs} values", f"{weights.size}")
    reader.alias(f"{label} (shape of the weights)", (inputs, outputs, 1, 1))
    reader.alias(f"{label} (shape of the biases)", (0, 0, 0, 0))
    reader.integer(f"{label} (bias mode)", 1, 1)
    _rates(reader, label)
    if version == "fc_3":
        reader.boolean(f"{label} (has biases)")
    read_layer_end(reader, label)
    return FullyConnected(weights=weights.reshape(inputs, outputs))


def read_relu(reader: Stream, label: str) -> None:
    """Read a ReLU, or raise `BadNetworkFile`."""
    name = reader.name(label, ("relu_", "relu_2"))
    if name == "relu_2" and reader.boolean(f"{label} (disabled)"):
        reader.fail(label, "a ReLU in use", "a disabled one")
    read_layer_end(reader, label)


def read_pool(reader: Stream, label: str, name: str, *, window: int, stride: int) -> None:
    """Read a pooling layer: its name, square window and stride; or raise `BadNetworkFile`."""
    reader.name(label, (name,))
    for field, wanted in (
        ("rows", window),
        ("columns", window),
        ("row stride", stride),
        ("column stride", stride),
        ("row padding", 0),
        ("column padding", 0),
    ):
        reader.integer(f"{label} ({field})", wanted, wanted)
    read_layer_end(reader, label)
