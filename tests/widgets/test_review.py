"""The review panel, pressed without a browser: each answer is on disk, and none is lost."""

import io
import shutil
import threading
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from doubtful_album import TRUTH, album_of, session_of
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from toolkit import modes
from toolkit.curation import decisions
from toolkit.errors import BadFolder
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.grouping.sighting_finder import key_of
from toolkit.modes import Looked
from toolkit.photos.thumbnails import Thumbnails
from toolkit.results import recent
from toolkit.results.recent import Recent
from toolkit.scanning.pair_views import PairView
from toolkit.session import Session, taken_up
from toolkit.settings import AutopilotSettings
from toolkit.widgets import question_view as words
from toolkit.widgets import review
from toolkit.widgets.individuals_view import card_key
from toolkit.widgets.review import EXPORT, INDIVIDUALS, QUESTIONS, ReviewPanel

SECONDS = 60


@pytest.fixture
def session(tmp_path):
    return session_of(tmp_path)


@pytest.fixture
def panel(session):
    panel = ReviewPanel(session=session)
    assert panel.wait(SECONDS)
    assert panel.state == "done", panel.work.message.value
    return panel


def kept(panel):
    return decisions.read(panel.session.corrections.out)


def card(panel):
    (shown,) = panel.questions.sheet.all_cards
    return shown


def right(asked):
    return bool(TRUTH[asked.first] == TRUTH[asked.second])


def press(panel, what):
    """Press a button of the card, as the browser does; wait until it is kept, no longer."""
    panel.questions.sheet.act(card(panel).key, what)
    panel.questions._pressed_so_far.wait(SECONDS)


def test_the_first_question_is_the_one_that_moves_most_and_says_so(panel, session):
    first = session.queue().questions[0]
    asked = panel.questions.asked
    assert asked.pair == {first.first, first.second}
    shown = card(panel)
    assert shown.title == "Are these two one person?"
    assert str(first.photos) in shown.note
    assert "by the numbers" in shown.badge
    assert [strip.pictures[0].token for strip in shown.strips] == [
        f"large:{asked.first}",
        f"large:{asked.second}",
    ]
    for strip, side in zip(shown.strips, asked.sides, strict=True):
        further = [int(picture.token.removeprefix("sighting:")) for picture in strip.pictures[1:]]
        assert set(further) <= set(side) - asked.pair
        assert len(further) == min(6, len(side) - 1)
        sizes = [picture.size for picture in strip.pictures]
        assert sizes[0] > 2 * max(sizes[1:], default=0)
    assert "Expected purity" in panel.questions.progress.value
    # Faces are seldom in doubt, and nothing was measured of strips of them.
    assert len(panel.tabs.children) == len(panel.tabs.titles) == 3
    assert not kept(panel)


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("same", "same"),
        ("different", "different"),
        ("unclear", "unclear"),
        ("first", "ignore"),
        ("second", "ignore"),
    ],
)
def test_each_answer_is_on_disk_before_the_next_question_and_is_a_decision(panel, what, kind):
    asked = panel.questions.asked
    album = panel.session.looked.album
    with panel.questions.alone:  # Nothing can be sorted anew meanwhile.
        press(panel, what)
        made = kept(panel)[0]
        assert panel.questions.asked.pair != asked.pair
    assert made.kind == kind
    faces = {each.photo for each in (made.sighting, made.other) if each is not None}
    rows = {"first": [asked.first], "second": [asked.second]}.get(what, asked.pair)
    assert faces == {album.sightings["photo_digest"][row] for row in rows}
    assert panel.wait(SECONDS)
    names = panel.session.names
    if what == "unclear":
        return
    if what == "same":
        assert names[asked.first] == names[asked.second]
    elif what == "different":
        assert names[asked.first] != names[asked.second]
    else:
        assert names[next(iter(rows))] is None


