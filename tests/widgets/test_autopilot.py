"""The panel of autopilot, pressed without a browser: every state, and the ways between them."""

import threading
import time
from dataclasses import replace
from functools import partial

import pytest
from tiles import save_tiles

from toolkit import memory, modes
from toolkit.curation import decisions
from toolkit.errors import BadFolder, BadSetting
from toolkit.photos.face_regions import sidecar
from toolkit.records import Box
from toolkit.results import exporting, recent, results_folder
from toolkit.results.results_folder import ResultsFolder
from toolkit.session import Session, taken_up
from toolkit.settings import AutopilotSettings
from toolkit.widgets.autopilot import AutopilotPanel

SETTINGS = AutopilotSettings(threshold=0.3, jobs=1)


@pytest.fixture
def look(colours):
    return partial(modes.look, subject=colours)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def make(album_folder, out, look):
    """Make panels, and leave none of their threads behind."""
    made = []

    def panel(photos=album_folder, results=out, **about):
        made.append(
            AutopilotPanel(photos, results, **{"settings": SETTINGS, "look": look, **about})
        )
        return made[-1]

    yield panel
    for each in made:
        each.cancel()
        assert each.wait(30)
        assert each.export.wait(30)
        each.folder.settle()
        each.individuals.sheet.close()


def shown(widget) -> bool:
    return widget.layout.display != "none"


def keys(panel) -> list[str]:
    return [card.key for card in panel.individuals.sheet.all_cards]


def started(panel):
    panel.start()
    assert panel.wait(30)
    return panel


class Slow:
    """Looks photo by photo, each when told to; or until it is stopped."""

    def __init__(self, look, photos: int = 2) -> None:
        self.look, self.photos = look, photos
        self.begun, self.go, self.calls = threading.Event(), threading.Event(), 0

    def __call__(self, folder, out, *, settings, progress, stop, tell):
        self.calls += 1

        def told(*args):
            progress(*args)
            if args[1] >= self.photos:
                self.begun.set()
                while not (self.go.is_set() or stop()):
                    time.sleep(0.01)

        return self.look(folder, out, settings=settings, progress=told, stop=stop, tell=tell)


def test_at_first_it_says_what_to_do_and_shows_what_is_there(make, out) -> None:
    panel = make()
    panel.folder.settle()
    assert panel.state == "empty"
    assert "press Start" in panel.guidance.value
    assert "6 photos" in panel.folder.about.value
    assert panel.wait(10)
    assert not any(map(shown, (panel.results, panel.last, panel.earlier_box)))
    assert shown(panel.start_button)
    assert not out.exists()


def test_nothing_named_is_said(make) -> None:
    panel = started(make("", ""))
    assert panel.state == "failed"
    assert "empty" in panel.work.message.value
    assert not shown(panel.results)


def test_another_folder_takes_the_complaint_about_the_first_one_away(make, album_folder) -> None:
    panel = started(make("", ""))
    assert panel.work.message.value
    panel.folder.choose(str(album_folder))
    assert (panel.state, panel.work.message.value) == ("empty", "")
    assert "press Start" in panel.guidance.value


def test_from_start_to_export(make, out) -> None:
    seen = []
    panel = make()
    panel.observe(lambda change: seen.append(change["new"]), names="state")
    started(panel)
    assert seen == ["running", "done"]
    assert keys(panel) == ["person_001", "person_002", "person_003"]
    assert "6 photos, 8 faces, 3 people, 1 photo in no folder" in panel.summary.value
    assert shown(panel.individuals)
    assert shown(panel.last)
    assert not [path for path in out.iterdir() if path.is_dir()]
    panel.individuals.rename("person_001", "Ann")
    assert panel.wait(10)
    assert panel.state == "done"
    assert decisions.read(out)[0].name == "Ann"
    panel.export.show_plan()
    assert panel.export.wait(10)
    assert panel.export.state == "planned"
    assert panel.export.summary.new == 8
    panel.export.export()
    assert panel.export.wait(30)
    assert panel.export.state == "exported"
    assert {path.name for path in out.iterdir() if path.is_dir()} == {
        "Ann",
        "person_002",
        "person_003",
    }
    assert panel.wait(10)
    assert shown(panel.earlier_box)


def test_photos_that_could_not_be_used_are_counted_apart_everywhere(make, album_folder) -> None:
    (album_folder / "broken.jpg").write_bytes(b"not a picture")
    panel = started(make())
    said, _, more = panel.summary.value.partition("more about this result")
    for text in (said, more):
        assert "6 photos, 8 faces" in text
        assert "7 photos" not in text
    assert "1 file that could not be used" in said


