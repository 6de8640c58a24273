"""The study of duplicates: what it makes is found, and what it counts adds up."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from toolkit import cli
from toolkit.benchmarks.duplicates_study import WAYS, phash, study
from toolkit.errors import BadFolder, BadSetting


def drawn(seed: int) -> Image.Image:
    """Coarse patches of colour, enlarged: no two seeds look alike."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize((160, 120), Image.Resampling.BICUBIC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(4):
        drawn(number).save(tmp_path / f"{number}.png")
    return tmp_path


def test_all_that_is_made_is_found_and_nothing_else(folder: Path) -> None:
    told: list[str] = []
    found = study(folder, sample=3, log=told.append)
    assert list(found["made"]["way"]) == list(WAYS)
    assert set(found["made"]["made"]) == {3}
    assert list(found["made"]["found"]) == list(found["made"]["made"])
    # 4 photos and 3 times 8 duplicates: 28 in all; 3 sets of 9 are one picture each.
    assert set(found["different"]["pairs"]) == {28 * 27 // 2 - 3 * (9 * 8 // 2)}
    assert found["different"]["wrong"][0] == 0
    assert not len(found["in the folder"])
    assert "28 photos compared" in told[0]


def test_duplicates_in_the_folder_are_listed_and_no_mistakes(folder: Path) -> None:
    shutil.copy(folder / "1.png", folder / "copy.png")
    found = study(folder, sample=5, log=lambda line: None)
    assert found["in the folder"].drop(columns="alike").to_numpy().tolist() == [
        ["1.png", "copy.png", "same file"]
    ]
    assert found["different"]["wrong"][0] == 0


def test_the_folder_is_left_as_it_was(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    study(folder, sample=1, log=lambda line: None)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_of_one_photo_and_a_sample_of_none_are_refused(tmp_path: Path) -> None:
    drawn(0).save(tmp_path / "a.png")
    with pytest.raises(BadFolder, match="holds 1 photos; expected two or more"):
        study(tmp_path, log=print)
    with pytest.raises(BadSetting, match="sample is 0"):
        study(tmp_path, sample=0, log=print)


def test_photos_too_small_to_be_changed_are_refused(tmp_path: Path) -> None:
    for number in range(2):
        drawn(number).resize((30, 30)).save(tmp_path / f"{number}.png")
    with pytest.raises(BadFolder, match="64 px or more"):
        study(tmp_path, log=print)


def test_the_command_prints_the_tables(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "duplicates", str(folder), "--sample", "1"]) == 0
    shown = capsys.readouterr().out
    assert "cropped 5%" in shown
    assert "pHash" in shown


def test_phash_is_which_low_frequencies_are_above_their_median() -> None:
    """Beside the transform written out: cos(pi k (2 n + 1) / 2 N)."""
    grey = drawn(5).convert("L").resize((32, 32), Image.Resampling.LANCZOS)
    step = np.arange(32)
    waves = 2 * np.cos(np.pi * np.outer(step, 2 * step + 1) / 64)
    low = (waves @ np.asarray(grey, float) @ waves.T)[:8, :8]
    np.testing.assert_allclose(low, dctn(np.asarray(grey, float))[:8, :8], rtol=1e-6, atol=1e-6)
    assert (phash(grey) > 0).reshape(8, 8).tolist() == (low > np.median(low)).tolist()
