"""Export in two steps: the plan, the copies, and what is said of them."""

import os
import threading
from pathlib import Path

import pandas as pd
import pytest
from work_seen import Gate, states_of

from toolkit.errors import BadFolder
from toolkit.results.export import Outcome
from toolkit.widgets import export_box
from toolkit.widgets.export_box import ExportBox, link_to

EVIL = '<img src=x onerror="window.hacked=1">'
PART = "<img"
LONG = 20


def plan_of(*states: str, folder: str = "ann") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "state": list(states),
            "folder": [folder] * len(states),
            "bytes": [1000] * len(states),
            "kind": ["photo"] * len(states),
        }
    )


PLAN = ("new", "new", "new", "there already")


def test_a_plan_then_the_copies(tmp_path):
    calls = []

    def export(folder, keep_all, tell, stopped):
        calls.append((folder, keep_all))
        (folder / "report.html").write_text("x")
        return Outcome({}, ((f"a/{EVIL}", EVIL), ("b/c.jpg", "gone")))

    box = ExportBox(lambda folder: plan_of(*PLAN, folder=EVIL), export, out=str(tmp_path))
    seen = states_of(box)
    box.export()
    assert (box.state, calls) == ("empty", [])
    box.show_plan()
    assert box.wait(LONG)
    assert box.state == "planned"
    assert "3 new" in box.about.value
    assert PART not in box.about.value
    assert not box.go.disabled
    assert box.go.description == "Export: copy 3 files"
    assert box.keep_all.layout.display == "none"
    box.go.click()
    assert box.wait(LONG)
    assert calls == [(tmp_path, False)]
    assert seen == ["empty", "planned", "exported in part"]
    for said in (
        *("Not all was exported.", "2 photos could not be copied", "the report", str(tmp_path)),
        *("c.jpg: gone", "&lt;img"),
    ):
        assert said in box.where.value
    assert "Exported." not in box.where.value
    assert PART not in box.where.value
    # The plan is carried out once.
    box.export()
    assert box.wait(LONG)
    assert len(calls) == 1


@pytest.mark.parametrize("keep", [False, True])
def test_what_is_left_over_goes_unless_it_is_kept(tmp_path, keep):
    calls = []
    box = ExportBox(
        lambda _: plan_of("new", "left over"),
        lambda folder, keep_all, *_: calls.append(keep_all) or Outcome({}, removed=("ann/1.jpg",)),
        out=str(tmp_path),
    )
    box.show_plan()
    box.wait(LONG)
    if box.summary.left_over != 1:
        pytest.fail("the plan's word for what is left over has changed")
    assert box.keep_all.layout.display == "block"
    assert not box.keep_all.value
    assert not box.go.disabled
    assert box.go.description == "Export: copy 1 file, take 1 away"
    box.keep_all.value = keep
    assert box.go.description == "Export: copy 1 file" + ", take 1 away" * (not keep)
    box.export()
    box.wait(LONG)
    assert (calls, box.state) == ([keep], "exported")
    assert "1 file of an earlier run removed: ann (1)" in box.where.value


def test_an_export_that_is_cancelled_says_so(tmp_path):
    begun = threading.Event()

    def export(folder, keep_all, tell, stopped):
        begun.set()
        while not stopped():
            threading.Event().wait(0.01)
        return Outcome({}, not_reached=1)

    box = ExportBox(lambda _: plan_of("new", "new"), export, out=str(tmp_path))
    box.show_plan()
    box.wait(LONG)
    box.export()
    assert begun.wait(LONG)
    assert box.go.disabled
    assert box.out.disabled
    box.export()
    box.show_plan()
    box.work.cancel()
    assert box.wait(LONG)
    assert box.state == "cancelled"
    assert "Cancelled: what was copied stays" in box.where.value


