"""The two files that secr's ``read.capthist`` reads: captures, and traps with their usage."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from toolkit.names import folded
from toolkit.photos.stations import Stations
from toolkit.results.captures.history import Occasions
from toolkit.results.captures.record_table import Record

# What would end a word of such a file, or begin a remark; "/" begins covariates. Names of detectors
# must have no "_" either.
_NOT_IN_NAMES = re.compile(r"[\s,;#\"'/\\]+")
SESSION = "1"
MISSING = "NA"


@dataclass(frozen=True)
class Files:
    """
    What is written for secr.

    Attributes
    ----------
    captures, traps : str
        The two files.
    names : pandas.DataFrame
        What each name of theirs stands for: kind ("individual", "station"), secr, name.
    """

    captures: str
    traps: str
    names: pd.DataFrame


def files(
    records: Sequence[Record],
    stations: Stations,
    places: Mapping[str, tuple[float, float]],
    occasions: Occasions,
    usage: pd.DataFrame,
    crs: str = "",
) -> Files:
    """
    Write captures and traps as secr reads them (secr-datainput: by position, parted by blanks).

    Parameters
    ----------
    records : sequence of Record
        The detections, all at these stations, on these occasions.
    stations : Stations
        The traps; other columns of their table become covariates.
    places : mapping of str to (float, float)
        x and y of each, in metres.
    occasions : Occasions
        The occasions.
    usage : pandas.DataFrame
        Days on which each station worked, as `history.effort` returns them.
    crs : str
        The map that the metres are of.
    """
    who = _names(sorted({each.individual for each in records}))
    where = _names(stations.names, detectors=True)
    captures = [
        f"# session ID occasion detector; {occasions.count} occasions of {occasions.days} days "
        f"from {occasions.start:%Y-%m-%d}",
    ]
    rows = sorted(
        (who[each.individual], occasions.of(each.time), where[each.station]) for each in records
    )
    captures += [f"{SESSION} {name} {occasion} {trap}" for name, occasion, trap in rows]
    covariates = list(dict.fromkeys(name for row in stations.deployments for name in row.others))
    words = [_word(name) for name in covariates]
    head = f"# detector x y usage (days, by occasion){' / ' + ' '.join(words) if words else ''}"
    traps = [
        f"{head}; metres{', ' + crs if crs else ''}",
        '# read.capthist("captures.txt", "traps.txt", detector = "count", fmt = "trapID", '
        f"noccasions = {occasions.count}, binary.usage = FALSE"
        + (f", trapcovnames = c({', '.join(repr(word) for word in words)})" if words else "")
        + ")",
    ]
    days = {
        str(row[0]): [int(each) for each in row[1:]]
        for row in usage.itertuples(index=False, name=None)
    }
    for name in stations.names:
        x, y = places[name]
        line = f"{where[name]} {x:.2f} {y:.2f} {' '.join(map(str, days[name]))}"
        if covariates:
            others = stations.at(name)[0].others
            told = [_word(others.get(each, "")) or MISSING for each in covariates]
            line += f" / {' '.join(told)}"
        traps.append(line)
    names = [("individual", short, name) for name, short in who.items()]
    names += [("station", short, name) for name, short in where.items()]
    return Files(
        "\n".join(captures) + "\n",
        "\n".join(traps) + "\n",
        pd.DataFrame(names, columns=["kind", "secr", "name"]),
    )


def _word(text: str) -> str:
    return _NOT_IN_NAMES.sub("-", text.strip())


def _names(names: Sequence[str], *, detectors: bool = False) -> dict[str, str]:
    """Return a word for each name, no two alike, also where case is ignored."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        word = _word(name) or "-"
        word = word.replace("_", "-") if detectors else word
        choice, number = word, 1
        while folded(choice) in taken or choice == MISSING:
            number += 1
            choice = f"{word}.{number}"
        taken.add(folded(choice))
        found[name] = choice
    return found
