"""How things are sought and described."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from toolkit.names import SubjectInfo
from toolkit.subjects.detection.kinds import KEPT_APART
from toolkit.subjects.detection.settings import DetectionSettings
from toolkit.subjects.matching.settings import MatchingSettings
from toolkit.subjects.settings import ScanSettings, again
from toolkit.subjects.thing import THING

if TYPE_CHECKING:
    from toolkit.subjects.base import Subject


@dataclass(frozen=True, kw_only=True)
class ThingSettings(DetectionSettings, MatchingSettings):
    """
    What can be chosen about things, whatever is done with them; see `DetectionSettings`,
    `MatchingSettings` and `ScanSettings`.
    """

    subject: ClassVar[SubjectInfo] = THING
    aside: ClassVar[tuple[str, ...]] = KEPT_APART[:-1]
    unsure: ClassVar[str] = KEPT_APART[-1]
    none_found: ClassVar[str] = (
        "each photo as it is shows a thing (--detector whole); people are told apart by their "
        "faces, which are another subject (--subject face)"
    )
    in_modes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "unsorted": {
            "default": "unsorted",
            "explained": "a folder in OUT for photos that go into no other (%(default)s); beside "
            f"it lies {KEPT_APART[-1]}. '' for none of these",
        }
    }
    listed: ClassVar[bool] = True
    models: ClassVar[tuple[str, ...]] = ("u2netp",)
    slider: ClassVar[tuple[float, float, float]] = (0.1, 1.0, 1.6)

    long_edge: int = again(ScanSettings, "long_edge", default=1000)
    min_size: int = again(ScanSettings, "min_size", default=24)
    detector: str = again(DetectionSettings, "detector", default="whole")
    boxes: str = again(DetectionSettings, "boxes")
    min_confidence: float = again(DetectionSettings, "min_confidence")
    encoder: str = again(MatchingSettings, "encoder")
    calibration: str = again(MatchingSettings, "calibration")

    def make_subject(self) -> Subject:
        """
        Return the subject "thing" as these settings want it.

        Raises
        ------
        BadModelFile
            If a model file is missing or cannot be used.
        BadSetting
            If the file of boxes, or the calibration, cannot be used.
        MissingPackage
            If OpenCV is not installed.
        """
        from toolkit.subjects.thing.subject import thing

        return thing(self)