def test_a_correction_takes_the_plan_away(make) -> None:
    panel = started(make())
    panel.export.show_plan()
    panel.export.wait(10)
    panel.individuals.rename("person_001", "Ann")
    panel.wait(10)
    assert panel.export.state == "empty"
    panel.export.export()
    assert panel.export.state == "empty"


def test_what_has_changed_since_the_plan_is_not_exported(make, out) -> None:
    panel = started(make())
    panel.export.show_plan()
    panel.export.wait(10)
    panel.session.rename("person_001", "Ann")
    panel.export.export()
    panel.export.wait(10)
    assert panel.export.state == "failed"
    assert "show it again" in panel.export.work.message.value
    assert not [path for path in out.iterdir() if path.is_dir()]


def test_what_was_done_in_the_folders_counts_from_the_next_start_on(make, out) -> None:
    panel = started(make())
    panel.export.show_plan()
    panel.export.wait()
    panel.export.export()
    panel.export.wait()
    (out / "person_002").rename(out / "Bob")
    own = save_tiles(out / "person_001" / "own.png", "ann", shade=4)
    started(panel)
    assert "person_002 is Bob" in panel.later.value
    assert "own.png" in panel.later.value
    assert {"person_001", "Bob", "person_003"} == set(keys(panel))
    assert str(own) in set(panel.session.album.photos["path"])
    panel.export.show_plan()
    panel.export.wait()
    assert panel.export.summary.new == 0
    panel.export.export()
    panel.export.wait()
    # Another look has it, too, and says nothing more of it.
    started(panel)
    assert panel.later.value == ""
    assert str(own) in set(panel.session.album.photos["path"])
    assert not panel.session.result.undecided


def test_a_folder_of_results_given_with_photos_is_for_those_alone(make, out, tmp_path) -> None:
    panel = make()
    photos = panel.folder.value
    assert panel.export.out.value == str(out)
    panel.folder.choose(str(tmp_path / "other"))
    assert panel.export.out.value == str(tmp_path / "other sorted")
    panel.folder.choose(f"{photos}/")
    assert panel.export.out.value == str(out)
    panel.export.out.value = str(tmp_path / "mine")
    panel.folder.choose(str(tmp_path / "other"))
    assert panel.export.out.value == str(tmp_path / "mine")


def test_photos_put_there_since_are_counted_after_the_look(make, album_folder) -> None:
    panel = started(make())
    panel.folder.settle()
    assert "6 photos" in panel.folder.about.value
    save_tiles(album_folder / "more.png", "dee")
    started(panel)
    panel.folder.settle()
    assert "7 photos" in panel.folder.about.value


def test_progress_moves_and_start_pressed_twice_looks_once(make, look) -> None:
    slow = Slow(look)
    panel = make(look=slow)
    panel.start()
    assert slow.begun.wait(10)
    assert panel.state == "running"
    assert panel.start_button.disabled
    assert shown(panel.work.running)
    panel.start()
    panel.open_earlier()
    slow.go.set()
    assert panel.wait(30)
    assert (panel.state, slow.calls) == ("done", 1)
    assert not panel.start_button.disabled


def test_cancelled_it_keeps_what_was_seen_and_says_how_much_was_not(make, look) -> None:
    slow = Slow(look)
    panel = make(look=slow)
    panel.start()
    assert slow.begun.wait(10)
    panel.cancel()
    panel.cancel()
    assert panel.wait(10)
    assert panel.state == "cancelled"
    seen = 6 - panel.session.looked.not_seen
    assert 2 <= seen < 6
    assert f"{seen} of 6 photos" in panel.summary.value
    assert f"{6 - seen} photos were not looked at" in panel.summary.value
    assert shown(panel.individuals)
    slow.go.set()
    started(panel)
    assert panel.state == "done"
    assert "6 photos, 8 faces" in panel.summary.value


def test_cancelled_before_the_first_photo_it_says_so(make, look) -> None:
    held = threading.Event()

    def begin(*args, stop, **about):
        held.wait(10)
        return look(*args, stop=stop, **about)

    panel = make(look=begin)
    panel.start()
    panel.cancel()
    held.set()
    assert panel.wait(10)
    assert panel.state == "cancelled"
    assert "0 of 6 photos" in panel.summary.value
    assert not shown(panel.individuals)


