from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labellings import labelling
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import pair_confusion_matrix

from toolkit.errors import BadSetting
from toolkit.evaluation import scores
from toolkit.evaluation.scores import (
    INTERVALS,
    count_cells,
    interval,
    score_grouping,
    with_trivial,
)


def test_a_case_worked_by_hand() -> None:
    # Truth: aaa b; found: aa | ab. Pairs found: 2, one of them right. True pairs: 3.
    scores = score_grouping(np.array(list("aaab")), np.array([0, 0, 1, 1]))
    assert scores.pairwise_precision == pytest.approx(1 / 2)
    assert scores.pairwise_recall == pytest.approx(1 / 3)
    assert scores.pairwise_f == pytest.approx(0.4)
    # Per sighting: precision 1, 1, 1/2, 1/2; recall 2/3, 2/3, 1/3, 1.
    assert scores.bcubed_precision == pytest.approx(3 / 4)
    assert scores.bcubed_recall == pytest.approx(2 / 3)
    assert (scores.groups, scores.individuals) == (2, 2)


@pytest.mark.filterwarnings("ignore:The number of unique classes")
@given(labelling)
def test_pairs_and_rand_are_scikit_learns(drawn) -> None:
    truth, found = np.array(drawn).T
    scores = score_grouping(truth, found)
    (_, wrong), (missed, right) = pair_confusion_matrix(truth, found)
    assert scores.pairwise_precision == pytest.approx(
        right / (right + wrong) if right + wrong else 1
    )
    assert scores.pairwise_recall == pytest.approx(
        right / (right + missed) if right + missed else 1
    )
    assert scores.adjusted_rand == pytest.approx(adjusted_rand_score(truth, found))


@given(labelling)
def test_bcubed_is_the_mean_over_sightings(drawn) -> None:
    truth, found = np.array(drawn).T
    both = (truth[:, None] == truth) & (found[:, None] == found)
    scores = score_grouping(truth, found)
    assert scores.bcubed_precision == pytest.approx(
        (both.sum(1) / (found[:, None] == found).sum(1)).mean()
    )
    assert scores.bcubed_recall == pytest.approx(
        (both.sum(1) / (truth[:, None] == truth).sum(1)).mean()
    )


@given(labelling)
def test_the_truth_scores_one_and_names_do_not_matter(drawn) -> None:
    truth = np.array(drawn).T[0]
    scores = score_grouping(truth, truth + 17)
    assert scores.pairwise_f == scores.bcubed_f == scores.adjusted_rand == 1.0


def test_the_trivial_answers_stand_beside() -> None:
    table = with_trivial(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), "mine")
    assert table.index.to_list() == ["mine", "all in one group", "each alone"]
    assert table.loc["mine", "pairwise_f"] == 1
    assert table.loc["all in one group", "pairwise_precision"] == pytest.approx(2 / 6)
    assert table.loc["each alone", "pairwise_recall"] == 0


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(ValueError, match="expected as many, above 0"):
        score_grouping(np.zeros(0), np.zeros(0, np.int64))
    with pytest.raises(ValueError, match="2 truths and 1 labels"):
        score_grouping(np.zeros(2), np.zeros(1, np.int64))


def drawn(truth, found, weights, score) -> float:
    return float(scores._drawn_scores(count_cells(truth, found), np.array([weights]), score)[0])


SCORES_BUT_PRECISION = [s for s in INTERVALS if s not in ("bcubed_precision", "bcubed_f")]


@pytest.mark.parametrize("score", SCORES_BUT_PRECISION)
@given(labelling, st.data())
def test_a_draw_without_copies_scores_as_those_individuals_alone(score, drawn_rows, data) -> None:
    truth, found = np.array(drawn_rows).T
    people = list(dict.fromkeys(truth.tolist()))
    kept = data.draw(st.lists(st.sampled_from(people), min_size=1, unique=True))
    weights = [float(person in kept) for person in people]
    inside = np.isin(truth, kept)
    expected = getattr(score_grouping(truth[inside], found[inside]), score)
    assert drawn(truth, found, weights, score) == pytest.approx(expected)


@pytest.mark.parametrize("score", INTERVALS)
@given(labelling)
def test_a_draw_of_everybody_once_is_the_score_itself(score, drawn_rows) -> None:
    truth, found = np.array(drawn_rows).T
    ones = np.ones(len(set(truth)))
    expected = getattr(score_grouping(truth, found), score)
    assert drawn(truth, found, ones, score) == pytest.approx(expected)


