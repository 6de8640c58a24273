"""The subject "face": where faces are, and what tells one from another."""

from toolkit.calibration import Cohesion, Linkage
from toolkit.names import SubjectInfo, Words

__all__ = ["FACE", "LINKAGE", "detectors", "dlib", "settings", "subject"]

FACE = SubjectInfo("face", Words("face", "faces", "person", "people"), exclusive_in_photo=True)

# How groups of faces count: chosen, and fitted by a logistic regression on composed albums, on one
# half of the people of Labeled Faces in the Wild (docs/measurements.md).
LINKAGE = Linkage(discount=0.06, cohesion=Cohesion(few=1.05, many=-0.39, size=0.61, start=-1.4))
