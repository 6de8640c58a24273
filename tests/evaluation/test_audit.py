import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import made_albums
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_albums import INFO, album, album_with, clear_groups, drawn
from scipy.stats import binomtest

from toolkit import cli, modes
from toolkit.curation import decisions, questions
from toolkit.curation.decisions import Decision
from toolkit.errors import BadSetting
from toolkit.evaluation import audit
from toolkit.grouping import linkage, links, thresholds, uncertainty
from toolkit.grouping.sighting_finder import key_of
from toolkit.results import results_folder


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
        free = linkage.tree(album(rows, photo_of))
        threshold = 0.9  # so high that some people are joined
        found = audit.audit(
            album(rows, photo_of), names_of(truth), threshold=threshold, thresholds=()
        )
        labels = free.cut(threshold).labels
        two = np.triu(truth[:, None] != truth[None])
        rate = (labels[:, None] == labels[None])[two].mean()
        held += found.here["merge_low"] <= rate <= found.here["merge_high"]
    assert held >= 36


def test_most_of_the_first_ten_suspicious_groups_hold_two_people() -> None:
    rows, truth, photo_of = drawn(6, 400, 3, alike=12)
    # Of an album, for plain rows have no discount, and few groups of two people.
    tree = linkage.tree(album(rows, photo_of), cannot_link=links.pairs_within(photo_of))
    labels = tree.cut(0.5).labels
    impure = {label for label in set(labels) if len(set(truth[labels == label])) > 1}
    assert len(impure) >= 10
    found = audit.audit(album(rows, photo_of), names_of(labels), threshold=0.5)
    groups = {names_of([label])[0] for label in impure}
    assert sum(name in groups for name in found.suspicious["name"].head(10)) >= 8


def test_a_bad_grouping_does_not_hide_its_own_mistakes() -> None:
    """How often two people are seen together is not told by the grouping that joined them."""
    rows, truth, photo_of = drawn(1, 60, 3, spread=0.06)
    free = linkage.tree(album(rows, photo_of))
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
    tree = linkage.tree(album(rows, photo_of))
    chosen = thresholds.of_tree(tree, INFO.calibration, INFO.linkage)
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


@settings(max_examples=40)
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
    modes.autopilot(album_folder, run.out, subject=colours)
    assert cli.main(["audit", str(run.out)]) == 0
    assert " with 7 faces" in capsys.readouterr().out


