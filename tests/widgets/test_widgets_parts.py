"""What panels are made of: work in a thread, a folder chooser, a form of settings, export."""

import threading
from dataclasses import replace
from pathlib import Path

import ipywidgets
import pandas as pd
import pytest
import traitlets
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BadFolder, BadSetting
from toolkit.photos.folder_suggestions import Preview
from toolkit.results.export import Outcome
from toolkit.settings import METHODS, RULES, AutopilotSettings, PointAndShootSettings
from toolkit.subjects.face import FACE
from toolkit.widgets import export_box
from toolkit.widgets.background_work import Message, Work
from toolkit.widgets.disclosure import Fold
from toolkit.widgets.export_box import ExportBox
from toolkit.widgets.folder_field import UP, FolderChooser
from toolkit.widgets.folder_field import as_html as seen_html
from toolkit.widgets.individuals_view import SightingPictures, counts, rows_of
from toolkit.widgets.settings_form import SettingsForm

EVIL = '<img src=x onerror="window.hacked=1">'
PART = "<img"
LONG = 20


def states_of(widget: traitlets.HasTraits) -> list[str]:
    """Every state that a widget comes to."""
    seen = [widget.state]
    widget.observe(lambda change: seen.append(change["new"]), names="state")
    return seen


class Gate:
    """A job that goes on when told."""

    def __init__(self, value="value") -> None:
        self.value, self.begun, self.go = value, threading.Event(), threading.Event()

    def __call__(self, tell, stopped):
        self.begun.set()
        assert self.go.wait(LONG)
        return self.value


# Work


def test_work_that_is_done_hands_over_its_value():
    work, got = Work(), []
    seen = states_of(work)
    assert work.run(lambda tell, stopped: 7, got.append)
    assert work.wait(LONG)
    assert (got, seen) == ([7], ["empty", "running", "done"])
    assert not work.busy
    assert work.running.layout.display == "none"
    assert work.run(lambda *_: 8)
    assert work.wait(LONG)
    assert got == [7]


def test_one_work_at_a_time():
    work, gate, got = Work(), Gate(), []
    assert work.run(gate, got.append)
    assert gate.begun.wait(LONG)
    assert work.busy
    assert work.running.layout.display is None
    assert not work.run(lambda *_: "other", got.append)
    assert not work.wait(0.01)
    gate.go.set()
    assert work.wait(LONG)
    assert got == ["value"]


def test_cancelled_work_keeps_what_it_has():
    work, begun, got = Work(), threading.Event(), []
    seen = states_of(work)
    work.cancel()
    assert work.state == "empty"

    def job(tell, stopped):
        begun.set()
        for _ in range(1000):
            if stopped():
                return "half"
            threading.Event().wait(0.02)
        return "whole"

    work.run(job, got.append)
    assert begun.wait(LONG)
    work.stop_button.click()
    assert work.stop_button.disabled
    assert work.text.value == "cancelling: what is done is kept"
    work.tell("scanning", 1, 9, "late.jpg")
    assert work.text.value == "cancelling: what is done is kept"
    work.cancel()
    assert work.wait(LONG)
    assert (got, seen) == (["half"], ["empty", "running", "cancelling", "cancelled"])


def test_what_the_user_can_mend_is_one_line():
    def job(*_):
        raise BadFolder(f"no folder {EVIL}")

    work = Work()
    seen = states_of(work)
    work.run(job)
    work.wait(LONG)
    assert seen == ["empty", "running", "failed"]
    assert "no folder &lt;img" in work.message.value
    assert "Traceback" not in work.message.value
    work.run(lambda *_: None)
    work.wait(LONG)
    assert work.message.value == ""


@pytest.mark.parametrize("where", ["job", "then"])
def test_a_bug_shows_its_traceback(where):
    def fail(*_):
        raise KeyError(EVIL + "\udcff\x07")

    work = Work()
    work.run(fail) if where == "job" else work.run(lambda *_: 1, fail)
    work.wait(LONG)
    assert work.state == "failed"
    assert "Traceback" in work.message.value
    assert "in fail" in work.message.value
    assert PART not in work.message.value
    work.message.value.encode("utf-8")


