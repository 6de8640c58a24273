"""Which pairs are worth comparing, where comparing them all would take too long."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]

# All pairs are compared where they are no more than this: some minutes of one core.
ALL = 300_000
# Of many, those with the most alike are, and those with some that are the same for all: how alike a
# pair is says more beside how alike its two are to anything.
NEAREST_WITHIN, NEAREST_KNOWN, COHORT = 100, 30, 32
# Rows that are compared with all others at a time, and pairs, for the memory that takes.
BLOCK, PAIRS = 1024, 1 << 24


def shortlist(ours: Float32, theirs: Float32 | None = None) -> Int64:
    """
    Choose pairs by how alike vectors are, whatever the order that they come in.

    Parameters
    ----------
    ours : numpy.ndarray
        Shape (n, d), float32, of length 1.
    theirs : numpy.ndarray, optional
        Shape (m, d), as `ours`: to be compared with. Without them, n among each other.

    Returns
    -------
    numpy.ndarray
        Shape (p, 2), int64, rows of the one and of the other, none twice, in order; within `ours`
        the lower one first.

    References
    ----------
    .. [1] Z. Karam, W. Campbell, N. Dehak, Towards reduced false-alarms using cohorts, 2011, for
       scores beside those with a cohort that is the same for all.
    """
    within = theirs is None
    others = ours if theirs is None else theirs
    n, m = len(ours), len(others)
    if n * m <= (2 * ALL if within else ALL):
        pairs = np.stack(np.triu_indices(n, k=1), axis=1) if within else _every(n, m)
        return pairs.astype(np.int64)
    nearest = min(NEAREST_WITHIN + 1 if within else NEAREST_KNOWN, m)
    rows = max(1, min(BLOCK, PAIRS // m))
    near = np.concatenate(
        [_nearest(ours[start : start + rows] @ others.T, nearest) for start in range(0, n, rows)]
    )
    found = [np.stack([np.repeat(np.arange(n), nearest), near.ravel()], axis=1)]
    chosen = _cohort(others)
    found.append(np.stack([np.repeat(np.arange(n), len(chosen)), np.tile(chosen, n)], axis=1))
    if within:
        pairs = np.sort(np.concatenate(found), axis=1)
        pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    else:
        chosen = _cohort(ours)
        found.append(np.stack([np.tile(chosen, m), np.repeat(np.arange(m), len(chosen))], axis=1))
        pairs = np.concatenate(found)
    keys = np.unique(pairs[:, 0] * m + pairs[:, 1])
    return np.stack([keys // m, keys % m], axis=1).astype(np.int64)


def _every(n: int, m: int) -> Int64:
    return np.argwhere(np.ones((n, m), dtype=np.bool_)).astype(np.int64)


def _nearest(alike: Float32, count: int) -> Int64:
    """Return the columns of the largest numbers of each row, shape (n, count)."""
    if count >= alike.shape[1]:
        return np.tile(np.arange(alike.shape[1]), (len(alike), 1))
    return np.argpartition(-alike, count - 1, axis=1)[:, :count].astype(np.int64)


def _cohort(vectors: Float32) -> Int64:
    """Choose some by chance, the same ones in any order, and most of them when others come."""
    keys = [hashlib.sha256(np.ascontiguousarray(each).tobytes()).digest() for each in vectors]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return np.array(sorted(order[:COHORT]), dtype=np.int64)
