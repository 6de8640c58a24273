"""The panel of point-and-shoot, pressed without a browser: every state, and what it leaves."""

import functools
import threading
from pathlib import Path

import pytest
from known_folders import known_folders
from tiles import save_tiles

from toolkit import modes
from toolkit.curation import decisions
from toolkit.errors import BadFolder
from toolkit.results import recent, results_folder
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.subjects.face import FACE
from toolkit.widgets.folder_field import known_html
from toolkit.widgets.point_and_shoot import PointAndShootPanel, look_for
from toolkit.widgets.settings_form import SettingsForm


@pytest.fixture
def folders(tmp_path):
    return known_folders(tmp_path)


@pytest.fixture
def look(colours):
    return functools.partial(look_for, subject=colours)


@pytest.fixture
def panel(folders, look):
    made = PointAndShootPanel(*folders, look=look)
    yield made
    settle(made)


def settle(panel):
    assert panel.wait(30)
    assert panel.export.wait(30)
    for chooser in (panel.folder, panel.examples):
        chooser.settle()


def started(panel):
    panel.start()
    assert panel.wait(30)
    assert panel.work.message.value == ""
    return panel


def cards(panel):
    return [card for card in panel.matches.sheet.all_cards if not card.line]


def faces(panel):
    return [card for card in cards(panel) if card.actions]


def badges(panel):
    return [card.badge for card in faces(panel)]


def press(panel, card, action):
    panel.matches.sheet.act(card.key, action)
    panel.matches.wait(30)


def answers(out):
    return [(each.kind, each.name, Path(each.sighting.path).stem) for each in decisions.read(out)]


def test_at_first_it_says_what_to_do_and_whom_the_folder_holds(panel, folders):
    settle(panel)
    assert panel.state == "empty"
    assert "press Start" in panel.guidance.value
    assert "3 subfolders" in panel.examples.known.value
    assert "<b>dee</b>" in panel.examples.known.value
    assert panel.results.layout.display == panel.last.layout.display == "none"
    assert not folders[2].exists()


def test_start_shows_a_card_for_each_known_person(panel, folders):
    states = []
    panel.observe(lambda change: states.append(change["new"]), names="state")
    started(panel)
    assert states == ["running", "done"]
    ann, bob, dee = cards(panel)
    assert (ann.title, ann.note, ann.badge) == ("ann", "5 photos", "")
    assert [strip.label for strip in ann.strips] == ["example", "found"]
    assert ann.strips[0].pictures[0].token == "example:0"
    assert bob.note == "2 photos"
    assert (dee.title, dee.badge, dee.opens) == ("dee", "in no photo", "the nearest faces")
    assert "2 of 3 people found" in panel.summary.value
    assert not [path for path in folders[2].iterdir() if path.is_dir()]


def test_a_person_opens_in_order_with_the_line_and_there_is_a_way_back(panel):
    started(panel).matches.sheet.open("ann")
    shown = panel.matches.sheet.all_cards
    line = next(place for place, card in enumerate(shown) if card.line)
    assert shown[line].title == (
        f"threshold {panel.session.result.threshold:.3f}: "
        "nearer faces are accepted, those below are not"
    )
    assert shown[0].title == "Examples of ann"
    assert {card.badge for card in shown[1:line]} == {"accepted"}
    assert shown[line - 1].title == "a3.png"
    assert {card.badge for card in shown[line + 1 :]} == {"not accepted"}
    assert shown[1].note.startswith("0.000, next: ")
    assert shown[1].note.endswith(" further")
    assert "ann" in panel.matches.guidance.value
    panel.matches.sheet.open(shown[1].key)
    assert panel.matches.place == "photo"
    (photo,) = cards(panel)
    assert (photo.title, photo.badge) == ("ann", "accepted")
    assert photo.note == f"{shown[1].note} · {shown[1].title}"
    assert photo.strips[0].pictures[0].token.startswith("whole:")
    panel.matches.back()
    assert panel.matches.place == "individual"
    panel.matches.back()
    assert panel.matches.place == "individuals"