def test_a_second_look_that_is_cancelled_does_not_take_the_people_of_the_first(make, look) -> None:
    slow = Slow(look)
    slow.go.set()
    panel = started(make(look=slow))
    panel.individuals.open("person_002")
    first = panel.session
    slow.go.clear()
    slow.begun.clear()
    panel.start()
    assert slow.begun.wait(10)
    panel.cancel()
    assert panel.wait(10)
    assert panel.state == "cancelled"
    assert panel.session is first
    assert panel.individuals.place == "individual"
    assert "still there" in panel.later.value


def test_a_folder_that_is_missing_is_said_and_can_be_mended(make, album_folder, tmp_path) -> None:
    panel = started(make(tmp_path / "none"))
    assert panel.state == "failed"
    assert "none" in panel.work.message.value
    assert "Traceback" not in panel.work.message.value
    panel.folder.choose(str(album_folder))
    started(panel)
    assert panel.state == "done"


def test_a_bug_shows_its_traceback_and_the_panel_lives_on(make, look) -> None:
    calls = []

    def broken(*args, **about):
        calls.append(args)
        if len(calls) == 1:
            raise ZeroDivisionError("on <purpose>")
        return look(*args, **about)

    panel = started(make(look=broken))
    assert panel.state == "failed"
    assert "Traceback" in panel.work.message.value
    assert "on &lt;purpose&gt;" in panel.work.message.value
    started(panel)
    assert panel.state == "done"
    assert panel.work.message.value == ""


def test_decisions_that_cannot_be_read_are_said_before_the_long_work(make, out) -> None:
    out.mkdir()
    (out / "decisions.csv").write_text("spoilt\n")
    calls = []
    panel = started(make(look=lambda *args, **about: calls.append(args)))
    assert panel.state == "failed"
    assert "it lacks the columns" in panel.work.message.value
    assert not calls
    assert (out / "decisions.csv").read_text() == "spoilt\n"


def test_nobody_found_says_what_to_do(make, tmp_path) -> None:
    save_tiles(tmp_path / "bare" / "1.png")
    panel = started(make(tmp_path / "bare"))
    assert panel.state == "none found"
    assert "(--subject animal)" in panel.guidance.value
    assert "settings" in panel.guidance.value
    assert "1 photo, 0 faces, 0 people" in panel.summary.value
    assert not any(map(shown, (panel.individuals, panel.last)))


def test_names_and_corrections_hold_in_the_next_run(make) -> None:
    panel = started(make())
    panel.individuals.rename("person_001", "Ann")
    panel.wait(10)
    panel.individuals.open("Ann")
    face = keys(panel)[-1]
    panel.individuals.act(face, "ignore")
    panel.wait(10)
    started(panel)
    assert keys(panel)[0] == "Ann"
    ids = panel.session.album.sightings["sighting_id"].to_list()
    assert panel.session.names[ids.index(face)] is None
    again = started(make())
    assert again.session.names == panel.session.names


def test_who_left_everything_out_can_still_take_it_back(make) -> None:
    panel = started(make())
    for row in range(len(panel.session.album)):
        panel.session.ignore(row)
    panel.individuals.refresh()
    panel._corrected()
    assert not panel.session.result.count
    assert "0 faces, 0 people" in panel.summary.value
    assert shown(panel.individuals)
    assert shown(panel.individuals.undo_button)
    panel.individuals.undo()
    panel.wait(10)
    assert panel.session.result.count == 1
    assert len(keys(panel)) == 1


def test_corrections_without_a_folder_come_along(make, out) -> None:
    panel = make()
    panel.export.out.value = ""
    started(panel)
    panel.individuals.rename("person_001", "Ann")
    panel.wait(10)
    assert "once you export" in panel.individuals.kept_in.value
    started(panel)
    assert keys(panel)[0] == "Ann"
    panel.export.out.value = str(out)
    started(panel)
    assert keys(panel)[0] == "Ann"
    assert decisions.read(out)[0].name == "Ann"


def test_corrections_of_one_folder_do_not_come_along_to_another(make, tmp_path) -> None:
    save_tiles(tmp_path / "more" / "1.png", "dee")
    carried = []

    def sort(*args, earlier, **about):
        carried.append(earlier)
        return Session(*args, earlier=earlier, **about)

    panel = started(make(results="", sort=sort))
    panel.individuals.rename("person_001", "Ann")
    panel.wait(10)
    first = panel.session.corrections
    panel.folder.choose(str(tmp_path / "more"))
    started(panel)
    assert panel.session.corrections.decisions == ()
    assert carried == [None, None]
    assert first.decisions