@pytest.mark.parametrize("score", ["pairwise_precision", "pairwise_recall", "adjusted_rand"])
@given(labelling, st.lists(st.integers(0, 3), min_size=7, max_size=7))
def test_two_copies_of_an_individual_are_never_compared(score, drawn_rows, copies) -> None:
    truth, found = np.array(drawn_rows).T
    people = list(dict.fromkeys(truth.tolist()))
    weights = np.array(copies[: len(people)], dtype=float)
    if not weights.any():
        return
    rows = [
        (person, copy, group)
        for person, group in zip(truth.tolist(), found.tolist(), strict=True)
        for copy in range(int(weights[people.index(person)]))
    ]
    # same / different individual, in one / in two groups
    table = np.zeros((2, 2))
    for one, other in combinations(rows, 2):
        if one[0] != other[0] or one[1] == other[1]:
            table[int(one[0] == other[0]), int(one[2] == other[2])] += 1
    (apart, wrong), (missed, right) = table
    if score == "pairwise_precision":
        expected = right / (right + wrong) if right + wrong else 1
    elif score == "pairwise_recall":
        expected = right / (right + missed) if right + missed else 1
    else:
        # The form of Hubert and Arabie's index in the four counts of pairs (Steinley 2004).
        below = (right + wrong) * (wrong + apart) + (right + missed) * (missed + apart)
        expected = 2 * (right * apart - wrong * missed) / below if below else 1
    assert drawn(truth, found, weights, score) == pytest.approx(expected)


@given(labelling)
def test_precision_is_taken_to_first_order(drawn_rows) -> None:
    truth, found = np.array(drawn_rows).T
    cells = count_cells(truth, found)

    def summed(weights) -> float:
        """Sum of the sightings' precision where individual p is there weights[p] times."""
        total = 0.0
        for group, person, count in zip(cells.group, cells.individual, cells.count, strict=True):
            beside = (cells.group == group) & (cells.individual != person)
            others = (cells.count * weights[cells.individual])[beside].sum()
            total += weights[person] * count * count / (count + others)
        return total

    people = len(cells.of_individual)
    own, harm = scores._shares_of_precision(cells)
    for person in range(people):
        step = np.zeros(people)
        step[person] = 1e-5
        slope = (summed(1 + step) - summed(1 - step)) / 2e-5
        assert own[person] - harm[person] == pytest.approx(slope, abs=1e-6)


def world(people: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """People in some photos each: some share another's group, some sightings stay alone."""
    truth = np.repeat(np.arange(people), random.geometric(0.45, people))
    host = np.arange(people)
    joined = random.random(people) < 0.12
    host[joined] = random.integers(people, size=joined.sum())
    found = host[truth]
    alone = random.random(len(truth)) < 0.1
    found[alone] = people + np.arange(alone.sum())
    return truth, found


@pytest.mark.parametrize("score", ["bcubed_precision", "bcubed_f", "pairwise_f"])
def test_the_interval_holds_the_score_of_all_people_as_often_as_it_says(score) -> None:
    random = np.random.default_rng(3)
    expected = np.mean([getattr(score_grouping(*world(200, random)), score) for _ in range(300)])
    hits = 0
    for _ in range(200):
        low, high = interval(*world(200, random), score=score, draws=200)
        hits += low <= expected <= high
    # 95% of 200 is 190, give or take 3; of 200 draws each the quantiles are rough.
    assert 176 <= hits <= 198


def test_intervals_depend_on_the_seed_alone_and_grow_with_the_level() -> None:
    truth, found = world(50, np.random.default_rng(0))
    low, high = interval(truth, found, seed=1)
    assert (low, high) == interval(truth, found, seed=1)
    assert (low, high) != interval(truth, found, seed=2)
    inner = interval(truth, found, seed=1, level=0.5)
    score = score_grouping(truth, found).bcubed_f
    assert low < inner[0] < score < inner[1] < high


def test_an_interval_needs_two_individuals_and_cannot_show_mistakes_that_were_not_made() -> None:
    assert np.isnan(interval(np.zeros(4), np.array([0, 0, 1, 1]))).all()
    assert interval(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"score": "groups"}, "score is 'groups'"),
        ({"level": 1.0}, "level is 1.0"),
        ({"draws": 0}, "draws is 0"),
    ],
)
def test_what_an_interval_cannot_be_made_of_is_refused(wrong, message) -> None:
    with pytest.raises(BadSetting, match=message):
        interval(np.arange(3), np.arange(3), **wrong)


def test_intervals_stand_beside_when_asked_for() -> None:
    truth, found = world(30, np.random.default_rng(0))
    table = with_trivial(truth, found, intervals=["bcubed_f"], draws=200, seed=5)
    low, high = interval(truth, found, draws=200, seed=5)
    assert table.loc["this grouping", ["bcubed_f_low", "bcubed_f_high"]].to_list() == [low, high]
    assert (table["bcubed_f_low"] <= table["bcubed_f"]).all()
    assert "bcubed_f_low" not in with_trivial(truth, found).columns


def test_a_missing_truth_is_refused() -> None:
    with pytest.raises(ValueError, match="missing"):
        score_grouping(np.array(["ann", None], dtype=object), np.array([0, 1]))
