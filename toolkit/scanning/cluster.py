"""
Several machines: the work of a scan on the workers of Dask distributed.

Photos go to workers by their paths, a `SPAN` at a time, and what was found comes back without
pictures. Each task runs what threads run, on the same photos together, so that results are the same
to the last bit. A worker that dies costs the tasks it had, which the scheduler gives to another.

Dask sends what Dask packs: whoever can reach a scheduler can run anything on its workers, and they
on the machine that asks. docs/cluster.md says how to keep others out.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.metadata
import logging
import os
import pickle
import platform
import re
import secrets
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import distributed
import numpy as np
import numpy.typing as npt
from distributed.diagnostics.plugin import WorkerPlugin

import toolkit
from toolkit import files, memory
from toolkit.errors import BadCluster, UnreadablePhoto
from toolkit.files import reason_of
from toolkit.names import counted, printable
from toolkit.photos import object_storage
from toolkit.photos.identity import Identity, identify
from toolkit.progress import stopwatch
from toolkit.records import Features
from toolkit.scanning.missed import Missed
from toolkit.scanning.scan import (
    NO_CHIPS,
    Encoded,
    How,
    Seen,
    Stop,
    encode,
    examine,
    is_full,
    taken_from,
)
from toolkit.scanning.store import Recall
from toolkit.scanning.workers import SPAN, Read
from toolkit.subjects import weights
from toolkit.subjects.base import Matcher, Subject, needs

T = TypeVar("T")
# Seconds until a scheduler has to answer, and until a first worker has to be there.
ANSWER, FIRST_WORKER = 10.0, 60.0
# Workers of this computer, at most; spans that each thread of a worker has waiting for it.
MOST_LOCAL, WAITING = 256, 2
# Seconds between two looks how many workers there are, and whether there are any.
COUNTED, LOOK = 5.0, 1.0
ADDRESS = re.compile(r"(?:tcp|tls)://(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}", re.ASCII)
LOCAL = re.compile(r"local:(\d{1,3})", re.ASCII)
EXPECTED = "tcp://HOST:PORT or tls://HOST:PORT of a Dask scheduler, or local:N for N processes here"
# Another version of any of these may find something else, if only in the last bit.
PACKAGES = ("numpy", "scipy", "pillow", "onnxruntime", "dlib", "opencv-python-headless")
# dlib comes in either.
NAMES = {"dlib": ("dlib-bin", "dlib"), "opencv-python-headless": ("opencv-python-headless",)}
# Sightings whose features travel together, and how often they are sent anew when they got lost.
CHUNK, TRIES = 64, 4

# Whose words about lost connections are kept from the terminal.
QUIET = ("distributed", "tornado", "bokeh")
SAME_EVERYWHERE = "install the same on every machine, as results would not be the same"
# What is said of a photo at which workers died.
DIED = "the workers that looked at it died, one after the other; their logs say why"

_LOCK = threading.Lock()
_OPEN: dict[str, tuple[Machines, contextlib.ExitStack, int]] = {}


class Deadly(BadCluster):
    """Work at which workers died."""


@contextlib.contextmanager
def connected(address: str, *, tell: Callable[[str], None] | None = None) -> Iterator[Machines]:
    """
    Connect to a scheduler for a block, or start workers on this computer for it.

    Parameters are those of `toolkit.scanning.workers.hired`; within a block, the same address is
    the same connection.

    Raises
    ------
    BadCluster
        If it cannot be reached, has no workers, or has some of another version.
    """
    with _LOCK:
        if address in _OPEN:
            machines, stack, count = _OPEN[address]
        else:
            stack, count = contextlib.ExitStack(), 0
            with contextlib.ExitStack() as opening:
                machines = _connect(address, opening)
                machines.require_same_version()
                ended = threading.Event()
                opening.callback(ended.set)
                threading.Thread(target=machines.watch, args=(ended,), daemon=True).start()
                stack = opening.pop_all()
        _OPEN[address] = machines, stack, count + 1
    if not count and tell is not None:
        tell(machines.told)
    try:
        yield machines
    finally:
        with _LOCK:
            machines, stack, count = _OPEN[address]
            if count > 1:
                _OPEN[address] = machines, stack, count - 1
            else:
                del _OPEN[address]
                stack.close()


def check_address(address: str) -> None:
    """Raise `BadCluster` unless an address is one of a scheduler, or "local:N"."""
    local = LOCAL.fullmatch(address)
    fits = 1 <= int(local[1]) <= MOST_LOCAL if local else bool(ADDRESS.fullmatch(address))
    if not fits:
        raise BadCluster(f"cluster: {printable(address)} is no address; expected {EXPECTED}")


def _connect(address: str, opening: contextlib.ExitStack) -> Machines:
    check_address(address)
    opening.enter_context(_quiet())
    local = LOCAL.fullmatch(address)
    try:
        with warnings.catch_warnings():
            # Of other versions, which are looked at below, and of a port that is taken.
            warnings.simplefilter("ignore")
            where: Any = address
            if local:
                where = opening.enter_context(_local(int(local[1])))
            else:
                _require_keys(address)
            client = distributed.Client(where, timeout=ANSWER, set_as_default=False)
            opening.callback(_close, client)
            client.wait_for_workers(1, timeout=FIRST_WORKER)
    except (OSError, TimeoutError, asyncio.TimeoutError, ValueError) as error:
        if "workers" in str(error):
            raise BadCluster(
                f"cluster: the scheduler at {address} has no workers after {FIRST_WORKER:.0f} s; "
                "start some: dask worker " + address
            ) from error
        raise BadCluster(
            f"cluster: no scheduler answers at {address} ({_first_line(error)}); expected "
            f"{EXPECTED}. Start one with: dask scheduler"
        ) from error
    return Machines(client, address)


def _require_keys(address: str) -> None:
    """Raise `BadCluster` unless Dask's configuration has what an address asks for."""
    keys = distributed.Security()
    if not address.startswith("tls:") and keys.require_encryption:
        raise BadCluster(
            f"cluster: {address} is not encrypted, and Dask's configuration asks for that "
            "(distributed.comm.require-encryption); expected tls://HOST:PORT"
        )
    if address.startswith("tls:") and keys.get_connection_args("client")["ssl_context"] is None:
        raise BadCluster(
            f"cluster: {address} needs a certificate: Dask's configuration names it "
            "(distributed.comm.tls; docs/cluster.md)"
        )


