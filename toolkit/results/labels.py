"""How good a sorted folder is, for a user who knows who is in the photos."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import BadFolder
from toolkit.evaluation import verification
from toolkit.evaluation.folder_scores import answers_for, score_folders, stands_for
from toolkit.evaluation.label_table import (
    Matching,
    find_photos,
    match_labels,
    person_key,
    read_labels,
)
from toolkit.evaluation.labelled import TARGET, Evaluation
from toolkit.evaluation.scores import INTERVALS, trivial_answers, with_trivial
from toolkit.names import printable
from toolkit.records import SIGHTING_COLUMNS
from toolkit.results import results_folder
from toolkit.results.results_folder import LINK, RECORD, ResultsFolder

# Pairs of sightings that are drawn of each kind, and below which nothing is said of them.
PAIRS = 100_000
FEW_PAIRS = 20
THIS = "this run"
NAMED = "point-and-shoot"
# Of problems.csv: what does not name a photo of the run.
OTHER_STAGES = frozenset({"reference", "copying"})


def evaluate_folder(
    out: str | Path, labels: str | Path, *, draws: int = 1000, seed: int = 0
) -> Evaluation:
    """
    Say how good a sorted folder is, from a table of who is in which photo.

    Labels are matched with sightings as far as they tell who is who (see
    `toolkit.evaluation.label_table.match_labels`), and those sightings have the scores of grouping.
    The photos in wrong folders are counted from who is in which photo, whether or not the labels
    tell who is who; for that, the labels of a photo are taken to name everybody in it who is named
    anywhere.

    In autopilot's folders, a folder stands for the individual with most of its labelled sightings;
    where most of its sightings are undetermined, for the one whose photos are most like its own
    (shared photos over all photos of either, best first, each folder and individual once; further
    folders for the one in most of their photos). In point-and-shoot's, a folder stands for the
    person whose name it has, and known people alone are in the scores of grouping and among the
    missing: others should be in no folder. Known is who is named, or was compared with, in the
    run's tables.

    Parameters
    ----------
    out : path
        Results of an earlier run.
    labels : path
        CSV with the columns photo and person; see `toolkit.evaluation.label_table.read_labels`.
    draws : int
        Of the bootstrap, 1 or more.
    seed : int
        Of the same.

    Raises
    ------
    SightingsError
        If either cannot be read, or the two do not fit.
    """
    out, labels = Path(out), Path(labels)
    run = _about(out)
    named = run["mode"] == NAMED
    sightings = ResultsFolder(out).table(results_folder.SIGHTINGS, ("name", *SIGHTING_COLUMNS), run)
    boxes = _boxes(out, sightings)
    given = read_labels(labels)
    digests = sightings["photo_digest"].to_list()
    paths = {**_listed(out, run), **dict(zip(sightings["path"], digests, strict=True))}
    photo_of = find_photos(
        given,
        {**_others(out, run), **paths},
        names=_copies(out, _files(out, run, digests)),
        source=labels,
    )
    matching = match_labels(given, photo_of, digests, boxes)
    groups = _groups(sightings["name"])
    known = _known(sightings, run) if named else None
    scored = np.array([person is not None for person in matching.person], dtype=np.bool_)
    if known is not None:
        scored &= np.array([person in known for person in matching.person], dtype=np.bool_)
    return Evaluation(
        mode=run["mode"],
        photos=len({photo for photo, _ in matching.shown}),
        people=len({person for _, person in matching.shown}),
        faces=matching.labels,
        missed=matching.missed,
        sightings=len(sightings),
        labelled=sum(person is not None for person in matching.person),
        undetermined=int(matching.undetermined.sum()),
        unlabelled=sum(
            person is None and not unsure
            for person, unsure in zip(matching.person, matching.undetermined, strict=True)
        ),
        surplus=matching.surplus,
        scores=_scores(matching.person[scored], groups[scored], draws, seed),
        folders=_folder_table(matching, groups, digests, sightings["name"], known),
        verification=_verify(out, matching.person, seed),
        identification=None if known is None else _identify(matching, sightings["name"], known),
        draws=draws,
        seed=seed,
        run=run,
    )


def _about(out: Path) -> dict[str, Any]:
    content = ResultsFolder(out).record()
    if ResultsFolder(out).files() is None:
        raise BadFolder(
            f"{out} holds no result of an earlier run ({RECORD} is of another program); expected "
            "the folder that autopilot or point-and-shoot wrote to."
        )
    ResultsFolder(out).require_one_run(content)
    about = {str(name): value for name, value in content.items() if name != "files"}
    if about.get("mode") not in ("autopilot", NAMED):
        raise BadFolder(
            f"{out / RECORD} names the mode {printable(str(about.get('mode')))[:40]!r}; expected "
            f"autopilot or {NAMED}."
        )
    return about


def _boxes(out: Path, sightings: pd.DataFrame) -> npt.NDArray[np.float64]:
    edges = sightings[["left", "top", "right", "bottom"]]
    boxes = edges.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64).reshape(-1, 4)
    if not (np.abs(boxes) < 1e9).all() or (boxes[:, 2:] <= boxes[:, :2]).any():
        raise BadFolder(
            f"{out / 'sightings.csv'} holds a box that is none; expected left, top, right, bottom "
            "in px. Run autopilot or point-and-shoot again."
        )
    return boxes


def _others(out: Path, run: dict[str, Any]) -> dict[str, str]:
    """Return the files of a run in which nobody was seen or named; each is a photo of its own."""
    paths: list[str] = []
    if os.path.lexists(out / results_folder.NOBODY):
        paths += ResultsFolder(out).table(results_folder.NOBODY, ["path"], run)["path"].to_list()
    if os.path.lexists(out / results_folder.PROBLEMS):
        table = ResultsFolder(out).table(results_folder.PROBLEMS, ["path", "stage"], run)
        paths += table["path"][~table["stage"].isin(OTHER_STAGES)].to_list()
    return {path: path for path in paths}


def _listed(out: Path, run: dict[str, Any]) -> dict[str, str]:
    """Return every file that was read, copies too, and the photo that it holds."""
    if not os.path.lexists(out / results_folder.PHOTOS):
        return {}
    table = ResultsFolder(out).table(results_folder.PHOTOS, ["path", "photo_digest"], run)
    return dict(zip(table["path"], table["photo_digest"], strict=True))


def _files(out: Path, run: dict[str, Any], photos: Sequence[str]) -> dict[str, str]:
    """Return the photo that each file's bytes hold."""
    found = {photo: photo for photo in photos}
    if os.path.lexists(out / results_folder.PHOTOS):
        table = ResultsFolder(out).table(results_folder.PHOTOS, ["photo_digest"], run)
        if "file_digest" in table:
            found.update(zip(table["file_digest"], table["photo_digest"], strict=True))
    return found


