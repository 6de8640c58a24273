"""SIFT: marks, upright for what stands, turned for what is seen from above."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from toolkit.records import Features
from toolkit.subjects.base import Remade, Rgb
from toolkit.subjects.matching import marks
from toolkit.subjects.matching.marks import ANY_WAY, NONE, TURNED, Float32, opencv

# Marks of one subject that are described, at most; the clearest go first.
MOST = 700
# How clear a mark must be: a fifth of what is usual, for coats of animals are soft.
CONTRAST = 0.005
CLAHE_LIMIT, CLAHE_TILES = 2.0, (8, 8)
# A mark is matched where its nearest one is nearer than this share of the second nearest (Lowe).
RATIO = 0.85
# How far a subject may be turned, in degrees, by the way that its marks are described. What is
# printed is described as what is turned: it has more marks, which count otherwise.
WAYS = {"upright": TURNED, "turned": ANY_WAY, "printed": ANY_WAY}
COATS = ("upright", "turned")


class SiftMarks(Remade):
    """
    Describes marks upright, or each turned its own way. Threads may share one.

    Parameters
    ----------
    ways : sequence of str
        Which of `WAYS` are described and compared.
    most : int
        Marks that are described, at most; the clearest go first. Comparing costs their square.

    References
    ----------
    .. [1] D. Lowe, Distinctive image features from scale-invariant keypoints, 2004.
    .. [2] R. Arandjelovic, A. Zisserman, Three things everyone should know to improve object
       retrieval, 2012, for the square root of descriptors.
    .. [3] J. Crall et al., HotSpotter: patterned species instance recognition, 2013, for the use of
       places that agree.
    """

    def __init__(self, ways: Sequence[str] = COATS, *, most: int = MOST) -> None:
        self.scores, self._most = tuple(ways), most
        about = (most, CONTRAST, CLAHE_LIMIT, CLAHE_TILES)
        self.name = repr(about if self.scores == COATS else (*about, *ways))
        self._own = threading.local()
        opencv()

    def features(self, image: Rgb, inside: npt.NDArray[np.bool_]) -> Features:
        """
        Describe the marks of a picture, shape (h, w, 3), where `inside`, shape (h, w), says so.

        Returns
        -------
        Features
            For each of its ways, such as "upright": that, shape (m, 128), uint8, and "upright_at",
            shape (m, 2), float32, where each is, in px.
        """
        cv2 = opencv()
        if not hasattr(self._own, "sift"):
            cv2.setNumThreads(1)
            self._own.sift = cv2.SIFT_create(contrastThreshold=CONTRAST)
            self._own.clahe = cv2.createCLAHE(clipLimit=CLAHE_LIMIT, tileGridSize=CLAHE_TILES)
        if not inside.any():
            nowhere: dict[str, npt.NDArray[np.generic]] = {}
            for name in self.scores:
                nowhere |= {name: np.zeros((0, 128), np.uint8), f"{name}_at": NONE}
            return nowhere
        grey = self._own.clahe.apply(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY))
        found = self._own.sift.detect(grey, np.where(inside, 255, 0).astype(np.uint8))
        found = sorted(found, key=lambda mark: (-mark.response, mark.pt, mark.angle))
        upright, known = [], set()
        for mark in found:
            place = (mark.pt, mark.size)
            if place not in known:
                known.add(place)
                upright.append(cv2.KeyPoint(*mark.pt, mark.size, 0.0, mark.response, mark.octave))
        those_of = {"upright": upright, "turned": found, "printed": found}
        made: dict[str, npt.NDArray[np.generic]] = {}
        for name in self.scores:
            those, described = self._own.sift.compute(grey, those_of[name][: self._most])
            none = described is None
            made[name] = np.zeros((0, 128), np.uint8) if none else described.astype(np.uint8)
            places = [mark.pt for mark in those]
            made[f"{name}_at"] = np.array(places, dtype=np.float32).reshape(-1, 2)
        return made

    def compare(self, one: Features, other: Features) -> list[float]:
        """Return how many marks of both lie alike, way by way."""
        return [float(len(each[0])) for each in self.common(one, other)]

    def common(self, one: Features, other: Features) -> list[tuple[Float32, Float32]]:
        """Return where they are in both, way by way; see `marks.fitting`."""
        return [marks.fitting(one, other, kind, WAYS[kind], RATIO) for kind in self.scores]
