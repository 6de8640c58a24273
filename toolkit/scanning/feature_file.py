"""What very many sightings are compared by: some of it in memory, the rest in a temporary file."""

from __future__ import annotations

import json
import math
import struct
import tempfile
import threading
import weakref
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from toolkit.files import temporary_errors
from toolkit.memory import GB
from toolkit.records import Features

# Bytes of features that stay in memory as they come, and of those that were read last.
HELD, READ = GB // 4, GB // 8
_LENGTH = struct.Struct("<I")


class FeatureFile(Sequence[Features]):
    """
    Features of sightings in the order in which they come; rows of it can be read in any order.

    The first `held` bytes are in memory. What comes after them is in a temporary file that nobody
    else can open, in the folder that TMPDIR names, and is gone with this object; the `read` bytes
    of it that were asked for last are in memory, too. Several threads may read.

    Parameters
    ----------
    held, read : int
        Bytes.

    Raises
    ------
    BadFolder
        By `add` and by reading, if the disk takes no more.
    """

    def __init__(self, held: int = HELD, read: int = READ) -> None:
        self._room, self._read = held, read
        self._held: list[Features] = []
        self._file: Any = None
        # Where each begins in the file, and where the last one ends.
        self._starts = array("Q", [0])
        # What was read last, with its bytes, and these of all.
        self._lately: OrderedDict[int, tuple[Features, int]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def add(self, more: Iterable[Features]) -> None:
        """Take the features of some more."""
        for each in more:
            size = sum(value.nbytes for value in each.values())
            if self._file is None and size <= self._room:
                self._room -= size
                self._held.append(each)
                continue
            with self._lock, temporary_errors():
                if self._file is None:
                    self._file = tempfile.TemporaryFile(prefix="sightings-")  # noqa: SIM115
                    weakref.finalize(self, self._file.close)
                self._file.seek(self._starts[-1])
                self._file.write(_packed(each))
                self._file.flush()
                self._starts.append(self._file.tell())

    def __reduce__(self) -> tuple[Any, ...]:
        """Be copied, and sent elsewhere, as a tuple of all."""
        return tuple, (list(self),)

    def __len__(self) -> int:
        return len(self._held) + len(self._starts) - 1

    @property
    def at_once(self) -> int | None:
        """How many of those in the file are in memory at once, about; None where none is in it."""
        several = len(self._starts) - 1
        return None if not several else max(1, self._read * several // self._starts[-1])

    @overload
    def __getitem__(self, at: int) -> Features: ...

    @overload
    def __getitem__(self, at: slice) -> list[Features]: ...

    def __getitem__(self, at: int | slice) -> Features | list[Features]:
        """Return those of one sighting, or of several."""
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        number = int(at) + len(self) if at < 0 else int(at)
        if not 0 <= number < len(self):
            raise IndexError(at)
        if number < len(self._held):
            return self._held[number]
        return self._in_file(number - len(self._held))

    def _in_file(self, number: int) -> Features:
        start, end = self._starts[number], self._starts[number + 1]
        with self._lock:
            if (known := self._lately.get(number)) is not None:
                self._lately.move_to_end(number)
                return known[0]
            with temporary_errors():
                self._file.seek(start)
                content = self._file.read(end - start)
        found = _unpacked(content)
        with self._lock:
            if number not in self._lately:
                self._lately[number] = found, len(content)
                self._size += len(content)
            while self._size > self._read and len(self._lately) > 1:
                _, (_, gone) = self._lately.popitem(last=False)
                self._size -= gone
        return found


def _packed(features: Features) -> bytes:
    """Return features as bytes: how many the names take, names with dtypes and shapes, arrays."""
    arrays = {name: np.ascontiguousarray(value) for name, value in features.items()}
    if any(each.dtype.hasobject for each in arrays.values()):
        raise TypeError("features are arrays of numbers; these hold objects")
    about = [[name, value.dtype.str, features[name].shape] for name, value in arrays.items()]
    text = json.dumps(about).encode()
    return b"".join([_LENGTH.pack(len(text)), text, *(each.tobytes() for each in arrays.values())])


def _unpacked(content: bytes) -> Features:
    """Return features that `_packed` wrote; arrays of their own, that may be written to."""
    (length,) = _LENGTH.unpack_from(content)
    at = _LENGTH.size + length
    found: dict[str, npt.NDArray[np.generic]] = {}
    for name, kind, shape in json.loads(content[_LENGTH.size : at]):
        dtype, count = np.dtype(kind), math.prod(shape)
        found[name] = np.frombuffer(content, dtype, count, at).reshape(shape).copy()
        at += count * dtype.itemsize
    return found
