"""What scores of two say about them being one, as it was fitted on known individuals."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from toolkit.errors import BadSetting
from toolkit.files import read_regular, reason_of, write_text
from toolkit.names import printable
from toolkit.records import LabelledPairs, PairScores

Floats = npt.NDArray[np.float64]

# Distances lie from 0, surely one, to this, surely two; the evidence is even half-way.
FARTHEST = 2.0
EVEN, SLOPE = 1.0, 10.0

# Scores that count marks, and those whose square root counts; all others are cosines. Print has so
# many marks that two products of one maker have a lot in common: how many still tells them apart.
MARKS, ROOTS = ("upright", "turned", "disk"), ("printed",)
# Marks in common beyond which more say nothing more, what counts as one of them, and of cosines.
ENOUGH, TENS, THIRDS, TENTHS = 80.0, 0.1, 0.3, 10.0
# Deviation that is there even where all values are alike.
LEAST_DEVIATION = 0.1
# Pairs of a sighting, of those that stand for all, below which they say no mean.
FEWEST_TYPICAL = 8
# Keeps weights finite where the pairs of one individual are told from all others without a mistake.
RIDGE = 0.005
# Parts into which individuals are put to see what helps on others, and by how much the mean average
# precision (0 to 1) must be better without a score for it to go: less is chance.
FOLDS, HELPS = 3, 0.01
# By how much that must be better for others to count.
CLEARLY = 0.02
# Keeps the weights that order pairs small.
SMALL = 0.01
# Less likely ones are not asked what they say of a pair; how many sightings are asked at once.
FAINT, TOGETHER = 0.01, 512
# Places behind which the weight of what others say has fallen to a third.
NEAR = 4.0
# Rounds after which the share of pairs that are one individual stands still.
ROUNDS = 30
FORMAT, LARGEST = "sightings pattern calibration 2", 1 << 20


@dataclass(frozen=True)
class PatternCalibration:
    """
    A logistic model of the scores of a pair.

    The evidence that two sightings are one individual is `start` and, for each score, its value (of
    marks, in tens, or their square root; of cosines, in tenths) times its weight, and how far that
    is above what the two have with others, in standard deviations, times the other weight. Where it
    helps, what those say that are likely one with either of the two counts as well: see
    `through_others`.

    Attributes
    ----------
    scores : tuple of str
        What it is of, as `toolkit.subjects.base.Matcher.scores` calls them.
    start : float
        Log-odds without all that, at even odds before.
    weights : tuple of float
        Of each score.
    stands_out : tuple of float
        Of how far each stands out among those of the same sightings.
    fitted_on : str
        What they were.
    others : tuple of three float, or ()
        Log-odds without all that, the weight of the evidence of the two, and of that through
        others; () where others do not count.
    """

    scores: tuple[str, ...]
    start: float
    weights: tuple[float, ...]
    stands_out: tuple[float, ...]
    fitted_on: str
    others: tuple[float, ...] = ()
    slope: ClassVar[float] = SLOPE
    even: ClassVar[float] = EVEN

    def __post_init__(self) -> None:
        if not len(self.scores) == len(self.weights) == len(self.stands_out):
            raise ValueError("a calibration has two weights for each score")
        if len(self.others) not in (0, 3):
            raise ValueError("of others, a calibration has three numbers or none")
        numbers = (self.start, *self.weights, *self.stands_out, *self.others)
        if not all(math.isfinite(each) for each in numbers):
            raise ValueError("the weights of a calibration are numbers")

    def evidence(self, found: PairScores, scores: Sequence[str]) -> Floats:
        """
        Return the log-odds of each pair at even odds before; shape (p,).

        `scores` names the columns of what was found; those that this is not of count nothing.
        """
        columns = [list(scores).index(name) for name in self.scores]
        own = replace(found, values=found.values[:, columns])
        model = np.array(self.weights + self.stands_out)
        result: Floats = self.start + features_of(own, self.scores) @ model
        if self.others:
            start, of_two, of_others = self.others
            result = start + of_two * result + of_others * through_others(found, result)
        return result

    def distances(self, found: PairScores, scores: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return how far the two of each pair are from each other, 0 to `FARTHEST`."""
        away = self.even - self.evidence(found, scores) / self.slope
        return np.clip(away, 0.0, FARTHEST).astype(np.float32)

    def save(self, path: Path) -> None:
        """Write it as JSON, for `read`."""
        told = {"format": FORMAT, **asdict(self)}
        write_text(path, json.dumps(told, indent=2) + "\n")


