"""The command line over the two modes."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from toolkit import __version__
from toolkit.errors import SightingsError
from toolkit.settings import (
    DETECTORS,
    DEVICES,
    ENGINES,
    METHODS,
    RULES,
    AutopilotSettings,
    PointAndShootSettings,
    Settings,
)

DONE, MEND, INTERRUPTED = 0, 2, 130

TRY_FIRST = """\
examples:
  sightings autopilot ~/Pictures/Norway ~/Sorted          one folder for each person
  sightings point-and-shoot ~/Pictures ~/Friends ~/Found  the photos that show your friends
  sightings autopilot PHOTOS OUT --dry-run                show what would be copied, copy nothing

Your photos are only ever read, and nothing leaves this computer.
"""

AUTOPILOT = """\
Read a folder of photos (and its subfolders), learn every new face, and copy each photo into one
folder for each person in it: a photo of five people lands in five folders. person_001 is the one
seen most. OUT also gets sightings.csv (every face: where, who), nobody.csv (photos without a face),
problems.csv (files that could not be read, and why) and run.json (the settings).
"""

POINT_AND_SHOOT = """\
PEOPLE holds one folder for each person, named as you like, with one or more photos of that person.
Each photo in PHOTOS that shows one of them is copied into OUT/<that name>/. A face near nobody's
examples stays unknown. Example photos with no face, or with several, are reported and not used.
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="sightings",
        description="Sort a folder of photos by who is in them, on your own computer.",
        epilog=TRY_FIRST,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"sightings {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    autopilot = _command(commands, "autopilot", "one folder for each person found", AUTOPILOT)
    autopilot.add_argument("photos", metavar="PHOTOS", type=Path, help="folder of photos")
    autopilot.add_argument("out", metavar="OUT", type=Path, help="where the folders go")
    autopilot.add_argument(
        "--method",
        choices=METHODS,
        default=AutopilotSettings.method,
        help="way of grouping (%(default)s); average is the one that large albums need",
    )
    _shared(autopilot)
    autopilot.set_defaults(run=_autopilot)

    point = _command(
        commands, "point-and-shoot", "the photos that show the people you name", POINT_AND_SHOOT
    )
    point.add_argument("photos", metavar="PHOTOS", type=Path, help="folder of photos")
    point.add_argument("people", metavar="PEOPLE", type=Path, help="one folder for each person")
    point.add_argument("out", metavar="OUT", type=Path, help="where the folders go")
    point.add_argument(
        "--method",
        choices=RULES,
        default=PointAndShootSettings.method,
        help="compare with a person's nearest example, or with the mean of them (%(default)s)",
    )
    point.add_argument(
        "--largest-face",
        action="store_true",
        help="of several faces in an example photo, take the largest",
    )
    _shared(point)
    point.set_defaults(run=_point_and_shoot)

    sample = _command(
        commands, "sample", "make a small album to try things on", "Make a small album to try."
    )
    sample.add_argument("out", metavar="OUT", type=Path, help="a new folder")
    sample.add_argument("--quiet", action="store_true", help="print nothing")
    sample.set_defaults(run=_sample)

    models = _command(
        commands, "models", "check the model files", "Find the model files and check them."
    )
    models.set_defaults(run=_models)
    return top


