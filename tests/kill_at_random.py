"""
Kill runs at random moments, and let several write at once; then look at what is left.

    python tests/kill_at_random.py runs --times 200
    python tests/kill_at_random.py decisions --times 200
    python tests/kill_at_random.py looks --times 200
    python tests/kill_at_random.py models --times 50
    python tests/kill_at_random.py sessions --processes 4 --decisions 1000
    python tests/kill_at_random.py pairs --times 8

Each prints what was found, and ends with 1 where something was lost, torn, mixed or left over. The
subject is that of the tests (coloured tiles), so that what is tried is the writing and not the
networks; ``tests/test_kill_at_random.py`` does the same, shorter.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

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
from toolkit.results import results_folder
from toolkit.scanning import store
from toolkit.scanning.scan import BATCH
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE
from toolkit.subjects.face.dlib.model_cache import cached_model

# Two settings that sort the album differently.
THRESHOLDS = (0.02, 0.6)
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


def child(*arguments: object) -> subprocess.Popen[str]:
    """Start this file as a worker, and wait until it is about to begin."""
    process = subprocess.Popen(
        [sys.executable, __file__, "work", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if line.strip() != "ready":
        raise RuntimeError(f"the worker did not start: {line}{process.communicate()[1]}")
    return process


def go(process: subprocess.Popen[str]) -> None:
    """Let a worker begin."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def work(arguments: list[str]) -> None:
    """Be a worker: wait for the word, then do what is asked."""
    what, folder = arguments[0], Path(arguments[1])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    try:
        if what in ("autopilot", "point-and-shoot"):
            run(folder, what, float(arguments[2]))
        elif what == "looks":
            look(folder, told=True)
        elif what == "models":
            cached_model(folder, "test", "0" * 64, lambda: MODEL, len)
        else:
            decide(folder, int(arguments[2]), int(arguments[3]))
    except SightingsError as error:
        sys.stdout.write(f"refused: {type(error).__name__}: {error}\n")
        sys.stdout.flush()
        sys.exit(2)
    sys.stdout.write("done\n")
    sys.stdout.flush()


class SlowDetector(TileDetector):
    """Takes a moment for each photo, as networks do."""

    def detect(self, image: Any) -> Any:
        time.sleep(0.01)
        return super().detect(image)


def look(folder: Path, *, told: bool = False) -> modes.Looked:
    """Look at the album with a store in its folder, and say each photo that was looked at."""
    os.environ[store.VARIABLE] = str(folder / "store.sqlite")
    kind = replace(subject(), detector=SlowDetector(), key="tiles, slowly")

    def progress(what: str, done: int, *_: object) -> None:
        if told and what == "photos":
            sys.stdout.write(f"{done}\n")
            sys.stdout.flush()

    settings = AutopilotSettings(jobs=1)
    return modes.look(folder / "photos", settings=settings, subject=kind, progress=progress)


def kill_looks(times: int, seed: int) -> dict[str, int]:
    """Kill looks at photos; the next one goes on, and only photos in flight are looked at again."""
    draw = random.Random(seed)
    found = dict.fromkeys(("killed", "known", "lost", "wrong", "left over"), 0)
    for _ in range(times):
        folder = Path(tempfile.mkdtemp(prefix="sightings-looks-"))
        try:
            make_album(folder, size=60)
            process = child("looks", folder)
            go(process)
            with suppress(subprocess.TimeoutExpired):
                process.wait(draw.uniform(0.1, 1.0))
            process.send_signal(signal.SIGKILL)
            lines = process.communicate()[0].split("\n")
            seen = max([0, *(int(line) for line in lines if line.isdigit())])
            found["killed"] += process.returncode == -signal.SIGKILL
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


def decide(folder: Path, first: int, count: int) -> None:
    """Make decisions about faces that are nobody else's, and say each once it is kept."""
    album = results_folder.load(folder / "out").album
    made = Corrections(album, folder / "out")
    seen = key_of(album, 0)
    for number in range(first, first + count):
        face = SightingKey(seen.path, f"{number:064x}", 0, 0, 9, 9)
        made.add(Gesture((Decision("name", face, name=f"person {number}"),), "named"))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


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


