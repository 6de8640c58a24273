"""Who looks at photos: threads of this computer, or the workers of a cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from toolkit.errors import MissingPackage
from toolkit.photos.identity import Identity

if TYPE_CHECKING:
    from toolkit.scanning.cluster import Machines
    from toolkit.scanning.scan import Encoded, How, Seen

# Photos that go to a worker together. Threads let their batches of subjects end there as well, so
# that the same subjects are encoded together whoever does it.
SPAN = 32


@dataclass(frozen=True)
class Read:
    """
    A file of which is known which one it is.

    Attributes
    ----------
    path : Path
        The file.
    who : Identity or None
        Which one; None where it cannot be read.
    photo : str
        The digest of its picture, where the store knows it; "" else.
    at : int
        When its reading began, in ns since 1970; 0 where it was not read.
    seconds : dict of str to float
        CPU seconds by stage.
    problem : str
        Why it cannot be read.
    """

    path: Path
    who: Identity | None
    photo: str = ""
    at: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    problem: str = ""


class Crew(Protocol):
    """
    Who does the work of one scan.

    Attributes
    ----------
    ahead : int
        Photos that are under way before the first of them is waited for.
    """

    ahead: int

    def read(self, paths: Iterable[Path]) -> Iterator[Read]:
        """Say which file each is, in order. One is handed to `examine` before the next is taken."""
        ...

    def examine(self, file: Read, who: Identity) -> Future[Seen]:
        """Decode a photo, find its subjects and cut them out."""
        ...

    def encode(self, batch: Sequence[Seen]) -> Future[Encoded]:
        """Describe the subjects of some photos together."""
        ...

    def leave(self, *, wait: bool) -> None:
        """Begin nothing more; wait for what is under way, or drop it."""
        ...


class Threads:
    """
    Threads of this process.

    Parameters
    ----------
    jobs : int
        How many.
    how : How
        What to look for.
    read, examine, encode : callable
        What they do with a file, with one that was read, and with the subjects of some.
    """

    def __init__(
        self,
        jobs: int,
        how: How,
        *,
        read: Callable[[Path, How], Read],
        examine: Callable[[Read, Identity, How], Seen],
        encode: Callable[[How, Sequence[Seen]], Encoded],
    ) -> None:
        # No more than this many photos are in memory, however many there are to do.
        self.ahead = jobs + 1
        self._how, self._read, self._examine, self._encode = how, read, examine, encode
        self._pool = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="scan")

    def read(self, paths: Iterable[Path]) -> Iterator[Read]:
        """Read one after the other, as it is asked for; see `Crew`."""
        for path in paths:
            yield self._read(path, self._how)

    def examine(self, file: Read, who: Identity) -> Future[Seen]:
        """Begin with a photo; see `Crew`."""
        return self._pool.submit(self._examine, file, who, self._how)

    def encode(self, batch: Sequence[Seen]) -> Future[Encoded]:
        """Begin with some subjects; see `Crew`."""
        return self._pool.submit(self._encode, self._how, batch)

    def leave(self, *, wait: bool) -> None:
        """End the threads; see `Crew`."""
        self._pool.shutdown(wait=wait, cancel_futures=True)


@contextlib.contextmanager
def hired(
    address: str,
    photos: Sequence[Path] = (),
    *,
    tell: Callable[[str], None] | None = None,
) -> Iterator[Machines | None]:
    """
    Connect to a cluster for a block; one that is connected already is used again.

    Parameters
    ----------
    address : str
        "tcp://HOST:PORT" or "tls://HOST:PORT" of a scheduler, or "local:N" for N processes of this
        computer; "" for none.
    photos : sequence of Path
        Those that its workers will be asked for: each has to have the first, the last and the one
        in the middle.
    tell : callable, optional
        Told in a sentence where the work can be watched.

    Yields
    ------
    Machines or None
        None for threads of this process.

    Raises
    ------
    BadCluster
        If it cannot be reached, or its workers are of another version or without the photos.
    MissingPackage
        If Dask is not installed.
    """
    if not address:
        yield None
        return
    try:
        from toolkit.scanning import cluster
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise MissingPackage(
            'several machines need one more package: pip install "sightings[cluster]"'
        ) from error
    with cluster.connected(address, tell=tell) as machines:
        machines.require_photos(photos)
        yield machines
