"""Which individual it is: marks that lie alike, and how alike it looks, pair by pair."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from toolkit.calibration import Calibration
from toolkit.errors import BadSetting
from toolkit.names import SubjectInfo
from toolkit.records import Box, EncoderInfo, Features, LabelledPairs, Mask, PairScores
from toolkit.subjects.base import Rgb
from toolkit.subjects.detection.detectors import shrunk
from toolkit.subjects.detection.mask import SaliencyMask
from toolkit.subjects.matching import calibration, marks
from toolkit.subjects.matching.calibration import FARTHEST, PatternCalibration, of_most
from toolkit.subjects.matching.marks import NONE, TURNED, Float32, opencv
from toolkit.subjects.matching.shortlist import shortlist
from toolkit.subjects.matching.sift import RATIO, WAYS, SiftMarks

# Longer side, in px, at which a subject is described: more finds no more, and costs its square.
SIDE = 320
# Share of the box that is added around it, so that the whole outline is seen.
MARGIN = 0.05
# How far, in px, from the subject a mark of its surroundings is at least: nearer ones see its
# outline.
AROUND = 12
# A box is the whole photo where no side of it is farther from the edge, as a share.
EDGE = 0.01


# What is said of results where nothing was fitted on subjects like those that were sought.
UNCALIBRATED = (
    "uncalibrated: how sure matches are was fitted on {fitted_on}; if yours are others, look them "
    "over, or learn it from {words.individuals} you know: the tab Calibration, or sightings "
    "calibrate KNOWN --subject {name}"
)


class Part(Protocol):
    """One way to compare."""

    @property
    def scores(self) -> tuple[str, ...]:
        """What its numbers are called."""
        ...

    @property
    def name(self) -> str:
        """What shapes its features."""
        ...

    def features(self, image: Rgb, inside: npt.NDArray[np.bool_]) -> Features:
        """Describe a picture, shape (h, w, 3); `inside`, shape (h, w), says what is subject."""
        ...

    def compare(self, one: Features, other: Features) -> list[float]:
        """Return its scores of a pair."""
        ...

    def common(self, one: Features, other: Features) -> list[tuple[Float32, Float32]]:
        """Return where two are alike: places in the one and in the other, way by way."""
        ...


class PatternMatcher:
    """
    Compares subjects by their marks, inside the mask, and by what else is given.

    Parameters
    ----------
    mask : SaliencyMask or None
        What tells the subject from its surroundings; None takes the whole box.
    subject : SubjectInfo
        What is compared.
    shipped : sequence of PatternCalibration
        What the scores say of some of them, of which the one for most of these scores is taken.
    fitted : PatternCalibration, optional
        What the scores say, if something was fitted on such subjects.
    parts : sequence of Part, optional
        What compares; SIFT, if not given.
    by : str
        The score, a cosine, by which some pairs of many are chosen to be compared, "" for none:
        then all are.
    """

    farthest = FARTHEST

    def __init__(
        self,
        mask: SaliencyMask | None,
        subject: SubjectInfo,
        shipped: Sequence[PatternCalibration],
        *,
        fitted: PatternCalibration | None = None,
        parts: Sequence[Part] | None = None,
        by: str = "",
    ) -> None:
        self._mask, self._subject, self._shipped = mask, subject, tuple(shipped)
        self._behind = SiftMarks(("upright",))
        self._parts: tuple[Part, ...] = (SiftMarks(),) if parts is None else tuple(parts)
        self.scores = tuple(name for part in self._parts for name in part.scores)
        self.background_scores = tuple(name for name in self.scores if name in WAYS)
        self._fitted = fitted or of_most(self._shipped, self.scores)
        self._own, self._by = fitted is not None, by
        if lacking := sorted(set(self._fitted.scores) - set(self.scores)):
            raise BadSetting(
                f"the calibration is of {', '.join(self._fitted.scores)}; expected of "
                f"{', '.join(self.scores)} or some of them, as {', '.join(lacking)} cannot be "
                'compared here: get what makes it ("sightings models get", --encoder), or '
                "calibrate again"
            )

    @property
    def info(self) -> EncoderInfo:
        """What its distances say."""
        about = (SIDE, MARGIN, self._mask is None, *(part.name for part in self._parts))
        digest = hashlib.sha256(repr(about).encode()).hexdigest()
        return EncoderInfo(
            "marks",
            digest,
            0,
            "pairs",
            Calibration(self._fitted.slope, self._fitted.even),
            f"{', '.join(self.scores)}{' in the whole box' if self._mask is None else ''}",
            caveat=""
            if self._own
            else UNCALIBRATED.format(
                fitted_on=self._fitted.fitted_on,
                words=self._subject.words,
                name=self._subject.name,
            ),
        )

    def chips(
        self, image: Rgb, boxes: Sequence[Box], masks: Sequence[Mask | None] | None = None
    ) -> Rgb:
        """
        Cut each subject out, with its mask as a fourth channel.

        Parameters
        ----------
        image : numpy.ndarray
            Shape (h, w, 3), uint8, RGB: the photo at full size.
        boxes : sequence of Box
            k subjects, in px of `image`. One that is the whole photo has no mask: such a photo is
            cropped already, and nothing in it stands out from the rest.
        masks : sequence of Mask or None, optional
            What somebody painted in each box: that counts, and nothing outside the box.

        Returns
        -------
        numpy.ndarray
            Shape (k, 320, 320, 4), uint8: RGB, and 255 for what is subject. Each lies in the upper
            left corner, its longer side 320 px; the rest is 0.
        """
        chips = np.zeros((len(boxes), SIDE, SIDE, 4), dtype=np.uint8)
        for chip, box, painted in zip(chips, boxes, masks or [None] * len(boxes), strict=True):
            part, left, top = _around(image, box)
            small = shrunk(part, SIDE)
            tall, wide = small.shape[:2]
            chip[:tall, :wide, :3] = small
            inside = None
            if painted is not None:
                across = (np.arange(wide) + 0.5) * part.shape[1] / wide + left - box.left
                down = (np.arange(tall) + 0.5) * part.shape[0] / tall + top - box.top
                inside = painted.at(across / box.width, down / box.height)
            elif self._mask is not None and not _is_whole(box, *image.shape[1::-1]):
                inside = self._mask.of_size(part, wide, tall)
            # Where nothing stands out, or is painted, the box is all that is known.
            if inside is None or not inside.any():
                inside = np.ones((tall, wide), dtype=np.bool_)
            chip[:tall, :wide, 3] = np.where(inside, 255, 0)
        return chips

    def outline(self, image: Rgb, box: Box) -> npt.NDArray[np.bool_] | None:
        """Return what of a box stands out, as `chips` takes it; see `Masking.outline`."""
        if self._mask is None or _is_whole(box, *image.shape[1::-1]):
            return None
        part, left, top = _around(image, box)
        height, width = part.shape[:2]
        marked = self._mask.of_size(part, width, height)
        rows = slice(max(0, box.top - top), max(0, box.bottom - top))
        inside = marked[rows, max(0, box.left - left) : max(0, box.right - left)]
        return inside if marked.any() and inside.size else None

    def features(self, chips: Rgb) -> list[Features]:
        """
        Describe each chip, shape (k, 320, 320, 4), by what each part makes of it.

        Returns
        -------
        list of Features
            k times: arrays by name; see `Part.features`.
        """
        return [
            {
                name: value
                for part in self._parts
                for name, value in part.features(*_cut(chip)).items()
            }
            for chip in chips
        ]

    def background_features(self, chips: Rgb) -> list[Features]:
        """
        Describe the marks around the subject in each chip, shape (k, 320, 320, 4).

        Returns
        -------
        list of Features
            k times: "behind", shape (m, 128), uint8, and "behind_at", shape (m, 2), float32, as
            `features` has those of the subject. Where the mask is the whole box, there are none.
        """
        return [self._marks_behind(chip) for chip in chips]

    def background(self, one: Features, other: Features) -> float:
        """Return how many marks around two subjects lie alike; NaN where there are none of one."""
        if not all(len(each.get("behind", ())) for each in (one, other)):
            return float("nan")
        return float(len(marks.fitting(one, other, "behind", TURNED, RATIO)[0]))

    def _marks_behind(self, chip: Rgb) -> Features:
        image, inside = _cut(chip)
        kernel = np.ones((2 * AROUND + 1, 2 * AROUND + 1), dtype=np.uint8)
        near = opencv().dilate(inside.astype(np.uint8), kernel) > 0
        found = self._behind.features(image, ~near)
        return {"behind": found["upright"], "behind_at": found["upright_at"]}

    def shortlist(
        self, features: Sequence[Features], known: Sequence[Features] | None = None
    ) -> npt.NDArray[np.int64]:
        """
        Choose every pair; or, by the cosines of a score, the most alike of many (see `by`).

        Where marks alone tell one from another, an index that loses none of these costs as much as
        comparing.
        """
        none = np.zeros((0, 0), dtype=np.float32)
        ours = _vectors(features, self._by) if self._by else none
        if known is None:
            if self._by:
                return shortlist(ours)
            return np.stack(np.triu_indices(len(features), k=1), axis=1).astype(np.int64)
        if self._by:
            return shortlist(ours, _vectors(known, self._by))
        return np.argwhere(np.ones((len(features), len(known)), dtype=np.bool_)).astype(np.int64)

    def compare(self, one: Features, other: Features) -> npt.NDArray[np.float32]:
        """Return the scores of each part."""
        found = [value for part in self._parts for value in part.compare(one, other)]
        return np.array(found, dtype=np.float32)

    def common(self, one: Features, other: Features) -> tuple[Float32, Float32]:
        """Return where the marks are that lie alike in both, as `subjects.base.in_common` does."""
        ways = [way for part in self._parts for way in part.common(one, other)]
        here, there = max(ways, key=lambda two: len(two[0]), default=(NONE, NONE))
        # One that is found from either side is there once.
        both = np.unique(np.concatenate([here, there], axis=1), axis=0)
        return both[:, :2], both[:, 2:]

    @property
    def scores_used(self) -> tuple[str, ...]:
        """Those of its scores that count, by the calibration."""
        return self._fitted.scores

    def calibrated(self, known: Sequence[LabelledPairs], of: str) -> PatternMatcher:
        """Return the same with what is fitted on known individuals; see `calibration.fit`."""
        fitted = calibration.fit(known, self.scores, of)
        return PatternMatcher(
            *(self._mask, self._subject, self._shipped),
            fitted=fitted,
            parts=self._parts,
            by=self._by,
        )

    def evidence(self, found: PairScores) -> npt.NDArray[np.float64]:
        """Return the log-odds that the two of each pair are one, at even odds before."""
        return self._fitted.evidence(found, self.scores)

    def save_calibration(self, path: Path) -> None:
        """Write what was fitted; see `calibration.read`."""
        self._fitted.save(path)

    def distances(self, found: PairScores) -> npt.NDArray[np.float32]:
        """Return how far the two of each pair are from each other, by what was fitted."""
        return self._fitted.distances(found, self.scores)


def _vectors(features: Sequence[Features], score: str) -> Float32:
    """Return the vectors of a score that is a cosine; shape (n, d), float32."""
    if not features:
        return np.zeros((0, 0), dtype=np.float32)
    return np.concatenate([each[score] for each in features]).astype(np.float32)


def _around(image: Rgb, box: Box) -> tuple[Rgb, int, int]:
    """Return the part of a photo that a box is in, with a margin, and where that begins, in px."""
    height, width = image.shape[:2]
    right, down = round(box.width * MARGIN), round(box.height * MARGIN)
    top, left = max(0, box.top - down), max(0, box.left - right)
    part = image[
        top : max(top + 1, min(height, box.bottom + down)),
        left : max(left + 1, min(width, box.right + right)),
    ]
    return part, left, top


def _is_whole(box: Box, width: int, height: int) -> bool:
    """Whether a box is the whole photo."""
    across, down = EDGE * width, EDGE * height
    return (
        box.left <= across
        and box.top <= down
        and box.right >= width - across
        and box.bottom >= height - down
    )


def _cut(chip: Rgb) -> tuple[Rgb, npt.NDArray[np.bool_]]:
    """Return the picture of a chip without what was added, and what of it is subject."""
    there = chip[..., :3].any(axis=2) | (chip[..., 3] > 0)
    tall, wide = (int(each.max(initial=0)) + 1 for each in np.nonzero(there))
    return np.ascontiguousarray(chip[:tall, :wide, :3]), chip[:tall, :wide, 3] > 0
