"""Animals: what stands out in a photo, told apart by the marks of the coat."""

from __future__ import annotations

from toolkit.subjects import weights
from toolkit.subjects.animal import ANIMAL
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.detection.mask import SaliencyMask
from toolkit.subjects.matching.calibration import PatternCalibration
from toolkit.subjects.matching.disk import MODEL as DISK
from toolkit.subjects.matching.disk import DiskMarks
from toolkit.subjects.matching.efficientnet import MODEL as LITE2
from toolkit.subjects.matching.efficientnet import EfficientNet
from toolkit.subjects.matching.likeness import Likeness
from toolkit.subjects.matching.matcher import Part, PatternMatcher
from toolkit.subjects.matching.sift import SiftMarks

# On 502 photos of 84 nyala, either flank for itself, and 368 of 23 cows seen from above, which
# count as much as both flanks.
FITTED_ON = "nyala and cows"
SIFT = ("upright", "turned")
SHIPPED = (
    PatternCalibration(SIFT, -1.359, (0.0, 0.898), (0.574, 0.672), FITTED_ON),
    PatternCalibration((*SIFT, "disk"), -1.343, (0.0, 0.844, 0.0), (0.27, 0.617, 0.452), FITTED_ON),
    PatternCalibration(
        (*SIFT, "lite2"), -2.084, (0.0, 0.776, 0.056), (0.404, 0.611, 0.928), FITTED_ON
    ),
    PatternCalibration(
        (*SIFT, "disk", "lite2"),
        -1.948,
        (0.0, 0.753, 0.044, 0.039),
        (0.189, 0.567, 0.317, 0.87),
        FITTED_ON,
    ),
)


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
        If the file of boxes, or the calibration, cannot be used.
    MissingPackage
        If OpenCV is not installed.
    """
    # First what is read in a moment, so that it is told in a moment.
    fitted = settings.read_calibration()
    mask = SaliencyMask()
    detector = settings.make_detector(mask)
    parts: list[Part] = [SiftMarks()]
    if weights.is_here(DISK):
        parts.append(DiskMarks())
    if weights.is_here(LITE2):
        parts.append(Likeness(EfficientNet(), "lite2", LITE2))
    parts += settings.own_parts()
    return Subject(
        ANIMAL.name,
        detector,
        PatternMatcher(mask, ANIMAL, SHIPPED, fitted=fitted, parts=parts),
        ANIMAL.words,
        ANIMAL.exclusive_in_photo,
        evidence=settings.evidence(),
    )
