"""Reads dlib's face encoder and its sliding-window face detector from their own files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from toolkit.errors import BadNetworkFile
from toolkit.subjects.face.dlib.layers import (
    UNUSED,
    Affine,
    Convolution,
    FullyConnected,
    read_convolution,
    read_convolution_with_affine,
    read_fully_connected,
    read_layer_end,
    read_pool,
    read_relu,
)
from toolkit.subjects.face.dlib.stream import Stream

CHIP_SIDE: Final = 150
ENCODING_SIZE: Final = 128

# (filters, blocks, whether the first block halves the rows and columns)
ENCODER_STAGES: Final = (
    (32, 3, False),
    (64, 4, True),
    (128, 3, True),
    (256, 3, True),
    (256, 1, True),
)
# (kernel side, stride, padding) of the detector's convolutions
DETECTOR_SHAPE: Final = (
    (5, 2, 0),
    (5, 2, 0),
    (5, 2, 0),
    (5, 1, 2),
    (5, 1, 2),
    (5, 1, 2),
    (9, 1, 4),
)

_LARGEST_FILE = 256 * 2**20


@dataclass(frozen=True, eq=False)
class EncoderNetwork:
    """
    dlib's residual network from an aligned 150x150 RGB chip to 128 numbers.

    ``layers`` are the 29 convolutions in forward order, each with the affine layer that
    follows it: the first one, then two for each block of `ENCODER_STAGES`.
    """

    mean: tuple[float, float, float]  # red, green, blue; input is (value - mean) / 256
    layers: tuple[tuple[Convolution, Affine], ...]
    last: FullyConnected


@dataclass(frozen=True)
class DetectorWindow:
    """The size of box that one output channel of the detector stands for."""

    width: int  # px at the pyramid level
    height: int
    label: str


@dataclass(frozen=True, eq=False)
class DetectorNetwork:
    """
    dlib's max-margin sliding-window detector over an image pyramid.

    ``layers`` are all convolutions but the last, each with its affine layer; ``last``
    has one filter for each of ``windows``.
    """

    mean: tuple[float, float, float]  # red, green, blue; input is (value - mean) / 256
    gap: int  # px between two levels of the tiled pyramid
    border: int  # px around all of them
    layers: tuple[tuple[Convolution, Affine], ...]
    last: Convolution
    windows: tuple[DetectorWindow, ...]
    # Two boxes overlap when their common area is more than `overlap` of the area of the
    # smallest box around both, or more than `covered` of either box.
    overlap: float
    covered: float


def read_encoder(
    source: bytes | str | os.PathLike[str], *, name: str = "the encoder file"
) -> EncoderNetwork:
    """
    Read dlib's face recognition network, version 1.

    Parameters
    ----------
    source : bytes or path
        The file's content, or where it is.
    name : str
        What errors call a file given by its content.

    Returns
    -------
    EncoderNetwork

    Raises
    ------
    BadNetworkFile
        If any layer, in order, is not the one of this architecture, a weight is not
        finite, or the file ends too early or too late. The message names the layer or
        field, its byte, what was expected and what was found.
    OSError
        If the file cannot be opened.
    """
    reader = _open(source, name)
    if _prologue(reader, ("loss_metric_", "loss_metric_2")) == "loss_metric_2":
        reader.real("loss_metric_2 (margin)", 0, UNUSED)
        reader.real("loss_metric_2 (distance threshold)", 0, UNUSED)
    innermost = _versions(reader, _encoder_layer_kinds())
    mean, _ = _input_mean(reader, ("input_rgb_image_sized",))
    for side in ("rows", "columns"):
        reader.integer(f"input ({side})", CHIP_SIDE, CHIP_SIDE)

    layers = [read_convolution_with_affine(reader, "convolution 1", 3, 32, (7, 2, 0), innermost)]
    read_relu(reader, "ReLU 1")
    read_pool(reader, "max pool", "max_pool_2", window=3, stride=2)
    channels = 32
    for filters, blocks, halves in ENCODER_STAGES:
        for block in range(blocks):
            down = halves and block == 0
            label = f"convolution {len(layers) + 1}"
            shape = (3, 2, 0) if down else (3, 1, 1)
            layers.append(read_convolution_with_affine(reader, label, channels, filters, shape))
            read_relu(reader, f"ReLU after {label}")
            label = f"convolution {len(layers) + 1}"
            layers.append(read_convolution_with_affine(reader, label, filters, filters, (3, 1, 1)))
            if down:
                read_pool(reader, f"average pool after {label}", "avg_pool_2", window=2, stride=2)
            reader.name(f"sum after {label}", ("add_prev_",))
            read_layer_end(reader, f"sum after {label}")
            read_relu(reader, f"ReLU of the sum after {label}")
            channels = filters
    read_pool(reader, "global average pool", "avg_pool_2", window=0, stride=1)
    last = read_fully_connected(reader, "fully connected layer", channels, ENCODING_SIZE)
    reader.end()
    return EncoderNetwork(mean=mean, layers=tuple(layers), last=last)


def read_detector(
    source: bytes | str | os.PathLike[str], *, name: str = "the detector file"
) -> DetectorNetwork:
    """
    Read a sliding-window detector of the shape of dlib's human face detector.

    The shape decides, not the file's name or the number of filters: three 5x5
    convolutions of stride 2, three of stride 1, one 9x9 with a filter for each detector
    window. Affine layers may be stored as the batch normalisations they came from.

    Parameters
    ----------
    source : bytes or path
        The file's content, or where it is.
    name : str
        What errors call a file given by its content.

    Returns
    -------
    DetectorNetwork

    Raises
    ------
    BadNetworkFile
        If any layer, in order, is not the one of this architecture, a weight is not
        finite, the detector corrects its boxes by regression, or the file ends too early
        or too late. The message names the layer or field, its byte, what was expected
        and what was found.
    OSError
        If the file cannot be opened.
    """
    reader = _open(source, name)
    _prologue(reader, ("loss_mmod_",))
    windows, overlap, covered = _mmod_options(reader)
    kinds = ["con"] + ["relu", "affine", "con"] * (len(DETECTOR_SHAPE) - 1)
    innermost = _versions(reader, kinds)

    kinds = ["input_rgb_image_pyramid", "input_rgb_image_pyramid2"]
    mean, kind = _input_mean(reader, kinds)
    gap, border = 10, 11
    if kind == "input_rgb_image_pyramid2":
        gap = reader.integer("input (gap between levels)", 0, 1000)
        border = reader.integer("input (border)", 0, 1000)

    layers = []
    channels = 3
    for number, shape in enumerate(DETECTOR_SHAPE[:-1], 1):
        label = f"convolution {number}"
        version = innermost if number == 1 else None
        pair = read_convolution_with_affine(reader, label, channels, None, shape, version)
        read_relu(reader, f"ReLU {number}")
        layers.append(pair)
        channels = len(pair[0].biases)
    label = f"convolution {len(DETECTOR_SHAPE)}"
    last = read_convolution(reader, label, channels, len(windows), DETECTOR_SHAPE[-1])
    reader.end()
    return DetectorNetwork(
        mean=mean,
        gap=gap,
        border=border,
        layers=tuple(layers),
        last=last,
        windows=windows,
        overlap=overlap,
        covered=covered,
    )


def file_content(path: str | os.PathLike[str]) -> bytes:
    """
    Read a network file whole, unless it is far too large to be one.

    Parameters
    ----------
    path : path

    Returns
    -------
    bytes

    Raises
    ------
    BadNetworkFile
        If it has more than 256 MiB.
    OSError
        If it cannot be read.
    """
    size = Path(path).stat().st_size
    if size > _LARGEST_FILE:
        raise BadNetworkFile(
            f"{path}: expected a network of at most {_LARGEST_FILE} bytes, found {size} bytes."
        )
    return Path(path).read_bytes()


def _open(source: bytes | str | os.PathLike[str], word: str) -> Stream:
    if isinstance(source, bytes | bytearray | memoryview):
        return Stream(bytes(source), word)
    return Stream(file_content(source), str(source))


def _prologue(reader: Stream, losses: Sequence[str]) -> str:
    reader.integer("network version", 1, 1)
    return reader.name("loss layer", losses)


def _encoder_layer_kinds() -> list[str]:
    """List the encoder's layers from the output to the input, as its versions are stored."""
    forward = ["con", "affine", "relu", "max pool"]
    for _, blocks, halves in ENCODER_STAGES:
        for block in range(blocks):
            forward += ["tag", "con", "affine", "relu", "con", "affine"]
            if halves and block == 0:
                forward += ["tag", "skip", "average pool"]
            forward += ["sum", "relu"]
    forward += ["average pool", "fc"]
    return forward[::-1]


