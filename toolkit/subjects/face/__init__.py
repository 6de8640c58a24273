"""The subject "face": where faces are, and what tells one from another."""

from toolkit.names import SubjectInfo, Words

__all__ = ["FACE", "calibration", "detectors", "dlib", "settings", "subject"]

FACE = SubjectInfo("face", Words("face", "faces", "person", "people"), exclusive_in_photo=True)
