"""Files that are copies of each other, to the byte."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toolkit.errors import UnreadablePhoto
from toolkit.photos.opening import digest_of


def one_of_each(paths: Sequence[Path]) -> tuple[Path, ...]:
    """
    Return the first of all files that hold the same bytes, in the order given.

    Only files of equal size are read. One that cannot be read stays: whoever opens it says why.
    """
    sizes: dict[Path, int] = {}
    for path in paths:
        try:
            sizes[path] = path.stat().st_size
        except OSError:
            continue
    count: dict[int, int] = {}
    for size in sizes.values():
        count[size] = count.get(size, 0) + 1
    seen: set[str] = set()
    found = []
    for path in paths:
        if count.get(sizes.get(path, -1), 0) > 1:
            try:
                digest = digest_of(path)
            except UnreadablePhoto:
                found.append(path)
                continue
            if digest in seen:
                continue
            seen.add(digest)
        found.append(path)
    return tuple(found)
