"""Which subjects there are, and each as the settings want it."""

from __future__ import annotations

from toolkit.settings import Settings
from toolkit.subjects.base import Subject


def face_subject(settings: Settings) -> Subject:
    """Return the subject "face" as the settings want it."""
    from toolkit.subjects.face.subject import face

    return face(settings)