def test_the_line_moves_at_once_and_back_and_the_form_moves_with_it(panel, look):
    looks = []
    panel._look = lambda *folders, **more: looks.append(1) or look(*folders, **more)
    started(panel).matches.open("ann")
    automatic = panel.session.result.threshold
    panel.matches.move(0.1)
    panel.wait(30)
    assert panel.session.result.threshold == panel.form.threshold.value == 0.1
    assert badges(panel).count("not accepted · doubtful") + badges(panel).count("not accepted") == 2
    shown = panel.matches.sheet.all_cards
    line = next(place for place, card in enumerate(shown) if card.line)
    assert float(shown[line - 1].note.partition(",")[0]) <= 0.1
    assert 0.1 < float(shown[line + 1].note.partition(",")[0]) < 0.2
    panel.form.threshold.value = 0.2
    panel.wait(30)
    assert panel.matches.line.slider.value == 0.2
    panel.matches.to_automatic()
    panel.wait(30)
    assert panel.form.automatic.value
    assert panel.session.result.threshold == automatic
    assert panel.matches.line.slider.value == round(automatic, 3)
    # The browser says the place again, a rounding away: nothing moves.
    panel.matches.line.slider.value += 1e-7
    panel.wait(30)
    assert panel.session.settings.threshold == "auto"
    assert looks == [1]


def test_photos_that_could_not_be_used_are_counted_apart(folders, panel):
    (folders[0] / "broken.jpg").write_bytes(b"not a picture")
    said, _, more = started(panel).summary.value.partition("more about this result")
    for text in (said, more):
        assert "6 photos, " in text
        assert "7 photos" not in text
    assert "1 file that could not be used" in said


def test_the_form_says_what_its_method_is_of_here(panel):
    method = panel.form.fields["method"]
    assert method.description == "faces are compared by"
    method.value = next(rule for _, rule in method.options if rule != method.value)
    assert "faces are compared by" in panel.form.summary()
    autopilot = SettingsForm(AutopilotSettings())
    assert autopilot.fields["method"].description == "grouping"


def test_other_settings_wait_for_the_next_start(panel):
    started(panel)
    panel.form.fields["long_edge"].value = 900
    panel.wait(30)
    assert "next Start" in panel.later.value
    assert panel.session.settings.long_edge == 1200
    panel.form.fields["long_edge"].value = 1200
    panel.wait(30)
    assert panel.later.value == ""


def test_yes_no_and_leave_out_are_kept_at_once_and_undone(panel, folders):
    out = folders[2]
    started(panel).matches.open("ann")
    panel.matches.move(0.1)
    panel.wait(30)
    far = next(card for card in faces(panel) if card.title == "a3.png")
    press(panel, far, "accept")
    assert answers(out) == [("name", "ann", "a3")]
    assert "a3.png shows ann" in panel.matches.message.value
    said = next(card for card in faces(panel) if card.key == far.key)
    assert said.badge == "said by you"
    assert [action.key for action in said.actions] == ["refuse", "ignore"]
    near = faces(panel)[0]
    press(panel, near, "refuse")
    assert answers(out)[1:] == [("not", "ann", Path(near.title).stem)]
    assert faces(panel)[0].badge == "refused by you"
    before = len(faces(panel))
    first = next(card for card in faces(panel) if card.title in ("a1.png", "a2.png"))
    press(panel, first, "ignore")
    assert len(faces(panel)) == before - 1
    assert len(answers(out)) == 3
    # Rows have moved up; keys and pictures have not.
    moved = next(card for card in faces(panel) if card.key == far.key)
    assert (moved.title, moved.strips) == (far.title, far.strips)
    for left in (2, 1, 0):
        panel.matches.undo()
        panel.wait(30)
        assert "Taken back" in panel.matches.message.value
        assert len(answers(out)) == left
    assert "said by you" not in badges(panel)
    panel.matches.undo()
    panel.wait(30)
    assert "nothing to take back" in panel.matches.message.value


def test_one_answer_is_one_line_about_one_face(panel, folders):
    # Accepting one says nothing of the others, nor does refusing one that was accepted by hand.
    started(panel).matches.open("bob")
    press(panel, faces(panel)[0], "accept")
    press(panel, faces(panel)[0], "refuse")
    assert [kind for kind, *_ in answers(folders[2])] == ["not"]
    assert [badge for badge in badges(panel) if "by you" in badge] == ["refused by you"]


@pytest.mark.parametrize("name", [" ann", "ann ", "a\\nn", "ann\u3000", "\xa0ann"])
def test_answers_about_a_person_hold_however_the_folder_is_called(name, folders, look):
    (folders[1] / "ann").rename(folders[1] / name)
    panel = started(PointAndShootPanel(*folders, look=look))
    panel.matches.open(name)
    press(panel, faces(panel)[0], "refuse")
    press(panel, faces(panel)[1], "accept")
    assert {(kind, who) for kind, who, _ in answers(folders[2])} == {("not", name), ("name", name)}
    settle(panel)
    again = started(PointAndShootPanel(*folders, look=look))
    # Nobody else has come of another spelling.
    assert sorted(card.key for card in cards(again)) == sorted([name, "bob", "dee"])
    again.matches.open(name)
    assert badges(again).count("refused by you") == badges(again).count("said by you") == 1
    assert again.session.names == panel.session.names
    settle(again)


