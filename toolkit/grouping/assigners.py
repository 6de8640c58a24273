"""An album to individuals: which way of grouping, at which threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from toolkit import memory
from toolkit.errors import BadSetting
from toolkit.grouping import cluster, constraints, linkage, thresholds
from toolkit.grouping.constraints import Decided
from toolkit.grouping.identification import References
from toolkit.grouping.linkage import Tree
from toolkit.grouping.links import Pairs, never_one
from toolkit.grouping.thresholds import Threshold
from toolkit.records import Album, Clustering, Words
from toolkit.settings import ComparingSettings, GroupingSettings, Settings

# What groups when another method cannot: it needs no more than the encodings again.
INSTEAD = "online"
# Numbers that describe a sighting, where nothing is known of the encoder yet.
USUAL = 128
NO_PAIRS = np.zeros((0, 2), dtype=np.int64)


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
    inside = never_one(album) if settings.one_per_photo else NO_PAIRS
    must = NO_PAIRS if decided is None else decided.must
    apart = inside if decided is None else constraints.apart(decided, inside, len(album))
    try:
        return _grouped(album, settings, must, apart)
    except MemoryError as error:
        why = str(error) or f"there is no memory for {album.words.count(len(album))}"
    if settings.method != INSTEAD:
        try:
            made = _grouped(album, replace(settings, method=INSTEAD), must, apart)
        except MemoryError as error:
            why = str(error) or why
        else:
            said = f"grouped by {INSTEAD}, not {settings.method}: {why}"
            return replace(made, clustering=replace(made.clustering, instead=said))
    raise BadSetting(
        f"{album.words.count(len(album))} are too many for the memory of this computer ({why}); "
        "sort fewer photos at a time"
    )


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
    if not isinstance(settings, GroupingSettings) or settings.method != "average":
        return ""
    memory.use(settings.memory, threads=settings.threads)
    need = linkage.needs(photos, USUAL)
    try:
        memory.require(need, f"the method average, with one sighting in each of {photos:,} photos,")
    except memory.TooMuch as error:
        return f"{error}; if there are so many, {INSTEAD} will group them instead"
    return ""


def _grouped(album: Album, settings: GroupingSettings, must: Pairs, apart: Pairs) -> Grouped:
    calibration = album.encoder.calibration
    if settings.method == "average":
        tree = linkage.tree(album, must_link=must, cannot_link=apart)
        chosen = (
            thresholds.of_tree(tree, calibration, words=album.words)
            if settings.threshold == "auto"
            else thresholds.given(settings.threshold, tree, calibration)
        )
        return Grouped(tree.cut(chosen.value), chosen, tree)
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


def numbered_names(clustering: Clustering, words: Words) -> tuple[str, ...]:
    """Return the name of each sighting's group: number 1 has the most sightings."""
    digits = max(3, len(str(len(clustering))))
    return tuple(f"{words.individual}_{label + 1:0{digits}d}" for label in clustering.labels)
