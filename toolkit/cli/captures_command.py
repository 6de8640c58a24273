"""The command that writes what a capture-recapture study reads."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TextIO

from toolkit.cli.output import NAMED, print_json_or_text
from toolkit.errors import BadFolder, SightingsError
from toolkit.files import folder_at
from toolkit.names import counted, printable


def captures(options: argparse.Namespace, console: TextIO) -> None:
    """
    Write what a study reads, and print what it is and what could not be made.

    Raises
    ------
    SightingsError
        For what is to be mended, before anything is written; or if photos could not be copied.
    """
    from toolkit.photos import stations
    from toolkit.results import results_folder
    from toolkit.results.captures import observed, study

    wishes = study.Wishes(
        species=options.species.strip(),
        timezone=options.timezone.strip(),
        days=options.occasion,
        minutes=options.independent,
        crs=options.crs.strip(),
        project=options.project.strip(),
        contributors=tuple(options.contributor),
        design=options.design,
        tree=options.tree,
    )
    table = None if options.stations is None else stations.read(folder_at(options.stations))
    out = folder_at(options.out)
    photos = None if options.photos is None else folder_at(options.photos)
    run = results_folder.load(out, photos=photos)
    seen = observed.gather(run, table)
    made = study.make(seen, table, wishes)
    folder = out / results_folder.CAPTURES if options.to is None else folder_at(options.to)
    if run.photos_folder is not None and _is_in(folder, run.photos_folder, but_not=out):
        # The next run would take what is written there for photos.
        raise BadFolder(f"{folder} is in the folder of photos; choose another one with --to.")
    failed = study.write(made, folder)
    print_json_or_text(made, options)
    if not options.json:
        sys.stdout.write(printable(f"written to {folder}") + "\n")
    if failed:
        sys.stdout.flush()
        named = "; ".join(f"{path}: {why}" for path, why in failed[:NAMED])
        raise SightingsError(f"{counted(len(failed), 'photo')} could not be copied: {named}")


def _is_in(folder: Path, photos: Path, *, but_not: Path) -> bool:
    """Whether a folder is among the photos, and not in the results that lie there."""
    whole = folder.resolve()
    return whole.is_relative_to(photos.resolve()) and not whole.is_relative_to(but_not.resolve())
