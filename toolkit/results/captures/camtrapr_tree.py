"""The folders that camtrapR reads who is who from: Species/Station/Individual/photo."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pandas as pd

from toolkit.files import clone, create, disk_errors, open_regular, reason_of, temporary_in
from toolkit.names import safe_name, unique_names
from toolkit.results.captures.observed import Observed


def plan(seen: Sequence[Observed], species: str) -> pd.DataFrame:
    """
    Say which photo goes where, without writing anything.

    Parameters
    ----------
    seen : sequence of Observed
        Sightings with an individual and a station; their time is read by camtrapR from the photo,
        which is copied as it is.
    species : str
        What the animals are: the root that ``recordTableIndividual`` wants.

    Returns
    -------
    pandas.DataFrame
        One row a copy: source, destination, and the station and individual that its folders stand
        for. A photo of two individuals goes into both folders. Names that no folder can have are
        changed; those are the ones to look for in the columns.
    """
    root = safe_name(species)
    stations = list(dict.fromkeys(each.station for each in seen))
    folder_of = dict(zip(stations, unique_names(stations), strict=True))
    people = list(dict.fromkeys(each.individual or "" for each in seen))
    own = dict(zip(people, unique_names(people), strict=True))
    wanted = dict.fromkeys((each.station, each.individual or "", each.path) for each in seen)
    files: dict[tuple[str, str], list[str]] = {}
    for station, individual, path in wanted:
        files.setdefault((station, individual), []).append(path)
    rows = []
    for (station, individual), paths in files.items():
        for path, name in zip(paths, unique_names(Path(p).name for p in paths), strict=True):
            place = PurePosixPath(root, folder_of[station], own[individual], name)
            rows.append((path, str(place), station, individual))
    return pd.DataFrame(rows, columns=["source", "destination", "station", "individual"])


def copy(planned: pd.DataFrame, folder: Path) -> list[tuple[str, str]]:
    """
    Make the copies of a plan, each as a clone where the disk can.

    Parameters
    ----------
    planned : pandas.DataFrame
        What `plan` returned.
    folder : Path
        Where its destinations begin.

    Returns
    -------
    list of (str, str)
        Photos that could not be copied, and why.

    Raises
    ------
    BadFolder
        If the folders cannot be made.
    """
    failed = []
    for source, destination in zip(planned["source"], planned["destination"], strict=True):
        target = folder / destination
        with disk_errors(folder):
            target.parent.mkdir(parents=True, exist_ok=True)
        # Half a photo must not stand there for a whole one.
        part = temporary_in(target.parent)
        try:
            if not clone(Path(source), part):
                with open_regular(Path(source)) as stream, create(part) as out:
                    shutil.copyfileobj(stream, out, 1 << 20)
            part.replace(target)
        except OSError as error:
            failed.append((str(source), reason_of(error)))
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
    return failed
