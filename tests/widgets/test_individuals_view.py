"""The people of an album on the screen: opened, named, corrected, and the way back."""

import shutil
import threading
from dataclasses import replace

import pandas as pd
import pytest
from drawn_clips import save_clip, tiles_of
from hypothesis import given
from hypothesis import strategies as st
from made_albums import album as album_of
from tiles import save_tiles

from toolkit import modes
from toolkit.curation import decisions
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.photos.thumbnails import Thumbnails
from toolkit.session import Session
from toolkit.settings import AutopilotSettings
from toolkit.subjects.face import FACE
from toolkit.widgets import individuals_view
from toolkit.widgets.background_work import Work
from toolkit.widgets.individuals_view import (
    IndividualsView,
    SightingPictures,
    card_key,
    counts,
    individual_cards,
    row_of_card,
    rows_of,
)

SETTINGS = AutopilotSettings(threshold=0.3, jobs=1)


@pytest.fixture
def looked(album_folder, colours):
    return modes.look(album_folder, settings=SETTINGS, subject=colours)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def view(looked, out):
    made = IndividualsView()
    made.show(Session(looked, GroupingAssigner(SETTINGS), out=out))
    yield made
    made.work.wait(10)
    made.sheet.close()


def keys(view: IndividualsView) -> list[str]:
    return [card.key for card in view.sheet.all_cards]


def done(view: IndividualsView) -> str:
    assert view.work.wait(10)
    return view.message.value


def test_without_an_album_nothing_is_shown() -> None:
    view = IndividualsView()
    assert (view.place, view.sheet.cards) == ("nothing", [])
    for gesture in (view.back, view.undo, lambda: view.open("Ann"), lambda: view.answer(yes=True)):
        gesture()
    view.rename("Ann", "Bob")
    view.act("Ann", "merge")
    view.show(None)
    assert view.place == "nothing"


def test_people_are_shown_those_in_most_photos_first(view, out) -> None:
    assert view.place == "individuals"
    assert keys(view) == ["person_001", "person_002", "person_003"]
    assert view.sheet.all_cards[0].note == "5 photos"
    assert str(out / "decisions.csv") in view.kept_in.value
    assert view.back_button.layout.display == view.undo_button.layout.display == "none"
    assert view.tools.layout.display != "none"


def test_a_person_opens_a_photo_opens_and_back_leads_back(view) -> None:
    view.open("person_001")
    assert (view.place, view.individual) == ("individual", "person_001")
    assert len(keys(view)) == 5
    assert view.back_button.layout.display is None
    assert "person_001" in view.guidance.value
    view.open(keys(view)[1])
    assert (view.place, len(keys(view))) == ("photo", 1)
    assert view.back_button.description == "Back to person_001"
    view.back()
    assert (view.place, len(keys(view))) == ("individual", 5)
    view.back()
    assert (view.place, view.individual, len(keys(view))) == ("individuals", None, 3)
    view.open("nobody of that name")
    assert "any more" in view.message.value
    assert view.place == "individuals"


def test_the_way_back_leads_to_the_card_it_began_at(view) -> None:
    came = []
    view.sheet.return_to = came.append
    view.open("person_002")
    photo = keys(view)[1]
    view.open(photo)
    view.back()
    assert came == [photo]
    view.back()
    assert came == [photo, "person_002"]
    view.act("person_001", "split")
    view.back()
    assert came == [photo, "person_002", "person_001"]
    # By the name that it has now.
    view.open("person_003")
    view.rename("person_003", "Cem")
    done(view)
    view.back()
    assert came[-1] == "Cem"


