"""The commands that measure: how far to trust a result, how right it is, how fast everything is."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, TextIO

from toolkit.errors import SightingsError
from toolkit.export import write_text


def audit(options: argparse.Namespace, console: TextIO) -> None:
    """Print how far to trust an earlier run, without labels."""
    from toolkit import audit as auditing
    from toolkit import kept, modes

    run = kept.load(modes.folder_at(options.out))
    found = auditing.audit(run.gallery, run.names, threshold=run.threshold)
    _say(found, options)


def evaluate(options: argparse.Namespace, console: TextIO) -> None:
    """Print how right an earlier run is, by labels."""
    from toolkit import labels, modes

    found = labels.evaluate_folder(
        modes.folder_at(options.out), modes.folder_at(options.labels), draws=options.draws
    )
    _say(found, options)


def _say(found: Any, options: argparse.Namespace) -> None:
    """Print a finding for people or, if asked, as JSON; and write the JSON to a file, if asked."""
    from toolkit import modes

    text = json.dumps(found.as_dict(), indent=1) + "\n"
    sys.stdout.write(text if options.json else f"{found}\n")
    if options.output:
        write_text(modes.folder_at(options.output), text)


def _resize(options: argparse.Namespace) -> None:
    import pandas as pd

    from toolkit import modes, resizing
    from toolkit.benchmark import machine

    study = resizing.resize(
        modes.folder_at(options.photos),
        sample=options.sample,
        seed=options.seed,
        labels=_table(options.labels, pd) if options.labels else None,
    )
    about = machine()
    sys.stdout.write(f"{about['processor']}, {about['cores']} cores\n\n{study}\n")
    if options.output:
        content = {"bench": "resize", "machine": about, **study.as_dict()}
        write_text(modes.folder_at(options.output), json.dumps(content, indent=1) + "\n")


def _table(path: str, pandas: Any) -> Any:
    """Read a CSV file of the user's."""
    try:
        table = pandas.read_csv(path)
    except ValueError as error:
        raise SightingsError(f"{path} cannot be read as a table: {error}") from error
    if not len(table):
        raise SightingsError(f"{path} has no rows.")
    return table


def _figures(value: float) -> str:
    return f"{value:,.4g}"


def bench(options: argparse.Namespace, console: TextIO) -> None:
    """Print a measurement of speed or accuracy."""
    if options.kind == "resize":
        _resize(options)
        return
    import pandas as pd

    from toolkit import benchmark, modes, recall
    from toolkit.settings import cores

    def log(line: str) -> None:
        console.write(f"{line}\n")
        console.flush()

    if options.kind == "engine":
        table = benchmark.engine(modes.folder_at(options.photo), rounds=options.rounds, log=log)
    elif options.kind == "pipeline":
        jobs = sorted({1, cores()})
        table = benchmark.pipeline(modes.folder_at(options.photos), jobs=jobs)
    elif options.kind == "detect":
        boxes = _table(options.boxes, pd)
        table = recall.recall(modes.folder_at(options.photos), boxes)
    else:
        truth = _table(options.truth, pd)
        if not {"photo", "person"} <= set(truth):
            raise SightingsError(
                f"{options.truth} has the columns {', '.join(map(str, truth))}; expected photo and "
                "person."
            )
        table = benchmark.peers(modes.folder_at(options.photos), truth)
    about = benchmark.machine()
    sys.stdout.write(f"{about['processor']}, {about['cores']} cores\n\n")
    shown = table if len(table) > len(table.columns) else table.T
    text = shown.to_string(header=shown is table, index=shown is not table, float_format=_figures)
    sys.stdout.write(f"{text}\n")
    if options.output:
        rows = json.loads(table.to_json(orient="records"))
        write_text(
            modes.folder_at(options.output),
            json.dumps({"bench": options.kind, "machine": about, "rows": rows}, indent=1) + "\n",
        )