def test_a_cancelled_look_at_another_folder_shows_that_one(make, look, tmp_path) -> None:
    for number in range(3):
        save_tiles(tmp_path / "more" / f"{number}.png", "dee")
    slow = Slow(look, photos=1)
    slow.go.set()
    panel = started(make(look=slow))
    slow.go.clear()
    slow.begun.clear()
    panel.folder.choose(str(tmp_path / "more"))
    panel.start(anyway=True)
    assert slow.begun.wait(10)
    panel.cancel()
    assert panel.wait(10)
    assert panel.state == "cancelled"
    assert str(tmp_path / "more") in panel.summary.value
    assert "of 3 photos" in panel.summary.value
    assert panel.later.value == ""


def test_start_is_refused_while_a_correction_is_under_way(make) -> None:
    panel = started(make())
    go = threading.Event()
    assert panel.work.run(lambda *_: go.wait(10), quiet=True)
    panel.start()
    assert "other work is under way; press again when it is done" in panel.later.value
    assert panel.state == "done"
    go.set()
    assert panel.wait(10)
    assert panel.state == "done"
    started(panel)
    assert panel.later.value == ""


def test_the_threshold_regroups_at_once_and_the_rest_waits_for_start(make, look) -> None:
    slow = Slow(look)
    slow.go.set()
    panel = started(make(look=slow))
    panel.individuals.rename("person_002", "Bob")
    panel.wait(10)
    panel.form.threshold.max = 1.9
    panel.form.fields["one_per_photo"].value = False
    panel.form.threshold.value = 1.8
    assert panel.wait(10)
    assert len(set(panel.session.names)) < 3
    panel.form.threshold.value = 0.3
    panel.form.fields["one_per_photo"].value = True
    assert panel.wait(10)
    assert keys(panel) == ["person_001", "Bob", "person_003"]
    assert (slow.calls, panel.state, panel.later.value) == (1, "done", "")
    panel.form.fields["long_edge"].value = 800
    panel.form.threshold.value = 1.0
    assert panel.wait(10)
    assert "next Start" in panel.later.value
    assert panel.session.settings.threshold == 1.0
    assert panel.session.settings.long_edge == 1200
    started(panel)
    assert panel.session.settings.long_edge == 800
    assert panel.later.value == ""


def test_a_drag_of_the_slider_is_not_worked_off_place_by_place(make) -> None:
    panel = started(make())
    asked, first, go = [], threading.Event(), threading.Event()
    sort = panel.session.set

    def slowly(settings, **how):
        asked.append(settings.threshold)
        first.set()
        go.wait(10)
        sort(settings, **how)

    panel.session.set = slowly
    for place in range(20):
        panel.form.threshold.value = 0.5 + place / 100
        if place == 0:
            assert first.wait(10)
    go.set()
    assert panel.wait(10)
    assert asked == [0.5, 0.69]
    assert panel.session.settings.threshold == 0.69


def test_settings_changed_while_it_looks_are_taken_up_after_it(make, look) -> None:
    slow = Slow(look)
    panel = make(look=slow)
    panel.start()
    assert slow.begun.wait(10)
    panel.form.threshold.value = 0.25
    slow.go.set()
    assert panel.wait(30)
    assert panel.session.settings.threshold == 0.25


def test_a_grouping_that_cannot_be_is_said(make, monkeypatch) -> None:
    panel = started(make())

    def refused(*_: object, **__: object) -> None:
        raise BadSetting("too many faces for this method")

    monkeypatch.setattr(panel.session, "set", refused)
    panel.form.threshold.value = 0.7
    assert panel.wait(10)
    assert "too many faces" in panel.later.value
    assert panel.state == "done"


def test_another_folder_chosen_afterwards_is_told_apart_from_the_people_shown(
    make, tmp_path
) -> None:
    save_tiles(tmp_path / "more" / "1.png", "dee")
    panel = started(make())
    assert "Not of the folder" not in panel.summary.value
    panel.folder.choose(str(tmp_path / "more"))
    assert "Not of the folder that is chosen now" in panel.summary.value
    assert str(tmp_path / "more") in panel.summary.value
    assert len(keys(panel)) == 3
    panel.export.out.value = str(tmp_path / "more sorted")
    started(panel)
    assert "Not of the folder" not in panel.summary.value
    assert len(keys(panel)) == 1


