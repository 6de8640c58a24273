"""Marks that are alike and lie alike: a shift, a turn and a change of size, and nothing else."""

import numpy as np
import pytest

from toolkit.subjects.matching.marks import fitting


def drawn(count=60, seed=0, kind=np.int8):
    """Marks at random places that look like nothing else."""
    rng = np.random.default_rng(seed)
    low, high = (0, 255) if kind is np.uint8 else (-127, 127)
    return {
        "m": rng.integers(low, high, (count, 128)).astype(kind),
        "m_at": rng.uniform(0, 300, (count, 2)).astype(np.float32),
    }


def moved(marks, degrees=0.0, scale=1.0, shift=(0, 0)):
    turn = np.radians(degrees)
    by = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    places = marks["m_at"] @ by.T + shift
    return {"m": marks["m"], "m_at": places.astype(np.float32)}


@pytest.mark.parametrize("kind", [np.int8, np.uint8])
@pytest.mark.parametrize("by", [{}, {"degrees": 20, "scale": 1.3, "shift": (40, -9)}])
def test_marks_that_moved_together_are_found(kind, by) -> None:
    one = drawn(kind=kind)
    here, there = fitting(one, moved(one, **by), "m", 35, 0.85)
    # From the one to the other, and back.
    assert len(here) == len(there) == 120
    np.testing.assert_allclose(there[:60], moved({"m": 0, "m_at": here[:60]}, **by)["m_at"], atol=1)


@pytest.mark.parametrize("by", [{"degrees": 60}, {"scale": 2.5}])
def test_what_is_turned_or_grown_too_much_does_not_count(by) -> None:
    one = drawn()
    assert len(fitting(one, moved(one, **by), "m", 35, 0.85)[0]) == 0
    assert len(fitting(one, moved(one, degrees=60), "m", 180, 0.85)[0]) == 120


def test_marks_that_look_alike_and_lie_elsewhere_do_not_count() -> None:
    one = drawn()
    order = np.random.default_rng(1).permutation(60)
    other = {"m": one["m"], "m_at": one["m_at"][order]}
    assert len(fitting(one, other, "m", 180, 0.85)[0]) < 20


def test_a_mark_with_two_that_are_nearly_as_near_is_matched_with_neither() -> None:
    one = drawn()
    twice = {name: np.concatenate([value, value]) for name, value in one.items()}
    twice["m_at"] = np.random.default_rng(2).uniform(0, 300, (120, 2)).astype(np.float32)
    here, _ = fitting(one, twice, "m", 180, 0.85)
    assert len(here) < 20


def test_whichever_is_named_first_the_same_marks_are_found() -> None:
    one, other = drawn(), moved(drawn(), 10, 1.1, (5, 5))
    here, there = fitting(one, other, "m", 35, 0.85)
    back, forth = fitting(other, one, "m", 35, 0.85)
    assert {*map(tuple, np.hstack([here, there]).tolist())} == {
        *map(tuple, np.hstack([forth, back]).tolist())
    }


@pytest.mark.parametrize("count", [0, 1])
def test_few_marks_say_nothing(count) -> None:
    few = drawn(count)
    assert len(fitting(few, few, "m", 35, 0.85)[0]) == 0