def _local(count: int) -> distributed.LocalCluster:
    """Start workers on this computer that nobody else on it can talk to."""
    cluster = distributed.LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        # Photos wait for memory by themselves.
        memory_limit=0,
        dashboard_address="127.0.0.1:0",
        security=True,
        silence_logs=logging.CRITICAL + 1,
    )
    # One that dies as it begins is not begun anew by whoever watches over it, but as one too few.
    cluster.adapt(minimum=count, maximum=count)
    return cluster


def _close(client: distributed.Client) -> None:
    # A scheduler that is gone says nothing more.
    with contextlib.suppress(Exception):
        client.close(timeout=2)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask from telling of each lost connection on the terminal: it is told in one line."""
    loggers = [logging.getLogger(name) for name in QUIET]
    # Each of Dask's has a level of its own.
    loggers += [
        logging.getLogger(name)
        for name in tuple(logging.root.manager.loggerDict)
        if name.startswith(tuple(f"{each}." for each in QUIET))
    ]
    before = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for each, level in zip(loggers, before, strict=True):
            each.setLevel(level)


class Machines:
    """
    The workers of a scheduler.

    Parameters
    ----------
    client : distributed.Client
        Connected.
    address : str
        As the user gave it.
    """

    def __init__(self, client: distributed.Client, address: str) -> None:
        self.client, self.address = client, address
        # What somebody waits for.
        self.awaited: set[_Bridge[Any]] = set()

    def watch(self, until: threading.Event) -> None:
        """Have nobody wait for workers that do not come any more, until an event is set."""
        last = time.monotonic()
        while not until.wait(LOOK) and self.there:
            with contextlib.suppress(Exception):
                if self.client.nthreads() or not self.awaited:
                    last = time.monotonic()
            if time.monotonic() - last > FIRST_WORKER:
                for each in tuple(self.awaited):
                    each.give_up(
                        BadCluster(
                            f"cluster: {self.address} has had no worker for {FIRST_WORKER:.0f} s. "
                            "What was seen is kept: start some, and run the same again to go on"
                        )
                    )

    @property
    def told(self) -> str:
        """Say who works, and where that can be watched."""
        with self.talking():
            threads = self.client.nthreads()
            link = self.client.dashboard_link
        workers = counted(len(threads), "worker")
        return f"{workers} with {counted(sum(threads.values()), 'thread')} at {self.address}" + (
            f"; their dashboard is {link}." if link else "."
        )

    @property
    def threads(self) -> int:
        """How many tasks run at once now."""
        with self.talking():
            return max(1, sum(self.client.nthreads().values()))

    @property
    def there(self) -> bool:
        """Whether the scheduler is."""
        return bool(self.client.status == "running")

    @contextlib.contextmanager
    def talking(self) -> Iterator[None]:
        """Turn what is raised where the scheduler is gone into one line."""
        try:
            yield
        except (OSError, TimeoutError, asyncio.TimeoutError, RuntimeError) as error:
            raise self.gone() from error

    def gone(self) -> BadCluster:
        """Return what to say where the scheduler is gone."""
        return BadCluster(
            f"cluster: the scheduler at {self.address} is gone. What was seen is kept: start it "
            "again, and run the same again to go on"
        )

    def require_same_version(self) -> None:
        """Raise `BadCluster` unless each worker has the code and the packages of this process."""
        with self.talking():
            found = self.client.run(about, on_error="return")
        for worker, theirs in found.items():
            if isinstance(theirs, BaseException):
                why = _first_line(theirs)
                raise BadCluster(
                    f"cluster: worker {worker} cannot load this program ({why}); install "
                    f'"sightings[cluster]" {toolkit.__version__} there'
                )
            if told := differs(theirs, about()):
                raise BadCluster(f"cluster: worker {worker} {told}; {SAME_EVERYWHERE}")

    def require_photos(self, photos: Sequence[Path]) -> None:
        """Raise `BadCluster` unless each worker can read the first, middle and last of photos."""
        some = list(dict.fromkeys(photos[k] for k in (0, len(photos) // 2, -1))) if photos else []
        if not some:
            return
        with self.talking():
            workers = list(self.client.nthreads())
            asked = {
                worker: self.client.submit(
                    *(sizes_of, some, object_storage.root()),
                    workers=[worker],
                    allow_other_workers=False,
                    pure=False,
                )
                for worker in workers
            }
            expected = sizes_of(some, object_storage.root())
            for worker, future in asked.items():
                for path, theirs, ours in zip(some, future.result(), expected, strict=True):
                    if theirs != ours:
                        what = theirs if isinstance(theirs, str) else f"it has {theirs:,} bytes"
                        raise BadCluster(
                            f"cluster: worker {worker} cannot read {printable(str(path))} as it is "
                            f"here ({what}); expected the photos at the same path on every machine"
                        )

    def begin(self, content: bytes) -> str:
        """Give something to all workers, also to those that come later; return its name."""
        run = secrets.token_hex(8)
        lacking: set[str] = set()
        with self.talking():
            for theirs in self.client.run(missing, sorted(weights.in_use())).values():
                lacking |= theirs
            models = {name: weights.find(name).read_bytes() for name in sorted(lacking)}
            self.client.register_plugin(_Given(run, content, models), name=_plugin(run))
        return run

    def end(self, run: str, *, stop: bool) -> None:
        """Take back what `begin` gave; with `stop`, tasks under way end as soon as they can."""
        if not self.there:
            return
        # It may go in this very moment.
        with contextlib.suppress(Exception):
            if stop:
                self.client.run(stop_run, run)
            self.client.unregister_worker_plugin(_plugin(run))

    def submit(
        self, what: Callable[..., T], *given: Any, about: str, urgent: int = 0
    ) -> _Bridge[T]:
        """
        Begin with something on any worker.

        Parameters
        ----------
        what : callable
            A function of this module.
        *given
            Its arguments.
        about : str
            What it is about, such as "a.jpg to b.jpg", for complaints.
        urgent : int
            What is more urgent goes first.
        """
        with self.talking():
            theirs = self.client.submit(what, *given, pure=False, priority=urgent)
        return _Bridge(self, theirs, about)

    def crew(self, how: How, gigabytes: float) -> MachinesCrew:
        """Return who does the work of one scan; see `toolkit.scanning.workers.Crew`."""
        return MachinesCrew(self, how, gigabytes)

    def compared(
        self,
        matcher: Matcher,
        ours: Sequence[Features],
        theirs: Sequence[Features] | None,
        pairs: npt.NDArray[np.int64],
        stop: Callable[[], bool] | None,
    ) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
        """
        Compare pairs.

        Parameters
        ----------
        matcher : Matcher
            What compares.
        ours, theirs : sequence of Features
            What the two of a pair are compared by; None for both of the same.
        pairs : numpy.ndarray
            Shape (p, 2), int64.
        stop : callable or None
            Asked whether to stop, again and again.

        Yields
        ------
        (numpy.ndarray, numpy.ndarray)
            Which of the pairs, shape (k,), int64, and what they have in common, shape (k, c), as
            they come; fewer than all if `stop` says yes.
        """
        yield from _Comparing(self, matcher, ours, theirs, pairs, Stop(stop)).results()


class _Bridge(Future[T]):
    """A task of Dask as one of the threads; it holds on to it."""

    def __init__(self, machines: Machines, theirs: distributed.Future, about: str) -> None:
        super().__init__()
        self.theirs = theirs
        self._machines, self._about = machines, about
        self.set_running_or_notify_cancel()
        machines.awaited.add(self)
        self.add_done_callback(machines.awaited.discard)
        theirs.add_done_callback(self._done)

    def give_up(self, error: BaseException) -> None:
        """Raise an error for who waits, unless it is done."""
        with contextlib.suppress(InvalidStateError):
            self.set_exception(error)

    def _done(self, theirs: distributed.Future) -> None:
        try:
            found = theirs.result()
        except distributed.KilledWorker as error:
            self.give_up(
                Deadly(
                    f"cluster: {counted(error.allowed_failures + 1, 'worker')} died one after the "
                    f"other at {self._about}; their logs say why. What was seen is kept"
                )
            )
        except (asyncio.CancelledError, distributed.CancelledError, OSError):
            self.give_up(self._machines.gone())
        except BaseException as error:  # noqa: BLE001 - whatever was raised there is raised here
            self.give_up(error)
        else:
            with contextlib.suppress(InvalidStateError):
                self.set_result(found)


@dataclass(frozen=True)
class _Reading:
    """A span of files: those that are known, and a task that says which the others are."""

    files: list[Read]
    task: Future[list[dict[str, Any]]] | None


class MachinesCrew:
    """
    The workers of a cluster, for one scan; see `toolkit.scanning.workers.Crew`.

    Parameters
    ----------
    machines : Machines
        Whose.
    how : How
        What to look for.
    gigabytes : float
        As for `toolkit.scanning.scan.scan`, for each worker.
    """

    def __init__(self, machines: Machines, how: How, gigabytes: float) -> None:
        self._machines, self._how = machines, how
        self._counted = -COUNTED
        self._count_threads()
        self._under_way: set[_Bridge[Any]] = set()
        # Of the span that is being read: those to be looked at, and who waits for them.
        self._place = 0
        self._wanted: list[tuple[int, Read, Identity]] = []
        self._promised: list[Future[Seen]] = []
        self._run: str | None = machines.begin(_packed_look(how, gigabytes))

    def read(self, paths: Iterable[Path]) -> Iterator[Read]:
        """Let workers read the spans to come; see `Crew`."""
        every = iter(paths)
        waiting: deque[_Reading] = deque()
        while True:
            while len(waiting) < self._width and (span := list(islice(every, SPAN))):
                waiting.append(self._begin_reading(span))
            if not waiting:
                return
            span_read = self._all_read(waiting.popleft())
            for place, file in enumerate(span_read):
                self._place = place
                yield file
            self._send(len(span_read))

    def _count_threads(self) -> None:
        """Have as much under way as there are workers: some come later, and some go."""
        if (now := time.monotonic()) - self._counted >= COUNTED:
            self._counted = now
            self._width = max(2, WAITING * self._machines.threads)
            self.ahead = (self._width + 1) * SPAN

    def _begin_reading(self, span: Sequence[Path]) -> _Reading:
        self._count_threads()
        known = [self._how.recall.identity(path) for path in span]
        unread = [path for path, each in zip(span, known, strict=True) if each is None]
        at = time.time_ns()
        return _Reading(
            [
                Read(path, None, at=at) if each is None else Read(path, *each)
                for path, each in zip(span, known, strict=True)
            ],
            self._submit(read_all, unread) if unread else None,
        )

    def _all_read(self, span: _Reading) -> list[Read]:
        if span.task is None:
            return span.files
        found: list[dict[str, Any]] = taken_from(span.task, self._how.stop)
        told = iter(found)
        return [
            each if each.who is not None else replace(each, **next(told)) for each in span.files
        ]

    def examine(self, file: Read, who: Identity) -> Future[Seen]:
        """Put a photo with the others of its span; see `Crew`."""
        promised: Future[Seen] = Future()
        self._wanted.append((self._place, file, who))
        self._promised.append(promised)
        return promised

    def _send(self, count: int) -> None:
        """Let a worker look at what has to be looked at in a span of so many photos."""
        wanted, promised = self._wanted, self._promised
        self._wanted, self._promised = [], []
        if wanted:
            self._look(wanted, promised, count)

    def _look(
        self,
        wanted: Sequence[tuple[int, Read, Identity]],
        promised: Sequence[Future[Seen]],
        count: int,
    ) -> None:
        def keep(done: Future[list[Seen]]) -> None:
            error = done.exception()
            if isinstance(error, Deadly):
                self._look_one_by_one(wanted, promised)
                return
            if error is not None:
                for each in promised:
                    each.set_exception(error)
                return
            for each, seen in zip(promised, done.result(), strict=True):
                each.set_result(seen)

        self._submit(look_through, wanted, count).add_done_callback(keep)

    def _look_one_by_one(
        self, wanted: Sequence[tuple[int, Read, Identity]], promised: Sequence[Future[Seen]]
    ) -> None:
        """Find the photo at which workers died; the others can be looked at."""
        if len(wanted) == 1:
            path = wanted[0][1].path
            promised[0].set_result(replace(_NOT_WANTED, path=path, problem=("decoding", DIED)))
            return
        for (_, file, who), each in zip(wanted, promised, strict=True):
            try:
                self._look([(0, file, who)], [each], 1)
            except BadCluster as error:
                each.set_exception(error)

    def _submit(self, what: Callable[..., T], wanted: Sequence[Any], *more: Any) -> Future[T]:
        paths = [each if isinstance(each, Path) else each[1].path for each in wanted]
        ends = dict.fromkeys(printable(str(path)) for path in (paths[0], paths[-1]))
        # What ends what was begun goes before what begins anew.
        urgent = int(what is look_through)
        task = self._machines.submit(
            what, self._run, wanted, *more, about=" to ".join(ends), urgent=urgent
        )
        self._under_way.add(task)
        task.add_done_callback(lambda _: self._under_way.discard(task))
        return task

    def encode(self, batch: Sequence[Seen]) -> Future[Encoded]:
        """Put together what workers made of the subjects of some photos; see `Crew`."""
        done: Future[Encoded] = Future()
        done.set_result(encode(self._how, batch))
        return done

    def leave(self, *, wait: bool) -> None:
        """Drop what is under way: nobody waits for it any more; see `Crew`."""
        if self._run is None:
            return
        run, self._run = self._run, None
        left = [each.theirs for each in tuple(self._under_way)]
        if left and self._machines.there:
            with contextlib.suppress(Exception):
                self._machines.client.cancel(left)
        self._machines.end(run, stop=bool(left))


@dataclass
class _Comparing:
    """Pairs that are compared in blocks, whose features are sent to workers once."""

    machines: Machines
    matcher: Matcher
    ours: Sequence[Features]
    theirs: Sequence[Features] | None
    pairs: npt.NDArray[np.int64]
    stop: Stop

    def results(self) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
        """Yield which pairs, and their scores; see `Machines.compared`."""
        run = self.machines.begin(_packed(self.matcher))
        left = True
        try:
            yield from self._results(run)
            left = False
        finally:
            self.machines.end(run, stop=left)

    def _results(self, run: str) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
        blocks = deque(self._blocks())
        sent: dict[tuple[bool, int], distributed.Future] = {}
        width = max(2, 2 * WAITING * self.machines.threads)
        under_way: deque[tuple[npt.NDArray[np.int64], tuple[int, int], int, _Bridge[Any]]] = deque()
        tries: deque[tuple[npt.NDArray[np.int64], tuple[int, int], int]] = deque(
            (places, block, 1) for places, block in blocks
        )
        while tries or under_way:
            while tries and len(under_way) < width:
                places, block, count = tries.popleft()
                under_way.append((places, block, count, self._begin(run, places, block, sent)))
            places, block, count, task = under_way.popleft()
            try:
                found = taken_from(task, self.stop)
            except BadCluster:
                # The worker that had the features may be gone, and not the scheduler.
                if count == TRIES or not self.machines.there:
                    raise
                for key in self._keys(block):
                    sent.pop(key, None)
                tries.appendleft((places, block, count + 1))
                continue
            except CancelledError:
                return
            # Blocks come row by row: features of the rows before are asked for no more.
            row = min((each[1][0] for each in under_way), default=block[0])
            for key in [key for key in sent if not key[0] and key[1] < row]:
                del sent[key]
            yield places, found

    def _keys(self, block: tuple[int, int]) -> tuple[tuple[bool, int], tuple[bool, int]]:
        return (False, block[0]), (self.theirs is not None, block[1])

    def _blocks(self) -> Iterator[tuple[npt.NDArray[np.int64], tuple[int, int]]]:
        """Yield the places of the pairs whose two are of two chunks, and which chunks these are."""
        chunk = self.pairs // CHUNK
        order = np.lexsort((chunk[:, 1], chunk[:, 0]))
        starts = np.flatnonzero(np.any(np.diff(chunk[order], axis=0, prepend=-1), axis=1))
        for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
            places = order[start:end]
            one, other = chunk[places[0]].tolist()
            yield places, (one, other)

    def _begin(
        self,
        run: str,
        places: npt.NDArray[np.int64],
        block: tuple[int, int],
        sent: dict[tuple[bool, int], distributed.Future],
    ) -> _Bridge[Any]:
        given = []
        with self.machines.talking():
            for key in self._keys(block):
                if key not in sent:
                    every = self.theirs if key[0] and self.theirs is not None else self.ours
                    some = list(every[key[1] * CHUNK : (key[1] + 1) * CHUNK])
                    # In a list, it would be taken for many things to send.
                    (sent[key],) = self.machines.client.scatter([some], hash=False)
                given.append(sent[key])
        rows = self.pairs[places] - CHUNK * np.array(block)
        about = f"{counted(len(places), 'pair')}"
        return self.machines.submit(compare_some, run, *given, rows, about=about)


# What follows runs on workers.


# What the runs of now gave to this worker, packed and unpacked; why it cannot work for some; and
# those that ended.
_GIVEN: dict[str, bytes] = {}
_MADE: dict[str, Any] = {}
_REFUSED: dict[str, str] = {}
_STOPPED: set[str] = set()
_UNPACKING = threading.Lock()


class _Given(WorkerPlugin):  # type: ignore[misc]
    """
    Gives something to a worker as it begins: also to one that takes the place of one that died.

    Parameters
    ----------
    run : str
        What it is called.
    content : bytes
        Packed; unpacked by the first task that needs it.
    models : dict of str to bytes
        Model files that some worker lacks, by their names in the manifest. Each is checked against
        its sha256 before it is used, as any other.
    """

    def __init__(self, run: str, content: bytes, models: dict[str, bytes]) -> None:
        self.name = _plugin(run)
        self._run, self._content, self._models = run, content, models
        self._objects, self._about = object_storage.root(), about()

    def setup(self, worker: distributed.Worker) -> None:
        """Keep it, and what model files are not there."""
        folder = weights.fetched_folder()
        for name in missing(self._models):
            folder.mkdir(parents=True, exist_ok=True)
            files.write_bytes(folder / weights.manifest()[name].file, self._models[name])
        object_storage.serve(self._objects)
        _GIVEN[self._run] = self._content
        # One that comes later was not asked.
        if told := differs(about(), self._about):
            _REFUSED[self._run] = f"cluster: worker {worker.address} {told}; {SAME_EVERYWHERE}"

    def teardown(self, worker: distributed.Worker) -> None:
        """Forget it."""
        for known in (_GIVEN, _MADE, _REFUSED):
            known.pop(self._run, None)
        _STOPPED.discard(self._run)


@dataclass(frozen=True)
class _Look:
    """What a worker has to know to look at photos: `How`, without what is of one process only."""

    subject: Subject
    long_edge: int
    min_size: int
    min_sharpness: float
    missed: Missed
    gigabytes: float

    def begun(self, run: str) -> How:
        """Return it as it is used, and say what photos may take in this process."""
        worker = distributed.get_worker()
        threads = worker.state.nthreads
        ordinary = memory.EACH // 2 + needs(self.subject.detector, self.long_edge, self.long_edge)
        most = getattr(worker.memory_manager, "memory_limit", None) or 0
        # Dask ends a worker that takes nearly all of what it may have.
        gigabytes = self.gigabytes or most * memory.TOGETHER / memory.GB
        memory.use(gigabytes, threads=threads, each=ordinary)
        return How(
            *(self.subject, self.long_edge, self.min_size, self.min_sharpness),
            stop=Stop(partial(_STOPPED.__contains__, run)),
            recall=Recall(None, "", self.subject.encoder.info),
            missed=self.missed,
        )


def about() -> dict[str, str]:
    """Return which code and packages a process has."""
    found = {"sightings": toolkit.__version__, "its code": _code()}
    found["Python"] = ".".join(platform.python_version_tuple()[:2])
    for name in PACKAGES:
        for installed in NAMES.get(name, (name,)):
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                found[name] = importlib.metadata.version(installed)
    return found


@cache
def _code() -> str:
    """Return a digest of this package's modules."""
    folder = Path(toolkit.__file__).parent
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0")
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


