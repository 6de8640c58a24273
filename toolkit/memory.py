"""How much memory may be taken: large photos wait for each other, and what never fits is told."""

from __future__ import annotations

import contextlib
import contextvars
import math
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import psutil

from toolkit.errors import UnreadablePhoto

GB = 1_000_000_000
# What photos under way may take together where nobody said otherwise: as much for each thread, and
# this much with few. Photos of 24 megapixels fit, one a thread, and the search beside them.
EACH, LEAST = 256_000_000, GB
# Of what can be had: for photos under way, and for one thing at a time. The rest is for other
# programs, and for what an estimate leaves out.
TOGETHER, ALONE = 1 / 2, 2 / 3
# Calculations of less bytes than this are begun without a question.
SMALL = 16_000_000
# Seconds between two questions whether to stop.
PAUSE = 0.1
MEND = "save a smaller copy, close other programs, or allow more with --memory"

_CGROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")
# Of a cgroup, by version: the limit, what is used, and which line of memory.stat can be given up.
_FILES = {
    2: ("memory.max", "memory.current", "inactive_file"),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def available() -> int:
    """
    Return how many bytes this process may still take without another one being pushed out.

    The least of what the machine has free, what each control group above this process (a container,
    a job of a cluster) leaves, and the process's own limit (``ulimit -v``).
    """
    rooms = [psutil.virtual_memory().available, *_groups(), *_own()]
    return max(0, min(rooms))


def _groups() -> Iterator[int]:
    """What each control group that this process is in leaves, in bytes; Linux only."""
    try:
        lines = _MEMBERSHIP.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, kinds, place = [*line.split(":", 2), "", ""][:3]
        if kinds and "memory" not in kinds.split(","):
            continue
        version, mount = (1, _CGROUPS / "memory") if kinds else (2, _CGROUPS)
        # In a container the path may be the host's: what is not there is passed over.
        inside = PurePosixPath(place.lstrip("/"))
        for folder in (mount / inside, *(mount / up for up in inside.parents)):
            room = _left(folder, *_FILES[version])
            if room is not None:
                yield room


def _left(folder: Path, limit: str, used: str, spare: str) -> int | None:
    try:
        most = (folder / limit).read_text(encoding="ascii").strip()
        if most == "max":
            return None
        taken = int((folder / used).read_text(encoding="ascii"))
        stat = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
        return int(most) - taken + sum(int(x.split()[1]) for x in stat if x.split()[0] == spare)
    except (OSError, ValueError, IndexError):
        return None


def _own() -> Iterator[int]:
    """What the limit of this process's address space leaves, in bytes."""
    if sys.platform == "win32":
        return
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY:
        yield most - psutil.Process().memory_info().vms


class Budget:
    """
    Bytes that threads reserve before they take them.

    Attributes
    ----------
    limits : callable
        Returns the bytes that may be reserved together, and by one alone; asked whenever nothing is
        reserved, as what can be had changes while a program is open.
    """

    def __init__(self, limits: Callable[[], tuple[int, int]]) -> None:
        self.limits = limits
        self.reserved = 0
        self._total, self._alone = 0, 0
        self._line: deque[object] = deque()
        self._turn = threading.Condition()
        self._holding = threading.local()

    @contextlib.contextmanager
    def reserve(
        self,
        need: int,
        what: str = "",
        *,
        mend: str = MEND,
        stop: Callable[[], bool] | None = None,
    ) -> Iterator[bool]:
        """
        Wait until `need` bytes fit beside what is reserved, and hold them during the block.

        Who comes first is served first, so that a large one is not put off for ever by small ones.
        What is more than all may have together waits until nothing else is reserved. Within another
        reservation of the same thread nothing is added: the outer one has counted it.

        Parameters
        ----------
        need : int
            Bytes.
        what : str
            What they are for, to be named where they can never be had.
        mend : str
            What to do then.
        stop : callable, optional
            Asked some times a second whether to stop waiting.

        Yields
        ------
        bool
            False if it was stopped: nothing is held then.

        Raises
        ------
        UnreadablePhoto
            If one alone may not have as much; with the figures.
        """
        if getattr(self._holding, "now", False):
            yield True
            return
        if not self._wait(need, what, mend, stop):
            yield False
            return
        self._holding.now = True
        try:
            yield True
        finally:
            self._holding.now = False
            with self._turn:
                self.reserved -= need
                self._turn.notify_all()

    def _wait(self, need: int, what: str, mend: str, stop: Callable[[], bool] | None) -> bool:
        ticket = object()
        with self._turn:
            self._line.append(ticket)
            try:
                while self._line[0] is not ticket or not self._fits(need):
                    self._turn.wait(None if stop is None else PAUSE)
                    if stop is not None and stop():
                        return False
                if need > max(self._total, self._alone):
                    about = f" ({what})" if what else ""
                    raise UnreadablePhoto(
                        f"needs about {in_gb(need)} of memory{about}; {in_gb(self._alone)} can be "
                        f"had here: {mend}"
                    )
                self.reserved += need
            finally:
                self._line.remove(ticket)
                self._turn.notify_all()
        return True

    def _fits(self, need: int) -> bool:
        if not self.reserved:
            self._total, self._alone = self.limits()
            return True
        return self.reserved + need <= self._total


_SPARING = contextvars.ContextVar("sparing", default=False)


class _Allowed:
    """What this process was told that it may take; `use` changes it."""

    gigabytes = 0.0
    together = LEAST


def use(gigabytes: float = 0.0, *, threads: int = 1, each: int = 0) -> None:
    """
    Say what this process may take from now on.

    Parameters
    ----------
    gigabytes : float
        For photos under way together, and for grouping; 0 for what this computer can give.
    threads : int
        How many photos are under way at once.
    each : int
        Bytes that an ordinary photo takes, where that is more than `EACH`.
    """
    _Allowed.gigabytes = gigabytes
    _Allowed.together = max(LEAST, threads * max(EACH, each))


def room() -> int:
    """Return how many bytes one thing alone, such as grouping, may take now."""
    most = int(available() * ALONE)
    if _SPARING.get():
        most = min(most, EACH)
    return min(most, int(_Allowed.gigabytes * GB)) if _Allowed.gigabytes else most


@contextlib.contextmanager
def sparing(when: bool = True) -> Iterator[None]:
    """Within the block, `room` is no more than `EACH`: for results made in a way that spares it."""
    before = _SPARING.set(when)
    try:
        yield
    finally:
        _SPARING.reset(before)


class TooMuch(MemoryError):
    """What a calculation needs is more than can be had; raised before it is begun."""


def require(need: int, what: str) -> None:
    """
    Raise `TooMuch`, with the figures, if a calculation can never fit.

    Parameters
    ----------
    need : int
        Bytes.
    what : str
        What needs them, such as "average linkage of 150,000 sightings".
    """
    if need > SMALL and need > (had := room()):
        raise TooMuch(f"{what} needs about {in_gb(need)}, and {in_gb(had)} can be had here")


def _limits() -> tuple[int, int]:
    alone = room()
    if _Allowed.gigabytes:
        return alone, alone
    return min(int(alone * TOGETHER / ALONE), _Allowed.together), alone


_BUDGET = Budget(_limits)


def budget() -> Budget:
    """Return the one budget of this process: a panel's pictures count beside a scan's photos."""
    return _BUDGET


def resident() -> float:
    """Return the bytes of memory that this process has now; nan where the system does not tell."""
    return _status("VmRSS")


def peak() -> float:
    """
    Return the most bytes of memory that this process has had; nan where it is not known.

    On Linux it is of this process alone, and since `count_anew`; on macOS a process inherits it
    from the one that started it.
    """
    told = _status("VmHWM")
    if math.isnan(told) and sys.platform == "darwin":
        import resource

        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return told


def count_anew() -> None:
    """Let `peak` begin from here, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _status(name: str) -> float:
    """Return a size of this process in bytes, as Linux tells it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return float(line.split()[1]) * 1024
    return float("nan")


def in_gb(size: float) -> str:
    """Write a number of bytes as it is read, in GB, or MB below one."""
    if size >= GB:
        return f"{size / GB:,.1f} GB"
    return f"{size / 1e6:,.0f} MB"
