"""All that a study reads, made from one result: what can be made, and what the rest lacks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from toolkit.errors import BadFolder, BadSetting
from toolkit.files import digest_of, disk_errors, read_regular, reason_of, write_text
from toolkit.names import counted, printable
from toolkit.photos.stations import Stations
from toolkit.results.captures import (
    camtrap_dp,
    camtrapr_tree,
    history,
    projection,
    record_table,
    secr,
)
from toolkit.results.captures.observed import LEFT, RIGHT, Observed, counted_and_not
from toolkit.results.results_folder import MARK_OF_CAPTURES
from toolkit.tables import write_table

PROGRAM, LARGEST = "sightings", 1 << 26
TREE = "camtrapr"
SHOWN = 3


@dataclass(frozen=True)
class Wishes:
    """
    What a study asks for.

    Attributes
    ----------
    species : str
        Scientific name; "" where nobody said it.
    kind : str
        What the animals are called without that.
    timezone : str
        Such as "Asia/Bishkek", "" where nobody said it.
    days : int
        Length of an occasion.
    minutes : float
        From when on a record is independent of the one before.
    crs : str
        The map, such as "EPSG:32643"; "" takes the UTM zone of the stations.
    project, contributors, design
        See `camtrap_dp.About`.
    tree : bool
        Whether to copy the photos into folders for camtrapR.
    """

    species: str = ""
    kind: str = "animal"
    timezone: str = ""
    days: int = 7
    minutes: float = 60
    crs: str = ""
    project: str = ""
    contributors: tuple[str, ...] = ()
    design: str = "opportunistic"
    tree: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.days <= history.MOST_DAYS:
            raise BadSetting(f"--occasion is {self.days}; expected days, 1 or more")
        if not 0 <= self.minutes <= 1440 * 366:
            raise BadSetting(f"--independent is {self.minutes:g}; expected minutes, 0 or more")
        if self.crs:
            projection.check_crs(self.crs)
        if self.timezone:
            zone_of(self.timezone)


@dataclass(frozen=True)
class Study:
    """
    What was made.

    Attributes
    ----------
    tables : dict of str to pandas.DataFrame
        By file, with forward slashes below the folder.
    texts : dict of str to str
        Files that are no tables, likewise.
    tree : pandas.DataFrame or None
        Copies to make for camtrapR.
    missing : tuple of str
        What could not be made, and why.
    remarks : tuple of str
        What was made, in words.
    numbers : dict
        The same in numbers.
    """

    tables: Mapping[str, pd.DataFrame]
    texts: Mapping[str, str]
    tree: pd.DataFrame | None = None
    missing: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [*self.remarks, *(f"not made: {each}" for each in self.missing)]
        return "\n".join(printable(line) for line in lines)

    def as_dict(self) -> dict[str, Any]:
        """Return what was made as plain values, for JSON."""
        files = sorted([*self.tables, *self.texts])
        return {**self.numbers, "files": files, "not_made": list(self.missing)}


def zone_of(name: str) -> ZoneInfo:
    """
    Return a time zone.

    Raises
    ------
    BadSetting
        If there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadSetting(
            f"--timezone is {printable(name)[:60]!r}, which no zone is called; expected such as "
            "Asia/Bishkek or UTC"
        ) from error