def _copies(out: Path, files: dict[str, str]) -> dict[str, str]:
    """Return the names under which photos were copied, which those of identical files are among."""
    found: dict[str, set[str]] = {}
    for place, mark in (ResultsFolder(out).files() or {}).items():
        if not mark.startswith(LINK) and mark in files:
            found.setdefault(place.rpartition("/")[2], set()).add(files[mark])
    return {name: marks.pop() for name, marks in found.items() if len(marks) == 1}


def _groups(names: pd.Series[str]) -> npt.NDArray[np.int64]:
    """Number the names; each sighting without one is a group of its own."""
    groups = pd.factorize(names)[0].astype(np.int64)
    unnamed = (names == "").to_numpy()
    groups[unnamed] = len(groups) + np.arange(unnamed.sum())
    return groups


def _known(sightings: pd.DataFrame, run: dict[str, Any]) -> set[str]:
    columns = [c for c in ("name", "nearest", "runner_up") if c in sightings.columns]
    names = set(sightings[columns].to_numpy().ravel().tolist())
    people = run.get("people")
    if isinstance(people, list):
        names |= {name for name in people if isinstance(name, str)}
    return {person_key(name) for name in names if name}


def _scores(
    truth: npt.NDArray[np.object_], groups: npt.NDArray[np.int64], draws: int, seed: int
) -> pd.DataFrame:
    if not len(truth):
        return pd.DataFrame()
    table = with_trivial(truth, groups, THIS, intervals=INTERVALS, draws=draws, seed=seed)
    table["answers"] = [
        answers_for(truth, answer, target=TARGET)
        for answer in trivial_answers(groups, THIS).values()
    ]
    return table.astype({"groups": "int64", "individuals": "int64"})


