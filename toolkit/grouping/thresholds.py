"""Thresholds that set themselves: from the calibration, and from how many could be confused."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from toolkit.calibration import Calibration, Linkage
from toolkit.errors import BadSetting
from toolkit.grouping import cluster, neighbours, spread
from toolkit.grouping.identification import Matches, References
from toolkit.grouping.linkage import Tree
from toolkit.grouping.links import Pairs
from toolkit.grouping.neighbours import Sightings
from toolkit.grouping.uncertainty import best_joins, expected_wrong
from toolkit.names import counted
from toolkit.records import GENERIC_WORDS, Clustering, Words
from toolkit.settings import RULES

# Rounds in which a threshold and the number of groups it makes are brought to agree.
_ROUNDS = 6
# By how much even odds must have moved to be spoken of, in encoder distance.
SAID = 0.005


@dataclass(frozen=True)
class Threshold:
    """
    A threshold, and where it comes from.

    Attributes
    ----------
    value : float
        Encoder distance.
    automatic : bool
        Whether it was worked out; otherwise the user gave it.
    why : str
        One sentence to be read.
    expected_wrong : float or None
        Share of the joins (or of the names given) that the calibration expects to be wrong, 0 to 1;
        None where nothing was joined or the method's joins are not known one by one.
    """

    value: float
    automatic: bool
    why: str
    expected_wrong: float | None = None


def of_tree(
    tree: Tree,
    calibration: Calibration,
    linkage: Linkage | None = None,
    *,
    words: Words = GENERIC_WORDS,
) -> Threshold:
    """
    Choose where a tree of joins is cut.

    The cut is where most more joins are expected to be right than wrong; see
    `toolkit.grouping.uncertainty.best_joins`. What distances say follows how far the individuals
    of this album spread (`toolkit.grouping.spread`).

    Parameters
    ----------
    tree : Tree
        All joins of the sightings.
    calibration : Calibration
        Of the encoder.
    linkage : Linkage, optional
        Of the encoder; without it, every album is taken for a usual one.
    words : Words
        What sightings and individuals are called.

    Returns
    -------
    Threshold
        A distance at which exactly these joins are made.
    """
    fitted, how = calibration, linkage or Linkage()
    calibration = spread.to_tree(fitted, how, tree)
    joins = best_joins(tree, calibration)
    groups = tree.start - joins
    # Of the distances that make these joins, the one nearest to even odds among those groups.
    low = tree.height[joins - 1] if joins else 0.0
    high = np.nextafter(tree.height[joins], 0.0) if joins < len(tree) else np.inf
    value = float(np.clip(calibration.threshold(groups - 1), low, high))
    return Threshold(
        value,
        True,
        _among(value, counted(groups, "group"), words)
        + _unusual(calibration.even - spread.of_groups(fitted, how).even, words),
        expected_wrong(tree, calibration, value),
    )


def given(
    value: float,
    tree: Tree | None = None,
    calibration: Calibration | None = None,
    linkage: Linkage | None = None,
) -> Threshold:
    """Return a threshold that the user gave; with a tree, what it is expected to do."""
    wrong = None
    if tree is not None and calibration is not None:
        followed = spread.to_tree(calibration, linkage or Linkage(), tree)
        wrong = expected_wrong(tree, followed, value)
    return Threshold(value, False, f"{value:g} was asked for", wrong)


def of_method(
    sightings: Sightings,
    method: str,
    calibration: Calibration,
    *,
    must_link: Pairs | None = None,
    cannot_link: Pairs | None = None,
    words: Words = GENERIC_WORDS,
) -> tuple[Clustering, Threshold]:
    """
    Group by a method other than `average` at a threshold that suits it.

    Methods that join by single near pairs (linked, whispers, dbscan, hdbscan) can be misled by
    every other sighting, so these are the `others` of the calibration. `online` compares with
    individuals, so there it is the groups, found in a few rounds of grouping.

    Parameters
    ----------
    sightings, must_link, cannot_link
        As for `toolkit.grouping.cluster.average`.
    method : str
        One of `toolkit.grouping.cluster.METHODS`.
    calibration : Calibration
        Of the encoder.
    words : Words
        As for `of_tree`.
    """
    distances = neighbours.of(sightings)

    def grouped(value: float) -> Clustering:
        return cluster.group(
            distances, method, threshold=value, must_link=must_link, cannot_link=cannot_link
        )

    count = len(distances)
    if method != "online":
        value = calibration.threshold(count - 1)
        why = _among(value, words.count(count), words)
        if method == "hdbscan":
            why = "hdbscan finds a reach for each part of the album by itself and needs none"
        return grouped(value), Threshold(value, True, why)
    groups = count
    for _ in range(_ROUNDS):
        value = calibration.threshold(groups - 1)
        found = grouped(value)
        if len(found) == groups:
            break
        groups = len(found)
    return found, Threshold(value, True, _among(value, counted(groups, "group"), words))


def of_references(
    individuals: int,
    references: int,
    calibration: Calibration,
    method: str,
    *,
    words: Words = GENERIC_WORDS,
) -> Threshold:
    """
    Choose up to which distance a sighting is one of the known individuals.

    A stranger can be near any of them by accident; with the rule "nearest" near any of their
    references, with "mean" only near one as a whole; "blend" lies between the two. So `others` is
    the number of individuals times the references that each has, to the power of 1, 0 and one half.

    Parameters
    ----------
    individuals, references : int
        How many known individuals, and examples of all of them.
    calibration : Calibration
        Of the encoder.
    method : {"blend", "nearest", "mean"}
        What a sighting is compared with.
    words : Words
        As for `of_tree`.

    Raises
    ------
    BadSetting
        If there is no such rule.
    """
    value = calibration.threshold(others_of(individuals, references, method))
    examples = f"{references:,} example {words.singular if references == 1 else words.plural}"
    why = (
        f"with {words.count_individuals(individuals)} and {examples}, {words.a_sighting} "
        f"{value:.3f} away is as likely that {words.individual} as {words.somebody_else}"
    )
    return Threshold(value, True, why)


def with_expected(chosen: Threshold, matches: Matches, references: References) -> Threshold:
    """Return the threshold with the share of the given names that is expected to be wrong."""
    named = matches.table["name"].notna().to_numpy()
    if not named.any():
        return chosen
    others = others_of(
        len(set(references.individual_of.tolist())), len(references.paths), matches.method
    )
    distance = matches.table.loc[named, "distance"].to_numpy(dtype=np.float64)
    right = references.encoder.calibration.probability(distance, others)
    return replace(chosen, expected_wrong=float(1 - right.mean()))


def others_of(individuals: int, references: int, method: str) -> float:
    """Return how many could be near a stranger by accident; parameters as of `of_references`."""
    if method not in RULES:
        raise BadSetting(f"method is {method!r}; expected one of {', '.join(RULES)}")
    each = references / individuals if individuals else 1.0
    return individuals * each ** {"nearest": 1.0, "blend": 0.5, "mean": 0.0}[method]


def _among(value: float, these: str, words: Words) -> str:
    return (
        f"among {these}, two that are {value:.3f} apart are as likely one {words.individual} as two"
    )


def _unusual(moved: float, words: Words) -> str:
    """Say where those of one individual are farther from each other, or nearer, than usual."""
    if abs(moved) < SAID:
        return ""
    how = "more" if moved > 0 else "less"
    return f"; those of one {words.individual} differ {how} here than usual ({moved:+.3f})"
