"""
Kill runs at random moments, and let several write at once; then look at what is left.

    python tests/kill_at_random.py runs --times 200
    python tests/kill_at_random.py decisions --times 200
    python tests/kill_at_random.py looks --times 200
    python tests/kill_at_random.py undos --times 200
    python tests/kill_at_random.py syncs --times 200
    python tests/kill_at_random.py models --times 50
    python tests/kill_at_random.py sessions --processes 4 --decisions 1000
    python tests/kill_at_random.py pairs --times 8

Each prints what was found, and ends with 1 where something was lost, torn, mixed or left over. The
subject is that of the tests (coloured tiles), so that what is tried is the writing and not the
networks. The workers are forked from a process that has imported everything: each is killed in its
work, and none in Python's start. ``tests/test_kill_at_random.py`` does the same, shorter.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent / "shared"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tiles import PEOPLE, ColourEncoder, TileDetector, save_tiles

from toolkit import modes
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision
from toolkit.curation.edits import Gesture
from toolkit.curation.history import Corrections
from toolkit.errors import BadFolder, SightingsError
from toolkit.grouping.sighting_finder import SightingKey, key_of
from toolkit.locks import InUse
from toolkit.photos import opening
from toolkit.results import exporting, recent, results_folder
from toolkit.scanning import store
from toolkit.scanning.scan import BATCH
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE
from toolkit.subjects.face.dlib.model_cache import cached_model

# Two settings that sort the album differently.
THRESHOLDS = (0.02, 0.6)
BAD = ("lost", "torn", "mixed", "left over", "wrong", "made up", "twice")
# How often what was found.
Found = dict[str, int]
MODEL = bytes(range(256)) * 40_000


def subject() -> Subject:
    """Tiles told apart by colour: no model, no network."""
    return Subject("tile", TileDetector(), ColourEncoder(), FACE.words)


def make_album(folder: Path, size: int = 12) -> None:
    """Photos of one, two and three people in several shades, and examples of each."""
    names = list(PEOPLE)
    for number in range(size):
        who = [names[(number + step) % len(names)] for step in range(1 + number % 3)]
        save_tiles(folder / "photos" / f"{number:02d}.png", *who, shade=number)
    for name in names:
        save_tiles(folder / "people" / name / "1.png", name)


def run(folder: Path, mode: str, threshold: float) -> None:
    """Sort the album; take away what is sorted otherwise."""
    photos_folder, out = folder / "photos", folder / "out"
    if mode == "autopilot":
        settings = AutopilotSettings(threshold=threshold, jobs=1)
        modes.autopilot(photos_folder, out, settings=settings, subject=subject())
    else:
        aimed = PointAndShootSettings(threshold=threshold, jobs=1)
        modes.point_and_shoot(
            photos_folder,
            folder / "people",
            out,
            settings=aimed,
            subject=subject(),
        )


HERE = Path(__file__).resolve().parent
PLACES = [str(HERE / "shared"), str(HERE), str(HERE.parent)]
WORKERS = multiprocessing.get_context("forkserver")
WORKERS.set_forkserver_preload(["sorted_before"])
# What a worker says to the one that started it.
Say = Callable[[object], None]


class Worker:
    """A process that is about to do something, and does it when it is told to."""

    def __init__(self, what: str, folder: Path, *more: object) -> None:
        with found_in(PLACES):
            forkserver.ensure_running()
        self._line, theirs = WORKERS.Pipe()
        self._process = WORKERS.Process(target=work, args=(theirs, what, folder, *more))
        self._process.start()
        theirs.close()
        assert self._line.recv() == "ready"

    def go(self) -> None:
        """Let it begin."""
        self._line.send("go")

    def ended(self, seconds: float) -> bool:
        """Wait so long at most; whether it has ended."""
        self._process.join(seconds)
        return self._process.exitcode is not None

    def first(self) -> list[str]:
        """Return the first thing it says, once it has said it."""
        with suppress(EOFError, OSError):
            return [self._line.recv()]
        return []

    def said(self) -> list[str]:
        """Return all else that it says; it has ended by then."""
        heard = []
        with suppress(EOFError, OSError), self._line:
            while True:
                heard.append(self._line.recv())
        self._process.join()
        return heard

    def kill(self) -> None:
        """Kill it."""
        self._process.kill()

    @property
    def status(self) -> int | None:
        """How it ended: below 0 the signal, None while it runs."""
        return self._process.exitcode


@contextmanager
def found_in(folders: Sequence[str]) -> Iterator[None]:
    """Let processes that are started now find modules in more folders."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([*folders, *filter(None, [before])])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def work(line: Connection, what: str, folder: Path, *more: Any) -> None:
    """Be a worker: wait for the word, then do what is asked."""
    os.environ[store.VARIABLE] = os.environ[recent.VARIABLE] = "off"

    def say(told: object) -> None:
        # At once or not at all: it is too short to be torn.
        line.send(str(told))

    say("ready")
    line.recv()
    try:
        if what in ("autopilot", "point-and-shoot"):
            run(folder, what, *more)
        elif what == "looks":
            look(folder, say)
        elif what == "models":
            cached_model(folder, "test", "0" * 64, lambda: MODEL, len)
        elif what == "undos":
            modes.undo(folder / "out")
        elif what == "syncs":
            sync(folder)
        else:
            decide(folder, *more, say)
    except SightingsError as error:
        say(f"refused: {type(error).__name__}: {error}")
        sys.exit(2)