def test_a_face_that_is_not_accepted_can_be_refused(panel, folders):
    started(panel).matches.open("ann")
    panel.matches.move(0.1)
    panel.wait(30)
    far = next(card for card in faces(panel) if card.badge.startswith("not accepted"))
    press(panel, far, "refuse")
    assert answers(folders[2]) == [("not", "ann", Path(far.title).stem)]


def test_an_old_button_pressed_again_does_nothing(panel, folders):
    started(panel).matches.open("ann")
    first, second = faces(panel)[:2]
    press(panel, first, "ignore")
    press(panel, first, "ignore")
    press(panel, second, "accept")
    press(panel, second, "accept")
    assert [kind for kind, *_ in answers(folders[2])] == ["ignore", "name"]
    panel.matches.act(first.key, "accept")
    panel.wait(30)
    assert "not there any more" in panel.matches.message.value


def test_the_doubtful_stand_beside_an_example_and_go_when_answered(panel):
    started(panel)
    assert panel.matches.doubtful_button.disabled
    assert "No match is doubtful" in panel.matches.guidance.value
    panel.matches.move(0.15)
    panel.wait(30)
    doubtful = panel.matches._known["doubtful"].sum()
    assert doubtful
    assert not panel.matches.doubtful_button.disabled
    panel.matches.show_doubtful()
    assert len(faces(panel)) == doubtful
    first = faces(panel)[0]
    assert first.title == "ann"
    assert [strip.label for strip in first.strips] == ["example: ann", "found: is this ann?"]
    assert "a3.png" in first.note
    while faces(panel):
        press(panel, faces(panel)[0], "accept")
    assert "No match is doubtful any more" in panel.matches.guidance.value
    panel.matches.back()
    assert panel.matches.place == "individuals"


def test_the_example_beside_a_doubtful_face_is_the_one_it_was_compared_with(folders, look):
    photos, people, out = folders
    save_tiles(people / "ann" / "later.png", "ann", shade=60)
    panel = started(PointAndShootPanel(photos, people, out, look=look))
    panel.matches.move(0.1)
    panel.wait(30)
    panel.matches.show_doubtful()
    beside = {card.note.rpartition(" · ")[2]: card.strips[0].pictures[0] for card in faces(panel)}
    assert {picture.token for picture in beside.values()} == {"example:0", "example:1"}
    assert "later.png" in beside["a3.png"].label
    settle(panel)


def test_an_answer_in_the_photo_leads_back_to_the_matches(panel):
    started(panel).matches.open("ann")
    key = faces(panel)[2].key
    panel.matches.open(key)
    press(panel, cards(panel)[0], "refuse")
    assert panel.matches.place == "individual"
    assert next(card for card in faces(panel) if card.key == key).badge == "refused by you"


def test_what_is_exported_is_what_was_planned_and_the_next_start_holds_to_it(panel, folders):
    out = folders[2]
    started(panel).matches.open("ann")
    press(panel, next(card for card in faces(panel) if card.title == "a3.png"), "refuse")
    panel.export.show_plan()
    panel.export.wait(30)
    plan = panel.export.summary.folders.set_index("folder")["files"].to_dict()
    assert (plan["ann"], plan["bob"]) == (4, 2)
    panel.export.export()
    panel.export.wait(30)
    assert panel.export.state == "exported"
    assert {name: len(list((out / name).iterdir())) for name in plan} == plan
    assert not (out / "ann" / "a3.png").exists()
    started(panel).matches.open("ann")
    assert badges(panel).count("refused by you") == 1
    assert len(answers(out)) == 1


def test_a_plan_is_of_no_use_once_the_matches_have_changed(panel):
    started(panel).export.show_plan()
    panel.export.wait(30)
    assert panel.export.state == "planned"
    panel.matches.open("ann")
    press(panel, faces(panel)[0], "refuse")
    assert panel.export.state == "empty"


