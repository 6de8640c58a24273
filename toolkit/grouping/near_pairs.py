"""For each of many rows the nearest others, by an index that does not look at all of them."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import numpy.typing as npt

from toolkit import memory

Labels = npt.NDArray[np.int64]
Rows = npt.NDArray[np.float32]

PACKAGE = "faiss"
# Up to so many rows all are compared with all, which is as quick.
FEW = 20_000
# An inverted file of so many lists for each square root of the rows; so many of them, the nearest
# to a row, are looked through by codes of 4 bits for two numbers; of the nearest by code, so many
# times more than are asked for are measured.
LISTS, PROBED, MEASURED = 4.0, 48, 6
# Rows of fewer numbers are measured at once.
CODED = 32
# Rows for each list that the lists are learned from, rounds of it, and rows asked for at once.
LEARNED, ROUNDS, ASKED = 40, 6, 16_384
# Distances that are in memory at once where all are compared.
_AT_ONCE = 32_000_000


def is_there() -> bool:
    """Whether the package with the index is installed (the extra ``scale``)."""
    return importlib.util.find_spec(PACKAGE) is not None


def find(rows: Rows, each: int, *, index: bool | None = None) -> tuple[Labels, Labels]:
    """
    Return the pairs of rows that are among the nearest of either of the two.

    Parameters
    ----------
    rows : numpy.ndarray
        Shape (n, d), float32; the nearest by Euclidean distance.
    each : int
        How many of the nearest others are sought for each row, 1 or more.
    index : bool, optional
        Whether an index is used, which misses some pairs (about 1 in 10 of the strangers, 1 in 20
        of those that are one individual) and takes time that grows little more than n does; by
        default where there are more than `FEW` rows and the package is installed.

    Returns
    -------
    first, second : numpy.ndarray
        Shape (m,), int64, first < second, each pair once, sorted. The same rows in the same order
        give the same pairs, whatever the number of threads.
    """
    count = len(rows)
    each = min(each, count - 1)
    if each < 1:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    if index is None:
        index = count > FEW and is_there()
    found = _indexed(rows, each) if index else _compared(rows, each)
    parts = []
    for start in range(0, count, ASKED):
        there = found[start : start + ASKED].astype(np.int64)
        here = np.arange(start, start + len(there))[:, None]
        known = (there >= 0) & (there != here)
        parts.append((np.minimum(here, there) * count + np.maximum(here, there))[known])
    del found
    keys = np.concatenate(parts)
    del parts
    keys.sort()
    first, second = np.divmod(keys[np.append(True, keys[1:] != keys[:-1])], count)
    return first, second


def _compared(rows: Rows, each: int) -> npt.NDArray[np.int32]:
    """Compare all with all, in blocks; shape (n, each)."""
    norms = np.einsum("ij,ij->i", rows, rows)
    found = np.empty((len(rows), each), dtype=np.int32)
    several = max(1, _AT_ONCE // len(rows))
    for start in range(0, len(rows), several):
        block = rows[start : start + several]
        away = block @ rows.T
        away *= -2.0
        away += norms
        away[np.arange(len(block)), np.arange(start, start + len(block))] = np.inf
        found[start : start + several] = np.argpartition(away, each - 1, axis=1)[:, :each]
    return found


def _indexed(rows: Rows, each: int) -> npt.NDArray[np.int32]:
    """Ask an index for each row; shape (n, each + 1), one of them mostly the row itself."""
    import faiss

    count, dimensions = rows.shape
    memory.require(5 * rows.nbytes // 4, f"an index of {count:,} sightings")
    lists = max(1, min(round(LISTS * count**0.5), count // LEARNED))
    coded = dimensions >= CODED
    if dimensions % 2 and coded:
        rows = np.pad(rows, ((0, 0), (0, 1)))
    kind = f"PQ{rows.shape[1] // 2}x4fs,RFlat" if coded else "Flat"
    index: Any = faiss.index_factory(rows.shape[1], f"IVF{lists},{kind}")
    file = faiss.extract_index_ivf(index)
    file.cp.niter, file.cp.max_points_per_centroid = ROUNDS, LEARNED
    file.cp.seed = 1
    learned = np.random.default_rng(1).choice(count, min(count, LEARNED * lists), replace=False)
    index.train(np.ascontiguousarray(rows[np.sort(learned)]))
    for start in range(0, count, ASKED):
        index.add(np.ascontiguousarray(rows[start : start + ASKED]))
    file.nprobe = min(PROBED, lists)
    if coded:
        index.k_factor = float(MEASURED)
    found = np.empty((count, each + 1), dtype=np.int32)
    for start in range(0, count, ASKED):
        some = np.ascontiguousarray(rows[start : start + ASKED])
        found[start : start + ASKED] = index.search(some, each + 1)[1]
    return found
