"""Two sightings side by side, as a matcher sees them, with what both have in common."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from toolkit import memory
from toolkit.errors import SightingsError, UnreadablePhoto
from toolkit.names import counted
from toolkit.photos import opening
from toolkit.records import PAINTED, Album, Box, Detection, Features, Words, turns_of
from toolkit.scanning import store
from toolkit.subjects import registry
from toolkit.subjects.base import (
    Places,
    Rgb,
    Subject,
    chips_of,
    describe,
    in_common,
    look_key,
    matcher_of,
    painted,
    surroundings_of,
)
from toolkit.subjects.settings import ScanSettings

# Sightings whose chip and features are kept for the next pair.
KEPT = 64


@dataclass(frozen=True)
class PairView:
    """
    Two sightings, and where they are alike.

    Attributes
    ----------
    chips : (numpy.ndarray, numpy.ndarray)
        Shape (h, w, 3), uint8, RGB, both: the sightings as they were compared.
    places : (numpy.ndarray, numpy.ndarray)
        Shape (m, 2), float32, both: what they have in common, px across and down in either chip.
    marks : float
        How much that is, by the largest of the matcher's scores; NaN where it is not known.
    around : float
        How much is alike around the two, counted as `marks`; NaN where it is not known.
    """

    chips: tuple[Rgb, Rgb]
    places: tuple[Places, Places]
    marks: float = float("nan")
    around: float = float("nan")

    @property
    def on_background(self) -> bool:
        """Whether what is around the two is more alike than they are."""
        return self.around > self.marks

    def told(self, words: Words) -> str:
        """Say how much they have in common, and what is around them; "" where it is not known."""
        if np.isnan(self.marks):
            return ""
        text = f"{counted(round(self.marks), 'mark')} alike"
        if np.isnan(self.around):
            return text
        text += f", {self.around:.0f} around them"
        if self.on_background:
            text += f": the background is more alike than the {words.plural}"
        return text

    def __len__(self) -> int:
        """How many places they have in common."""
        return len(self.places[0])


class PairViews:
    """
    Shows what two sightings of an album have in common. Threads may share one.

    Chips are made anew from the photos, and so are features where neither the album nor the store
    has them.

    Parameters
    ----------
    album : Album
        n sightings, compared in pairs.
    subject : Subject
        What described and compared them.
    settings : ScanSettings, optional
        How they were looked for: what was seen then is in the store.
    """

    def __init__(
        self, album: Album, subject: Subject, settings: ScanSettings | None = None
    ) -> None:
        self._album, self._subject, self._settings = album, subject, settings
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, tuple[Rgb, Features]] = OrderedDict()
        photos = album.photos
        self._files: dict[str, list[tuple[str, tuple[int, int]]]] = {}
        for path, digest, width, height in zip(
            *(photos[name] for name in ("path", "photo_digest", "width", "height")), strict=True
        ):
            self._files.setdefault(str(digest), []).append((str(path), (int(width), int(height))))

    def of(self, first: int, second: int) -> PairView | None:
        """
        Return what two sightings (rows of the album) have in common.

        Returns
        -------
        PairView or None
            None where a photo is gone or was changed, or the matcher cannot say it.
        """
        # Either takes half a second where it has to be masked and described anew.
        with ThreadPoolExecutor(2, thread_name_prefix="pair") as pool:
            one, other = pool.map(self._seen, (first, second))
        if one is None or other is None:
            return None
        features = one[1], other[1]
        matcher = matcher_of(self._subject.encoder)
        places = in_common(self._subject.encoder, *features)
        if matcher is None or places is None:
            return None
        marks, behind = float(np.max(matcher.compare(*features))), float("nan")
        if (around := surroundings_of(matcher)) is not None:
            behind = around.background(*features)
        return PairView((one[0], other[0]), places, marks, behind)

    def _seen(self, row: int) -> tuple[Rgb, Features] | None:
        with self._lock:
            if (kept := self._kept.get(row)) is not None:
                self._kept.move_to_end(row)
                return kept
        image = self._photo(row)
        matcher = matcher_of(self._subject.encoder)
        if image is None or matcher is None:
            return None
        chips = chips_of(matcher, image, [self._detection(row)])
        features = self._known(row)
        if features is None:
            features = describe(matcher, chips)[1][0]
        made = (_filled(chips[0]), features)
        with self._lock:
            self._kept[row] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made

    def _detection(self, row: int) -> Detection:
        """Return where a sighting is, with the mask that it was described by."""
        sighting = self._album.sightings.iloc[row]
        digest, path = str(sighting.get(PAINTED, "")), Path(str(sighting["path"]))
        mask = painted(self._subject.detector, path, digest) if digest else None
        (turn,) = turns_of(self._album.sightings.iloc[[row]])
        return Detection(_box(sighting), 1.0, mask=mask, turn=turn)

    def _known(self, row: int) -> Features | None:
        """Return what a sighting is compared by, where the album or the store has it."""
        if self._album.features is not None:
            return self._album.features[row]
        if self._settings is None:
            return None
        sighting = self._album.sightings.iloc[row]
        box = _box(sighting)
        with store.recalled(self._subject, self._settings) as recall:
            key = look_key(self._subject.detector, Path(str(sighting["path"])))
            look = recall.look(str(sighting["photo_digest"]), key)
        if look is None:
            return None
        found = zip(look.detections, look.features, strict=False)
        return next((features for each, features in found if each.box == box), None)

    def _photo(self, row: int) -> Rgb | None:
        """Return the photo of a sighting at full size; None where no file is what was seen."""
        digest = str(self._album.sightings["photo_digest"].iloc[row])
        for name, (width, height) in self._files.get(digest, ()):
            path = Path(name)
            try:
                if not path.is_file():
                    continue
                wanted = opening.demand_of(path, long_edge=max(width, height))
                with memory.budget().reserve(wanted.shrunk, wanted.what):
                    image = opening.open_upright(path)
            except (UnreadablePhoto, OSError, ValueError, MemoryError):
                continue
            if image.shape[:2] == (height, width):
                return image
        return None


def views_of(
    album: Album,
    settings: ScanSettings,
    subject: Subject | None = None,
    *,
    out: Path | None = None,
    folder: Path | None = None,
) -> PairViews | None:
    """
    Return what shows pairs of an album, by the settings that it was looked at with.

    Parameters
    ----------
    album : Album
        n sightings.
    settings : ScanSettings
        How they were looked for.
    subject : Subject, optional
        What described them; as the settings say, if not given.
    out : Path, optional
        The folder of results: what was said there of single photos holds.
    folder : Path, optional
        Where the photos are.

    Returns
    -------
    PairViews or None
        None where the album is compared by vectors, where its matcher cannot show what two have in
        common, and where it cannot be had: it is another one now, or not installed.
    """
    if album.encoder.metric != "pairs":
        return None
    if subject is None and settings.subject.name != album.subject.name:
        return None
    try:
        subject = settings.corrected(subject or registry.subject_for(settings), out, folder)
        album.encoder.require_same(subject.encoder.info)
    except SightingsError:
        return None
    return PairViews(album, subject, settings) if hasattr(subject.encoder, "common") else None


def _box(sighting: pd.Series) -> Box:
    return Box(*(int(sighting[edge]) for edge in ("left", "top", "right", "bottom")))


def _filled(chip: Rgb) -> Rgb:
    """Return the part of a chip that is no empty margin to the right of it and below it."""
    there = chip.any(axis=2)
    if not there.any():
        return chip[..., :3]
    tall, wide = (int(each.max()) + 1 for each in np.nonzero(there))
    return np.ascontiguousarray(chip[:tall, :wide, :3])
