"""The first of each file, to the byte."""

from toolkit.photos import copies
from toolkit.photos.copies import one_of_each


def test_the_first_of_equal_files_stays_in_order(tmp_path):
    paths = []
    for name, content in {"b": b"12", "a": b"34", "c": b"12", "d": b"5", "empty": b""}.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(content)
    paths.append(tmp_path / "gone")
    assert [path.name for path in one_of_each(paths)] == ["b", "a", "d", "empty", "gone"]
    assert one_of_each([]) == ()


def test_a_file_of_a_size_of_its_own_is_not_read(tmp_path, monkeypatch):
    for name, content in {"a": b"1", "b": b"22", "c": b"33"}.items():
        (tmp_path / name).write_bytes(content)
    read = []
    real = copies.digest_of
    monkeypatch.setattr(copies, "digest_of", lambda path: read.append(path.name) or real(path))
    assert len(one_of_each(sorted(tmp_path.iterdir()))) == 3
    assert read == ["b", "c"]


def test_files_that_cannot_be_read_all_stay(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).touch()
    assert len(one_of_each(sorted(tmp_path.iterdir()))) == 2