def test_a_name_is_given_and_kept_at_once(view, out) -> None:
    told = []
    view._changed = lambda: told.append(view.session.names)
    view.rename("person_002", " Bob ")
    assert "person_002 is Bob." in done(view)
    assert keys(view) == ["person_001", "Bob", "person_003"]
    assert decisions.read(out)[0].name == "Bob"
    assert len(told) == 1
    assert view.sheet.known == ["Bob", "person_001", "person_003"]
    view.undo()
    assert "Taken back: person_002 is Bob" in done(view)
    assert keys(view) == ["person_001", "person_002", "person_003"]
    assert decisions.read(out) == ()
    assert view.undo_button.layout.display == "none"
    view.undo()
    assert "nothing to take back" in done(view)


def test_a_button_hides_somebody_and_takes_it_back(view, out) -> None:
    view.act("person_002", "hide")
    assert "person_002 is hidden" in done(view)
    badges = {card.key: card.badge for card in view.sheet.all_cards}
    assert badges == {"person_001": "", "person_002": "hidden", "person_003": ""}
    said = {card.key: card.actions[-1].label for card in view.sheet.all_cards}
    assert said == {
        "person_001": "No folder",
        "person_002": "Folder again",
        "person_003": "No folder",
    }
    assert [each.kind for each in decisions.read(out)] == ["hide"]
    view.act("person_002", "hide")
    assert "person_002 has a folder again" in done(view)
    assert {card.badge for card in view.sheet.all_cards} == {""}


@pytest.mark.parametrize("text", ["", "  ", "person_001"])
def test_no_name_and_the_same_name_change_nothing(view, out, text) -> None:
    view.rename("person_001", text)
    assert done(view) == ""
    assert not out.exists()


def test_a_name_that_cannot_be_is_said(view, out) -> None:
    view.rename("person_001", "a\nb")
    assert "control characters" in done(view)
    assert not out.exists()


def test_a_name_that_somebody_has_is_asked_about(view) -> None:
    view.rename("person_001", "Ann")
    done(view)
    for yes in (False, True):
        view.rename("person_002", "ann")
        assert "Are person_002 and Ann one person?" in done(view)
        card = card_of(view, "person_002")
        assert "Are person_002 and Ann one person?" in card.asks.text
        assert card.asks.typed == "ann"
        assert [strip.label for strip in card.asks.strips] == ["person_002", "Ann"]
        faces = [rows_of(view.session.names)[name] for name in ("person_002", "Ann")]
        for strip, rows in zip(card.asks.strips, faces, strict=True):
            assert {int(each.token.partition(":")[2]) for each in strip.pictures} <= set(rows)
        view.sheet.act("person_002", "one name" if yes else "two names")
        said = done(view)
        assert all(card.asks is None for card in view.sheet.all_cards)
        assert keys(view) == (["Ann", "person_002"] if yes else ["Ann", "person_002", "person_003"])
        assert ("one person" in said) is yes
        assert ("keeps the name" in said) is not yes
    view.answer(yes=True)  # pressed twice


def card_of(view: IndividualsView, key: str):
    return next(card for card in view.sheet.all_cards if card.key == key)


def test_what_a_card_asks_stays_until_it_is_answered(view) -> None:
    view.rename("person_001", "Ann")
    done(view)
    view.rename("person_002", "Ann")
    done(view)
    # Whatever else is done meanwhile.
    view.rename("person_003", "Cem")
    done(view)
    view.open("Cem")
    view.back()
    view.session.set(replace(SETTINGS, threshold=0.31))
    view.refresh()
    assert "one person?" in card_of(view, "person_002").asks.text
    # Answered by the way: the two are one now.
    view.act("person_002", "merge")
    view.act("Ann", "merge")
    done(view)
    assert all(card.asks is None for card in view.sheet.all_cards)
    assert len(keys(view)) == 2


def test_two_cards_may_ask_at_once(view) -> None:
    view.rename("person_001", "Ann")
    for name in ("person_002", "person_003"):
        view.rename(name, "Ann")
    done(view)
    assert card_of(view, "person_002").asks
    view.answer(yes=False, key="person_003")
    done(view)
    assert card_of(view, "person_002").asks
    assert card_of(view, "person_003").asks is None