def test_answers_while_the_faces_are_sorted_anew_are_all_kept_in_order(panel, session):
    seen = []
    with panel.questions.alone:
        for _ in range(3):
            asked = panel.questions.asked
            seen.append((asked.pair, right(asked)))
            panel.questions.answer(one=right(asked))
            panel.questions._pressed_so_far.wait(SECONDS)
            assert len(kept(panel)) == len(seen)
        assert panel.questions.pending
        assert "Sorting anew" in panel.questions.status.value
        showing = panel.questions.asked
    assert panel.wait(SECONDS)
    assert not panel.questions.pending
    rows = {digest: row for row, digest in enumerate(session.looked.album.photos["photo_digest"])}
    written = [
        ({rows[d.sighting.photo], rows[d.other.photo]}, d.kind == "same") for d in kept(panel)
    ]
    assert written == seen
    # The question on the screen stayed, unless the answers settled it.
    assert panel.questions.asked is showing or "settled by" in panel.questions.message.value
    asked = {each.pair for each in panel.questions._deck.asked}
    assert not asked & {pair for pair, _ in seen}


def test_what_is_answered_during_a_sorting_is_not_asked_again_after_it(panel, session, monkeypatch):
    go, begun, sort = threading.Event(), threading.Event(), session.keep_in
    seen, adopt = [], panel.questions._adopt

    def slow(out):
        sort(out)
        begun.set()
        go.wait(SECONDS)

    def watched(deck):
        adopt(deck)
        left = {each.pair for each in panel.questions._deck.asked}
        seen.append((panel.questions.pending, left, panel.questions.asked))

    monkeypatch.setattr(session, "keep_in", slow)
    monkeypatch.setattr(panel.questions, "_adopt", watched)
    answered = []
    for _ in range(3):
        answered.append(panel.questions.asked.pair)
        press(panel, "different")
        assert begun.wait(SECONDS)
    showing = panel.questions.asked
    go.set()
    assert panel.wait(SECONDS)
    # Sorted twice: by the first answer, then by both others at once.
    assert [pending for pending, _, _ in seen] == [True, True]
    for _, left, asked in seen:
        assert not left & set(answered)
        assert asked is showing or "settled by" in panel.questions.message.value
    assert not panel.questions.pending


def test_an_answer_taken_back_during_a_sorting_leaves_no_trace(panel, session, monkeypatch):
    before, names, sort = panel.questions.asked, session.names, session.keep_in

    def slow(out):
        monkeypatch.setattr(session, "keep_in", sort)
        sort(out)
        panel.questions.undo()
        panel.questions._pressed_so_far.wait(SECONDS)

    monkeypatch.setattr(session, "keep_in", slow)
    press(panel, contrary(panel))
    assert panel.wait(SECONDS)
    assert kept(panel) == ()
    assert panel.questions.asked is before
    assert "Here is that question again" in panel.questions.message.value
    assert session.names == names
    assert not panel.questions.pending


def test_a_key_pressed_twice_answers_one_question(panel):
    key = card(panel).key
    with panel.questions.alone:
        panel.questions.sheet.act(key, "same")
        panel.questions.sheet.act(key, "same")
        panel.questions._pressed_so_far.wait(SECONDS)
        panel.questions._pressed(key, "different")
        panel.questions._pressed_so_far.wait(SECONDS)
        assert len(kept(panel)) == 1
    assert panel.wait(SECONDS)


def test_undo_takes_the_answer_back_and_shows_its_question_again(panel):
    before, doubt = panel.questions.asked, panel.questions.queue.doubt
    press(panel, "different")
    second = panel.questions.asked
    press(panel, "same")
    press(panel, "undo")
    assert panel.questions.asked is second
    assert len(kept(panel)) == 1
    press(panel, "undo")
    assert panel.questions.asked is before
    assert kept(panel) == ()
    assert "Here is that question again" in panel.questions.message.value
    assert panel.wait(SECONDS)
    assert panel.questions.asked is before
    assert panel.questions.queue.doubt == pytest.approx(doubt)
    panel.questions.undo()
    assert panel.wait(SECONDS)
    assert "nothing to take back" in panel.questions.message.value


