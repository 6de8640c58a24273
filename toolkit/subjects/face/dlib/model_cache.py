"""Keeps ONNX models made from network files in a folder."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import filelock

from toolkit.errors import BadFolder, SightingsError
from toolkit.files import PRIVATE, read_regular, sweep, write_bytes

T = TypeVar("T")

# Raise it whenever the models built from the same network file change.
FORMAT = 1
# Bytes that a model may have, and seconds that one who builds the same is waited for.
LARGEST, PATIENCE = 1 << 28, 60.0
# What earlier versions that were cut off left.
_LEFT = re.compile(r"\.[0-9a-z_]{8}\.part")


def cached_model(
    folder: Path, kind: str, digest: str, build: Callable[[], bytes], load: Callable[[bytes], T]
) -> T:
    """
    Load a model from the folder, or build it and put it there.

    The file's name carries the digest of the network file and the format's version, so
    a changed network file or another format never meets an old model. Beside it stands
    its own sha256; a model that does not match it, or cannot be loaded, is built again.
    Both files are written under a temporary name and renamed, so other processes see
    whole files only, and what one that was cut off left is swept.

    Parameters
    ----------
    folder : Path
        Made if missing; where it cannot be written, the model is built at every call.
    kind : str
        Which model: the start of the file's name.
    digest : str
        sha256 of the network file, 64 hexadecimal digits.
    build : callable
        Makes the model's bytes: a serialised ONNX model.
    load : callable
        Makes what is returned of these bytes.
    """
    path = folder / f"{kind}-{digest}-v{FORMAT}.onnx"
    seal = path.with_suffix(".onnx.sha256")
    found = _kept(path, seal, load)
    if found is not None:
        return found
    with _alone_in(folder):
        # Another process may have made it meanwhile.
        found = _kept(path, seal, load)
        if found is not None:
            return found
        model = build()
        # A folder that cannot be written costs a second at every start, and nothing else.
        with contextlib.suppress(OSError, BadFolder):
            write_bytes(path, model)
            write_bytes(seal, f"{hashlib.sha256(model).hexdigest()}\n".encode("ascii"))
    return load(model)


def _kept(path: Path, seal: Path, load: Callable[[bytes], T]) -> T | None:
    """Load a model that is as its seal says, if there is one."""
    try:
        model = read_regular(path, most=LARGEST)
        said = read_regular(seal, most=1024).decode("ascii").strip()
        return load(model) if said == hashlib.sha256(model).hexdigest() else None
    except SightingsError:
        raise
    except Exception:  # noqa: BLE001 - whatever is wrong with it, a new one is right
        return None


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let one process at a time build; go on without where there can be no lock."""
    lock = filelock.FileLock(folder / ".lock", timeout=PATIENCE, mode=PRIVATE)
    with contextlib.suppress(OSError, NotImplementedError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock.acquire()
        sweep(folder, also=_LEFT)
    try:
        yield
    finally:
        if lock.is_locked:
            with contextlib.suppress(OSError):
                Path(lock.lock_file).unlink()
        lock.release()
