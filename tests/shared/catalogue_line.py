"""Sightings and a catalogue as points: how far they are from each other is seen at once."""

import numpy as np
import pandas as pd

from toolkit.calibration import Calibration
from toolkit.grouping.identification import References
from toolkit.grouping.neighbours import VectorDistances
from toolkit.records import PROBLEM_COLUMNS, Album, EncoderInfo, SubjectInfo, empty_table

# Distances along a line: at 0 certain, even at 1, hopeless at 2.
INFO = EncoderInfo("line", "0" * 64, 2, "euclidean", Calibration(slope=10.0, even=1.0))


def album(*places):
    rows = np.array(places, dtype=np.float32).reshape(-1, 2)
    digests = [f"{row:064x}" for row in range(len(rows))]
    paths = [f"{row}.jpg" for row in range(len(rows))]
    photos = pd.DataFrame(
        {"path": paths, "photo_digest": digests, "width": 9, "height": 9, "left_out": 0}
    )
    sightings = pd.DataFrame(
        {
            "photo_digest": digests,
            "path": paths,
            **{"left": 0, "top": 0, "right": 9, "bottom": 9, "score": 1.0},
        }
    )
    problems = empty_table(PROBLEM_COLUMNS)
    subject = SubjectInfo(exclusive_in_photo=False)
    return Album(photos, sightings, rows, INFO, problems, subject)


def catalogue(**places):
    rows = np.array([at for each in places.values() for at in each], dtype=np.float32)
    return References(
        names=tuple(places),
        encodings=rows,
        individual_of=np.repeat(np.arange(len(places)), [len(x) for x in places.values()]),
        paths=tuple(f"{name}/{k}.jpg" for name, each in places.items() for k in range(len(each))),
        encoder=INFO,
        problems=empty_table(PROBLEM_COLUMNS),
        among=VectorDistances(rows),
    )
