"""A gallery to people: which way of grouping, at which threshold."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit import cluster, linkage, thresholds
from toolkit.errors import BadSetting
from toolkit.linkage import Tree
from toolkit.links import Pairs, pairs_within
from toolkit.records import Clustering, Gallery
from toolkit.search import References
from toolkit.settings import AutopilotSettings, PointAndShootSettings
from toolkit.thresholds import Threshold


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
    must_link: Pairs | None = None,
) -> Grouped:
    """
    Group a gallery as the settings say; it takes a moment, where scanning the photos took minutes.

    Parameters
    ----------
    gallery : Gallery
        What a scan gathered.
    settings : AutopilotSettings
        Method, threshold, and whether two faces in one photo may be one person.
    must_link : numpy.ndarray, optional
        Shape (m, 2), int64: pairs of sightings that are one individual.

    Raises
    ------
    BadSetting
        If there are too many sightings for the method in the memory of this computer.
    """
    apart = pairs_within(gallery.photo_of) if settings.one_per_photo else None
    try:
        return _grouped(gallery, settings, must_link, apart)
    except MemoryError as error:
        raise BadSetting(
            f"{len(gallery):,} faces are too many for the method {settings.method} in the "
            "memory of this computer; use --method online, or sort fewer photos at a time"
        ) from error


def _grouped(
    gallery: Gallery, settings: AutopilotSettings, must: Pairs | None, apart: Pairs | None
) -> Grouped:
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
