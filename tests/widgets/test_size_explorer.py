"""The size explorer, its buttons pressed without a browser."""

import html
import threading
from functools import partial

import ipywidgets
import pytest
from white_squares import SECONDS, SETTINGS, Maker, look_of, study_of, white_squares

from toolkit.errors import BadFolder, BadSetting, UnreadablePhoto
from toolkit.evaluation import photo_size, photo_size_preview
from toolkit.evaluation.photo_size_preview import Looks, compare
from toolkit.settings import AutopilotSettings
from toolkit.subjects.face import FACE
from toolkit.widgets import size_explorer
from toolkit.widgets.size_explorer import SizePanel

sentence = partial(size_explorer.sentence, words=FACE.words)


@pytest.fixture
def folder(tmp_path):
    return white_squares(tmp_path / "photos")


@pytest.fixture
def make():
    return Maker()


@pytest.fixture
def panel(folder, make):
    made = panel_of(folder, make)
    assert made.wait(SECONDS)
    return made


def panel_of(folder, make, **more):
    looks = Looks(SETTINGS, make=make)
    return SizePanel(folder, settings=SETTINGS, look=looks, rest=0.0, **more)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(photo_size, "ROUNDS", 1)


def visible(widget):
    return widget.layout.display != "none"


def kinds(panel):
    return [mark.kind for mark in panel.comparison.marks]


def test_the_first_photo_is_shown_with_what_is_found_and_lost(panel):
    assert panel.state == "done"
    assert "photo 1 of 3: a.png" in panel.where.value
    assert "2 of 3 faces found; 1 lost: 30 px at full size, 15 px here" in panel.said.value
    assert "s (CPU)" in panel.said.value
    assert kinds(panel) == ["found", "found", "lost"]
    (lost,) = (mark for mark in panel.comparison.marks if mark.kind == "lost")
    assert lost[1:] == pytest.approx((560 / 800, 400 / 600, 30 / 800, 30 / 600))
    assert panel.photo.value.count("sightings-found") == 2
    assert panel.photo.value.count(">lost</span>") == 1
    assert "dashed" in panel.photo.value
    assert "pixelated" in panel.photo.value
    assert [edge for _, edge in panel.size.options][-1] == 0
    assert panel.size.value == 400
    assert panel.size.options[-1][0] == "full size, 800 px"


def test_the_slider_looks_again_and_nothing_is_looked_at_twice(panel, make):
    detector = make.detectors["cnn"]
    assert sorted(detector.asked) == [400, 800]
    panel.size.value = 300
    assert panel.wait(SECONDS)
    assert kinds(panel) == ["found", "found", "lost"]
    panel.size.value = 0
    assert panel.wait(SECONDS)
    assert "3 faces found at full size with the CNN" in panel.said.value
    assert kinds(panel) == ["found"] * 3
    panel.set_edge(600)
    assert panel.wait(SECONDS)
    assert panel.size.value == 600
    assert "3 of 3 faces found; none lost" in panel.said.value
    assert "pixelated" not in panel.photo.value
    panel.size.value = 400
    assert panel.wait(SECONDS)
    assert sorted(detector.asked) == [300, 400, 600, 800]


def test_a_detector_is_compared_with_itself(panel):
    panel.set_detector("hog")
    assert panel.wait(SECONDS)
    assert "1 of 2 faces found; 1 lost: 60 px at full size, 30 px here" in panel.said.value
    assert panel.take.description == "Use 400 px with the HOG"


def test_photos_go_by_name_and_end(panel):
    assert panel.before.disabled
    panel.previous()
    panel.after.click()
    assert panel.wait(SECONDS)
    assert "photo 2 of 3: b.png" in panel.where.value
    assert "400 px does not shrink this photo, which is 300 px long." in panel.said.value
    assert panel.size.value == 0
    assert panel.take.description == "Use 400 px with the CNN"
    panel.next()
    assert panel.wait(SECONDS)
    assert panel.state == "none found"
    assert "No face found at full size with the CNN; none here" in panel.said.value
    assert panel.size.value == 400
    assert panel.after.disabled
    panel.next()
    panel.show_photo(99)
    panel.show_photo(-1)
    assert panel.wait(SECONDS)
    assert "photo 3 of 3" in panel.where.value


def test_only_the_newest_position_is_looked_at(panel, make):
    detector = make.detectors["cnn"]
    detector.let.clear()
    detector.began.clear()
    panel.size.value = 300
    assert detector.began.wait(SECONDS)
    assert panel.state == "running"
    for edge in (450, 500, 600):
        panel.set_edge(edge)
    detector.let.set()
    assert panel.wait(SECONDS)
    assert detector.asked[2:] == [300, 600]
    assert panel.comparison.here.way == ("cnn", 600)
    assert panel.state == "done"


