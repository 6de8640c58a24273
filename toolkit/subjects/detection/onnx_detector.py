"""
Where animals are, as a network says that the user brings as ONNX, with a description beside it.

A network does not tell how it wants its pictures, nor what its numbers are: ``model.json`` or
``model.toml``, beside ``model.onnx``, does. What it may hold:

======== ======================================================================================
classes  names by number, such as ["animal", "person", "vehicle"]
kinds    {name: kind}: what is an "animal", "person" or "vehicle" under another name; all else
         that is not called so is "other"
layout   "yolov5": rows of x, y, width, height, objectness, scores by class. "yolov8" (v9 and v11
         too): the same without objectness, and columns instead of rows. "yolov10": rows of left,
         top, right, bottom, score, class, of which none is there twice. "yolo-mit": for each
         scale logits by class, a second output, and how far the sides are from the middle, in
         cells. "detr": rows of logits, and of x, y, width, height. "rtdetr": labels, boxes (left,
         top, right, bottom) and scores, by their names. x and y are the middle
size     px of the input, one number or [width, height]; not needed where the network is of one
fit      "letterbox": shrunk as a whole, the rest grey; "stretch": brought to the size
units    "px" of the input (yolo), "shares" of it, or "photo": px of the photo (rtdetr)
colours  "rgb", or "bgr"
divide   what px are divided by (255), before `mean` and `deviation` by channel
threshold least score of a box, where that is above --min-confidence
overlap  boxes of one kind that overlap more are one (0.45)
======== ======================================================================================
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit import boxes
from toolkit.errors import BadModelFile
from toolkit.files import digest_of, read_regular, reason_of
from toolkit.names import printable
from toolkit.records import Box, Detection
from toolkit.subjects.base import Remade, Rgb
from toolkit.subjects.detection.detections_file import kind_of
from toolkit.subjects.detection.kinds import EMPTY

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Floats = npt.NDArray[np.float64]
# Boxes (left, top, right, bottom), the score of each, and its class.
Rows = tuple[Floats, Floats, npt.NDArray[np.int64]]

LAYOUTS = ("yolov5", "yolov8", "yolov10", "yolo-mit", "detr", "rtdetr")
# Those that may name one animal twice.
REPEATING = ("yolov5", "yolov8", "yolo-mit")
FITS, UNITS, COLOURS = ("letterbox", "stretch"), ("px", "shares", "photo"), ("rgb", "bgr")
# Bytes of the description; px of the input's sides; classes; boxes that are looked at.
LARGEST, SIDES, MOST_CLASSES, MOST_BOXES = 1 << 20, (32, 4096), 10_000, 1000
GREY = 114
# Bytes that a search takes: for each px of the input, beside what the file takes twice.
A_PIXEL, AT_LEAST = 600, 100_000_000


@dataclass(frozen=True)
class Description:
    """How a network wants its pictures, and what its numbers are; see the module."""

    classes: tuple[str, ...]
    layout: str
    size: tuple[int, int] | None = None
    fit: str = "letterbox"
    units: str = "px"
    colours: str = "rgb"
    divide: float = 255.0
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    deviation: tuple[float, ...] = (1.0, 1.0, 1.0)
    threshold: float = 0.0
    overlap: float = 0.45
    kinds: tuple[str, ...] = ()


def description_of(model: Path) -> Description:
    """
    Read the description beside a network.

    Raises
    ------
    BadModelFile
        If there is none, or it is not one.
    """
    places = [model.with_suffix(ending) for ending in (".json", ".toml")]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise BadModelFile(
            f"{model} has no description: expected {places[0].name} or {places[1].name} beside it, "
            'with "classes" and "layout" at least; see docs/animals.md'
        )
    try:
        text = read_regular(path, most=LARGEST).decode("utf-8-sig")
        told = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        if not isinstance(told, dict):
            raise ValueError("it is no table of names and values")
        return _described(told)
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise BadModelFile(
            f"{path} does not describe a network: {printable(reason_of(error))}; see "
            "docs/animals.md"
        ) from error


def _described(told: Mapping[str, Any]) -> Description:
    """Return what a description says; `ValueError` says what is wrong with it."""
    known = ("classes", "kinds", "layout", "size", "fit", "units", "colours", "divide")
    known = (*known, "mean", "deviation", "threshold", "overlap")  # type: ignore[assignment]
    if unknown := sorted(set(map(str, told)) - set(known)):
        raise ValueError(f"{unknown[0]} is not known; expected {', '.join(known)}")
    classes, renamed = told.get("classes"), told.get("kinds", {})
    if not isinstance(classes, list) or not 0 < len(classes) <= MOST_CLASSES:
        raise ValueError('classes is missing; expected a list of names, such as ["animal"]')
    if not isinstance(renamed, dict):
        raise ValueError('kinds is no table; expected such as {"zebra": "animal"}')
    names = tuple(map(str, classes))
    kinds = tuple(kind_of(str(renamed.get(name, name))) for name in names)
    if "" not in kinds:
        raise ValueError(
            f"none of the classes is an animal: {', '.join(names)[:200]}; name those that are, "
            f'such as kinds: {{"{names[0]}": "animal"}}'
        )
    layout = _one_of(told, "layout", LAYOUTS)
    size = told.get("size")
    if size is not None:
        size = tuple(size) if isinstance(size, list) else (size, size)
        whole = all(isinstance(side, int) and not isinstance(side, bool) for side in size)
        if len(size) != 2 or not whole or not all(SIDES[0] <= s <= SIDES[1] for s in size):
            raise ValueError(f"size is {told['size']}; expected px, {SIDES[0]} to {SIDES[1]}")
    usual = {"detr": ("stretch", "shares"), "rtdetr": ("stretch", "photo")}
    fit, units = usual.get(layout, ("letterbox", "px"))
    return Description(
        names,
        layout,
        size,
        _one_of(told, "fit", FITS, fit),
        _one_of(told, "units", UNITS, units),
        _one_of(told, "colours", COLOURS, "rgb"),
        _number(told, "divide", 255.0, 1e-6, 1e6),
        _channels(told, "mean", 0.0, -1e6),
        _channels(told, "deviation", 1.0, 1e-6),
        _number(told, "threshold", 0.0, 0.0, 1.0),
        _number(told, "overlap", 0.45, 0.0, 1.0),
        kinds,
    )


def _one_of(
    told: Mapping[str, Any], name: str, values: tuple[str, ...], default: str | None = None
) -> str:
    value = told.get(name, default)
    if value not in values:
        raise ValueError(f"{name} is {value!r}; expected one of {', '.join(values)}")
    return str(value)


def _number(told: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    value = told.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}; expected a number from {low:g} to {high:g}")
    return float(value)


def _channels(told: Mapping[str, Any], name: str, default: float, low: float) -> tuple[float, ...]:
    value = told.get(name, [default] * 3)
    if not isinstance(value, list) or len(value) != 3:
        raise ValueError(f"{name} is {value!r}; expected three numbers")
    return tuple(_number({name: each}, name, default, low, 1e6) for each in value)


class OnnxDetector(Remade):
    """
    Finds animals, people and vehicles with a network that the user brings. Threads may share one.

    The network is tried on a grey picture as this is made, so that one that cannot be used is told
    of before the long work.

    Parameters
    ----------
    model : Path
        The network (ONNX); its description is beside it, see the module.
    min_confidence : float
        Boxes that are less sure than this, or than the description's threshold, are none.

    Raises
    ------
    BadModelFile
        If it, or its description, cannot be used.
    """

    # Panoramas are searched part by part.
    in_parts = True

    def __init__(self, model: Path, min_confidence: float) -> None:
        import onnxruntime

        if not model.is_file():
            raise BadModelFile(f"detector: {model} is no file; expected the path of a network")
        self._about = description_of(model)
        self._least = max(min_confidence, self._about.threshold)
        self.file = model.name
        try:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            options.log_severity_level = 4
            self._network = onnxruntime.InferenceSession(
                str(model), options, providers=["CPUExecutionProvider"]
            )
            digest = hashlib.sha256(f"{digest_of(model)}{self._about}".encode()).hexdigest()
        except Exception as error:
            raise self._bad(_first_line(error)) from error
        self.name = f"onnx {digest[:16]}"
        pictures = [each for each in self._network.get_inputs() if len(each.shape) == 4]
        if not pictures:
            raise self._bad("it takes no picture; expected an input of shape (1, 3, height, width)")
        self._input = pictures[0]
        if isinstance(self._input.shape[1], int) and self._input.shape[1] != 3:
            raise self._bad(
                f"its input has the shape {self._input.shape}; expected (1, 3, height, width)"
            )
        self._others = [each for each in self._network.get_inputs() if each is not self._input]
        self._outputs = [each.name for each in self._network.get_outputs()]
        self._size = self._size_of(self._input.shape)
        self._bytes = AT_LEAST + 2 * model.stat().st_size + A_PIXEL * math.prod(self._size)
        self._find(np.full((64, 96, 3), GREY, dtype=np.uint8))

    def _size_of(self, shape: list[Any]) -> tuple[int, int]:
        """Return width and height of the input, in px."""
        height, width = shape[2:]
        fixed = isinstance(height, int) and isinstance(width, int)
        if not fixed and self._about.size is None:
            raise self._bad('it takes pictures of any size; name one in its description: "size"')
        if fixed and self._about.size not in (None, (width, height)):
            raise self._bad(f"it takes {width} x {height} px, and its description says otherwise")
        found = (int(width), int(height)) if fixed else self._about.size
        if found is None or not all(SIDES[0] <= side <= SIDES[1] for side in found):
            raise self._bad(f"its input is {found}; expected {SIDES[0]} to {SIDES[1]} px a side")
        return found

    def needs(self, width: int, height: int) -> int:
        """Return how many bytes it takes to search a picture, whatever its size."""
        return self._bytes

    def look_key(self, path: Path) -> str:
        """Return what shapes the boxes beside the network: how sure they must be."""
        return f"{self._least:.9g}"

    def silence(self, path: Path | None) -> str:
        """Return what a photo shows in which it finds nothing."""
        return EMPTY

    def detect(self, image: Rgb, path: Path | None = None) -> list[Detection]:
        """Return what is in `image`, shape (h, w, 3), uint8, RGB; boxes in its px, surest first."""
        where, scores, classes = self._find(image)
        height, width = image.shape[:2]
        found = []
        for (left, top, right, bottom), score, kind in zip(where, scores, classes, strict=True):
            left, right = (min(max(edge, 0.0), float(width)) for edge in (left, right))
            top, bottom = (min(max(edge, 0.0), float(height)) for edge in (top, bottom))
            edges = (round(left), round(top), round(right), round(bottom))
            if edges[0] < edges[2] and edges[1] < edges[3]:
                found.append(Detection(Box(*edges), float(score), self._about.kinds[kind]))
        return found

    def _find(self, image: Rgb) -> Rows:
        """Run the network; return boxes in px of the image, surest first, each thing once."""
        pixels, (across, down), (left, top) = self._as_input(image)
        given: dict[str, npt.NDArray[Any]] = {self._input.name: pixels}
        height, width = image.shape[:2]
        for each in self._others:
            # The size of the photo is all that such networks ask for.
            given[each.name] = np.array([[width, height]], dtype=_dtype(each.type))
        try:
            made = dict(zip(self._outputs, self._network.run(None, given), strict=True))
        except Exception as error:
            raise self._bad(_first_line(error)) from error
        try:
            reader = READERS[self._about.layout]
            where, scores, classes = reader(made, len(self._about.classes), self._size)
        except (ValueError, KeyError, IndexError) as error:
            shapes = ", ".join(f"{name} {np.shape(value)}" for name, value in made.items())
            raise self._bad(
                f"it gives {shapes}, which is no {self._about.layout} of "
                f"{len(self._about.classes)} classes ({printable(reason_of(error))})"
            ) from error
        if self._about.units == "shares":
            where = where * np.tile(self._size, 2)
        if self._about.units != "photo":
            where = (where - [left, top, left, top]) / [across, down, across, down]
        fits = np.isfinite(where).all(axis=1) & (scores >= self._least)
        fits &= (classes >= 0) & (classes < len(self._about.classes))
        order = np.flatnonzero(fits)
        order = order[np.argsort(-scores[order], kind="stable")][:MOST_BOXES]
        where, scores, classes = where[order], scores[order], classes[order]
        if self._about.layout in REPEATING and len(order):
            kept = self._once(where, classes)
            where, scores, classes = where[kept], scores[kept], classes[kept]
        return where, scores, classes

    def _once(self, where: Floats, classes: npt.NDArray[np.int64]) -> list[int]:
        """Return the boxes, surest first, that overlap with no surer one of their kind."""
        kinds = np.array([self._about.kinds[each] for each in classes])
        over = (boxes.overlap(where, where) > self._about.overlap) & (kinds[:, None] == kinds)
        kept: list[int] = []
        for row in range(len(where)):
            if not over[row, kept].any():
                kept.append(row)
        return kept

    def _as_input(
        self, image: Rgb
    ) -> tuple[npt.NDArray[Any], tuple[float, float], tuple[int, int]]:
        """Return a picture as the network wants it, its scale, and where it begins there."""
        width, height = self._size
        across, down = width / image.shape[1], height / image.shape[0]
        if self._about.fit == "letterbox":
            across = down = min(across, down)
        size = (
            max(1, min(width, round(image.shape[1] * across))),
            max(1, min(height, round(image.shape[0] * down))),
        )
        small = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
        left, top = (width - size[0]) // 2, (height - size[1]) // 2
        whole = np.full((height, width, 3), GREY, dtype=np.uint8)
        whole[top : top + size[1], left : left + size[0]] = small
        pixels = (whole / self._about.divide - self._about.mean) / self._about.deviation
        if self._about.colours == "bgr":
            pixels = pixels[:, :, ::-1]
        made = pixels.transpose(2, 0, 1)[None].astype(_dtype(self._input.type))
        return np.ascontiguousarray(made), (across, down), (left, top)

    def _bad(self, reason: str) -> BadModelFile:
        return BadModelFile(f"detector: {self.file} cannot be used: {printable(reason)}")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


def _dtype(kind: str) -> Any:
    """Return numpy's type for one of ONNX Runtime's, such as "tensor(float16)"."""
    name = kind.removeprefix("tensor(").removesuffix(")")
    return {"float": np.float32, "double": np.float64}.get(name) or np.dtype(name)


Made = Mapping[str, npt.NDArray[Any]]


def _table(value: npt.NDArray[Any], columns: int | None) -> Floats:
    """Return an output as rows of so many numbers; `ValueError` where it has not as many."""
    rows = np.asarray(value, dtype=np.float64)
    if rows.ndim == 3 and rows.shape[0] == 1:
        rows = rows[0]
    if rows.ndim != 2 or (columns is not None and rows.shape[1] != columns):
        wanted = "any number" if columns is None else columns
        raise ValueError(f"expected (1, boxes, {wanted})")
    return rows


def _corners(middles: Floats) -> Floats:
    """Return x, y, width, height as left, top, right, bottom; x and y are the middle."""
    half = middles[:, 2:] / 2
    return np.concatenate([middles[:, :2] - half, middles[:, :2] + half], axis=1)


def _best(where: Floats, scores: Floats) -> Rows:
    classes = scores.argmax(axis=1).astype(np.int64)
    return where, scores[np.arange(len(scores)), classes], classes


def _yolov5(made: Made, classes: int, size: tuple[int, int]) -> Rows:
    rows = _table(next(iter(made.values())), 5 + classes)
    return _best(_corners(rows[:, :4]), rows[:, 4:5] * rows[:, 5:])


def _yolov8(made: Made, classes: int, size: tuple[int, int]) -> Rows:
    value = np.asarray(next(iter(made.values())))
    if value.ndim != 3 or value.shape[1] != 4 + classes:
        raise ValueError(f"expected (1, {4 + classes}, boxes)")
    rows = _table(value.transpose(0, 2, 1), 4 + classes)
    return _best(_corners(rows[:, :4]), rows[:, 4:])


def _yolov10(made: Made, classes: int, size: tuple[int, int]) -> Rows:
    rows = _table(next(iter(made.values())), 6)
    return rows[:, :4], rows[:, 4], _whole(rows[:, 5])


def _yolo_mit(made: Made, classes: int, size: tuple[int, int]) -> Rows:
    several = [np.asarray(value, dtype=np.float64) for value in made.values()]
    where, logits = [], []
    # Three outputs a scale: logits, how its boxes came about, boxes. Those of training come last.
    for scores, _, sides in zip(several[0:9:3], several[1:9:3], several[2:9:3], strict=False):
        down, across = scores.shape[-2:]
        if scores.shape != (1, classes, down, across) or sides.shape != (1, 4, down, across):
            raise ValueError(f"expected (1, {classes}, h, w), any, (1, 4, h, w) for each scale")
        stride = size[0] / across
        y, x = (np.mgrid[:down, :across] + 0.5) * stride
        left, top, right, bottom = sides[0] * stride
        box = np.stack([x - left, y - top, x + right, y + bottom], axis=-1)
        where.append(box.reshape(-1, 4))
        logits.append(scores[0].reshape(classes, -1).T)
    if not where:
        raise ValueError("expected three outputs for each scale")
    return _best(np.concatenate(where), _sigmoid(np.concatenate(logits)))


def _sigmoid(logits: Floats) -> Floats:
    found: Floats = 1.0 / (1.0 + np.exp(-np.clip(logits, -500, 500)))
    return found


def _detr(made: Made, classes: int, size: tuple[int, int]) -> Rows:
    # Some give more than is asked for here.
    several = [_table(value, None) for value in made.values() if np.ndim(value) == 3]
    if len(several) == 1 and several[0].shape[1] == 4 + classes:
        # Both in one, the scores made already.
        return _best(_corners(several[0][:, :4]), several[0][:, 4:])
    where = next((rows for rows in several if rows.shape[1] == 4), None)
    logits = next((rows for rows in several if rows is not where), None)
    if where is None or logits is None or logits.shape != (len(where), classes):
        raise ValueError(f"expected (1, boxes, {classes}) and (1, boxes, 4)")
    return _best(_corners(where), _sigmoid(logits))


def _rtdetr(made: Made, classes: int, size: tuple[int, int]) -> Rows:
    where = _table(made["boxes"], 4)
    scores = np.asarray(made["scores"], dtype=np.float64).reshape(-1)
    labels = _whole(np.asarray(made["labels"], dtype=np.float64).reshape(-1))
    if not len(where) == len(scores) == len(labels):
        raise ValueError("expected as many labels, boxes and scores")
    return where, scores, labels


def _whole(values: Floats) -> npt.NDArray[np.int64]:
    """Return classes as whole numbers; what is none becomes -1."""
    fits = np.isfinite(values) & (np.abs(values) <= MOST_CLASSES)
    return np.where(fits, values, -1).round().astype(np.int64)


READERS: dict[str, Callable[[Made, int, tuple[int, int]], Rows]] = {
    "yolov5": _yolov5,
    "yolov8": _yolov8,
    "yolov10": _yolov10,
    "yolo-mit": _yolo_mit,
    "detr": _detr,
    "rtdetr": _rtdetr,
}
