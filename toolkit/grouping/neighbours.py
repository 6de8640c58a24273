"""Which encodings are near which: exact, in blocks, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolkit import memory

Encodings = npt.NDArray[np.float32]
BLOCK = 1024

# The product form of the squared distance cancels for near-equal rows; its error, for encodings of
# about unit length, stays far below this. Candidates are recomputed by subtraction.
SLACK = 1e-4


@dataclass(frozen=True)
class Neighbours:
    """
    Pairs of rows within a distance.

    Attributes
    ----------
    first, second : numpy.ndarray
        Shape (m,), int64: rows, first < second, sorted by first, then second.
    distance : numpy.ndarray
        Shape (m,), float64: Euclidean distance of each pair.
    """

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    distance: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.distance)


def within(encodings: Encodings, radius: float, *, each: int = 50) -> Neighbours:
    """
    Return every pair of rows at most `radius` apart.

    Parameters
    ----------
    encodings : numpy.ndarray
        Shape (n, d), float32.
    radius : float
        Largest Euclidean distance, inclusive.
    each : int
        Bytes that one pair will take, with what the caller makes of it.

    Returns
    -------
    Neighbours
        Exact: the same pairs as a double loop would find.

    Raises
    ------
    toolkit.memory.TooMuch
        If there are more pairs than can fit.
    """
    firsts, seconds, distances = [], [], []
    count, room = 0, max(memory.room(), memory.SMALL)
    for start, rough in _blocks(encodings, encodings):
        rows, columns = np.nonzero(rough <= radius * radius + SLACK)
        rows += start
        upper = columns > rows
        rows, columns = rows[upper], columns[upper]
        exact = pair_distances(encodings, rows, columns)
        near = exact <= radius
        firsts.append(rows[near])
        seconds.append(columns[near])
        distances.append(exact[near])
        count += int(near.sum())
        if count * each > room:
            # As many again in each of the blocks that are left, at a guess.
            done = min(start + BLOCK, len(encodings)) / len(encodings)
            raise memory.TooMuch(
                f"{len(encodings):,} sightings have pairs within {radius:.3f} that need about "
                f"{memory.in_gb(count * each / done)}, and {memory.in_gb(room)} can be had here"
            )
    return Neighbours(
        np.concatenate([np.zeros(0, np.int64), *firsts]),
        np.concatenate([np.zeros(0, np.int64), *seconds]),
        np.concatenate([np.zeros(0, np.float64), *distances]),
    )


def pair_distances(
    encodings: Encodings, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """
    Return the Euclidean distance of each pair of rows.

    Parameters
    ----------
    encodings : numpy.ndarray
        Shape (n, d), float32.
    first, second : numpy.ndarray
        Shape (m,), int64: rows.

    Returns
    -------
    numpy.ndarray
        Shape (m,), float64.
    """
    result = np.empty(len(first), dtype=np.float64)
    for start in range(0, len(first), 1 << 16):
        part = slice(start, start + (1 << 16))
        difference = encodings[first[part]].astype(np.float64) - encodings[second[part]]
        result[part] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return result


def distances(queries: Encodings, references: Encodings) -> npt.NDArray[np.float64]:
    """
    Return the Euclidean distance of every query to every reference.

    Parameters
    ----------
    queries : numpy.ndarray
        Shape (n, d), float32.
    references : numpy.ndarray
        Shape (m, d), float32.

    Returns
    -------
    numpy.ndarray
        Shape (n, m), float64.
    """
    from scipy.spatial.distance import cdist

    if not len(queries) or not len(references):
        return np.zeros((len(queries), len(references)))
    table: npt.NDArray[np.float64] = cdist(
        queries.astype(np.float64), references.astype(np.float64)
    )
    return table


def _blocks(
    queries: Encodings, references: Encodings
) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
    """Yield the first row and the rough squared distances of each block of queries."""
    norms = np.einsum("ij,ij->i", references, references)
    for start in range(0, len(queries), BLOCK):
        block = queries[start : start + BLOCK]
        squared = block @ references.T
        squared *= -2.0
        squared += norms
        squared += np.einsum("ij,ij->i", block, block)[:, None]
        yield start, squared
