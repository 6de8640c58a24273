from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from made_albums import FIVE, Grouped, album, link, named

from toolkit.curation import decisions, history
from toolkit.curation.decisions import Decision, apply
from toolkit.curation.history import Corrections
from toolkit.curation.questions import Question
from toolkit.errors import BadFolder, BadSetting
from toolkit.grouping.sighting_finder import SightingKey, key_of
from toolkit.records import Album


@st.composite
def albums(draw) -> Album:
    count = draw(st.integers(2, 10))
    # Sixteenths: some equal, some 0.5 apart to the last bit.
    rows = draw(st.lists(st.integers(0, 40), min_size=count, max_size=count))
    photos = draw(st.lists(st.integers(0, 12), min_size=count, max_size=count))
    return album(np.array(rows) / 16, photos)


def gesture(draw, grouped: Grouped):
    """Draw a gesture, and what has to be true after it."""
    count = len(grouped.album)
    row = draw(st.integers(0, count - 1))
    other = draw(st.integers(0, count - 1))
    face, second = key_of(grouped.album, row), key_of(grouped.album, other)
    group, with_it = int(grouped.labels[row]), int(grouped.labels[other])
    mine, both = grouped.keys(group), [*grouped.keys(group), *grouped.keys(with_it)]
    kinds = ["merge", "split", "same", "different", "unclear", "not", "ignore", "name"]
    kind = draw(st.sampled_from(kinds))
    if kind == "merge":
        made = history.merge(*grouped.seen, group, with_it, decided=grouped.decided)
        return made, lambda after: len(after.groups(both)) == 1
    if kind == "split":
        made = history.split(*grouped.seen, grouped.sides(), group)
        pair = made.decisions[0].sighting, made.decisions[0].other
        return made, lambda after: len(after.groups(pair)) == 2
    if kind in ("same", "different"):
        made = getattr(history, kind)(grouped.album, grouped.names, row, other)
        number = 1 if kind == "same" else 2
        return made, lambda after: len(after.groups([face, second])) == number
    if kind == "unclear":
        made = history.unclear(grouped.album, grouped.names, row, other)
        pair = {row, other}
        return made, lambda after: pair in [set(each) for each in after.decided.unclear.tolist()]
    if kind == "not":
        made = history.not_this_individual(*grouped.seen, row, decided=grouped.decided)
        if made.decisions[-1].kind == "not":
            name = grouped.names[row]
            return (
                made,
                lambda after: (
                    after.decided.names.get(after.row[face]) != name
                    and (len(mine) == 1 or name not in after.called([face]))
                ),
            )
        return made, lambda after: len(after.groups([face, made.decisions[0].other])) == 2
    if kind == "ignore":
        made = history.ignore(*grouped.seen, row, decided=grouped.decided)
        rest = [each for each in mine if each != face]
        # Whom decisions tie to each other stay tied, and keep their name.
        name = grouped.names[row] if grouped.names[row] in grouped.decided.names.values() else None
        return (
            made,
            lambda after: (
                face not in after.row and (name is None or not rest or name in after.called(rest))
            ),
        )
    text = draw(st.sampled_from(["Anna", "anna", "Bo", "person_001", "person_002"]))
    there = history.called(grouped.labels, grouped.names, text)
    made = history.name(*grouped.seen, group, text, decided=grouped.decided)
    if there is not None:
        mine = [*mine, *grouped.keys(there)]
        text = text if there == group else grouped.names[np.flatnonzero(grouped.labels == there)[0]]
    return made, lambda after: after.called(mine) == {text} and len(after.groups(mine)) == 1


# Shrinking a long story of gestures takes minutes.
@settings(max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.data(), albums(), st.integers(1, 8))
def test_any_gestures_can_be_applied_hold_and_can_be_taken_back(data, full, many) -> None:
    session = Corrections(full)
    before = []
    for _ in range(many):
        grouped = Grouped(full, session.decisions)
        if not len(grouped.album):
            break
        try:
            made, holds = gesture(data.draw, grouped)
        except BadSetting:
            continue  # One group with itself, a split of one face: nothing was decided.
        before.append(session.decisions)
        taken = session.add(made)
        assert session.decisions[-len(made.decisions) :] == made.decisions
        assert set(taken) == set(before[-1]) - set(session.decisions)
        assert ("takes back" in session.last) == bool(taken)
        apply(session.decisions, full)
        assert holds(Grouped(full, session.decisions)), made.said
    while before:
        session.undo()
        assert session.decisions == before.pop()
    assert not session.can_undo
    assert session.undo() == ""


