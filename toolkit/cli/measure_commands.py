"""The commands that measure: how far to trust a result, how right it is, how fast everything is."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from toolkit.errors import SightingsError
from toolkit.files import folder_at, write_text
from toolkit.names import printable


def audit(options: argparse.Namespace, console: TextIO) -> None:
    """Print how far to trust an earlier run, without labels."""
    from toolkit.evaluation import audit as auditing
    from toolkit.results import results_folder

    output = _output(options)
    run = results_folder.load(folder_at(options.out))
    method = run.grouped_by or "average"
    if run.lacking:
        # It is not needed here, and yet not as it should be.
        console.write(f"sightings: {printable(run.lacking)}\n")
    found = auditing.audit(run.album, run.names, threshold=run.threshold, method=method)
    _say(found, options, output)


def evaluate(options: argparse.Namespace, console: TextIO) -> None:
    """Print how right an earlier run is, by labels."""
    from toolkit.results import labels

    output = _output(options)
    found = labels.evaluate_folder(
        folder_at(options.out), folder_at(options.labels), draws=options.draws
    )
    _say(found, options, output)


def _output(options: argparse.Namespace) -> Path | None:
    """Return the file for the numbers, a new one, looked at before the work begins."""
    if options.output is None:
        return None
    path = folder_at(options.output)
    if os.path.lexists(path):
        raise SightingsError(f"{path} is there already; choose another name for the output.")
    if not path.absolute().parent.is_dir():
        raise SightingsError(f"{path} cannot be written: its folder does not exist.")
    return path


def _say(found: Any, options: argparse.Namespace, output: Path | None) -> None:
    """Print a finding for people or, if asked, as JSON; and write the JSON to a file, if asked."""
    text = json.dumps(found.as_dict(), indent=1) + "\n"
    sys.stdout.write(text if options.json else f"{found}\n")
    if output is not None:
        write_text(output, text)


def _resize(options: argparse.Namespace) -> None:
    from toolkit.benchmarks.speed import machine
    from toolkit.evaluation import photo_size

    output = _output(options)
    study = photo_size.resize(
        folder_at(options.photos),
        sample=options.sample,
        seed=options.seed,
        labels=_texts(options.labels) if options.labels else None,
    )
    about = machine()
    sys.stdout.write(f"{about['processor']}, {about['cores']} cores\n\n{study}\n")
    if output is not None:
        content = {"bench": "resize", "machine": about, **study.as_dict()}
        write_text(output, json.dumps(content, indent=1) + "\n")


def _table(path: str, pandas: Any) -> Any:
    """Read a CSV file of the user's; columns of numbers as numbers."""
    table = _texts(path)
    for column in table.columns:
        with contextlib.suppress(ValueError):
            table[column] = pandas.to_numeric(table[column])
    return table


def _texts(path: str) -> Any:
    """Read a CSV file of the user's, every cell as text."""
    from toolkit.tables import BadTable, read_table

    try:
        table = read_table(Path(path))
    except BadTable as error:
        raise SightingsError(
            f"{path} cannot be read as a table: {printable(str(error))}. Mend it, or name another "
            "file."
        ) from error
    if not len(table):
        raise SightingsError(f"{path} has no rows.")
    return table.reset_index(drop=True)


def _figures(value: float) -> str:
    return f"{value:,.4g}"


def bench(options: argparse.Namespace, console: TextIO) -> None:
    """Print a measurement of speed or accuracy."""
    if options.kind == "resize":
        _resize(options)
        return
    import pandas as pd

    from toolkit.benchmarks import speed
    from toolkit.evaluation import detection_recall
    from toolkit.subjects.settings import cores

    output = _output(options)

    def log(line: str) -> None:
        console.write(f"{line}\n")
        console.flush()

    if options.kind == "engine":
        table = speed.engine(folder_at(options.photo), rounds=options.rounds, log=log)
    elif options.kind == "pipeline":
        jobs = sorted({1, cores()})
        table = speed.pipeline(folder_at(options.photos), jobs=jobs)
    elif options.kind == "detect":
        boxes = _table(options.boxes, pd)
        table = detection_recall.recall(folder_at(options.photos), boxes)
    else:
        truth = _table(options.truth, pd)
        if not {"photo", "person"} <= set(truth):
            raise SightingsError(
                f"{options.truth} has the columns {', '.join(map(str, truth))}; expected photo and "
                "person."
            )
        table = speed.peers(folder_at(options.photos), truth)
    about = speed.machine()
    sys.stdout.write(f"{about['processor']}, {about['cores']} cores\n\n")
    shown = table if len(table) > len(table.columns) else table.T
    text = shown.to_string(header=shown is table, index=shown is not table, float_format=_figures)
    sys.stdout.write(f"{text}\n")
    if output is not None:
        rows = json.loads(table.to_json(orient="records"))
        write_text(
            output,
            json.dumps({"bench": options.kind, "machine": about, "rows": rows}, indent=1) + "\n",
        )