def test_cannot_tell_is_kept_not_asked_again_changes_nobody_and_can_be_undone(panel):
    asked, names = panel.questions.asked, panel.session.names
    purity = panel.questions.queue.purity
    press(panel, "unclear")
    assert [each.kind for each in kept(panel)] == ["unclear"]
    assert panel.wait(SECONDS)
    assert panel.questions.queue.purity == purity
    assert panel.session.names == names
    assert "1 of them that it cannot be told" in str(panel.session.result)
    # In a later session neither.
    again = ReviewPanel(session=session_of(panel.session.corrections.out.parent))
    assert again.wait(SECONDS)
    for each in (panel, again):
        assert asked.pair not in {other.pair for other in each.questions._deck.asked}
    press(panel, "undo")
    assert panel.questions.asked is asked
    assert kept(panel) == ()


def test_a_face_left_out_and_taken_back_changes_no_row(panel):
    asked = panel.questions.asked
    press(panel, "first")
    assert panel.wait(SECONDS)
    assert all(asked.first not in each.pair for each in panel.questions._deck.asked)
    album = panel.session.album
    for each in panel.questions._deck.asked:
        question = each.question
        paths = {album.sightings["path"][row] for row in (question.first, question.second)}
        whole = panel.session.looked.album.sightings["path"]
        assert paths == {whole[row] for row in each.pair}
    press(panel, "undo")
    assert panel.wait(SECONDS)
    assert panel.questions.asked is asked
    assert None not in panel.session.names


def test_a_question_that_other_answers_settle_is_skipped_and_said(panel):
    asked = panel.questions.asked
    names = panel.session.names
    row = asked.first
    panel.individuals.act(card_key(panel.session.album, row), "ignore")
    assert panel.wait(SECONDS)
    assert panel.questions.asked.pair != asked.pair
    assert "settled by your other answers" in panel.questions.message.value
    assert names[row] is not None
    assert panel.session.names[row] is None
    # Undone among the questions, too, though it was not answered there.
    panel.questions.undo()
    assert panel.wait(SECONDS)
    assert kept(panel) == ()


def test_what_was_taken_back_among_the_people_is_not_taken_back_twice(panel):
    first = panel.questions.asked
    press(panel, "different")
    press(panel, "different")
    assert panel.wait(SECONDS)
    panel.individuals.undo()
    assert panel.wait(SECONDS)
    assert len(kept(panel)) == 1
    panel.questions.undo()
    assert panel.wait(SECONDS)
    assert kept(panel) == ()
    assert panel.questions.asked is first


def test_all_answers_by_the_truth_end_in_groups_of_one_person(panel):
    count = 0
    while (asked := panel.questions.asked) is not None:
        panel.questions.answer(one=right(asked))
        assert panel.wait(SECONDS)
        count += 1
        assert count < 100
    assert panel.state == "no questions"
    names = np.array(panel.session.names)
    assert len(set(zip(names, TRUTH, strict=True))) == len(set(names)) == len(set(TRUTH))
    assert f"{count} answers" in panel.questions.status.value
    assert "export" in panel.questions.status.value
    assert not panel.questions.sheet.all_cards
    assert panel.questions.undo_button.layout.display is None
    assert len(kept(panel)) == count
    panel.questions.undo()
    assert panel.wait(SECONDS)
    assert panel.state == "done"