def test_a_bug_of_whoever_observes_is_shown_and_blocks_nothing():
    work = Work()

    def watch(change):
        if change["new"] == "done":
            raise RuntimeError("observer")

    work.observe(watch, names="state")
    work.run(lambda *_: 1)
    assert work.wait(LONG)
    assert "RuntimeError: observer" in work.message.value
    assert work.run(lambda *_: 1)
    assert work.wait(LONG)


def test_work_may_follow_from_the_end_of_other_work():
    work, got = Work(), []

    def follow(change):
        if change["new"] == "done" and not got:
            got.append("first")
            assert work.run(lambda *_: "second", got.append)

    work.observe(follow, names="state")
    work.run(lambda *_: None)
    assert work.wait(LONG)
    assert got == ["first", "second"]
    assert work.state == "done"


def test_progress_in_words():
    now = [100.0]
    work, gate = Work(clock=lambda: now[0]), Gate()
    work.tell("scanning", 1, 9, "x")
    assert work.text.value == ""
    work.run(gate, title=EVIL)
    assert gate.begun.wait(LONG)
    assert PART not in work.text.value
    # 10 photos in 4 s: 2.5 a second, and 90 more take 36.
    now[0] += 4
    work.tell("scanning", 10, 100, "C:\\photos\\a&b.jpg")
    assert work.text.value == ("scanning: 10 of 100 · 2.5 a second, about 40 s left · a&amp;b.jpg")
    assert (work.bar.value, work.bar.max) == (10, 100)
    # Too soon after: not shown; what is new, or the last one, is.
    now[0] += 0.1
    work.tell("scanning", 11, 100, "b.jpg")
    assert work.bar.value == 10
    work.tell("scanning", 100, 100, "c.jpg")
    assert work.bar.value == 100
    work.tell("grouping", 0, 3, f"dir/{EVIL}")
    assert work.text.value.startswith("grouping: 0 of 3 · &lt;img")
    now[0] += 8
    work.tell("grouping", 2, 3, "")
    assert work.text.value == "grouping: 2 of 3 · 4.0 s each, a few seconds left"
    gate.go.set()
    assert work.wait(LONG)


def test_messages_are_text():
    message = Message()
    for say in (message.remark, message.mend, message.failed):
        say(BadSetting(EVIL)) if say == message.failed else say(EVIL)
        assert "&lt;img" in message.value
        assert PART not in message.value
    message.clear()
    assert message.value == ""


# FolderChooser


def folders(root: Path) -> Path:
    for name in ("Album", "albums/deep", "other", ".hidden", EVIL):
        (root / name).mkdir(parents=True, exist_ok=True)
    return root


def test_folders_are_offered_and_stepped_into(tmp_path):
    root = folders(tmp_path)
    looked = []
    chooser = FolderChooser(
        "Photos", str(root), look=lambda folder: looked.append(folder) or Preview(photos=3)
    )
    chooser.settle()
    assert [value for _, value in chooser.step.options] == [
        "",
        UP,
        EVIL,
        "Album",
        "albums",
        "other",
    ]
    assert chooser.step.value == ""
    chooser.step.value = "albums"
    chooser.settle()
    assert chooser.value == chooser.path.value == str(root / "albums")
    assert [value for _, value in chooser.step.options] == ["", UP, "deep"]
    chooser.into("deep")
    chooser.settle()
    assert chooser.value == str(root / "albums/deep")
    chooser.step.value = UP
    chooser.up()
    chooser.settle()
    assert chooser.value == str(root)
    assert looked[0] == looked[-1] == str(root)
    assert "3 photos" in chooser.about.value
    chooser.path.value = str(root / "al")
    chooser.settle()
    assert chooser.path.options == (str(root / "Album"), str(root / "albums"))


def test_a_folder_that_is_missing_is_said(tmp_path):
    chooser = FolderChooser("Photos", str(tmp_path / EVIL))
    chooser.settle()
    assert "does not exist" in chooser.about.value
    assert PART not in chooser.about.value
    assert chooser.seen.problem
    chooser.choose("")
    chooser.settle()
    assert chooser.seen.problem == "no folder is named yet"


