"""
How far to trust a grouping, without labels.

Two sightings in one photo are two individuals. So each pair of them is a question whose answer is
known: how often such pairs are near, or are joined by a grouping that does not know of the photos,
measures how often the grouping is wrong elsewhere. Where groups barely hold together, or nearly
touch, is where to look first.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit import memory
from toolkit.errors import BadSetting
from toolkit.evaluation.error_rates import Asked, Rates, once_each, same_pairs, written
from toolkit.grouping import collages, linkage, neighbours, sparse_linkage, spread, uncertainty
from toolkit.grouping.assigners import join_album
from toolkit.grouping.links import Labels, Pairs, pairs_within
from toolkit.grouping.neighbours import Distances
from toolkit.grouping.uncertainty import ALIKE_COLUMNS, SUSPICIOUS_COLUMNS
from toolkit.names import counted, printable
from toolkit.records import GENERIC_WORDS, Album, Words

RATE_COLUMNS = (*Rates._fields, "expected_wrong")
PICTURE_COLUMNS = ("path", "distance", "probability", "first", "second")

# Two sightings of one photo that are one individual with this probability, by their distance, are
# taken for a mirror, a collage or a photo of a photo.
SAME_PICTURE = 0.99
# What a report shows: so many of each kind, doubtful to at least this degree.
SHOWN = 10
SURE = 0.95
# From how many times as often sightings within photos are alike, relatives are spoken of.
KIN = 2.0
# How often it is wrong is measured on so many sightings; of more, on photos that are drawn.
MEASURED = 100_000
# Pairs drawn from all over the album, to compare those within photos with.
_DRAWN = 200_000


@dataclass(frozen=True, eq=False)
class Known:
    """
    What the photos of an album say about any grouping of it.

    Attributes
    ----------
    asked : Asked
        Pairs within photos, which are two individuals.
    apart : Tree
        Joins that keep these pairs apart.
    pictures : pandas.DataFrame
        Pairs within photos that look like one individual, and are not asked, nearest first:
        distance, probability, first, second.
    """

    asked: Asked
    apart: linkage.Tree
    pictures: pd.DataFrame


@dataclass(frozen=True, repr=False)
class Audit:
    """
    What an audit found.

    Attributes
    ----------
    threshold : float
        Encoder distance of the grouping.
    photos, sightings, groups : int
        How many; photos counts those with a sighting, groups those of two sightings or more:
        smaller ones cannot be wrong.
    rates : pandas.DataFrame
        One row a threshold (that of the grouping among them): threshold; pairs (of groups seen in
        one photo: what was asked), near (of these, within the threshold), false_match (the share,
        0 to 1) with its interval match_low, match_high; joined (put into one group by a grouping
        that does not know which sightings share a photo), false_merge, merge_low, merge_high
        likewise; expected_wrong (share of the joins that the calibration expects to be wrong).
    suspicious : pandas.DataFrame
        One row a group of two sightings or more, the likeliest to hold two first: group
        (numbered as names first appear), name, sightings, probability (that it is one individual),
        height (of its last join), first, second (sightings: the nearest pair across that join, its
        weakest link), distance, first_path, second_path, smaller (sightings of its smaller side).
    alike : pandas.DataFrame
        Pairs of groups that may be one individual and were never seen together, likeliest first:
        group, other, name, other_name, distance (linkage), probability, first, second, first_path,
        second_path.
    pictures : pandas.DataFrame
        Pairs within a photo that look like one individual: path, distance, probability, first,
        second. They were left out of the rates.
    kin : float
        How many times as often sightings within a photo are alike as those from all over the album;
        nan where that cannot be told. Much above 1: relatives, and rates that are too high.
    level : float
        Of the intervals.
    method : str
        What made the groups.
    left_out : tuple of str
        What would need more memory than can be had, or was drawn from so many: a sentence each.
    measured : bool
        Whether the rates were; otherwise their counts are 0.
    purity : float
        Share of the sightings in groups, 0 to 1, that are expected to be with their own individual,
        as `toolkit.curation.questions.Queue.purity`.
    second_groups : float
        Groups expected to be a second one of an individual who has a larger one; see
        `toolkit.grouping.uncertainty.second_groups`.
    words : Words
        What sightings and individuals are called in the text.
    """

    threshold: float
    photos: int
    sightings: int
    groups: int
    rates: pd.DataFrame
    suspicious: pd.DataFrame
    alike: pd.DataFrame
    pictures: pd.DataFrame
    kin: float
    level: float
    method: str = "average"
    left_out: tuple[str, ...] = ()
    measured: bool = True
    purity: float = 1.0
    second_groups: float = 0.0
    words: Words = GENERIC_WORDS

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return "\n".join(printable(line) for line in self._lines())

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        tables = {
            name: json.loads(
                getattr(self, name)
                .map(lambda cell: printable(cell) if isinstance(cell, str) else cell)
                .to_json(orient="records", double_precision=15)
            )
            for name in ("rates", "suspicious", "alike", "pictures")
        }
        return {
            "threshold": self.threshold,
            "photos": self.photos,
            "sightings": self.sightings,
            "groups": self.groups,
            "kin": None if np.isnan(self.kin) else self.kin,
            "level": self.level,
            "left_out": list(self.left_out),
            "purity": self.purity,
            "second_groups": self.second_groups,
            **tables,
        }

    def _lines(self) -> list[str]:
        words, here, level = self.words, self.here, f"{self.level:.0%}"
        lines = [
            f"{counted(self.photos, 'photo')} with {words.count(self.sightings)}, "
            f"{counted(self.groups, 'group')} of two or more; threshold {self.threshold:.3f}",
            "",
            "How often it is wrong",
        ]
        lines += [f"  {each}." for each in self.left_out]
        if not self.measured:
            pass
        elif here["pairs"] < 1:
            lines.append(f"  No photo shows two different {words.plural}, so nothing was measured.")
        else:
            lines += [
                f"  {here['pairs']:,.0f} pairs of groups were seen in one photo: two "
                f"{words.individuals} each.",
                f"  within the threshold: {written(here['near'])} of them, {_share(here, 'match')}",
                f"  joined, had photos not kept them apart: {written(here['joined'])}, "
                f"{_share(here, 'merge')}",
                f"  (in brackets: the {level} interval)",
            ]
        if here["expected_wrong"] is not None and np.isfinite(here["expected_wrong"]):
            lines.append(
                f"  joins expected to be wrong, by their distances: {here['expected_wrong']:.1%}"
            )
        lines.append(f"  expected purity {floored(self.purity)}: {self.pure()}")
        lines.append(f"  {self.seconds()}")
        if self.method != "average" and self.measured:
            lines.append(
                f"  The groups were made by {self.method}; joins here are those of average linkage "
                "at the same threshold."
            )
        if self.kin > KIN:
            lines.append(
                f"  {words.plural.capitalize()} within a photo are alike {self.kin:.1f} times as "
                "often as others: relatives, perhaps. For all others these rates are too high."
            )
        shown = self.suspicious[self.suspicious["probability"] < SURE].head(SHOWN)
        title = (
            f"Groups that may hold two {words.individuals}, the likeliest first; their weakest link"
        )
        lines += ["", title]
        lines += [
            f"  {row.name} ({row.sightings} {words.plural}), {row.probability:.0%} sure to be one: "
            f"{row.first_path} and {row.second_path}"
            for row in shown.itertuples(index=False)
        ] or ["  none"]
        shown = self.alike[self.alike["probability"] > 1 - SURE].head(SHOWN)
        lines += ["", f"Groups that may be one {words.individual}"]
        lines += [
            f"  {row.name} and {row.other_name}, {row.probability:.0%}: "
            f"{row.first_path} and {row.second_path}"
            for row in shown.itertuples(index=False)
        ] or ["  none"]
        if len(self.pictures):
            lines += [
                "",
                f"Photos that show one {words.singular} twice: a mirror, a collage, a photo of a "
                "photo, twins",
                "(left out of the rates)",
            ]
            lines += [f"  {path}" for path in self.pictures["path"].unique()[:SHOWN]]
        return lines

    def pure(self) -> str:
        """Say what the purity means, without a full stop."""
        words = self.words
        return f"the share of the {words.plural} that are with their own {words.individual}"

    def seconds(self, group: str = "group") -> str:
        """Say how many groups are likely second ones, without a full stop."""
        words, number = self.words, round(self.second_groups)
        whose = f"{words.an_individual} who has a larger one"
        if not number:
            return f"hardly any {group} is expected to be a second one of {whose}"
        are = "is" if number == 1 else "are"
        return f"about {counted(number, group)} {are} expected to be a second one of {whose}"

    @property
    def here(self) -> pd.Series:
        """The row of `rates` at the grouping's own threshold."""
        row: pd.Series = self.rates[self.rates["threshold"] == self.threshold].iloc[0]
        return row


