"""Example photos of known individuals, read into references."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import BadFolder
from toolkit.grouping.identification import References
from toolkit.photos import opening
from toolkit.records import PROBLEM_COLUMNS, Features, Words, empty_table
from toolkit.scanning import store
from toolkit.scanning.scan import PhotoResult, scan
from toolkit.settings import ComparingSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.settings import declared_as


def read_references(
    known: Path,
    subject: Subject,
    settings: ComparingSettings,
    *,
    progress: Callable[[int, int, str], None] | None = None,
    stop: Callable[[], bool] | None = None,
    leave_out: Sequence[Path] = (),
) -> References | None:
    """
    Read the example photos of known individuals.

    Parameters
    ----------
    known : Path
        One folder an individual.
    subject : Subject
        What finds and describes them; the same as for the photos.
    settings : ComparingSettings
        `largest` decides about example photos with several sightings.
    progress : callable, optional
        Called with the number done, the total, and the photo just done.
    stop : callable, optional
        Asked whether to stop, as `toolkit.scanning.scan.scan` asks.
    leave_out : sequence of Path
        Folders that hold no examples.

    Returns
    -------
    toolkit.grouping.identification.References or None
        With a problem for each photo that could not serve. None if it was stopped: with some of the
        only, sightings of the others would be taken for them, or for strangers.

    Raises
    ------
    BadFolder
        If `known` holds no folders, or none with a photo that serves.
    """
    listing = opening.find(known, leave_out=leave_out)
    problems = [(str(path), "reference", reason) for path, reason in listing.skipped]
    name_of: dict[Path, str] = {}
    for path in listing.photos:
        inside = path.relative_to(known).parts
        if len(inside) > 1:
            name_of[path] = inside[0]
        else:
            reason = "beside the folders of examples: put it into one, named after whom it shows"
            problems.append((str(path), "reference", reason))
    if not name_of:
        raise BadFolder(
            f"known: {known} holds no folder with photos; expected one folder for each "
            f"{subject.words.individual}, named after them, with at least one photo in it."
        )
    names = tuple(dict.fromkeys(name_of.values()))
    encodings: list[npt.NDArray[np.float32]] = []
    features: list[Features] = []
    individual_of: list[int] = []
    paths: list[str] = []
    done = 0

    def seen(path: Path) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, len(name_of), str(path))

    with store.recalled(subject, settings) as recall:
        results = list(
            scan(
                name_of,
                subject,
                long_edge=settings.long_edge,
                min_size=settings.min_size,
                min_sharpness=settings.min_sharpness,
                jobs=settings.threads,
                gigabytes=settings.memory,
                stop=stop,
                seen=seen,
                recall=recall,
            )
        )
    for result in results:
        unfit = _unfit(result, settings, subject.words)
        if unfit is not None:
            problems.append((str(result.path), "reference", unfit))
            continue
        areas = [d.box.width * d.box.height for d in result.detections]
        largest = areas.index(max(areas))
        encodings.append(result.encodings[largest])
        features += result.features[largest : largest + 1]
        individual_of.append(names.index(name_of[result.path]))
        paths.append(str(result.path))
    if done < len(name_of):
        return None
    table = (
        pd.DataFrame(problems, columns=list(PROBLEM_COLUMNS))
        if problems
        else empty_table(PROBLEM_COLUMNS)
    )
    if not encodings:
        first = problems[0]
        raise BadFolder(
            f"known: none of the {len(name_of)} photos in {known} can serve as a reference; "
            f"{Path(first[0]).name}: {first[2]}"
        )
    return References(
        names=names,
        encodings=np.stack(encodings),
        individual_of=np.array(individual_of, dtype=np.int64),
        paths=tuple(paths),
        encoder=subject.encoder.info,
        problems=table,
        features=tuple(features) if subject.encoder.info.metric == "pairs" else None,
    )


def _unfit(result: PhotoResult, settings: ComparingSettings, words: Words) -> str | None:
    """Say why a reference photo cannot serve, if it cannot."""
    if result.problem is not None:
        return result.problem[1]
    if not result.detections:
        return (
            f"no {words.singular} found: use a photo that shows the {words.singular} larger, or "
            "from the front"
        )
    if len(result.detections) > 1 and not settings.largest:
        option = declared_as(type(settings), "largest").option
        return (
            f"{words.count(len(result.detections))} found, and which one is meant is unknown: cut "
            f"the photo to one {words.singular}, or take the largest with {option} (largest=True)"
        )
    return None
