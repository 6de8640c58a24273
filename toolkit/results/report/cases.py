"""What is most likely to be wrong in a result, case by case; and the measured rates in words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from toolkit.evaluation.audit import KIN, SHOWN, SURE, Audit, floored
from toolkit.grouping import uncertainty
from toolkit.grouping.assigners import links_of
from toolkit.grouping.constraints import Decided
from toolkit.grouping.identification import TOO_FAR
from toolkit.grouping.links import Pairs, components
from toolkit.records import Words
from toolkit.results.links import BACKGROUND
from toolkit.results.result import AutopilotResult, PointAndShootResult, Result
from toolkit.settings import GroupingSettings


@dataclass(frozen=True)
class Case:
    """A doubt: words, and pictures (a sighting, or an example photo's path) with a caption each."""

    text: str
    pictures: tuple[tuple[int | str, str], ...]


@dataclass(frozen=True)
class Doubt:
    """Cases of one kind; `about` says what they have in common, `total` how many there are."""

    title: str
    about: str
    cases: tuple[Case, ...]
    total: int


def find_doubts(result: Result, audited: Audit | None) -> list[Doubt]:
    """Return what is most likely to be wrong, by kind."""
    if isinstance(result, PointAndShootResult):
        return _doubtful_names(result)
    if audited is None:
        return []
    words = result.album.words
    first = [] if not isinstance(result, AutopilotResult) else _on_background(result)
    mixed = audited.suspicious[audited.suspicious["probability"] < SURE]
    split = audited.alike[audited.alike["probability"] > 1 - SURE]
    if isinstance(result.settings, GroupingSettings):
        must, _ = links_of(result.album, result.settings, result.held)
        # Only of those within whom something is decided can it say that their parts are one.
        names = result.names
        held = {names[one] for one, other in must.tolist() if names[one] == names[other]}
        mixed = mixed[
            [name not in held or not _held_together(result, must, name) for name in mixed["name"]]
        ]
    if result.held is not None:
        apart = _held_apart(result, result.held)
        pairs = zip(split["name"], split["other_name"], strict=True)
        split = split[[frozenset(pair) not in apart for pair in pairs]]
    return [
        *first,
        Doubt(
            f"{words.individuals.capitalize()} who may be two",
            f"Beside each other: the nearest {words.plural} of the two parts that hold together "
            "least.",
            tuple(
                Case(
                    f"{row.name}, {words.count(row.sightings)}: "
                    f"one {words.individual} with a probability of {row.probability:.0%}",
                    ((int(row.first), row.name), (int(row.second), row.name)),
                )
                for row in mixed.head(SHOWN).itertuples(index=False)
            ),
            len(mixed),
        ),
        Doubt(
            f"{words.individuals.capitalize()} who may be one",
            f"Beside each other: their nearest {words.plural}.",
            tuple(
                Case(
                    f"{row.name} and {row.other_name}: one {words.individual} with a "
                    f"probability of {row.probability:.0%}",
                    ((int(row.first), row.name), (int(row.second), row.other_name)),
                )
                for row in split.head(SHOWN).itertuples(index=False)
            ),
            len(split),
        ),
    ]


def _on_background(result: AutopilotResult) -> list[Doubt]:
    """Return the joins whose background is more alike than what is before it."""
    links, words = result.links, result.album.words
    if links is None or not (found := links[links["rests_on"] == BACKGROUND]).shape[0]:
        return []
    cases = tuple(
        Case(
            f"{row.individual}: {row.marks:g} marks of the {words.plural} in common, "
            f"{row.background:g} of what is around them",
            tuple((int(side), _where(result, int(side))) for side in (row.first, row.second)),
        )
        for row in found.head(SHOWN).itertuples(index=False)
    )
    about = (
        f"Two {words.plural} before the same background look alike to a computer. Beside each "
        "other: the two that were joined."
    )
    return [Doubt("Joins that may rest on the background", about, cases, len(found))]


def _where(result: Result, row: int) -> str:
    """Say where and when a sighting was, as far as that is known, else who it is."""
    table = result.album.sightings
    told = [str(table[name].iloc[row]) for name in ("station", "taken_at") if name in table]
    return ", ".join(filter(None, told)).replace("T", " ") or str(result.names[row])


def _held_together(result: Result, must: Pairs, name: str) -> bool:
    """Whether a decision, or a burst, says that the two parts of an individual are one."""
    mine = np.array([each == name for each in result.names], dtype=np.bool_)
    if not mine[must].all(axis=1).any():
        return False
    parts = uncertainty.sides(result.album, np.where(mine, 0, -1))
    together = components(len(result.names), must)
    return any(
        np.intersect1d(together[one], together[other]).size
        for one, other in zip(parts.first, parts.second, strict=True)
    )


def _held_apart(result: Result, held: Decided) -> set[frozenset[str | None]]:
    """Return the pairs of individuals that are two by decision."""
    names = result.names
    pairs = {frozenset((names[one], names[other])) for one, other in held.cannot.tolist()}
    return pairs - {frozenset((None,))}


def _doubtful_names(result: PointAndShootResult) -> list[Doubt]:
    """Return the matches nearest to the threshold, and those that were nearly somebody else."""
    table, threshold = result.matches.table, result.matches.threshold
    # As far from even odds as a probability of SURE is.
    near = math.log(SURE / (1 - SURE)) / result.album.encoder.calibration.slope
    # Who was named by hand is in no doubt.
    found = table["name"].where(table["name"].notna(), None)
    own = np.array([a == b for a, b in zip(found, result.names, strict=True)], dtype=np.bool_)
    named = own & table["name"].notna()
    away = (table["distance"] - threshold).abs()
    inside = away.where(named & (away <= near))
    outside = away.where(own & (table["reason"] == TOO_FAR) & (away <= near))
    close = table["margin"].where(named & (table["margin"] <= near))
    example: dict[str, str] = {}
    for whose, path in zip(result.references.individual_of, result.references.paths, strict=True):
        example.setdefault(result.references.names[whose], path)
    words = result.album.words
    several = words.plural.capitalize()

    def case(row: int, *columns: str) -> Case:
        match = table.iloc[row]
        others = [str(match[column]) for column in columns]
        shown: list[tuple[int | str, str]] = [(row, result.names[row] or f"{words.nobody} known")]
        for place, other in enumerate(others):
            path = example.get(other) if place else match["reference"] or example.get(other)
            shown += [] if path is None else [(path, f"example of {other}")]
        text = f"{match['nearest']} at {match['distance']:.3f}; the threshold is {threshold:.3f}"
        if len(others) > 1:
            text = (
                f"{match['nearest']} at {match['distance']:.3f}, "
                f"{match['runner_up']} {match['margin']:.3f} further away"
            )
        return Case(text, tuple(shown))

    def first(values: pd.Series) -> list[int]:
        return [int(row) for row in values.dropna().sort_values(kind="stable").index[:SHOWN]]

    doubts = result.references.doubts
    looked_over = tuple(
        Case(
            f"{row.name}: {row.said}",
            tuple(
                (path, f"example of {whose}")
                for path, whose in ((row.path, row.name), (row.beside, row.nearest or row.name))
            ),
        )
        for row in doubts.head(SHOWN).itertuples(index=False)
    )
    about_examples = Doubt(
        "Example photos that may be wrong",
        f"Examples unlike the others of their {words.individual}; {words.individuals} whose "
        "examples look like one.",
        looked_over,
        len(doubts),
    )
    return [
        *([about_examples] if looked_over else []),
        Doubt(
            "Only just named",
            f"{several} whose distance to the {words.individual} is barely within the threshold.",
            tuple(case(row, "nearest") for row in first(inside)),
            int(inside.count()),
        ),
        Doubt(
            "Nearly named",
            f"{several} that would have a name were the threshold a little higher.",
            tuple(case(row, "nearest") for row in first(outside)),
            int(outside.count()),
        ),
        Doubt(
            f"Nearly {words.somebody_else}",
            f"{several} to which the next {words.individual} is almost as near.",
            tuple(case(row, "nearest", "runner_up") for row in first(close)),
            int(close.count()),
        ),
    ]


def measured(audited: Audit, *, words: Words) -> Iterable[str]:
    """Say the rates of an audit in words."""
    here = audited.here
    yield (
        f"Expected purity {floored(audited.purity)}: {audited.pure()}, by what distances say, not "
        "counted."
    )
    seconds = audited.seconds("folder")
    likeliest = f" The likeliest are among “{words.individuals.capitalize()} who may be one”."
    yield f"{seconds[:1].upper()}{seconds[1:]}.{likeliest if len(audited.alike) else ''}"
    yield from (f"{each}." for each in audited.left_out)
    if not audited.measured:
        return
    if here["pairs"] < 1:
        yield (
            f"No photo shows two different {words.plural}, so how often it is wrong could not be "
            "measured."
        )
        return
    yield (
        f"{here['pairs']:,.0f} pairs of {words.individuals} were seen in one photo, and are two "
        "for certain. Had their photos not told them apart, "
        f"{_share(here, 'joined', 'merge', audited.level)} would have been put together. "
        "Expect as much of pairs that were never seen together."
    )
    yield (
        f"Of these pairs, as many have two {words.plural} within the threshold of each other: "
        f"{_share(here, 'near', 'match', audited.level)}."
    )
    if audited.kin > KIN:
        yield (
            f"{words.plural.capitalize()} within a photo are alike {audited.kin:.1f} times as "
            "often as others: relatives, perhaps. For all others these rates are too high."
        )
    if audited.method != "average":
        yield f"The groups were made by {audited.method}; these rates are those of average linkage."


def _share(row: pd.Series, count: str, kind: str, level: float) -> str:
    number = f"{row[count]:,.6g}" if row[count] else "none"
    return (
        f"{number} ({row[f'false_{kind}']:.2%}; {level:.0%} interval: "
        f"{row[f'{kind}_low']:.2%} to {row[f'{kind}_high']:.2%})"
    )
