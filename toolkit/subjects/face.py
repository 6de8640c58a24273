"""Faces: dlib's two detectors, its landmarks, and the 128 numbers of its residual network."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from toolkit import weights
from toolkit.errors import BadSetting
from toolkit.records import Box, Detection, EncoderInfo
from toolkit.settings import Settings
from toolkit.subjects.base import Detector, Rgb, Subject

CHIP_SIZE = 150
CHIP_PADDING = 0.25
DIMENSIONS = 128

LANDMARKS = {5: "shape_predictor_5_face_landmarks", 68: "shape_predictor_68_face_landmarks"}
ENCODER = "dlib_face_recognition_resnet_model_v1"
CNN = "mmod_human_face_detector"

# Where grouping and searching stop by default: README, "How the defaults were chosen".
GROUP_THRESHOLD = 0.55
SEARCH_THRESHOLD = 0.57


def _rectangle(box: Box) -> Any:
    import dlib

    return dlib.rectangle(box.left, box.top, box.right - 1, box.bottom - 1)


def _box(rectangle: Any) -> Box:
    return Box(rectangle.left(), rectangle.top(), rectangle.right() + 1, rectangle.bottom() + 1)


def _best_first(detections: list[Detection]) -> list[Detection]:
    return sorted(
        detections, key=lambda d: (-d.score, d.box.top, d.box.left, d.box.bottom, d.box.right)
    )


def doublings(image: Rgb, upsample: int | None, long_edge: int) -> int:
    """
    Return how often a picture is doubled before the search.

    Parameters
    ----------
    image : numpy.ndarray
        Shape (h, w, 3).
    upsample : {0, 1, 2} or None
        What was asked for; None doubles once where that brings the longer side nearer to
        `long_edge` (as a ratio).
    long_edge : int
        Longer side, in px, that photos are shrunk to.
    """
    if upsample is not None:
        return upsample
    return int(2 * max(image.shape[:2]) ** 2 < long_edge**2)


class HogDetector:
    """
    dlib's detector of frontal faces: histograms of oriented gradients and a linear classifier.

    Blind to faces that are turned far or half hidden. It sees faces of 80 px and more, and half as
    small with each upsampling, at four times the work.

    Parameters
    ----------
    upsample : {0, 1, 2} or None
        How often the picture is doubled before the search; None as in `doublings`.
    long_edge : int
        Longer side, in px, that photos are shrunk to; for `upsample` None.
    min_score : float
        Detections below this are left out. dlib's own limit is 0.
    """

    def __init__(
        self, *, upsample: int | None = 1, long_edge: int = 1200, min_score: float = 0.0
    ) -> None:
        self.upsample = upsample
        self.long_edge = long_edge
        self.min_score = min_score
        # dlib's object keeps its work space, so threads cannot share one.
        self._own = threading.local()

    @property
    def name(self) -> str:
        """What finds."""
        return "hog"

    def detect(self, image: Rgb) -> list[Detection]:
        """Return the faces, boxes in px of `image` (shape (h, w, 3), uint8, RGB), best first."""
        import dlib

        if not hasattr(self._own, "detector"):
            self._own.detector = dlib.get_frontal_face_detector()
        times = doublings(image, self.upsample, self.long_edge)
        boxes, scores, _ = self._own.detector.run(image, times, self.min_score)
        return _best_first(
            [
                Detection(_box(rectangle), float(score))
                for rectangle, score in zip(boxes, scores, strict=True)
            ]
        )


class CnnDetector:
    """
    dlib's convolutional detector of faces, which finds turned and half-hidden ones too.

    It sees faces of 80 px and more for sure, and most from 60 px, half as small with each
    upsampling, at four times the work.

    Parameters
    ----------
    upsample : {0, 1, 2} or None
        How often the picture is doubled before the search; None as in `doublings`.
    long_edge : int
        Longer side, in px, that photos are shrunk to; for `upsample` None.
    min_score : float
        Detections below this are left out. dlib's own limit is 0.
    engine : {"onnx", "dlib"}
        What runs the network. dlib takes some 17 s of a core for a megapixel.
    device : {"cpu", "cuda"}
        Where ONNX Runtime runs it.
    """

    def __init__(
        self,
        *,
        upsample: int | None = None,
        long_edge: int = 1200,
        min_score: float = 0.0,
        engine: str = "onnx",
        device: Literal["cpu", "cuda"] = "cpu",
    ) -> None:
        self.upsample = upsample
        self.long_edge = long_edge
        self.min_score = min_score
        path = weights.find(CNN)
        if engine == "onnx":
            from toolkit.engine import OnnxFaceDetector

            self._onnx: OnnxFaceDetector | None = OnnxFaceDetector(
                path, cache_folder=weights.cache_folder(), threads=1, device=device
            )
            return
        import dlib

        self._onnx = None
        self._network = dlib.cnn_face_detection_model_v1(str(path))
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """What finds."""
        return "cnn"

    def detect(self, image: Rgb) -> list[Detection]:
        """Return the faces, boxes in px of `image` (shape (h, w, 3), uint8, RGB), best first."""
        times = doublings(image, self.upsample, self.long_edge)
        if self._onnx is not None:
            boxes = self._onnx.detect(image, times)
            found = [Detection(Box(*box[:4]), box.confidence) for box in boxes]
        else:
            with self._lock:
                faces = self._network(image, times)
            found = [Detection(_box(face.rect), float(face.confidence)) for face in faces]
        return _best_first([one for one in found if one.score >= self.min_score])


class Landmarks:
    """
    Points of a face: the corners of the eyes and the nose (5), or its whole outline (68).

    Parameters
    ----------
    points : {5, 68}
        How many.

    Raises
    ------
    BadModelFile
        If the model file is not on this machine, or is not the pinned one.
    """

    def __init__(self, points: Literal[5, 68] = 5) -> None:
        import dlib

        if points not in LANDMARKS:
            raise BadSetting(f"landmarks is {points}; expected 5 or 68")
        self.points = points
        self._predictor = dlib.shape_predictor(str(weights.find(LANDMARKS[points])))

    def shape(self, image: Rgb, box: Box) -> Any:
        """Return dlib's own object for the face in `box`."""
        return self._predictor(image, _rectangle(box))

    def find(self, image: Rgb, box: Box) -> npt.NDArray[np.int64]:
        """
        Return the points of one face.

        Parameters
        ----------
        image : numpy.ndarray
            Shape (h, w, 3), uint8, RGB.
        box : Box
            The face, in px of `image`.

        Returns
        -------
        numpy.ndarray
            Shape (points, 2), int64: x and y in px of `image`, in dlib's order.
        """
        found = self.shape(image, box)
        return np.array(
            [(found.part(i).x, found.part(i).y) for i in range(found.num_parts)], dtype=np.int64
        )