@pytest.mark.parametrize("where", ["plan", "export"])
@pytest.mark.parametrize(("error", "said"), [(BadFolder("full"), "full"), (KeyError("k"), "bug")])
def test_an_export_that_fails_says_why(tmp_path, where, error, said):
    def fail(*_):
        raise error

    box = ExportBox(
        fail if where == "plan" else lambda _: plan_of("new"),
        fail if where == "export" else lambda *_: [],
        out=str(tmp_path),
    )
    box.show_plan()
    box.wait(LONG)
    box.export()
    box.wait(LONG)
    assert box.state == "failed"
    assert said in box.work.message.value
    assert (box.summary, box.about.value) == (None, "")
    assert box.go.layout.display == "none"


def test_another_folder_needs_another_plan(tmp_path):
    box = ExportBox(lambda _: plan_of("new"), lambda *_: Outcome({}), out=str(tmp_path))
    box.show_plan()
    box.wait(LONG)
    box.out.value = str(tmp_path / "other")
    assert (box.state, box.summary, box.planned_for) == ("empty", None, None)
    assert box.about.value == ""
    for nothing in ("", "  ", "~nobody-of-this-name/x"):
        box.out.value = nothing
        box.show_plan()
        box.wait(LONG)
        assert box.state == "failed"
        assert "Not done" in box.work.message.value


def test_a_plan_for_what_has_changed_meanwhile_is_not_shown(tmp_path):
    gate = Gate(plan_of("new"))
    box = ExportBox(lambda _: gate(None, None), lambda *_: Outcome({}), out=str(tmp_path))
    box.show_plan()
    assert gate.begun.wait(LONG)
    box.clear()
    gate.go.set()
    box.wait(LONG)
    assert (box.state, box.summary) == ("empty", None)


def test_a_long_plan_shows_its_largest_folders():
    plan = pd.concat(
        [plan_of("new", "new", folder="big")]
        + [plan_of("new", folder=f"p{k:02d}") for k in range(16)]
    )
    text = export_box.as_html(export_box.summarise(plan), Path("out"))
    assert text.index("big") < text.index("p00")
    assert "p13" in text
    assert "p14" not in text
    assert "and 2 more rows" in text
    # One row takes no more room than the line that says that there is one.
    text = export_box.as_html(export_box.summarise(plan[plan["folder"] != "p15"]), Path("out"))
    assert "p14" in text
    assert "more row" not in text


def test_an_export_says_how_many_files(tmp_path):
    plan = plan_of("new", "new", "kept")
    box = export_box.ExportBox(lambda _: plan, lambda *_: Outcome({}), out=str(tmp_path))
    box.show_plan()
    assert box.wait(LONG)
    # Such are those of another album: they stay only where that is asked for.
    assert box.keep_all.layout.display == "block"
    assert box.go.description == "Export: copy 2 files"
    box.export()
    assert box.wait(LONG)
    assert "2 files copied." in box.where.value


@pytest.mark.parametrize(
    ("plan", "outcome", "state", "said"),
    [
        ((), Outcome({}), "nothing exported", "there is no photo to copy"),
        (
            ("new", "new"),
            Outcome({}, (("a.jpg", "gone"), ("b.jpg", "gone"))),
            "nothing exported",
            "no photo could be copied",
        ),
        (("there already",) * 3, Outcome({}), "exported", "3 files are there already"),
        (("there already",), Outcome({}), "exported", "1 file is there already"),
    ],
)
def test_nothing_is_called_exported_when_nothing_was(tmp_path, plan, outcome, state, said):
    box = ExportBox(lambda _: plan_of(*plan), lambda *_: outcome, out=str(tmp_path))
    box.show_plan()
    assert box.wait(LONG)
    box.export()
    assert box.wait(LONG)
    assert box.state == state
    assert f"<b>Nothing exported: {said}.</b>" in box.where.value
    assert "Exported" not in box.where.value
    for path, why in outcome.not_copied:
        assert f"{path}: {why}" in box.where.value


