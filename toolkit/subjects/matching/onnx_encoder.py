"""
What a picture shows as a vector, by a network that the user brings as ONNX.

MegaDescriptor, MiewID and others come from hubs, each with pictures prepared in its own way. A
description beside ``model.onnx``, called ``model.json`` or ``model.toml``, may say how; without
one, a network gets what most of them were trained with.

========= =====================================================================================
size      px of the input, one number or [width, height]; needed only where the network takes any
colours   "rgb" (usual), or "bgr"
divide    what px are divided by (255), before `mean` and `deviation`
mean      of each channel (ImageNet's: [0.485, 0.456, 0.406])
deviation of each channel (ImageNet's: [0.229, 0.224, 0.225])
========= =====================================================================================
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit.errors import BadModelFile
from toolkit.files import digest_of, read_regular, reason_of
from toolkit.names import printable
from toolkit.subjects.base import Remade
from toolkit.subjects.onnx_running import session

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Float32 = npt.NDArray[np.float32]
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Bytes of the description; px of a side; numbers of a vector.
LARGEST, SIDES, DIMENSIONS = 1 << 20, (16, 2048), 1 << 16


@dataclass(frozen=True)
class Preparation:
    """How a network wants its pictures; see the module."""

    size: tuple[int, int] | None = None
    colours: str = "rgb"
    divide: float = 255.0
    mean: tuple[float, ...] = MEAN
    deviation: tuple[float, ...] = DEVIATION


class OnnxEncoder(Remade):
    """
    Describes pictures by a network that the user brings. Threads may share one.

    It is tried on a grey picture as this is made, so that one that cannot be used is told of before
    the long work.

    Parameters
    ----------
    model : Path
        The network: one picture, shape (1, 3, h, w), to one vector, shape (1, d).

    Raises
    ------
    BadModelFile
        If it, or its description, cannot be used.
    """

    def __init__(self, model: Path) -> None:
        if not model.is_file():
            raise BadModelFile(
                f"encoder: {model} is no file; expected the path of a network, such as model.onnx"
            )
        self._about = preparation_of(model)
        self._file = model.name
        try:
            self._network = session(model)
            digest = digest_of(model)
        except Exception as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise self._bad(lines[0]) from error
        taken = self._network.get_inputs()
        if len(taken) != 1 or len(taken[0].shape) != 4 or taken[0].shape[1] not in (3, "3"):
            shapes = ", ".join(str(each.shape) for each in taken)
            raise self._bad(f"it takes {shapes}; expected one picture, (1, 3, height, width)")
        self._input = taken[0].name
        self._size = self._size_of(taken[0].shape)
        self.name = f"onnx {digest[:16]} {self._about}"
        self.dimensions = len(self.of(np.full((8, 8, 3), 127, dtype=np.uint8)))

    def _size_of(self, shape: list[Any]) -> tuple[int, int]:
        height, width = shape[2:]
        if isinstance(height, int) and isinstance(width, int):
            if self._about.size not in (None, (width, height)):
                raise self._bad(f"it takes {width} x {height} px; its description says otherwise")
            found = (width, height)
        elif self._about.size is None:
            raise self._bad(
                'it takes pictures of any size; put {"size": 224}, or what it was trained with, '
                f"into {Path(self._file).with_suffix('.json').name} beside it"
            )
        else:
            found = self._about.size
        if not all(SIDES[0] <= side <= SIDES[1] for side in found):
            raise self._bad(f"its input is {found} px; expected {SIDES[0]} to {SIDES[1]} a side")
        return found

    def of(self, image: npt.NDArray[np.uint8]) -> Float32:
        """
        Describe a picture.

        Parameters
        ----------
        image : numpy.ndarray
            Shape (h, w, 3), uint8, RGB: stretched to what the network takes.

        Returns
        -------
        numpy.ndarray
            Shape (d,), float32, of length 1.

        Raises
        ------
        BadModelFile
            If the network fails, or makes no vector of it.
        """
        about = self._about
        square = Image.fromarray(image).resize(self._size, Image.Resampling.BICUBIC)
        pixels = np.asarray(square, dtype=np.float32) / np.float32(about.divide)
        if about.colours == "bgr":
            pixels = pixels[..., ::-1]
        mean, deviation = (np.array(each, np.float32) for each in (about.mean, about.deviation))
        pixels = (pixels - mean) / deviation
        given = {self._input: np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32)}
        try:
            made = np.asarray(self._network.run(None, given)[0])
        except Exception as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise self._bad(lines[0]) from error
        found = made.reshape(-1).astype(np.float32)
        if not 1 < len(found) <= DIMENSIONS or not np.isfinite(found).all():
            raise self._bad(f"it makes {made.shape} of a picture; expected one vector of numbers")
        vector: Float32 = found / np.float32(max(float(np.linalg.norm(found)), 1e-9))
        return vector

    def _bad(self, why: str) -> BadModelFile:
        return BadModelFile(f"{self._file} cannot be used as an encoder: {printable(why)[:300]}")


def preparation_of(model: Path) -> Preparation:
    """
    Read how a network wants its pictures from the description beside it, if there is one.

    Raises
    ------
    BadModelFile
        If the description is none.
    """
    places = [model.with_suffix(ending) for ending in (".json", ".toml")]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        return Preparation()
    try:
        text = read_regular(path, most=LARGEST).decode("utf-8-sig")
        told = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        if not isinstance(told, dict):
            raise ValueError("it is no table of names and values")
        return _preparation(told)
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise BadModelFile(
            f"{path} does not describe an encoder: {printable(reason_of(error))}; see "
            "docs/animals.md"
        ) from error


def _preparation(told: Mapping[str, Any]) -> Preparation:
    known = ("size", "colours", "divide", "mean", "deviation")
    if unknown := sorted(set(map(str, told)) - set(known)):
        raise ValueError(f"{unknown[0]} is not known; expected {', '.join(known)}")
    size = told.get("size")
    if size is not None:
        sides = size if isinstance(size, list) else [size, size]
        if len(sides) != 2 or not all(type(side) is int and side > 0 for side in sides):
            raise ValueError(f"size is {size!r}; expected px, such as 224, or [width, height]")
        size = (sides[0], sides[1])
    colours = told.get("colours", "rgb")
    if colours not in ("rgb", "bgr"):
        raise ValueError(f"colours is {colours!r}; expected rgb or bgr")
    (divide,) = _numbers(told, "divide", (255.0,), least=1e-6)
    mean = _numbers(told, "mean", MEAN, least=-1e6)
    deviation = _numbers(told, "deviation", DEVIATION, least=1e-6)
    return Preparation(size, colours, divide, mean, deviation)


def _numbers(
    told: Mapping[str, Any], name: str, default: tuple[float, ...], *, least: float
) -> tuple[float, ...]:
    value = told.get(name, list(default))
    values = value if isinstance(value, list) else [value]
    numbers = all(isinstance(each, int | float) and type(each) is not bool for each in values)
    if len(values) != len(default) or not numbers or not all(least <= v <= 1e6 for v in values):
        expected = "a number" if len(default) == 1 else f"{len(default)} numbers"
        raise ValueError(f"{name} is {value!r}; expected {expected} from {least:g} to 1e6")
    return tuple(map(float, values))
