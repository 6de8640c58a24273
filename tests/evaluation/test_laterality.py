"""Whether opposite flanks look alike, counted by hand."""

import numpy as np
import pytest

from toolkit.evaluation.intervals import wilson
from toolkit.evaluation.laterality import Laterality, laterality


def test_pairs_are_counted_by_their_flanks() -> None:
    flanks = ["left", "right", "left", "right", "both", ""]
    pairs = [
        *((0, 1, 0.1), (0, 3, 0.9), (1, 2, 0.5)),  # opposite: two of three within .5
        *((0, 2, 0.2), (1, 3, 0.7)),  # of one flank: one of two
        *((0, 4, 0.1), (1, 5, 0.1), (2, 3, np.nan)),  # of neither
    ]
    first, second, away = (np.array(each) for each in zip(*pairs, strict=True))
    found = laterality(first, second, away, flanks, threshold=0.5)
    assert found == Laterality(3, 2, 2, 1)
    assert found.opposite_interval == wilson(2, 3)
    assert found.same_interval == wilson(1, 2)


def test_it_is_said_beside_pairs_of_one_flank() -> None:
    said = Laterality(300, 2, 1000, 30).told()
    assert said == (
        "laterality: of 300 pairs of opposite flanks 2 (0.7%; 95% interval 0.2% to 2.4%) look "
        "alike, where none should; of 1,000 of one flank 30 (3.0%; 95% interval 2.1% to 4.3%)"
    )
    assert Laterality(3, 0, 0, 0).told().endswith("of 0 of one flank none")


def test_its_numbers_are_plain() -> None:
    assert Laterality(300, 2, 0, 0).as_dict()["same_interval"] == [0.0, 1.0]
    assert Laterality(300, 2, 0, 0).as_dict()["opposite_near"] == 2


def test_the_interval_is_of_the_level_that_is_asked_for() -> None:
    none = np.zeros(0, np.int64)
    found = laterality(none, none, np.zeros(0), [], threshold=0.5, level=0.5)
    assert (found.opposite, found.level) == (0, 0.5)
    assert Laterality(10, 5, 0, 0, 0.5).opposite_interval[0] == pytest.approx(0.396, abs=0.01)
