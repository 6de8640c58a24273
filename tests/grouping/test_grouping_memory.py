"""Grouping, audit and report where tables cannot fit: what can be done is; the rest is said."""

import subprocess
import sys
from pathlib import Path

import made_albums
import numpy as np
import pytest
from made_albums import album_with

from toolkit import memory, modes
from toolkit.calibration import Calibration
from toolkit.cli import main
from toolkit.evaluation.audit import audit
from toolkit.grouping import cluster, linkage, neighbours, uncertainty
from toolkit.grouping.assigners import forewarning
from toolkit.grouping.links import by_size, pairs_within
from toolkit.settings import AutopilotSettings


@pytest.fixture
def scarce(monkeypatch):
    """A computer in which no table fits."""
    monkeypatch.setattr(memory, "available", lambda: 1000)
    monkeypatch.setattr(memory, "SMALL", 0)


@pytest.fixture
def roomy_photos(monkeypatch):
    """Photos have room, whatever there is for tables."""
    monkeypatch.setattr(memory.budget(), "limits", lambda: (10**9, 10**9))


def people(count=60, each=10, dimensions=16, seed=0):
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(count, dimensions))
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    labels = np.repeat(np.arange(count), each)
    rows = middles[labels] + rng.normal(scale=0.02, size=(count * each, dimensions))
    return rows.astype(np.float32), labels.astype(np.int64)


def test_autopilot_falls_back_to_online_and_everything_is_written(
    tmp_path, album_folder, colours, scarce, roomy_photos
) -> None:
    out, told = tmp_path / "out", []
    result = modes.autopilot(album_folder, out, subject=colours, tell=told.append)
    assert len(told) == 1
    assert "needs about" in told[0]
    assert len(result.album) == 8
    assert len(result.individuals) == 3
    assert result.clustering.method == "online"
    said = str(result)
    assert "grouped by online, not average: average linkage of 8 sightings needs about" in said
    assert "can be had here" in said
    assert result.as_dict()["grouped_by"] == "online"
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "Grouped by online, not average" in report
    assert "was not measured: average linkage of 8 sightings needs about" in report


