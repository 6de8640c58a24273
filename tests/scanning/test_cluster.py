"""Several machines: the same as threads to the last bit, whatever becomes of the machines."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
import weakref
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import toys
from telling_tiles import DeadlyDetector, telling
from tiles import save_tiles

import toolkit
from toolkit import modes
from toolkit.cli.commands import main
from toolkit.errors import BadCluster
from toolkit.scanning.scan import gather, scan
from toolkit.scanning.workers import hired
from toolkit.settings import AutopilotSettings, from_record, settings_for
from toolkit.subjects import registry, weights
from toolkit.subjects.face.settings import FaceSettings

dask = pytest.importorskip("dask")
pytest.importorskip("distributed")
from toolkit.scanning import cluster  # noqa: E402 - it imports what may not be there

LOCAL = "local:2"
TABLES = ("photos", "sightings", "problems")


@pytest.fixture(scope="module")
def machines():
    """Two workers of this computer, which all tests here share."""
    with hired(LOCAL) as two:
        yield two


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """150 photos of up to three tiles; some are copies, some are no photos."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(150):
        save_tiles(folder / f"{number:03}.png", *["ann", "bob", "cem"][: number % 4], shade=number)
    for number in (7, 40, 90):
        shutil.copy(folder / "003.png", folder / f"{number:03} copy.png")
    (folder / "020 bad.jpg").write_bytes(b"not a picture")
    (folder / "100 none.jpg").touch()
    return folder


def album_of(folder, subject, **how):
    paths = sorted(folder.iterdir())
    return gather(scan(paths, subject, **{"long_edge": 1000, **how}), subject.encoder.info)


def require_same(one, other) -> None:
    for name in TABLES:
        assert getattr(one, name).equals(getattr(other, name))
    np.testing.assert_array_equal(one.encodings, other.encodings)


@pytest.fixture(scope="module")
def by_threads(photos):
    return album_of(photos, telling(), jobs=2)


def test_tables_are_those_of_threads_to_the_last_bit(photos, by_threads, machines) -> None:
    require_same(album_of(photos, telling(), machines=machines), by_threads)
    assert len(by_threads) > 200
    assert len(by_threads.problems) == 2


def test_photos_are_told_of_one_by_one_in_order(photos, machines) -> None:
    told = []
    album_of(photos, telling(), machines=machines, seen=told.append)
    assert told == sorted(photos.iterdir())


def test_a_worker_that_dies_half_way_costs_nothing(photos, by_threads, machines) -> None:
    victims = sorted(machines.client.run(os.getpid).values())
    told = []

    def seen(path) -> None:
        told.append(path)
        if len(told) == 40:
            os.kill(victims[0], signal.SIGKILL)

    require_same(album_of(photos, telling(0.01), machines=machines, seen=seen), by_threads)
    machines.client.wait_for_workers(2, timeout=180)
    assert victims[0] not in machines.client.run(os.getpid).values()


def test_a_photo_at_which_workers_die_is_a_problem_and_the_others_are_seen(
    photos, by_threads, machines
) -> None:
    deadly = replace(telling(), detector=DeadlyDetector("070.png"))
    found = album_of(photos, deadly, machines=machines)
    (problem,) = found.problems[found.problems["reason"] == cluster.DIED].itertuples()
    assert Path(problem.path).name == "070.png"
    assert len(found) == len(by_threads) - 2
    machines.client.wait_for_workers(2, timeout=180)


def test_after_a_stop_the_results_are_those_that_were_told(photos, by_threads, machines) -> None:
    told = []
    how = {"seen": told.append, "stop": lambda: len(told) >= 40}
    found = album_of(photos, telling(0.01), machines=machines, **how)
    assert len(told) == 40
    assert list(found.photos["path"]) == list(by_threads.photos["path"][: len(found.photos)])
    np.testing.assert_array_equal(found.encodings, by_threads.encodings[: len(found)])


