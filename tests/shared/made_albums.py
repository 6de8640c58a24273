"""Albums made of numbers alone."""

from dataclasses import replace

import numpy as np
import pandas as pd

from toolkit.calibration import Calibration
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision, apply
from toolkit.grouping import assigners, naming, uncertainty
from toolkit.grouping.sighting_finder import key_of
from toolkit.records import (
    PHOTO_COLUMNS,
    PROBLEM_COLUMNS,
    SIGHTING_COLUMNS,
    Album,
    ComparedPairs,
    EncoderInfo,
    empty_table,
)
from toolkit.settings import AutopilotSettings
from toolkit.subjects.face import FACE
from toolkit.subjects.face.calibration import LINKAGE

AT = AutopilotSettings(threshold=0.5)


def album(rows, photo_of=None, *, encoder=None, even=0.6) -> Album:
    """
    Sightings at places on a line (or in space), each in a photo of its own unless said.

    Photo 3 is ``p3.jpg``. The encoder is a made-up one whose even point is `even`, unless given.
    """
    rows = np.asarray(rows, np.float32)
    if encoder is None:
        rows = rows[:, None] if rows.ndim == 1 else rows
        calibration = Calibration(60.0, even)
        encoder = EncoderInfo(
            "made_up", "0" * 64, rows.shape[1], "euclidean", calibration, linkage=LINKAGE
        )
    rows = rows.reshape(-1, encoder.dimensions)
    photo_of = range(len(rows)) if photo_of is None else photo_of
    table = pd.DataFrame(
        [
            (f"{photo:064x}", f"p{photo}.jpg", 20 * row, 0, 20 * row + 9, 9, 1.0)
            for row, photo in enumerate(photo_of)
        ],
        columns=list(SIGHTING_COLUMNS),
    )
    photos = table.drop_duplicates("photo_digest")[["path", "photo_digest"]]
    photos = photos.assign(width=99, height=99, left_out=0)[list(PHOTO_COLUMNS)]
    return Album(photos, table, rows, encoder, empty_table(PROBLEM_COLUMNS), FACE)


class Grouped:
    """An album as it is grouped by the decisions so far."""

    def __init__(self, full: Album, made) -> None:
        self.album = decisions.masked(full, made)
        self.decided = apply(made, self.album)
        found = assigners.group_album(self.album, AT, decided=self.decided)
        self.labels = found.clustering.labels
        self.names = naming.name_groups(
            self.labels, assigners.numbered_names(self.labels + 1, FACE.words), self.decided.names
        )
        self.row = {key_of(self.album, row): row for row in self.album.kept.tolist()}

    @property
    def seen(self):
        return self.album, self.labels, self.names

    def keys(self, group):
        return [key_of(self.album, row) for row in np.flatnonzero(self.labels == group)]

    def groups(self, faces) -> set[int]:
        return {int(self.labels[self.row[face]]) for face in faces}

    def called(self, faces) -> set[str]:
        return {self.names[self.row[face]] for face in faces}

    def sides(self):
        return uncertainty.sides(
            self.album,
            self.labels,
            must_link=self.decided.must,
        )


def album_with(rows, colours, each=2):
    count = len(rows)
    paths = [f"{n // each}.jpg" for n in range(count)]
    sightings = pd.DataFrame({"photo_digest": paths, "path": paths})
    for column in ("left", "top", "right", "bottom"):
        sightings[column] = 0
    sightings["score"] = 1.0
    return Album(
        photos=pd.DataFrame({"path": paths, "photo_digest": paths})
        .drop_duplicates()
        .assign(width=9, height=9, left_out=0),
        sightings=sightings,
        encodings=rows,
        encoder=replace(colours.encoder.info, dimensions=rows.shape[1]),
        problems=empty_table(("path", "stage", "reason")),
        subject=FACE,
    )


INFO = EncoderInfo(
    "made_up", "0" * 64, 64, "euclidean", Calibration(slope=60.0, even=0.6), linkage=LINKAGE
)


def drawn(seed: int, individuals: int, each: int, spread: float = 0.035, alike: int = 64) -> tuple:
    """Faces of people, two different people a photo; some alike where they differ in few ways."""
    rng = np.random.default_rng(seed)
    centres = np.zeros((individuals, 64))
    centres[:, :alike] = rng.normal(size=(individuals, alike)) * 0.72 / np.sqrt(alike)
    truth = np.tile(np.arange(individuals), each)
    rows = centres[truth] + rng.normal(size=(len(truth), 64)) * spread
    photo_of = np.empty(len(truth), np.int64)
    for turn in range(each):
        people = rng.permutation(individuals)
        photo_of[turn * individuals + people] = turn * individuals + np.arange(individuals) // 2
    return rows.astype(np.float32), truth, photo_of


def clear_groups(count=60, each=10, dimensions=16, seed=0):
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(count, dimensions))
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    labels = np.repeat(np.arange(count), each)
    rows = middles[labels] + rng.normal(scale=0.02, size=(count * each, dimensions))
    return rows.astype(np.float32), labels.astype(np.int64)


# Two on the left, two on the right, one far away, each in a photo of its own.
FIVE = [0.0, 0.1, 2.0, 2.2, 9.0]


def link(full, kind, one, other) -> Decision:
    return Decision(kind, key_of(full, one), key_of(full, other))


def named(full, row, text) -> Decision:
    return Decision("name", key_of(full, row), name=text)


PAIRS = EncoderInfo("made_up", "0" * 64, 0, "pairs", Calibration(slope=10.0, even=1.0))


def pair_album(table, photo_of=None, subject=FACE) -> Album:
    """Sightings of which each two were compared: square distances, NaN where nothing is said."""
    table = np.asarray(table, np.float32)
    full = album(np.zeros(len(table)), photo_of)
    first, second = np.triu_indices(len(table), k=1)
    compared = ComparedPairs.of(len(table), first, second, table[first, second], 2.0)
    nothing = np.zeros((len(table), 0), np.float32)
    return replace(full, encodings=nothing, encoder=PAIRS, compared=compared, subject=subject)


def pairs_of(truth, seed=0, photo_of=None, subject=FACE) -> Album:
    """Such an album where pairs of one individual are near, more or less, and others far."""
    rng, truth = np.random.default_rng(seed), np.asarray(truth)
    table = np.where(truth[:, None] == truth, 0.55, 1.45) + rng.normal(0, 0.12, (len(truth),) * 2)
    return pair_album(np.clip(table, 0, 2), photo_of, subject)
