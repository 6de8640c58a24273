import csv
import json
from datetime import datetime, timezone

import pandas as pd
import pytest
from camera_traps import TABLE, seen, sorted_study, two_stations

from toolkit.errors import BadFolder, BadSetting
from toolkit.photos import stations
from toolkit.results import results_folder
from toolkit.results.captures import observed, study
from toolkit.results.captures.study import Wishes

pytest.importorskip("pyproj")

NOW = datetime(2024, 6, 1, tzinfo=timezone.utc)
ALL = Wishes("Panthera uncia", timezone="Asia/Bishkek", project="P", contributors=("A",))


def make(rows, table=None, wishes=ALL):
    table = two_stations() if table is None else table
    placed = [observed.placed(each, table) for each in rows]
    return study.make(placed, table, wishes, created=NOW)


def read(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_everything_is_made_and_says_the_same(tmp_path) -> None:
    rows = [seen(number=1), seen("bob", "2024-05-19 08:00:00", "S_2", number=2)]
    made = make(rows)
    assert made.missing == ()
    assert study.write(made, tmp_path / "captures") == []
    folder = tmp_path / "captures"
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert written == {"captures.json", *study.WRITTEN} - {"camtrapr_tree.csv"}
    records = read(folder / "record_table.csv")
    seen_by_dp = read(folder / "camtrap_dp/observations.csv")
    assert [(row["Individual"], row["Station"]) for row in records] == [
        (row["individualID"], row["deploymentID"]) for row in seen_by_dp
    ]
    counts = read(folder / "history_counts.csv")
    assert {row["Individual"]: list(row.values())[1:] for row in counts} == {
        "ann": ["1", "0", "0"],
        "bob": ["0", "0", "1"],
    }
    assert [row["Station"] for row in read(folder / "camtrapr_stations.csv")] == ["S1", "S_2"]
    assert read(folder / "camtrapr_stations.csv")[0]["Retrieval_date"] == "2024-05-20"


def test_from_photos_to_a_history(tmp_path) -> None:
    out = sorted_study(tmp_path)
    table = stations.read(out.parent / "stations.csv")
    rows = observed.gather(results_folder.load(out), table)
    made = study.make(rows, table, ALL, created=NOW)
    records = made.tables["record_table.csv"]
    # ann's two sides are one record; the clock of S_2 was five seconds slow.
    times = records.groupby("Individual")["DateTimeOriginal"].apply(list).to_dict()
    assert times == {
        "person_001": ["2024-05-02 10:00:00", "2024-05-10 00:00:03", "2024-05-12 04:00:05"],
        "person_002": ["2024-05-03 11:30:00", "2024-05-12 04:00:05"],
    }
    assert made.tables["history_both.csv"].values.tolist() == [["person_001", 1, 0, 0]]
    assert made.tables["left_out.csv"]["reason"].tolist() == [observed.NO_TIME]
    assert "1 sighting left out: no time" in str(made)
    assert "5 detections of 2 individuals at 2 stations, on 3 occasions of 7 days" in str(made)


@pytest.mark.parametrize(
    ("text", "wishes", "said", "there"),
    [
        (None, ALL, "they need the table of stations", {"record_table.csv"}),
        (TABLE, Wishes(), "Camtrap DP: it needs the cameras' time zone", {"secr/traps.txt"}),
        ("station\nS1\nS_2\n", ALL, "S1 has no setup_date", {"record_table.csv"}),
        (
            "station,setup_date,retrieval_date\nS1,2024-05-01,2024-05-20\n",
            ALL,
            "secr: S1 has no latitude and longitude",
            {"history.csv", "effort.csv"},
        ),
    ],
)
def test_what_cannot_be_made_is_named(tmp_path, text, wishes, said, there) -> None:
    table = None
    if text is not None:
        (tmp_path / "stations.csv").write_text(text)
        table = stations.read(tmp_path / "stations.csv")
    rows = [seen()] if table is None else [observed.placed(seen(), table)]
    made = study.make(rows, table, wishes, created=NOW)
    assert said in "; ".join(made.missing)
    assert there <= {*made.tables, *made.texts}
    assert said in str(made)
    assert json.loads(json.dumps(made.as_dict()))["not_made"] == list(made.missing)


def test_no_sighting_at_all_is_a_study_too(tmp_path) -> None:
    study.write(make([]), tmp_path / "captures")
    assert read(tmp_path / "captures" / "record_table.csv") == []


def test_again_replaces_what_was_written_and_takes_away_the_rest(tmp_path) -> None:
    folder = tmp_path / "captures"
    study.write(make([seen()]), folder)
    study.write(make([seen("bob")]), folder)
    assert read(folder / "record_table.csv")[0]["Individual"] == "bob"
    study.write(study.make([seen()], None, ALL), folder)
    assert not (folder / "history.csv").exists()
    assert not (folder / "secr" / "traps.txt").exists()
    # One that was cut off is known as one.
    content = json.loads((folder / "captures.json").read_text())
    content["files"] = dict.fromkeys(content["files"], "")
    (folder / "captures.json").write_text(json.dumps(content))
    study.write(make([seen()]), folder)


def test_what_is_not_ours_is_never_replaced_or_taken_away(tmp_path) -> None:
    folder = tmp_path / "captures"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(BadFolder, match="holds something else"):
        study.write(make([seen()]), folder)
    (folder / "notes.txt").unlink()
    study.write(make([seen()]), folder)
    (folder / "notes.txt").write_text("mine")
    (folder / "captures.json").write_text(
        json.dumps({"program": "sightings", "files": {"notes.txt": "", "../x": ""}})
    )
    (tmp_path / "x").write_text("mine")
    with pytest.raises(BadFolder, match="holds something else"):
        study.write(make([seen()]), folder)
    assert (folder / "notes.txt").read_text() == (tmp_path / "x").read_text() == "mine"


def test_a_file_that_was_changed_since_stays(tmp_path) -> None:
    folder = tmp_path / "captures"
    study.write(make([seen()]), folder)
    package = folder / "camtrap_dp" / "datapackage.json"
    package.write_text("mine")
    before = (folder / "record_table.csv").read_text()
    with pytest.raises(BadFolder, match=r"datapackage\.json was changed since"):
        study.write(make([seen("bob")]), folder)
    assert package.read_text() == "mine"
    assert (folder / "record_table.csv").read_text() == before


def test_the_tree_is_made_when_asked_and_once(tmp_path) -> None:
    out = sorted_study(tmp_path)
    rows = observed.gather(results_folder.load(out))
    made = study.make(rows, None, Wishes("Panthera uncia", tree=True), created=NOW)
    folder = tmp_path / "captures"
    assert study.write(made, folder) == []
    copies = {p.relative_to(folder).as_posix() for p in folder.rglob("*.jpg")}
    assert "camtrapr/Panthera uncia/S1/person_001/a_left.jpg" in copies
    assert copies == {
        f"camtrapr/{place}" for place in made.tables["camtrapr_tree.csv"]["destination"]
    }
    with pytest.raises(BadFolder, match="is there already"):
        study.write(made, folder)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"days": 0}, "--occasion is 0"),
        ({"minutes": -1}, "--independent is -1"),
        ({"timezone": "Asia/Nowhere"}, "--timezone is 'Asia/Nowhere'"),
        ({"timezone": "../../etc/passwd"}, "--timezone is"),
        ({"crs": "EPSG:4326"}, "not in metres"),
    ],
)
def test_wishes_that_cannot_be_are_refused(wish, said) -> None:
    with pytest.raises(BadSetting, match=said):
        Wishes(**wish)


def test_tables_hold_plain_numbers() -> None:
    table = make([seen()]).tables["history.csv"]
    assert all(pd.api.types.is_integer_dtype(table[name]) for name in table.columns[1:])


def test_individuals_seen_from_one_side_only_may_be_there_twice() -> None:
    left = seen("ann", flank="left", number=1)
    right = seen("bob", flank="right", number=2)
    said = "1 seen from the left only and 1 from the right only may be the same individuals"
    assert said in str(make([left, right]))
    assert "left only" not in str(make([left]))
    both = seen("ann", flank="right", time="2024-05-04 10:00:00", number=3)
    assert "left only" not in str(make([left, both, right]))
