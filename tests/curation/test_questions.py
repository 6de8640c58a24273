from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_albums import Grouped, album, pair_album

from toolkit.calibration import Calibration
from toolkit.curation import history, questions
from toolkit.curation.decisions import apply
from toolkit.curation.history import Corrections
from toolkit.curation.questions import Queue, queue
from toolkit.errors import BadSetting
from toolkit.grouping import neighbours, spread, uncertainty
from toolkit.grouping.links import by_size
from toolkit.records import Album

# Two groups of a pair and a pair each, 0.4 apart within, and a single face near the second.
LINE = [0.0, 0.05, 0.45, 0.5, 3.0, 3.05, 3.45, 3.5, 4.15]


def doubtful(full: Album) -> Album:
    """Make distances say little, so that nothing is sure."""
    encoder = replace(full.encoder, calibration=Calibration(2.0, 0.5))
    return replace(full, encoder=encoder)


def asked(full, made=(), **options) -> tuple[Grouped, Queue]:
    full = doubtful(full)
    grouped = Grouped(full, made)
    found = queue(
        grouped.album, grouped.labels, names=grouped.names, decided=grouped.decided, **options
    )
    return grouped, found


def test_a_question_shows_the_weakest_link_and_the_nearest_pair() -> None:
    grouped, found = asked(album(LINE))
    ends = {(each.kind, each.first, each.second) for each in found}
    assert {("together", 2, 1), ("together", 6, 5)} <= {
        (kind, max(a, b), min(a, b)) for kind, a, b in ends
    }
    pairs = {(kind, max(a, b), min(a, b)) for kind, a, b in ends if kind == "apart"}
    assert pairs == {("apart", 8, 7), ("apart", 4, 3), ("apart", 8, 3)}
    for each in found:
        assert (each.group == each.other) == (each.kind == "together")
        assert each.name == grouped.names[np.flatnonzero(grouped.labels == each.group)[0]]
        assert each.other_name == grouped.names[np.flatnonzero(grouped.labels == each.other)[0]]
        shown = {each.first, each.second}
        assert all(len(shown & set(side.tolist())) == 1 for side in each.sides)
        assert len(each.sides[0]) >= len(each.sides[1])


def test_photos_and_order_by_hand() -> None:
    _, found = asked(album(LINE))
    for each in found:
        share = each.probability if each.kind == "apart" else 1 - each.probability
        assert each.photos == min(len(side) for side in each.sides)
        assert each.expected == pytest.approx(share * each.photos)
    expected = [each.expected for each in found]
    assert expected == sorted(expected, reverse=True)
    # Of the second side, all three are in one photo.
    first, second, once = np.array([0, 1]), np.array([2, 3, 4]), np.array([0, 1, 2, 2, 2])
    assert questions._photos(once, first, second) == 1


def test_purity_and_what_is_left_by_hand() -> None:
    full = doubtful(album(LINE))
    grouped, found = asked(full, goal=0.95)
    assert found.purity < 0.95
    parts = uncertainty.sides(full, grouped.labels)
    usual = full.encoder.calibration
    said = spread.to_groups(usual, neighbours.of(full), grouped.labels)
    table = uncertainty.suspicious(full, grouped.labels, parts, said, moved=said.even - usual.even)
    smaller = {int(g): len(rows) for g, rows in zip(parts.group, parts.second, strict=True)}
    wrong = sum(
        (1 - p) * smaller[g] for g, p in zip(table["group"], table["probability"], strict=True)
    )
    assert found.purity == pytest.approx(1 - wrong / 9)
    # Count on, question by question.
    left, doubt = 0, wrong
    for each in found:
        if 1 - doubt / 9 >= 0.95:
            break
        left += 1
        doubt -= (1 - each.probability) * len(each.sides[1]) if each.kind == "together" else 0
    assert found.left == left
    assert asked(full, goal=0.01)[1].left == 0
    few = asked(full, goal=1.0, most=1)[1]
    assert few.left is None
    assert len(few) == 1
    assert few.purity == pytest.approx(found.purity)


