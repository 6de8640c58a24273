"""Animals: what stands out in a photo, told apart by the marks of the coat."""

from __future__ import annotations

from toolkit.files import folder_at
from toolkit.subjects import weights
from toolkit.subjects.animal import ANIMAL, calibration, detections_file
from toolkit.subjects.animal.detections_file import BoxesDetector
from toolkit.subjects.animal.detectors import MaskDetector, WholePhoto
from toolkit.subjects.animal.disk import MODEL as DISK
from toolkit.subjects.animal.disk import DiskMarks
from toolkit.subjects.animal.likeness import Likeness
from toolkit.subjects.animal.mask import SaliencyMask
from toolkit.subjects.animal.matcher import Part, PatternMatcher
from toolkit.subjects.animal.onnx_detector import OnnxDetector
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.animal.sift import SiftMarks
from toolkit.subjects.base import Detector, Subject
from toolkit.subjects.efficientnet import MODEL as LITE2
from toolkit.subjects.efficientnet import EfficientNet
from toolkit.subjects.onnx_encoder import OnnxEncoder


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
        If the file of boxes cannot be used.
    MissingPackage
        If OpenCV is not installed.
    """
    # First what is read in a moment, so that it is told in a moment.
    file = folder_at(settings.boxes) if settings.boxes else None
    found = () if file is None else detections_file.read(file)
    fitted = calibration.read(folder_at(settings.calibration)) if settings.calibration else None
    parts = _parts(settings)
    mask = SaliencyMask()
    detector = _detector(settings, mask)
    if file is not None:
        detector = BoxesDetector(found, file.name, settings.min_confidence, detector)
    return Subject(
        ANIMAL.name,
        detector,
        PatternMatcher(mask, fitted, parts),
        ANIMAL.words,
        ANIMAL.exclusive_in_photo,
        evidence=settings.evidence(),
    )


def _parts(settings: AnimalSettings) -> list[Part]:
    """Return what compares animals: SIFT, and what is on this machine."""
    parts: list[Part] = [SiftMarks()]
    if weights.is_here(DISK):
        parts.append(DiskMarks())
    if weights.is_here(LITE2):
        parts.append(Likeness(EfficientNet(), "lite2", LITE2))
    if settings.encoder:
        encoder = OnnxEncoder(folder_at(settings.encoder))
        parts.append(Likeness(encoder, "encoder", encoder.name))
    return parts


def _detector(settings: AnimalSettings, mask: SaliencyMask) -> Detector:
    if settings.detector == "mask":
        return MaskDetector(mask)
    if settings.detector == "whole":
        return WholePhoto()
    return OnnxDetector(folder_at(settings.detector), settings.min_confidence)
