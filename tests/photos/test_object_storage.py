"""Photos in object storage: listed, told apart, read as they are asked for, copied to here."""

import os
import sys
from pathlib import Path

import pytest
import toys

from toolkit import modes
from toolkit.cli.commands import main
from toolkit.errors import BadFolder, BadSetting, BadStorage, MissingPackage
from toolkit.files import folder_at, open_regular
from toolkit.photos import object_storage, opening
from toolkit.settings import settings_for

fsspec = pytest.importorskip("fsspec")

TRIP = "memory://trip/2024"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGHTINGS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(object_storage, "_FETCHED", object_storage._Fetched())
    monkeypatch.setattr(object_storage, "_SERVED", set())
    return tmp_path / "cache"


@pytest.fixture
def memory():
    """A storage in memory, and nothing in it."""
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.fixture
def trip(memory, tmp_path):
    """The photos of lamps, in a folder here and in a storage."""
    here = toys.LAMPS.save_photos(tmp_path / "here")
    (here / "notes.txt").write_text("nothing")
    memory.put(str(here), "/trip/2024", recursive=True)
    return here


def settings(mode="autopilot", **other):
    return settings_for(mode, toys.LampSettings)(jobs=2, **other)


def test_an_address_means_the_folder_that_stands_for_it(cache) -> None:
    folder = folder_at("s3://bucket/trip 1/")
    assert folder == cache / "object-storage" / "s3" / "bucket" / "trip 1"
    assert object_storage.address_of(folder / "a.jpg") == "s3://bucket/trip 1/a.jpg"
    assert object_storage.address_of(cache / "object-storage") is None
    assert object_storage.address_of(Path("/photos/object-storage/s3/bucket")) is None


@pytest.mark.parametrize(
    "address", ["s3://", "s3://../x", "s3://bucket/../../x", "s3://a::file://b"]
)
def test_an_address_that_leads_elsewhere_is_refused(address) -> None:
    with pytest.raises(BadFolder, match=r"expected one such as s3://bucket/trip"):
        folder_at(address)


def test_a_password_is_not_kept() -> None:
    with pytest.raises(BadFolder, match="leave name and password out") as raised:
        folder_at("s3://ann:secret@bucket/trip")
    assert "secret" not in str(raised.value)


def test_stand_ins_have_names_sizes_and_times_and_take_no_room(trip) -> None:
    folder = folder_at(TRIP)
    assert object_storage.bring_up_to_date(folder) == ()
    names = {path.relative_to(trip): path.stat().st_size for path in trip.rglob("*.*")}
    found = {path.relative_to(folder): path.stat().st_size for path in folder.rglob("*.*")}
    assert found == names
    if hasattr(os.stat_result, "st_blocks"):
        assert all(path.stat().st_blocks == 0 for path in folder.rglob("*.*"))


def test_what_is_gone_or_changed_in_the_storage_is_so_here(trip, memory) -> None:
    folder = folder_at(TRIP)
    object_storage.bring_up_to_date(folder)
    before = {path: path.stat() for path in folder.rglob("*.*")}
    memory.rm("/trip/2024/in/4.png")
    memory.pipe("/trip/2024/in/4.png/now a folder.png", b"x")
    memory.pipe("/trip/2024/1.png", b"longer than it was" * 1000)
    object_storage.bring_up_to_date(folder)
    after = {path: path.stat() for path in folder.rglob("*.*") if path.is_file()}
    assert folder / "in" / "4.png" / "now a folder.png" in after
    changed = {
        path.name
        for path in before.keys() & after.keys()
        if before[path].st_mtime_ns != after[path].st_mtime_ns
    }
    assert changed == {"1.png"}


def test_the_bytes_are_fetched_once_while_they_are_asked_for(trip, monkeypatch) -> None:
    folder = folder_at(TRIP)
    object_storage.bring_up_to_date(folder)
    fetched = []
    real = object_storage._Fetched._fetch
    monkeypatch.setattr(
        object_storage._Fetched,
        "_fetch",
        staticmethod(lambda *about: fetched.append(about[0]) or real(*about)),
    )
    monkeypatch.setattr(object_storage, "STAY", 2)
    for name in ("1.png", "1.png", "2.png", "3.png", "1.png"):
        with open_regular(folder / name) as stream:
            assert stream.read() == (trip / name).read_bytes()
    assert fetched == [f"{TRIP}/{name}" for name in ("1.png", "2.png", "3.png", "1.png")]


