"""Models are what their nodes say, and the same model is the same bytes."""

import numpy as np
from onnx import TensorProto

from toolkit.subjects.onnx_builder import OnnxBuilder, serialised
from toolkit.subjects.onnx_running import session


def two_outputs() -> bytes:
    builder = OnnxBuilder()
    padded = builder.pad("x", 1, 2)
    filters = np.arange(18, dtype=np.float32).reshape(1, 2, 3, 3)
    builder.convolution(builder.node("Relu", [padded]), filters, np.ones(1, np.float32), 2, 1)
    source = ("x", TensorProto.FLOAT, [1, 1, 4, 4])
    return serialised(builder.model("m", source, ("kept", [1, 2, 6, 6]), ("made", [1, 1, 3, 3])))


def test_both_outputs_are_what_the_last_nodes_make() -> None:
    from scipy.signal import correlate

    values = np.random.default_rng(0).normal(size=(1, 1, 4, 4)).astype(np.float32)
    kept, made = session(two_outputs()).run(None, {"x": values})
    expected = np.zeros((2, 6, 6), np.float32)
    expected[0, :4, :4] = np.maximum(values[0, 0], 0)
    np.testing.assert_array_equal(kept[0], expected)
    around = np.pad(expected, ((0, 0), (1, 1), (1, 1)))
    filters = np.arange(18, dtype=np.float32).reshape(2, 3, 3)
    whole = correlate(around, filters, mode="valid")[0] + 1
    np.testing.assert_allclose(made[0, 0], whole[::2, ::2], rtol=1e-5)


def test_the_same_model_is_the_same_bytes() -> None:
    assert two_outputs() == two_outputs()


def test_nothing_to_pad_adds_nothing() -> None:
    builder = OnnxBuilder()
    assert builder.pad("x", 0, 0) == "x"
    assert not builder.nodes
