"""Builds ONNX models node by node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Float32 = npt.NDArray[np.float32]

# Old enough for every ONNX Runtime that supports Python 3.10.
_OPSET = 17
_IR_VERSION = 8


class OnnxBuilder:
    """Nodes and weights collected in order; every method returns its output's name."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def constant(self, values: npt.NDArray[np.float32] | npt.NDArray[np.int64]) -> str:
        """Add numbers that stay the same."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add an operator of ONNX."""
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def convolution(
        self, source: str, filters: Float32, biases: Float32, stride: int, padding: int
    ) -> str:
        """Add a convolution with the same stride and padding on all sides."""
        inputs = [source, self.constant(filters), self.constant(biases)]
        return self.node("Conv", inputs, strides=[stride] * 2, pads=[padding] * 4)

    def pad(self, source: str, channels: int, side: int) -> str:
        """Add zeros behind the last channel, row and column; nothing if both are 0."""
        if not channels and not side:
            return source
        ends = np.array([0, 0, 0, 0, 0, channels, side, side], dtype=np.int64)
        return self.node("Pad", [source, self.constant(ends)])

    def model(
        self,
        name: str,
        source: tuple[str, int, Sequence[int | str]],
        *targets: tuple[str, Sequence[int | str]],
    ) -> onnx.ModelProto:
        """
        Return all of it as a model.

        Parameters
        ----------
        name : str
            Of the graph.
        source : (str, int, sequence of int or str)
            The input: its name, type of number and shape.
        *targets : (str, sequence of int or str)
            The outputs, float32: their names and shapes. They are the results of the last nodes, in
            order.
        """
        for node, (given, _) in zip(self.nodes[-len(targets) :], targets, strict=True):
            for other in self.nodes:
                other.input[:] = [given if one == node.output[0] else one for one in other.input]
            node.output[0] = given
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(*source)],
            [
                helper.make_tensor_value_info(one, TensorProto.FLOAT, shape)
                for one, shape in targets
            ],
            self.weights,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
            producer_name="sightings",
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def serialised(model: onnx.ModelProto) -> bytes:
    """Give a model as the bytes of an ``.onnx`` file; the same model, the same bytes."""
    content: bytes = model.SerializeToString(deterministic=True)
    return content
