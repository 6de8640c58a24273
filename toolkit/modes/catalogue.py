"""Photos matched with a catalogue: what is surely a known product, unsure, or a new one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pandas as pd

from toolkit import modes
from toolkit.curation.decisions import Decision
from toolkit.errors import BadFolder, BadSetting
from toolkit.files import folder_at
from toolkit.grouping.catalogue_assigner import CatalogueAssigner
from toolkit.grouping.catalogue_matching import SURE
from toolkit.grouping.identification import References
from toolkit.names import counted, printable, shown_of
from toolkit.photos import catalogue_table, example_folders, opening
from toolkit.photos.catalogue_table import LEFT, TABLE, CatalogueTable
from toolkit.progress import Progress
from toolkit.results import exporting, listings
from toolkit.results.listings import Listings
from toolkit.results.result import PointAndShootResult
from toolkit.settings import ComparingSettings, GroupingSettings, settings_for
from toolkit.subjects.base import Subject
from toolkit.subjects.settings import ScanSettings, declared

# Names in one sentence.
NAMED = 5


@dataclass(frozen=True)
class Wishes:
    """
    What can be chosen about listings.

    Attributes
    ----------
    table : str or Path or None
        The table of the catalogue; None for ``catalogue.csv`` in it, where there is one.
    leave : sequence of str
        Columns that are left for the seller; see `toolkit.photos.catalogue_table.is_left`.
    sure : float
        The probability from which on a photo is surely a product.

    Raises
    ------
    BadSetting
        If the probability is not above a half and below 1.
    """

    table: str | Path | None = None
    leave: Sequence[str] = LEFT
    sure: float = SURE

    def __post_init__(self) -> None:
        if not 0.5 < self.sure < 1:
            raise BadSetting(
                f"sure is {self.sure:g}; expected a probability above 0.5 and below 1, such as "
                f"{SURE:g}"
            )


@dataclass(frozen=True)
class Catalogue:
    """
    A catalogue, checked before anything is looked at.

    Attributes
    ----------
    folder : Path
        One folder a product.
    table : CatalogueTable
        What the products have; without rows where there is no table.
    said : tuple of str
        What does not fit, a sentence each, without a full stop.
    """

    folder: Path
    table: CatalogueTable
    said: tuple[str, ...]


@dataclass(frozen=True)
class Matched:
    """
    What became of the photos.

    Attributes
    ----------
    result : PointAndShootResult
        Which product each sighting is.
    listings : Listings
        The tables that follow from it.
    catalogue : Catalogue
        What they were matched with.
    """

    result: PointAndShootResult
    listings: Listings
    catalogue: Catalogue

    @property
    def plan(self) -> pd.DataFrame:
        """What goes where."""
        return self.result.plan

    @property
    def out(self) -> Path | None:
        """The folder of results; None where nothing was written."""
        return self.result.out

    @property
    def not_copied(self) -> tuple[tuple[str, str], ...]:
        """Photos that could not be copied, and why."""
        return self.result.not_copied

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as plain values, for JSON."""
        return {
            **self.listings.counts,
            "said": list(self.catalogue.said),
            "result": self.result.as_dict(),
        }

    def __str__(self) -> str:
        return f"{self.result}\n\n{self.listings}"


def open_catalogue(
    folder: str | Path,
    table: str | Path | None = None,
    *,
    exclude: Sequence[str] = (),
    videos: bool = False,
) -> Catalogue:
    """
    Look into a catalogue: its folders, and its table.

    Parameters
    ----------
    folder : path
        One folder of photos a product.
    table : path, optional
        What the products have; ``catalogue.csv`` in the folder, where there is one, if not given.
    exclude, videos
        As for `toolkit.modes.list_photos`.

    Raises
    ------
    BadFolder
        If the folder is missing, or holds no folder with photos.
    BadSetting
        If the table cannot be used; see `toolkit.photos.catalogue_table.read`.
    """
    known = folder_at(folder)
    opening.require_folder(known, "catalogue")
    listing = opening.find(known, exclude=exclude, videos=videos)
    inside = example_folders.branches(known, listing.photos).inside
    if not inside:
        raise BadFolder(
            f"catalogue: {known} holds no folder with photos; expected one folder for each "
            "product, named after it, with at least one photo in it."
        )
    said = []
    empty = sorted(
        each.name
        for each in known.iterdir()
        if each.is_dir() and not each.name.startswith(".") and each.name not in inside
    )
    if empty:
        shown = shown_of(len(empty), NAMED)
        more = f" and {len(empty) - shown:,} more" if empty[shown:] else ""
        said.append(
            f"{counted(len(empty), 'folder')} of the catalogue without a photo, not looked for: "
            f"{', '.join(map(printable, empty[:shown]))}{more}"
        )
    path = known / TABLE if table is None else folder_at(table)
    if table is None and not path.exists():
        return Catalogue(known, CatalogueTable(), tuple(said))
    found = catalogue_table.read(path)
    return Catalogue(known, found, (*said, *found.said(_names(inside, found))))


