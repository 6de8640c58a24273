"""What a subject has to offer: a detector that finds it, and what tells one from another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.photos.turning import patch, turned
from toolkit.records import (
    GENERIC_WORDS,
    Box,
    Detection,
    EncoderInfo,
    Features,
    LabelledPairs,
    Mask,
    PairScores,
    SubjectInfo,
    Words,
)

Rgb = npt.NDArray[np.uint8]
Places = npt.NDArray[np.float32]


class Remade:
    """
    What is sent to another process as what it was made of, and is made there anew.

    Networks are none that could be sent: whoever gets one of these loads its own model files, which
    are checked as everywhere.
    """

    _made_of: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        """Keep what it is made of."""
        made = super().__new__(cls)
        made._made_of = (arguments, named)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (type(self), *self._made_of)


def _remade(kind: type[Remade], arguments: tuple[Any, ...], named: dict[str, Any]) -> Remade:
    return kind(*arguments, **named)


class Detector(Protocol):
    """
    Finds subjects in a picture. Threads may share one.

    One that takes much memory also has ``needs(width, height)``, which returns how many bytes it
    takes to search a picture of that size in px: photos then wait until there is room. One that
    knows more of a photo than its picture has ``prepare``, ``look_key`` and ``silence``, one that
    knows of masks that somebody painted ``painted``, one that can say which way a subject stands
    ``standing``, and one that may be shown a part of a photo ``in_parts``; each of these is
    explained at the function of its name below.
    """

    @property
    def name(self) -> str:
        """What finds."""
        ...

    def detect(self, image: Rgb, path: Path | None = None) -> list[Detection]:
        """
        Find the subjects, and other kinds of things where it can tell them.

        Parameters
        ----------
        image : numpy.ndarray
            Shape (h, w, 3), uint8, RGB, upright.
        path : Path, optional
            The photo's file.

        Returns
        -------
        list of Detection
            Boxes in px of `image`, best score first.
        """
        ...


def needs(detector: Detector, width: int, height: int) -> int:
    """Return how many bytes a detector takes for a picture of this size in px; 0 if it is mute."""
    ask = getattr(detector, "needs", None)
    return 0 if ask is None else int(ask(width, height))


def prepare(detector: Detector, photos: Sequence[Path], folder: Path) -> tuple[str, ...]:
    """
    Let a detector see which photos it will be asked about, before the long work.

    Parameters
    ----------
    detector : Detector
        Nothing is done with one that does not want to know.
    photos : sequence of Path
        The photos.
    folder : Path
        The folder that they are in.

    Returns
    -------
    tuple of str
        Sentences to be said of it, without a full stop.

    Raises
    ------
    BadSetting
        If what the detector was given is about other photos.
    """
    ask = getattr(detector, "prepare", None)
    return () if ask is None else tuple(ask(photos, folder))


def look_key(detector: Detector, path: Path) -> str:
    """Return what, beside the picture and the subject's key, shapes what is found in a photo."""
    ask = getattr(detector, "look_key", None)
    return "" if ask is None else str(ask(path))


def silence(detector: Detector, path: Path) -> str:
    """Return what a photo shows in which the detector finds nothing; "" where it cannot tell."""
    ask = getattr(detector, "silence", None)
    return "" if ask is None else str(ask(path))


def in_parts(detector: Detector) -> bool:
    """
    Whether a detector may be shown parts of a photo, one after the other, in place of all of it.

    One that goes by what stands out in the whole picture, or by boxes in a file, may not.
    """
    return bool(getattr(detector, "in_parts", False))


def painted(detector: Detector, path: Path, digest: str) -> Mask | None:
    """Return the mask of this digest that somebody painted in a photo; None where there is none."""
    ask = getattr(detector, "painted", None)
    return None if ask is None else cast("Mask | None", ask(path, digest))


def standing(detector: Detector, image: Rgb, found: Detection) -> Detection:
    """Return a subject in a picture with how it stands; as it is where the detector is mute."""
    ask = getattr(detector, "standing", None)
    return found if ask is None else cast(Detection, ask(image, found))


def fitted(detector: Detector, image: Rgb, drawn: Detection) -> Detection:
    """Return a subject that somebody boxed with how it stands, and where it is cut out."""
    ask = getattr(detector, "fitted", None)
    return standing(detector, image, drawn) if ask is None else cast(Detection, ask(image, drawn))


