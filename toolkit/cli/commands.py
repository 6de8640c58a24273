"""The commands, and the way from a command line to an exit code."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import TextIO

from toolkit.cli import (
    bench_command,
    calibrate_command,
    captures_command,
    catalogue_command,
    result_commands,
    tags_command,
    terminal,
)
from toolkit.cli.options import MEND, chosen_settings, parser, subject_of
from toolkit.cli.output import plan_file, print_result, tell, write_plan
from toolkit.errors import BadFolder, SightingsError
from toolkit.files import folder_at
from toolkit.memory import in_gb
from toolkit.names import counted, printable
from toolkit.settings import settings_for
from toolkit.subjects import registry

DONE, INTERRUPTED = 0, 130


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
    terminal.open_closed_streams()
    terminal.take_any_letter()
    code = DONE
    try:
        with terminal.ended_as_by_hand():
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


def _run(arguments: Sequence[str] | None) -> int:
    try:
        options = parser(subject_of(arguments)).parse_args(arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else MEND
    run = COMMANDS[options.command]
    try:
        with terminal.quiet_libraries() as console:
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

    plan = plan_file(options)
    with terminal.progress_bar(console, quiet=options.quiet) as progress:
        result = modes.autopilot(
            options.photos,
            options.out,
            settings=chosen_settings(
                options, settings_for("autopilot", registry.settings_of(options.subject))
            ),
            dry_run=options.dry_run,
            keep_all=options.keep_all,
            pictures=not options.no_faces,
            progress=progress,
            tell=None if options.quiet else tell,
        )
    write_plan(result, plan)
    print_result(result, options)


def _point_and_shoot(options: argparse.Namespace, console: TextIO) -> None:
    from toolkit import modes

    plan = plan_file(options)
    with terminal.progress_bar(console, quiet=options.quiet) as progress:
        result = modes.point_and_shoot(
            options.photos,
            options.known,
            options.out,
            settings=chosen_settings(
                options, settings_for("point-and-shoot", registry.settings_of(options.subject))
            ),
            dry_run=options.dry_run,
            keep_all=options.keep_all,
            pictures=not options.no_faces,
            progress=progress,
            tell=None if options.quiet else tell,
        )
    write_plan(result, plan)
    print_result(result, options)


def _sample(options: argparse.Namespace, console: TextIO) -> None:
    from toolkit.photos import sample

    out = folder_at(options.out)
    made = sample.make_album(out)
    if not options.quiet:
        sys.stdout.write(
            f"{len(made)} photos are in {out / 'photos'}, example photos of the people in "
            f"{out / 'people'}\n"
        )


def _sync(options: argparse.Namespace, console: TextIO) -> None:
    from toolkit import modes
    from toolkit.results import exporting, results_folder

    out = folder_at(options.out)
    try:
        run = results_folder.load(out, photos=options.photos)
    except BadFolder:
        # To run again mends the tables: not where something is lost by it, which this refuses.
        modes.synced(out, dry_run=True)
        raise
    settings = results_folder.settings_told(run)
    with exporting.alone_in(out, "sync"):
        _, said = modes.synced(out, settings, dry_run=options.dry_run)
    for line in said or ("nothing was done in the folders since the last run",):
        sys.stdout.write(f"{printable(line)}\n")
    if said:
        sys.stdout.write(
            "Nothing is decided yet: run it without --dry-run.\n"
            if options.dry_run
            else f"Kept in {out / 'decisions.csv'}; run again to have the photos sorted by it.\n"
        )


def _store(options: argparse.Namespace, console: TextIO) -> None:
    from toolkit.scanning import store

    path = store.place()
    if not path.exists():
        sys.stdout.write(f"{path} is not there: nothing is kept yet.\n")
        return
    with store.Store(path) as kept:
        if options.purge:
            kept.purge()
            sys.stdout.write(f"Everything is taken out of {path}.\n")
            return
        if options.keep is not None:
            gone = kept.bound(options.keep)
            sys.stdout.write(f"{counted(gone, 'look')} taken out.\n")
        content = kept.content()
    sys.stdout.write(
        f"{path}\n{counted(content.photos, 'photo')}, {counted(content.looks, 'look')} at them, "
        f"{counted(content.files, 'file')} known; {in_gb(content.size)}\n"
    )


# Model files that come with an extra.
OPTIONAL = ("shape_predictor_68_face_landmarks",)


def _models(options: argparse.Namespace, console: TextIO) -> None:
    from toolkit.subjects import fetching, weights

    if options.get:
        for path in fetching.get(options.group or "", tell):
            sys.stdout.write(f"ok       {path}\n")
        return
    missing = []
    for name, entry in weights.manifest().items():
        try:
            sys.stdout.write(f"ok       {weights.find(name)}\n")
        except SightingsError as error:
            missing += [str(error)] * (name not in OPTIONAL and not entry.group)
            sys.stdout.write(f"missing  {entry.file}: {error}\n")
    if missing:
        raise SightingsError(missing[0])


def _app(options: argparse.Namespace, console: TextIO) -> None:
    import webbrowser

    from toolkit.cli import app

    def ready(address: str, once: str) -> None:
        sys.stdout.write(f"Sightings is at {address}\nPress Ctrl-C here to end it.\n")
        sys.stdout.flush()
        if not options.no_browser:
            # Some browsers return only when they are closed.
            threading.Thread(target=webbrowser.open, args=(once,), daemon=True).start()

    folders = options.photos, options.known, options.out
    app.serve(*folders, subject=options.subject, port=options.port, ready=ready)


COMMANDS: dict[str, Callable[[argparse.Namespace, TextIO], None]] = {
    "autopilot": _autopilot,
    "point-and-shoot": _point_and_shoot,
    "match-catalogue": catalogue_command.match_catalogue,
    "sample": _sample,
    "models": _models,
    "store": _store,
    "sync": _sync,
    "app": _app,
    "undo": result_commands.undo,
    "audit": result_commands.audit,
    "evaluate": result_commands.evaluate,
    "captures": captures_command.captures,
    "check-tags": tags_command.check_tags,
    "calibrate": calibrate_command.calibrate,
    "count": result_commands.count,
    "bench": bench_command.bench,
}
