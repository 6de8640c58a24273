"""Which sightings are found, by their size, and what it costs, for detectors and photo sizes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from toolkit.boxes import either_centred
from toolkit.errors import SightingsError, UnreadablePhoto
from toolkit.photos import opening
from toolkit.progress import spent
from toolkit.records import Detection
from toolkit.settings import AutopilotSettings
from toolkit.subjects import registry

BOX_COLUMNS = ("photo", "left", "top", "width", "height")
EDGES = (0.0, 0.05, 0.08, 0.12, float("inf"))
WAYS = tuple(
    [("hog", upsample, size) for size in (640, 1000, 1200, 1600, 2400) for upsample in (0, 1)]
    # What face_recognition does with a photo from a modern camera.
    + [("hog", 1, 4000)]
    + [("cnn", 0, size) for size in (600, 800, 1000, 1200, 1400, 1600, 2000)]
)


def recall(
    folder: Path,
    boxes: pd.DataFrame,
    *,
    enlarge: int = 4000,
    ways: Sequence[tuple[str, int, int]] = WAYS,
) -> pd.DataFrame:
    """
    Search photos in which every sighting is known, with each detector at several sizes.

    One counts as found when a detection is centred in it or it is centred in a detection. Photos
    are first enlarged, as if they came from a modern camera.

    Parameters
    ----------
    folder : Path
        Photos.
    boxes : pandas.DataFrame
        One row a sighting: photo (path relative to `folder`), left, top, width, height in px.
    enlarge : int
        Longer side, in px, that photos are brought to; 0 leaves them.
    ways : sequence of (str, int, int)
        Detector, upsampling, and long edge in px to which photos are then shrunk.

    Returns
    -------
    pandas.DataFrame
        One row a way: detector, upsample, long_edge, cpu_seconds (a photo, the search alone),
        found, of (sightings), false (detections where none is known), and, as text "found/all", how
        many were found of those whose height is "0% to 5%", "5% to 8%", "8% to 12%" and "above 12%"
        of the photo's longer side.

    Raises
    ------
    SightingsError
        If the table lacks a column.
    """
    missing = set(BOX_COLUMNS) - set(boxes.columns)
    if missing:
        raise SightingsError(
            f"the table of boxes lacks the columns {', '.join(sorted(missing))}; "
            f"expected {', '.join(BOX_COLUMNS)}."
        )
    seekers = [
        registry.subject_for(AutopilotSettings(detector=d, upsample=u, long_edge=size)).detector
        for d, u, size in ways
    ]
    counts = [_Count() for _ in ways]
    photo_names = list(dict.fromkeys(boxes["photo"].astype(str)))
    for name in photo_names:
        try:
            image, factor = _enlarged(opening.open_upright(folder / name), enlarge)
        except UnreadablePhoto as error:
            raise SightingsError(f"{folder / name}: {error}") from error
        there = boxes[boxes["photo"].astype(str) == name]
        known = there[["left", "top", "width", "height"]].to_numpy(dtype=float, copy=True)
        known[:, 2:] += known[:, :2]
        for (_, _, long_edge), seek, count in zip(ways, seekers, counts, strict=True):
            small = opening.shrink(image, long_edge=long_edge)
            with spent() as took:
                found = seek.detect(small)
            count.seconds += took.cpu
            scaled = known * factor * small.shape[1] / image.shape[1]
            matched = either_centred(scaled, _edges(found))
            count.hits.extend(bool(one.any()) for one in matched)
            count.false += int((~matched.any(axis=0)).sum())
            count.sizes.extend(((scaled[:, 3] - scaled[:, 1]) / max(small.shape)).tolist())
    return pd.DataFrame(
        [
            {
                "detector": detector,
                "upsample": upsample,
                "long_edge": long_edge,
                "cpu_seconds": count.seconds / len(photo_names),
                "found": int(np.sum(count.hits)),
                "of": len(count.hits),
                "false": count.false,
                **_by_size(np.array(count.hits), np.array(count.sizes)),
            }
            for (detector, upsample, long_edge), count in zip(ways, counts, strict=True)
        ]
    )


@dataclass
class _Count:
    seconds: float = 0.0
    false: int = 0
    hits: list[bool] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)


def _enlarged(image: npt.NDArray[np.uint8], long_edge: int) -> tuple[npt.NDArray[np.uint8], float]:
    height, width = image.shape[:2]
    factor = max(1.0, long_edge / max(height, width))
    if factor == 1.0:
        return image, 1.0
    size = (round(width * factor), round(height * factor))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)), factor


def _edges(found: Sequence[Detection]) -> npt.NDArray[np.float64]:
    """Shape (detections, 4): left, top, right, bottom of each."""
    edges = [(d.box.left, d.box.top, d.box.right, d.box.bottom) for d in found]
    return np.array(edges, dtype=np.float64).reshape(-1, 4)


def _by_size(hits: npt.NDArray[np.bool_], sizes: npt.NDArray[np.float64]) -> dict[str, Any]:
    shares = {}
    for low, high in itertools.pairwise(EDGES):
        inside = (sizes >= low) & (sizes < high)
        label = f"{low:.0%} to {high:.0%}" if high < 1 else f"above {low:.0%}"
        shares[label] = f"{int(hits[inside].sum())}/{int(inside.sum())}"
    return shares
