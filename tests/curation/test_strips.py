"""Which sighting is shown with its nearest, and what ticks decide."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_albums import link, named, pair_album, pairs_of

from toolkit.curation import decisions, strips
from toolkit.curation.strips import Strip
from toolkit.errors import BadSetting
from toolkit.records import SubjectInfo

TRUTH = np.repeat(np.arange(6), 4)
ALONE = np.arange(len(TRUTH))


def kinds(gesture):
    return [each.kind for each in gesture.decisions]


def test_the_nearest_come_first_and_what_is_no_question_is_left_out() -> None:
    away = np.array([9, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4])
    table = np.full((7, 7), 1.9)
    table[0] = table[:, 0] = away
    # 1 is of the same photo; of 2 nothing is said; 3, and 4 by it, is the same; 5 is another.
    table[0, 2] = table[2, 0] = np.nan
    full = pair_album(table, [0, 0, 1, 2, 3, 4, 5])
    made = [link(full, "same", 0, 3), link(full, "same", 3, 4), link(full, "different", 4, 5)]
    plain = {x.row: x for x in strips.strips(full, np.arange(7))}[0]
    assert plain.shown == (3, 4, 5, 6)
    decided = decisions.apply(made, full)
    assert {x.row: x for x in strips.strips(full, np.arange(7), decided=decided)}[0].shown == (6,)
    unclear = decisions.apply([*made, link(full, "unclear", 6, 0)], full)
    assert 0 not in {x.row for x in strips.strips(full, np.arange(7), decided=unclear)}
    # Drawn to count by, all that can be compared are shown, and what is known is ticked.
    assert strips.strip_of(full, 0, decided=unclear) == Strip(0, (3, 4, 5, 6), (3, 4))
    some = strips.strip_of(full, 0, decided=unclear, among=np.array([0, 2, 4, 6]), shown=1)
    assert some == Strip(0, (4,), (4,))
    # Two in one photo may be one individual of some subjects.
    info = SubjectInfo("card", full.words, exclusive_in_photo=False)
    assert strips.strip_of(replace(full, subject=info), 0).shown[0] == 1
    ignored = np.arange(7) == 6
    assert strips.strip_of(replace(full, ignored=ignored), 0).shown == (3, 4, 5)


def test_the_strip_that_moves_most_photos_is_first() -> None:
    # Two groups of three that are as near as one, and a single one near a single one.
    truth = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    labels = np.array([0, 0, 0, 1, 1, 1, 2, 3])
    found = strips.strips(pairs_of(truth), labels)
    assert [each.row for each in found[:6]] == sorted(range(6), key=lambda r: -found_of(found, r))
    assert {each.row for each in found[:6]} == set(range(6))
    assert found[0].expected > 2
    assert all(not set(each.shown) & {each.row} for each in found)
    rest = strips.strips(pairs_of(truth), labels, leave_out=[0, 1])
    assert {each.row for each in rest} == set(range(2, 8))


def found_of(found, row):
    return next(each.expected for each in found if each.row == row)


def test_ticks_are_the_same_and_the_rest_only_where_it_is_said() -> None:
    full = pairs_of(TRUTH)
    strip = strips.strip_of(full, 0, shown=6)
    ticked = [row for row in strip.shown if TRUTH[row] == 0]
    made = strips.answer(full, strip, ticked)
    assert kinds(made) == ["same"] * 3
    assert made.said == "p0.jpg shows the same person as 3 other photos"
    both = strips.answer(full, strip, ticked[:2], others_differ=True)
    assert kinds(both) == ["same"] * 2 + ["different"] * 4
    assert both.said.endswith("and another person than 4 other photos")
    assert strips.answer(full, strip, []) is None
    with pytest.raises(BadSetting, match="not shown"):
        strips.answer(full, strip, [23])


def test_what_is_decided_is_not_said_again_and_what_is_tied_to_a_tick_is_no_other() -> None:
    full = pairs_of(TRUTH)
    strip = Strip(0, (1, 2, 3, 4, 5))
    before = [link(full, "same", 1, 2), link(full, "different", 0, 4), named(full, 3, "Ann")]
    before += [named(full, 0, "Ann")]
    decided = decisions.apply(before, full)
    made = strips.answer(full, strip, [1, 3], others_differ=True, decided=decided)
    # 3 is the same by its name; 2 is tied to 1; 4 is another already.
    assert made.decisions == (link(full, "same", 0, 1), link(full, "different", 0, 5))
    assert decisions.apply([*before, *made.decisions], full).must.size


@settings(max_examples=20)
@given(st.sets(st.integers(0, 23)), st.booleans(), st.integers(0, 23))
def test_every_answer_can_be_held_to(ticked, others_differ, row) -> None:
    full = pairs_of(TRUTH)
    strip = strips.strip_of(full, row)
    made = strips.answer(full, strip, ticked & set(strip.shown), others_differ=others_differ)
    if made is None:
        assert not others_differ
        return
    held = decisions.apply(made.decisions, full)
    assert len(held.must) == len(ticked & set(strip.shown))
    assert len(held.must) + len(held.cannot) == (
        len(strip.shown) if others_differ else len(held.must)
    )


def test_a_look_at_twenty_thousand_pairs_takes_a_moment() -> None:
    truth = np.arange(200) // 4
    full = pairs_of(truth)
    assert len(strips.strips(full, truth)) == 200
    assert strips.strips(pair_album(np.zeros((0, 0))), np.zeros(0, np.int64)) == ()