def test_the_audit_of_a_folder_says_what_it_left_out(
    tmp_path, album_folder, colours, scarce, roomy_photos, capsys
) -> None:
    modes.autopilot(album_folder, tmp_path / "out", subject=colours)
    assert cli.main(["audit", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "How often it is wrong was not measured: average linkage of 8 sightings" in said
    assert "2 groups too large to be looked into" in said or "too large" in said
    assert cli.main(["audit", str(tmp_path / "out"), "--json"]) == 0
    assert '"left_out"' in capsys.readouterr().out


def test_an_audit_that_fits_leaves_nothing_out(colours) -> None:
    rows, labels = clear_groups()
    found = audit.audit(album_with(rows, colours), list(map(str, labels)), threshold=0.5)
    assert found.measured
    assert found.left_out == ()
    assert "not measured" not in str(found)


MEASURE = """
import sys
import numpy as np
sys.path.insert(0, sys.argv[2])
from made_albums import album_with
from tiles import ColourEncoder
from toolkit.grouping import thresholds
from toolkit.evaluation.audit import audit
from toolkit.subjects.base import Subject

def most():
    (line,) = (x for x in open("/proc/self/status") if x.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

def run(count):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 16))[rng.integers(0, 200, count)].astype(np.float32)
    rows += rng.normal(scale=0.02, size=rows.shape).astype(np.float32)
    album = album_with(rows, Subject("tile", None, ColourEncoder()))
    found, chosen = thresholds.of_method(rows, "online", album.encoder.calibration)
    return audit(album, list(map(str, found.labels)), threshold=chosen.value, method="online")

run(100)
before = most()
found = run(int(sys.argv[1]))
print(most() - before, found.measured)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_online_does_not_end_in_a_table_of_all_pairs(tmp_path) -> None:
    count = 8_000
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(count), str(Path(made_albums.__file__).parent)],
        capture_output=True,
        text=True,
        check=True,
    )
    peak, measured = done.stdout.split()
    assert measured == "False"
    # A table would take a quarter of a GB.
    assert int(peak) < 4 * count**2 / 2


def test_one_who_is_split_makes_second_groups_and_takes_nothing_from_the_purity() -> None:
    rows, truth, photo_of = drawn(2, 30, 12)
    # One is hard: half are together, and the others alone.
    hard = np.flatnonzero(truth == 3)
    split = truth.copy()
    split[hard[6:]] = 30 + np.arange(6)
    names = names_of(split)
    whole = audit.audit(album(rows, photo_of), names_of(truth), threshold=0.5)
    found = audit.audit(album(rows, photo_of), names, threshold=0.5)
    assert whole.purity > 0.995
    assert found.purity == pytest.approx(whole.purity, abs=0.005)
    assert round(whole.second_groups) == 0
    assert round(found.second_groups) == 6
    assert "hardly any group is expected to be a second one" in str(whole)
    text = str(found)
    assert f"expected purity {audit.floored(found.purity)}: the share of the faces that " in text
    assert "about 6 groups are expected to be a second one of a person who has a larger one" in text
    assert found.as_dict()["second_groups"] == found.second_groups
    # The review says the same.
    asked = questions.queue(album(rows, photo_of), audit.numbered(names), names=names)
    assert (asked.purity, asked.seconds) == pytest.approx((found.purity, found.second_groups))


def test_more_second_groups_are_counted_than_pairs_are_listed_or_asked_about() -> None:
    # Twenty people, of each a group of four and one of two, just beyond the threshold.
    rows = np.zeros((20, 6, 32))
    rows[np.arange(20), :, np.arange(20)] = 3
    rows[:, 4:, 31] = 0.5
    labels = np.repeat(np.arange(40), np.tile([4, 2], 20))
    whole = album(rows.reshape(120, 32), np.arange(120))
    every = audit.audit(whole, names_of(labels), threshold=0.45)
    some = audit.audit(whole, names_of(labels), threshold=0.45, most=3)
    assert len(some.alike) == 3
    assert some.second_groups == every.second_groups > 10
    asked = questions.queue(whole, labels, names=names_of(labels), most=3)
    assert len(asked) == 3
    assert asked.seconds == pytest.approx(every.second_groups)


def test_one_group_of_two_people_takes_its_smaller_half_from_the_purity() -> None:
    rows, truth, photo_of = drawn(1, 30, 6)
    mixed = np.where(truth == 7, 4, truth)
    found = audit.audit(album(rows, photo_of), names_of(mixed), threshold=0.5)
    first = found.suspicious.iloc[0]
    assert first["smaller"] == 6
    doubt = ((1 - found.suspicious["probability"]) * found.suspicious["smaller"]).sum()
    assert found.purity == pytest.approx(1 - doubt / len(truth))
    # Six of 180 are with somebody else.
    assert 0.95 < found.purity < 0.98


def test_a_share_is_rounded_down() -> None:
    assert audit.floored(0.9896) == "98.9%"
    assert audit.floored(1.0) == "100.0%"


def test_of_very_many_photos_the_rates_are_measured_on_some_that_are_drawn(monkeypatch) -> None:
    rows, truth, photo_of = drawn(5, 60, 4)
    whole = album(rows, photo_of)
    every = audit.audit(whole, names_of(truth), threshold=0.5)
    assert every.left_out == ()
    monkeypatch.setattr(audit, "MEASURED", 100)
    asked = []
    ask = audit.ask
    monkeypatch.setattr(audit, "ask", lambda part: asked.append(part) or ask(part))
    some = audit.audit(whole, names_of(truth), threshold=0.5)
    (part,) = asked
    assert 100 <= len(part) <= 100 + np.bincount(photo_of).max()
    # Whole photos: as many sightings of each as there are.
    paths, count = np.unique(part.sightings["path"], return_counts=True)
    of_all = whole.sightings["path"].value_counts()
    assert (of_all[paths].to_numpy() == count).all()
    assert some.measured
    assert f"Measured on {len(part)} faces of {len(rows):,}" in str(some)
    assert 0 < some.here["pairs"] < every.here["pairs"]
    # What is looked into is not drawn.
    pd.testing.assert_frame_equal(some.suspicious, every.suspicious)
    pd.testing.assert_frame_equal(some.alike, every.alike)


def test_a_mirror_in_a_photo_that_is_drawn_is_called_by_its_own_row(monkeypatch) -> None:
    rows, _, photo_of = drawn(5, 60, 4)
    last = int(np.max(photo_of)) + 1
    rows = np.concatenate([rows, rows[:1] + 9, rows[:1] + 9])
    whole = album(rows, [*photo_of, last, last])
    # As the whole is one draw, all but a photo or two are in it.
    monkeypatch.setattr(audit, "MEASURED", len(rows) - 2)
    found = audit.audit(whole, names_of(range(len(rows))), threshold=0.5, seed=1)
    ends = found.pictures[["first", "second"]].to_numpy().tolist()
    assert [len(rows) - 2, len(rows) - 1] in ends


def test_of_very_many_groups_some_are_looked_into_and_stand_for_the_rest(monkeypatch) -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(300, 16))
    rows = (np.repeat(centres, 4, axis=0) + rng.normal(size=(1200, 16)) * 0.03) * 0.35
    whole = album(rows, np.arange(1200))
    # Every third group is of two people.
    labels = np.repeat(np.arange(300), 4)
    labels[labels % 3 == 0] //= 6
    every = audit.audit(whole, names_of(labels), threshold=0.5)
    monkeypatch.setattr(uncertainty, "EXAMINED", 100)
    some = audit.audit(whole, names_of(labels), threshold=0.5)
    assert some.purity == pytest.approx(every.purity, abs=0.02)
    assert every.purity < 0.95
    assert len(some.suspicious) == 100
    assert f"100 of {every.groups:,} groups were looked into" in str(some)
    assert some.groups == every.groups
    queue = questions.queue(whole, audit.numbered(names_of(labels)), names=names_of(labels))
    assert queue.purity == pytest.approx(some.purity)