def test_without_a_folder_for_results_answers_go_on_to_the_next_look(folders, look):
    panel = PointAndShootPanel(*folders[:2], look=look)
    panel.export.out.value = ""
    started(panel)
    assert "forgotten" in panel.matches.guidance.value
    panel.matches.open("ann")
    press(panel, faces(panel)[0], "refuse")
    started(panel).matches.open("ann")
    assert badges(panel).count("refused by you") == 1
    settle(panel)


class Held:
    """A look that goes on until it is let go, or stopped."""

    def __init__(self, look, work):
        self.look, self.work = look, work
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, *folders, progress, stop, **more):
        def told(work, done, total, item):
            progress(work, done, total, item)
            if work == self.work:
                self.begun.set()
                while not self.go.wait(0.01) and not stop():
                    pass

        return self.look(*folders, progress=told, stop=stop, **more)


def test_cancelled_among_the_examples_nothing_is_kept_and_it_says_so(panel, look):
    panel._look = Held(look, "references")
    panel.start()
    assert panel._look.begun.wait(30)
    assert panel.state == "running"
    assert "example photos" in panel.work.text.value
    panel.cancel()
    panel.wait(30)
    assert panel.state == "cancelled"
    assert "nothing to keep" in panel.guidance.value
    assert panel.session is None
    panel._look = look
    assert started(panel).state == "done"


def test_cancelled_among_the_photos_what_is_done_is_kept(panel, look, folders):
    panel.form.fields["jobs"].value = 1
    panel._look = Held(look, "photos")
    panel.start()
    assert panel._look.begun.wait(30)
    panel.cancel()
    panel.wait(30)
    assert panel.state == "cancelled"
    assert "found so far" in panel.guidance.value
    assert not panel.session.looked.complete
    assert f"of {panel.session.looked.listed} photos so far" in panel.summary.value
    # A second look that is cancelled sooner takes nothing away.
    panel._look = look
    full = started(panel).session
    for work in ("references", "photos"):
        panel._look = Held(look, work)
        panel.start()
        assert panel._look.begun.wait(30)
        panel.cancel()
        panel.wait(30)
        assert panel.session is full
        assert "still there" in panel.work.message.value


def test_nothing_is_answered_while_photos_are_looked_at_and_start_is_pressed_once(panel, look):
    started(panel).matches.open("ann")
    first = faces(panel)[0]
    panel._look = Held(look, "photos")
    panel.start()
    assert panel._look.begun.wait(30)
    press(panel, first, "refuse")
    assert "being looked at" in panel.matches.message.value
    panel.start()
    assert "under way" in panel.later.value
    # A threshold that is set meanwhile counts when it is done.
    panel.form.automatic.value = False
    panel.form.threshold.value = 0.123
    panel._look.go.set()
    panel.wait(30)
    assert panel.state == "done"
    assert panel.session.settings.threshold == 0.123


def test_start_and_the_plan_wait_for_an_answer_that_is_being_worked_off(panel):
    started(panel).matches.open("ann")
    session, go = panel.session, threading.Event()
    do = session.do

    def slowly(gesture):
        assert go.wait(10)
        return do(gesture)

    session.do = slowly
    first, second = faces(panel)[:2]
    panel.matches.sheet.act(first.key, "refuse")
    panel.export.show_plan()
    # No time is too short for this: before the answer is there, nothing else begins.
    assert not panel.export.work.wait(0.1)
    go.set()
    panel.wait(30)
    assert panel.export.wait(30)
    # Not refused for the answer; and as that took a plan away, there is none, or a true one.
    assert panel.export.work.message.value == ""
    go.clear()
    panel.matches.sheet.act(second.key, "refuse")
    panel.start()
    assert not panel.work.wait(0.1)
    go.set()
    assert panel.wait(30)
    assert panel.session is not session
    assert len(panel.session.corrections.decisions) == 2


def test_what_the_user_can_mend_is_one_line_and_a_bug_has_its_traceback(folders, look):
    photos, people, out = folders
    for chosen, said in (
        ((photos, photos), "same folder"),
        ((photos, photos.parent / "gone"), "gone"),
        ((people, photos), "holds no folder with photos"),
        (("", people), "path is empty"),
    ):
        panel = PointAndShootPanel(*chosen, out, look=look)
        panel.start()
        panel.wait(30)
        assert panel.state == "failed"
        assert said in panel.work.message.value
        assert "Traceback" not in panel.work.message.value
        assert "That did not work" in panel.guidance.value
        settle(panel)

    def broken(*_, **__):
        raise ZeroDivisionError("on purpose")

    panel = PointAndShootPanel(*folders, look=broken)
    panel.start()
    panel.wait(30)
    assert panel.state == "failed"
    assert "A bug" in panel.work.message.value
    assert "ZeroDivisionError" in panel.work.message.value
    settle(panel)


