"""Which subjects there are, and each as the settings want it."""

from __future__ import annotations

import numpy as np

from toolkit.errors import BadSetting
from toolkit.names import printable
from toolkit.records import SubjectInfo
from toolkit.settings import Settings
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE

SUBJECTS = {FACE.name: FACE}
DEFAULT = FACE.name


def info(name: str = DEFAULT) -> SubjectInfo:
    """
    Return what is known of a subject before anything is looked at.

    Raises
    ------
    BadSetting
        If there is none of that name.
    """
    if name not in SUBJECTS:
        raise BadSetting(
            f"the subject is {printable(name)!r}; expected one of {', '.join(SUBJECTS)}"
        )
    return SUBJECTS[name]


def subject_for(settings: Settings) -> Subject:
    """Return the subject that the settings are about, as they want it."""
    from toolkit.subjects.face.subject import face

    return face(settings)


def doubled(longest: int, long_edge: int, upsample: int | None = None) -> bool:
    """
    Tell whether a run would double a photo, left as it is by its long edge, before the search.

    Parameters
    ----------
    longest, long_edge : int
        The photo's longer side, and what it would be shrunk to, in px.
    upsample : int, optional
        As in the settings.
    """
    from toolkit.subjects.face.detectors import doublings

    return doublings(np.empty((longest, 1, 0), dtype=np.uint8), upsample, long_edge) > 0