def read(path: Path) -> PatternCalibration:
    """
    Read a calibration that was written by `PatternCalibration.save`.

    Raises
    ------
    BadSetting
        If it cannot be read.
    """
    try:
        told = json.loads(read_regular(path, most=LARGEST).decode("utf-8"))
        if not isinstance(told, dict) or told.pop("format", None) != FORMAT:
            raise ValueError("it is of another form, or of another version")
        if set(told) != {each.name for each in fields(PatternCalibration)}:
            raise ValueError("it lacks an entry, or has one too many")
        return PatternCalibration(
            tuple(map(str, told["scores"])),
            float(told["start"]),
            _weights(told["weights"]),
            _weights(told["stands_out"]),
            printable(str(told["fitted_on"]))[:200],
            _of_others(told["others"]),
        )
    except (OSError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise BadSetting(
            f"{path} cannot be read as a calibration: {printable(reason_of(error))}. Make one with "
            '"sightings calibrate KNOWN"'
        ) from error


def _weights(told: Any) -> tuple[float, ...]:
    found = tuple(map(float, told))
    if min(found, default=0.0) < 0:
        raise ValueError("a weight is below 0")
    return found


def _of_others(told: Any) -> tuple[float, ...]:
    found = tuple(map(float, told))
    return (found[0], *_weights(found[1:])) if found else ()


def fit(
    parts: Sequence[LabelledPairs], scores: Sequence[str], of: str, *, choose: bool = True
) -> PatternCalibration:
    """
    Fit the model on pairs of known individuals.

    Its weights are the mean of two models'. One orders: of all that a sighting was compared with,
    its own individual is to come first (conditional logit). The other is a logistic model of all
    pairs, most of which nobody would take for one individual. What the sum of scores says is a
    logistic model of it alone. What others say of two is weighed in the same way, and counts where
    individuals that were not fitted on are found better by it.

    Parameters
    ----------
    parts : sequence of LabelledPairs
        Albums, each of which counts as much as every other.
    scores : sequence of str
        What the columns of their scores are called.
    of : str
        What they are, for `PatternCalibration.fitted_on`.
    choose : bool
        Leave out scores without which individuals that were not fitted on are found better, and let
        others count where that helps; else all scores count, and others do not.

    Raises
    ------
    BadSetting
        If an album has no pair of one individual, or none of two.

    References
    ----------
    .. [1] D. McFadden, Conditional logit analysis of qualitative choice behavior, 1974.
    .. [2] J. Platt, Probabilistic outputs for support vector machines, 1999.
    """
    if not parts or not all(each.serves for each in parts):
        raise BadSetting(
            "there must be pairs of one individual and of two to calibrate with; expected two or "
            "more individuals, one of them in two photos or more"
        )
    chosen = tuple(scores)
    folds = list(_folds(parts)) if choose else []

    def precision(some: tuple[str, ...]) -> float:
        models = [_fitted(known, scores, some, "") for known, _ in folds]
        return _found_elsewhere(folds, parts, scores, models)[1]

    found = precision(chosen) if folds and len(chosen) > 1 else 0.0
    while folds and len(chosen) > 1:
        fewer = [tuple(name for name in chosen if name != out) for out in chosen]
        without = [precision(some) for some in fewer]
        best = int(np.argmax(without))
        if without[best] < found + HELPS:
            break
        found, chosen = without[best], fewer[best]
    fitted = _fitted(parts, scores, chosen, of)
    alone = [_fitted(known, scores, chosen, "") for known, _ in folds]
    both = [
        _with_others(each, known, scores) for each, (known, _) in zip(alone, folds, strict=True)
    ]
    if folds:
        before, after = (_found_elsewhere(folds, parts, scores, way) for way in (alone, both))
        # The nearest must not be lost for what comes far behind.
        if after[1] >= before[1] + CLEARLY and after[0] >= before[0] - HELPS:
            return _with_others(fitted, parts, scores)
    return fitted


# Albums of most individuals, and who the others are.
_Fold = tuple[list[LabelledPairs], npt.NDArray[Any]]


def _folds(parts: Sequence[LabelledPairs]) -> Iterator[_Fold]:
    everybody = np.unique(np.concatenate([each.individuals for each in parts]))
    np.random.default_rng(0).shuffle(everybody)
    for fold in range(FOLDS):
        others = everybody[fold::FOLDS]
        rest = np.setdiff1d(everybody, others)
        fitted = [some for each in parts if (some := each.of(rest)).serves]
        if fitted and any(each.of(others).same.any() for each in parts):
            yield fitted, others


def _found_elsewhere(
    folds: Sequence[_Fold],
    parts: Sequence[LabelledPairs],
    scores: Sequence[str],
    models: Sequence[PatternCalibration],
) -> tuple[float, float]:
    """
    Return how well sightings are found whose individuals were not fitted on.

    That is the share whose nearest is the same individual, and the mean average precision.
    """
    found = []
    for model, (_, others) in zip(models, folds, strict=True):
        for each in parts:
            ends, order = _ends_of(each.found)
            asked = np.isin(each.individuals, others)[ends]
            same = np.tile(each.same, 2)[order]
            alike = np.tile(model.evidence(each.found, scores), 2)[order]
            if same[asked].any():
                found.append(_nearest_and_precision(ends[asked], alike[asked], same[asked]))
    first, precision = np.mean(np.array(found), axis=0).tolist()
    return first, precision


def _nearest_and_precision(
    ends: npt.NDArray[np.int64], alike: Floats, same: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    """Return both over sightings with another one of their individual; `ends` is in order."""
    found = []
    starts = np.flatnonzero(np.diff(ends, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(ends)], strict=True):
        hits = same[start:end][np.argsort(-alike[start:end], kind="stable")]
        if hits.any():
            precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
            found.append((float(hits[0]), float(precision[hits].mean())))
    first, precision = np.mean(np.array(found), axis=0).tolist()
    return first, precision


def _ends_of(found: PairScores) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return pairs, each from either of the two: whose it is, in order, and where it was."""
    ends = np.concatenate([found.first, found.second])
    order = np.argsort(ends, kind="stable")
    return ends[order], order


def _own(each: LabelledPairs, scores: Sequence[str], chosen: tuple[str, ...]) -> Floats:
    columns = [list(scores).index(name) for name in chosen]
    return features_of(replace(each.found, values=each.found.values[:, columns]), chosen)


def _fitted(
    parts: Sequence[LabelledPairs], scores: Sequence[str], chosen: tuple[str, ...], of: str
) -> PatternCalibration:
    rows = [_own(each, scores, chosen) for each in parts]
    start, model = _weighed(rows, parts)
    found, half = model.tolist(), len(chosen)
    return PatternCalibration(chosen, start, tuple(found[:half]), tuple(found[half:]), of)


def _with_others(
    model: PatternCalibration, parts: Sequence[LabelledPairs], scores: Sequence[str]
) -> PatternCalibration:
    """Fit how much others count beside what the two of a pair have in common."""
    own = [model.evidence(each.found, scores) for each in parts]
    rows = [
        np.stack([alone, through_others(each.found, alone)], axis=1)
        for each, alone in zip(parts, own, strict=True)
    ]
    start, weights = _weighed(rows, parts)
    return replace(model, others=(start, *weights.tolist()))


def _weighed(rows: Sequence[Floats], parts: Sequence[LabelledPairs]) -> tuple[float, Floats]:
    """Return the start and the weights: of what orders pairs, and of what tells them, the mean."""
    same = [each.same for each in parts]
    _, by_odds = _logistic(rows, same)
    ordered = _by_order(rows, parts)
    _, times = _logistic([(each @ ordered)[:, None] for each in rows], same)
    model = (ordered * times[0] + by_odds) / 2
    start, times = _logistic([(each @ model)[:, None] for each in rows], same)
    return start, model * times[0]


def _by_order(rows: Sequence[Floats], parts: Sequence[LabelledPairs]) -> Floats:
    """Fit weights with which the own individual comes before others."""
    from scipy.optimize import minimize

    albums = [_Queries(own, each) for own, each in zip(rows, parts, strict=True)]
    count = rows[0].shape[1]

    def cost(model: Floats) -> tuple[float, Floats]:
        found = [each.cost(model) for each in albums]
        value = float(np.mean([each for each, _ in found])) + SMALL * float(model @ model)
        slope: Floats = np.mean([each for _, each in found], axis=0) + 2 * SMALL * model
        return value, slope

    # What two have in common never speaks against them.
    best: Floats = minimize(
        cost, np.full(count, 0.1), jac=True, bounds=[(0.0, None)] * count, method="L-BFGS-B"
    ).x
    return best


class _Queries:
    """The pairs of each sighting that has another one of its individual."""

    def __init__(self, rows: Floats, of: LabelledPairs) -> None:
        ends, order = _ends_of(of.found)
        same = np.tile(of.same, 2)[order]
        asked = np.bincount(ends, same, of.found.shape[0])[ends] > 0
        self.rows, self.same = np.concatenate([rows, rows])[order][asked], same[asked]
        self.starts = np.flatnonzero(np.diff(ends[asked], prepend=-1))
        self.count = np.diff([*self.starts, len(self.same)])

    def cost(self, model: Floats) -> tuple[float, Floats]:
        """Return by how much the own individual lacks certainty, and the slope of it."""
        values = self.rows @ model
        values -= np.repeat(np.maximum.reduceat(values, self.starts), self.count)
        every = np.exp(values)
        own = np.where(self.same, np.maximum(every, 1e-300), 0.0)
        of_every, of_own = (np.add.reduceat(each, self.starts) for each in (every, own))
        share = every / np.repeat(of_every, self.count) - own / np.repeat(of_own, self.count)
        return float(np.log(of_every / of_own).mean()), self.rows.T @ share / len(self.starts)


def _logistic(
    rows: Sequence[Floats], same: Sequence[npt.NDArray[np.bool_]]
) -> tuple[float, Floats]:
    """Fit log-odds, at even odds before, on albums that count alike: start, and weights >= 0."""
    from scipy.optimize import minimize
    from scipy.special import expit

    every, labels = np.concatenate(rows), np.concatenate(same)
    weights = np.concatenate([np.full(len(each), 1 / len(each)) for each in same])
    weights *= len(labels) / len(same)
    signs = np.where(labels, 1.0, -1.0)

    def cost(model: Floats) -> tuple[float, Floats]:
        margin = signs * (model[0] + every @ model[1:])
        slope = -weights * signs * expit(-margin)
        value = float(weights @ np.logaddexp(0.0, -margin)) + RIDGE * float(model @ model)
        return value, np.concatenate([[slope.sum()], every.T @ slope]) + 2 * RIDGE * model

    # What two have in common never speaks against them.
    count = every.shape[1]
    bounds = [(None, None), *[(0.0, None)] * count]
    best = minimize(cost, np.zeros(count + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    # How many are one individual is a matter of the album, and no evidence.
    share = float(np.average(labels, weights=weights))
    return float(best[0]) - float(np.log(share / (1 - share))), best[1:]


def features_of(found: PairScores, scores: Sequence[str]) -> Floats:
    """
    Return what the model takes of each pair.

    Parameters
    ----------
    found : PairScores
        p pairs with c scores.
    scores : sequence of str
        What they are called, c.

    Returns
    -------
    numpy.ndarray
        Shape (p, 2 c): each score (marks in tens, up to `ENOUGH`; of print .3 times the square
        root; cosines in tenths); then how many standard deviations each is above the mean of the
        pairs of either of the two, the mean of both.
    """
    values = found.values.astype(np.float64)
    for column, name in enumerate(scores):
        if name in MARKS:
            values[:, column] = np.minimum(values[:, column], ENOUGH) * TENS
        elif name in ROOTS:
            values[:, column] = np.sqrt(np.maximum(values[:, column], 0.0)) * THIRDS
        else:
            values[:, column] *= TENTHS
    n, m = found.shape
    if found.within:
        # Either may be the one that is asked about.
        ends = np.concatenate([found.first, found.second])
        with_ = np.concatenate([found.second, found.first])
        typical = _with_all(with_, n, n - 1) if found.listed else None
        standing = _standing(np.concatenate([values, values]), ends, n, typical)
        ours, theirs = standing[: len(values)], standing[len(values) :]
    else:
        with_ours, with_theirs = (
            (_with_all(found.first, n, m), _with_all(found.second, m, n))
            if found.listed
            else (None, None)
        )
        ours = _standing(values, found.first, n, with_theirs)
        theirs = _standing(values, found.second, m, with_ours)
    return np.concatenate([values, (ours + theirs) / 2], axis=1)


def _with_all(ends: npt.NDArray[np.int64], count: int, others: int) -> npt.NDArray[np.bool_]:
    """Return which pairs are with one that was compared with all others; shape of `ends`."""
    found: npt.NDArray[np.bool_] = (np.bincount(ends, minlength=count) >= others)[ends]
    return found


def _standing(
    values: Floats,
    ends: npt.NDArray[np.int64],
    count: int,
    typical: npt.NDArray[np.bool_] | None,
) -> Floats:
    """
    Return how far each value is from the mean of those with the same end, in deviations.

    Of a shortlist, `typical` says which pairs stand for all: most others were chosen for being
    alike. An end that has few of these is compared with all that it has.
    """
    weight = np.ones(len(ends)) if typical is None else typical.astype(np.float64)
    few = np.bincount(ends, weight, count) < FEWEST_TYPICAL
    weight = np.where(few[ends], 1.0, weight)
    several = np.maximum(np.bincount(ends, weight, count), 1)
    found = np.empty_like(values)
    for column in range(values.shape[1]):
        own = values[:, column]
        mean = np.bincount(ends, weight * own, count) / several
        square = np.bincount(ends, weight * own**2, count) / several
        deviation = np.sqrt(np.maximum(square - mean**2, 0.0) + LEAST_DEVIATION**2)
        found[:, column] = (own - mean[ends]) / deviation[ends]
    return found


def through_others(found: PairScores, evidence: Floats) -> Floats:
    """
    Return the evidence of each pair together with what others say of it.

    Who is likely one with the first of a pair speaks about the second, and the other way round: the
    mean of the evidence of the pair and of all those, each weighed by how likely it is that it is
    one with the first, and the less the more there are that are likelier (query expansion); then
    the mean of both directions. Others of which it is
    not known how they compare with the second say nothing, so that without any the evidence is that
    of the pair.

    Parameters
    ----------
    found : PairScores
        p pairs, none twice.
    evidence : numpy.ndarray
        Shape (p,): the log-odds of each at even odds before.

    Returns
    -------
    numpy.ndarray
        Shape (p,), float64. Between an album and references, of which pairs among each are not
        there, that is `evidence`.

    References
    ----------
    .. [1] O. Chum et al., Total recall: automatic query expansion with a generative feature model
       for object retrieval, 2007.
    """
    from scipy.sparse import coo_array

    if not found.within or not len(found):
        return evidence
    first, second, n = found.first, found.second, found.shape[0]
    either, other = np.concatenate([first, second]), np.concatenate([second, first])

    def table(values: Floats) -> Any:
        told = values != 0
        return coo_array((values[told], (either[told], other[told])), shape=(n, n)).tocsr()

    pairs = n * (n - 1) // 2 if found.listed else len(evidence)
    likely = np.tile(_likely(evidence, pairs), 2)
    both = np.tile(evidence, 2)
    heard = np.where(likely >= FAINT, likely * np.exp(-_places(either, both) / NEAR), 0.0)
    usual = float(np.median(evidence))
    speak, said, compared = table(heard), table(both), table(np.ones(len(both)))
    order = np.argsort(either, kind="stable")
    ends, own = either[order], both[order]
    mean = np.empty(len(order))
    for start in range(0, n, TOGETHER):
        some = slice(*np.searchsorted(ends, [start, start + TOGETHER]))
        here = (ends[some] - start, other[order[some]])
        rows = speak[start : start + TOGETHER]
        total, weight = ((rows @ each).toarray()[here] for each in (said, compared))
        if found.listed:
            # Pairs that were not chosen are as unlike as most of those that were, or more so.
            absent = np.asarray(rows.sum(axis=1))[here[0]] - heard[order[some]] - weight
            total, weight = total + usual * absent, weight + absent
        mean[order[some]] = (own[some] + total) / (1.0 + weight)
    half = len(evidence)
    result: Floats = (mean[:half] + mean[half:]) / 2
    return result


def _places(ends: npt.NDArray[np.int64], evidence: Floats) -> npt.NDArray[np.int64]:
    """Return the place of each by its evidence among those of one end, from 1 on; equals share."""
    order = np.lexsort((-evidence, ends))
    in_order, told = ends[order], evidence[order]
    begins = np.diff(in_order, prepend=-1) != 0
    rows = np.arange(len(order))
    first = np.maximum.accumulate(np.where(begins, rows, 0))
    # Of equals, the place of the first.
    leads = begins | (np.diff(told, prepend=np.inf) != 0)
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.maximum.accumulate(np.where(leads, rows, 0)) - first + 1
    return found


def _likely(evidence: Floats, pairs: int) -> Floats:
    """
    Return how likely each pair is one individual, in an album of unknown share of such pairs.

    The share is the one at which it is the mean of the probabilities (expectation maximisation).
    """
    from scipy.special import expit

    share = 0.5 / pairs
    for _ in range(ROUNDS):
        likely: Floats = expit(evidence + np.log(share / (1 - share)))
        share = (float(likely.sum()) + 0.5) / (pairs + 1)
    return likely


def of_most(
    calibrations: Sequence[PatternCalibration], scores: Sequence[str]
) -> PatternCalibration:
    """
    Return the one that is of most of these scores.

    Raises
    ------
    BadSetting
        If none is of these, or of some of them.
    """
    served = [each for each in calibrations if set(each.scores) <= set(scores)]
    if not served:
        raise BadSetting(
            f"no calibration is shipped for {', '.join(scores)}: make one with "
            '"sightings calibrate KNOWN"'
        )
    return max(served, key=lambda each: len(each.scores))