@settings(max_examples=20)
@given(st.lists(st.sampled_from(["same", "different", "unclear", "first", "undo"]), max_size=8))
def test_whatever_is_pressed_disk_and_groups_agree(tmp_path_factory, presses):
    panel = ReviewPanel(session=session_of(tmp_path_factory.mktemp("album")))
    assert panel.wait(SECONDS)
    for what in presses:
        if what == "undo":
            panel.questions.undo()
            panel.questions._pressed_so_far.wait(SECONDS)
        elif panel.questions.sheet.all_cards:
            press(panel, what)
    assert panel.wait(SECONDS)
    assert "A bug" not in panel.questions.message.value
    session = panel.session
    assert decisions.read(session.corrections.out) == session.corrections.decisions
    decided = session.decided
    names = np.array(session.names)
    assert (names[decided.must[:, 0]] == names[decided.must[:, 1]]).all()
    assert (names[decided.cannot[:, 0]] != names[decided.cannot[:, 1]]).all()
    fresh = modes.autopilot_of(
        session.looked,
        settings=session.settings,
        decided=decisions.read(session.corrections.out),
    )
    assert fresh.names == session.names
    panel.questions.sheet.close()
    panel.individuals.sheet.close()


def test_a_folder_that_vanished_is_said_and_the_question_stays(panel):
    asked, out = panel.questions.asked, panel.session.corrections.out
    shutil.rmtree(out, ignore_errors=True)
    out.write_text("a file where the folder was")
    press(panel, "same")
    assert "Not done" in panel.questions.message.value
    assert panel.questions.asked is asked
    out.unlink()
    press(panel, "same")
    assert len(kept(panel)) == 1
    assert panel.wait(SECONDS)


def test_a_table_that_cannot_be_read_stops_an_answer_and_says_where(panel):
    out = panel.session.corrections.out
    out.mkdir(exist_ok=True)
    (out / decisions.FILE).write_text("nothing,like,it\n")
    asked = panel.questions.asked
    press(panel, "same")
    assert "lacks the columns" in panel.questions.message.value
    assert panel.questions.asked is asked


def test_a_line_that_somebody_writes_by_hand_meanwhile_counts(panel):
    asked = panel.questions.asked
    press(panel, "different")
    assert panel.wait(SECONDS)
    album = panel.session.looked.album
    faces = [key_of(album, row) for row in (16, 17)]
    out = panel.session.corrections.out
    decisions.write(out, [*kept(panel), decisions.Decision("different", *faces)])
    press(panel, "different")
    assert panel.wait(SECONDS)
    assert len(kept(panel)) == 3
    names = panel.session.names
    assert names[16] != names[17]
    assert names[asked.first] != names[asked.second]


# The panel around the questions.


def test_states_of_opening(tmp_path, session):
    panel = ReviewPanel(tmp_path / "nothing here")
    assert panel.state == "empty"
    assert "press Open" in panel.guidance.value
    assert panel.tabs.layout.display == "none"
    panel.open_results()
    assert panel.wait(SECONDS)
    assert panel.state == "failed"
    assert "is no folder" in panel.work.message.value
    panel.folder.choose("")
    panel.open_results()
    assert panel.wait(SECONDS)
    assert "no folder is named" in panel.work.message.value


def test_a_bug_shows_its_traceback():
    def broken(_):
        raise ZeroDivisionError("on purpose")

    panel = ReviewPanel("somewhere", take_up=broken)
    panel.open_results()
    assert panel.wait(SECONDS)
    assert panel.state == "failed"
    assert "A bug" in panel.work.message.value
    assert "ZeroDivisionError" in panel.work.message.value


def test_opening_can_be_cancelled_and_begun_again(session):
    go, begun = threading.Event(), threading.Event()

    def slow(_):
        begun.set()
        go.wait(SECONDS)
        return session

    panel = ReviewPanel("somewhere", take_up=slow)
    panel.open_results()
    assert begun.wait(SECONDS)
    assert panel.state == "running"
    assert panel.open_button.disabled
    panel.open_results()  # Pressed twice: nothing more.
    panel.cancel()
    go.set()
    assert panel.wait(SECONDS)
    assert panel.state == "cancelled"
    assert panel.session is None
    panel.open_results()
    assert panel.wait(SECONDS)
    assert panel.state == "done"
    assert panel.tabs.layout.display is None


