"""Which decisions have to go where a new one contradicts them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_albums import FIVE, album, link, named

from toolkit.curation.conflicts import settled
from toolkit.curation.decisions import Decision, apply
from toolkit.errors import BadSetting
from toolkit.grouping.sighting_finder import key_of


def test_different_breaks_a_chain_where_its_faces_are_furthest_apart() -> None:
    full = album([0.0, 0.1, 0.9, 1.0])
    chain = [link(full, "same", 0, 1), link(full, "same", 1, 2), link(full, "same", 2, 3)]
    kept = settled(chain, [link(full, "different", 0, 3)], full)
    assert kept == (chain[0], chain[2])


def test_the_fewest_links_are_taken_out() -> None:
    # Two ways from 0 to 3, which share the link from 2 to 3, the nearest of all.
    full = album([0.0, 0.5, 1.0, 1.01, 7.0])
    ways = [link(full, "same", *ends) for ends in ((0, 1), (1, 2), (0, 2), (2, 3), (3, 4))]
    kept = settled(ways, [link(full, "different", 0, 3)], full)
    assert kept == (*ways[:3], ways[4])


def test_a_refusal_leaves_the_name_to_the_others() -> None:
    full = album([0.0, 0.1, 0.2])
    old = [named(full, 0, "Anna"), link(full, "same", 0, 2), link(full, "same", 1, 2)]
    old += [link(full, "same", 0, 1)]
    kept = settled(old, [Decision("not", key_of(full, 2), name="Anna")], full)
    assert kept == (old[0], old[3])


def test_a_merge_goes_before_all_that_kept_the_two_apart() -> None:
    full = album(FIVE)
    old = [link(full, "different", 0, 2), link(full, "different", 1, 3)]
    old += [link(full, "different", 0, 4), Decision("not", key_of(full, 3), name="Bob")]
    whole = [key_of(full, row) for row in range(4)]
    kept = settled(old, [link(full, "same", 0, 3)], full, whole=whole)
    assert kept == tuple(old[2:])


def test_decisions_about_other_photos_contradict_nothing() -> None:
    full, other = album(FIVE), album(FIVE, [10, 11, 12, 13, 14])
    old = [link(other, "same", 0, 1), link(other, "different", 0, 1)]
    assert settled(old, [link(full, "different", 0, 1)], full) == tuple(old)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 4)), max_size=9))
def test_each_link_that_was_taken_out_had_to_go(drawn) -> None:
    full = album([0.0, 0.3, 0.5, 1.1, 2.0])
    made = ()
    for one_person, one, other in drawn:
        if one == other:
            continue
        new = link(full, "same" if one_person else "different", one, other)
        kept = settled(made, [new], full)
        apply([*kept, new], full)
        for place, each in enumerate(made):
            about = {each.sighting, each.other} == {new.sighting, new.other}
            if each in kept or about:
                continue
            back = [e for e in made if e in kept or e == each]
            assert back.index(each) <= place
            with pytest.raises(BadSetting):
                apply([*back, new], full)
        made = (*kept, new)


def test_what_is_harmless_again_stays() -> None:
    full = album([0.0, 0.1, 0.2])
    old = [link(full, "same", 1, 2), named(full, 2, "Bob"), named(full, 0, "Anna")]
    old += [link(full, "different", 0, 2)]
    # Once 1 and 2 are no longer tied, that 0 and 2 are different contradicts nothing.
    assert settled(old, [link(full, "same", 0, 1)], full) == tuple(old[1:])


def test_of_two_the_last_word_counts_also_that_it_cannot_be_told() -> None:
    full = album(FIVE)
    unclear, same = link(full, "unclear", 1, 0), link(full, "same", 0, 1)
    different, other = link(full, "different", 0, 1), link(full, "unclear", 0, 2)
    assert settled([unclear, other], [same], full) == (other,)
    assert settled([same, other], [unclear], full) == (other,)
    assert settled([unclear, different], [other], full) == (unclear, different)
    assert not apply([same, unclear], full).must.size
    assert apply([different, unclear], full).unclear.tolist() == [[0, 1]]
    assert not apply([unclear, same], full).unclear.size
