"""Which question about a grouping settles the most, and how many are worth an answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from toolkit.calibration import Calibration
from toolkit.errors import BadSetting
from toolkit.grouping import collages, neighbours, sparse_linkage, spread, uncertainty
from toolkit.grouping.constraints import Decided
from toolkit.grouping.links import Labels, Pairs, components, pairs_within
from toolkit.records import Album

NO_PAIRS = np.zeros((0, 2), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Question:
    """
    Are these two sightings one individual?

    Attributes
    ----------
    kind : {"together", "apart"}
        Whether the grouping has the two in one group now, or in two.
    first, second : int
        The sightings to show: the weakest link of the group, or the nearest pair of the two groups.
    group, other : int
        Their groups; the same for "together".
    name, other_name : str
        What the groups are called.
    sides : tuple of two numpy.ndarray
        Shape (k,), int64: the sightings that go with the one and with the other, the larger first.
    probability : float
        That they are one individual, 0 to 1, by the encoder's calibration.
    photos : int
        Photos that change their folder if the answer is not as the grouping has it: the distinct
        photos of the side that has fewer.
    expected : float
        The same, times the probability of that answer.
    stands_for : float
        How many groups are as doubtful as this one: more than 1 where not all were split.
    """

    kind: Literal["together", "apart"]
    first: int
    second: int
    group: int
    other: int
    name: str
    other_name: str
    sides: tuple[Labels, Labels]
    probability: float
    photos: int
    expected: float
    stands_for: float = 1.0

    @property
    def doubt(self) -> float:
        """Sightings that are expected to be in a group of somebody else, as far as this tells."""
        return (1 - self.probability) * len(self.sides[1]) if self.kind == "together" else 0.0


@dataclass(frozen=True, eq=False)
class Queue:
    """
    Questions in the order in which to ask them.

    Attributes
    ----------
    questions : tuple of Question
        Those that are expected to move most photos first.
    sightings : int
        How many are in a group.
    doubt : float
        Sightings expected to be in a group of somebody else: ``(1 - p) * k`` over the groups (of
        very many, over those that were split, each for as many as it stands for), p
        being the probability that a group is one individual and k the size of the smaller of the
        two sides that it splits into most easily.
    goal : float
        Purity that is aimed at, 0 to 1.
    seconds : float
        Groups expected to be a second one of an individual who has a larger one: over the smaller
        groups of the nearest pairs, the probability of the likeliest of their pairs.
    """

    questions: tuple[Question, ...]
    sightings: int
    doubt: float
    goal: float
    seconds: float = 0.0

    def __len__(self) -> int:
        return len(self.questions)

    def __iter__(self) -> Iterator[Question]:
        return iter(self.questions)

    @property
    def purity(self) -> float:
        """
        Expected share of sightings that are in a group of their own individual, 0 to 1.

        It is ``1 - doubt / sightings``: an expectation by the calibration, not a measurement. Only
        one split of each group is looked at, so a group of three individuals counts as one of two;
        that one individual is in two groups does not lower it: `seconds` says that.
        """
        return 1 - self.doubt / self.sightings if self.sightings else 1.0

    @property
    def left(self) -> int | None:
        """
        How many questions, in this order, until the expected purity reaches the goal.

        Each answer settles the doubt of its group, whatever it is. 0 where the goal is reached
        already; None where all of these questions do not reach it.
        """
        allowed = (1 - self.goal) * self.sightings
        doubts_left = self.doubt - np.cumsum([0.0, *(each.doubt for each in self.questions)])
        # Adding and taking away thousands of shares leaves a little.
        reached = np.flatnonzero(doubts_left <= allowed + 1e-9)
        return int(reached[0]) if len(reached) else None

    def without(self, question: Question, *, settled: bool = True) -> Queue:
        """
        Return the queue as it is after a question, before anything is grouped again.

        Parameters
        ----------
        question : Question
            One of this queue's.
        settled : bool
            Whether it was answered. Where it could not be told, the doubt stays.
        """
        rest = tuple(each for each in self.questions if each is not question)
        if len(rest) == len(self.questions):
            return self
        if not settled:
            return replace(self, questions=rest)
        second = question.probability if question.kind == "apart" else 0.0
        return replace(
            self,
            questions=rest,
            doubt=max(0.0, self.doubt - question.doubt),
            seconds=max(0.0, self.seconds - second),
        )


def queue(
    album: Album,
    labels: Labels,
    *,
    names: Sequence[str | None],
    decided: Decided | None = None,
    goal: float = 0.99,
    most: int = 100,
    leave_out: Collection[tuple[int, int]] = (),
    no_folder: Collection[str] = (),
) -> Queue:
    """
    Find the questions whose answers settle the most.

    Each group may be two individuals, and each two groups may be one: see
    `toolkit.grouping.uncertainty`. What is decided, also by way of other sightings, is not asked
    again, and neither are two sightings of which it was said that it cannot be told.

    Parameters
    ----------
    album : Album
        n sightings.
    labels : numpy.ndarray
        Shape (n,), int64: the group of each sighting, -1 for none.
    names : sequence of str or None
        What each sighting's group is called.
    decided : Decided, optional
        What the user decided about these sightings.
    goal : float
        Purity to aim at, above 0, up to 1.
    most : int
        At most so many questions, 1 or more.
    leave_out : collection of (int, int)
        Pairs of sightings that are not asked about either.
    no_folder : collection of str
        Names of groups that have no folder, which could be a second one.

    Raises
    ------
    BadSetting
        If `goal` or `most` is out of range, or labels and names are not as many as sightings.
    """
    if not 0 < goal <= 1:
        raise BadSetting(f"goal is {goal!r}; expected a number above 0, up to 1, such as 0.99")
    if most < 1:
        raise BadSetting(f"most is {most!r}; expected a whole number, 1 or more")
    if not len(labels) == len(names) == len(album):
        raise BadSetting(
            f"{len(labels)} labels and {len(names)} names for {len(album)} sightings; expected "
            "as many"
        )
    must, cannot = (NO_PAIRS, NO_PAIRS) if decided is None else (decided.must, decided.cannot)
    unknown = {(min(pair), max(pair)) for pair in leave_out}
    unknown |= set() if decided is None else set(map(tuple, decided.unclear.tolist()))
    photo_of = album.photo_of
    called = {int(g): str(name) for g, name in zip(labels, names, strict=True) if g >= 0}
    said = spread.to_groups(album.encoder.calibration, neighbours.of(album), labels)
    pairs = _alike(album, labels, said, cannot, most=most + len(unknown))
    near = uncertainty.linked(album, labels, pairs.head(most + len(unknown)))
    if (telling := neighbours.of(album).telling()) is not None:
        # Nobody can see in two opposite flanks whether they are of one.
        near = near[telling.of_pairs(near["first"].to_numpy(), near["second"].to_numpy())]
        pairs = near
    made = [
        *_together(album, labels, said, photo_of, called, must, cannot),
        *_twice(album, labels, said, photo_of, called, must, cannot),
        *_apart(labels, photo_of, called, near),
    ]
    doubt = sum(each.doubt * each.stands_for for each in made)
    asked = [each for each in made if tuple(sorted((each.first, each.second))) not in unknown]
    likely, sizes = uncertainty.second_groups(pairs, labels), np.bincount(labels[labels >= 0])
    apart = sum(probability * sizes[group] for group, probability in likely.items())
    # What is wrong most is asked about first; so is what was joined where it is not known how far
    # to trust that.
    first = "together" if album.encoder.caveat else "apart" if apart > doubt else ""
    asked.sort(
        key=lambda each: (
            each.kind != first,
            -(each.probability if each.kind == first == "apart" else each.expected),
            *(each.kind, each.group, each.other),
        )
    )
    seconds = sum(
        probability for group, probability in likely.items() if called[group] not in no_folder
    )
    return Queue(tuple(asked[:most]), int((labels >= 0).sum()), doubt, goal, seconds)


def _together(
    album: Album,
    labels: Labels,
    calibration: Calibration,
    photo_of: Labels,
    called: dict[int, str],
    must: Pairs,
    cannot: Pairs,
) -> Iterator[Question]:
    """Ask of each group whether it is one individual."""
    parts = uncertainty.sides(album, labels, must_link=must)
    place_of = {int(group): place for place, group in enumerate(parts.group)}
    family = components(len(labels), must)
    never = set(map(tuple, np.sort(family[cannot], axis=1).tolist()))
    usual = spread.of_groups(album.encoder.calibration, album.encoder.linkage)
    moved = calibration.even - usual.even
    near = sparse_linkage.near_of(album)
    table = uncertainty.suspicious(album, labels, parts, calibration, moved=moved, near=near)
    columns = [table[name].tolist() for name in ("group", "first", "second", "probability")]
    for group, first, second, probability in zip(*columns, strict=True):
        ends = sorted((int(family[first]), int(family[second])))
        if ends[0] == ends[1] or tuple(ends) in never:
            continue
        place = place_of[group]
        sides = (parts.first[place], parts.second[place])
        photos = _photos(photo_of, *sides)
        yield Question(
            kind="together",
            first=first,
            second=second,
            group=group,
            other=group,
            name=called[group],
            other_name=called[group],
            sides=sides,
            probability=probability,
            photos=photos,
            expected=photos * (1 - probability),
            stands_for=float(parts.weight[place]),
        )


def _twice(
    album: Album,
    labels: Labels,
    calibration: Calibration,
    photo_of: Labels,
    called: dict[int, str],
    must: Pairs,
    cannot: Pairs,
) -> Iterator[Question]:
    """Ask of each photo that shows pictures whether two who are one by that are one indeed."""
    pictures = collages.photos(album)
    if not len(pictures):
        return
    family = components(len(labels), must)
    never = set(map(tuple, np.sort(family[cannot], axis=1).tolist()))
    distances = neighbours.of(album)
    shown = np.flatnonzero(np.isin(photo_of, pictures) & (labels >= 0))
    pairs = shown[pairs_within(photo_of[shown])]
    pairs = pairs[labels[pairs[:, 0]] == labels[pairs[:, 1]]]
    away = distances.of_pairs(pairs[:, 0], pairs[:, 1])
    asked: set[tuple[int, int]] = set()
    # Of each photo and group, the pair that is the farthest.
    for row in np.argsort(-away, kind="stable").tolist():
        first, second = (int(each) for each in pairs[row])
        group = int(labels[first])
        ends = sorted((int(family[first]), int(family[second])))
        if ends[0] == ends[1] or tuple(ends) in never or (int(photo_of[first]), group) in asked:
            continue
        asked.add((int(photo_of[first]), group))
        members = np.flatnonzero(labels == group)
        probability = float(calibration.probability(away[row], collages.PAIRS))
        yield Question(
            kind="together",
            first=first,
            second=second,
            group=group,
            other=group,
            name=called[group],
            other_name=called[group],
            sides=(members[members != second], np.array([second], dtype=np.int64)),
            probability=probability,
            photos=1,
            expected=1 - probability,
        )


def _alike(
    album: Album, labels: Labels, calibration: Calibration, cannot: Pairs, *, most: int
) -> pd.DataFrame:
    """Find pairs of groups that may be one: as many as are asked, and as may be second groups."""
    # Two groups with a sighting each that are said to be two individuals cannot be one.
    never = np.sort(labels[cannot], axis=1)
    count = int(labels.max(initial=-1)) + 1
    pairs = uncertainty.alike(
        *(album, labels, calibration),
        apart=collages.apart(album),
        most=max(most, count) + len(np.unique(never, axis=0)),
        near=sparse_linkage.near_of(album),
    )
    ends = np.sort(pairs[["group", "other"]].to_numpy(dtype=np.int64), axis=1)
    keys, said = ends @ [count, 1], never[(never >= 0).all(axis=1)] @ [count, 1]
    return pairs[~np.isin(keys, said)]


def _apart(
    labels: Labels, photo_of: Labels, called: dict[int, str], pairs: pd.DataFrame
) -> Iterator[Question]:
    """Ask of pairs of groups whether they are one individual."""
    columns = [pairs[name].tolist() for name in ("group", "other", "first", "second")]
    for group, other, first, second, probability in zip(
        *columns, pairs["probability"].tolist(), strict=True
    ):
        here, there = np.flatnonzero(labels == group), np.flatnonzero(labels == other)
        sides = (here, there) if len(here) >= len(there) else (there, here)
        photos = _photos(photo_of, *sides)
        yield Question(
            kind="apart",
            first=first,
            second=second,
            group=group,
            other=other,
            name=called[group],
            other_name=called[other],
            sides=sides,
            probability=probability,
            photos=photos,
            expected=photos * probability,
        )


def _photos(photo_of: Labels, one: Labels, other: Labels) -> int:
    return min(len(np.unique(photo_of[one])), len(np.unique(photo_of[other])))
