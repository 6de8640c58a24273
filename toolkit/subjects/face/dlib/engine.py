"""Runs dlib's face encoder and face detector in ONNX Runtime, with dlib's numbers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from toolkit.errors import MissingProvider
from toolkit.subjects.face.dlib import pyramid
from toolkit.subjects.face.dlib.detections import FoundBox, find_boxes
from toolkit.subjects.face.dlib.model_cache import cached_model
from toolkit.subjects.face.dlib.network import (
    CHIP_SIDE,
    ENCODING_SIZE,
    file_content,
    read_detector,
    read_encoder,
)

if TYPE_CHECKING:
    import onnxruntime

Float32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Device = Literal["cpu", "cuda"]

_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}

# One stem cell sees 29 px each way and stands 8 px from the next.
_STEM_STEP = 8
_STEM_VIEW = 29
# How far a score depends on the stem's features: 2 + 2 + 2 + 4 cells.
_HEAD_REACH = 10
# Sizes of one run, in px of the tiled image and in feature cells.
_STEM_PIXELS = 1_000_000
_HEAD_CELLS = 150_000


class OnnxEncoder:
    """
    dlib's face recognition network, version 1.

    Can be shared between threads. The interpreter's lock is released while it computes.

    Parameters
    ----------
    network_file : path
        ``dlib_face_recognition_resnet_model_v1.dat``.
    cache_folder : path
        Where the ONNX model made from it is kept.
    threads : int or None
        Threads for one call; None leaves the choice to ONNX Runtime, one a core.
    device : {"cpu", "cuda"}
    batch : int
        The most chips computed at once; memory grows with it, 4 or more is near the
        best speed.

    Raises
    ------
    BadNetworkFile
        If the file is not that network.
    MissingProvider
        If the device cannot be used.
    """

    def __init__(
        self,
        network_file: str | os.PathLike[str],
        *,
        cache_folder: str | os.PathLike[str],
        threads: int | None = None,
        device: Device = "cpu",
        batch: int = 16,
    ) -> None:
        if batch < 1:
            raise ValueError(f"batch is {batch}; expected at least 1.")
        _require(device)
        data = file_content(network_file)
        self.digest = hashlib.sha256(data).hexdigest()
        self._batch = batch

        def build() -> bytes:
            from toolkit.subjects.face.dlib.onnx_graph import encoder_model
            from toolkit.subjects.onnx_builder import serialised

            network = read_encoder(data, name=str(network_file))
            return serialised(encoder_model(network))

        def load(model: bytes) -> onnxruntime.InferenceSession:
            session = _session(model, threads, device, "chips")
            side = CHIP_SIDE
            chip = np.zeros((1, side, side, 3), dtype=np.uint8)
            return _tried(session, chip, lambda shape: shape == (1, ENCODING_SIZE))

        self._session = cached_model(Path(cache_folder), "encoder", self.digest, build, load)

    def encode(self, chips: npt.ArrayLike) -> Float32:
        """
        Encode aligned faces.

        Parameters
        ----------
        chips : (n, 150, 150, 3) uint8
            RGB, as ``dlib.get_face_chip(image, landmarks, size=150, padding=0.25)``
            gives them.

        Returns
        -------
        (n, 128) float32
            Row i encodes chip i; within 1e-5 of dlib's numbers. Faces of one person are
            mostly nearer than 0.6, Euclidean.

        Raises
        ------
        ValueError
            If the shape or dtype is another.
        """
        images = np.asarray(chips)
        side = CHIP_SIDE
        if images.dtype != np.uint8 or images.shape[1:] != (side, side, 3):
            raise ValueError(
                f"chips have shape {images.shape} and dtype {images.dtype}; "
                f"expected (n, {side}, {side}, 3) uint8, RGB."
            )
        out = np.empty((len(images), ENCODING_SIZE), dtype=np.float32)
        for start in range(0, len(images), self._batch):
            part = np.ascontiguousarray(images[start : start + self._batch])
            out[start : start + len(part)] = self._session.run(None, {"chips": part})[0]
        return out


class OnnxFaceDetector:
    """
    dlib's sliding-window face detector over an image pyramid.

    Can be shared between threads. The interpreter's lock is released while it computes.

    Parameters
    ----------
    network_file : path
        ``mmod_human_face_detector.dat``, or another detector of this shape.
    cache_folder : path
        Where the ONNX models made from it are kept.
    threads : int or None
        Threads for one call; None leaves the choice to ONNX Runtime, one a core.
    device : {"cpu", "cuda"}

    Raises
    ------
    BadNetworkFile
        If the file is no such network.
    MissingProvider
        If the device cannot be used.
    """

    def __init__(
        self,
        network_file: str | os.PathLike[str],
        *,
        cache_folder: str | os.PathLike[str],
        threads: int | None = None,
        device: Device = "cpu",
    ) -> None:
        _require(device)
        data = file_content(network_file)
        self.digest = hashlib.sha256(data).hexdigest()
        network = read_detector(data, name=str(network_file))
        self._network = network

        def build_stem() -> bytes:
            from toolkit.subjects.face.dlib.onnx_graph import stem_model
            from toolkit.subjects.onnx_builder import serialised

            return serialised(stem_model(network))

        def build_head() -> bytes:
            from toolkit.subjects.face.dlib.onnx_graph import head_model
            from toolkit.subjects.onnx_builder import serialised

            return serialised(head_model(network))

        folder = Path(cache_folder)

        def load_stem(model: bytes) -> onnxruntime.InferenceSession:
            session = _session(model, threads, device, "pixels")
            view = np.zeros((1, 3, _STEM_VIEW, _STEM_VIEW), dtype=np.float32)
            return _tried(session, view, lambda shape: (*shape[:1], *shape[2:]) == (1, 1, 1))

        def load_head(model: bytes) -> onnxruntime.InferenceSession:
            session = _session(model, threads, device, "features")
            cells = np.zeros((1, session.get_inputs()[0].shape[1], 30, 32), dtype=np.float32)
            return _tried(session, cells, lambda shape: (*shape[:1], *shape[2:]) == (1, 30, 32))

        self._stem = cached_model(folder, "detector-stem", self.digest, build_stem, load_stem)
        self._head = cached_model(folder, "detector-head", self.digest, build_head, load_head)

    def detect(
        self, image: npt.ArrayLike, upsample: int = 0, *, threshold: float = 0.0
    ) -> list[FoundBox]:
        """
        Find faces.

        Parameters
        ----------
        image : (h, w, 3) uint8
            RGB. Any size. Nothing is found in photos narrower than 10 px or lower than
            7 px, where dlib fails.
        upsample : int
            How often to double the photo first, to find faces below about 80 px. Each
            doubling takes four times the time and memory.
        threshold : float
            Confidences must be larger; 0 is dlib's.

        Returns
        -------
        list of FoundBox
            In px of `image`, most confident first: the boxes of
            ``dlib.cnn_face_detection_model_v1(file)(image, upsample)`` with exclusive
            right and bottom edges, confidences within 1e-4 (in photos narrower than
            60 px within 0.002).

        Raises
        ------
        ValueError
            If the shape or dtype is another, or `upsample` is below 0.
        """
        photo = np.asarray(image)
        if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
            raise ValueError(
                f"image has shape {photo.shape} and dtype {photo.dtype}; "
                "expected (h, w, 3) uint8, RGB."
            )
        if upsample < 0:
            raise ValueError(f"upsample is {upsample}; expected 0 or more.")
        if not photo.size:
            return []
        for _ in range(upsample):
            photo = pyramid.upsample(photo)
        network = self._network
        tiling = pyramid.tile_levels(*photo.shape[:2], gap=network.gap, border=network.border)
        if not tiling.tiles or min(tiling.height, tiling.width) < _STEM_VIEW:
            return []
        features = self._features(pyramid.tile_photo(photo, tiling, network.mean))
        scores = self._scores(features)
        return find_boxes(scores, tiling, network, threshold=threshold, upsample=upsample)

    def _features(self, tiled: Float32) -> Float32:
        """Run the stem in strips: it has no padding, so strips give the same numbers."""
        height, width = tiled.shape[2:]
        rows = _cells(height)
        strip = max(_STEM_PIXELS // (width * _STEM_STEP), 1)
        parts = []
        for start in range(0, rows, strip):
            stop = min(start + strip, rows)
            first, last = start * _STEM_STEP, (stop - 1) * _STEM_STEP + _STEM_VIEW
            pixels = np.ascontiguousarray(tiled[:, :, first:last])
            parts.append(self._stem.run(None, {"pixels": pixels})[0])
        features: Float32 = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)
        return features

    def _scores(self, features: Float32) -> Float32:
        """Run the head in strips that overlap by as far as a score can see."""
        rows, columns = features.shape[2:]
        strip = max(_HEAD_CELLS // columns - 2 * _HEAD_REACH, _HEAD_REACH)
        if rows <= strip + 2 * _HEAD_REACH:
            whole: Float32 = self._head.run(None, {"features": features})[0][0]
            return whole
        parts = []
        for start in range(0, rows, strip):
            stop = min(start + strip, rows)
            first, last = max(start - _HEAD_REACH, 0), min(stop + _HEAD_REACH, rows)
            part = np.ascontiguousarray(features[:, :, first:last])
            scores = self._head.run(None, {"features": part})[0][0]
            parts.append(scores[:, start - first : stop - first])
        return np.concatenate(parts, axis=1)


def _tried(
    session: onnxruntime.InferenceSession,
    blank: npt.NDArray[np.generic],
    fits: Callable[[tuple[int, ...]], bool],
) -> onnxruntime.InferenceSession:
    """Return a session that gives what it should for a blank picture; a kept model may be any."""
    out = session.run(None, {session.get_inputs()[0].name: blank})[0]
    if not fits(out.shape) or not np.isfinite(out).all():
        raise ValueError(f"the model gives the shape {out.shape}, or numbers that are none.")
    return session


def _cells(side: int) -> int:
    return (side - _STEM_VIEW) // _STEM_STEP + 1


def _require(device: str) -> None:
    """Refuse a device that the installed ONNX Runtime cannot use."""
    import onnxruntime

    if device not in _PROVIDERS:
        raise ValueError(f"device is {device!r}; expected 'cpu' or 'cuda'.")
    available = onnxruntime.get_available_providers()
    if _PROVIDERS[device] not in available:
        raise MissingProvider(
            f"device {device!r} needs ONNX Runtime's {_PROVIDERS[device]}; installed are "
            f"{', '.join(available)}. Install onnxruntime-gpu in place of onnxruntime, "
            "or ask for device 'cpu'."
        )


def _session(
    model: bytes, threads: int | None, device: Device, takes: str
) -> onnxruntime.InferenceSession:
    """Load a model whose one input is called `takes`."""
    import onnxruntime

    # On Windows this, elsewhere the variable that the package sets, keeps it from reporting.
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Waiting threads sleep: several sessions and other programs share the cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # TensorFloat-32 would keep 10 bits of each weight.
    settings = [{"use_tf32": "0"}] if device == "cuda" else [{}]
    provider = _PROVIDERS[device]
    session = onnxruntime.InferenceSession(
        model, options, providers=[provider], provider_options=settings
    )
    if session.get_providers()[0] != provider:
        raise MissingProvider(
            f"device {device!r}: ONNX Runtime has {provider} but could not start it. "
            "Check the driver and the CUDA and cuDNN versions it was built for, "
            "or ask for device 'cpu'."
        )
    inputs = [each.name for each in session.get_inputs()]
    if inputs != [takes]:
        raise ValueError(f"the model's inputs are {inputs}; expected {takes}.")
    session.disable_fallback()
    return session
