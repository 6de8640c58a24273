"""
The ways of grouping side by side in one table, and what their words mean on real photos.

Scores say how right a method is, where the truth is known. Without it, the share of sightings in
the largest group tells of chaining, and the agreement with `average` of how much is at stake.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import BadSetting
from toolkit.evaluation import scores
from toolkit.grouping import cluster, linkage, neighbours
from toolkit.grouping.cluster import Method
from toolkit.grouping.links import Labels, Pairs
from toolkit.grouping.neighbours import Sightings
from toolkit.memory import count_anew, peak
from toolkit.progress import spent
from toolkit.records import Album, Clustering

Truth = npt.NDArray[np.generic]
Mask = npt.NDArray[np.bool_]

# DBSCAN with 2 makes the groups of `linked`; it is here to show that.
WAYS: Mapping[str, Method] = MappingProxyType(
    {
        "average": cluster.average,
        "linked": cluster.linked,
        "online": cluster.online,
        "whispers": cluster.whispers,
        **{f"dbscan, min_samples {k}": partial(cluster.dbscan, min_samples=k) for k in (2, 3, 5)},
        "hdbscan": cluster.hdbscan,
    }
)
# Thresholds and scores nearer than this are the same: sums of 0.02 do not end on 0.50.
_SAME = 1e-9


def compare(
    sightings: Sightings,
    truth: Truth | None = None,
    *,
    methods: Mapping[str, Method] = WAYS,
    thresholds: Sequence[float] | None = None,
    must_link: Pairs | None = None,
    cannot_link: Pairs | None = None,
    seed: int | None = 0,
    memory: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """
    Group by every method at every threshold.

    Parameters
    ----------
    encodings : numpy.ndarray
        Shape (n, d), float32, n at least 1.
    truth : numpy.ndarray, optional
        Shape (n,), any dtype: the individual of each sighting. Those without one (None or NaN) are
        grouped with the rest, and count in no score.
    methods : mapping of str to Method
        What to call each method, and the method; see `toolkit.grouping.cluster`.
    thresholds : sequence of float, optional
        Encoder distances; of an album, round ones around where its calibration is even, if not
        given. A threshold means something else to each method: compare them at the best one of
        each (`best`).
    must_link, cannot_link : numpy.ndarray, optional
        Shape (m, 2), int64: pairs of rows that are, or are never, one individual.
    seed : int or None
        For the order in which the methods see the rows. It matters to `online` alone, which is
        flattered where photos are sorted by individual. None keeps the order given.
    memory : bool
        Measure memory, too: a few seconds a method more.
    progress : callable, optional
        Called with how many groupings are done, and how many there are.

    Returns
    -------
    pandas.DataFrame
        One row a method and threshold, in the order given:

        - method, threshold, sightings (n), groups;
        - largest (sightings in the largest group), share_largest (0 to 1), alone (groups of one),
          noise (sightings that DBSCAN or HDBSCAN left out; they are among those alone);
        - with a truth, the scores of `toolkit.evaluation.scores.GroupingScores` and
          individuals_in_largest;
        - agreement_bcubed_f, agreement_rand: the scores this grouping would get if `average` at the
          same threshold were the truth; NaN where `average` is not among the methods;
        - cpu_seconds (of all threads), wall_seconds: what this one grouping takes. What the
          thresholds share is done once and counts in each row: the tree of `average`, and all of
          `hdbscan`, which takes no notice of the threshold;
        - peak_mb: `peak_memory` at the largest threshold, where most pairs are near; NaN unless
          `memory`.

    Raises
    ------
    BadSetting
        If there is nothing to compare, or the truth has another length or names none.
    """
    thresholds = _round_ones(sightings) if thresholds is None else thresholds
    distances = neighbours.of(sightings)
    count = len(distances)
    if not count or not methods or not len(thresholds):
        raise BadSetting(
            f"{count} sightings, {len(methods)} methods and {len(thresholds)} thresholds came; "
            "expected at least one of each"
        )
    known = _known(truth, count)
    order = np.arange(count) if seed is None else np.random.default_rng(seed).permutation(count)
    place, shuffled = np.argsort(order), distances[order]
    links: dict[str, Any] = {
        name: None if pairs is None else place[np.asarray(pairs, dtype=np.int64)]
        for name, pairs in (("must_link", must_link), ("cannot_link", cannot_link))
    }
    ready = {n: _timed(partial(_prepared, m, shuffled, links)) for n, m in methods.items()}
    ours = [ready[name][0] for name, method in methods.items() if method is cluster.average]
    most = {"threshold": float(max(thresholds)), **links}
    rows: list[dict[str, Any]] = []
    for name, (grouped, shared) in ready.items():
        taken = peak_memory(shuffled, methods[name], **most) if memory else np.nan
        for threshold in map(float, thresholds):
            found, seconds = _timed(partial(grouped, threshold))
            row: dict[str, Any] = {"method": name, "threshold": threshold, **_shape(found)}
            if truth is not None:
                row |= _scores(truth[known], found.labels[place][known])
            row |= {"agreement_bcubed_f": np.nan, "agreement_rand": np.nan}
            for average in ours[:1]:
                alike = scores.score_grouping(average(threshold).labels, found.labels)
                row["agreement_bcubed_f"] = alike.bcubed_f
                row["agreement_rand"] = alike.adjusted_rand
            cpu, wall = seconds + shared
            rows.append(row | {"cpu_seconds": cpu, "wall_seconds": wall, "peak_mb": taken})
            if progress is not None:
                progress(len(rows), len(methods) * len(thresholds))
    return pd.DataFrame(rows)


def best(table: pd.DataFrame, by: str = "bcubed_f") -> pd.DataFrame:
    """
    Return the row of each method at the threshold that suits it best.

    `by` is a column of the table, as `compare` returns it, in which more is better. Of several
    equally good thresholds it is the middle one (of an even number, the lower of the two in the
    middle), the farthest from where the score falls. On this same truth it looks better than it
    is; see `chosen_and_reported`. `BadSetting` if the column holds no value.
    For `hdbscan`, which takes no notice of the threshold, it is the middle one of all.
    """
    if by not in table or table[by].isna().all():
        raise BadSetting(f"the table has no values in {by!r}; expected a score: give a truth")
    chosen = []
    for _, part in table.groupby("method", sort=False):
        good = part[part[by] >= part[by].max() - _SAME].sort_values("threshold")
        chosen.append(good.index[(len(good) - 1) // 2])
    return table.loc[chosen].reset_index(drop=True)


def at(table: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Return the rows of a threshold; `BadSetting` if the table has none."""
    rows = table[(table["threshold"] - threshold).abs() < _SAME]
    if rows.empty:
        there = ", ".join(f"{value:g}" for value in sorted(table["threshold"].unique()))
        raise BadSetting(f"threshold is {threshold:g}; expected one of the table's: {there}")
    return rows.reset_index(drop=True)


