"""What a review would bring: somebody who knows who is who answers questions, and errs at times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from toolkit.curation import questions
from toolkit.evaluation.scores import score_grouping
from toolkit.grouping.assigners import group_album
from toolkit.grouping.constraints import Decided
from toolkit.grouping.links import Pairs, components
from toolkit.records import Album
from toolkit.settings import GroupingSettings

# How often the reviewer is wrong.
WRONG = 0.02
# Answers after which the album is grouped again: more often changes nothing.
TOGETHER = 5


@dataclass(frozen=True)
class Reviewed:
    """
    How well an album is grouped after some answers.

    Attributes
    ----------
    answers : int
        How many were given; fewer where there was nothing left to ask.
    score : float
        B-cubed F of the grouping, 0 to 1.
    """

    answers: int
    score: float


def review(
    album: Album,
    individuals: npt.NDArray[Any],
    settings: GroupingSettings,
    *,
    after: Sequence[int] = (0, 50, 100),
    wrong: float = WRONG,
    seed: int = 0,
) -> list[Reviewed]:
    """
    Group an album, and again after answers to the questions that settle the most.

    Parameters
    ----------
    album : Album
        n sightings.
    individuals : numpy.ndarray
        Shape (n,): who each is.
    settings : GroupingSettings
        How to group.
    after : sequence of int
        Numbers of answers after which it is scored, ascending.
    wrong : float
        Share of answers that are wrong, 0 to 1.
    seed : int
        Of the answers that are.

    Returns
    -------
    list of Reviewed
        One for each number in `after`.
    """
    rng = np.random.default_rng(seed)
    same: list[tuple[int, int]] = []
    different: list[tuple[int, int]] = []
    found: list[Reviewed] = []
    given = 0
    while True:
        decided = Decided(
            _pairs(same), _pairs(different), {}, frozenset(), np.zeros(0, dtype=np.int64), 0
        )
        labels = group_album(album, settings, decided=decided).clustering.labels
        while len(found) < len(after) and given >= after[len(found)]:
            found.append(Reviewed(given, score_grouping(individuals, labels).bcubed_f))
        if len(found) == len(after):
            return found
        names = [str(label) for label in labels]
        asked = questions.queue(album, labels, names=names, decided=decided).questions
        asked = asked[: min(TOGETHER, after[len(found)] - given)]
        if not asked:
            score = score_grouping(individuals, labels).bcubed_f
            return [*found, *[Reviewed(given, score)] * (len(after) - len(found))]
        for each in asked:
            given += 1
            truth = individuals[each.first] == individuals[each.second]
            said = truth != (rng.random() < wrong)
            own = same if said else different
            own.append((each.first, each.second))
            if _contradict(same, different, len(individuals)):
                # Of those asked together, an earlier one has said otherwise.
                own.pop()


def _contradict(same: list[tuple[int, int]], different: list[tuple[int, int]], count: int) -> bool:
    """Whether two who are said to be different are one by what is said of others."""
    family = components(count, _pairs(same))
    apart = _pairs(different)
    return bool((family[apart[:, 0]] == family[apart[:, 1]]).any())


def _pairs(of: list[tuple[int, int]]) -> Pairs:
    return np.array(of, dtype=np.int64).reshape(-1, 2)
