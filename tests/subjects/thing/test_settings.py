"""What can be chosen about things."""

import numpy as np

from toolkit.records import Box
from toolkit.settings import settings_for
from toolkit.subjects import registry
from toolkit.subjects.settings import declared_as
from toolkit.subjects.thing.settings import ThingSettings


def test_a_photo_is_taken_whole_unless_something_else_is_chosen() -> None:
    assert ThingSettings().detector == "whole"
    (found,) = registry.subject_for(ThingSettings()).detector.detect(
        np.zeros((90, 120, 3), np.uint8)
    )
    assert found.box == Box(0, 0, 120, 90)
    assert registry.subject_for(ThingSettings(detector="mask")).detector.name == "mask"


def test_the_words_are_those_of_goods() -> None:
    kind = settings_for("point-and-shoot", ThingSettings)
    assert registry.settings_of("thing") is ThingSettings
    assert "things" in declared_as(kind, "detector").label
    assert "products" in declared_as(kind, "calibration").explained
    assert kind().unsorted == "unsorted"
