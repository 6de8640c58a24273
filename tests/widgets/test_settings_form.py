"""The controls of the form follow from the settings."""

from dataclasses import dataclass, replace
from typing import ClassVar

import ipywidgets
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BadSetting
from toolkit.records import SubjectInfo, Words
from toolkit.settings import METHODS, RULES, AutopilotSettings, PointAndShootSettings, settings_for
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.settings import Choice, Number, ScanSettings, Whole, declared_as, setting
from toolkit.widgets.settings_form import SettingsForm, choices_of

NEEDED = ["long_edge", "detector", "upsample", "min_size", "min_sharpness", "method"]
RARE = [
    "turned",
    "jitter",
    "exclude",
    "videos",
    "names_from_photos",
    "link",
    "write_sidecars",
    "jobs",
    "cluster",
]


@dataclass(frozen=True, kw_only=True)
class HueSettings(ScanSettings):
    subject: ClassVar[SubjectInfo] = SubjectInfo(
        "square", Words("square", "squares", "hue", "hues")
    )

    colour_space: str | None = setting(
        None,
        takes=Choice((None, "lab", "hsv"), {None: "what fits", "lab": "L*a*b*"}),
        changes="subject",
        explained="where {plural} are compared",
        label="{plural} are compared in",
    )
    least_hue: float = setting(
        0.1,
        takes=Number(0, 0.5, step=0.1),
        changes="subject",
        explained="leave out greyer {plural}",
        label="least hue of a {singular}",
        advanced=True,
    )
    rounds: int = setting(
        3, takes=Whole(1, 9), changes="subject", explained="how often", label="rounds"
    )
    hidden: int = setting(0, takes=Whole(), changes="scan", explained="for the command line only")


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (AutopilotSettings, [*NEEDED, "one_per_photo", "min_photos", *RARE]),
        (PointAndShootSettings, [*NEEDED, "largest", "one_per_photo", "min_photos", *RARE]),
    ],
)
def test_what_more_people_need_stands_first(kind, names) -> None:
    assert list(SettingsForm(kind()).fields) == names


def test_a_new_setting_is_declared_once_and_has_its_control() -> None:
    kind = settings_for("autopilot", HueSettings)
    form = SettingsForm(kind(least_hue=0.2))
    space, hue, rounds = (form.fields[n] for n in ("colour_space", "least_hue", "rounds"))
    assert space.description == "squares are compared in"
    assert space.options == (("what fits", "what fits"), ("L*a*b*", "lab"), ("hsv", "hsv"))
    assert isinstance(hue, ipywidgets.BoundedFloatText)
    assert (hue.value, hue.min, hue.max, hue.step) == (0.2, 0.0, 0.5, 0.1)
    assert isinstance(rounds, ipywidgets.BoundedIntText)
    assert (rounds.value, rounds.min, rounds.max) == (3, 1, 9)
    assert "hidden" not in form.fields
    assert list(form.fields).index("least_hue") > list(form.fields).index("method")

    space.value, hue.value = "lab", 0.3
    assert form.settings() == kind(colour_space="lab", least_hue=0.3)
    assert form.summary() == "squares are compared in: L*a*b*; least hue of a square: 0.3"
    assert form.fields["min_size"].description == "smallest square (px)"
    form.reset()
    assert form.settings() == kind()


def test_files_are_typed_and_what_is_known_is_offered() -> None:
    kind = settings_for("autopilot", AnimalSettings)
    form = SettingsForm(kind())
    detector, boxes = form.fields["detector"], form.fields["boxes"]
    assert isinstance(detector, ipywidgets.Combobox)
    assert detector.options == ("mask", "whole")
    assert isinstance(boxes, ipywidgets.Text)
    detector.value, boxes.value = "my/model.onnx", "results.json"
    assert form.settings() == kind(detector="my/model.onnx", boxes="results.json")
    assert "boxes (MegaDetector JSON): results.json" in form.summary()
    detector.value = "cnn"
    with pytest.raises(BadSetting, match="mask"):
        form.settings()
    form.reset()
    assert form.settings() == kind()


def test_a_text_is_typed() -> None:
    form = SettingsForm(settings_for("autopilot", AnimalSettings)(stations="a b.csv"))
    control = form.fields["stations"]
    assert (type(control), control.value) == (ipywidgets.Combobox, "a b.csv")
    control.value = "c.csv"
    assert form.settings().stations == "c.csv"


