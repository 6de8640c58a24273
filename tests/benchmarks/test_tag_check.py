"""Swapped labels are found again, and the measurement counts them rightly."""

import numpy as np
import pytest
from toys import CardSettings, LampSettings, card, lamp, save

from toolkit.benchmarks import tag_check
from toolkit.benchmarks.tag_check import measure, swap
from toolkit.errors import BadSetting
from toolkit.evaluation import label_check
from toolkit.settings import settings_for

LAMPS = settings_for("autopilot", LampSettings)(jobs=1)
CARDS = settings_for("autopilot", CardSettings)(jobs=1)


@pytest.fixture(scope="module")
def lamps(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lamps") / "known"
    for number, hue in enumerate(("red", "lime", "blue", "pink")):
        for k in range(10):
            save(folder / hue / f"{k}.png", lamp(hue, 1 - 0.05 * k, 20 * number + k))
    return folder


def test_swapped_labels_of_vectors_are_found_first(lamps) -> None:
    table = measure(lamps, LAMPS, share=0.05, seeds=(0, 1), log=lambda line: None)
    rows = table.set_index(["way", "seed"])
    assert list(rows.index) == [
        *(("check-tags", seed) for seed in ("0", "1", "mean")),
        *(("nearest photo", seed) for seed in ("0", "1", "mean")),
        ("by chance", ""),
    ]
    mean = rows.loc[("check-tags", "mean")]
    assert (mean["photos"], mean["swapped"]) == (40, 2)
    assert (mean["found"], mean["caught"], mean["right"], mean["renamed"]) == (100,) * 4
    assert rows.loc[("by chance", ""), "found"] == 5


def test_swapped_labels_of_pairs_are_found_first(tmp_path) -> None:
    for make in range(5):
        for k in range(8):
            save(tmp_path / "known" / f"c{make}" / f"{k}.png", card(make, k % 4, 10 * make + k))
    table = measure(tmp_path / "known", CARDS, share=0.05, seeds=(3,), log=lambda line: None)
    assert table.loc[0, "found"] == 100


def test_a_swapped_label_is_another_one_and_follows_from_the_seed(lamps) -> None:
    from toolkit import modes

    album = modes.look(lamps, settings=LAMPS, of_individuals=True, subject=LAMPS.make_subject())
    known = label_check.labelled(album.album, lamps)
    swapped, which = swap(known, 12, 5)
    assert len(np.unique(which)) == 12
    changed = np.flatnonzero(swapped.folder_of != known.folder_of)
    assert np.array_equal(changed, which)
    assert np.array_equal(swap(known, 12, 5)[0].folder_of, swapped.folder_of)
    assert not np.array_equal(swap(known, 12, 6)[1], which)


@pytest.mark.parametrize("share", [0, 0.5, float("nan"), -1])
def test_a_share_that_cannot_be_is_refused_before_the_work(tmp_path, share) -> None:
    with pytest.raises(BadSetting, match="share"):
        measure(tmp_path / "none", LAMPS, share=share, log=lambda line: None)


def test_too_few_photos_to_swap_one_are_told(lamps) -> None:
    with pytest.raises(BadSetting, match="less than one"):
        measure(lamps, LAMPS, share=0.001, log=lambda line: None)


def test_what_is_found_by_chance_is_the_share_that_is_looked_through() -> None:
    assert pytest.approx(0.05) == tag_check.FIRST