def exported(panel) -> None:
    panel.export.show_plan()
    panel.export.wait(10)
    panel.export.export()
    panel.export.wait(30)
    assert panel.export.state == "exported", panel.export.work.message.value


def test_an_earlier_result_is_opened_without_another_look(make, out) -> None:
    panel = started(make())
    panel.individuals.rename("person_001", "Ann")
    panel.wait(10)
    exported(panel)
    other = make(look=None, settings=AutopilotSettings(threshold=0.9, detector="hog"))
    assert other.wait(10)
    assert shown(other.earlier_box)
    assert "the result of 20" in other.earlier_about.value
    other.open_earlier()
    assert other.wait(30)
    assert other.state == "done"
    assert keys(other) == ["Ann", "person_002", "person_003"]
    # The form shows what that run was made with, so that nothing is grouped otherwise.
    assert other.form.settings() == SETTINGS
    assert f"of the result in {out}" in other.summary.value
    assert "Not of the folder" not in other.summary.value
    other.form.threshold.value = 0.2
    assert other.wait(10)
    assert other.session.settings.threshold == 0.2


def test_photos_of_an_earlier_result_that_have_moved_are_asked_for_and_told(
    make, out, album_folder, tmp_path
) -> None:
    exported(started(make()))
    moved = album_folder.rename(tmp_path / "elsewhere")
    told = []

    def take_up(where, *, photos=None):
        told.append(photos)
        if photos is not None and photos != moved:
            raise BadFolder(f"{photos} holds none of the photos")
        return taken_up(where, photos=photos)

    panel = make(photos=moved, take_up=take_up)
    assert panel.wait(10)
    assert not shown(panel.moved)
    panel.open_earlier()
    assert panel.wait(30)
    assert panel.state == "failed"
    assert shown(panel.moved)
    assert "are not where they were" in panel.work.message.value
    panel.moved.folder.choose(str(tmp_path))
    panel.moved.button.click()
    assert panel.wait(30)
    assert panel.state == "failed"
    assert "holds none of the photos" in panel.work.message.value
    assert shown(panel.moved)
    panel.moved.folder.choose(str(moved))
    panel.moved.button.click()
    assert panel.wait(30)
    assert (panel.state, shown(panel.moved)) == ("done", False)
    assert told == [None, tmp_path, moved]
    panel.moved.folder.settle()


def test_an_earlier_result_that_is_damaged_is_said(make, out) -> None:
    exported(started(make()))
    (out / "sightings.csv").write_text("x\n")
    panel = make()
    panel.wait(10)
    panel.open_earlier()
    panel.wait(10)
    assert panel.state == "failed"
    assert "sightings.csv" in panel.work.message.value


def test_what_an_earlier_run_sorted_otherwise_goes(make, out) -> None:
    exported(started(make()))
    panel = started(make())
    panel.individuals.rename("person_001", "Ann")
    panel.wait(10)
    panel.export.show_plan()
    panel.export.wait(10)
    assert "take 5 away" in panel.export.go.description
    panel.export.export()
    panel.export.wait(30)
    assert panel.export.state == "exported"
    assert not (out / "person_001" / "a1.png").exists()
    assert len(list((out / "Ann").iterdir())) == 5


def test_a_panel_says_what_changed_since_the_run_before(make, album_folder) -> None:
    exported(started(make()))
    save_tiles(album_folder / "new.png", "bob", "dee")
    panel = started(make())
    exported(panel)
    assert "since the run before: 1 person new; 2 photos came" in panel.export.where.value


def test_everybody_in_few_photos_is_hidden_by_one_number_and_is_back_by_it(make, out) -> None:
    panel = started(make())
    for least, people in ((2, 2), (1, 3)):
        panel.form.fields["min_photos"].value = least
        panel.wait(10)
        exported(panel)
        assert len([path for path in out.iterdir() if path.is_dir()]) == people
        assert len(keys(panel)) == 3


def test_an_export_is_undone_by_its_button(make, out) -> None:
    panel = started(make())
    panel.individuals.rename("person_001", "Ann")
    panel.wait(10)
    exported(panel)
    panel.export.back.click()
    panel.export.wait(30)
    assert panel.export.state == "undone", panel.export.work.message.value
    assert [path.name for path in out.iterdir()] == ["decisions.csv"]
    exported(panel)
    assert len(list((out / "Ann").iterdir())) == 5


