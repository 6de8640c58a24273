"""What a user can choose: one frozen object a mode, which notebooks and commands both build."""

from __future__ import annotations

import math
import os
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeGuard

from toolkit.errors import BadSetting

METHODS = ("average", "linked", "online", "whispers", "dbscan", "hdbscan")
RULES = ("blend", "nearest", "mean")
DETECTORS = ("cnn", "hog")
ENGINES = ("onnx", "dlib")
DEVICES = ("cpu", "cuda")


def _require(condition: bool, name: str, value: object, expected: str) -> None:
    if not condition:
        raise BadSetting(f"{name} is {value!r}; expected {expected}")


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """
    What both modes share.

    Attributes
    ----------
    threshold : float or "auto"
        Encoder distance up to which two faces count as one person. "auto" takes the one at which
        they are as likely one person as two, given how many people could be confused.
    long_edge : int
        Longer side, in px, to which a photo is shrunk before faces are sought, at least 100. The
        face itself is always cut from the full-size photo.
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
    min_face : int
        Shorter side, in px of the full-size photo, below which a face is left out.
    min_score : float
        Least score of a detection, 0 or more.
    min_sharpness : float
        Sharpness (see `toolkit.photos.quality`) below which a face is left out, 0 to 1: it is so
        far out of focus that its encoding is chance.
    landmarks : {5, 68}
        Points by which a face is aligned.
    plain : bool
        Take dlib's own 128 numbers as they are, as face_recognition does: without the mirror image,
        and not brought to one length.
    jitter : int
        Slightly moved copies of each face that are averaged, 0 to 100; 0 for none.
    one_per_photo : bool
        Two faces in one photo are never one person.
    link : bool
        Put symbolic links into the sorted folders, not copies.
    jobs : int
        Threads; 0 for one a processor core.
    memory : float
        GB that photos under way may take together, and grouping after them; 0 for what this
        computer can give. A photo, or a way of grouping, that can never fit is not tried.
    """

    threshold: float | Literal["auto"] = "auto"
    long_edge: int = 1200
    detector: str = "cnn"
    upsample: int | None = None
    engine: str = "onnx"
    device: Literal["cpu", "cuda"] = "cpu"
    min_face: int = 20
    min_score: float = 0.0
    min_sharpness: float = 0.08
    landmarks: Literal[5, 68] = 5
    plain: bool = False
    jitter: int = 0
    one_per_photo: bool = True
    link: bool = False
    jobs: int = 0
    memory: float = 0.0

    def __post_init__(self) -> None:
        threshold = self.threshold
        _require(
            threshold == "auto" or (_number(threshold) and 0 < threshold < 2),
            "threshold",
            threshold,
            '"auto", or a distance above 0 and below 2, such as 0.55',
        )
        _require(
            _whole(self.long_edge) and 100 <= self.long_edge <= 20_000,
            "long_edge",
            self.long_edge,
            "a whole number of px from 100 to 20000",
        )
        _require(
            self.detector in DETECTORS, "detector", self.detector, f"one of {', '.join(DETECTORS)}"
        )
        _require(
            self.upsample is None or (_whole(self.upsample) and self.upsample in (0, 1, 2)),
            "upsample",
            self.upsample,
            "0, 1 or 2, or None",
        )
        _require(self.engine in ENGINES, "engine", self.engine, f"one of {', '.join(ENGINES)}")
        _require(self.device in DEVICES, "device", self.device, f"one of {', '.join(DEVICES)}")
        _require(
            self.engine == "onnx" or self.device == "cpu",
            "device",
            self.device,
            "cpu with the engine dlib; only the engine onnx has others",
        )
        _require(
            math.isfinite(self.min_sharpness) and 0 <= self.min_sharpness <= 1,
            "min_sharpness",
            self.min_sharpness,
            "a number from 0 to 1",
        )
        _require(
            _whole(self.min_face) and self.min_face >= 0,
            "min_face",
            self.min_face,
            "a whole number of px, 0 or more",
        )
        _require(
            math.isfinite(self.min_score) and self.min_score >= 0,
            "min_score",
            self.min_score,
            "a number, 0 or more",
        )
        _require(self.landmarks in (5, 68), "landmarks", self.landmarks, "5 or 68")
        _require(
            _whole(self.jitter) and 0 <= self.jitter <= 100,
            "jitter",
            self.jitter,
            "a whole number from 0 to 100",
        )
        _require(
            _whole(self.jobs) and 0 <= self.jobs <= 256,
            "jobs",
            self.jobs,
            "a whole number of threads from 0 (one a core) to 256",
        )
        _require(
            _number(self.memory) and self.memory >= 0,
            "memory",
            self.memory,
            "a number of GB above 0, or 0 for what this computer can give",
        )

    @property
    def threads(self) -> int:
        """How many threads `jobs` means on this machine."""
        return self.jobs or cores()

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class AutopilotSettings(Settings):
    """
    What autopilot can be told, beside `Settings`.

    Attributes
    ----------
    method : {"average", "linked", "online", "whispers", "dbscan", "hdbscan"}
        The way of grouping; see `toolkit.grouping.cluster`.
    """

    method: str = "average"

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(self.method in METHODS, "method", self.method, f"one of {', '.join(METHODS)}")


@dataclass(frozen=True, kw_only=True)
class PointAndShootSettings(Settings):
    """
    What point-and-shoot can be told, beside `Settings`.

    Attributes
    ----------
    method : {"blend", "nearest", "mean"}
        Compare by the distance to a person's nearest reference, by the mean distance to all of
        them, or by the mean of these two.
    largest_face : bool
        Of several faces in a reference photo, take the largest; otherwise that photo is reported
        and not used.
    """

    method: str = "blend"
    largest_face: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _require(self.method in RULES, "method", self.method, f"one of {', '.join(RULES)}")


def cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
