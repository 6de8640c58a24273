"""The command line over the two modes."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

from toolkit.cli import measure_commands
from toolkit.cli.options import MEND, chosen_settings, parser
from toolkit.errors import SightingsError
from toolkit.files import folder_at
from toolkit.names import counted, printable
from toolkit.settings import AutopilotSettings, PointAndShootSettings

DONE, INTERRUPTED = 0, 130
# Photos that could not be copied and are named in one line.
NAMED = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; the process's own if not given.

    Returns
    -------
    int
        0 when done, 2 when the user has something to mend, 130 when interrupted.
    """
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        # A file name may hold bytes that are no text, and a terminal may know few letters.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    code = DONE
    try:
        with _ended_as_by_hand():
            code = _run(arguments)
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write(
            "sightings: interrupted. Your photos are untouched; run the same command again to go "
            "on.\n"
        )
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever was reading (head, less) has seen enough; there is nobody left to write to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


@contextlib.contextmanager
def _ended_as_by_hand() -> Iterator[None]:
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


def _open_closed_streams() -> None:
    """Put something harmless where a stream was closed (``>&-``), or files would take its place."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
        if getattr(sys, name) is None:
            stream = os.fdopen(number, mode, encoding="utf-8", closefd=False)
            setattr(sys, name, stream)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        options = parser().parse_args(arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else MEND
    run = COMMANDS[options.command]
    try:
        with _quiet_libraries() as console:
            run(options, console)
    except SightingsError as error:
        return _complain(str(error))
    except BrokenPipeError:
        raise
    except MemoryError:
        return _complain(
            "the memory of this computer did not suffice. Close other programs, or work on fewer "
            "photos at a time, with a smaller --long-edge or fewer --jobs."
        )
    except OSError as error:
        # A disk that fills up, a path too long, a folder that may not be entered.
        place = f"{error.filename}: " if error.filename else ""
        return _complain(f"{place}{error.strerror or error}. Check the folder and its permissions.")
    return DONE


def _complain(text: str) -> int:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"sightings: {printable(text)}\n")
        sys.stderr.flush()
    return MEND


def _autopilot(options: argparse.Namespace, console: TextIO) -> None:
    from toolkit import modes

    with _bar(options, console) as progress:
        result = modes.autopilot(
            options.photos,
            options.out,
            settings=chosen_settings(options, AutopilotSettings),
            dry_run=options.dry_run,
            replace=options.replace,
            faces=not options.no_faces,
            progress=progress,
            tell=None if options.quiet else _tell,
        )
    _report(result, options)


def _tell(text: str) -> None:
    sys.stderr.write(f"sightings: {printable(text)}\n")


def _point_and_shoot(options: argparse.Namespace, console: TextIO) -> None:
    from toolkit import modes

    with _bar(options, console) as progress:
        result = modes.point_and_shoot(
            options.photos,
            options.people,
            options.out,
            settings=chosen_settings(options, PointAndShootSettings),
            dry_run=options.dry_run,
            replace=options.replace,
            faces=not options.no_faces,
            progress=progress,
        )
    _report(result, options)


def _sample(options: argparse.Namespace, console: TextIO) -> None:
    from toolkit.photos import sample

    out = folder_at(options.out)
    made = sample.make_album(out)
    if not options.quiet:
        sys.stdout.write(
            f"{len(made)} photos are in {out / 'photos'}, example photos of the people in "
            f"{out / 'people'}\n"
        )


def _models(options: argparse.Namespace, console: TextIO) -> None:
    from toolkit.subjects import weights

    missing = []
    for name, entry in weights.manifest().items():
        try:
            sys.stdout.write(f"ok       {weights.find(name)}\n")
        except SightingsError as error:
            missing.append(str(error))
            sys.stdout.write(f"missing  {entry.file}: {error}\n")
    optional = weights.manifest()["shape_predictor_68_face_landmarks"].file
    required = [text for text in missing if optional not in text]
    if required:
        raise SightingsError(required[0])


def _app(options: argparse.Namespace, console: TextIO) -> None:
    import threading
    import webbrowser

    from toolkit.cli import app

    def ready(address: str, once: str) -> None:
        sys.stdout.write(f"Sightings is at {address}\nPress Ctrl-C here to end it.\n")
        sys.stdout.flush()
        if not options.no_browser:
            # Some browsers return only when they are closed.
            threading.Thread(target=webbrowser.open, args=(once,), daemon=True).start()

    app.serve(options.photos, options.people, options.out, port=options.port, ready=ready)


COMMANDS: dict[str, Callable[[argparse.Namespace, TextIO], None]] = {
    "autopilot": _autopilot,
    "point-and-shoot": _point_and_shoot,
    "sample": _sample,
    "models": _models,
    "app": _app,
    "audit": measure_commands.audit,
    "evaluate": measure_commands.evaluate,
    "bench": measure_commands.bench,
}


def _report(result: Any, options: argparse.Namespace) -> None:
    if options.json:
        sys.stdout.write(json.dumps(result.as_dict(), indent=1) + "\n")
    elif not options.quiet:
        if options.dry_run:
            plan = result.plan[["state", "source", "destination"]].fillna("")
            for state, source, destination in plan.itertuples(index=False):
                sys.stdout.write(printable(f"{state:<13} {source} -> {destination}") + "\n")
            sys.stdout.write("\n")
        sys.stdout.write(f"{result}\n")
    if result.not_copied:
        sys.stdout.flush()
        raise SightingsError(_failures(result))


def _failures(result: Any) -> str:
    """Name the photos that should have been copied and were not, in one line."""
    lines = [f"{path}: {reason}" for path, reason in result.not_copied]
    more = f"; and {len(lines) - NAMED:,} more, in problems.csv" if lines[NAMED:] else ""
    return (
        f"{counted(len(lines), 'photo')} could not be copied to {result.out}: "
        f"{'; '.join(lines[:NAMED])}{more}. Mend that, then run the same command again: it goes on"
    )


@contextlib.contextmanager
def _bar(options: argparse.Namespace, console: TextIO) -> Iterator[Any]:
    """Show a progress bar on the terminal, one after the other for each kind of work."""
    if options.quiet or not console.isatty():
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
def _quiet_libraries() -> Iterator[TextIO]:
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
