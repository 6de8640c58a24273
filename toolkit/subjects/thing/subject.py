"""Things: photos of goods, told apart by the marks on them and by what a network makes of them."""

from __future__ import annotations

from toolkit.subjects import weights
from toolkit.subjects.base import Subject
from toolkit.subjects.detection.mask import SaliencyMask
from toolkit.subjects.matching.calibration import PatternCalibration
from toolkit.subjects.matching.efficientnet import MODEL as LITE2
from toolkit.subjects.matching.efficientnet import EfficientNet
from toolkit.subjects.matching.likeness import Likeness
from toolkit.subjects.matching.matcher import Part, PatternMatcher
from toolkit.subjects.matching.sift import SiftMarks
from toolkit.subjects.thing import THING
from toolkit.subjects.thing.settings import ThingSettings

# Marks that are described, at most: print has many clear ones, and more find no more.
MOST = 500
# On 465 photos of 20 packed groceries before shelves.
FITTED_ON = "groceries"
SHIPPED = (
    PatternCalibration(
        ("printed",), -1.675, (0.42,), (1.545,), FITTED_ON, others=(0.05, 0.336, 0.841)
    ),
    PatternCalibration(
        ("printed", "lite2"),
        -3.09,
        (0.318, 0.205),
        (1.217, 0.751),
        FITTED_ON,
        others=(-0.03, 0.356, 0.803),
    ),
)


def thing(settings: ThingSettings) -> Subject:
    """
    Return the subject "thing".

    Parameters
    ----------
    settings : ThingSettings
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
    parts: list[Part] = [SiftMarks(("printed",), most=MOST)]
    by = ""
    if weights.is_here(LITE2):
        by = "lite2"
        parts.append(Likeness(EfficientNet(), by, LITE2))
    parts += settings.own_parts()
    return Subject(
        THING.name,
        detector,
        PatternMatcher(mask, THING, SHIPPED, fitted=fitted, parts=parts, by=by),
        THING.words,
        THING.exclusive_in_photo,
    )