def test_second_folders_are_counted_and_asked_about_first_where_they_are_what_is_wrong() -> None:
    # Two people; of each, a group and three that lie just beyond the threshold of 0.3.
    places = [0.0, 0.02, 0.04, 0.42, 0.44, -0.4, 3.0, 3.02, 3.45]
    full = album(places)
    labels = np.array([0, 0, 0, 1, 1, 2, 3, 3, 4])
    found = queue(full, labels, names=[str(each) for each in labels])
    said = spread.to_groups(full.encoder.calibration, neighbours.of(full), labels)
    table = uncertainty.alike(full, labels, said, apart=np.zeros((0, 2), dtype=np.int64), most=100)
    smaller: dict[int, float] = {}
    sizes = np.bincount(labels)
    for row in table.itertuples(index=False):
        here = row.group if sizes[row.group] < sizes[row.other] else row.other
        smaller[here] = max(smaller.get(here, 0.0), row.probability)
    assert found.seconds == pytest.approx(sum(smaller.values()), abs=1e-6)
    assert found.seconds > 2
    names = [str(each) for each in labels]
    fewer = queue(full, labels, names=names, no_folder={"2", "4"})
    # Who has no folder is asked about, and no second one.
    assert len(fewer) == len(found)
    assert fewer.seconds == pytest.approx(smaller[1], abs=1e-6)
    kinds = [each.kind for each in found]
    assert kinds.index("together") >= 3
    first = [each.probability for each in found if each.kind == "apart"]
    assert first == sorted(first, reverse=True)
    question = next(iter(found))
    assert found.without(question).seconds == pytest.approx(found.seconds - question.probability)
    assert found.without(question, settled=False).seconds == found.seconds


def test_who_has_no_group_is_not_counted() -> None:
    full = doubtful(album([*LINE, 4.2, 7.0]))
    grouped = Grouped(album(LINE), ())
    labels = np.concatenate([grouped.labels, [-1, -1]])
    found = queue(full, labels, names=[*grouped.names, None, None])
    assert found.sightings == 9
    assert found.purity == pytest.approx(asked(album(LINE))[1].purity)
    assert all((labels[np.concatenate(each.sides)] >= 0).all() for each in found)


def test_nothing_to_ask() -> None:
    empty = queue(album(np.zeros((0, 2))), np.zeros(0, np.int64), names=[])
    assert (len(empty), empty.purity, empty.left) == (0, 1.0, 0)
    single = queue(album([0.0]), np.zeros(1, np.int64), names=["a"])
    assert (len(single), single.purity, single.left) == (0, 1.0, 0)


@pytest.mark.parametrize("one", [True, False])
def test_what_is_answered_is_not_asked_again(one) -> None:
    full = album(LINE)
    session = Corrections(full)
    seen = set()
    for _ in range(60):
        grouped, found = asked(full, session.decisions)
        if not len(found):
            break
        each = found.questions[0]
        pair = frozenset((each.first, each.second))
        assert pair not in seen
        seen.add(pair)
        session.add(history.answer(grouped.album, grouped.names, each, one=one))
    assert len(found) == 0
    assert found.purity == 1.0
    assert set(Grouped(full, session.decisions).labels) == (set(range(1)) if one else set(range(9)))


def test_what_follows_from_answers_is_not_asked() -> None:
    full = album(LINE)
    made = [history.same(full, ["?"] * 9, *ends) for ends in ((0, 1), (2, 0), (3, 0))]
    made += [history.different(full, ["?"] * 9, 4, 8)]
    session = Corrections(full)
    for each in made:
        session.add(each)
    grouped, found = asked(full, session.decisions)
    left, right, single = (int(grouped.labels[row]) for row in (0, 4, 8))
    assert {(each.group, each.other) for each in found if each.kind == "together"} == {
        (right, right)
    }
    assert frozenset((right, single)) not in {frozenset((e.group, e.other)) for e in found}
    assert frozenset((left, single)) in {frozenset((e.group, e.other)) for e in found}


def test_a_question_that_nobody_could_answer_is_left_out_but_its_doubt_stays() -> None:
    full = album(LINE)
    _, found = asked(full)
    each = next(each for each in found if each.kind == "together")
    rest = found.without(each, settled=False)
    assert len(rest) == len(found) - 1
    assert rest.purity == found.purity
    again = asked(full, leave_out=[(each.second, each.first)])[1]
    assert (each.first, each.second) not in {(e.first, e.second) for e in again}
    assert len(again) == len(rest)
    assert again.purity == pytest.approx(found.purity)


