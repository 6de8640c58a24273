import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import pair_confusion_matrix

from toolkit.evaluate import score_grouping, with_trivial

labelling = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=60)


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
