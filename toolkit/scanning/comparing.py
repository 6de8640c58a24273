"""Pairs of sightings to distances, where a matcher compares what vectors cannot describe."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import BadSetting
from toolkit.grouping.identification import Compared, References
from toolkit.grouping.neighbours import Distances, PairDistances
from toolkit.records import (
    ID_DIGITS,
    PAINTED,
    SIGHTING_ID,
    Album,
    ComparedPairs,
    Features,
    PairScores,
    Words,
)
from toolkit.scanning.store import KnownPairs, Recall
from toolkit.subjects.base import (
    Calibratable,
    Encoder,
    Evidence,
    Matcher,
    Silence,
    calibratable,
    matcher_of,
)

if TYPE_CHECKING:
    from toolkit.scanning.cluster import Machines

Progress = Callable[[int, int, str], None]
# Pairs that a thread compares before it is asked whether to stop.
BATCH = 32
# Batches a thread that are begun before the first is waited for.
AHEAD = 4
# Pairs after which what was found is kept.
KEEP = 4096
# Columns of pairs that were compared on trial.
TRIED = {"first": "int64", "second": "int64", "distance": "float64"}


def compare(
    album: Album,
    encoder: Encoder | Matcher,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    recall: Recall | None = None,
    evidence: Evidence | None = None,
    machines: Machines | None = None,
) -> Album:
    """
    Compare the sightings of an album with each other; nothing is to be done for vectors.

    Parameters
    ----------
    album : Album
        n sightings, with what they are compared by.
    encoder : Encoder or Matcher
        What described them.
    jobs : int
        Threads. The distances are the same for any number.
    progress : callable, optional
        Called with the number of pairs done, how many there will be, and "".
    stop : callable, optional
        Asked whether to stop, again and again. Pairs that are left then count as far apart;
        `ComparedPairs.left` says how many.
    recall : Recall, optional
        Where what pairs have in common is known from earlier, and is kept, some thousands at a
        time.
    evidence : Evidence, optional
        What says which pairs say nothing: they are not compared.
    machines : Machines, optional
        Who compares in place of threads: `toolkit.scanning.workers.hired`. The distances are the
        same.

    Raises
    ------
    BadSetting
        If the album has nothing to compare by.
    """
    matcher = matcher_of(encoder)
    if matcher is None:
        return album
    features = _features(album.features, len(album), album.words)
    kept = None if recall is None else Kept(recall, ids_of(album))
    silent = None if evidence is None else evidence.silent(album.sightings, album.sightings)
    compared = compare_pairs(
        *(matcher, features),
        jobs=jobs,
        progress=progress,
        stop=stop,
        kept=kept,
        silent=silent,
        machines=machines,
    )
    return replace(album, compared=compared)


@dataclass(frozen=True)
class Kept:
    """
    What is known of the pairs of some sightings, by their identifiers.

    Attributes
    ----------
    recall : Recall
        Where it is kept.
    ids : list of str
        Of each sighting, as of `ids_of`.
    """

    recall: Recall
    ids: list[str]

    def put_in(self, pairs: npt.NDArray[np.int64], values: npt.NDArray[np.float32]) -> None:
        """Put in what is known of pairs, shape (p, 2), which are in order; shape (p, c)."""
        known = self.recall.pairs(self.ids, values.shape[1])
        count = len(self.ids)
        wanted = pairs[:, 0] * count + pairs[:, 1]
        low, high = np.minimum(known.first, known.second), np.maximum(known.first, known.second)
        asked = low * count + high
        if len(wanted):
            place = np.minimum(np.searchsorted(wanted, asked), len(wanted) - 1)
            here = wanted[place] == asked
            values[place[here]] = known.values[here]

    def keep(self, pairs: npt.NDArray[np.int64], values: npt.NDArray[np.float32]) -> None:
        """Keep what was found of pairs."""
        self.recall.keep_pairs(self.ids, KnownPairs(pairs[:, 0], pairs[:, 1], values))


def compare_pairs(
    matcher: Matcher,
    features: Sequence[Features],
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    kept: Kept | None = None,
    silent: Silence | None = None,
    machines: Machines | None = None,
) -> ComparedPairs:
    """
    Compare those of n that a matcher's shortlist names; parameters as for `compare`.

    `silent` says which pairs say nothing: their distance is NaN.
    """
    count = len(features)
    pairs = _wanted(matcher.shortlist(features), count, count)
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    listed = len(pairs) < count * (count - 1) // 2
    mute = np.zeros((0, 2), dtype=np.int64)
    if silent is not None:
        pairs = pairs[~silent.of_pairs(pairs[:, 0], pairs[:, 1])]
        mute = silent.within()
    values = np.full((len(pairs), len(matcher.scores)), np.nan, dtype=np.float32)
    if kept is not None:
        kept.put_in(pairs, values)
    new = np.flatnonzero(np.isnan(values).any(axis=1))
    work = _compared(matcher, features, None, pairs[new], jobs, progress, stop, machines)
    unkept: list[npt.NDArray[np.int64]] = []
    for places, found in work:
        values[new[places]] = found
        unkept.append(new[places])
        if sum(map(len, unkept)) >= KEEP:
            _keep(kept, pairs, values, unkept)
    _keep(kept, pairs, values, unkept)
    told = ~np.isnan(values).any(axis=1)
    done = pairs[told]
    scores = PairScores(*((count, count), done[:, 0], done[:, 1], values[told]), listed=listed)
    away = matcher.distances(scores)
    left = len(pairs) - len(done)
    every = np.concatenate([done, mute])
    away = np.concatenate([away, np.full(len(mute), np.nan, dtype=np.float32)])
    nothing = np.full((len(mute), values.shape[1]), np.nan, dtype=np.float32)
    seen = np.concatenate([values[told], nothing])
    return ComparedPairs.of(
        *(count, every[:, 0], every[:, 1], away, matcher.farthest), left=left, values=seen
    )


def _keep(
    kept: Kept | None,
    pairs: npt.NDArray[np.int64],
    values: npt.NDArray[np.float32],
    unkept: list[npt.NDArray[np.int64]],
) -> None:
    """Keep what was found of some pairs, and forget which these were."""
    if kept is not None and unkept:
        some = np.concatenate(unkept)
        kept.keep(pairs[some], values[some])
    unkept.clear()


def compare_silent(
    album: Album,
    pairs: npt.NDArray[np.int64],
    encoder: Encoder | Matcher,
    *,
    jobs: int = 1,
    stop: Callable[[], bool] | None = None,
    recall: Recall | None = None,
) -> pd.DataFrame:
    """
    Compare pairs that say nothing, to see what would be said of them.

    Parameters
    ----------
    album : Album
        n sightings that were compared, with what they are compared by.
    pairs : numpy.ndarray
        Shape (p, 2), int64: rows, the lower one first.
    encoder, jobs, stop, recall
        As for `compare`.

    Returns
    -------
    pandas.DataFrame
        first, second, distance: how far they would be from each other, beside the others; fewer
        rows if it was stopped.
    """
    matcher, known = matcher_of(encoder), album.compared
    none = pd.DataFrame({"first": [], "second": [], "distance": []}).astype(TRIED)
    if matcher is None or known is None or known.values is None or not len(pairs):
        return none
    features = _features(album.features, len(album), album.words)
    pairs = np.unique(pairs, axis=0)
    values = np.full((len(pairs), len(matcher.scores)), np.nan, dtype=np.float32)
    kept = None if recall is None else Kept(recall, ids_of(album))
    if kept is not None:
        kept.put_in(pairs, values)
    new = np.flatnonzero(np.isnan(values).any(axis=1))
    unkept: list[npt.NDArray[np.int64]] = []
    for places, found in _compared(matcher, features, None, pairs[new], jobs, None, stop):
        values[new[places]] = found
        unkept.append(new[places])
    _keep(kept, pairs, values, unkept)
    told = ~np.isnan(values).any(axis=1)
    others = ~np.isnan(known.values).any(axis=1)
    first = np.concatenate([known.first[others], pairs[told, 0]])
    second = np.concatenate([known.second[others], pairs[told, 1]])
    seen = np.concatenate([known.values[others], values[told]])
    shape = (len(album), len(album))
    away = matcher.distances(PairScores(shape, first, second, seen, listed=known.listed))
    away = away[int(others.sum()) :]
    columns = {"first": pairs[told, 0], "second": pairs[told, 1], "distance": away}
    return pd.DataFrame(columns).astype(TRIED)


def compare_with(
    album: Album,
    references: References,
    encoder: Encoder | Matcher,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    silent: Silence | None = None,
    recall: Recall | None = None,
    machines: Machines | None = None,
) -> References | None:
    """
    Compare the sightings of an album with references; nothing is to be done for vectors.

    Parameters
    ----------
    album : Album
        n sightings, with what they are compared by.
    references : References
        The known individuals, described by the same matcher.
    encoder, jobs, progress, stop, recall, machines
        As for `compare`.
    silent : Silence, optional
        Which pairs say nothing, and are not compared.

    Returns
    -------
    References or None
        The same, with `References.compared`. None if it was stopped before the end: with some of
        the pairs, sightings would be taken for others, or for strangers.

    Raises
    ------
    BadSetting
        If the album, or the references, have nothing to compare by.
    """
    matcher = matcher_of(encoder)
    if matcher is None:
        return references
    ours = _features(album.features, len(album), album.words)
    theirs = _features(references.features, len(references), album.words)
    pairs = np.unique(_wanted(matcher.shortlist(ours, theirs), len(album), len(references)), axis=0)
    shortlisted = len(pairs) < len(album) * len(references)
    if silent is not None:
        pairs = pairs[~silent.of_pairs(pairs[:, 0], pairs[:, 1])]
    values = np.full((len(pairs), len(matcher.scores)), np.nan, dtype=np.float32)
    # Both in one list, the references behind.
    listed = pairs + np.array([0, len(album)])
    kept = None
    if recall is not None:
        ids = [*ids_of(album), *map(_id_of, theirs)]
        kept = Kept(recall, ids)
        kept.put_in(listed, values)
    new = np.flatnonzero(np.isnan(values).any(axis=1))
    unkept: list[npt.NDArray[np.int64]] = []
    work = _compared(matcher, ours, theirs, pairs[new], jobs, progress, stop, machines)
    for places, found in work:
        values[new[places]] = found
        unkept.append(new[places])
    done = sum(map(len, unkept))
    _keep(kept, listed, values, unkept)
    if done < len(new):
        return None
    shape = (len(album), len(references))
    scores = PairScores(shape, pairs[:, 0], pairs[:, 1], values, within=False, listed=shortlisted)
    table = np.full(shape, matcher.farthest, dtype=np.float32)
    table[pairs[:, 0], pairs[:, 1]] = np.minimum(matcher.distances(scores), matcher.farthest)
    _hush(table, silent)
    these = tuple(album.sightings[SIGHTING_ID].to_list())
    beyond = None
    if (away := beyond_end(matcher, scores)) is not None:
        beyond = table.copy()
        beyond[pairs[:, 0], pairs[:, 1]] = np.minimum(away, matcher.farthest)
        _hush(beyond, silent)
    return replace(references, compared=Compared(these, table, matcher.farthest, beyond))


def _hush(table: npt.NDArray[np.float32], silent: Silence | None) -> None:
    """Make the distances NaN that say nothing, in a table of sightings and references."""
    if silent is None:
        return
    columns = np.arange(table.shape[1])
    for row, distances in enumerate(table):
        distances[silent.of_pairs(np.full(len(columns), row), columns)] = np.nan


def beyond_end(
    matcher: Encoder | Matcher | Calibratable, found: PairScores
) -> npt.NDArray[np.float32] | None:
    """
    Return distances of pairs that have no end at 0, shape (p,); None where nothing says them.

    Below 0 lie those of which the evidence says more than the distance can.
    """
    fitted = calibratable(cast("Encoder | Matcher", matcher))
    if fitted is None:
        return None
    calibration = cast(Matcher, matcher).info.calibration
    away = calibration.even - fitted.evidence(found) / calibration.slope
    result: npt.NDArray[np.float32] = away.astype(np.float32)
    return result


def among(distances: Distances, matcher: Encoder | Matcher | Calibratable) -> Distances:
    """Return distances that have no end at 0, where the matcher says them; else the same."""
    if not isinstance(distances, PairDistances) or distances.compared.values is None:
        return distances
    pairs, values = distances.compared, distances.compared.values
    told = ~np.isnan(values).any(axis=1)
    count = len(distances)
    found = PairScores((count, count), pairs.first[told], pairs.second[told], values[told])
    away = beyond_end(matcher, found)
    if away is None:
        return distances
    beyond = pairs.distance.copy()
    beyond[told] = np.minimum(away, pairs.farthest)
    return PairDistances(pairs, distances.linkage, beyond=beyond)


def kept_of(features: Sequence[Features], recall: Recall) -> Kept:
    """Return what is known of the pairs of examples, which have no identifiers of their own."""
    return Kept(recall, list(map(_id_of, features)))


def ids_of(album: Album) -> list[str]:
    """
    Return what tells the sightings of an album from others that are compared.

    That is the sighting_id, and the mask where somebody painted one: it is compared by what the
    mask shows, which may be another one the next time.
    """
    ids = album.sightings[SIGHTING_ID].to_list()
    if PAINTED not in album.sightings:
        return ids
    return [
        hashlib.sha256(f"{one}:{mask}".encode()).hexdigest()[:ID_DIGITS] if mask else one
        for one, mask in zip(ids, album.sightings[PAINTED].astype(str), strict=True)
    ]


def _id_of(features: Features) -> str:
    """Return what tells an example from others: what it is compared by, as a digest."""
    digest = hashlib.sha256()
    for name in sorted(features):
        value = np.ascontiguousarray(features[name])
        digest.update(f"{name}:{value.dtype}:{value.shape}:".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()[:ID_DIGITS]


def _compared(
    matcher: Matcher,
    ours: Sequence[Features],
    theirs: Sequence[Features] | None,
    pairs: npt.NDArray[np.int64],
    jobs: int,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
    machines: Machines | None = None,
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
    """
    Yield which of the pairs, shape (k,), and what they have in common, shape (k, c).

    `theirs` is None where both are of one list. There are fewer than all once `stop` says yes.
    """
    if not len(pairs):
        return
    if machines is None:
        work = _in_threads(matcher, ours, theirs or ours, pairs, jobs, stop)
    else:
        work = machines.compared(matcher, ours, theirs, pairs, stop)
    done = 0
    for places, found in work:
        yield places, found
        done += len(places)
        if progress is not None:
            progress(done, len(pairs), "")


def _in_threads(
    matcher: Matcher,
    ours: Sequence[Features],
    theirs: Sequence[Features],
    pairs: npt.NDArray[np.int64],
    jobs: int,
    stop: Callable[[], bool] | None,
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
    """Compare in threads of this process, in order; see `_compared`."""

    def some(part: Sequence[list[int]]) -> list[npt.NDArray[np.float32]]:
        if stop is not None and stop():
            return []
        return [matcher.compare(ours[one], theirs[other]) for one, other in part]

    from threadpoolctl import threadpool_limits

    order = _by_tiles(pairs, _at_once(ours), _at_once(theirs))
    starts = iter(range(0, len(order), BATCH))
    under_way: deque[tuple[npt.NDArray[np.int64], Future[list[npt.NDArray[np.float32]]]]] = deque()
    # Threads of ours that each start threads for a product wait for each other most of the time.
    with (
        threadpool_limits(1, user_api="blas"),
        ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="compare") as pool,
        _dropping(pool),
    ):
        while True:
            for start in itertools.islice(starts, AHEAD * jobs - len(under_way)):
                places = order[start : start + BATCH]
                under_way.append((places, pool.submit(some, pairs[places].tolist())))
            if not under_way or (stop is not None and stop()):
                return
            places, task = under_way.popleft()
            made = task.result()
            found = np.array(made, dtype=np.float32).reshape(len(made), len(matcher.scores))
            if made:
                yield places[: len(made)], found
            if len(made) < len(places):
                return


@contextlib.contextmanager
def _dropping(pool: ThreadPoolExecutor) -> Iterator[None]:
    """Begin nothing more when a block ends, whyever it does."""
    try:
        yield
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _at_once(features: Sequence[Features]) -> int | None:
    """Return how many features are in memory at once; None where all are."""
    return getattr(features, "at_once", None)


def _by_tiles(
    pairs: npt.NDArray[np.int64], ours: int | None, theirs: int | None
) -> npt.NDArray[np.int64]:
    """
    Return in which order pairs are compared, shape (p,).

    Where only some of the features are in memory at once, those of a few of the one and a few of
    the other follow each other; otherwise it is the order in which the pairs come.
    """
    known = [each for each in (ours, theirs) if each is not None]
    if not known:
        return np.arange(len(pairs))
    tile = pairs // max(1, min(known) // 3)
    # To and fro: what a row of tiles ends with, the next one begins with.
    across = np.where(tile[:, 0] % 2, -tile[:, 1], tile[:, 1])
    return np.lexsort((pairs[:, 1], pairs[:, 0], across, tile[:, 0]))


def _wanted(pairs: npt.NDArray[np.int64], rows: int, columns: int) -> npt.NDArray[np.int64]:
    """Return a shortlist as rows of two numbers; `ValueError` if it names what is not there."""
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    if len(pairs) and not ((pairs >= 0) & (pairs < [rows, columns])).all():
        raise ValueError("a shortlist names sightings that are not there")
    return pairs


def _features(features: Sequence[Features] | None, count: int, words: Words) -> Sequence[Features]:
    if features is None and count:
        raise BadSetting(
            f"what {words.plural} are compared by was not kept: look at the photos again"
        )
    return features or ()
