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
    PatternCalibration(SIFT, -1.345, (0.0, 1.017), (0.536, 0.67), FITTED_ON, (0.227, 0.303, 1.027)),
    PatternCalibration(
        (*SIFT, "disk"),
        -1.323,
        (0.0, 0.97, 0.0),
        (0.206, 0.595, 0.492),
        FITTED_ON,
        (0.19, 0.348, 0.948),
    ),
    PatternCalibration(
        (*SIFT, "lite2"),
        -2.489,
        (0.021, 0.896, 0.124),
        (0.342, 0.6, 0.868),
        FITTED_ON,
        (0.081, 0.35, 0.87),
    ),
    PatternCalibration(
        (*SIFT, "disk", "lite2"),
        -2.337,
        (0.0, 0.786, 0.009, 0.109),
        (0.111, 0.566, 0.376, 0.828),
        FITTED_ON,
        (0.07, 0.391, 0.82),
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