class SlowDetector(TileDetector):
    """Takes a moment for each photo, as networks do."""

    def detect(self, image: Any, path: Any = None) -> Any:
        time.sleep(0.01)
        return super().detect(image, path)


def look(folder: Path, say: Say | None = None) -> modes.Looked:
    """Look at the album with a store in its folder, and say each photo that was looked at."""
    os.environ[store.VARIABLE] = str(folder / "store.sqlite")
    kind = replace(subject(), detector=SlowDetector(), key="tiles, slowly")

    def progress(what: str, done: int, *_: object) -> None:
        if say is not None and what == "photos":
            say(done)

    settings = AutopilotSettings(jobs=1)
    return modes.look(folder / "photos", settings=settings, subject=kind, progress=progress)


def kill_looks(times: int, seed: int) -> Found:
    """Kill looks at photos; the next one goes on, and only photos in flight are looked at again."""
    draw = random.Random(seed)
    found = dict.fromkeys(("killed", "known", "lost", "wrong", "left over"), 0)
    for _ in range(times):
        folder = Path(tempfile.mkdtemp(prefix="sightings-looks-"))
        try:
            make_album(folder, size=60)
            worker = Worker("looks", folder)
            worker.go()
            worker.ended(draw.uniform(0.1, 1.0))
            worker.kill()
            seen = max([0, *(int(line) for line in worker.said() if line.isdigit())])
            found["killed"] += worker.status == -signal.SIGKILL
            again = look(folder)
            found["known"] += again.recognised
            # Those of a batch are encoded, and kept, together; another is being read meanwhile.
            found["lost"] += again.recognised < seen - 2 * BATCH
            found["wrong"] += not again.complete
            found["wrong"] += look(folder).recognised != again.listed
            found["left over"] += len(leftovers(folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.environ[store.VARIABLE] = store.OFF
    return found


def decide(folder: Path, first: int, count: int, say: Say) -> None:
    """Make decisions about faces that are nobody else's, and say each once it is kept."""
    album = results_folder.load(folder / "out").album
    made = Corrections(album, folder / "out")
    seen = key_of(album, 0)
    for number in range(first, first + count):
        face = SightingKey(seen.path, f"{number:064x}", 0, 0, 9, 9)
        made.add(Gesture((Decision("name", face, name=f"person {number}"),), "named"))
        say(number)


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder with an album that is sorted once."""
    folder = Path(tempfile.mkdtemp(prefix="sightings-kills-"))
    try:
        make_album(folder)
        run(folder, "autopilot", THRESHOLDS[0])
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copies(out: Path) -> dict[str, str]:
    """Return every file in a folder of the results, and its sha256."""
    files = [path for path in out.glob("*/*") if path.is_file() and path.name[0] != "."]
    return {path.relative_to(out).as_posix(): opening.digest_of(path) for path in files}


def leftovers(folder: Path) -> list[str]:
    """Return what a dead run left: files under way, locks."""
    return [path.name for path in folder.rglob(".*") if path.is_file()]


def who_is_who(mode: str, names: Sequence[str | None]) -> object:
    """Return who is with whom; numbers tell of the runs before, names of examples do not."""
    if mode != "autopilot":
        return tuple(names)
    groups: dict[str | None, set[int]] = {}
    for row, name in enumerate(names):
        groups.setdefault(name, set()).add(row)
    return {frozenset(rows) for rows in groups.values()}


def expected(folder: Path, mode: str, threshold: float) -> object:
    """Return who is with whom, sorted in memory."""
    run_of = AutopilotSettings if mode == "autopilot" else PointAndShootSettings
    settings = run_of(threshold=threshold, jobs=1)
    looked = modes.look(folder / "photos", folder / "out", settings=settings, subject=subject())
    if mode == "autopilot":
        return who_is_who(mode, modes.autopilot_of(looked, settings=settings).names)
    references = modes.read_known(folder / "people", settings=settings, subject=subject())
    found = modes.point_and_shoot_of(looked, references, settings=settings)
    return who_is_who(mode, found.names)


def killed_in_time(worker: Worker, draw: random.Random, takes: float, found: Found) -> float:
    """Let a worker begin, and kill it within what one takes (s); return what one takes."""
    begun = time.monotonic()
    worker.go()
    if worker.ended(draw.uniform(0, takes)):
        found["ended before"] += 1
        takes = 0.9 * takes + 0.1 * (time.monotonic() - begun)
    else:
        worker.kill()
        found["killed"] += 1
        takes = min(takes * 1.05, 5.0)
    worker.said()
    return takes


def kill_runs(times: int, seed: int) -> Found:
    """Kill runs of both modes with changing settings; originals of some copies are gone."""
    draw = random.Random(seed)
    counted = ("killed", "ended before", "mixtures said", *BAD)
    found = dict.fromkeys(counted, 0)
    with workplace() as folder:
        out = folder / "out"
        originals = {opening.digest_of(path) for path in (folder / "photos").iterdir()}
        gone = sorted((folder / "photos").iterdir())[:3]
        last = {opening.digest_of(path) for path in gone}
        for path in gone:
            path.unlink()
        run(folder, "autopilot", THRESHOLDS[0])
        mine = {path: path.read_bytes() for path in (folder / "photos").iterdir()}
        right = {
            (mode, threshold): expected(folder, mode, threshold)
            for mode in ("autopilot", "point-and-shoot")
            for threshold in THRESHOLDS
        }
        takes = 0.3
        for _ in range(times):
            mode, threshold = draw.choice(list(right))
            worker = Worker(mode, folder, threshold)
            takes = killed_in_time(worker, draw, takes, found)
            there = copies(out)
            found["lost"] += bool(last - set(there.values()))
            found["torn"] += bool(set(there.values()) - originals)
            found["lost"] += mine != {path: path.read_bytes() for path in mine}
            try:
                left = results_folder.load(out)
                found["mixed"] += (
                    who_is_who(left.mode, left.names) != right[left.mode, left.threshold]
                )
            except BadFolder as error:
                found["mixtures said"] += "parts of two runs" in str(error)
                found["wrong"] += "parts of two runs" not in str(error)
            mode, threshold = draw.choice(list(right))
            run(folder, mode, threshold)
            after = results_folder.load(out)
            found["wrong"] += who_is_who(mode, after.names) != right[mode, threshold]
            found["wrong"] += not json.loads((out / "run.json").read_text())["finished"]
            found["lost"] += bool(last - set(copies(out).values()))
            found["left over"] += bool(leftovers(out))
            found["wrong"] += not consistent(out, last)
            # What was under way is not what somebody did in the folders.
            found["made up"] += len(decisions.read(out))
    return found


def consistent(out: Path, last: set[str]) -> bool:
    """Whether each photo is once in the folder of each person in it, beside what was kept."""
    run = results_folder.load(out)
    photos = run.album.photos["photo_digest"]
    files = dict(zip(photos, run.album.file_digests, strict=True))
    wanted = {
        (name, files[photo])
        for name, photo in zip(run.names, run.album.sightings["photo_digest"], strict=True)
        if name is not None
    }
    there = [(place.partition("/")[0], digest) for place, digest in copies(out).items()]
    ours = [pair for pair in there if pair[1] not in last]
    return sorted(ours) == sorted(wanted)


def kill_decisions(times: int, seed: int) -> Found:
    """Kill sessions that decide."""
    draw = random.Random(seed)
    found = dict.fromkeys(("killed", "acknowledged", "lost", "torn", "left over"), 0)
    with workplace() as folder:
        out, number, told = folder / "out", 0, set()
        for _ in range(times):
            worker = Worker("decisions", folder, number, 10_000)
            worker.go()
            first = worker.first() if draw.random() < 0.8 else []
            time.sleep(draw.uniform(0, 0.5))
            worker.kill()
            said = {int(line) for line in (*first, *worker.said())}
            told |= said
            number += 10_000
            found["killed"] += 1
            try:
                made = {each.name for each in decisions.read(out)}
            except SightingsError:
                found["torn"] += 1
                continue
            found["lost"] += len({f"person {each}" for each in said} - made)
            if len(made) > 300:
                # Only so that it stays quick; these were looked at.
                (out / decisions.FILE).unlink()
        found["acknowledged"] = len(told)
        run(folder, "autopilot", THRESHOLDS[0])
        found["left over"] += len(leftovers(out))
    return found


def decided_names(out: Path) -> list[str | None]:
    """Return the names of the decisions on disk, in order."""
    return [each.name for each in decisions.read(out)]


def kill_undos(times: int, seed: int) -> Found:
    """Kill undos of runs; one more, or a run, goes on where each was."""
    draw = random.Random(seed)
    found = dict.fromkeys(
        ("killed", "ended before", "undone", "lost", "torn", "left over", "wrong"), 0
    )
    with workplace() as folder:
        out, photos = folder / "out", folder / "photos"
        originals = {opening.digest_of(path) for path in photos.iterdir()}
        last = {opening.digest_of(gone := sorted(photos.iterdir())[0])}
        gone.unlink()
        run(folder, "autopilot", THRESHOLDS[0])
        decide(folder, 0, 3, lambda told: None)
        mine = {path: path.read_bytes() for path in photos.iterdir()}
        takes = 0.1
        for _ in range(times):
            run(folder, "autopilot", draw.choice(THRESHOLDS))
            takes = killed_in_time(Worker("undos", folder), draw, takes, found)
            there = set(copies(out).values())
            found["torn"] += bool(there - originals)
            found["lost"] += bool(last - there)
            found["lost"] += mine != {path: path.read_bytes() for path in mine}
            if draw.random() < 0.5:
                # Each undo takes what one run had put there, nothing where a kill came at the end.
                with suppress(BadFolder):
                    for _ in range(5):
                        modes.undo(out)
                        found["undone"] += 1
                found["wrong"] += set(copies(out).values()) != last
            run(folder, "autopilot", THRESHOLDS[0])
            found["wrong"] += not consistent(out, last)
            found["lost"] += decided_names(out) != [f"person {number}" for number in range(3)]
            found["left over"] += len(leftovers(out))
    return found


def sync(folder: Path) -> None:
    """Take up what was done in the folders, as `sightings sync` does."""
    with exporting.alone_in(folder / "out", "a sync"):
        modes.synced(folder / "out", subject=subject())


def kill_syncs(times: int, seed: int) -> Found:
    """Kill what takes up folders sorted by hand; the next one finds all that was done, once."""
    draw = random.Random(seed)
    found = dict.fromkeys(("killed", "ended before", "lost", "twice", "left over", "wrong"), 0)
    with workplace() as folder:
        out, photos = folder / "out", folder / "photos"
        mine = {path: path.read_bytes() for path in photos.iterdir()}
        takes = 0.1
        for number in range(times):
            one = draw.choice([each for each in sorted(out.iterdir()) if each.is_dir()])
            one.rename(out / f"Anna {number}")
            takes = killed_in_time(Worker("syncs", folder), draw, takes, found)
            sync(folder)
            names = decided_names(out)
            found["lost"] += f"Anna {number}" not in names
            found["twice"] += len(names) - len(set(names))
            run(folder, "autopilot", THRESHOLDS[0])
            found["wrong"] += not (out / f"Anna {number}").is_dir()
            found["wrong"] += not consistent(out, set())
            found["lost"] += mine != {path: path.read_bytes() for path in mine}
            found["left over"] += len(leftovers(out))
    return found


def kill_models(times: int, seed: int) -> Found:
    """Kill processes that build models and keep them."""
    draw = random.Random(seed)
    found = dict.fromkeys(("killed", "torn", "left over"), 0)
    folder = Path(tempfile.mkdtemp(prefix="sightings-kills-"))
    try:
        for _ in range(times):
            cache = folder / "cache"
            shutil.rmtree(cache, ignore_errors=True)
            worker = Worker("models", cache)
            worker.go()
            time.sleep(draw.uniform(0, 0.06))
            worker.kill()
            worker.said()
            found["killed"] += 1
            got = cached_model(cache, "test", "0" * 64, lambda: MODEL, lambda model: model)
            found["torn"] += got != MODEL
            # One that finds nothing to build sweeps nothing: it has no time to lose.
            (cache / f"test-{'0' * 64}-v1.onnx.sha256").unlink()
            cached_model(cache, "test", "0" * 64, lambda: MODEL, len)
            found["left over"] += len(leftovers(cache))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def decide_at_once(processes: int, count: int) -> Found:
    """Let several sessions decide at the same time."""
    with workplace() as folder:
        share = count // processes
        workers = [Worker("decisions", folder, n * share, share) for n in range(processes)]
        for each in workers:
            each.go()
        said = {int(line) for each in workers for line in each.said() if line.isdigit()}
        made = [each.name for each in decisions.read(folder / "out")]
        return {
            "acknowledged": len(said),
            "lost": len({f"person {each}" for each in said} - set(made)),
            "twice": len(made) - len(set(made)),
            "left over": len(leftovers(folder / "out")),
        }


def run_at_once(times: int) -> Found:
    """Let two runs with different settings go into one folder at the same time."""
    found = dict.fromkeys(("pairs", "refused", "said who", "mixed", "left over"), 0)
    with workplace() as folder:
        right = {each: expected(folder, "autopilot", each) for each in THRESHOLDS}
        for _ in range(times):
            shutil.rmtree(folder / "out")
            workers = [Worker("autopilot", folder, each) for each in THRESHOLDS]
            for each in workers:
                each.go()
            said = ["".join(each.said()) for each in workers]
            found["pairs"] += 1
            found["refused"] += sum(each.status == 2 for each in workers)
            found["said who"] += sum(InUse.__name__ in text and "process" in text for text in said)
            run = results_folder.load(folder / "out")
            found["mixed"] += who_is_who(run.mode, run.names) != right[run.threshold]
            found["mixed"] += not consistent(folder / "out", set())
            found["left over"] += len(leftovers(folder / "out"))
    return found


def main() -> int:
    """Do what the command line says; return 1 where something is wrong."""
    os.environ[store.VARIABLE] = os.environ[recent.VARIABLE] = "off"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what",
        choices=["runs", "decisions", "looks", "undos", "syncs", "models", "sessions", "pairs"],
    )
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--decisions", type=int, default=1000)
    options = parser.parse_args()
    found = {
        "runs": lambda: kill_runs(options.times, options.seed),
        "decisions": lambda: kill_decisions(options.times, options.seed),
        "looks": lambda: kill_looks(options.times, options.seed),
        "undos": lambda: kill_undos(options.times, options.seed),
        "syncs": lambda: kill_syncs(options.times, options.seed),
        "models": lambda: kill_models(options.times, options.seed),
        "sessions": lambda: decide_at_once(options.processes, options.decisions),
        "pairs": lambda: run_at_once(options.times),
    }[options.what]()
    sys.stdout.write(f"{options.what}: {', '.join(f'{k} {v:,}' for k, v in found.items())}\n")
    return int(any(found.get(each, 0) for each in BAD))


if __name__ == "__main__":
    sys.exit(main())
