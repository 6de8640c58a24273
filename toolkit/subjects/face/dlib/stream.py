"""Reads dlib's serialised values: integers, reals, strings and tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from toolkit.errors import BadNetworkFile

Float32 = npt.NDArray[np.float32]

# dlib marks infinities and NaN with exponents from here on.
_SPECIAL_EXPONENT = 32000
_TENSOR_VERSION = 2
_ALIAS_VERSION = 1
_LONGEST_TEXT = 64


class Stream:
    """
    A position in the bytes of a serialised network, moving forward only.

    Every method reads one value, checks it, and moves behind it. No length that
    stands in the file is believed before it is compared with the bytes left, so
    nothing larger than the file is ever allocated.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        What to call it in errors: a path, or a word.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self._name = name
        self._at = 0

    def fail(self, field: str, expected: str, found: str, *, at: int | None = None) -> NoReturn:
        """
        Refuse the file.

        Parameters
        ----------
        field : str
            The layer and the field being read.
        expected, found : str
            What should stand there and what does.
        at : int, optional
            Byte offset of the field; the present position if not given.

        Raises
        ------
        BadNetworkFile
            Always.
        """
        where = self._at if at is None else at
        raise BadNetworkFile(
            f"{self._name}: {field} at byte {where}: expected {expected}, found {found}. "
            "The file is damaged, or of another architecture or version; "
            "replace it with a fresh copy."
        )

    def _take(self, count: int, field: str) -> bytes:
        left = len(self._data) - self._at
        if count > left:
            self.fail(field, f"{count} bytes", f"the end of the file after {left}")
        start = self._at
        self._at += count
        return self._data[start : self._at]

    def integer(self, field: str, lowest: int, highest: int) -> int:
        """
        Read an integer.

        One control byte (low 4 bits: how many bytes follow, 1 to 8; bit 7: negative),
        then the magnitude, little-endian.

        Parameters
        ----------
        field : str
            Named in errors.
        lowest, highest : int
            The values allowed, both included.

        Returns
        -------
        int

        Raises
        ------
        BadNetworkFile
            If the bytes are no integer, or it lies outside the range.
        """
        start = self._at
        control = self._take(1, field)[0]
        count = control & 0x0F
        if control & 0x70 or not 1 <= count <= 8:
            self.fail(field, "an integer", f"control byte 0x{control:02x}", at=start)
        value = int.from_bytes(self._take(count, field), "little")
        if control & 0x80:
            value = -value
        if not lowest <= value <= highest:
            wanted = str(lowest) if lowest == highest else f"{lowest} to {highest}"
            self.fail(field, wanted, str(value), at=start)
        return value

    def real(self, field: str, lowest: float, highest: float) -> float:
        """
        Read a real number, stored as integers m and e with the value m * 2**e.

        Parameters
        ----------
        field : str
            Named in errors.
        lowest, highest : float
            The values allowed, both included; infinities and NaN never are.

        Returns
        -------
        float

        Raises
        ------
        BadNetworkFile
            If the bytes are no real number, or it lies outside the range.
        """
        start = self._at
        mantissa = self.integer(field, -(2**63), 2**63 - 1)
        exponent = self.integer(field, -(2**15), 2**15 - 1)
        if exponent >= _SPECIAL_EXPONENT:
            self.fail(field, "a finite number", f"special exponent {exponent}", at=start)
        try:
            value = math.ldexp(mantissa, exponent)
        except OverflowError:
            value = math.inf
        if not (math.isfinite(value) and lowest <= value <= highest):
            self.fail(field, f"{lowest:g} to {highest:g}", f"{value:g}", at=start)
        return value

    def boolean(self, field: str) -> bool:
        """Read a truth value: the character 1 or 0, or raise `BadNetworkFile`."""
        start = self._at
        mark = self._take(1, field)
        if mark not in (b"0", b"1"):
            self.fail(field, "a truth value, '0' or '1'", repr(mark)[1:], at=start)
        return mark == b"1"

    def byte(self, field: str, allowed: Sequence[int]) -> int:
        """Read one raw byte out of `allowed`, or raise `BadNetworkFile`."""
        start = self._at
        value = self._take(1, field)[0]
        if value not in allowed:
            self.fail(field, " or ".join(map(str, allowed)), str(value), at=start)
        return value

    def text(self, field: str, *, longest: int = _LONGEST_TEXT) -> str:
        """Read a string of at most `longest` bytes, or raise `BadNetworkFile`."""
        count = self.integer(f"{field} (length of its name)", 0, longest)
        return self._take(count, field).decode("latin-1")

    def name(self, field: str, allowed: Sequence[str]) -> str:
        """Read a string that must be one of `allowed`, or raise `BadNetworkFile`."""
        start = self._at
        found = self.text(field)
        if found not in allowed:
            self.fail(field, " or ".join(map(repr, allowed)), repr(found), at=start)
        return found

    def tensor(self, field: str) -> Float32:
        """
        Read a tensor.

        Version 2, four sizes (samples, channels, rows, columns), then float32 values,
        little-endian.

        Parameters
        ----------
        field : str
            Named in errors.

        Returns
        -------
        (samples * channels * rows * columns,) float32
            The values in the file's order, finite, read-only.

        Raises
        ------
        BadNetworkFile
            If the tensor is longer than the rest of the file or not finite.
        """
        start = self._at
        self.integer(f"{field} (tensor version)", _TENSOR_VERSION, _TENSOR_VERSION)
        count = math.prod(self.integer(f"{field} (tensor size)", 0, 2**31) for _ in range(4))
        left = len(self._data) - self._at
        if count * 4 > left:
            self.fail(field, f"{count} float32 values", f"{left} bytes left", at=start)
        stored = np.frombuffer(self._data, dtype="<f4", count=count, offset=self._at)
        self._at += count * 4
        values = stored.astype(np.float32)
        if not np.isfinite(values).all():
            self.fail(field, "finite weights", "infinity or NaN", at=start)
        values.setflags(write=False)
        return values

    def alias(self, field: str, expected: Sequence[int | None]) -> tuple[int, ...]:
        """
        Read the shape of a view into a tensor: version 1, then four sizes.

        Parameters
        ----------
        field : str
            Named in errors.
        expected : sequence of 4 int or None
            The sizes required; None allows 1 to 65536.

        Returns
        -------
        tuple of 4 int

        Raises
        ------
        BadNetworkFile
            If a size differs.
        """
        self.integer(f"{field} (alias version)", _ALIAS_VERSION, _ALIAS_VERSION)
        return tuple(
            self.integer(f"{field} (size {axis})", *((1, 65536) if size is None else (size, size)))
            for axis, size in enumerate(expected)
        )

    def end(self) -> None:
        """Require that nothing follows, or raise `BadNetworkFile`."""
        left = len(self._data) - self._at
        if left:
            self.fail("the end of the network", "the end of the file", f"{left} more bytes")
