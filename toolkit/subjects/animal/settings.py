"""How animals are sought and described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from toolkit.names import SubjectInfo
from toolkit.subjects.animal import ANIMAL
from toolkit.subjects.settings import Choice, ScanSettings, again, setting

if TYPE_CHECKING:
    from toolkit.subjects.base import Subject

DETECTORS = ("mask", "whole")


@dataclass(frozen=True, kw_only=True)
class AnimalSettings(ScanSettings):
    """
    What can be chosen about animals, whatever is done with them; see `ScanSettings` for the others.

    Attributes
    ----------
    detector : {"mask", "whole"}
        What finds animals. "mask" takes the largest part of a photo that stands out; "whole" takes
        each photo as the picture of one animal.
    """

    subject: ClassVar[SubjectInfo] = ANIMAL
    models: ClassVar[tuple[str, ...]] = ("u2netp",)
    slider: ClassVar[tuple[float, float, float]] = (0.1, 1.0, 1.6)

    long_edge: int = again(ScanSettings, "long_edge", default=1000)
    min_size: int = again(ScanSettings, "min_size", default=40)
    detector: str = setting(
        "mask",
        takes=Choice(
            DETECTORS,
            {
                "mask": "mask: the largest part that stands out",
                "whole": "whole photo: cropped already",
            },
        ),
        changes="subject",
        explained="mask takes the largest part of a photo that stands out, whole each photo as it "
        "is, for photos that are cropped already (%(default)s)",
        label="animals are found by",
    )

    def make_subject(self) -> Subject:
        """
        Return the subject "animal" as these settings want it.

        Raises
        ------
        BadModelFile
            If the model file is missing or not the pinned one.
        MissingPackage
            If OpenCV is not installed.
        """
        from toolkit.subjects.animal.subject import animal

        return animal(self)