def audit(
    album: Album,
    names: Sequence[str | None],
    *,
    threshold: float,
    thresholds: Sequence[float] | None = None,
    method: str = "average",
    level: float = 0.95,
    most: int = 100,
    seed: int = 0,
) -> Audit:
    """
    Estimate how often a grouping is wrong, and where.

    Parameters
    ----------
    album : Album
        n sightings; what is ignored takes no part.
    names : sequence of str or None
        The individual of each sighting; None for one who is not known (left out of the groups).
    threshold : float
        Encoder distance that the grouping used.
    thresholds : sequence of float, optional
        More distances at which the rates are wanted; round ones, if not given.
    method : str
        What made the groups, to be named in the report: joins are always those of average linkage.
    level : float
        Of the intervals, between 0 and 1.
    most : int
        At most so many pairs of groups in `alike`.
    seed : int
        For the pairs that `kin` draws.

    Returns
    -------
    Audit
        Its intervals are Clopper and Pearson's (1934), exact for independent pairs. Pairs of the
        same two groups say the same thing again: together they count once.

    Raises
    ------
    BadSetting
        If `level` is not between 0 and 1, or `names` has another length than the album.
    """
    if not 0 < level < 1:
        raise BadSetting(f"level is {level!r}; expected a number between 0 and 1, such as 0.95")
    if len(names) != len(album):
        raise BadSetting(f"{len(names)} names for {len(album)} sightings; expected as many")
    # Sightings are named by their rows in the whole album, once all is worked out.
    rows_of = album.kept
    if len(rows_of) < len(album):
        album, names = album.take(rows_of), [names[row] for row in rows_of.tolist()]
    distances, photo_of = neighbours.of(album), album.photo_of
    labels = numbered(names)
    calibration = spread.to_groups(album.encoder.calibration, distances, labels)
    in_groups = spread.of_groups(album.encoder.calibration, album.encoder.linkage)
    paths = album.sightings["path"].to_numpy(dtype=object)
    # Who takes the way that spares memory must not be met by a table of all pairs here.
    with memory.sparing(method == "online"):
        left_out: list[str] = []
        measured, drawn = False, _drawn(album, seed)
        others = calibration.steps if thresholds is None else thresholds
        wanted = sorted({float(threshold), *map(float, others)})
        try:
            if not album.subject.exclusive_in_photo:
                words = album.words
                raise _Unknowable(
                    f"two {words.plural} in one photo may be one {words.individual}, so that no "
                    "photo shows a mistake"
                )
            known = ask(album if len(drawn) == len(album) else album.take(drawn))
            # What is said of every threshold must not depend on the grouping that is judged.
            usual = (album.encoder.calibration, album.encoder.linkage)
            followed = spread.to_tree(*usual, known.apart)
        except (MemoryError, _Unknowable) as error:
            why = str(error) or "memory ran out"
            left_out.append(f"How often it is wrong was not measured: {why}")
            nothing = (0.0, 0.0, np.nan, 0.0, 1.0)
            rows: list[tuple[float | None, ...]] = [
                (value, *nothing, *nothing[1:], None) for value in wanted
            ]
            odd, away = pd.DataFrame(columns=list(PICTURE_COLUMNS)), np.zeros(0)
        else:
            measured = True
            odd, away = _at(known.pictures, drawn), known.asked.away
            if len(drawn) < len(album):
                words = album.words
                left_out.append(
                    f"Measured on {words.count(len(drawn))} of {len(album):,}, in photos that were "
                    f"drawn: among all of them, more {words.individuals} may be alike"
                )
            rows = [
                (
                    *known.asked.at(value, level=level),
                    uncertainty.expected_wrong(known.apart, followed, value),
                )
                for value in wanted
            ]
        near = sparse_linkage.near_of(album)
        pictures = odd.assign(path=paths[odd["first"].to_numpy(dtype=np.int64)])
        several = int((np.bincount(labels[labels >= 0]) > 1).sum())
        sides = uncertainty.sides(distances, labels)
        pairs = uncertainty.alike(
            *(distances, labels, calibration),
            apart=collages.apart(album),
            # As many as there may be second groups, for these are counted.
            most=max(most, int(labels.max(initial=-1)) + 1),
            near=near,
        )
        alike = uncertainty.linked(distances, labels, pairs.head(most))
        suspicious = uncertainty.suspicious(
            *(distances, labels, sides, calibration),
            moved=calibration.even - in_groups.even,
            near=near,
        )
        grouped = int((labels >= 0).sum())
        doubt = (1 - suspicious["probability"]) * suspicious["smaller"] * suspicious["weight"]
        wrong = float(doubt.sum())
        if sides.passed:
            left_out.append(
                f"{len(sides.group):,} of {several:,} groups were looked into: those that are "
                "spread most, and others that were drawn and stand for the rest"
            )
        if missed := several - sides.passed - len(sides.group):
            left_out.append(
                f"{counted(missed, 'group')} too large to be looked into: a table of all pairs in "
                "one needs more memory than can be had here"
            )
        return Audit(
            threshold=float(threshold),
            photos=len(np.unique(photo_of)),
            sightings=len(album),
            groups=several,
            rates=pd.DataFrame(rows, columns=list(RATE_COLUMNS)),
            suspicious=_at(_named(suspicious, names, labels, paths), rows_of)[
                list(SUSPICIOUS_COLUMNS)
            ],
            alike=_at(_named(alike, names, labels, paths), rows_of)[list(ALIKE_COLUMNS)],
            pictures=_at(pictures, rows_of)[list(PICTURE_COLUMNS)],
            kin=_kin(distances, labels, away, calibration.even, seed),
            level=level,
            method=method,
            left_out=tuple(left_out),
            measured=measured,
            purity=1 - wrong / grouped if grouped else 1.0,
            second_groups=sum(uncertainty.second_groups(pairs, labels).values()),
            words=album.words,
        )


