"""Networks that users bring: each layout read, its boxes brought back, and bad files told of."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from toolkit.errors import BadModelFile
from toolkit.records import Box
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.detection.onnx_detector import OnnxDetector, description_of

CLASSES = ["animal", "person", "vehicle"]
SIDE = 64


def save_model(path, outputs, *, shape=(1, 3, SIDE, SIDE), told=None, sizes=False, kind="float32"):
    """Save a network that gives the same numbers whatever it sees, and its description."""
    element = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    inputs = [helper.make_tensor_value_info("images", element, shape)]
    nodes = [helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0)]
    if sizes:
        inputs.append(helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, (1, 2)))
    weights, made = [], []
    for name, values in outputs.items():
        values = np.asarray(values)
        weights.append(numpy_helper.from_array(values, f"{name}_values"))
        nodes.append(helper.make_node("Identity", [f"{name}_values"], [name]))
        made.append(
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(values.dtype), values.shape
            )
        )
    made.append(helper.make_tensor_value_info("mean", element, ()))
    graph = helper.make_graph(nodes, "boxes", inputs, made, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    if told is not None:
        path.with_suffix(".json").write_text(json.dumps({"classes": CLASSES, **told}))
    return path


# In the network's input, of a photo twice as wide as high: an animal in its left half, and, surer,
# a person in the lower right quarter.
ANIMAL, PERSON = (16.0, 32.0, 32.0, 32.0), (48.0, 40.0, 32.0, 16.0)
IMAGE = np.zeros((100, 200, 3), np.uint8)
EXPECTED = [("person", 0.8, Box(100, 50, 200, 100)), ("", 0.6, Box(0, 0, 100, 100))]


def corners(x, y, width, height):
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def rows(objectness=False):
    first = [
        *ANIMAL,
        *([0.75] if objectness else []),
        *((0.8, 0, 0) if objectness else (0.6, 0, 0)),
    ]
    again = [ANIMAL[0] + 1, *ANIMAL[1:], *first[4:]]
    again[-3] *= 0.9
    second = [*PERSON, *([1.0] if objectness else []), 0.0, 0.8, 0.1]
    weak = [*PERSON, *([0.2] if objectness else []), 0.0, 0.0, 0.19]
    return np.array([first, again, second, weak], np.float32)


def logits():
    scores = np.array([[0.6, 0.01, 0.01], [0.01, 0.8, 0.01], [0.1, 0.1, 0.1]])
    return np.log(scores / (1 - scores)).astype(np.float32)[None]


def scales():
    """Two scales of four and two cells: the person is in the fine one, the animal in the other."""
    made = {}
    for cells, box, kind, score, (row, column) in (
        (4, PERSON, 1, 0.8, (2, 3)),
        (2, ANIMAL, 0, 0.6, (0, 0)),
    ):
        stride = SIDE / cells
        scores = np.full((1, 3, cells, cells), -9.0, np.float32)
        scores[0, kind, row, column] = np.log(score / (1 - score))
        left, top, right, bottom = corners(*box)
        x, y = (column + 0.5) * stride, (row + 0.5) * stride
        sides = np.ones((1, 4, cells, cells), np.float32)
        sides[0, :, row, column] = np.array([x - left, y - top, right - x, bottom - y]) / stride
        made |= {
            f"scores{cells}": scores,
            f"parts{cells}": np.zeros((1, 16, 4, cells, cells), np.float32),
            f"sides{cells}": sides,
        }
    return made


STRETCHED = np.array([(16, 32, 32, 64), (48, 48, 32, 32), (9, 9, 5, 5)], np.float32) / SIDE
LAYOUTS = {
    "yolov5": ({"out": rows(objectness=True)[None]}, {}),
    "yolov8": ({"out": rows().T[None]}, {}),
    "yolov10": (
        {
            "out": np.array(
                [[*corners(*ANIMAL), 0.6, 0], [*corners(*PERSON), 0.8, 1], [0, 0, 9, 9, 0.1, 0]],
                np.float32,
            )[None]
        },
        {},
    ),
    "yolo-mit": (scales(), {}),
    "detr": ({"logits": logits(), "pred_boxes": STRETCHED[None]}, {}),
    "detr in one": (
        {"out": np.concatenate([STRETCHED, 1 / (1 + np.exp(-logits()[0]))], axis=1)[None]},
        {},
    ),
    "rtdetr": (
        {
            "labels": np.array([[0, 1, 0]], np.int64),
            "boxes": np.array([[(0, 0, 100, 100), (100, 50, 200, 100), (0, 0, 9, 9)]], np.float32),
            "scores": np.array([[0.6, 0.8, 0.1]], np.float32),
        },
        {"sizes": True},
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_boxes_of_a_photo(tmp_path, layout) -> None:
    outputs, more = LAYOUTS[layout]
    told = {"layout": layout.partition(" ")[0]}
    model = save_model(tmp_path / "model.onnx", outputs, told=told, **more)
    found = OnnxDetector(model, 0.2).detect(IMAGE)
    assert [(each.kind, round(each.score, 3), each.box) for each in found] == EXPECTED
    assert OnnxDetector(model, 0.7).detect(IMAGE) == found[:1]


def test_the_network_sees_the_photo_as_its_description_says(tmp_path, monkeypatch) -> None:
    outputs = LAYOUTS["yolov10"][0]
    seen = []

    def look(told):
        model = save_model(tmp_path / "model.onnx", outputs, told={"layout": "yolov10", **told})
        detector = OnnxDetector(model, 0.2)
        image = np.zeros((20, 40, 3), np.uint8)
        image[:, :] = (255, 0, 51)
        made, *place = detector._as_input(image)
        seen.append(made)
        return made, place

    made, (scale, start) = look({})
    assert made.shape == (1, 3, SIDE, SIDE)
    assert made.dtype == np.float32
    assert (scale, start) == ((1.6, 1.6), (0, 16))
    np.testing.assert_allclose(made[0, :, 32, 32], [1, 0, 0.2], atol=1e-6)
    np.testing.assert_allclose(made[0, :, 0, 0], 114 / 255, atol=1e-6)
    made, (scale, start) = look({"fit": "stretch", "colours": "bgr", "divide": 1})
    assert (scale, start) == ((1.6, 3.2), (0, 0))
    np.testing.assert_allclose(made[0, :, 0, 0], [51, 0, 255])
    made, _ = look({"mean": [0.5, 0.5, 0.5], "deviation": [0.5, 0.25, 0.1]})
    np.testing.assert_allclose(made[0, :, 32, 32], [1, -2, -3], atol=1e-6)


def test_classes_may_have_other_names_and_a_threshold(tmp_path) -> None:
    outputs = LAYOUTS["yolov10"][0]
    told = {
        "layout": "yolov10",
        "classes": ["zebra", "car"],
        "kinds": {"zebra": "animal"},
        "threshold": 0.7,
    }
    model = save_model(tmp_path / "model.onnx", outputs, told=told)
    (car,) = OnnxDetector(model, 0.2).detect(IMAGE)
    assert car.kind == "other"
    (zebra,) = [each for each in _with(model, told, threshold=0.5) if not each.kind]
    assert zebra.box == EXPECTED[1][2]


def _with(model, told, **more):
    model.with_suffix(".json").write_text(json.dumps({**told, **more}))
    return OnnxDetector(model, 0.2).detect(IMAGE)


def test_its_name_and_key_follow_what_it_finds(tmp_path) -> None:
    outputs = LAYOUTS["yolov10"][0]
    model = save_model(tmp_path / "model.onnx", outputs, told={"layout": "yolov10"})
    first = OnnxDetector(model, 0.2)
    assert first.name == OnnxDetector(model, 0.3).name
    assert first.look_key(model) != OnnxDetector(model, 0.3).look_key(model)
    assert first.silence(model) == "empty"
    _with(model, {"layout": "yolov10", "classes": ["animal"]})
    assert OnnxDetector(model, 0.2).name != first.name


def test_the_settings_take_its_path(tmp_path) -> None:
    outputs = LAYOUTS["yolov10"][0]
    model = save_model(tmp_path / "model.onnx", outputs, told={"layout": "yolov10"})
    found = AnimalSettings(detector=str(model), min_confidence=0.7).make_subject().detector
    assert [each.kind for each in found.detect(IMAGE)] == ["person"]


def test_a_network_of_any_size_is_told_one(tmp_path) -> None:
    outputs, told = LAYOUTS["yolov10"][0], {"layout": "yolov10"}
    shape = (1, 3, "height", "width")
    model = save_model(tmp_path / "model.onnx", outputs, shape=shape, told=told, kind="float16")
    with pytest.raises(BadModelFile, match='"size"'):
        OnnxDetector(model, 0.2)
    found = _with(model, {**told, "classes": CLASSES}, size=[SIDE, SIDE])
    assert [each.box for each in found] == [box for *_, box in EXPECTED]


def test_numbers_that_are_none_are_no_boxes(tmp_path) -> None:
    wild = np.full((1, 4, 6), np.nan, np.float32)
    wild[0, 1] = (0, 0, np.inf, 9, 0.9, 0)
    wild[0, 2] = (5, 5, 9, 9, 0.9, 77)
    wild[0, 3] = (30, 30, 10, 10, 0.9, 0)
    model = save_model(tmp_path / "model.onnx", {"out": wild}, told={"layout": "yolov10"})
    assert OnnxDetector(model, 0.2).detect(IMAGE) == []


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"layout": "yolov5"}, "no yolov5 of 3 classes"),
        ({"layout": "yolov8"}, "no yolov8 of 3 classes"),
        ({"layout": "detr"}, "no detr of 3 classes"),
        ({"layout": "yolo-mit"}, "no yolo-mit of 3 classes"),
        ({"layout": "rtdetr"}, "no rtdetr of 3 classes"),
        ({"layout": "yolo"}, "layout is 'yolo'; expected one of yolov5"),
        ({}, "layout is None"),
        ({"layout": "yolov10", "classes": []}, "classes is missing"),
        ({"layout": "yolov10", "classes": ["zebra"]}, 'kinds: {"zebra": "animal"}'),
        ({"layout": "yolov10", "size": 640}, "64 x 64 px, and its description says otherwise"),
        ({"layout": "yolov10", "size": "large"}, "size is large"),
        ({"layout": "yolov10", "mean": [1, 2]}, "expected three numbers"),
        ({"layout": "yolov10", "deviation": [0, 1, 1]}, "deviation is 0"),
        ({"layout": "yolov10", "threshold": "high"}, "threshold is 'high'"),
        ({"layout": "yolov10", "fit": "crop"}, "fit is 'crop'"),
        ({"layout": "yolov10", "kinds": 3}, "kinds is no table"),
        ({"layout": "yolov10", "colour": "rgb"}, "colour is not known"),
    ],
)
def test_a_description_that_does_not_fit_is_said_in_a_line(tmp_path, told, said) -> None:
    model = save_model(tmp_path / "model.onnx", LAYOUTS["yolov10"][0], told=told)
    with pytest.raises(BadModelFile) as error:
        OnnxDetector(model, 0.2)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_are_none_are_said_in_a_line(tmp_path) -> None:
    model = tmp_path / "model.onnx"
    with pytest.raises(BadModelFile, match="is no file"):
        OnnxDetector(model, 0.2)
    model.write_bytes(b"no network")
    with pytest.raises(BadModelFile, match=r"model\.json or .*model\.toml"):
        OnnxDetector(model, 0.2)
    model.with_suffix(".toml").write_text("classes = [")
    with pytest.raises(BadModelFile, match="does not describe a network"):
        OnnxDetector(model, 0.2)
    model.with_suffix(".toml").write_text('classes = ["animal"]\nlayout = "yolov8"\n')
    assert description_of(model).layout == "yolov8"
    with pytest.raises(BadModelFile, match="cannot be used"):
        OnnxDetector(model, 0.2)
    model.with_suffix(".json").write_text("[]")
    with pytest.raises(BadModelFile, match="no table"):
        OnnxDetector(model, 0.2)


def test_a_network_without_pictures_is_refused(tmp_path) -> None:
    outputs = LAYOUTS["yolov10"][0]
    for shape, said in (((1, 5), "takes no picture"), ((1, 1, 64, 64), "expected")):
        model = save_model(
            tmp_path / "model.onnx", outputs, shape=shape, told={"layout": "yolov10"}
        )
        with pytest.raises(BadModelFile, match=said):
            OnnxDetector(model, 0.2)
    assert onnx.__version__
