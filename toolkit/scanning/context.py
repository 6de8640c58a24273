"""What the surroundings of two sightings have in common, beside what they have themselves."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.grouping import joins
from toolkit.grouping.assigners import group_album, links_of
from toolkit.grouping.links import Labels
from toolkit.records import SIGHTING_ID, Album
from toolkit.scanning.comparing import Kept, ids_of
from toolkit.scanning.store import Recall
from toolkit.settings import GroupingSettings
from toolkit.subjects.base import Encoder, Matcher, matcher_of, surroundings_of

COLUMNS = (SIGHTING_ID, "other_sighting_id", "marks", "background")
# Pairs of different groups whose surroundings are compared, too: those that are asked about first.
ASKED = 200
# What stands for a number that is not known, and where such numbers are kept.
UNKNOWN, BESIDE = -1.0, "surroundings"


def context(
    album: Album,
    pairs: pd.DataFrame,
    encoder: Encoder | Matcher,
    *,
    jobs: int = 1,
    stop: Callable[[], bool] | None = None,
    recall: Recall | None = None,
) -> pd.DataFrame:
    """
    Return what pairs of sightings have in common, with and without themselves.

    Where the surroundings have more in common than the two, it may be the background that is known
    again. The literature calls the ratio of the two *context* [1]_.

    Parameters
    ----------
    album : Album
        n sightings, with what they are compared by.
    pairs : pandas.DataFrame
        p rows: first, second (rows of the album).
    encoder : Encoder or Matcher
        What described them.
    jobs : int
        Threads.
    stop : callable, optional
        Asked whether to stop: then the pairs so far are returned.
    recall : Recall, optional
        Where what surroundings have in common is known from earlier, and is kept.

    Returns
    -------
    pandas.DataFrame
        Each pair once, `COLUMNS`: the identifiers of the two, in the order of the album, the
        largest score of the matcher that compares with that of the surroundings (NaN where it is
        not at hand), and that (NaN where it is not known).

    References
    ----------
    .. [1] arXiv 2604.09690.
    """
    matcher, around = matcher_of(encoder), surroundings_of(encoder)
    features = album.features
    if matcher is None or around is None or features is None or not len(pairs):
        return pd.DataFrame(columns=list(COLUMNS))
    ids = album.sightings[SIGHTING_ID].to_list()
    every = np.sort(pairs[["first", "second"]].to_numpy(dtype=np.int64), axis=1)
    every = np.unique(every, axis=0)
    like = [k for k, name in enumerate(matcher.scores) if name in around.background_scores]
    marks = _largest(album, every[:, 0], every[:, 1], like)
    behind = np.full((len(every), 1), np.nan, dtype=np.float32)
    kept = None if recall is None else Kept(recall.beside(BESIDE), ids_of(album))
    if kept is not None:
        kept.put_in(every, behind)
    new = np.flatnonzero(np.isnan(behind[:, 0]))

    def of(place: int) -> float | None:
        if stop is not None and stop():
            return None
        one, other = (features[row] for row in every[place])
        if like and np.isnan(marks[place]):
            marks[place] = matcher.compare(one, other)[like].max()
        return around.background(one, other)

    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="context") as pool:
        made = list(pool.map(of, new))
    asked = new[[each is not None for each in made]]
    found = np.array([each for each in made if each is not None], dtype=np.float32)
    behind[asked, 0] = np.where(np.isnan(found), UNKNOWN, found)
    if kept is not None:
        kept.keep(every[asked], behind[asked])
    told = ~np.isnan(behind[:, 0])
    one, other = every[told].T
    values = behind[told, 0].astype(np.float64)
    return pd.DataFrame(
        {
            COLUMNS[0]: [ids[row] for row in one],
            COLUMNS[1]: [ids[row] for row in other],
            COLUMNS[2]: marks[told],
            COLUMNS[3]: np.where(values == UNKNOWN, np.nan, values),
        }
    )


def _largest(album: Album, low: Labels, high: Labels, like: list[int]) -> npt.NDArray[np.float64]:
    """Return the largest of some scores of each pair, NaN where the matcher did not compare it."""
    found, pairs = np.full(len(low), np.nan), album.compared
    if pairs is None or pairs.values is None or not len(pairs.values) or not like:
        return found
    keys, wanted = pairs.first * pairs.count + pairs.second, low * pairs.count + high
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    here = keys[place] == wanted
    found[here] = pairs.values[np.ix_(place[here], like)].max(axis=1)
    return found


def likely_pairs(album: Album, settings: GroupingSettings) -> pd.DataFrame:
    """
    Return the pairs whose surroundings are worth a look before anything is decided.

    Parameters
    ----------
    album : Album
        Sightings that were compared pair by pair.
    settings : GroupingSettings
        How they will be grouped.

    Returns
    -------
    pandas.DataFrame
        first, second (rows of the album): those that hold groups together, and the `ASKED` nearest
        of different groups.
    """
    pairs = album.compared
    if pairs is None or not len(album):
        return pd.DataFrame({"first": [], "second": []}, dtype="int64")
    labels = group_album(album, settings).clustering.labels
    must, _ = links_of(album, settings)
    held = joins.joins(album, labels, must, must[:0])
    held = held.loc[held["why"] == joins.ALIKE, ["first", "second"]]
    away = np.where(labels[pairs.first] == labels[pairs.second], np.nan, pairs.distance)
    near = np.argsort(away, kind="stable")[:ASKED]
    near = near[away[near] < pairs.farthest]
    others = pd.DataFrame({"first": pairs.first[near], "second": pairs.second[near]})
    return pd.concat([held, others], ignore_index=True)
