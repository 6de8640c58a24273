"""
Boxes as rows of numbers: how much two overlap, which lies in which, which belong together.

A box is left, top, right, bottom in px; right and bottom are exclusive. Functions take boxes of
shape (a, 4) and (b, 4), of any real dtype, and answer for every pair of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.floating] | npt.NDArray[np.integer]


def overlap(one: Boxes, other: Boxes) -> npt.NDArray[np.float64]:
    """
    Return the intersection over union of every pair of boxes.

    Parameters
    ----------
    one, other : numpy.ndarray
        Shapes (a, 4) and (b, 4): left, top, right, bottom.

    Returns
    -------
    numpy.ndarray
        Shape (a, b), float64, 0 (no px in common) to 1 (the same box). Boxes without an area
        overlap with none.

    Examples
    --------
    >>> ten = np.array([[0, 0, 10, 10]])
    >>> overlap(ten, np.array([[0, 0, 10, 10], [5, 0, 15, 10], [10, 0, 20, 10]])).round(3)
    array([[1.   , 0.333, 0.   ]])
    """
    first, second = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    common = (high - low).clip(min=0).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def centred(inner: Boxes, outer: Boxes) -> npt.NDArray[np.bool_]:
    """
    Tell whether the centre of one box lies in another, for every pair.

    Parameters
    ----------
    inner, outer : numpy.ndarray
        Shapes (a, 4) and (b, 4): left, top, right, bottom.

    Returns
    -------
    numpy.ndarray
        Shape (a, b), bool. A centre on the left or upper edge lies in the box, one on the right or
        lower edge does not.

    Examples
    --------
    >>> small, large = np.array([[4, 4, 6, 6]]), np.array([[0, 0, 20, 20]])
    >>> centred(small, large), centred(large, small)
    (array([[ True]]), array([[False]]))
    """
    first, second = np.asarray(inner, dtype=np.float64), np.asarray(outer, dtype=np.float64)
    centre = ((first[:, :2] + first[:, 2:]) / 2)[:, None, :]
    inside = (centre >= second[None, :, :2]) & (centre < second[None, :, 2:])
    return np.asarray(inside.all(axis=2), dtype=np.bool_)


def either_centred(one: Boxes, other: Boxes) -> npt.NDArray[np.bool_]:
    """
    Tell whether the centre of either box lies in the other, for every pair.

    Examples
    --------
    >>> either_centred(np.array([[0, 0, 20, 20]]), np.array([[4, 4, 6, 6], [30, 0, 40, 9]]))
    array([[ True, False]])
    """
    return centred(one, other) | centred(other, one).T


def best_first(
    overlaps: npt.NDArray[np.floating], allowed: npt.NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """
    Match boxes one to one, the pair that overlaps most first.

    Parameters
    ----------
    overlaps : numpy.ndarray
        Shape (a, b), float: of `overlap`, or any other score in which more is better.
    allowed : numpy.ndarray
        Shape (a, b), bool: which pairs may be matched.

    Returns
    -------
    list of (int, int)
        Rows of either side, best first, each at most once. Of pairs that are equally good, the one
        with the lower rows comes first.

    Examples
    --------
    >>> overlaps = np.array([[0.9, 0.8], [0.85, 0.1]])
    >>> best_first(overlaps, overlaps >= 0.3)
    [(0, 0)]
    >>> best_first(overlaps, overlaps >= 0.1)
    [(0, 0), (1, 1)]
    """
    candidates = np.argwhere(allowed)
    order = np.argsort(-overlaps[allowed], kind="stable")
    pairs: list[tuple[int, int]] = []
    taken: tuple[set[int], set[int]] = (set(), set())
    for a, b in candidates[order].tolist():
        if a not in taken[0] and b not in taken[1]:
            pairs.append((a, b))
            taken[0].add(a)
            taken[1].add(b)
    return pairs
