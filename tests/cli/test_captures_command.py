"""The command that writes what a study reads."""

import json

import pytest
from camera_traps import sorted_study

from toolkit import cli
from toolkit.cli import options
from toolkit.results.captures import camtrap_dp

pytest.importorskip("pyproj")


def test_the_designs_are_those_of_the_standard() -> None:
    profile = json.loads((camtrap_dp.SCHEMAS / "camtrap-dp-profile.json").read_text())
    rules = profile["allOf"][1]["properties"]["project"]["properties"]["samplingDesign"]
    assert list(camtrap_dp.DESIGNS) == rules["enum"]
    for design in camtrap_dp.DESIGNS:
        told = options.parser().parse_args(["captures", "OUT", "--design", design])
        assert told.design == design


@pytest.fixture(scope="module")
def study_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    sorted_study(folder)
    return folder


def arguments(folder, to, *more):
    table = str(folder / "stations.csv")
    return ["captures", str(folder / "out"), "--stations", table, "--to", str(to), *more]


def test_all_is_written_and_summed_up(study_folder, tmp_path, capsys) -> None:
    to = tmp_path / "captures"
    more = ["--timezone", "Asia/Bishkek", "--species", "Panthera uncia", "--occasion", "10"]
    assert cli.main(arguments(study_folder, to, *more)) == 0
    said = capsys.readouterr().out
    assert "5 detections of 2 individuals at 2 stations, on 2 occasions of 10 days" in said
    assert "not made" not in said
    assert "nobody said: --project, --contributor" in said
    assert (to / "camtrap_dp" / "datapackage.json").is_file()
    assert (to / "secr" / "captures.txt").is_file()


def test_without_stations_there_is_a_record_table(study_folder, tmp_path, capsys) -> None:
    to = tmp_path / "captures"
    assert cli.main(["captures", str(study_folder / "out"), "--to", str(to), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["detections"] == 5
    assert "--stations" in told["not_made"][0]
    assert (to / "record_table.csv").is_file()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--timezone", "Nowhere"], "which no zone is called"),
        (["--occasion", "0"], "expected days, 1 or more"),
        (["--crs", "EPSG:4326"], "not in metres"),
        (["--stations", "none.csv"], "it is missing"),
        (["--photos", "/none"], "The photos|the photos"),
        (["--independent", "nan"], "expected minutes"),
    ],
)
def test_bad_input_ends_with_2_before_anything_is_written(
    study_folder, tmp_path, capsys, more, said
) -> None:
    to = tmp_path / "captures"
    assert cli.main(arguments(study_folder, to, *more)) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert any(each in error for each in said.split("|"))
    assert not to.exists()


def test_the_place_is_in_the_results_and_no_run_takes_its_photos_for_the_users(
    tmp_path, capsys
) -> None:
    out = sorted_study(tmp_path)
    assert cli.main(["captures", str(out), "--tree"]) == 0
    assert list((out / "captures" / "camtrapr").rglob("*.jpg"))
    capsys.readouterr()
    assert cli.main(["sync", str(out), "--dry-run"]) == 0
    assert "nothing was done in the folders" in capsys.readouterr().out


def test_nothing_is_written_among_the_photos(study_folder, capsys) -> None:
    to = study_folder / "photos" / "captures"
    assert cli.main(arguments(study_folder, to)) == 2
    assert "is in the folder of photos" in capsys.readouterr().err
    assert not to.exists()
