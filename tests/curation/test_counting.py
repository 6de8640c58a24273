"""The strips that were drawn, kept beside the results, and the number that they say."""

from dataclasses import replace

import numpy as np
import pytest
from made_albums import link, pair_album, pairs_of

from toolkit.curation import counting, decisions, strips
from toolkit.curation.counting import PASSED, Done, Draw
from toolkit.errors import BadSetting
from toolkit.evaluation.population import Recall
from toolkit.records import SIGHTING_ID
from toolkit.results import results_folder
from toolkit.results.results_folder import STRIPS

TRUTH = np.repeat(np.arange(12), 5)
PERFECT = Recall(1.0, 0.0)


def ids(full):
    return full.sightings[SIGHTING_ID].tolist()


def all_of(full):
    return counting.units_of(full, [None] * len(full))


def ticked_by_truth(full, draw, count, truth=TRUTH):
    """Answer so many strips rightly."""
    units = all_of(full)
    for _ in range(count):
        row = draw.next_of(full, units)
        strip = strips.strip_of(full, row, among=units.rows)
        same = [other for other in strip.shown if truth[other] == truth[row]]
        names = [ids(full)[other] for other in strip.shown], [ids(full)[other] for other in same]
        draw = draw.with_(Done(ids(full)[row], *map(tuple, names)))
    return draw


def test_what_is_kept_is_read_and_taken_back(tmp_path) -> None:
    out = tmp_path / "out"
    first, second = Done("ab", ("cd", "ef"), ("ef",)), Done("cd", ("ab",), (), PASSED)
    counting.keep(out, first)
    assert counting.keep(out, second).done == (first, second)
    assert counting.read(out) == Draw(0, (first, second))
    again = replace(first, ticked=("cd", "ef"))
    assert counting.keep(out, again).done == (second, again)
    assert counting.take_back(out, "cd") == counting.read(out) == Draw(0, (again,))
    assert counting.read(tmp_path / "none") == Draw()
    # It is the user's: no run takes the folder for one of somebody else's, and none is called so.
    assert results_folder.is_unused(out)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("seed,order,sighting_id,status,shown\n", "lacks the columns ticked"),
        ("seed,order,sighting_id,status,shown,ticked\n0,1,ab,maybe,,\n", "line 2: status is"),
        ("seed,order,sighting_id,status,shown,ticked\n0,1,,done,,\n", "line 2: status is"),
        ("seed,order,sighting_id,status,shown,ticked\n-1,1,ab,done,,\n", "line 2: seed is"),
        ("seed,order,sighting_id,status,shown,ticked\n9e9,1,ab,done,,\n", "line 2: seed is"),
        ("\0", "cannot be read as a table of strips"),
    ],
)
def test_a_table_that_cannot_be_read_is_named_in_a_line(tmp_path, text, complaint) -> None:
    (tmp_path / STRIPS).write_text(text)
    with pytest.raises(BadSetting, match=complaint) as refused:
        counting.read(tmp_path)
    assert "\n" not in str(refused.value)


def test_the_draw_is_by_chance_goes_on_and_follows_the_seed() -> None:
    full = pairs_of(TRUTH)
    draw, order = Draw(), []
    while (row := draw.next_of(full, all_of(full))) is not None:
        order.append(row)
        draw = draw.with_(Done(ids(full)[row], (), ()))
    assert sorted(order) == list(range(60)) != order
    other = Draw(seed=1)
    assert [other.next_of(full, all_of(full))] != order[:1]
    # What is added finds its place among the others, and what is done stays.
    fewer = full.take(np.arange(40))
    assert next(row for row in order if row < 40) == Draw().next_of(fewer, all_of(fewer))


def test_strips_of_what_is_not_there_do_not_count() -> None:
    full = pairs_of(TRUTH)
    known = ids(full)
    draw = Draw(0, (Done(known[1], (known[0], "gone", known[1]), (known[0], "gone")),))
    draw = draw.with_(Done("gone", (known[0],), ())).with_(Done(known[2], (), (), PASSED))
    (found,) = draw.strips(full, all_of(full))
    assert (found.photo, found.shown, found.same) == (1, (0,), (0,))
    ignored = replace(full, ignored=np.arange(60) < 2)
    assert draw.strips(ignored, all_of(ignored)) == ()


def test_the_number_narrows_to_the_truth_as_strips_are_done() -> None:
    full = pairs_of(TRUTH)
    names = [f"person_{who:03d}" for who in TRUTH]
    none = counting.count(full, names, Draw())
    assert none.estimate is None
    assert none.groups == 12
    assert "No strip is done yet" in str(none)
    assert none.as_dict()["estimate"] is None
    widths, draw = [], Draw()
    for more in (5, 55):
        draw = ticked_by_truth(full, draw, more)
        found = counting.count(full, names, draw, recall=PERFECT)
        assert found.estimate.low <= 12 <= found.estimate.high
        widths.append(found.estimate.high - found.estimate.low)
    assert widths == sorted(widths, reverse=True)
    assert found.estimate.k == pytest.approx(12, abs=0.5)
    assert found.fitted_on == ""
    told = counting.count(full, names, draw)
    assert any("nyala" in each for each in told.assumes)
    assert told.as_dict()["recall_of"] == "nyala"
    # The strips have a say in what is stated.
    assert counting.stated(60).share < told.estimate.recall.share < 1
    assert "individuals, " in told.headline()


