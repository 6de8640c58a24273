"""The matches of those who are known: their cards, their pictures, and what an answer shows."""

from dataclasses import replace

import pytest
from known_folders import known_folders

from toolkit import modes
from toolkit.curation import decisions, match_list
from toolkit.curation.match_list import ACCEPTED, BEYOND, SAID
from toolkit.errors import BadSetting
from toolkit.grouping.assigners import GroupingAssigner, ReferenceAssigner
from toolkit.photos.thumbnails import Thumbnails
from toolkit.session import Session
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.widgets.matches_view import (
    ACCEPT,
    IGNORE,
    REFUSE,
    MatchAlbum,
    MatchesView,
    MatchPictures,
    examples_of,
    known_cards,
    match_card,
    match_cards,
)

SETTINGS = PointAndShootSettings(jobs=1)


@pytest.fixture
def session(tmp_path, colours):
    photos, people, out = known_folders(tmp_path)
    references = modes.read_known(people, settings=SETTINGS, subject=colours)
    looked = modes.look(photos, known=people, settings=SETTINGS, subject=colours)
    return Session(looked, ReferenceAssigner(references, SETTINGS), out=out)


@pytest.fixture
def view(session):
    made = MatchesView()
    made.show(session)
    yield made
    made.close()


def ann_of(session):
    return match_list.ranked(session.result, session.decided, "ann")


def shown_with(session):
    return MatchAlbum(session.looked.album), session.result.references


def test_each_known_one_has_a_card_with_examples_and_what_was_found(session) -> None:
    known = match_list.individuals(session.result, session.decided)
    table = match_list.judged(session.result, session.decided)
    ann, bob, dee = known_cards(known, table, *shown_with(session))
    assert [card.title for card in (ann, bob, dee)] == ["ann", "bob", "dee"]
    assert [strip.label for strip in ann.strips] == ["example", "found"]
    assert ann.note.startswith("5 photos")
    assert bob.note.startswith("2 photos")
    assert (dee.badge, [strip.label for strip in dee.strips]) == ("in no photo", ["example"])
    assert ann.opens == "the matches in order"
    assert dee.opens == "the nearest faces"


def test_the_line_stands_between_the_accepted_and_the_others(session) -> None:
    threshold = session.result.threshold
    cards = match_cards(ann_of(session), *shown_with(session), "ann", threshold)
    assert cards[0].key == "examples"
    at = [card.line for card in cards].index(True)
    assert f"threshold {threshold:.3f}" in cards[at].title
    assert [card.badge for card in cards[1:at]] == [ACCEPTED] * 5
    assert {card.badge.partition(" · ")[0] for card in cards[at + 1 :]} <= {BEYOND}
    # Where all are near enough, the line comes last.
    last = match_cards(ann_of(session)[:5], *shown_with(session), "ann", threshold)[-1]
    assert last.line


def test_what_can_be_answered_follows_from_what_was_answered(session) -> None:
    first = next(ann_of(session).itertuples(index=False))
    shown = shown_with(session)
    assert match_card(first, *shown).actions == (ACCEPT, REFUSE, IGNORE)
    assert match_card(first._replace(state=SAID), *shown).actions == (REFUSE, IGNORE)
    assert match_card(first._replace(state=match_list.REFUSED), *shown).actions == (ACCEPT, IGNORE)
    # Nobody can be accepted as somebody of whom there are no examples.
    assert match_card(first._replace(individual="eve"), *shown).actions == (REFUSE, IGNORE)


def test_beside_a_match_stands_the_example_it_was_compared_with(session) -> None:
    first = next(ann_of(session).itertuples(index=False))
    matched, references = shown_with(session)
    card = match_card(first, matched, references, beside=True)
    assert [strip.label for strip in card.strips] == ["example: ann", "found: is this ann?"]
    assert card.strips[0].pictures == examples_of(references, "ann")
    assert card.title == "ann"
    assert examples_of(references, "nobody") == ()


def test_pictures_are_those_of_the_tokens_in_their_order(session):
    shown = MatchAlbum(session.looked.album)
    pictures = MatchPictures(shown.thumbnails, session.result.references)
    tokens = ["sighting:0", "example:1", "photo:1", "example:0"]
    whole = Thumbnails(session.looked.album)
    expected = [
        whole.crop(0, 120),
        whole.photo(session.result.references.paths[1], size=200),
        whole.photo(1, [1], size=200),
        whole.photo(session.result.references.paths[0], size=200),
    ]
    assert pictures(tokens) == expected
    assert len(set(expected)) == 4
    assert pictures == MatchPictures(shown.thumbnails, session.result.references)
    assert pictures != MatchPictures(whole, session.result.references)