def test_typing_looks_when_the_keys_rest():
    looked = []
    chooser = FolderChooser(
        "Photos", "/", look=lambda folder: looked.append(folder) or Preview(photos=1), rest=0.3
    )
    chooser.settle()
    values = []
    chooser.observe(lambda change: values.append(change["new"]), names="value")
    for end in range(1, 13):
        chooser.path.value = "/there/are/some"[:end]
    chooser.settle()
    assert looked[0] == "/"
    assert looked[-1] == "/there/are/s"
    # A machine under load may rest between two keys; it does not at most.
    assert len(looked) < 6
    assert values[-1] == chooser.value == "/there/are/s"


def test_a_slow_look_that_is_overtaken_is_dropped():
    go, begun = threading.Event(), threading.Event()

    def look(folder):
        if folder == "slow":
            begun.set()
            assert go.wait(LONG)
            return Preview(photos=111)
        return Preview(photos=222)

    chooser = FolderChooser("Photos", "slow", look=look)
    (slow,) = (each for each in threading.enumerate() if each.name == "newest")
    assert begun.wait(LONG)
    chooser.choose("quick")
    chooser.settle()
    assert slow.is_alive()
    go.set()
    slow.join(LONG)
    chooser.settle()
    assert chooser.seen.photos == 222
    assert "222" in chooser.about.value


def test_a_bug_of_the_look_is_shown():
    chooser = FolderChooser("Photos", "x", look=lambda _: 1 / 0)
    chooser.settle()
    assert "ZeroDivisionError" in chooser.work.message.value


def test_suggested_folders_are_made_in_a_thread(tmp_path):
    made_in = []

    def make():
        made_in.append(threading.current_thread())
        return str(tmp_path)

    def fail():
        raise BadFolder("the disk is full")

    chooser = FolderChooser("Photos", suggested={"Sample": make, "Other": fail})
    chooser.buttons[0].click()
    chooser.settle()
    assert chooser.value == chooser.path.value == str(tmp_path)
    assert made_in[0] is not threading.main_thread()
    chooser.buttons[1].click()
    chooser.settle()
    assert "the disk is full" in chooser.work.message.value
    assert chooser.value == str(tmp_path)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (Preview(photos=1), "1 photo<"),
        (Preview(photos=2000, others=1), "2,000 photos, 1 other file<"),
        (Preview(others=2), "no photo here, 2 other files: choose another folder"),
        (Preview(photos=3, more=True), "more than 3 photos: counted"),
        (Preview(problem=EVIL), "&lt;img"),
        (Preview(1, 0, (b"x",), (EVIL,)), "alt='&lt;img"),
    ],
)
def test_what_is_in_a_folder_in_words(seen, said):
    assert said in seen_html(seen)
    assert "onerror=&quot;" in seen_html(seen) or "onerror" not in seen_html(seen)


# SettingsForm

SHARED = {
    "threshold": st.just("auto") | st.floats(0, 2, exclude_min=True, exclude_max=True),
    "long_edge": st.integers(100, 20_000),
    "detector": st.sampled_from(["cnn", "hog"]),
    "upsample": st.sampled_from([None, 0, 1, 2]),
    "min_face": st.integers(0, 100_000),
    "min_sharpness": st.floats(0, 1),
    "min_score": st.floats(0, 9),
    "landmarks": st.sampled_from([5, 68]),
    "plain": st.booleans(),
    "jitter": st.integers(0, 100),
    "one_per_photo": st.booleans(),
    "link": st.booleans(),
    "jobs": st.integers(0, 256),
}


@given(
    st.builds(AutopilotSettings, method=st.sampled_from(METHODS), **SHARED)
    | st.builds(
        PointAndShootSettings,
        method=st.sampled_from(RULES),
        largest_face=st.booleans(),
        **SHARED,
    )
)
def test_a_form_gives_back_what_it_was_given(settings):
    form = SettingsForm(settings)
    assert form.settings() == settings
    # Every list shows something as chosen.
    assert all(each.label for each in form.fields.values() if isinstance(each, ipywidgets.Dropdown))
    form.reset()
    fresh = type(settings)()
    kept = {name: getattr(settings, name) for name in ("min_score", "landmarks", "plain")}
    assert form.settings() == replace(fresh, **kept)
    assert form.summary() == "as recommended"