def test_what_has_no_control_stays_as_it_was() -> None:
    form = SettingsForm(AutopilotSettings(min_score=0.5, landmarks=68, memory=2.0))
    form.fields["link"].value = "symbolic"
    assert form.settings() == AutopilotSettings(
        min_score=0.5, landmarks=68, memory=2.0, link="symbolic"
    )


def test_only_a_choice_has_choices() -> None:
    assert choices_of(declared_as(AutopilotSettings, "upsample"))[0] == (
        "where it helps",
        "where it helps",
    )
    with pytest.raises(TypeError, match="jobs takes a whole number of threads"):
        choices_of(declared_as(AutopilotSettings, "jobs"))


SHARED = {
    "threshold": st.just("auto") | st.floats(0, 2, exclude_min=True, exclude_max=True),
    "long_edge": st.integers(100, 20_000),
    "detector": st.sampled_from(["cnn", "hog"]),
    "upsample": st.sampled_from([None, 0, 1, 2]),
    "min_size": st.integers(0, 100_000),
    "min_sharpness": st.floats(0, 1),
    "min_score": st.floats(0, 9),
    "landmarks": st.sampled_from([5, 68]),
    "plain": st.booleans(),
    "jitter": st.integers(0, 100),
    "one_per_photo": st.booleans(),
    "link": st.sampled_from([None, "symbolic", "hard", "clone"]),
    "jobs": st.integers(0, 256),
}


@given(
    st.builds(AutopilotSettings, method=st.sampled_from(METHODS), **SHARED)
    | st.builds(
        PointAndShootSettings,
        method=st.sampled_from(RULES),
        largest=st.booleans(),
        **SHARED,
    )
)
def test_a_form_gives_back_what_it_was_given(settings):
    form = SettingsForm(settings)
    assert form.settings() == settings
    # Every list shows something as chosen.
    assert all(each.label for each in form.fields.values() if isinstance(each, ipywidgets.Dropdown))
    form.reset()
    fresh = type(settings)()
    kept = {name: getattr(settings, name) for name in ("min_score", "landmarks", "plain")}
    assert form.settings() == replace(fresh, **kept)
    assert form.summary() == "as recommended"


def test_moves_of_a_form_are_said():
    form = SettingsForm(AutopilotSettings())
    before = form.changed
    assert form.threshold.disabled
    form.automatic.value = False
    assert not form.threshold.disabled
    form.threshold.value = 0.1 + 0.2
    form.fields["upsample"].value = 1
    form.fields["one_per_photo"].value = False
    assert form.changed == before + 4
    assert form.settings() == AutopilotSettings(threshold=0.3, upsample=1, one_per_photo=False)
    assert form.summary() == (
        "threshold: 0.300; enlarge before the search: twice; one photo shows a person once: no"
    )
    assert form.box.title == f"Settings: {form.summary()}"


def test_the_browser_tells_of_the_threshold_only_what_the_user_moves():
    # Otherwise it would also tell of it rounded to the step, when a result is taken up.
    assert not SettingsForm(PointAndShootSettings()).threshold.continuous_update


@pytest.mark.parametrize("kind", [AutopilotSettings, PointAndShootSettings])
def test_what_stands_beside_a_tick_fits(kind) -> None:
    # 42 em wide, of which 16 are empty before the tick.
    ticks = [f for f in SettingsForm(kind()).fields.values() if isinstance(f, ipywidgets.Checkbox)]
    assert ticks
    assert max(len(tick.description) for tick in ticks) <= 44


def test_files_beside_the_photos_are_offered_and_the_usual_one_is_taken(tmp_path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("stations.csv", "other.csv", "md.json"):
        (tmp_path / name).write_text("x")
    form = SettingsForm(settings_for("autopilot", AnimalSettings)())
    assert form.seeks_files
    form.look_beside(str(photos))
    stations = form.fields["stations"]
    assert stations.options == (str(tmp_path / "stations.csv"), str(tmp_path / "other.csv"))
    assert form.settings().stations == str(tmp_path / "stations.csv")
    assert form.fields["boxes"].options == (str(tmp_path / "md.json"),)
    assert form.settings().boxes == ""
    # Of other photos, it is not theirs.
    form.look_beside(str(tmp_path / "more" / "photos"))
    assert form.settings().stations == ""
    stations.value = str(tmp_path / "other.csv")
    form.look_beside(str(photos))
    assert form.settings().stations == str(tmp_path / "other.csv")
    assert not SettingsForm(AutopilotSettings()).seeks_files
