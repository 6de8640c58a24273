"""How well known individuals are told apart: each photo of them sought among the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from toolkit import modes
from toolkit.errors import BadFolder
from toolkit.evaluation.retrieval import Retrieval, by_chance, leave_one_out
from toolkit.grouping import neighbours
from toolkit.names import counted
from toolkit.progress import Progress
from toolkit.records import Album
from toolkit.results.captures.observed import LEFT, RIGHT, flank_of
from toolkit.results.results_folder import relative
from toolkit.settings import Settings

Log = Callable[[str], None]


def identify(
    known: Path, settings: Settings, *, log: Log, progress: Progress | None = None
) -> pd.DataFrame:
    """
    Seek each photo of known individuals among all others of the same flank.

    Parameters
    ----------
    known : Path
        A folder for each individual.
    settings : Settings
        Of the subject.
    log : callable
        Told what was left out, a sentence each.
    progress : callable, optional
        As of `toolkit.modes.look`.

    Returns
    -------
    pandas.DataFrame
        One row a part ("all"; "left" and "right", where file names say so): photos, individuals,
        found (photos in which the subject was), queries (photos whose individual is in another
        one), r1, r5 and mAP in per cent, and what an order drawn at random would have. A query in
        which nothing was found has found nothing.

    Raises
    ------
    BadFolder
        If no two photos are of one individual, or all are.
    """
    album = modes.look(known, settings=settings, progress=progress, of_individuals=True).album
    photos = album.photos.drop_duplicates("photo_digest")
    places = relative(photos["path"], known.resolve())
    folders = [PurePosixPath(place).parts[:-1] for place in places]
    who = np.array([parts[0] if parts else "" for parts in folders], dtype=object)
    if outside := int((who == "").sum()):
        log(f"{counted(outside, 'photo')} in no individual's folder, left out")
    row_of = _largest(album)
    rows = np.array([row_of.get(str(digest), -1) for digest in photos["photo_digest"]])
    flanks = np.array([flank_of(place) for place in places], dtype=object)
    if len(set(who[who != ""])) < 2:
        raise BadFolder(f"{known} holds fewer than two individuals; expected a folder for each.")
    distances = neighbours.of(album)
    made = []
    for part, chosen in (("all", who != ""), (LEFT, flanks == LEFT), (RIGHT, flanks == RIGHT)):
        inside = chosen & (who != "")
        if not inside.any():
            continue
        seen = inside & (rows >= 0)
        table = distances.table(rows[seen], rows[seen])
        found = leave_one_out(table, list(who[seen]))
        chance = by_chance(list(who[inside]))
        made.append(_row(part, who[inside], int(seen.sum()), found, chance))
    return pd.DataFrame(made)


def _largest(album: Album) -> dict[str, int]:
    """Return the row of the largest sighting of each photo."""
    table = album.sightings
    area = (table["right"] - table["left"]) * (table["bottom"] - table["top"])
    order = np.argsort(area.to_numpy(dtype=np.float64), kind="stable")
    return {str(table["photo_digest"].iloc[row]): int(row) for row in order}


def _row(
    part: str, who: np.ndarray, seen: int, found: Retrieval, chance: Retrieval
) -> dict[str, object]:
    share = found.queries / chance.queries if chance.queries else np.nan
    told: dict[str, object] = {
        "part": part,
        "photos": len(who),
        "individuals": len(set(who)),
        "found": seen,
        "queries": chance.queries,
    }
    for name, scores, times in (("", found, share), ("_by_chance", chance, 1.0)):
        told[f"r1{name}"] = 100 * scores.rank1 * times
        told[f"r5{name}"] = 100 * scores.rank5 * times
        told[f"mAP{name}"] = 100 * scores.mean_average_precision * times
    return told
