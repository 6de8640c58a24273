"""Animals: what stands out in a photo, told apart by the marks of the coat."""

from __future__ import annotations

from toolkit.files import folder_at
from toolkit.subjects.animal import ANIMAL, detections_file
from toolkit.subjects.animal.detections_file import BoxesDetector
from toolkit.subjects.animal.detectors import MaskDetector, WholePhoto
from toolkit.subjects.animal.mask import SaliencyMask
from toolkit.subjects.animal.matcher import PatternMatcher
from toolkit.subjects.animal.onnx_detector import OnnxDetector
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.base import Detector, Subject


def animal(settings: AnimalSettings) -> Subject:
    """
    Return the subject "animal".

    Parameters
    ----------
    settings : AnimalSettings
        How they are sought and described.

    Raises
    ------
    BadModelFile
        If a model file is missing or cannot be used.
    BadSetting
        If the file of boxes, or a table that the settings name, cannot be used.
    MissingPackage
        If OpenCV is not installed.
    """
    # First what is read in a moment, so that it is told in a moment.
    file = folder_at(settings.boxes) if settings.boxes else None
    found = () if file is None else detections_file.read(file)
    evidence = settings.evidence().ready()
    mask = SaliencyMask()
    detector = _detector(settings, mask)
    if file is not None:
        detector = BoxesDetector(found, file.name, settings.min_confidence, detector)
    return Subject(
        *(ANIMAL.name, detector, PatternMatcher(mask), ANIMAL.words, ANIMAL.exclusive_in_photo),
        evidence=evidence,
    )


def _detector(settings: AnimalSettings, mask: SaliencyMask) -> Detector:
    if settings.detector == "mask":
        return MaskDetector(mask)
    if settings.detector == "whole":
        return WholePhoto()
    return OnnxDetector(folder_at(settings.detector), settings.min_confidence)
