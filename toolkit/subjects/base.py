"""What a subject has to offer: a detector that finds it, and what tells one from another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from toolkit.records import (
    GENERIC_WORDS,
    Box,
    Detection,
    EncoderInfo,
    Features,
    PairScores,
    SubjectInfo,
    Words,
)

Rgb = npt.NDArray[np.uint8]


class Detector(Protocol):
    """
    Finds subjects in a picture. Threads may share one.

    One that takes much memory also has ``needs(width, height)``, which returns how many bytes it
    takes to search a picture of that size in px: photos then wait until there is room. One that
    knows more of a photo than its picture has ``prepare``, ``look_key`` and ``silence``, and one
    that tells a subject from its surroundings ``outline``; each of these is explained at the
    function of its name below.
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


def outline(detector: Detector, image: Rgb) -> npt.NDArray[np.bool_] | None:
    """Return which px of a picture of one subject show it, shape (h, w); None where unknown."""
    ask = getattr(detector, "outline", None)
    return None if ask is None else cast("npt.NDArray[np.bool_] | None", ask(image))


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


def matcher_of(encoder: Encoder | Matcher) -> Matcher | None:
    """Return what compares pairs; None where vectors say it all."""
    return cast(Matcher, encoder) if encoder.info.metric == "pairs" else None


def describe(
    encoder: Encoder | Matcher, chips: Rgb
) -> tuple[npt.NDArray[np.float32], tuple[Features, ...]]:
    """
    Describe each chip.

    Returns
    -------
    (numpy.ndarray, tuple of Features)
        Encodings, shape (k, d), float32, and nothing else; or, of a matcher, encodings without
        numbers, shape (k, 0), and k features.
    """
    matcher = matcher_of(encoder)
    if matcher is None:
        return cast(Encoder, encoder).encode(chips), ()
    return np.zeros((len(chips), 0), dtype=np.float32), tuple(matcher.features(chips))


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
    """

    name: str
    detector: Detector
    encoder: Encoder | Matcher
    words: Words = GENERIC_WORDS
    exclusive_in_photo: bool = True
    key: str = ""

    @property
    def info(self) -> SubjectInfo:
        """What everything but the subject itself needs to know of it."""
        return SubjectInfo(self.name, self.words, self.exclusive_in_photo)
