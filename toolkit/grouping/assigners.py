"""
Who gives every sighting a name or none: by grouping, or by comparing with references.

Both are an `Assigner`; whoever has one need not know which. Ignored sightings are left out of the
grouping here: what is grouped are the rows that are kept, and the answer is about all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast

import numpy as np
import pandas as pd

from toolkit import memory
from toolkit.errors import BadSetting
from toolkit.grouping import (
    cluster,
    collages,
    constraints,
    corrected_tree,
    doubtful,
    identification,
    linkage,
    naming,
    neighbours,
    sparse_linkage,
    thresholds,
)
from toolkit.grouping.constraints import Decided, Lasting
from toolkit.grouping.identification import Matches, References
from toolkit.grouping.linkage import Tree
from toolkit.grouping.links import Labels, Pairs
from toolkit.grouping.neighbours import Neighbours
from toolkit.grouping.numbering import NO_EARLIER, Earlier, earlier_of, number_groups
from toolkit.grouping.sighting_finder import SightingKey
from toolkit.grouping.thresholds import Threshold
from toolkit.records import PROBLEM_COLUMNS, Album, Clustering, Words, empty_table
from toolkit.settings import ComparingSettings, GroupingSettings, Settings

# What groups when another method cannot: it needs no more than the encodings again.
INSTEAD = "online"
# Numbers that describe a sighting, where nothing is known of the encoder yet.
USUAL = 128
NO_PAIRS = np.zeros((0, 2), dtype=np.int64)


@dataclass(frozen=True)
class Assigned:
    """
    Who each sighting of an album is.

    Attributes
    ----------
    settings : Settings
        How it was found.
    names : tuple of str or None
        The individual of each sighting, n in all; None for none that is known, and for those that
        are ignored.
    chosen : Threshold
        The threshold that was used.
    details : mapping of str to object
        What else the mode's own result has (see `toolkit.results.result`): clustering, tree and
        numbers, or matches and references.
    used : tuple of Lasting
        Names decided about sightings that are away which individuals have by their numbers.
    anew : bool
        Whether individuals were numbered without any earlier numbers.
    doubts : frozenset of int
        Sightings of which it is unsure who they are (`toolkit.grouping.doubtful`), where the
        settings have a folder for their photos.
    """

    settings: Settings
    names: tuple[str | None, ...]
    chosen: Threshold
    details: Mapping[str, Any] = field(repr=False)
    used: tuple[Lasting, ...] = ()
    anew: bool = False
    doubts: frozenset[int] = frozenset()

    def hidden(self, decided: Decided, words: Words) -> frozenset[str]:
        """
        Return who is to have no folder.

        The sighting of a decision says who is meant, by the number that it had where its photo is
        away. Its individual must still have that name or number: where it is now in somebody
        else's group, that one is not meant. Where no earlier numbers are known, a number says
        nothing, and the sighting alone does.

        Parameters
        ----------
        decided : Decided
            What the user decided about the sightings.
        words : Words
            What individuals are called.
        """
        return self._hiding(decided, words)[0]

    def answered(self, decided: Decided, words: Words) -> Decided:
        """Return what was decided, less what is about sightings away and holds all the same."""
        return decided.answered((*self.used, *self._hiding(decided, words)[1]))

    def _hiding(self, decided: Decided, words: Words) -> tuple[frozenset[str], list[Lasting]]:
        """Return who is hidden, and the decisions about sightings away that have an effect."""
        asked = [each for each in decided.lasting if each.kind in ("hide", "show")]
        if not asked:
            return frozenset(), []
        meant = _Meant(self, asked, words)
        hidden: list[tuple[object, str]] = []
        used: list[Lasting] = []
        for each in asked:
            face, who = meant.face(each), meant.who(each)
            if each.kind == "hide":
                effect = who is not None
                hidden += [] if who is None else [(face, who)]
            else:
                rest = [held for held in hidden if held[0] != face and held[1] != who]
                effect, hidden = len(rest) < len(hidden), rest
            if effect and isinstance(each.whom, SightingKey):
                used.append(each)
        return frozenset(who for _, who in hidden), used


class _Meant:
    """Who is meant by decisions about individuals."""

    def __init__(self, found: Assigned, asked: Sequence[Lasting], words: Words) -> None:
        self.names = found.names
        self.numbers: Labels | None = found.details.get("numbers")
        self.away: dict[SightingKey, int | None] = {}
        self.called: dict[str, str] = {name: name for name in self.names if name is not None}
        self.numbered: Sequence[str | None] = self.names
        self.words = words
        # Nobody kept a number: what somebody had in a result that is gone is another's now.
        self.anew = found.anew
        if self.numbers is None:
            return
        self.numbered = numbered_names(self.numbers, words)
        self.called = {
            str(number): name
            for number, name in zip(self.numbered, self.names, strict=True)
            if name is not None
        }
        earlier: Earlier = found.details["numbering"]
        keys = [each.whom for each in asked if isinstance(each.whom, SightingKey)]
        self.away = dict(zip(keys, earlier.places_of(keys), strict=True))
        self.lasting = numbered_names(earlier.numbers, words)

    def face(self, each: Lasting) -> object:
        """Return what tells one sighting from others."""
        if not isinstance(each.whom, SightingKey):
            return each.whom
        place = self.away.get(each.whom)
        return (each.whom.photo, each.whom.box) if place is None else ("away", place)

    def who(self, each: Lasting) -> str | None:
        """Return what that individual is called now; None where nobody is meant."""
        if not isinstance(each.whom, SightingKey):
            name = self.names[each.whom]
            if self.anew and is_number(each.name, self.words):
                return name
            return name if each.name in (name, self.numbered[each.whom]) else None
        if self.numbers is None:
            # Of examples, or given to each sighting: the name is all that there is.
            return self.called.get(each.name)
        place = self.away[each.whom]
        number = None if place is None else self.lasting[place]
        found = None if number is None else self.called.get(number)
        return found if each.name in (found, number) else None


@dataclass(frozen=True)
class Before:
    """What was found of an album, and what was decided then."""

    found: Assigned
    album: Album
    decided: Decided


class Assigner(Protocol):
    """Gives every sighting of an album a name or none."""

    @property
    def settings(self) -> Settings:
        """How."""

    @property
    def earlier(self) -> Earlier | None:
        """The numbers that individuals had in an earlier run; None where they keep none."""

    @property
    def stage(self) -> str:
        """What its work is called among the seconds of a run."""

    @property
    def by_group(self) -> bool:
        """
        Whether individuals are groups, which can be split and merged as wholes.

        Otherwise each sighting has its name by itself.
        """

    @property
    def known(self) -> tuple[str, ...]:
        """Names that are known before any album is seen."""

    @property
    def problems(self) -> pd.DataFrame:
        """Files that it could not use: path, stage, reason."""

    def assign(self, album: Album, decided: Decided) -> Assigned:
        """
        Say who each sighting is, as far as can be told and as the user decided.

        Parameters
        ----------
        album : Album
            n sightings.
        decided : Decided
            What the user decided about them.
        """

    def recut(self, found: Assigned, album: Album, decided: Decided) -> Assigned | None:
        """
        Say the same with these settings, at once, from what others found about the same album.

        Returns
        -------
        Assigned or None
            None where it is not at once: `assign` does it then.
        """

    def follow(self, before: Before, album: Album, decided: Decided) -> Assigned | None:
        """
        Say who each sighting is by more decisions, from what was found before them.

        Returns
        -------
        Assigned or None
            None where that is no quicker than `assign`, or not the same.
        """

    def automatic(self, album: Album) -> Threshold | None:
        """Return the threshold that sets itself, where no album has to be sorted to know it."""

    def with_settings(self, settings: Settings) -> Assigner:
        """Return one that does it with other settings of the same mode."""

    def following(self, earlier: Earlier | None) -> Assigner:
        """Return one whose individuals keep the numbers that they had in an earlier run."""


@dataclass(frozen=True)
class GroupingAssigner:
    """
    Autopilot: puts sightings into groups, each of which is one individual.

    Parameters
    ----------
    settings : GroupingSettings
        Method, threshold, and whether two sightings in one photo may be one individual.
    earlier : Earlier, optional
        The numbers that individuals had in an earlier run, and keep.

    Raises
    ------
    BadSetting
        If they are of the other mode.
    """

    settings: GroupingSettings
    earlier: Earlier | None = None
    stage: str = field(default="group", init=False)
    by_group: bool = field(default=True, init=False)
    known: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        _require_mode(self.settings, GroupingSettings.mode)

    @property
    def problems(self) -> pd.DataFrame:
        """No file is needed, so none is bad."""
        return empty_table(PROBLEM_COLUMNS)

    def assign(self, album: Album, decided: Decided) -> Assigned:
        """Group the album; see `group_album`."""
        grouped = group_album(album, self.settings, decided=decided)
        return self._named(grouped, album, decided)

    def recut(self, found: Assigned, album: Album, decided: Decided) -> Assigned | None:
        """Cut the tree of joins elsewhere, where only the threshold differs and there is a tree."""
        tree: Tree | None = found.details["tree"]
        asked = self.settings
        if tree is None or replace(asked, threshold=found.settings.threshold) != found.settings:
            return None
        chosen = _cut_at(tree, asked, album)
        known = max(tree.height.max(initial=0.0), album.encoder.calibration.even)
        if tree.near is not None and chosen.value > known:
            # What is farther was not looked at.
            return None
        return self._named(_cut(tree, chosen, album), album, decided)

    def follow(self, before: Before, album: Album, decided: Decided) -> Assigned | None:
        """
        Change the tree of joins by the decisions that came, where it is of near pairs.

        Of fewer sightings all joins are made anew, which takes a moment.
        """
        tree: Tree | None = before.found.details.get("tree")
        same = before.found.settings == self.settings and before.album.sightings is album.sightings
        if tree is None or tree.near is None or not same:
            return None
        then = links_of(before.album, self.settings, before.decided)
        now = links_of(album, self.settings, decided)
        changed = corrected_tree.corrected(tree, then, now, album.ignored)
        if changed is None:
            return None
        # One that sets itself stays: elsewhere, it would part others than those decided about.
        auto = self.settings.threshold == "auto"
        chosen = before.found.chosen if auto else _cut_at(changed, self.settings, album)
        return self._named(_cut(changed, chosen, album), album, decided)

    def automatic(self, album: Album) -> Threshold | None:
        """It follows from the groups."""
        return None

    def with_settings(self, settings: Settings) -> GroupingAssigner:
        """Return one that groups with other settings."""
        return replace(self, settings=cast(GroupingSettings, settings))

    def following(self, earlier: Earlier | None) -> GroupingAssigner:
        """Return one whose individuals keep the numbers that they had."""
        return replace(self, earlier=earlier)

    def _named(self, grouped: Grouped, album: Album, decided: Decided) -> Assigned:
        found = grouped.clustering
        before, absent = (self.earlier or NO_EARLIER).within(album)
        # Who is said not to have a number takes it nowhere.
        had = numbered_names(before, album.words)
        without = [row for row, name in decided.refused if had[row] == name]
        last = max(absent.last, int(before.max(initial=0)))
        before[without] = 0
        numbers = number_groups(found.labels, before, last)
        numbered = numbered_names(np.where(found.labels < 0, 0, numbers), album.words)
        lent, used = naming.names_away(found.labels, numbers, decided, absent)
        names = naming.name_groups(found.labels, numbered, {**decided.names, **lent})
        details = {
            "clustering": found,
            "tree": grouped.tree,
            "numbers": numbers,
            "numbering": earlier_of(album, numbers, absent),
        }
        anew = self.earlier is None
        doubts: frozenset[int] = frozenset()
        if self.settings.unsure_by_worth:
            doubts = doubtful.little_in_groups(album, found.labels, decided)
        elif has_unsure(self.settings):
            inside = collages.apart(album) if self.settings.one_per_photo else NO_PAIRS
            apart = constraints.apart(decided, inside, len(album))
            doubts = doubtful.in_groups(album, found.labels, decided, apart)
        return Assigned(self.settings, names, grouped.threshold, details, used, anew, doubts)


@dataclass(frozen=True)
class ReferenceAssigner:
    """
    Point-and-shoot: compares each sighting with examples of known individuals.

    Parameters
    ----------
    references : References
        The examples.
    settings : ComparingSettings
        What is compared, and up to which distance a sighting is one of them.

    Raises
    ------
    BadSetting
        If they are of the other mode.
    """

    references: References
    settings: ComparingSettings
    earlier: None = field(default=None, init=False)
    stage: str = field(default="search", init=False)
    by_group: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        _require_mode(self.settings, ComparingSettings.mode)

    @property
    def known(self) -> tuple[str, ...]:
        """The individuals that there are examples of."""
        return self.references.names

    @property
    def problems(self) -> pd.DataFrame:
        """Example photos that could not serve: path, stage, reason."""
        return self.references.problems

    def assign(self, album: Album, decided: Decided) -> Assigned:
        """
        Match the album with the examples; see `toolkit.grouping.identification.match`.

        So are the sightings in photos that the user put into somebody's folder.
        """
        # They move no threshold: that is the one of `automatic`, whatever is put into folders.
        chosen = search_threshold(self.references, self.settings, album.words)
        shown = {row: decided.names[row] for row in sorted(decided.examples & {*decided.names})}
        references = self.references.with_sightings(album, shown)
        matches = identification.match(
            album,
            references,
            threshold=chosen.value,
            method=self.settings.method,
            one_per_photo=self.settings.one_per_photo,
        )
        found = [None if pd.isna(name) else str(name) for name in matches.table["name"]]
        return Assigned(
            self.settings,
            naming.hold_names(found, decided),
            thresholds.with_expected(chosen, matches, references),
            {"matches": matches, "references": references},
            doubts=self._doubts(album, matches, references, decided),
        )

    def _doubts(
        self, album: Album, matches: Matches, references: References, decided: Decided
    ) -> frozenset[int]:
        if self.settings.unsure_by_worth:
            return doubtful.little_in_matches(album, matches, decided)
        if has_unsure(self.settings):
            return doubtful.in_matches(matches, references, decided)
        return frozenset()

    def recut(self, found: Assigned, album: Album, decided: Decided) -> Assigned | None:
        """To compare again takes a moment anyway."""
        return None

    def follow(self, before: Before, album: Album, decided: Decided) -> Assigned | None:
        """To compare again takes a moment anyway."""
        return None

    def automatic(self, album: Album) -> Threshold | None:
        """Return the threshold that follows from the examples."""
        settings = replace(self.settings, threshold="auto")
        return search_threshold(self.references, settings, album.words)

    def with_settings(self, settings: Settings) -> ReferenceAssigner:
        """Return one that compares with the same examples in another way."""
        return replace(self, settings=cast(ComparingSettings, settings))

    def following(self, earlier: Earlier | None) -> ReferenceAssigner:
        """Names are those of the examples, whatever an earlier run found."""
        return self


@dataclass(frozen=True)
class Grouped:
    """
    An album's groups.

    Attributes
    ----------
    clustering : Clustering
        The groups.
    threshold : Threshold
        The threshold they were made with, and where it came from.
    tree : Tree or None
        All joins, from which other thresholds' groups are read at once; None for other methods
        than `average`.
    """

    clustering: Clustering
    threshold: Threshold
    tree: Tree | None


def group_album(
    album: Album,
    settings: GroupingSettings,
    *,
    decided: Decided | None = None,
) -> Grouped:
    """
    Group an album as the settings say; it takes a moment, where scanning the photos took minutes.

    Parameters
    ----------
    album : Album
        What a scan gathered.
    settings : GroupingSettings
        Method, threshold, and whether two sightings in one photo may be one individual.
    decided : Decided, optional
        What the user decided about these sightings.

    Returns
    -------
    Grouped
        By rows of the album; ignored sightings are in no group.

    Raises
    ------
    BadSetting
        If there are too many sightings for any method in the memory of this computer.

    Notes
    -----
    Where the method's tables cannot fit, `online`, which needs none, makes the groups, and
    ``clustering.instead`` says so: what was scanned is not lost.
    """
    memory.use(settings.memory, threads=settings.threads)
    part = _kept(album)
    count = len(part.rows)
    held = None if decided is None else part.within(decided)
    must, apart = links_of(part.album, settings, held)
    try:
        return part.back(_grouped(part, settings, must, apart))
    except MemoryError as error:
        why = str(error) or f"there is no memory for {album.words.count(count)}"
    if settings.method != INSTEAD:
        try:
            made = _grouped(part, replace(settings, method=INSTEAD), must, apart)
        except MemoryError as error:
            why = str(error) or why
        else:
            said = f"grouped by {INSTEAD}, not {settings.method}: {why}"
            found = replace(made, clustering=replace(made.clustering, instead=said))
            return part.back(found)
    raise BadSetting(
        f"{album.words.count(count)} are too many for the memory of this computer ({why}); "
        "sort fewer photos at a time"
    )


def links_of(
    album: Album, settings: GroupingSettings, decided: Decided | None = None
) -> tuple[Pairs, Pairs]:
    """
    Return the pairs of sightings that are one individual, and those that never are.

    By decision; by what else is known of them, such as that they are of one burst; by sharing a
    photo. A decision goes before the others.

    Parameters
    ----------
    album, settings, decided
        As for `group_album`.

    Returns
    -------
    (numpy.ndarray, numpy.ndarray)
        Shape (m, 2), int64, rows of the album.
    """
    inside = collages.apart(album) if settings.one_per_photo else NO_PAIRS
    must = NO_PAIRS if decided is None else decided.must
    cannot = inside if decided is None else constraints.apart(decided, inside, len(album))
    if (evidence := settings.evidence()) is not None:
        kept = album.kept
        sets = evidence.together(album.sightings.iloc[kept].reset_index(drop=True))
        must = constraints.with_sets(must, cannot, [kept[rows] for rows in sets], len(album))
    return must, cannot


def join_album(
    album: Album,
    *,
    must_link: Pairs | None = None,
    cannot_link: Pairs | None = None,
) -> Tree:
    """
    Return all joins of an album's sightings, without those that are ignored.

    Parameters
    ----------
    album : Album
        n sightings.
    must_link, cannot_link : numpy.ndarray, optional
        As for `toolkit.grouping.linkage.tree`, by rows of the album; pairs with an ignored sighting
        are passed over.

    Returns
    -------
    Tree
        By rows of the album.
    """
    part = _kept(album)
    tree = _joined(
        part,
        NO_PAIRS if must_link is None else part.pairs(must_link),
        NO_PAIRS if cannot_link is None else part.pairs(cannot_link),
    )
    return tree.at(part.rows, len(album))


def _joined(part: _Part, must: Pairs, cannot: Pairs, *, farthest: float = 0.0) -> Tree:
    """Join sightings by all pairs of them, or, where they are many, by near ones."""
    album = part.album
    if (near := part.near()) is None:
        return linkage.tree(album, must_link=must, cannot_link=cannot)
    return sparse_linkage.tree(
        album,
        must_link=must,
        cannot_link=cannot,
        farthest=max(farthest, album.encoder.calibration.even),
        near=near,
    )


@dataclass(frozen=True)
class _Part:
    """The sightings of an album that are kept: `rows` in the whole, `album` of them alone."""

    rows: Labels
    album: Album
    whole: Album

    @property
    def count(self) -> int:
        """How many sightings there are, with those that are ignored."""
        return len(self.whole)

    def near(self) -> Neighbours | None:
        """
        Return their near pairs, where they are many.

        They are those of the whole that are left: what is ignored, or no more, is told at once.
        """
        several = len(self.rows)
        if several == self.count or self.album.compared is not None:
            return sparse_linkage.near_of(self.album)
        near = sparse_linkage.near_of(self.whole) if sparse_linkage.are_many(several) else None
        if near is None:
            return None
        first, second = self.pairs(np.stack([near.first, near.second], axis=1)).T
        away = neighbours.of(self.album).of_pairs(first, second).astype(np.float32)
        return Neighbours(first.astype(np.int32), second.astype(np.int32), away)

    def pairs(self, pairs: Pairs) -> Pairs:
        """Return pairs of the whole by rows of the part, those that are in it."""
        place = np.full(self.count, -1, dtype=np.int64)
        place[self.rows] = np.arange(len(self.rows))
        found: Pairs = place[np.asarray(pairs, dtype=np.int64)]
        return found[(found >= 0).all(axis=1)]

    def within(self, decided: Decided) -> Decided:
        """Return the links that were decided, by rows of the part."""
        must, cannot = self.pairs(decided.must), self.pairs(decided.cannot)
        return replace(decided, must=must, cannot=cannot)

    def back(self, grouped: Grouped) -> Grouped:
        """Return groups of the part by rows of the whole."""
        tree = None if grouped.tree is None else grouped.tree.at(self.rows, self.count)
        return replace(grouped, clustering=grouped.clustering.at(self.rows, self.count), tree=tree)


def _kept(album: Album) -> _Part:
    rows = album.kept
    return _Part(rows, album if len(rows) == len(album) else album.take(rows), album)


def forewarning(photos: int, settings: Settings) -> str:
    """
    Say before a scan what grouping will not be able to do after it; empty where it will.

    Parameters
    ----------
    photos : int
        How many there are. One sighting a photo is reckoned with, as the number is not known yet.
    settings : Settings
        Of either mode; only autopilot groups.
    """
    if settings.mode != GroupingSettings.mode or settings.as_dict()["method"] != "average":
        return ""
    memory.use(settings.memory, threads=settings.threads)
    need = linkage.needs(photos, USUAL)
    if photos > linkage.MOST:
        need = sparse_linkage.needs(photos, USUAL)
    try:
        memory.require(need, f"the method average, with one sighting in each of {photos:,} photos,")
    except memory.TooMuch as error:
        return f"{error}; if there are so many, {INSTEAD} will group them instead"
    return ""


def _grouped(part: _Part, settings: GroupingSettings, must: Pairs, apart: Pairs) -> Grouped:
    album = part.album
    calibration = album.encoder.calibration
    if settings.method == "average":
        asked = settings.threshold
        reach = 0.0 if isinstance(asked, str) else asked
        tree = _joined(part, must, apart, farthest=reach)
        return _cut(tree, _cut_at(tree, settings, album), album)
    if settings.threshold == "auto":
        found, chosen = thresholds.of_method(
            album,
            settings.method,
            calibration,
            must_link=must,
            cannot_link=apart,
            words=album.words,
        )
        return Grouped(found, chosen, None)
    found = cluster.group(
        album,
        settings.method,
        threshold=settings.threshold,
        must_link=must,
        cannot_link=apart,
    )
    return Grouped(found, thresholds.given(settings.threshold), None)


def _cut(tree: Tree, chosen: Threshold, album: Album) -> Grouped:
    """Cut a tree, and say so where not all pairs were compared."""
    found, said = tree.cut(chosen.value), ""
    if tree.near is not None:
        which = f"each was compared with the {sparse_linkage.EACH} nearest, not with all"
        if album.compared is not None:
            which = "the pairs that were compared"
        said = f"grouped by near pairs of {album.words.count(len(album.kept))}: {which}"
    return Grouped(replace(found, instead=said), chosen, tree)


def _cut_at(tree: Tree, settings: GroupingSettings, album: Album) -> Threshold:
    """Return where a tree is cut: where it is best, or where the settings say."""
    calibration = album.encoder.calibration
    if settings.threshold == "auto":
        return thresholds.of_tree(tree, calibration, album.encoder.linkage, words=album.words)
    return thresholds.given(settings.threshold, tree, calibration, album.encoder.linkage)


def search_threshold(
    references: References, settings: ComparingSettings, words: Words
) -> Threshold:
    """Return up to which distance a sighting is one of the known individuals."""
    if settings.threshold != "auto":
        return thresholds.given(settings.threshold)
    return thresholds.of_references(
        len(set(references.individual_of.tolist())),
        len(references),
        references.encoder.calibration,
        settings.method,
        words=words,
    )


def numbered_names(numbers: Labels, words: Words) -> tuple[str | None, ...]:
    """
    Return what an individual with a number is called, such as "person_001"; None for number 0.

    A name does not change with how many there are: after 999 comes 1000.
    """
    return tuple(
        None if number < 1 else f"{words.individual}_{number:03d}" for number in numbers.tolist()
    )


def is_number(name: str, words: Words) -> bool:
    """Whether a name is one that an individual has by its number alone."""
    start, _, digits = name.rpartition("_")
    return start == words.individual and digits.isascii() and digits.isdigit()


def has_unsure(settings: Settings) -> bool:
    """Whether photos of which it is unsure who is in them have a folder."""
    return bool(settings.unsure and (settings.unsorted or settings.unsure_by_worth))


def _require_mode(settings: Settings, mode: str) -> None:
    if settings.mode != mode:
        raise BadSetting(f"these are settings of {settings.mode}; expected those of {mode}")