def test_what_is_found_here_stands_before_the_full_size_is_known(folder, make):
    panel = SizePanel(settings=SETTINGS, look=Looks(SETTINGS, make=make), rest=0.0)
    detector = make(SETTINGS).detector
    seen = []
    panel.said.observe(lambda change: seen.append(change["new"]), names="value")
    panel.folder.choose(str(folder))
    assert panel.wait(SECONDS)
    assert "2 faces found here" in seen[0]
    assert "Looking at full size" in seen[0]
    assert "2 of 3 faces found" in seen[-1]
    assert detector.asked == [400, 800]


def test_cancelled_and_looked_at_again(folder, make):
    detector = make(SETTINGS).detector
    detector.let.clear()
    panel = panel_of(folder, make)
    assert detector.began.wait(SECONDS)
    assert panel.state == "running"
    assert not panel.stop.disabled
    panel.stop.click()
    assert panel.state == "cancelled"
    assert panel.wait(SECONDS)
    assert panel.comparison is None
    assert "Look again" in panel.guide.value
    detector.let.set()
    panel.retry.click()
    assert panel.wait(SECONDS)
    assert panel.state == "done"
    panel.cancel()
    assert panel.state == "done"


def test_another_photo_does_not_wait_for_the_one_before(panel, make):
    detector = make.detectors["cnn"]
    detector.let.clear()
    detector.began.clear()
    panel.set_edge(300)
    assert detector.began.wait(SECONDS)
    panel.show_photo(1)
    detector.let.set()
    assert panel.wait(SECONDS)
    assert panel.comparison.full.path.name == "b.png"
    assert panel.state == "done"


def test_without_a_folder_or_photo_it_says_what_to_do(tmp_path, make):
    panel = SizePanel()
    assert panel.wait(SECONDS)
    assert panel.state == "empty"
    assert "Choose a folder" in panel.guide.value
    assert not visible(panel.both)
    panel.next()
    panel.start()
    assert "no folder is named" in panel.album_study.work.message.value
    (tmp_path / "none").mkdir()
    panel = panel_of(tmp_path / "none", make)
    assert panel.wait(SECONDS)
    assert panel.state == "empty"


def test_a_folder_that_is_gone_and_one_that_is_there(tmp_path, folder, make):
    panel = panel_of(tmp_path / "<i>gone", make)
    assert panel.wait(SECONDS)
    assert panel.state == "failed"
    assert "&lt;i&gt;gone" in panel.message.value
    assert "Traceback" not in panel.message.value
    panel.folder.choose(str(folder))
    assert panel.wait(SECONDS)
    assert panel.state == "done"
    assert panel.message.value == ""
    panel.folder.choose("")
    assert panel.wait(SECONDS)
    assert panel.state == "empty"
    assert panel.photo.value == ""


def test_a_photo_that_cannot_be_read_is_named(folder, make):
    (folder / "a <b>.jpg").write_bytes(b"\xff\xd8\xff no photo")
    panel = panel_of(folder, make)
    assert panel.wait(SECONDS)
    assert panel.state == "failed"
    assert "a &lt;b&gt;.jpg: the file" in panel.message.value
    assert "<b>.jpg" not in panel.where.value
    assert panel.photo.value == ""
    panel.next()
    assert panel.wait(SECONDS)
    assert panel.state == "done"
    (folder / "b.png").unlink()
    panel.next()
    assert panel.wait(SECONDS)
    assert panel.state == "failed"
    assert "b.png" in panel.message.value
    panel.again()
    assert panel.wait(SECONDS)
    assert "photo 3 of 3: c.png" in panel.where.value
    assert panel.state == "none found"


def test_a_full_size_that_fails_leaves_what_was_found(folder, make):
    class Small(Looks):
        def at(self, path, way, *, stop=None):
            if not way[1]:
                raise UnreadablePhoto(f"{path.name}: too large for the memory")
            return super().at(path, way, stop=stop)

    panel = SizePanel(folder, settings=SETTINGS, look=Small(SETTINGS, make=make))
    assert panel.wait(SECONDS)
    assert panel.state == "failed"
    assert "too large" in panel.message.value
    assert "sightings-found" in panel.photo.value


def test_a_bug_shows_its_traceback(folder, make, monkeypatch):
    panel = panel_of(folder, make)
    assert panel.wait(SECONDS)

    def fail(*_):
        raise RuntimeError("oh <no>")

    monkeypatch.setattr(photo_size_preview, "compare", fail)
    panel.set_edge(300)
    assert panel.wait(SECONDS)
    assert panel.state == "failed"
    assert "Traceback" in panel.message.value
    assert "<no>" not in panel.message.value


