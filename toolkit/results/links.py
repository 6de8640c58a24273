"""What holds each individual together, pair by pair: what the two have in common, and where."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from toolkit.grouping import joins
from toolkit.grouping.assigners import links_of
from toolkit.grouping.constraints import Decided
from toolkit.grouping.links import Labels
from toolkit.names import counted
from toolkit.records import SIGHTING_ID, Album
from toolkit.settings import GroupingSettings

# Marks that a link which rests on the background, and not on the animals, has in `rests_on`.
BACKGROUND = "background"
# What stands beside a pair of what is known of its two sightings, where their table has it.
BESIDE = ("station", "camera", "taken_at", "flank")


def links(
    album: Album,
    labels: Labels,
    names: Sequence[str | None],
    settings: GroupingSettings,
    held: Decided | None,
    context: pd.DataFrame | None,
) -> pd.DataFrame:
    """
    Return the pairs that hold each individual together, those to be looked at first.

    Parameters
    ----------
    album : Album
        n sightings that were compared pair by pair.
    labels, names : numpy.ndarray, sequence of str or None
        The group and the name of each.
    settings : GroupingSettings
        How they were grouped.
    held : Decided or None
        What the user decided.
    context : pandas.DataFrame or None
        What pairs have in common, of `toolkit.scanning.context.context`.

    Returns
    -------
    pandas.DataFrame
        One row a pair: individual, path, other_path, sighting_id, other_sighting_id; station,
        camera, taken_at and flank of both, where they are known; why (alike, known, decided),
        distance, probability (that the two alone are one individual), marks and background (what
        the animals, and what is around them, have in common; NaN where that was not looked at),
        rests_on ("background" where that is more). Then first and second, rows of the album.
    """
    must, _ = links_of(album, settings, held)
    decided = must[:0] if held is None else held.must
    table = joins.joins(album, labels, must, decided)
    seen = album.sightings
    one, other = (seen.iloc[table[side]].reset_index(drop=True) for side in ("first", "second"))
    made: dict[str, object] = {
        "individual": [names[row] for row in table["first"]],
        "path": one["path"],
        "other_path": other["path"],
        SIGHTING_ID: one[SIGHTING_ID],
        f"other_{SIGHTING_ID}": other[SIGHTING_ID],
    }
    for name in BESIDE:
        if name in seen:
            made |= {name: one[name], f"other_{name}": other[name]}
    others = max(1, len(np.unique(labels[labels >= 0])) - 1)
    made["why"] = table["why"]
    made["distance"] = table["distance"]
    made["probability"] = album.encoder.calibration.probability(table["distance"], others)
    found = pd.DataFrame(made)
    keys = [SIGHTING_ID, f"other_{SIGHTING_ID}"]
    if context is not None and len(context):
        found = found.merge(context.drop_duplicates(keys), on=keys, how="left")
    else:
        found = found.assign(marks=np.nan, background=np.nan)
    alike = found["why"] == joins.ALIKE
    found["rests_on"] = np.where(
        alike & (found["background"] > found["marks"]), BACKGROUND, ""
    ).astype(object)
    found = found.assign(first=table["first"], second=table["second"])
    order = np.lexsort((found["probability"], ~alike, found["rests_on"] == ""))
    return found.iloc[order].reset_index(drop=True)


def remark(found: pd.DataFrame) -> str:
    """Say how many links rest on the background; "" for none."""
    number = int((found["rests_on"] == BACKGROUND).sum())
    if not number:
        return ""
    rests, them = ("rests", "it") if number == 1 else ("rest", "them")
    return (
        f"{counted(number, 'join')} {rests} on the background, which is more alike than what is "
        f"before it: look at {them} first (links.csv)"
    )