def test_examples_of_no_use_are_listed_with_what_to_do(folders, look):
    photos, people, out = folders
    save_tiles(people / "bob" / "two.png", "bob", "ann")
    save_tiles(people / "dee" / "example.png")
    panel = started(PointAndShootPanel(photos, people, out, look=look))
    said = panel.problems.value
    assert "2 example photos cannot be used" in said
    assert "bob/two.png" in said
    assert "take the largest" in said
    assert "dee/example.png: no face found: use a photo" in said
    (dee,) = (card for card in cards(panel) if card.title == "dee")
    assert "no example photo can be used" in dee.note
    assert dee.badge == "could not be searched for"
    assert "dee could not be searched for" in panel.summary.value
    # The way out that it names.
    panel.form.fields["largest"].value = True
    started(panel)
    assert "1 example photo cannot be used" in panel.problems.value
    for name in ("ann", "bob"):
        for path in (people / name).iterdir():
            path.unlink()
    save_tiles(people / "ann" / "example.png")
    panel.start()
    panel.wait(30)
    assert panel.state == "failed"
    assert "can serve as a reference" in panel.work.message.value
    settle(panel)


def test_examples_that_may_be_wrong_are_shown_with_what_is_beside_them(folders, look):
    photos, people, out = folders
    name = "<img src=x>.png"
    for k in range(2):
        save_tiles(people / "ann" / f"{k}.png", "ann", shade=k)
    save_tiles(people / "ann" / name, "cem")
    (people / "Family").mkdir()
    for each in ("bob", "dee"):
        (people / each).rename(people / "Family" / each)
    panel = started(PointAndShootPanel(photos, people, out, look=look))
    said = panel.problems.value
    assert "Family is taken for a folder of people: bob, dee." in said
    assert "1 remark on the example photos:" in said
    assert "unlike the 3 other examples of ann: not used" in said
    assert "<img src=x" not in said
    assert said.count("data:image/jpeg;base64,") == 2
    assert "cannot be used" not in said
    # The pictures are made once, however often the panel shows itself.
    for path in (people / "ann").iterdir():
        path.unlink()
    panel.matches.open("ann")
    panel._show()
    assert panel.problems.value == said
    settle(panel)


def test_nobody_found_says_how_to_go_on_and_the_threshold_helps(folders, look):
    photos, people, out = folders
    settings = PointAndShootSettings(threshold=0.05)
    save_tiles(photos.parent / "few" / "a3.png", "ann", shade=40)
    panel = started(
        PointAndShootPanel(photos.parent / "few", people, out, settings=settings, look=look)
    )
    assert panel.state == "none found"
    assert "None of these people" in panel.guidance.value
    assert {card.badge for card in cards(panel)} == {"in no photo"}
    panel.matches.open("ann")
    panel.matches.move(0.5)
    panel.wait(30)
    assert panel.state == "done"
    settle(panel)
    save_tiles(photos.parent / "none" / "empty.png")
    panel = started(PointAndShootPanel(photos.parent / "none", people, look=look))
    assert panel.state == "none found"
    assert "No face was found" in panel.guidance.value
    assert "(--subject animal)" in panel.guidance.value
    assert panel.matches.layout.display == panel.last.layout.display == "none"
    settle(panel)


def test_what_is_said_and_undo_go_along_with_the_matches(panel):
    sheet = started(panel).matches.sheet
    assert (sheet.said, sheet.can_undo) == ("", False)
    panel.matches.open("ann")
    press(panel, faces(panel)[0], "refuse")
    assert "ann" in sheet.said
    assert sheet.can_undo
    sheet.undo()
    panel.matches.wait(30)
    assert sheet.said.startswith("Taken back")
    assert not sheet.can_undo


