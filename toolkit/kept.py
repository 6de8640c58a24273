"""What a run leaves in its output folder beside the copies, and how to take it up again."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.calibration import Calibration
from toolkit.errors import BadFolder
from toolkit.export import write_bytes, write_table
from toolkit.record import LARGEST, RECORD
from toolkit.records import (
    PHOTO_COLUMNS,
    PROBLEM_COLUMNS,
    SIGHTING_COLUMNS,
    EncoderInfo,
    Gallery,
    empty_table,
)
from toolkit.results import Result

ENCODINGS = "encodings.npy"
SIGHTINGS = "sightings.csv"


@dataclass(frozen=True)
class Run:
    """
    An earlier run, as its output folder tells it.

    Attributes
    ----------
    out : Path
        The folder.
    gallery : Gallery
        Its sightings and their encodings. `photos` has a row for each photo with a sighting, and
        knows no sizes (0 px).
    names : tuple of str or None
        The individual of each sighting; None for nobody known.
    mode : str
        "autopilot" or "point-and-shoot".
    threshold : float
        Encoder distance that was used.
    settings : dict
        What the run was told.
    """

    out: Path
    gallery: Gallery
    names: tuple[str | None, ...]
    mode: str
    threshold: float
    settings: dict[str, Any]

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Shape (n,), int64: a number for the individual of each sighting, -1 for nobody known."""
        return pd.factorize(pd.Series(self.names, dtype=object))[0].astype(np.int64)


def save(result: Result, out: Path) -> None:
    """
    Write the tables of a run, and the encodings of its sightings, into its output folder.

    ``encodings.npy`` has one row, float32, for each row of ``sightings.csv``. It is as private as
    the photos: faces can be told by it.
    """
    write_table(result.sightings, out / SIGHTINGS)
    write_table(result.nobody, out / "nobody.csv")
    write_table(result.problems, out / "problems.csv")
    stream = io.BytesIO()
    np.save(stream, result.gallery.encodings, allow_pickle=False)
    write_bytes(out / ENCODINGS, stream.getvalue())


def about_encoder(encoder: EncoderInfo) -> dict[str, Any]:
    """Return what ``run.json`` says of an encoder, so that `load` can make it again."""
    return {
        "encoder": encoder.name,
        "encoder_weights": encoder.weights_digest,
        "encoder_variant": encoder.variant,
        "encoder_metric": encoder.metric,
        "calibration": {
            "slope": encoder.calibration.slope,
            "even": encoder.calibration.even,
        },
    }


def load(out: str | Path) -> Run:
    """
    Take up an earlier run.

    Parameters
    ----------
    out : path
        The folder that its results went to.

    Raises
    ------
    BadFolder
        If it is no such folder, or a file of it is missing, damaged, or does not fit the others.
    """
    folder = Path(out)
    about = _about(folder)
    try:
        sightings = pd.read_csv(folder / SIGHTINGS, dtype={"photo_digest": str, "path": str})
    except (OSError, ValueError) as error:
        raise _damaged(folder, SIGHTINGS, str(error)) from error
    missing = {"name", *SIGHTING_COLUMNS} - set(sightings.columns)
    if missing:
        raise _damaged(folder, SIGHTINGS, f"it lacks the columns {', '.join(sorted(missing))}")
    try:
        encodings = np.load(folder / ENCODINGS, allow_pickle=False, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(folder, ENCODINGS, str(error)) from error
    if encodings.ndim != 2 or len(encodings) != len(sightings):
        raise _damaged(
            folder,
            ENCODINGS,
            f"it has the shape {encodings.shape}, and {SIGHTINGS} has {len(sightings):,} rows",
        )
    try:
        encoder = EncoderInfo(
            name=str(about["encoder"]),
            weights_digest=str(about["encoder_weights"]),
            dimensions=int(encodings.shape[1]),
            metric=about["encoder_metric"],
            calibration=Calibration(
                float(about["calibration"]["slope"]), float(about["calibration"]["even"])
            ),
            variant=str(about["encoder_variant"]),
        )
        gallery = Gallery(
            photos=_photos(sightings),
            sightings=sightings[list(SIGHTING_COLUMNS)],
            encodings=np.array(encodings),
            encoder=encoder,
            problems=empty_table(PROBLEM_COLUMNS),
        )
        threshold, mode = float(about["threshold"]), str(about["mode"])
        settings = dict(about["settings"])
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(folder, RECORD, f"{type(error).__name__}: {error}") from error
    names = tuple(None if pd.isna(name) else str(name) for name in sightings["name"])
    return Run(folder, gallery, names, mode, threshold, settings)


def _about(folder: Path) -> dict[str, Any]:
    path = folder / RECORD
    if not path.is_file():
        raise BadFolder(
            f"{folder} holds no {RECORD}; expected the output folder of an earlier autopilot or "
            "point-and-shoot run."
        )
    try:
        if path.stat().st_size > LARGEST:
            raise _damaged(folder, RECORD, f"it has more than {LARGEST >> 20} MB")
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(folder, RECORD, str(error)) from error
    if not isinstance(about, dict):
        raise _damaged(folder, RECORD, "it is no object")
    return about


def _photos(sightings: pd.DataFrame) -> pd.DataFrame:
    photos = sightings[["path", "photo_digest"]].drop_duplicates("photo_digest")
    return photos.assign(width=0, height=0, left_out=0)[list(PHOTO_COLUMNS)].reset_index(drop=True)


def _damaged(folder: Path, file: str, reason: str) -> BadFolder:
    return BadFolder(
        f"{folder / file} cannot be used: {reason}. Run autopilot or point-and-shoot into that "
        "folder again."
    )
