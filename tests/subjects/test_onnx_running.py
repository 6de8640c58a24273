"""A model runs from its bytes and from its file, in one thread."""

import numpy as np
from onnx import TensorProto

from toolkit.subjects.onnx_builder import OnnxBuilder, serialised
from toolkit.subjects.onnx_running import session


def test_a_model_runs_from_its_bytes_and_from_its_file(tmp_path) -> None:
    builder = OnnxBuilder()
    builder.node("Neg", ["x"])
    model = serialised(builder.model("m", ("x", TensorProto.FLOAT, [2]), ("y", [2])))
    path = tmp_path / "model.onnx"
    path.write_bytes(model)
    for given in (model, path):
        found = session(given)
        assert found.run(None, {"x": np.array([1, -2], np.float32)})[0].tolist() == [-1, 2]
        assert found.get_session_options().intra_op_num_threads == 1
