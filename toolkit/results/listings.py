"""What a shop lists: which product each photo shows, with what the catalogue says of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pandas as pd

from toolkit.errors import BadSetting
from toolkit.grouping.catalogue_matching import BEST, KNOWN, UNSURE, CatalogueMatches
from toolkit.names import counted, printable
from toolkit.photos.catalogue_table import ALWAYS, LEFT, CatalogueTable, is_left
from toolkit.results.result import PointAndShootResult
from toolkit.results.results_folder import (
    BOX,
    LISTED_BEFORE,
    LISTINGS,
    NEW_PRODUCTS,
    UNSURE_LISTINGS,
    relative,
)
from toolkit.tables import BadTable, read_table, write_table

# What a listing has before the columns of the catalogue.
PHOTO, PRODUCT, SURE, BESIDE, BY = "photo", "product", "sure", "catalogue_photo", "by"
OWN = (PHOTO, PRODUCT, SURE, BESIDE, BY)
# Who says which product it is.
MATCHED, DECIDED = "match", "you"
LARGEST = 256 << 20
# The surest that a match can be, as it is written.
MOST = 0.9999


@dataclass(frozen=True)
class Earlier:
    """
    A table of listings that is there already.

    Attributes
    ----------
    columns : tuple of str
        All of it but `OWN`.
    rows : dict of (str, str) to dict of str to str
        The cells by photo and product.
    own : dict of (str, str) to tuple of str
        The cells of `OWN`, by the same.
    """

    columns: tuple[str, ...] = ()
    rows: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    own: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Listings:
    """
    What a catalogue says of photos.

    Attributes
    ----------
    listed : pandas.DataFrame
        One row for each photo and each product that is surely in it: photo (from the folder of
        photos on), product, sure (0 to 1), catalogue_photo (from the catalogue on), by ("match",
        or "you" where you decided it), and the columns of the catalogue's table.
    unsure : pandas.DataFrame
        One row for each sighting that is unsure: photo, left, top, right, bottom (px), and of the
        three likeliest product_1, sure_1, catalogue_photo_1, and so on.
    new : pandas.DataFrame
        One row for each photo of each new product: product, photo, nearest (the likeliest product
        of the catalogue), sure (of that one).
    before : pandas.DataFrame
        Rows of the earlier table that have something of the seller's, and are listed no more.
    """

    listed: pd.DataFrame
    unsure: pd.DataFrame
    new: pd.DataFrame
    before: pd.DataFrame

    @property
    def counts(self) -> dict[str, int]:
        """How many photos are listed, unsure and of new products; and how many products."""
        return {
            "listed": int(self.listed[PHOTO].nunique()),
            "products": int(self.listed[PRODUCT].nunique()),
            "unsure": int(self.unsure[PHOTO].nunique()),
            "new": int(self.new[PHOTO].nunique()),
            "new_products": int(self.new[PRODUCT].nunique()),
        }

    def __str__(self) -> str:
        found, words = self.counts, ("product", "products")
        lines = [
            f"{counted(found['listed'], 'photo')} of {counted(found['products'], *words)} in "
            f"{LISTINGS}",
            f"{counted(found['unsure'], 'photo')} unsure, with the three best, in "
            f"{UNSURE_LISTINGS}",
            f"{counted(found['new'], 'photo')} of "
            f"{counted(found['new_products'], 'new product')} in {NEW_PRODUCTS}",
        ]
        if len(self.before):
            lines.append(
                f"{counted(len(self.before), 'row')} in which you wrote something, and which "
                f"{'is' if len(self.before) == 1 else 'are'} listed no more, in {LISTED_BEFORE}"
            )
        return "\n".join(lines)


def make(
    result: PointAndShootResult,
    table: CatalogueTable | None = None,
    *,
    left: Sequence[str] = LEFT,
    before: Earlier | None = None,
) -> Listings:
    """
    Say which photos are of which product, with what the table says of it.

    Parameters
    ----------
    result : PointAndShootResult
        Whose `matches` are `CatalogueMatches`.
    table : CatalogueTable, optional
        What the products have.
    left : sequence of str
        Columns that are left for the seller; see `toolkit.photos.catalogue_table.is_left`.
    before : Earlier, optional
        The table that is there: what the seller wrote into it stays.
    """
    matches = cast(CatalogueMatches, result.matches)
    table, before = table or CatalogueTable(), before or Earlier()
    files = _files(result)
    examples = relative([path or "" for path in matches.beside.ravel()], result.known_folder)
    beside = pd.DataFrame([examples[k : k + BEST] for k in range(0, len(examples), BEST)])
    known = result.references.names
    features = _columns(table, left, before)
    listed: dict[tuple[str, str], dict[str, Any]] = {}
    unsure: list[dict[str, Any]] = []
    new: dict[tuple[str, str], dict[str, Any]] = {}
    held = {} if result.held is None else result.held.names
    boxes = result.album.sightings[list(BOX)].to_dict("records")
    for row, name in enumerate(result.names):
        best = [known[k] if k >= 0 else "" for k in matches.best[row]]
        # Only what was decided is entirely sure.
        chance = [min(round(float(each), 4), MOST) for each in matches.probability[row]]
        state = matches.state[row]
        for photo in files[row]:
            if name in known:
                place = best.index(name) if name in best else -1
                by_hand = held.get(row) == name or state != KNOWN or place != 0
                sure = 1.0 if by_hand else chance[0]
                told = beside.iat[row, place] if place >= 0 else ""
                there = listed.get((photo, str(name)))
                if there is None or there[SURE] < sure:
                    own = dict(zip(OWN, (photo, name, sure, told, _by(by_hand)), strict=True))
                    cells = _cells(features, table, left, before, photo, str(name))
                    listed[photo, str(name)] = {**own, **cells}
            elif name is not None:
                new.setdefault(
                    (str(name), photo),
                    {PRODUCT: name, PHOTO: photo, "nearest": best[0], SURE: chance[0]},
                )
            elif state in (UNSURE, KNOWN):
                three = {
                    f"{what}_{k + 1}": value
                    for k in range(BEST)
                    for what, value in (
                        (PRODUCT, best[k]),
                        (SURE, chance[k] if best[k] else ""),
                        (BESIDE, beside.iat[row, k] if best[k] else ""),
                    )
                }
                unsure.append({PHOTO: photo, **boxes[row], **three})
    best_columns = [f"{what}_{k + 1}" for k in range(BEST) for what in (PRODUCT, SURE, BESIDE)]
    return Listings(
        pd.DataFrame(listed.values(), columns=[*OWN, *features]),
        pd.DataFrame(unsure, columns=[PHOTO, *BOX, *best_columns]),
        pd.DataFrame([new[key] for key in sorted(new)], columns=[PRODUCT, PHOTO, "nearest", SURE]),
        _left_over(listed, table, left, before),
    )


def read_earlier(out: Path) -> Earlier:
    """
    Read the table of listings in a folder of results; nothing where there is none.

    Raises
    ------
    BadSetting
        If it cannot be read, or is none of this program's: what is in it would be lost.
    """
    found = {
        name: _read(out / name, columns)
        for name, columns in (
            (LISTINGS, (PHOTO, PRODUCT)),
            (UNSURE_LISTINGS, (PHOTO, f"{PRODUCT}_1")),
            (NEW_PRODUCTS, (PHOTO, PRODUCT)),
            (LISTED_BEFORE, (PHOTO, PRODUCT)),
        )
        if os.path.lexists(out / name)
    }
    if LISTINGS not in found:
        return Earlier()
    table = found[LISTINGS]
    columns = tuple(str(name) for name in table.columns if name not in OWN)
    rows, own = {}, {}
    for cells in table.to_dict("records"):
        key = (str(cells[PHOTO]), str(cells[PRODUCT]))
        rows[key] = {column: str(cells[column]) for column in columns}
        own[key] = tuple(str(cells.get(name, "")) for name in OWN)
    return Earlier(columns, rows, own)


def write(made: Listings, out: Path) -> None:
    """
    Write the tables into a folder of results, in the place of those that are there.

    Raises
    ------
    BadFolder
        If they cannot be written.
    """
    if len(made.before):
        # First: nothing of the seller's is in no file at any time. What is there already stays.
        there = out / LISTED_BEFORE
        tables = [made.before]
        if os.path.lexists(there):
            tables.insert(0, _read(there, (PHOTO, PRODUCT)))
        write_table(pd.concat(tables, ignore_index=True).fillna(""), there)
    write_table(made.listed, out / LISTINGS)
    write_table(made.unsure, out / UNSURE_LISTINGS)
    write_table(made.new, out / NEW_PRODUCTS)


def _read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    try:
        return read_table(path, columns, most=LARGEST)
    except BadTable as error:
        raise BadSetting(
            f"{path} would be replaced, and cannot be read as what an earlier run wrote there: "
            f"{printable(str(error))}. Mend it, move it away, or choose another folder for results"
        ) from error


def _by(by_hand: bool) -> str:
    return DECIDED if by_hand else MATCHED


def _files(result: PointAndShootResult) -> list[list[str]]:
    """Return the files that each sighting is in: those of one picture are several."""
    photos = result.album.photos
    paths = relative(photos["path"], result.photos_folder)
    of: dict[str, list[str]] = {}
    for digest, path in zip(photos["photo_digest"], paths, strict=True):
        of.setdefault(str(digest), []).append(path)
    return [of[str(digest)] for digest in result.album.sightings["photo_digest"]]


def _columns(table: CatalogueTable, left: Sequence[str], before: Earlier) -> dict[str, str]:
    """Return the columns of a listing after `OWN`, and those of the table that they are of."""
    columns = {(f"{name} (catalogue)" if name in OWN else name): name for name in table.columns}
    for name in ALWAYS:
        if name in left and not any(is_left(each, (name,)) for each in columns):
            columns[name] = ""
    # What the seller added stays.
    for name in before.columns:
        columns.setdefault(name, "")
    return columns


def _is_sellers(column: str, features: Mapping[str, str], left: Sequence[str]) -> bool:
    """Whether what stands in a column is the seller's, and not copied."""
    return not features.get(column) or is_left(column, left)


def _cells(
    features: Mapping[str, str],
    table: CatalogueTable,
    left: Sequence[str],
    before: Earlier,
    photo: str,
    product: str,
) -> dict[str, str]:
    """Return what a listing has after `OWN`: copied, or as the seller wrote it, or nothing."""
    has, wrote = table.of(product), before.rows.get((photo, product), {})
    return {
        column: wrote.get(column, "") if _is_sellers(column, features, left) else has.get(of, "")
        for column, of in features.items()
    }


def _left_over(
    listed: Mapping[tuple[str, str], object],
    table: CatalogueTable,
    left: Sequence[str],
    before: Earlier,
) -> pd.DataFrame:
    """Return the earlier rows with something of the seller's that are no more among the listed."""
    features = _columns(table, left, before)
    mine = [column for column in before.columns if _is_sellers(column, features, left)]
    gone = [
        {**dict(zip(OWN, before.own[key], strict=True)), **cells}
        for key, cells in before.rows.items()
        if key not in listed and any(cells[column].strip() for column in mine)
    ]
    return pd.DataFrame(gone, columns=[*OWN, *before.columns])
