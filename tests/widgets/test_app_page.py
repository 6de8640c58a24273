"""The page of the app: its tabs and its words."""

from toys import LAMPS, HueEncoder, LampSettings, Squares

from toolkit.records import Words
from toolkit.results import recent
from toolkit.subjects import registry
from toolkit.subjects.base import Subject
from toolkit.widgets.app_page import ThresholdTab, page, shown, tabs_for
from toolkit.widgets.autopilot import AutopilotPanel
from toolkit.widgets.box_editor import BoxEditor


def test_for_faces_the_page_says_what_it_always_said() -> None:
    whole = page()
    introduction, tabs = whole.children
    assert tabs.titles == ("Everybody", "People I know", "Review", "Threshold", "Photo size")
    assert introduction.value == (
        "<h1>Sightings</h1><p><b>Everybody</b> finds all people in a folder of photos. <b>People I "
        "know</b> finds those you have example photos of. <b>Review</b> asks about doubtful cases "
        "of a folder that <b>Everybody</b> exported. <b>Threshold</b> and <b>Photo size</b> are "
        "for tuning. Photos are only ever read, and nothing leaves this computer.</p>"
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
