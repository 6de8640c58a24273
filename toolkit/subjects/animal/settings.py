"""How animals are sought and described."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from toolkit.names import SubjectInfo
from toolkit.subjects.animal import ANIMAL
from toolkit.subjects.settings import (
    ChoiceOrFile,
    FilePath,
    Number,
    ScanSettings,
    again,
    setting,
)

if TYPE_CHECKING:
    from pathlib import Path

    from toolkit.subjects.base import Subject

DETECTORS = ("mask", "whole")
# The boxes that were drawn by hand, in a folder of results.
DRAWN = "boxes.json"
# What photos show that are kept apart; the last is what the mask says of a photo that it finds
# nothing in: it misses too many animals to call that empty.
PERSON, VEHICLE, OTHER, EMPTY, NOTHING = "person", "vehicle", "other", "empty", "nothing found"
KEPT_APART = (PERSON, VEHICLE, OTHER, EMPTY, NOTHING, "unsure")


@dataclass(frozen=True, kw_only=True)
class AnimalSettings(ScanSettings):
    """
    What can be chosen about animals, whatever is done with them; see `ScanSettings` for the others.

    Attributes
    ----------
    detector : str
        What finds animals. "mask" takes the largest part of a photo that stands out; "whole" takes
        each photo as the picture of one animal; a path is that of a network (ONNX), with its
        description beside it; see `toolkit.subjects.animal.onnx_detector`.
    boxes : str
        Path of a file with the results of MegaDetector, "" for none: photos in it are not searched;
        see `toolkit.subjects.animal.detections_file`.
    min_confidence : float
        Boxes of that file, or of a network, that are less sure than this are none.
    """

    subject: ClassVar[SubjectInfo] = ANIMAL
    draws: ClassVar[bool] = True
    aside: ClassVar[tuple[str, ...]] = KEPT_APART[:-1]
    unsure: ClassVar[str] = KEPT_APART[-1]
    none_found: ClassVar[str] = (
        "small, blurred and hidden animals are found by a detector of animals (--boxes, "
        "--detector); people by their faces, which are another subject (--subject face)"
    )
    in_modes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "unsorted": {
            "default": "unsorted",
            "explained": "a folder in OUT for photos that go into no other (%(default)s); beside "
            f"it lie {', '.join(KEPT_APART)}. '' for none of these",
        }
    }
    models: ClassVar[tuple[str, ...]] = ("u2netp",)
    told_by_photo: ClassVar[frozenset[str]] = frozenset({"boxes", "min_confidence"})
    slider: ClassVar[tuple[float, float, float]] = (0.1, 1.0, 1.6)

    long_edge: int = again(ScanSettings, "long_edge", default=1000)
    min_size: int = again(ScanSettings, "min_size", default=40)
    detector: str = setting(
        "mask",
        takes=ChoiceOrFile(
            "the path of a network that ends in .onnx", values=DETECTORS, ending=".onnx"
        ),
        changes="subject",
        explained="mask takes the largest part of a photo that stands out, whole each photo as it "
        "is, for photos that are cropped already; or a network of your own, MODEL.onnx, with "
        "MODEL.json or MODEL.toml beside it (%(default)s)",
        metavar="mask|whole|MODEL.onnx",
        label="animals are found by",
    )
    boxes: str = setting(
        "",
        takes=FilePath("the path of a JSON file with the results of MegaDetector"),
        changes="subject",
        explained="take animals, people and vehicles from the results of MegaDetector (JSON); "
        "photos that it does not have are searched as --detector says",
        metavar="RESULTS.json",
        label="boxes from a file (MegaDetector's JSON)",
    )
    min_confidence: float = setting(
        0.2,
        takes=Number(0, 1),
        changes="subject",
        explained="boxes of --boxes or MODEL.onnx that are less sure than this are none "
        "(%(default)s)",
        metavar="P",
        label="least confidence of a box",
    )

    def make_subject(self) -> Subject:
        """
        Return the subject "animal" as these settings want it.

        Raises
        ------
        BadModelFile
            If a model file is missing or cannot be used.
        BadSetting
            If the file of boxes cannot be used.
        MissingPackage
            If OpenCV is not installed.
        """
        from toolkit.subjects.animal.subject import animal

        return animal(self)

    def corrected(self, subject: Subject, out: Path | None) -> Subject:
        """Return it with the boxes that were drawn by hand; see `ScanSettings.corrected`."""
        if out is None or not (out / DRAWN).is_file():
            return subject
        from toolkit.subjects.animal import detections_file

        found = detections_file.read(out / DRAWN)
        drawn = detections_file.DrawnBoxes(found, DRAWN, subject.detector) if found else None
        return subject if drawn is None else replace(subject, detector=drawn)
