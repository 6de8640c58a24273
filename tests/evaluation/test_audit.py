import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_albums import album
from scipy.stats import binomtest

from toolkit import cli, modes
from toolkit.calibration import Calibration
from toolkit.curation import decisions
from toolkit.curation.decisions import Decision, key_of
from toolkit.errors import BadSetting
from toolkit.evaluation import audit
from toolkit.grouping import linkage, links, thresholds, uncertainty
from toolkit.records import (
    EncoderInfo,
)
from toolkit.results import results_folder
from toolkit.subjects.face import LINKAGE

INFO = EncoderInfo(
    "made_up", "0" * 64, 64, "euclidean", Calibration(slope=60.0, even=0.6), linkage=LINKAGE
)


def drawn(seed: int, individuals: int, each: int, spread: float = 0.035, alike: int = 64) -> tuple:
    """Faces of people, two different people a photo; some alike where they differ in few ways."""
    rng = np.random.default_rng(seed)
    centres = np.zeros((individuals, 64))
    centres[:, :alike] = rng.normal(size=(individuals, alike)) * 0.72 / np.sqrt(alike)
    truth = np.tile(np.arange(individuals), each)
    rows = centres[truth] + rng.normal(size=(len(truth), 64)) * spread
    photo_of = np.empty(len(truth), np.int64)
    for turn in range(each):
        people = rng.permutation(individuals)
        photo_of[turn * individuals + people] = turn * individuals + np.arange(individuals) // 2
    return rows.astype(np.float32), truth, photo_of


def names_of(labels) -> list:
    return [f"person_{label + 1:03d}" for label in labels]


def test_near_and_joined_pairs_within_photos_are_counted() -> None:
    # Photo 0 holds two faces 0.58 apart, photo 1 two far apart; the third is somebody else's.
    rows = np.zeros((5, 64))
    rows[:, 0] = [0.0, 0.58, 3.0, 5.0, 9.0]
    found = audit.audit(
        album(rows, [0, 0, 1, 1, 2]), names_of(range(5)), threshold=0.59, thresholds=[0.4, 2.5]
    )
    assert found.rates["threshold"].tolist() == [0.4, 0.59, 2.5]
    assert found.rates["pairs"].tolist() == [2, 2, 2]
    assert found.rates["near"].tolist() == [0, 1, 2]
    assert found.rates["false_match"].tolist() == [0, 0.5, 1]
    assert found.rates["joined"].tolist() == [0, 1, 2]
    expected = binomtest(1, 2).proportion_ci(0.95, method="exact")
    assert found.here["match_low"] == pytest.approx(expected.low)
    assert found.here["merge_high"] == pytest.approx(expected.high)


def test_the_same_two_groups_seen_often_together_count_once() -> None:
    rows = np.zeros((8, 64))
    rows[::2, 0] = [0.0, 0.001, 0.002, 0.003]
    rows[1::2, 0] = [0.58, 0.581, 0.582, 5.0]
    photo_of = [0, 0, 1, 1, 2, 2, 3, 3]
    names = ["ann", "bob", "ann", "bob", "ann", "bob", "ann", "cem"]
    found = audit.audit(album(rows, photo_of), names, threshold=0.59)
    assert found.here["pairs"] == pytest.approx(2)
    assert found.here["near"] == pytest.approx(1)


def test_a_grouping_that_knows_of_the_photos_is_not_asked() -> None:
    rows, _, photo_of = drawn(0, 20, 4)
    close = rows * 0.5  # people so near each other that only their photos keep them apart
    tree = linkage.tree(close, cannot_link=links.pairs_within(photo_of))
    labels = tree.cut(0.6).labels
    found = audit.audit(album(close, photo_of), names_of(labels), threshold=0.6)
    assert found.here["joined"] > 0.9 * found.here["pairs"] > 0


def test_the_group_of_two_people_comes_first_with_its_weakest_link() -> None:
    rows, truth, photo_of = drawn(1, 30, 6)
    mixed = np.where(truth == 7, 4, truth)
    found = audit.audit(album(rows, photo_of), names_of(mixed), threshold=0.5)
    first = found.suspicious.iloc[0]
    assert first["name"] == "person_005"
    assert first["sightings"] == 12
    assert first["probability"] < 0.5 < found.suspicious["probability"][1]
    assert {truth[first["first"]], truth[first["second"]]} == {4, 7}
    across = np.linalg.norm(rows[truth == 4][:, None] - rows[truth == 7][None], axis=2)
    assert first["distance"] == pytest.approx(across.min(), abs=1e-6)
    assert first["first_path"] == f"p{photo_of[first['first']]}.jpg"