def test_the_audit_of_a_folder_says_what_it_left_out(
    tmp_path, album_folder, colours, scarce, roomy_photos, capsys
) -> None:
    modes.autopilot(album_folder, tmp_path / "out", subject=colours)
    assert main(["audit", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "How often it is wrong was not measured: average linkage of 8 sightings" in said
    assert "2 groups too large to be looked into" in said or "too large" in said
    assert main(["audit", str(tmp_path / "out"), "--json"]) == 0
    assert '"left_out"' in capsys.readouterr().out


@pytest.mark.parametrize("method", ["average", "linked", "dbscan", "hdbscan"])
def test_a_method_that_runs_out_of_memory_falls_back(
    album_folder, colours, monkeypatch, method
) -> None:
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr(linkage, "tree", fail)
    monkeypatch.setattr(cluster, f"_{method}", fail, raising=False)
    result = modes.autopilot(
        album_folder, subject=colours, settings=AutopilotSettings(method=method)
    )
    assert len(result.individuals) == 3
    assert result.clustering.method == "online"
    assert f"not {method}: there is no memory for 8 faces" in str(result)


def test_before_a_scan_it_is_said_what_will_not_fit(monkeypatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 16_500_000_000)
    said = forewarning(150_000, AutopilotSettings())
    assert "the method average, with one sighting in each of 150,000 photos, needs about 9" in said
    assert "11.0 GB can be had here; if there are so many, online will" in said
    assert not forewarning(10_000, AutopilotSettings())
    assert "1.0 GB can be had" in forewarning(150_000, AutopilotSettings(memory=1.0))
    assert not forewarning(150_000, AutopilotSettings(method="online"))


def test_pairs_are_counted_before_they_are_too_many(monkeypatch) -> None:
    rows, _ = people()
    found = neighbours.of(rows).within(0.5)
    monkeypatch.setattr(memory, "SMALL", 0)
    monkeypatch.setattr(memory, "room", lambda: 50 * len(found) - 1)
    with pytest.raises(memory.TooMuch, match="600 sightings have pairs within"):
        neighbours.of(rows).within(0.5)


def test_cannot_links_hold_where_their_table_cannot_fit(scarce) -> None:
    rows, _ = people(count=3)
    rng = np.random.default_rng(1)
    must = rng.integers(0, 30, (6, 2))
    families = cluster.components(30, must)
    cannot = rng.integers(0, 30, (40, 2))
    cannot = cannot[families[cannot[:, 0]] != families[cannot[:, 1]]]
    made = cluster.online(rows, threshold=1.9, must_link=must, cannot_link=cannot).labels
    assert (made[must[:, 0]] == made[must[:, 1]]).all()
    assert (made[cannot[:, 0]] != made[cannot[:, 1]]).all()


@pytest.mark.parametrize("sizes", [(60, 10), (1, 30), (700, 1), (3, 400)])
def test_groups_are_compared_some_at_a_time_as_at_once(monkeypatch, sizes) -> None:
    rows, labels = people(*sizes)
    labels = labels[np.random.default_rng(0).permutation(len(labels))]
    whole = linkage.between(rows, labels)
    parts = dict(linkage.between_some(rows, labels))
    np.testing.assert_allclose(np.concatenate(list(parts.values())), whole, rtol=1e-4)
    args = (rows, by_size(labels), Calibration(slope=60.0, even=0.55))
    apart = pairs_within(np.arange(len(labels)) // 2)
    at_once = uncertainty.alike(*args, apart=apart, most=50)
    monkeypatch.setattr(memory, "available", lambda: 1000)
    monkeypatch.setattr(memory, "SMALL", 0)
    some = uncertainty.alike(*args, apart=apart, most=50)
    assert some.drop(columns=["distance", "probability"]).equals(
        at_once.drop(columns=["distance", "probability"])
    )
    np.testing.assert_allclose(some["distance"], at_once["distance"], rtol=1e-4)


def test_the_nearest_pair_of_large_sides_is_the_same_in_blocks(monkeypatch) -> None:
    rows, _ = people()
    one, other = np.arange(0, 300), np.arange(300, 600)
    known, everyone = neighbours.of(rows), np.arange(len(rows))
    nearest = uncertainty.nearest_pair(rows, one, other)
    mean = uncertainty._mean_distances(known, one, everyone)
    monkeypatch.setattr(neighbours, "BLOCK", 7)
    assert uncertainty.nearest_pair(rows, one, other) == nearest
    np.testing.assert_array_equal(uncertainty._mean_distances(known, one, everyone), mean)


def test_an_audit_that_fits_leaves_nothing_out(colours) -> None:
    rows, labels = people()
    found = audit(album_with(rows, colours), list(map(str, labels)), threshold=0.5)
    assert found.measured
    assert found.left_out == ()
    assert "not measured" not in str(found)


MEASURE = """
import sys
import numpy as np
sys.path.insert(0, sys.argv[2])
from made_albums import album_with
from tiles import ColourEncoder
from toolkit.grouping import thresholds
from toolkit.evaluation.audit import audit
from toolkit.subjects.base import Subject

def most():
    (line,) = (x for x in open("/proc/self/status") if x.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

def run(count):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 16))[rng.integers(0, 200, count)].astype(np.float32)
    rows += rng.normal(scale=0.02, size=rows.shape).astype(np.float32)
    album = album_with(rows, Subject("tile", None, ColourEncoder()))
    found, chosen = thresholds.of_method(rows, "online", album.encoder.calibration)
    return audit(album, list(map(str, found.labels)), threshold=chosen.value, method="online")

run(100)
before = most()
found = run(int(sys.argv[1]))
print(most() - before, found.measured)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_online_does_not_end_in_a_table_of_all_pairs(tmp_path) -> None:
    count = 12_000
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(count), str(Path(made_albums.__file__).parent)],
        capture_output=True,
        text=True,
        check=True,
    )
    peak, measured = done.stdout.split()
    assert measured == "False"
    # A table would take 0.6 GB.
    assert int(peak) < 4 * count**2 / 2