@pytest.fixture
def remembering(tmp_path, monkeypatch):
    """Keep the list of recent albums, in a file of this test's own."""
    monkeypatch.setenv(recent.VARIABLE, str(tmp_path / "recent.json"))


def test_results_go_beside_the_photos_unless_a_folder_is_named(
    make, album_folder, tmp_path
) -> None:
    panel = make(results="")
    assert panel.export.out.value == f"{album_folder} sorted"
    panel.folder.choose(str(tmp_path / "more"))
    assert panel.export.out.value == f"{tmp_path / 'more'} sorted"
    panel.export.out.value = str(tmp_path / "mine")
    panel.folder.choose(str(album_folder))
    assert panel.export.out.value == str(tmp_path / "mine")
    assert make(results=tmp_path / "named").export.out.value == str(tmp_path / "named")


def test_from_the_first_minute_results_are_kept_beside_the_photos_and_no_copy(
    make, album_folder
) -> None:
    panel = started(make(results=""))
    kept = album_folder.with_name("photos sorted")
    run = results_folder.load(kept)
    assert run.names == panel.session.names
    assert run.photos_folder == album_folder
    assert ResultsFolder(kept).files() == {}
    assert not [path for path in kept.iterdir() if path.is_dir()]
    panel.individuals.rename("person_001", "Ann")
    panel.wait(10)
    # Another page, another kernel: the album is there, with what was decided.
    again = taken_up(kept)
    assert "Ann" in again.names
    exported(panel)
    assert "finished" in (kept / "run.json").read_text()
    assert sorted(path.name for path in kept.iterdir() if path.is_dir())[0] == "Ann"


def test_tables_that_say_where_copies_are_wait_for_the_export(make, out, album_folder) -> None:
    exported(started(make()))
    before = (out / "run.json").read_bytes()
    save_tiles(album_folder / "more.png", "dee")
    panel = started(make())
    assert len(keys(panel)) == 4
    assert (out / "run.json").read_bytes() == before


def test_where_nothing_can_be_kept_beside_the_photos_it_is_said_and_the_look_goes_on(
    make, album_folder, monkeypatch
) -> None:
    def refused(*_: object) -> None:
        raise BadFolder("photos sorted cannot be written: Permission denied.")

    monkeypatch.setattr(exporting, "alone_in", refused)
    panel = started(make(results=""))
    assert panel.state == "done"
    assert "Nothing is kept until you export" in panel.later.value
    assert panel.session.corrections.out is None
    assert not album_folder.with_name("photos sorted").exists()
    # A folder that somebody named is another matter.
    named = started(make(results=album_folder.with_name("named")))
    assert named.state == "failed"
    assert "Permission denied" in named.work.message.value


