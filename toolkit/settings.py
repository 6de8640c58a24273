"""
What a user can choose: one frozen object a mode, which notebooks, panels and commands all build.

It combines what the search for a subject can be told (`toolkit.subjects.settings.ScanSettings`, and
the subject's own settings) with how sightings are assigned to individuals and how photos are
written out. `settings_for` makes that of any subject.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, make_dataclass
from typing import Any, ClassVar, Literal, TypeVar, overload

from toolkit.errors import BadSetting
from toolkit.subjects.face.settings import FaceSettings
from toolkit.subjects.settings import (
    Choice,
    Distance,
    FolderName,
    Part,
    ScanSettings,
    Switch,
    Whole,
    again,
    declared,
    setting,
)

METHODS = ("average", "linked", "online", "whispers", "dbscan", "hdbscan")
RULES = ("blend", "nearest", "mean")
LINKS = ("symbolic", "hard", "clone")
LINK_TEXTS: Mapping[str | int | None, str] = {
    None: "copies",
    "symbolic": "symbolic links",
    "hard": "hard links",
    "clone": "clones",
}

Mode = Literal["autopilot", "point-and-shoot"]
Kind = TypeVar("Kind", bound="Settings")


def _threshold_explained(confused: str) -> str:
    return (
        "distance up to which two {plural} are one {individual}: lower splits more, higher joins "
        "more (%(default)s: the distance at which two {plural} are as likely one {individual} as "
        "two, given how many " + confused + " could be confused)"
    )


@dataclass(frozen=True, kw_only=True)
class AssignSettings(Part):
    """
    Who is who.

    Attributes
    ----------
    threshold : float or "auto"
        Encoder distance up to which two sightings count as one individual. "auto" takes the one at
        which they are as likely one individual as two, given how many could be confused.
    one_per_photo : bool
        Two sightings in one photo are never one individual.
    names_from_photos : bool
        Regions with names in the photos' XMP, or in sidecars beside them, name the sightings that
        they overlap; see `toolkit.curation.photo_names`.
    """

    threshold: float | Literal["auto"] = setting(
        "auto",
        takes=Distance(),
        changes="assign",
        explained=_threshold_explained("{individuals}"),
        metavar="D",
        label="threshold (distance)",
    )
    one_per_photo: bool = setting(
        True,
        takes=Switch(),
        changes="assign",
        explained="let two {plural} in one photo be one {individual} (for mirrors and collages)",
        option="--same-photo",
        label="one photo shows {an_individual} once",
    )
    names_from_photos: bool = setting(
        False,
        takes=Switch(),
        changes="metadata",
        explained="take over the names of regions that digiKam, Lightroom or Picasa wrote into the "
        "photos, or beside them (.xmp)",
        label="take over names that are in the photos (XMP)",
        advanced=True,
    )


@dataclass(frozen=True, kw_only=True)
class ExportSettings(Part):
    """
    How photos are written out.

    Attributes
    ----------
    link : {"symbolic", "hard", "clone"} or None
        Put links into the sorted folders, not copies: symbolic ones, or hard ones, which are the
        photo itself under a second name; or clones, which are copies that share their bytes on the
        disk with the photo until either is changed, and copies where the file system has none.
    min_photos : int
        Individuals who are seen in fewer photos get no folder; they stay in the tables. Files of
        one picture count once.
    unsorted : str
        A folder for the photos that go into no other; "" for none.
    write_sidecars : bool
        Write a sidecar beside each copy, with the sightings and their names; see
        `toolkit.results.sidecars`.
    """

    respelled: ClassVar[Mapping[str, tuple[tuple[Any, Any], ...]]] = {
        "link": ((False, None), (True, "symbolic"))
    }

    link: str | None = setting(
        None,
        takes=Choice((None, *LINKS), texts=LINK_TEXTS, alone=LINKS[0]),
        changes="export",
        explained="instead of copies: symbolic links (also --link alone); hard links, which are "
        "the photos under a second name; or clones, which take no room until they are changed, and "
        "are copies where the file system has none",
        label="the folders get",
        advanced=True,
    )
    min_photos: int = setting(
        1,
        takes=Whole(1, unit="photos"),
        changes="export",
        explained="make no folder for {individuals} seen in fewer photos than this "
        "(%(default)s); they stay in the tables",
        metavar="N",
        label="photos for a folder, at least",
    )
    unsorted: str = setting(
        "",
        takes=FolderName("a folder's name"),
        changes="export",
        explained="a folder in OUT for photos that go into no other: with no {singular}, or none "
        "that is known",
        metavar="FOLDER",
    )
    write_sidecars: bool = setting(
        False,
        takes=Switch(),
        changes="export",
        explained="write a sidecar (.xmp) with the {plural} and their names beside each copy, for "
        "digiKam and others",
        label="write names into sidecars (.xmp)",
        advanced=True,
    )


@dataclass(frozen=True, kw_only=True)
class Settings(ExportSettings, ScanSettings, AssignSettings):
    """
    What both modes share, whatever the subject: the attributes of its parts.

    Attributes
    ----------
    mode : {"autopilot", "point-and-shoot"}
        Of which mode they are; of the class.
    """

    mode: ClassVar[Mode]


@dataclass(frozen=True, kw_only=True)
class GroupingSettings(Settings):
    """
    What autopilot can be told, whatever the subject, beside `Settings`.

    Attributes
    ----------
    method : {"average", "linked", "online", "whispers", "dbscan", "hdbscan"}
        The way of grouping; see `toolkit.grouping.cluster`.
    """

    mode: ClassVar[Mode] = "autopilot"

    method: str = setting(
        "average",
        takes=Choice(METHODS),
        changes="assign",
        explained="way of grouping (%(default)s). average: join whole groups by their mean "
        "distance; linked: chains of near {plural} (joins too much in large albums); online: one "
        "pass, little memory, depends on the order; whispers, dbscan, hdbscan: dlib's and "
        "scikit-learn's, to compare with",
        label="grouping",
    )


@dataclass(frozen=True, kw_only=True)
class ComparingSettings(Settings):
    """
    What point-and-shoot can be told, whatever the subject, beside `Settings`.

    Attributes
    ----------
    method : {"blend", "nearest", "mean"}
        Compare by the distance to an individual's nearest reference, by the mean distance to all of
        them, or by the mean of these two.
    largest : bool
        Of several sightings in a reference photo, take the largest; otherwise that photo is
        reported and not used.
    """

    mode: ClassVar[Mode] = "point-and-shoot"

    method: str = setting(
        "blend",
        takes=Choice(RULES),
        changes="assign",
        explained="compare by the distance to {an_individual}'s nearest example, by the mean "
        "distance to all, or by the mean of these two (%(default)s)",
        label="{plural} are compared by",
    )
    largest: bool = setting(
        False,
        takes=Switch(),
        changes="references",
        explained="of several {plural} in an example photo, take the largest",
        option="--largest-{singular}",
        label="in examples, take the largest {singular}",
    )
    threshold: float | Literal["auto"] = again(
        AssignSettings, "threshold", explained=_threshold_explained("examples")
    )


@dataclass(frozen=True, kw_only=True)
class AutopilotSettings(FaceSettings, GroupingSettings):
    """What autopilot can be told about faces: the attributes of its parts."""


@dataclass(frozen=True, kw_only=True)
class PointAndShootSettings(FaceSettings, ComparingSettings):
    """What point-and-shoot can be told about faces: the attributes of its parts."""


_MADE: dict[tuple[Mode, type[ScanSettings]], type[Settings]] = {
    ("autopilot", FaceSettings): AutopilotSettings,
    ("point-and-shoot", FaceSettings): PointAndShootSettings,
}


@overload
def settings_for(
    mode: Literal["autopilot"], subject_settings: type[ScanSettings]
) -> type[GroupingSettings]: ...
@overload
def settings_for(
    mode: Literal["point-and-shoot"], subject_settings: type[ScanSettings]
) -> type[ComparingSettings]: ...
@overload
def settings_for(mode: Mode, subject_settings: type[ScanSettings]) -> type[Settings]: ...
def settings_for(mode: Mode, subject_settings: type[ScanSettings]) -> type[Settings]:
    """
    Return the settings of a mode for a subject.

    Parameters
    ----------
    mode : {"autopilot", "point-and-shoot"}
        Of which mode.
    subject_settings : type
        The subject's own settings, such as `FaceSettings`.

    Returns
    -------
    type
        A class that is both: the mode's settings and the subject's, always the same one.
    """
    if (mode, subject_settings) not in _MADE:
        parts = {part.mode: part for part in (GroupingSettings, ComparingSettings)}
        if mode not in parts:
            raise BadSetting(f"the mode is {mode!r}; expected one of {', '.join(parts)}")
        name = f"{parts[mode].__name__}With{subject_settings.__name__}"
        bases = (subject_settings, parts[mode])
        own: list[tuple[str, Any, Any]] = [
            (setting_name, Any, again(parts[mode], setting_name, **other))
            for setting_name, other in subject_settings.in_modes.items()
        ]
        made = make_dataclass(name, own, bases=bases, frozen=True, kw_only=True)
        _MADE[mode, subject_settings] = made
    return _MADE[mode, subject_settings]


def from_record(kind: type[Kind], record: Mapping[str, Any], *, of: str) -> Kind:
    """
    Return the settings that a run recorded.

    Parameters
    ----------
    kind : type
        The settings of its mode and subject, such as `AutopilotSettings`.
    record : mapping
        Values by the names of the settings, or by what earlier versions called them; a setting that
        it lacks has its default.
    of : str
        Where the record is, for a complaint.

    Raises
    ------
    BadSetting
        If it has settings that are not known here, or values that cannot be.
    """
    known = {each.name for each in declared(kind)}
    values = {}
    for name, value in record.items():
        if name in kind.unrecorded:
            continue
        now = kind.renamed.get(name, name)
        # A record that has both names is of no version that there was.
        values[now if now in known and now not in record else name] = _respelled(kind, now, value)
    unknown = values.keys() - known
    if unknown:
        raise BadSetting(
            f"{of} was made with settings that are not known here: {', '.join(sorted(unknown))}. "
            f"Run {kind.mode} into it again"
        )
    try:
        return kind(**values)
    except BadSetting as error:
        raise BadSetting(f"{of} holds settings that cannot be: {error}") from error


def _respelled(kind: type[Settings], name: str, value: Any) -> Any:
    """Return what a value of an earlier version is called now."""
    for then, now in kind.respelled.get(name, ()):
        if type(value) is type(then) and value == then:
            return now
    takes = next((each.takes for each in declared(kind) if each.name == name), None)
    return takes.spelled(value) if isinstance(takes, FolderName) else value