def make(
    seen: Sequence[Observed],
    stations: Stations | None,
    wishes: Wishes,
    *,
    created: datetime | None = None,
) -> Study:
    """
    Make all that can be made, in memory.

    Parameters
    ----------
    seen : sequence of Observed
        All sightings, as `observed.gather` returns them with the same stations.
    stations : Stations or None
        The table of stations.
    wishes : Wishes
        What the study asks for.
    created : datetime, optional
        What a package says of when it was made; now, if not given.

    Raises
    ------
    BadSetting
        If the dates of the stations make no study.
    """
    species = wishes.species or wishes.kind
    kept, others = counted_and_not(seen, with_table=stations is not None)
    records = record_table.independent(kept, minutes=wishes.minutes)
    tables: dict[str, pd.DataFrame] = {
        "record_table.csv": record_table.record_table(records, species),
        "left_out.csv": _left_out(others),
    }
    texts: dict[str, str] = {}
    missing: list[str] = []
    occasions = None
    if stations is None:
        missing.append(
            "histories, effort, secr and Camtrap DP: they need the table of stations (--stations)"
        )
    else:
        tables["camtrapr_stations.csv"] = _camtrapr_stations(stations, wishes, missing)
        if undated := history.undated(stations):
            missing.append(f"histories, effort and secr: {_some(undated)}")
        else:
            occasions = history.occasions_of(stations, wishes.days)
            usage = history.effort(stations, occasions)
            counts = history.history(records, occasions)
            tables |= {
                "occasions.csv": occasions.table(),
                "effort.csv": usage,
                "history.csv": history.detected(counts),
                "history_counts.csv": counts,
            }
            for side, table in history.by_side(records, occasions).items():
                tables[f"history_{side}.csv"] = table
            try:
                places, crs = projection.in_metres(stations, wishes.crs)
            except projection.NoProjection as error:
                missing.append(f"secr: {error}")
            else:
                found = secr.files(records, stations, places, occasions, usage, crs)
                texts |= {"secr/captures.txt": found.captures, "secr/traps.txt": found.traps}
                tables["secr/names.csv"] = found.names
        _camtrap_dp(seen, stations, wishes, tables, texts, missing, created)
    tables["individuals.csv"] = history.individuals(records, occasions)
    tree = None
    if wishes.tree:
        placed = [each for each in kept if each.station and each.individual]
        tree = camtrapr_tree.plan(placed, species)
        tables["camtrapr_tree.csv"] = tree
    remarks, numbers = _told(seen, others, records, occasions, tables["individuals.csv"])
    if "camtrap_dp/datapackage.json" in texts:
        remarks += _to_check(wishes)
    return Study(tables, texts, tree, tuple(missing), tuple(remarks), numbers)


def _camtrap_dp(
    seen: Sequence[Observed],
    stations: Stations,
    wishes: Wishes,
    tables: dict[str, pd.DataFrame],
    texts: dict[str, str],
    missing: list[str],
    created: datetime | None,
) -> None:
    lacking = [] if wishes.timezone else ["it needs the cameras' time zone (--timezone)"]
    try:
        stations = projection.with_degrees(stations, wishes.crs)
    except projection.NoProjection as error:
        lacking.append(str(error))
    if without := camtrap_dp.lacking(stations):
        lacking.append(_some(without))
    if lacking:
        missing.append(f"Camtrap DP: {'; '.join(lacking)}")
        return
    about = camtrap_dp.About(
        zone=zone_of(wishes.timezone),
        species=wishes.species,
        project=wishes.project,
        contributors=wishes.contributors,
        design=wishes.design,
        created=created or datetime.now(timezone.utc),
    )
    descriptor, made = camtrap_dp.package(seen, stations, about)
    for name, table in made.items():
        tables[f"camtrap_dp/{name}.csv"] = table
    texts["camtrap_dp/datapackage.json"] = json.dumps(descriptor, indent=2) + "\n"


def _to_check(wishes: Wishes) -> list[str]:
    """Say what a package assumes because nobody told it."""
    untold = {
        "--species": wishes.species,
        "--project": wishes.project,
        "--contributor": wishes.contributors,
    }
    options = [option for option, told in untold.items() if not told]
    return [f"Camtrap DP leaves open what nobody said: {', '.join(options)}"] if options else []


