"""What a detector at a photo size costs: seconds, and memory in a process of its own."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from toolkit import memory
from toolkit.errors import UnreadablePhoto
from toolkit.photos import opening
from toolkit.photos.quality import sharpness
from toolkit.progress import Progress, spent
from toolkit.scanning.scan import PhotoResult, scan
from toolkit.settings import AutopilotSettings
from toolkit.subjects import registry
from toolkit.subjects.base import Subject, describe

# A detector, and a long edge in px; 0 is the full size.
Way = tuple[str, int]
SubjectMaker = Callable[[AutopilotSettings], Subject]
# Longer than any photo, so that `opening.open_shrunk` leaves it as it is.
UNSHRUNK = 1_000_000
_CHILD = (
    "import json, sys; sys.path.insert(0, sys.argv[1]); "
    "from toolkit.evaluation import photo_size_costs; "
    "print(json.dumps(photo_size_costs.memory_growth(*sys.argv[2:4], int(sys.argv[4]), "
    "json.loads(sys.argv[5]))))"
)


def settings_for(settings: AutopilotSettings, way: Way) -> AutopilotSettings:
    """Return the settings of one configuration."""
    detector, size = way
    if size:
        return changed(settings, detector=detector, long_edge=size)
    # Nothing is doubled at full size unless the settings ask for it.
    return changed(settings, detector=detector, upsample=settings.upsample or 0)


def called(way: Way) -> str:
    """Return what a configuration is called."""
    return f"{way[0]}, {f'long edge {way[1]}' if way[1] else 'full size'}"


def scan_as(
    paths: Sequence[Path], subject: Subject, settings: AutopilotSettings, size: int, jobs: int
) -> Iterator[PhotoResult]:
    """Scan as the settings say, but at a long edge of `size` px; 0 is the full size."""
    return scan(
        paths,
        subject,
        long_edge=size or UNSHRUNK,
        min_size=settings.min_size,
        min_sharpness=settings.min_sharpness,
        jobs=jobs,
    )


def time_ways(
    paths: Sequence[Path],
    ways: Sequence[Way],
    *,
    settings: AutopilotSettings,
    rounds: int = 5,
    make: SubjectMaker = registry.subject_for,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """
    Time the steps of `toolkit.scanning.scan` in one thread, from files in memory to encodings.

    Configurations take turns photo by photo, after one photo each to warm up; loading models is not
    counted.

    Parameters
    ----------
    paths : sequence of Path
        Photos, at least one.
    ways : sequence of (str, int)
        Detectors and long edges in px, 0 for the full size.
    settings, make, progress
        As for `resize`.
    rounds : int
        How often each photo is timed, 1 or more.

    Returns
    -------
    pandas.DataFrame
        detector, long_edge, seconds (CPU) and wall_seconds: of each photo the median over the
        rounds, then the mean over photos. nan where a size is too large for the memory.
    """
    subjects = [make(settings_for(settings, way)) for way in ways]
    spent = np.zeros((rounds, len(paths), len(ways), 2))
    for way, subject in zip(ways, subjects, strict=True):
        _timed(paths[0], way, subject, settings)
    for turn in range(rounds):
        for number, path in enumerate(paths):
            for column, (way, subject) in enumerate(zip(ways, subjects, strict=True)):
                spent[turn, number, column] = _timed(path, way, subject, settings)
        if progress is not None:
            progress("timing", turn + 1, rounds, "round")
    table = pd.DataFrame(ways, columns=["detector", "long_edge"])
    table[["seconds", "wall_seconds"]] = np.median(spent, axis=0).mean(axis=0)
    return table


def _timed(
    path: Path, way: Way, subject: Subject, settings: AutopilotSettings
) -> tuple[float, float]:
    try:
        with spent() as took:
            opening.digest_of(path)
            opened = opening.open_shrunk(path, long_edge=way[1] or UNSHRUNK)
            every = subject.detector.detect(opened.small, path)
            found = [each.box for each in every if not each.kind]
            height, width = opened.small.shape[:2]
            found = [box.scaled(opened.width / width, opened.height / height) for box in found]
            found = [box for box in found if min(box.width, box.height) >= settings.min_size]
            if found:
                full = opening.open_upright(path) if opened.full is None else opened.full
                chips = subject.encoder.chips(full, found)
                describe(subject.encoder, chips[sharpness(chips) >= settings.min_sharpness])
    except (UnreadablePhoto, MemoryError):
        return math.nan, math.nan
    return took.cpu, took.wall


def memory_growth(
    path: str, detector: str, long_edge: int, settings: dict[str, Any]
) -> float | None:
    """
    Return the MB that one photo adds at most to what this process has with its models loaded.

    Call it in a fresh process. It reads Linux's own count and returns None elsewhere. (The maximum
    that getrusage gives is inherited from the process that started this one.) Where the system does
    not let that count start anew, the loading of the models may be in it.
    """
    chosen = settings_for(AutopilotSettings(**settings), (detector, long_edge))
    subject = registry.subject_for(chosen)
    before = memory.resident()
    memory.count_anew()
    for _ in scan_as([Path(path)], subject, chosen, long_edge, jobs=1):
        pass
    grown = (memory.peak() - before) / 1e6
    return None if math.isnan(grown) else max(0.0, grown)


def memory_of(
    path: Path, ways: Sequence[Way], settings: AutopilotSettings, progress: Progress | None
) -> list[float]:
    """Run `memory_growth` in a process of its own for each configuration; nan for None."""
    peaks = []
    for number, (detector, size) in enumerate(ways, start=1):
        told = [str(Path(__file__).parents[2]), str(path.absolute()), detector, str(size)]
        done = subprocess.run(  # noqa: S603 - this interpreter, with arguments of our own
            [sys.executable, "-c", _CHILD, *told, json.dumps(settings.as_dict())],
            capture_output=True,
            text=True,
            check=False,
        )
        grown = json.loads(done.stdout) if done.returncode == 0 else None
        peaks.append(math.nan if grown is None else float(grown))
        if progress is not None:
            progress("memory", number, len(ways), called((detector, size)))
    return peaks
