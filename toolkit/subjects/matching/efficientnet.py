"""EfficientNet-Lite2: what a picture shows, as a vector; trained on ImageNet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto
from PIL import Image

from toolkit.errors import BadModelFile
from toolkit.subjects import checkpoints, weights
from toolkit.subjects.base import Remade
from toolkit.subjects.onnx_builder import OnnxBuilder, serialised
from toolkit.subjects.onnx_running import session

MODEL = "efficientnet_lite2"
# Px of the square that it sees, and numbers that it makes of it.
SIDE, DIMENSIONS = 260, 1280
# Grey, and how far from it black and white are, of 255.
GREY, CONTRAST = 127.0, 128.0
# By how much each stage shrinks, in the order of the stages.
STRIDES = (1, 2, 2, 2, 1, 2, 1)
EPSILON = 1e-3

Named = Mapping[str, npt.NDArray[Any]]


class EfficientNet(Remade):
    """
    Describes pictures by what they show.

    Raises
    ------
    BadModelFile
        If the model file is missing or not the pinned one.

    References
    ----------
    .. [1] M. Tan, Q. Le, EfficientNet: rethinking model scaling for convolutional neural networks,
       2019; Lite: without squeeze-and-excitation, with ReLU6, and with stem and head not scaled.
    """

    def __init__(self) -> None:
        path = weights.find(MODEL)
        self._network = session(serialised(model(checkpoints.read(path.read_bytes(), path.name))))

    def of(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """
        Describe a picture.

        Parameters
        ----------
        image : numpy.ndarray
            Shape (h, w, 3), uint8, RGB: stretched to a square.

        Returns
        -------
        numpy.ndarray
            Shape (1280,), float32, of length 1.
        """
        square = Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        pixels = (np.asarray(square, dtype=np.float32) - GREY) / CONTRAST
        found = self._network.run(None, {"pixels": pixels.transpose(2, 0, 1)[None]})[0][0]
        vector: npt.NDArray[np.float32] = found / max(float(np.linalg.norm(found)), 1e-9)
        return vector.astype(np.float32)


def model(of: Named) -> onnx.ModelProto:
    """
    Build the network, without its last layer, which names classes.

    Parameters
    ----------
    of : mapping of str to numpy.ndarray
        Its weights, by the names that they have in PyTorch.

    Returns
    -------
    onnx.ModelProto
        Input ``pixels``: (1, 3, 260, 260) float32, -1 to 1. Output ``vector``: (1, 1280) float32.

    Raises
    ------
    BadModelFile
        If weights are missing.
    """
    try:
        return _Built(of).model
    except (KeyError, IndexError, ValueError) as error:
        raise BadModelFile(f"{MODEL} lacks weights, or they do not fit: {error}") from error


class _Built:
    def __init__(self, of: Named) -> None:
        self.of, self.graph, self.side = of, OnnxBuilder(), SIDE
        self.limits = [self.graph.constant(np.array(each, np.float32)) for each in (0, 6)]
        value = self.convolved("pixels", "_conv_stem", "_bn0", 2)
        stage, before, block = -1, 0, 0
        while f"_blocks.{block}._project_conv.weight" in of:
            filters = len(of[f"_blocks.{block}._project_conv.weight"])
            first = filters != before
            stage, before = stage + first, filters
            value = self.block(value, f"_blocks.{block}.", STRIDES[stage] if first else 1, first)
            block += 1
        value = self.convolved(value, "_conv_head", "_bn1", 1)
        self.graph.node("Flatten", [self.graph.node("GlobalAveragePool", [value])])
        self.model = self.graph.model(
            "efficientnet_lite2",
            ("pixels", TensorProto.FLOAT, [1, 3, SIDE, SIDE]),
            ("vector", [1, DIMENSIONS]),
        )

    def block(self, source: str, name: str, stride: int, first: bool) -> str:
        """Widen, convolve each channel by itself, and narrow again."""
        value = source
        if f"{name}_expand_conv.weight" in self.of:
            value = self.convolved(value, f"{name}_expand_conv", f"{name}_bn0", 1)
        groups = len(self.of[f"{name}_depthwise_conv.weight"])
        value = self.convolved(value, f"{name}_depthwise_conv", f"{name}_bn1", stride, groups)
        value = self.convolved(value, f"{name}_project_conv", f"{name}_bn2", 1, limited=False)
        return value if first or stride > 1 else self.graph.node("Add", [source, value])

    def convolved(
        self,
        source: str,
        name: str,
        norm: str,
        stride: int,
        groups: int = 1,
        *,
        limited: bool = True,
    ) -> str:
        """Convolve and normalise, in one step."""
        scale = self.of[f"{norm}.weight"].astype(np.float64)
        scale = scale / np.sqrt(self.of[f"{norm}.running_var"] + EPSILON)
        filters = self.of[f"{name}.weight"] * scale[:, None, None, None]
        biases = self.of[f"{norm}.bias"] - self.of[f"{norm}.running_mean"] * scale
        # As TensorFlow pads: what is odd goes behind.
        after = -(-self.side // stride)
        lacking = max((after - 1) * stride + filters.shape[2] - self.side, 0)
        before, behind = lacking // 2, lacking - lacking // 2
        self.side = after
        value = self.graph.node(
            "Conv",
            [
                source,
                self.graph.constant(filters.astype(np.float32)),
                self.graph.constant(biases.astype(np.float32)),
            ],
            strides=[stride] * 2,
            pads=[before, before, behind, behind],
            group=groups,
        )
        return self.graph.node("Clip", [value, *self.limits]) if limited else value
