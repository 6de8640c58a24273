"""The subject "animal": where animals are, and which individual each is, by its pattern."""

from toolkit.names import SubjectInfo, Words

__all__ = ["ANIMAL", "calibration", "detectors", "mask", "matcher", "settings", "subject"]

ANIMAL = SubjectInfo(
    "animal", Words("animal", "animals", "individual", "individuals"), exclusive_in_photo=True
)