def test_results_are_kept_beside_the_photos_and_a_reloaded_page_goes_on(
    folders, look, tmp_path, monkeypatch
):
    monkeypatch.setenv(recent.VARIABLE, str(tmp_path / "recent.json"))
    photos, people, _ = folders
    settings = PointAndShootSettings(threshold=0.4)
    panel = started(PointAndShootPanel(photos, people, settings=settings, look=look))
    kept = photos.with_name(f"{photos.name} found")
    assert panel.export.out.value == str(kept)
    assert results_folder.load(kept).mode == "point-and-shoot"
    panel.matches.open("ann")
    press(panel, faces(panel)[0], "refuse")
    settle(panel)
    # Nothing is known to the new page.
    again = PointAndShootPanel(look=look)
    shown = again.folder.value, again.examples.value, again.export.out.value
    assert shown == (str(photos), str(people), str(kept))
    assert again.form.settings().threshold == 0.4
    started(again).matches.open("ann")
    assert badges(again).count("refused by you") == 1
    settle(again)
    # Or it is chosen from the list.
    other = PointAndShootPanel(tmp_path / "other", look=look)
    assert other.folder.value == str(tmp_path / "other")
    other.recent.value = 0
    assert other.folder.value == str(photos)
    assert other.examples.value == str(people)
    assert other.form.settings().threshold == 0.4
    assert "photos that were looked at are known" in other.later.value
    settle(other)


def test_a_result_of_the_other_mode_is_said_first(folders, look, colours):
    photos, people, out = folders
    settings = AutopilotSettings(threshold=0.3)
    modes.autopilot(photos, out, settings=settings, subject=colours)
    panel = PointAndShootPanel(photos, people, out, look=look)
    started(panel)
    assert panel.state == "empty"
    assert "holds a result of autopilot" in panel.another_about.value
    panel.anyway_button.click()
    settle(panel)
    assert panel.state == "done"


def test_names_of_folders_are_text_wherever_they_are_shown(folders, look):
    photos, people, out = folders
    name = '<img src=x onerror="window.hacked=1">'
    (people / "ann").rename(people / name)
    save_tiles(people / name / "none.png")
    panel = started(PointAndShootPanel(photos, people, out, look=look))
    settle(panel)
    panel.matches.open(name)
    press(panel, faces(panel)[0], "refuse")
    panel.matches.show_doubtful()
    for shown in (
        panel.examples.known,
        panel.examples.about,
        panel.guidance,
        panel.problems,
        panel.summary,
        panel.matches.guidance,
        panel.matches.message,
    ):
        assert "<img src=x" not in shown.value
    assert "&lt;img src=x" in panel.problems.value
    assert "&lt;img" in known_html((name,), FACE.words)


def test_photos_without_subfolders_are_no_people(folders, look):
    photos, _, out = folders
    panel = PointAndShootPanel(photos, photos / "gone", out, look=look)
    panel.examples.choose(str(photos))
    panel.examples.settle()
    assert "6 photos here, but no subfolder" in panel.examples.about.value
    assert panel.examples.known.value == ""
    assert known_html(tuple(f"p{k}" for k in range(25)), FACE.words).endswith("and 5 more</p>")
    settle(panel)


def test_the_sample_albums_button_fills_in_both_folders(tmp_path, sample_album, look):
    panel = PointAndShootPanel(look=look, sample_folder=sample_album)
    panel.folder.suggest("Use the sample album")
    panel.folder.settle()
    assert panel.folder.value == str(sample_album / "photos")
    assert panel.examples.value == str(sample_album / "people")
    settle(panel)


def test_a_folder_that_vanishes_is_said(panel, folders):
    def gone(*_, **__):
        raise BadFolder("photos: the folder is gone.")

    panel._look = gone
    panel.start()
    panel.wait(30)
    assert panel.state == "failed"
    assert "the folder is gone" in panel.work.message.value


def test_answers_that_cannot_be_read_are_said_before_the_long_look(panel, folders):
    folders[2].mkdir()
    (folders[2] / decisions.FILE).write_text("no,table\n1,2\n")
    looks = []
    panel._look = lambda *_, **__: looks.append(1)
    panel.start()
    panel.wait(30)
    assert panel.state == "failed"
    assert "lacks the columns" in panel.work.message.value
    assert looks == []


def test_a_photo_of_the_users_own_in_a_folder_is_one_more_example(folders, colours) -> None:
    photos, _, out = folders
    panel = PointAndShootPanel(*folders, subject=colours)
    save_tiles(photos / "eve.png", "eve")
    started(panel)
    panel.export.show_plan()
    panel.export.wait(30)
    panel.export.export()
    panel.export.wait(30)
    own = save_tiles(out / "bob" / "own.png", "eve", shade=8)
    started(panel)
    result = panel.session.result
    assert str(own) in set(result.album.photos["path"])
    named = dict(zip(result.album.sightings["path"], result.names, strict=True))
    assert (named[str(own)], named[str(photos / "eve.png")]) == ("bob", "bob")
    assert result.undecided == 0
    settle(panel)
