"""Paths of very many files, in a few bytes each."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload


class PathList(Sequence[Path]):
    """
    Paths in the order given, as a tuple of them would be, but in some twenty bytes each.

    Each folder is there once, and the names of all files are one text; a `Path` is made when it is
    asked for. It equals any sequence of the same paths.

    Parameters
    ----------
    paths : iterable of Path
        Files.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self._folders: list[Path] = []
        self._number: dict[Path, int] = {}
        # Of each path the number of its folder, and where its name ends in the text of all names.
        self._inside, self._ends = array("L"), array("Q")
        self._names = bytearray()
        self.extend(paths)

    def extend(self, paths: Iterable[Path]) -> None:
        """Add paths at the end."""
        for path in paths:
            name = path.name
            # One without a name, as "." is, is kept as a folder.
            folder = path.parent if name else path
            if (number := self._number.get(folder)) is None:
                number = self._number[folder] = len(self._folders)
                self._folders.append(folder)
            self._inside.append(number)
            self._names += os.fsencode(name)
            self._ends.append(len(self._names))

    def __len__(self) -> int:
        return len(self._inside)

    @overload
    def __getitem__(self, at: int) -> Path: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Path, ...]: ...

    def __getitem__(self, at: int | slice) -> Path | tuple[Path, ...]:
        """Return one path, or a tuple of some."""
        if isinstance(at, slice):
            return tuple(self._at(number) for number in range(*at.indices(len(self))))
        number = at + len(self) if at < 0 else at
        if not 0 <= number < len(self):
            raise IndexError(at)
        return self._at(number)

    def _at(self, number: int) -> Path:
        start = self._ends[number - 1] if number else 0
        name = os.fsdecode(bytes(self._names[start : self._ends[number]]))
        folder = self._folders[self._inside[number]]
        return folder / name if name else folder

    def __iter__(self) -> Iterator[Path]:
        return map(self._at, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __repr__(self) -> str:
        return f"PathList({list(self)!r})"