def test_pairs_are_compared_the_same(tmp_path, machines, monkeypatch) -> None:
    monkeypatch.setattr(cluster, "CHUNK", 5)
    folder = tmp_path / "photos"
    for number in range(24):
        squares = [toys.card(make, number % 3, 50 * number + make) for make in range(number % 3)]
        toys.save(folder / f"{number}.png", *squares)
    settings = settings_for("autopilot", toys.CardSettings)(jobs=2)
    sent, real = [], machines.client.scatter
    monkeypatch.setattr(
        machines.client,
        "scatter",
        lambda data, **how: sent.append(len(data[0])) or real(data, **how),
    )
    one, other = (
        modes.autopilot(folder, settings=replace(settings, cluster=at)) for at in ("", LOCAL)
    )
    # Each chunk once, though each is let go when no pair of it is left.
    assert sorted(sent) == [4, 5, 5, 5, 5]
    for name in ("first", "second", "distance", "values"):
        np.testing.assert_array_equal(
            getattr(one.album.compared, name), getattr(other.album.compared, name)
        )
    assert one.names == other.names
    assert len(one.album) == 24


def test_features_are_let_go_when_no_pair_of_theirs_is_left(machines, monkeypatch) -> None:
    monkeypatch.setattr(cluster, "CHUNK", 4)
    monkeypatch.setattr(cluster, "WAITING", 0)
    features = [{"dots": np.float32([number])} for number in range(40)]
    held, real = {}, machines.client.scatter

    def scattered(data, **how):
        (made,) = real(data, **how)
        held[int(data[0][0]["dots"][0])] = weakref.ref(made)
        return [made]

    monkeypatch.setattr(machines.client, "scatter", scattered)
    pairs = np.array([(one, other) for one in range(40) for other in range(one + 1, 40)])
    left = []
    for _ in machines.compared(toys.DotMatcher(), features, None, pairs, None):
        left.append(sum(each() is not None for each in held.values()))
    assert len(held) == 10
    assert max(left) == 10
    assert left[-1] <= 3


def test_known_individuals_are_found_the_same(tmp_path, machines) -> None:
    for toy in (toys.LAMPS, toys.CARDS):
        folder = toy.save_photos(tmp_path / toy.info.name)
        known = toy.save_known(tmp_path / f"known {toy.info.name}")
        settings = settings_for("point-and-shoot", toy.settings)(jobs=2)
        one, other = (
            modes.point_and_shoot(folder, known, settings=replace(settings, cluster=at))
            for at in ("", LOCAL)
        )
        assert one.names == other.names
        assert any(one.names)


