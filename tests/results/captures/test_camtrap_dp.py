"""The package is checked against the standard's own schemas, without a network."""

import csv
import json
from datetime import datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from camera_traps import seen, two_stations
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.photos.stations import Deployment, Stations
from toolkit.results.captures import camtrap_dp, observed
from toolkit.tables import write_table

frictionless = pytest.importorskip("frictionless")
jsonschema = pytest.importorskip("jsonschema")
referencing = pytest.importorskip("referencing")
pytest.importorskip("referencing.jsonschema")

ABOUT = camtrap_dp.About(
    zone=ZoneInfo("Asia/Bishkek"),
    species="Panthera uncia",
    project="Leopards of the Naryn",
    contributors=("Ada Lovelace <ada@example.org>", "Snow Fund"),
    design="targeted",
    created=datetime(2024, 6, 1, 12, tzinfo=timezone.utc),
)
LINKED = {
    # What the profile links to: the rules of a package, of which these parts concern us, and
    # GeoJSON.
    "https://specs.frictionlessdata.io/schemas/data-package.json": {
        "type": "object",
        "required": ["resources"],
        "properties": {
            "created": {"type": "string", "format": "date-time"},
            "contributors": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["title"],
                    "properties": {"email": {"type": "string", "format": "email"}},
                },
            },
        },
    },
}


def placed(*rows):
    table = two_stations()
    return [observed.placed(each, table) for each in rows]


def write(folder, rows, about=ABOUT, table=None):
    descriptor, tables = camtrap_dp.package(rows, table or two_stations(), about)
    folder.mkdir(exist_ok=True)
    for name, each in tables.items():
        write_table(each, folder / f"{name}.csv")
    (folder / "datapackage.json").write_text(json.dumps(descriptor))
    return descriptor


def problems(folder) -> list[str]:
    """Say what the standard's schemas find wrong with a package on the disk."""
    descriptor = json.loads((folder / "datapackage.json").read_text())
    schemas = camtrap_dp.SCHEMAS
    geojson = json.loads(
        (Path(frictionless.__file__).parent / "assets/profiles/geojson.json").read_text()
    )
    linked = {**LINKED, "http://json.schemastore.org/geojson.json": geojson}
    profile = json.loads((schemas / "camtrap-dp-profile.json").read_text())
    draft4 = referencing.jsonschema.DRAFT4
    registry = referencing.Registry().with_resources(
        [(uri, referencing.Resource.from_contents(each, draft4)) for uri, each in linked.items()]
    )
    checker = jsonschema.Draft4Validator(
        profile, registry=registry, format_checker=jsonschema.FormatChecker()
    )
    found = [error.message for error in checker.iter_errors(descriptor)]
    # The same package with the schemas in the place of links to them.
    for resource in descriptor["resources"]:
        name = resource["schema"].rpartition("/")[2]
        resource["schema"] = json.loads((schemas / name).read_text())
    descriptor.pop("profile")
    for resource in descriptor["resources"]:
        resource.pop("profile")
    package = frictionless.Package.from_descriptor(descriptor, basepath=str(folder))
    report = package.validate()
    return found + [message for (message,) in report.flatten(["message"])]


