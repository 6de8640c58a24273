"""What can be chosen about animals."""

import pytest

from toolkit.cli import main
from toolkit.errors import BadSetting
from toolkit.settings import settings_for
from toolkit.subjects import registry, weights
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.face.settings import FaceSettings
from toolkit.subjects.settings import as_options, declared


def test_it_is_the_subject_of_its_name_and_knows_its_models() -> None:
    assert registry.settings_of("animal") is AnimalSettings
    assert all(weights.manifest()[name].group == "animals" for name in AnimalSettings.models)


def test_its_texts_speak_of_animals() -> None:
    texts = {each.name: each.explained for each in declared(AnimalSettings)}
    assert "animals" in texts["min_size"]
    assert not any("face" in text for text in texts.values())


@pytest.mark.parametrize("value", ["cnn", "", "model.pt", 3])
def test_a_detector_that_is_not_known_is_refused(value) -> None:
    with pytest.raises(BadSetting, match="one of mask, whole, or the path of a network"):
        AnimalSettings(detector=value)
    assert AnimalSettings(detector="my/Model.ONNX").detector == "my/Model.ONNX"


def test_files_that_are_not_there_are_said_before_the_work(tmp_path, capsys) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(b"")
    run = ["autopilot", str(photos), str(tmp_path / "out"), "--subject", "animal"]
    assert main([*run, "--boxes", "none.json"]) == 2
    assert "boxes: none.json cannot be used: it cannot be read: No such" in capsys.readouterr().err
    assert main([*run, "--detector", "cnn"]) == 2
    assert "detector is 'cnn'; expected one of mask" in capsys.readouterr().err
    assert main([*run, "--min-confidence", "2"]) == 2
    assert "expected a number from 0 to 1" in capsys.readouterr().err


def test_what_is_kept_of_a_photo_follows_from_its_boxes_not_from_their_file() -> None:
    options = as_options(AnimalSettings, {"detector": "mask", "boxes": "my boxes.json"})
    assert options == "--boxes 'my boxes.json'"
    assert AnimalSettings.told_by_photo == {"boxes", "min_confidence"}


def test_no_photo_is_dropped_unless_it_is_asked_for() -> None:
    for mode in ("autopilot", "point-and-shoot"):
        kind = settings_for(mode, AnimalSettings)
        assert kind().unsorted == "unsorted"
        assert kind(unsorted="").unsorted == ""
        assert settings_for(mode, FaceSettings)().unsorted == ""
    assert FaceSettings.aside == ()
    # Of faces, only those that say too little have a folder of their own.
    assert FaceSettings.unsure_by_worth
    assert not AnimalSettings.unsure_by_worth


def test_who_seeks_the_other_subject_is_told_of_this_one() -> None:
    assert "--subject animal" in FaceSettings.none_found
    assert "--subject face" in AnimalSettings.none_found
