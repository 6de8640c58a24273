"""What an earlier run put into a folder: a record that anybody can edit is not believed."""

import os
import sys

import pytest

from toolkit.results import record


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"program": "sightings"}', "\x00", '{"files": 3}']
)
def test_a_damaged_record_is_no_record(tmp_path, text) -> None:
    (tmp_path / "run.json").write_text(text)
    assert record.read_record(tmp_path) is None


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 100_000])
def test_a_deeply_nested_record_is_no_record(tmp_path, text) -> None:
    (tmp_path / "run.json").write_text(text)
    assert record.read_record(tmp_path) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_record_that_is_a_pipe_is_not_waited_for(tmp_path) -> None:
    os.mkfifo(tmp_path / "run.json")
    assert record.read_record(tmp_path) is None
