"""Large tables as Parquet beside their CSV."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import modes
from toolkit.errors import BadFolder
from toolkit.results import earlier, parquet, results_folder
from toolkit.tables import BadTable, read_table, write_table

pytest.importorskip("pyarrow")

cells = st.tuples(
    st.text() | st.none() | st.sampled_from(["=1+1", "caf\udce9", "\\u{a}", "'x", "a\nb"]),
    st.integers(-(1 << 62), 1 << 62),
    st.floats(),
    st.booleans(),
)


@given(st.lists(cells, min_size=1), st.integers(1, 3))
def test_read_as_text_it_is_what_the_csv_is(tmp_path_factory, rows, together) -> None:
    place = tmp_path_factory.mktemp("t")
    table = pd.DataFrame(rows, columns=["one", "=two", "three", "four"]).assign(run="r")
    write_table(table, place / "t.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "TOGETHER", together)
        parquet.write(table, place / "t.parquet")
    found = parquet.read(place / "t.parquet", ["one"], most=1 << 20)
    pd.testing.assert_frame_equal(
        found, read_table(place / "t.csv").reset_index(drop=True), check_column_type=False
    )


def test_numbers_have_types(tmp_path) -> None:
    table = pd.DataFrame({"path": ["a", None], "left": [1, 2], "score": [0.5, np.nan]})
    parquet.write(table, tmp_path / "t.parquet")
    import pyarrow.parquet

    found = pyarrow.parquet.read_table(tmp_path / "t.parquet")
    assert found.schema.types == [pyarrow.string(), pyarrow.int64(), pyarrow.float64()]
    assert found.to_pydict() == {"path": ["a", None], "left": [1, 2], "score": [0.5, None]}


def test_what_is_no_such_table_is_refused(tmp_path) -> None:
    place = tmp_path / "t.parquet"
    with pytest.raises(BadTable):
        parquet.read(place, most=1 << 20)
    place.write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(BadTable):
        parquet.read(place, most=1 << 20)
    parquet.write(pd.DataFrame({"path": ["a" * 1000] * 1000}), place)
    with pytest.raises(BadTable, match="lacks the columns name"):
        parquet.read(place, ["name"], most=1 << 21)
    # A few bytes must not ask for all memory.
    parquet.write(pd.DataFrame({"number": [7] * 1_000_000}), place)
    few = place.stat().st_size
    assert few < 500_000
    with pytest.raises(BadTable, match="more than a table may"):
        parquet.read(place, most=few)
    import pyarrow.parquet

    many = pyarrow.table({"path": ["a" * 100_000] * 1000})
    pyarrow.parquet.write_table(many, place)
    assert place.stat().st_size < 200_000
    with pytest.raises(BadTable, match="it is encoded as"):
        parquet.read(place, most=1 << 20)


class TestResults:
    @pytest.fixture
    def out(self, album_folder, tmp_path, colours, monkeypatch):
        monkeypatch.setattr(parquet, "MANY", 2)
        modes.autopilot(album_folder, tmp_path / "out", subject=colours)
        return tmp_path / "out"

    def test_a_result_is_read_from_it_and_is_the_same(self, out, monkeypatch) -> None:
        assert {path.name for path in out.glob("*.parquet")} == {
            "photos.parquet",
            "sightings.parquet",
        }
        read = []
        real = parquet.read

        def noting(path, *how, **more):
            read.append(path.name)
            return real(path, *how, **more)

        monkeypatch.setattr(parquet, "read", noting)
        typed, run = modes.taken_up(out)
        assert set(read) == {"photos.parquet", "sightings.parquet"}
        monkeypatch.setattr(parquet, "is_there", lambda: False)
        plain, other = modes.taken_up(out)
        pd.testing.assert_frame_equal(typed.album.sightings, plain.album.sightings)
        pd.testing.assert_frame_equal(typed.album.photos, plain.album.photos)
        assert run.names == other.names

    def test_what_somebody_wrote_into_the_csv_counts(self, out) -> None:
        text = (out / "sightings.csv").read_text(encoding="utf-8")
        (out / "sightings.csv").write_text(text.replace("person_001", "Ann"), encoding="utf-8")
        assert "Ann" in modes.taken_up(out)[1].names
        assert "Ann" in earlier.read(out).names

    def test_that_of_an_earlier_run_goes(self, out, album_folder, colours, monkeypatch) -> None:
        monkeypatch.setattr(parquet, "MANY", 100)
        modes.autopilot(album_folder, out, subject=colours)
        assert not list(out.glob("*.parquet"))
        assert "person_001" in modes.taken_up(out)[1].names

    def test_an_undo_takes_it_away(self, out) -> None:
        modes.undo(out)
        assert not list(out.glob("*.parquet"))

    def test_one_of_the_users_is_never_written_over(
        self, tmp_path, album_folder, colours, monkeypatch
    ) -> None:
        modes.autopilot(album_folder, tmp_path / "new", subject=colours)
        monkeypatch.setattr(parquet, "MANY", 2)
        record = results_folder.ResultsFolder(tmp_path / "new").record()
        assert not {*results_folder.TYPED.values()} & {*record["tables"]}
        (tmp_path / "new" / "photos.parquet").write_bytes(b"mine")
        with pytest.raises(BadFolder, match=r"photos\.parquet there is of no run"):
            modes.autopilot(album_folder, tmp_path / "new", subject=colours)
        assert (tmp_path / "new" / "photos.parquet").read_bytes() == b"mine"
