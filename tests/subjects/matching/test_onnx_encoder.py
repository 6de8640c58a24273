"""A network that the user brings: prepared as its description says, refused in one line."""

import json

import numpy as np
import pytest
from onnx import TensorProto

from toolkit.errors import BadModelFile
from toolkit.subjects.matching.onnx_encoder import DEVIATION, MEAN, OnnxEncoder
from toolkit.subjects.onnx_builder import OnnxBuilder, serialised


def means(path, shape=(1, 3, 20, 30), inputs="x"):
    """A network whose vector is the mean of each channel."""
    builder = OnnxBuilder()
    builder.node("Flatten", [builder.node("GlobalAveragePool", [inputs])])
    source = (inputs, TensorProto.FLOAT, list(shape))
    path.write_bytes(serialised(builder.model("m", source, ("v", [1, shape[1]]))))
    return path


def picture() -> np.ndarray:
    return np.full((50, 40, 3), [200, 100, 50], np.uint8)


def of_length_one(values) -> np.ndarray:
    return np.asarray(values) / np.linalg.norm(values)


def test_pictures_are_prepared_as_most_networks_were_trained(tmp_path) -> None:
    encoder = OnnxEncoder(means(tmp_path / "a.onnx"))
    expected = (np.array([200, 100, 50]) / 255 - MEAN) / DEVIATION
    np.testing.assert_allclose(encoder.of(picture()), of_length_one(expected), rtol=1e-4)
    assert encoder.dimensions == 3


def test_pictures_are_prepared_as_the_description_says(tmp_path) -> None:
    told = {
        "size": [24, 18],
        "colours": "bgr",
        "divide": 1,
        "mean": [1, 2, 3],
        "deviation": [2, 2, 4],
    }
    path = means(tmp_path / "a.onnx", (1, 3, "h", "w"))
    (tmp_path / "a.json").write_text(json.dumps(told))
    expected = (np.array([50, 100, 200]) - [1, 2, 3]) / [2, 2, 4]
    encoder = OnnxEncoder(path)
    np.testing.assert_allclose(encoder.of(picture()), of_length_one(expected), rtol=1e-4)
    (tmp_path / "a.json").unlink()
    (tmp_path / "a.toml").write_text("size = 16")
    assert OnnxEncoder(path).name != encoder.name


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("[1]", "no table"),
        ("{", "a.json"),
        ('{"scale": 1}', "scale is not known"),
        ('{"size": "large"}', "size is"),
        ('{"colours": "hsv"}', "expected rgb or bgr"),
        ('{"mean": [0, 0]}', "expected 3 numbers"),
        ('{"deviation": [0, 1, 1]}', "deviation is"),
        ('{"size": 40}', "its description says otherwise"),
    ],
)
def test_a_description_that_is_none_is_told(told, why, tmp_path) -> None:
    path = means(tmp_path / "a.onnx")
    (tmp_path / "a.json").write_text(told)
    with pytest.raises(BadModelFile, match=why) as caught:
        OnnxEncoder(path)
    assert "\n" not in str(caught.value)


def test_a_network_that_cannot_serve_is_told(tmp_path) -> None:
    (tmp_path / "text.onnx").write_text("no network")
    for path, why in (
        (tmp_path / "none.onnx", "is no file"),
        (tmp_path / "text.onnx", "cannot be used as an encoder"),
        (means(tmp_path / "grey.onnx", (1, 1, 20, 30)), "expected one picture"),
        (means(tmp_path / "any.onnx", (1, 3, "h", "w")), "any size"),
        (means(tmp_path / "huge.onnx", (1, 3, 5000, 5000)), "expected 16 to 2048"),
    ):
        with pytest.raises(BadModelFile, match=why) as caught:
            OnnxEncoder(path)
        assert "\n" not in str(caught.value)


def test_a_network_that_makes_no_vector_is_told(tmp_path) -> None:
    builder = OnnxBuilder()
    zero = builder.constant(np.zeros(1, np.float32))
    builder.node("Div", ["x", zero])
    model = builder.model("m", ("x", TensorProto.FLOAT, [1, 3, 20, 20]), ("y", [1, 3, 20, 20]))
    path = tmp_path / "a.onnx"
    path.write_bytes(serialised(model))
    with pytest.raises(BadModelFile, match="expected one vector"):
        OnnxEncoder(path)