def test_a_group_is_merged_by_its_most_central_face() -> None:
    full = album([0.0, 0.1, 0.3, 5.0])
    made = history.merge(full, np.array([0, 0, 0, 1]), ["Anna"] * 3 + ["person_007"], 0, 1)
    assert made.decisions == (link(full, "same", 1, 3),)
    assert made.said == "Anna and person_007 are one person"


def test_groups_seen_in_one_photo_can_be_merged() -> None:
    full = album([0.0, 0.1, 2.0, 2.1], [0, 1, 0, 1])
    session = Corrections(full)
    grouped = Grouped(full, ())
    session.add(history.merge(*grouped.seen, 0, 1))
    assert set(Grouped(full, session.decisions).labels) == {0}


def test_the_first_of_two_names_is_kept_in_a_merge_and_ties_go_over() -> None:
    full = album(FIVE)
    session = Corrections(full)
    for each in (named(full, 0, "Anna"), named(full, 2, "Bob"), named(full, 4, "Bob")):
        session.add(history.Gesture((each,), "named"))
    grouped = Grouped(full, session.decisions)
    made = history.merge(*grouped.seen, int(grouped.labels[0]), int(grouped.labels[2]))
    assert len(made.decisions) == 1
    made = history.merge(
        *grouped.seen, int(grouped.labels[0]), int(grouped.labels[2]), decided=grouped.decided
    )
    assert len(session.add(made)) == 2
    assert set(Grouped(full, session.decisions).names) == {"Anna"}


def test_a_split_names_the_nearest_pair_across() -> None:
    full = album([0.0, 0.1, 0.4, 0.45])
    grouped = Grouped(full, ())
    made = history.split(*grouped.seen, grouped.sides(), 0)
    assert made.decisions == (link(full, "different", 1, 2),)
    assert Grouped(full, made.decisions).labels.tolist() == [0, 0, 1, 1]
    single = album([0.0])
    with pytest.raises(BadSetting, match="group 0 has no two sides"):
        history.split(*Grouped(single, ()).seen, Grouped(single, ()).sides(), 0)


def test_a_face_is_refused_by_name_or_by_the_middle_of_its_group() -> None:
    full = album([0.0, 0.2, 0.05])
    grouped = Grouped(full, ())
    unnamed = history.not_this_individual(*grouped.seen, 1)
    assert unnamed.decisions == (link(full, "different", 1, 0),)
    known = history.not_this_individual(*grouped.seen, 1, known={"person_001"})
    assert known.decisions == (Decision("not", key_of(full, 1), name="person_001"),)
    # The face that has the name itself hands it on.
    grouped = Grouped(full, [named(full, 1, "Anna")])
    own = history.not_this_individual(*grouped.seen, 1, decided=grouped.decided)
    assert [each.kind for each in own.decisions] == ["name", "not"]
    session = Corrections(full)
    session.add(history.Gesture((named(full, 1, "Anna"),), "named"))
    session.add(own)
    after = Grouped(full, session.decisions)
    assert [after.names[row] == "Anna" for row in range(3)] == [True, False, True]


def test_what_an_ignored_face_held_together_stays_together() -> None:
    full = album([0.0, 2.0, 4.0])
    session = Corrections(full)
    for one, other in ((0, 1), (1, 2)):
        session.add(history.same(full, ["?"] * 3, one, other))
    session.add(history.Gesture((named(full, 1, "Anna"),), "named"))
    grouped = Grouped(full, session.decisions)
    session.add(history.ignore(*grouped.seen, 1, decided=grouped.decided))
    after = Grouped(full, session.decisions)
    assert after.labels.tolist() == [0, -1, 0]
    assert after.names == ("Anna", None, "Anna")
    # Whoever is said to be somebody is not left out any more.
    session.add(history.different(full, ["?"] * 3, 0, 1))
    assert not Grouped(full, session.decisions).album.ignored.any()


