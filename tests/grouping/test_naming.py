"""What individuals are called: by their numbers, by references, and first of all by decision."""

import numpy as np

from toolkit.grouping.constraints import Decided
from toolkit.grouping.naming import hold_names, name_groups


def decided(must=(), cannot=(), names=None, refused=()) -> Decided:
    must, cannot = (np.array(rows, np.int64).reshape(-1, 2) for rows in (must, cannot))
    return Decided(must, cannot, names or {}, frozenset(refused), np.zeros(0, np.int64), 0)


def test_a_name_of_one_is_that_of_its_group_and_the_others_keep_their_numbers() -> None:
    labels = np.array([0, 1, 0, -1])
    numbered = ["person_001", "person_002", "person_001", None]
    assert name_groups(labels, numbered, {2: "Ann"}) == ("Ann", "person_002", "Ann", None)


def test_a_number_that_somebody_has_as_a_name_is_not_given_again() -> None:
    labels, numbered = np.array([0, 1]), ["person_001", "person_002"]
    assert name_groups(labels, numbered, {1: "person_001"}) == ("person_001b", "person_001")
    # A group may be called by its own number.
    assert name_groups(labels, numbered, {0: "person_001"}) == ("person_001", "person_002")


def test_what_was_said_of_one_holds_for_all_that_are_one_with_it() -> None:
    held = hold_names(["Ann", None, "Bob"], decided(must=[(0, 1)], names={1: "Cem"}))
    assert held == ("Cem", "Cem", "Bob")


def test_of_those_that_are_one_all_get_the_name_that_was_found_if_it_is_only_one() -> None:
    assert hold_names([None, "Ann", "Bob"], decided(must=[(0, 1)])) == ("Ann", "Ann", "Bob")
    # Two names: each keeps its own, and nobody gets another's.
    assert hold_names(["Ann", "Bob", None], decided(must=[(0, 1), (1, 2)])) == ("Ann", "Bob", None)


def test_a_name_that_was_refused_is_not_held() -> None:
    assert hold_names(["Ann", "Ann"], decided(refused=[(0, "Ann")])) == (None, "Ann")
    # Who is different from a named one is not called as that one.
    apart = decided(cannot=[(0, 1)], names={1: "Ann"})
    assert hold_names(["Ann", None, "Ann"], apart) == (None, "Ann", "Ann")
