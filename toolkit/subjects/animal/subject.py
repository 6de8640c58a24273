"""Animals: what stands out in a photo, told apart by the marks of the coat."""

from __future__ import annotations

from toolkit.subjects.animal import ANIMAL
from toolkit.subjects.animal.detectors import MaskDetector, WholePhoto
from toolkit.subjects.animal.mask import SaliencyMask
from toolkit.subjects.animal.matcher import PatternMatcher
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
        If the model file is missing or not the pinned one.
    MissingPackage
        If OpenCV is not installed.
    BadSetting
        If a table that the settings name cannot be used.
    """
    # First what the user can mend, before the long work.
    evidence = settings.evidence().ready()
    mask = SaliencyMask()
    detector: Detector = MaskDetector(mask) if settings.detector == "mask" else WholePhoto()
    return Subject(
        *(ANIMAL.name, detector, PatternMatcher(mask), ANIMAL.words, ANIMAL.exclusive_in_photo),
        evidence=evidence,
    )
