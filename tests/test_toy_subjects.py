"""Two subjects that live in one file of the tests go the whole way, and nothing else knows them."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import toys
from panel_texts import OTHERS, said

from toolkit import modes, session
from toolkit.curation import history
from toolkit.errors import BadFolder, BadSetting
from toolkit.evaluation import audit
from toolkit.grouping import neighbours
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.results import results_folder
from toolkit.settings import settings_for
from toolkit.subjects import registry
from toolkit.widgets.autopilot import AutopilotPanel
from toolkit.widgets.point_and_shoot import PointAndShootPanel
from toolkit.widgets.review import ReviewPanel
from toolkit.widgets.threshold_explorer import ThresholdPanel

SECONDS = 60


@pytest.fixture(params=[toys.LAMPS, toys.CARDS], ids=lambda toy: toy.info.name)
def toy(request, monkeypatch):
    """One of the subjects, registered as any other."""
    monkeypatch.setitem(registry.SUBJECTS, request.param.info.name, request.param.settings)
    return request.param


@pytest.fixture
def photos(toy, tmp_path):
    return toy.save_photos(tmp_path / "photos")


@pytest.fixture
def known(toy, tmp_path):
    return toy.save_known(tmp_path / "known")


def settings_of(toy, mode="autopilot", **values):
    return settings_for(mode, toy.settings)(jobs=1, **values)


def groups_of(toy, album, names):
    """Return who is found in each photo, by the truth: each name stands for one individual."""
    truth = [who for each in album.photos["path"] for who in toy.truth[_name(each)]]
    assert len(truth) == len(album)
    pairs = Counter(zip(names, truth, strict=True))
    return sorted(pairs)


def _name(path):
    place = Path(path)
    return f"in/{place.name}" if place.parent.name == "in" else place.name


def test_autopilot_finds_each_individual_with_its_photos(toy, photos, tmp_path) -> None:
    out = tmp_path / "out"
    result = modes.autopilot(photos, out, settings=settings_of(toy))
    found = groups_of(toy, result.album, result.names)
    assert len(found) == 4  # each name is one individual's, and each individual has one name
    assert len({name for name, _ in found}) == len({who for _, who in found}) == 4
    words = toy.info.words
    assert f"7 photos, {words.count(len(result.album))}, 4 {words.individuals}" in str(result)
    assert (out / f"{words.individual}_001").is_dir()
    assert len(list((out / f"{words.individual}_001").iterdir())) == 4


def test_a_result_opens_again_and_is_the_same(toy, photos, tmp_path) -> None:
    out = tmp_path / "out"
    result = modes.autopilot(photos, out, settings=settings_of(toy))
    run = results_folder.load(out)
    assert run.album.subject == toy.info
    assert run.album.encoder == result.album.encoder
    before, after = neighbours.of(result.album), neighbours.of(run.album)
    np.testing.assert_array_equal(before.matrix(), after.matrix())
    again = session.taken_up(out)
    assert again.names == result.names
    assert type(again.settings).subject == toy.info


def test_point_and_shoot_names_the_known_and_leaves_strangers(toy, photos, known, tmp_path) -> None:
    out = tmp_path / "out"
    result = modes.point_and_shoot(photos, known, out, settings=settings_of(toy, "point-and-shoot"))
    truth = [who for each in result.album.photos["path"] for who in toy.truth[_name(each)]]
    expected = [f"the {who}" if who in toy.known else None for who in truth]
    # Of makes of cards, two of one in a photo are both found.
    assert list(result.names) == expected
    assert (out / f"the {toy.known[0]}").is_dir()
    assert toy.info.words.plural in str(result)


def test_a_photo_put_into_a_folder_is_an_example_of_somebody_new(
    toy, photos, known, tmp_path
) -> None:
    out, settings = tmp_path / "out", settings_of(toy, "point-and-shoot")
    before = modes.point_and_shoot(photos, known, out, settings=settings)
    stranger = next(who for each in toy.truth.values() for who in each if who not in toy.known)
    toys.save(out / "the new" / "own.png", toy.square(stranger, 900))
    after = modes.point_and_shoot(photos, known, out, settings=settings)
    assert "the new" not in before.names
    assert after.names.count("the new") == 2


def test_the_audit_says_what_the_photos_tell(toy, photos, tmp_path) -> None:
    result = modes.autopilot(photos, settings=settings_of(toy))
    found = audit.audit(result.album, result.names, threshold=result.threshold)
    text = str(found)
    assert toy.info.words.individuals in text or toy.info.words.plural in text
    assert found.groups >= 2
    if not toy.info.exclusive_in_photo:
        # Nobody knows that two in a photo are two.
        assert not found.measured
        assert any("photo" in reason for reason in found.left_out)


def test_corrections_hold_and_can_be_taken_back(toy, photos, tmp_path) -> None:
    out = tmp_path / "out"
    looked = modes.look(photos, settings=settings_of(toy))
    made = session.Session(looked, GroupingAssigner(settings_of(toy)), out=out)
    before = made.names
    first, second = list(dict.fromkeys(before))[:2]
    made.rename(first, "Mine")
    assert "Mine" in made.names
    made.merge("Mine", second)
    assert len(set(made.names)) == 3
    made.undo()
    assert len(set(made.names)) == 4
    made.split("Mine")
    assert len(set(made.names)) == 5
    made.undo()
    row = int(made.rows("Mine")[0])
    made.not_this_individual(row)
    assert made.names[row] != "Mine"
    made.undo()
    made.ignore(row)
    made.export(out)
    again = modes.autopilot(photos, out, settings=settings_of(toy))
    assert "Mine" in again.names
    assert toy.info.words.count(1) in str(again)


def test_questions_are_asked_and_answered(toy, photos) -> None:
    looked = modes.look(photos, settings=settings_of(toy))
    made = session.Session(looked, GroupingAssigner(settings_of(toy)))
    queue = made.queue(goal=1.0)
    assert queue.questions
    asked = queue.questions[0]
    one = asked.kind == "together"
    made.do(history.answer(made.album, made.names, asked, one=one))
    assert (asked.first, asked.second) not in {
        (each.first, each.second) for each in made.queue(goal=1.0).questions
    }


def test_the_report_speaks_of_it(toy, photos, tmp_path) -> None:
    out = tmp_path / "out"
    modes.autopilot(photos, out, settings=settings_of(toy))
    page = (out / "report.html").read_text(encoding="utf-8")
    words = toy.info.words
    assert words.plural in page
    assert words.individuals in page
    assert not OTHERS.search(
        re.sub(r"<style.*?</style>|data:image[^\"']*", "", page, flags=re.DOTALL)
    )
    assert page.count("data:image/") >= 4


def test_brightness_is_no_difference_by_the_cosine(monkeypatch, tmp_path) -> None:
    album = modes.look(
        toys.LAMPS.save_photos(tmp_path / "photos"),
        settings=settings_for("autopilot", toys.LampSettings)(jobs=1),
    ).album
    own = neighbours.of(album).matrix()
    plain = neighbours.of(album.encodings).matrix()
    rows = [k for k, who in enumerate(_truth(toys.LAMPS, album)) if who == "red"]
    assert own[np.ix_(rows, rows)].max() < 0.01 < 0.3 < plain[np.ix_(rows, rows)].max()


def _truth(toy, album):
    return [who for each in album.photos["path"] for who in toy.truth[_name(each)]]


def test_photos_without_any_are_a_result_and_no_error(toy, tmp_path) -> None:
    toys.save(tmp_path / "photos" / "none.png")
    out = tmp_path / "out"
    result = modes.autopilot(tmp_path / "photos", out, settings=settings_of(toy))
    assert f"1 photo, {toy.info.words.count(0)}" in str(result)
    assert len(results_folder.load(out).album) == 0
    found = modes.point_and_shoot(
        tmp_path / "photos",
        toy.save_known(tmp_path / "known"),
        settings=settings_of(toy, "point-and-shoot"),
    )
    assert found.names == ()


def test_only_the_shortlist_is_compared(tmp_path) -> None:
    photos = toys.CARDS.save_photos(tmp_path / "photos")
    settings = settings_for("autopilot", toys.CardSettings)(jobs=1)
    subject = settings.make_subject()
    looked = modes.look(photos, settings=settings, subject=subject)
    pairs = looked.album.compared
    assert subject.encoder.compared == len(pairs.distance)
    assert 0 < len(pairs.distance) < len(looked.album) * (len(looked.album) - 1) // 2


def test_stopped_among_the_pairs_the_rest_is_taken_for_different(tmp_path) -> None:
    photos = toys.CARDS.save_photos(tmp_path / "photos")
    settings = settings_for("autopilot", toys.CardSettings)(jobs=1)
    told = []
    looked = modes.look(
        photos,
        settings=settings,
        progress=lambda what, done, total, path: told.append((what, done, total)),
        stop=lambda: len(told) >= 7,
    )
    assert ("photos", 7, 7) in told
    assert not looked.complete
    assert looked.album.compared.left > 0
    result = modes.autopilot_of(looked, settings=settings)
    assert "not compared" in str(result)
    assert len(set(result.names)) == len(result.album)


def test_references_that_were_not_compared_are_refused(tmp_path) -> None:
    toy = toys.CARDS
    photos, known = toy.save_photos(tmp_path / "photos"), toy.save_known(tmp_path / "known")
    settings = settings_for("point-and-shoot", toys.CardSettings)(jobs=1)
    looked = modes.look(photos, settings=settings)
    references = modes.read_known(known, settings=settings)
    with pytest.raises(BadSetting, match="not compared"):
        modes.point_and_shoot_of(looked, references, settings=settings)
    compared = modes.compare_known(looked, references, settings=settings)
    assert "the 7" in modes.point_and_shoot_of(looked, compared, settings=settings).names
    assert modes.compare_known(looked, references, settings=settings, stop=lambda: True) is None
    kept = replace(looked, album=replace(looked.album, features=None))
    with pytest.raises(BadSetting, match="look at the photos again"):
        modes.compare_known(kept, references, settings=settings)


def test_damaged_pairs_are_refused_in_one_line(tmp_path) -> None:
    photos, out = toys.CARDS.save_photos(tmp_path / "photos"), tmp_path / "out"
    modes.autopilot(photos, out, settings=settings_for("autopilot", toys.CardSettings)(jobs=1))
    with np.load(out / "encodings.npz") as file:
        arrays = dict(file)
    for name, value in (
        ("pairs", arrays["pairs"][::-1]),
        ("pair_distances", -arrays["pair_distances"]),
        ("pair_distances", arrays["pair_distances"][:-1]),
        ("pair_limits", np.array([np.inf, 0.0])),
        ("pairs", arrays["pairs"] + 100),
    ):
        np.savez(out / "encodings.npz", **{**arrays, name: value})
        with pytest.raises(BadFolder, match=r"encodings.npz cannot be used"):
            results_folder.load(out)


def test_the_panel_of_autopilot_goes_all_the_way(toy, photos, tmp_path) -> None:
    out, words = tmp_path / "out", toy.info.words
    panel = AutopilotPanel(photos, out, settings=settings_of(toy))
    panel.start()
    assert panel.wait(SECONDS)
    assert panel.state == "done", panel.work.message.value
    assert f"4 {words.individuals}" in panel.summary.value
    view = panel.individuals
    view.rename(view.sheet.all_cards[0].key, "Mine")
    assert panel.wait(SECONDS)
    assert "Mine" in panel.session.names
    panel.export.show_plan()
    assert panel.export.wait(SECONDS)
    panel.export.export()
    assert panel.export.wait(SECONDS)
    assert (out / "Mine").is_dir(), panel.export.message.value
    said(panel)


def test_the_panel_of_point_and_shoot_compares_and_shows(toy, photos, known, tmp_path) -> None:
    panel = PointAndShootPanel(
        photos, known, tmp_path / "out", settings=settings_of(toy, "point-and-shoot")
    )
    panel.examples.settle()
    panel.start()
    assert panel.wait(SECONDS)
    assert panel.state == "done", panel.work.message.value
    assert f"2 of 2 {toy.info.words.individuals} found" in panel.summary.value
    panel.matches.open(f"the {toy.known[0]}")
    assert panel.matches.sheet.all_cards
    said(panel, panel.matches.line)


def test_the_panels_for_a_result_that_is_there(toy, photos, tmp_path) -> None:
    out = tmp_path / "out"
    result = modes.autopilot(photos, out, settings=settings_of(toy))
    review = ReviewPanel(out)
    review.open_results()
    assert review.wait(SECONDS)
    assert review.state in ("done", "no questions"), review.work.message.value
    said(review)
    explorer = ThresholdPanel(result.album, settings_of(toy), names=result.names)
    assert explorer.wait(SECONDS)
    explorer.move(0.0)
    assert explorer.wait(SECONDS)
    said(explorer, explorer.summary)
