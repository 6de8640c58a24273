"""Models kept in a folder: built once, built again where what is kept cannot be right."""

import hashlib
import sys

import pytest

from toolkit.errors import SightingsError
from toolkit.subjects.face.dlib import model_cache
from toolkit.subjects.face.dlib.model_cache import cached_model

DIGEST = "ab" * 32


class Builder:
    """Counts how often a model is built."""

    def __init__(self, model: bytes = b"a model") -> None:
        self.model, self.built = model, 0

    def __call__(self) -> bytes:
        self.built += 1
        return self.model


def load(model: bytes) -> str:
    if model.startswith(b"bad"):
        raise ValueError("no model")
    return model.decode()


def model_in(folder, kind="stem", digest=DIGEST):
    return folder / f"{kind}-{digest}-v{model_cache.FORMAT}.onnx"


def test_a_model_is_built_once_and_then_loaded(tmp_path) -> None:
    build = Builder()
    for _ in range(3):
        assert cached_model(tmp_path / "new", "stem", DIGEST, build, load) == "a model"
    assert build.built == 1
    assert model_in(tmp_path / "new").read_bytes() == b"a model"
    assert sorted(path.suffix for path in (tmp_path / "new").iterdir()) == [".onnx", ".sha256"]


def test_another_kind_file_or_format_never_meets_an_old_model(tmp_path, monkeypatch) -> None:
    build = Builder()
    cached_model(tmp_path, "stem", DIGEST, build, load)
    cached_model(tmp_path, "head", DIGEST, build, load)
    cached_model(tmp_path, "stem", "cd" * 32, build, load)
    monkeypatch.setattr(model_cache, "FORMAT", model_cache.FORMAT + 1)
    cached_model(tmp_path, "stem", DIGEST, build, load)
    assert build.built == 4
    assert len(list(tmp_path.glob("*.onnx"))) == 4


@pytest.mark.parametrize(
    "harm", ["changed", "sealed but bad", "no seal", "no seal at all", "large"]
)
def test_what_cannot_be_right_is_built_again(tmp_path, monkeypatch, harm) -> None:
    build = Builder()
    cached_model(tmp_path, "stem", DIGEST, build, load)
    path = model_in(tmp_path)
    seal = path.with_suffix(".onnx.sha256")
    if harm == "changed":
        path.write_bytes(b"b model")
    elif harm == "sealed but bad":
        path.write_bytes(b"bad")
        seal.write_text(hashlib.sha256(b"bad").hexdigest())
    elif harm == "no seal":
        seal.write_bytes(b"\xff")
    elif harm == "no seal at all":
        seal.unlink()
    else:
        monkeypatch.setattr(model_cache, "LARGEST", 3)
    assert cached_model(tmp_path, "stem", DIGEST, build, load) == "a model"
    assert build.built == 2
    assert path.read_bytes() == b"a model"
    assert seal.read_text().strip() == hashlib.sha256(b"a model").hexdigest()


def test_what_a_user_has_to_mend_is_said_and_not_built_over(tmp_path) -> None:
    build = Builder()
    cached_model(tmp_path, "stem", DIGEST, build, load)

    def refused(model: bytes) -> str:
        raise SightingsError("no such device")

    with pytest.raises(SightingsError, match="no such device"):
        cached_model(tmp_path, "stem", DIGEST, build, refused)
    assert build.built == 1


def test_a_folder_that_cannot_be_made_costs_a_build_and_nothing_else(tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"")
    build = Builder()
    for _ in range(2):
        assert cached_model(tmp_path / "file" / "in", "stem", DIGEST, build, load) == "a model"
    assert build.built == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_what_is_kept_is_its_owners_alone(tmp_path) -> None:
    cached_model(tmp_path / "new", "stem", DIGEST, Builder(), load)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()} == {0o600}