class Encoder(Protocol):
    """Describes subjects as vectors. Threads may share one."""

    @property
    def info(self) -> EncoderInfo:
        """What the vectors are, and how they compare."""
        ...

    def chips(self, image: Rgb, boxes: Sequence[Box]) -> Rgb:
        """
        Cut the subjects out, in the way the encoder wants to see them.

        Parameters
        ----------
        image : numpy.ndarray
            Shape (h, w, 3), uint8, RGB: the photo at full size.
        boxes : sequence of Box
            k boxes in px of `image`.

        Returns
        -------
        numpy.ndarray
            Shape (k, s, s, 3), uint8, RGB.
        """
        ...

    def encode(self, chips: Rgb) -> npt.NDArray[np.float32]:
        """
        Describe each chip.

        Parameters
        ----------
        chips : numpy.ndarray
            Shape (k, s, s, 3), uint8, RGB, as `chips` makes them.

        Returns
        -------
        numpy.ndarray
            Shape (k, d), float32.
        """
        ...


class Matcher(Protocol):
    """
    Compares subjects in pairs, by what vectors cannot hold. Threads may share one.

    Its `compare` is costly, so a shortlist says which pairs are worth it, all others count as
    `farthest` apart, and what it returns is kept. How far two are from each other is said by
    `distances`, once for all pairs: what a score means may depend on the others.

    One that can show what two have in common also has ``common(one, other)``: see `in_common`.
    """

    @property
    def info(self) -> EncoderInfo:
        """What its distances say: the metric is "pairs", and there are 0 dimensions."""
        ...

    @property
    def scores(self) -> tuple[str, ...]:
        """What the numbers that `compare` returns are called."""
        ...

    @property
    def farthest(self) -> float:
        """The largest distance: far above any threshold, at most 2 as between directions."""
        ...

    def chips(self, image: Rgb, boxes: Sequence[Box]) -> Rgb:
        """Cut the subjects out, as `Encoder.chips` does."""
        ...

    def features(self, chips: Rgb) -> list[Features]:
        """Describe each chip, shape (k, s, s, 3), by arrays with names: k of them."""
        ...

    def shortlist(
        self, features: Sequence[Features], known: Sequence[Features] | None = None
    ) -> npt.NDArray[np.int64]:
        """
        Choose the pairs that are worth comparing.

        Parameters
        ----------
        features : sequence of Features
            n subjects.
        known : sequence of Features, optional
            m references.

        Returns
        -------
        numpy.ndarray
            Shape (p, 2), int64: two of the n; or, with `known`, one of the n and one of the m.
        """
        ...

    def compare(self, one: Features, other: Features) -> npt.NDArray[np.float32]:
        """Return what two have in common, shape (c,): the same either way round."""
        ...

    def distances(self, found: PairScores) -> npt.NDArray[np.float32]:
        """
        Return how far the two of each pair are from each other.

        Parameters
        ----------
        found : PairScores
            p pairs, with what `compare` returned.

        Returns
        -------
        numpy.ndarray
            Shape (p,), float32, 0 to `farthest`; NaN where nothing can be said of a pair.
        """
        ...


class Silence(Protocol):
    """Which pairs of n sightings and m others say nothing; see `Evidence.silent`."""

    def of_pairs(
        self, first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]:
        """Return whether some pairs do, shape (p,): rows of the n, and of the m."""
        ...

    def within(self) -> npt.NDArray[np.int64]:
        """Return all that do where the m are the n; shape (p, 2), the lower one first, in order."""
        ...


