"""When and where an animal was seen, from which side, and what that says of pairs of sightings."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.files import folder_at
from toolkit.names import counted
from toolkit.photos import camera_trap, stations
from toolkit.photos.camera_trap import EVENT, FLANK, FLANKS, LEFT, RIGHT, TAKEN_AT, Details
from toolkit.photos.stations import Stations
from toolkit.records import SIGHTING_ID
from toolkit.subjects.animal import ANIMAL

if TYPE_CHECKING:
    from toolkit.subjects.animal.settings import AnimalSettings

Rows = npt.NDArray[np.int64]
Cameras = npt.NDArray[np.object_]
Times = npt.NDArray[np.float64]
# Any time from which seconds are counted.
BEGINNING = datetime(2000, 1, 1)
# Sightings of either flank among which pairs are drawn.
DRAWN = 60
# Spreads numbers over all that 64 bits hold.
MIXED = np.uint64(0x9E3779B97F4A7C15)


class CameraTrap:
    """
    What a camera trap tells of an animal beside its picture.

    Parameters
    ----------
    settings : AnimalSettings
        What is read, and what follows from it.
    """

    def __init__(self, settings: AnimalSettings) -> None:
        self._settings = settings

    @cached_property
    def _stations(self) -> Stations | None:
        path = self._settings.stations.strip()
        return stations.read(folder_at(path)) if path else None

    @cached_property
    def _details(self) -> Details | None:
        path = self._settings.details.strip()
        return camera_trap.read_details(folder_at(path)) if path else None

    def ready(self) -> None:
        """
        Read the tables that the settings name.

        Raises
        ------
        BadSetting
            If one cannot be used.
        """
        _ = self._stations, self._details

    def notes(
        self, sightings: pd.DataFrame, folder: Path | None, *, of_individuals: bool = False
    ) -> pd.DataFrame:
        """Return what is known of sightings, for the columns of their table; see `Evidence`."""
        if of_individuals:
            # Where each photo was taken is not known, and so not what it shares with others.
            places = [camera_trap.place_of(str(path), folder) for path in sightings["path"]]
            how = self._settings.flank
            told = [
                camera_trap.flank_of(place) if how == "auto" else how if how in FLANKS else ""
                for place in places
            ]
            return pd.DataFrame({FLANK: pd.Series(told, dtype=object)})
        return camera_trap.describe(
            sightings,
            folder,
            stations=self._stations,
            details=self._details,
            flank=self._settings.flank,
            gap=self._settings.event_gap,
        )

    def silent(self, ours: pd.DataFrame, theirs: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """
        Return which pairs say nothing: of opposite flanks, or of one camera within a session.

        Parameters
        ----------
        ours, theirs : pandas.DataFrame
            n and m sightings, with what `notes` found.

        Returns
        -------
        numpy.ndarray
            Shape (n, m), bool.
        """
        one, other = (
            np.array(camera_trap.flanks_of(each), dtype=object) for each in (ours, theirs)
        )
        found: npt.NDArray[np.bool_] = (one[:, None] == LEFT) & (other[None] == RIGHT)
        found |= (one[:, None] == RIGHT) & (other[None] == LEFT)
        if not self._settings.within_session:
            found |= _in_one_session(ours, theirs, self._settings.session)
        return found

    def together(self, sightings: pd.DataFrame) -> list[npt.NDArray[np.int64]]:
        """
        Return the rows of each burst, where the user chose that it shows one individual.

        A burst in which a photo shows several animals is none: who is who in the next one is
        unknown.
        """
        return _bursts(sightings) if self._settings.burst else []

    def trial(self, sightings: pd.DataFrame, most: int) -> npt.NDArray[np.int64]:
        """
        Draw pairs of a left and a right flank, of different cameras or sessions; see `Evidence`.

        They follow from the sightings themselves, so that a few more photos change a few of them.
        """
        flanks = np.array(camera_trap.flanks_of(sightings), dtype=object)
        keys = np.array([int(str(each)[:15], 16) for each in sightings[SIGHTING_ID]], np.uint64)
        drawn: list[Rows] = []
        for flank in (LEFT, RIGHT):
            rows = np.flatnonzero(flanks == flank)
            drawn.append(rows[np.argsort(keys[rows], kind="stable")][:DRAWN])
        left, right = drawn
        one, other = (sightings.iloc[rows] for rows in drawn)
        pairs = np.argwhere(~_in_one_session(one, other, self._settings.session))
        first, second = left[pairs[:, 0]], right[pairs[:, 1]]
        order = np.argsort((keys[first] ^ keys[second]) * MIXED, kind="stable")[:most]
        return np.sort(np.stack([first[order], second[order]], axis=1), axis=1)

    def remarks(self, sightings: pd.DataFrame, *, grouped: bool) -> list[str]:
        """Say which times, stations and flanks are known, and what of that is not made use of."""
        where, when = camera_trap.cameras_and_times(sightings)
        if not len(sightings) or TAKEN_AT not in sightings:
            return []
        stations = {each.station for each in where if each is not None}
        timed = sum(time is not None for time in when)
        placed = sum(each is not None for each in where)
        said = [f"times are known of {timed:,} of {ANIMAL.words.count(len(when))}"]
        said.append(f"stations of {placed:,} ({counted(len(stations), 'station')})")
        flanks = Counter(camera_trap.flanks_of(sightings))
        if sum(flanks.values()) > flanks[""]:
            told = [f"{flanks[side]:,} {side}" for side in FLANKS if flanks[side]]
            unknown = [f"{flanks['']:,} not known"] if flanks[""] else []
            said.append(f"flanks: {', '.join(told + unknown)}")
        found = ["; ".join(said)]
        shared = _in_one_session(sightings, sightings, self._settings.session)
        if not self._settings.within_session and (pairs := int(np.triu(shared, k=1).sum())):
            found.append(
                f"{counted(pairs, 'pair')} of one camera within {self._settings.session:g} minutes "
                f"{'says' if pairs == 1 else 'say'} nothing, as the background may be what is "
                "alike; --within-session compares them"
            )
        if grouped and not self._settings.burst and (bursts := _bursts(sightings)):
            photos = sum(map(len, bursts))
            found.append(
                f"{counted(photos, 'photo')} in {counted(len(bursts), 'burst')} are not compared "
                "with the others of their burst; --burst (or its box among the settings) makes "
                "each burst one individual"
            )
        return found


def _bursts(sightings: pd.DataFrame) -> list[npt.NDArray[np.int64]]:
    """Return the rows of each event of several photos, in none of which are several animals."""
    if EVENT not in sightings:
        return []
    events = sightings[EVENT].astype(str).str.strip()
    found = []
    for _, rows in sightings[events != ""].groupby(events, sort=False):
        if len(rows) > 1 and rows["photo_digest"].is_unique:
            found.append(sightings.index.get_indexer(rows.index).astype(np.int64))
    return found


def _in_one_session(
    ours: pd.DataFrame, theirs: pd.DataFrame, minutes: float
) -> npt.NDArray[np.bool_]:
    """Return which pairs are of one camera, at most so many minutes apart; shape (n, m)."""
    found = np.zeros((len(ours), len(theirs)), dtype=np.bool_)
    here, there = (_by_station(each) for each in (ours, theirs))
    for station in here.keys() & there.keys():
        (rows, cameras, seconds), (columns, others, moments) = here[station], there[station]
        # A camera that is not known may be any of its station's.
        one = (cameras[:, None] == others) | (cameras[:, None] == "") | (others == "")
        near = np.abs(seconds[:, None] - moments) <= 60 * minutes
        found[np.ix_(rows, columns)] = one & near
    return found


def _by_station(sightings: pd.DataFrame) -> dict[str, tuple[Rows, Cameras, Times]]:
    """Return, by station, the rows whose time is known, their cameras, and the times in seconds."""
    where, when = camera_trap.cameras_and_times(sightings)
    found: dict[str, list[tuple[int, str, float]]] = {}
    for row, (camera, time) in enumerate(zip(where, when, strict=True)):
        if camera is not None and time is not None:
            seconds = (time - BEGINNING).total_seconds()
            found.setdefault(camera.station, []).append((row, camera.camera, seconds))
    return {
        station: (
            np.array([row for row, _, _ in told], dtype=np.int64),
            np.array([camera for _, camera, _ in told], dtype=object),
            np.array([seconds for _, _, seconds in told], dtype=np.float64),
        )
        for station, told in found.items()
    }
