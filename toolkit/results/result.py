"""What a mode returns: tables to go on with, a summary that the user reads."""

from __future__ import annotations

import html
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any, ClassVar, TypeVar, cast

import numpy as np
import pandas as pd

from toolkit import __version__
from toolkit.evaluation import laterality
from toolkit.evaluation.laterality import Laterality
from toolkit.grouping import collages
from toolkit.grouping.assigners import Assigned, has_unsure, is_number, numbered_names
from toolkit.grouping.constraints import Decided
from toolkit.grouping.examples import PARTS
from toolkit.grouping.identification import Matches, References
from toolkit.grouping.linkage import Tree
from toolkit.grouping.links import Labels
from toolkit.grouping.numbering import Earlier
from toolkit.grouping.thresholds import Threshold
from toolkit.names import counted, printable, shown_of
from toolkit.photos.passed_over import LEFT_OUT, photos_of
from toolkit.records import AND, NOTE, SHOWS, Album, Clustering, Words
from toolkit.results import links
from toolkit.results.changes import Now, Reason, details, headline
from toolkit.results.export import (
    CLONE,
    COMPANION,
    HARD_LINK,
    LEFT_OVER,
    NEW,
    SYMBOLIC,
    THERE,
    by_folder,
    in_few,
    told,
)
from toolkit.results.results_folder import UNSURE, about_encoder, about_subject
from toolkit.settings import GroupingSettings, Settings

# Share of photos up to which next to nothing was found in them.
NEXT_TO_NONE = 0.02
# Why an individual has no folder.
HIDDEN = "that you hid"
IN_DOUBT = "in doubtful photos only"
NOT_SURE = "not sure who"
# What a sighting says of which nobody could be told who it is.
LITTLE = "too little (covered, turned away, dark or blurred)"
# How one photo shows one individual twice, and what follows from that.
TWO_MAY_BE_ONE = "(a collage, a mirror, a photo of a photo): there, two may be one"
# Why a photo goes to the folder of those of which it is unsure who is in them.
DOUBTFUL = "it is doubtful {words.who} is in it"

Mine = TypeVar("Mine", bound="Result")


@dataclass(frozen=True)
class NamesTaken:
    """
    What names that photos had already came to.

    Attributes
    ----------
    new, before : int
        Sightings that got such a name now, and those that had it from an earlier run.
    yours : int
        Sightings that the user named otherwise, which stays.
    alone : int
        Regions with a name that overlap no sighting.
    left : tuple of (str, str, str)
        What was not taken: photo, name, and why.
    """

    new: int = 0
    before: int = 0
    yours: int = 0
    alone: int = 0
    left: tuple[tuple[str, str, str], ...] = ()

    def told(self, words: Words, most: int = 5) -> list[str]:
        """Say it in lines to be read, `most` of which name what was not taken."""
        said = f"names from the photos: {words.count(self.new + self.before)}"
        if self.before:
            said += f", {self.new:,} of them new"
        if self.yours:
            said += f"; {self.yours:,} that you decided otherwise stay so"
        if self.alone:
            said += f"; {counted(self.alone, 'region')} without {words.a_sighting} that was found"
        lines = [said]
        if self.left:
            lines.append(f"{counted(len(self.left), 'name')} not taken:")
        shown = shown_of(len(self.left), most)
        for path, name, reason in self.left[:shown]:
            lines.append(f"    {PurePath(path).name}: {name}: {reason}")
        if len(self.left) > shown:
            lines.append(f"    and {len(self.left) - shown:,} more")
        return lines

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return {**asdict(self), "left": [list(each) for each in self.left]}


