"""The command that writes what a capture-recapture study reads."""

from __future__ import annotations

import argparse
import sys
from typing import TextIO

from toolkit.cli.output import NAMED, print_json_or_text
from toolkit.errors import SightingsError
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
    from toolkit.results import results_folder
    from toolkit.results.captures import observed, stations, study

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
    failed = study.write(made, folder)
    print_json_or_text(made, options)
    if not options.json:
        sys.stdout.write(printable(f"written to {folder}") + "\n")
    if failed:
        sys.stdout.flush()
        named = "; ".join(f"{path}: {why}" for path, why in failed[:NAMED])
        raise SightingsError(f"{counted(len(failed), 'photo')} could not be copied: {named}")
