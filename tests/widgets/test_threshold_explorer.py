"""The threshold explorer, its buttons pressed without a browser."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from toolkit.benchmarks import drawn_album
from toolkit.calibration import Calibration
from toolkit.curation import decisions
from toolkit.errors import BadSetting
from toolkit.evaluation.threshold_sweep import Explorer, changes
from toolkit.grouping import sparse_linkage
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.grouping.constraints import Decided
from toolkit.grouping.linkage import tree as make_tree
from toolkit.grouping.thresholds import Threshold
from toolkit.photos.thumbnails import Thumbnails
from toolkit.records import (
    PHOTO_COLUMNS,
    PROBLEM_COLUMNS,
    SIGHTING_COLUMNS,
    Album,
    EncoderInfo,
    empty_table,
)
from toolkit.settings import AutopilotSettings, settings_for
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.face import FACE
from toolkit.widgets import threshold_explorer
from toolkit.widgets.background_work import Newest
from toolkit.widgets.individuals_view import IndividualsBrowser, card_key
from toolkit.widgets.threshold_explorer import (
    CHANGES,
    PARTS,
    REST,
    SHOWN,
    ThresholdLine,
    ThresholdPanel,
)

SECONDS = 20


def album_of(encodings, photo_of=None, folder="album"):
    encodings = np.asarray(encodings, dtype=np.float32)
    photo_of = range(len(encodings)) if photo_of is None else photo_of
    table = pd.DataFrame(
        {
            "photo_digest": [f"d{photo}" for photo in photo_of],
            "path": [f"{folder}/{photo}.jpg" for photo in photo_of],
            "left": 0,
            "top": 0,
            "right": 9,
            "bottom": 9,
            "score": 1.0,
        },
        index=range(len(encodings)),
    )
    info = EncoderInfo("n", "0" * 64, encodings.shape[1], "euclidean", Calibration(60.0, 0.55))
    return Album(
        empty_table(PHOTO_COLUMNS),
        table[list(SIGHTING_COLUMNS)],
        encodings,
        info,
        empty_table(PROBLEM_COLUMNS),
        FACE,
    )


# Two people of three and two faces, whose faces are 0.1 to 0.2 apart and who are 0.9 apart, and one
# face far from all.
SIX = album_of([[0.0], [0.1], [0.3], [1.2], [1.35], [5.0]])


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def panel(clock):
    made = ThresholdPanel(SIX, clock=clock)
    assert made.wait(SECONDS)
    return made


def groups(names):
    found = {}
    for row, name in enumerate(names):
        found.setdefault(name, set()).add(row)
    return {frozenset(rows) for rows in found.values()}


def pictured(cards):
    """Return the sightings on each card, as a set of sets."""
    return {
        frozenset(
            int(picture.token.partition(":")[2])
            for strip in card.strips
            for picture in strip.pictures
        )
        for card in cards
    }


def drag(panel, place):
    """Move the slider as a browser does."""
    panel.slider.value = place
    assert panel.wait(SECONDS)


def visible(widget):
    return widget.layout.display != "none"


def test_begins_at_the_automatic_threshold_with_everybody_on_the_sheet(panel):
    assert panel.state == "done"
    assert panel.threshold == panel.explorer.automatic.value
    assert panel.choice == "auto"
    assert panel.slider.value == pytest.approx(panel.threshold, abs=threshold_explorer.STEP / 2)
    assert pictured(panel.individuals.sheet.all_cards) == {
        frozenset({0, 1, 2}),
        frozenset({3, 4}),
        frozenset({5}),
    }
    assert "3 people (1 seen once)" in panel.summary.value
    assert panel.compared is None
    assert "move the slider" in panel.changed.value
    assert not visible(panel.prepare)
    assert not visible(panel.take)
    assert panel.automatic.disabled
    assert f"({panel.threshold:.3f})" in panel.automatic.description


def test_begins_where_the_settings_say(clock):
    panel = ThresholdPanel(SIX, AutopilotSettings(threshold=0.12345), clock=clock)
    assert panel.wait(SECONDS)
    assert panel.threshold == panel.choice == 0.12345
    assert panel.slider.value == 0.123
    assert "THRESHOLD = 0.12345" in panel.use.value
    assert "--threshold 0.12345" in panel.use.value
    panel.to_automatic()
    assert panel.wait(SECONDS)
    assert panel.choice == "auto"
    assert "--threshold" not in panel.use.value
    assert '"auto"' in panel.use.value


def test_each_position_shows_the_groups_of_its_threshold(panel):
    low, high = threshold_explorer.ends(panel.explorer)
    for place in np.round(np.linspace(low, high, 9), 3):
        drag(panel, float(place))
        expected = groups(panel.explorer.at(panel.threshold).labels.tolist())
        assert pictured(panel.individuals.sheet.all_cards) == expected
        assert f"{len(expected)} p" in panel.summary.value
        assert panel.threshold == pytest.approx(place, abs=threshold_explorer.STEP / 2)


def test_a_split_and_a_merge_are_shown_with_the_faces_of_each_part(panel):
    drag(panel, 0.15)
    assert panel.compared.threshold == panel.explorer.automatic.value
    assert f"compared with {panel.compared.threshold:.3f}" in panel.changed.value
    (card,) = panel.differences.all_cards
    assert card.badge == "split"
    assert "becomes 2" in card.title
    before, *now = card.strips
    assert before.label.startswith("before: ")
    assert all(strip.label.startswith("now: ") for strip in now)
    assert {frozenset(p.token for p in s.pictures) for s in now} == {
        frozenset({"sighting:0", "sighting:1"}),
        frozenset({"sighting:2"}),
    }
    assert {p.token for p in before.pictures} == {"sighting:0", "sighting:1", "sighting:2"}
    marked = {card.key for card in panel.individuals.sheet.all_cards if card.badge == "split"}
    assert marked == {panel.position.names[0], panel.position.names[2]}

    panel.to_automatic()
    assert panel.wait(SECONDS)
    (card,) = panel.differences.all_cards
    assert card.badge == "merged"
    assert "become one" in card.title
    assert [strip.label.partition(":")[0] for strip in card.strips] == ["before", "before", "now"]
    assert "1 merged" in panel.changed.value


def test_says_when_nothing_changed(panel):
    drag(panel, panel.slider.value + 0.002)
    assert "nothing" in panel.changed.value
    assert "compared with" in panel.changed.value
    assert not panel.differences.all_cards
    assert not visible(panel.differences)


def test_a_drag_is_one_change_and_a_rest_ends_it(panel, clock):
    begin = panel.threshold
    for place in (0.5, 0.4, 0.15):
        clock.now += REST / 2
        drag(panel, place)
        assert panel.compared.threshold == begin
    clock.now += 2 * REST
    drag(panel, 0.16)
    assert panel.compared.threshold == 0.15
    assert "compared with 0.150" in panel.changed.value


def test_each_press_of_a_button_is_a_change_however_soon(panel):
    seen = [panel.threshold]
    for _ in range(3):
        panel.step(up=False)
        assert panel.wait(SECONDS)
        assert panel.compared.threshold == seen[-1]
        assert "nothing" not in panel.changed.value
        seen.append(panel.threshold)
    assert seen == sorted(seen, reverse=True)


def test_what_the_browser_says_again_is_no_move(panel):
    compared = panel.compared
    panel.slider.value = panel.slider.value + 1e-9
    assert panel.wait(SECONDS)
    assert panel.compared is compared
    assert "move the slider" in panel.changed.value


def test_the_buttons_end_where_nothing_changes_any_more(panel):
    places = []
    while not panel.fewer.disabled:
        panel.step(up=False)
        assert panel.wait(SECONDS)
        places.append(panel.slider.value)
    panel.step(up=False)
    assert panel.wait(SECONDS)
    assert panel.slider.value == places[-1]
    assert threshold_explorer.next_place(panel.explorer, panel.slider.value, up=False) is None
    while not panel.more.disabled:
        panel.step(up=True)
        assert panel.wait(SECONDS)
    low, high = threshold_explorer.ends(panel.explorer)
    made = panel.explorer.tree.made_at
    assert made(panel.threshold) == made(high)
    panel.move(99.0)
    assert panel.wait(SECONDS)
    assert panel.slider.value == high
    panel.move(-1.0)
    assert panel.wait(SECONDS)
    assert panel.slider.value == low


@example(points=[0.0, 0.0625], asked=0.0625)
@example(points=[0.0, 0.06275], asked=0.0627)
@given(
    points=st.lists(st.floats(0, 1.25, width=32), min_size=1, max_size=12),
    asked=st.one_of(st.just("auto"), st.floats(0.05, 1.5)),
)
def test_next_place_is_the_first_one_with_other_groups(points, asked):
    explorer = Explorer.of(
        album_of([[point] for point in points]), AutopilotSettings(threshold=asked)
    )
    low, high = threshold_explorer.ends(explorer)
    places = [
        threshold_explorer.place_of(k * threshold_explorer.STEP)
        for k in range(round(low * 1000), round(high * 1000))
    ]
    places.append(high)
    made = [
        explorer.tree.made_at(threshold_explorer.threshold_at(explorer, place)) for place in places
    ]
    for at in range(0, len(places), max(1, len(places) // 9)):
        above = [p for p, m in zip(places[at:], made[at:], strict=True) if m != made[at]]
        below = [p for p, m in zip(places[:at], made[:at], strict=True) if m != made[at]]
        assert threshold_explorer.next_place(explorer, places[at], up=True) == (
            above[0] if above else None
        )
        assert threshold_explorer.next_place(explorer, places[at], up=False) == (
            below[-1] if below else None
        )


def test_the_curve_never_rises_and_counts_as_the_positions_do():
    explorer = Explorer.of(SIX, AutopilotSettings())
    curve = threshold_explorer.curve(explorer, points=10)
    assert [value for value, _ in curve] == sorted(value for value, _ in curve)
    for value, people in curve:
        assert explorer.at(value).individuals == people
    assert (curve[0][0], curve[-1][0]) == pytest.approx(threshold_explorer.ends(explorer))


def test_an_empty_album_says_so(clock):
    panel = ThresholdPanel(album_of(np.zeros((0, 2))), clock=clock)
    assert panel.wait(SECONDS)
    assert panel.state == "empty"
    assert "No face was found" in panel.guide.value
    assert not visible(panel.shown)
    assert not visible(panel.prepare)
    panel.start()
    panel.step(up=True)
    panel.to_automatic()
    panel.choose()
    assert panel.wait(SECONDS)
    assert panel.state == "empty"


@pytest.mark.parametrize("points", [[[0.0]], [[0.0], [0.0]], [[0.0], [0.0], [0.0]]])
def test_albums_with_one_face_or_the_same_one_again(points):
    panel = ThresholdPanel(album_of(points))
    assert panel.wait(SECONDS)
    assert panel.state == "done"
    assert "1 person" in panel.summary.value
    drag(panel, panel.slider.min)
    drag(panel, panel.slider.max)
    assert panel.state == "done"


class Slow:
    """Makes an explorer when it is let."""

    def __init__(self):
        self.let, self.calls = threading.Event(), 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        assert self.let.wait(SECONDS)
        return Explorer.of(*args, **kwargs)


def test_runs_and_is_cancelled_and_prepared_again():
    slow = Slow()
    panel = ThresholdPanel(SIX, make=slow)
    assert panel.state == "running"
    assert "preparing" in panel.work.text.value
    assert not visible(panel.shown)
    panel.start()
    panel.step(up=True)
    panel.move(0.3)
    panel.cancel()
    slow.let.set()
    assert panel.wait(SECONDS)
    assert panel.state == "cancelled"
    assert visible(panel.prepare)
    assert not visible(panel.shown)
    panel.prepare.click()
    assert panel.wait(SECONDS)
    assert panel.state == "done"
    assert visible(panel.shown)
    assert slow.calls == 1


def test_what_can_be_mended_is_one_line_and_a_bug_has_its_traceback():
    errors = [BadSetting("too many <faces>"), RuntimeError("oh <no>")]

    def make(*args, **kwargs):
        if errors:
            raise errors.pop(0)
        return Explorer.of(*args, **kwargs)

    panel = ThresholdPanel(SIX, make=make)
    assert panel.wait(SECONDS)
    assert panel.state == "failed"
    assert "too many &lt;faces&gt;" in panel.work.message.value
    assert "Traceback" not in panel.work.message.value
    panel.start()
    assert panel.wait(SECONDS)
    assert "Traceback" in panel.work.message.value
    assert "<no>" not in panel.work.message.value
    assert visible(panel.prepare)
    panel.start()
    assert panel.wait(SECONDS)
    assert panel.state == "done"
    assert panel.work.message.value == ""


def test_a_position_that_fails_is_told_and_the_next_one_shows(panel, monkeypatch):
    def fail(self, threshold):
        raise BadSetting("not this one")

    with monkeypatch.context() as patched:
        patched.setattr(Explorer, "at", fail)
        drag(panel, 0.2)
    assert panel.state == "failed"
    assert "not this one" in panel.work.message.value
    assert visible(panel.shown)
    assert not visible(panel.prepare)
    panel.move(0.2)
    assert panel.wait(SECONDS)
    assert panel.state == "done"
    assert panel.threshold == 0.2
    assert panel.work.message.value == ""


def test_a_tree_is_used_and_one_that_does_not_fit_is_not():
    seen = []

    def make(*args, **kwargs):
        seen.append(kwargs.get("tree"))
        return Explorer.of(*args, **kwargs)

    fitting = make_tree(SIX.encodings)
    panel = ThresholdPanel(SIX, tree=fitting, make=make)
    assert panel.wait(SECONDS)
    assert seen == [fitting]
    assert panel.explorer.tree is fitting
    panel = ThresholdPanel(SIX, tree=make_tree(SIX.encodings[:3]), make=make)
    assert panel.wait(SECONDS)
    assert panel.state == "done"
    assert len(seen) == 3
    assert panel.explorer.tree.count == len(SIX)


def test_another_method_has_no_next_change_but_follows_the_slider():
    settings = AutopilotSettings(method="linked", one_per_photo=False)
    panel = ThresholdPanel(SIX, settings)
    assert panel.wait(SECONDS)
    assert not visible(panel.fewer)
    assert not visible(panel.more)
    assert panel.chart.value == ""
    drag(panel, 0.15)
    assert groups(panel.position.labels.tolist()) == {
        frozenset(each) for each in ({0, 1}, {2}, {3, 4}, {5})
    }
    assert "--threshold 0.15 --method linked --same-photo" in panel.use.value


def test_the_threshold_is_handed_on(clock):
    chosen = []
    panel = ThresholdPanel(SIX, on_chosen=chosen.append, clock=clock)
    assert panel.wait(SECONDS)
    seen = []
    panel.observe(lambda change: seen.append(change["new"]), names="threshold")
    assert visible(panel.take)
    panel.take.click()
    drag(panel, 0.25)
    assert panel.take.description == "Use 0.250"
    panel.take.click()
    assert chosen == ["auto", 0.25]
    assert seen == [0.25]


def test_an_error_of_whoever_takes_the_threshold_is_shown():
    def refuse(_):
        raise BadSetting("not now")

    panel = ThresholdPanel(SIX, on_chosen=refuse)
    assert panel.wait(SECONDS)
    panel.take.click()
    assert "not now" in panel.work.message.value


def test_a_person_opens_and_is_followed_by_face_not_by_number(panel):
    panel.individuals.sheet.open(panel.position.names[0])
    assert panel.individuals.view == "individual"
    expected = {card_key(panel.album, row) for row in range(3)}
    assert {card.key for card in panel.individuals.sheet.all_cards} == expected
    assert visible(panel.individuals.back_button)
    followed = panel.individuals._row
    drag(panel, 0.15)
    ids = panel.album.sightings["sighting_id"].to_list()
    shown = {ids.index(card.key) for card in panel.individuals.sheet.all_cards}
    assert shown == next(
        each for each in groups(panel.position.labels.tolist()) if followed in each
    )
    assert f"at {panel.threshold:.3f}" in panel.individuals.heading.value
    panel.individuals.sheet.open(card_key(panel.album, followed))
    assert panel.individuals.view == "photo"
    assert pictured(panel.individuals.sheet.all_cards) == {frozenset({followed})}
    assert panel.individuals.sheet.size > 400
    panel.individuals.back()
    assert panel.individuals.view == "individual"
    panel.individuals.back()
    assert panel.individuals.view == "individuals"
    panel.individuals.back()
    assert len(panel.individuals.sheet.all_cards) == panel.position.individuals
    assert not visible(panel.individuals.back_button)


def test_the_page_stays():
    many = album_of(np.arange(150.0)[:, None])
    panel = ThresholdPanel(many, AutopilotSettings(threshold=0.3))
    assert panel.wait(SECONDS)
    panel.individuals.sheet.turn(1)
    drag(panel, panel.slider.value + 0.01)
    assert panel.individuals.sheet.page == 1
    panel.individuals.sheet.open(panel.individuals.sheet.shown()[0].key)
    assert panel.individuals.sheet.page == 0
    panel.individuals.back()
    assert panel.individuals.sheet.page == 1


def test_many_changes_are_counted_and_the_largest_shown():
    pairs = np.repeat(np.arange(20.0), 2) * 5 + np.tile([0.0, 0.2], 20)
    flock = 200 + np.arange(12) * 0.01
    panel = ThresholdPanel(album_of(np.concatenate([pairs, flock])[:, None]))
    assert panel.wait(SECONDS)
    panel.move(panel.slider.min)
    assert panel.wait(SECONDS)
    found = changes(panel.compared.labels, panel.position.labels, most=None)
    assert len(found) == 21
    assert "21 split" in panel.changed.value
    assert f"The {CHANGES}" in panel.changed.value
    cards = panel.differences.all_cards
    assert [card.title for card in cards] == [
        change.sentence(panel.compared.names, words=panel.compared.words)
        for change in found[:CHANGES]
    ]
    first, parts = cards[0], len(found[0].after)
    assert parts > PARTS
    assert first.strips[-1].label == f"now: {parts - PARTS} more"
    assert len(first.strips) == 1 + PARTS + 1
    assert len(first.strips[0].pictures) == SHOWN


def test_names_are_shown_as_text_never_as_html():
    evil = "<img src=x onerror=alert(1)>"
    held = Decided(
        must=np.zeros((0, 2), np.int64),
        cannot=np.zeros((0, 2), np.int64),
        names={0: evil},
        refused=frozenset(),
        ignored=np.zeros(0, np.int64),
        unmatched=0,
    )
    panel = ThresholdPanel(SIX, decided=held, names=[evil, None, "Bob", None, None, None])
    assert panel.wait(SECONDS)
    panel.individuals.open_individual(evil)
    drag(panel, 0.15)
    panel.individuals.open_photo(0)
    for widget in (panel.individuals.heading, panel.changed, panel.summary, panel.guide, panel.use):
        assert "<img" not in widget.value
    assert "&lt;img" in panel.individuals.heading.value
    (card,) = panel.differences.all_cards
    assert evil in card.title


def test_cards_say_what_faces_were_called_so_far():
    called = ["Ann", "Ann", "Bob", "Cem", None, None]
    panel = ThresholdPanel(SIX, names=called)
    assert panel.wait(SECONDS)
    notes = {frozenset(pictured([card])): card.note for card in panel.individuals.sheet.all_cards}
    assert notes[frozenset({frozenset({0, 1, 2})})].endswith(", so far Ann and Bob")
    assert notes[frozenset({frozenset({3, 4})})].endswith(", so far Cem")
    assert "so far" not in notes[frozenset({frozenset({5})})]


def test_a_browser_of_people_goes_back_when_the_one_that_is_open_is_gone():
    browser = IndividualsBrowser(SIX, Thumbnails(SIX))
    browser.show(["a", "a", "b", None, None, None])
    browser.open_individual("nobody")
    browser.open_photo(0)
    assert browser.view == "individuals"
    browser.open_individual("b")
    browser.show(["a", "a", None, None, None, None])
    assert browser.view == "individuals"
    assert [card.key for card in browser.sheet.all_cards] == ["a"]


def test_newest_passes_over_what_was_overtaken_and_goes_on_after_an_error():
    began, let, done, failed = threading.Event(), threading.Event(), [], []

    def do(value, overtaken):
        began.set()
        assert let.wait(SECONDS)
        if value == 3:
            raise RuntimeError("three")
        done.append(value)

    newest = Newest(do, failed=failed.append)
    newest.ask(0)
    assert began.wait(SECONDS)
    for value in (1, 2, 3):
        newest.ask(value)
    assert not newest.wait(0.01)
    let.set()
    assert newest.wait(SECONDS)
    assert done == [0]
    assert [str(error) for error in failed] == ["three"]
    newest.ask(4)
    assert newest.wait(SECONDS)
    assert done == [0, 4]


def test_a_flood_of_positions_ends_at_the_newest(panel):
    low, high = threshold_explorer.ends(panel.explorer)
    for place in np.linspace(low, high, 200):
        panel.slider.value = float(place)
    panel.slider.value = 0.321
    assert panel.wait(SECONDS)
    assert panel.threshold == 0.321
    assert panel.compared.threshold == panel.explorer.automatic.value


def test_only_a_move_of_the_user_counts_as_a_choice():
    chosen = []
    line = ThresholdLine(chosen.append)
    # A browser tells of other places than the user's while a slider is drawn or its ends move.
    assert not line.slider.continuous_update
    for value in (0.565, 5.0004, 0.0104, 0.5312):
        line.show(Threshold(value, True, "as it came"), value)
        assert line.slider.value == pytest.approx(value, abs=threshold_explorer.STEP / 2)
    # What is shown from a thread is told of when a message of the browser has been worked off.
    with line.slider.hold_trait_notifications():
        line.show(Threshold(0.4, True, "as it came"), 0.4)
    line.slider.value = 0.4 + 1e-7
    assert chosen == []
    # Away and back again before the first is shown: both are the user's.
    line.slider.value = 0.45
    line.slider.value = 0.4
    assert chosen == [0.45, 0.4]
    line.show(Threshold(0.4, False, ""), 0.4)
    line.slider.value = 0.3
    assert chosen == [0.45, 0.4, 0.3]


def test_a_browser_of_people_goes_back_to_the_card_it_came_from():
    browser, came = IndividualsBrowser(SIX, Thumbnails(SIX)), []
    browser.sheet.return_to = came.append
    browser.show(["a", "a", "b", None, None, None])
    browser.open_individual("a")
    browser.open_photo(1)
    browser.back()
    browser.back()
    assert came == [card_key(SIX, 1), "a"]


def test_how_to_use_it_names_the_subject_where_it_is_not_the_usual_one() -> None:
    position = SimpleNamespace(threshold=0.5)
    faces = threshold_explorer.use_html(position, AutopilotSettings(), 0.5)
    assert "31_run_autopilot" in faces
    assert "--subject" not in faces
    animals = settings_for("autopilot", AnimalSettings)()
    said = threshold_explorer.use_html(position, animals, 0.4)
    assert "autopilot PHOTOS OUT --subject animal --threshold 0.5" in said
    assert "notebook" not in said


def test_the_word_beside_the_curve_is_not_cut_off() -> None:
    words = replace(FACE.words, individuals="individuals")
    position = SimpleNamespace(threshold=0.5, individuals=2)
    drawn = threshold_explorer.chart_html([(0.4, 3), (0.6, 1)], position, 0.4, words)
    assert "<text x='0.0' y='9.0' text-anchor='start'>individuals</text>" in drawn


def test_in_a_large_album_the_numbers_are_there_before_what_takes_longest(tmp_path, monkeypatch):
    monkeypatch.setattr(sparse_linkage, "MOST", 50)
    album = drawn_album.draw(300, tmp_path, seed=1).album
    settings = AutopilotSettings()
    tree = GroupingAssigner(settings).assign(album, decisions.apply((), album)).details["tree"]
    assert tree.near is not None
    measured, go = Explorer.measured, threading.Event()

    def slowly(explorer):
        assert go.wait(SECONDS)
        return measured(explorer)

    monkeypatch.setattr(Explorer, "measured", slowly)
    panel = ThresholdPanel(album, settings, tree=tree)
    assert panel.work.wait(SECONDS)
    assert panel.state == "done"
    assert "not measured yet" in panel.summary.value
    before = panel.position
    panel.move(panel.threshold + 0.05)
    assert panel.newest.wait(SECONDS)
    assert panel.position.individuals < before.individuals
    go.set()
    assert panel.wait(SECONDS)
    whole = Explorer.of(album, settings, tree=tree)
    assert str(panel.position) == str(whole.at(panel.threshold))
    assert "photographed together" in panel.summary.value
    assert "not measured yet" not in panel.summary.value
    assert panel.compared is before


def test_a_place_that_is_left_again_shows_no_cards(monkeypatch):
    panel = ThresholdPanel(SIX)
    assert panel.wait(SECONDS)
    shown = [card.key for card in panel.individuals.sheet.all_cards]
    overtaken = threading.Event()
    overtaken.set()
    panel._go((panel.slider.max, None), overtaken)
    assert panel.position.individuals < len(shown)
    assert f"{panel.position.individuals}" in panel.summary.value
    assert [card.key for card in panel.individuals.sheet.all_cards] == shown
