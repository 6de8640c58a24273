"""Tables: what is written is read back as it was, and no spreadsheet runs a cell."""

import csv
import os
import re
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tiles import save_tiles

from toolkit import modes, tables
from toolkit.tables import BadTable, escaped, guarded, read_rows, read_table, write_table

FORMULAS = [
    "=1+1",
    "+49 30",
    "-rf",
    "@sum",
    "\tx",
    "\r=x",
    "'=x",
    "''-1",
    "\uff1d1",
    "\uff0b",
    "'",
    "'a",
    "a;=1+1",
    'a;"=1+1"',
    "a; -x;b",
    ";@",
]
ESCAPES = ["\\u{a}", "\\\n", "\\\\u{5c}", "C:\\new\\u{1f", "\\u{110000}", "caf\udce9", "\\u{\0}"]
texts = st.text() | st.sampled_from(FORMULAS + ESCAPES)


@given(st.lists(st.tuples(texts, texts), min_size=1))
@example([(each, each) for each in FORMULAS + ESCAPES])
def test_text_comes_back_as_it_was(tmp_path_factory, rows) -> None:
    path = tmp_path_factory.mktemp("t") / "t.csv"
    write_table(pd.DataFrame(rows, columns=["one", "=two"]), path)
    table = read_table(path, ["one", "=two"])
    assert table.to_numpy().tolist() == [
        list(row) for row in rows if any(map(str.strip, map(escaped, row)))
    ]
    with path.open(encoding="utf-8", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert not [cell for cell in cells if cell[:1] in set("=+-@\t\r\uff1d\uff0b\uff0d\uff20")]
    # Nor where they are parted by semicolons, whatever quotes there mean.
    pieces = re.split("[;\n]", path.read_text(encoding="utf-8"))
    assert not [each for each in pieces if each.strip(' "')[:1] in set("=+-@\uff1d\uff0b")]


@given(
    st.lists(st.tuples(texts | st.none(), st.integers(), st.floats(), st.booleans())),
    st.integers(1, 4),
    st.booleans(),
)
def test_written_in_pieces_a_table_is_the_same_to_the_byte(
    tmp_path_factory, rows, together, dated
) -> None:
    table = pd.DataFrame(rows, columns=["one", "=two", "three", "four"])
    if dated:
        table["when"] = pd.date_range("2024-05-31", periods=len(table), freq="12h")
    place = tmp_path_factory.mktemp("t")
    with pytest.MonkeyPatch.context() as patch:
        for name, lines in (("whole", len(table) + 1), ("pieces", together)):
            patch.setattr(tables, "TOGETHER", lines)
            write_table(table, place / name)
    assert (place / "pieces").read_bytes() == (place / "whole").read_bytes()
    # As pandas writes it in one go.
    shown = table.rename(columns={"=two": "'=two"})
    shown["one"] = [guarded(escaped(x)) if isinstance(x, str) else x for x in table["one"]]
    text = shown.to_csv(index=False, lineterminator="\n")
    assert (place / "whole").read_bytes() == text.encode("utf-8", "backslashreplace")


@given(st.lists(st.tuples(texts, texts), min_size=1), st.sampled_from(",;\t"), st.booleans())
def test_a_table_that_a_spreadsheet_saved_again_is_the_same(
    tmp_path_factory, rows, mark, every
) -> None:
    """It takes each cell for text, and has its own marks, quotes and ends of lines."""
    path = tmp_path_factory.mktemp("t") / "t.csv"
    write_table(pd.DataFrame(rows, columns=["one", "two"]), path)
    before = read_table(path)
    with path.open(encoding="utf-8", newline="") as stream:
        cells = list(csv.reader(stream))
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        quoting = csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL
        csv.writer(stream, delimiter=mark, quoting=quoting).writerows(cells)
    assert read_table(path).to_numpy().tolist() == before.to_numpy().tolist()


def test_tables_of_earlier_versions_are_read_as_they_are(tmp_path) -> None:
    (tmp_path / "t.csv").write_text("path\nC:\\new\\x1b\\udce9.png\n")
    assert read_table(tmp_path / "t.csv")["path"].tolist() == ["C:\\new\\x1b\\udce9.png"]


def test_numbers_stay_numbers(tmp_path) -> None:
    write_table(pd.DataFrame({"a": [-1, 2], "b": [-0.5, 1e-9]}), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "a,b\n-1,-0.5\n2,1e-09\n"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_tables_of_spreadsheets_are_read(tmp_path, mark, start) -> None:
    rows = [
        ["name", "note", "", ""],
        ["Smith; Eve, B\t", "", "", ""],
        [""] * 4,
        ["Zoë", "x", "", ""],
    ]
    text = "\r\n".join(mark.join(f'"{x}"' if " " in x else x for x in row) for row in rows)
    (tmp_path / "t.csv").write_bytes(start + text.encode())
    table = read_table(tmp_path / "t.csv", ["name"])
    assert table.to_numpy().tolist() == [["Smith; Eve, B\t", ""], ["Zoë", "x"]]
    assert table.index.tolist() == [2, 4]


@pytest.fixture(params=[131_072, 2**31 - 1])
def limit_of_cells(request):
    """The csv module's limit of a cell, which other packages set for the whole process."""
    before = csv.field_size_limit(request.param)
    yield
    csv.field_size_limit(before)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"\n\n", "it is empty"),
        (b"a,b\n1,2,3\n", "line 2 has 3 cells for 2 columns"),
        (b"a,b\n1,2,\n", "line 2 has 3 cells for 2 columns"),
        (b"a,c\n1,2\n", "it lacks the columns b"),
        (b"a,b,b\n", "two columns called b"),
        (b"a,b\n\xff\xfe", "not UTF-8"),
        (b'a,b\n"x,2\n', "it is no CSV table"),
        (b'a,b\n"x"y,2\n', "it is no CSV table"),
        (b"a,b\n" + b"x" * 200_000 + b",1\n", "it is no CSV table"),
    ],
)
def test_what_is_no_such_table_is_refused_in_words(tmp_path, limit_of_cells, content, why) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(BadTable, match=why):
        read_table(tmp_path / "t.csv", ["a", "b"])


