"""Killed at random moments, and several at once: nothing is lost, torn, mixed or left over."""

import sys

import pytest
from kill_at_random import (
    BAD,
    decide_at_once,
    kill_decisions,
    kill_looks,
    kill_models,
    kill_runs,
    kill_syncs,
    kill_undos,
    run_at_once,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def all_well(found: dict[str, int]) -> None:
    assert {key: found[key] for key in BAD if key in found} == {
        key: 0 for key in BAD if key in found
    }


def test_runs_that_are_killed() -> None:
    found = kill_runs(20, seed=1)
    all_well(found)
    assert found["killed"] + found["ended before"] == 20


def test_sessions_that_are_killed_while_they_decide() -> None:
    found = kill_decisions(20, seed=1)
    all_well(found)
    assert found["killed"] == 20


def test_looks_that_are_killed_go_on_where_they_were() -> None:
    found = kill_looks(4, seed=2)
    all_well(found)
    assert found["known"] > 0


def test_undos_that_are_killed() -> None:
    found = kill_undos(8, seed=1)
    all_well(found)
    assert found["killed"] + found["ended before"] == 8


def test_folders_sorted_by_hand_are_taken_up_once_whatever_is_killed() -> None:
    found = kill_syncs(8, seed=1)
    all_well(found)
    assert found["killed"] + found["ended before"] == 8


def test_processes_that_are_killed_while_they_keep_a_model() -> None:
    all_well(kill_models(4, seed=1))


@pytest.mark.parametrize("processes", [2, 4])
def test_sessions_that_decide_at_the_same_time(processes) -> None:
    found = decide_at_once(processes, 120)
    all_well(found)
    assert found["acknowledged"] == 120


def test_two_runs_into_one_folder() -> None:
    found = run_at_once(2)
    all_well(found)
    # A run that begins when the other one has ended is not refused.
    assert found["said who"] == found["refused"] <= found["pairs"] == 2
