"""What a check of tags found: as tables, as a contact sheet, as text."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from toolkit.errors import BadFolder
from toolkit.evaluation import label_check
from toolkit.evaluation.label_check import FINE, OTHER, Labelled
from toolkit.files import digest_of, disk_errors, is_below, read_regular, write_text
from toolkit.names import counted, printable, shown_of
from toolkit.photos import catalogue_table
from toolkit.photos.thumbnails import Thumbnails, data_uri
from toolkit.records import Words
from toolkit.results import results_folder, tag_decisions
from toolkit.results.report.markup import render
from toolkit.results.results_folder import parsed, relative
from toolkit.tables import BadTable, read_table, write_table

TAGS, DUPLICATES, SHEET, RECORD = "tags.csv", "duplicates.csv", "tags.html", "tags.json"
# The corrected tree, in the folder of the tables.
CORRECTED = "corrected"
TAG_COLUMNS = (
    *("path", "folder", "suggested", "sure", "decision", "kind", "evidence", "own_evidence"),
)
# The least that is said of a photo which is most likely right where it is: who looks through the
# list has the likeliest mistakes first, and stops where they end.
LISTED = 0.005
PERHAPS = "perhaps another folder"
# What comes after them, in this order.
KINDS = (
    *(OTHER, PERHAPS, label_check.UNLIKE, label_check.OUTSIDE, label_check.ALONE),
    label_check.NOTHING,
)
DUPLICATE_COLUMNS = ("path", "other", "kind", "alike", "folder", "other_folder")
# Suspects and duplicates on the sheet; side of a picture, px; bytes of the record.
SHOWN, PAIRS, SIDE, LARGEST = 200, 100, 160, 1 << 20
# Photos that are named in the text.
NAMED = 10


@dataclass(frozen=True)
class TagCheck:
    """
    What was found.

    Attributes
    ----------
    known : Labelled
        The photos in their folders.
    tags : pandas.DataFrame
        What is to be looked at, likeliest first: path, folder, suggested, sure (0 to 1), decision
        (""), kind, evidence (the photo of the suggested folder that it is most like), own_evidence
        (that of its own). Paths are below the folder that was checked, with forward slashes.
    duplicates : pandas.DataFrame
        Pairs of files that show one picture: path, other, kind, alike (0 to 1), folder and
        other_folder; those in two folders first.
    problems : pandas.DataFrame
        Files that could not be read: path, stage, reason.
    """

    known: Labelled
    tags: pd.DataFrame
    duplicates: pd.DataFrame
    problems: pd.DataFrame

    @property
    def words(self) -> Words:
        """What is told apart."""
        return self.known.album.words

    @property
    def suspects(self) -> pd.DataFrame:
        """Those that look more like another folder than their own."""
        return self.tags[self.tags["kind"] == OTHER]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return {
            "folders": len(self.known.folders),
            "photos": len(self.known),
            "taken": list(self.known.said),
            "tags": _plain(self.tags),
            "duplicates": _plain(self.duplicates),
            "problems": _plain(self.problems[["path", "reason"]]),
        }

    def __str__(self) -> str:
        suspects, pairs = self.suspects, self.duplicates
        lines = [
            f"{counted(len(self.known), 'photo')} in {counted(len(self.known.folders), 'folder')}",
            *(f"{each}." for each in self.known.said),
            f"{counted(len(suspects), 'photo looks', 'photos look')} more like another folder than "
            f"{'its' if len(suspects) == 1 else 'their'} own"
            + (", the surest first:" if len(suspects) else ""),
        ]
        shown = shown_of(len(suspects), NAMED)
        lines += [
            f"  {sure_text(row.sure)}: {row.path} -> {row.suggested}"
            for row in suspects.head(shown).itertuples(index=False)
        ]
        if len(suspects) > shown:
            lines.append(f"  and {len(suspects) - shown:,} more, in {TAGS}")
        for kind in KINDS[1:]:
            if many := int((self.tags["kind"] == kind).sum()):
                lines.append(f"{counted(many, 'photo')}: {kind}")
        two = int((pairs["folder"] != pairs["other_folder"]).sum())
        lines.append(
            f"{counted(len(pairs), 'pair')} of files with one picture, {two:,} of them in two "
            "folders"
        )
        if len(self.problems):
            lines.append(f"{counted(len(self.problems), 'file')} could not be used")
        return "\n".join(printable(line) for line in lines)


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    shown = table.map(lambda cell: printable(cell) if isinstance(cell, str) else cell)
    rows: list[dict[str, Any]] = json.loads(shown.to_json(orient="records", double_precision=10))
    return rows


def found(known: Labelled, table: pd.DataFrame, duplicates: pd.DataFrame) -> TagCheck:
    """
    Put together what was found.

    Parameters
    ----------
    known : Labelled
        n photos.
    table : pandas.DataFrame
        What `toolkit.evaluation.label_check.check` said of them.
    duplicates : pandas.DataFrame
        Pairs of their files: path, other, kind, alike.
    """
    below = dict(zip(known.paths, relative(known.paths, known.root), strict=True))
    folders = np.array([*known.folders, ""], dtype=object)[known.folder_of]
    folder_of = dict(zip(below.values(), folders, strict=True))
    rows = table.copy()
    for column in ("path", "evidence", "own_evidence"):
        rows[column] = [below.get(path, "") for path in rows[column]]
    perhaps = (rows["kind"] == FINE) & (rows["sure"] >= LISTED) & (rows["folder"] != "")
    rows.loc[perhaps, "kind"] = PERHAPS
    rows = rows[rows["kind"] != FINE]
    # Who is in no folder is in no wrong one.
    place = {kind: number for number, kind in enumerate(KINDS)}
    order = np.lexsort(
        (np.arange(len(rows)), -rows["odds"].to_numpy(np.float64), rows["kind"].map(place))
    )
    tags = rows.iloc[order].assign(decision="")
    tags.loc[tags["kind"] == label_check.NOTHING, "suggested"] = ""
    pairs = duplicates.copy()
    for column, of in (("path", "folder"), ("other", "other_folder")):
        pairs[column] = [below.get(str(path), str(path)) for path in pairs[column]]
        pairs[of] = [folder_of.get(path, "") for path in pairs[column]]
    within = (pairs["folder"] == pairs["other_folder"]).to_numpy(dtype=np.bool_)
    alike = pairs["alike"].to_numpy(dtype=np.float64)
    pairs = pairs.iloc[np.lexsort((np.arange(len(pairs)), -alike, within))]
    # What a shop says of its products lies among them, and is no photo that cannot be used.
    problems = known.album.problems
    its = problems["path"].astype(str) == str(known.root / catalogue_table.TABLE)
    return TagCheck(
        known,
        tags[list(TAG_COLUMNS)].reset_index(drop=True),
        pairs[list(DUPLICATE_COLUMNS)].reset_index(drop=True),
        problems[~its].reset_index(drop=True),
    )


def require_out(out: Path, root: Path) -> None:
    """
    Raise `BadFolder` unless tables can go to a folder without touching anything of the user's.

    It may be missing, or hold an earlier check, whose tables nobody changed; it lies neither in the
    tree nor around it.

    Parameters
    ----------
    out : Path
        The folder.
    root : Path
        The tree that is checked.
    """
    require_apart(out, root)
    if os.path.lexists(out) and not out.is_dir():
        raise BadFolder(f"{out} is a file; expected a folder for what is found. Choose another.")
    if os.path.lexists(out / results_folder.RECORD):
        raise BadFolder(
            f"{out} holds the result of an autopilot or point-and-shoot run. Choose another folder."
        )
    written = told(out).get("files")
    ours = written if isinstance(written, dict) else {}
    for name in (TAGS, DUPLICATES, SHEET):
        if not os.path.lexists(out / name):
            continue
        with disk_errors(out):
            same = (out / name).is_file() and digest_of(out / name) == ours.get(name)
        if not same:
            raise BadFolder(
                f"{out / name} was changed, or is not of this program: it would be written over. "
                "Move it away or give it another name, such as decisions.csv."
            )


def require_apart(out: Path, root: Path) -> None:
    """Raise `BadFolder` if a folder for what is found lies in or around the tree."""
    here, there = out.resolve(), root.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise BadFolder(
            f"what is found cannot go to {out}: it lies in or around the folders that are checked "
            f"({root}). Choose a folder beside them."
        )


def told(out: Path) -> dict[str, Any]:
    """Return what the record of a check says; nothing where there is none that can be read."""
    try:
        return parsed(read_regular(out / RECORD, most=LARGEST))
    except (OSError, ValueError, RecursionError, MemoryError):
        return {}


@dataclass(frozen=True)
class Checked:
    """
    What a folder of tables says that was found, and decided since.

    Attributes
    ----------
    out, root : Path
        The folder, and the tree that was checked.
    tags, duplicates : pandas.DataFrame
        As of `TagCheck`; paths are untrusted, see `photo_at`.
    decisions : dict of str to str
        What was decided of photos: "keep", "move" or a folder.
    """

    out: Path
    root: Path
    tags: pd.DataFrame
    duplicates: pd.DataFrame
    decisions: dict[str, str]

    @property
    def suspects(self) -> pd.DataFrame:
        """Those that look like another folder, the surest first, and those in no folder."""
        return self.tags[
            self.tags["kind"].isin([OTHER, PERHAPS, label_check.OUTSIDE])
            & (self.tags["suggested"] != "")
        ]

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that are named, in order."""
        return tuple(sorted({*self.tags["folder"], *self.tags["suggested"]} - {""}))