def differs(theirs: dict[str, str], ours: dict[str, str]) -> str:
    """Say what a worker has otherwise than who asks; "" for nothing."""
    for name in dict.fromkeys([*ours, *theirs]):
        if ours.get(name) != theirs.get(name):
            has, expected = (each.get(name, "none") for each in (theirs, ours))
            return f"has another version of {name} ({has}; expected {expected}, as here)"
    return ""


def missing(names: Iterable[str]) -> set[str]:
    """Return which model files are not on this machine, of these names in the manifest."""
    return {name for name in names if not weights.is_here(name)}


def sizes_of(paths: Sequence[Path], objects: Path) -> list[int | str]:
    """
    Return how many bytes files have, or why that cannot be said.

    What lies in the folder `objects` stands for something in object storage.
    """
    object_storage.serve(objects)
    found: list[int | str] = []
    for path in paths:
        try:
            with files.open_regular(path) as stream:
                stream.read(1)
                found.append(os.fstat(stream.fileno()).st_size)
        except OSError as error:
            found.append(reason_of(error))
    return found


def stop_run(run: str) -> None:
    """Let the tasks of a run end as soon as they can."""
    _STOPPED.add(run)


def read_all(run: str, paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Say which file each is, or what is wrong with it: what `Read` lacks where it was not read."""
    found = []
    for path in paths:
        seconds: dict[str, float] = {}
        told: dict[str, Any] = {"seconds": seconds}
        with stopwatch(seconds, "read"):
            try:
                told["who"] = identify(path)
            except UnreadablePhoto as error:
                told["problem"] = str(error)
        found.append(told)
    return found


def look_through(run: str, wanted: Sequence[tuple[int, Read, Identity]], count: int) -> list[Seen]:
    """
    Look at photos of a span, and describe their subjects.

    Parameters
    ----------
    run : str
        As `Machines.begin` called it.
    wanted : sequence of (int, Read, Identity)
        The photos, with their places in the span.
    count : int
        Photos in the span. Those that are not to be looked at count as well: what is encoded
        together is the same as where threads do it.
    """
    how = _made(run, lambda given: given.begun(run))
    here = {place: (file, who) for place, file, who in wanted}
    found: list[Seen] = []
    batch: list[Seen] = []
    for place in range(count):
        batch.append(examine(*here[place], how) if place in here else _NOT_WANTED)
        if is_full(batch):
            found += _described(how, batch)
            batch = []
    found += _described(how, batch)
    return [each for each in found if each is not _NOT_WANTED]


_NOT_WANTED = Seen(Path(), None, (), NO_CHIPS, None, {})


def _described(how: How, batch: Sequence[Seen]) -> Iterator[Seen]:
    """Give each photo what its subjects were encoded to, in the place of their pictures."""
    encodings, features, worth, spent = encode(how, batch)
    place = 0
    for seen in batch:
        count = len(seen.chips)
        some = slice(place, place + count)
        place += count
        if not count:
            yield seen
            continue
        made = (encodings[some], features[some], worth[some], spent * count / len(encodings))
        yield replace(seen, chips=np.zeros((count, 0, 0, 3), dtype=np.uint8), made=made)


def compare_some(
    run: str, ours: Sequence[Features], theirs: Sequence[Features], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Return what pairs have in common, shape (k, c); `rows`, shape (k, 2), says which they are."""
    from threadpoolctl import threadpool_limits

    matcher: Matcher = _made(run, lambda given: given)
    found = np.zeros((len(rows), len(matcher.scores)), dtype=np.float32)
    with threadpool_limits(1, user_api="blas"):
        for place, (one, other) in enumerate(rows.tolist()):
            if run in _STOPPED:
                raise CancelledError
            found[place] = matcher.compare(ours[one], theirs[other])
    return found


def _made(run: str, begin: Callable[[Any], T]) -> T:
    """Return what a run gave to this worker; unpacked, and begun with, once."""
    if run in _REFUSED:
        raise BadCluster(_REFUSED[run])
    with _UNPACKING:
        if run not in _MADE:
            if run not in _GIVEN:
                raise CancelledError
            # Ours: whoever could put another one here could run anything here anyway.
            _MADE[run] = begin(pickle.loads(_GIVEN[run]))  # noqa: S301
        made: T = _MADE[run]
        return made


def _packed_look(how: How, gigabytes: float) -> bytes:
    subject = replace(how.subject, evidence=None)
    told = (how.long_edge, how.min_size, how.min_sharpness, how.missed, gigabytes)
    return _packed(_Look(subject, *told))


def _packed(what: object) -> bytes:
    try:
        return pickle.dumps(what)
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        raise BadCluster(
            f"cluster: what is looked for cannot be sent to other machines ({_first_line(error)}); "
            "go without a cluster"
        ) from error


def _plugin(run: str) -> str:
    return f"sightings-{run}"


def _first_line(error: BaseException) -> str:
    lines = reason_of(error).strip().splitlines()
    return printable(lines[0] if lines else type(error).__name__)