def _command(commands: Any, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return made


def _shared(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add(
        "--threshold",
        type=float,
        metavar="D",
        help="distance up to which two faces are one person: lower splits more, higher joins more "
        "(0.55 for autopilot, 0.57 for point-and-shoot)",
    )
    add(
        "--long-edge",
        type=int,
        metavar="PX",
        default=Settings.long_edge,
        help="shrink photos to this before looking for faces (%(default)s); smaller is quicker and "
        "loses small faces",
    )
    add(
        "--detector",
        choices=DETECTORS,
        default=Settings.detector,
        help="cnn finds turned and half-hidden faces, hog frontal ones (%(default)s)",
    )
    add(
        "--upsample",
        type=int,
        choices=(0, 1, 2),
        default=Settings.upsample,
        help="double photos so often before the search, for smaller faces; by default, once where "
        "that brings a small photo nearer to the long edge",
    )
    add(
        "--engine",
        choices=ENGINES,
        default=Settings.engine,
        help="what runs dlib's networks: ONNX Runtime, or dlib itself, far slower (%(default)s)",
    )
    add(
        "--device",
        choices=DEVICES,
        default=Settings.device,
        help="where ONNX Runtime runs; cuda needs the package onnxruntime-gpu (%(default)s)",
    )
    add(
        "--min-face",
        type=int,
        metavar="PX",
        default=Settings.min_face,
        help="leave out faces smaller than this in the full-size photo (%(default)s)",
    )
    add(
        "--min-score",
        type=float,
        metavar="S",
        default=Settings.min_score,
        help="leave out detections less sure than this (%(default)s)",
    )
    add(
        "--min-sharpness",
        type=float,
        metavar="S",
        default=Settings.min_sharpness,
        help="leave out faces more blurred than this, 0 to 1 (%(default)s)",
    )
    add(
        "--landmarks",
        type=int,
        choices=(5, 68),
        default=Settings.landmarks,
        help="points by which faces are aligned (%(default)s)",
    )
    add(
        "--jitter",
        type=int,
        metavar="N",
        default=Settings.jitter,
        help="average so many slightly moved copies of each face (%(default)s)",
    )
    add(
        "--same-photo",
        action="store_true",
        help="let two faces in one photo be one person (for mirrors and collages)",
    )
    add("--dry-run", action="store_true", help="show what would be copied, and copy nothing")
    add("--link", action="store_true", help="make symbolic links instead of copies")
    add(
        "--replace",
        action="store_true",
        help="take away what an earlier run put into OUT and this one sorts otherwise",
    )
    add(
        "--jobs",
        type=int,
        metavar="N",
        default=Settings.jobs,
        help="threads; 0 is one for each processor core (%(default)s)",
    )
    add("--json", action="store_true", help="print the summary as JSON")
    add("--quiet", action="store_true", help="print nothing but what has to be mended")


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
    for stream in (sys.stdout, sys.stderr):
        # A file name may hold bytes that are no text, and a terminal may know few letters.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
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
        return DONE
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        options = parser().parse_args(arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else MEND
    run: Callable[[argparse.Namespace, TextIO], None] = options.run
    try:
        with _quiet_libraries() as console:
            run(options, console)
    except SightingsError as error:
        sys.stderr.write(f"sightings: {error}\n")
        return MEND
    return DONE


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "threshold": options.threshold,
        "long_edge": options.long_edge,
        "detector": options.detector,
        "upsample": options.upsample,
        "engine": options.engine,
        "device": options.device,
        "min_sharpness": options.min_sharpness,
        "min_face": options.min_face,
        "min_score": options.min_score,
        "landmarks": options.landmarks,
        "jitter": options.jitter,
        "one_per_photo": not options.same_photo,
        "link": options.link,
        "jobs": options.jobs,
        "method": options.method,
    }


def _autopilot(options: argparse.Namespace, console: TextIO) -> None:
    from toolkit import modes

    with _bar(options, console) as progress:
        result = modes.autopilot(
            options.photos,
            options.out,
            settings=AutopilotSettings(**_settings(options)),
            dry_run=options.dry_run,
            replace=options.replace,
            progress=progress,
        )
    _report(result, options)


def _point_and_shoot(options: argparse.Namespace, console: TextIO) -> None:
    from toolkit import modes

    with _bar(options, console) as progress:
        result = modes.point_and_shoot(
            options.photos,
            options.people,
            options.out,
            settings=PointAndShootSettings(**_settings(options), largest_face=options.largest_face),
            dry_run=options.dry_run,
            replace=options.replace,
            progress=progress,
        )
    _report(result, options)


def _sample(options: argparse.Namespace, console: TextIO) -> None:
    from toolkit import sample

    made = sample.make_album(options.out)
    if not options.quiet:
        sys.stdout.write(
            f"{len(made)} photos are in {options.out / 'photos'}, example photos of the people in "
            f"{options.out / 'people'}\n"
        )


def _models(options: argparse.Namespace, console: TextIO) -> None:
    from toolkit import weights

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


def _report(result: Any, options: argparse.Namespace) -> None:
    if options.json:
        sys.stdout.write(json.dumps(result.as_dict(), indent=1) + "\n")
    elif not options.quiet:
        if options.dry_run:
            plan = result.plan[["state", "source", "destination"]].fillna("")
            for state, source, destination in plan.itertuples(index=False):
                sys.stdout.write(f"{state:<13} {source} -> {destination}\n")
            sys.stdout.write("\n")
        sys.stdout.write(f"{result}\n")


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