def test_an_answer_that_cannot_be_given_now_is_still_asked_for(looked, out) -> None:
    work, go = Work(), threading.Event()
    view = IndividualsView(work)
    view.show(Session(looked, GroupingAssigner(SETTINGS), out=out))
    view.rename("person_001", "Ann")
    done(view)
    view.rename("person_002", "Ann")
    done(view)
    work.run(lambda *_: go.wait(10))
    view.answer(yes=True)
    assert "other work is under way" in view.message.value
    assert card_of(view, "person_002").asks
    go.set()
    assert work.wait(10)
    view.answer(yes=True)
    assert "one person" in done(view)
    assert len(keys(view)) == 2
    view.sheet.close()


def test_names_typed_faster_than_they_are_sorted_by_are_all_taken(view, out, monkeypatch) -> None:
    go, rename = threading.Event(), view.session.rename

    def slowly(key: str, text: str) -> str:
        go.wait(10)
        return rename(key, text)

    monkeypatch.setattr(view.session, "rename", slowly)
    view.rename("person_001", "Ann")
    view.rename("person_002", "Bob")
    view.rename("person_003", "ann")
    go.set()
    assert "Are person_003 and Ann one person?" in done(view)
    assert sorted(each.name for each in decisions.read(out)) == ["Ann", "Bob"]
    assert card_of(view, "person_003").asks


def test_a_name_that_waits_is_for_the_face_that_was_meant(view, monkeypatch) -> None:
    """When two are made one, the numbers that follow may move up."""
    go, merge = threading.Event(), view.session.merge
    face = card_of(view, "person_003").strips[0].pictures[0].token

    def slowly(name: str, other: str) -> str:
        go.wait(10)
        return merge(name, other)

    monkeypatch.setattr(view.session, "merge", slowly)
    view.act("person_001", "merge")
    view.act("person_002", "merge")
    view.rename("person_003", "Cem")
    go.set()
    done(view)
    assert card_of(view, "Cem").strips[0].pictures[0].token == face


def test_who_gets_a_name_stays_where_they_are(album_folder, colours) -> None:
    for who in ("dee", "eve"):
        save_tiles(album_folder / f"{who}.png", who)
    view = IndividualsView()
    looked = modes.look(album_folder, settings=SETTINGS, subject=colours)
    view.show(Session(looked, GroupingAssigner(SETTINGS)))
    before = keys(view)
    assert len({card.note for card in view.sheet.all_cards[2:]}) == 1
    view.rename(before[-1], "Ann")
    done(view)
    assert keys(view) == [*before[:-1], "Ann"]
    view.sheet.close()


def test_who_has_no_name_yet_is_marked(view) -> None:
    view.rename("person_002", "Bob")
    done(view)
    unnamed = [card.key for card in view.sheet.all_cards if card.unnamed]
    assert unnamed == ["person_001", "person_003"]
    view.undo()
    done(view)
    assert all(card.unnamed for card in view.sheet.all_cards)


def test_what_is_said_and_undo_go_along_with_the_sheet(view) -> None:
    assert (view.sheet.said, view.sheet.can_undo) == ("", False)
    view.rename("person_002", "<b>Bob")
    done(view)
    assert view.sheet.said == "person_002 is <b>Bob."
    assert view.sheet.can_undo
    view.sheet.undo()
    done(view)
    assert view.sheet.said.startswith("Taken back: person_002 is <b>Bob")
    assert not view.sheet.can_undo


def test_two_cards_are_made_one_person(view) -> None:
    view.act("person_002", "merge")
    assert (view.place, view.individual) == ("merging", "person_002")
    assert [card.badge for card in view.sheet.all_cards] == ["", "chosen", ""]
    view.act("person_002", "merge")
    assert view.place == "individuals"
    assert {card.badge for card in view.sheet.all_cards} == {""}
    view.act("person_002", "merge")
    view.act("person_003", "merge")
    assert "one person" in done(view)
    assert view.place == "individuals"
    assert [card.note for card in view.sheet.all_cards] == ["5 photos", "2 photos, 3 faces"]


