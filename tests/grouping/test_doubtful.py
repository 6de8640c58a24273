"""Who is doubtful follows from the calibration, and from nothing that the user decided."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_albums import album

from toolkit.calibration import Calibration
from toolkit.grouping import doubtful
from toolkit.grouping.constraints import Decided
from toolkit.grouping.identification import TOO_FAR, WITHIN, Matches, References
from toolkit.records import PROBLEM_COLUMNS, ComparedPairs, EncoderInfo, empty_table
from toolkit.subjects.face.calibration import LINKAGE

NONE = np.zeros((0, 2), np.int64)
# Even at 1; with two groups, a distance of 1.1 has a probability of 0.27.
PAIRS = EncoderInfo("pairs", "0" * 64, 0, "pairs", Calibration(10.0, 1.0))


def decided(must=NONE, names=None, refused=(), examples=()):
    return Decided(
        np.asarray(must, np.int64).reshape(-1, 2),
        NONE,
        names or {},
        frozenset(refused),
        np.zeros(0, np.int64),
        0,
        examples=frozenset(examples),
    )


def compared(distances):
    """Return an album whose sightings are as far apart as a table says; NaN says nothing."""
    distances = np.asarray(distances, np.float32)
    first, second = np.triu_indices(len(distances), k=1)
    pairs = ComparedPairs.of(len(distances), first, second, distances[first, second], 2.0)
    made = album(np.zeros(len(distances)))
    none = made.encodings[:, :0]
    return replace(made, encodings=none, encoder=PAIRS, compared=pairs)


def test_who_is_alone_is_doubtful_where_another_may_be_the_same() -> None:
    far = compared([[0, 0.2, 1.1, 2], [0.2, 0, 1.1, 2], [1.1, 1.1, 0, 2], [2, 2, 2, 0]])
    labels = np.array([0, 0, 1, 2])
    # Of two others, so near: 0.155.
    assert doubtful.in_groups(far, labels, decided(), NONE) == frozenset()
    near = compared([[0, 0.2, 1.05, 2], [0.2, 0, 1.05, 2], [1.05, 1.05, 0, 2], [2, 2, 2, 0]])
    assert doubtful.in_groups(near, labels, decided(), NONE) == {2}
    # Those of one photo are two, whatever they look like.
    apart = np.array([[1, 2]])
    assert doubtful.in_groups(near, labels, decided(), apart) == frozenset()
    # Who is ignored is nobody that another could be.
    assert doubtful.in_groups(near, np.array([-1, -1, 0, 1]), decided(), NONE) == frozenset()


def test_who_hardly_fits_a_group_is_doubtful_in_it() -> None:
    table = np.full((4, 4), 0.3)
    table[2, :2] = table[:2, 2] = 1.2
    table[3] = table[:, 3] = 2.0
    labels = np.array([0, 0, 0, 1])
    assert doubtful.in_groups(compared(table), labels, decided(), NONE) == {2}
    table[2, :2] = table[:2, 2] = 0.9
    assert doubtful.in_groups(compared(table), labels, decided(), NONE) == frozenset()


def test_whom_the_user_joined_makes_nobody_else_doubtful() -> None:
    table = np.full((4, 4), 2.0)
    table[0, 2] = table[2, 0] = 0.2
    labels = np.array([0, 0, 0, 1])
    assert doubtful.in_groups(compared(table), labels, decided(), NONE) == {0, 1, 2}
    joined = decided(must=[(0, 1)])
    assert doubtful.in_groups(compared(table), labels, joined, NONE) == frozenset()


def test_pairs_that_say_nothing_make_nobody_doubtful() -> None:
    table = np.full((3, 3), np.nan)
    table[0, 1] = table[1, 0] = 0.2
    assert doubtful.in_groups(compared(table), np.array([0, 0, 0]), decided(), NONE) == frozenset()
    assert doubtful.in_groups(compared(table), np.array([0, 0, 1]), decided(), NONE) == frozenset()


@pytest.mark.parametrize(
    "said",
    [
        decided(must=[(2, 3)]),
        decided(names={2: "Anna"}),
        decided(refused=[(2, "person_001")]),
        decided(examples=[2]),
    ],
)
def test_what_the_user_decided_is_not_doubtful(said) -> None:
    near = compared([[0, 0.2, 1.05, 2], [0.2, 0, 1.05, 2], [1.05, 1.05, 0, 2], [2, 2, 2, 0]])
    assert doubtful.in_groups(near, np.array([0, 0, 1, 2]), said, NONE) == frozenset()


def test_vectors_are_judged_in_the_same_way() -> None:
    # Even at 0.6, slope 60: 0.01 beyond has 0.35, 0.05 beyond has 0.05.
    for beyond, found in ((0.01, {0, 1, 2}), (0.05, set())):
        made = album([0.0, 0.6 - LINKAGE.lower + beyond, 5.0, 5.1], even=0.6)
        labels = np.array([0, 1, 2, 2])
        assert doubtful.in_groups(made, labels, decided(), NONE) == found & {0, 1}


def matched(distances, names, reasons):
    table = pd.DataFrame({"name": names, "distance": distances, "reason": reasons})
    return Matches(table, 1.0, "nearest")


def test_matches_are_doubtful_on_either_side_of_the_threshold() -> None:
    references = References(
        names=("a", "b"),
        encodings=np.zeros((2, 0), np.float32),
        individual_of=np.array([0, 1]),
        paths=("a.jpg", "b.jpg"),
        encoder=PAIRS,
        problems=empty_table(PROBLEM_COLUMNS),
    )
    # With two to be near by accident: even at 0.93, and 0.2 at 1.07.
    found = matched(
        [0.5, 1.0, 1.05, 1.1, 1.05],
        ["a", "a", None, None, None],
        [WITHIN, WITHIN, TOO_FAR, TOO_FAR, "ignored"],
    )
    assert doubtful.in_matches(found, references, decided()) == {1, 2}
    assert doubtful.in_matches(found, references, decided(names={1: "a"})) == {2}


def test_who_is_alone_and_says_little_is_doubtful() -> None:
    made = album([0.0, 0.1, 5.0, 9.0, 12.0])
    made = replace(made, sightings=made.sightings.assign(worth=[0.01, 0.9, 0.01, 0.9, 0.05]))
    labels = np.array([0, 0, 1, 2, 3])
    assert doubtful.little_in_groups(made, labels, decided()) == {2, 4}
    assert doubtful.little_in_groups(made, labels, decided(names={4: "Ann"})) == {2}
    assert doubtful.little_in_groups(made, np.full(5, -1), decided()) == frozenset()
    # Nothing is known against any of them.
    unsaid = replace(made, sightings=made.sightings.drop(columns="worth"))
    assert doubtful.little_in_groups(unsaid, labels, decided()) == frozenset()


def test_who_is_unknown_and_says_little_is_doubtful() -> None:
    made = album([0.0, 1.0, 2.0])
    made = replace(made, sightings=made.sightings.assign(worth=[0.01, 0.01, 0.9]))
    found = Matches(pd.DataFrame({"name": ["Ann", None, None]}), 0.5, "blend")
    assert doubtful.little_in_matches(made, found, decided()) == {1}
