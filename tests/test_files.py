"""Files: only regular ones are read, and what is written is whole and private."""

import contextlib
import os
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import files
from toolkit.errors import BadFolder, UnreadablePhoto
from toolkit.photos import opening

posix = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has other permissions and pipes"
)


@pytest.fixture
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


@posix
def test_what_is_written_is_its_owners_alone(tmp_path, open_umask) -> None:
    path = tmp_path / "a"
    path.touch(mode=0o666)
    files.write_bytes(path, b"x")
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_there_stays_when_writing_fails(tmp_path, monkeypatch) -> None:
    path = tmp_path / "a"
    files.write_bytes(path, b"before")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(BadFolder, match="No space left"):
        files.write_bytes(path, b"after")
    assert path.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch) -> None:
    path, told = tmp_path / "a", []
    real = os.fsync
    monkeypatch.setattr(
        files.os, "fsync", lambda handle: (told.append(path.exists()), real(handle))[1]
    )
    files.write_bytes(path, b"x")
    # The file first, while it has no name; then the folder that names it.
    assert told == [False, True]


@posix
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "link to a pipe", "socket"])
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path, monkeypatch, kind) -> None:
    path = tmp_path / "x.jpg"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "socket":
        import socket

        with socket.socket(socket.AF_UNIX) as made:
            monkeypatch.chdir(tmp_path)  # the path of a socket may have 100 letters
            made.bind(path.name)
    else:
        os.mkfifo(tmp_path / "pipe")
        path.symlink_to("pipe")
    with pytest.raises(OSError, match="not a regular file"):
        files.open_regular(path)
    for look in (opening.digest_of, opening.open_upright):
        with pytest.raises(UnreadablePhoto, match="not a regular file"):
            look(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path) -> None:
    (tmp_path / "a").write_bytes(bytes(11))
    with pytest.raises(OSError, match="11 bytes; expected at most 10"):
        files.read_regular(tmp_path / "a", most=10)
    assert files.read_regular(tmp_path / "a", most=11) == bytes(11)


def test_only_our_own_leftovers_are_swept(tmp_path) -> None:
    ours = [files.temporary_in(tmp_path), tmp_path / ".sightings-0123456789ab"]
    theirs = [".sightings-notes.txt", "a.part", ".sightings.lock", ".sightings-0123"]
    for path in [*ours, *(tmp_path / name for name in theirs)]:
        path.touch()
    (tmp_path / ".sightings-abcdefgh").mkdir()
    assert files.sweep(tmp_path) == 2
    assert {path.name for path in tmp_path.iterdir()} == {*theirs, ".sightings-abcdefgh"}
    assert files.sweep(tmp_path / "nowhere") == 0


def test_readers_see_the_old_file_or_the_new_one(tmp_path) -> None:
    path, stop = tmp_path / "a", threading.Event()
    whole = [bytes([number]) * 200_000 for number in range(5)]
    files.write_bytes(path, whole[0])

    def write() -> None:
        while not stop.is_set():
            for content in whole:
                files.write_bytes(path, content)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(200):
            assert files.read_regular(path, most=1 << 20) in whole
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("path", "complaint"),
    [("a\x00b", "holds a NUL"), ("~no-such-user-here/x", r"directory\. Write")],
)
def test_a_path_that_cannot_be_is_refused_in_one_line(path, complaint) -> None:
    with pytest.raises(BadFolder, match=complaint):
        files.folder_at(path)


def test_a_clone_holds_the_same_or_is_not_made(tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"whole")
    made = files.clone(tmp_path / "a", tmp_path / "b")
    assert made == (tmp_path / "b").exists()
    assert not made or (tmp_path / "b").read_bytes() == b"whole"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are asked otherwise")