def split_by_individual(truth: Truth, seed: int = 0) -> tuple[Mask, Mask]:
    """
    Split sightings in two parts that share no individual: two masks of shape (n,), bool.

    `truth` is as for `compare`; sightings without an individual are in neither part. Individuals
    are put in pairs by their number of sightings, and of each pair chance puts one into either
    part: both have as many individuals, or one more, and are much the same album.
    """
    code, names = pd.factorize(np.asarray(truth), sort=True)
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(names))
    sizes = np.bincount(code[code >= 0], minlength=len(names))
    by_size = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    part = np.full(
        len(names) + 1, -1, dtype=np.int64
    )  # the last one is for no name, whose code is -1
    part[by_size[::2]] = rng.integers(0, 2, len(by_size[::2]))
    part[by_size[1::2]] = 1 - part[by_size[::2][: len(by_size) // 2]]
    return part[code] == 0, part[code] == 1


def chosen_and_reported(
    sightings: Sightings, truth: Truth, seed: int = 0, *, by: str = "bcubed_f", **settings: Any
) -> pd.DataFrame:
    """
    Choose each method's threshold on half of the individuals, and score it on the others.

    Parameters
    ----------
    sightings, truth, seed
        As for `compare`; the seed draws the halves, too.
    by : str
        The score to choose by.
    **settings
        Of `compare`: methods, thresholds, must_link, cannot_link. Links between the halves are left
        out.

    Returns
    -------
    pandas.DataFrame
        One row a method, and one for each answer that needs no look at a photo, everything in one
        group and each sighting alone: method, threshold (NaN for those two), chosen_by (the score
        where the threshold was chosen), and of the other half sightings, groups, individuals and
        the scores of `toolkit.evaluation.scores.GroupingScores`.

    Raises
    ------
    BadSetting
        If there are fewer than two individuals.
    """
    distances = neighbours.of(sightings)
    here, there = split_by_individual(truth, seed)
    if not (here.any() and there.any()):
        raise BadSetting(
            "the truth names fewer than two individuals; expected at least one to choose a "
            "threshold on and one to report on"
        )
    methods = settings.get("methods", WAYS)
    if settings.get("thresholds") is None:
        settings["thresholds"] = _round_ones(sightings)
    tried = compare(distances[here], truth[here], seed=seed, **_within(settings, here))
    rows = []
    for chosen in best(tried, by).to_dict("records"):
        one = _within(settings, there) | {
            "methods": {chosen["method"]: methods[chosen["method"]]},
            "thresholds": [chosen["threshold"]],
        }
        reported = compare(distances[there], truth[there], seed=seed, **one)
        rows.append(reported.iloc[0].to_dict() | {"chosen_by": chosen[by]})
    count = int(there.sum())
    trivial = scores.with_trivial(truth[there], np.arange(count)).iloc[1:]
    trivial = trivial.rename_axis("method").reset_index().assign(sightings=count)
    first = ["method", "threshold", "chosen_by", "sightings", "groups", "individuals"]
    columns = first + [name for name in trivial if name not in first]
    table = pd.concat([pd.DataFrame(rows), trivial], ignore_index=True)[columns]
    return table.astype(dict.fromkeys(first[3:], np.int64))


def _round_ones(sightings: Sightings) -> tuple[float, ...]:
    """Return thresholds to compare at where none were given."""
    if isinstance(sightings, Album):
        return sightings.encoder.calibration.steps
    raise BadSetting(
        "no thresholds came, and encodings alone do not say which would suit; expected thresholds, "
        "or an album"
    )


def peak_memory(sightings: Sightings, method: Method, **settings: Any) -> float:
    """
    Measure how much memory one grouping takes, in a fresh process.

    It is the peak of the process's resident memory (VmHWM) above what it holds with the libraries
    and the encodings loaded. So it counts what scipy, scikit-learn and dlib take outside Python,
    too, which ``tracemalloc`` does not see. Below a few MB it is noise.

    `settings` are what the method takes: threshold, must_link, cannot_link. The method must be a
    function of a module, or `functools.partial` of one, so that another process finds it.

    Returns
    -------
    float
        MB (10^6 bytes); NaN on systems without ``/proc``, which do not tell.
    """
    work = pickle.dumps((method, neighbours.of(sightings), settings))
    code = "from toolkit.evaluation import method_comparison; method_comparison.answer_peak()"
    return float(subprocess.check_output([sys.executable, "-c", code], input=work))  # noqa: S603


def answer_peak() -> None:
    """Do what `peak_memory` sent to this process's standard input, and write the MB it took."""
    method, distances, settings = pickle.load(sys.stdin.buffer)  # noqa: S301
    # A small grouping first loads the libraries.
    method(distances[np.arange(min(16, len(distances)))], threshold=settings["threshold"])
    count_anew()
    before = peak()
    method(distances, **settings)
    sys.stdout.write(repr((peak() - before) / 1e6))


def core_points(sightings: Sightings, threshold: float, min_samples: int) -> npt.NDArray[np.str_]:
    """
    Tell what DBSCAN takes each sighting for.

    A place is dense where at least `min_samples` (1 or more) sightings, the one there counted, are
    within the threshold: an encoder distance, inclusive, DBSCAN's `eps`.

    Returns
    -------
    numpy.ndarray
        Shape (n,), str: "core" in a dense place, "border" where only within reach of a core point,
        "noise" otherwise.
    """
    distances = neighbours.of(sightings)
    near = distances.within(threshold)
    both = np.concatenate([near.first, near.second]), np.concatenate([near.second, near.first])
    core = np.bincount(both[0], minlength=len(distances)) + 1 >= min_samples
    border = np.zeros(len(distances), dtype=np.bool_)
    border[both[1][core[both[0]]]] = True
    return np.where(core, "core", np.where(border, "border", "noise"))


def chain_between(
    sightings: Sightings, first: int, second: int, threshold: float
) -> pd.DataFrame | None:
    """
    Find the chain of near pairs for which `linked` puts two sightings into one group.

    No hop is longer than the threshold (encoder distance, inclusive). Of all such chains it is the
    one of fewest hops, and of these the shortest; None if there is none.

    Returns
    -------
    pandas.DataFrame or None
        One row a sighting on the way, both ends counted: row, hop (encoder
        distance from the sighting before it; NaN for the first).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra

    distances = neighbours.of(sightings)
    count = len(distances)
    if not (0 <= first < count and 0 <= second < count):
        raise BadSetting(f"rows are {first} and {second}; expected two from 0 to {count - 1}")
    near = distances.within(threshold)
    # One a hop, and a fraction that no chain adds up to one: fewest hops first, then the shortest.
    weights = 1.0 + near.distance / (2 * count * max(threshold, np.finfo(float).tiny))
    graph = coo_array((weights, (near.first, near.second)), shape=(count, count)).tocsr()
    before = dijkstra(graph, directed=False, indices=first, return_predecessors=True)[1]
    way = [second]
    while way[-1] != first:
        if before[way[-1]] < 0:
            return None
        way.append(int(before[way[-1]]))
    rows = np.array(way[::-1], dtype=np.int64)
    hops = distances.of_pairs(rows[:-1], rows[1:])
    return pd.DataFrame({"row": rows, "hop": np.concatenate([[np.nan], hops])})


def _prepared(
    method: Method, sightings: Sightings, links: dict[str, Any]
) -> Callable[[float], Clustering]:
    """Do what all thresholds of a method share, and return the grouping by threshold."""
    if method is cluster.average:
        return linkage.tree(sightings, **links).cut
    if getattr(method, "func", method) is cluster.hdbscan:
        found = method(sightings, threshold=1.0, **links)
        return lambda threshold: replace(found, threshold=threshold)
    return lambda threshold: method(sightings, threshold=threshold, **links)


def _known(truth: Truth | None, count: int) -> Mask:
    known: Mask = np.zeros(0, dtype=np.bool_) if truth is None else np.asarray(pd.notna(truth))
    if truth is not None and (len(truth) != count or not known.any()):
        raise BadSetting(
            f"the truth has {len(truth)} rows that name {known.sum()} individuals; expected "
            f"{count} rows, one a sighting, and a name; leave it out to compare without scores"
        )
    return known


def _shape(found: Clustering) -> dict[str, Any]:
    sizes = np.bincount(found.labels)
    return {
        "sightings": len(found.labels),
        "groups": len(sizes),
        "largest": int(sizes.max()),
        "share_largest": float(sizes.max() / sizes.sum()),
        "alone": int((sizes == 1).sum()),
        "noise": int(found.noise.sum()),
    }


def _scores(truth: Truth, labels: Labels) -> dict[str, Any]:
    found = asdict(scores.score_grouping(truth, labels))
    del found["groups"]  # of the sightings with a known individual only
    return found | {"individuals_in_largest": len(pd.unique(truth[labels == 0]))}


def _within(settings: dict[str, Any], part: Mask) -> dict[str, Any]:
    """Keep the links with both ends in a part of the rows, and number these rows anew."""
    links = {k: v for k, v in settings.items() if k.endswith("_link") and v is not None}
    row = np.cumsum(part) - 1
    return settings | {name: row[pairs[part[pairs].all(axis=1)]] for name, pairs in links.items()}


def _timed(call: Callable[[], Any]) -> tuple[Any, npt.NDArray[np.float64]]:
    """Return what a call returns, and its CPU and wall seconds."""
    with spent() as took:
        result = call()
    return result, np.array([took.cpu, took.wall])