def test_an_answer_is_kept_shown_and_taken_back(view, session) -> None:
    view.open("ann")
    assert (view.place, view.individual) == ("individual", "ann")
    key = next(card.key for card in view.sheet.all_cards if card.actions)
    view.act(key, "refuse")
    view.wait(30)
    assert [each.kind for each in decisions.read(session.corrections.out)] == ["not"]
    assert {card.key: card for card in view.sheet.all_cards}[key].badge == match_list.REFUSED
    view.undo()
    view.wait(30)
    assert not decisions.read(session.corrections.out)
    view.back()
    assert view.place == "individuals"


def test_the_way_back_leads_to_the_card_it_began_at(view) -> None:
    came = []
    view.sheet.return_to = came.append
    view.open("ann")
    key = next(card.key for card in view.sheet.all_cards if card.actions)
    view.open(key)
    view.back()
    view.back()
    assert came == [key, "ann"]


def test_a_button_hides_somebody_and_takes_it_back(view, session, tmp_path) -> None:
    def cards():
        return {
            card.key: (card.badge, [each.label for each in card.actions])
            for card in view.sheet.all_cards
        }

    before = cards()
    # Who is in no photo has no folder anyway.
    assert before["dee"][1] == []
    assert before["bob"][1] == ["No folder"]
    view.act("bob", "hide")
    view.wait(10)
    assert "bob is hidden" in view.message.value
    assert cards() == before | {"bob": ("hidden", ["Folder again"])}
    session.export(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir() if path.is_dir()] == ["ann"]
    view.act("bob", "hide")
    view.wait(10)
    assert "bob has a folder again" in view.message.value
    assert cards() == before
    session.export(tmp_path / "out")
    assert (tmp_path / "out" / "bob").is_dir()


def test_a_sorting_by_groups_has_no_matches(session) -> None:
    grouped = Session(session.looked, GroupingAssigner(AutopilotSettings()))
    with pytest.raises(BadSetting, match="expected a sorting with references"):
        MatchesView().show(grouped)


def test_nothing_is_shown_where_there_is_nothing(view) -> None:
    view.show(None)
    assert (view.place, len(view.sheet.all_cards)) == ("nothing", 0)


@pytest.fixture
def unsure(session, colours):
    """A view of an album in which those who are nobody known say too little."""
    looked, named = session.looked, session.names
    worth = [1.0 if name else 0.01 for name in named]
    little = replace(looked.album, sightings=looked.album.sightings.assign(worth=worth))
    made = MatchesView()
    made.show(replace_looked(session, replace(looked, album=little)))
    yield made
    made.close()


def replace_looked(session, looked):
    return Session(looked, session.assigner, out=session.corrections.out)


def test_those_that_say_too_little_have_a_place_of_their_own(unsure) -> None:
    session = unsure.session
    count = sum(name is None for name in session.names)
    assert count == len(session.result.too_little) == 1
    assert unsure.unsure_button.description == f"Not sure who ({count})"
    table = match_list.judged(session.result, session.decided)
    assert (table["state"] == match_list.UNSURE).sum() == count
    for name in ("ann", "bob", "dee"):
        ranked = match_list.ranked(session.result, session.decided, name)
        assert match_list.UNSURE not in set(ranked["state"])
    unsure.unsure_button.click()
    assert unsure.place == "unsure"
    assert "Not sure who" in unsure.guidance.value
    card = unsure.sheet.all_cards[0]
    assert len(unsure.sheet.all_cards) == count
    assert (card.name, card.badge) == ("", "")
    assert card.note.startswith("nearest: ")
    assert [each.label[:6] for each in card.actions] == ["It is ", "Leave "]
    unsure.open(card.key)
    assert unsure.back_button.description == "Back to not sure who"
    unsure.back()
    assert unsure.place == "unsure"


def test_who_is_named_goes_out_of_the_unsure(unsure) -> None:
    session = unsure.session
    unsure.show_unsure()
    (first,) = (card.key for card in unsure.sheet.all_cards)
    for action, kind, name in (
        (lambda: unsure.rename(first, " BOB "), "name", "bob"),
        (lambda: unsure.rename(first, "Eve"), "name", "Eve"),
        (lambda: unsure.act(first, "ignore"), "ignore", ""),
    ):
        action()
        unsure.wait(30)
        made = decisions.read(session.corrections.out)
        assert [(each.kind, each.name) for each in made] == [(kind, name)]
        assert not session.result.too_little
        assert not unsure.sheet.all_cards
        unsure.undo()
        unsure.wait(30)
        assert len(session.result.too_little) == 1
    untyped = []
    unsure.sheet.untype = lambda: untyped.append(True)
    unsure.rename(first, "a\tb")
    unsure.wait(30)
    assert "control characters" in unsure.message.value
    assert untyped == [True]