def test_what_cannot_be_kept_after_the_look_takes_nothing_away(make, out, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise BadFolder(f"{out} cannot be written: No space left on device.")

    monkeypatch.setattr(exporting, "keep_result", full)
    panel = started(make())
    assert panel.state == "done"
    assert len(keys(panel)) == 3
    assert "No space left" in panel.later.value


def test_a_folder_that_holds_another_album_is_said_first(make, out, look, tmp_path) -> None:
    slow = Slow(look)
    slow.go.set()
    first = started(make(look=slow))
    save_tiles(tmp_path / "<i>more" / "1.png", "dee")
    first.folder.choose(str(tmp_path / "<i>more"))
    first.export.out.value = str(out)
    before = (out / "run.json").read_bytes()
    assert not shown(first.another)
    started(first)
    assert (slow.calls, first.state) == (1, "done")
    assert shown(first.another)
    assert f"{out} holds the album of {tmp_path / 'photos'}" in first.another_about.value
    assert "&lt;i&gt;more" in first.another_about.value
    assert (out / "run.json").read_bytes() == before
    # Another folder for the results, or the first photos again: nothing is asked.
    first.export.out.value = str(tmp_path / "elsewhere")
    assert not shown(first.another)
    first.export.out.value = str(out)
    started(first)
    assert shown(first.another)
    first.anyway_button.click()
    assert first.wait(30)
    assert (slow.calls, shown(first.another), len(keys(first))) == (2, False, 1)
    assert results_folder.load(out).photos_folder == tmp_path / "<i>more"


def test_an_earlier_result_restores_the_folder_of_its_photos(
    make, out, album_folder, tmp_path
) -> None:
    exported(started(make()))
    panel = make(photos=tmp_path / "somewhere", look=None)
    panel.open_earlier()
    assert panel.wait(30)
    assert panel.folder.value == str(album_folder)
    assert panel.export.out.value == str(out)
    assert "Not of the folder" not in panel.summary.value
    assert f"of the result in {out}" in panel.summary.value
    panel.folder.choose(str(tmp_path))
    assert "Not of the folder" in panel.summary.value


def test_a_page_that_is_reloaded_finds_the_album_its_names_and_decisions(
    make, album_folder, remembering
) -> None:
    panel = started(make(results=""))
    panel.individuals.rename("person_001", "Ann")
    panel.wait(10)
    panel.form.threshold.value = 0.31
    panel.wait(10)
    started(panel)
    # Nothing is known to the new page, and no photo is looked at.
    again = AutopilotPanel("", "", look=None)
    assert again.wait(30)
    assert again.state == "done"
    assert again.folder.value == str(album_folder)
    assert again.export.out.value == f"{album_folder} sorted"
    assert keys(again) == ["Ann", "person_002", "person_003"]
    assert again.form.settings().threshold == 0.31
    assert again.individuals.undo_button.layout.display is None
    again.folder.settle()
    again.individuals.sheet.close()


def test_settings_of_the_notebook_hold_in_an_album_that_is_found_again(
    make, out, remembering
) -> None:
    started(make())
    again = make(settings=AutopilotSettings(threshold=1.8, one_per_photo=False, jobs=1), look=None)
    assert again.wait(30)
    assert again.form.settings().threshold == 1.8
    assert again.session.settings.threshold == 1.8
    assert again.state == "done"


def test_other_folders_that_are_named_find_no_other_album(make, remembering, tmp_path) -> None:
    started(make())
    save_tiles(tmp_path / "more" / "1.png", "dee")
    other = make(tmp_path / "more", "")
    assert other.wait(10)
    assert (other.state, other.session) == ("empty", None)
    assert other.folder.value == str(tmp_path / "more")


def test_recent_albums_are_gone_on_with(make, album_folder, remembering, tmp_path, out) -> None:
    save_tiles(tmp_path / "more" / "1.png", "dee")
    started(make(results=""))
    panel = started(make(tmp_path / "more", ""))
    names = [text.split(" · ")[0] for text, _ in panel.recent.options[1:]]
    assert names == ["more", "photos"]
    assert "6 photos, 3 people" in panel.recent.options[2][0]
    panel.recent.value = 1
    assert panel.wait(30)
    assert panel.folder.value == str(album_folder)
    assert panel.export.out.value == f"{album_folder} sorted"
    assert keys(panel) == ["person_001", "person_002", "person_003"]


def test_while_it_looks_no_other_album_is_taken_up(make, look, remembering) -> None:
    started(make())
    slow = Slow(look)
    panel = make(look=slow)
    panel.wait(30)
    panel.start()
    assert slow.begun.wait(10)
    panel.go_on_with(recent.albums()[0])
    assert "other work is under way" in panel.later.value
    slow.go.set()
    assert panel.wait(30)


def test_one_at_a_time_looks_into_a_folder_and_it_is_said_who(make, look, out) -> None:
    slow = Slow(look)
    first, second = make(look=slow), make()
    first.start()
    assert slow.begun.wait(10)
    started(second)
    assert second.state == "failed"
    assert "is in use: autopilot in a panel, process" in second.work.message.value
    assert "Wait until it is done" in second.work.message.value
    slow.go.set()
    assert first.wait(30)
    started(second)
    assert second.state == "done"


def test_who_cancels_before_the_first_photo_leaves_no_folder(make, out, tmp_path) -> None:
    panel = started(make(tmp_path / "none"))
    assert panel.state == "failed"
    assert not out.exists()


def test_two_panels_lose_none_of_each_others_decisions(make, out) -> None:
    one, two = started(make()), started(make())
    one.individuals.rename("person_001", "Ann")
    two.individuals.rename("person_002", "Bob")
    assert one.wait(10)
    assert two.wait(10)
    one.individuals.rename("person_003", "Cem")
    one.wait(10)
    assert sorted(each.name for each in decisions.read(out)) == ["Ann", "Bob", "Cem"]
    assert set(one.session.names) == {"Ann", "Bob", "Cem"}
    # One takes back its own, not the other's; and an export keeps both.
    two.individuals.undo()
    two.wait(10)
    assert sorted(each.name for each in decisions.read(out)) == ["Ann", "Cem"]
    exported(two)
    assert sorted(each.name for each in decisions.read(out)) == ["Ann", "Cem"]
    assert {path.name for path in out.iterdir() if path.is_dir()} == {"Ann", "person_002", "Cem"}


def test_the_sample_album_is_made_by_its_button(make, tmp_path) -> None:
    panel = make("", sample_folder=tmp_path / "sample")
    panel.folder.suggest("Use the sample album")
    panel.folder.settle(60)
    assert panel.folder.value == str(tmp_path / "sample" / "photos")
    assert (tmp_path / "sample" / "truth.csv").is_file()


def test_a_sorting_of_its_own_is_used(make) -> None:
    made = []

    def sort(*args, **about):
        made.append(about)
        return Session(*args, **about)

    panel = started(make(sort=sort))
    assert panel.state == "done"
    assert made[0]["earlier"] is None


def test_no_folder_is_taken_for_a_tag(make, album_folder, tmp_path) -> None:
    bad = tmp_path / "<img src=x onerror=alert(1)>"
    album_folder.rename(bad)
    panel = started(make(bad, tmp_path / "<b>out"))
    panel.folder.choose(str(bad / "<i>"))
    panel.folder.settle()
    for part in (
        panel.summary,
        panel.individuals.kept_in,
        panel.individuals.guidance,
        panel.folder.about,
    ):
        assert "<img src=x" not in part.value
        assert "<b>out" not in part.value
        assert "<i>" not in part.value


def test_what_grouping_will_not_be_able_to_do_is_said_before_the_long_work(
    make, look, monkeypatch
) -> None:
    def tight(*args, **about):
        # Tables of six photos are small; here they do not fit all the same.
        monkeypatch.setattr(memory, "SMALL", 0)
        monkeypatch.setattr(memory, "available", lambda: 1000)
        return modes.look(*args, **about)

    seen = []

    def waits(*args, tell, **about):
        return tight(*args, tell=lambda text: (seen.append(text), tell(text)), **about)

    panel = make(look=partial(waits, subject=look.keywords["subject"]))
    panel.start()
    assert panel.wait(30)
    assert "with one sighting in each of 6 photos, needs about" in seen[0]


def test_names_in_the_photos_are_taken_over_and_written_beside_the_copies(
    make, album_folder, out
) -> None:
    text = sidecar([("Anna Lund", Box(0, 0, 64, 64))], width=64, height=64)
    (album_folder / "a1.png.xmp").write_text(text, encoding="utf-8")
    panel = make()
    panel.form.fields["names_from_photos"].value = True
    panel.form.fields["write_sidecars"].value = True
    started(panel)
    assert keys(panel) == ["Anna Lund", "person_002", "person_003"]
    assert "names from the photos: 1 face" in panel.summary.value
    panel.export.show_plan()
    assert panel.export.wait(10)
    panel.export.export()
    assert panel.export.wait(30)
    assert panel.export.state == "exported"
    # The user's own went along with its photo; the others are new.
    assert (out / "Anna Lund" / "a1.png.xmp").read_text(encoding="utf-8") == text
    assert (out / "Anna Lund" / "a2.png.xmp").is_file()
    # A step like any other.
    panel.individuals.undo()
    assert panel.wait(10)
    assert keys(panel) == ["person_001", "person_002", "person_003"]


def test_results_of_two_subjects_lie_beside_each_other(make, album_folder, out) -> None:
    started(make())
    animals = make(results="", settings=None, about="animal")
    assert animals.export.out.value == f"{album_folder} animals sorted"
    animals.export.out.value = str(out)
    animals.start()
    assert shown(animals.another)
    assert "a result about faces" in animals.another_about.value
    animals.open_earlier()
    assert animals.wait(30)
    assert animals.state == "failed"
    assert "choose faces at the top" in animals.work.message.plain


def test_what_is_unsure_of_all_matches_stands_above_them(make, look) -> None:
    def unsure(*given, **about):
        seen = look(*given, **about)
        encoder = replace(seen.album.encoder, caveat="uncalibrated: <look> first")
        return replace(seen, album=replace(seen.album, encoder=encoder))

    assert "Uncalibrated" not in started(make()).summary.value
    panel = started(make(look=unsure, results=""))
    assert "Uncalibrated: &lt;look&gt; first.</p>" in panel.summary.value
