"""Who is which product of a catalogue, surely; the rest are new products, or unsure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import cast

import numpy as np

from toolkit.grouping import catalogue_matching, naming, thresholds
from toolkit.grouping.assigners import (
    Assigned,
    ReferenceAssigner,
    group_album,
    has_unsure,
    is_number,
    numbered_names,
    search_threshold,
)
from toolkit.grouping.catalogue_matching import KNOWN, NEW, SURE, UNSURE, CatalogueMatches, Trust
from toolkit.grouping.constraints import Decided
from toolkit.grouping.thresholds import Threshold
from toolkit.records import Album, Words
from toolkit.settings import ComparingSettings, GroupingSettings, Settings


@dataclass(frozen=True)
class CatalogueAssigner(ReferenceAssigner):
    """
    Gives a sighting the name of a product where it surely is one, and groups the unknown.

    Parameters
    ----------
    references, settings
        As of `ReferenceAssigner`.
    grouping : GroupingSettings
        How those that are no known product are grouped.
    sure : float
        As of `toolkit.grouping.catalogue_matching.match`.

    Raises
    ------
    BadSetting
        If the settings are of the other mode.
    """

    grouping: GroupingSettings = field(kw_only=True)
    sure: float = field(default=SURE, kw_only=True)

    @cached_property
    def trust(self) -> Trust:
        """How far the calibration is believed among the photos of the catalogue."""
        return catalogue_matching.trust_in(self.references, self.settings.method)

    def assign(self, album: Album, decided: Decided) -> Assigned:
        """
        Say which product each sighting is, surely; and group those that are none.

        Returns
        -------
        Assigned
            Names are those of the catalogue, of new products by number, or as the user decided;
            None for a sighting that is unsure. The details have the `CatalogueMatches`.
        """
        shown = {row: decided.names[row] for row in sorted(decided.examples & {*decided.names})}
        references = self.references.with_sightings(album, shown)
        matches = catalogue_matching.match(
            album,
            references,
            method=self.settings.method,
            one_per_photo=self.settings.one_per_photo,
            sure=self.sure,
            trust=self.trust,
            refused=decided.refused,
        )
        found = [None if each is None else str(each) for each in matches.table["name"]]
        names = list(naming.hold_names(found, decided))
        for row, name in self._new(album, matches, names, decided).items():
            names[row] = name
        doubts = [
            row
            for row in np.flatnonzero(matches.state == UNSURE).tolist()
            if names[row] is None
            and has_unsure(self.settings)
            and not self.settings.unsure_by_worth
        ]
        return Assigned(
            self.settings,
            tuple(names),
            self._chosen(matches, album.words),
            {"matches": matches, "references": references},
            doubts=frozenset(doubts),
        )

    def with_settings(self, settings: Settings) -> CatalogueAssigner:
        """Return one that compares with the same catalogue in another way."""
        return replace(self, settings=cast(ComparingSettings, settings))

    def _new(
        self,
        album: Album,
        matches: CatalogueMatches,
        names: list[str | None],
        decided: Decided,
    ) -> dict[int, str]:
        """Return what those are called that are new products, by their rows."""
        known = set(self.references.names)
        fresh = np.array(
            [
                not out and (state == NEW if name is None else name not in known)
                for out, state, name in zip(album.ignored, matches.state, names, strict=True)
            ],
            dtype=np.bool_,
        )
        if not fresh.any():
            return {}
        part = replace(album, ignored=~fresh)
        labels = group_album(part, self.grouping, decided=decided).clustering.labels
        # The numbers go on after those that products of the catalogue have.
        last = _last_number((*known, *decided.names.values()), album.words)
        numbers = np.where(labels < 0, 0, labels + 1 + last)
        numbered = numbered_names(numbers, album.words)
        said = {row: name for row, name in decided.names.items() if labels[row] >= 0}
        called = naming.name_groups(labels, numbered, said)
        return {row: name for row, name in enumerate(called) if name is not None}

    def _chosen(self, matches: CatalogueMatches, words: Words) -> Threshold:
        """Say from what on something is surely a product, and how often that should be wrong."""
        half = search_threshold(self.references, replace(self.settings, threshold="auto"), words)
        trust = matches.trust
        why = (
            f"{words.a_sighting} is surely {words.an_individual} where that is likely to "
            f"{100 * self.sure:g}% or more"
        )
        if trust.found:
            why += (
                f"; of {words.count(trust.found)} of the catalogue, sought among the others, "
                f"{trust.right:,} found their {words.individual} first"
            )
        certain = matches.probability[matches.state == KNOWN, 0]
        wrong = float(1 - certain.mean()) if len(certain) else None
        return thresholds.Threshold(half.value, True, why, wrong)


def _last_number(names: Iterable[str], words: Words) -> int:
    """Return the highest number that one of these names is, 0 for none."""
    numbers = [int(name.rpartition("_")[2]) for name in names if is_number(name, words)]
    return max(numbers, default=0)
