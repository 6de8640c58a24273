"""What commands print and write: for people, for machines, into a file."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toolkit.errors import SightingsError
from toolkit.files import folder_at, write_text
from toolkit.names import counted, printable, shown_of

# Photos that could not be copied and are named in one line.
NAMED = 20
# Files of a plan up to which each has its line, and folders that have one beyond that.
LISTED, FOLDERS = 10_000, 30


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
            for line in _planned(result.plan):
                sys.stdout.write(f"{printable(line)}\n")
            sys.stdout.write("\n")
        sys.stdout.write(f"{result}\n")
    if result.not_copied:
        sys.stdout.flush()
        raise SightingsError(_failures(result))


def _planned(plan: Any) -> Iterator[str]:
    """Yield a plan to be read: a line a file, or a line a folder where they are very many."""
    if len(plan) <= LISTED:
        rows = plan[["state", "source", "destination"]].fillna("")
        for state, source, destination in rows.itertuples(index=False):
            yield f"{state:<13} {source} -> {destination}"
        return
    from toolkit.results.export import NEW, summarise

    summary, new = summarise(plan), plan[plan["state"] == NEW]
    sizes = new.groupby(new["folder"].astype(object))["bytes"].sum()
    shown = shown_of(len(summary.folders), FOLDERS)
    for folder, files, made in summary.folders[["folder", "files", "new"]].head(shown).to_numpy():
        size = sizes.get(folder, 0) / 1e6
        yield f"{counted(files, 'file'):>15}, {made:,} of them new ({size:,.1f} MB)  {folder}/"
    if len(summary.folders) > shown:
        rest = summary.folders[shown:]
        more = counted(len(rest), "more folder")
        yield f"{counted(int(rest['files'].sum()), 'file'):>15} in {more}"
    yield f"{summary.text} (--plan FILE.csv writes a line a file)"


def plan_file(options: argparse.Namespace) -> Path | None:
    """Return the file for the plan, a new one, looked at before the work begins."""
    if options.plan is None:
        return None
    if not options.dry_run:
        raise SightingsError("--plan goes with --dry-run: a run without it writes run.json.")
    return _new(options.plan)


def write_plan(result: Any, path: Path | None) -> None:
    """Write what goes where, a line a file, where that was asked for."""
    if path is not None:
        from toolkit.tables import write_table

        write_table(result.plan, path)


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
    return None if options.output is None else _new(options.output)


def _new(place: str) -> Path:
    path = folder_at(place)
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
