"""How animals are sought and described."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from toolkit.names import SubjectInfo
from toolkit.subjects.animal import ANIMAL
from toolkit.subjects.detection.kinds import KEPT_APART
from toolkit.subjects.detection.settings import DetectionSettings
from toolkit.subjects.matching.settings import MatchingSettings
from toolkit.subjects.settings import Choice, Number, ScanSettings, Switch, Text, again, setting

if TYPE_CHECKING:
    from toolkit.subjects.animal.camera_trap import CameraTrap
    from toolkit.subjects.base import Subject

FLANKS = ("auto", "off", "left", "right", "both")
# Letters that the path of a table may have.
LONGEST_PATH = 4096


@dataclass(frozen=True, kw_only=True)
class AnimalSettings(DetectionSettings, MatchingSettings):
    """
    What can be chosen about animals, whatever is done with them; see
    `DetectionSettings`, `MatchingSettings` and `ScanSettings` for the others.

    Attributes
    ----------
    stations : str
        The path of the table of stations (see `toolkit.photos.stations`): which folders are
        stations and cameras, and how far clocks are off. "" for none.
    details : str
        The path of a table that says of photos what their files do not; see
        `toolkit.photos.camera_trap.read_details`. "" for none.
    flank : {"auto", "off", "left", "right", "both"}
        Which side of the animal a photo shows: by the names of files and folders, not at all, or
        the same in all. Left and right say nothing about each other.
    event_gap : float
        Minutes after a photo within which the next one of its camera is of the same event.
    session : float
        Minutes within which two photos of one camera say nothing about each other: they share
        light, grass and rocks.
    within_session : bool
        Whether such pairs count all the same.
    burst : bool
        Whether the photos of an event show one individual, where each shows one animal.
    """

    subject: ClassVar[SubjectInfo] = ANIMAL
    aside: ClassVar[tuple[str, ...]] = KEPT_APART[:-1]
    unsure: ClassVar[str] = KEPT_APART[-1]
    none_found: ClassVar[str] = (
        "small, blurred and hidden animals are found by a detector of animals (--boxes, "
        "--detector); people by their faces, which are another subject (--subject face)"
    )
    in_modes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "unsorted": {
            "default": "unsorted",
            "explained": "a folder in OUT for photos that go into no other (%(default)s); beside "
            f"it lie {', '.join(KEPT_APART)}. '' for none of these",
        }
    }
    models: ClassVar[tuple[str, ...]] = ("u2netp",)
    slider: ClassVar[tuple[float, float, float]] = (0.1, 1.0, 1.6)

    long_edge: int = again(ScanSettings, "long_edge", default=1000)
    min_size: int = again(ScanSettings, "min_size", default=36)
    detector: str = again(DetectionSettings, "detector")
    boxes: str = again(DetectionSettings, "boxes")
    min_confidence: float = again(DetectionSettings, "min_confidence")
    encoder: str = again(MatchingSettings, "encoder")
    calibration: str = again(MatchingSettings, "calibration")

    stations: str = setting(
        "",
        takes=Text(
            "the path of a table of stations",
            LONGEST_PATH,
            beside=("station*.csv", "*.csv"),
            usual="stations.csv",
        ),
        changes="metadata",
        explained="a table (CSV) of where the cameras stood: station, and any of camera, "
        "clock_offset, latitude, longitude, setup_date, retrieval_date. Without it a station is "
        "the first folder below the photos",
        metavar="STATIONS.csv",
        label="table of stations (CSV)",
    )
    details: str = setting(
        "",
        takes=Text("the path of a table", LONGEST_PATH, beside=("*.csv",)),
        changes="metadata",
        explained="a table (CSV) that says of photos what their files do not, or say wrongly: "
        "path, and any of taken_at, station, camera, flank, event; a corrected sightings.csv will "
        "do",
        metavar="TABLE.csv",
        label="table of corrections (CSV)",
        advanced=True,
    )
    flank: str = setting(
        "auto",
        takes=Choice(
            FLANKS,
            {
                "auto": "by the names of files and folders",
                "off": "not known",
                "left": "left in all photos",
                "right": "right in all photos",
                "both": "both in all photos",
            },
        ),
        changes="metadata",
        explained="which side of the {singular} a photo shows: auto takes it from the words left, "
        "right and both in the names of files and folders; off does not; or the same for all "
        "photos (%(default)s). Left and right are never compared",
        label="flank",
    )
    event_gap: float = setting(
        1.0,
        takes=Number(0, 1440, "minutes", step=1),
        changes="metadata",
        explained="minutes after a photo within which the next one of its camera is of the same "
        "event: a burst (%(default)s)",
        metavar="MIN",
        label="gap in a burst (minutes)",
        advanced=True,
    )
    session: float = setting(
        60.0,
        takes=Number(0, 14_400, "minutes", step=10),
        changes="metadata",
        explained="photos of one camera that are at most so many minutes apart say nothing about "
        "each other: what they have in common may be the background (%(default)s)",
        metavar="MIN",
        label="one session of a camera (min)",
        advanced=True,
    )
    within_session: bool = setting(
        False,
        takes=Switch(),
        changes="metadata",
        explained="compare the photos of one camera within a session, too",
        label="compare photos of one camera always",
        advanced=True,
    )
    burst: bool = setting(
        False,
        takes=Switch(),
        changes="assign",
        explained="in autopilot, the photos of a burst show one {individual}, if each shows one "
        "{singular}; leave it out where several may walk by one behind the other",
        label="the photos of a burst show one {individual}",
    )

    def evidence(self) -> CameraTrap:
        """Return what is known of animals beside how they look: when and where, and which flank."""
        from toolkit.subjects.animal.camera_trap import CameraTrap

        return CameraTrap(self)

    def make_subject(self) -> Subject:
        """
        Return the subject "animal" as these settings want it.

        Raises
        ------
        BadModelFile
            If a model file is missing or cannot be used.
        BadSetting
            If the file of boxes cannot be used.
        MissingPackage
            If OpenCV is not installed.
        """
        from toolkit.subjects.animal.subject import animal

        return animal(self)
