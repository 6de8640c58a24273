"""
How many individuals there are: strips drawn at random, kept beside the results, and what they say.

The draw goes on where it was left, in a later session too, and after photos were added: sightings
are asked about in an order that follows from a seed and from what they are.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.curation import questions
from toolkit.errors import BadSetting
from toolkit.evaluation import population
from toolkit.evaluation.audit import numbered
from toolkit.evaluation.population import SHOWN, STATED, Estimate, Recall
from toolkit.files import reason_of
from toolkit.grouping import neighbours
from toolkit.grouping.constraints import Decided
from toolkit.grouping.links import Labels
from toolkit.locks import deciding
from toolkit.names import printable
from toolkit.records import GENERIC_WORDS, SIGHTING_ID, Album, Words
from toolkit.results.results_folder import STRIPS
from toolkit.tables import BadTable, read_table, write_table

COLUMNS = ("seed", "order", "sighting_id", "status", "shown", "ticked")
DONE, PASSED = "done", "passed"
LARGEST, LARGEST_SEED = 64 << 20, 1 << 62
# The column that says which side of an individual is seen; opposite ones cannot be compared.
FLANK, SIDES, BOTH = "flank", ("left", "right"), "both"
# That which says which burst a sighting is of.
EVENT = "event"
# How likely it must be that two groups are one, or that a group is two, to be listed; how many are.
LEAST, MOST = 0.05, 10
# Photos among which `STATED` was seen, about.
STATED_AMONG = 137


@dataclass(frozen=True)
class Done:
    """
    One strip as it was answered.

    Attributes
    ----------
    sighting : str
        Its identifier.
    shown, ticked : tuple of str
        Those that were shown beside it, and those of them that are the same individual.
    status : {"done", "passed"}
        Whether it counts, or nobody could tell.
    """

    sighting: str
    shown: tuple[str, ...]
    ticked: tuple[str, ...]
    status: str = DONE


@dataclass(frozen=True, eq=False)
class Units:
    """
    What is counted: sightings, or several of one event as one.

    Attributes
    ----------
    rows : numpy.ndarray
        Shape (u,), int64: the sighting that stands for each unit, ascending.
    of : numpy.ndarray
        Shape (n,), int64: the unit that each sighting is in; -1 for those that are not counted.
    flank : str
        Which flank of individuals is counted; "" for all.
    """

    rows: Labels
    of: Labels
    flank: str = ""


@dataclass(frozen=True)
class Draw:
    """
    The strips of an album that were drawn so far.

    Attributes
    ----------
    seed : int
        What the order follows from.
    done : tuple of Done
        In the order in which they were answered.
    """

    seed: int = 0
    done: tuple[Done, ...] = ()

    def with_(self, made: Done) -> Draw:
        """Return it with one strip more, in the place of an earlier answer to the same."""
        return replace(self, done=(*self.without(made.sighting).done, made))

    def without(self, sighting: str) -> Draw:
        """Return it without the strip of a sighting."""
        return replace(self, done=tuple(x for x in self.done if x.sighting != sighting))

    def next_of(self, album: Album, units: Units) -> int | None:
        """Return the row that is asked next; None where all are done."""
        ids = album.sightings[SIGHTING_ID]
        asked = {each.sighting for each in self.done}
        done = {int(units.of[row]) for row, name in enumerate(ids) if name in asked}
        rows = [int(row) for row in units.rows if int(units.of[row]) not in done]
        return min(rows, key=lambda row: _place(self.seed, ids.iat[row])) if rows else None

    def strips(self, album: Album, units: Units) -> tuple[population.Strip, ...]:
        """Return the strips that count, by the places of units; what is not there is left out."""
        ids = album.sightings[SIGHTING_ID].tolist()
        place = {str(name): int(unit) for name, unit in zip(ids, units.of, strict=True)}
        found: dict[int, population.Strip] = {}
        for each in self.done:
            own = place.get(each.sighting, -1)
            if each.status != DONE or own < 0:
                continue
            shown = dict.fromkeys(place.get(name, -1) for name in each.shown)
            shown = {unit: None for unit in shown if unit not in (own, -1)}
            same = dict.fromkeys(place.get(name, -1) for name in each.ticked)
            ticked = tuple(unit for unit in same if unit in shown)
            found.setdefault(own, population.Strip(own, tuple(shown), ticked))
        return tuple(found.values())


def _place(seed: int, sighting: object) -> str:
    return hashlib.sha256(f"{seed}:{sighting}".encode()).hexdigest()


def read(out: Path) -> Draw:
    """
    Read the strips in a folder of results; none where there is no such table.

    Raises
    ------
    BadSetting
        If it cannot be read, or a line cannot be understood, which it names.
    """
    path = out / STRIPS
    try:
        if not os.path.lexists(path):
            return Draw()
        table = read_table(path, COLUMNS, most=LARGEST)
    except (BadTable, OSError, ValueError) as error:
        raise BadSetting(
            f"{path} cannot be read as a table of strips: {printable(reason_of(error))}. Mend it, "
            "or take it away"
        ) from error
    draw = Draw()
    rows = table[list(COLUMNS)].itertuples(index=False, name=None)
    for line, (seed, _, sighting, status, shown, ticked) in zip(table.index, rows, strict=True):
        where = f"{path} line {line}"
        if not sighting.strip() or status.strip() not in (DONE, PASSED):
            raise BadSetting(
                f"{where}: status is {status!r}; expected {DONE} or {PASSED}, of a sighting_id"
            )
        if not (seed.strip().isascii() and seed.strip().isdigit()) or len(seed.strip()) > 18:
            raise BadSetting(f"{where}: seed is {seed!r}; expected a whole number, 0 or more")
        beside, same = tuple(shown.split()), tuple(ticked.split())
        made = Done(sighting.strip(), beside, same, status.strip())
        draw = replace(draw.with_(made), seed=int(seed))
    return draw


def _write(out: Path, draw: Draw) -> None:
    rows = [
        (draw.seed, order, each.sighting, each.status, " ".join(each.shown), " ".join(each.ticked))
        for order, each in enumerate(draw.done, start=1)
    ]
    write_table(pd.DataFrame(rows, columns=list(COLUMNS)), out / STRIPS)


def keep(out: Path, made: Done) -> Draw:
    """Add a strip to those in a folder of results; when this returns it is on the disk."""
    with deciding(out):
        draw = read(out).with_(made)
        _write(out, draw)
    return draw


def take_back(out: Path, sighting: str) -> Draw:
    """Take the strip of a sighting out of those in a folder of results."""
    with deciding(out):
        draw = read(out).without(sighting)
        _write(out, draw)
    return draw


def units_of(album: Album, names: Sequence[str | None], *, seed: int = 0) -> Units:
    """
    Say what is counted of an album.

    Opposite flanks of an individual cannot be compared, and it would count twice: where flanks are
    known, sightings of the flank that is seen more are counted, and those that show both. What is
    called the same in one event (a burst, which the column `event` names) counts once.

    Parameters
    ----------
    album : Album
        n sightings.
    names : sequence of str or None
        What each is called.
    seed : int
        Of the draw: of an event, the sighting that it comes to first stands for all.
    """
    rows, flank = _one_flank(album)
    events = [""] * len(album)
    if EVENT in album.sightings:
        events = ["" if pd.isna(x) else str(x) for x in album.sightings[EVENT]]
    ids = album.sightings[SIGHTING_ID]
    ordered = sorted(rows.tolist(), key=lambda row: _place(seed, ids.iat[row]))
    first: dict[object, int] = {}
    for row in ordered:
        first.setdefault((events[row], names[row]) if events[row] and names[row] else row, row)
    kept = np.array(sorted(first.values()), dtype=np.int64)
    place = {int(row): at for at, row in enumerate(kept)}
    of = np.full(len(album), -1, dtype=np.int64)
    for row in ordered:
        unit = (events[row], names[row]) if events[row] and names[row] else row
        of[row] = place[first[unit]]
    return Units(kept, of, flank)


def _one_flank(album: Album) -> tuple[Labels, str]:
    """Return the sightings of the flank that is seen more, and which it is; or all, and ""."""
    rows = album.kept
    if FLANK not in album.sightings or neighbours.of(album).telling() is None:
        return rows, ""
    flanks = album.sightings[FLANK].astype(str).to_numpy()[rows]
    several = [int((flanks == side).sum()) for side in SIDES]
    if not all(several):
        return rows, ""
    side = SIDES[int(np.argmax(several))]
    return rows[np.isin(flanks, (side, BOTH))], side


@dataclass(frozen=True)
class Doubt:
    """
    Two groups that may be one individual, or a group that may be two.

    Attributes
    ----------
    names : tuple of str
        What they are called, or it is.
    photos : tuple of two str
        The two photos to look at.
    rows : tuple of two int
        The sightings in them.
    probability : float or None
        That the two photos show one individual, by the numbers; None where a strip says it.
    """

    names: tuple[str, ...]
    photos: tuple[str, str]
    rows: tuple[int, int]
    probability: float | None = None

    def __str__(self) -> str:
        files = " and ".join(printable(PurePath(path).name) for path in self.photos)
        return f"{printable(' and '.join(self.names))}: {files} ({self.sure})"

    @property
    def sure(self) -> str:
        """Say how likely it is, or by what it is known."""
        if self.probability is None:
            return "by a strip"
        return f"{self.probability:.0%} that these two are one"

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return {
            "names": list(self.names),
            "photos": list(self.photos),
            "probability": self.probability,
        }


@dataclass(frozen=True)
class Count:
    """
    How many individuals an album holds, and where groups count wrong.

    Attributes
    ----------
    estimate : Estimate or None
        None as long as no strip is done.
    groups : int
        How many there are by the groups.
    sightings : int
        That are counted, those of one event as one; of one flank where it says so.
    flank : str
        "" for all.
    ghosts, lumps : tuple of Doubt
        Groups that may be one individual; groups that may hold two.
    apart : bool
        Whether some of what is counted was not compared with each other, and so not shown.
    fitted_on : str
        What the recall of strips was measured on; "" where it was told, or plays no part.
    words : Words
        What is counted.
    """

    estimate: Estimate | None
    groups: int
    sightings: int
    flank: str
    ghosts: tuple[Doubt, ...]
    lumps: tuple[Doubt, ...]
    apart: bool
    fitted_on: str
    words: Words = GENERIC_WORDS

    @property
    def assumes(self) -> tuple[str, ...]:
        """What must hold for the estimate, a sentence each."""
        if self.estimate is None:
            return ()
        said = list(self.estimate.assumes)
        if self.fitted_on:
            said.append(f"That share is reckoned from {self.fitted_on}; other animals may differ.")
        if self.apart:
            said.append(
                "Photos that were left out of the comparison, such as those of one camera within "
                f"a session, were not shown beside each other: {self.words.individuals} who stay "
                "may count too often."
            )
        if self.flank:
            said.append(
                f"{self.words.individuals.capitalize()} are counted by their {self.flank} flank: "
                "those of whom it was never seen are not among them."
            )
        return tuple(said)

    def headline(self) -> str:
        """Say the number in a sentence, or how to come by it."""
        if self.estimate is not None:
            return f"{self.estimate}."
        return "No strip is done yet: a few say little, 20 say something."

    def __str__(self) -> str:
        words = self.words
        lines = [self.headline(), f"The groups say {words.count_individuals(self.groups)}."]
        for title, texts in (
            ("It assumes:", self.assumes),
            (f"{words.individuals.capitalize()} that may be one (ghosts):", self.ghosts),
            (f"{words.individuals.capitalize()} that may be two (lumps):", self.lumps),
        ):
            if texts:
                lines += ["", title, *(f"  {each}" for each in texts)]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        found = self.estimate
        return {
            "estimate": None if found is None else round(found.k, 2),
            "low": None if found is None else round(found.low, 2),
            "high": None if found is None else round(found.high, 2),
            "level": None if found is None else found.level,
            "strips": 0 if found is None else found.strips,
            "ticked": 0 if found is None else found.ticked,
            "recall": None if found is None else found.recall.share,
            "recall_of": self.fitted_on,
            "sightings": self.sightings,
            "flank": self.flank,
            "groups": self.groups,
            "assumes": list(self.assumes),
            "ghosts": [each.as_dict() for each in self.ghosts],
            "lumps": [each.as_dict() for each in self.lumps],
        }


def count(
    album: Album,
    names: Sequence[str | None],
    draw: Draw,
    *,
    decided: Decided | None = None,
    recall: Recall | None = None,
) -> Count:
    """
    Estimate how many individuals an album holds, by the strips that are done.

    Parameters
    ----------
    album : Album
        n sightings.
    names : sequence of str or None
        What each is called.
    draw : Draw
        What was ticked.
    decided : Decided, optional
        What the user decided: that is no doubt any more.
    recall : Recall, optional
        Of strips, on known individuals; `stated`, if not given.
    """
    units = units_of(album, names, seed=draw.seed)
    rows, flank = units.rows, units.flank
    done = draw.strips(album, units)
    labels, telling = numbered(names), neighbours.of(album).telling()
    of = recall or stated(len(rows))
    if all(len(strip.shown) < SHOWN for strip in done):
        # Nothing more could be shown: no other is left to be missed.
        of = Recall(1.0, 0.0)
    found = None
    if done:
        found = population.estimate(done, len(rows), recall=of, alike=alike(album, rows))
    ghosts, lumps = _by_strips(album, names, rows, labels, done)
    for each in questions.queue(album, labels, names=names, decided=decided):
        two = (each.first, each.second)
        photos = _photos(album, *two)
        if each.kind == "apart" and each.probability >= LEAST:
            ghosts.append(Doubt((each.name, each.other_name), photos, two, each.probability))
        elif each.kind == "together" and each.probability <= 1 - LEAST:
            lumps.append(Doubt((each.name,), photos, two, each.probability))
    return Count(
        estimate=found,
        groups=len(np.unique(labels[labels >= 0])),
        sightings=len(rows),
        flank=flank,
        ghosts=_once(ghosts)[:MOST],
        lumps=_once(lumps)[:MOST],
        apart=telling is not None and not telling.all_within(rows),
        fitted_on="nyala" if recall is None and of.share < 1 else "",
        words=album.words,
    )


def alike(album: Album, rows: Labels) -> npt.NDArray[np.float64]:
    """
    Return how many others each photo looks like: the sum of how likely each is one individual.

    Parameters
    ----------
    album : Album
        n sightings.
    rows : numpy.ndarray
        Shape (u,), int64: those that are counted.

    Returns
    -------
    numpy.ndarray
        Shape (u,), float64; for `population.estimate`.
    """
    away = neighbours.of(album).table(rows, rows)
    likely = np.nan_to_num(album.encoder.calibration.probability(away, max(len(rows) - 1, 1)))
    np.fill_diagonal(likely, 0.0)
    found: npt.NDArray[np.float64] = likely.sum(axis=1)
    return found


def stated(photos: int) -> Recall:
    """
    Return the recall of strips that stands in where no individuals are known.

    Some others are shown because they look alike, as was seen with nyala; and of the rest so many
    as there is room for, which in a small album is most of them.
    """
    by_chance = SHOWN / (STATED_AMONG - 1)
    alike = (STATED.share - by_chance) / (1 - by_chance)
    here = min(SHOWN / max(photos - 1, 1), 1.0)
    return replace(STATED, share=alike + (1 - alike) * here)


def _by_strips(
    album: Album,
    names: Sequence[str | None],
    rows: Labels,
    labels: Labels,
    done: Sequence[population.Strip],
) -> tuple[list[Doubt], list[Doubt]]:
    """Return what strips say against the groups."""
    groups = labels[rows].tolist()
    called = {int(label): str(name) for label, name in zip(labels, names, strict=True)}

    def doubt(of: Sequence[int], pairs: Sequence[tuple[int, int]]) -> Doubt:
        one, other = (int(rows[place]) for place in pairs[0])
        names = tuple(called[group] for group in of)
        return Doubt(names, _photos(album, one, other), (one, other))

    ghosts = [doubt(each.groups, each.pairs) for each in population.ghosts(done, groups)]
    lumps = [doubt((each.group,), each.pairs) for each in population.lumps(done, groups)]
    return ghosts, lumps


def _photos(album: Album, one: int, other: int) -> tuple[str, str]:
    paths = album.sightings["path"]
    return str(paths.iat[one]), str(paths.iat[other])


def _once(doubts: Sequence[Doubt]) -> tuple[Doubt, ...]:
    """Return one doubt about each; what strips say comes first."""
    found: dict[frozenset[str], Doubt] = {}
    for each in doubts:
        found.setdefault(frozenset(each.names), each)
    return tuple(found.values())


__all__ = [
    "SHOWN",
    "Count",
    "Done",
    "Doubt",
    "Draw",
    "Units",
    "alike",
    "count",
    "keep",
    "read",
    "take_back",
    "units_of",
]