def test_what_is_stated_is_more_in_a_small_album() -> None:
    shares = [counting.stated(photos).share for photos in (1, 21, 31, 60, 137, 1000)]
    assert shares == sorted(shares, reverse=True)
    assert shares[:2] == [1, 1]
    assert shares[4] == pytest.approx(0.55)
    # As it was on draws of nyala: .86 among 31, .70 among 60.
    assert shares[2:4] == [pytest.approx(0.86, abs=0.05), pytest.approx(0.70, abs=0.05)]
    assert counting.stated(60).error == counting.STATED.error


def test_ghosts_and_lumps_are_listed_with_photos_until_they_are_decided() -> None:
    full = pairs_of(TRUTH)
    # Individual 0 is in two groups, 1 and 2 are in one.
    names = [f"person_{who:03d}" for who in np.where(TRUTH == 2, 1, TRUTH)]
    names[0] = names[1] = "person_100"
    draw = ticked_by_truth(full, Draw(), 60)
    found = counting.count(full, names, draw, recall=PERFECT)
    assert found.ghosts[0].names == ("person_100", "person_000")
    assert found.ghosts[0].sure == "by a strip"
    assert ("person_001",) in {each.names for each in found.lumps}
    text = str(found)
    assert "ghosts" in text
    assert "p0.jpg" in text or "p1.jpg" in text
    told = found.as_dict()["ghosts"][0]
    assert told["names"] == ["person_100", "person_000"]
    # Without a strip, the numbers say it, and a decision ends it.
    plain = counting.count(full, names, Draw())
    ghost = next(each for each in plain.ghosts if "person_100" in each.names)
    assert 0.05 <= ghost.probability <= 1
    held = decisions.apply([link(full, "different", 0, 2)], full)
    again = counting.count(full, names, Draw(), decided=held)
    assert not any({"person_100", "person_000"} == {*each.names} for each in again.ghosts)


def test_where_flanks_cannot_be_compared_one_of_them_is_counted() -> None:
    flanks = np.array(["left", "left", "left", "right", "right", "both", "unknown"])
    table = np.ones((7, 7))
    table[np.ix_(flanks == "left", flanks == "right")] = np.nan
    table[np.ix_(flanks == "right", flanks == "left")] = np.nan
    full = pair_album(table)
    assert all_of(full).flank == ""
    told = replace(full, sightings=full.sightings.assign(flank=flanks))
    units = all_of(told)
    assert (units.rows.tolist(), units.flank) == ([0, 1, 2, 5], "left")
    assert units.of.tolist() == [0, 1, 2, -1, -1, 3, -1]
    draw = Draw().with_(Done(ids(told)[0], (ids(told)[1],), ()))
    found = counting.count(told, ["a"] * 7, draw)
    assert not found.apart
    # All that could be shown were.
    assert found.estimate.recall.share == 1
    assert found.fitted_on == ""
    assert (found.sightings, found.flank) == (4, "left")
    assert any("by their left flank" in each for each in found.assumes)
    whole = counting.count(full, ["a"] * 7, draw)
    assert whole.apart
    assert any("were not shown beside each other" in each for each in whole.assumes)
    # Where all can be compared, all are counted.
    same = pairs_of(np.zeros(7))
    everyone = replace(same, sightings=same.sightings.assign(flank=flanks))
    assert all_of(everyone).rows.tolist() == list(range(7))


def test_those_of_one_event_that_are_called_the_same_count_once() -> None:
    full = pairs_of(np.repeat([0, 1], 4))
    events = ["a", "a", "a", "", "b", "b", "", np.nan]
    told = replace(full, sightings=full.sightings.assign(event=events))
    names = ["x", "x", "y", "x", "z", "z", "z", "z"]
    units = counting.units_of(told, names)
    assert len(units.rows) == 6
    assert units.of[0] == units.of[1] != units.of[2]
    assert units.of[4] == units.of[5]
    # A strip of either of them is that of the event, and those shown count once.
    known = ids(told)
    draw = Draw().with_(Done(known[0], (known[1], known[4], known[5]), (known[4],)))
    draw = draw.with_(Done(known[1], (), ()))
    (found,) = draw.strips(told, units)
    assert found.photo == units.of[0]
    assert found.shown == found.same == (units.of[4],)
    assert draw.next_of(told, units) not in (0, 1)