def _drawn(album: Album, seed: int) -> Labels:
    """Return the sightings of photos that are drawn until they are `MEASURED`; all of fewer."""
    photo_of = album.photo_of
    if len(album) <= MEASURED:
        return np.arange(len(album), dtype=np.int64)
    lot = np.random.default_rng(seed).permutation(int(photo_of.max()) + 1)
    by_photo = np.argsort(lot[photo_of], kind="stable")
    last = lot[photo_of[by_photo[MEASURED - 1]]]
    return np.flatnonzero(lot[photo_of] <= last)


def floored(share: float) -> str:
    """Write a share of what is right, rounded down: 98.96% is not yet 99%."""
    return f"{int(share * 1000 + 1e-9) / 10:.1f}%"


class _Unknowable(Exception):
    """Nothing in the photos says what is wrong."""


def ask(album: Album, *, tree: linkage.Tree | None = None, held: Pairs | None = None) -> Known:
    """
    Gather what an album's photos say about any grouping of it.

    It takes as long as two trees of joins; then every threshold is answered in a moment.

    Parameters
    ----------
    album : Album
        n sightings; what is ignored takes no part.
    tree : Tree, optional
        Joins of these sightings, made without must-links, to be taken where they are the ones
        needed.
    held : numpy.ndarray, optional
        Shape (m, 2), int64: the cannot-links that `tree` was made with.
    """
    distances, calibration = neighbours.of(album), album.encoder.calibration
    rows = album.kept
    inside = rows[pairs_within(album.photo_of[rows])]
    # Where the photo shows pictures, none of its pairs is known to be two.
    pictures = np.isin(album.photo_of[inside[:, 0]], collages.photos(album))

    def made(cannot: Pairs) -> linkage.Tree:
        if tree is not None and held is not None and same_pairs(cannot, held):
            return tree
        return join_album(album, cannot_link=cannot)

    free = made(inside[:0])
    away = distances.of_pairs(inside[:, 0], inside[:, 1])
    # How many individuals could be alike by accident is asked of no grouping that is judged
    # here: what is taken for a mirror is the same at every threshold.
    individuals = free.start - uncertainty.best_joins(free, calibration)
    same = calibration.probability(away, max(individuals - 1, 1))
    odd = (same >= SAME_PICTURE) | pictures
    # Who is seen with whom again and again is told by a grouping that is not the one judged here,
    # and that never puts two sightings of one photo together.
    apart = made(inside[~odd]) if not odd.all() else free
    weights = once_each(
        apart.labels_after(uncertainty.best_joins(apart, calibration)), inside[~odd]
    )
    alike = pd.DataFrame(
        {"distance": away, "probability": same, "first": inside[:, 0], "second": inside[:, 1]}
    )[odd & (same >= SAME_PICTURE)].sort_values("distance", ignore_index=True)
    return Known(Asked(inside[~odd], away[~odd], weights, free), apart, alike)


