"""Known individuals: sought among each other, grouped and counted, by what others taught."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from toys import CARD, DotMatcher, LampSettings, Squares, card, lamp, save

from toolkit import cli, modes
from toolkit.benchmarks import identification
from toolkit.benchmarks.identification import identify, known_album
from toolkit.errors import BadFolder, BadSetting
from toolkit.evaluation.reliability import probability_of, reliability
from toolkit.evaluation.retrieval import by_chance, leave_one_out
from toolkit.grouping.assigners import GroupingAssigner
from toolkit.records import EncoderInfo
from toolkit.settings import settings_for
from toolkit.subjects.animal.camera_trap import CameraTrap
from toolkit.subjects.animal.settings import AnimalSettings
from toolkit.subjects.animal.subject import SHIPPED
from toolkit.subjects.base import Subject
from toolkit.subjects.matching import calibration

LAMPS = settings_for("autopilot", LampSettings)()


class TaughtMatcher(DotMatcher):
    """Compares all cards by dots that are alike, and can be taught what that says."""

    scores = ("upright", "turned", "nothing")
    farthest = calibration.FARTHEST

    def __init__(self, fitted=None):
        super().__init__()
        self.fitted = fitted or calibration.of_most(SHIPPED, self.scores)

    @property
    def info(self):
        even = replace(DotMatcher.info.calibration, slope=calibration.SLOPE, even=calibration.EVEN)
        return EncoderInfo("taught", "3" * 64, 0, "pairs", even, caveat="uncalibrated: say")

    def shortlist(self, features, known=None):
        return np.argwhere(np.ones((len(features), len(features if known is None else known))))

    def compare(self, one, other):
        alike = float((one["dots"] == other["dots"]).mean())
        ends = sorted(each["dots"].tobytes() for each in (one, other))
        chance = np.random.default_rng(list(ends[0] + ends[1])).random()
        return np.array([max(0, alike - 0.5) * 40, max(0, alike - 0.5) * 30, chance], np.float32)

    def distances(self, found):
        return self.fitted.distances(found, self.scores)

    def evidence(self, found):
        return self.fitted.evidence(found, self.scores)

    @property
    def scores_used(self):
        return self.fitted.scores

    def calibrated(self, known, of):
        return TaughtMatcher(calibration.fit(known, self.scores, of))

    def save_calibration(self, path):
        self.fitted.save(path)


@dataclass(frozen=True, kw_only=True)
class TaughtSettings(AnimalSettings):
    """Cards, with sides as animals have them."""

    def make_subject(self):
        made = (CARD.name, Squares(), TaughtMatcher(), CARD.words, CARD.exclusive_in_photo)
        return Subject(*made, evidence=CameraTrap(self).ready())


CARDS = settings_for("autopilot", TaughtSettings)()


@pytest.fixture(scope="module")
def cards(tmp_path_factory):
    """Twelve cards, some photos of each from both sides, which look different."""
    folder = tmp_path_factory.mktemp("cards") / "known"
    for make in range(12):
        for k in range(3 + make % 2):
            for side, far in (("left", 0), ("right", 500)):
                where = folder / f"c{make}" / f"{k}_{side}photo.png"
                save(where, card(make + far, 14, 100 * make + 10 * k + far))
    return folder


@pytest.fixture(scope="module")
def looked(cards):
    return known_album(cards, CARDS, log=lambda line: None)


@pytest.fixture(scope="module")
def figures(cards):
    said: list[str] = []
    return identify(cards, CARDS, log=said.append, draws=3, plain=True).tables, said


@pytest.fixture
def lamps(tmp_path):
    """Three lamps of three colours; one more is in one photo only."""
    for number, hue in enumerate(("red", "lime", "blue")):
        for k in range(3):
            save(tmp_path / "known" / hue / f"{k}.png", lamp(hue, 1 - 0.2 * k, 10 * number + k))
    save(tmp_path / "known" / "pink" / "alone.png", lamp("pink", 1.0, 77))
    return tmp_path / "known"


def test_sides_and_encounters_follow_from_the_names(looked) -> None:
    made, _ = looked
    assert {side: len(rows) for side, rows in made.parts.items()} == {"left": 42, "right": 42}
    assert len(set(made.events)) == 42
    one = made.events[(made.individuals == "c3") & (made.flanks == "left")]
    other = made.events[(made.individuals == "c3") & (made.flanks == "right")]
    assert sorted(one) == sorted(other)


def test_each_half_is_judged_by_what_the_other_taught(looked, figures) -> None:
    made, matcher = looked
    tables, said = figures
    halves = np.unique(made.individuals.astype(str)).astype(object)
    np.random.default_rng(0).shuffle(halves)
    left = np.flatnonzero(made.flanks == "left")
    pairs = made.pairs(left)
    # By hand: fitted on the one half, tried on the other, whose photos are sought among all.
    table = np.full((len(left), len(left)), np.inf)
    for half in (0, 1):
        taught = [made.pairs(rows).of(halves[1 - half :: 2]) for rows in made.parts.values()]
        fitted = matcher.calibrated(taught, "")
        evidence = fitted.evidence(pairs.found)
        own = np.full_like(table, np.inf)
        own[pairs.found.first, pairs.found.second] = -evidence
        own[pairs.found.second, pairs.found.first] = -evidence
        rows = np.isin(made.individuals[left], halves[half::2])
        table[rows] = own[rows]
        tried = pairs.of(halves[half::2])
        chance = probability_of(fitted.evidence(tried.found), tried.same.mean())
        told = tables["calibration"].query(
            f"part == 'left' and by == 'calibrated' and half == {half + 1}"
        )
        assert told["error"].item() == pytest.approx(reliability(chance, tried.same).error)
    expected = leave_one_out(table, list(made.individuals[left]))
    row = tables["retrieval"].query("part == 'left' and by == 'calibrated'").iloc[0]
    assert row[["r1", "mAP"]].tolist() == pytest.approx(
        [100 * expected.rank1, 100 * expected.mean_average_precision]
    )
    assert sum(line.startswith("half ") for line in said) == 2


def test_every_way_stands_beside_chance(figures) -> None:
    table = figures[0]["retrieval"]
    ways = ["calibrated", "shipped", *TaughtMatcher.scores, "plain SIFT", "by chance"]
    for part in ("left", "right", "sighting"):
        own = table[table["part"] == part].set_index("by")
        assert own.index.tolist() == ways
        assert (own["photos"] == 42).all()
        assert own.at["calibrated", "r1"] > 90 > 40 > own.at["nothing", "r1"]
        assert own.at["calibrated", "mAP"] > own.at["by chance", "mAP"]
    # Either side helps.
    by = table.set_index(["part", "by"])["mAP"]
    assert by["sighting", "upright"] >= max(by["left", "upright"], by["right", "upright"])


def test_of_all_pairs_the_share_says_how_many_and_no_more(figures) -> None:
    table = figures[0]["calibration"]
    share = table[table["by"] == "share"]
    assert share["expected"].tolist() == pytest.approx([1.0] * 4)
    assert (share["sure"] == 0).all()


def test_groups_are_scored_after_answers_beside_each_alone(figures) -> None:
    table = figures[0]["grouping"]
    assert table[["part", "half"]].to_numpy().tolist() == [
        ["left", 1], ["left", 2], ["right", 1], ["right", 2],
    ]  # fmt: skip
    assert (table["after 100"] > table["each alone"]).all()
    assert (table["after 0"] > table[["each alone", "all together"]].max(axis=1)).all()
    assert (table["pairwise"] > table["all pairs"]).all()


def test_counts_are_of_the_number_and_its_interval(figures) -> None:
    table = figures[0]["count"]
    assert (table["individuals"] == 6).all()
    assert table["holds"].between(0, 1).all()
    assert (table["estimate"].between(4, 9)).all()
    assert (table["photos"] == 21).all()
    assert table["groups"].between(3, 21).all()


def test_opposite_flanks_that_look_alike_are_counted_beside_those_of_one(looked, figures) -> None:
    made, _ = looked
    # The toy compares no opposite flanks, so there is nothing to count.
    assert made.tried is None
    assert "laterality" not in figures[0]
    left, right = (made.rows[made.flanks == side][:4] for side in ("left", "right"))
    tried = pd.DataFrame({"first": left, "second": right, "distance": [0.0, 0.1, 1.9, 2.0]})
    sides = np.full(len(made.album), "", dtype=object)
    sides[made.rows] = made.flanks
    album = replace(made.album, sightings=made.album.sightings.assign(flank=sides))
    known = replace(made, album=album, tried=tried)
    table = identification._laterality(known, CARDS).set_index("flanks")
    far = replace(known, tried=tried.assign(distance=2.0))
    without = identification._laterality(far, CARDS).set_index("flanks")
    assert table.at["opposite", "pairs"] == 42 * 42 + 4
    assert table.at["opposite", "alike"] == without.at["opposite", "alike"] + 2
    assert table.at["one", "pairs"] == 2 * 42 * 41 // 2
    low, share, high = table.loc["opposite", ["low", "share", "high"]]
    assert low < share < high < table.at["one", "low"]


def test_a_photo_in_which_nothing_is_found_has_found_nothing(lamps) -> None:
    save(lamps / "red" / "0.png")
    tables = identify(lamps, LAMPS, log=lambda text: None, answers=(), draws=0).tables
    assert list(tables) == ["retrieval"]
    table = tables["retrieval"].set_index("by")
    assert table["photos"].tolist() == [10, 10]
    assert table.at["distance", "queries"] == 9
    # Lamps are told apart by their hue without a mistake.
    assert table.at["distance", "r1"] == pytest.approx(100 * 8 / 9)
    chance = by_chance([*"aaabbbccc", "d"])
    assert table.at["by chance", "r1"] == pytest.approx(100 * chance.rank1)


def test_photos_of_nobody_are_left_out_and_one_individual_is_too_few(lamps, tmp_path) -> None:
    save(lamps / "loose.png", lamp("red", 0.5, 5))
    said: list[str] = []
    made, matcher = known_album(lamps, LAMPS, log=said.append)
    assert (len(made.rows), matcher) == (10, None)
    assert said == ["1 photo in no individual's folder, left out"]
    save(tmp_path / "few" / "red" / "1.png", lamp("red", 0.5, 5))
    with pytest.raises(BadFolder, match="fewer than two individuals"):
        known_album(tmp_path / "few", LAMPS, log=said.append)
    save(tmp_path / "few" / "lime" / "1.png", lamp("lime", 0.5, 5))
    with pytest.raises(BadFolder, match="one photo of each"):
        known_album(tmp_path / "few", LAMPS, log=said.append)


def test_one_side_that_is_there_once_teaches_nothing(tmp_path) -> None:
    for make in range(2):
        for side in ("left", "right"):
            save(
                tmp_path / "known" / f"c{make}" / f"{side}.png", card(make, 5, 9 * make + len(side))
            )
    made, matcher = known_album(tmp_path / "known", CARDS, log=lambda line: None)
    with pytest.raises(BadSetting, match="no pairs of one make"):
        identification.calibrate(made, matcher, "")


@pytest.mark.parametrize(("makes", "few"), [(12, False), (7, True)])
def test_few_individuals_are_said_to_teach_little(looked, makes, few) -> None:
    made, matcher = looked
    some = np.isin(made.individuals, [f"c{make}" for make in range(makes)])
    part = replace(
        made,
        rows=made.rows[some],
        individuals=made.individuals[some],
        flanks=made.flanks[some],
        events=made.events[some],
    )
    said: list[str] = []
    identification.calibrate(part, matcher, "", log=said.append)
    assert len(said) == few
    assert not few or said[0].startswith("7 makes with two photos or more of one side taught")


def test_the_command_takes_the_subjects_options(lamps, tmp_path, monkeypatch, capsys) -> None:
    asked = {}

    def found(folder, settings, **more):
        asked.update(more, settings=settings)
        return identify(lamps, LAMPS, log=lambda text: None, answers=(), draws=0)

    monkeypatch.setattr(identification, "identify", found)
    output = tmp_path / "found.json"
    given = ["bench", "identify", str(lamps), "--subject", "animal", "--detector", "whole"]
    assert cli.main([*given, "--no-answers", "--draws", "7", "--json", str(output)]) == 0
    assert (asked["settings"].subject.name, asked["settings"].detector) == ("animal", "whole")
    assert (asked["answers"], asked["draws"]) == ((), 7)
    assert "by chance" in capsys.readouterr().out
    rows = json.loads(output.read_text())["retrieval"]
    assert [row["by"] for row in rows] == ["distance", "by chance"]


def test_what_was_learnt_is_written_and_read(cards, tmp_path, monkeypatch, capsys) -> None:
    from toolkit.subjects import registry

    monkeypatch.setitem(registry.SUBJECTS, "animal", TaughtSettings)
    output = tmp_path / "own.json"
    asked = ["calibrate", str(cards), "--subject", "animal", "--output", str(output)]
    assert cli.main(asked) == 0
    said = capsys.readouterr().out
    found = calibration.read(output)
    assert said.startswith(f"counts: {', '.join(found.scores)} (of upright, turned, nothing)")
    assert {*found.scores} & {"upright", "turned"}
    assert found.fitted_on == "known"
    assert cli.main(asked) == 2
    assert "is there already" in capsys.readouterr().err


def test_what_is_compared_by_vectors_is_not_calibrated(lamps, tmp_path, capsys) -> None:
    asked = ["calibrate", str(lamps), "--output", str(tmp_path / "own.json")]
    assert cli.main(asked) == 2
    assert "there is nothing to calibrate of faces" in capsys.readouterr().err
    assert not (tmp_path / "own.json").exists()


def test_what_was_joined_is_asked_first_where_it_is_uncalibrated(cards) -> None:
    from toolkit.session import Session

    looked = modes.look(cards, settings=CARDS, of_individuals=True)
    result = modes.autopilot_of(looked, settings=CARDS)
    assert any("uncalibrated" in each for each in result.taken)
    session = Session(looked, GroupingAssigner(replace(CARDS, threshold=1.2)))
    kinds = [each.kind for each in session.queue()]
    assert kinds == sorted(kinds, reverse=True)
    assert "together" in kinds
