"""The page of the app: its tabs and its words."""

from toys import LAMPS, HueEncoder, LampSettings, Squares

from toolkit.records import Words
from toolkit.results import recent
from toolkit.subjects import registry
from toolkit.subjects.base import Subject
from toolkit.widgets.app_page import Page, ThresholdTab, page, shown, tabs_for
from toolkit.widgets.autopilot import AutopilotPanel
from toolkit.widgets.box_editor import BoxEditor


def test_for_faces_the_page_says_what_it_always_said() -> None:
    whole = page()
    introduction, tabs = whole.children
    everything = ("Everybody", "People I know", "Review", "Tags", "Threshold", "Photo size")
    assert tabs.titles == (*everything, "Missed")
    assert introduction.value == (
        "<p><b>Everybody</b> finds all people in a folder of photos. <b>People I "
        "know</b> finds those you have example photos of. <b>Review</b> asks about doubtful cases "
        "of a folder that <b>Everybody</b> exported. <b>Tags</b> finds photos in the wrong folder, "
        "where there is one for each person. <b>Threshold</b> and <b>Photo size</b> are "
        "for tuning. <b>Missed</b> takes faces that were not found. "
        "Photos are only ever read, and nothing leaves this computer.</p>"
    )


def test_tabs_are_called_by_what_is_told_apart() -> None:
    words = Words("lamp", "lamps", "owner", "owners")
    assert tabs_for(words)[:2] == ("All owners", "Owners I know")
    assert tabs_for(words)[2:] == ("Review", "Threshold", "Photo size")


def test_boxes_can_be_drawn_where_the_subject_has_them(monkeypatch) -> None:
    subject = Subject("lamp", Squares(), HueEncoder(), LAMPS.info.words)
    monkeypatch.setitem(registry.SUBJECTS, "lamp", LampSettings)
    assert "Boxes" not in page(subject=subject).children[1].titles
    monkeypatch.setattr(LampSettings, "draws", True)
    tabs = page(subject=subject).children[1]
    assert tabs.titles[-1] == "Boxes"
    assert isinstance(tabs.children[-1], BoxEditor)


def test_the_fields_hold_the_folders_and_examples_open_their_tab(album_folder, tmp_path) -> None:
    tabs = page(str(album_folder), str(tmp_path), str(tmp_path / "out")).children[1]
    everybody, known = tabs.children[:2]
    assert everybody.folder.value == known.folder.value == str(album_folder)
    assert tabs.selected_index == 1
    assert page(str(album_folder)).children[1].selected_index == 0
    for panel in tabs.children[:3]:
        panel.wait(30)


def test_a_kernel_has_one_page_whatever_is_reloaded() -> None:
    assert shown() is shown()


def test_the_page_offers_every_subject_and_each_stays_as_it_is(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv(recent.VARIABLE, "off")
    whole = Page()
    assert whole.subject.options == (
        ("faces", "face"),
        ("animals", "animal"),
        ("things", "thing"),
    )
    assert list(whole.pages) == ["face"]
    whole.subject.value = "animal"
    animals = whole.children[-1]
    titles = animals.children[1].titles
    assert titles[:2] == ("All individuals", "Individuals I know")
    assert {"Capture history", "Boxes"} < set(titles)
    # It has its own ways to search, at which no sizes are tried.
    assert "Photo size" not in titles
    autopilot = animals.children[1].children[0]
    assert autopilot.form.kind.subject.name == "animal"
    assert "stations" in autopilot.form.fields
    whole.subject.value = "face"
    assert "Capture history" not in whole.children[-1].children[1].titles
    whole.subject.value = "animal"
    assert whole.children[-1] is animals


def test_the_page_begins_with_the_subject_of_the_last_album(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv(recent.VARIABLE, str(tmp_path / "recent.json"))
    for name, subject in (("a", "animal"), ("b", "face"), ("c", "animal"), ("d", "")):
        (tmp_path / name).mkdir()
        place = str(tmp_path / name)
        recent.remember(recent.Recent("autopilot", place, place, subject=subject))
    faces, animals = Page(), Page(subject="animal")
    assert faces.subject.value == "face"
    listed = faces.pages["face"].children[1].children[0].recent.albums
    assert [each.out for each in listed] == [str(tmp_path / "d"), str(tmp_path / "b")]
    listed = animals.pages["animal"].children[1].children[0].recent.albums
    assert [each.out for each in listed] == [str(tmp_path / "c"), str(tmp_path / "a")]
    (tmp_path / "d").rmdir()
    (tmp_path / "b").rmdir()
    assert Page().subject.value == "animal"
    # Whoever names photos has not said that they show animals.
    assert Page(str(tmp_path)).subject.value == "face"


def test_other_tabs_follow_what_was_sorted_until_somebody_types(album_folder, colours) -> None:
    tabs = page(str(album_folder), subject=colours).children[1]
    everybody, _, review = tabs.children[:3]
    everybody.start()
    assert everybody.wait(60)
    assert review.folder.value == f"{album_folder} sorted"
    review.folder.path.value = "mine"
    everybody.start()
    assert everybody.wait(60)
    assert review.folder.value == "mine"
    review.wait(30)


def test_a_page_of_another_kernel_shows_the_last_album_again(
    album_folder, colours, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv(recent.VARIABLE, str(tmp_path / "recent.json"))
    first = page(str(album_folder), subject=colours).children[1].children[0]
    first.start()
    assert first.wait(60)
    first.individuals.rename("person_001", "Ann")
    assert first.wait(30)
    tabs = page(subject=colours).children[1]
    everybody, _, review = tabs.children[:3]
    assert everybody.wait(60)
    assert "Ann" in everybody.session.names
    assert everybody.folder.value == str(album_folder)
    assert review.folder.value == f"{album_folder} sorted"
    for panel in tabs.children[:3]:
        panel.wait(30)


def test_a_threshold_tried_on_what_was_found_is_taken_by_autopilot(album_folder, colours) -> None:
    autopilot = AutopilotPanel(str(album_folder), "", subject=colours)
    tab = ThresholdTab(autopilot)
    assert tab.begin_button.disabled
    assert "First find people in the tab Everybody" in tab.told.value
    tab.begin()
    assert tab.panel is None
    autopilot.start()
    assert autopilot.wait(30)
    assert not tab.begin_button.disabled
    tab.begin()
    assert tab.panel in tab.children
    tab._chosen(0.25)
    assert autopilot.form.settings().threshold == 0.25
    assert "Everybody now uses 0.25" in tab.told.value
    assert autopilot.wait(30)
    assert autopilot.session.settings.threshold == 0.25
