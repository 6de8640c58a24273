"""What another threshold would do: groups and an estimate at once, without encoding again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from toolkit.errors import BadSetting
from toolkit.evaluation import audit
from toolkit.evaluation.error_rates import Asked, Rates, written
from toolkit.grouping import collages, naming, thresholds
from toolkit.grouping.assigners import NO_PAIRS, group_album, links_of, numbered_names
from toolkit.grouping.constraints import Decided
from toolkit.grouping.linkage import Tree
from toolkit.grouping.links import Labels, Pairs, components
from toolkit.grouping.thresholds import Threshold
from toolkit.names import printable
from toolkit.records import GENERIC_WORDS, Album, Words
from toolkit.settings import GroupingSettings

Kind = Literal["merged", "split", "moved"]

# A slider's ends leave out so large a share of the joins: the first two are often one photo
# saved twice, and the last groups are joined far beyond any use.
_ENDS = 0.01
# Thresholds that settings take lie between these.
_LEAST, _MOST = 0.01, 1.99
# A change names so many groups.
_NAMED = 3


@dataclass(frozen=True, eq=False)
class Position:
    """
    What one threshold does.

    Attributes
    ----------
    threshold : float
        Encoder distance.
    method : str
        The way of grouping.
    labels : numpy.ndarray
        Shape (n,), int64: the group of each sighting, as in `Clustering`: 0 has the most, -1 are
        those that are ignored.
    names : tuple of str or None
        The name of each sighting's group, as `toolkit.modes.autopilot` would give it.
    individuals, singles : int
        Groups, and how many of them are one sighting.
    expected_wrong : float or None
        Share of the joins that the calibration expects to be wrong, 0 to 1, as a run at this
        threshold says it; None where nothing was joined, or for other methods than `average`.
    estimate : Rates or None
        How often pairs seen in one photo would be confused: the row of an audit; None where that
        was not measured yet.
    words : Words
        What sightings and individuals are called in the summary.
    """

    threshold: float
    method: str
    labels: Labels = field(repr=False)
    names: tuple[str | None, ...] = field(repr=False)
    individuals: int
    singles: int
    expected_wrong: float | None
    estimate: Rates | None
    words: Words = GENERIC_WORDS

    @property
    def summary(self) -> tuple[str, ...]:
        """Lines to read, plain text."""
        lines = [f"{self.words.count_individuals(self.individuals)} ({self.singles:,} seen once)"]
        if self.expected_wrong is not None:
            lines.append(f"{_of_joins(self.expected_wrong)} expected to be wrong")
        if self.estimate is None:
            return (*lines, "of pairs photographed together: not measured yet")
        pairs, joined = written(self.estimate.pairs), written(self.estimate.joined)
        if self.estimate.pairs < 1:
            return (
                *lines,
                f"no photo shows two different {self.words.plural}, so nothing was measured",
            )
        asked = f"of {pairs} pair{'' if pairs == '1' else 's'} photographed together"
        would = "would have been joined"
        if self.method != "average":
            asked, would = f"{asked} average linkage would have joined", ""
        low, high = self.estimate.merge_low, self.estimate.merge_high
        measured = " ".join(part for part in (asked, joined, would) if part)
        return (*lines, f"{measured} ({low:.1%} to {high:.1%})")

    def __str__(self) -> str:
        return "; ".join(self.summary)


@dataclass(frozen=True, eq=False)
class Explorer:
    """
    An album made ready to be grouped at any threshold.

    Everything that takes seconds is done by `of`, once; then `at` takes milliseconds for thousands
    of sightings with the method "average". Other methods have no tree of joins and group anew at
    each position, which takes them from a moment to many seconds. Nothing is changed after `of`, so
    several threads may ask at the same time.

    Attributes
    ----------
    album : Album
        n sightings.
    settings : GroupingSettings
        How they are grouped.
    automatic : Threshold
        What "auto" chooses, whatever the settings say.
    tree : Tree or None
        All joins; None for other methods than `average`.
    """

    album: Album = field(repr=False)
    settings: GroupingSettings
    automatic: Threshold
    tree: Tree | None = field(repr=False)
    _decided: Decided | None = field(repr=False)
    _asked: Asked | None = field(repr=False)

    @classmethod
    def of(
        cls,
        album: Album,
        settings: GroupingSettings,
        *,
        decided: Decided | None = None,
        tree: Tree | None = None,
        measure: bool = True,
    ) -> Explorer:
        """
        Make an album ready: up to three trees of joins, fewer where photos show one sighting each.

        Parameters
        ----------
        album : Album
            n sightings; those that decisions say to leave out are ignored.
        settings : GroupingSettings
            Method, and whether two sightings in one photo may be one individual.
        decided : Decided, optional
            What was decided by hand about these sightings.
        tree : Tree, optional
            Joins that were made already of the same album, settings and decisions, such as
            `AutopilotResult.tree`.
        measure : bool
            Without it, and with a tree of near pairs, what takes longest is left for `measured`.

        Raises
        ------
        BadSetting
            If there are too many sightings for the memory of this computer.
        ValueError
            If `tree` cannot be of this album and these decisions, or `decided` leaves out
            sightings that the album does not ignore.
        """
        if decided is not None and not album.ignored[decided.ignored].all():
            raise ValueError(
                f"{len(decided.ignored)} sightings of the album are to be left out; have them "
                "ignored first (toolkit.curation.decisions.masked)"
            )
        must, cannot = links_of(album, settings, decided)
        if tree is not None and settings.method == "average":
            _require_fits(tree, album, must, cannot)
            how = (album.encoder.calibration, album.encoder.linkage)
            automatic = thresholds.of_tree(tree, *how, words=album.words)
        else:
            grouped = group_album(album, replace(settings, threshold="auto"), decided=decided)
            tree, automatic = grouped.tree, grouped.threshold
        found = cls(album, settings, automatic, tree, decided, None)
        later = not measure and tree is not None and tree.near is not None
        return found if later else found.measured()

    def measured(self) -> Explorer:
        """
        Return one that says how often pairs seen in one photo would be confused as well.

        Raises
        ------
        BadSetting
            As `of`.
        """
        album, tree = self.album, self.tree
        must, cannot = links_of(album, self.settings, self._decided)
        if tree is not None and not len(collages.apart(album)):
            asked = Asked(NO_PAIRS, np.zeros(0), np.zeros(0), tree)
        else:
            try:
                asked = audit.ask(album, tree=None if len(must) else tree, held=cannot).asked
            except MemoryError as error:
                raise BadSetting(
                    f"{album.words.count(len(album))} are too many to try thresholds on in the "
                    "memory of this computer; explore fewer photos at a time"
                ) from error
        # What is imported at first use is imported here, so that no position waits for it.
        asked.at(self.automatic.value)
        return replace(self, _asked=asked)

    @property
    def is_measured(self) -> bool:
        """Whether positions say how often pairs seen in one photo would be confused."""
        return self._asked is not None

    def at(self, threshold: float) -> Position:
        """
        Return what a threshold does.

        Parameters
        ----------
        threshold : float
            Encoder distance, inclusive, above 0.

        Raises
        ------
        BadSetting
            If it is no such number.
        """
        threshold = float(threshold)
        if not 0 < threshold < math.inf:
            raise BadSetting(f"threshold is {threshold!r}; expected a distance above 0")
        wrong = None
        if self.tree is None:
            settings = replace(self.settings, threshold=threshold)
            labels = group_album(self.album, settings, decided=self._decided).clustering.labels
        else:
            labels = self.tree.cut(threshold).labels
            encoder = self.album.encoder
            wrong = thresholds.given(
                threshold, self.tree, encoder.calibration, encoder.linkage
            ).expected_wrong
        sizes = np.bincount(labels[labels >= 0])
        return Position(
            threshold=threshold,
            method=self.settings.method,
            labels=labels,
            names=_names(labels, len(sizes), self._decided, self.album.words),
            individuals=len(sizes),
            singles=int((sizes == 1).sum()),
            expected_wrong=wrong,
            estimate=None if self._asked is None else self._asked.at(threshold),
            words=self.album.words,
        )

    def range(self) -> tuple[float, float]:
        """
        Return from where to where a slider should reach, in encoder distance.

        At the lower end all but one in a hundred joins are left out, at the upper end all but one
        in a hundred are made; for other methods than `average` they are those of average linkage.
        The automatic threshold and that of the settings lie between, not at an end.

        Returns
        -------
        tuple of float
            Hundredths, the lower one first; only a threshold beyond 1.99 is kept as it is.
        """
        tree = self.tree
        if tree is None and self._asked is not None:
            tree = self._asked.free
        heights = np.zeros(0) if tree is None else tree.height
        inner = [self.automatic.value]
        if self.settings.threshold != "auto":
            inner.append(self.settings.threshold)
        ends = [0.9 * min(inner), 1.1 * max(inner)]
        if len(heights):
            skip = int(_ENDS * len(heights))
            ends += [float(np.nextafter(heights[skip], 0.0)), float(heights[-1 - skip])]
        else:
            even = self.album.encoder.calibration.even
            ends += [even / 2, even * 1.5]
        low, high = math.floor(100 * min(ends)) / 100, math.ceil(100 * max(ends)) / 100
        low = min(max(low, _LEAST), *inner)
        return low, max(min(max(high, low + 0.01), _MOST), *inner)


@dataclass(frozen=True, eq=False)
class Change:
    """
    Groups at one position that are others at another, and share no sighting with the rest.

    Attributes
    ----------
    kind : {"merged", "split", "moved"}
        Several groups became one, one became several, or several became several others.
    before, after : tuple of numpy.ndarray
        The sightings (int64, ascending) of each group before and after, largest group first; of
        equals, the one whose first sighting comes first. Both hold the same sightings.
    concerned : int
        Sightings of the smaller parts: those that do not stay with most of their group before and
        most of their group after.
    """

    kind: Kind
    before: tuple[Labels, ...]
    after: tuple[Labels, ...]
    concerned: int

    def sentence(self, names: Sequence[str | None], *, words: Words = GENERIC_WORDS) -> str:
        """
        Say what happens, in a sentence: that two groups "become one".

        Parameters
        ----------
        names : sequence of str
            The name of each sighting before; untrusted, the sentence is plain text.
        words : Words
            What sightings are called.
        """
        who = [printable(str(names[rows[0]])) for rows in self.before]
        if len(who) > _NAMED + 1:
            who = [*who[:_NAMED], f"{len(who) - _NAMED:,} more"]
        said = " and ".join([", ".join(who[:-1]), who[-1]] if len(who) > 1 else who)
        if self.kind == "merged":
            return f"{said} become one"
        if self.kind == "moved":
            return f"{said} are grouped anew, into {len(self.after):,}"
        sizes = [f"{len(rows):,}" for rows in self.after[:_NAMED]]
        rest = sum(len(rows) for rows in self.after[_NAMED:])
        sizes += [f"{rest:,} more"] if rest else []
        parts = f"{', '.join(sizes[:-1])} and {sizes[-1]} {words.plural}"
        return f"{said} becomes {len(self.after):,}, of {parts}"


def changes(before: Labels, after: Labels, *, most: int | None = 20) -> tuple[Change, ...]:
    """
    Tell which groups merged or split between two positions.

    Parameters
    ----------
    before, after : numpy.ndarray
        Shape (n,), int64: the group of each sighting; how groups are numbered does not matter.
    most : int or None
        At most so many changes; None for all.

    Returns
    -------
    tuple of Change
        The connected components of "has a sighting in common" among groups before and after,
        without groups that stayed as they were. The one that concerns most sightings comes first;
        of equals, the one whose first sighting does.

    Raises
    ------
    ValueError
        If the two differ in length.
    """
    if len(before) != len(after):
        raise ValueError(f"{len(before)} labels before and {len(after)} after; expected as many")
    if not len(before):
        return ()
    old, new = (np.unique(labels, return_inverse=True)[1].reshape(-1) for labels in (before, after))
    count = int(old.max()) + 1
    # A cell is what one group before and one after have in common.
    _, head, cell, size = np.unique(
        old * (int(new.max()) + 1) + new, return_index=True, return_inverse=True, return_counts=True
    )
    nodes = components(count + int(new.max()) + 1, np.stack([old[head], count + new[head]], axis=1))
    part = nodes[old[head]]
    total = np.bincount(part, weights=size).astype(np.int64)
    stay = np.zeros(len(total), dtype=np.int64)
    kept = _largest(old[head], size, head) & _largest(new[head], size, head)
    np.add.at(stay, part[kept], size[kept])
    first = np.full(len(total), len(before), dtype=np.int64)
    np.minimum.at(first, part, head)
    concerned = total - stay
    # A group that stayed is a component of its own, in one cell: nothing of it is concerned.
    order = np.lexsort((first, -concerned))
    order = order[concerned[order] > 0][:most]
    place = np.full(len(total), -1, dtype=np.int64)
    place[order] = np.arange(len(order))
    of_row = place[part[cell.reshape(-1)]]
    rows = np.flatnonzero(of_row >= 0)
    rows = rows[np.argsort(of_row[rows], kind="stable")]
    sides = np.split(rows, np.cumsum(total[order])[:-1]) if len(order) else []
    return tuple(
        _change(_groups(old, each), _groups(new, each), int(concerned[which]))
        for which, each in zip(order, sides, strict=True)
    )


def _change(before: tuple[Labels, ...], after: tuple[Labels, ...], concerned: int) -> Change:
    kind: Kind = "merged" if len(after) == 1 else "split" if len(before) == 1 else "moved"
    return Change(kind, before, after, concerned)


def _largest(group: Labels, size: Labels, head: Labels) -> npt.NDArray[np.bool_]:
    """Mark the largest cell of each group; of equals, the one whose first sighting comes first."""
    order = np.lexsort((head, -size, group))
    marked = np.zeros(len(group), dtype=np.bool_)
    marked[order[np.flatnonzero(np.diff(group[order], prepend=-1))]] = True
    return marked


def _groups(labels: Labels, rows: Labels) -> tuple[Labels, ...]:
    """Split ascending rows by their label, largest group first."""
    order = rows[np.argsort(labels[rows], kind="stable")]
    parts = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    return tuple(sorted(parts, key=lambda part: (-len(part), int(part[0]))))


def _names(
    labels: Labels, groups: int, decided: Decided | None, words: Words
) -> tuple[str | None, ...]:
    """Name each sighting as a run would, working once a group and not once a sighting."""
    each = np.arange(groups, dtype=np.int64)
    numbered = numbered_names(each + 1, words)
    given = {} if decided is None else decided.names
    called = naming.name_groups(
        each, numbered, {int(labels[row]): name for row, name in given.items()}
    )
    return tuple([None if label < 0 else called[label] for label in labels.tolist()])


def _require_fits(tree: Tree, album: Album, must: Pairs, cannot: Pairs) -> None:
    """Raise ValueError where a tree is not of this album, or breaks what was decided about it."""
    if tree.count != len(album):
        raise ValueError(f"the tree is of {tree.count} sightings; expected {len(album)}")
    last = tree.labels_after(len(tree))
    family = components(len(album), must)[album.kept]
    if (
        not np.array_equal(tree.must < 0, album.ignored)
        or not np.array_equal(tree.must[album.kept], np.unique(family, return_inverse=True)[1])
        or (last[cannot[:, 0]] == last[cannot[:, 1]]).any()
    ):
        raise ValueError("the tree was made with other decisions or settings; leave it out")


def _of_joins(share: float) -> str:
    """Say how many of 100 joins, or of 1,000 where they are few."""
    if share < 0.001:
        return "of 1,000 joins fewer than 1"
    return (
        f"of 1,000 joins {1000 * share:.0f}" if share < 0.01 else f"of 100 joins {100 * share:.0f}"
    )
