"""
How well known individuals are told apart, and how far to trust it: all figures of a folder of them.

What was fitted on half of the individuals is tried on the other half, and the other way round, so
that no figure is of animals that taught what it rests on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit import modes
from toolkit.benchmarks import simulated_review
from toolkit.curation import counting
from toolkit.errors import BadFolder, BadSetting
from toolkit.evaluation import laterality, population
from toolkit.evaluation.reliability import probability_of, reliability
from toolkit.evaluation.retrieval import Retrieval, by_chance, leave_one_out
from toolkit.evaluation.scores import score_grouping
from toolkit.grouping import neighbours
from toolkit.grouping.assigners import group_album
from toolkit.names import counted
from toolkit.photos import opening
from toolkit.photos.camera_trap import FLANK, flank_of
from toolkit.progress import Progress
from toolkit.records import Album, ComparedPairs, LabelledPairs, PairScores
from toolkit.results.results_folder import relative
from toolkit.settings import GroupingSettings
from toolkit.subjects.base import Calibratable, calibratable
from toolkit.subjects.matching import plain_sift
from toolkit.subjects.registry import subject_for
from toolkit.subjects.settings import cores

Log = Callable[[str], None]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

LEFT, RIGHT, ALL, BOTH = "left", "right", "all", "sighting"
# Answers of a simulated reviewer, strips of a count, and how often the strips are drawn.
ANSWERS, STRIPS, DRAWS = (0, 50, 100), (20, 50), 40
# Individuals of a half below which there is nothing to count, and below which a calibration is said
# to rest on few.
FEWEST, TAUGHT = 4, 8
# The word for a side in a file's name, with what joins it to the rest.
_SIDE = re.compile(r"[\s_.-]*(left|right|both)[\s_.-]*(flank|side|photo)?", re.IGNORECASE)


@dataclass(frozen=True)
class KnownAlbum:
    """
    Photos of known individuals.

    Attributes
    ----------
    album : Album
        Looked at and compared.
    rows : numpy.ndarray
        Shape (n,), int64: the largest sighting of each photo; -1 where nothing was found.
    individuals : numpy.ndarray
        Shape (n,), of str: whose folder each photo is in.
    flanks : numpy.ndarray
        Shape (n,), of str: "left" or "right", "" where nothing says it.
    events : numpy.ndarray
        Shape (n,), of str: what photos of one encounter, of either flank, have in common.
    tried : pandas.DataFrame or None
        Pairs of opposite flanks; see `toolkit.evaluation.laterality.of_album`.
    """

    album: Album
    rows: Rows
    individuals: npt.NDArray[Any]
    flanks: npt.NDArray[Any]
    events: npt.NDArray[Any]
    tried: pd.DataFrame | None = None

    @property
    def parts(self) -> dict[str, Rows]:
        """The photos that are sought among each other: by flank, or all where none is known."""
        found = {side: np.flatnonzero(self.flanks == side) for side in (LEFT, RIGHT)}
        sides = {side: rows for side, rows in found.items() if len(rows)}
        return sides or {ALL: np.arange(len(self.rows))}

    def pairs(self, photos: Rows) -> LabelledPairs:
        """Return the pairs that a matcher compared among some photos."""
        compared = self.album.compared
        if compared is None or compared.values is None:
            raise BadSetting("these sightings were not compared in pairs")
        count = len(self.album)
        who = np.full(count, None, dtype=object)
        seen = photos[self.rows[photos] >= 0]
        who[self.rows[seen]] = self.individuals[seen]
        return LabelledPairs(compared.scores(), who).take(self.rows[seen])

    def seen(self, photos: Rows) -> Rows:
        """Return those of some photos in which something was found."""
        return photos[self.rows[photos] >= 0]


@dataclass(frozen=True)
class Figures:
    """
    All figures of a folder of known individuals.

    Attributes
    ----------
    tables : dict of str to pandas.DataFrame
        "retrieval", "calibration", "grouping", "count" and "laterality", as far as they can be
        made.
    """

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


def known_album(
    known: Path, settings: GroupingSettings, *, log: Log, progress: Progress | None = None
) -> tuple[KnownAlbum, Calibratable | None]:
    """
    Look at the photos of known individuals, and compare them.

    Parameters
    ----------
    known : Path
        A folder for each individual.
    settings : GroupingSettings
        Of the subject.
    log : callable
        Told what was left out, a sentence each.
    progress : callable, optional
        As of `toolkit.modes.look`.

    Returns
    -------
    (KnownAlbum, Calibratable or None)
        And what can be calibrated by it; None where vectors say it all.

    Raises
    ------
    BadFolder
        If there are not two individuals, or none has two photos.
    """
    subject = subject_for(settings)
    how: dict[str, Any] = {"progress": progress, "of_individuals": True, "subject": subject}
    looked = modes.look(known, settings=settings, **how)
    album = looked.album
    photos = album.photos.drop_duplicates("photo_digest")
    places = [PurePosixPath(place) for place in relative(photos["path"], known.resolve())]
    who = np.array([place.parts[0] if len(place.parts) > 1 else "" for place in places], object)
    if outside := int((who == "").sum()):
        log(f"{counted(outside, 'photo')} in no individual's folder, left out")
    row_of = _largest(album)
    digests = photos["photo_digest"].map(str)
    told = dict(zip(map(str, album.sightings["photo_digest"]), _flanks(album), strict=True))
    flanks = [
        told.get(digest) or flank_of(str(place))
        for digest, place in zip(digests, places, strict=True)
    ]
    events = [f"{place.parent}/{_SIDE.sub('', place.stem)}" for place in places]
    inside = who != ""
    found = KnownAlbum(
        album,
        np.array([row_of.get(digest, -1) for digest in digests], np.int64)[inside],
        who[inside],
        np.array([side if side in (LEFT, RIGHT) else "" for side in flanks], object)[inside],
        np.array(events, object)[inside],
        looked.tried,
    )
    _, times = np.unique(found.individuals.astype(str), return_counts=True)
    if len(times) < 2:
        raise BadFolder(f"{known} holds fewer than two individuals; expected a folder for each.")
    if times.max() < 2:
        raise BadFolder(f"{known} has one photo of each individual; expected two or more of some.")
    return found, calibratable(subject.encoder)


def identify(
    known: Path,
    settings: GroupingSettings,
    *,
    log: Log,
    progress: Progress | None = None,
    answers: Sequence[int] = ANSWERS,
    draws: int = DRAWS,
    plain: bool = False,
) -> Figures:
    """
    Seek each photo of known individuals among the others, group them, and count them.

    Parameters
    ----------
    known, settings, log, progress
        As of `known_album`.
    answers : sequence of int
        Answers of a simulated reviewer after which the grouping is scored; empty for none.
    draws : int
        How often strips are drawn for the count; 0 for no count.
    plain : bool
        Compare the photos by plain SIFT, too: minutes for some hundreds of them.

    Returns
    -------
    Figures
        retrieval: one row for each part (left and right, where names say so, else all; and
        "sighting", the flanks of one encounter together) and each way: calibrated on the other half
        of the individuals; as shipped; each score alone; plain SIFT; by chance. photos,
        individuals, queries (photos whose individual is in another one; one in which nothing was
        found has found nothing), and r1, r5 and mAP in per cent.
        calibration: for each half, how far probabilities can be believed
        (`toolkit.evaluation.reliability`), with the ways of retrieval; "share" says of all pairs
        how many are one individual.
        grouping: B-cubed F of each part and half after answers, beside each photo alone and all in
        one group; and pairwise F before any answer ("pairwise"), beside all in one group ("all
        pairs"; each alone has 0).
        count: how often the interval of strips holds the number, and how wide it is, in shares of
        the number, for each part and half; beside the number of groups, and of photos.
        laterality: how many pairs of a left and a right flank look alike, where none should, beside
        those of one flank (`toolkit.evaluation.laterality`), as shipped.

    Raises
    ------
    BadFolder
        If there are not two individuals, or none has two photos.
    """
    if draws < 0:
        raise BadSetting(f"draws is {draws}; expected a whole number, 0 for no count, or more")
    made, matcher = known_album(known, settings, log=log, progress=progress)
    ways = _Ways(made, matcher, log)
    tables = {"retrieval": _retrieval(made, ways, plain=plain)}
    if ways.halves:
        tables["calibration"] = _calibration(made, ways)
    if answers:
        tables["grouping"] = _grouping(made, ways, settings, answers)
    if draws:
        tables["count"] = _count(made, ways, settings, draws)
    tables["laterality"] = _laterality(made, settings)
    return Figures({name: table for name, table in tables.items() if len(table)})


def calibrate(
    made: KnownAlbum, matcher: Calibratable, of: str, *, log: Log = lambda line: None
) -> tuple[Calibratable, pd.DataFrame]:
    """
    Fit what scores say on known individuals.

    Parameters
    ----------
    made : KnownAlbum
        Photos of them.
    matcher : Calibratable
        What compared them.
    of : str
        What they are, to be read.
    log : callable
        Told where it was learned from so few that it says little.

    Returns
    -------
    (Calibratable, pandas.DataFrame)
        The same with what was fitted on all; and what each half gives on the other, beside what is
        shipped: part, half, way, pairs, error, expected, sure, right.

    Raises
    ------
    BadSetting
        If there are too few individuals with two photos.
    """
    words, sided = made.album.words, "" if ALL in made.parts else " of one side"
    known = [each for rows in made.parts.values() if (each := made.pairs(rows)).serves]
    if not known:
        raise BadSetting(
            f"there are no pairs of one {words.individual} and of two to calibrate with; expected "
            f"two or more {words.individuals}, one of them in two photos or more{sided}"
        )
    twice = [np.unique(e.individuals.astype(str), return_counts=True) for e in known]
    taught = len({name for names, times in twice for name in names[times > 1]})
    if taught < TAUGHT:
        log(
            f"{words.count_individuals(taught)} with two photos or more{sided} taught it; "
            f"expected {TAUGHT} or more: take it with care"
        )
    ways = _Ways(made, matcher, lambda line: None)
    return matcher.calibrated(known, of), _calibration(made, ways)


class _Ways:
    """The halves of the individuals, and what each teaches about the other."""

    def __init__(self, made: KnownAlbum, matcher: Calibratable | None, log: Log) -> None:
        self.made, self.shipped = made, matcher
        everybody = np.unique(made.individuals.astype(str)).astype(object)
        np.random.default_rng(0).shuffle(everybody)
        self.sides = [everybody[half::2] for half in (0, 1)]
        # Of each half, what was fitted on the other one.
        self.halves: list[Calibratable] = []
        if matcher is None:
            return
        parts = [made.pairs(rows) for rows in made.parts.values()]
        for half in (0, 1):
            some = [own for each in parts if (own := each.of(self.sides[1 - half])).serves]
            if not some:
                log("too few individuals with two photos to calibrate on half of them")
                self.halves = []
                return
            self.halves.append(matcher.calibrated(some, "the other half"))
            kept = ", ".join(self.halves[-1].scores_used)
            log(f"half {half + 1} is judged by what was fitted on the other: {kept}")

    def in_half(self, half: int) -> npt.NDArray[np.bool_]:
        """Return which photos are of a half's individuals."""
        found: npt.NDArray[np.bool_] = np.isin(self.made.individuals, self.sides[half])
        return found

    def tables(self, photos: Rows) -> Iterator[tuple[str, Floats]]:
        """Yield how far photos are from each other, way by way; by the half for each that asks."""
        if self.shipped is None:
            rows = self.made.rows[photos]
            yield "distance", neighbours.of(self.made.album).table(rows, rows)
            return
        pairs = self.made.pairs(photos).found
        if self.halves:
            tables = [_table(pairs, half.evidence(pairs)) for half in self.halves]
            second = self.in_half(1)[photos]
            yield "calibrated", np.where(second[:, None], tables[1], tables[0])
        yield "shipped", _table(pairs, self.shipped.evidence(pairs))
        for column, name in enumerate(self.shipped.scores):
            yield name, _table(pairs, pairs.values[:, column])

    def half_album(self, half: int, photos: Rows) -> Album:
        """Return the album of some photos, with distances by what the other half taught."""
        album = self.made.album.take(self.made.rows[photos])
        compared = album.compared
        if not self.halves or compared is None or compared.values is None:
            return album
        told = ~np.isnan(compared.values).any(axis=1)
        count = len(album)
        distance = compared.distance.copy()
        distance[told] = self.halves[half].distances(compared.scores())
        return replace(
            album,
            compared=ComparedPairs.of(
                *(count, compared.first, compared.second, distance, compared.farthest),
                values=compared.values,
            ),
            encoder=replace(album.encoder, caveat=""),
        )


def _flanks(album: Album) -> list[str]:
    table = album.sightings
    return [str(each) for each in table[FLANK]] if FLANK in table else [""] * len(table)


def _largest(album: Album) -> dict[str, int]:
    """Return the row of the largest sighting of each photo."""
    table = album.sightings
    area = (table["right"] - table["left"]) * (table["bottom"] - table["top"])
    order = np.argsort(area.to_numpy(dtype=np.float64), kind="stable")
    return {str(table["photo_digest"].iloc[row]): int(row) for row in order}


def _table(pairs: PairScores, alike: npt.ArrayLike) -> Floats:
    """Return how far the sightings of pairs are from each other, by how alike they are."""
    table = np.full(pairs.shape, np.inf)
    table[pairs.first, pairs.second] = table[pairs.second, pairs.first] = -np.asarray(alike)
    return table


def _retrieval(made: KnownAlbum, ways: _Ways, *, plain: bool) -> pd.DataFrame:
    found = []
    flanks: dict[str, dict[str, tuple[Rows, Floats]]] = {}
    for part, photos in made.parts.items():
        seen = made.seen(photos)
        tables = ways.tables(seen)
        if plain:
            tables = chain(tables, [("plain SIFT", _plain(made, seen))])
        for way, table in tables:
            who = list(made.individuals[seen])
            found.append(_row(part, way, made.individuals[photos], leave_one_out(table, who)))
            flanks.setdefault(way, {})[part] = (seen, table)
        chance = by_chance(list(made.individuals[photos]))
        found.append(_row(part, "by chance", made.individuals[photos], chance))
    if len(made.parts) == 2:
        found += _by_sighting(made, flanks)
    return pd.DataFrame(found)


def _plain(made: KnownAlbum, photos: Rows) -> Floats:
    """Return how far photos are from each other by plain SIFT, of the whole photo."""
    paths = made.album.sightings["path"].iloc[made.rows[photos]]
    shrunk = (opening.open_shrunk(Path(path), long_edge=plain_sift.LONG_EDGE) for path in paths)
    described = [plain_sift.describe(each.small) for each in shrunk]
    with ThreadPoolExecutor(max_workers=cores()) as pool:
        table = list(
            pool.map(lambda one: [plain_sift.matches(one, x) for x in described], described)
        )
    alike = np.array(table, dtype=np.float64)
    far: Floats = -(alike + alike.T)
    return far


def _by_sighting(
    made: KnownAlbum, flanks: dict[str, dict[str, tuple[Rows, Floats]]]
) -> Iterator[dict[str, object]]:
    """Yield the figures of encounters: what is alike of either flank, added up."""
    sides = np.isin(made.flanks, (LEFT, RIGHT))
    events, first, of_photo = np.unique(
        made.events[sides].astype(str), return_index=True, return_inverse=True
    )
    event_of = np.full(len(made.events), -1)
    event_of[sides] = of_photo
    who = made.individuals[sides][first]
    for way, parts in flanks.items():
        total = np.zeros((len(events), len(events)))
        known = np.zeros_like(total, dtype=np.bool_)
        for seen, table in parts.values():
            best = np.full_like(total, np.inf)
            own = event_of[seen]
            np.minimum.at(best, (own[:, None], own[None, :]), table)
            told = np.isfinite(best)
            total[told] += best[told]
            known |= told
        total[~known] = np.inf
        some = known.any(axis=1)
        asked = leave_one_out(total[np.ix_(some, some)], list(who[some]))
        yield _row(BOTH, way, who, asked)
    yield _row(BOTH, "by chance", who, by_chance(list(who)))


def _row(part: str, way: str, who: npt.NDArray[Any], found: Retrieval) -> dict[str, object]:
    queries = by_chance(list(who)).queries
    share = found.queries / queries if queries else np.nan
    return {
        "part": part,
        "by": way,
        "photos": len(who),
        "individuals": len(set(who)),
        "queries": queries,
        "r1": 100 * found.rank1 * share,
        "r5": 100 * found.rank5 * share,
        "mAP": 100 * found.mean_average_precision * share,
    }


def _calibration(made: KnownAlbum, ways: _Ways) -> pd.DataFrame:
    found = []
    for half, fitted in enumerate(ways.halves):
        for part, photos in made.parts.items():
            own = made.pairs(photos).of(ways.sides[half])
            if not own.serves:
                continue
            same = own.same
            none = np.zeros(len(same))
            for way, matcher in (
                ("calibrated", fitted),
                ("shipped", ways.shipped),
                ("share", None),
            ):
                evidence = none if matcher is None else matcher.evidence(own.found)
                told = reliability(probability_of(evidence, float(same.mean())), same)
                found.append(
                    {
                        "part": part,
                        "half": half + 1,
                        "by": way,
                        "pairs": told.pairs,
                        "error": told.error,
                        "expected": told.expected,
                        "sure": told.sure,
                        "right": told.sure_right,
                    }
                )
    return pd.DataFrame(found)


def _parts_of_halves(made: KnownAlbum, ways: _Ways) -> Iterator[tuple[str, int, Rows]]:
    """Yield the photos of each part and half in which something was found, if they are several."""
    for part, photos in made.parts.items():
        for half in (0, 1):
            own = made.seen(photos[ways.in_half(half)[photos]])
            if len(set(made.individuals[own])) >= FEWEST:
                yield part, half, own


def _grouping(
    made: KnownAlbum, ways: _Ways, settings: GroupingSettings, answers: Sequence[int]
) -> pd.DataFrame:
    found = []
    for part, half, photos in _parts_of_halves(made, ways):
        who = made.individuals[photos]
        album = ways.half_album(half, photos)
        scored = simulated_review.review(album, who, settings, after=answers)
        labels = group_album(album, settings).clustering.labels
        found_so, together, alone = (
            score_grouping(who, each)
            for each in (labels, np.zeros_like(labels), np.arange(len(who)))
        )
        told = {f"after {count}": each.score for count, each in zip(answers, scored, strict=True)}
        common = {"part": part, "half": half + 1, "photos": len(who), "individuals": len(set(who))}
        beside = {"each alone": alone.bcubed_f, "all together": together.bcubed_f}
        # Of pairs, those in one group: each alone has none.
        pairs = {"pairwise": found_so.pairwise_f, "all pairs": together.pairwise_f}
        found.append({**common, **beside, **told, **pairs})
    return pd.DataFrame(found)


def _count(made: KnownAlbum, ways: _Ways, settings: GroupingSettings, draws: int) -> pd.DataFrame:
    found = []
    for part, half, photos in _parts_of_halves(made, ways):
        others = made.seen(made.parts[part][ways.in_half(1 - half)[made.parts[part]]])
        try:
            recall = population.recall_of(
                list(made.individuals[others]), _nearest(ways.half_album(1 - half, others))
            )
        except BadSetting:
            continue
        who = made.individuals[photos]
        true = len(set(who))
        album = ways.half_album(half, photos)
        near, groups = _nearest(album), len(group_album(album, settings).clustering)
        alike = counting.alike(album, np.arange(len(album)))
        for count in STRIPS:
            if count > len(who):
                continue
            estimates = []
            for seed in range(draws):
                strips = [
                    population.Strip(
                        int(photo),
                        tuple(near[photo].tolist()),
                        tuple(int(x) for x in near[photo] if who[x] == who[photo]),
                    )
                    for photo in population.draw(len(who), count, seed=seed)
                ]
                estimates.append(population.estimate(strips, len(who), recall=recall, alike=alike))
            found.append(
                {
                    "part": part,
                    "half": half + 1,
                    "individuals": true,
                    "strips": count,
                    "recall": recall.share,
                    "holds": float(np.mean([e.low <= true <= e.high for e in estimates])),
                    "width": float(np.mean([(e.high - e.low) / true for e in estimates])),
                    "estimate": float(np.mean([e.k for e in estimates])),
                    "groups": groups,
                    "photos": len(who),
                }
            )
    return pd.DataFrame(found)


def _laterality(made: KnownAlbum, settings: GroupingSettings) -> pd.DataFrame:
    if made.tried is None or not len(made.tried):
        return pd.DataFrame()
    threshold = group_album(made.album, settings).threshold.value
    found = laterality.of_album(made.album, made.tried, threshold=threshold)
    if found is None:
        return pd.DataFrame()
    rows = [
        ("opposite", found.opposite, found.opposite_near, *found.opposite_interval),
        ("one", found.same, found.same_near, *found.same_interval),
    ]
    table = pd.DataFrame(rows, columns=["flanks", "pairs", "alike", "low", "high"])
    table.insert(3, "share", table["alike"] / table["pairs"].clip(lower=1))
    return table


def _nearest(album: Album) -> npt.NDArray[np.int64]:
    return population.nearest(neighbours.of(album).table())
