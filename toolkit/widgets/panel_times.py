"""How long the panels take with many sightings, and what they send to the browser."""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from toolkit import memory
from toolkit.benchmarks import drawn_album
from toolkit.curation.question_deck import deal
from toolkit.errors import BadSetting
from toolkit.evaluation.audit import audit
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.results import report
from toolkit.session import Session
from toolkit.settings import AutopilotSettings
from toolkit.widgets.autopilot import AutopilotPanel
from toolkit.widgets.contact_sheet import ContactSheet
from toolkit.widgets.threshold_explorer import ThresholdPanel

Log = Callable[[str], None]

SIZES = (2_000, 20_000)
# By how much the threshold is moved, in encoder distance.
MOVE = 0.01
# Sightings whose audit stands for that of all where this is left out.
PART = 100


class _Clock:
    """Seconds of one step after the other: on the wall, and of all cores."""

    def __init__(self, log: Log) -> None:
        self.rows: list[dict[str, Any]] = []
        self._log = log

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        started, worked = time.perf_counter(), time.process_time()
        yield
        wall, cpu = time.perf_counter() - started, time.process_time() - worked
        self.rows.append({"step": name, "wall": wall, "cpu": cpu})
        self._log(f"{name}: {wall:.2f} s")


def study(
    sizes: Sequence[int] = SIZES, *, seed: int = 0, questions: bool = True, log: Log
) -> dict[str, pd.DataFrame]:
    """
    Draw albums, and use the panels on them, each time in a process of its own.

    Parameters
    ----------
    sizes : sequence of int
        How many sightings, once for each.
    seed : int
        What is drawn; see `toolkit.benchmarks.drawn_album`.
    questions : bool
        Whether what the review asks and the audit are waited for as well: of hundreds of
        thousands they take many minutes.
    log : callable
        Told how far it is, a sentence each.

    Returns
    -------
    dict of str to pandas.DataFrame
        For each size "steps of N sightings": step, wall and cpu (s; both cores together). Also
        "sizes": sightings, individuals, sent (bytes of the first page, without pictures), report
        (bytes), files (of the report), peak (GB).

    Raises
    ------
    BadSetting
        If a size is below 2.
    """
    if not sizes or min(sizes) < 2:
        raise BadSetting(f"sizes are {', '.join(map(str, sizes))}; expected 2 or more, each")
    found, about = {}, []
    for count in sizes:
        log(f"{count:,} sightings")
        rows, told = _alone(count, seed, questions)
        for row in rows:
            log("{step}: {wall:.2f} s".format(**row))
        found[f"steps of {count:,} sightings"] = pd.DataFrame(rows)
        about.append(told)
    return {**found, "sizes": pd.DataFrame(about)}


def _alone(count: int, seed: int, questions: bool) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Measure in a process of its own, so that the peak is of this alone."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(measure, count, seed, questions).result()


