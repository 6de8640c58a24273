"""Faces, by dlib: two detectors, landmarks, and the 128 numbers of its residual network."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from toolkit import weights
from toolkit.errors import BadSetting
from toolkit.records import Box, Detection, EncoderInfo
from toolkit.subjects.base import Rgb, Subject

CHIP_SIZE = 150
CHIP_PADDING = 0.25
DIMENSIONS = 128

DETECTORS = ("hog", "cnn")
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


class HogDetector:
    """
    dlib's detector of frontal faces: histograms of oriented gradients and a linear classifier.

    Quick, and blind to faces that are turned far or half hidden. It sees faces of 80 px and more,
    and half as small with each upsampling, at four times the work.

    Parameters
    ----------
    upsample : {0, 1, 2}
        How often the picture is doubled before the search.
    min_score : float
        Detections below this are left out. dlib's own limit is 0.
    """

    def __init__(self, *, upsample: int = 1, min_score: float = 0.0) -> None:
        self.upsample = upsample
        self.min_score = min_score
        # dlib's object keeps its work space, so threads cannot share one.
        self._own = threading.local()

    @property
    def name(self) -> str:
        """Name and settings."""
        return f"hog, upsampled {self.upsample}x"

    def detect(self, image: Rgb) -> list[Detection]:
        """Return the faces, boxes in px of `image` (shape (h, w, 3), uint8, RGB), best first."""
        import dlib

        if not hasattr(self._own, "detector"):
            self._own.detector = dlib.get_frontal_face_detector()
        boxes, scores, _ = self._own.detector.run(image, self.upsample, self.min_score)
        return _best_first(
            [
                Detection(_box(rectangle), float(score))
                for rectangle, score in zip(boxes, scores, strict=True)
            ]
        )


class CnnDetector:
    """
    dlib's convolutional detector of faces, which finds turned and half-hidden ones too.

    With dlib as the engine it takes about 17 s of a core for a megapixel.

    Parameters
    ----------
    upsample : {0, 1, 2}
        How often the picture is doubled before the search.
    min_score : float
        Detections below this are left out. dlib's own limit is 0.
    """

    def __init__(self, *, upsample: int = 0, min_score: float = 0.0) -> None:
        import dlib

        self.upsample = upsample
        self.min_score = min_score
        self._network = dlib.cnn_face_detection_model_v1(str(weights.find(CNN)))
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """Name and settings."""
        return f"cnn, upsampled {self.upsample}x"

    def detect(self, image: Rgb) -> list[Detection]:
        """Return the faces, boxes in px of `image` (shape (h, w, 3), uint8, RGB), best first."""
        with self._lock:
            found = self._network(image, self.upsample)
        return _best_first(
            [
                Detection(_box(face.rect), float(face.confidence))
                for face in found
                if face.confidence >= self.min_score
            ]
        )


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


class FaceEncoder:
    """
    dlib's residual network: a face becomes 128 numbers, near for one person, far for two.

    Parameters
    ----------
    landmarks : {5, 68}
        Points by which a face is turned upright and scaled before it is described.
    jitter : int
        How many slightly moved, mirrored and recoloured copies are averaged; 0 for none. Each costs
        as much as one encoding.
    """

    def __init__(self, *, landmarks: Literal[5, 68] = 5, jitter: int = 0) -> None:
        import dlib

        self.landmarks = Landmarks(landmarks)
        self.jitter = jitter
        self._network = dlib.face_recognition_model_v1(str(weights.find(ENCODER)))
        self._lock = threading.Lock()

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
        with self._lock:
            vectors = [self._network.compute_face_descriptor(chip, self.jitter) for chip in chips]
        return np.array(vectors, dtype=np.float32)


def face(
    *,
    detector: str = "hog",
    upsample: int = 1,
    min_score: float = 0.0,
    landmarks: Literal[5, 68] = 5,
    jitter: int = 0,
) -> Subject:
    """
    Return the subject "face".

    Parameters
    ----------
    detector : {"hog", "cnn"}
        What finds faces.
    upsample : {0, 1, 2}
        How often the picture is doubled before the search.
    min_score : float
        Least score of a detection.
    landmarks : {5, 68}
        Points by which faces are aligned.
    jitter : int
        Moved copies to average; 0 for none.

    Raises
    ------
    BadSetting
        If a value is not one of these.
    BadModelFile
        If a model file is missing or not the pinned one.
    """
    if detector not in DETECTORS:
        raise BadSetting(f"detector is {detector!r}; expected one of {', '.join(DETECTORS)}")
    make = HogDetector if detector == "hog" else CnnDetector
    return Subject(
        name="face",
        detector=make(upsample=upsample, min_score=min_score),
        encoder=FaceEncoder(landmarks=landmarks, jitter=jitter),
    )
