"""Which subjects there are, and each as the settings want it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from toolkit.errors import BadSetting
from toolkit.names import SubjectInfo, Words, printable
from toolkit.subjects import weights
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.face.settings import FaceSettings
from toolkit.subjects.settings import ScanSettings, declared
from toolkit.subjects.thing.settings import ThingSettings

if TYPE_CHECKING:
    from toolkit.calibration import Linkage
    from toolkit.subjects.base import Subject

# By its settings, each says what it is and makes what looks for it.
SUBJECTS: dict[str, type[ScanSettings]] = {
    kind.subject.name: kind for kind in (FaceSettings, AnimalSettings, ThingSettings)
}
# The version of the way that photos are looked at: to be raised with any change of its results, so
# that nothing kept before is taken for what would be seen now.
LOOKS = 2
DEFAULT = FaceSettings.subject.name


def settings_of(name: str = DEFAULT) -> type[ScanSettings]:
    """
    Return the settings that a subject has of its own.

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


def words_for(subject: Subject | None = None, settings: ScanSettings | None = None) -> Words:
    """Return the words of a subject, else of what settings are about, else of the default."""
    if subject is not None:
        return subject.words
    return info().words if settings is None else settings.subject.words


def draws(name: str) -> bool:
    """Whether boxes of a subject can be drawn by hand."""
    return name in SUBJECTS and SUBJECTS[name].draws


def lists(name: str) -> bool:
    """Whether individuals of a subject are products, which a shop lists by a catalogue."""
    return name in SUBJECTS and SUBJECTS[name].listed


def default_of_listings() -> str:
    """Return the subject of a catalogue for which none was named."""
    return next((name for name in SUBJECTS if lists(name)), DEFAULT)


def notes_of(name: str) -> tuple[str, ...]:
    """Return what is known of sightings of a subject beside their pictures: columns of a table."""
    import pandas as pd

    evidence = settings_of(name)().evidence()
    nothing = pd.DataFrame({"path": pd.Series(dtype=object)})
    return () if evidence is None else tuple(evidence.notes(nothing, None).columns)


def info(name: str = DEFAULT) -> SubjectInfo:
    """
    Return what is known of a subject before anything is looked at.

    Raises
    ------
    BadSetting
        If there is none of that name.
    """
    return settings_of(name).subject


def subject_for(settings: ScanSettings) -> Subject:
    """Return the subject that the settings are about, as they want it, with its key."""
    subject = settings.make_subject()
    encoder = subject.encoder.info
    told = {
        "looks": LOOKS,
        "subject": subject.name,
        "settings": {
            each.name: getattr(settings, each.name)
            for each in declared(type(settings))
            if each.changes in ("scan", "subject") and each.name not in settings.told_by_photo
        },
        "detector": subject.detector.name,
        "encoder": [
            *(encoder.name, encoder.weights_digest, encoder.dimensions),
            *(encoder.metric, encoder.variant),
        ],
        "weights": sorted(weights.manifest()[name].sha256 for name in settings.models),
    }
    key = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()
    return replace(subject, key=key)


def linkage_before() -> Linkage:
    """Return how groups count in results that do not say it: they are of faces, which were all."""
    from toolkit.subjects.face.calibration import LINKAGE

    return LINKAGE
