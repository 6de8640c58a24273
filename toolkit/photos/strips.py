"""Panoramas and long screenshots: how large they are searched, and in which overlapping parts."""

from __future__ import annotations

from collections.abc import Iterator

from toolkit.photos.crops import Crop
from toolkit.photos.pixels import fit

# A photo is a strip where its longer side is more than so many of its shorter ones; an ordinary one
# is so many.
STRIP, ORDINARY = 2.25, 4 / 3


def is_strip(width: int, height: int, long_edge: int) -> bool:
    """Whether a photo of this size in px would lose more by shrinking than an ordinary one does."""
    longer, shorter = max(width, height), min(width, height)
    return longer > max(STRIP * shorter, long_edge)


def size(width: int, height: int, long_edge: int) -> tuple[int, int]:
    """
    Return at which size, in px, a photo is searched.

    A strip's shorter side becomes no smaller than that of an ordinary photo would; any other is
    shrunk to `long_edge`.
    """
    if not is_strip(width, height, long_edge):
        return fit(width, height, long_edge)
    factor = min(1.0, long_edge / ORDINARY / min(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def parts(width: int, height: int, long_edge: int) -> Iterator[tuple[int, Crop]]:
    """
    Yield what of a strip is searched by itself.

    First parts of full size that overlap by half of the shorter side, so that what is no larger
    than that is whole in one of them; then parts of half the size, twice as long, for what is
    larger.

    Parameters
    ----------
    width, height : int
        As `size` returns them.
    long_edge : int
        Longer side, in px, of a part.

    Yields
    ------
    (int, Crop)
        By what the picture is shrunk, 1 or 2, and the part, in px of the picture as `size` says.
    """
    shorter = min(width, height)
    for shrunk in (1, 2):
        length, overlap = long_edge * shrunk, shorter * shrunk // 2
        for start, stop in _stretches(max(width, height), length, overlap):
            if width >= height:
                yield shrunk, Crop(start, 0, stop, height)
            else:
                yield shrunk, Crop(0, start, width, stop)


def _stretches(whole: int, length: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of stretches of a line that overlap by so much or more."""
    if length >= whole:
        yield 0, whole
        return
    count = -(-(whole - overlap) // max(1, length - overlap))
    for number in range(count):
        start = round((whole - length) * number / (count - 1))
        yield start, start + length