@dataclass(frozen=True, repr=False)
class Result:
    """
    What both modes return.

    Attributes
    ----------
    settings : Settings
        What the run was told.
    chosen : Threshold
        The threshold that was used, where it came from, and what it is expected to do.
    album : Album
        Every sighting, with its encoding; its `problems` are files that could not be used. Those
        that the user left out are there, and ignored.
    names : tuple of str or None
        The individual of each sighting; None for none that is known, or one that is ignored.
    plan : pandas.DataFrame
        Which photo goes where; see `toolkit.results.export.plan`. Without rows if no folder was
        named.
    seconds : dict of str to float
        "wall" is what the run took; the other entries are CPU seconds by stage, summed over
        threads.
    out : Path or None
        Where results went; None if they were not written.
    run : str
        What marks everything that was written with it; "" if nothing was.
    not_copied : tuple of (str, str)
        Photos that should have been copied and were not: path and reason.
    removed : tuple of str
        Files of an earlier run that were taken away: folder/file.
    kept : tuple of (str, str)
        Files of an earlier run that this one sorts otherwise and that were left: folder/file, and
        why.
    decided, undecided : int
        Decisions of the user that were held to, and how many of them are about sightings that are
        not in this album.
    undecided_photos : tuple of str
        The photos of the latter, as the decisions name them.
    not_seen : int
        Photos that were listed and not looked at, because it was stopped.
    recognised : int
        Photos that were known from an earlier look.
    not_reached : int
        Files of the plan that were not copied, because it was stopped.
    reasons : tuple of Reason
        The decisions, as what changed by them names them.
    changes : pandas.DataFrame or None
        What is otherwise than in the run before, of `toolkit.results.changes.compare`; None where
        there was none.
    synced : tuple of str
        What the user did in the folders of results since the run before, and what was made of it.
    clones : tuple of str
        New files that share their bytes on the disk with their photo: folder/file.
    hidden : frozenset of str
        Individuals who get no folder, as the user wants it.
    held : Decided or None
        The decisions, as rows of the album; None for a result that none was held to.
    photos_folder, known_folder : Path or None
        Where photos and references were read, so that results do not go there; None if unknown.
    names_taken : NamesTaken or None
        What names that the photos had already came to; None where they were not asked for.
    sidecars : str
        What became of the sidecars beside the copies, to be read; "" where there are none.
    taken : tuple of str
        Sentences that say what a folder was taken for, such as the result of an earlier run.
    context : pandas.DataFrame or None
        What pairs have in common with and without their surroundings; see
        `toolkit.scanning.context.context`.
    doubts : frozenset of int
        Sightings of which it is unsure who they are: `toolkit.grouping.doubtful`. Their photos go
        to a folder of their own.
    tried : pandas.DataFrame or None
        Pairs that should not look alike: first, second, distance.
    second_folders : float or None
        How many folders are expected to be a second one of an individual who has a larger one; None
        where that was not worked out, as before an export.
    """

    # The fields that a mode adds: `Assigned.details`.
    OWN: ClassVar[tuple[str, ...]] = ()

    settings: Settings
    chosen: Threshold
    album: Album
    names: tuple[str | None, ...]
    plan: pd.DataFrame
    seconds: dict[str, float] = field(default_factory=dict)
    out: Path | None = None
    run: str = ""
    not_copied: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    decided: int = 0
    undecided: int = 0
    undecided_photos: tuple[str, ...] = ()
    not_seen: int = 0
    recognised: int = 0
    not_reached: int = 0
    reasons: tuple[Reason, ...] = ()
    changes: pd.DataFrame | None = None
    synced: tuple[str, ...] = ()
    clones: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    held: Decided | None = None
    photos_folder: Path | None = None
    known_folder: Path | None = None
    names_taken: NamesTaken | None = None
    sidecars: str = ""
    taken: tuple[str, ...] = ()
    context: pd.DataFrame | None = field(default=None, repr=False)
    doubts: frozenset[int] = frozenset()
    tried: pd.DataFrame | None = field(default=None, repr=False)
    second_folders: float | None = None

    @property
    def threshold(self) -> float:
        """Encoder distance that was used."""
        return self.chosen.value

    @property
    def words(self) -> Words:
        """What its sightings and individuals are called."""
        return self.album.words

    @property
    def mode(self) -> str:
        """What made this."""
        return "result"

    @property
    def assigned(self) -> Assigned:
        """Who each sighting is, as an assigner said."""
        details = {name: getattr(self, name) for name in self.OWN}
        return Assigned(self.settings, self.names, self.chosen, details, doubts=self.doubts)

    def holding(self: Mine, assigned: Assigned, decided: Decided) -> Mine:
        """Return the result with what an assigner now says of the same album."""
        return replace(
            self,
            settings=assigned.settings,
            names=assigned.names,
            chosen=assigned.chosen,
            doubts=assigned.doubts,
            hidden=assigned.hidden(decided, self.album.words),
            held=decided,
            second_folders=None,
            **assigned.details,
        )

    @property
    def _since(self) -> list[str]:
        """What is otherwise than in the run before, a line each."""
        if self.changes is None:
            return []
        words = self.words
        first = headline(self.changes, words.individual, words.individuals)
        return [first, *details(self.changes)]

    @property
    def news(self) -> tuple[str, ...]:
        """What was done in the folders by hand, and is otherwise than in the run before."""
        return (*self.synced, *self._since)

    def lasting_name(self, row: int) -> str:
        """Return what the individual of a sighting is known by in later runs."""
        return str(self.names[row])

    @property
    def count(self) -> int:
        """How many sightings there are, without those that are ignored."""
        return len(self.album.kept)

    @property
    def problems(self) -> pd.DataFrame:
        """Files that could not be used or copied: path, stage, reason."""
        extra = pd.DataFrame(
            [(path, "copying", reason) for path, reason in self.not_copied],
            columns=["path", "stage", "reason"],
        )
        return pd.concat([self.album.problems, extra]) if len(extra) else self.album.problems

    @property
    def unusable(self) -> pd.DataFrame:
        """Files that could not be used or copied: the problems without what was left out."""
        return self.problems[self.problems["stage"] != LEFT_OUT]

    @property
    def left_out(self) -> pd.DataFrame:
        """What was passed over on purpose, such as bins, and holds photos: path, stage, reason."""
        return self.problems[self.problems["stage"] == LEFT_OUT]

    @cached_property
    def individuals(self) -> pd.DataFrame:
        """One row an individual: name, photos (files), sightings; most photos first."""
        return self._individuals.copy()

    # What follows from the names alone is worked out once: of many sightings it takes seconds.
    @cached_property
    def _individuals(self) -> pd.DataFrame:
        labels, called = pd.factorize(pd.Series(list(self.names), dtype=object))
        photos, digests = pd.factorize(self.album.sightings["photo_digest"])
        copies = self.album.photos["photo_digest"].value_counts().reindex(digests).fillna(0)
        known = labels >= 0
        # Each photo of an individual once.
        seen = np.unique(labels[known] * max(len(digests), 1) + photos[known])
        whose, photo = np.divmod(seen, max(len(digests), 1))
        files = np.bincount(whose, copies.to_numpy(dtype=np.float64)[photo], len(called))
        table = pd.DataFrame(
            {
                "name": called.to_numpy(dtype=object),
                "photos": files.astype(np.int64),
                "sightings": np.bincount(labels[known], minlength=len(called)),
            }
        )
        return table.sort_values(["photos", "name"], ascending=[False, True], ignore_index=True)

    @property
    def sightings(self) -> pd.DataFrame:
        """The album's sightings, with the name of each and whether it is ignored (1, or 0)."""
        table = self.album.sightings.copy()
        table.insert(0, "name", pd.Series(list(self.names), dtype=object, index=table.index))
        table = table.assign(ignored=self.album.ignored.astype("int64"))
        if not has_unsure(self.settings):
            return table
        doubtful = np.zeros(len(table), dtype=np.int64)
        doubtful[list(self.doubts)] = 1
        return table.assign(**{UNSURE: doubtful})

    @property
    def written_sightings(self) -> pd.DataFrame:
        """The sightings as a run writes them: of whom it is not sure who it is has no name."""
        table, unsure = self.sightings, self.not_sure
        numbers = {name for name in unsure if is_number(name, self.words)}
        return table.assign(name=table["name"].where(~table["name"].isin(numbers), None))

    @cached_property
    def unsorted(self) -> pd.DataFrame:
        """
        Photos that go into no individual's folder: path, why, and into which instead, or "".

        The last is there where the subject has more than one such folder.
        """
        return self._unsorted.copy()

    @cached_property
    def _unsorted(self) -> pd.DataFrame:
        digests = self.album.sightings["photo_digest"]
        few, without = self._few, self._without_folder
        named = pd.Series(list(self.names), dtype=object, index=digests.index)
        doubtful = np.zeros(len(digests), dtype=np.bool_)
        doubtful[list(self.doubts)] = True
        known = set(digests[named.notna() & ~named.isin(list(without)) & ~doubtful])
        unsure = set(digests[doubtful])
        # Who is in a photo and has no folder, as the reason says it.
        aside_in = {
            reason: set(digests[named.isin(list(who))])
            for reason, who in ((self._in_few, few), (HIDDEN, self._hidden_here - few))
        }
        seen = set(digests.iloc[self.album.kept])
        aside = ~self.album.photos["photo_digest"].isin(list(known))
        rest, ignored = self.album.photos[aside], self._ignored_in[aside]
        strangers, shown = self._strangers, self._shown_alone
        reasons = [
            (self._in_doubt if digest in unsure else "")
            or self._why_aside([why for why, those in aside_in.items() if digest in those])
            or (strangers if digest in seen else "")
            or shown.get(digest)
            or _why_none(self.words, left_out > 0, by_hand > 0)
            for digest, left_out, by_hand in zip(
                rest["photo_digest"], rest["left_out"], ignored, strict=True
            )
        ]
        table = pd.DataFrame({"path": rest["path"].to_list(), "reason": reasons})
        several = self.settings.aside or (self.settings.unsure and has_unsure(self.settings))
        if not several or (self.settings.unsure_by_worth and not self.doubts):
            return table
        usual, goes = self.settings.unsorted, self.aside
        return table.assign(
            folder=[
                self.settings.unsure if digest in unsure else usual and goes.get(digest, usual)
                for digest in rest["photo_digest"]
            ]
        )

    @cached_property
    def shown_twice(self) -> tuple[str, ...]:
        """The photos that show pictures, in which two sightings may be one individual."""
        if not self.settings.one_per_photo:
            return ()
        photo_of, paths = self.album.photo_of, self.album.sightings["path"].to_numpy(dtype=object)
        pictures = collages.photos(self.album)
        first = [int(np.flatnonzero(photo_of == each)[0]) for each in pictures]
        return tuple(str(paths[row]) for row in first)

    @property
    def seen_twice(self) -> str:
        """Say how many photos show one individual twice; "" for none."""
        if not (pictures := self.shown_twice):
            return ""
        show = "shows" if len(pictures) == 1 else "show"
        return f"{counted(len(pictures), 'photo')} {show} one {self.words.individual} twice"

    @property
    def shows(self) -> dict[str, int]:
        """How many photos show what, as far as the detector said it; files of one count once."""
        photos = self.album.photos.drop_duplicates("photo_digest")
        told = photos[SHOWS].astype(str) if SHOWS in photos else pd.Series(dtype=str)
        kinds = Counter(kind for each in told for kind in each.split(AND) if kind)
        order = (self.album.subject.name, *self.settings.aside)
        return {
            kind: kinds[kind] for kind in (*order, *sorted(kinds - Counter(order))) if kinds[kind]
        }

    @property
    def next_to_none(self) -> bool:
        """Whether next to none of the photos shows the subject."""
        photos = self.album.photos["photo_digest"].nunique()
        return self.album.sightings["photo_digest"].nunique() <= NEXT_TO_NONE * photos > 0

    @property
    def in_brief(self) -> list[str]:
        """Say, each in a few words, what the summary line of a panel has beside its counts."""
        parts = []
        if little := len(self.too_little):
            parts.append(f"{NOT_SURE}: {self.words.count(little)}")
        return [*parts, *filter(None, (self.seen_twice, self.kept_apart))]

    @property
    def in_no_folder(self) -> int:
        """How many photos go into no individual's folder, nor into that of the unsure."""
        table = self._unsorted
        if not self.too_little or "folder" not in table:
            return len(table)
        return int((table["folder"] != self.settings.unsure).sum())

    @property
    def kept_apart(self) -> str:
        """Say how many photos show something else than the subject, or nothing; "" for none."""
        kinds = {kind: n for kind, n in self.shows.items() if kind != self.album.subject.name}
        parts = [f"{kind} ({counted(n, 'photo')})" for kind, n in kinds.items()]
        return f"kept apart: {', '.join(parts)}" if parts else ""

    @property
    def aside(self) -> dict[str, str]:
        """What the folder is called that each photo without the subject goes to, by digest."""
        return {
            digest: kind
            for digest, told in self._told_alone.items()
            if (kind := next((each for each in self.settings.aside if each in told), ""))
        }

    @cached_property
    def _told_alone(self) -> dict[str, list[str]]:
        """What each photo shows that does not show the subject, where it was said."""
        photos, own = self.album.photos, self.album.subject.name
        if SHOWS not in photos:
            return {}
        told = zip(photos["photo_digest"], photos[SHOWS].astype(str), strict=True)
        return {
            digest: kinds for digest, text in told if text and own not in (kinds := text.split(AND))
        }

    @property
    def _shown_alone(self) -> dict[str, str]:
        """Why each of them is in no individual's folder."""
        return {
            digest: " and ".join(kinds)
            for digest, kinds in self._told_alone.items()
            if set(kinds) <= set(self.settings.aside)
        }

    def about(self) -> dict[str, Any]:
        """Return what ``run.json`` says of a run, beside its files."""
        return {
            "version": __version__,
            "mode": self.mode,
            "threshold": self.threshold,
            "threshold_automatic": self.chosen.automatic,
            "expected_wrong": self.chosen.expected_wrong,
            **about_subject(self.album.subject),
            **about_encoder(self.album.encoder),
            "settings": self.settings.as_dict(),
            "not_seen": self.not_seen,
            "decisions": [reason.mark for reason in self.reasons],
            "hidden": sorted(self.hidden),
            **({"taken": list(self.taken)} if self.taken else {}),
        }

    @property
    def now(self) -> Now:
        """What is compared with the run before."""
        return Now(
            *(self.album, self.names, None, self.threshold),
            *(self.settings.as_dict(), self.reasons, self.hidden),
            *(self.aside, self.settings.unsure, self.doubts),
        )

    @property
    def looks(self) -> dict[str, int]:
        """How many photos were known from earlier, and how many were looked at."""
        return {
            "known": self.recognised,
            "looked_at": len(self.album.photos) - self.recognised,
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the counts and the settings as plain values, for JSON."""
        states = self._photos_planned["state"].value_counts().to_dict()
        return {
            "mode": self.mode,
            "photos": len(self.album.photos),
            "sightings": self.count,
            "people": {
                str(name): int(photos)
                for name, photos in zip(
                    self.individuals["name"], self.individuals["photos"], strict=True
                )
            },
            "left_out": self._left_out,
            "ignored": self._ignored,
            "not_seen": self.not_seen,
            "looks": self.looks,
            "taken": list(self.taken),
            "not_reached": self.not_reached,
            "decisions": self.decided,
            "decisions_not_here": self.undecided,
            "decisions_unclear": self.unclear,
            "names_taken": None if self.names_taken is None else self.names_taken.as_dict(),
            "photos_with_nobody": len(self.unsorted),
            "photos_with_one_twice": len(self.shown_twice),
            **({"shows": self.shows} if self.shows else {}),
            **({"unsure": len(self.doubts)} if has_unsure(self.settings) else {}),
            "without_folder": sorted(self._without_folder),
            "problems": len(self.problems) - len(self.left_out),
            "passed_over": sum(map(photos_of, self.left_out["reason"])),
            "copies": len(self._made),
            "clones": len(self.clones),
            "companions": len(self._companions),
            "already_there": int(states.get(THERE, 0)),
            "left_over": int(states.get(LEFT_OVER, 0)),
            "run": self.run,
            "finished": self.finished,
            "not_copied": len(self.not_copied),
            "hidden": sorted(self.hidden),
            "synced": list(self.synced),
            "changes": (
                None
                if self.changes is None
                else {kind: int(n) for kind, n in self.changes["change"].value_counts().items()}
            ),
            "removed": list(self.removed),
            "kept": [list(each) for each in self.kept],
            "bytes": int(self._made["bytes"].sum()),
            "out": None if self.out is None else str(self.out),
            "threshold": self.threshold,
            "threshold_automatic": self.chosen.automatic,
            "threshold_why": self.chosen.why,
            "expected_wrong": self.chosen.expected_wrong,
            "encoder": self.album.encoder.name,
            "encoder_weights": self.album.encoder.weights_digest,
            "settings": self.settings.as_dict(),
            "seconds": {stage: round(value, 3) for stage, value in self.seconds.items()},
        }

    @property
    def finished(self) -> bool:
        """Whether every photo is where the plan wants it."""
        return self.out is not None and not self.not_copied and not self.not_reached

    @cached_property
    def _few(self) -> frozenset[str]:
        """Who is in too few photos for a folder."""
        return in_few(self.album, self.names, self.settings.min_photos)

    @cached_property
    def _hidden_here(self) -> frozenset[str]:
        return self.hidden & set(filter(None, self.names)) if self.hidden else self.hidden

    @cached_property
    def _doubtful_only(self) -> frozenset[str]:
        """Who is only in photos that are doubtful."""
        if not self.doubts:
            return frozenset()
        sure = {name for row, name in enumerate(self.names) if row not in self.doubts}
        return frozenset(filter(None, self.names)) - sure

    @cached_property
    def _without_folder(self) -> frozenset[str]:
        """Who has no folder, for whatever reason."""
        return self._few | self._hidden_here | self._doubtful_only

    @property
    def too_little(self) -> frozenset[int]:
        """The sightings that say too little to tell who it is, and are with nobody."""
        return self.doubts if self.settings.unsure_by_worth else frozenset()

    @cached_property
    def not_sure(self) -> frozenset[str]:
        """Those of whom there are only sightings that say too little to tell who it is."""
        return self._doubtful_only if self.too_little else frozenset()

    def why_no_folder(self, name: str) -> str:
        """Say why an individual has no folder, "" for one who has."""
        if name in self.hidden:
            return "hidden"
        if name in self.not_sure:
            return NOT_SURE
        if name in self._doubtful_only:
            return IN_DOUBT
        return self._in_few if name in self._few else ""

    @property
    def _in_few(self) -> str:
        return f"in fewer than {counted(self.settings.min_photos, 'photo')}"

    def _why_aside(self, reasons: Sequence[str]) -> str:
        """Say why a photo of individuals without a folder is in none; "" if there are none."""
        return f"only {self.words.individuals} {', or '.join(reasons)}" if reasons else ""

    @property
    def _strangers(self) -> str:
        """Why a photo with sightings goes into no folder."""
        return f"{self.words.nobody} known"

    @property
    def _in_doubt(self) -> str:
        """Why a photo goes into no folder of which it is doubtful who is in it."""
        return DOUBTFUL.format(words=self.words)

    @property
    def _left_out(self) -> int:
        return int(self.album.photos.drop_duplicates("photo_digest")["left_out"].sum())

    @property
    def _ignored_in(self) -> pd.Series:
        """How many sightings of each file are ignored, those that are gone for good too."""
        photos, digests = self.album.photos, self.album.sightings["photo_digest"]
        here = photos["photo_digest"].map(digests[self.album.ignored].value_counts())
        return here.fillna(0).astype("int64") + photos.get("ignored", 0)

    @property
    def _ignored(self) -> int:
        return int(self._ignored_in[~self.album.photos["photo_digest"].duplicated()].sum())

    @property
    def unclear(self) -> int:
        """Pairs of sightings of which it was decided that it cannot be told."""
        return 0 if self.held is None else len(self.held.unclear)

    @property
    def _decisions(self) -> str:
        return "joins"

    @property
    def _photos_planned(self) -> pd.DataFrame:
        return self.plan[self.plan["kind"] != COMPANION]

    @property
    def _companions(self) -> pd.Series:
        """Where files are, or would be, that belong to a photo and are none: folder/file."""
        wanted = self.plan[self.plan["state"].isin([NEW, THERE]) & (self.plan["kind"] == COMPANION)]
        if self.out is not None:
            wanted = wanted[~wanted["source"].isin([path for path, _ in self.not_copied])]
        return wanted["destination"]

    @property
    def _made(self) -> pd.DataFrame:
        """The rows of the plan whose photos were copied, or would be."""
        planned = self._photos_planned
        new = planned[planned["state"] == NEW]
        if self.out is None or not (self.not_copied or self.not_reached):
            return new
        # As bool even where there are none, which would be taken for no columns.
        there = new["destination"].map(lambda place: os.path.lexists(self.out / place))
        return new[there.astype(bool)]

    def __repr__(self) -> str:
        return str(self)

    def _headline(self) -> str:
        individuals = len(self._individuals) - len(self.not_sure)
        return (
            f"{counted(len(self.album.photos), 'photo')}, {self.words.count(self.count)}, "
            f"{self.words.count_individuals(individuals)} "
            f"({self.mode}, {self.seconds.get('wall', 0.0):.1f} s)"
        )

    def _passed_over(self) -> list[str]:
        """Say what was left out on purpose, so that whoever misses photos knows where they are."""
        table = self.left_out
        if not len(table):
            return []
        count = sum(map(photos_of, table["reason"]))
        lines = [f"{counted(count, 'photo')} left out (--exclude '!NAME' takes what is in NAME):"]
        shown = shown_of(len(table), 5)
        for path, reason in zip(table["path"].head(shown), table["reason"], strict=False):
            lines.append(f"    {Path(path).name}: {reason}")
        if len(table) > shown:
            lines.append(f"    and {len(table) - shown:,} more (in problems.csv)")
        return lines

    def _remarks(self) -> list[str]:
        shown = shown_of(len(self.synced), 20)
        remarks = [*self.taken, *(f"in the folders: {each}" for each in self.synced[:shown])]
        if len(self.synced) > shown:
            remarks.append(f"    and {len(self.synced) - shown:,} more")
        if (evidence := self.settings.evidence()) is not None:
            kept = self.album.sightings.iloc[self.album.kept].reset_index(drop=True)
            grouped = isinstance(self.settings, GroupingSettings)
            remarks += evidence.remarks(kept, grouped=grouped)
        if self.not_seen:
            remarks.append(f"stopped: {counted(self.not_seen, 'photo')} not looked at")
        compared = self.album.compared
        if compared is not None and compared.left:
            pairs = counted(compared.left, f"pair of {self.words.plural}", "pairs")
            remarks.append(f"stopped: {pairs} not compared, and taken for different")
        if self.recognised:
            rest = len(self.album.photos) - self.recognised
            remarks.append(f"{counted(self.recognised, 'photo')} known, {rest:,} looked at")
        remarks += [f"threshold {self.threshold:.3f}: {self.chosen.why}"]
        if self.chosen.expected_wrong is not None:
            remarks.append(
                f"expected to be wrong: {_one_in(self.chosen.expected_wrong)} {self._decisions}"
            )
        if self.second_folders is not None and (number := round(self.second_folders)):
            are = "is likely a second one" if number == 1 else "are likely second ones"
            remarks.append(
                f"about {counted(number, 'folder')} {are} of {self.words.an_individual} who has a "
                "larger one: Review asks about the likeliest first"
            )
        if self.decided:
            away = self._away() if self.undecided else ""
            open_ = f", {self.unclear:,} of them that it cannot be told" if self.unclear else ""
            remarks.append(f"{counted(self.decided, 'decision')} kept{open_}{away}")
        if self.changes is not None:
            first, *more = self._since
            remarks.append(first + (" (changes.csv)" if len(self.changes) else ""))
            remarks += [f"    {line}" for line in more]
        if self.names_taken is not None:
            remarks += self.names_taken.told(self.words)
        if self._left_out:
            remarks.append(
                f"{self.words.count(self._left_out)} too small or too blurred to be told apart"
            )
        if self.too_little:
            say = "says" if len(self.too_little) == 1 else "say"
            remarks.append(f"{self.words.count(len(self.too_little))} {say} {LITTLE}: {NOT_SURE}")
        if self._ignored:
            remarks.append(f"{self.words.count(self._ignored)} ignored, as you decided")
        if twice := self.seen_twice:
            remarks.append(f"{twice} {TWO_MAY_BE_ONE}")
        few, hidden = self._few, self._hidden_here
        doubtful = self._doubtful_only - few - hidden - self.not_sure
        for number, why in (
            *((len(few), self._in_few), (len(hidden - few), HIDDEN)),
            (len(doubtful), IN_DOUBT),
        ):
            if number:
                have = "has" if number == 1 else "have"
                who = self.words.count_individuals(number)
                remarks.append(f"{who} {why} {have} no folder")
        reasons, unknown = self._unsorted["reason"].value_counts(), self._strangers
        reasons = reasons[[not each.startswith(self._why_aside([""])) for each in reasons.index]]
        none, plural = _why_none(self.words, False, False), self.words.plural
        empty, strangers = int(reasons.get(none, 0)), int(reasons.get(unknown, 0))
        if self.kept_apart:
            remarks.append(self.kept_apart)
        if unsure := int(reasons.get(self._in_doubt, 0)):
            inside = "in it" if unsure == 1 else "in them"
            who = self.words.who
            remarks.append(f"{counted(unsure, 'photo')} of which it is doubtful {who} is {inside}")
        for reason, number in reasons.items():
            if reason not in (none, unknown, self._in_doubt, *set(self._shown_alone.values())):
                remarks.append(f"{counted(int(number), 'photo')} with {reason}")
        if empty:
            remarks.append(f"no {self.words.singular} was found in {counted(empty, 'photo')}")
        if self.settings.none_found and self.next_to_none:
            remarks.append(f"next to no {self.words.singular}: {self.settings.none_found}")
        if strangers:
            remarks.append(f"{counted(strangers, 'photo')} with {plural} of {unknown}")
        problems = self.unusable
        if len(problems):
            remarks.append(f"{counted(len(problems), 'file')} could not be used:")
            shown = shown_of(len(problems), 5)
            for path, reason in zip(problems["path"].head(shown), problems["reason"], strict=False):
                remarks.append(f"    {Path(path).name}: {reason}")
            if len(problems) > shown:
                remarks.append(f"    and {len(problems) - shown} more (in problems.csv)")
        remarks += self._passed_over()
        remarks += self._notes()
        states = self._photos_planned["state"].value_counts()
        new, there = len(self._made), int(states.get(THERE, 0))
        if len(self.plan):
            made = self._counted(new)
            also = f"; {there} there already" if there else ""
            if len(along := self._companions):
                kinds = along.map(lambda place: PurePath(place).suffix[1:].upper()).value_counts()
                said = ", ".join(f"{kind} ({n:,})" for kind, n in sorted(kinds.items()))
                go = "goes" if len(along) == 1 else "go"
                remarks.append(f"{counted(len(along), 'file')} beside them {go} along: {said}")
            if self.settings.unsorted and (nobodys := self._in_unsorted):
                folders = list(dict.fromkeys(place.partition("/")[0] for place in nobodys))
                where = folders[0] if len(folders) == 1 else by_folder(nobodys)
                one = "folder" if len(folders) == 1 else "folders"
                remarks.append(
                    f"{counted(len(nobodys), 'photo')} in {self.words.nobody}'s {one}: {where}"
                )
            if self.out is None:
                remarks.append(f"a run would make {made}{also}")
                going = self.plan["destination"][self.plan["state"] == LEFT_OVER]
                if len(going):
                    remarks.append(
                        f"{counted(len(going), 'file')} of an earlier run would be removed: "
                        f"{by_folder(list(going))}"
                    )
            else:
                failed = f"; {len(self.not_copied):,} FAILED" if self.not_copied else ""
                remarks.append(f"{made} made{also}{failed}; the folders are in {self.out}")
            if self.not_reached:
                remarks.append(
                    f"stopped: {counted(self.not_reached, 'file')} not copied yet; do it again to "
                    "go on"
                )
        if self.sidecars:
            remarks.append(self.sidecars)
        return remarks + told(self.removed, self.kept)

    def _notes(self) -> list[str]:
        """Say which photos were not read as they should have been, and how."""
        photos = self.album.photos
        if NOTE not in photos:
            return []
        noted = photos[photos[NOTE].astype(str) != ""]
        if not len(noted):
            return []
        shown = shown_of(len(noted), 5)
        lines = [f"{counted(len(noted), 'photo')} could be read in part only:"]
        for path, note in zip(noted["path"].head(shown), noted[NOTE], strict=False):
            lines.append(f"    {Path(path).name}: {note}")
        if len(noted) > shown:
            lines.append(f"    and {len(noted) - shown} more (the column note of photos.csv)")
        return lines

    @property
    def _in_unsorted(self) -> list[str]:
        """What of the plan goes into the folder of those that are in no other."""
        planned = self._photos_planned
        wanted = planned[planned["state"].isin([NEW, THERE]) & planned["name"].isna()]
        return list(wanted["destination"])

    def _counted(self, new: int) -> str:
        """Say what was made, or would be."""
        link, clones = self.settings.link, len(self.clones)
        if link in (SYMBOLIC, HARD_LINK):
            return counted(new, f"{link} link")
        rest = self._made[~self._made["destination"].isin(self.clones)]
        size = f"{rest['bytes'].sum() / 1e6:.1f} MB"
        if link == CLONE and self.out is None:
            return f"{counted(new, 'clone')}, or copies ({size}) where there can be none"
        copies = f"{counted(new - clones, 'copy', 'copies')} ({size})"
        if link != CLONE:
            return copies
        return f"{counted(clones, 'clone')}, {copies}" if new > clones else counted(new, "clone")

    def _away(self) -> str:
        """Say which decisions are about what is not here: kept, and not applied."""
        files = list(dict.fromkeys(PurePath(path).name for path in self.undecided_photos))
        shown = shown_of(len(files), 3)
        more = f" and {len(files) - shown} more" if len(files) > shown else ""
        where = (
            f" ({', '.join(files[:shown])}{more}: gone, or another picture now)" if files else ""
        )
        return f"; {self.undecided:,} about {self.words.plural} that are not here{where}"

    def __str__(self) -> str:
        lines = [self._headline(), ""]
        individuals = self.individuals
        individuals = individuals[~individuals["name"].isin(list(self._without_folder))]
        if len(individuals):
            shown = shown_of(len(individuals), 30)
            width = max(len(str(name)) for name in individuals["name"].head(shown))
            for name, photos in zip(
                individuals["name"].head(shown), individuals["photos"].head(shown), strict=True
            ):
                lines.append(f"  {printable(str(name)):<{width}}  {counted(int(photos), 'photo')}")
            if len(individuals) > shown:
                lines.append(f"  and {len(individuals) - shown} more")
            lines.append("")
        return "\n".join(lines + [printable(remark) for remark in self._remarks()])

    def _repr_html_(self) -> str:
        individuals = self.individuals
        individuals = individuals[~individuals["name"].isin(list(self.not_sure))]
        rows = "".join(
            f"<tr><td>{html.escape(printable(str(name)))}</td><td>{photos}</td><td>{count}</td></tr>"
            for name, photos, count in individuals.head(30).itertuples(index=False)
        )
        remarks = "".join(
            f"<li>{html.escape(printable(remark.strip()))}</li>" for remark in self._remarks()
        )
        return (
            f"<p><b>{html.escape(self._headline())}</b></p>"
            f"<table><thead><tr><th>{self.words.individual}</th><th>photos</th>"
            f"<th>{self.words.plural}</th></tr></thead>"
            f"<tbody>{rows}</tbody></table><ul>{remarks}</ul>"
        )


@dataclass(frozen=True, repr=False)
class AutopilotResult(Result):
    """
    What autopilot returns, beside what `Result` holds.

    Attributes
    ----------
    clustering : Clustering
        The grouping: ``clustering.labels[i]`` is the individual of sighting i, -1 where it is
        ignored.
    tree : Tree or None
        All joins: ``tree.cut(threshold)`` is the grouping at another threshold, at once. None for
        other methods than `average`.
    numbers : numpy.ndarray
        Shape (n,), int64: the number of each sighting's individual, whatever it is called, the same
        in every later run; of one that is ignored, the number that it had, or 0.
    numbering : Earlier
        The numbers that individuals keep in later runs, of photos that are away as well.
    """

    OWN: ClassVar[tuple[str, ...]] = ("clustering", "tree", "numbers", "numbering")

    clustering: Clustering = field(kw_only=True)
    tree: Tree | None = field(default=None, kw_only=True)
    numbers: Labels = field(kw_only=True)
    numbering: Earlier = field(kw_only=True, repr=False)

    @property
    def mode(self) -> str:
        """What made this."""
        return "autopilot"

    def about(self) -> dict[str, Any]:
        """Return what ``run.json`` says of a run, beside its files."""
        last = {"last_number": self.numbering.last}
        return {**super().about(), "grouped_by": self.clustering.method, **last}

    def lasting_name(self, row: int) -> str:
        """Return what the individual of a sighting is known by in later runs: its number."""
        return str(numbered_names(self.numbers[[row]], self.words)[0])

    @property
    def now(self) -> Now:
        """What is compared with the run before: individuals are known by their numbers."""
        return replace(super().now, numbers=self.numbers)

    @property
    def sightings(self) -> pd.DataFrame:
        """The album's sightings, each with its name, and the number of its individual (or 0)."""
        table = super().sightings
        table.insert(1, "number", self.numbers)
        return table

    @cached_property
    def links(self) -> pd.DataFrame | None:
        """What holds each individual together, see `links.links`; None where vectors say it."""
        if self.album.compared is None:
            return None
        settings = cast(GroupingSettings, self.settings)
        labels = self.clustering.labels
        return links.links(self.album, labels, self.names, settings, self.held, self.context)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts and the settings as plain values, for JSON."""
        told = {**super().as_dict(), "grouped_by": self.clustering.method}
        if self.links is not None:
            sides = self.laterality
            told["laterality"] = None if sides is None else sides.as_dict()
            told["links"] = {
                "joins": len(self.links),
                "background": int((self.links["rests_on"] == links.BACKGROUND).sum()),
            }
        return told

    def _remarks(self) -> list[str]:
        instead = self.clustering.instead
        found = ([instead] if instead else []) + super()._remarks()
        if self.links is not None and (said := links.remark(self.links)):
            found.append(said)
        if self.laterality is not None:
            found.append(self.laterality.told())
        return found

    @property
    def laterality(self) -> Laterality | None:
        """How often opposite flanks look alike; None where no pair of them was compared."""
        return laterality.of_album(self.album, self.tried, threshold=self.threshold)


@dataclass(frozen=True, repr=False)
class PointAndShootResult(Result):
    """
    What point-and-shoot returns, beside what `Result` holds.

    Attributes
    ----------
    matches : Matches
        Who each sighting is, at what distance, and how far the next individual is.
    references : References
        The known individuals; its `problems` are reference photos that could not serve.
    """

    OWN: ClassVar[tuple[str, ...]] = ("matches", "references")

    matches: Matches = field(kw_only=True)
    references: References = field(kw_only=True)

    @property
    def mode(self) -> str:
        """What made this."""
        return "point-and-shoot"

    def about(self) -> dict[str, Any]:
        """Return what ``run.json`` says of a run, beside its files."""
        found = self.references
        return {
            **super().about(),
            "people": list(found.names),
            **({"examples_taken": list(found.taken)} if found.taken else {}),
            **({"not_searched": list(found.not_searched)} if found.not_searched else {}),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the counts and the settings as plain values, for JSON."""
        found = self.references
        doubts = found.doubts.astype(object).where(found.doubts.notna(), None)
        return {
            **super().as_dict(),
            "examples_taken": list(found.taken),
            "examples_doubted": doubts.to_dict("records"),
            "not_found": list(self.not_found),
            "not_searched": list(found.not_searched),
        }

    @property
    def not_found(self) -> tuple[str, ...]:
        """The known individuals that were searched for, and are in no photo."""
        away = set(self.names) | set(self.references.not_searched)
        return tuple(name for name in self.references.names if name not in away)

    @property
    def _decisions(self) -> str:
        return "names"

    @property
    def problems(self) -> pd.DataFrame:
        """Files that could not be used or copied, reference photos first: path, stage, reason."""
        doubts = self.references.doubts
        said = doubts[["path", "said"]].rename(columns={"said": "reason"})
        said.insert(1, "stage", "reference")
        return _joined([self.references.problems, said, super().problems])

    @property
    def unusable(self) -> pd.DataFrame:
        """Files that could not be used or copied: the problems without remarks on examples."""
        found = _joined([self.references.problems, super().problems])
        return found[found["stage"] != LEFT_OUT]

    @property
    def sightings(self) -> pd.DataFrame:
        """The album's sightings, each with its name, distance, margin and reason."""
        about = self.matches.table[["nearest", "distance", "runner_up", "margin", "reason"]]
        return pd.concat([super().sightings, about], axis=1)

    def _remarks(self) -> list[str]:
        found, words = self.references, self.words
        extra = list(found.taken)
        if found.not_searched:
            why = f"no example photo of {words.an_individual} of that name serves"
            extra.append(f"could not be searched for ({why}): {_some(found.not_searched)}")
        if self.not_found:
            extra.append(f"in no photo: {_some(self.not_found)}")
        doubts = found.doubts
        if len(doubts):
            extra.append(f"{counted(len(doubts), 'remark')} on the example photos:")
            named, shown = self.matches.table.dropna(subset=["name"]), shown_of(len(doubts), 5)
            for path, whose, used, kind, said in zip(
                doubts["path"].head(shown),
                *(doubts[column] for column in ("name", "used", "kind", "said")),
                strict=False,
            ):
                also = ""
                if kind == PARTS and used:
                    by = named.loc[named["name"] == whose, "reference"] == path
                    here, away = words.count(int(by.sum())), int((~by).sum())
                    also = f" ({here} named {whose} by it, {away:,} by others)"
                extra.append(f"    {'/'.join(Path(path).parts[-2:])}: {said}{also}")
            if len(doubts) > shown:
                extra.append(f"    and {len(doubts) - shown} more (in problems.csv)")
        return extra + super()._remarks()


AnyResult = AutopilotResult | PointAndShootResult
# By `Settings.mode`.
RESULTS: dict[str, type[AutopilotResult] | type[PointAndShootResult]] = {
    "autopilot": AutopilotResult,
    "point-and-shoot": PointAndShootResult,
}


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables one after the other; the types of those without rows are nobody's."""
    some = [table for table in tables if len(table)] or tables[:1]
    return pd.concat(some, ignore_index=True)


def _some(names: Sequence[str], most: int = 20) -> str:
    shown = shown_of(len(names), most)
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if names[shown:] else "")


def _why_none(words: Words, left_out: bool, ignored: bool) -> str:
    """Say why a photo without a sighting has none."""
    reasons = [
        *(["that you ignored"] if ignored else []),
        *(["too small or too blurred"] if left_out else []),
    ]
    if not reasons:
        return f"no {words.singular} found"
    return f"only {words.plural} {', or '.join(reasons)}"


def _one_in(share: float) -> str:
    """Say a share in words: "1 in 40", "fewer than 1 in 1,000"."""
    if share < 0.001:
        return "fewer than 1 in 1,000"
    if share > 0.4:
        return f"{share:.0%} of the"
    return f"1 in {1 / share:,.0f}"