def test_nobody_found_and_one_face_alone(tmp_path):
    panel = ReviewPanel(session=session_of(tmp_path / "a", TRUTH[:0]))
    assert panel.wait(SECONDS)
    assert panel.state == "none found"
    panel = ReviewPanel(session=session_of(tmp_path / "b", TRUTH[:1]))
    assert panel.wait(SECONDS)
    assert panel.state == "no questions"
    assert "export" in panel.guidance.value


def test_an_album_without_a_folder_of_results_is_refused(tmp_path):
    looked = Looked(album_of(TRUTH, tmp_path), {}, len(TRUTH))
    panel = ReviewPanel(session=Session(looked, GroupingAssigner(AutopilotSettings(threshold=0.5))))
    assert panel.wait(SECONDS)
    assert panel.state == "failed"
    assert "no folder of results yet" in panel.work.message.value


def test_photos_that_are_not_there_are_asked_for_and_their_place_is_handed_on(tmp_path):
    told = []

    def take_up(out, **about):
        told.append((out, about))
        return session_of(tmp_path)

    panel = ReviewPanel(tmp_path / "out", take_up=take_up)
    assert panel.moved.layout.display == "none"
    panel.open_results()
    assert panel.wait(SECONDS)
    assert panel.state == "done"
    # The photos of this album were never there.
    assert panel.moved.asked.startswith(f"{len(TRUTH)} photos are not where the result says")
    panel.questions.sheet.want([card(panel).strips[0].pictures[0].token])
    panel.questions.sheet.settle()
    assert "tell where the photos are now" in panel.questions.sheet.grey
    panel.moved.folder.choose(str(tmp_path / "new place"))
    panel.moved.button.click()
    assert panel.wait(SECONDS)
    assert told == [(tmp_path / "out", {}), (tmp_path / "out", {"photos": tmp_path / "new place"})]


def test_where_photos_cannot_be_found_the_field_stands_below_the_reason(tmp_path, monkeypatch):
    def take_up(out, **about):
        raise BadFolder("none of the photos is in that folder")

    monkeypatch.setattr(review, "earlier_run", lambda _: "the result of today")
    panel = ReviewPanel(tmp_path, take_up=take_up)
    panel.open_results()
    assert panel.wait(SECONDS)
    assert panel.state == "failed"
    assert "none of the photos" in panel.work.message.value
    assert "If the photos of this result have moved" in panel.moved.asked
    # A folder without results is another matter.
    monkeypatch.setattr(review, "earlier_run", lambda _: "")
    panel.open_results()
    assert panel.wait(SECONDS)
    assert panel.moved.asked == ""


def test_a_folder_is_told_by_what_is_in_it(tmp_path):
    assert "no folder" in review.glance(" ").problem
    assert "no result of autopilot" in review.glance(str(tmp_path)).problem
    with pytest.raises(BadFolder):
        taken_up(tmp_path)


def test_corrections_among_the_people_renew_the_questions_and_the_plan(panel):
    panel.tabs.selected_index = INDIVIDUALS
    cleared = []
    panel.export.clear = lambda: cleared.append(1)
    first, second = [name for name, _ in Counter(panel.session.names).most_common(2)]
    panel.individuals.act(first, "merge")
    panel.individuals.act(second, "merge")
    assert panel.wait(SECONDS)
    assert cleared
    assert [each.kind for each in kept(panel)] == ["same"]
    assert panel.individuals.layout.display is None
    deck = panel.questions._deck
    assert {n for each in deck.asked for n in each.names} <= set(panel.session.names)
    panel.individuals.rename(panel.session.names[0], "<b>Ann</b>")
    assert panel.wait(SECONDS)
    assert kept(panel)[-1].name == "<b>Ann</b>"
    assert "<b>Ann" not in panel.individuals.message.value


