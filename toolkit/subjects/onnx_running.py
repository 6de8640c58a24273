"""Runs ONNX models, one thread each, as photos are looked at in several."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def session(model: bytes | Path) -> Any:
    """
    Load a model for the processor.

    Parameters
    ----------
    model : bytes or Path
        The model, or its file.

    Returns
    -------
    onnxruntime.InferenceSession
        Threads may share it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    given = str(model) if isinstance(model, Path) else model
    return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