def test_an_export_that_is_stopped_before_the_first_copy_exported_nothing(tmp_path):
    box = ExportBox(
        lambda _: plan_of("new", "new"),
        lambda *_: box.work.cancel() or Outcome({}, not_reached=2),
        out=str(tmp_path),
    )
    box.show_plan()
    assert box.wait(LONG)
    box.export()
    assert box.wait(LONG)
    assert box.state == "cancelled"
    assert "Nothing exported: it was cancelled before the first copy." in box.where.value


def test_what_changed_since_the_run_before_is_said_after_an_export(tmp_path):
    news = tuple(f"<b>{number}" for number in range(30))
    outcome = Outcome({}, news=news)
    box = ExportBox(lambda _: plan_of("new"), lambda *_: outcome, out=str(tmp_path))
    box.show_plan()
    assert box.wait(LONG)
    box.export()
    assert box.wait(LONG)
    assert "<li>&lt;b&gt;0</li>" in box.where.value
    assert box.where.value.count("<li>") == 20


def test_what_was_taken_away_is_something_that_was_done(tmp_path):
    plan = plan_of("there already", "left over")
    outcome = Outcome({}, removed=("ann/1.jpg",))
    box = ExportBox(lambda _: plan, lambda *_: outcome, out=str(tmp_path))
    box.show_plan()
    assert box.wait(LONG)
    box.export()
    assert box.wait(LONG)
    assert (box.state, "<b>Exported.</b>" in box.where.value) == ("exported", True)


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


def test_the_last_export_is_undone_by_a_button(tmp_path):
    calls = []

    def undo(folder, tell, stopped):
        calls.append(folder)
        return "2 files removed\nleft (changed since): <b>/1.jpg"

    box = ExportBox(lambda _: plan_of("new"), lambda *_: Outcome({}), undo=undo, out=str(tmp_path))
    assert box.back.layout.display == "none"
    box.show_plan()
    assert box.wait(LONG)
    assert box.back.layout.display == "none"
    box.go.click()
    assert box.wait(LONG)
    assert (box.state, box.back.layout.display) == ("exported", "block")
    box.back.click()
    assert box.wait(LONG)
    assert (calls, box.state, box.back.layout.display) == ([tmp_path], "undone", "none")
    assert "<b>Undone.</b> 2 files removed<br>left (changed since): &lt;b&gt;" in box.where.value


def test_an_undo_that_fails_says_why(tmp_path):
    def undo(*_):
        raise BadFolder("there is nothing to undo")

    plan = plan_of("there already")
    box = ExportBox(lambda _: plan, lambda *_: Outcome({}), undo=undo, out=str(tmp_path))
    box.show_plan()
    assert box.wait(LONG)
    # What an earlier run put there can be taken back as well.
    assert box.back.layout.display == "block"
    box.back.click()
    assert box.wait(LONG)
    assert box.state == "failed"
    assert "there is nothing to undo" in box.work.message.value


def test_without_a_way_back_there_is_no_button(tmp_path):
    box = ExportBox(lambda _: plan_of("there already"), lambda *_: Outcome({}), out=str(tmp_path))
    box.show_plan()
    assert box.wait(LONG)
    box.export()
    assert box.wait(LONG)
    assert box.back.layout.display == "none"


def test_what_came_of_it_is_kept_in_view_once_all_else_has_gone(tmp_path):
    box = ExportBox(lambda _: plan_of("new"), lambda *_: Outcome({}, ()), out=str(tmp_path))
    seen = []
    box.in_view.observe(
        lambda _: seen.append((box.state, box.about.value == "", box.work.running.layout.display)),
        names="looked",
    )
    box.show_plan()
    assert box.wait(LONG)
    box.export()
    assert box.wait(LONG)
    assert seen == [("planned", False, "none"), ("exported", True, "none")]
    assert "Exported." in box.where.value
    assert box.in_view in box.children
