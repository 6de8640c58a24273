"""dlib's two detectors of faces."""

from __future__ import annotations

import pickle
import threading
from functools import cache
from pathlib import Path
from typing import Any, Literal

from toolkit.records import Box, Detection
from toolkit.subjects import weights
from toolkit.subjects.base import Remade, Rgb

CNN = "mmod_human_face_detector"


def _box(rectangle: Any) -> Box:
    return Box(rectangle.left(), rectangle.top(), rectangle.right() + 1, rectangle.bottom() + 1)


def _best_first(detections: list[Detection]) -> list[Detection]:
    return sorted(
        detections, key=lambda d: (-d.score, d.box.top, d.box.left, d.box.bottom, d.box.right)
    )


# Bytes that a search takes: whatever the picture, and for each px of it, doublings counted; as
# measured from 0.1 to 24 megapixels.
HOG_NEEDS, CNN_NEEDS, DLIB_NEEDS = (0, 15), (60_000_000, 65), (0, 1000)


def _needs(
    rates: tuple[int, int], width: int, height: int, upsample: int | None, long_edge: int
) -> int:
    times = _times(max(width, height), upsample, long_edge)
    start, each = rates
    return start + each * width * height * 4**times


def _times(longest: int, upsample: int | None, long_edge: int) -> int:
    return int(2 * longest**2 < long_edge**2) if upsample is None else upsample


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
    return _times(max(image.shape[:2]), upsample, long_edge)


# Only one thread is to do it: the others have copies.
_UNPACKING = threading.Lock()


@cache
def _packed_hog() -> bytes:
    """Return dlib's detector: dlib takes half a second to make one, and a copy takes no time."""
    import dlib

    return pickle.dumps(dlib.get_frontal_face_detector())


class HogDetector(Remade):
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
        self, *, upsample: int | None = None, long_edge: int = 1200, min_score: float = 0.0
    ) -> None:
        self.upsample = upsample
        self.long_edge = long_edge
        self.min_score = min_score
        # dlib's object keeps its work space, so threads cannot share one.
        self._own = threading.local()

    # Panoramas are searched part by part.
    in_parts = True

    @property
    def name(self) -> str:
        """What finds."""
        return "hog"

    def needs(self, width: int, height: int) -> int:
        """Return how many bytes it takes to search a picture of this size in px."""
        return _needs(HOG_NEEDS, width, height, self.upsample, self.long_edge)

    def detect(self, image: Rgb, path: Path | None = None) -> list[Detection]:
        """Return the faces, boxes in px of `image` (shape (h, w, 3), uint8, RGB), best first."""
        return self.search(image, doublings(image, self.upsample, self.long_edge))

    def search(self, image: Rgb, times: int) -> list[Detection]:
        """Return the same for a picture that is doubled so often before the search."""
        if not hasattr(self._own, "detector"):
            with _UNPACKING:
                packed = _packed_hog()
            self._own.detector = pickle.loads(packed)  # noqa: S301 - our own
        boxes, scores, _ = self._own.detector.run(image, times, self.min_score)
        return _best_first(
            [
                Detection(_box(rectangle), float(score))
                for rectangle, score in zip(boxes, scores, strict=True)
            ]
        )


class CnnDetector(Remade):
    """
    dlib's convolutional detector of faces, which finds turned and half-hidden ones too.

    It sees faces of 80 px and more for sure, most from 60 px, and half as small with each
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
            from toolkit.subjects.face.dlib.engine import OnnxFaceDetector

            self._onnx: OnnxFaceDetector | None = OnnxFaceDetector(
                path, cache_folder=weights.cache_folder(), threads=1, device=device
            )
            return
        import dlib

        self._onnx = None
        self._network = dlib.cnn_face_detection_model_v1(str(path))
        self._lock = threading.Lock()

    # Panoramas are searched part by part.
    in_parts = True

    @property
    def name(self) -> str:
        """What finds."""
        return "cnn"

    def needs(self, width: int, height: int) -> int:
        """Return how many bytes it takes to search a picture of this size in px."""
        rates = DLIB_NEEDS if self._onnx is None else CNN_NEEDS
        return _needs(rates, width, height, self.upsample, self.long_edge)

    def detect(self, image: Rgb, path: Path | None = None) -> list[Detection]:
        """Return the faces, boxes in px of `image` (shape (h, w, 3), uint8, RGB), best first."""
        return self.search(image, doublings(image, self.upsample, self.long_edge))

    def search(self, image: Rgb, times: int) -> list[Detection]:
        """Return the same for a picture that is doubled so often before the search."""
        if self._onnx is not None:
            boxes = self._onnx.detect(image, times)
            found = [Detection(Box(*box[:4]), box.confidence) for box in boxes]
        elif image.shape[1] < 10 or image.shape[0] < 7:
            found = []  # dlib fails on less
        else:
            with self._lock:
                faces = self._network(image, times)
            found = [Detection(_box(face.rect), float(face.confidence)) for face in faces]
        return _best_first([one for one in found if one.score >= self.min_score])
