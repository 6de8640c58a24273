"""The matches of known individuals in order, where the threshold lies, and which to see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from toolkit.curation.decisions import Decision
from toolkit.curation.history import Gesture
from toolkit.errors import BadSetting
from toolkit.grouping.constraints import Decided
from toolkit.grouping.sighting_finder import key_of
from toolkit.names import printable
from toolkit.records import Album
from toolkit.results.result import NOT_SURE, PointAndShootResult

COLUMNS = (
    "row",
    "photo",
    "individual",
    "distance",
    "margin",
    "next",
    "state",
    "doubtful",
    "edge",
    "reason",
    "reference",
)
INDIVIDUAL_COLUMNS = ("individual", "examples", "photos", "sightings", "doubtful")
ACCEPTED, BEYOND, SAID, REFUSED = "accepted", "not accepted", "said by you", "refused by you"
# It says too little to tell who it is, and nobody said it.
UNSURE = NOT_SURE
# What can be answered about a match.
ACCEPT, REFUSE, IGNORE = "accept", "refuse", "ignore"
# A match so near to the threshold, or to the next individual, could as well be decided otherwise: a
# share of the unit of the calibration's distances.
DOUBT = 0.5


def doubt_of(result: PointAndShootResult) -> float:
    """Return how near to another answer a match is doubtful, in encoder distance."""
    return DOUBT * result.album.encoder.calibration.unit


def judged(result: PointAndShootResult, decided: Decided) -> pd.DataFrame:
    """
    Say of each sighting whose match it is, and how sure that is.

    A sighting is the match of one individual: whom the user said it shows, or else the nearest.

    Parameters
    ----------
    result : PointAndShootResult
        What was found.
    decided : Decided
        What the user decided about the sightings of its album.

    Returns
    -------
    pandas.DataFrame
        One row a sighting, in the album's order, without those that are ignored: row; photo (number
        of its photo, as in `Album.photo_of`); individual; distance (encoder distance to that
        individual, nan where two others are nearer); margin (how much further the next individual
        is, in encoder distance: infinite where there is none, negative where somebody else is
        nearer, nan without a distance); next (that other individual, or None); state (`ACCEPTED`,
        `BEYOND`, `UNSURE`, or by decision `SAID`, `REFUSED`); doubtful (bool: none of the last
        three, and within `doubt_of` of the threshold or, if accepted, of the next individual, or
        left out for another sighting in its photo); edge (how far the distance is from where the
        answer would be another); reason (why it is not accepted); reference (the example photo that
        it was compared with, or None).
    """
    table = result.matches.table
    nearest = table["nearest"].to_numpy(dtype=object)
    runner_up = table["runner_up"].to_numpy(dtype=object)
    individual, state = nearest.copy(), np.full(len(table), BEYOND, dtype=object)
    state[[name is not None for name in result.names]] = ACCEPTED
    state[sorted(result.too_little)] = UNSURE
    for row, name in decided.refused:
        if name == nearest[row]:
            state[row] = REFUSED
    for row, name in decided.names.items():
        individual[row], state[row] = name, SAID
    first, second = individual == nearest, individual == runner_up
    away = table["distance"].to_numpy(dtype=np.float64)
    further = table["margin"].to_numpy(dtype=np.float64)
    distance = np.where(first, away, np.where(second, away + further, np.nan))
    margin = np.where(first, further, np.where(second, -further, np.nan))
    to_line = np.abs(distance - result.threshold)
    accepted, beyond = state == ACCEPTED, state == BEYOND
    edge = np.where(accepted, np.minimum(to_line, margin), to_line)
    judged = pd.DataFrame(
        {
            "row": np.arange(len(table)),
            "photo": result.album.photo_of,
            "individual": individual,
            "distance": distance,
            "margin": margin,
            "next": np.where(first, runner_up, nearest),
            "state": state,
            "doubtful": (accepted | beyond) & (edge < doubt_of(result))
            | beyond & (distance <= result.threshold),
            "edge": edge,
            "reason": table["reason"].to_numpy(dtype=object),
            "reference": table["reference"].where(pd.Series(first, index=table.index), None),
        },
        columns=list(COLUMNS),
    )
    return judged.iloc[result.album.kept].reset_index(drop=True)


def ranked(
    result: PointAndShootResult, decided: Decided, name: str, *, beyond: int = 60
) -> pd.DataFrame:
    """
    Order the matches of an individual.

    Parameters
    ----------
    result, decided
        As for `judged`.
    name : str
        One of the known individuals, or somebody whose name was given to a sighting.
    beyond : int
        How many sightings that are not accepted are listed, the nearest first.

    Returns
    -------
    pandas.DataFrame
        The rows of `judged` for that individual: those without a distance first, then by distance;
        but those that are `UNSURE`.

    Raises
    ------
    BadSetting
        If there is no such individual.
    """
    if name not in result.references.names and name not in decided.names.values():
        raise BadSetting(
            f"{name!r} is not among them any more; expected the name of a folder of examples: "
            "look at the individuals again"
        )
    table = judged(result, decided)
    found = table[(table["individual"] == name) & (table["state"] != UNSURE)].sort_values(
        ["distance", "row"], na_position="first", ignore_index=True
    )
    left_off = (found["state"] == BEYOND) & ((found["state"] == BEYOND).cumsum() > beyond)
    return found[~left_off].reset_index(drop=True)


def doubtful(result: PointAndShootResult, decided: Decided) -> pd.DataFrame:
    """
    List the doubtful matches of everybody: the rows of `judged` nearest to another answer first.

    Parameters are those of `judged`.
    """
    table = judged(result, decided)
    return table[table["doubtful"]].sort_values(["edge", "row"], ignore_index=True)


def unsure(result: PointAndShootResult, decided: Decided) -> pd.DataFrame:
    """
    List the sightings that say too little: the rows of `judged`, the nearest to somebody first.

    Parameters are those of `judged`.
    """
    table = judged(result, decided)
    return table[table["state"] == UNSURE].sort_values(["distance", "row"], ignore_index=True)


def individuals(result: PointAndShootResult, decided: Decided) -> pd.DataFrame:
    """
    Count the matches of each individual.

    Parameters
    ----------
    result, decided
        As for `judged`.

    Returns
    -------
    pandas.DataFrame
        One row an individual: individual; examples (example photos that serve); photos and
        sightings (that are accepted or said to show that individual; a photo that is there twice
        counts once); doubtful (how many). The known individuals in listing order, then those whom
        only decisions name.
    """
    table, references = judged(result, decided), result.references
    others = sorted(set(decided.names.values()) - set(references.names))
    names = [*references.names, *others]
    own = table[table["state"].isin([ACCEPTED, SAID])].groupby("individual")
    counts = {
        "photos": own["photo"].nunique(),
        "sightings": own.size(),
        "doubtful": table[table["doubtful"]].groupby("individual").size(),
    }
    examples = np.bincount(references.individual_of, minlength=len(names))[: len(names)]
    found = {"individual": names, "examples": examples} | {
        column: each.reindex(names, fill_value=0).to_numpy(dtype=np.int64)
        for column, each in counts.items()
    }
    return pd.DataFrame(found, columns=list(INDIVIDUAL_COLUMNS))


def answer(album: Album, row: int, name: str, what: str) -> Gesture:
    """
    Return what an answer about a match decides: one line about one sighting.

    The edits of groups (`toolkit.curation.edits`) would name others of the individual, too.

    Parameters
    ----------
    album : Album
        n sightings.
    row : int
        Which of them.
    name : str
        Whose match it is.
    what : str
        `ACCEPT`, `REFUSE` or `IGNORE`.

    Raises
    ------
    BadSetting
        If it is none of these.
    """
    seen, name = key_of(album, row), printable(name)
    photo = printable(Path(str(album.sightings["path"].iat[row])).name)
    if what == ACCEPT:
        return Gesture((Decision("name", seen, name=name),), f"{photo} shows {name}")
    if what == REFUSE:
        return Gesture((Decision("not", seen, name=name),), f"{photo} does not show {name}")
    if what == IGNORE:
        said = f"the {album.words.singular} in {photo} is left out"
        return Gesture((Decision("ignore", seen),), said)
    raise BadSetting(f"there is no answer {what!r}; expected {ACCEPT}, {REFUSE} or {IGNORE}")
