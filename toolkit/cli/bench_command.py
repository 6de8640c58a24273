"""The command that measures speed and accuracy."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable
from typing import Any, TextIO

from toolkit.cli import terminal
from toolkit.cli.options import chosen_settings
from toolkit.cli.output import new_file
from toolkit.errors import SightingsError
from toolkit.files import folder_at, write_text
from toolkit.names import printable
from toolkit.settings import settings_for
from toolkit.subjects import registry

Log = Callable[[str], None]
# Rows from which on a table is not turned, however wide it is.
MANY = 3


def bench(options: argparse.Namespace, console: TextIO) -> None:
    """Print a measurement of speed or accuracy."""
    if options.kind == "resize":
        _resize(options)
        return
    from toolkit.benchmarks import speed

    output = new_file(options)

    def log(line: str) -> None:
        console.write(f"{line}\n")
        console.flush()

    found = TABLES[options.kind](options, log)
    # Most measurements are one table.
    tables = found if isinstance(found, dict) else {"rows": found}
    about = speed.machine()
    sys.stdout.write(f"{about['processor']}, {about['cores']} cores\n")
    for name, table in tables.items():
        title = f"{name}\n" if len(tables) > 1 else ""
        sys.stdout.write(f"\n{title}{_text(table)}\n")
    if output is not None:
        rows = {name: json.loads(table.to_json(orient="records")) for name, table in tables.items()}
        content = {"bench": options.kind, "machine": about, **rows}
        write_text(output, json.dumps(content, indent=1) + "\n")


def _text(table: Any) -> str:
    """Return a table to be read; one that is wider than long, turned."""
    shown = table if len(table) > len(table.columns) or len(table) > MANY else table.T
    text: str = shown.to_string(
        header=shown is table, index=shown is not table, float_format=_figures
    )
    return text


def _engine(options: argparse.Namespace, log: Log) -> Any:
    from toolkit.benchmarks import speed

    return speed.engine(folder_at(options.photo), rounds=options.rounds, log=log)


def _pipeline(options: argparse.Namespace, log: Log) -> Any:
    from toolkit.benchmarks import speed
    from toolkit.subjects.settings import cores

    return speed.pipeline(folder_at(options.photos), jobs=sorted({1, cores()}))


def _peers(options: argparse.Namespace, log: Log) -> Any:
    from toolkit.benchmarks import speed

    truth = _table(options.truth)
    if not {"photo", "person"} <= set(truth):
        raise SightingsError(
            f"{options.truth} has the columns {', '.join(map(str, truth))}; expected photo and "
            "person."
        )
    return speed.peers(folder_at(options.photos), truth)


def _detect(options: argparse.Namespace, log: Log) -> Any:
    from toolkit.evaluation import detection_recall

    return detection_recall.recall(folder_at(options.photos), _table(options.boxes))


def _identify(options: argparse.Namespace, log: Log) -> Any:
    from toolkit.benchmarks import identification

    kind = settings_for("autopilot", registry.settings_of(options.subject))
    with terminal.progress_bar(sys.stderr, quiet=False) as progress:
        found = identification.identify(
            folder_at(options.known),
            chosen_settings(options, kind),
            log=log,
            progress=progress,
            answers=identification.ANSWERS if options.answers else (),
            draws=options.draws,
            plain=options.plain_sift,
        )
    return found.tables


def _tags(options: argparse.Namespace, log: Log) -> Any:
    from toolkit.benchmarks import tag_check

    kind = settings_for("autopilot", registry.settings_of(options.subject))
    with terminal.progress_bar(sys.stderr, quiet=False) as progress:
        return tag_check.measure(
            folder_at(options.folders),
            chosen_settings(options, kind),
            share=options.share,
            seeds=options.seed or tag_check.SEEDS,
            log=log,
            progress=progress,
        )


def _duplicates(options: argparse.Namespace, log: Log) -> Any:
    from toolkit.benchmarks import duplicates_study

    with terminal.progress_bar(sys.stderr, quiet=False) as progress:
        return duplicates_study.study(
            folder_at(options.photos),
            sample=options.sample,
            seed=options.seed,
            log=log,
            progress=progress,
        )


def _catalogue(options: argparse.Namespace, log: Log) -> Any:
    from toolkit.benchmarks import catalogue

    kind = settings_for("autopilot", registry.settings_of(options.subject))
    with terminal.progress_bar(sys.stderr, quiet=False) as progress:
        return catalogue.measure(
            folder_at(options.known),
            chosen_settings(options, kind),
            log=log,
            progress=progress,
            seed=options.seed,
            draws=options.draws,
            most=options.most,
            products=options.products,
            sure=options.sure,
        )


def _hard_faces(options: argparse.Namespace, log: Log) -> Any:
    from toolkit.benchmarks import hard_faces

    kind = settings_for("autopilot", registry.settings_of("face"))
    with terminal.progress_bar(sys.stderr, quiet=False) as progress:
        return hard_faces.measure(
            folder_at(options.folder),
            chosen_settings(options, kind),
            people=options.people,
            seed=options.seed,
            log=log,
            progress=progress,
        )


def _scale(options: argparse.Namespace, log: Log) -> Any:
    from toolkit.benchmarks import scale

    return scale.study(options.sizes, seed=options.seed, log=log)


def _panels(options: argparse.Namespace, log: Log) -> Any:
    from toolkit.widgets import panel_times

    return panel_times.study(
        options.sizes, seed=options.seed, questions=not options.no_questions, log=log
    )


def _many_photos(options: argparse.Namespace, log: Log) -> Any:
    from toolkit.benchmarks import many_photos

    return many_photos.make(
        folder_at(options.folder),
        options.count,
        of=folder_at(options.of) if options.of else None,
        hard=options.hard,
        seed=options.seed,
        log=log,
    )


TABLES: dict[str, Callable[[argparse.Namespace, Log], Any]] = {
    "engine": _engine,
    "pipeline": _pipeline,
    "peers": _peers,
    "detect": _detect,
    "duplicates": _duplicates,
    "identify": _identify,
    "tags": _tags,
    "catalogue": _catalogue,
    "hard-faces": _hard_faces,
    "scale": _scale,
    "panels": _panels,
    "many-photos": _many_photos,
}


def _resize(options: argparse.Namespace) -> None:
    from toolkit.benchmarks.speed import machine
    from toolkit.evaluation import photo_size

    output = new_file(options)
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


def _table(path: str) -> Any:
    """Read a CSV file of the user's; columns of numbers as numbers."""
    import pandas

    table = _texts(path)
    for column in table.columns:
        with contextlib.suppress(ValueError):
            table[column] = pandas.to_numeric(table[column])
    return table


def _texts(path: str) -> Any:
    """Read a CSV file of the user's, every cell as text."""
    from toolkit.tables import BadTable, read_table

    try:
        table = read_table(folder_at(path))
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