def test_the_queue_goes_on_without_a_question() -> None:
    _, found = asked(album(LINE), goal=1.0)
    total, left = found, found.left
    assert left is not None
    for each in found:
        before = total.purity
        total = total.without(each)
        assert each not in total
        assert total.purity == pytest.approx(before + each.doubt / 9)
    assert (len(total), total.left) == (0, 0)
    assert total.purity == pytest.approx(1.0)
    assert total.without(found.questions[0]) is total


@pytest.mark.parametrize(
    ("options", "complaint"),
    [({"goal": 0}, "goal is 0"), ({"goal": 1.1}, "goal is 1.1"), ({"most": 0}, "most is 0")],
)
def test_bad_settings_are_refused(options, complaint) -> None:
    with pytest.raises(BadSetting, match=complaint):
        asked(album(LINE), **options)
    with pytest.raises(BadSetting, match="1 labels and 0 names for 9 sightings"):
        queue(album(LINE), np.zeros(1, np.int64), names=[])


def folder(grouped: Grouped, row: int) -> set[int]:
    """Photos in the folder of a sighting's group."""
    return set(grouped.album.photo_of[grouped.labels == grouped.labels[row]].tolist())


@settings(max_examples=40)
@given(st.lists(st.integers(2, 8), min_size=3, max_size=9), st.data())
def test_an_answer_against_the_grouping_moves_as_many_photos_as_it_says(steps, data) -> None:
    full = album(np.cumsum(steps) / 20 + np.arange(len(steps)) * 0.001)
    before, found = asked(full, most=1000)
    each = data.draw(st.sampled_from(found.questions))
    made = history.answer(full, before.names, each, one=each.kind == "apart")
    after = Grouped(full, made.decisions)
    one, other = (int(side[0]) for side in each.sides)
    expected = before.labels.copy()
    expected[each.sides[1]] = expected[one] if each.kind == "apart" else len(full)
    if by_size(expected).tolist() != after.labels.tolist():
        # A side went on to a third group: more moved than the question can know of.
        assert each.kind == "together"
        return
    apart, both = (before, after) if each.kind == "apart" else (after, before)
    whole = folder(both, one)
    assert min(len(whole - folder(apart, row)) for row in (one, other)) == each.photos


def test_each_photo_that_changes_its_folder_is_counted() -> None:
    full = album([0.0, 0.05, 0.45, 0.5, 0.44])
    grouped, found = asked(full)
    (each,) = found
    assert (each.kind, each.photos) == ("together", 2)
    session = Corrections(full)
    session.add(history.answer(grouped.album, grouped.names, each, one=False))
    after = Grouped(full, session.decisions)
    before = dict(zip(full.sightings["path"], grouped.names, strict=True))
    moved = [
        path
        for path, name in zip(full.sightings["path"], after.names, strict=True)
        if name != before[path]
    ]
    assert len(moved) == each.photos


def test_an_answer_counts_before_anything_is_grouped_again() -> None:
    full = doubtful(album(LINE))
    grouped, found = asked(full)
    each = next(each for each in found if each.kind == "together")
    made = history.answer(full, grouped.names, each, one=False)
    decided = apply(made.decisions, full)
    again = queue(full, grouped.labels, names=grouped.names, decided=decided)
    assert len(again) == len(found) - 1
    assert again.purity == pytest.approx(found.without(each).purity)


def test_two_of_whom_nothing_can_be_said_are_not_asked_about() -> None:
    # Two pairs; either of the first can be compared with one of the second, or with none.
    table = np.full((5, 5), 1.0)
    table[0, 1] = table[2, 3] = 0.2
    table[:2, 4] = np.nan
    full = pair_album(np.triu(table) + np.triu(table, 1).T)
    found = queue(full, np.array([0, 0, 1, 1, 2]), names=list("aabbc"))
    asked_about = {frozenset((each.name, each.other_name)) for each in found}
    assert frozenset("ab") in asked_about
    assert frozenset("bc") in asked_about
    assert frozenset("ac") not in asked_about
    assert not any({each.first, each.second} in ({0, 4}, {1, 4}) for each in found)