def test_a_person_is_shown_as_two_parts_and_made_two_or_left(view) -> None:
    view.act("person_001", "split")
    assert view.place == "split"
    assert len(view.sheet.all_cards[0].strips) == 2
    assert view.back_button.layout.display is None
    view.back()
    assert view.place == "individuals"
    view.act("person_001", "split")
    view.act("person_001", "two")
    assert "is two" in done(view)
    assert (view.place, len(keys(view))) == ("individuals", 4)
    view.undo()
    done(view)
    view.act("person_001", "split")
    view.act("person_001", "one")
    assert "one person" in done(view)
    assert (view.place, len(keys(view))) == ("individuals", 3)
    view.act("person_003", "split")
    assert "cannot be split" in view.message.value
    assert view.place == "individuals"


def test_a_face_is_taken_out_and_the_person_stays_open(view) -> None:
    view.rename("person_001", "Ann")
    done(view)
    view.open("Ann")
    face = keys(view)[-1]
    view.act(face, "not")
    assert "does not show Ann" in done(view)
    assert (view.place, view.individual) == ("individual", "Ann")
    assert face not in keys(view)
    view.undo()
    done(view)
    assert face in keys(view)


def test_who_gets_another_number_by_a_correction_is_still_open(view) -> None:
    """Without its two faces, person_002 would come last, and another would be person_002."""
    view.open("person_003")
    rows = keys(view)
    session = view.session
    for face in [k for k, name in enumerate(session.names) if name == "person_002"]:
        session.ignore(face)
    view.refresh()
    assert view.individual == "person_002"
    assert keys(view) == rows


def test_a_face_left_out_twice_is_left_out_once(view) -> None:
    view.open("person_001")
    face, following = keys(view)[:2]
    view.act(face, "ignore")
    assert "left out" in done(view)
    view.act(face, "ignore")
    assert "left out already" in done(view)
    assert following in keys(view)
    assert len(keys(view)) == 4
    # The pictures of a face are found by its row, which nothing changes.
    row = row_of_card(view.session.album, following)
    assert view.sheet.all_cards[0].strips[0].pictures[0].token == f"photo:{row}"


def test_a_press_that_comes_after_another_look_is_about_no_other_face(
    view, album_folder, colours, out
) -> None:
    view.open("person_001")
    old = keys(view)[0]
    row = row_of_card(view.session.album, old)
    # The photo that comes first is another one now.
    (album_folder / "a1.png").unlink()
    again = modes.look(album_folder, settings=SETTINGS, subject=colours)
    view.show(Session(again, GroupingAssigner(SETTINGS), out=out))
    names = view.session.names
    assert card_key(view.session.album, row) != old
    for action in ("ignore", "not"):
        view.act(old, action)
        assert "not there any more" in done(view)
    assert view.session.names == names
    assert view.session.corrections.decisions == ()


def test_the_last_face_left_out_leads_back_to_everybody(view) -> None:
    view.open("person_003")
    (face,) = keys(view)
    view.open(face)
    assert view.place == "photo"
    view.act(face, "ignore")
    done(view)
    assert (view.place, view.individual, keys(view)) == (
        "individuals",
        None,
        ["person_001", "person_002"],
    )


def test_while_other_work_is_under_way_a_correction_is_refused_in_words(looked, out) -> None:
    work, go = Work(), threading.Event()
    view = IndividualsView(work)
    view.show(Session(looked, GroupingAssigner(SETTINGS), out=out))
    work.run(lambda *_: go.wait(10))
    view.rename("person_001", "Ann")
    assert "other work is under way" in view.message.value
    view.open("person_001")
    assert view.place == "individual"
    go.set()
    assert work.wait(10)
    assert not out.exists()
    view.sheet.close()


