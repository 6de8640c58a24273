"""What can be chosen about animals."""

import pytest

from toolkit.errors import BadSetting
from toolkit.subjects import registry, weights
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.settings import declared


def test_it_is_the_subject_of_its_name_and_knows_its_models() -> None:
    assert registry.settings_of("animal") is AnimalSettings
    assert all(weights.manifest()[name].group == "animals" for name in AnimalSettings.models)


def test_its_texts_speak_of_animals() -> None:
    texts = {each.name: each.explained for each in declared(AnimalSettings)}
    assert "animals" in texts["min_size"]
    assert not any("face" in text for text in texts.values())


def test_a_detector_that_is_not_known_is_refused() -> None:
    with pytest.raises(BadSetting, match="mask"):
        AnimalSettings(detector="cnn")
