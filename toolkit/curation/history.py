"""A user's corrections: the newest wins, each can be taken back, and all are kept at every step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from toolkit.curation import decisions
from toolkit.curation.conflicts import settled
from toolkit.curation.decisions import Decision
from toolkit.curation.edits import (
    Gesture,
    Names,
    called,
    central,
    cleaned,
    different,
    ignore,
    merge,
    name,
    not_this_individual,
    same,
    split,
    unclear,
)
from toolkit.curation.questions import Question
from toolkit.errors import BadFolder
from toolkit.files import read_regular, reason_of
from toolkit.locks import deciding
from toolkit.records import Album

__all__ = [
    "Corrections",
    "Gesture",
    "answer",
    "called",
    "central",
    "cleaned",
    "different",
    "ignore",
    "merge",
    "name",
    "not_this_individual",
    "same",
    "split",
    "unclear",
]

Made = tuple[Decision, ...]


def answer(album: Album, names: Names, question: Question, *, one: bool) -> Gesture:
    """Answer a question: its two sightings are one individual, or they are two."""
    made = same if one else different
    return made(album, names, question.first, question.second)


@dataclass(frozen=True)
class _Step:
    gesture: Gesture
    before: Made
    after: Made
    said: str


class Corrections:
    """
    What a user decided, step by step, over one folder of results or before there is one.

    Once there is a folder, each step is in its ``decisions.csv``, on the disk, before the method
    returns. That table is read anew for each: what others put there meanwhile counts and is kept,
    in steps and in taking them back, and nothing else writes it between (`toolkit.locks.deciding`).
    If it is gone, it is written anew.

    Parameters
    ----------
    album : Album
        All sightings, with those that are left out by decision.
    out : Path, optional
        A folder of results, whose decisions are taken up.

    Attributes
    ----------
    album : Album
        The same; may be set to that of a new scan.
    out : Path or None
        The folder.
    decisions : tuple of Decision
        All of them, in the order in which they were made.
    last : str
        The last step, to be read: "Anna and person_007 are one"; at first empty.
    """

    def __init__(self, album: Album, out: Path | None = None) -> None:
        self.album = album
        self.out: Path | None = None
        self.decisions: Made = ()
        self.last = ""
        self._steps: list[_Step] = []
        self._kept: bytes | None = None
        if out is not None:
            self.keep_in(out)

    @property
    def can_undo(self) -> bool:
        """Whether there is anything to take back, of this session or of an earlier one."""
        return bool(self._steps or self.decisions)

    def add(self, gesture: Gesture) -> Made:
        """
        Take a gesture in; what it contradicts is taken back.

        Returns
        -------
        tuple of Decision
            The earlier decisions that were taken back.

        Raises
        ------
        BadSetting
            If the table was changed so that it cannot be read, or contradicts itself.
        BadFolder
            If it cannot be written. In both cases nothing has changed.
        """
        with self._deciding():
            before = self._current()
            decisions.apply(before, self.album)
            step = self._step(gesture, before)
            self._write(step.after)
        self._steps.append(step)
        self.last = step.said
        after = set(step.after)
        return tuple(each for each in before if each not in after)

    def undo(self) -> str:
        """
        Take the last step back, with what it took back; then decisions of earlier sessions, singly.

        Returns
        -------
        str
            What was taken back, to be read; empty where there was nothing.

        Raises
        ------
        BadSetting, BadFolder
            As `add`.
        """
        with self._deciding():
            current = self._current()
            if not (self._steps or current):
                return ""
            said = (
                self._steps[-1].said
                if self._steps
                else decisions.told(current[-1], self.album.words)
            )
            self._write(self._undone(current))
        self._steps = self._steps[:-1]
        self.last = f"Taken back: {said}"
        return said

    def tried(self, gesture: Gesture) -> Made:
        """Return what would count after `add`; nothing is written. Raises as that does."""
        before = self._current()
        decisions.apply(before, self.album)
        return self._step(gesture, before).after

    def undone(self) -> Made:
        """Return what would count after `undo`; nothing is written. Raises as that does."""
        return self._undone(self._current())

    def _undone(self, current: Made) -> Made:
        if self._steps:
            step = self._steps[-1]
            return step.before if current == step.after else self._without(step, current)
        # Of hand-written lines, an earlier one may count again, and contradict others.
        return settled(current[:-1], (), self.album) if current else ()

    def keep_in(self, out: Path) -> None:
        """
        Write all steps into a folder of results from now on; its decisions come first, and stay.

        The folder is made when there is something to write. Steps of this session count as made
        after the folder's decisions, so taking them back leaves the folder's as they were.

        Raises
        ------
        BadSetting, BadFolder
            As `add`.
        """
        if out == self.out:
            with self._deciding():
                # Somebody else may have decided, in the folders too.
                self.decisions = self._current()
            return
        content, base = _read(out)
        current, steps = self._joined(base)
        if current != base:
            with _made(out):
                content, base = _read(out)
                current, steps = self._joined(base)
                content = _write(out, current)
        self.out, self._kept, self._steps, self.decisions = out, content, steps, current

    def joined_with(self, out: Path) -> Made:
        """
        Return what would count after `keep_in`; nothing is written.

        Raises
        ------
        BadSetting
            As `add`.
        """
        return self._current() if out == self.out else self._joined(_read(out)[1])[0]

    def _joined(self, base: Made) -> tuple[Made, list[_Step]]:
        """Put the decisions of this session, step by step, after those of a folder."""
        decisions.apply(base, self.album)
        start = self._steps[0].before if self._steps else self.decisions
        there = set(map(decisions.plain, base))
        mine = [each for each in start if decisions.plain(each) not in there]
        current = (*base, *settled(mine, base, self.album))
        steps = []
        for step in self._steps:
            steps.append(self._step(step.gesture, current))
            current = steps[-1].after
        return current, steps

    def _deciding(self) -> AbstractContextManager[None]:
        """Keep others from changing the table, where there is one, between reading and writing."""
        return nullcontext() if self.out is None else _made(self.out)

    def _step(self, gesture: Gesture, before: Made) -> _Step:
        gone = set(map(decisions.plain, gesture.gone))
        rest = tuple(each for each in before if decisions.plain(each) not in gone)
        kept = settled(rest, gesture.decisions, self.album, whole=gesture.whole)
        taken, said = len(rest) - len(kept), gesture.said
        if taken:
            said += f" (takes back {taken} earlier decision{'s' if taken > 1 else ''})"
        return _Step(gesture, before, (*kept, *gesture.decisions), said)

    def _without(self, step: _Step, current: Made) -> Made:
        """Take a step out of decisions that others changed after it; what they did goes before."""
        added = [decisions.plain(each) for each in step.gesture.decisions]
        rest: list[Decision] = []
        for each in reversed(current):
            if decisions.plain(each) in added:
                added.remove(decisions.plain(each))
            else:
                rest.insert(0, each)
        there = set(map(decisions.plain, [*rest, *step.after]))
        back = [each for each in step.before if decisions.plain(each) not in there]
        return (*settled(back, rest, self.album), *rest)

    def _current(self) -> Made:
        """Return the decisions as they are now, also where somebody else changed them."""
        if self.out is None:
            return self.decisions
        content, made = _read(self.out)
        return self.decisions if content in (None, self._kept) else made

    def _write(self, made: Made) -> None:
        if self.out is not None:
            self._kept = _write(self.out, made)
        self.decisions = made


def _read(out: Path) -> tuple[bytes | None, Made]:
    content = None
    # What is there and cannot be read is refused by `decisions.read`, in words.
    with suppress(OSError, ValueError):
        content = read_regular(out / decisions.FILE, most=decisions.LARGEST)
    return content, decisions.read(out)


@contextmanager
def _made(out: Path) -> Iterator[None]:
    """Hold the decisions of a folder, which is made where it is missing."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadFolder(
            f"{out} cannot be made: {reason_of(error)}. Choose another folder."
        ) from error
    with deciding(out):
        yield


def _write(out: Path, made: Made) -> bytes:
    decisions.write(out, made)
    # They are on the disk: where they cannot be read back now, they are when they are next needed.
    with suppress(OSError):
        return read_regular(out / decisions.FILE, most=decisions.LARGEST)
    return b""