def test_a_table_that_is_missing_too_large_or_none(tmp_path) -> None:
    with pytest.raises(BadTable, match="it is missing"):
        read_table(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadTable, match="expected at most 3"):
        read_table(tmp_path / "t.csv", most=3)
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(BadTable, match="not a regular file"):
            read_table(tmp_path / "pipe")


@pytest.mark.parametrize("line", [b",", b",,,\n"])
def test_nothing_but_commas_takes_no_memory(tmp_path, line) -> None:
    import tracemalloc

    size = 2_000_000
    (tmp_path / "t.csv").write_bytes(b"a,b,c,d\n" + line * (size // len(line)))
    tracemalloc.start()
    try:
        table = read_table(tmp_path / "t.csv")
        assert len(table) == 0
    except BadTable as error:
        assert "more than 1,000 cells" in str(error)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * size


def test_rows_are_read_with_their_numbers(tmp_path) -> None:
    (tmp_path / "t.csv").write_text('a,b\n\n"x\ny",2\n\'=z,3\n')
    assert list(read_rows(tmp_path / "t.csv")) == [
        (1, ["a", "b"]),
        (4, ["x\ny", "2"]),
        (5, ["=z", "3"]),
    ]


def test_short_lines_of_many_columns_take_no_memory(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tables, "MOST_PADDED", 10_000)
    head = ",".join(f"c{number}" for number in range(900))
    (tmp_path / "t.csv").write_text(f"{head}\n" + "x\n" * 10)
    assert len(read_table(tmp_path / "t.csv")) == 10
    (tmp_path / "t.csv").write_text(f"{head}\n" + "x\n" * 13)
    with pytest.raises(BadTable, match="line 13 has 1 cells for 900 columns"):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize("text", ["," * 2_000, 'a "b" ' + "," * 2_000, ",\n" * 2_000])
def test_commas_between_quotes_are_no_cells(tmp_path, text) -> None:
    with (tmp_path / "t.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["a", "b"], [text, "1"], ["x", text]])
    assert read_table(tmp_path / "t.csv").to_numpy().tolist() == [[text, "1"], ["x", text]]


def test_no_cell_of_a_result_is_a_formula(tmp_path, colours) -> None:
    """Whatever the photos, their folders and the people in them are called."""
    photos, out = tmp_path / "=photos", tmp_path / "out"
    save_tiles(photos / "=1+1.png", "ann")
    save_tiles(photos / "@sum" / "-2+3.png", "bob")
    save_tiles(photos / "+a" / "#recycle" / "x.png", "bob")
    (photos / "+bad.png").write_bytes(b"x")
    save_tiles(tmp_path / "known" / "=HYPERLINK(1)" / "a.png", "ann")
    modes.point_and_shoot(photos, tmp_path / "known", out, subject=colours)
    tables = sorted(out.glob("*.csv"))
    assert len(tables) >= 4
    for table in tables:
        with table.open(encoding="utf-8", newline="") as stream:
            for cell in (cell for row in csv.reader(stream) for cell in row):
                number = re.fullmatch(r"[+-]?[0-9.]+(e[+-]?[0-9]+)?", cell)
                assert number or cell[:1] not in set("=+-@\t\r"), (table.name, cell)
    assert set(read_table(out / "sightings.csv")["path"]) == {"=1+1.png", "@sum/-2+3.png"}
    assert "=HYPERLINK(1)" in set(read_table(out / "sightings.csv")["name"])


def test_all_tables_go_through_here() -> None:
    """A table that is written another way would not be guarded; samples hold our own words."""
    package = Path(tables.__file__).parent
    found = {
        path.name
        for path in package.rglob("*.py")
        if re.search(r"to_csv|csv\.writer|DictWriter|to_excel", path.read_text(encoding="utf-8"))
    }
    assert found <= {"tables.py", "sample.py", "animal_sample.py", "goods_sample.py"}
