"""The table of a catalogue: what each product has, and what of it differs from offer to offer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.errors import BadSetting
from toolkit.names import counted, folded, printable, safe_name, shown_of
from toolkit.tables import BadTable, read_table

TABLE = "catalogue.csv"
PRODUCT = "product"
# Columns that differ from offer to offer: whose name is one of these, or has one among its words.
LEFT = ("price", "shipping", "postage", "cost", "quantity", "stock", "condition")
# Those that a listing has in any case.
ALWAYS = ("price", "shipping")
# Bytes that the table may have, letters of a name in a message, and names in one.
LARGEST, NAMED = 64 << 20, 5
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class CatalogueTable:
    """
    What the products of a catalogue have.

    Attributes
    ----------
    path : Path or None
        Where it was read; None where there is none.
    columns : tuple of str
        All but that of the product, in the order of the table.
    rows : dict of str to dict of str to str
        The cells of each product by its name as `key_of` has it, by column.
    products : dict of str to str
        The name of each product as it is written, by the same.
    """

    path: Path | None = None
    columns: tuple[str, ...] = ()
    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    products: Mapping[str, str] = field(default_factory=dict)

    def of(self, product: str) -> Mapping[str, str]:
        """Return the cells of a product, by column; nothing where it has no row."""
        return self.rows.get(key_of(product), {})

    def said(self, folders: Iterable[str]) -> list[str]:
        """
        Say which products have no folder, and which folders no row, a sentence each.

        Parameters
        ----------
        folders : iterable of str
            What the folders of products are called.

        Raises
        ------
        BadSetting
            If not one row is of a folder that is there.
        """
        if self.path is None:
            return []
        here = {key_of(name): name for name in folders}
        without = [name for key, name in self.products.items() if key not in here]
        blank = [name for key, name in here.items() if key not in self.rows]
        if len(without) == len(self.products):
            raise BadSetting(
                f"{self.path}: none of its {counted(len(without), 'product')}, such as "
                f"{_some(without)}, has a folder in the catalogue, which has {_some(blank)}; "
                f"expected the names of the folders in the column {PRODUCT}"
            )
        found = []
        if without:
            found.append(
                f"{self.path.name}: {counted(len(without), 'product')} without a folder of photos, "
                f"not looked for: {_some(without)}"
            )
        if blank:
            found.append(
                f"{self.path.name}: no row for {counted(len(blank), 'folder')}, whose listings "
                f"have nothing to copy: {_some(blank)}"
            )
        return found


def read(path: Path) -> CatalogueTable:
    """
    Read the table of a catalogue.

    Parameters
    ----------
    path : Path
        As of `toolkit.tables.read_table`, with the column product, however it is capitalised.

    Raises
    ------
    BadSetting
        If it cannot be read, has no column for the product, no rows, or a product twice.
    """
    try:
        table = read_table(path, most=LARGEST)
    except BadTable as error:
        raise BadSetting(
            f"{path} cannot be read as a table of products: {printable(str(error))}. Mend it, or "
            "name another one with --table"
        ) from error
    own = [str(name) for name in table.columns if folded(str(name)) == PRODUCT]
    if not own:
        has = ", ".join(map(printable, map(str, table.columns)))
        raise BadSetting(
            f"{path} has the columns {has}; expected one called {PRODUCT}, with the names of the "
            "folders of the catalogue"
        )
    columns = tuple(str(name) for name in table.columns if str(name) != own[0])
    rows: dict[str, dict[str, str]] = {}
    products: dict[str, str] = {}
    lines: dict[str, int] = {}
    for line, cells in zip(table.index.tolist(), table.to_dict("records"), strict=True):
        name = str(cells[own[0]]).strip()
        if not name:
            raise BadSetting(f"{path} line {line}: the product is empty; write its folder's name")
        key = key_of(name)
        if key in rows:
            raise BadSetting(
                f"{path} line {line}: {printable(name)} is there already, in line {lines[key]}; "
                "expected one row for each product: take one of them out"
            )
        lines[key], products[key] = line, name
        rows[key] = {column: str(cells[column]) for column in columns}
    if not rows:
        raise BadSetting(f"{path} has no rows; expected one for each product")
    return CatalogueTable(path, columns, rows, products)


def key_of(product: str) -> str:
    """Return a product's name in the form in which a table and a folder are compared."""
    return folded(safe_name(product, full_stop=True))


def is_left(column: str, left: Sequence[str] = LEFT) -> bool:
    """
    Whether a column is left for the seller.

    Parameters
    ----------
    column : str
        What it is called.
    left : sequence of str
        Names of columns, or words in them: "price" is also "price_eur" and "Price (EUR)".
    """
    words = {each.casefold() for each in _WORD.findall(column)}
    return any(each.casefold() in words or folded(each) == folded(column) for each in left)


def _some(names: Sequence[str]) -> str:
    shown = shown_of(len(names), NAMED)
    more = f" and {len(names) - shown:,} more" if names[shown:] else ""
    return ", ".join(map(printable, names[:shown])) + more
