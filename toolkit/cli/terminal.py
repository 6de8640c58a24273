"""How commands get on with the terminal: its streams, its signals, its libraries, a bar."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any, TextIO


def open_closed_streams() -> None:
    """Put something harmless where a stream was closed (``>&-``), or files would take its place."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        if getattr(sys, name) is None:
            stream = os.fdopen(number, mode, encoding="utf-8", closefd=False)
            setattr(sys, name, stream)


def take_any_letter() -> None:
    """Let streams escape what they cannot say: bytes of a file name, letters of few terminals."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def ended_as_by_hand() -> Iterator[None]:
    """Let SIGTERM, and SIGHUP of a terminal that closes, end the work as Ctrl-C does."""
    before: dict[int, Any] = {}
    ending = False

    def end(number: int, frame: object) -> None:
        nonlocal ending
        # A session that closes sends both: the second must not break off what ends in order.
        if not ending:
            ending = True
            raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            # Whoever started it with nohup wants it to go on.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        if not ending:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def progress_bar(console: TextIO, *, quiet: bool) -> Iterator[Any]:
    """Show a progress bar on the terminal, one after the other for each kind of work."""
    if quiet or not console.isatty():
        yield None
        return
    from tqdm import tqdm

    bars: dict[str, Any] = {}

    def progress(work: str, done: int, total: int, item: str) -> None:
        if work not in bars:
            for bar in bars.values():
                bar.close()
            bars[work] = tqdm(total=total, desc=work, unit="", file=console, leave=False)
        bars[work].update(done - bars[work].n)

    try:
        yield progress
    finally:
        for bar in bars.values():
            bar.close()


@contextlib.contextmanager
def quiet_libraries() -> Iterator[TextIO]:
    """
    Keep C libraries from writing to the terminal.

    libtiff and libjpeg report every damaged tag of every photo on file descriptor 2; what matters
    of it stands in problems.csv. Python's own messages go on being seen.
    """
    sys.stderr.flush()
    try:
        saved = os.dup(2)
    except OSError:
        yield sys.stderr
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    python = sys.stderr
    with os.fdopen(saved, "w", encoding="utf-8", errors="backslashreplace") as console:
        own = python is sys.__stderr__
        if own:
            sys.stderr = console
        os.dup2(nowhere, 2)
        os.close(nowhere)
        try:
            yield console
        finally:
            os.dup2(console.fileno(), 2)
            if own:
                sys.stderr = python
