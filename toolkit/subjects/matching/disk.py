"""DISK: keypoints and what each looks like, by a network that learned which can be matched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto

from toolkit.errors import BadModelFile
from toolkit.records import Features
from toolkit.subjects import checkpoints, weights
from toolkit.subjects.base import Remade, Rgb
from toolkit.subjects.matching import marks
from toolkit.subjects.matching.marks import TURNED, Float32
from toolkit.subjects.onnx_builder import OnnxBuilder, serialised
from toolkit.subjects.onnx_running import session

MODEL = "disk"
DIMENSIONS = 128
# Sides, in px, are a multiple of this: the network halves them four times.
MULTIPLE = 16
# Px across of the square in which a keypoint is the clearest one, and of the filters.
APART, FILTER = 5, 5
STEPS = 4
EPSILON = 1e-5

# Keypoints of one subject that are described, at most.
MOST = 700
# A keypoint is matched where its nearest one is nearer than this share of the second nearest.
RATIO = 0.92

Named = Mapping[str, npt.NDArray[Any]]


class Disk(Remade):
    """
    Finds and describes keypoints.

    Raises
    ------
    BadModelFile
        If the model file is missing or not the pinned one.

    References
    ----------
    .. [1] M. Tyszkiewicz, P. Fua, E. Trulls, DISK: learning local features with policy gradient,
       2020.
    """

    def __init__(self) -> None:
        path = weights.find(MODEL)
        named = checkpoints.read(path.read_bytes(), path.name)
        of = {name.removeprefix("extractor.unet."): value for name, value in named.items()}
        self._network = session(serialised(model(of)))
        filters, self._biases = _last(of)
        # Of a keypoint's surroundings: rows, columns, channels.
        self._filters = filters[:DIMENSIONS].transpose(2, 3, 1, 0).reshape(-1, DIMENSIONS).copy()

    def keypoints(
        self, image: Rgb, inside: npt.NDArray[np.bool_], most: int
    ) -> tuple[Float32, Float32]:
        """
        Find the clearest keypoints.

        Parameters
        ----------
        image : numpy.ndarray
            Shape (h, w, 3), uint8, RGB.
        inside : numpy.ndarray
            Shape (h, w), bool: where keypoints may be.
        most : int
            At most so many.

        Returns
        -------
        (numpy.ndarray, numpy.ndarray)
            Where they are, shape (k, 2), in px, the clearest first; and what they look like, shape
            (k, 128), float32, of length 1.
        """
        from scipy.ndimage import maximum_filter

        height, width = image.shape[:2]
        tall, wide = (-(-side // MULTIPLE) * MULTIPLE for side in (height, width))
        pixels = np.zeros((1, 3, tall, wide), dtype=np.float32)
        pixels[0, :, :height, :width] = image.transpose(2, 0, 1) / np.float32(255)
        maps, heat = self._network.run(None, {"pixels": pixels})
        clear = heat[0, 0, :height, :width]
        peaks = (clear == maximum_filter(clear, APART)) & (clear > 0) & inside
        rows, columns = np.nonzero(peaks)
        order = np.argsort(-clear[rows, columns], kind="stable")[:most]
        rows, columns = rows[order], columns[order]
        # The last convolution only where a keypoint is: everywhere, it costs more than all others.
        around = FILTER // 2
        padded = np.pad(maps[0], ((0, 0), (around, around), (around, around)))
        patches = np.stack(
            [padded[:, rows + y, columns + x] for y in range(FILTER) for x in range(FILTER)]
        )
        found = patches.transpose(2, 0, 1).reshape(len(rows), len(self._filters)) @ self._filters
        found += self._biases[:DIMENSIONS]
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
        return np.stack([columns, rows], axis=1).astype(np.float32), found.astype(np.float32)


class DiskMarks:
    """Compares subjects by DISK's keypoints. Threads may share one."""

    scores = ("disk",)
    name = repr((MODEL, MOST))

    def __init__(self) -> None:
        self._disk = Disk()

    def features(self, image: Rgb, inside: npt.NDArray[np.bool_]) -> Features:
        """
        Describe a picture, shape (h, w, 3), where `inside`, shape (h, w), says so.

        Returns
        -------
        Features
            "disk", shape (m, 128), int8, and "disk_at", shape (m, 2), float32, px.
        """
        places, described = self._disk.keypoints(image, inside, MOST)
        return {"disk": np.rint(described * 127).astype(np.int8), "disk_at": places}

    def compare(self, one: Features, other: Features) -> list[float]:
        """Return how many keypoints of both lie alike."""
        return [float(len(each[0])) for each in self.common(one, other)]

    def common(self, one: Features, other: Features) -> list[tuple[Float32, Float32]]:
        """Return where they are in both; see `marks.fitting`."""
        return [marks.fitting(one, other, "disk", TURNED, RATIO)]


def model(of: Named) -> onnx.ModelProto:
    """
    Build the network up to its last layer, of which it has the part that says how clear a px is.

    Parameters
    ----------
    of : mapping of str to numpy.ndarray
        Its weights, by the names that they have in PyTorch.

    Returns
    -------
    onnx.ModelProto
        Input ``pixels``: (1, 3, h, w) float32, 0 to 1, sides a multiple of 16. Outputs ``maps``,
        (1, c, h, w), which the last layer takes, and ``heat``, (1, 1, h, w), both float32.

    Raises
    ------
    BadModelFile
        If weights are missing.
    """
    try:
        return _built(of)
    except (KeyError, ValueError) as error:
        raise BadModelFile(f"{MODEL} lacks weights, or they do not fit: {error}") from error


def _last(of: Named) -> tuple[Float32, Float32]:
    name = f"path_up.{STEPS - 1}.conv.3"
    return of[f"{name}.weight"], of[f"{name}.bias"]


def _built(of: Named) -> onnx.ModelProto:
    graph = OnnxBuilder()

    def gated(source: str, name: str) -> str:
        slope = of[f"{name}.1.weight"]
        ones, none = np.ones(len(slope), np.float32), np.zeros(len(slope), np.float32)
        inputs = [source, graph.constant(ones), graph.constant(none)]
        value = graph.node("InstanceNormalization", inputs, epsilon=EPSILON)
        return graph.node("PRelu", [value, graph.constant(slope.reshape(-1, 1, 1))])

    def convolved(source: str, name: str) -> str:
        filters, biases = of[f"{name}.3.weight"], of[f"{name}.3.bias"]
        return graph.convolution(source, filters, biases, 1, FILTER // 2)

    levels = ["pixels", convolved("pixels", "path_down.0.1")]
    for step in range(1, STEPS + 1):
        name = f"path_down.{step}.1"
        half = graph.node("AveragePool", [levels[-1]], kernel_shape=[2, 2], strides=[2, 2])
        levels.append(convolved(gated(half, name), name))
    value, twice = levels.pop(), graph.constant(np.array([1, 1, 2, 2], dtype=np.float32))
    for step in range(STEPS):
        name = f"path_up.{step}.conv"
        value = graph.node(
            "Resize",
            [value, "", twice],
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )
        value = gated(graph.node("Concat", [value, levels.pop()], axis=1), name)
        if step < STEPS - 1:
            value = convolved(value, name)
    filters, biases = _last(of)
    channels = filters.shape[1]
    graph.convolution(value, filters[DIMENSIONS:], biases[DIMENSIONS:], 1, FILTER // 2)
    return graph.model(
        "disk",
        ("pixels", TensorProto.FLOAT, [1, 3, "h", "w"]),
        ("maps", [1, channels, "h", "w"]),
        ("heat", [1, 1, "h", "w"]),
    )
