"""The commands about a result: how far to trust it, how right it is, and to be rid of it."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any, TextIO

from toolkit.cli import terminal
from toolkit.cli.output import new_file, print_finding, print_json_or_text
from toolkit.files import folder_at
from toolkit.names import printable


def audit(options: argparse.Namespace, console: TextIO) -> None:
    """Print how far to trust an earlier run, without labels."""
    from toolkit.evaluation import audit as auditing
    from toolkit.results import results_folder

    output = new_file(options)
    run = results_folder.load(folder_at(options.out), **_moved(options))
    method = run.grouped_by or "average"
    if run.lacking:
        # It is not needed here, and yet not as it should be.
        console.write(f"sightings: {printable(run.lacking)}\n")
    found = auditing.audit(run.album, run.names, threshold=run.threshold, method=method)
    print_finding(found, options, output)


def count(options: argparse.Namespace, console: TextIO) -> None:
    """Print how many individuals an earlier run holds, by the strips that are done."""
    from toolkit.curation import counting, decisions
    from toolkit.evaluation.population import Recall
    from toolkit.grouping.assigners import links_of
    from toolkit.results import results_folder

    out = folder_at(options.out)
    recall = None if options.recall is None else Recall(options.recall)
    draw, made = counting.read(out), decisions.read(out)
    run = results_folder.load(out, **_moved(options))
    album = decisions.masked(run.album, made)
    decided = decisions.apply(made, album)
    if run.mode == "autopilot":
        must, _ = links_of(album, results_folder.settings_of(run), decided)
        decided = replace(decided, must=must)
    found = counting.count(album, run.names, draw, decided=decided, recall=recall)
    print_json_or_text(found, options)


def evaluate(options: argparse.Namespace, console: TextIO) -> None:
    """Print how right an earlier run is, by labels."""
    from toolkit.results import accuracy

    output = new_file(options)
    found = accuracy.evaluate_folder(
        folder_at(options.out),
        folder_at(options.labels),
        draws=options.draws,
        **_moved(options),
    )
    print_finding(found, options, output)


def undo(options: argparse.Namespace, console: TextIO) -> None:
    """Take away what the last run put into a folder, and print what became of it."""
    from toolkit import modes

    with terminal.progress_bar(console, quiet=options.quiet) as progress:
        found = modes.undo(options.out, progress=progress, **_moved(options))
    print_json_or_text(found, options)


def _moved(options: argparse.Namespace) -> dict[str, Any]:
    """Say where the photos are now, where the command says so."""
    return {} if options.photos is None else {"photos": folder_at(options.photos)}
