"""A reviewer who is right makes groups right; one who is always wrong does not."""

import numpy as np
from made_albums import pairs_of

from toolkit.benchmarks.simulated_review import review
from toolkit.settings import AutopilotSettings

TRUTH = np.repeat(np.arange(8), 4)
# Joins too little: there is something to ask.
SETTINGS = AutopilotSettings(threshold=0.05)


def test_answers_make_it_better_and_right_ones_more_than_wrong_ones() -> None:
    album = pairs_of(TRUTH)
    right = review(album, TRUTH, SETTINGS, after=(0, 10, 60), wrong=0.0)
    assert [each.answers for each in right][:2] == [0, 10]
    scores = [each.score for each in right]
    assert scores[0] < scores[1] < scores[2]
    wrong = review(album, TRUTH, SETTINGS, after=(0, 60), wrong=1.0)
    assert wrong[0].score == scores[0]
    assert wrong[1].score < scores[2]


def test_where_nothing_is_left_to_ask_the_last_score_stands() -> None:
    album = pairs_of(np.repeat(np.arange(2), 3))
    found = review(album, np.repeat(np.arange(2), 3), AutopilotSettings(), after=(0, 500, 1000))
    assert found[1] == found[2]
    assert found[1].answers < 500
