"""How fast it is: the engine beside dlib, the way from files to folders by stage, and the peers."""

from __future__ import annotations

import gc
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit import memory, modes
from toolkit.errors import BadFolder, BadSetting, SightingsError
from toolkit.photos import opening
from toolkit.progress import spent
from toolkit.settings import AutopilotSettings
from toolkit.subjects import weights
from toolkit.subjects.settings import cores

# Multiplications and additions of one encoding, counted over the network's layers.
ENCODER_GFLOP = 0.5417


def machine() -> dict[str, Any]:
    """Return what the numbers were measured on."""
    name = platform.processor() or platform.machine()
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    return {
        "processor": name,
        "cores": cores(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def engine(
    photo: Path, *, rounds: int = 5, log: Callable[[str], None] | None = None
) -> pd.DataFrame:
    """
    Compare the engine with dlib on one core, in turn in this process.

    Parameters
    ----------
    photo : Path
        A photo of at least 1366 x 768 px; it is brought to that size.
    rounds : int
        How often each is timed, 1 or more, after one call to warm up; the median is given. dlib's
        detector is timed twice at most.
    log : callable, optional
        Called with a line of text after each round.

    Returns
    -------
    pandas.DataFrame
        One row a piece of work: work, seconds (CPU, one core), dlib_seconds, times_faster,
        gflop_per_second, share_of_sgemm (of the core's float32 matrix product, measured in the same
        run).
    """
    if rounds < 1:
        raise BadSetting(f"rounds is {rounds}; expected 1 or more")
    import dlib
    from PIL import Image
    from threadpoolctl import threadpool_limits

    from toolkit.subjects.face.detectors import CNN
    from toolkit.subjects.face.dlib.engine import OnnxEncoder, OnnxFaceDetector
    from toolkit.subjects.face.subject import ENCODER

    folder = weights.cache_folder()
    encoder = OnnxEncoder(weights.find(ENCODER), cache_folder=folder, threads=1)
    detector = OnnxFaceDetector(weights.find(CNN), cache_folder=folder, threads=1)
    dlib_encoder = dlib.face_recognition_model_v1(str(weights.find(ENCODER)))
    dlib_detector = dlib.cnn_face_detection_model_v1(str(weights.find(CNN)))
    whole = Image.fromarray(opening.open_upright(photo))
    image = np.asarray(whole.resize((1366, 768)))
    chips = np.stack([np.asarray(whole.resize((150, 150)))] * 16)
    rows = list(chips)
    matrix = np.random.default_rng(0).random((1024, 1024), dtype=np.float32)
    work: dict[str, tuple[Callable[[], object], Callable[[], object] | None, int]] = {
        "encode a face, 16 at once": (
            lambda: encoder.encode(chips),
            lambda: dlib_encoder.compute_face_descriptor(rows),
            16,
        ),
        "encode a face alone": (
            lambda: encoder.encode(chips[:1]),
            lambda: dlib_encoder.compute_face_descriptor(rows[:1]),
            1,
        ),
        "detect in 1366 x 768 px": (
            lambda: detector.detect(image),
            lambda: dlib_detector(image, 0),
            1,
        ),
        "matrix product, 1024 x 1024": (lambda: matrix @ matrix, None, 1),
    }
    ours: dict[str, list[float]] = {name: [] for name in work}
    theirs: dict[str, list[float]] = {name: [] for name in work}
    with threadpool_limits(limits=1):
        for call, other, _ in work.values():
            call()
            if other is not None:
                other()
        for turn in range(rounds):
            for name, (call, other, count) in work.items():
                ours[name].append(_cpu(call) / count)
                if other is not None and (turn < 2 or "detect" not in name):
                    theirs[name].append(_cpu(other) / count)
            if log is not None:
                log(f"round {turn + 1} of {rounds}")
    table = pd.DataFrame(
        {
            "work": list(work),
            "seconds": [statistics.median(ours[name]) for name in work],
            "dlib_seconds": [
                statistics.median(theirs[name]) if theirs[name] else np.nan for name in work
            ],
        }
    )
    table["times_faster"] = table["dlib_seconds"] / table["seconds"]
    sgemm = 2 * 1024**3 / 1e9 / table["seconds"].iloc[3]
    table["gflop_per_second"] = [
        ENCODER_GFLOP / table["seconds"][0],
        ENCODER_GFLOP / table["seconds"][1],
        np.nan,
        sgemm,
    ]
    table["share_of_sgemm"] = table["gflop_per_second"] / sgemm
    return table


def pipeline(
    folder: Path, *, jobs: Sequence[int] = (1, 2), settings: AutopilotSettings | None = None
) -> pd.DataFrame:
    """
    Time autopilot from files that are not in memory to its plan, by stage.

    Parameters
    ----------
    folder : Path
        Photos.
    jobs : sequence of int
        Numbers of threads to run with, in turn.
    settings : AutopilotSettings, optional
        How else.

    Returns
    -------
    pandas.DataFrame
        One row a number of threads: jobs, photos, faces, wall_seconds, photos_per_second,
        cpu_seconds, the share of CPU time of each stage, and peak_mb (of this process so far).
    """
    chosen = (settings or AutopilotSettings()).as_dict()
    rows = []
    for threads in jobs:
        _forget(folder)
        gc.collect()
        with spent() as took:
            settings = AutopilotSettings(**{**chosen, "jobs": threads})
            result = modes.autopilot(folder, settings=settings)
        stages = {k: v for k, v in result.seconds.items() if k != "wall"}
        count = len(result.album.photos)
        rows.append(
            {
                "jobs": threads,
                "photos": count,
                "faces": len(result.album),
                "wall_seconds": took.wall,
                "photos_per_second": count / took.wall,
                "cpu_seconds": took.cpu,
                **{f"share_{stage}": value / took.cpu for stage, value in stages.items()},
                "share_rest": 1 - sum(stages.values()) / took.cpu,
                "peak_mb": memory.peak() / 1e6,
            }
        )
    return pd.DataFrame(rows)


def peers(folder: Path, truth: pd.DataFrame) -> pd.DataFrame:
    """
    Sort the same album with this project, with face_recognition, and in dlib's own way.

    Parameters
    ----------
    folder : Path
        Photos.
    truth : pandas.DataFrame
        Columns photo (path relative to the folder, with forward slashes) and person.

    Returns
    -------
    pandas.DataFrame
        One row a tool: tool, wall_seconds and cpu_seconds (a photo), faces, people, right, wrong
        and missed (pairs of photo and person, each group counting as the person it fits best).

    Raises
    ------
    SightingsError
        If face_recognition is not installed.
    """
    paths = opening.find(folder).photos
    if not paths:
        raise BadFolder(f"photos: {folder} holds no photo.")
    tools: dict[str, Callable[[Sequence[Path]], list[tuple[Path, int]]]] = {
        "sightings, 1 thread": lambda _: _sightings(folder, 1),
        f"sightings, {cores()} threads": lambda _: _sightings(folder, cores()),
        "face_recognition 1.3, defaults, full size": _face_recognition,
        "dlib: CNN at 1200 px, Chinese whispers at 0.5": _dlib_way,
    }
    expected = set(zip(truth["photo"], truth["person"], strict=True))
    within = {path: path.relative_to(folder).as_posix() for path in paths}
    if not {photo for photo, _ in expected} & set(within.values()):
        raise SightingsError(
            f"no photo of the truth is in {folder}; expected paths relative to it, such as "
            f"{next(iter(within.values()))}."
        )
    rows = []
    for name, tool in tools.items():
        with spent() as took:
            found = [(within[path], group) for path, group in tool(paths)]
        right, wrong = _against(found, expected)
        rows.append(
            {
                "tool": name,
                "wall_seconds": took.wall / len(paths),
                "cpu_seconds": took.cpu / len(paths),
                "faces": len(found),
                "people": len({group for _, group in found}),
                "right": right,
                "wrong": wrong,
                "missed": len(expected) - right,
            }
        )
    return pd.DataFrame(rows)


def _sightings(folder: Path, jobs: int) -> list[tuple[Path, int]]:
    result = modes.autopilot(folder, settings=AutopilotSettings(jobs=jobs))
    seen = pd.DataFrame(
        {
            "photo_digest": result.album.sightings["photo_digest"],
            "group": result.clustering.labels,
        }
    )
    files = result.album.photos[["path", "photo_digest"]].merge(seen, on="photo_digest")
    return [
        (Path(path), int(group)) for path, group in zip(files["path"], files["group"], strict=True)
    ]


def _face_recognition(paths: Sequence[Path]) -> list[tuple[Path, int]]:
    """Its documented use: each face is the first known one within its tolerance of 0.6."""
    try:
        import face_recognition
    except ImportError as error:
        raise SightingsError(
            "face_recognition is not installed; it serves only for this comparison: "
            "pip install --no-deps face_recognition"
        ) from error
    known: list[npt.NDArray[np.float64]] = []
    found = []
    for path in paths:
        image = face_recognition.load_image_file(str(path))
        for encoding in face_recognition.face_encodings(
            image, face_recognition.face_locations(image)
        ):
            same = face_recognition.compare_faces(known, encoding)
            if True not in same:
                same.append(True)
                known.append(encoding)
            found.append((path, same.index(True)))
    return found


def _dlib_way(paths: Sequence[Path]) -> list[tuple[Path, int]]:
    """Like its example face_clustering.py, with the CNN detector; photos shrunk to 1200 px."""
    import dlib

    from toolkit.subjects.face.detectors import CNN
    from toolkit.subjects.face.subject import ENCODER, LANDMARKS

    detector = dlib.cnn_face_detection_model_v1(str(weights.find(CNN)))
    landmarks = dlib.shape_predictor(str(weights.find(LANDMARKS[5])))
    network = dlib.face_recognition_model_v1(str(weights.find(ENCODER)))
    names, descriptors = [], []
    for path in paths:
        image = opening.shrink(opening.open_upright(path), long_edge=1200)
        for face in detector(image, 0):
            descriptors.append(network.compute_face_descriptor(image, landmarks(image, face.rect)))
            names.append(path)
    labels = dlib.chinese_whispers_clustering(descriptors, 0.5)
    return list(zip(names, map(int, labels), strict=True))


def _against(found: Sequence[tuple[str, int]], expected: set[tuple[str, str]]) -> tuple[int, int]:
    """Count right and wrong pairs of photo and person, each group named after the best fit."""
    from scipy.optimize import linear_sum_assignment

    groups = sorted({group for _, group in found})
    people = sorted({person for _, person in expected})
    pairs = set(found)
    fit = np.array(
        [
            [sum((p, person) in expected for p, g in pairs if g == group) for person in people]
            for group in groups
        ]
    ).reshape(len(groups), len(people))
    rows, columns = linear_sum_assignment(fit, maximize=True)
    right = int(fit[rows, columns].sum())
    return right, len(pairs) - right


def _cpu(call: Callable[[], object]) -> float:
    with spent() as took:
        call()
    return took.cpu


def _forget(folder: Path) -> None:
    """Ask the system to drop the files from its memory, where it can be asked."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in opening.find(folder).photos:
        with path.open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