def test_a_name_of_another_group_is_found_and_merges() -> None:
    full = album(FIVE)
    session = Corrections(full)
    session.add(history.name(*Grouped(full, ()).seen, 0, " Anna "))
    grouped = Grouped(full, session.decisions)
    assert history.called(grouped.labels, grouped.names, "ANNA") == grouped.labels[0]
    assert history.called(grouped.labels, grouped.names, "Bob") is None
    session.add(
        history.name(*grouped.seen, int(grouped.labels[2]), "anna", decided=grouped.decided)
    )
    grouped = Grouped(full, session.decisions)
    assert grouped.names[:4] == ("Anna",) * 4
    # Its own group takes any spelling.
    session.add(
        history.name(*grouped.seen, int(grouped.labels[0]), "ANNA", decided=grouped.decided)
    )
    assert Grouped(full, session.decisions).names[:4] == ("ANNA",) * 4


def test_chosen_faces_get_a_name_each() -> None:
    full = album(FIVE)
    session = Corrections(full)
    session.add(history.name(*Grouped(full, ()).seen, np.array([0, 4]), "Bo"))
    assert Grouped(full, session.decisions).names[4] == "Bo"
    grouped = Grouped(full, session.decisions)
    number = grouped.names[2]
    session.add(history.name(*grouped.seen, np.array([4]), number, decided=grouped.decided))
    grouped = Grouped(full, session.decisions)
    assert grouped.names[2] == grouped.names[4] == number
    assert grouped.names[0] == "Bo"
    with pytest.raises(BadSetting, match="no face is chosen"):
        history.name(*grouped.seen, np.zeros(0, np.int64), "Bo")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ("  \t ", "is empty"),
        ("\u200d\u200c", "is empty"),
        ("a\nb", "control characters"),
        ("a\u202eb", "control characters"),
        ("\udcff", "control characters"),
        ("x" * 121, "has 121 bytes"),
        ("\u00e9" * 61, "has 122 bytes"),
    ],
)
def test_names_that_cannot_be_are_refused(text, complaint) -> None:
    with pytest.raises(BadSetting, match=complaint):
        history.cleaned(text)
    full = album([0.0])
    with pytest.raises(BadSetting, match=complaint):
        history.name(*Grouped(full, ()).seen, 0, text)


def test_a_name_is_kept_composed() -> None:
    assert history.cleaned(" Zoe\u0308 ") == "Zo\u00eb"


@pytest.mark.parametrize("text", ["山田\u3000太郎", "نیل\u200cوفر", "\U0001f468\u200d\U0001f469"])
def test_characters_that_join_are_ordinary_in_names(text) -> None:
    assert history.cleaned(text) == text


def test_a_blank_that_does_not_break_is_a_blank() -> None:
    assert history.cleaned("Ann\xa0B\xa0") == "Ann B"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda *seen: history.merge(*seen, 0, 0),
        lambda *seen: history.merge(*seen, 0, 99),
        lambda *seen: history.merge(*seen, -1, 0),
        lambda *seen: history.same(seen[0], seen[2], 3, 3),
        lambda *seen: history.not_this_individual(*seen, 4),
    ],
)
def test_a_gesture_that_says_nothing_is_refused(wrong) -> None:
    with pytest.raises(BadSetting):
        wrong(*Grouped(album(FIVE), ()).seen)


def test_new_decisions_that_contradict_each_other_are_refused() -> None:
    full = album([0.0, 0.1, 0.2])
    new = [link(full, "same", 0, 1), link(full, "same", 1, 2), link(full, "different", 0, 2)]
    session = Corrections(full)
    with pytest.raises(BadSetting, match="contradict each other"):
        session.add(history.Gesture(tuple(new), "nonsense"))
    assert session.decisions == ()
    assert not session.can_undo


@pytest.fixture
def out(tmp_path):
    return tmp_path / "results" / "here"