def _verify(out: Path, person: npt.NDArray[np.object_], seed: int) -> dict[str, float] | None:
    """Score the encodings themselves, by pairs; None where they are missing or too few to say."""
    if not os.path.lexists(out / results_folder.ENCODINGS):
        return None
    sure = np.array([name is not None for name in person], dtype=np.bool_)
    encodings = results_folder.load(out).album.encodings[sure]
    pairs = verification.pairs_of(encodings, person[sure], limit=PAIRS, seed=seed)
    same, different = int(pairs.same.sum()), int((~pairs.same).sum())
    if min(same, different) < FEW_PAIRS:
        return None
    folds = verification.best_accuracy(pairs.distances, pairs.same, seed=seed)
    found: dict[str, float] = {
        "pairs_of_one": same,
        "pairs_of_two": different,
        "accuracy": folds.mean,
        "accuracy_error": folds.standard_error,
    }
    for share in (0.01, 0.001):
        if different * share >= 1:
            accepted = verification.true_accept_at(pairs.distances, pairs.same, false_accept=share)
            found[f"true_accept_at_{share:g}"] = accepted.rate
            found[f"true_accept_at_{share:g}_low"] = accepted.low
            found[f"true_accept_at_{share:g}_high"] = accepted.high
    return found


def _folder_table(
    matching: Matching,
    groups: npt.NDArray[np.int64],
    photos: Sequence[str],
    names: pd.Series[str],
    known: set[str] | None,
) -> pd.DataFrame:
    shown = [pair for pair in matching.shown if known is None or pair[1] in known]
    # A photo in which none but strangers are labelled is in no folder rightly: it stays in play.
    labelled = {photo for photo, _ in matching.shown}
    inside = np.array([photo in labelled for photo in photos], dtype=np.bool_)
    rows = {}
    for answer, numbers in trivial_answers(groups, THIS).items():
        in_folder = inside.copy()
        if answer == THIS and known is not None:
            in_folder &= (names != "").to_numpy()
        files = [(photos[row], int(numbers[row])) for row in np.flatnonzero(in_folder).tolist()]
        person_of: dict[Hashable, Hashable]
        if answer == THIS and known is not None:
            person_of = {
                int(number): person_key(name)
                for number, name in zip(numbers, names, strict=True)
                if name
            }
        else:
            person_of = _standing(matching, shown, numbers, files, in_folder)
        rows[answer] = asdict(score_folders(files, shown, person_of))
    return pd.DataFrame(rows).T


def _standing(
    matching: Matching,
    shown: Sequence[tuple[str, str]],
    groups: npt.NDArray[np.int64],
    files: Sequence[tuple[str, int]],
    inside: npt.NDArray[np.bool_],
) -> dict[Hashable, Hashable]:
    """Say for whom each folder stands; see `evaluate_folder`."""
    people = dict.fromkeys(person for _, person in shown)
    sure = np.array([person in people for person in matching.person], dtype=np.bool_) & inside
    certain = Counter(groups[sure].tolist())
    unsure = Counter(groups[matching.undetermined & inside].tolist())
    person_of = stands_for(matching.person[sure], groups[sure])
    for group, count in unsure.items():
        if count > certain[group]:
            person_of.pop(group, None)
    in_photo: dict[str, list[str]] = {}
    for photo, person in shown:
        in_photo.setdefault(photo, []).append(person)
    unclear = [pair for pair in dict.fromkeys(files) if unsure[pair[1]] > certain[pair[1]]]
    of_group = Counter(group for _, group in unclear)
    of_person = Counter(person for _, person in shown)
    shared = Counter((group, p) for photo, group in unclear for p in in_photo.get(photo, ()))
    alike = {
        pair: count / (of_group[pair[0]] + of_person[pair[1]] - count)
        for pair, count in shared.items()
    }
    place = {person: number for number, person in enumerate(people)}
    ranked = sorted(shared, key=lambda pair: (-alike[pair], -shared[pair], pair[0], place[pair[1]]))
    taken = set(person_of.values())
    for group, person in ranked:
        if group not in person_of and person not in taken:
            person_of[group] = person
            taken.add(person)
    for group, person in sorted(ranked, key=lambda pair: -shared[pair]):
        person_of.setdefault(group, person)
    return person_of


def _identify(matching: Matching, names: pd.Series[str], known: set[str]) -> dict[str, int]:
    count = dict.fromkeys(("known", "right", "wrong", "unnamed", "strangers", "strangers_named"), 0)
    for person, name in zip(matching.person, names, strict=True):
        if person is None:
            continue
        if person not in known:
            count["strangers"] += 1
            count["strangers_named"] += bool(name)
            continue
        count["known"] += 1
        outcome = "unnamed" if not name else "right" if person_key(name) == person else "wrong"
        count[outcome] += 1
    return count