class Evidence(Protocol):
    """
    What is known of sightings beside how they look, and what it says of pairs of them.

    Sightings are told by their rows of a table, with what `notes` found.
    """

    def ready(self) -> None:
        """Read what `notes` will need; `BadSetting` if that cannot be used."""
        ...

    def notes(
        self, sightings: pd.DataFrame, folder: Path | None, *, of_individuals: bool = False
    ) -> pd.DataFrame:
        """
        Return what is known of sightings, for the columns of their table.

        Parameters
        ----------
        sightings : pandas.DataFrame
            n rows with the column path.
        folder : Path or None
            The folder of photos.
        of_individuals : bool
            Whether the folders in it are individuals: they say nothing else.

        Returns
        -------
        pandas.DataFrame
            n rows of texts, "" where nothing is known.
        """
        ...

    def silent(self, ours: pd.DataFrame, theirs: pd.DataFrame) -> Silence:
        """
        Return which pairs say nothing about who is who, however alike they look.

        They are not compared, and are left out of every mean.
        """
        ...

    def together(self, sightings: pd.DataFrame) -> list[npt.NDArray[np.int64]]:
        """Return the rows of those that are one individual whatever they look like, set by set."""
        ...

    def trial(self, sightings: pd.DataFrame, most: int) -> npt.NDArray[np.int64]:
        """
        Draw silent pairs that should not look alike, to see how many of them do.

        Parameters
        ----------
        sightings : pandas.DataFrame
            n rows, with what `notes` found; the same sightings have the same pairs drawn.
        most : int
            Pairs, at most.

        Returns
        -------
        numpy.ndarray
            Shape (p, 2), int64, rows; none where there are no such pairs.
        """
        ...

    def remarks(self, sightings: pd.DataFrame, *, grouped: bool) -> list[str]:
        """
        Return what a user should know of it, a sentence each without a full stop.

        `grouped` says whether sightings are put into groups, so that `together` has an effect.
        """
        ...


class Masking(Protocol):
    """What an encoder or a matcher has beside its own methods if not all of a box counts."""

    def outline(self, image: Rgb, box: Box) -> npt.NDArray[np.bool_] | None:
        """
        Return what of a box counts, unless somebody painted it.

        Parameters
        ----------
        image : numpy.ndarray
            Shape (h, w, 3), uint8, RGB: the photo.
        box : Box
            In px of `image`.

        Returns
        -------
        numpy.ndarray or None
            Shape (a, b), bool: cells that together are the whole box. None where all of it counts.
        """
        ...

    def chips(
        self, image: Rgb, boxes: Sequence[Box], masks: Sequence[Mask | None] | None = None
    ) -> Rgb:
        """Cut the subjects out, as `Encoder.chips` does; a mask says what of its box counts."""
        ...


class Surroundings(Protocol):
    """What a matcher has beside its own methods if it can compare what is around subjects, too."""

    @property
    def background_scores(self) -> tuple[str, ...]:
        """Those of the matcher's scores that count as `background` does, and compare with it."""
        ...

    def background_features(self, chips: Rgb) -> list[Features]:
        """Describe what is around each subject, by other names than `Matcher.features` has."""
        ...

    def background(self, one: Features, other: Features) -> float:
        """
        Return what is alike around two subjects, as `background_scores` count it between them.

        NaN where that is not known. Both features have what `background_features` returned, if
        they were described by a version that knew of it.
        """
        ...


def surroundings_of(encoder: Encoder | Matcher) -> Surroundings | None:
    """Return what compares the surroundings of subjects; None where nothing does."""
    return cast(Surroundings, encoder) if hasattr(encoder, "background_features") else None


class Calibratable(Protocol):
    """What a matcher has beside its own methods if known individuals say what scores mean."""

    def calibrated(self, known: Sequence[LabelledPairs], of: str) -> Calibratable:
        """
        Return the same matcher with distances by what was fitted on pairs of known individuals.

        Parameters
        ----------
        known : sequence of LabelledPairs
            Albums, each of which counts as much as every other.
        of : str
            What they are, to be read.

        Raises
        ------
        BadSetting
            If an album has no pair of one individual, or none of two.
        """
        ...

    @property
    def scores(self) -> tuple[str, ...]:
        """What its scores are called, as of `Matcher`."""
        ...

    def distances(self, found: PairScores) -> npt.NDArray[np.float32]:
        """Return how far the two of each pair are from each other, as `Matcher.distances` does."""
        ...

    def evidence(self, found: PairScores) -> npt.NDArray[np.float64]:
        """Return the log-odds that the two of each pair are one, at even odds before; (p,)."""
        ...

    @property
    def scores_used(self) -> tuple[str, ...]:
        """Those of its scores that count."""
        ...

    def save_calibration(self, path: Path) -> None:
        """Write what was fitted, for the settings of a subject to name."""
        ...


def calibratable(encoder: Encoder | Matcher) -> Calibratable | None:
    """Return what can be calibrated; None where nothing can."""
    return cast(Calibratable, encoder) if hasattr(encoder, "calibrated") else None


def matcher_of(encoder: Encoder | Matcher) -> Matcher | None:
    """Return what compares pairs; None where vectors say it all."""
    return cast(Matcher, encoder) if encoder.info.metric == "pairs" else None


