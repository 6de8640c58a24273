"""Choosing a folder, the plan of copies in numbers, links to results, and how fast work goes."""

import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from toolkit.photos import folder_suggestions
from toolkit.photos.folder_suggestions import above, completions, preview, subfolders
from toolkit.photos.listing import find
from toolkit.progress import SECONDS, Pace
from toolkit.results.export import LEFT_OVER, NEW, THERE, counted, summarise
from toolkit.widgets.export_box import link_to


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name in ("Alba", "album/deep", "beta", ".cache", "~odd"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "alone.txt").write_text("x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("", ["Alba", "album", "beta", "~odd"]),
        ("al", ["Alba", "album"]),
        ("AL", ["Alba", "album"]),
        ("album", ["album"]),
        ("album/", ["album/deep"]),
        ("~/b", ["~/beta"]),
        (".", [".cache"]),
        ("nothing/x", []),
        ("alone.txt/", []),
        ("~nobody-of-this-name/x", []),
        ("a\0b/", []),
    ],
)
def test_folders_that_begin_with_what_was_typed(tree, typed, offered):
    assert list(completions(typed)) == offered


def test_completions_of_a_whole_path(tree):
    assert completions(f"{tree}/be") == (f"{tree}/beta",)
    assert len(completions(f"{tree}/", most=2)) == 2
    assert subfolders(str(tree)) == ("Alba", "album", "beta", "~odd")
    assert subfolders(str(tree), most=1) == ("Alba",)
    assert subfolders("~nobody-of-this-name") == subfolders("missing") == ()


def test_one_up(tree):
    assert above("/a/b") == "/a"
    assert above("a/b/") == "a"
    assert above("/") == "/"
    assert above("a") == "."
    assert above("") == above(".") == str(tree.parent)
    assert above("~/beta") == "~"
    assert above("~") == str(tree.parent)
    assert above("beta/..") == str(tree.parent)
    assert above("~nobody-of-this-name") == "~nobody-of-this-name"


def photo(path, shade=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((40, 300, 3), shade, np.uint8)).save(path)


def test_a_look_into_a_folder(tmp_path):
    for k in range(11):
        photo(tmp_path / f"{k:02d}.png", k)
    (tmp_path / "note.txt").write_text("x")
    (tmp_path / "05.png").write_bytes(b"damaged")
    seen = preview(str(tmp_path), few=3, size=90)
    assert (seen.photos, seen.others, seen.problem, seen.more) == (11, 1, "", False)
    # First, middle and last; the middle one cannot be read.
    assert seen.labels == ("00.png", "10.png")
    for picture in seen.pictures:
        assert picture[:2] == b"\xff\xd8"
    assert (seen.photos, seen.others) == (len(find(tmp_path).photos), len(find(tmp_path).skipped))


@pytest.mark.parametrize("folder", ["", "  ", "missing", "~nobody-of-this-name", "a\0b"])
def test_what_cannot_be_looked_into_is_said(tree, folder):
    assert preview(folder).problem
    assert preview(str(tree / "alone.txt")).problem


def test_an_empty_folder_has_nothing(tmp_path):
    assert preview(str(tmp_path)) == folder_suggestions.Preview()


def test_a_huge_folder_is_not_counted_to_its_end(tmp_path):
    for k in range(30):
        photo(tmp_path / f"{k}" / "a.png")
    seen = preview(str(tmp_path), enough=40, few=2)
    assert seen.more
    assert 0 < seen.photos < 30
    assert len(seen.pictures) == 2
    assert preview(str(tmp_path), patience=-1.0).more
    whole = preview(str(tmp_path), enough=60)
    assert (whole.photos, whole.more) == (30, False)


def test_what_is_behind_a_link_is_not_counted_to_its_end_either(tmp_path):
    for k in range(30):
        photo(tmp_path / "far" / f"{k}.png")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "link").symlink_to(tmp_path / "far")
    (tmp_path / "here" / "loop").symlink_to(tmp_path / "here")
    assert preview(str(tmp_path / "here"), enough=20).more
    whole = preview(str(tmp_path / "here"), enough=40)
    assert (whole.photos, whole.more) == (30, False)


def test_a_look_that_nobody_waits_for_ends(tmp_path):
    for k in range(9):
        photo(tmp_path / f"{k}.png")
    asked = []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) > 11

    assert len(preview(str(tmp_path), stopped=stopped).pictures) == 2
    assert preview(str(tmp_path), stopped=lambda: True).pictures == ()


STATES = st.sampled_from([NEW, THERE, LEFT_OVER])


