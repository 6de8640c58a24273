"""How far work is, how fast it goes, and how long it will take."""

from __future__ import annotations

import contextlib
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# Called with what is being done, how many are done, how many there are, and the one just done.
Progress = Callable[[str, int, int, str], None]

# What is looked back at: a rate follows the photos at hand, and does not jump with each of them.
SECONDS, FEWEST = 30.0, 3


class Pace:
    """
    The rate of some work, over the last half minute.

    Parameters
    ----------
    started : float
        A clock's seconds at the start.
    """

    def __init__(self, started: float) -> None:
        self._marks: deque[tuple[float, int]] = deque([(started, 0)])

    def mark(self, now: float, done: int) -> None:
        """Note that so many are done at a moment (seconds of the same clock, never falling)."""
        if done < self._marks[-1][1]:
            self._marks.clear()
        self._marks.append((now, done))
        while len(self._marks) > FEWEST and now - self._marks[0][0] > SECONDS:
            self._marks.popleft()

    @property
    def rate(self) -> float | None:
        """How many a second; None while too little is done to tell."""
        (before, first), (now, last) = self._marks[0], self._marks[-1]
        if now - before < 0.5 or last - first < 1:
            return None
        return (last - first) / (now - before)

    def text(self, total: int) -> str:
        """
        Say the rate and the time left, such as "5.2 a second, about 3 min left"; "" if unknown.

        Parameters
        ----------
        total : int
            How many there are in all.
        """
        rate, done = self.rate, self._marks[-1][1]
        if rate is None:
            return ""
        speed = f"{1 / rate:.1f} s each" if rate < 1 else f"{rate:,.1f} a second"
        return f"{speed}, {_left((total - done) / rate)}" if done < total else speed


def _left(seconds: float) -> str:
    if seconds < 10:
        return "a few seconds left"
    if seconds < 90:
        return f"about {round(seconds / 10) * 10} s left"
    minutes = seconds / 60
    return f"about {minutes:.0f} min left" if minutes < 90 else f"about {minutes / 60:.1f} h left"


def for_work(progress: Progress | None, work: str) -> Callable[[int, int, str], None] | None:
    """Return what tells `progress` of one kind of work; None where nobody is told."""
    if progress is None:
        return None
    return lambda done, total, item: progress(work, done, total, item)


@dataclass
class Spent:
    """
    What a block took: seconds of the clock, and of the processor in all threads.

    Attributes
    ----------
    wall, cpu : float
        Seconds; nan until the block is done.
    """

    wall: float = math.nan
    cpu: float = math.nan


@contextlib.contextmanager
def spent() -> Iterator[Spent]:
    """Measure what a block takes; it is known once the block is done."""
    found, wall, cpu = Spent(), time.perf_counter(), time.process_time()
    yield found
    found.wall, found.cpu = time.perf_counter() - wall, time.process_time() - cpu


@contextlib.contextmanager
def stopwatch(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Add the CPU seconds that a block takes in this thread to `seconds`."""
    started = time.thread_time()
    yield
    seconds[stage] = seconds.get(stage, 0.0) + time.thread_time() - started