class Network(Protocol):
    """What turns chips into encodings."""

    def encode(self, chips: Rgb) -> npt.NDArray[np.float32]:
        """Describe chips of shape (k, 150, 150, 3), uint8, RGB, as (k, 128) float32."""
        ...


class DlibNetwork:
    """dlib's residual network, run by dlib; threads take turns."""

    def __init__(self) -> None:
        import dlib

        self._network = dlib.face_recognition_model_v1(str(weights.find(ENCODER)))
        self._lock = threading.Lock()

    def encode(self, chips: Rgb) -> npt.NDArray[np.float32]:
        """Describe chips of shape (k, 150, 150, 3), uint8, RGB, as (k, 128) float32."""
        with self._lock:
            vectors = self._network.compute_face_descriptor(list(chips))
        return np.array(vectors, dtype=np.float32).reshape(-1, DIMENSIONS)


class FaceEncoder:
    """
    dlib's residual network: a face becomes 128 numbers, near for one person, far for two.

    Parameters
    ----------
    landmarks : {5, 68}
        Points by which a face is turned upright and scaled before it is described.
    jitter : int
        How many slightly moved and mirrored copies are averaged; 0 for none. Each costs as much as
        one encoding.
    engine : {"onnx", "dlib"}
        What runs the network: the numbers agree to 1e-5.
    device : {"cpu", "cuda"}
        Where ONNX Runtime runs it.
    """

    def __init__(
        self,
        *,
        landmarks: Literal[5, 68] = 5,
        jitter: int = 0,
        engine: str = "onnx",
        device: Literal["cpu", "cuda"] = "cpu",
    ) -> None:
        self.landmarks = Landmarks(landmarks)
        self.jitter = jitter
        self._network: Network
        if engine == "onnx":
            from toolkit.engine import OnnxEncoder

            self._network = OnnxEncoder(
                weights.find(ENCODER),
                cache_folder=weights.cache_folder(),
                threads=1,
                device=device,
            )
        else:
            self._network = DlibNetwork()

    @property
    def info(self) -> EncoderInfo:
        """What the 128 numbers are."""
        return EncoderInfo(
            name="dlib_resnet_v1",
            weights_digest=weights.manifest()[ENCODER].sha256,
            dimensions=DIMENSIONS,
            metric="euclidean",
            default_threshold=GROUP_THRESHOLD,
            default_search_threshold=SEARCH_THRESHOLD,
            variant=f"{self.landmarks.points} landmarks, jitter {self.jitter}",
        )

    def chips(self, image: Rgb, boxes: Sequence[Box]) -> Rgb:
        """
        Cut each face out, turned upright and scaled by its landmarks.

        Parameters
        ----------
        image : numpy.ndarray
            Shape (h, w, 3), uint8, RGB: the photo at full size.
        boxes : sequence of Box
            k faces, in px of `image`.

        Returns
        -------
        numpy.ndarray
            Shape (k, 150, 150, 3), uint8, RGB.
        """
        import dlib

        cut = [
            dlib.get_face_chip(image, self.landmarks.shape(image, box), CHIP_SIZE, CHIP_PADDING)
            for box in boxes
        ]
        return np.stack(cut) if cut else np.zeros((0, CHIP_SIZE, CHIP_SIZE, 3), dtype=np.uint8)

    def encode(self, chips: Rgb) -> npt.NDArray[np.float32]:
        """
        Describe each face.

        Parameters
        ----------
        chips : numpy.ndarray
            Shape (k, 150, 150, 3), uint8, RGB.

        Returns
        -------
        numpy.ndarray
            Shape (k, 128), float32; the numbers are not normalised.
        """
        if not len(chips):
            return np.zeros((0, DIMENSIONS), dtype=np.float32)
        if not self.jitter:
            return self._network.encode(chips)
        import dlib

        moved = (np.stack(dlib.jitter_image(chip, self.jitter)) for chip in chips)
        means = [self._network.encode(each).mean(axis=0, dtype=np.float64) for each in moved]
        return np.array(means, dtype=np.float32)


def face(settings: Settings) -> Subject:
    """
    Return the subject "face".

    Parameters
    ----------
    settings : Settings
        Its detector, upsample, long_edge, min_score, landmarks, jitter, engine and device are used.

    Raises
    ------
    BadModelFile
        If a model file is missing or not the pinned one.
    MissingProvider
        If the device cannot be used.
    """
    seeking: dict[str, Any] = {
        "upsample": settings.upsample,
        "long_edge": settings.long_edge,
        "min_score": settings.min_score,
    }
    running: dict[str, Any] = {"engine": settings.engine, "device": settings.device}
    detector: Detector = (
        HogDetector(**seeking) if settings.detector == "hog" else CnnDetector(**seeking, **running)
    )
    encoder = FaceEncoder(landmarks=settings.landmarks, jitter=settings.jitter, **running)
    return Subject(name="face", detector=detector, encoder=encoder)