def _names(inside: dict[str, example_folders.Branch], table: CatalogueTable) -> list[str]:
    """Return what the folders of products are called; in folders of such, those with a row."""
    found = []
    for name, branch in inside.items():
        deeper = [] if branch.photos else _names(branch.inside, table)
        rows = [each for each in deeper if table.of(each)]
        found += rows if rows and not table.of(name) else [name]
    return found


def match_catalogue(
    photos_folder: str | Path,
    catalogue: str | Path,
    out: str | Path | None = None,
    *,
    settings: ComparingSettings,
    wishes: Wishes | None = None,
    dry_run: bool = False,
    keep_all: bool = False,
    pictures: bool = True,
    progress: Progress | None = None,
    subject: Subject | None = None,
    decided: Sequence[Decision] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Matched:
    """
    Match photos with a catalogue, and write what a shop lists.

    Parameters
    ----------
    photos_folder : path
        Photos, in subfolders too.
    catalogue : path
        One folder a product, with one or more of its photos; and the table of what they have.
    out, dry_run, keep_all, pictures, progress, subject, decided
        As for `toolkit.modes.point_and_shoot`.
    settings : ComparingSettings
        How, of the subject.
    wishes : Wishes, optional
        What is copied into listings, and what is sure; the defaults serve.
    tell : callable, optional
        Told, before the long work, what of the catalogue does not fit, a sentence each; and where
        the work of several machines can be watched.

    Returns
    -------
    Matched
        Photos that are surely a product have its name; unknown ones are new products; the unsure
        have none.

    Raises
    ------
    BadFolder, BadSetting
        If a folder or the table cannot be used.
    """
    wishes = wishes or Wishes()
    which: dict[str, Any] = {"exclude": settings.exclude, "videos": settings.videos}
    opened = open_catalogue(catalogue, wishes.table, **which)
    target = None if out is None or dry_run else folder_at(out)
    if target is not None:
        listings.read_earlier(target)
    for each in opened.said if tell is not None else ():
        cast(Callable[[str], None], tell)(each)
    result = modes.point_and_shoot(
        photos_folder,
        catalogue,
        out,
        settings=settings,
        dry_run=dry_run,
        keep_all=keep_all,
        pictures=pictures,
        progress=progress,
        subject=subject,
        decided=decided,
        by=assigner_for(opened, wishes, settings),
        tell=tell,
    )
    if target is None:
        return Matched(result, listings.make(result, opened.table, left=wishes.leave), opened)
    with exporting.alone_in(target, "match-catalogue"):
        # The seller may have written something meanwhile.
        before = listings.read_earlier(target)
        made = listings.make(result, opened.table, left=wishes.leave, before=before)
        listings.write(made, target)
    return Matched(result, made, opened)


def assigner_for(
    catalogue: Catalogue, wishes: Wishes, settings: ComparingSettings
) -> Callable[[References, ComparingSettings], CatalogueAssigner]:
    """Return what makes the assigner of a catalogue, of its references and settings."""
    grouping = grouping_as(settings)

    def made(references: References, chosen: ComparingSettings) -> CatalogueAssigner:
        table, problems = catalogue.table.path, references.problems
        if table is not None:
            # It lies among the photos, and is none that cannot serve.
            its = [
                row for row, path in enumerate(problems["path"]) if Path(path).name == table.name
            ]
            references = replace(references, problems=problems.drop(its).reset_index(drop=True))
        return CatalogueAssigner(references, chosen, grouping=grouping, sure=wishes.sure)

    return made


def grouping_as(settings: ComparingSettings) -> GroupingSettings:
    """Return how unknown sightings are grouped: the subject as these settings have it."""
    own = next(
        kind
        for kind in type(settings).__mro__
        if issubclass(kind, ScanSettings) and not issubclass(kind, ComparingSettings)
    )
    kind = settings_for("autopilot", own)
    other = {each.name for each in declared(ComparingSettings)} & {"threshold", "method"}
    return kind(
        **{
            each.name: getattr(settings, each.name)
            for each in declared(kind)
            if each.name not in other and hasattr(settings, each.name)
        }
    )