def read(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_package_is_valid_and_tells_the_same_identities_and_times(tmp_path) -> None:
    rows = placed(
        seen(flank="left", event="e1", number=1),
        seen("bob", "2024-05-09 23:30:00", "S_2", number=2),
        seen(None, "2024-05-10 01:00:00", "S_2", number=3),
    )
    descriptor = write(tmp_path, rows)
    assert problems(tmp_path) == []
    media = {row["mediaID"]: row for row in read(tmp_path, "media")}
    told = [
        (row["individualID"], row["deploymentID"], row["eventStart"], media[row["mediaID"]])
        for row in read(tmp_path, "observations")
    ]
    assert [(who, where, when) for who, where, when, _ in told] == [
        ("ann", "S1", "2024-05-02T10:00:00+06:00"),
        ("bob", "S_2", "2024-05-09T23:30:00+06:00"),
        ("", "S_2", "2024-05-10T01:00:00+06:00"),
    ]
    assert all(medium["timestamp"] == when for _, _, when, medium in told)
    assert told[0][3]["filePath"] == "S1/p1.jpg"
    first = read(tmp_path, "observations")[0]
    box = [float(first[f"bbox{side}"]) for side in ("X", "Y", "Width", "Height")]
    assert box == [0.1, 0.1, 0.5, 0.5]
    assert descriptor["taxonomic"] == [{"scientificName": "Panthera uncia"}]
    assert descriptor["temporal"] == {"start": "2024-05-01", "end": "2024-05-20"}
    assert descriptor["contributors"][0] == {"title": "Ada Lovelace", "email": "ada@example.org"}
    west, south = descriptor["spatial"]["coordinates"][0][0]
    assert (west, south) == (74.4987, 41.7064)


def test_what_is_not_valid_is_found_by_the_same_check(tmp_path) -> None:
    descriptor = write(tmp_path, placed(seen()))
    text = (tmp_path / "observations.csv").read_text()
    (tmp_path / "observations.csv").write_text(text.replace(",animal,", ",leopard,"))
    assert any("animal" in each for each in problems(tmp_path))
    (tmp_path / "observations.csv").write_text(text.replace("+06:00", ""))
    assert problems(tmp_path)
    (tmp_path / "observations.csv").write_text(text)
    descriptor["project"]["samplingDesign"] = "random"
    (tmp_path / "datapackage.json").write_text(json.dumps(descriptor))
    assert any("random" in each for each in problems(tmp_path))


def test_columns_stand_in_the_standards_order() -> None:
    _, tables = camtrap_dp.package(placed(seen()), two_stations(), ABOUT)
    for name, table in tables.items():
        assert list(table.columns) == camtrap_dp.fields_of(name)
    assert camtrap_dp.fields_of("media")[:4] == [
        *("mediaID", "deploymentID", "captureMethod", "timestamp"),
    ]


def test_summer_time_has_its_own_offset() -> None:
    zone = ZoneInfo("Europe/Berlin")
    assert camtrap_dp.stamp(datetime(2024, 3, 30, 12), zone) == "2024-03-30T12:00:00+01:00"
    assert camtrap_dp.stamp(datetime(2024, 3, 31, 12), zone) == "2024-03-31T12:00:00+02:00"


def test_nothing_told_is_still_valid_and_what_has_no_place_is_left_out(tmp_path) -> None:
    about = camtrap_dp.About(zone=ZoneInfo("UTC"), created=ABOUT.created)
    rows = placed(seen(number=1), seen(time="", number=2), seen(station="elsewhere", number=3))
    write(tmp_path, rows, about)
    assert problems(tmp_path) == []
    assert len(read(tmp_path, "observations")) == 1


@settings(max_examples=12)
@given(
    st.text(min_size=1, max_size=12),
    st.text(min_size=1, max_size=12),
    st.tuples(*[st.integers(-50, 250)] * 4),
)
def test_any_names_and_boxes_make_a_valid_package(tmp_path, name, who, box) -> None:
    left, right, top, bottom = *sorted(box[:2]), *sorted(box[2:])
    rows = placed(
        seen(who, place=f"S1/{name}.JPG", box=(left, top, right + 1, bottom + 1), number=1)
    )
    write(tmp_path, rows)
    assert problems(tmp_path) == []


@pytest.mark.parametrize(
    ("place", "path"),
    [
        *(("S1/a..b.jpg", "S1/a%2E%2Eb.jpg"), (".x/a.jpg", "%2Ex/a.jpg")),
        *(("/photos/a.jpg", "photos/a.jpg"), ("~a/b.jpg", "%7Ea/b.jpg")),
    ],
)
def test_paths_as_the_standard_wants_them(tmp_path, place, path) -> None:
    write(tmp_path, placed(seen(place=place)))
    assert read(tmp_path, "media")[0]["filePath"] == path
    assert problems(tmp_path) == []


def test_a_clip_has_its_media_type_and_no_box_in_one_of_its_frames(tmp_path) -> None:
    clip = seen(place="S1/a.mts", path="S1/a.mts")
    raw = seen(place="S1/a.cr2", path="S1/a.cr2", photo_digest="cd", sighting_id="other")
    write(tmp_path, [*placed(clip), *placed(raw)])
    assert [row["fileMediatype"] for row in read(tmp_path, "media")] == [
        "video/mp2t",
        "image/x-raw",
    ]
    assert [bool(row["bboxX"]) for row in read(tmp_path, "observations")] == [False, True]
    assert problems(tmp_path) == []


def test_rows_of_one_station_are_deployments_of_their_own() -> None:
    first = two_stations().deployments[0]
    again = Deployment(
        "S1",
        latitude=first.latitude,
        longitude=first.longitude,
        setup=datetime(2024, 6, 1),
        retrieval=datetime(2024, 6, 20),
        line=3,
    )
    _, tables = camtrap_dp.package([], Stations((first, again)), ABOUT)
    assert tables["deployments"]["deploymentID"].tolist() == ["S1", "S1 2"]


def test_what_stations_lack_is_named() -> None:
    table = Stations((Deployment("A", latitude=1.0, longitude=2.0),))
    assert camtrap_dp.lacking(table) == ["A has no setup_date", "A has no retrieval_date"]
    assert camtrap_dp.lacking(two_stations()) == []
