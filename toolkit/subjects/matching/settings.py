"""How it is chosen what tells one from another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.files import folder_at
from toolkit.subjects.settings import FilePath, ScanSettings, setting

if TYPE_CHECKING:
    from toolkit.subjects.matching.calibration import PatternCalibration
    from toolkit.subjects.matching.matcher import Part


@dataclass(frozen=True, kw_only=True)
class MatchingSettings(ScanSettings):
    """
    What can be chosen about what tells one from another; see `ScanSettings` for the others.

    Attributes
    ----------
    encoder : str
        The path of a network (ONNX) whose vectors count beside the marks, "" for none; see
        `toolkit.subjects.matching.onnx_encoder`. It counts once it was calibrated.
    calibration : str
        The path of what `sightings calibrate` wrote: what scores say of these subjects. "" for the
        one that is shipped.
    """

    encoder: str = setting(
        "",
        takes=FilePath(
            "the path of a network (ONNX) that makes vectors of pictures", beside=("*.onnx",)
        ),
        changes="subject",
        explained="a network of your own that makes a vector of a picture (MegaDescriptor, MiewID "
        "...), as ONNX; it counts with a --calibration that was made with it",
        metavar="MODEL.onnx",
        label="your own encoder (ONNX)",
        advanced=True,
    )
    calibration: str = setting(
        "",
        takes=FilePath("the path of a calibration", beside=("*calibration*.json",)),
        changes="metadata",
        explained="what scores say of these {plural}, from known {individuals}: sightings "
        "calibrate KNOWN",
        metavar="CALIBRATION.json",
        label="calibration (a file)",
    )

    def read_calibration(self) -> PatternCalibration | None:
        """
        Return what the user's calibration says; None where the one that is shipped counts.

        Raises
        ------
        BadSetting
            If it cannot be read.
        """
        from toolkit.subjects.matching import calibration

        return calibration.read(folder_at(self.calibration)) if self.calibration else None

    def own_parts(self) -> list[Part]:
        """
        Return what the user brought that compares.

        Raises
        ------
        BadModelFile
            If it cannot be used.
        """
        from toolkit.subjects.matching.likeness import Likeness
        from toolkit.subjects.matching.onnx_encoder import OnnxEncoder

        if not self.encoder:
            return []
        encoder = OnnxEncoder(folder_at(self.encoder))
        return [Likeness(encoder, "encoder", encoder.name)]
