"""
How right a catalogue is matched, on photos whose product is known.

Half of the photos of each product are the catalogue, the other half is sought in it, and so are the
photos of some products that the catalogue does not have. Drawn anew for each seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.benchmarks.identification import KnownAlbum, known_album
from toolkit.errors import BadSetting
from toolkit.grouping import catalogue_matching, identification, thresholds
from toolkit.grouping.catalogue_matching import KNOWN, SURE
from toolkit.grouping.identification import Compared, References
from toolkit.grouping.neighbours import Distances, PairDistances, of
from toolkit.progress import Progress
from toolkit.records import (
    PROBLEM_COLUMNS,
    SIGHTING_ID,
    Album,
    ComparedPairs,
    PairScores,
    empty_table,
)
from toolkit.scanning import comparing
from toolkit.settings import GroupingSettings
from toolkit.subjects.base import Calibratable

Log = Callable[[str], None]
Rows = npt.NDArray[np.int64]

# Of the products, how many the catalogue does not have; of their photos, how many it has.
UNKNOWN, HALF = 0.2, 0.5
# How often it is drawn, and the way of point-and-shoot.
DRAWS, METHOD = 10, "blend"
# What is judged, and the trivial answers beside it.
RULE, SEARCH, NEAREST, NONE = "match-catalogue", "within the threshold", "nearest", "none sure"


def measure(
    known: Path,
    settings: GroupingSettings,
    *,
    log: Log,
    progress: Progress | None = None,
    seed: int = 0,
    draws: int = DRAWS,
    most: int | None = None,
    products: int | None = None,
    sure: float = SURE,
) -> dict[str, pd.DataFrame]:
    """
    Match half of the photos of known products with a catalogue of the other half.

    Parameters
    ----------
    known : Path
        A folder for each product.
    settings : GroupingSettings
        Of the subject.
    log : callable
        Told what was left out, a sentence each.
    progress : callable, optional
        As of `toolkit.modes.look`.
    seed : int
        Of the first draw; the others have the next ones.
    draws : int
        How often products and photos are drawn.
    most : int, optional
        Photos of a product in the catalogue, at most.
    products : int, optional
        Products in all, drawn; every one, if not given.
    sure : float
        As of `toolkit.grouping.catalogue_matching.match`.

    Returns
    -------
    dict of str to pandas.DataFrame
        catalogue: each way, summed over the draws. way; known and unknown (photos sought, of
        products that the catalogue has, and has not); sure (photos called sure); right (of those,
        in per cent, how many are of that product); known_sure and unknown_sure (of the known, and
        the unknown, in per cent, how many were called sure).
        draws: the same of each draw by the way of the command, with products and photos of its
        catalogue, and with three (of the known that are unsure, in per cent, how many have their
        product among the three named).

    Raises
    ------
    BadFolder, BadSetting
        If there are not two products, or none has two photos; or a number cannot be.
    """
    if draws < 1 or (most is not None and most < 1):
        raise BadSetting(f"draws is {draws}, most is {most}; expected 1 or more of both")
    made, matcher = known_album(known, settings, log=log, progress=progress)
    if matcher is None and made.album.compared is not None:
        words = made.album.words
        raise BadSetting(
            f"how {words.plural} are matched cannot be measured: what compares them cannot say it "
            "of some of them alone. Choose another --subject"
        )
    found = [
        row
        for each in range(seed, seed + draws)
        for row in drawn(
            made, matcher, np.random.default_rng(each), most=most, products=products, sure=sure
        )
    ]
    table = pd.DataFrame(found)
    counts = ["known", "unknown", "sure", "sure_right", "known_sure", "unknown_sure"]
    ways = table.groupby("way", sort=False)[counts].sum().reset_index()
    each = table[table["way"] == RULE].drop(columns="way").reset_index(drop=True)
    each.insert(0, "seed", np.arange(seed, seed + draws))
    return {"catalogue": _in_per_cent(ways), "draws": _in_per_cent(each)}


def drawn(
    made: KnownAlbum,
    matcher: Calibratable | None,
    rng: np.random.Generator,
    *,
    most: int | None = None,
    products: int | None = None,
    sure: float = SURE,
) -> Iterator[dict[str, Any]]:
    """Yield a row of counts for each way, of one draw; parameters as of `measure`."""
    seen = made.seen(np.arange(len(made.rows)))
    who = made.individuals[seen].astype(str)
    names = rng.permutation(np.unique(who))[:products]
    several = [name for name in names if (who == name).sum() > 1]
    away = round(UNKNOWN * len(names))
    # Who has one photo cannot be sought in the others: such a product is unknown first.
    order = sorted(names, key=lambda name: name in several)
    unknown, have = set(order[:away]), [name for name in names if name not in order[:away]]
    catalogue: list[int] = []
    sought: list[int] = []
    for name in have:
        own = rng.permutation(seen[who == name])
        count = max(1, int(len(own) * HALF))
        catalogue += own[: count if most is None else min(count, most)].tolist()
        sought += own[count:].tolist()
    sought += [row for name in sorted(unknown) for row in seen[who == name].tolist()]
    ours, theirs = np.array(sorted(sought)), np.array(sorted(catalogue))
    album, references = _split(made, matcher, ours, theirs)
    truth = made.individuals[ours].astype(str)
    here = np.isin(truth, have)
    how: dict[str, Any] = {"method": METHOD, "one_per_photo": False}
    found = catalogue_matching.match(album, references, sure=sure, **how)
    called = np.array(references.names, dtype=object)[found.best[:, 0]].astype(str)
    chosen = thresholds.of_references(
        len(have), len(theirs), references.encoder.calibration, METHOD, words=album.words
    )
    near = identification.match(album, references, threshold=chosen.value, **how)
    named = np.array(references.names, dtype=object)
    three = np.array(
        [truth[row] in named[best[best >= 0]] for row, best in enumerate(found.best)], dtype=bool
    )
    unsure = here & (found.state != KNOWN)
    for way, certain in (
        (RULE, found.state == KNOWN),
        (SEARCH, near.table["name"].notna().to_numpy()),
        (NEAREST, np.ones(len(ours), dtype=bool)),
        (NONE, np.zeros(len(ours), dtype=bool)),
    ):
        yield {
            "way": way,
            "products": len(have),
            "photos": len(theirs),
            "known": int(here.sum()),
            "unknown": int((~here).sum()),
            "sure": int(certain.sum()),
            "sure_right": int((certain & (called == truth)).sum()),
            "known_sure": int((certain & here).sum()),
            "unknown_sure": int((certain & ~here).sum()),
            "three": 100 * float(three[unsure].mean()) if unsure.any() else np.nan,
            "start": found.trust.start,
            "slope": found.trust.slope,
        }


def _in_per_cent(table: pd.DataFrame) -> pd.DataFrame:
    """Return counts as shares, in per cent; NaN of nothing."""
    right = table.pop("sure_right")
    table.insert(list(table.columns).index("sure") + 1, "right", 100 * right / table["sure"])
    for name in ("known", "unknown"):
        table[f"{name}_sure"] = 100 * table[f"{name}_sure"] / table[name]
    return table


def _split(
    made: KnownAlbum, matcher: Calibratable | None, ours: Rows, theirs: Rows
) -> tuple[Album, References]:
    """Return the photos that are sought, and the others as references, compared with each other."""
    album = made.album.take(made.rows[ours])
    of_catalogue = made.album.take(made.rows[theirs])
    names, individual_of = np.unique(made.individuals[theirs].astype(str), return_inverse=True)
    compared, among = None, of(of_catalogue)
    if matcher is not None:
        compared = _compared(made.album, matcher, made.rows[ours], made.rows[theirs], album)
        among = _among(of_catalogue, matcher)
    references = References(
        names=tuple(map(str, names)),
        encodings=of_catalogue.encodings,
        individual_of=individual_of.astype(np.int64),
        paths=tuple(of_catalogue.sightings["path"]),
        encoder=album.encoder,
        problems=empty_table(PROBLEM_COLUMNS),
        compared=compared,
        among=among,
    )
    return album, references


def _among(album: Album, matcher: Calibratable) -> Distances:
    """Return how far sightings are from each other, as said of them alone."""
    pairs = album.compared
    assert pairs is not None  # noqa: S101 - a matcher compared them
    assert pairs.values is not None  # noqa: S101
    told = ~np.isnan(pairs.values).any(axis=1)
    count = len(album)
    found = PairScores((count, count), pairs.first[told], pairs.second[told], pairs.values[told])
    distance = pairs.distance.copy()
    distance[told] = matcher.distances(found)
    again = ComparedPairs.of(
        *(count, pairs.first, pairs.second, distance, pairs.farthest), values=pairs.values
    )
    return comparing.among(PairDistances(again, album.encoder.linkage), matcher)


def _compared(
    whole: Album, matcher: Calibratable, ours: Rows, theirs: Rows, album: Album
) -> Compared:
    """Return how far some sightings of an album are from others, as said of these alone."""
    pairs = whole.compared
    assert pairs is not None  # noqa: S101 - a matcher compared them
    assert pairs.values is not None  # noqa: S101
    place = np.full((2, len(whole)), -1, dtype=np.int64)
    place[0, ours], place[1, theirs] = np.arange(len(ours)), np.arange(len(theirs))
    ends = [(pairs.first, pairs.second), (pairs.second, pairs.first)]
    first = np.concatenate([place[0, one] for one, _ in ends])
    second = np.concatenate([place[1, other] for _, other in ends])
    values = np.concatenate([pairs.values, pairs.values])
    here = (first >= 0) & (second >= 0)
    first, second, values = first[here], second[here], values[here]
    told = ~np.isnan(values).any(axis=1)
    shape = (len(ours), len(theirs))
    table = np.full(shape, pairs.farthest, dtype=np.float32)
    table[first[~told], second[~told]] = np.nan
    first, second, values = first[told], second[told], values[told]
    scores = PairScores(shape, first, second, values, within=False)
    table[first, second] = np.minimum(matcher.distances(scores), pairs.farthest)
    beyond = None
    if (away := comparing.beyond_end(matcher, scores)) is not None:
        beyond = table.copy()
        beyond[first, second] = np.minimum(away, pairs.farthest)
    these = tuple(album.sightings[SIGHTING_ID].to_list())
    return Compared(these, table, pairs.farthest, beyond)
