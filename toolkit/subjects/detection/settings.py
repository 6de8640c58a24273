"""How it is chosen where subjects are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from toolkit.files import folder_at
from toolkit.subjects.detection.kinds import DRAWN
from toolkit.subjects.settings import ChoiceOrFile, FilePath, Number, ScanSettings, setting

if TYPE_CHECKING:
    from pathlib import Path

    from toolkit.subjects.base import Detector, Subject
    from toolkit.subjects.detection.mask import SaliencyMask

DETECTORS = ("mask", "whole")


@dataclass(frozen=True, kw_only=True)
class DetectionSettings(ScanSettings):
    """
    What can be chosen about where subjects are; see `ScanSettings` for the others.

    Attributes
    ----------
    detector : str
        What finds subjects. "mask" takes the largest part of a photo that stands out; "whole" takes
        each photo as the picture of one; a path is that of a network (ONNX), with its
        description beside it; see `toolkit.subjects.detection.onnx_detector`.
    boxes : str
        Path of a file with the results of MegaDetector, "" for none: photos in it are not searched;
        see `toolkit.subjects.detection.detections_file`.
    min_confidence : float
        Boxes of that file, or of a network, that are less sure than this are none.
    """

    draws: ClassVar[bool] = True
    told_by_photo: ClassVar[frozenset[str]] = frozenset({"boxes", "min_confidence"})

    detector: str = setting(
        "mask",
        takes=ChoiceOrFile(
            "the path of a network that ends in .onnx", values=DETECTORS, ending=".onnx"
        ),
        changes="subject",
        explained="mask takes the largest part of a photo that stands out, whole each photo as it "
        "is, for photos that are cropped already; or a network of your own, MODEL.onnx, with "
        "MODEL.json or MODEL.toml beside it (%(default)s)",
        metavar="mask|whole|MODEL.onnx",
        label="{plural} are found by",
    )
    boxes: str = setting(
        "",
        takes=FilePath(
            "the path of a JSON file with boxes, as MegaDetector writes it", beside=("*.json",)
        ),
        changes="subject",
        explained="take {plural} from a file of boxes as MegaDetector writes it (JSON); "
        "photos that it does not have are searched as --detector says",
        metavar="RESULTS.json",
        label="boxes (MegaDetector JSON)",
    )
    min_confidence: float = setting(
        0.2,
        takes=Number(0, 1),
        changes="subject",
        explained="boxes of --boxes or MODEL.onnx that are less sure than this are none "
        "(%(default)s)",
        metavar="P",
        label="least confidence of a box",
    )

    def make_detector(self, mask: SaliencyMask) -> Detector:
        """
        Return what finds subjects; `mask` marks what stands out.

        Raises
        ------
        BadModelFile
            If the network cannot be used.
        BadSetting
            If the file of boxes cannot be used.
        """
        from toolkit.subjects.detection import detections_file
        from toolkit.subjects.detection.detectors import MaskDetector, WholePhoto
        from toolkit.subjects.detection.onnx_detector import OnnxDetector

        # First what is read in a moment, so that it is told in a moment.
        file = folder_at(self.boxes) if self.boxes else None
        found = () if file is None else detections_file.read(file)
        detector: Detector
        if self.detector == "mask":
            detector = MaskDetector(mask, self.subject.words)
        elif self.detector == "whole":
            detector = WholePhoto()
        else:
            detector = OnnxDetector(folder_at(self.detector), self.min_confidence)
        if file is None:
            return detector
        return detections_file.BoxesDetector(found, file.name, self.min_confidence, detector)

    def corrected(self, subject: Subject, out: Path | None, folder: Path | None = None) -> Subject:
        """Return it with the boxes that were drawn by hand; see `ScanSettings.corrected`."""
        if out is None or not (out / DRAWN).is_file():
            return subject
        from toolkit.subjects.detection import detections_file

        found = detections_file.read(out / DRAWN)
        if not found:
            return subject
        drawn = detections_file.DrawnBoxes(found, DRAWN, subject.detector, folder)
        return replace(subject, detector=drawn)