def test_a_size_is_taken(folder, make):
    taken = []
    panel = panel_of(folder, make, on_chosen=lambda *way: taken.append(way))
    assert panel.wait(SECONDS)
    panel.take.click()
    assert panel.chosen == (400, "cnn")
    assert "--long-edge 400 --detector cnn" in panel.use.value
    panel.size.value = 0
    panel.choose()
    assert panel.chosen == (0, "cnn")
    assert taken == [(400, "cnn"), (0, "cnn")]
    said = html.unescape(panel.use.value)
    assert "AutopilotSettings(long_edge=20000, upsample=0, detector='cnn')" in said
    assert AutopilotSettings(**photo_size_preview.settings_at(("cnn", 0))).upsample == 0
    assert panel.wait(SECONDS)

    def refuse(*_):
        raise BadSetting("not now")

    panel._on_chosen = refuse
    panel.choose()
    assert "not now" in panel.message.value


@pytest.mark.usefixtures("quick")
def test_a_study_that_is_given_is_shown_and_marked(folder, make):
    panel = panel_of(folder, make, study=study_of(folder, make))
    assert panel.wait(SECONDS)
    shown = panel.album_study.compared.value
    assert "data:image/png" in shown
    (row,) = (line for line in shown.split("<tr") if "aria-current" in line)
    assert "<td style='padding: 0 .3em'>cnn</td><td style='padding: 0 .3em'>400</td>" in row
    assert "this size" in row
    panel.set_edge(500)
    assert panel.wait(SECONDS)
    assert "aria-current" not in panel.album_study.compared.value
    assert "500 px with the CNN was not measured" in panel.album_study.compared.value
    panel.folder.choose("")
    assert panel.wait(SECONDS)
    assert panel.study is None
    assert panel.album_study.compared.value == ""


@pytest.mark.usefixtures("quick")
def test_a_study_is_made_and_the_photo_rests(folder, make):
    began, let, asked = threading.Event(), threading.Event(), {}

    def slow(at, **how):
        asked.update(how)
        how["progress"]("cnn, full size", 1, 3, "a.png")
        began.set()
        assert let.wait(SECONDS)
        return study_of(at, make)

    panel = panel_of(folder, make, compare=slow, long_edges=(0, 400))
    panel.album_study.count.value = 7
    panel.album_study.go.click()
    assert began.wait(SECONDS)
    panel.start()
    assert "being compared" in panel.guide.value
    assert panel.size.disabled
    assert panel.album_study.go.disabled
    assert "cnn, full size: 1 of 3" in panel.album_study.work.text.value
    let.set()
    assert panel.wait(SECONDS)
    assert panel.album_study.work.state == "done"
    assert (asked["sample"], asked["long_edges"]) == (7, (0, 400))
    assert panel.study is not None
    assert "aria-current" in panel.album_study.compared.value
    assert not panel.size.disabled
    began.clear()
    let.clear()
    panel.start()
    assert began.wait(SECONDS)
    panel.folder.choose(str(folder.parent))
    let.set()
    assert panel.wait(SECONDS)
    assert panel.study is None
    assert "folder was changed" in panel.album_study.work.message.value


def test_a_study_is_cancelled_and_fails(folder, make):
    began, let = threading.Event(), threading.Event()

    def resize(at, *, progress, **_):
        began.set()
        assert let.wait(SECONDS)
        progress("cnn", 1, 2, "a")
        raise AssertionError("not stopped")

    panel = panel_of(
        folder, make, compare=lambda at, **how: photo_size_preview.study_of(at, study=resize, **how)
    )
    panel.start()
    assert began.wait(SECONDS)
    panel.cancel_study()
    assert "finished first" in panel.album_study.work.text.value
    let.set()
    assert panel.wait(SECONDS)
    assert panel.album_study.work.state == "cancelled"
    assert "nothing came of it" in panel.album_study.work.message.value
    assert panel.study is None

    def gone(*_, **__):
        raise BadFolder("photos: the folder is gone")

    panel.album_study._make = gone
    panel.start()
    assert panel.wait(SECONDS)
    assert panel.album_study.work.state == "failed"
    assert "the folder is gone" in panel.album_study.work.message.value


def test_sentences():
    box, other = (0, 0, 40, 30), (60, 60, 90, 90)
    nothing = look_of("p", 0, [])
    here = look_of("p", 50, [box])
    assert sentence(compare(here, None)) == "1 face found here, in 0.50 s (CPU)."
    assert sentence(compare(nothing, nothing)).startswith("No face found at full size with the CNN")
    assert "; 1 face found only here; 0.50 s instead" in sentence(compare(here, nothing))
    both = look_of("p", 0, [box, other])
    assert sentence(compare(look_of("p", 50, []), both)) == (
        "0 of 2 faces found; 2 lost: 30 and 30 px at full size, 15 and 15 px here; "
        "0.50 s instead of 0.50 s (CPU)."
    )
    many = [(0, 20 * k, 10 + k, 20 * k + 19) for k in range(5)]
    assert "5 lost: 10 to 14 px at full size, 5 to 7 px here" in sentence(
        compare(look_of("p", 50, []), look_of("p", 0, many))
    )


def test_no_name_of_a_widget_is_taken(panel):
    for widget in (panel, panel.album_study):
        assert not set(vars(widget)) & set(dir(ipywidgets.VBox))