def numbered(names: Sequence[str | None]) -> Labels:
    """Return a number for each name, shape (n,), int64; -1 for None."""
    return pd.factorize(pd.Series(list(names), dtype=object))[0].astype(np.int64)


def _share(row: pd.Series, kind: str) -> str:
    """Say a rate with its interval."""
    rate = row[f"false_{kind}"]
    return f"{rate:.2%} ({row[f'{kind}_low']:.2%} to {row[f'{kind}_high']:.2%})"


def _kin(
    distances: Distances,
    labels: Labels,
    away: npt.NDArray[np.float64],
    even: float,
    seed: int,
) -> float:
    """Compare how often two individuals are alike within photos and all over the album."""
    if len(away) < 20 or len(labels) < 20:
        return float("nan")
    draw = np.random.default_rng(seed)
    first, second = draw.integers(0, len(labels), (2, _DRAWN))
    two = (labels[first] != labels[second]) | (labels[first] < 0)
    two &= first != second
    if not two.any():
        return float("nan")
    apart = distances.of_pairs(first[two], second[two])
    # Just above where two are as likely one as two: near enough to be alike, far enough to be many.
    limit = even * 1.15
    here, there = float((away <= limit).mean()), float((apart <= limit).mean())
    return here / there if there > 0 else float("nan")


def _at(table: pd.DataFrame, rows: Labels) -> pd.DataFrame:
    """Name the two sightings of each row of a table by other row numbers."""
    ends = {end: rows[table[end].to_numpy(dtype=np.int64)] for end in ("first", "second")}
    return table.assign(**ends)


def _named(
    table: pd.DataFrame, names: Sequence[str | None], labels: Labels, paths: npt.NDArray[np.object_]
) -> pd.DataFrame:
    """Add the names of groups, and the photos of sightings, to a table."""
    name_of = dict(zip(labels.tolist(), names, strict=True))
    made = table.assign(
        name=[name_of[group] for group in table["group"]],
        first_path=paths[table["first"].to_numpy(dtype=np.int64)],
        second_path=paths[table["second"].to_numpy(dtype=np.int64)],
    )
    if "other" in table:
        made = made.assign(other_name=[name_of[group] for group in table["other"]])
    return made
