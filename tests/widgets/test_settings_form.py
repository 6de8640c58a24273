"""A form of settings gives back what it was given, and says what was moved."""

from dataclasses import replace

import ipywidgets
from hypothesis import given
from hypothesis import strategies as st

from toolkit.settings import METHODS, RULES, AutopilotSettings, PointAndShootSettings
from toolkit.widgets.settings_form import SettingsForm

SHARED = {
    "threshold": st.just("auto") | st.floats(0, 2, exclude_min=True, exclude_max=True),
    "long_edge": st.integers(100, 20_000),
    "detector": st.sampled_from(["cnn", "hog"]),
    "upsample": st.sampled_from([None, 0, 1, 2]),
    "min_face": st.integers(0, 100_000),
    "min_sharpness": st.floats(0, 1),
    "min_score": st.floats(0, 9),
    "landmarks": st.sampled_from([5, 68]),
    "plain": st.booleans(),
    "jitter": st.integers(0, 100),
    "one_per_photo": st.booleans(),
    "link": st.booleans(),
    "jobs": st.integers(0, 256),
}


@given(
    st.builds(AutopilotSettings, method=st.sampled_from(METHODS), **SHARED)
    | st.builds(
        PointAndShootSettings,
        method=st.sampled_from(RULES),
        largest_face=st.booleans(),
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