def read(out: Path) -> Checked:
    """
    Read what a check wrote into a folder, and what was decided since.

    Raises
    ------
    BadFolder
        If there is nothing, or it cannot be read.
    """
    record = told(out)
    root = record.get("root")
    if not isinstance(root, str) or not root:
        raise BadFolder(f"{out} holds no check of tags ({RECORD}); run check-tags into it first.")
    tables = []
    for name, columns in ((TAGS, TAG_COLUMNS), (DUPLICATES, DUPLICATE_COLUMNS)):
        try:
            tables.append(read_table(out / name, columns))
        except BadTable as error:
            raise BadFolder(
                f"{out / name} cannot be read: {printable(str(error))}. Run check-tags again."
            ) from error
    tags = tables[0]
    sure = pd.to_numeric(tags["sure"], errors="coerce").fillna(0.0).clip(0, 1)
    tags = tags.assign(sure=sure).drop_duplicates("path").reset_index(drop=True)
    decided: dict[str, str] = {}
    if os.path.lexists(out / tag_decisions.FILE):
        try:
            table = read_table(out / tag_decisions.FILE, ("path", "decision"))
        except BadTable as error:
            raise BadFolder(
                f"{out / tag_decisions.FILE} cannot be read as a table of decisions: "
                f"{printable(str(error))}. Mend it, or take it away."
            ) from error
        decided = {
            path: decision.strip()
            for path, decision in zip(table["path"], table["decision"], strict=True)
            if decision.strip()
        }
    return Checked(out, Path(root), tags, tables[1], decided)


