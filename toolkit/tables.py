"""Tables as CSV: no spreadsheet runs a cell of theirs; read however a spreadsheet saves them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from toolkit.files import new_file, read_regular, reason_of
from toolkit.names import printable, shows

# Where pyarrow is installed, pandas would hold texts so that bytes which are no text, as names of
# files may have, have no place in them (as in `toolkit.records`).
pd.set_option("mode.string_storage", "python")

# A cell with such a beginning is a formula to spreadsheets (the last four are full-width forms).
_FORMULA = re.compile("'*[=+\\-@\t\r\N{FULLWIDTH EQUALS SIGN}\uff0b\uff0d\uff20]")
_GUARDED = re.compile("'+[=+\\-@\t\r\N{FULLWIDTH EQUALS SIGN}\uff0b\uff0d\uff20]")
# Where a semicolon parts cells, as for Excel in half of Europe, what follows one begins a cell.
_AFTER_MARK = re.compile(';(?=["\\s]*[=+\\-@\N{FULLWIDTH EQUALS SIGN}\uff0b\uff0d\uff20])')
# What stands for a character that does not show: its number, up to the last that there is.
_ESCAPE = re.compile(r"\\u\{((?:10|[0-9a-f])?[0-9a-f]{1,4})\}")
MARKS = ",;\t"
# Lines that are written together.
TOGETHER = 20_000
# Cells of a line: a line of nothing but commas must not ask for all memory.
MOST_CELLS = 1000
# Letters of a cell.
LONGEST = 131_072
# Cells that lines of a table may lack in all.
MOST_PADDED = 10_000_000


class BadTable(ValueError):
    """A file that is no such table; the text says why, without the path."""


def write_table(table: pd.DataFrame, path: Path) -> None:
    """
    Write a table as CSV that its owner alone can read: UTF-8, in the place of one that is there.

    Control characters, and bytes that are no text, stand as escapes. Text that a spreadsheet would
    take for a formula gets an apostrophe before it. `read_table` has all of it back as it was;
    numbers stay numbers.

    Raises
    ------
    BadFolder
        If it cannot be written.
    """
    with new_file(path) as stream:
        for piece in _pieces(table):
            stream.write(piece.encode("utf-8", errors="backslashreplace"))


def _pieces(table: pd.DataFrame) -> Iterator[str]:
    """Yield the text of a table, the line of names first, some thousands of lines at a time."""
    names = [guarded(escaped(str(column))) for column in table.columns]
    texts = [
        place
        for place, column in enumerate(table.columns)
        if not pd.api.types.is_numeric_dtype(table[column])
    ]
    # How a moment is written depends on all of them.
    moments = any(map(pd.api.types.is_datetime64_any_dtype, table.dtypes))
    together = max(len(table), 1) if moments else TOGETHER
    for start in range(0, max(len(table), 1), together):
        shown = table.iloc[start : start + together].copy()
        for place in texts:
            cells = shown.iloc[:, place].to_numpy(dtype=object)
            safe = [guarded(escaped(x)) if isinstance(x, str) else x for x in cells]
            kind = shown.dtypes.iloc[place] if moments else object
            shown.isetitem(place, pd.Series(safe, index=shown.index, dtype=kind))
        shown.columns = pd.Index(names)
        yield shown.to_csv(index=False, header=start == 0, lineterminator="\n")


def read_table(path: Path, columns: Sequence[str] = (), *, most: int = 1 << 28) -> pd.DataFrame:
    """
    Read a table that `write_table`, a spreadsheet or the user wrote, every cell as text.

    Parameters
    ----------
    path : Path
        UTF-8, with or without a mark of the byte order; cells separated by commas, semicolons or
        tabs, whichever the first line has most of.
    columns : sequence of str
        Those that it must have.
    most : int
        Bytes that it may have.

    Returns
    -------
    pandas.DataFrame
        Every column of the first line, text, "" for an empty or missing cell; one without a name is
        called after its place. The index is the line's number in the file. Lines without anything
        in them are left out.

    Raises
    ------
    BadTable
        If it cannot be read, lacks columns, or a line has more cells than the first one.
    """
    rows = read_rows(path, most=most)
    names = [name.strip() for name in next(rows, (0, []))[1]]
    if twice := sorted({name for name in names if names.count(name) > 1 and name}):
        raise BadTable(f"it has two columns called {printable(twice[0])}")
    if not names:
        raise BadTable("it is empty")
    if missing := [name for name in columns if name not in names]:
        raise BadTable(f"it lacks the columns {', '.join(missing)}")
    padded = 0
    cells: list[list[str]] = [[] for _ in names]
    lines: list[int] = []
    for line, row in rows:
        if len(row) > len(names):
            raise BadTable(
                f"line {line} has {len(row)} cells for {len(names)} columns; put a name with a "
                "comma into quotes"
            )
        # A few letters must not ask for a table of thousands of columns and lines.
        padded += len(names) - len(row)
        if padded > MOST_PADDED:
            raise BadTable(f"line {line} has {len(row)} cells for {len(names)} columns, as many do")
        lines.append(line)
        for place, column in enumerate(cells):
            column.append(row[place] if place < len(row) else "")
    kept = {
        name or f"column {place}": column
        for place, (name, column) in enumerate(zip(names, cells, strict=True), start=1)
        # Spreadsheets write empty columns at the end.
        if name or any(map(str.strip, column))
    }
    table = pd.DataFrame(kept, index=pd.Index(lines, dtype="int64"), dtype=str)
    table.columns = pd.Index(list(kept), dtype=object)
    return table


def read_rows(path: Path, *, most: int = 1 << 28) -> Iterator[tuple[int, list[str]]]:
    """
    Read the lines of a table one by one, the first one too, but for those with nothing in them.

    Parameters
    ----------
    path, most
        As for `read_table`.

    Yields
    ------
    int, list of str
        The line's number in the file, from 1, and its cells.

    Raises
    ------
    BadTable
        If the file cannot be read, or a line is none.
    """
    try:
        text = read_regular(path, most=most).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTable(
            f"it is not UTF-8 text (byte {error.start}), which CSV is to be saved in"
        ) from error
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        raise BadTable("it is missing" if missing else reason_of(error)) from error
    head = text.lstrip().partition("\n")[0]
    mark = max(MARKS, key=head.count)
    try:
        reader = csv.reader(_lines(text, mark), delimiter=mark, strict=True)
        for row in reader:
            # The limit of the csv module is one for all, and other packages take it away.
            if any(len(cell) > LONGEST for cell in row):
                raise csv.Error(f"a cell has more than {LONGEST:,} letters")
            if any(map(str.strip, row)):
                yield reader.line_num, [unescaped(restored(cell)) for cell in row]
    except csv.Error as error:
        raise BadTable(f"it is no CSV table: {error}") from error


def _lines(text: str, mark: str) -> Iterator[str]:
    quoted = False
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        parts = line.split('"') if '"' in line else [line]
        # What stands between quotes separates no cells.
        if len(line) > MOST_CELLS <= sum(part.count(mark) for part in parts[quoted::2]):
            raise BadTable(f"line {number} has more than {MOST_CELLS:,} cells")
        quoted ^= len(parts) % 2 == 0
        yield line


def escaped(text: str) -> str:
    r"""
    Return text in which control characters and lone surrogates stand as escapes, such as ``\u{a}``.

    So does a semicolon after which a spreadsheet that parts cells by it would read a formula.
    `unescaped` has the text back: what looks like such an escape already is written with one of its
    own. The braces keep paths of Windows, such as ``C:\new``, as they are.
    """
    if text.isprintable() and "\\u{" not in text and ";" not in text:
        return text
    whole = _ESCAPE.sub(lambda found: rf"\u{{5c}}{found[0][1:]}", text)
    whole = _AFTER_MARK.sub(rf"\\u{{{ord(';'):x}}}", whole)
    return "".join(c if shows(c) else rf"\u{{{ord(c):x}}}" for c in whole)


def unescaped(cell: str) -> str:
    """Return what `escaped` was given."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), cell) if "\\u{" in cell else cell


def guarded(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula; see `restored`."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(cell: str) -> str:
    """Return what `guarded` was given."""
    return cell[1:] if _GUARDED.match(cell) else cell