def test_moves_of_a_form_are_said():
    form = SettingsForm(AutopilotSettings())
    before = form.changed
    assert form.threshold.disabled
    form.automatic.value = False
    assert not form.threshold.disabled
    form.threshold.value = 0.1 + 0.2
    form.fields["upsample"].value = 1
    form.fields["one_per_photo"].value = False
    assert form.changed == before + 4
    assert form.settings() == AutopilotSettings(threshold=0.3, upsample=1, one_per_photo=False)
    assert form.summary() == (
        "threshold: 0.300; enlarge before the search: twice; one photo shows a person once: no"
    )
    assert form.box.title == f"Settings: {form.summary()}"


# ExportBox


def plan_of(*states: str, folder: str = "ann") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "state": list(states),
            "folder": [folder] * len(states),
            "bytes": [1000] * len(states),
        }
    )


PLAN = ("new", "new", "new", "there already")


def test_a_plan_then_the_copies(tmp_path):
    calls = []

    def export(folder, replace, tell, stopped):
        calls.append((folder, replace))
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
    assert box.replace.layout.display == "none"
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


def test_what_is_left_over_goes_only_with_the_tick(tmp_path):
    calls = []
    box = ExportBox(
        lambda _: plan_of("new", "left over"),
        lambda folder, replace, *_: calls.append(replace) or Outcome({}, removed=("ann/1.jpg",)),
        out=str(tmp_path),
    )
    box.show_plan()
    box.wait(LONG)
    if box.summary.left_over != 1:
        pytest.fail("the plan's word for what is left over has changed")
    assert box.replace.layout.display == "block"
    assert box.go.disabled
    box.export()
    box.wait(LONG)
    assert calls == []
    box.replace.value = True
    assert not box.go.disabled
    box.export()
    box.wait(LONG)
    assert (calls, box.state) == ([True], "exported")
    assert "1 file of an earlier run removed: ann (1)" in box.where.value


def test_an_export_that_is_cancelled_says_so(tmp_path):
    begun = threading.Event()

    def export(folder, replace, tell, stopped):
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


# Cards of people


class Faces:
    """Stands for thumbnails."""

    def faces(self, rows, size):
        return [f"face {row}".encode() for row in rows]

    def photo(self, row, rows, size):
        return f"photo {row} {rows} {size}".encode()


def test_pictures_come_in_the_order_of_their_tokens():
    made = SightingPictures(Faces())(["photo:3", "sighting:5", "whole:3", "sighting:1"])
    assert made == [b"photo 3 [3] 200", b"face 5", b"photo 3 [3] 1000", b"face 1"]
    thumbnails = Faces()
    assert SightingPictures(thumbnails) == SightingPictures(thumbnails)
    assert hash(SightingPictures(thumbnails)) == hash(SightingPictures(thumbnails))
    assert SightingPictures(thumbnails) != SightingPictures(Faces())


def test_names_and_counts():
    rows = rows_of(["b", None, "a", "b"])
    assert list(rows) == ["b", "a"]
    assert rows["b"].tolist() == [0, 3]
    assert counts(1, 1, FACE.words) == "1 photo"
    assert counts(1200, 1201, FACE.words) == "1,200 photos, 1,201 faces"


def test_an_export_says_how_many_files_and_why_it_waits(tmp_path):
    plan = plan_of("new", "new", "left over")
    box = export_box.ExportBox(lambda _: plan, lambda *_: Outcome({}), out=str(tmp_path))
    box.show_plan()
    assert box.wait(LONG)
    assert box.go.disabled
    assert box.needed.layout.display == "block"
    box.replace.value = True
    assert box.needed.layout.display == "none"
    assert box.go.description == "Export: copy 2 files, take 1 away"
    box.export()
    assert box.wait(LONG)
    assert "2 files copied." in box.where.value


def test_a_fold_opens_and_closes_by_its_button():
    inside = ipywidgets.Text()
    fold = Fold("Settings: as recommended", [inside])
    assert (fold.opened, fold.inside.layout.display) == (False, "none")
    assert fold.button.description == "▸ Settings: as recommended"
    fold.button.value = True
    assert (fold.opened, fold.inside.layout.display) == (True, None)
    fold.title = "Settings: 800 px"
    assert fold.button.description == "▾ Settings: 800 px"
    fold.opened = False
    assert (fold.button.value, fold.inside.layout.display) == (False, "none")
