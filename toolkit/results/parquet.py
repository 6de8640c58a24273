"""Large tables as Parquet beside their CSV: typed, smaller, and read in a third of the time."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.files import new_file, open_regular, reason_of
from toolkit.tables import MOST_CELLS, BadTable, escaped, unescaped

PACKAGE = "pyarrow"
# Rows from which on a table has one.
MANY = 100_000
# Rows that are written together.
TOGETHER = 100_000
# Rows that are read together, and how they are encoded; the latter two are for what is null.
READ, PLAIN = 10_000, {"PLAIN", "RLE", "BIT_PACKED"}


def is_there() -> bool:
    """Whether the package is installed (extra: scale)."""
    return importlib.util.find_spec(PACKAGE) is not None


def write(table: pd.DataFrame, path: Path) -> None:
    """
    Write a table, in the place of one that is there; its owner alone can read it.

    Whole numbers are int64, other numbers float64, and all else text, null where a cell is empty.
    Control characters, and bytes that are no text, stand as escapes, as in CSV; a formula has no
    apostrophe before it.

    Raises
    ------
    BadFolder
        If it cannot be written.
    """
    import pyarrow
    from pyarrow import parquet

    kinds = {str(name): _kind(table[name]) for name in table.columns}
    schema = pyarrow.schema([(escaped(name), kind) for name, kind in kinds.items()])
    # Without dictionaries a file says how much memory it takes; see `read`.
    how: dict[str, Any] = {"use_dictionary": False, "compression": "zstd"}
    with new_file(path) as stream, parquet.ParquetWriter(stream, schema, **how) as writer:
        for start in range(0, max(len(table), 1), TOGETHER):
            part = table.iloc[start : start + TOGETHER]
            columns = [_column(part[name], kinds[str(name)]) for name in table.columns]
            writer.write_table(pyarrow.table(columns, schema=schema))


def _kind(column: pd.Series) -> Any:
    import pyarrow

    if pd.api.types.is_bool_dtype(column):
        return pyarrow.string()
    if pd.api.types.is_integer_dtype(column):
        return pyarrow.int64()
    return pyarrow.float64() if pd.api.types.is_float_dtype(column) else pyarrow.string()


def _column(column: pd.Series, kind: Any) -> Any:
    import pyarrow

    if kind != pyarrow.string():
        return pyarrow.array(column.to_numpy(), kind, from_pandas=True)
    cells = column.to_numpy(dtype=object)
    none = pd.isna(cells)
    texts = [None if no else escaped(str(cell)) for cell, no in zip(cells, none, strict=True)]
    return pyarrow.array(texts, kind)


def read(path: Path, columns: Sequence[str] = (), *, most: int) -> pd.DataFrame:
    """
    Read a table that `write` wrote, every cell as text, as `toolkit.tables.read_table` reads it.

    Parameters
    ----------
    path : Path
        The file.
    columns : sequence of str
        Those that it must have.
    most : int
        Bytes that it may have, as it lies on the disk and unpacked.

    Raises
    ------
    BadTable
        If it cannot be read, or lacks columns.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        with open_regular(path, most=most) as stream, parquet.ParquetFile(stream) as file:
            table = _checked(file, most)
    except (OSError, ValueError, MemoryError, pyarrow.ArrowException) as error:
        raise BadTable(reason_of(error)) from error
    names = [unescaped(str(name)) for name in table.column_names]
    if missing := [name for name in columns if name not in names]:
        raise BadTable(f"it lacks the columns {', '.join(missing)}")
    cells = {name: _texts(table.column(place)) for place, name in enumerate(names)}
    found = pd.DataFrame(cells, dtype=str)
    found.columns = pd.Index(names, dtype=object)
    return found


def _checked(file: Any, most: int) -> Any:
    """Read a file some thousands of rows at a time; `BadTable` where it grows beyond all bounds."""
    import pyarrow

    about, large = file.metadata, BadTable("it holds more than a table may")
    if about.num_columns > MOST_CELLS:
        raise large
    unpacked = 0
    for group in map(about.row_group, range(about.num_row_groups)):
        unpacked += group.total_byte_size
        for column in map(group.column, range(group.num_columns)):
            # A few bytes that stand for many could ask for all memory.
            if not set(column.encodings) <= PLAIN:
                raise BadTable(f"it is encoded as {', '.join(column.encodings)}")
    if unpacked > most:
        raise large
    parts, taken = [], 0
    for part in file.iter_batches(batch_size=READ):
        taken += part.nbytes
        if taken > most:
            raise large
        parts.append(part)
    return pyarrow.Table.from_batches(parts, schema=file.schema_arrow)


def _texts(column: Any) -> list[str]:
    """Return the cells of a column as CSV has them."""
    import pyarrow

    cells = column.to_pylist()
    if pyarrow.types.is_floating(column.type):
        return ["" if cell is None or cell != cell else repr(cell) for cell in cells]
    return ["" if cell is None else unescaped(str(cell)) for cell in cells]
