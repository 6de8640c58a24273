"""Settings: what they take, how they are declared, written and checked."""

from dataclasses import dataclass

import pytest

from toolkit.errors import BadSetting
from toolkit.settings import (
    METHODS,
    RULES,
    AutopilotSettings,
    PointAndShootSettings,
)
from toolkit.subjects.settings import (
    ScanSettings,
    as_options,
    declared,
)


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (AutopilotSettings, "threshold", '"auto", or a distance above 0 and below 2, such as 0.55'),
        (AutopilotSettings, "long_edge", "a whole number of px from 100 to 20000"),
        (AutopilotSettings, "detector", "one of cnn, hog"),
        (AutopilotSettings, "upsample", "0, 1 or 2, or None"),
        (AutopilotSettings, "min_size", "a whole number of px, 0 or more, up to 1,000,000,000"),
        (AutopilotSettings, "min_score", "a number, 0 or more, up to 1,000,000,000"),
        (AutopilotSettings, "min_sharpness", "a number from 0 to 1"),
        (AutopilotSettings, "landmarks", "5 or 68"),
        (AutopilotSettings, "jitter", "a whole number from 0 to 100"),
        (AutopilotSettings, "jobs", "a whole number of threads from 0 (one a core) to 256"),
        (
            AutopilotSettings,
            "memory",
            "a number of GB above 0, up to 1,000,000,000, or 0 for what this computer can give",
        ),
        (AutopilotSettings, "one_per_photo", "True or False"),
        (AutopilotSettings, "link", "one of symbolic, hard, clone, or None"),
        (
            AutopilotSettings,
            "min_photos",
            "a whole number of photos, 1 or more, up to 1,000,000,000",
        ),
        (AutopilotSettings, "method", f"one of {', '.join(METHODS)}"),
        (PointAndShootSettings, "method", f"one of {', '.join(RULES)}"),
    ],
)
@pytest.mark.parametrize("value", ["odd", -1, float("nan"), [], {}])
def test_what_a_setting_cannot_be_is_said_in_one_sentence(kind, name, expected, value) -> None:
    with pytest.raises(BadSetting) as refused:
        kind(**{name: value})
    assert str(refused.value) == f"{name} is {value!r}; expected {expected}"


@pytest.mark.parametrize("kind", [AutopilotSettings, PointAndShootSettings])
def test_no_number_is_taken_that_a_record_cannot_hold(kind) -> None:
    for each in declared(kind):
        for value in (10**20, 10**400, -(10**400), 1e308, float("inf")):
            assert not each.takes.accepts(value), each.name


@pytest.mark.parametrize(
    "name", ["../Rest", "/tmp/x", "a/b", "a\\b", "/", "\\", ".", "..", " ", "x" * 101]
)
def test_a_folder_is_named_by_no_path(name) -> None:
    with pytest.raises(BadSetting, match=r"a folder's name of at most 100 letters, without / and"):
        AutopilotSettings(unsorted=name)
    for plain in ("", "Rest", "of 2024 (2)", "..Rest"):
        assert AutopilotSettings(unsorted=plain).unsorted == plain


@pytest.mark.parametrize(
    "values", [{"landmarks": 5.0}, {"jobs": True}, {"min_score": False}, {"upsample": False}]
)
def test_what_only_equals_a_value_is_none(values) -> None:
    with pytest.raises(BadSetting):
        AutopilotSettings(**values)


def test_a_field_that_says_nothing_of_itself_is_refused() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Bare(ScanSettings):
        odd: int = 0

    with pytest.raises(TypeError, match=r"Bare\.odd is no setting; declare it with setting"):
        Bare()


def test_values_are_written_as_options() -> None:
    values = {"threshold": 0.1 + 0.2, "one_per_photo": False, "link": "hard", "min_size": 3}
    expected = "--threshold 0.3 --same-photo --link hard --min-face 3"
    assert as_options(AutopilotSettings, values) == expected
    assert as_options(AutopilotSettings, {"one_per_photo": True, "upsample": None}) == ""


def test_settings_without_a_subject_make_none() -> None:
    with pytest.raises(BadSetting, match="does not say what to look for"):
        ScanSettings().make_subject()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"threshold": -1.0}, "threshold is -1.0"),
        ({"threshold": float("nan")}, "threshold is nan"),
        ({"long_edge": 10}, "long_edge is 10"),
        ({"upsample": 3}, "upsample is 3; expected 0, 1 or 2, or None"),
        ({"landmarks": 6}, "expected 5 or 68"),
        ({"detector": "yolo"}, "one of cnn, hog"),
        ({"engine": "tpu"}, "one of onnx, dlib"),
        ({"device": "tpu"}, "one of cpu, cuda"),
        ({"engine": "dlib", "device": "cuda"}, "only the engine onnx"),
        ({"min_sharpness": 2.0}, "min_sharpness is 2.0"),
        ({"jobs": -1}, "jobs is -1"),
        ({"min_size": -1}, "min_size is -1"),
        ({"min_score": -0.5}, "min_score is -0.5"),
        ({"jitter": 101}, "jitter is 101"),
        ({"method": "kmeans"}, "method is 'kmeans'"),
    ],
)
@pytest.mark.parametrize("kind", [AutopilotSettings, PointAndShootSettings])
def test_a_setting_out_of_range_says_what_it_was_and_what_it_can_be(kind, settings, complaint):
    with pytest.raises(BadSetting, match=complaint):
        kind(**settings)