def contrary(panel):
    """The answer that changes who is who."""
    return "different" if panel.questions.asked.question.kind == "together" else "same"


def test_people_are_not_pressed_while_answers_are_taken_in(panel):
    first = set(panel.session.names)
    with panel.questions.alone:
        press(panel, contrary(panel))
        panel.tabs.selected_index = INDIVIDUALS
        assert panel.individuals.layout.display == "none"
        assert "Sorting anew" in panel.not_yet.value
    assert panel.wait(SECONDS)
    assert panel.individuals.layout.display is None
    assert panel.not_yet.value == ""
    second = set(panel.session.names)
    assert {each.key for each in panel.individuals.sheet.all_cards} == second != first
    panel.tabs.selected_index = QUESTIONS
    press(panel, "undo")
    assert panel.wait(SECONDS)
    panel.tabs.selected_index = INDIVIDUALS
    assert {each.key for each in panel.individuals.sheet.all_cards} == first


def test_export_goes_into_the_same_folder_with_all_answers(panel, session, monkeypatch):
    seen = []

    def plan(out):
        seen.append((out, session.corrections.decisions))
        return pd.DataFrame(
            columns=[
                "name",
                "source",
                "photo_digest",
                "folder",
                "destination",
                "state",
                "bytes",
                "kind",
            ]
        )

    monkeypatch.setattr(session, "plan", plan)
    press(panel, "same")
    panel.tabs.selected_index = EXPORT
    assert panel.export.out.value == str(session.corrections.out)
    panel.export.show_plan()
    assert panel.wait(SECONDS)
    ((out, made),) = seen
    assert out == session.corrections.out
    assert len(made) == 1
    assert panel.export.state == "planned"
    # An answer more, and the plan is that of yesterday.
    press(panel, "same")
    assert panel.wait(SECONDS)
    assert panel.export.state == "empty"


def test_while_photos_are_copied_answers_are_kept_and_nothing_else_is_opened(
    panel, session, monkeypatch
):
    go, begun = threading.Event(), threading.Event()
    plan = pd.DataFrame(
        [("ann", "a.jpg", "0", "ann", "ann/a.jpg", "new", 9, "photo")],
        columns=[
            "name",
            "source",
            "photo_digest",
            "folder",
            "destination",
            "state",
            "bytes",
            "kind",
        ],
    )
    monkeypatch.setattr(session, "plan", lambda out: plan)

    def export(out, **_):
        begun.set()
        go.wait(SECONDS)
        return []

    monkeypatch.setattr(session, "export", export)
    panel.export.show_plan()
    assert panel.export.wait(SECONDS)
    panel.export.export()
    assert begun.wait(SECONDS)
    panel.open_results()
    assert "are being copied" in panel.work.message.value
    panel.tabs.selected_index = INDIVIDUALS
    assert panel.individuals.layout.display == "none"
    assert "being copied" in panel.not_yet.value
    asked = panel.questions.asked
    press(panel, "different")
    assert len(kept(panel)) == 1
    assert panel.questions.asked is not asked
    go.set()
    assert panel.wait(SECONDS)
    assert panel.individuals.layout.display is None
    names = session.names
    assert names[asked.first] != names[asked.second]


# Words.


def test_names_and_files_are_only_text(tmp_path):
    session = session_of(tmp_path)
    session.rename(session.names[0], "<img src=x onerror=alert(1)>")
    panel = ReviewPanel(session=session)
    assert panel.wait(SECONDS)
    for _ in range(4):
        if panel.questions.asked is None:
            break
        press(panel, "different")
        said = panel.questions.message.value + panel.questions.status.value + panel.kept_in.value
        assert "<img" not in said
    assert panel.wait(SECONDS)


