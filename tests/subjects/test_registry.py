"""Which subjects there are, and what is known of them before anything is looked at."""

import pytest
from toys import CARD, LAMP, CardSettings, LampSettings

from toolkit.errors import BadSetting
from toolkit.settings import settings_for
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


def test_a_key_follows_from_what_shapes_the_results_and_from_nothing_else(monkeypatch) -> None:
    monkeypatch.setitem(registry.SUBJECTS, LAMP.name, LampSettings)
    kind = settings_for("autopilot", LampSettings)

    def key(**values):
        return registry.subject_for(kind(**values)).key

    assert key() == key(threshold=0.3, jobs=2, memory=1.0, store=False, link="symbolic")
    seen = {key(), key(long_edge=500), key(min_size=5), key(min_sharpness=0.5)}
    assert len(seen) == 4
    cards = settings_for("autopilot", CardSettings)
    assert registry.subject_for(cards()).key not in seen
    before = key()
    monkeypatch.setattr(registry, "LOOKS", registry.LOOKS + 1)
    assert key() != before
    assert kind().make_subject().key == ""


def test_what_is_known_beside_the_pictures() -> None:
    assert registry.notes_of("face") == ()
    assert {"taken_at", "station", "flank"} < set(registry.notes_of("animal"))


def test_a_catalogue_is_of_what_is_listed_where_nothing_is_said(monkeypatch) -> None:
    assert registry.lists(registry.default_of_listings())
    monkeypatch.setattr(registry, "SUBJECTS", {"lamp": LampSettings})
    assert registry.default_of_listings() == registry.DEFAULT
