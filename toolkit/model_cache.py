"""Keeps ONNX models made from network files in a folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

# Raise it whenever the models built from the same network file change.
FORMAT = 1


def cached_model(folder: Path, kind: str, digest: str, build: Callable[[], bytes]) -> bytes:
    """
    Return a model from the folder, or build it and put it there.

    The file's name carries the digest of the network file and the format's version, so
    a changed network file or another format never meets an old model. Beside it stands
    its own sha256; a model that does not match it is built again. Both files are written
    under a temporary name and renamed, so other processes see whole files only.

    Parameters
    ----------
    folder : Path
        Made if missing; where it cannot be written, the model is built at every call.
    kind : str
        Which model: the start of the file's name.
    digest : str
        sha256 of the network file, 64 hexadecimal digits.
    build : callable
        Makes the model's bytes.

    Returns
    -------
    bytes
        A serialised ONNX model.
    """
    path = folder / f"{kind}-{digest}-v{FORMAT}.onnx"
    seal = path.with_suffix(".onnx.sha256")
    try:
        model = path.read_bytes()
        if seal.read_text(encoding="ascii").strip() == hashlib.sha256(model).hexdigest():
            return model
    except (OSError, UnicodeDecodeError):
        pass
    model = build()
    # A folder that cannot be written costs a second at every start, and nothing else.
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, model)
        _write(seal, f"{hashlib.sha256(model).hexdigest()}\n".encode("ascii"))
    return model


def _write(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
