"""What grouping takes, and how good it is, with many more sightings than a folder of photos has."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

from toolkit import memory
from toolkit.benchmarks import drawn_encodings
from toolkit.errors import BadSetting
from toolkit.evaluation.scores import score_grouping, trivial_answers
from toolkit.grouping import linkage, near_pairs, sparse_linkage, thresholds
from toolkit.grouping.neighbours import VectorDistances
from toolkit.subjects.face.calibration import CALIBRATION, LINKAGE

Log = Callable[[str], None]

SIZES = (7_000, 20_000, 100_000)
# All pairs are compared, too, up to so many sightings.
COMPARED = 20_000
# The ways that are measured.
NEAR, ALL = "near pairs", "all pairs"


def study(sizes: Sequence[int] = SIZES, *, seed: int = 0, log: Log) -> dict[str, pd.DataFrame]:
    """
    Draw encodings and group them, each time in a process of its own.

    Parameters
    ----------
    sizes : sequence of int
        How many sightings to draw, once for each.
    seed : int
        What is drawn; see `toolkit.benchmarks.drawn_encodings`.
    log : callable
        Told how far it is, a sentence each.

    Returns
    -------
    dict of str to pandas.DataFrame
        "grouping": sightings, individuals, way ("all pairs" up to `COMPARED` sightings, "near
        pairs"), wall and cpu (s; both cores together), peak (GB of the whole process, encodings
        and all), threshold, groups, bcubed_f, and of "each alone" and "all together" the better
        one. "growth", where there are two sizes: between one and the next, how wall, cpu and peak
        grow: the slope of the logarithms, 1 where twice as many take twice as much.

    Raises
    ------
    BadSetting
        If a size is below 2.
    """
    if not sizes or min(sizes) < 2:
        raise BadSetting(f"sizes are {', '.join(map(str, sizes))}; expected 2 or more, each")
    if max(sizes) > near_pairs.FEW and not near_pairs.is_there():
        log(f"{near_pairs.PACKAGE} is not installed (extra: scale): all pairs are looked at")
    rows = []
    for count in sizes:
        for way in (ALL, NEAR) if count <= COMPARED else (NEAR,):
            rows.append(_alone(count, way, seed))
            log("{sightings:,} sightings, {way}: {wall:.1f} s".format(**rows[-1]))
    found = pd.DataFrame(rows)
    growth = _growth(found[found["way"] == NEAR])
    return {"grouping": found, "growth": growth} if len(growth) else {"grouping": found}


def _alone(count: int, way: str, seed: int) -> dict[str, Any]:
    """Measure in a process of its own, so that the peak is of this alone."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(measure, count, way, seed).result()


def measure(count: int, way: str, seed: int) -> dict[str, Any]:
    """Draw and group once; parameters and what it returns as of `study`."""
    drawn = drawn_encodings.draw(count, seed=seed)
    started, worked = time.perf_counter(), time.process_time()
    distances = VectorDistances(drawn.encodings, "euclidean", LINKAGE)
    if way == ALL:
        tree = linkage.tree(distances)
    else:
        tree = sparse_linkage.tree(distances, farthest=CALIBRATION.even)
    chosen = thresholds.of_tree(tree, CALIBRATION, LINKAGE)
    labels = tree.cut(chosen.value).labels
    wall, cpu = time.perf_counter() - started, time.process_time() - worked
    scored = {
        name: score_grouping(drawn.people, made).bcubed_f
        for name, made in trivial_answers(labels).items()
    }
    own, *trivial = scored.values()
    return {
        "sightings": count,
        "individuals": len(np.unique(drawn.people)),
        "way": way,
        "wall": wall,
        "cpu": cpu,
        "peak": memory.peak() / memory.GB,
        "threshold": chosen.value,
        "groups": int(labels.max()) + 1,
        "bcubed_f": own,
        "trivial": max(trivial),
    }


def _growth(found: pd.DataFrame) -> pd.DataFrame:
    """Return the slopes of the logarithms between one size and the next."""
    rows = []
    for before, after in zip(
        found.iloc[:-1].itertuples(), found.iloc[1:].itertuples(), strict=True
    ):
        times = np.log(after.sightings / before.sightings)
        slopes = {
            name: float(np.log(getattr(after, name) / getattr(before, name)) / times)
            for name in ("wall", "cpu", "peak")
        }
        rows.append({"from": f"{before.sightings:,}", "to": f"{after.sightings:,}", **slopes})
    return pd.DataFrame(rows, columns=["from", "to", "wall", "cpu", "peak"])
