"""How faces are sought and described, and which of them are too small or too blurred to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from toolkit.names import SubjectInfo
from toolkit.subjects.face import FACE
from toolkit.subjects.settings import (
    Choice,
    Number,
    ScanSettings,
    Switch,
    Whole,
    again,
    require,
    setting,
)

if TYPE_CHECKING:
    from toolkit.subjects.base import Subject

DETECTORS = ("cnn", "hog")
ENGINES = ("onnx", "dlib")
DEVICES = ("cpu", "cuda")


@dataclass(frozen=True, kw_only=True)
class FaceSettings(ScanSettings):
    """
    What can be chosen about faces, whatever is done with them; see `ScanSettings` for the others.

    Attributes
    ----------
    detector : {"cnn", "hog"}
        What finds faces. "cnn" finds turned and half-hidden faces; "hog" frontal ones.
    upsample : {0, 1, 2} or None
        How often the photo is doubled before the search, for smaller faces, at four times the work
        each. None doubles a photo once where that brings it nearer to `long_edge`, so that small
        photos are searched as well as large ones.
    engine : {"onnx", "dlib"}
        What runs dlib's networks: ONNX Runtime, or dlib itself, 12 to 27 times slower.
    device : {"cpu", "cuda"}
        Where ONNX Runtime runs them; "cuda" needs the package onnxruntime-gpu.
    turned : bool
        Whether faces that lie on their side or upside down are sought, too, and put upright.
    min_score : float
        Least score of a detection, 0 or more.
    landmarks : {5, 68}
        Points by which a face is aligned.
    plain : bool
        Take dlib's own 128 numbers as they are, as face_recognition does: without the mirror image,
        and not brought to one length.
    jitter : int
        Slightly moved copies of each face that are averaged, 0 to 100; 0 for none.
    """

    subject: ClassVar[SubjectInfo] = FACE
    models: ClassVar[tuple[str, ...]] = (
        "dlib_face_recognition_resnet_model_v1",
        "mmod_human_face_detector",
        "shape_predictor_5_face_landmarks",
        "shape_predictor_68_face_landmarks",
    )
    unsure: ClassVar[str] = "unsure"
    unsure_by_worth: ClassVar[bool] = True
    none_found: ClassVar[str] = (
        "in photos of animals, seek animals: they are another subject (--subject animal)"
    )
    renamed: ClassVar[Mapping[str, str]] = {"min_face": "min_size", "largest_face": "largest"}

    slider: ClassVar[tuple[float, float, float]] = (0.2, 0.5, 1.0)

    long_edge: int = again(ScanSettings, "long_edge", default=1200)
    detector: str = setting(
        "cnn",
        takes=Choice(
            DETECTORS,
            {
                "cnn": "CNN: turned and half-hidden faces too",
                "hog": "HOG: frontal faces only, quicker",
            },
        ),
        changes="subject",
        explained="cnn finds turned and half-hidden faces, hog frontal ones (%(default)s)",
        label="faces are found by",
    )
    upsample: int | None = setting(
        None,
        takes=Choice(
            (None, 0, 1, 2), {None: "where it helps", 0: "never", 1: "twice", 2: "four times"}
        ),
        changes="subject",
        explained="double photos so often before the search, for smaller faces; by default, once "
        "where that brings a small photo nearer to the long edge",
        label="enlarge before the search",
    )
    engine: str = setting(
        "onnx",
        takes=Choice(ENGINES),
        changes="subject",
        explained="what runs dlib's networks: ONNX Runtime, or dlib itself, far slower "
        "(%(default)s)",
    )
    device: Literal["cpu", "cuda"] = setting(
        "cpu",
        takes=Choice(DEVICES),
        changes="subject",
        explained="where ONNX Runtime runs; cuda needs the package onnxruntime-gpu (%(default)s)",
    )
    turned: bool = setting(
        True,
        takes=Switch(),
        changes="subject",
        explained="take every face for upright, and do not search photos without a face turned on "
        "their side and upside down",
        option="--no-turned",
        label="faces that lie on their side, too",
        advanced=True,
    )
    min_size: int = again(ScanSettings, "min_size", default=20)
    min_score: float = setting(
        0.0,
        takes=Number(),
        changes="subject",
        explained="leave out detections less sure than this: a clear face has 1 with cnn "
        "(%(default)s)",
        metavar="S",
    )
    min_sharpness: float = again(ScanSettings, "min_sharpness", default=0.08)
    landmarks: Literal[5, 68] = setting(
        5,
        takes=Choice((5, 68)),
        changes="subject",
        explained="points by which faces are aligned (%(default)s)",
    )
    plain: bool = setting(
        False,
        takes=Switch(),
        changes="subject",
        explained="describe faces by dlib's 128 numbers as they are, as face_recognition does; by "
        "default the mirror image is averaged in and all get one length, which sorts better",
    )
    jitter: int = setting(
        0,
        takes=Whole(0, 100),
        changes="subject",
        explained="average so many slightly moved copies of each face (%(default)s)",
        metavar="N",
        label="moved copies of each face",
        advanced=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.engine == "onnx" or self.device == "cpu",
            "device",
            self.device,
            "cpu with the engine dlib; only the engine onnx has others",
        )

    def enlarges(self, longest: int) -> bool:
        """Tell whether a photo is doubled before the search; `longest` is its longer side, px."""
        import numpy as np

        from toolkit.subjects.face.detectors import doublings

        shrunk = min(longest, self.long_edge)
        return (
            doublings(np.empty((shrunk, 1, 0), dtype=np.uint8), self.upsample, self.long_edge) > 0
        )

    def make_subject(self) -> Subject:
        """
        Return the subject "face" as these settings want it.

        Raises
        ------
        BadModelFile
            If a model file is missing or not the pinned one.
        MissingProvider
            If the device cannot be used.
        """
        from toolkit.subjects.face.subject import face

        return face(self)
