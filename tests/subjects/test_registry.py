"""Which subjects there are, and what is known of them before anything is looked at."""

import pytest
from toys import CARD, LAMP, CardSettings, LampSettings

from toolkit.errors import BadSetting
from toolkit.subjects import registry
from toolkit.subjects.face import FACE
from toolkit.subjects.face.settings import FaceSettings


def test_faces_are_what_is_looked_for_where_nothing_else_is_said() -> None:
    assert registry.settings_of() is FaceSettings
    assert registry.info() == FaceSettings.subject == FACE


def test_a_subject_is_found_by_its_name(monkeypatch) -> None:
    monkeypatch.setitem(registry.SUBJECTS, "lamp", LampSettings)
    assert registry.settings_of("lamp") is LampSettings
    assert registry.info("lamp") is LAMP


@pytest.mark.parametrize("name", ["lamp", "", "a\nb"])
def test_one_that_is_not_there_is_refused_in_one_line_with_those_that_are(name) -> None:
    with pytest.raises(BadSetting, match="expected one of face") as refused:
        registry.info(name)
    assert "\n" not in str(refused.value)


def test_words_are_those_of_the_subject_then_of_the_settings_then_of_faces() -> None:
    lamps = registry.subject_for(LampSettings())
    assert registry.words_for(lamps, CardSettings()) is LAMP.words
    assert registry.words_for(settings=CardSettings()) is CARD.words
    assert registry.words_for() is FACE.words


def test_a_subject_is_made_as_its_settings_say() -> None:
    cards = registry.subject_for(CardSettings())
    assert (cards.name, cards.info) == ("card", CARD)