def kill_runs(times: int, seed: int) -> dict[str, int]:
    """Kill runs of both modes with changing settings; originals of some copies are gone."""
    draw = random.Random(seed)
    found = dict.fromkeys(
        ("killed", "ended before", "mixtures said", "lost", "torn", "mixed", "left over", "wrong"),
        0,
    )
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
            process = child(mode, folder, threshold)
            begun = time.monotonic()
            go(process)
            try:
                process.wait(draw.uniform(0, takes))
                found["ended before"] += 1
                takes = 0.9 * takes + 0.1 * (time.monotonic() - begun)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                found["killed"] += 1
                takes = min(takes * 1.05, 5.0)
            process.communicate()
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


def kill_decisions(times: int, seed: int) -> dict[str, int]:
    """Kill sessions that decide."""
    draw = random.Random(seed)
    found = dict.fromkeys(("killed", "acknowledged", "lost", "torn", "left over"), 0)
    with workplace() as folder:
        out, number, told = folder / "out", 0, set()
        for _ in range(times):
            process = child("decisions", folder, number, 10_000)
            go(process)
            first = ""
            if draw.random() < 0.8:
                assert process.stdout is not None
                first = process.stdout.readline()
            time.sleep(draw.uniform(0, 0.5))
            process.send_signal(signal.SIGKILL)
            lines = (first + process.communicate()[0]).split("\n")[:-1]
            said = {int(line) for line in lines}
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


def kill_models(times: int, seed: int) -> dict[str, int]:
    """Kill processes that build models and keep them."""
    draw = random.Random(seed)
    found = dict.fromkeys(("killed", "torn", "left over"), 0)
    folder = Path(tempfile.mkdtemp(prefix="sightings-kills-"))
    try:
        for _ in range(times):
            cache = folder / "cache"
            shutil.rmtree(cache, ignore_errors=True)
            process = child("models", cache)
            go(process)
            time.sleep(draw.uniform(0, 0.06))
            process.send_signal(signal.SIGKILL)
            process.communicate()
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


def decide_at_once(processes: int, count: int) -> dict[str, int]:
    """Let several sessions decide at the same time."""
    with workplace() as folder:
        share = count // processes
        workers = [child("decisions", folder, n * share, share) for n in range(processes)]
        for each in workers:
            go(each)
        said = {
            int(line)
            for each in workers
            for line in each.communicate()[0].split("\n")
            if line.isdigit()
        }
        made = [each.name for each in decisions.read(folder / "out")]
        return {
            "acknowledged": len(said),
            "lost": len({f"person {each}" for each in said} - set(made)),
            "twice": len(made) - len(set(made)),
            "left over": len(leftovers(folder / "out")),
        }


def run_at_once(times: int) -> dict[str, int]:
    """Let two runs with different settings go into one folder at the same time."""
    found = dict.fromkeys(("pairs", "refused", "said who", "mixed", "left over"), 0)
    with workplace() as folder:
        right = {each: expected(folder, "autopilot", each) for each in THRESHOLDS}
        for _ in range(times):
            shutil.rmtree(folder / "out")
            workers = [child("autopilot", folder, each) for each in THRESHOLDS]
            for each in workers:
                go(each)
            said = [each.communicate()[0] for each in workers]
            found["pairs"] += 1
            found["refused"] += sum(each.returncode == 2 for each in workers)
            found["said who"] += sum(InUse.__name__ in text and "process" in text for text in said)
            run = results_folder.load(folder / "out")
            found["mixed"] += who_is_who(run.mode, run.names) != right[run.threshold]
            found["mixed"] += not consistent(folder / "out", set())
            found["left over"] += len(leftovers(folder / "out"))
    return found


BAD = ("lost", "torn", "mixed", "left over", "wrong", "twice")


def main() -> int:
    """Do what the command line says; return 1 where something is wrong."""
    if sys.argv[1:2] == ["work"]:
        work(sys.argv[2:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", choices=["runs", "decisions", "looks", "models", "sessions", "pairs"]
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
        "models": lambda: kill_models(options.times, options.seed),
        "sessions": lambda: decide_at_once(options.processes, options.decisions),
        "pairs": lambda: run_at_once(options.times),
    }[options.what]()
    sys.stdout.write(f"{options.what}: {', '.join(f'{k} {v:,}' for k, v in found.items())}\n")
    return int(any(found.get(each, 0) for each in BAD))


if __name__ == "__main__":
    sys.exit(main())