class Started:
    """A scheduler and a worker, each a program of its own."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self.programs = [
            self.begin("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            self.begin("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard"),
        ]
        while not self.file.exists():
            assert self.programs[0].poll() is None
            time.sleep(0.05)
        self.address = json.loads(self.file.read_text())["address"]

    def begin(self, what: str, *options: str) -> subprocess.Popen[bytes]:
        told = [f"distributed.cli.dask_{what}", "--scheduler-file", str(self.file), *options]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen([sys.executable, "-m", *told], env=environment, **quiet)

    def end(self) -> None:
        for program in self.programs:
            program.kill()
            program.wait()


@pytest.fixture
def started(tmp_path):
    found = Started(tmp_path)
    yield found
    found.end()


def test_a_scheduler_that_goes_is_told_and_the_next_run_goes_on_from_the_store(
    tmp_path, started, monkeypatch
) -> None:
    monkeypatch.setenv("SIGHTINGS_STORE", str(tmp_path / "seen.sqlite3"))
    photos = tmp_path / "photos"
    for number in range(200):
        square = toys.lamp("red", 0.5, number)
        os.utime(toys.save(photos / f"{number}.png", square), (1e9, 1e9))
    settings = settings_for("autopilot", toys.LampSettings)(jobs=1)
    told, said = [], []

    def progress(*step) -> None:
        told.append(step)
        if len(told) == 90:
            started.programs[0].kill()
            started.programs[0].wait()

    with pytest.raises(BadCluster, match=r"scheduler at \S+ is gone\. What .*run the same again"):
        modes.autopilot(
            photos,
            settings=replace(settings, cluster=started.address),
            progress=progress,
            tell=said.append,
        )
    assert said[0].startswith(f"1 worker with 1 thread at {started.address}")
    looks = modes.autopilot(photos, settings=settings).looks
    assert looks["known"] >= 64
    assert looks["known"] + looks["looked_at"] == 200


def test_dask_is_quiet_about_lost_connections_and_speaks_again() -> None:
    names = ("distributed.client", "distributed.core", "tornado.application")
    loggers = [logging.getLogger(name) for name in names]
    loggers[0].setLevel(logging.WARNING)
    before = [each.level for each in loggers]
    with cluster._quiet():
        assert not any(each.isEnabledFor(logging.CRITICAL) for each in loggers)
    assert [each.level for each in loggers] == before
    assert loggers[0].isEnabledFor(logging.ERROR)


def test_workers_that_are_gone_for_good_are_not_waited_for(tmp_path, started, monkeypatch) -> None:
    monkeypatch.setattr(cluster, "FIRST_WORKER", 3.0)
    for number in range(60):
        save_tiles(tmp_path / "photos" / f"{number}.png", "ann", shade=number)

    def seen(path) -> None:
        started.programs[1].kill()

    with (
        hired(started.address) as one,
        pytest.raises(BadCluster, match=r"no worker for 3 s.*start some, and run the same again"),
    ):
        album_of(tmp_path / "photos", telling(0.02), machines=one, seen=seen)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("nonsense", "nonsense is no address; expected tcp://HOST:PORT"),
        ("local:0", "local:0 is no address"),
        ("local:999", "local:999 is no address"),
        ("http://127.0.0.1:8786", "is no address"),
        ("tcp://127.0.0.1:1", "no scheduler answers at tcp://127.0.0.1:1"),
        ("tls://127.0.0.1:1", "tls://127.0.0.1:1 needs a certificate"),
    ],
)
def test_a_wrong_address_is_one_line_and_exit_code_2(
    tmp_path, album_folder, capfd, monkeypatch, address, why
) -> None:
    monkeypatch.setattr(cluster, "ANSWER", 0.3)
    told = ["autopilot", str(album_folder), str(tmp_path / "out"), "--cluster", address]
    assert main(told) == 2
    said = capfd.readouterr().err
    assert why in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out" / "sightings.csv").exists()


def test_what_is_not_encrypted_is_refused_where_dask_is_told_so() -> None:
    with (
        dask.config.set({"distributed.comm.require-encryption": True}),
        pytest.raises(BadCluster, match=r"is not encrypted.*expected tls://HOST:PORT"),
        hired("tcp://127.0.0.1:1"),
    ):
        pytest.fail("there was a cluster")


def test_workers_of_another_version_are_refused(machines, monkeypatch) -> None:
    machines.require_same_version()
    monkeypatch.setattr(toolkit, "__version__", "0.0.9")
    with pytest.raises(BadCluster, match=r"another version of sightings \(.*; expected 0.0.9"):
        machines.require_same_version()


def test_other_code_of_the_same_version_is_refused(machines, monkeypatch) -> None:
    monkeypatch.setattr(cluster, "_code", lambda: "0" * 12)
    with pytest.raises(BadCluster, match=r"another version of its code .*on every machine"):
        machines.require_same_version()


def test_a_worker_without_the_photos_is_told_of_before_the_work(photos, machines) -> None:
    machines.require_photos(sorted(photos.iterdir()))
    with (photos / "001.png").open("rb") as stream:
        mine = Path(f"/proc/self/fd/{stream.fileno()}")
        with pytest.raises(BadCluster, match=r"cannot read /proc/self/fd.*at the same path"):
            machines.require_photos([photos / "001.png", photos / "002.png", mine])


def test_what_cannot_be_sent_is_told(photos, machines) -> None:
    subject = replace(telling(), detector=lambda: None)
    with pytest.raises(BadCluster, match="cannot be sent to other machines"):
        album_of(photos, subject, machines=machines)


def test_an_error_in_a_worker_is_raised_here(photos, machines) -> None:
    subject = telling()
    subject.detector.seconds = "long"
    with pytest.raises(TypeError):
        album_of(photos, subject, machines=machines)


def test_model_files_that_a_worker_lacks_are_sent_and_checked(tmp_path, monkeypatch) -> None:
    name = "mmod_human_face_detector"
    content = weights.find(name).read_bytes()
    monkeypatch.setattr(weights, "is_here", lambda name: False)
    monkeypatch.setenv("SIGHTINGS_MODELS", str(tmp_path / "models"))
    cluster._Given("run", b"", {name: content}).setup(None)
    assert weights.find(name) == tmp_path / "models" / weights.manifest()[name].file
    assert name in weights.in_use()


def test_a_face_subject_is_sent_as_what_it_was_made_of() -> None:
    subject = FaceSettings().make_subject()
    packed = cluster._packed(subject)
    assert len(packed) < 10_000


def test_an_address_is_in_no_record_and_is_taken_from_none() -> None:
    settings = AutopilotSettings(cluster="tcp://192.0.2.1:8786")
    assert "cluster" not in settings.as_dict()
    record = {**settings.as_dict(), "cluster": "tcp://192.0.2.1:8786"}
    assert from_record(AutopilotSettings, record, of="a record").cluster == ""


def test_one_connection_serves_all_that_goes_on_within_it(machines) -> None:
    with hired(LOCAL) as again:
        assert again is machines
    assert machines.threads == 2


def test_a_worker_that_comes_later_with_other_code_refuses(monkeypatch) -> None:
    given = cluster._Given("late", b"", {})
    monkeypatch.setattr(cluster, "about", lambda: {"sightings": "0.0.9"})
    given.setup(SimpleNamespace(address="tcp://192.0.2.7:1"))
    try:
        with pytest.raises(BadCluster, match=r"192.0.2.7:1 has another version of sightings"):
            cluster.read_all("late", []) or cluster.look_through("late", [], 0)
    finally:
        given.teardown(None)
    assert "late" not in cluster._REFUSED


@pytest.mark.evaluation
@pytest.mark.parametrize(
    ("subject", "folders"),
    [
        ("face", {"faces/lfw": 250, "faces/sports": 50}),
        ("animal", {"wildlife/nyala": 12}),
        ("thing", {"objects/grocery": 40}),
    ],
)
def test_labelled_photos_have_the_same_tables(
    evaluation, tmp_path, machines, subject, folders
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for folder, count in folders.items():
        every = sorted(each for each in (evaluation / folder).rglob("*.jpg"))
        for path in every[:: max(1, len(every) // count)][:count]:
            (photos / f"{path.parent.name} {path.name}").symlink_to(path)
    settings = settings_for("autopilot", registry.settings_of(subject))(link="symbolic")
    for name, at in (("threads", ""), ("cluster", LOCAL)):
        modes.autopilot(photos, tmp_path / name, settings=replace(settings, cluster=at))
    one, other = tmp_path / "threads", tmp_path / "cluster"
    for table in ("sightings.csv", "photos.csv", "nobody.csv", "problems.csv"):
        assert (one / table).read_bytes() == (other / table).read_bytes()
    with np.load(one / "encodings.npz") as ours, np.load(other / "encodings.npz") as theirs:
        assert ours.files == theirs.files
        for name in ours.files:
            np.testing.assert_array_equal(ours[name], theirs[name])
