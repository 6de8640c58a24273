"""What a grouping is worth to the one who uses its folders, where the truth is known."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolkit.errors import BadSetting
from toolkit.evaluation.scores import Cells, count_cells

# What adding thousands of shares can be wrong by.
TINY = 1e-9


@dataclass(frozen=True)
class FolderScores:
    """
    Sorted folders compared with who is in which photo.

    Attributes
    ----------
    files : int
        Photos in folders; a photo in two folders counts twice.
    wrong : int
        Of those, in a folder that stands for somebody who is not in that photo.
    shown : int
        Pairs of a photo and an individual who is in it.
    missing : int
        Of those, where the photo is not in the individual's main folder.
    in_fragment : int
        Of the missing, where it is in another folder that stands for the same individual.
    main, fragments : int
        Folders that are some individual's main folder, and those that are not.
    """

    files: int
    wrong: int
    shown: int
    missing: int
    in_fragment: int
    main: int
    fragments: int


def stands_for(
    truth: npt.NDArray[np.generic], labels: npt.NDArray[np.generic]
) -> dict[Hashable, Hashable]:
    """
    Return the individual that each group stands for: the one with most of its sightings.

    Of two with as many, the one that the rows name first. Several groups can stand for one
    individual, and no group may stand for one who is a minority wherever they are.

    Parameters
    ----------
    truth, labels : numpy.ndarray
        Shape (n,), any dtype: the individual and the group of each sighting.
    """
    counts: dict[Hashable, Counter[Hashable]] = {}
    rows = zip(np.asarray(truth).tolist(), np.asarray(labels).tolist(), strict=True)
    for individual, group in rows:
        counts.setdefault(group, Counter())[individual] += 1
    return {group: count.most_common(1)[0][0] for group, count in counts.items()}


def score_folders(
    files: Iterable[tuple[Hashable, Hashable]],
    shown: Iterable[tuple[Hashable, Hashable]],
    individual_of: Mapping[Hashable, Hashable],
) -> FolderScores:
    """
    Count the photos that are in a wrong folder, and those that are missing from the right one.

    A folder stands for one individual. Of several that stand for the same one, the main folder has
    most photos of that individual (of two with as many, the first in `files`); the others are
    fragments. A photo in a fragment is missing from the main folder, but it is not in a wrong one:
    merging the two mends it.

    Parameters
    ----------
    files : iterable of (photo, folder)
        Which photo is in which folder; repetitions count once.
    shown : iterable of (photo, individual)
        Who is in which photo, all of them.
    individual_of : mapping
        The individual that each folder stands for; folders that are not in it are left out.
    """
    kept = [pair for pair in dict.fromkeys(files) if pair[1] in individual_of]
    truth = set(shown)
    right = [(photo, folder) for photo, folder in kept if (photo, individual_of[folder]) in truth]
    sizes = {folder: 0 for _, folder in kept}
    for _, folder in right:
        sizes[folder] += 1
    main: dict[Hashable, Hashable] = {}
    for folder, size in sizes.items():
        individual = individual_of[folder]
        if individual not in main or size > sizes[main[individual]]:
            main[individual] = folder
    in_main = {(photo, individual_of[f]) for photo, f in right if main[individual_of[f]] == f}
    anywhere = {(photo, individual_of[folder]) for photo, folder in right}
    return FolderScores(
        files=len(kept),
        wrong=len(kept) - len(right),
        shown=len(truth),
        missing=len(truth) - len(in_main),
        in_fragment=len(anywhere) - len(in_main),
        main=len(main),
        fragments=len(sizes) - len(main),
    )


def photos_in_wrong_folder(
    truth: npt.NDArray[np.generic],
    labels: npt.NDArray[np.generic],
    photos: npt.NDArray[np.generic],
) -> int:
    """
    Count the photos that a grouping puts into the folder of somebody who is not in them.

    A folder stands for the individual with most of its sightings; see `score_folders`.

    Parameters
    ----------
    truth, labels, photos : numpy.ndarray
        Shape (n,), any dtype: the individual, the group and the photo of each sighting.
    """
    return _folders(truth, labels, photos).wrong


def photos_missing(
    truth: npt.NDArray[np.generic],
    labels: npt.NDArray[np.generic],
    photos: npt.NDArray[np.generic],
) -> int:
    """
    Count the photos that are not in the main folder of somebody who is in them.

    A photo of two individuals can be missing twice; see `score_folders`.

    Parameters
    ----------
    truth, labels, photos : numpy.ndarray
        Shape (n,), any dtype: the individual, the group and the photo of each sighting.
    """
    return _folders(truth, labels, photos).missing


def _folders(
    truth: npt.NDArray[np.generic],
    labels: npt.NDArray[np.generic],
    photos: npt.NDArray[np.generic],
) -> FolderScores:
    where = np.asarray(photos).tolist()
    return score_folders(
        zip(where, np.asarray(labels).tolist(), strict=True),
        zip(where, np.asarray(truth).tolist(), strict=True),
        stands_for(truth, labels),
    )


def answers_for(
    truth: npt.NDArray[np.generic], labels: npt.NDArray[np.int64], *, target: float = 0.99
) -> int:
    """
    Count the yes-or-no answers that bring a grouping's B-cubed F to a target.

    Two questions are asked. "Does this sighting belong here?", of a sighting that is not of the
    individual with most of its group: the answer is no, and it becomes a group of its own. "Are
    these two one individual?", of an individual's largest group (at the start) and another group
    that stands for the same one: the answer is yes, and the two become one. At each step the
    question is asked whose answer raises B-cubed F most, so that the count is what a perfect
    chooser of questions would need, not what a user who has to find the mistakes would; a program
    that asks has to ask more. From there to F = 1 it takes one answer for each wrong sighting and
    one for each group too many: 2 wrong + groups - individuals in all.

    Parameters
    ----------
    truth, labels : numpy.ndarray
        As for `toolkit.evaluation.scores.score_grouping`.
    target : float
        B-cubed F to be reached, above 0 and at most 1.

    Returns
    -------
    int
        0 where the target is reached already.

    Raises
    ------
    BadSetting
        If the target cannot be used.
    """
    if not 0 < target <= 1:
        raise BadSetting(f"target is {target!r}; expected a B-cubed F above 0 and at most 1")
    mending = _Mending(count_cells(truth, labels))
    asked = 0
    while mending.bcubed_f < target - TINY:
        mending.step()
        asked += 1
    return asked


class _Mending:
    """
    A grouping that is mended answer by answer.

    Each of `wrong` is a cell: the sightings of one individual in a group that stands for another.
    What an answer adds to the sums behind precision and recall follows from counts that each step
    changes for a few groups only; the steps keep them in arrays, so that finding the best answer is
    a handful of operations on arrays.
    """

    def __init__(self, cells: Cells) -> None:
        self.total = cells.of_individual.sum()
        self.of_individual = cells.of_individual
        self.members: list[dict[int, float]] = [{} for _ in cells.of_group]
        for group, individual, count in zip(
            cells.group.tolist(), cells.individual.tolist(), cells.count.tolist(), strict=True
        ):
            self.members[group][individual] = count
        self.who = [max(members, key=lambda p: members[p]) for members in self.members]
        self.precision = float((cells.count**2 / cells.of_group[cells.group]).sum())
        self.recall = float((cells.count**2 / cells.of_individual[cells.individual]).sum())

        of_who = np.array(self.who)[cells.group]
        wrong = cells.individual != of_who
        self.cell_group = cells.group[wrong].copy()
        self.cell_individual = cells.individual[wrong].copy()
        self.cell_count = cells.count[wrong].copy()
        self.cell_at = {
            place: number
            for number, place in enumerate(
                zip(self.cell_group.tolist(), self.cell_individual.tolist(), strict=True)
            )
        }
        # Every wrong sighting can become a group of its own.
        room = len(self.members) + int(self.cell_count.sum())
        self.size, self.square, self.overlap, self.gain = np.zeros((4, room))
        self.into = np.full(room, -1)
        self.main: dict[int, int] = {}
        self.others: dict[int, list[int]] = {}
        for group, members in enumerate(self.members):
            individual = self.who[group]
            best = self.main.setdefault(individual, group)
            if members[individual] > self.members[best][individual]:
                self.main[individual] = group
        for group in range(len(self.members)):
            self._measure(group)
            if self.main[self.who[group]] != group:
                self.others.setdefault(self.who[group], []).append(group)
        for individual in self.others:
            self._compare(individual)

    @property
    def bcubed_f(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall) / self.total

    def step(self) -> None:
        """Ask the question whose answer raises B-cubed F most."""
        size, square = self.size[self.cell_group], self.square[self.cell_group]
        open_ = self.cell_count > 0
        left = square - 2 * self.cell_count + 1
        precise = left / np.maximum(size - 1, 1) + 1 - square / size
        lost = -2 * (self.cell_count - 1) / self.of_individual[self.cell_individual]
        fragments = np.flatnonzero(self.into >= 0)
        into = self.into[fragments]
        merged = self.square[into] + self.square[fragments] + 2 * self.overlap[fragments]
        joined = (
            merged / (self.size[into] + self.size[fragments])
            - self.square[into] / self.size[into]
            - self.square[fragments] / self.size[fragments]
        )
        precision = self.precision + np.concatenate([precise, joined])
        recall = self.recall + np.concatenate([lost, 2 * self.gain[fragments]])
        after = 2 * precision * recall / (precision + recall)
        after[: len(open_)][~open_] = -math.inf
        best = int(after.argmax())
        self.precision, self.recall = float(precision[best]), float(recall[best])
        if best < len(open_):
            self._take_out(best)
        else:
            self._merge(int(fragments[best - len(open_)]))

    def _take_out(self, cell: int) -> None:
        group, individual = int(self.cell_group[cell]), int(self.cell_individual[cell])
        self.cell_count[cell] -= 1
        self.members[group][individual] -= 1
        if not self.members[group][individual]:
            del self.members[group][individual]
        alone = len(self.members)
        self.members.append({individual: 1.0})
        self.who.append(individual)
        self._measure(group)
        self._measure(alone)
        if individual in self.main:
            self.others.setdefault(individual, []).append(alone)
            self._compare(individual)
        else:
            self.main[individual] = alone
        self._compare(self.who[group])

    def _merge(self, fragment: int) -> None:
        individual = self.who[fragment]
        main = self.main[individual]
        for other, count in self.members[fragment].items():
            self.members[main][other] = self.members[main].get(other, 0) + count
            cell = self.cell_at.get((fragment, other))
            if cell is None:
                continue
            there = self.cell_at.setdefault((main, other), cell)
            if there == cell:
                self.cell_group[cell] = main
            else:
                self.cell_count[there] += count
                self.cell_count[cell] = 0
        self.members[fragment] = {}
        self.into[fragment] = -1
        self.others[individual].remove(fragment)
        self._measure(main)
        self._compare(individual)

    def _measure(self, group: int) -> None:
        counts = self.members[group].values()
        self.size[group] = sum(counts)
        self.square[group] = sum(count * count for count in counts)

    def _compare(self, individual: int) -> None:
        """Bring up to date what it would mean to merge each fragment of an individual."""
        main = self.members[self.main[individual]]
        for group in self.others.get(individual, ()):
            self.into[group] = self.main[individual]
            shared = [(p, count * main[p]) for p, count in self.members[group].items() if p in main]
            self.overlap[group] = sum(product for _, product in shared)
            self.gain[group] = sum(product / self.of_individual[p] for p, product in shared)