def in_common(
    matcher: Encoder | Matcher, one: Features, other: Features
) -> tuple[Places, Places] | None:
    """
    Return where the two of a pair are alike, for people to see.

    Returns
    -------
    (numpy.ndarray, numpy.ndarray) or None
        Shape (m, 2), float32, both: m places in the chip of the one, px across and down, and where
        each is in the chip of the other. None of a matcher, or an encoder, that cannot say it.
    """
    ask = getattr(matcher, "common", None)
    return None if ask is None else cast("tuple[Places, Places]", ask(one, other))


def masking(encoder: Encoder | Matcher) -> Masking | None:
    """Return what goes by masks; None where all of a box counts."""
    return cast(Masking, encoder) if hasattr(encoder, "outline") else None


def chips_of(encoder: Encoder | Matcher, image: Rgb, found: Sequence[Detection]) -> Rgb:
    """
    Cut subjects out upright, with painted masks where the encoder goes by masks.

    Parameters
    ----------
    encoder : Encoder or Matcher
        What wants to see them.
    image : numpy.ndarray
        Shape (h, w, 3), uint8, RGB: the photo at full size.
    found : sequence of Detection
        k boxes in px of `image`.

    Returns
    -------
    numpy.ndarray
        As `Encoder.chips`.
    """
    if any(each.turn for each in found):
        return np.concatenate([chips_of(encoder, *_upright(image, each)) for each in found])
    boxes, masks = [each.box for each in found], [each.mask for each in found]
    marked = masking(encoder)
    if marked is None or all(mask is None for mask in masks):
        return encoder.chips(image, boxes)
    return marked.chips(image, boxes, masks)


def _upright(image: Rgb, found: Detection) -> tuple[Rgb, list[Detection]]:
    """Return a picture in which a subject stands upright, and where it is there."""
    if not found.turn:
        return image, [found]
    part, box = patch(image, found.box, found.turn)
    mask = found.mask and Mask.of(turned(found.mask.inside, found.turn))
    return part, [replace(found, box=box, mask=mask, turn=0)]


def describe(
    encoder: Encoder | Matcher, chips: Rgb
) -> tuple[npt.NDArray[np.float32], tuple[Features, ...], npt.NDArray[np.float64]]:
    """
    Describe each chip.

    An encoder that can say how much each says has ``weighed(chips)``, which returns that beside the
    encodings.

    Returns
    -------
    (numpy.ndarray, tuple of Features, numpy.ndarray)
        Encodings, shape (k, d), float32, and nothing else; or, of a matcher, encodings without
        numbers, shape (k, 0), and k features, with those of the surroundings where it has any. Then
        how much each says, shape (k,), 0 to 1: 1 where the encoder does not say it.
    """
    matcher = matcher_of(encoder)
    if matcher is None:
        weigh = getattr(encoder, "weighed", None)
        if weigh is None:
            return cast(Encoder, encoder).encode(chips), (), np.ones(len(chips))
        encodings, worth = weigh(chips)
        return encodings, (), worth
    features = matcher.features(chips)
    if (around := surroundings_of(encoder)) is not None:
        behind = around.background_features(chips)
        features = [{**own, **more} for own, more in zip(features, behind, strict=True)]
    return np.zeros((len(chips), 0), dtype=np.float32), tuple(features), np.ones(len(chips))


@dataclass(frozen=True)
class Subject:
    """
    A kind of thing to be told apart.

    Attributes
    ----------
    name : str
        In the singular, such as "sighting".
    detector : Detector
        Finds it in the shrunken photo.
    encoder : Encoder or Matcher
        Describes it from the full-size photo, by vectors or for comparing in pairs.
    words : Words
        What it and its individuals are called.
    exclusive_in_photo : bool
        Whether two in one photo are two individuals.
    key : str
        What shapes all that is seen, as a digest, so that it is known again: the same key, the same
        results. "" where that cannot be said; of such a subject nothing is kept.
    evidence : Evidence or None
        What is known of its sightings beside how they look; as `ScanSettings.evidence` says it.
    """

    name: str
    detector: Detector
    encoder: Encoder | Matcher
    words: Words = GENERIC_WORDS
    exclusive_in_photo: bool = True
    key: str = ""
    evidence: Evidence | None = None

    @property
    def info(self) -> SubjectInfo:
        """What everything but the subject itself needs to know of it."""
        return SubjectInfo(self.name, self.words, self.exclusive_in_photo)