def _camtrapr_stations(stations: Stations, wishes: Wishes, missing: list[str]) -> pd.DataFrame:
    """Return the station table as camtrapR's functions of operation and of histories read it."""
    try:
        places, _ = projection.in_metres(stations, wishes.crs)
    except projection.NoProjection as error:
        places = {}
        missing.append(f"utm_x and utm_y in camtrapr_stations.csv: {error}")
    most = max(len(each.problems) for each in stations.deployments)
    rows = []
    for each in stations.deployments:
        x, y = places.get(each.station, ("", ""))
        row: dict[str, Any] = {
            "Station": each.station,
            "Camera": each.camera,
            "utm_x": round(x, 2) if isinstance(x, float) else x,
            "utm_y": round(y, 2) if isinstance(y, float) else y,
            "Setup_date": f"{each.setup:%Y-%m-%d}" if each.setup else "",
            "Retrieval_date": f"{each.retrieval:%Y-%m-%d}" if each.retrieval else "",
        }
        for number in range(most):
            span = each.problems[number] if number < len(each.problems) else None
            row[f"Problem{number + 1}_from"] = f"{span[0]:%Y-%m-%d}" if span else ""
            row[f"Problem{number + 1}_to"] = f"{span[1]:%Y-%m-%d}" if span else ""
        rows.append(row)
    table = pd.DataFrame(rows)
    return table if table["Camera"].any() else table.drop(columns="Camera")


def _left_out(others: Sequence[tuple[Observed, str]]) -> pd.DataFrame:
    columns = ["path", "individual", "station", "time", "reason"]
    rows = [
        (
            *(each.place, each.individual or "", each.station),
            each.time.strftime(record_table.TIME_FORMAT) if each.time else "",
            why,
        )
        for each, why in others
    ]
    return pd.DataFrame(rows, columns=columns)


def _told(
    seen: Sequence[Observed],
    others: Sequence[tuple[Observed, str]],
    records: Sequence[record_table.Record],
    occasions: history.Occasions | None,
    individuals: pd.DataFrame,
) -> tuple[list[str], dict[str, Any]]:
    stations = len({each.station for each in records})
    numbers: dict[str, Any] = {
        "sightings": len(seen),
        "detections": len(records),
        "individuals": len(individuals),
        "stations": stations,
        "occasions": occasions.count if occasions else None,
        "left_out": dict(Counter(why for _, why in others)),
    }
    words = (
        f"{counted(len(records), 'detection')} of {counted(len(individuals), 'individual')} at "
        f"{counted(stations, 'station')}"
    )
    if occasions is not None:
        words += (
            f", on {counted(occasions.count, 'occasion')} of {counted(occasions.days, 'day')} from "
            f"{occasions.start:%Y-%m-%d}"
        )
    remarks = [words]
    if len(individuals):
        twice = int((individuals["Detections"] > 1).sum())
        remarks.append(f"{counted(twice, 'individual')} with two or more detections")
    remarks += _one_sided(records)
    remarks += [
        f"{counted(number, 'sighting')} left out: {why}"
        for why, number in Counter(why for _, why in others).most_common()
    ]
    return remarks, numbers


def _one_sided(records: Sequence[record_table.Record]) -> list[str]:
    """Say how many individuals may be there twice, once for each flank."""
    sides: dict[str, set[str]] = {}
    for each in records:
        sides.setdefault(each.individual, set()).update(each.flanks)
    left, right = (sum(seen == {side} for seen in sides.values()) for side in (LEFT, RIGHT))
    if not left or not right:
        return []
    return [
        f"{left:,} seen from the left only and {right:,} from the right only may be the same "
        "individuals: use the histories of one side (history_left.csv, history_right.csv), or a "
        "model of both"
    ]


def _some(texts: Sequence[str]) -> str:
    more = f" (and {len(texts) - SHOWN} more)" if len(texts) > SHOWN else ""
    return f"{', '.join(texts[:SHOWN])}{more}"