def test_the_two_faces_are_large_and_the_photos_can_be_seen_whole(panel):
    asked = panel.questions.asked
    panel.questions.sheet.open(card(panel).key)
    tokens = [strip.pictures[0].token for strip in card(panel).strips]
    assert tokens == [f"whole:{asked.first}", f"whole:{asked.second}"]
    panel.questions.sheet.open(card(panel).key)
    tokens = [p.token for strip in card(panel).strips for p in strip.pictures]
    maker = words.QuestionPictures(Thumbnails(panel.session.looked.album))
    jpegs = maker(tokens)
    assert len(jpegs) == len(tokens)
    assert all(jpeg.startswith(b"\xff\xd8") for jpeg in jpegs)
    assert maker([f"large:{asked.first}"])[0] == maker.thumbnails.crop(asked.first, 200)


def test_recent_albums_are_offered_and_opened(tmp_path, monkeypatch, panel):
    monkeypatch.setenv(recent.VARIABLE, str(tmp_path / "recent.json"))
    out = panel.session.corrections.out
    out.mkdir(exist_ok=True)
    (tmp_path / "gone").mkdir()
    for place in (tmp_path / "gone", out):
        recent.remember(Recent("autopilot", str(tmp_path / "photos"), str(place), said="6 photos"))
    (tmp_path / "gone").rmdir()
    other = ReviewPanel(take_up=lambda where: panel.session)
    assert other.folder.value == str(out)
    assert len(other.recent.options) == 2
    assert other.session is None
    other.recent.value = 0
    assert other.wait(SECONDS)
    assert other.session is panel.session
    assert ReviewPanel(tmp_path).folder.value == str(tmp_path)


def test_what_is_said_and_undo_go_along_with_the_question(panel):
    sheet = panel.questions.sheet
    assert not sheet.can_undo
    sheet.act(card(panel).key, card(panel).actions[0].key)
    assert panel.wait(SECONDS)
    assert sheet.can_undo
    assert len(kept(panel)) == 1
    sheet.undo()
    assert panel.wait(SECONDS)
    assert sheet.said == panel.questions.message.plain != ""
    assert kept(panel) == ()
    assert not sheet.can_undo


def test_what_two_have_in_common_is_shown_with_where_and_when(panel):
    asked, album = panel.questions.asked, panel.session.looked.album
    chip, places = np.full((40, 30, 3), 80, np.uint8), np.array([[5.0, 5.0]], np.float32)

    class Views:
        def of(self, first, second):
            pairs.append((first, second))
            return PairView((chip, chip), (places, places)) if len(pairs) == 1 else None

    pairs = []
    told = album.sightings.assign(station="S3", taken_at="2024-05-01T04:12:00")
    told.loc[asked.second, "station"] = np.nan
    album = replace(album, sightings=told)
    thumbnails = Thumbnails(album)
    shown = words.question_card(asked, "key", album, album.photo_of, thumbnails, common=True)
    *both, common = shown.strips
    assert both[0].label.endswith("; S3, 2024-05-01 04:12:00")
    assert both[1].label.endswith("; 2024-05-01 04:12:00")
    tokens = [strip.pictures[0].token for strip in shown.strips]
    made = words.QuestionPictures(thumbnails, Views())(tokens)
    drawn = [Image.open(io.BytesIO(jpeg)).size for jpeg in made]
    assert drawn[2] == (2 * 225 + 8, 300)
    assert drawn[:2] == [(200, 200)] * 2
    # Where it cannot be shown, the picture is grey.
    grey = words.QuestionPictures(thumbnails, Views())(tokens[2:])[0]
    assert len(Image.open(io.BytesIO(grey)).getcolors()) == 1
    assert pairs == [(asked.first, asked.second)] * 2
    assert common.label
    how: dict = {"common": True, "around": "5 marks in common; 31 around them"}
    shown = words.question_card(asked, "key", album, album.photo_of, thumbnails, **how)
    assert shown.strips[2].label == how["around"] != common.label
