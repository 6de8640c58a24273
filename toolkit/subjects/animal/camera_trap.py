"""When and where an animal was seen, from which side, and what that says of pairs of sightings."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit import memory
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
Times = npt.NDArray[np.float64]
# Any time from which seconds are counted.
BEGINNING = datetime(2000, 1, 1)
# Sightings of either flank among which pairs are drawn.
DRAWN = 60
# Bytes that a pair takes until it is kept, and pairs of sessions that are told at once.
EACH, AT_ONCE = 80, 1 << 20
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

    def silent(self, ours: pd.DataFrame, theirs: pd.DataFrame) -> Silence:
        """
        Return which pairs say nothing: of opposite flanks, or of one camera within a session.

        Parameters
        ----------
        ours, theirs : pandas.DataFrame
            n and m sightings, with what `notes` found.
        """
        minutes = None if self._settings.within_session else self._settings.session
        return Silence(_Told.of(ours), _Told.of(theirs), minutes)

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
        pairs = np.argwhere(np.ones((len(one), len(other)), dtype=np.bool_))
        session = Silence(_Told.of(one), _Told.of(other), self._settings.session)
        pairs = pairs[~session.in_one_session(pairs[:, 0], pairs[:, 1])]
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
        seen = _Told.of(sightings)
        silence = Silence(seen, seen, self._settings.session)
        if not self._settings.within_session and (pairs := silence.count_of_sessions()):
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


@dataclass(frozen=True)
class _Told:
    """
    What is known of n sightings.

    Attributes
    ----------
    flank : numpy.ndarray
        Shape (n,), int8: -1 left, 1 right, 0 for both or unknown.
    station, camera : numpy.ndarray
        Shape (n,), int64: numbers, the same for the same in any table; -1 for an unknown camera,
        and for the station where the time is unknown.
    seconds : numpy.ndarray
        Shape (n,), float64.
    """

    flank: npt.NDArray[np.int8]
    station: Rows
    camera: Rows
    seconds: Times

    @classmethod
    def of(cls, sightings: pd.DataFrame) -> _Told:
        """Read the columns of a table."""
        sides = {LEFT: -1, RIGHT: 1}
        flank = [sides.get(each, 0) for each in camera_trap.flanks_of(sightings)]
        station, camera, seconds = [], [], []
        for place, time in zip(*camera_trap.cameras_and_times(sightings), strict=True):
            if place is None or time is None:
                station.append(-1)
                camera.append(-1)
                seconds.append(0.0)
                continue
            station.append(_number(place.station))
            camera.append(_number(place.camera) if place.camera else -1)
            seconds.append((time - BEGINNING).total_seconds())
        return cls(
            np.array(flank, dtype=np.int8),
            np.array(station, dtype=np.int64),
            np.array(camera, dtype=np.int64),
            np.array(seconds, dtype=np.float64),
        )


def _number(name: str) -> int:
    """Return a number, 0 or more, that a name has and no other, but by a chance of 2^-63."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> 1


@dataclass(frozen=True)
class Silence:
    """
    Which pairs say nothing: of opposite flanks, or of one camera within a session.

    Parameters
    ----------
    ours, theirs : _Told
        Of n and m sightings.
    minutes : float or None
        How far apart photos of a session are at most; None where sessions say something.
    """

    ours: _Told
    theirs: _Told
    minutes: float | None

    def of_pairs(self, first: Rows, second: Rows) -> npt.NDArray[np.bool_]:
        """Return whether some pairs say nothing; see `toolkit.subjects.base.Silence`."""
        opposite: npt.NDArray[np.bool_] = self.ours.flank[first] * self.theirs.flank[second] < 0
        return opposite if self.minutes is None else opposite | self.in_one_session(first, second)

    def in_one_session(self, first: Rows, second: Rows) -> npt.NDArray[np.bool_]:
        """Return whether some pairs are of one camera, at most so many minutes apart."""
        here, there = self.ours, self.theirs
        camera, other = here.camera[first], there.camera[second]
        # A camera that is not known may be any of its station's.
        one = (camera == other) | (camera < 0) | (other < 0)
        one &= (here.station[first] == there.station[second]) & (here.station[first] >= 0)
        near = np.abs(here.seconds[first] - there.seconds[second]) <= 60 * (self.minutes or 0.0)
        found: npt.NDArray[np.bool_] = one & near
        return found

    def within(self) -> Rows:
        """Return all of `ours` that say nothing; see `toolkit.subjects.base.Silence`."""
        flank = self.ours.flank
        left, right = np.flatnonzero(flank < 0), np.flatnonzero(flank > 0)
        sessions = 0 if self.minutes is None else int(self._sessions[1].sum())
        memory.require(
            (len(left) * len(right) + sessions) * EACH,
            "which pairs are of opposite flanks, or of one camera within a session,",
        )
        count = len(flank)
        pairs = [np.stack([np.repeat(left, len(right)), np.tile(right, len(left))], axis=1)]
        if self.minutes is not None:
            pairs += self._of_sessions()
        keys = np.concatenate([each.min(axis=1) * count + each.max(axis=1) for each in pairs])
        keys.sort()
        keys = keys[np.diff(keys, prepend=-1) > 0]
        return np.stack(np.divmod(keys, max(count, 1)), axis=1)

    def count_of_sessions(self) -> int:
        """Return how many pairs of `ours` are of one session."""
        return sum(map(len, self._of_sessions()))

    @cached_property
    def _sessions(self) -> tuple[Rows, Rows]:
        """Rows by station and time, and how many after each are of its station and soon after."""
        told = self.ours
        rows = np.flatnonzero(told.station >= 0)
        order = rows[np.lexsort((told.seconds[rows], told.station[rows]))]
        station, seconds = told.station[order], told.seconds[order]
        # Where those end that are of its station and soon after it.
        ends = np.empty(len(order), dtype=np.int64)
        starts = np.flatnonzero(np.diff(station, prepend=-1))
        for start, end in itertools.pairwise([*starts.tolist(), len(order)]):
            latest = seconds[start:end] + 60 * (self.minutes or 0.0)
            ends[start:end] = start + np.searchsorted(seconds[start:end], latest, side="right")
        return order, ends - np.arange(len(order)) - 1

    def _of_sessions(self) -> Iterator[Rows]:
        """Yield the pairs of `ours` that are of one session, some at a time; shape (p, 2)."""
        order, after = self._sessions
        ends = np.cumsum(after)
        start = 0
        while start < len(order):
            # As many rows as have about so many pairs.
            most = int(ends[start] - after[start]) + AT_ONCE
            end = max(int(np.searchsorted(ends, most, side="right")), start + 1)
            several = after[start:end]
            first = np.repeat(np.arange(start, end), several)
            places = np.arange(len(first)) - np.repeat(np.cumsum(several) - several, several)
            pairs = np.stack([order[first], order[first + 1 + places]], axis=1)
            yield pairs[self.in_one_session(pairs[:, 0], pairs[:, 1])]
            start = end
