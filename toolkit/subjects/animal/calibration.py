"""What scores of two animals say about them being one, as it was fitted on known individuals."""

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

# Scores that count marks; all others are cosines.
MARKS = ("upright", "turned", "disk", "upright_matched", "turned_matched")
# Marks in common beyond which more say nothing more, what counts as one of them, and of cosines.
ENOUGH, TENS, TENTHS = 40.0, 0.1, 10.0
# Deviation that is there even where all values are alike.
LEAST_DEVIATION = 0.1
# Keeps weights finite where the pairs of one individual are told from all others without a mistake.
RIDGE = 0.005
# Parts into which individuals are put to see what helps on others; by how much the loss must fall.
FOLDS, HELPS = 3, 0.002
FORMAT, LARGEST = "sightings pattern calibration 1", 1 << 20


@dataclass(frozen=True)
class PatternCalibration:
    """
    A logistic model of the scores of a pair.

    The evidence that two sightings are one individual is `start` and, for each score, its value (of
    marks, in tens; of cosines, in tenths) times its weight, and how far that is above what the two
    have with others, in standard deviations, times the other weight.

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
        The animals.
    """

    scores: tuple[str, ...]
    start: float
    weights: tuple[float, ...]
    stands_out: tuple[float, ...]
    fitted_on: str
    slope: ClassVar[float] = SLOPE
    even: ClassVar[float] = EVEN

    def __post_init__(self) -> None:
        if not len(self.scores) == len(self.weights) == len(self.stands_out):
            raise ValueError("a calibration has two weights for each score")
        if not all(math.isfinite(each) for each in (self.start, *self.weights, *self.stands_out)):
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


def fit(
    parts: Sequence[LabelledPairs], scores: Sequence[str], of: str, *, choose: bool = True
) -> PatternCalibration:
    """
    Fit the model on pairs of known individuals.

    Parameters
    ----------
    parts : sequence of LabelledPairs
        Albums, each of which counts as much as every other.
    scores : sequence of str
        What the columns of their scores are called.
    of : str
        The animals, for `PatternCalibration.fitted_on`.
    choose : bool
        Leave scores out that do not help on individuals that were not fitted on.

    Raises
    ------
    BadSetting
        If an album has no pair of one individual, or none of two.

    References
    ----------
    .. [1] J. Platt, Probabilistic outputs for support vector machines, 1999.
    """
    if not parts or not all(each.serves for each in parts):
        raise BadSetting(
            "there must be pairs of one individual and of two to calibrate with; expected two or "
            "more individuals, one of them in two photos or more"
        )
    chosen = tuple(scores)
    folds = list(_folds(parts)) if choose and len(chosen) > 1 else []
    while folds and len(chosen) > 1:
        losses = {
            some: _loss_elsewhere(folds, scores, some)
            for some in (chosen, *(tuple(n for n in chosen if n != name) for name in chosen))
        }
        best = min(losses, key=lambda some: (losses[some], len(some)))
        # One that is left out costs at most what cannot be told from nothing.
        if len(best) == len(chosen):
            best = min((some for some in losses if some != chosen), key=lambda some: losses[some])
            if losses[best] > losses[chosen] * (1 + HELPS):
                break
        chosen = best
    return _fitted(parts, scores, chosen, of)


def _folds(
    parts: Sequence[LabelledPairs],
) -> Iterator[tuple[list[LabelledPairs], list[LabelledPairs]]]:
    """Yield albums of most individuals, and of the others, fold by fold."""
    everybody = np.unique(np.concatenate([each.individuals for each in parts]))
    np.random.default_rng(0).shuffle(everybody)
    for fold in range(FOLDS):
        others = everybody[fold::FOLDS]
        rest = np.setdiff1d(everybody, others)
        fitted = [some for each in parts if (some := each.of(rest)).serves]
        tried = [some for each in parts if (some := each.of(others)).serves]
        if fitted and tried:
            yield fitted, tried