def test_linux_is_asked_for_a_clone(tmp_path, monkeypatch) -> None:
    import fcntl

    (tmp_path / "a").write_bytes(b"whole")

    def cloned(target, request, source) -> int:
        # As the kernel does it on btrfs, XFS and ZFS.
        assert request == 0x40049409
        os.write(target, os.pread(source, 100, 0))
        return 0

    monkeypatch.setattr(fcntl, "ioctl", cloned)
    assert files.clone(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"whole"
    assert not files.clone(tmp_path / "nothing", tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_place_in_a_folder_is_named_as_this_system_names_files() -> None:
    assert files.is_below("person_001/a.jpg")
    # Where they are letters, they are letters.
    letters = os.name != "nt"
    assert files.is_below("Mum: 2020/a.jpg") == files.is_below("back\\slash/a.jpg") == letters
    assert not files.is_below("a/b/c.jpg")
    assert files.is_below("a/b/c.jpg", deeper=True)


BAD_PLACES = [
    "",
    "a.jpg",
    "/etc/passwd",
    "a//b",
    "./b",
    "../b",
    "a/..",
    "a/\0",
    "a/\ud800",
    7,
    None,
]


@pytest.mark.parametrize("place", BAD_PLACES)
def test_what_leads_elsewhere_is_no_place_in_a_folder(place) -> None:
    assert not files.is_below(place)
    assert not files.is_below(place, deeper=True)


class TestPastedPaths:
    """What is meant by a path as file managers, shells and chats hand it over."""

    @pytest.mark.parametrize(
        "written",
        [
            '"{}"',
            "'{}'",
            "{} ",
            " {}",
            "{}\n",
            "{}\r\n",
            ' "{}" \n',
            "\N{LEFT DOUBLE QUOTATION MARK}{}\N{RIGHT DOUBLE QUOTATION MARK}",
            "\N{NO-BREAK SPACE}{}",
            # As Windows hands it over in its properties.
            "\N{LEFT-TO-RIGHT EMBEDDING}{}",
            "\N{DOUBLE LOW-9 QUOTATION MARK}{}\N{LEFT DOUBLE QUOTATION MARK}",
            "\u00ab{}\u00bb",
            "\u00bb{}\u00ab",
        ],
    )
    def test_quotes_and_blanks_around_it_are_none_of_it(self, tmp_path, written) -> None:
        folder = tmp_path / "My photos"
        folder.mkdir()
        assert files.folder_at(written.format(folder)) == folder
        # Of a folder that is still to be made, too.
        assert files.folder_at(written.format(tmp_path / "new one")) == tmp_path / "new one"

    @posix
    @pytest.mark.parametrize("host", ["", "localhost"])
    @pytest.mark.parametrize("name", ["My photos", "Zoë", "100%", "a#b?c", "caf\udce9"])
    def test_an_address_of_a_file_is_its_path(self, tmp_path, name, host) -> None:
        folder = tmp_path / name
        address = folder.as_uri().replace("file://", f"file://{host}")
        assert files.folder_at(address) == folder
        assert files.folder_at(f'"{address}"\n') == folder

    @posix
    @pytest.mark.parametrize("name", ["a#b", "what?", "100%25"])
    def test_an_address_in_which_nothing_is_escaped_is_understood(self, tmp_path, name) -> None:
        (tmp_path / name).mkdir()
        assert files.folder_at(f"file://{tmp_path}/{name}") == tmp_path / name

    @pytest.mark.parametrize("address", ["smb://nas/photos", "'afp://nas/a b'", "https://a.org/b"])
    def test_an_address_in_the_network_is_told_from_a_path(self, address) -> None:
        with pytest.raises(BadFolder, match="in the network; expected the path of a folder"):
            files.folder_at(address)

    @posix
    def test_blanks_as_a_shell_writes_them(self, tmp_path) -> None:
        (tmp_path / "My photos (2)").mkdir()
        pasted = f"{tmp_path}/My\\ photos\\ \\(2\\)"
        assert files.folder_at(pasted) == tmp_path / "My photos (2)"

    @posix
    @pytest.mark.parametrize("name", ["a ", " a", "'a'", '"a"', "a\\ b", "~", "~x", "file:", "a\n"])
    def test_what_is_there_under_these_letters_is_meant(self, tmp_path, monkeypatch, name) -> None:
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path)
        if name not in ("~", "~x"):
            assert files.folder_at(name).resolve() == (tmp_path / name).resolve()
        assert files.folder_at(tmp_path / name) == tmp_path / name
        assert files.folder_at(str(tmp_path / name)) == tmp_path / name

    def test_the_home_folder_in_quotes(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        for written in ("~/Pictures", '"~/Pictures"', " ~/Pictures\n"):
            assert files.folder_at(written) == tmp_path / "Pictures"

    @pytest.mark.parametrize("written", ["", " ", "\n", '""', "' '"])
    def test_nothing_is_no_path(self, written) -> None:
        with pytest.raises(BadFolder, match="is empty"):
            files.folder_at(written)

    @given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
    def test_any_text_is_a_path_or_refused(self, text) -> None:
        with contextlib.suppress(BadFolder):
            assert isinstance(files.folder_at(text), Path)


def test_tilde_stands_for_home_as_a_text_alone(tmp_path, monkeypatch) -> None:
    """A folder that is called "~" and is there is meant where it is named by its path."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert files.folder_at("~/a") == files.folder_at(Path("~/a")) == tmp_path / "a"