def decided(found: Checked, path: str, decision: str) -> Checked:
    """
    Decide about a photo, and write it down at once; "" takes a decision back.

    Raises
    ------
    BadSetting
        If the decision cannot be.
    BadFolder
        If it cannot be written.
    """
    decision = decision.strip()
    suggested = dict(zip(found.tags["path"], found.tags["suggested"], strict=True))
    if decision:
        tag_decisions.require(path, suggested.get(path, ""), decision, found.folders)
    now = {**found.decisions, path: decision}
    if not decision:
        now.pop(path)
    folders = dict(zip(found.tags["path"], found.tags["folder"], strict=True))
    rows = [
        (each, folders.get(each, ""), suggested.get(each, ""), said) for each, said in now.items()
    ]
    tag_decisions.write(found.out / tag_decisions.FILE, rows)
    return replace(found, decisions=now)


def photo_at(root: Path, place: str) -> Path | None:
    """Return the photo at a place that a table names; None where it leads out of the tree."""
    return root / place if is_below(f"x/{place}", deeper=True) else None


def sure_text(sure: float) -> str:
    """Return how sure something is: never that it is certain."""
    return "over 99.9% sure" if sure > 0.999 else f"{sure:.1%} sure"


def write(
    made: TagCheck,
    out: Path,
    *,
    pictures: bool = True,
    thumbnails: Thumbnails | None = None,
    about: dict[str, Any] | None = None,
) -> None:
    """
    Write tags.csv, duplicates.csv and tags.html into a folder, each as a whole.

    Parameters
    ----------
    made : TagCheck
        What was found.
    out : Path
        The folder, made where it is missing; see `require_out`.
    pictures : bool
        Whether the sheet shows pictures.
    thumbnails : Thumbnails, optional
        Of the album, where there are some already.
    about : dict, optional
        What else the record says; plain values.

    Raises
    ------
    BadFolder
        If it cannot be written, or holds something of the user's under these names.
    """
    require_out(out, made.known.root)
    text = html_of(made, pictures=pictures, thumbnails=thumbnails)
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    done: dict[str, str] = dict(told(out).get("files") or {})
    record = {"program": results_folder.PROGRAM, "root": str(made.known.root.resolve())}
    record |= about or {}
    writers: list[tuple[str, Callable[[Path], None]]] = [
        (TAGS, lambda path: write_table(made.tags.round({"sure": 6}), path)),
        (DUPLICATES, lambda path: write_table(made.duplicates.round({"alike": 4}), path)),
        (SHEET, lambda path: write_text(path, text)),
    ]
    for name, put in writers:
        put(out / name)
        # One by one: a run that is cut off leaves nothing that the next takes for the user's.
        done[name] = digest_of(out / name)
        write_text(out / RECORD, json.dumps({**record, "files": done}, indent=1) + "\n")


