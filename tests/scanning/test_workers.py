"""Who looks at photos: threads, or a cluster that is there once."""

import sys
from concurrent.futures import CancelledError
from pathlib import Path

import pytest
from telling_tiles import telling
from tiles import save_tiles

from toolkit.errors import MissingPackage
from toolkit.scanning import scan as scanning
from toolkit.scanning.missed import Missed
from toolkit.scanning.scan import How, Stop, scan
from toolkit.scanning.store import Recall
from toolkit.scanning.workers import SPAN, Threads, hired


def how_of(subject, *, stop=None) -> How:
    recall = Recall(None, "", subject.encoder.info)
    return How(subject, 1000, 0, 0.0, Stop(stop), recall, Missed())


def crew_of(how: How, jobs: int = 2) -> Threads:
    does = {"read": scanning.read_file, "examine": scanning.examine, "encode": scanning.encode}
    return Threads(jobs, how, **does)


def test_threads_read_a_file_when_it_is_asked_for_and_look_at_it_meanwhile(tmp_path) -> None:
    paths = [save_tiles(tmp_path / f"{number}.png", "ann", "bob") for number in range(3)]
    crew = crew_of(how := how_of(telling()))
    files = crew.read(iter(paths))
    seen = [crew.examine(file, file.who).result() for file in files]
    assert [each.path for each in seen] == paths
    encodings, _, worth, _ = crew.encode(seen).result()
    assert encodings.shape == (6, 3)
    assert len(worth) == 6
    crew.leave(wait=True)
    assert scanning.encode(how, seen)[0].shape == (6, 3)


def test_a_file_that_cannot_be_read_says_why(tmp_path) -> None:
    (tmp_path / "none.jpg").touch()
    (file,) = crew_of(how_of(telling())).read([tmp_path / "none.jpg"])
    assert (file.who, file.problem) == (None, "the file is empty (0 bytes)")


def test_nothing_is_read_after_a_stop(tmp_path) -> None:
    crew = crew_of(how_of(telling(), stop=lambda: True))
    with pytest.raises(CancelledError):
        next(crew.read([save_tiles(tmp_path / "a.png", "ann")]))


def test_no_batch_goes_beyond_a_span(tmp_path, monkeypatch) -> None:
    paths = [save_tiles(tmp_path / f"{number:03}.png", shade=number) for number in range(SPAN + 5)]
    paths += [save_tiles(tmp_path / "with.png", "ann")]
    sizes = []
    real = scanning.encode
    monkeypatch.setattr(
        scanning, "encode", lambda how, batch: sizes.append(len(batch)) or real(how, batch)
    )
    monkeypatch.setattr(scanning, "BATCH", 20)
    list(scan(paths, telling(), long_edge=1000))
    assert sizes == [20, SPAN - 20, 6]


def test_no_address_is_no_cluster() -> None:
    with hired("") as machines:
        assert machines is None


def test_without_dask_it_is_said_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "toolkit.scanning.cluster", raising=False)
    monkeypatch.delattr("toolkit.scanning.cluster", raising=False)
    with (
        pytest.raises(MissingPackage, match=r'pip install "sightings\[cluster\]"'),
        hired("local:2", [Path("a.jpg")]),
    ):
        pytest.fail("there was a cluster")