def measure(
    count: int, seed: int, questions: bool, log: Log = lambda _: None
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Draw an album and use the panels on it; parameters and what it returns as of `study`."""
    clock = _Clock(log)
    with tempfile.TemporaryDirectory() as folder:
        looked = drawn_album.draw(count, Path(folder, "photos"), seed=seed)
        with clock.step("sorted, before there is a panel"):
            session = Session(looked, GroupingAssigner(AutopilotSettings()))
        sent = _individuals(session, clock, Path(folder, "sorted"))
        if questions:
            with clock.step("questions"):
                deal(session)
        size, files = _report(session, clock, Path(folder, "report"), audited=questions)
        _explorer(session, clock, measured=questions)
    told = {
        "sightings": count,
        "individuals": len(set(session.names) - {None}),
        "sent": sent,
        "report": size,
        "files": files,
        "peak": memory.peak() / memory.GB,
    }
    return clock.rows, told


def _individuals(session: Session, clock: _Clock, out: Path) -> int:
    """Look at the individuals of a panel, and correct some; return the bytes of the first page."""
    panel = AutopilotPanel(
        out=str(out), take_up=lambda *_, **__: session, find_earlier=lambda _: ""
    )
    view = panel.individuals
    with clock.step("first page"):
        panel.open_earlier()
        _wait(panel, lambda: bool(view.sheet.cards))
    with clock.step("pictures of the first page, and the summary"):
        _see(view.sheet)
    view.sheet.settle(None)
    panel.wait(None)
    sent = len(json.dumps(view.sheet.get_state(["cards", "known"])))
    # Everything is kept in a folder from now on, as it is for whoever pressed Start.
    session.keep_in(out)
    with clock.step("next page"):
        view.sheet.turn(1)
        _see(view.sheet)
    view.sheet.settle(None)
    with clock.step("a page none of whose pictures was made ahead"):
        view.sheet.turn(view.sheet.page + 2)
        _see(view.sheet)
    view.sheet.turn(1)
    view.sheet.settle(None)
    one, two = (card.key for card in view.sheet.shown()[:2])
    with clock.step("a name is sought"):
        view.sheet.find(one)
    view.sheet.find("")
    chosen = replace(session.settings, threshold=round(session.result.threshold + MOVE, 3))
    with clock.step("threshold moved in the settings, individuals shown"):
        session.set(chosen)
        view.refresh()
    presses: tuple[tuple[str, Callable[[], None]], ...] = (
        ("one is named", lambda: view.rename(one, "Ann")),
        ("two are made one", lambda: _make_one(panel, "Ann", two)),
        ("one sighting is moved", lambda: _move_one(panel, "Ann")),
        ("that is taken back", view.undo),
    )
    for name, press in presses:
        with clock.step(name):
            press()
            panel.wait(None)
    return sent


def _make_one(panel: AutopilotPanel, one: str, other: str) -> None:
    panel.individuals.merge(one)
    panel.individuals.merge(other)


def _move_one(panel: AutopilotPanel, name: str) -> None:
    panel.individuals.open(name)
    panel.individuals.act(panel.individuals.sheet.shown()[-1].key, "not")


def _explorer(session: Session, clock: _Clock, *, measured: bool) -> None:
    """Move the threshold of the explorer, once it has `measured` its rates, or before."""
    with clock.step("explorer prepared"):
        panel = ThresholdPanel(
            session.album,
            cast(AutopilotSettings, session.settings),
            decided=session.decided,
            tree=getattr(session.result, "tree", None),
            names=session.names,
        )
        panel.work.wait()
    if measured:
        with clock.step("explorer has measured pairs photographed together"):
            panel.wait(None)
    shown: list[float] = []
    panel.summary.observe(lambda _: shown.append(time.perf_counter()), names="value")
    begun = time.perf_counter()
    with clock.step("threshold moved, all shown"):
        panel.move((panel.threshold or 0.0) + MOVE)
        panel.newest.wait()
    numbers = {"step": "threshold moved, numbers shown", "wall": shown[0] - begun}
    clock.rows.insert(-1, {**numbers, "cpu": float("nan")})


def _report(session: Session, clock: _Clock, out: Path, *, audited: bool) -> tuple[int, int]:
    """Write the report; return the bytes of its files, and how many these are."""
    result = session.result
    if audited:
        with clock.step("audit for the report"):
            found = report.audited_of(result)
    else:
        some = np.arange(min(PART, len(result.album)))
        part, names = result.album.take(some), result.names[: len(some)]
        found = audit(part, names, threshold=result.threshold, thresholds=())
    with clock.step("report"):
        report.write(result, out, audited=found)
    files = [path for path in out.rglob("*.html") if path.is_file()]
    return sum(path.stat().st_size for path in files), len(files)


def _see(sheet: ContactSheet) -> None:
    """Have the pictures of a page made that a browser lacks, as it does."""
    sheet.want(sheet.lacking)
    sheet.settle(None, ahead=False)


def _wait(panel: AutopilotPanel, there: Callable[[], bool]) -> None:
    """Wait for what comes before the work is done."""
    while not there() and not panel.work.wait(0.01):
        pass
