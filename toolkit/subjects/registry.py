"""Which subjects there are, and each as the settings want it."""

from __future__ import annotations

from toolkit.errors import BadSetting
from toolkit.names import printable
from toolkit.records import SubjectInfo, Words
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


def words_for(subject: Subject | None = None) -> Words:
    """Return what a subject and its individuals are called; those of the default for None."""
    return info().words if subject is None else subject.words


def subject_for(settings: Settings) -> Subject:
    """Return the subject that the settings are about, as they want it."""
    from toolkit.subjects.face.subject import face

    return face(settings)