def test_two_halves_of_one_person_are_the_likeliest_to_be_one() -> None:
    rows, truth, photo_of = drawn(2, 30, 6)
    split = truth.copy()
    split[np.flatnonzero(truth == 3)[::2]] = 30
    found = audit.audit(album(rows, photo_of), names_of(split), threshold=0.5)
    first = found.alike.iloc[0]
    assert {first["name"], first["other_name"]} == {"person_004", "person_031"}
    assert first["probability"] > 0.9
    assert truth[first["first"]] == truth[first["second"]] == 3


def test_groups_that_were_seen_together_are_never_taken_for_one() -> None:
    rows, truth, photo_of = drawn(3, 30, 6)
    split = truth.copy()
    halves = np.flatnonzero(truth == 3)
    split[halves[::2]] = 30
    photo_of[halves[0]] = photo_of[halves[1]] = 10_000
    found = audit.audit(album(rows, photo_of), names_of(split), threshold=0.5)
    pairs = {frozenset(pair) for pair in found.alike[["name", "other_name"]].to_numpy().tolist()}
    assert frozenset(["person_004", "person_031"]) not in pairs


def test_a_face_twice_in_a_photo_is_shown_and_left_out_of_the_rates() -> None:
    rows, truth, photo_of = drawn(4, 10, 4)
    rows = np.concatenate([rows, rows[:1] + 0.001])
    photo_of = np.append(photo_of, photo_of[0])
    found = audit.audit(album(rows, photo_of), names_of([*truth, 10]), threshold=0.5)
    assert found.pictures["path"].tolist() == [f"p{photo_of[0]}.jpg"]
    assert sorted(found.pictures[["first", "second"]].iloc[0]) == [0, 40]
    assert found.here["near"] == 0
    assert f"p{photo_of[0]}.jpg" in str(found).partition("Photos that show one face twice")[2]


def test_what_is_a_mirror_is_asked_of_no_grouping_that_is_judged() -> None:
    """The limit moves with the number of people: not with those of good or bad names."""
    rows, truth, photo_of = drawn(4, 40, 4)
    limit = INFO.calibration.threshold(39) - np.log(99) / INFO.calibration.slope
    step = np.zeros(64)
    step[0] = 1
    apart = [(limit - 0.02), (limit + 0.02)]
    rows = np.concatenate([rows, rows[:2] + np.multiply.outer(apart, step)]).astype(np.float32)
    photo_of = np.concatenate([photo_of, photo_of[:2]])
    truth = np.append(truth, [40, 41])
    found = [
        audit.audit(album(rows, photo_of), names_of(names), threshold=0.5)
        for names in (truth, np.zeros(162, np.int64), np.arange(162))
    ]
    for each in found:
        assert each.pictures[["first", "second"]].to_numpy().tolist() == [[0, 160]]
        pd.testing.assert_frame_equal(each.rates, found[0].rates)


def test_a_tree_that_is_there_is_taken_only_where_it_is_the_one() -> None:
    rows, _, photo_of = drawn(4, 10, 4)
    faces = album(rows, photo_of)
    inside = links.pairs_within(photo_of)
    apart, free = linkage.tree(rows, cannot_link=inside), linkage.tree(rows)
    expected = audit.ask(faces)
    assert not len(expected.pictures)
    given = audit.ask(faces, tree=apart, held=inside[::-1, ::-1])
    assert given.apart is apart
    assert audit.ask(faces, tree=free, held=inside[:0]).asked.free is free
    wrong = audit.ask(faces, tree=free, held=inside[1:])
    for found in (given, wrong):
        for threshold in (0.3, 0.7, 1.0):
            assert found.asked.at(threshold) == expected.asked.at(threshold)
    assert wrong.apart is not free
    assert wrong.asked.free is not free


def test_relatives_side_by_side_are_noticed() -> None:
    rng = np.random.default_rng(5)
    rows, truth, photo_of = drawn(5, 40, 5, alike=12)
    plain = audit.audit(album(rows, photo_of), names_of(truth), threshold=0.5)
    kin = rows.copy()
    family = rng.normal(size=(20, 64)) * 0.08
    for photo in np.unique(photo_of):
        both = np.flatnonzero(photo_of == photo)
        if len(both) == 2:
            kin[both] = rows[both] * 0.45 + family[photo % 20]
    alike = audit.audit(album(kin, photo_of), names_of(truth), threshold=0.2)
    assert plain.kin < 2 < alike.kin
    assert "relatives" in str(alike)
    assert "relatives" not in str(plain)