def test_an_object_that_was_changed_since_is_no_photo(trip, memory) -> None:
    folder = folder_at(TRIP)
    object_storage.bring_up_to_date(folder)
    memory.pipe("/trip/2024/1.png", b"other")
    with pytest.raises(OSError, match="changed since it was listed"):
        open_regular(folder / "1.png")
    memory.rm("/trip/2024/2.png")
    with pytest.raises(OSError, match="cannot be read"):
        open_regular(folder / "2.png")


def test_names_that_no_file_can_have_are_told_and_lead_nowhere(trip, memory, cache) -> None:
    for name in ("../../up.png", "a//b.png", "x" * 300 + ".png", "a\\b.png", "nul\0.png"):
        memory.store[f"/trip/2024/{name}"] = memory.store["/trip/2024/1.png"]
    (said,) = object_storage.bring_up_to_date(folder_at(TRIP))
    assert said.startswith("5 objects in memory://trip/2024 cannot be read, such as ")
    listing = opening.find(folder_at(TRIP))
    assert len(listing.photos) == 7
    assert not list(cache.rglob("up.png"))


def test_an_object_whose_name_looks_like_an_address_is_an_object(trip, memory) -> None:
    memory.pipe("/trip/2024/zip::file:/etc/a.png", b"odd")
    folder = folder_at(TRIP)
    object_storage.bring_up_to_date(folder)
    with open_regular(folder / "zip::file:" / "etc" / "a.png") as stream:
        assert stream.read() == b"odd"


def test_both_modes_find_and_copy_the_same_as_in_a_folder_here(trip, tmp_path) -> None:
    known = toys.LAMPS.save_known(tmp_path / "known")
    for number, photos in enumerate((trip, TRIP)):
        modes.autopilot(photos, tmp_path / f"auto {number}", settings=settings())
        modes.point_and_shoot(
            photos, known, tmp_path / f"point {number}", settings=settings("point-and-shoot")
        )
    for one in ("auto", "point"):
        here, there = (tmp_path / f"{one} {number}" for number in (0, 1))
        for name in ("sightings.csv", "nobody.csv", "problems.csv"):
            assert (here / name).read_text() == (there / name).read_text()
        copies = {path.relative_to(here): path for path in here.rglob("*.png")}
        assert copies
        for place, path in copies.items():
            assert (there / place).read_bytes() == path.read_bytes()


def test_examples_may_lie_there_too(trip, memory, tmp_path) -> None:
    known = toys.LAMPS.save_known(tmp_path / "known")
    memory.put(str(known), "/known", recursive=True)
    found = modes.point_and_shoot(trip, "memory://known/", settings=settings("point-and-shoot"))
    assert {name for name in found.names if name} == {"the red", "the blue"}


def test_links_to_it_are_refused_in_one_line(trip, tmp_path) -> None:
    with pytest.raises(BadSetting, match="nothing can be linked to: leave --link out"):
        modes.autopilot(TRIP, tmp_path / "out", settings=settings(link="symbolic"))


def test_results_cannot_go_there(trip) -> None:
    with pytest.raises(BadFolder, match="results cannot go to memory://out/x: they are written"):
        modes.autopilot(trip, "memory://out/x", settings=settings())


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("memory://nowhere/trip", "memory://nowhere/trip holds nothing, or does not exist"),
        ("nosuch://bucket/trip", "nosuch://bucket/trip cannot be read: Protocol not known"),
    ],
)
def test_what_cannot_be_listed_is_one_line_and_exit_code_2(tmp_path, capfd, address, why) -> None:
    assert main(["autopilot", address, str(tmp_path / "out")]) == 2
    said = capfd.readouterr().err
    assert why in said
    assert said.count("\n") == 1


def test_without_fsspec_it_is_said_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingPackage, match=r'pip install "sightings\[cluster\]"'):
        object_storage.bring_up_to_date(folder_at(TRIP))


def test_an_error_of_a_storage_is_told_with_its_address(trip, memory, monkeypatch) -> None:
    def refuse(*about, **how):
        raise PermissionError("Access Denied")

    monkeypatch.setattr(type(memory), "find", refuse)
    with pytest.raises(BadStorage, match=r"trip/2024 cannot be read: Access Denied. Check"):
        object_storage.bring_up_to_date(folder_at(TRIP))


def test_another_machine_reads_by_the_address_without_stand_ins(
    trip, tmp_path, monkeypatch
) -> None:
    theirs = tmp_path / "their cache" / "object-storage"
    photo = theirs / "memory" / "trip" / "2024" / "1.png"
    with pytest.raises(FileNotFoundError):
        open_regular(photo)
    object_storage.serve(theirs)
    with open_regular(photo) as stream:
        assert stream.read() == (trip / "1.png").read_bytes()
