"""Read back as secr's vignette "Data input" says: by position, blanks between, "#" for remarks."""

from dataclasses import replace

from camera_traps import seen, two_stations

from toolkit.photos.stations import Stations
from toolkit.results.captures import history, secr
from toolkit.results.captures.record_table import independent

PLACES = {"S1": (460166.25, 4617332.5), "S_2": (458302.0, 4619976.125)}


def read_rows(text):
    return [line.split() for line in text.splitlines() if not line.startswith("#")]


def read_traps(text):
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        told, _, covariates = line.partition("/")
        name, x, y, *usage = told.split()
        found[name] = (float(x), float(y), [float(each) for each in usage], covariates.split())
    return found


def made(rows, stations=None, days=7):
    stations = stations or two_stations()
    occasions = history.occasions_of(stations, days)
    usage = history.effort(stations, occasions)
    records = independent(rows, minutes=60)
    return secr.files(records, stations, PLACES, occasions, usage, "EPSG:32643")


def test_the_same_individuals_times_and_traps_are_read_back() -> None:
    rows = [
        seen(time="2024-05-02 10:00:00", number=1),
        seen(time="2024-05-02 12:00:00", number=2),
        seen("bob", "2024-05-20 10:00:00", "S_2", number=3),
    ]
    found = made(rows)
    assert read_rows(found.captures) == [
        *(["1", "ann", "1", "S1"], ["1", "ann", "1", "S1"], ["1", "bob", "3", "S-2"]),
    ]
    traps = read_traps(found.traps)
    assert traps["S1"] == (460166.25, 4617332.5, [7, 7, 6], [])
    # Detectors must have no "_" in their names; what each stands for is in a table.
    assert list(traps) == ["S1", "S-2"]
    names = {(kind, short): name for kind, short, name in found.names.values.tolist()}
    assert names[("station", "S-2")] == "S_2"
    # Nobody is caught where no camera worked.
    for _, _, occasion, trap in read_rows(found.captures):
        assert traps[trap][2][int(occasion) - 1] > 0


def test_names_become_single_words_and_stay_apart() -> None:
    odd = ["Old Tom", "Old-Tom", "old tom", "a,b;c#d/e'f\"g", "NA", " ", "雪豹"]
    rows = [seen(name, number=k) for k, name in enumerate(odd)]
    found = made(rows)
    lines = read_rows(found.captures)
    assert all(len(line) == 4 for line in lines)
    names = {short: name for kind, short, name in found.names.values.tolist() if kind != "station"}
    assert sorted(names[line[1]] for line in lines) == sorted(odd)
    assert "NA" not in names


def test_other_columns_are_covariates() -> None:
    first, second = two_stations().deployments
    table = Stations(
        (
            replace(first, others={"habitat": "river bed", "slope": "3"}),
            replace(second, others={"habitat": "", "slope": "4.5"}),
        )
    )
    found = made([seen()], table)
    traps = read_traps(found.traps)
    assert traps["S1"][3] == ["river-bed", "3"]
    assert traps["S-2"][3] == ["NA", "4.5"]
    assert "trapcovnames = c('habitat', 'slope')" in found.traps