def test_a_correction_that_fails_is_shown_where_it_was_made(view, out, monkeypatch) -> None:
    out.mkdir()
    (out / "decisions.csv").write_text("spoilt\n")
    view.rename("person_001", "Ann")
    assert "lacks the columns" in done(view)
    assert view.work.state == "done"
    assert view.work.message.value == ""

    def bug(*_: object) -> str:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(view.session, "rename", bug)
    view.rename("person_001", "Ann")
    assert "<b>A bug:</b> ZeroDivisionError: on purpose" in done(view)
    assert "Traceback" in view.message.value


def test_other_settings_are_shown_where_one_was(view) -> None:
    view.open("person_001")
    view.session.set(replace(SETTINGS, threshold=0.001))
    view.refresh()
    assert view.place == "individual"
    assert view.individual in view.session.names
    view.session.set(SETTINGS)
    view.refresh()
    assert view.place == "individual"


def test_another_album_forgets_the_pictures_of_the_first(view, looked) -> None:
    edition = view.sheet.edition
    view.open("person_001")
    view.back()
    assert view.sheet.edition == edition
    view.show(Session(looked, GroupingAssigner(SETTINGS)))
    assert view.sheet.edition == edition + 1
    assert "until then" in view.kept_in.value


def test_what_is_only_looked_at_cannot_be_corrected(looked, out) -> None:
    view = IndividualsView(correct=False)
    view.show(Session(looked, GroupingAssigner(SETTINGS), out=out))
    assert all(card.name is None and not card.actions for card in view.sheet.all_cards)
    view.rename("person_001", "Ann")
    view.act("person_001", "split")
    assert view.place == "individuals"
    assert view.kept_in.value == ""
    view.open("person_001")
    assert view.place == "individual"
    assert not out.exists()
    view.sheet.close()


def test_no_name_is_taken_for_a_tag(tmp_path, colours) -> None:
    bad = "<img src=x onerror=alert(1)>"
    folder = tmp_path / "photos"
    save_tiles(folder / f"{bad}.png", "ann")
    save_tiles(folder / "2.png", "ann")
    save_tiles(folder / "3.png", "bob")
    view = IndividualsView()
    view.show(
        Session(modes.look(folder, settings=SETTINGS, subject=colours), GroupingAssigner(SETTINGS))
    )
    view.rename("person_001", bad)
    said = [done(view)]
    view.rename("person_002", bad)
    said.append(done(view))
    view.answer(yes=False)
    said.append(done(view))
    view.open(bad)
    said += [view.guidance.value, view.message.value]
    view.act(next(key for key in keys(view)), "ignore")
    said.append(done(view))
    assert sum("&lt;img" in text for text in said) >= 4
    assert not any("<img" in text for text in said)
    view.sheet.close()


def test_the_pictures_are_those_of_the_faces(view) -> None:
    view.sheet.want([picture.token for picture in view.sheet.all_cards[1].strips[0].pictures])
    view.sheet.settle()
    made = view.sheet._pictures(["sighting:0"])
    assert made[0][:2] == b"\xff\xd8"
    assert view.thumbnails.album is view.session.looked.album
    assert not view.session.album.ignored.any()


def test_a_photo_that_is_there_twice_is_one_photo_in_two_files_that_are_copied(
    album_folder, colours, out
) -> None:
    shutil.copy(album_folder / "a2.png", album_folder / "a2 copy.png")
    twice = modes.look(album_folder, settings=SETTINGS, subject=colours)
    view = IndividualsView()
    view.show(Session(twice, GroupingAssigner(SETTINGS), out=out))
    card = view.sheet.all_cards[0]
    assert (card.note, card.opens) == ("5 photos in 6 files", "all 5 photos")
    view.open(card.key)
    assert len(view.sheet.all_cards) == 5
    view.sheet.close()


def test_a_face_that_goes_alone_goes_without_a_word_more(view) -> None:
    view.open("person_002")
    view.act(keys(view)[0], "not")
    assert "went along" not in done(view)