def html_of(made: TagCheck, *, pictures: bool = True, thumbnails: Thumbnails | None = None) -> str:
    """
    Return the contact sheet: each suspect beside both photos that speak of it, and duplicates.

    One file, without scripts, that loads nothing; what came from a file is escaped. `pictures` and
    `thumbnails` as of `write`.
    """
    from toolkit.results import report

    cut = _Pictures(made, thumbnails, wanted=pictures)
    suspects = made.tags[made.tags["kind"].isin([OTHER, PERHAPS])]
    shown = suspects.head(shown_of(len(suspects), SHOWN))
    pairs = made.duplicates.head(shown_of(len(made.duplicates), PAIRS))
    cut.make(
        [
            *(cell for name in ("path", "evidence", "own_evidence") for cell in shown[name]),
            *(cell for name in ("path", "other") for cell in pairs[name]),
        ]
    )
    style = Path(report.__file__).with_name("style.css").read_text(encoding="utf-8")
    others = [kind for kind in KINDS if kind not in (OTHER, PERHAPS)]
    return render(
        "tags.html",
        {
            "style": style,
            "words": made.words,
            "headline": f"{counted(len(made.known), 'photo')}, "
            f"{counted(len(made.known.folders), 'folder')}",
            "facts": [
                ("photos", len(made.known)),
                ("folders", len(made.known.folders)),
                ("look more like another folder", len(made.suspects)),
                ("pairs of one picture", len(made.duplicates)),
            ],
            "said": made.known.said,
            "suspects": [
                {
                    "title": sure_text(row.sure),
                    "kind": row.kind,
                    "pictures": [
                        cut.of(row.path, f"is in {row.folder or 'no folder'}"),
                        cut.of(row.evidence, f"like it, in {row.suggested}"),
                        cut.of(row.own_evidence, f"most like it, in {row.folder}"),
                    ],
                }
                for row in shown.itertuples(index=False)
            ],
            "more": len(suspects) - len(shown),
            "duplicates": [
                {
                    "title": row.kind,
                    "pictures": [
                        cut.of(row.path, f"in {row.folder or 'no folder'}"),
                        cut.of(row.other, f"in {row.other_folder or 'no folder'}"),
                    ],
                }
                for row in pairs.itertuples(index=False)
            ],
            "more_pairs": len(made.duplicates) - len(pairs),
            "aside": [
                {"kind": kind, "paths": rows.head(shown_of(len(rows), NAMED * 5)).to_list()}
                | {"more": len(rows) - shown_of(len(rows), NAMED * 5)}
                for kind in others
                if len(rows := made.tags.loc[made.tags["kind"] == kind, "path"])
            ],
            "problems": [
                (relative([str(path)], made.known.root)[0], reason)
                for path, reason in made.problems[["path", "reason"]]
                .head(NAMED * 5)
                .itertuples(index=False, name=None)
            ],
        },
    )


class _Pictures:
    """Pictures of photos, each made once."""

    def __init__(self, made: TagCheck, thumbnails: Thumbnails | None, *, wanted: bool) -> None:
        self._thumbnails = (thumbnails or Thumbnails(made.known.album)) if wanted else None
        below = relative(made.known.paths, made.known.root)
        self._file = dict(zip(below, made.known.paths, strict=True))
        self._made: dict[str, str] = {}

    def make(self, places: Sequence[str]) -> None:
        if self._thumbnails is None:
            return
        for place in dict.fromkeys(places):
            if place in self._file:
                jpeg = self._thumbnails.photo(self._file[place], size=SIDE)
                self._made[place] = data_uri(jpeg)

    def of(self, place: str, caption: str) -> dict[str, Any]:
        """Return a photo with what is said below it; without a picture where there is none."""
        return {"source": self._made.get(place), "file": place, "caption": caption}
