"""Faces: their landmarks, and the 128 numbers of dlib's residual network."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit.errors import BadSetting
from toolkit.records import Box, EncoderInfo
from toolkit.subjects import weights
from toolkit.subjects.base import Detector, Remade, Rgb, Subject
from toolkit.subjects.face import FACE
from toolkit.subjects.face.calibration import (
    CALIBRATION,
    CALIBRATION_JITTERED,
    CALIBRATION_PLAIN,
    LINKAGE,
)
from toolkit.subjects.face.detectors import CnnDetector, HogDetector
from toolkit.subjects.face.settings import FaceSettings
from toolkit.subjects.face.turning import TurnedFaces
from toolkit.subjects.face.worth import worth

CHIP_SIZE = 150
CHIP_PADDING = 0.25
DIMENSIONS = 128

LANDMARKS = {5: "shape_predictor_5_face_landmarks", 68: "shape_predictor_68_face_landmarks"}
ENCODER = "dlib_face_recognition_resnet_model_v1"

# The length that encodings are brought to: near the middle of the network's own (1.31 to 1.54 for
# nine in ten faces of Labeled Faces in the Wild), so that distances keep the scale people know.
LENGTH = 2**0.5


def _rectangle(box: Box) -> Any:
    import dlib

    return dlib.rectangle(box.left, box.top, box.right - 1, box.bottom - 1)


class Landmarks(Remade):
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

    def chip(self, image: Rgb, box: Box, size: int = CHIP_SIZE) -> Rgb:
        """
        Cut a face out, turned upright and scaled by its points.

        Parameters
        ----------
        image, box
            As for `find`.
        size : int
            Side of the chip, px.

        Returns
        -------
        numpy.ndarray
            Shape (size, size, 3), uint8, RGB.
        """
        import dlib

        chip: Rgb = dlib.get_face_chip(image, self.shape(image, box), size, CHIP_PADDING)
        return chip


def jittered(chip: Rgb, count: int) -> Rgb:
    """
    Return copies of a chip, each turned, scaled and moved a little, every other one mirrored.

    Up to 3 degrees, 5% and 3 px, drawn with a seed that follows from the chip: the same chip always
    gives the same copies, whatever was done before. (dlib's own jitter draws on, call after call.)

    Parameters
    ----------
    chip : numpy.ndarray
        Shape (s, s, 3), uint8, RGB.
    count : int
        How many.

    Returns
    -------
    numpy.ndarray
        Shape (count, s, s, 3), uint8, RGB.
    """
    draw = np.random.default_rng(zlib.crc32(chip.tobytes()))
    middle = chip.shape[0] / 2
    copies = []
    for number in range(count):
        angle, scale = np.radians(draw.uniform(-3, 3)), draw.uniform(0.95, 1.05)
        right, down = draw.uniform(-3, 3, size=2)
        cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
        picture = Image.fromarray(chip if number % 2 == 0 else chip[:, ::-1])
        place = (
            *(cos, sin, middle - cos * middle - sin * middle + right),
            *(-sin, cos, middle + sin * middle - cos * middle + down),
        )
        copies.append(
            np.asarray(
                picture.transform(
                    picture.size, Image.Transform.AFFINE, place, Image.Resampling.BILINEAR
                )
            )
        )
    return np.stack(copies)


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


class FaceEncoder(Remade):
    """
    dlib's residual network: a face becomes 128 numbers, near for one person, far for two.

    The encodings of a chip and of its mirror image are averaged, and brought to one length: the
    network's longer encodings lie further from everything, those of the same person too. Both make
    grouping surer; docs/measurements.md, has the figures.

    Parameters
    ----------
    landmarks : {5, 68}
        Points by which a face is turned upright and scaled before it is described.
    plain : bool
        Neither the mirror image nor the length: the network's own 128 numbers.
    jitter : int
        How many slightly moved copies are averaged, every other one mirrored; 0 for none. Each
        costs as much as one encoding.
    engine : {"onnx", "dlib"}
        What runs the network: the numbers agree to 1e-5.
    device : {"cpu", "cuda"}
        Where ONNX Runtime runs it.
    """

    def __init__(
        self,
        *,
        landmarks: Literal[5, 68] = 5,
        plain: bool = False,
        jitter: int = 0,
        engine: str = "onnx",
        device: Literal["cpu", "cuda"] = "cpu",
    ) -> None:
        self.landmarks = Landmarks(landmarks)
        self.plain = plain
        self.jitter = jitter
        self._network: Network
        if engine == "onnx":
            from toolkit.subjects.face.dlib.engine import OnnxEncoder

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
            calibration=CALIBRATION_PLAIN
            if self.plain
            else CALIBRATION_JITTERED
            if self.jitter
            else CALIBRATION,
            variant=f"{self.landmarks.points} landmarks, jitter {self.jitter}"
            + (", plain" if self.plain else ""),
            linkage=LINKAGE,
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
        cut = [self.landmarks.chip(image, box) for box in boxes]
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
            Shape (k, 128), float32, of length `LENGTH` unless plain.
        """
        return self.weighed(chips)[0]

    def weighed(self, chips: Rgb) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
        """
        Describe each face, and say how much it says.

        Parameters
        ----------
        chips : numpy.ndarray
            As for `encode`.

        Returns
        -------
        (numpy.ndarray, numpy.ndarray)
            As `encode`; and shape (k,), float64, 0 to 1: see `toolkit.subjects.face.worth`. It is
            known where the mirror image is encoded, and 1 elsewhere.
        """
        said = np.ones(len(chips))
        if not len(chips):
            return np.zeros((0, DIMENSIONS), dtype=np.float32), said
        if self.jitter:
            moved = (jittered(chip, self.jitter) for chip in chips)
            mean = np.stack(
                [self._network.encode(each).mean(axis=0, dtype=np.float64) for each in moved]
            )
        elif self.plain:
            return self._network.encode(chips), said
        else:
            both = np.concatenate([chips, chips[:, :, ::-1]])
            encoded = self._network.encode(both).reshape(2, -1, DIMENSIONS)
            mean = encoded.mean(axis=0, dtype=np.float64)
            said = worth(chips, encoded)
        if not self.plain:
            mean *= LENGTH / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9)
        return mean.astype(np.float32), said


def face(settings: FaceSettings) -> Subject:
    """
    Return the subject "face".

    Parameters
    ----------
    settings : FaceSettings
        How they are sought and described.

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
    finds: CnnDetector | HogDetector = (
        HogDetector(**seeking) if settings.detector == "hog" else CnnDetector(**seeking, **running)
    )
    detector: Detector = finds
    if settings.turned:
        judge = finds if isinstance(finds, CnnDetector) else CnnDetector(**running)
        detector = TurnedFaces(finds, judge, Landmarks(5))
    encoder = FaceEncoder(
        landmarks=settings.landmarks, plain=settings.plain, jitter=settings.jitter, **running
    )
    return Subject(FACE.name, detector, encoder, FACE.words, FACE.exclusive_in_photo)