class Stand:
    """Stands for thumbnails."""

    def crops(self, rows, size):
        return [f"sighting {row}".encode() for row in rows]

    def photo(self, row, rows, size):
        return f"photo {row} {rows} {size}".encode()


def test_pictures_come_in_the_order_of_their_tokens():
    made = SightingPictures(Stand())(["photo:3", "sighting:5", "whole:3", "sighting:1"])
    assert made == [b"photo 3 [3] 200", b"sighting 5", b"photo 3 [3] 1000", b"sighting 1"]
    thumbnails = Stand()
    assert SightingPictures(thumbnails) == SightingPictures(thumbnails)
    assert hash(SightingPictures(thumbnails)) == hash(SightingPictures(thumbnails))
    assert SightingPictures(thumbnails) != SightingPictures(Stand())


def test_names_and_counts():
    rows = rows_of(["b", None, "a", "b"])
    assert list(rows) == ["b", "a"]
    assert rows["b"].tolist() == [0, 3]
    assert counts(1, 1, FACE.words) == "1 photo"
    assert counts(1200, 1201, FACE.words) == "1,200 photos, 1,201 faces"
    assert counts(6, 7, FACE.words, files=7) == "6 photos in 7 files, 7 faces"
    assert counts(6, 6, FACE.words, files=6) == "6 photos"


@pytest.fixture
def unsure(looked, out):
    """A view of an album in which two who are alone say too little."""
    album = looked.album
    made = IndividualsView()
    made.show(Session(looked, GroupingAssigner(SETTINGS), out=out))
    counts = {name: len(rows) for name, rows in rows_of(made.session.names).items()}
    alone = [made.session.names.index(name) for name, n in counts.items() if n == 1]
    worth = [0.01 if row in alone else 1.0 for row in range(len(album))]
    little = replace(album, sightings=album.sightings.assign(worth=worth))
    made.show(Session(replace(looked, album=little), GroupingAssigner(SETTINGS), out=out))
    yield made
    made.work.wait(10)
    made.sheet.close()


def test_those_that_say_too_little_stand_last_below_a_line(unsure) -> None:
    (name,) = unsure.session.result.not_sure
    *people, line, card = unsure.sheet.all_cards
    assert [each.key for each in people] == ["person_001", "person_002"]
    assert line.line
    assert line.title.startswith("Not sure who: 1 face says too little (")
    assert (card.key, card.name, card.unnamed) == (name, "", True)
    assert card.title.endswith(".png")
    assert [each.key for each in card.actions] == ["merge", "leave out"]
    assert name not in unsure.sheet.known
    assert unsure.unsure_button.description == "Not sure who (1)"
    came = []
    unsure.sheet.return_to = came.append
    unsure.unsure_button.click()
    assert came == [name]


def test_who_is_named_goes_out_of_the_unsure_and_back_with_undo(unsure) -> None:
    (name,) = unsure.session.result.not_sure
    unsure.rename(name, "Cem")
    done(unsure)
    assert not unsure.session.result.not_sure
    assert keys(unsure) == ["person_001", "person_002", "Cem"]
    assert unsure.unsure_button.layout.display == "none"
    unsure.undo()
    done(unsure)
    assert unsure.session.result.not_sure == {name}


def test_one_of_the_unsure_is_joined_or_left_out_by_its_card(unsure) -> None:
    (name,) = unsure.session.result.not_sure
    unsure.act(name, "merge")
    assert "shows the face in " in unsure.guidance.value
    unsure.act("person_001", "merge")
    done(unsure)
    assert not unsure.session.result.not_sure
    assert unsure.sheet.all_cards[0].note == "5 photos, 6 faces"
    unsure.undo()
    done(unsure)
    unsure.act(name, "leave out")
    done(unsure)
    assert keys(unsure) == ["person_001", "person_002"]
    assert unsure.session.album.ignored.sum() == 1


