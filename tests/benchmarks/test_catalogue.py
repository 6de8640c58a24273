"""How right a catalogue is matched: counts by hand, on lamps and cards that need no model."""

import pytest
from toys import CardSettings, LampSettings, card, lamp, save

from toolkit.benchmarks import catalogue
from toolkit.errors import BadFolder, BadSetting
from toolkit.settings import settings_for

LAMP = settings_for("autopilot", LampSettings)()


@pytest.fixture
def lamps(tmp_path):
    """Three lamps with four photos each, and one with a single photo, which is the unknown one."""
    for hue in ("red", "lime", "blue"):
        for k in range(4):
            save(tmp_path / "known" / hue / f"{k}.png", lamp(hue, 1 - 0.1 * k, k))
    save(tmp_path / "known" / "pink" / "0.png", lamp("pink", 1.0, 9))
    return tmp_path / "known"


def measured(folder, settings=LAMP, **how):
    return catalogue.measure(folder, settings, log=lambda line: None, **how)


def test_half_of_each_product_is_sought_in_the_other_half(lamps) -> None:
    ways = measured(lamps, draws=3)["catalogue"].set_index("way")
    assert list(ways.index) == ["match-catalogue", "within the threshold", "nearest", "none sure"]
    # Three draws of two photos of three products, and of the one that is alone.
    assert ways["known"].tolist() == [18] * 4
    assert ways["unknown"].tolist() == [3] * 4
    ours = ways.loc["match-catalogue"]
    assert (ours["sure"], ours["right"]) == (18, 100)
    assert (ours["known_sure"], ours["unknown_sure"]) == (100, 0)
    nearest = ways.loc["nearest"]
    assert nearest["right"] == pytest.approx(100 * 18 / 21)
    assert nearest["unknown_sure"] == 100
    assert ways.loc["none sure", "sure"] == 0


def test_the_catalogue_can_be_smaller(lamps) -> None:
    draws = measured(lamps, draws=2, most=1)["draws"]
    assert draws["photos"].tolist() == [3, 3]
    assert measured(lamps, draws=1, products=2)["draws"]["products"].tolist() == [2]


def test_each_seed_draws_the_same_again(lamps) -> None:
    first = measured(lamps, draws=2, seed=5)["draws"]
    assert first.equals(measured(lamps, draws=2, seed=5)["draws"])
    assert first["seed"].tolist() == [5, 6]


def test_a_number_that_cannot_be_is_refused(lamps) -> None:
    with pytest.raises(BadSetting, match="expected 1 or more"):
        measured(lamps, draws=0)
    with pytest.raises(BadSetting, match="expected 1 or more"):
        measured(lamps, most=0)


def test_one_photo_of_each_is_refused(tmp_path) -> None:
    for hue in ("red", "blue"):
        save(tmp_path / "known" / hue / "0.png", lamp(hue, 1.0, 1))
    with pytest.raises(BadFolder, match="one photo of each"):
        measured(tmp_path / "known")


def test_pairs_that_were_not_worth_comparing_are_far(tmp_path) -> None:
    for make in range(3):
        for k in range(4):
            save(tmp_path / "known" / f"c{make}" / f"{k}.png", card(make, 2, 10 * make + k))
    kind = settings_for("autopilot", CardSettings)
    # Not calibrated by pairs: the matcher alone says how far they are.
    with pytest.raises(BadSetting, match="cannot be measured"):
        measured(tmp_path / "known", kind())
