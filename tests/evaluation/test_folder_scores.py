"""Folders scored by their photos, and what mending a grouping takes."""

import numpy as np
import pytest
from hypothesis import given
from labellings import labelling

from toolkit.errors import BadSetting
from toolkit.evaluation import folder_scores
from toolkit.evaluation.folder_scores import (
    answers_for,
    photos_in_wrong_folder,
    photos_missing,
    score_folders,
    stands_for,
)
from toolkit.evaluation.scores import (
    count_cells,
    score_grouping,
)


def test_folders_worked_by_hand() -> None:
    # Folder 0 is Ann's (photos 1, 2, 3), with Bob's photo 4 in it; folder 1 is Ann's second.
    truth = np.array(["ann", "ann", "ann", "bob", "ann", "bob", "bob"])
    found = np.array([0, 0, 0, 0, 1, 2, 2])
    photos = np.array([1, 2, 3, 4, 5, 1, 6])
    assert stands_for(truth, found) == {0: "ann", 1: "ann", 2: "bob"}
    assert photos_in_wrong_folder(truth, found, photos) == 1
    # Ann's photo 5 is in a fragment, Bob's photo 4 in no folder of his.
    assert photos_missing(truth, found, photos) == 2
    scores = score_folders(
        zip(photos, found, strict=True), zip(photos, truth, strict=True), stands_for(truth, found)
    )
    assert (scores.files, scores.shown, scores.in_fragment) == (7, 7, 1)
    assert (scores.main, scores.fragments) == (2, 1)


def test_a_photo_that_shows_the_person_is_right_even_for_the_wrong_face() -> None:
    # Bob's face in photo 1 is taken for Ann's, who is in photo 1 too.
    truth, found = np.array(["ann", "ann", "bob", "bob"]), np.array([0, 0, 0, 1])
    assert photos_in_wrong_folder(truth, found, np.array([1, 2, 1, 3])) == 0
    assert photos_in_wrong_folder(truth, found, np.array([1, 2, 4, 3])) == 1


def test_a_folder_that_stands_for_nobody_is_left_out() -> None:
    scores = score_folders([("p", 1), ("q", 2)], [("p", "ann"), ("q", "ann")], {1: "ann"})
    assert (scores.files, scores.wrong, scores.missing) == (1, 0, 1)


@given(labelling)
def test_exact_folders_have_nothing_wrong_or_missing(drawn_rows) -> None:
    truth, photos = np.array(drawn_rows).T
    assert photos_in_wrong_folder(truth, truth + 3, photos) == 0
    assert photos_missing(truth, truth + 3, photos) == 0
    alone = np.arange(len(truth))
    assert photos_in_wrong_folder(truth, alone, photos) == 0


@given(labelling)
def test_answers_to_perfection_are_two_a_wrong_sighting_and_one_a_group_too_many(rows) -> None:
    truth, found = np.array(rows).T
    wrong = sum(
        (found == group).sum() - np.bincount(truth[found == group]).max() for group in set(found)
    )
    expected = 2 * wrong + len(set(found)) - len(set(truth))
    assert answers_for(truth, found, target=1.0) == expected
    assert answers_for(truth, found, target=0.8) <= expected


@given(labelling)
def test_each_answer_is_the_one_that_gains_most(rows) -> None:
    truth, found = np.array(rows).T
    mending = folder_scores._Mending(count_cells(truth, found))

    def score(groups) -> float:
        pairs = [(p, g) for g, some in enumerate(groups) for p in some for _ in range(int(some[p]))]
        return score_grouping(*np.array(pairs).T).bcubed_f

    while mending.bcubed_f < 1 - 1e-9:
        groups = [dict(some) for some in mending.members]
        after = []
        for number, some in enumerate(groups):
            if not some:
                continue
            person = mending.who[number]
            for other in set(some) - {person}:
                less = {**some, other: some[other] - 1}
                after.append(score([*groups[:number], less, *groups[number + 1 :], {other: 1}]))
            main = mending.main[person]
            if main != number:
                both = {p: some.get(p, 0) + groups[main].get(p, 0) for p in {*some, *groups[main]}}
                rest = [g for n, g in enumerate(groups) if n not in (number, main)]
                after.append(score([*rest, both]))
        mending.step()
        assert mending.bcubed_f == pytest.approx(max(after))
        assert mending.bcubed_f == pytest.approx(score(mending.members))


def test_answers_worked_by_hand() -> None:
    # Three of Ann's four are together, with one of Bob's three: out with him, then two merges.
    truth = np.array(list("aaaabbb"))
    found = np.array([0, 0, 0, 1, 0, 2, 2])
    assert answers_for(truth, found) == 3
    assert answers_for(truth, found, target=0.5) == 0
    assert answers_for(truth, np.zeros(7, dtype=np.int64)) == 3 + 2
    for target in (0, 1.1, float("nan")):
        with pytest.raises(BadSetting, match="target"):
            answers_for(truth, found, target=target)
