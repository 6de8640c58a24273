"""Reads the weights out of PyTorch's checkpoint files, without PyTorch."""

from __future__ import annotations

import io
import pickle
import struct
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from toolkit.errors import BadModelFile

# How a checkpoint of before PyTorch 1.6 begins, and the version of that form.
_MAGIC, _VERSION = 0x1950A86A20F9469CFC6C, 1001
# Names in nested mappings, joined by dots.
_DEEPEST = 8
_KINDS: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "LongStorage": np.dtype("<i8"),
}


@dataclass(frozen=True)
class _Tensor:
    """A tensor whose numbers come later in the file."""

    storage: tuple[Any, ...]
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any, *_: Any) -> _Tensor:
    return _Tensor(storage, offset, shape, stride)


class _Restricted(pickle.Unpickler):
    """Makes mappings and tensors, and refuses all else that a file could have made or run."""

    _MADE: Mapping[tuple[str, str], Any] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        **{("torch", name): name for name in _KINDS},
    }

    def find_class(self, module: str, name: str) -> Any:
        """Return what one of the few known names stands for."""
        if (module, name) not in self._MADE:
            raise pickle.UnpicklingError("it asks for what no weights need")
        return self._MADE[module, name]

    def persistent_load(self, pid: Any) -> Any:
        """Return what says where numbers are."""
        return pid


def read(content: bytes, name: str) -> dict[str, npt.NDArray[Any]]:
    """
    Read the weights of a checkpoint, in the form that PyTorch wrote before version 1.6.

    Nothing but mappings and tensors is made of it, whatever the file asks for.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        What to call it in a complaint.

    Returns
    -------
    dict of str to numpy.ndarray
        Float32 or int64, by name; names of nested mappings are joined by dots.

    Raises
    ------
    BadModelFile
        If it is no such file.
    """
    try:
        stream = io.BytesIO(content)
        if (_next(stream), _next(stream)) != (_MAGIC, _VERSION):
            raise ValueError("it is of another form")
        _next(stream)
        told, keys = _next(stream), _next(stream)
        tensors = dict(_tensors(told))
        kinds = {
            str(each.storage[2]): (_KINDS[each.storage[1]], each.storage[4])
            for each in tensors.values()
        }
        numbers = {str(key): _numbers(stream, *kinds[str(key)]) for key in keys}
        return {where: _shaped(each, numbers) for where, each in tensors.items()}
    except Exception as error:
        raise BadModelFile(
            f"{name} cannot be read as weights ({type(error).__name__}): it is damaged, or of "
            "another form. Fetch it again."
        ) from error


def _next(stream: BinaryIO) -> Any:
    return _Restricted(stream).load()


def _tensors(told: Any, before: str = "", depth: int = 0) -> Iterator[tuple[str, _Tensor]]:
    if depth > _DEEPEST:
        raise ValueError("it is nested too deeply")
    for name, value in told.items():
        if isinstance(value, _Tensor):
            yield f"{before}{name}", value
        elif isinstance(value, dict):
            yield from _tensors(value, f"{before}{name}.", depth + 1)


def _numbers(stream: BinaryIO, kind: np.dtype[Any], count: int) -> npt.NDArray[Any]:
    (said,) = struct.unpack("<q", stream.read(8))
    content = stream.read(max(0, said) * kind.itemsize)
    if said != count or len(content) != count * kind.itemsize:
        raise ValueError("numbers are missing")
    return np.frombuffer(content, kind)


def _shaped(tensor: _Tensor, numbers: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    flat = numbers[str(tensor.storage[2])]
    steps = list(zip(tensor.shape, tensor.stride, strict=True))
    last = tensor.offset + sum((size - 1) * step for size, step in steps)
    if min((tensor.offset, *tensor.shape, *tensor.stride)) < 0 or 0 in tensor.shape:
        raise ValueError("a tensor has no such shape")
    # A view reads what lies there, whatever it is.
    if last >= len(flat) or int(np.prod(tensor.shape, dtype=np.float64)) > len(flat):
        raise ValueError("a tensor reaches beyond its numbers")
    bytes_of = [step * flat.itemsize for step in tensor.stride]
    view = np.lib.stride_tricks.as_strided(flat[tensor.offset :], tensor.shape, bytes_of)
    return view.copy()
