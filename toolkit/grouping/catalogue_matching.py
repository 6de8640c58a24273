"""
Which product of a catalogue a sighting is, how sure that is, or that it is none of them.

How sure is worked out, not set: the calibration says what a distance is worth, all products and
"none of them" share one probability, and the catalogue itself says how far that can be believed.
Each of its photos is sought among the others, once with the other photos of its product there and
once without them, as if the product were unknown.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.calibration import Calibration
from toolkit.grouping import identification, thresholds
from toolkit.grouping.identification import Matches, References
from toolkit.grouping.linkage import reach
from toolkit.records import Album

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

# The probability from which on a sighting is surely a product, and below which it is surely none.
SURE, MAY_BE = 0.99, 0.2
# Below which the likeliest product is likelier not there than there.
LIKELY = 0.5
# Products that are named where it is unsure which one it is.
BEST = 3
# Photos of a catalogue that are sought among the others: more say nothing more.
TRIED = 2000
# Photos that are sought at a time: a table of each and all the others is made.
BLOCK = 256
# How much what is fitted on a catalogue may depart from the calibration where its photos say
# little: standard deviations of the start, and of the logarithm of the slope; and of the start
# where each product has one photo, so that nothing shows what a product found again looks like.
START, SLOPE, START_ALONE = 3.0, 1.0, 1.0
# Log-odds beyond which more say nothing more: two products that look like one shall not make all
# others unsure.
MOST = 10.0
# What a sighting can be.
UNSURE, KNOWN, NEW, IGNORED = "unsure", "known", "new", "ignored"


@dataclass(frozen=True)
class Trust:
    """
    What log-odds are worth among the photos of a catalogue: ``start + slope * log_odds``.

    Attributes
    ----------
    start, slope : float
        0 and 1 where nothing is known but the calibration.
    found, others : int
        Photos of the catalogue that were sought with others of their product there, and without.
    right : int
        Of those with others there, how many found their product first.
    """

    start: float = 0.0
    slope: float = 1.0
    found: int = 0
    others: int = 0
    right: int = 0

    def probability(self, log_odds: npt.ArrayLike) -> Floats:
        """Return what probability log-odds stand for, 0 to 1."""
        odds = self.start + self.slope * np.asarray(log_odds, dtype=np.float64)
        result: Floats = 1.0 / (1.0 + np.exp(-np.clip(odds, -500, 500)))
        return result


@dataclass(frozen=True)
class CatalogueMatches(Matches):
    """
    Which product each sighting is, beside what `Matches` holds.

    Attributes
    ----------
    best : numpy.ndarray
        Shape (n, 3), int64: the products that are likeliest, likeliest first, by their place among
        `References.names`; -1 where there are fewer.
    probability : numpy.ndarray
        Shape (n, 3), float64: how likely each of these is, 0 to 1.
    beside : numpy.ndarray
        Shape (n, 3), of str or None: the photo of each that is nearest.
    state : numpy.ndarray
        Shape (n,), of str: "known", "unsure", "new", or "ignored".
    trust : Trust
        How far the calibration was believed.
    sure : float
        The probability from which on a sighting is surely a product.
    """

    best: Rows = field(kw_only=True)
    probability: Floats = field(kw_only=True)
    beside: npt.NDArray[np.object_] = field(kw_only=True)
    state: npt.NDArray[np.object_] = field(kw_only=True)
    trust: Trust = field(kw_only=True)
    sure: float = field(kw_only=True)


def match(
    album: Album,
    references: References,
    *,
    method: str = "blend",
    one_per_photo: bool = True,
    sure: float = SURE,
    trust: Trust | None = None,
    refused: Collection[tuple[int, str]] = (),
) -> CatalogueMatches:
    """
    Say which product each sighting is, how sure that is, and of which ones it may be.

    Parameters
    ----------
    album : Album
        n sightings; those that are ignored are no product.
    references : References
        The photos of the catalogue, described by the same encoder.
    method, one_per_photo
        As of `toolkit.grouping.identification.match`.
    sure : float
        The probability from which on a sighting is surely a product, above a half, below 1.
    trust : Trust, optional
        How far the calibration is believed; `trust_in` says it, if not given.
    refused : collection of (int, str)
        Sightings, and products that the user said they are not.

    Returns
    -------
    CatalogueMatches
        A sighting has the name of a product where it surely is one.

    Raises
    ------
    IncomparableEncodings, BadSetting
        As of `toolkit.grouping.identification.match`.
    """
    trust = trust_in(references, method) if trust is None else trust
    compared = references.compared
    if compared is not None and compared.beyond is not None:
        # A distance ends at 0, where a stranger may be, too; the evidence does not.
        references = replace(references, compared=replace(compared, table=compared.beyond))
    away, behind = identification.to_individuals(album, references, method)
    odds = _log_odds(away, references, method)
    place = {name: at for at, name in enumerate(references.names)}
    for row, name in refused:
        if name in place:
            odds[row, place[name]] = -np.inf
    chance = trust.probability(_against_others(odds))
    count, products = odds.shape
    order = np.argsort(-odds, axis=1, kind="stable")[:, :BEST]
    best = np.full((count, BEST), -1, dtype=np.int64)
    best[:, : order.shape[1]] = np.where(
        np.isfinite(np.take_along_axis(odds, order, axis=1)), order, -1
    )
    probability = np.zeros((count, BEST))
    probability[:, : order.shape[1]] = np.take_along_axis(chance, order, axis=1)
    paths = np.array([*references.paths, None], dtype=object)
    beside = np.full((count, BEST), None, dtype=object)
    beside[:, : order.shape[1]] = paths[np.take_along_axis(behind, order, axis=1)]
    # Of a rule that compares with no photo alone, none stands beside.
    found = identification.match(
        album, references, threshold=np.inf, method=method, one_per_photo=one_per_photo
    )
    table = found.table
    state = np.where(probability[:, 0] >= sure, KNOWN, UNSURE).astype(object)
    # That it is one of several products can be likely where none of them alone is.
    state[(_of_any(odds) < MAY_BE) & (probability[:, 0] < LIKELY)] = NEW
    second = (table["reason"] == identification.SECOND).to_numpy()
    state[second & (state == KNOWN)] = UNSURE
    state[album.ignored] = IGNORED
    state[(best[:, 0] < 0) & ~album.ignored] = NEW
    names = np.array([*references.names, None], dtype=object)
    said = {
        KNOWN: "surely this one",
        UNSURE: "it is unsure which one this is, or whether it is none of them",
        NEW: "none of the known is likely",
        IGNORED: identification.IGNORED,
    }
    reason = [
        identification.SECOND if twice and each == UNSURE else said[each]
        for each, twice in zip(state, second, strict=True)
    ]
    table = table.assign(
        distance=np.maximum(table["distance"], 0.0),
        name=pd.Series(names[np.where(state == KNOWN, best[:, 0], products)], dtype=object),
        reason=pd.Series(reason, dtype=object),
    )
    return CatalogueMatches(
        table,
        np.inf,
        method,
        best=best,
        probability=probability,
        beside=beside,
        state=state,
        trust=trust,
        sure=sure,
    )


def trust_in(references: References, method: str = "blend") -> Trust:
    """
    Say how far the calibration can be believed among the photos of a catalogue.

    A logistic model of the log-odds is fitted to what happens when photos of the catalogue are
    sought among the others, as likely unknown as known. It stays near the calibration where there
    are few of them.

    Parameters
    ----------
    references : References
        The photos of the catalogue, with how far they are from each other (`among`).
    method : str
        As of `toolkit.grouping.identification.match`.

    Returns
    -------
    Trust
        The calibration's own, where it is unknown how far they are from each other.
    """
    count = len(references)
    if references.among is None or count < 2:
        return Trust()
    rows = np.arange(count)
    if count > TRIED:
        rows = np.sort(np.random.default_rng(0).choice(count, TRIED, replace=False))
    present, absent, right = [], [], []
    for start in range(0, len(rows), BLOCK):
        some = rows[start : start + BLOCK]
        odds = _log_odds(_left_out(references, some, method), references, method)
        whose = references.individual_of[some]
        several = np.bincount(references.individual_of)[whose] > 1
        everyone = np.arange(len(some))
        first = _against_others(odds)
        nearest = odds.argmax(axis=1)
        present.append(first[everyone, nearest][several])
        right.append((nearest == whose)[several])
        odds[everyone, whose] = -np.inf
        absent.append(_against_others(odds).max(axis=1))
    log_odds = np.concatenate([*present, *absent])
    correct = np.concatenate([*right, np.zeros(len(rows), dtype=np.bool_)])
    found = sum(map(len, present))
    weight = np.full(len(log_odds), 0.5)
    if found > 0:
        weight[:found] *= len(rows) / found
    fitted = _fitted(log_odds, correct, weight, START if found else START_ALONE)
    return Trust(*fitted, found, len(rows), int(sum(map(np.sum, right))))


def _log_odds(away: Floats, references: References, method: str) -> Floats:
    """
    Return the log-odds of each product against "none of them", shape (n, products).

    Any product is as likely as every other before, and all together as likely as none of them.
    """
    products = len(set(references.individual_of.tolist()))
    others = thresholds.others_of(products, len(references.paths), method)
    calibration: Calibration = references.encoder.calibration
    odds = calibration.log_odds(away, others)
    odds[~np.isfinite(away)] = -np.inf
    return odds


def _against_others(odds: Floats) -> Floats:
    """Return the log-odds of each product against all others and none of them."""
    if not odds.shape[1]:
        return odds
    # In the order of their size, the odds of all but one are summed without losing the small ones.
    top = np.maximum(odds.max(axis=1, keepdims=True), 0.0)
    each = np.exp(odds - top)
    rest = np.exp(-top) + each.sum(axis=1, keepdims=True) - each
    # Of what is by far the largest, the difference above is nothing but rounding.
    order = np.argmax(odds, axis=1)
    rows = np.arange(len(odds))
    without = each.copy()
    without[rows, order] = 0.0
    rest[rows, order] = np.exp(-top[:, 0]) + without.sum(axis=1)
    with np.errstate(divide="ignore"):
        result: Floats = odds - top - np.log(rest)
    return result


def _of_any(odds: Floats) -> Floats:
    """Return how likely it is that it is one of all products, by the calibration alone; (n,)."""
    if not odds.shape[1]:
        return np.zeros(len(odds))
    top = np.maximum(odds.max(axis=1), 0.0)
    all_of_them = np.exp(odds - top[:, None]).sum(axis=1)
    result: Floats = all_of_them / (all_of_them + np.exp(-top))
    return result


def _left_out(references: References, rows: Rows, method: str) -> Floats:
    """Return how far some references are from each product, without themselves."""
    distances = references.among
    assert distances is not None  # noqa: S101 - as was asked by `trust_in`
    order = np.argsort(references.individual_of, kind="stable")
    table = distances.table(rows, order)
    if (telling := distances.telling()) is not None:
        table[~telling.table(rows, order)] = np.nan
    table[rows[:, None] == order] = np.nan
    whose = references.individual_of[order]
    starts = np.flatnonzero(np.diff(whose, prepend=-1))
    told = ~np.isnan(table)
    several = np.add.reduceat(told.astype(np.int64), starts, axis=1)
    nearest = np.fmin.reduceat(table, starts, axis=1)
    mean = np.add.reduceat(np.where(told, table, 0.0), starts, axis=1) / np.maximum(several, 1)
    mean *= reach(np.maximum(several, 1), references.encoder.linkage.discount)
    by_rule = {"nearest": nearest, "mean": mean, "blend": (nearest + mean) / 2}
    away = np.full((len(rows), len(references.names)), np.inf)
    away[:, whose[starts]] = np.where(several > 0, by_rule[method], np.inf)
    return away


def _fitted(
    log_odds: Floats, correct: npt.NDArray[np.bool_], weight: Floats, deviation: float
) -> tuple[float, float]:
    """Return start and slope of a logistic model that stays near 0 and 1."""
    from scipy.optimize import minimize

    known = np.clip(log_odds, -MOST, MOST)
    sign = np.where(correct, -1.0, 1.0)

    def loss(at: Floats) -> tuple[float, Floats]:
        start, slope = at[0], np.exp(at[1])
        wrong = sign * (start + slope * known)
        lost = float(weight @ np.logaddexp(0.0, wrong))
        pull = weight * sign / (1.0 + np.exp(-np.clip(wrong, -500, 500)))
        gradient = np.array(
            [
                pull.sum() + start / deviation**2,
                slope * float(pull @ known) + at[1] / SLOPE**2,
            ]
        )
        return lost + start**2 / (2 * deviation**2) + at[1] ** 2 / (2 * SLOPE**2), gradient

    found = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B")
    return float(found.x[0]), float(np.exp(found.x[1]))