@given(st.lists(st.tuples(STATES, st.sampled_from("abc"), st.integers(0, 9)), max_size=30))
def test_a_plan_in_numbers(rows):
    plan = pd.DataFrame(rows, columns=["state", "folder", "bytes"])
    summary = summarise(plan)
    states = [state for state, *_ in rows]
    assert summary.new == states.count(NEW)
    assert summary.there == states.count(THERE)
    assert summary.left_over == states.count(LEFT_OVER)
    assert summary.bytes == sum(size for state, _, size in rows if state == NEW)
    assert set(summary.folders["folder"]) == {folder for _, folder, _ in rows}
    for row in summary.folders.itertuples():
        own = [state for state, folder, _ in rows if folder == row.folder]
        assert (row.new, row.there, row.left_over) == tuple(
            own.count(state) for state in (NEW, THERE, LEFT_OVER)
        )
        assert row.files == row.new + row.there
    assert summary.folders["files"].is_monotonic_decreasing
    assert f"{summary.new:,} new" in summary.text


def test_a_plan_in_words():
    rows = [(NEW, "a", 1_500_000), (THERE, "a", 1), (NEW, "b", 500_000), (LEFT_OVER, "c", 1)]
    summary = summarise(pd.DataFrame(rows, columns=["state", "folder", "bytes"]))
    assert summary.text == (
        "2 folders with 3 files: 2 new (2.0 MB), 1 there already, "
        "1 of an earlier run that are sorted otherwise now"
    )
    assert counted(1, "file") == "1 file"
    assert counted(1200, "file") == "1,200 files"


def test_links_through_the_server(tmp_path):
    (tmp_path / "out" / "a b#1").mkdir(parents=True)
    (tmp_path / "out" / "ré.html").write_text("x")
    (tmp_path / ".secret").mkdir()
    server = {"root_dir": str(tmp_path), "base_url": "/user/x/"}

    def link(path, *servers):
        return link_to(path, servers=servers or [server])

    assert link(tmp_path / "out" / "a b#1") == "/user/x/lab/tree/out/a%20b%231"
    assert link(tmp_path / "out" / "ré.html") == "/user/x/files/out/r%C3%A9.html"
    assert link(tmp_path / ".secret") is None
    assert link(tmp_path.parent) is None
    assert link(tmp_path, {"pid": 1}) is None
    other = {"root_dir": str(tmp_path / "out"), "base_url": "/"}
    assert link(tmp_path / "out" / "ré.html", {}, other) == "/files/r%C3%A9.html"
    assert link_to(tmp_path, servers=[]) is None
    odd = tmp_path / os.fsdecode(b"\xff.html")
    assert link(odd) == "/user/x/files/%FF.html"


def test_no_server_no_link(tmp_path, monkeypatch):
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    assert link_to(tmp_path) is None


def paced(*marks: tuple[float, int]) -> Pace:
    pace = Pace(0.0)
    for now, done in marks:
        pace.mark(now, done)
    return pace


@pytest.mark.parametrize(
    ("marks", "total", "said"),
    [
        ([], 9, ""),
        ([(0.3, 5)], 9, ""),
        ([(9.0, 0)], 9, ""),
        ([(2.0, 10)], 100, "5.0 a second, about 20 s left"),
        ([(2.0, 10)], 10, "5.0 a second"),
        ([(2.0, 10)], 40, "5.0 a second, a few seconds left"),
        ([(10.0, 5)], 49, "2.0 s each, about 90 s left"),
        ([(10.0, 5)], 305, "2.0 s each, about 10 min left"),
        ([(10.0, 5)], 9005, "2.0 s each, about 5.0 h left"),
        ([(1.0, 2500)], 2500, "2,500.0 a second"),
    ],
)
def test_the_pace_in_words(marks, total, said):
    assert paced(*marks).text(total) == said


def test_a_pace_follows_the_last_half_minute():
    # 10 a second for a minute, then one every 2 s: after half a minute, only that is left.
    marks = [(float(k), 10 * k) for k in range(61)]
    slow = [(60.0 + 2 * k, 600 + k) for k in range(1, 17)]
    assert paced(*marks).rate == pytest.approx(10)
    assert paced(*marks, *slow).rate == pytest.approx(0.5)


def test_a_count_that_falls_begins_anew():
    assert paced((5.0, 50), (6.0, 1)).rate is None
    assert paced((5.0, 50), (6.0, 1), (8.0, 5)).rate == pytest.approx(2)


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(0, 50)), min_size=1, max_size=60))
def test_a_pace_is_that_of_work_done_in_its_time(steps):
    now, done, marks = 0.0, 0, []
    for seconds, more in steps:
        now, done = now + seconds, done + more
        marks.append((now, done))
    pace = paced(*marks)
    whole = [(0.0, 0), *marks]
    if pace.rate is not None:
        kept = len(pace._marks)
        (before, first), (after, last) = whole[-kept], whole[-1]
        assert pace.rate == pytest.approx((last - first) / (after - before))
        assert kept <= 3 or after - before <= SECONDS
    assert isinstance(pace.text(done + 5), str)
