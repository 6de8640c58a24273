"""How right a sorted folder is, for a user who knows who is in the photos."""

from __future__ import annotations

import math
import os
import textwrap
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
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
    name_key,
    read_labels,
)
from toolkit.evaluation.scores import INTERVALS, trivial_answers, with_trivial
from toolkit.names import printable
from toolkit.records import SIGHTING_COLUMNS, SubjectInfo, Words
from toolkit.results import results_folder
from toolkit.results.results_folder import RECORD, ResultsFolder, digest_in

# B-cubed F that the count of answers is to reach.
TARGET = 0.99
# Individuals below which the bootstrap says too little.
FEW = 20
LINES = (
    ("bcubed_precision", "B-cubed precision"),
    ("bcubed_recall", "B-cubed recall"),
    ("bcubed_f", "B-cubed F"),
    ("pairwise_precision", "pairwise precision"),
    ("pairwise_recall", "pairwise recall"),
    ("pairwise_f", "pairwise F"),
    ("adjusted_rand", "adjusted Rand index"),
    ("groups", "groups"),
    ("answers", f"answers to B-cubed F {TARGET}"),
    ("files", "photos in the folders"),
    ("wrong", "in a wrong folder"),
    ("missing", "missing from the main folder"),
    ("in_fragment", "of these in a second folder"),
    ("fragments", "second folders"),
)
# Pairs of sightings that are drawn of each kind, and below which nothing is said of them.
PAIRS = 100_000
FEW_PAIRS = 20
THIS = "this run"
NAMED = "point-and-shoot"
# Of problems.csv: what does not name a photo of the run.
OTHER_STAGES = frozenset({"reference", "copying"})


