"""What goes along when a sighting is taken out of its group."""

import pytest

from toolkit.curation.edits import taken_along


@pytest.mark.parametrize(
    ("after", "along"),
    [
        # Two left with it: the largest part that stays is the group.
        (["x", "ann", "x", "bob", "ann", "y", None], 2),
        (["x", "ann", "x", "bob", "ann", "ann", None], 1),
        (["x", "ann", "ann", "bob", "ann", "ann", None], 0),
        # What is renamed as a whole did not leave.
        (["x", "cem", "cem", "bob", "cem", "cem", None], 0),
        # Of others, what happened is of no account.
        (["x", "ann", "ann", "y", "ann", "ann", "z"], 0),
    ],
)
def test_those_of_a_group_that_are_elsewhere_afterwards_went_along(after, along) -> None:
    before = ["ann", "ann", "ann", "bob", "ann", "ann", None]
    assert taken_along(before, after, 0) == along


def test_one_that_was_alone_takes_nobody_along() -> None:
    assert taken_along(["ann", "bob"], ["x", "bob"], 0) == 0
