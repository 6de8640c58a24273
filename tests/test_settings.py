"""The settings of both modes: their parts, their checks, and records of them."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from tiles import ColourEncoder, TileDetector, save_tiles

from toolkit import modes, session
from toolkit.errors import BadSetting
from toolkit.grouping.assigners import GroupingAssigner, ReferenceAssigner
from toolkit.records import SubjectInfo, Words
from toolkit.settings import (
    AssignSettings,
    AutopilotSettings,
    ComparingSettings,
    ExportSettings,
    GroupingSettings,
    PointAndShootSettings,
    Settings,
    from_record,
    settings_for,
)
from toolkit.subjects import registry
from toolkit.subjects.base import Subject
from toolkit.subjects.face.settings import FaceSettings
from toolkit.subjects.settings import (
    Number,
    ScanSettings,
    declared,
    declared_as,
    setting,
)

MODES = [AutopilotSettings, PointAndShootSettings]
# What a new grouping takes up: the photos need not be looked at again.
REGROUPED = {"threshold", "method", "one_per_photo", "jobs", "memory", "store"} | {
    "cluster",
    *("link", "min_photos", "unsorted", "write_sidecars"),
}


@dataclass(frozen=True, kw_only=True)
class HueSettings(ScanSettings):
    subject: ClassVar[SubjectInfo] = SubjectInfo(
        "square", Words("square", "squares", "hue", "hues")
    )

    least_hue: float = setting(
        0.1, takes=Number(0, 1), changes="subject", explained="least hue", label="least hue"
    )


@pytest.mark.parametrize("kind", MODES)
def test_a_mode_has_all_parts_and_stays_flat(kind) -> None:
    made = kind(long_edge=800, detector="hog", link="symbolic", one_per_photo=False)
    for part in (FaceSettings, ScanSettings, ExportSettings, AssignSettings):
        assert isinstance(made, part)
    assert replace(made, min_size=3).as_dict() == {**made.as_dict(), "min_size": 3}
    assert set(made.as_dict()) == {each.name for each in declared(kind)} - kind.unrecorded


def test_limits_that_are_about_faces_are_those_of_faces() -> None:
    assert (FaceSettings().min_size, FaceSettings().min_sharpness) == (20, 0.08)
    assert (AutopilotSettings().min_size, AutopilotSettings().min_sharpness) == (20, 0.08)
    assert (ScanSettings().min_size, ScanSettings().min_sharpness) == (0, 0.0)


@pytest.mark.parametrize("kind", MODES)
def test_what_needs_a_new_look_at_the_photos_is_a_property_of_the_setting(kind) -> None:
    assert {each.name for each in declared(kind) if not each.needs_new_look} == REGROUPED


@pytest.mark.parametrize("kind", MODES)
def test_each_setting_takes_its_default(kind) -> None:
    for each in declared(kind):
        each.check(each.default)
        assert getattr(kind(), each.name) == each.default


# Another subject


def test_faces_have_the_settings_of_the_modes() -> None:
    assert settings_for("autopilot", FaceSettings) is AutopilotSettings
    assert settings_for("point-and-shoot", FaceSettings) is PointAndShootSettings


def test_another_subject_gets_settings_of_both_modes_from_its_own() -> None:
    autopilot = settings_for("autopilot", HueSettings)
    assert autopilot is settings_for("autopilot", HueSettings)
    made = autopilot(least_hue=0.2, long_edge=400, method="linked", threshold=0.5)
    assert isinstance(made, GroupingSettings)
    assert isinstance(made, HueSettings)
    assert not isinstance(made, FaceSettings)
    assert replace(made, least_hue=0.3).least_hue == 0.3
    with pytest.raises(BadSetting, match="least_hue is 2; expected a number from 0 to 1"):
        replace(made, least_hue=2)
    comparing = settings_for("point-and-shoot", HueSettings)
    assert issubclass(comparing, ComparingSettings)
    assert (autopilot.mode, comparing.mode) == ("autopilot", "point-and-shoot")


def test_settings_speak_of_their_subject() -> None:
    kind = settings_for("point-and-shoot", HueSettings)
    assert declared_as(kind, "min_size").option == "--min-square"
    assert declared_as(kind, "largest").option == "--largest-square"
    assert declared_as(kind, "one_per_photo").label == "one photo shows a hue once"
    assert "two squares are one hue" in declared_as(kind, "threshold").explained
    assert declared_as(Settings, "one_per_photo").label == "one photo shows an individual once"


def test_there_are_two_modes() -> None:
    with pytest.raises(BadSetting, match="expected one of autopilot, point-and-shoot"):
        settings_for("sort", HueSettings)


class TileSettings(HueSettings):
    def make_subject(self) -> Subject:
        return Subject("square", TileDetector(), ColourEncoder(), self.subject.words)


def test_another_subject_is_sorted_as_its_own_settings_say(
    album_folder, tmp_path, monkeypatch
) -> None:
    monkeypatch.setitem(registry.SUBJECTS, "square", TileSettings)
    settings = settings_for("autopilot", TileSettings)(least_hue=0.2, threshold=0.3)
    result = modes.autopilot(album_folder, tmp_path / "out", settings=settings)
    assert (len(result.album), len(set(result.names))) == (8, 3)
    # What is taken up again has its own settings too.
    up = session.taken_up(tmp_path / "out")
    assert up.settings == settings
    assert not up.needs_another_look(replace(settings, threshold=0.4))
    assert up.needs_another_look(replace(settings, least_hue=0.3))
    assert registry.info("square") == TileSettings.subject


def test_another_subject_is_compared_as_its_own_settings_say(album_folder, tmp_path) -> None:
    save_tiles(tmp_path / "known" / "Ann" / "ann.png", "ann")
    settings = settings_for("point-and-shoot", TileSettings)(threshold=0.3)
    references = modes.read_known(tmp_path / "known", settings=settings)
    looked = modes.look(album_folder, known=tmp_path / "known", settings=settings)
    sorted_album = session.Session(looked, ReferenceAssigner(references, settings))
    assert sorted_album.names.count("Ann") == 5
    with pytest.raises(BadSetting, match="settings of point-and-shoot"):
        GroupingAssigner(settings)


# Records


def test_a_record_gives_the_settings_back() -> None:
    made = PointAndShootSettings(min_size=3, largest=True, threshold=0.4)
    assert from_record(PointAndShootSettings, made.as_dict(), of="out") == made
    assert from_record(AutopilotSettings, {}, of="out") == AutopilotSettings()


def test_a_record_of_an_earlier_version_is_read_by_its_old_names() -> None:
    record = {"min_face": 11, "largest_face": True, "long_edge": 900}
    made = from_record(PointAndShootSettings, record, of="out")
    assert made == PointAndShootSettings(min_size=11, largest=True, long_edge=900)


@pytest.mark.parametrize(
    ("record", "unknown"),
    [
        ({"long_side": 1, "Edge": 2}, "Edge, long_side"),
        ({"min_face": 1, "min_size": 2}, "min_face"),
        # Autopilot never had it.
        ({"largest_face": True}, "largest_face"),
    ],
)
def test_what_a_record_has_and_nobody_knows_is_named(record, unknown) -> None:
    with pytest.raises(BadSetting) as refused:
        from_record(AutopilotSettings, record, of="/out")
    assert str(refused.value) == (
        f"/out was made with settings that are not known here: {unknown}. "
        "Run autopilot into it again"
    )


def test_a_record_with_values_that_cannot_be_says_where_it_is() -> None:
    with pytest.raises(BadSetting, match=r"/out holds settings that cannot be: jobs is \[\]"):
        from_record(AutopilotSettings, {"jobs": []}, of="/out")


@pytest.mark.parametrize(
    ("then", "now"), [(True, "symbolic"), (False, None), ("hard", "hard"), (None, None)]
)
def test_links_of_an_earlier_record(then, now) -> None:
    record = {**AutopilotSettings().as_dict(), "link": then}
    assert from_record(AutopilotSettings, record, of="OUT").link == now


def test_a_value_that_never_was_is_no_earlier_one() -> None:
    with pytest.raises(BadSetting, match="link is 1"):
        from_record(AutopilotSettings, {"link": 1}, of="OUT")


@pytest.mark.parametrize(("then", "now"), [("../Rest", ".._Rest"), ("/tmp/x", "_tmp_x"), ("", "")])
def test_a_path_for_a_folder_in_a_record_of_before_is_a_name(then, now) -> None:
    assert from_record(AutopilotSettings, {"unsorted": then}, of="out").unsorted == now