def test_every_step_is_on_disk_and_the_folder_only_then(out) -> None:
    full = album(FIVE)
    session = Corrections(full, out)
    assert not out.parent.exists()
    session.add(history.same(full, ["?"] * 5, 0, 2))
    assert decisions.read(out) == session.decisions == (link(full, "same", 0, 2),)
    assert session.last == "? in p0.jpg and ? in p2.jpg are one person"
    session.add(history.different(full, ["?"] * 5, 2, 0))
    assert decisions.read(out) == session.decisions == (link(full, "different", 2, 0),)
    assert session.last.endswith("are two people (takes back 1 earlier decision)")
    session.undo()
    assert decisions.read(out) == session.decisions == (link(full, "same", 0, 2),)
    assert session.last.startswith("Taken back: ? in p2.jpg")
    session.undo()
    assert decisions.read(out) == ()
    assert not session.can_undo


def test_a_step_after_many_does_not_compare_each_with_each(out, monkeypatch) -> None:
    full, many = album(FIVE), 400
    away = [SightingKey("p", f"{number:x}", 0, 0, 9, 9) for number in range(1, many + 1)]
    out.mkdir(parents=True)
    decisions.write(out, [Decision("ignore", face) for face in away])
    session, compared = Corrections(full, out), []
    equal = Decision.__eq__
    monkeypatch.setattr(Decision, "__eq__", lambda one, two: compared.append(1) or equal(one, two))
    session.add(history.same(full, ["?"] * 5, 0, 2))
    assert len(compared) < 20 * many


@pytest.mark.parametrize("target", ["/dev/zero", "."])
def test_what_is_no_table_is_refused_before_it_is_read(out, target) -> None:
    session = Corrections(album(FIVE), out)
    out.mkdir(parents=True)
    (out / decisions.FILE).symlink_to(target)
    with pytest.raises(BadSetting, match="not a regular file"):
        session.undo()


def test_decisions_of_earlier_sessions_are_taken_back_one_by_one(out) -> None:
    full = album(FIVE)
    earlier = (link(full, "same", 0, 1), named(full, 0, "Anna"), link(full, "different", 2, 4))
    out.mkdir(parents=True)
    decisions.write(out, earlier)
    session = Corrections(full, out)
    session.add(history.same(full, ["?"] * 5, 2, 4))
    assert decisions.read(out) == (*earlier[:2], link(full, "same", 2, 4))
    assert session.undo() == "? in p2.jpg and ? in p4.jpg are one person " + (
        "(takes back 1 earlier decision)"
    )
    assert decisions.read(out) == earlier
    assert session.undo() == "the faces in p2.jpg and p4.jpg are two people"
    assert session.undo() == "the face in p0.jpg is Anna"
    assert decisions.read(out) == earlier[:1]
    assert session.can_undo


def test_what_was_decided_before_there_was_a_folder_comes_after_what_is_in_it(out) -> None:
    full = album(FIVE)
    earlier = (link(full, "different", 0, 2), link(full, "same", 1, 4))
    out.mkdir(parents=True)
    decisions.write(out, earlier)
    session = Corrections(full)
    session.add(history.same(full, ["?"] * 5, 0, 2))
    session.keep_in(out)
    assert session.decisions == decisions.read(out)
    assert session.decisions == (earlier[1], link(full, "same", 0, 2))
    session.undo()
    assert decisions.read(out) == earlier
    # The decisions go along to another folder.
    session.keep_in(out.parent / "other")
    assert decisions.read(out.parent / "other") == earlier


def test_lines_that_somebody_else_wrote_are_kept(out) -> None:
    full = album(FIVE)
    mine, other = Corrections(full, out), Corrections(full, out)
    mine.add(history.same(full, ["?"] * 5, 0, 1))
    other.add(history.different(full, ["?"] * 5, 0, 4))
    mine.add(history.same(full, ["?"] * 5, 2, 3))
    made = (link(full, "same", 0, 1), link(full, "different", 0, 4), link(full, "same", 2, 3))
    assert decisions.read(out) == mine.decisions == made
    # Each takes back its own.
    other.undo()
    assert decisions.read(out) == (made[0], made[2])
    mine.undo()
    mine.undo()
    assert decisions.read(out) == ()


