"""Labelled distances to a calibration, for an encoder or a kind of subject that has none yet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from toolkit.calibration import Calibration
from toolkit.errors import BadSetting, SightingsError
from toolkit.evaluation.verification import checked_pairs

Distances = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float64]
Same = npt.NDArray[np.bool_]

# Newton's method gains digits so fast that it needs some ten rounds; this is far beyond any need.
_ROUNDS = 200
# The smallest part of a step that is still tried.
_LEAST = 1e-9


def fit(distances: Distances, same: Same, *, others: npt.ArrayLike | None = None) -> Calibration:
    """
    Fit a calibration to distances of which it is known whether they are of one individual.

    A logistic regression in which the odds before looking, ``1 / others``, have the weight that
    they have in `Calibration.log_odds` and nothing is fitted to them: what is left to slope and
    even is the evidence, whatever share of these pairs happens to be of one individual.

    The targets are Platt's: ``(k + 1) / (k + 2)`` for the k pairs of one individual and
    ``1 / (m + 2)`` for the m of two, so that few pairs, or two kinds that do not overlap, do not
    make the fit certain of everything. Where the kinds do not overlap, the slope says how many
    pairs there were, and no more.

    Parameters
    ----------
    distances : numpy.ndarray
        Shape (n,): encoder distance of each pair, or the height of each join of a
        `toolkit.grouping.linkage.Tree`. Fit to whatever the calibration will be asked about.
    same : numpy.ndarray
        Shape (n,), bool: whether they are one individual; both kinds must be there.
    others : array_like, optional
        Above 0, a number or shape (n,): how many individuals could be so near by accident. For
        joins it is ``tree.groups_before - 1``. If not given, the pairs of two individuals for each
        pair of one among these pairs, as for pairs that are drawn apart by kind (such as those of
        `toolkit.evaluation.verification.pairs_of`), which tell nothing of the odds in an album.

    Returns
    -------
    Calibration
        Of the least cross-entropy with the targets.

    Raises
    ------
    SightingsError
        If all pairs are of one kind, or those of one individual are not the nearer ones.
    BadSetting
        If `others` is not above 0.
    ValueError
        If the shapes differ, a distance is not finite, or there is no pair.

    References
    ----------
    .. [1] J. Platt, Probabilistic outputs for support vector machines, 1999.
    .. [2] N. Brummer, J. du Preez, Application-independent evaluation of speaker detection, 2006,
       for the prior as a known offset.
    """
    away, one = checked_pairs(distances, same)
    count, ones = len(one), int(one.sum())
    if not 0 < ones < count:
        raise SightingsError(
            f"{ones} of {count} pairs are of one individual; expected pairs of both kinds, from "
            "two individuals or more of whom one has two sightings."
        )
    ratio = (count - ones) / ones
    before = np.asarray(ratio if others is None else others, dtype=np.float64)
    if not (np.isfinite(before) & (before > 0)).all():
        raise BadSetting("others holds a number that is not above 0; expected numbers such as 10")
    offset = np.broadcast_to(-np.log(before), (count,))
    target = np.where(one, (ones + 1) / (ones + 2), 1 / (count - ones + 2))
    # Distances in units of their own spread, so that both columns are of one order.
    middle, spread = float(away.mean()), float(away.std()) or 1.0
    columns = np.stack([np.ones(count), (away - middle) / spread], axis=1)
    start, step = _newton(columns, target, offset)
    slope = -step / spread
    even = middle + start / slope if slope > 0 else 0.0
    if not (slope > 0 and even > 0):
        raise SightingsError(
            "pairs of one individual are no nearer than pairs of two (slope "
            f"{slope:.3g}, even at {even:.3g}); look whether the labels fit the sightings, and "
            "whether the encoder tells such individuals apart at all."
        )
    return Calibration(slope=slope, even=even)


def cost(calibration: Calibration, distances: Distances, same: Same) -> float:
    """
    Return what a calibration's evidence is worth on labelled pairs, in bits a pair.

    The mean of ``log2(1 + 1 / odds)`` over the pairs of one individual and of ``log2(1 + odds)``
    over those of two, each kind with half the weight (Brummer and du Preez 2006, "C_llr"). 0 is
    certain and right, 1 is worth nothing, and above 1 it would be better not to have asked. Fit on
    other individuals than those it is taken of, or it flatters.

    Parameters
    ----------
    calibration : Calibration
        What to judge.
    distances, same
        As for `fit`.

    Raises
    ------
    SightingsError
        If all pairs are of one kind.
    ValueError
        As for `fit`.
    """
    away, one = checked_pairs(distances, same)
    if one.all() or not one.any():
        raise SightingsError(
            f"{int(one.sum())} of {len(one)} pairs are of one individual; expected both kinds."
        )
    odds = calibration.log_odds(away)
    kinds = [np.logaddexp(0.0, -odds[one]).mean(), np.logaddexp(0.0, odds[~one]).mean()]
    return float(np.mean(kinds) / np.log(2))


def _newton(columns: Floats, target: Floats, offset: Floats) -> tuple[float, float]:
    """Minimise the cross-entropy of targets and ``1 / (1 + exp(-(offset + columns @ w)))``."""

    def entropy(weights: Floats) -> float:
        odds = offset + columns @ weights
        return float((np.logaddexp(0.0, odds) - target * odds).sum())

    weights = np.zeros(2)
    now = entropy(weights)
    for _ in range(_ROUNDS):
        odds = np.clip(offset + columns @ weights, -500, 500)
        right = 1.0 / (1.0 + np.exp(-odds))
        slope = columns.T @ (right - target)
        curve = (columns * (right * (1 - right))[:, None]).T @ columns
        move = np.linalg.lstsq(curve, slope, rcond=None)[0]
        # A whole step can lead too far where the curve is flat; a part of it always descends.
        size = 1.0
        while (there := entropy(weights - size * move)) >= now and size > _LEAST:
            size /= 2
        if there >= now:
            break
        weights, now = weights - size * move, there
    return float(weights[0]), float(weights[1])
