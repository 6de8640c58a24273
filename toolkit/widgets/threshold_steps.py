"""The places of a threshold slider: what they mean, and at which one something changes."""

from __future__ import annotations

import math

from toolkit.evaluation.threshold_sweep import Explorer

# From one place of the slider to the next, in encoder distance.
STEP = 0.001


def place_of(threshold: float) -> float:
    """Return the slider's place for a threshold: the nearest thousandth."""
    return round(round(threshold / STEP) * STEP, 3)


def ends(explorer: Explorer) -> tuple[float, float]:
    """Return the first and the last place: `Explorer.range`, on the slider's places."""
    low, high = explorer.range()
    return place_of(math.floor(round(low / STEP, 6)) * STEP), place_of(
        math.ceil(round(high / STEP, 6)) * STEP
    )


def threshold_at(explorer: Explorer, place: float) -> float:
    """
    Return the threshold that a place means.

    That is the place itself, but where the automatic threshold or that of the settings is shown:
    there it is that one, unrounded, so that the slider shows what a run would do.
    """
    asked = explorer.settings.threshold
    for exact in (explorer.automatic.value, *(() if asked == "auto" else (asked,))):
        if place_of(exact) == place_of(place):
            return exact
    return place_of(place)


def next_place(explorer: Explorer, place: float, *, up: bool) -> float | None:
    """
    Return the nearest place at which other joins are made.

    Parameters
    ----------
    explorer : Explorer
        With a tree of joins; without one it is not known where something changes.
    place : float
        From where.
    up : bool
        Towards more joins; otherwise towards fewer.

    Returns
    -------
    float or None
        None where nothing changes any more between here and the slider's end.
    """
    if explorer.tree is None:
        return None
    tree, (low, high) = explorer.tree, ends(explorer)
    made = tree.made_at(threshold_at(explorer, place))
    if made == (len(tree) if up else 0):
        return None
    # The first place that can make the next join, or the last one that can be without the last.
    edge = math.ceil(float(tree.height[made if up else made - 1]) / STEP) - (not up)
    here = round(place / STEP)
    at = max(here + 1, edge) if up else min(here - 1, edge)
    while low <= place_of(at * STEP) <= high:
        if tree.made_at(threshold_at(explorer, at * STEP)) != made:
            return place_of(at * STEP)
        at += 1 if up else -1
    return None


def curve(explorer: Explorer, points: int = 120) -> list[tuple[float, int]]:
    """Return thresholds over the slider's range, and how many people each makes; [] if unknown."""
    if explorer.tree is None:
        return []
    tree, (low, high) = explorer.tree, ends(explorer)
    at = [low + (high - low) * each / points for each in range(points + 1)]
    return [(value, tree.start - tree.made_at(value)) for value in at]