def _loss_elsewhere(
    folds: Sequence[tuple[list[LabelledPairs], list[LabelledPairs]]],
    scores: Sequence[str],
    chosen: tuple[str, ...],
) -> float:
    """Return the mean loss of pairs of individuals that were not fitted on."""
    lost = []
    for fitted, tried in folds:
        model = _fitted(fitted, scores, chosen, "")
        for each in tried:
            same = each.same
            odds = model.evidence(each.found, scores) + _log_odds(float(same.mean()))
            lost.append(float(np.logaddexp(0.0, np.where(same, -odds, odds)).mean()) / same.mean())
    return float(np.mean(lost))


def _log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


def _fitted(
    parts: Sequence[LabelledPairs], scores: Sequence[str], chosen: tuple[str, ...], of: str
) -> PatternCalibration:
    from scipy.optimize import minimize
    from scipy.special import expit

    columns = [list(scores).index(name) for name in chosen]
    rows = np.concatenate(
        [features_of(replace(e.found, values=e.found.values[:, columns]), chosen) for e in parts]
    )
    labels = np.concatenate([each.same for each in parts])
    weights = np.concatenate([np.full(len(each.found), 1 / len(each.found)) for each in parts])
    weights *= len(labels) / len(parts)
    signs = np.where(labels, 1.0, -1.0)

    def cost(model: Floats) -> tuple[float, Floats]:
        margin = signs * (model[0] + rows @ model[1:])
        slope = -weights * signs * expit(-margin)
        value = float(weights @ np.logaddexp(0.0, -margin)) + RIDGE * float(model @ model)
        return value, np.concatenate([[slope.sum()], rows.T @ slope]) + 2 * RIDGE * model

    # What two have in common never speaks against them.
    count = rows.shape[1]
    bounds = [(None, None), *[(0.0, None)] * count]
    best = minimize(cost, np.zeros(count + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
    # How many are one individual is a matter of the album, and no evidence.
    start = float(best[0]) - _log_odds(float(np.average(labels, weights=weights)))
    found = best[1:].tolist()
    half = count // 2
    return PatternCalibration(chosen, start, tuple(found[:half]), tuple(found[half:]), of)


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
        Shape (p, 2 c): each score (marks in tens, up to `ENOUGH`; cosines in tenths); then how many
        standard deviations each is above the mean of the pairs of either of the two, the mean of
        both.
    """
    units = np.array([TENS if name in MARKS else TENTHS for name in scores])
    most = np.array([ENOUGH if name in MARKS else np.inf for name in scores])
    values = np.minimum(found.values.astype(np.float64), most) * units
    n, m = found.shape
    if found.within:
        # Either may be the one that is asked about.
        standing = _standing(
            np.concatenate([values, values]), np.concatenate([found.first, found.second]), n
        )
        ours, theirs = standing[: len(values)], standing[len(values) :]
    else:
        ours, theirs = _standing(values, found.first, n), _standing(values, found.second, m)
    return np.concatenate([values, (ours + theirs) / 2], axis=1)


def _standing(values: Floats, ends: npt.NDArray[np.int64], count: int) -> Floats:
    """Return how far each value is from the mean of those with the same end, in deviations."""
    several = np.maximum(np.bincount(ends, minlength=count), 1)
    found = np.empty_like(values)
    for column in range(values.shape[1]):
        own = values[:, column]
        mean = np.bincount(ends, own, count) / several
        square = np.bincount(ends, own**2, count) / several
        deviation = np.sqrt(np.maximum(square - mean**2, 0.0) + LEAST_DEVIATION**2)
        found[:, column] = (own - mean[ends]) / deviation[ends]
    return found


# On 502 photos of 84 nyala, either flank for itself.
SHIPPED = (
    PatternCalibration(("upright", "turned"), -0.796, (0.0, 0.880), (0.635, 0.187), "nyala"),
)


def shipped(scores: Sequence[str]) -> PatternCalibration:
    """Return the calibration of most of these scores that is shipped."""
    served = [each for each in SHIPPED if set(each.scores) <= set(scores)]
    if not served:
        raise BadSetting(
            f"no calibration is shipped for {', '.join(scores)}: make one with "
            '"sightings calibrate KNOWN"'
        )
    return max(served, key=lambda each: len(each.scores))