def test_the_interval_contains_the_true_rate() -> None:
    """Of 40 drawn albums, the truth known, at least nine in ten."""
    held = 0
    for seed in range(40):
        rows, truth, photo_of = drawn(seed, 40, 3, spread=0.06)
        free = linkage.tree(rows)
        threshold = 0.9  # so high that some people are joined
        found = audit.audit(album(rows, photo_of), names_of(truth), threshold=threshold)
        labels = free.cut(threshold).labels
        two = np.triu(truth[:, None] != truth[None])
        rate = (labels[:, None] == labels[None])[two].mean()
        held += found.here["merge_low"] <= rate <= found.here["merge_high"]
    assert held >= 36


def test_most_of_the_first_ten_suspicious_groups_hold_two_people() -> None:
    rows, truth, photo_of = drawn(6, 400, 3, alike=12)
    tree = linkage.tree(rows, cannot_link=links.pairs_within(photo_of))
    labels = tree.cut(0.5).labels
    impure = {label for label in set(labels) if len(set(truth[labels == label])) > 1}
    assert len(impure) >= 10
    found = audit.audit(album(rows, photo_of), names_of(labels), threshold=0.5)
    groups = {names_of([label])[0] for label in impure}
    assert sum(name in groups for name in found.suspicious["name"].head(10)) >= 8


def test_a_bad_grouping_does_not_hide_its_own_mistakes() -> None:
    """How often two people are seen together is not told by the grouping that joined them."""
    rows, truth, photo_of = drawn(1, 60, 3, spread=0.06)
    free = linkage.tree(rows)
    threshold = 1.05
    labels = free.cut(threshold).labels
    two = np.triu(truth[:, None] != truth[None])
    rate = (labels[:, None] == labels[None])[two].mean()
    assert rate > 0.1
    for names in (truth, labels):
        here = audit.audit(album(rows, photo_of), names_of(names), threshold=threshold).here
        assert here["merge_low"] <= rate <= here["merge_high"]