def test_notes_of_others_stay_with_their_lines(out) -> None:
    full = album(FIVE)
    session = Corrections(full, out)
    session.add(history.same(full, ["?"] * 5, 0, 1))
    (line,) = decisions.read(out)
    noted = replace(line, notes=(("note", "twins?"),))
    decisions.write(out, [noted])
    session.add(history.same(full, ["?"] * 5, 2, 3))
    assert decisions.read(out) == session.decisions == (noted, link(full, "same", 2, 3))
    session.undo()
    assert decisions.read(out) == (noted,)
    # The line is taken back by who made it, whatever was noted there.
    session.undo()
    assert decisions.read(out) == ()


def test_what_comes_back_does_not_break_what_somebody_else_wrote(out) -> None:
    full = album(FIVE)
    mine = Corrections(full, out)
    mine.add(history.same(full, ["?"] * 5, 0, 1))
    mine.add(history.different(full, ["?"] * 5, 0, 1))
    theirs = (link(full, "same", 0, 4), link(full, "different", 4, 1))
    decisions.write(out, (*decisions.read(out), *theirs))
    mine.undo()
    assert mine.decisions == decisions.read(out) == theirs
    apply(mine.decisions, full)


def test_a_table_that_is_gone_is_written_anew_and_one_that_is_broken_refused(out) -> None:
    full = album(FIVE)
    session = Corrections(full, out)
    session.add(history.same(full, ["?"] * 5, 0, 1))
    (out / decisions.FILE).unlink()
    session.add(history.same(full, ["?"] * 5, 2, 3))
    assert len(decisions.read(out)) == 2
    (out / decisions.FILE).write_text("a,b\n1,2\n")
    before = session.decisions
    for step in (session.undo, lambda: session.add(history.same(full, ["?"] * 5, 1, 4))):
        with pytest.raises(BadSetting, match="lacks the columns"):
            step()
    assert session.decisions == before
    assert (out / decisions.FILE).read_text() == "a,b\n1,2\n"


def test_a_step_that_cannot_be_written_has_not_happened(out) -> None:
    full = album(FIVE)
    out.parent.mkdir()
    out.write_text("a file stands here")
    session = Corrections(full)
    session.add(history.same(full, ["?"] * 5, 0, 1))
    with pytest.raises((BadFolder, BadSetting)):
        session.keep_in(out)
    assert session.out is None
    assert session.can_undo
    late = Corrections(full, out.parent / "late")
    (out.parent / "late").write_text("a file stands here")
    with pytest.raises(BadFolder, match="cannot be made"):
        late.add(history.same(full, ["?"] * 5, 0, 1))
    assert late.decisions == ()
    assert not late.can_undo
    assert late.last == ""


def test_a_failed_write_leaves_the_session_and_the_table(out, monkeypatch) -> None:
    full = album(FIVE)
    session = Corrections(full, out)
    session.add(history.same(full, ["?"] * 5, 0, 1))
    before, last = session.decisions, session.last

    def full_disk(*_: object) -> None:
        raise BadFolder(f"{out} cannot be written: No space left on device.")

    monkeypatch.setattr(decisions, "write", full_disk)
    for step in (session.undo, lambda: session.add(history.same(full, ["?"] * 5, 2, 4))):
        with pytest.raises(BadFolder, match="No space left"):
            step()
        assert session.decisions == before == decisions.read(out)
        assert session.last == last
        assert session.can_undo
    monkeypatch.undo()
    session.undo()
    assert session.decisions == ()


def test_an_answer_is_about_the_two_faces_shown() -> None:
    full = album(FIVE)
    rows = np.array([0, 1])
    shown = Question("apart", 1, 2, 0, 1, "a", "b", (rows, rows + 2), 0.4, 2, 0.8)
    yes = history.answer(full, ["?"] * 5, shown, one=True)
    no = history.answer(full, ["?"] * 5, shown, one=False)
    assert (yes.decisions, no.decisions) == (
        (link(full, "same", 1, 2),),
        (link(full, "different", 1, 2),),
    )


def test_an_ignored_face_hands_its_ties_to_others_of_its_name() -> None:
    full = album([0.0, 2.0, 4.0])
    made = [named(full, 0, "Anna"), named(full, 1, "Anna"), link(full, "same", 1, 2)]
    grouped = Grouped(full, made)
    gesture = history.ignore(*grouped.seen, 1, decided=grouped.decided)
    assert Grouped(full, [*made, *gesture.decisions]).names == ("Anna", None, "Anna")
