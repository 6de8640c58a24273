"""Questions by rows that no correction changes, and what an answer decides."""

from dataclasses import replace

import numpy as np
import pytest
from doubtful_album import session_of
from made_albums import Grouped, album

from toolkit.calibration import Calibration
from toolkit.curation import decisions, question_deck
from toolkit.curation.history import Corrections
from toolkit.curation.question_deck import (
    DIFFERENT,
    FIRST,
    SAME,
    SECOND,
    UNCLEAR,
    Step,
    asked_of,
    deal,
)
from toolkit.curation.questions import Question, queue

# Two groups of a pair and a pair each, 0.4 apart within.
LINE = [0.0, 0.05, 0.45, 0.5, 3.0, 3.05, 3.45, 3.5]


def question(kind="apart", photos=2) -> Question:
    sides = np.array([12, 13, 14]), np.array([10, 11])
    return Question(kind, 10, 13, 1, 0, "b", "a", sides, 0.5, photos, 1.0)


WHO = (None,) * 10 + ("b",) * 2 + ("a",) * 3


def test_each_of_the_two_stands_with_its_own_side() -> None:
    asked = asked_of(question(), WHO)
    assert (asked.first, asked.second) == (10, 13)
    assert asked.sides == ((10, 11), (12, 13, 14))
    assert asked.names == ("b", "a")
    assert asked.pair == {10, 13}


@pytest.mark.parametrize(
    ("kind", "what", "moved", "left_out"),
    [
        ("apart", SAME, 2, ()),
        ("apart", DIFFERENT, 0, ()),
        ("together", SAME, 0, ()),
        ("together", DIFFERENT, 2, ()),
        ("apart", UNCLEAR, 0, ()),
        ("apart", FIRST, 0, (10,)),
        ("together", SECOND, 0, (13,)),
    ],
)
def test_what_an_answer_moves_and_leaves_out(kind, what, moved, left_out) -> None:
    step = Step(asked_of(question(kind), WHO), what, ())
    assert (step.moved, step.left_out) == (moved, left_out)


class InHand:
    """An album in hand, as far as a deck asks."""

    def __init__(self) -> None:
        full = album(LINE)
        # Distances say little, so that nothing is sure.
        encoder = replace(full.encoder, calibration=Calibration(2.0, 0.5))
        self.grouped = Grouped(replace(full, encoder=encoder), ())
        self.album, self.decided = self.grouped.album, self.grouped.decided
        self.corrections = Corrections(self.album)
        self.names = tuple(self.grouped.names)

    def queue(self):
        grouped = self.grouped
        return queue(grouped.album, grouped.labels, names=grouped.names, decided=self.decided)


@pytest.fixture
def deck() -> question_deck.Deck:
    dealt = question_deck.deal(InHand())
    assert dealt is not None
    assert dealt.asked
    return dealt


def test_a_question_goes_with_all_others_about_the_same_two(deck) -> None:
    asked = deck.asked[0]
    rest = deck.without(asked)
    assert all(each.pair != asked.pair for each in rest.asked)
    assert len(rest.asked) == len(rest.queue) < len(deck.asked)
    again = rest.beginning_with(asked, settled=True)
    assert again.asked[0] is asked
    assert again.queue.doubt == pytest.approx(deck.queue.doubt)


def test_a_pair_that_cannot_be_told_is_not_dealt_again(deck) -> None:
    asked, session = deck.asked[0], InHand()
    made = question_deck.gesture(session.album, (), asked, UNCLEAR).decisions
    session.decided = decisions.apply(made, session.album)
    again = question_deck.deal(session)
    assert asked.pair not in {each.pair for each in again.asked}
    # One that stood on the screen meanwhile is settled, and the doubt stays.
    assert again.settles(asked)
    assert again.queue.doubt == pytest.approx(deck.queue.doubt)


def test_nothing_is_dealt_where_something_was_left_out_since_it_was_sorted(deck) -> None:
    session = InHand()
    asked = deck.asked[0]
    session.corrections.add(question_deck.gesture(session.album, (), asked, FIRST))
    assert question_deck.deal(session) is None


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        (SAME, "same"),
        (DIFFERENT, "different"),
        (UNCLEAR, "unclear"),
        (FIRST, "ignore"),
        (SECOND, "ignore"),
    ],
)
def test_an_answer_is_a_decision_about_the_two_or_the_one(deck, what, kind) -> None:
    session, asked = InHand(), deck.asked[0]
    made = question_deck.gesture(session.album, (), asked, what).decisions
    assert made[0].kind == kind
    digests = session.album.sightings["photo_digest"]
    photos = {each.photo for each in (made[0].sighting, made[0].other) if each is not None}
    rows = {FIRST: {asked.first}, SECOND: {asked.second}}.get(what, asked.pair)
    assert photos == {digests[row] for row in rows}


def test_what_was_decided_settles_a_question(deck) -> None:
    asked = deck.asked[0]
    assert not deck.settles(asked)
    gone = deck._replace(ignored=np.ones(len(deck.who), dtype=np.bool_))
    assert gone.settles(asked)
    moved = tuple(
        "somebody else" if row == asked.first else name for row, name in enumerate(deck.who)
    )
    together = asked.question.kind == "together"
    assert deck._replace(who=moved).settles(asked) == together


def test_nothing_is_asked_of_an_ignored_face_and_no_row_changes(tmp_path):
    session = session_of(tmp_path)
    plain = deal(session)
    assert [each.pair for each in plain.asked] == [{q.first, q.second} for q in plain.queue]
    session.ignore(0)
    dealt = deal(session)
    assert [each.pair for each in dealt.asked] == [{q.first, q.second} for q in dealt.queue]
    others = [each.pair for each in plain.asked if 0 not in each.pair]
    assert set(others) & {each.pair for each in dealt.asked}
    assert not any(0 in each.pair for each in dealt.asked)
    assert [side for each in dealt.asked for side in each.sides if 0 in side] == []
    for each in dealt.asked:
        assert each.first in each.sides[0]
        assert each.second in each.sides[1]