@pytest.mark.parametrize("times", [6, 7, 13, 14, 49])
def test_two_people_seen_together_often_are_one_pair_and_not_a_little_less(times) -> None:
    rows = np.zeros((2 * times, 64))
    rows[1::2, 0] = 1.0
    names = ["ann", "bob"] * times
    found = audit.audit(album(rows, np.arange(2 * times) // 2), names, threshold=0.5)
    assert found.here["pairs"] == 1
    assert found.here["merge_high"] == pytest.approx(binomtest(0, 1).proportion_ci().high)


def test_a_join_too_far_is_doubted_wherever_the_others_are() -> None:
    rows = np.zeros((6, 64))
    rows[:3, 0], rows[3:, 0] = [0, 0.01, 0.75], 9.0
    found = audit.audit(album(rows, range(6)), ["ann"] * 3 + ["bob"] * 3, threshold=0.8)
    sure = found.suspicious.set_index("name")["probability"]
    assert sure["ann"] < 0.1 < 0.9 < sure["bob"]


@pytest.mark.parametrize("count", [2, 5, 100])
def test_an_album_of_one_person_is_not_doubted(count) -> None:
    rows = np.random.default_rng(0).normal(size=(count, 64)) * 0.02
    found = audit.audit(album(rows, range(count)), ["ann"] * count, threshold=0.5)
    assert found.suspicious["probability"][0] > 0.99


@pytest.mark.parametrize("names", [[], ["ann"], [None], ["ann", None, "ann"]])
def test_little_to_go_by_is_said(names) -> None:
    rows = np.arange(len(names) * 4, dtype=np.float32).reshape(-1, 4)
    found = audit.audit(album(rows, range(len(names))), names, threshold=0.5)
    assert "nothing was measured" in str(found)
    assert (found.here["match_low"], found.here["match_high"]) == (0, 1)
    json.dumps(found.as_dict())


def test_what_cannot_be_is_refused() -> None:
    faces = album(np.zeros((1, 4)), [0])
    with pytest.raises(BadSetting, match="between 0 and 1"):
        audit.audit(faces, ["ann"], threshold=0.5, level=95)
    with pytest.raises(BadSetting, match="2 names for 1 sightings"):
        audit.audit(faces, ["ann", "bob"], threshold=0.5)


def test_the_share_of_wrong_joins_is_the_thresholds_own() -> None:
    rows, _, photo_of = drawn(7, 20, 4)
    tree = linkage.tree(rows)
    chosen = thresholds.of_tree(tree, INFO.calibration)
    labels = tree.cut(chosen.value).labels
    found = audit.audit(album(rows, photo_of), names_of(labels), threshold=chosen.value)
    assert found.here["expected_wrong"] == chosen.expected_wrong


def test_the_command_prints_a_report_and_json(album_folder, tmp_path, colours, capsys) -> None:
    out = tmp_path / "out"
    modes.autopilot(album_folder, out, subject=colours)
    assert cli.main(["audit", str(out)]) == 0
    assert "How often it is wrong" in capsys.readouterr().out
    written = tmp_path / "audit.json"
    assert cli.main(["audit", str(out), "--json", "--output", str(written)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == json.loads(written.read_text())
    assert said["sightings"] == 8
    assert cli.main(["audit", str(tmp_path)]) == 2
    assert "expected the output folder" in capsys.readouterr().err


def test_an_output_never_takes_the_place_of_a_file(album_folder, tmp_path, colours, capsys) -> None:
    out = tmp_path / "out"
    modes.autopilot(album_folder, out, subject=colours)
    photo = album_folder / "a1.png"
    before = photo.read_bytes()
    for taken in (photo, out / "run.json", out):
        assert cli.main(["audit", str(out), "--output", str(taken)]) == 2
        assert "there already" in capsys.readouterr().err
    assert photo.read_bytes() == before
    assert cli.main(["audit", str(out), "--output", ""]) == 2
    assert cli.main(["audit", str(out), "--output", str(tmp_path / "no" / "a.json")]) == 2


def test_the_share_of_wrong_joins_is_what_the_run_said(album_folder, tmp_path, colours) -> None:
    settings = modes.AutopilotSettings(threshold=1.2)
    result = modes.autopilot(album_folder, tmp_path / "out", subject=colours, settings=settings)
    run = results_folder.load(result.out)
    found = audit.audit(run.album, run.names, threshold=run.threshold)
    assert found.here["expected_wrong"] == pytest.approx(result.chosen.expected_wrong)


def test_many_pairs_are_written_out_and_another_method_is_named() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(120, 64)) * 0.065
    faces = album(rows, np.arange(120) // 60)
    found = audit.audit(faces, names_of(range(120)), threshold=0.9, method="linked")
    assert found.here["pairs"] > 1000
    assert "e+03" not in str(found)
    assert "made by linked" in str(found)


def sides_of(found: uncertainty.Sides) -> dict[int, tuple[list[int], list[int]]]:
    return {
        group: (one.tolist(), other.tolist())
        for group, one, other in zip(found.group.tolist(), found.first, found.second, strict=True)
    }


def test_a_weakest_link_that_was_answered_is_not_asked_again() -> None:
    # One group of three clusters, a pair, and somebody nobody knows.
    rows = np.array([[0], [1], [2], [10], [11], [30], [50], [52], [90]], np.float32)
    labels = np.array([0] * 6 + [1] * 2 + [-1])
    free = uncertainty.sides(rows, labels)
    assert sides_of(free) == {0: ([0, 1, 2, 3, 4], [5]), 1: ([6], [7])}
    # 5 is one with 1: the next weakest link is that of 3 and 4 to the rest, with 5 on its side.
    held = uncertainty.sides(rows, labels, must_link=np.array([[1, 5]]))
    assert sides_of(held) == {0: ([0, 1, 2, 5], [3, 4]), 1: ([6], [7])}
    assert held.height[0] == linkage.tree(rows[:5]).height[-1]
    # Nor are these two: what is left to ask is who 2 is, and then nothing of the first group.
    done = uncertainty.sides(rows, labels, must_link=np.array([[1, 5], [4, 5], [0, 1]]))
    assert sides_of(done) == {0: ([0, 1, 3, 4, 5], [2]), 1: ([6], [7])}
    every = links.chain(np.array([0] * 6 + [1, 2, 3]))
    assert sides_of(uncertainty.sides(rows, labels, must_link=every)) == {1: ([6], [7])}


def test_an_answer_by_way_of_another_group_holds_too() -> None:
    rows = np.array([[0], [1], [10], [50]], np.float32)
    labels = np.array([0, 0, 0, -1])
    found = uncertainty.sides(rows, labels, must_link=np.array([[1, 3], [3, 2]]))
    assert sides_of(found) == {0: ([1, 2], [0])}


def test_nothing_left_to_ask_is_an_empty_table() -> None:
    rows, labels = np.array([[0], [1]], np.float32), np.zeros(2, np.int64)
    found = uncertainty.sides(rows, labels, must_link=np.array([[0, 1]]))
    assert len(found.group) == len(found.first) == len(found.second) == len(found.height) == 0
    assert len(uncertainty.suspicious(rows, labels, found, INFO.calibration)) == 0


@given(seed=st.integers(0, 10_000), must=st.integers(0, 60))
def test_sides_are_whole_groups_and_hold_all_answers(seed, must) -> None:
    rows, truth, _ = drawn(seed, 12, 4)
    rng = np.random.default_rng(seed)
    labels = truth // 2 - 1  # two people a group, and two of whom nothing is known
    pairs = rng.integers(0, len(rows), (must, 2))
    found = uncertainty.sides(rows, labels, must_link=pairs)
    family = links.components(len(rows), pairs)
    asked = {int(g) for g in set(labels) - {-1} if len(set(family[labels == g])) > 1}
    assert set(found.group.tolist()) == asked
    for group, one, other in zip(found.group, found.first, found.second, strict=True):
        assert sorted([*one, *other]) == np.flatnonzero(labels == group).tolist()
        assert len(one) >= len(other) > 0
        assert not set(family[one]) & set(family[other])
    none = uncertainty.sides(rows, labels, must_link=np.zeros((0, 2), np.int64))
    plain = uncertainty.sides(rows, labels)
    assert sides_of(none) == sides_of(plain)
    np.testing.assert_array_equal(none.height, plain.height)


def test_the_order_of_doubts_goes_by_the_sides_left() -> None:
    # Two groups of two people each; the first one's link is answered, so the second is asked first.
    rows, truth, _ = drawn(3, 4, 6)
    labels = truth // 2
    rows[truth == 1] += 0.3 * (rows[truth == 1].mean(axis=0) - rows[truth == 0].mean(axis=0))
    before = uncertainty.suspicious(rows, labels, uncertainty.sides(rows, labels), INFO.calibration)
    assert before["group"].tolist() == [0, 1]
    answer = before.loc[:0, ["first", "second"]].to_numpy(np.int64)
    left = uncertainty.sides(rows, labels, must_link=answer)
    after = uncertainty.suspicious(rows, labels, left, INFO.calibration)
    assert after["group"].tolist() == [1, 0]
    assert after["height"][1] < before["height"][0]


@given(st.integers(0, 1000), st.data())
def test_an_audit_is_as_if_what_is_ignored_were_not_there(seed, data) -> None:
    rows, truth, photo_of = drawn(seed, 6, 4, spread=0.06, alike=8)
    faces = album(rows, photo_of)
    ignored = np.array(data.draw(st.lists(st.booleans(), min_size=24, max_size=24)))
    ignored[:2] = False
    faces = replace(faces, ignored=ignored)
    names = [None if out else name for out, name in zip(ignored, names_of(truth), strict=True)]
    kept = faces.kept
    found = audit.audit(faces, names, threshold=0.5)
    alone = audit.audit(faces.take(kept), [names[row] for row in kept], threshold=0.5)
    assert str(found) == str(alone)
    assert (found.sightings, found.photos) == (len(kept), alone.photos)
    pd.testing.assert_frame_equal(found.rates, alone.rates)
    for name in ("suspicious", "alike", "pictures"):
        # Sightings are named by their rows among all.
        expected = getattr(alone, name)
        ends = {end: kept[expected[end].to_numpy(np.int64)] for end in ("first", "second")}
        pd.testing.assert_frame_equal(getattr(found, name), expected.assign(**ends))


def test_the_command_audits_without_what_is_ignored(album_folder, tmp_path, colours, capsys):
    run = modes.autopilot(album_folder, tmp_path / "out", subject=colours)
    decisions.add(run.out, [Decision("ignore", key_of(run.album, 0))])
    modes.autopilot(album_folder, run.out, subject=colours, replace=True)
    assert cli.main(["audit", str(run.out)]) == 0
    assert " with 7 faces" in capsys.readouterr().out
