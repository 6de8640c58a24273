"""A gallery to people: which way of grouping, at which threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit import cluster, decisions, linkage, thresholds
from toolkit.decisions import Decided
from toolkit.errors import BadSetting
from toolkit.linkage import Tree
from toolkit.links import Pairs, pairs_within
from toolkit.records import Clustering, Gallery
from toolkit.search import References
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.thresholds import Threshold

NO_PAIRS = np.zeros((0, 2), dtype=np.int64)


@dataclass(frozen=True)
class Grouped:
    """
    A gallery's groups.

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


def group_people(
    gallery: Gallery,
    settings: AutopilotSettings,
    *,
    decided: Decided | None = None,
) -> Grouped:
    """
    Group a gallery as the settings say; it takes a moment, where scanning the photos took minutes.

    Parameters
    ----------
    gallery : Gallery
        What a scan gathered.
    settings : AutopilotSettings
        Method, threshold, and whether two faces in one photo may be one person.
    decided : Decided, optional
        What a person decided about these sightings.

    Raises
    ------
    BadSetting
        If there are too many sightings for the method in the memory of this computer.
    """
    inside = pairs_within(gallery.photo_of) if settings.one_per_photo else NO_PAIRS
    must = NO_PAIRS if decided is None else decided.must
    apart = inside if decided is None else decisions.apart(decided, inside, len(gallery))
    try:
        return _grouped(gallery, settings, must, apart)
    except MemoryError as error:
        raise BadSetting(
            f"{len(gallery):,} faces are too many for the method {settings.method} in the "
            "memory of this computer; use --method online, or sort fewer photos at a time"
        ) from error


def _grouped(gallery: Gallery, settings: AutopilotSettings, must: Pairs, apart: Pairs) -> Grouped:
    calibration = gallery.encoder.calibration
    if settings.method == "average":
        tree = linkage.tree(gallery.encodings, must_link=must, cannot_link=apart)
        chosen = (
            thresholds.of_tree(tree, calibration)
            if settings.threshold == "auto"
            else thresholds.given(settings.threshold, tree, calibration)
        )
        return Grouped(tree.cut(chosen.value), chosen, tree)
    if settings.threshold == "auto":
        found, chosen = thresholds.of_method(
            gallery.encodings, settings.method, calibration, must_link=must, cannot_link=apart
        )
        return Grouped(found, chosen, None)
    found = cluster.group(
        gallery.encodings,
        settings.method,
        threshold=settings.threshold,
        must_link=must,
        cannot_link=apart,
    )
    return Grouped(found, thresholds.given(settings.threshold), None)


def search_threshold(references: References, settings: PointAndShootSettings) -> Threshold:
    """Return up to which distance a face is one of the known people, as the settings say."""
    if settings.threshold != "auto":
        return thresholds.given(settings.threshold)
    return thresholds.of_references(
        len(set(references.person_of.tolist())),
        len(references.encodings),
        references.encoder.calibration,
        settings.method,
    )


def person_names(clustering: Clustering) -> tuple[str, ...]:
    """Return the name of each sighting's group: ``person_001`` has the most sightings."""
    digits = max(3, len(str(len(clustering))))
    return tuple(f"person_{label + 1:0{digits}d}" for label in clustering.labels)