def test_whoever_has_that_name_is_asked_about_without_a_number(unsure) -> None:
    (name,) = unsure.session.result.not_sure
    unsure.rename(name, "person_001")
    done(unsure)
    card = unsure.sheet.all_cards[-1]
    assert f"Are the face in {card.title} and person_001 one person?" in card.asks.text
    unsure.answer(yes=True)
    done(unsure)
    assert keys(unsure)[0] == "person_001"
    assert not unsure.session.result.not_sure


@given(
    photo_of=st.lists(st.integers(0, 5), min_size=1, max_size=12),
    called=st.lists(st.sampled_from([None, "a", "b", "c", "d"]), min_size=12, max_size=12),
    twice=st.sets(st.integers(0, 5)),
)
def test_cards_stand_in_the_order_of_photos_and_count_them(photo_of, called, twice) -> None:
    album, names = album_of([0.0] * len(photo_of), photo_of), called[: len(photo_of)]
    copies = album.photos[[int(path[1:-4]) in twice for path in album.photos["path"]]]
    copies = copies.assign(path="copy of " + copies["path"])
    album = replace(album, photos=pd.concat([album.photos, copies], ignore_index=True))
    cards = individual_cards(album, names, Thumbnails(album), shown=2, given={"a"})
    wanted = []
    for name in dict.fromkeys(filter(None, names)):
        rows = [row for row, each in enumerate(names) if each == name]
        photos = {photo_of[row] for row in rows}
        files = len(photos) + len(photos & twice)
        note = counts(len(photos), len(rows), FACE.words, files=files)
        wanted.append((-files, -len(rows), rows[0], name, note, min(len(rows), 2)))
    wanted.sort()
    assert [(c.key, c.title, c.note, c.pictures) for c in cards] == [
        (name, name, note, pictures) for *_, name, note, pictures in wanted
    ]
    assert cards.pictures == [pictures for *_, pictures in wanted]
    assert [place in cards.unnamed for place in range(len(cards))] == [c.unnamed for c in cards]
    assert [c.unnamed for c in cards] == [name != "a" for *_, name, _, _ in wanted]


def test_of_many_names_those_that_were_given_are_offered(view, monkeypatch) -> None:
    monkeypatch.setattr(individuals_view, "MOST_KNOWN", 2)
    view.rename(keys(view)[-1], "Zoe")
    done(view)
    assert len(keys(view)) > 2
    assert view.sheet.known == sorted([keys(view)[0], "Zoe"])


def test_one_is_found_by_name_and_the_way_back_leads_to_all_that_were_found(view) -> None:
    name = keys(view)[1]
    view.sheet.find(name)
    assert [card.key for card in view.sheet.shown()] == [name]
    view.open(name)
    # Among the photos of one nothing is sought.
    assert view.sheet.total == len(view.session.rows(name))
    view.back()
    assert [card.key for card in view.sheet.shown()] == [name]
    view.rename(name, "Ann")
    done(view)
    assert view.sheet.total == 0
    view.sheet.find("ann")
    assert [card.key for card in view.sheet.shown()] == ["Ann"]
    view.show(view.session)
    assert (view.sheet.sought, view.sheet.total) == ("", len(keys(view)))


def test_frames_of_one_clip_are_one_photo_on_a_card(tmp_path, colours):
    save_tiles(tmp_path / "a.png", "ann")
    save_clip(tmp_path / "b.mp4", [tiles_of("ann"), tiles_of("", ""), tiles_of("ann", "bob")])
    album = modes.look(tmp_path, settings=AutopilotSettings(videos=True), subject=colours).album
    cards = individual_cards(album, ["Ann", "Ann", "Ann", "Bob"], Thumbnails(album))
    assert [(card.title, card.note) for card in cards] == [
        ("Ann", "2 photos, 3 faces"),
        ("Bob", "1 photo"),
    ]