@dataclass(frozen=True, repr=False)
class Evaluation:
    """
    A sorted folder compared with labels.

    Attributes
    ----------
    mode : str
        What sorted it: "autopilot" or "point-and-shoot".
    photos : int
        Photos that have labels; byte-identical files are one photo.
    individuals : int
        Those whom the labels name.
    labels : int
        Labelled sightings: an individual in a photo, or a box.
    missed : int
        Of these, those that were not found. Without boxes, as many as a photo has too few
        sightings: a false detection then hides one.
    sightings : int
        Of the run, in all its photos, without those that are ignored.
    labelled : int
        Sightings whose label is known. The scores of `scores` are of these.
    undetermined : int
        Sightings of photos whose labels do not tell who is who.
    unlabelled : int
        Sightings without a label, in all photos; in no score of `scores`.
    surplus : int
        Sightings beyond the labels of photos that have labels: others, or false detections.
        They are among the undetermined where labels do not tell who is who, or the unlabelled.
    scores : pandas.DataFrame
        `toolkit.evaluation.scores.GroupingScores` of the run and of the two trivial answers, with
        the
        columns bcubed_f_low and bcubed_f_high (95%), and answers; see
        `toolkit.evaluation.folder_scores.answers_for`. Without rows where no sighting's label is
        known.
    folders : pandas.DataFrame
        `toolkit.evaluation.folder_scores.FolderScores` of the same three.
    verification : dict of str to float, or None
        Of pairs of labelled sightings, whatever the grouping: pairs_of_one and pairs_of_two (drawn
        individuals), accuracy (threshold chosen on nine folds, reported on the tenth, mean of ten)
        and accuracy_error (standard error of that mean), and true_accept_at_0.01 and _0.001 (share
        of the pairs of one accepted where so many of the pairs of two are), each with its 95%
        interval _low and _high, as far as there are pairs. None where there are too few.
    identification : dict of str to int, or None
        For point-and-shoot: labelled sightings of known individuals (known), of which right, wrong,
        unnamed; and of others (strangers), of whom strangers_named.
    draws, seed : int
        Of the bootstrap behind the interval.
    words : Words
        What sightings and individuals are called in the text.
    run : dict
        What ``run.json`` says: version, mode, threshold, encoder, settings, ...
    """

    mode: str
    photos: int
    individuals: int
    labels: int
    missed: int
    sightings: int
    labelled: int
    undetermined: int
    unlabelled: int
    surplus: int
    scores: pd.DataFrame
    folders: pd.DataFrame
    verification: dict[str, float] | None
    identification: dict[str, int] | None
    draws: int
    seed: int
    words: Words
    run: dict[str, Any]

    @property
    def found(self) -> float:
        """Share of the labelled sightings that were found, 0 to 1."""
        return 1 - self.missed / self.labels

    @property
    def table(self) -> pd.DataFrame:
        """One row an answer (the run, all in one group, each alone), one column a score."""
        return self.folders if self.scores.empty else self.scores.join(self.folders)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON; a score that does not exist is None."""
        tables = ("scores", "folders", "words")
        names = [name for name in self.__dataclass_fields__ if name not in tables]
        table = {
            str(answer): {str(score): _plain(value) for score, value in row.items()}
            for answer, row in self.table.iterrows()
        }
        return {**{name: getattr(self, name) for name in names}, "scores": table}

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        table = self.table
        lines = [self._headline(), "", *self._counts(), ""]
        lines.append(" " * 34 + "".join(f"{answer:>15}" for answer in _short(table.index)))
        for column, name in LINES:
            if column not in table.columns:
                continue
            if column == "groups":
                name = f"groups (truly {int(table['individuals'].iloc[0]):,})"
            lines.append(f"{name:<34}" + "".join(f"{_cell(x):>15}" for x in table[column]))
            if f"{column}_low" in table.columns:
                ends = zip(table[f"{column}_low"], table[f"{column}_high"], strict=True)
                shown = [
                    "unknown" if math.isnan(low) else f"{_cell(low)} to {_cell(high)}"
                    for low, high in ends
                ]
                lines.append(f"{'  95% interval':<34}" + "".join(f"{text:>15}" for text in shown))
        return "\n".join([*lines, "", *self._verified(), *self._identified(), *self._remarks()])

    def _headline(self) -> str:
        threshold = self.run.get("threshold")
        at = f"{threshold:.4g}" if isinstance(threshold, (int, float)) else "unknown"
        text = f"{self.mode}, threshold {at}, encoder {self.run.get('encoder', 'unknown')}"
        return _wrapped(printable(text))

    def _counts(self) -> list[str]:
        found, words = self.labels - self.missed, self.words
        lines = [
            f"{self.photos:,} photos with labels: {self.labels:,} {words.plural} of "
            f"{self.individuals:,} {words.individuals}, of which {found:,} found "
            f"({self.found:.1%})",
            f"{self.sightings:,} sightings: {self.labelled:,} with a known label, "
            f"{self.undetermined:,} whose label is one of several, {self.unlabelled:,} without "
            f"a label; {self.surplus:,} too many for the labels of their photos",
        ]
        if not self.scores.empty:
            pairs = self.labelled * (self.labelled - 1) // 2
            lines.append(
                f"scores of grouping: {self.labelled:,} sightings, {pairs:,} pairs; interval: "
                f"{self.draws:,} draws of whole {words.individuals}, seed {self.seed}"
            )
        return [_wrapped(line) for line in lines]

    def _verified(self) -> list[str]:
        found = self.verification
        if found is None:
            return []
        text = (
            f"{found['pairs_of_one']:,} pairs of one {self.words.individual} and "
            f"{found['pairs_of_two']:,} of two: {found['accuracy']:.1%} told apart "
            f"(standard error {found['accuracy_error']:.1%}, threshold chosen on other pairs)"
        )
        for share in ("0.01", "0.001"):
            name = f"true_accept_at_{share}"
            if name in found:
                text += (
                    f"; where {float(share):.1%} of two are accepted, {found[name]:.1%} of one are "
                    f"({found[f'{name}_low']:.1%} to {found[f'{name}_high']:.1%})"
                )
        return [_wrapped(text), ""]

    def _identified(self) -> list[str]:
        count = self.identification
        if count is None or not self.labelled:
            return []
        return [
            _wrapped(
                f"{count['known']:,} sightings of known {self.words.individuals}: "
                f"{count['right']:,} rightly named, "
                f"{count['wrong']:,} wrongly named, {count['unnamed']:,} not named"
            ),
            _wrapped(
                f"{count['strangers']:,} sightings of others: {count['strangers_named']:,} "
                "wrongly named"
            ),
            "",
        ]

    def _remarks(self) -> list[str]:
        remarks, words = [], self.words
        if self.scores.empty:
            remarks.append(
                "no scores of single sightings: no label of a known sighting is certain. Labels "
                "with boxes (left, top, right, bottom) say who is who in a photo of several "
                f"{words.individuals}."
            )
        elif self.scores["individuals"].iloc[0] < FEW:
            remarks.append(
                f"fewer than {FEW} {words.individuals} are too few for an interval: it is too "
                "narrow, and of no width where no mistake was made"
            )
        if self.undetermined and self.identification is None:
            remarks.append(
                f"where labels do not tell who is who, a folder stands for the {words.individual} "
                "whose photos it fits best, so that the counts of wrong and missing photos are the "
                "least that they can be, or near it"
            )
        settings = self.run.get("settings")
        if isinstance(settings, dict):
            shown = ", ".join(f"{name} {value}" for name, value in settings.items())
            remarks.append(f"settings: {shown}")
        return [_wrapped(printable(remark)) for remark in remarks]


def evaluate_folder(
    out: str | Path,
    labels: str | Path,
    *,
    draws: int = 1000,
    seed: int = 0,
    photos: str | Path | None = None,
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
    individual whose name it has, and known ones alone are in the scores of grouping and among the
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
    photos : path, optional
        Where the photos are now, if they moved.

    Raises
    ------
    SightingsError
        If either cannot be read, or the two do not fit.
    """
    out, labels = Path(out), Path(labels)
    run = _about(out)
    named = run["mode"] == NAMED
    sightings = _seen(out, run)
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
    scored = np.array([name is not None for name in matching.individual], dtype=np.bool_)
    if known is not None:
        scored &= np.array([name in known for name in matching.individual], dtype=np.bool_)
    return Evaluation(
        mode=run["mode"],
        photos=len({photo for photo, _ in matching.shown}),
        individuals=len({name for _, name in matching.shown}),
        labels=matching.labels,
        missed=matching.missed,
        sightings=len(sightings),
        labelled=sum(name is not None for name in matching.individual),
        undetermined=int(matching.undetermined.sum()),
        unlabelled=sum(
            name is None and not unsure
            for name, unsure in zip(matching.individual, matching.undetermined, strict=True)
        ),
        surplus=matching.surplus,
        scores=_scores(matching.individual[scored], groups[scored], draws, seed),
        folders=_folder_table(matching, groups, digests, sightings["name"], known),
        verification=_verify(out, matching.individual, seed, photos),
        identification=None if known is None else _identify(matching, sightings["name"], known),
        draws=draws,
        seed=seed,
        words=_subject(out, run).words,
        run=run,
    )


