"""What an evaluation of a sorted folder returns: scores to go on with, and a text to read."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from toolkit.names import printable

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
    people : int
        Individuals whom the labels name.
    faces : int
        Labelled faces: an individual in a photo, or a box.
    missed : int
        Labelled faces that were not found. Without boxes, as many as a photo has too few
        sightings: a false detection then hides one.
    sightings : int
        Of the run, in all its photos.
    labelled : int
        Sightings whose label is known. The scores of `scores` are of these.
    undetermined : int
        Sightings of photos whose labels do not tell who is who.
    unlabelled : int
        Sightings without a label, in all photos; in no score of `scores`.
    surplus : int
        Sightings beyond the labels of photos that have labels: other faces, or false detections.
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
        For point-and-shoot: labelled sightings of known people (known), of which right, wrong,
        unnamed; and of others (strangers), of whom strangers_named.
    draws, seed : int
        Of the bootstrap behind the interval.
    run : dict
        What ``run.json`` says: version, mode, threshold, encoder, settings, ...
    """

    mode: str
    photos: int
    people: int
    faces: int
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
    run: dict[str, Any]

    @property
    def found(self) -> float:
        """Share of the labelled faces that were found, 0 to 1."""
        return 1 - self.missed / self.faces

    @property
    def table(self) -> pd.DataFrame:
        """One row an answer (the run, all in one group, each alone), one column a score."""
        return self.folders if self.scores.empty else self.scores.join(self.folders)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON; a score that does not exist is None."""
        names = [name for name in self.__dataclass_fields__ if name not in ("scores", "folders")]
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
        found = self.faces - self.missed
        lines = [
            f"{self.photos:,} photos with labels: {self.faces:,} faces of {self.people:,} people, "
            f"of which {found:,} found ({self.found:.1%})",
            f"{self.sightings:,} sightings: {self.labelled:,} with a known label, "
            f"{self.undetermined:,} whose label is one of several, {self.unlabelled:,} without "
            f"a label; {self.surplus:,} too many for the labels of their photos",
        ]
        if not self.scores.empty:
            pairs = self.labelled * (self.labelled - 1) // 2
            lines.append(
                f"scores of grouping: {self.labelled:,} sightings, {pairs:,} pairs; interval: "
                f"{self.draws:,} draws of whole people, seed {self.seed}"
            )
        return [_wrapped(line) for line in lines]

    def _verified(self) -> list[str]:
        found = self.verification
        if found is None:
            return []
        text = (
            f"{found['pairs_of_one']:,} pairs of one person and {found['pairs_of_two']:,} of two: "
            f"{found['accuracy']:.1%} told apart (standard error {found['accuracy_error']:.1%}, "
            "threshold chosen on other pairs)"
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
                f"{count['known']:,} sightings of known people: {count['right']:,} rightly named, "
                f"{count['wrong']:,} wrongly named, {count['unnamed']:,} not named"
            ),
            _wrapped(
                f"{count['strangers']:,} sightings of others: {count['strangers_named']:,} "
                "wrongly named"
            ),
            "",
        ]

    def _remarks(self) -> list[str]:
        remarks = []
        if self.scores.empty:
            remarks.append(
                "no scores of single sightings: no label of a known sighting is certain. Labels "
                "with boxes (left, top, right, bottom) say who is who in a photo of several people."
            )
        elif self.scores["individuals"].iloc[0] < FEW:
            remarks.append(
                f"fewer than {FEW} people are too few for an interval: it is too narrow, and of no "
                "width where no mistake was made"
            )
        if self.undetermined and self.identification is None:
            remarks.append(
                "where labels do not tell who is who, a folder stands for the person whose photos "
                "it fits best, so that the counts of wrong and missing photos are the least that "
                "they can be, or near it"
            )
        settings = self.run.get("settings")
        if isinstance(settings, dict):
            shown = ", ".join(f"{name} {value}" for name, value in settings.items())
            remarks.append(f"settings: {shown}")
        return [_wrapped(printable(remark)) for remark in remarks]


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
