"""An album of faces in doubt, of four people, and a session over it; its photos are not there."""

import numpy as np
import pandas as pd

from toolkit.calibration import Calibration
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.modes import Looked
from toolkit.records import (
    PHOTO_COLUMNS,
    PROBLEM_COLUMNS,
    SIGHTING_COLUMNS,
    Album,
    EncoderInfo,
    empty_table,
)
from toolkit.session import Session
from toolkit.settings import AutopilotSettings
from toolkit.subjects.face import FACE

# Whose face each one is; the photos are not there, so that their pictures are grey.
TRUTH = np.repeat([0, 1, 2, 3], [6, 5, 4, 3])
INFO = EncoderInfo("test", "0" * 64, 8, "euclidean", Calibration(slope=60.0, even=0.55))


def album_of(truth, folder, spread=0.12, seed=0):
    """Faces around points that are half as far apart as strangers are: doubtful ones."""
    rng = np.random.default_rng(seed)
    points = np.eye(8)[: truth.max() + 1] * 0.42 if len(truth) else np.zeros((0, 8))
    noise = rng.normal(0, spread, (len(truth), 8))
    encodings = (points[truth] + noise if len(truth) else noise).astype(np.float32)
    rows = [(str(folder / f"{k}.jpg"), f"{k:064x}") for k in range(len(truth))]
    photos = pd.DataFrame(rows, columns=["path", "photo_digest"]).astype(object)
    sightings = photos.assign(left=8, top=8, right=40, bottom=40, score=1.0)
    photos = photos.assign(width=64, height=64, left_out=0)
    return Album(
        sightings=sightings[list(SIGHTING_COLUMNS)],
        encodings=encodings,
        encoder=INFO,
        photos=photos[list(PHOTO_COLUMNS)],
        problems=empty_table(PROBLEM_COLUMNS),
        subject=FACE,
    )


def session_of(tmp_path, truth=TRUTH, threshold=0.55):
    looked = Looked(album_of(truth, tmp_path / "photos"), {}, len(truth))
    settings = AutopilotSettings(threshold=threshold)
    return Session(looked, GroupingAssigner(settings), out=tmp_path / "out")