def _seen(out: Path, run: dict[str, Any]) -> pd.DataFrame:
    """Return the run's sightings, without those that are ignored."""
    columns = ("name", *SIGHTING_COLUMNS)
    table = ResultsFolder(out).table(results_folder.SIGHTINGS, columns, run)
    try:
        ignored = results_folder.ignored_in(table)
    except ValueError as error:
        raise BadFolder(
            f"{out / results_folder.SIGHTINGS} cannot be used: {error}. Run autopilot or {NAMED} "
            "again."
        ) from error
    return table[~ignored].reset_index(drop=True)


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


def _subject(out: Path, run: dict[str, Any]) -> SubjectInfo:
    try:
        return results_folder.subject_of(run)
    except (KeyError, TypeError, ValueError) as error:
        raise BadFolder(
            f"{out / RECORD} does not say in words what was looked for; run autopilot or {NAMED} "
            "again."
        ) from error


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
    """Return the files of a run in which none was seen or named; each is a photo of its own."""
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
        if (digest := digest_in(mark)) in files:
            found.setdefault(place.rpartition("/")[2], set()).add(files[digest])
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
    known = run.get("people")
    if isinstance(known, list):
        names |= {name for name in known if isinstance(name, str)}
    return {name_key(name) for name in names if name}


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


