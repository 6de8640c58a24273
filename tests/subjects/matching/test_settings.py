"""What the user brings for telling one from another."""

import pytest

from toolkit.errors import BadModelFile, BadSetting
from toolkit.subjects.matching.calibration import PatternCalibration
from toolkit.subjects.matching.settings import MatchingSettings


def test_without_files_nothing_is_the_users_own() -> None:
    assert MatchingSettings().read_calibration() is None
    assert MatchingSettings().own_parts() == []


def test_a_calibration_is_read_from_its_file(tmp_path) -> None:
    fitted = PatternCalibration(("upright",), -1.0, (0.5,), (0.2,), "cups")
    fitted.save(tmp_path / "c.json")
    found = MatchingSettings(calibration=str(tmp_path / "c.json")).read_calibration()
    assert found == fitted
    (tmp_path / "c.json").write_text("{}")
    with pytest.raises(BadSetting, match="sightings calibrate"):
        MatchingSettings(calibration=str(tmp_path / "c.json")).read_calibration()


def test_an_encoder_that_is_not_there_is_told_at_once(tmp_path) -> None:
    with pytest.raises(BadModelFile, match=r"nothing\.onnx"):
        MatchingSettings(encoder=str(tmp_path / "nothing.onnx")).own_parts()
