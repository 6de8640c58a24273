"""A tree of labelled folders with some photos in other folders: a plan first, then copies."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from toolkit.errors import BadFolder
from toolkit.files import digest_of, disk_errors, is_below, reason_of, sweep
from toolkit.names import counted, folded, numbered, printable
from toolkit.photos.companions import renamed
from toolkit.photos.listing import Listing, find
from toolkit.results import export, exporting, tag_check, tag_decisions
from toolkit.results.export import COMPANION, LEFT_OVER, NEW, PHOTO, PLAN_COLUMNS, THERE
from toolkit.tables import BadTable, read_table, write_table

PLAN = "plan.csv"
LARGEST = 1 << 28
# What a row of a plan says besides: where the photo was in the tree that was checked.
COLUMNS = (*PLAN_COLUMNS, "was")
# Why a photo is not taken away where another one would be put, or an older copy left.
CHANGED, LAST = "changed since it was put there", "its photo is not what it was"

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Corrected:
    """
    What became of a plan.

    Attributes
    ----------
    out : Path
        The folder of the corrected tree.
    plan : pandas.DataFrame
        What was planned.
    not_copied : tuple of (str, str)
        Photos that could not be copied, and why.
    removed : tuple of str
        Places of an earlier plan whose files were taken away.
    kept : tuple of (str, str)
        Places of an earlier plan that are wanted no more and were left, and why.
    not_reached : int
        Files that were not tried, because it was stopped.
    made : bool
        Whether anything was written; not so after a dry run.
    """

    out: Path
    plan: pd.DataFrame
    not_copied: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    not_reached: int = 0
    made: bool = True

    @property
    def moved(self) -> pd.DataFrame:
        """The rows of the plan whose photo has another folder than it was in."""
        photos = self.plan[(self.plan["kind"] == PHOTO) & (self.plan["state"] != LEFT_OVER)]
        before = photos["was"].map(lambda place: place.rpartition("/")[0])
        return photos[before != photos["folder"]]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        shown = ["was", "destination", "state"]
        return {
            "out": str(self.out),
            "made": self.made,
            "photos": int(self._photos),
            "moved": self.moved[shown].to_dict("records"),
            "not_copied": [list(each) for each in self.not_copied],
            "removed": list(self.removed),
            "kept": [list(each) for each in self.kept],
            "not_reached": self.not_reached,
        }

    @property
    def _photos(self) -> int:
        wanted = self.plan["state"].isin([NEW, THERE])
        return int((wanted & (self.plan["kind"] == PHOTO)).sum())

    def __str__(self) -> str:
        moved = self.moved
        verb = "in" if self.made else "would be in"
        lines = [
            f"{counted(self._photos, 'photo')} {verb} {self.out}, {len(moved):,} of them in "
            "another folder than before; your photos stay as they are",
            *(
                f"  {was} -> {place}"
                for was, place in zip(moved["was"], moved["destination"], strict=True)
            ),
        ]
        if self.removed:
            gone = counted(len(self.removed), "copy", "copies")
            lines.append(f"{gone} of an earlier plan taken away")
        lines += [f"left, as {why}: {place}" for place, why in self.kept]
        if self.not_reached:
            files = counted(self.not_reached, "file")
            lines.append(f"stopped: {files} not tried; do it again to go on")
        return "\n".join(printable(line) for line in lines)


def correct(
    root: Path,
    decisions: Path,
    out: Path,
    *,
    link: str | None = None,
    dry_run: bool = False,
    exclude: Sequence[str] = (),
    videos: bool = False,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Corrected:
    """
    Write a tree as decisions correct it into ``OUT/corrected``; the tree itself is only read.

    Parameters
    ----------
    root : Path
        The tree that was checked.
    decisions : Path
        The table of decisions; see `toolkit.results.tag_decisions.read`.
    out : Path
        The folder of what was found.
    link : {"symbolic", "hard", "clone"} or None
        What to make instead of copies.
    dry_run : bool
        Plan it, and write nothing.
    exclude, videos
        As for `toolkit.photos.listing.find`: what was passed over when the tree was checked is no
        part of the corrected one, either.
    progress, stop
        As of `apply`.

    Raises
    ------
    BadFolder
        If a folder cannot be used.
    BadSetting
        If a line of the decisions cannot be understood, which it names.
    """
    listing = find(root, exclude=exclude, videos=videos)
    if not listing.photos:
        raise BadFolder(f"{root} holds no photo; expected the folders that were checked.")
    tag_check.require_apart(out, root)
    photos = [path.relative_to(root).as_posix() for path in listing.photos]
    made = tag_decisions.read(decisions, photos, tag_decisions.folders_of(photos))
    target = out / tag_check.CORRECTED
    if dry_run:
        require_own(target)
        planned = plan(root, listing, tag_decisions.moves(made), target, link=link)
        return Corrected(target, planned, made=False)
    with exporting.alone_in(out, "check-tags --apply"):
        require_own(target)
        planned = plan(root, listing, tag_decisions.moves(made), target, link=link)
        return apply(planned, target, link=link, progress=progress, stop=stop)


def plan(
    root: Path, listing: Listing, moves: Mapping[str, str], out: Path, *, link: str | None = None
) -> pd.DataFrame:
    """
    Say which photo of a tree goes where, without writing anything.

    Each photo, with what lies beside it and belongs to it, keeps its place in the tree, or its name
    in the folder it is moved to; where that is taken, it gets " (2)".

    Parameters
    ----------
    root : Path
        The tree.
    listing : Listing
        Its photos.
    moves : mapping of str to str
        The new folder of photos, both below `root` with forward slashes.
    out : Path
        Where the corrected tree goes.
    link : {"symbolic", "hard", "clone"} or None
        What will be made instead of copies.

    Returns
    -------
    pandas.DataFrame
        One row a file, with the columns of `toolkit.results.export.plan`: name and folder are the
        folder in the tree; and was: its place in `root`. "left over" are files that an earlier plan
        put there.
    """
    places = {path: path.relative_to(root).as_posix() for path in listing.photos}
    # Those that stay come first, so that a photo that is moved takes no name of theirs.
    order = sorted(listing.photos, key=lambda path: places[path] in moves)
    used: set[str] = set()
    rows: dict[Path, list[tuple[object, ...]]] = {}
    for path in order:
        was = places[path]
        folder = moves.get(was, was.rpartition("/")[0])
        beside = listing.companions.get(path, ())
        number = 1
        while True:
            name = numbered(path.name, number)
            names = [name, *(renamed(each.name, path.name, name) for each in beside)]
            targets = [f"{folder}/{each}" if folder else each for each in names]
            number += 1
            if not {folded(each) for each in targets} & used:
                break
        used.update(map(folded, targets))
        rows[path] = [
            _row(file, folder, target, root, out, kind, link)
            for file, target, kind in zip(
                [path, *beside], targets, [PHOTO, *[COMPANION] * len(beside)], strict=True
            )
        ]
    every = [row for path in listing.photos for row in rows[path]]
    wanted = {folded(str(row[3])) for row in every}
    every += [row for row in _earlier(out, root) if folded(str(row[3])) not in wanted]
    return pd.DataFrame(every, columns=list(COLUMNS))


def _row(
    file: Path, folder: str, target: str, root: Path, out: Path, kind: str, link: str | None
) -> tuple[object, ...]:
    digest = size = None
    # One that cannot be read fails when it is copied, and says so.
    with contextlib.suppress(OSError):
        digest, size = digest_of(file), file.stat().st_size
    there = export.holds(out / target, export.mark_of(file, digest or "", link=link))
    state = THERE if there and _is_inside(out, target) else NEW
    was = file.relative_to(root).as_posix()
    return folder, folder, str(file), target, digest or "", size or 0, state, kind, was


def _earlier(out: Path, root: Path) -> list[tuple[object, ...]]:
    """Return what an earlier plan put into a folder and is there yet."""
    if not os.path.lexists(out / PLAN):
        return []
    try:
        table = read_table(out / PLAN, COLUMNS, most=LARGEST)
    except BadTable as error:
        raise BadFolder(
            f"{out / PLAN} cannot be read as a plan: {printable(str(error))}. Bring it back as it "
            "was, or choose a new folder."
        ) from error
    found: list[tuple[object, ...]] = []
    for row in table[list(COLUMNS)].itertuples(index=False, name=None):
        place = str(row[3])
        below = is_below(f"x/{place}", deeper=True)
        if below and _is_inside(out, place) and os.path.lexists(out / place):
            found.append((*row[:3], place, row[4], 0, LEFT_OVER, *row[7:]))
    return found


def apply(
    planned: pd.DataFrame,
    out: Path,
    *,
    link: str | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> Corrected:
    """
    Carry out a plan, overwriting nothing; the plan stands in ``plan.csv`` of the new tree.

    A copy is compared with what was planned before it has its name, so that a run that was cut off
    is gone on with by doing it again. Nobody else may write into `out` meanwhile.

    Parameters
    ----------
    planned : pandas.DataFrame
        What `plan` returned for the same `out`.
    out : Path
        Where the corrected tree goes; made where it is missing.
    link : {"symbolic", "hard", "clone"} or None
        What to make instead of copies.
    progress : callable, optional
        Called with the number done, the total, and the place just done.
    stop : callable, optional
        Asked before each file.

    Raises
    ------
    BadFolder
        If it cannot be written, or holds something that this program did not put there.
    """
    require_own(out)
    todo = planned[planned["state"] == NEW]
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        sweep(out)
        if not link:
            export.check_space(out, int(todo["bytes"].sum()))
        if link == export.HARD_LINK and len(todo):
            export.require_hard_links(out, Path(str(todo["source"].iloc[0])), write=True)
    # Before any copy, so that what a run that is cut off has put there is known as its own.
    write_table(planned, out / PLAN)
    failed: list[tuple[str, str]] = []
    rows = zip(todo["source"], todo["destination"], todo["digest"], strict=True)
    for done, (source, place, digest) in enumerate(rows, start=1):
        if stop is not None and stop():
            return Corrected(out, planned, tuple(failed), not_reached=len(todo) - done + 1)
        try:
            _make_folders(out, place, Path(source))
            export.put(Path(source), out / place, digest, link=link)
        except OSError as error:
            if error.errno in export.FATAL:
                raise BadFolder(f"{out} cannot be written: {reason_of(error)}") from error
            failed.append((source, f"could not be copied to {place}: {reason_of(error)}"))
        if progress is not None:
            progress(done, len(todo), place)
    removed, kept = _take_away(planned, out)
    left = planned[~planned["destination"].isin(removed)]
    write_table(left, out / PLAN)
    return Corrected(out, planned, tuple(failed), tuple(removed), tuple(kept))


def require_own(out: Path) -> None:
    """Raise `BadFolder` unless a folder is missing, empty, or holds a corrected tree of ours."""
    if not os.path.lexists(out) or os.path.lexists(out / PLAN):
        return
    if not out.is_dir() or os.listdir(out):  # noqa: PTH208 - it may hold very many
        raise BadFolder(
            f"{out} is there and holds no corrected tree of this program ({PLAN}); move it away, "
            "or choose another folder."
        )


def _take_away(planned: pd.DataFrame, out: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Remove what an earlier plan put there and this one does not want; never a last copy."""
    removed: list[str] = []
    kept: list[tuple[str, str]] = []
    rows = planned[planned["state"] == LEFT_OVER]
    for source, place, digest in zip(
        rows["source"], rows["destination"], rows["digest"], strict=True
    ):
        marks = [export.mark_of(source, digest, link=way) for way in (None, export.SYMBOLIC)]
        # The plan is a file: what it calls the photo must not be what is taken away.
        here = Path(os.path.realpath(source)).is_relative_to(os.path.realpath(out))
        try:
            same = not here and digest_of(Path(source)) == digest
        except OSError:
            same = False
        if not same:
            kept.append((place, LAST))
        elif not any(export.holds(out / place, mark) for mark in marks):
            kept.append((place, CHANGED))
        else:
            with contextlib.suppress(OSError):
                (out / place).unlink()
                removed.append(place)
                for folder in PurePosixPath(place).parents[:-1]:
                    (out / folder).rmdir()
    return removed, kept


def _is_inside(out: Path, place: str) -> bool:
    """Whether every folder on the way to a place is one, and no link elsewhere."""
    here = out
    for part in PurePosixPath(place).parts[:-1]:
        here = here / part
        try:
            if not stat.S_ISDIR(here.lstat().st_mode):
                return False
        except (OSError, ValueError):
            return False
    return True


def _make_folders(out: Path, place: str, source: Path) -> None:
    """Make the folders on the way to a place, no more open than the one that a photo is in."""
    mode = stat.S_IMODE(source.parent.stat().st_mode) | 0o700
    here = out
    for part in PurePosixPath(place).parts[:-1]:
        here = here / part
        with contextlib.suppress(FileExistsError):
            here.mkdir(mode=mode)
        # Before the next one is made in it.
        if not stat.S_ISDIR(here.lstat().st_mode):
            raise OSError(f"{here} is a link or a file; expected a folder")