def check_folder(folder: Path, study: Study) -> dict[str, str]:
    """
    Check that a study can be written into a folder without loss.

    Returns
    -------
    dict of str to str
        The files of an earlier study there, and their sha256.

    Raises
    ------
    BadFolder
        If it holds what no earlier study put there, or one of its files was changed since.
    """
    if not folder.exists():
        return {}
    if not folder.is_dir():
        raise BadFolder(f"{folder} is no folder; choose another one with --to.")
    earlier = _earlier(folder)
    if not earlier:
        with disk_errors(folder):
            if any(folder.iterdir()):
                raise BadFolder(
                    f"{folder} holds something else than an earlier study; choose a new folder "
                    "with --to."
                )
    for place, digest in earlier.items():
        path = folder / place
        try:
            # Of one that a study was about to write when it was cut off, nothing is known.
            if digest and path.exists() and digest_of(path) != digest:
                raise BadFolder(
                    f"{path} was changed since it was written; move it away, or choose a new "
                    "folder with --to."
                )
        except OSError as error:
            raise BadFolder(f"{path} cannot be read: {reason_of(error)}.") from error
    for place in (*study.tables, *study.texts):
        if place not in earlier and (folder / place).exists():
            raise BadFolder(
                f"{folder / place} is there, and no earlier study wrote it; move it away, or "
                "choose a new folder with --to."
            )
    if study.tree is not None and (folder / TREE).exists():
        raise BadFolder(
            f"{folder / TREE} is there already; move it away, so that no photo stays where it "
            "was sorted before, or choose a new folder with --to."
        )
    return earlier


def write(study: Study, folder: Path) -> list[tuple[str, str]]:
    """
    Write a study; files of an earlier one that it does not have are taken away.

    Parameters
    ----------
    study : Study
        What `make` returned.
    folder : Path
        Where to; it is made.

    Returns
    -------
    list of (str, str)
        Photos that could not be copied, and why.

    Raises
    ------
    BadFolder
        As `check_folder`, before anything is written; or if it cannot be written.
    """
    earlier = check_folder(folder, study)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for place in [*study.tables, *study.texts]:
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
    # Said first, so that a study that was cut off is known as one.
    _mark(folder, dict.fromkeys([*earlier, *study.tables, *study.texts], ""))
    for place, table in study.tables.items():
        write_table(table, folder / place)
    for place, text in study.texts.items():
        write_text(folder / place, text)
    with disk_errors(folder):
        for place in earlier.keys() - {*study.tables, *study.texts}:
            (folder / place).unlink(missing_ok=True)
    _mark(folder, {place: digest_of(folder / place) for place in [*study.tables, *study.texts]})
    return [] if study.tree is None else camtrapr_tree.copy(study.tree, folder / TREE)


def _mark(folder: Path, files: Mapping[str, str]) -> None:
    content = {"program": PROGRAM, "files": dict(files)}
    write_text(folder / MARK_OF_CAPTURES, json.dumps(content, indent=1) + "\n")


def _earlier(folder: Path) -> dict[str, str]:
    """Return the files of an earlier study that a folder says it has: names that we write alone."""
    try:
        content = json.loads(read_regular(folder / MARK_OF_CAPTURES, most=LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    files = content.get("files") if isinstance(content, dict) else None
    if not isinstance(files, dict) or content.get("program") != PROGRAM:
        return {}
    return {
        place: digest
        for place, digest in files.items()
        if isinstance(digest, str) and place in WRITTEN
    }


# Every file that a study may write: nothing else is ever taken away.
WRITTEN = frozenset(
    ["record_table.csv", "left_out.csv", "individuals.csv", "occasions.csv", "effort.csv"]
    + ["history.csv", "history_counts.csv", "history_left.csv", "history_right.csv"]
    + ["history_both.csv", "camtrapr_stations.csv", "camtrapr_tree.csv", "secr/names.csv"]
    + ["secr/captures.txt", "secr/traps.txt", "camtrap_dp/datapackage.json"]
    + [f"camtrap_dp/{name}.csv" for name in camtrap_dp.TABLES]
)
