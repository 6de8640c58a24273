"""What commands print and write: for people, for machines, into a file."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from toolkit.errors import SightingsError
from toolkit.files import folder_at, write_text
from toolkit.names import counted, printable

# Photos that could not be copied and are named in one line.
NAMED = 20


def tell(text: str) -> None:
    """Remark on something while the work goes on."""
    sys.stderr.write(f"sightings: {printable(text)}\n")


def print_result(result: Any, options: argparse.Namespace) -> None:
    """
    Print what a mode did, or would do.

    Raises
    ------
    SightingsError
        If photos could not be copied; it names them.
    """
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


def new_file(options: argparse.Namespace) -> Path | None:
    """Return the file for the numbers, a new one, looked at before the work begins."""
    if options.output is None:
        return None
    path = folder_at(options.output)
    if os.path.lexists(path):
        raise SightingsError(f"{path} is there already; choose another name for the output.")
    if not path.absolute().parent.is_dir():
        raise SightingsError(f"{path} cannot be written: its folder does not exist.")
    return path


def print_finding(found: Any, options: argparse.Namespace, output: Path | None) -> None:
    """Print a finding for people or, if asked, as JSON; and write the JSON to a file, if asked."""
    print_json_or_text(found, options)
    if output is not None:
        write_text(output, json.dumps(found.as_dict(), indent=1) + "\n")


def print_json_or_text(found: Any, options: argparse.Namespace) -> None:
    """Print what was found or done, for people or, if asked, as JSON."""
    text = json.dumps(found.as_dict(), indent=1) if options.json else str(found)
    sys.stdout.write(f"{text}\n")