def _versions(reader: Stream, kinds: Sequence[str]) -> int:
    """Read the versions of all layers, output first; return the innermost one's."""
    for depth, kind in enumerate(kinds[:-1]):
        version = 1 if kind in ("tag", "skip") else 2
        field = f"version of layer {depth + 1} from the output ({kind})"
        reader.integer(field, version, version)
    return reader.integer("version of the innermost layer (con)", 2, 3)


def _input_mean(reader: Stream, names: Sequence[str]) -> tuple[tuple[float, float, float], str]:
    name = reader.name("input layer", names)
    red, green, blue = (
        reader.real(f"input (mean {colour})", -1e4, 1e4) for colour in ("red", "green", "blue")
    )
    return (red, green, blue), name


def _mmod_options(reader: Stream) -> tuple[tuple[DetectorWindow, ...], float, float]:
    """Read the detector's windows and the two limits of non-maximum suppression."""
    version = reader.integer("mmod options (version)", 1, 4)
    windows = []
    count = 1 if version == 1 else reader.integer("mmod options (windows)", 1, 1000)
    for number in range(1, count + 1):
        label = f"detector window {number}"
        kind = 1 if version == 1 else reader.integer(f"{label} (version)", 1, 2)
        width = reader.integer(f"{label} (width)", 1, 100_000)
        height = reader.integer(f"{label} (height)", 1, 100_000)
        name = reader.text(f"{label} (label)", longest=1000) if kind == 2 else ""
        windows.append(DetectorWindow(width, height, name))
    for loss in ("false alarm", "missed target"):
        reader.real(f"mmod options (loss of a {loss})", -UNUSED, UNUSED)
    reader.real("mmod options (overlap of a hit)", 0, 1)
    overlap = reader.real("mmod options (suppression: overlap)", 0, 1)
    covered = reader.real("mmod options (suppression: covered)", 0, 1)
    for limit in ("overlap", "covered"):
        reader.real(f"mmod options (ignored boxes: {limit})", 0, 1)
    if version >= 3:
        # 0 stands for training at one scale; the network's input is a pyramid all the same.
        reader.byte("mmod options (image pyramid)", (0, 1))
    if version >= 4:
        if reader.boolean("mmod options (box regression)"):
            reader.fail("mmod options (box regression)", "a detector without it", "one with it")
        reader.real("mmod options (regression weight)", -UNUSED, UNUSED)
    return tuple(windows), overlap, covered