def _verify(
    out: Path, individual: npt.NDArray[np.object_], seed: int, photos: str | Path | None
) -> dict[str, float] | None:
    """Score the encodings themselves, by pairs; None where they are missing or too few to say."""
    if not os.path.lexists(out / results_folder.ENCODINGS):
        return None
    sure = np.array([name is not None for name in individual], dtype=np.bool_)
    album = results_folder.load(out, photos=photos).album
    encodings = album.take(album.kept).encodings[sure]
    pairs = verification.pairs_of(encodings, individual[sure], limit=PAIRS, seed=seed)
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
        individual_of: dict[Hashable, Hashable]
        if answer == THIS and known is not None:
            individual_of = {
                int(number): name_key(name)
                for number, name in zip(numbers, names, strict=True)
                if name
            }
        else:
            individual_of = _standing(matching, shown, numbers, files, in_folder)
        rows[answer] = asdict(score_folders(files, shown, individual_of))
    return pd.DataFrame(rows).T


def _standing(
    matching: Matching,
    shown: Sequence[tuple[str, str]],
    groups: npt.NDArray[np.int64],
    files: Sequence[tuple[str, int]],
    inside: npt.NDArray[np.bool_],
) -> dict[Hashable, Hashable]:
    """Say for whom each folder stands; see `evaluate_folder`."""
    everybody = dict.fromkeys(name for _, name in shown)
    sure = np.array([name in everybody for name in matching.individual], dtype=np.bool_) & inside
    certain = Counter(groups[sure].tolist())
    unsure = Counter(groups[matching.undetermined & inside].tolist())
    individual_of = stands_for(matching.individual[sure], groups[sure])
    for group, count in unsure.items():
        if count > certain[group]:
            individual_of.pop(group, None)
    in_photo: dict[str, list[str]] = {}
    for photo, individual in shown:
        in_photo.setdefault(photo, []).append(individual)
    unclear = [pair for pair in dict.fromkeys(files) if unsure[pair[1]] > certain[pair[1]]]
    of_group = Counter(group for _, group in unclear)
    of_individual = Counter(individual for _, individual in shown)
    shared = Counter((group, p) for photo, group in unclear for p in in_photo.get(photo, ()))
    alike = {
        pair: count / (of_group[pair[0]] + of_individual[pair[1]] - count)
        for pair, count in shared.items()
    }
    place = {individual: number for number, individual in enumerate(everybody)}
    ranked = sorted(shared, key=lambda pair: (-alike[pair], -shared[pair], pair[0], place[pair[1]]))
    taken = set(individual_of.values())
    for group, individual in ranked:
        if group not in individual_of and individual not in taken:
            individual_of[group] = individual
            taken.add(individual)
    for group, individual in sorted(ranked, key=lambda pair: -shared[pair]):
        individual_of.setdefault(group, individual)
    return individual_of


def _identify(matching: Matching, names: pd.Series[str], known: set[str]) -> dict[str, int]:
    count = dict.fromkeys(("known", "right", "wrong", "unnamed", "strangers", "strangers_named"), 0)
    for individual, name in zip(matching.individual, names, strict=True):
        if individual is None:
            continue
        if individual not in known:
            count["strangers"] += 1
            count["strangers_named"] += bool(name)
            continue
        count["known"] += 1
        outcome = "unnamed" if not name else "right" if name_key(name) == individual else "wrong"
        count[outcome] += 1
    return count


def _plain(value: Any) -> int | float | None:
    number = float(value)
    if math.isnan(number):
        return None
    return int(number) if isinstance(value, (int, np.integer)) else number


def _cell(value: Any) -> str:
    number = float(value)
    if math.isnan(number):
        return "unknown"
    return f"{int(number):,}" if isinstance(value, (int, np.integer)) else f"{number:.3f}"


def _short(answers: pd.Index[str]) -> list[str]:
    return [answer.removesuffix(" group") for answer in answers]


def _wrapped(text: str) -> str:
    return textwrap.fill(text, width=79, subsequent_indent="    ")
