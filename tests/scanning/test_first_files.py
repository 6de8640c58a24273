"""The first file of each picture is remembered, in bounded memory."""

import tracemalloc
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BadFolder
from toolkit.records import Photo
from toolkit.scanning.first_files import FirstFiles, Said

TEXT = st.text(max_size=20)
DIGEST = st.one_of(
    st.binary(min_size=4, max_size=4).map(lambda each: sha256(each).hexdigest()),
    # None that is made here, and none is mistaken for another: case, blanks, the empty one.
    st.sampled_from(["", "AB", "ab", "a b", "abc", "\udc80", ".ab", "0xab"]),
)


@pytest.fixture
def first():
    made = FirstFiles()
    yield made
    made.close()


@given(st.lists(st.tuples(DIGEST, DIGEST), max_size=30))
def test_files_are_found_by_any_digest_as_a_dictionary_would(pairs) -> None:
    first, expected = FirstFiles(), {}
    for one, other in pairs:
        known = next((expected[each] for each in (one, other) if each in expected), None)
        assert first.find(one, other) == known
        if known is None:
            number = first.add(one, other)
            expected |= {each: number for each in (one, other) if each}
    first.close()


@given(
    *(TEXT, TEXT, TEXT, st.none() | st.tuples(TEXT, TEXT), st.booleans(), st.integers(0, 1 << 40)),
)
def test_what_is_said_comes_back(digest, note, shows, problem, read, size) -> None:
    first = FirstFiles()
    path = Path("a") / "bad \udcff.jpg"
    photo = Photo(path, digest, size, 3, "f", "", 6) if read else None
    said = Said(path, photo, 2, shows, note, problem, known=read)
    one, other = first.add("01"), first.add("02")
    first.say(one, Said(path, None))
    first.say(one, said)
    assert first.said(one) == said
    with pytest.raises(KeyError):
        first.said(other)
    first.close()


def test_memory_does_not_grow_with_the_pictures(first) -> None:
    path = Path("a.jpg")
    tracemalloc.start()
    try:
        peaks = []
        for count in (2_000, 20_000):
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            for number in range(count):
                digest = sha256(f"{count} {number}".encode()).hexdigest()
                photo = Photo(path, digest, 1, 1, digest)
                first.say(first.add(digest), Said(path, photo))
            peaks.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000
    assert first.find(sha256(b"20000 7").hexdigest()) == 2_008


def test_a_full_disk_is_one_line(first) -> None:
    pages = first._base.execute("PRAGMA page_count").fetchone()[0]
    first._base.execute(f"PRAGMA max_page_count = {pages + 1}")
    digests = [sha256(str(number).encode()).hexdigest() for number in range(10_000)]
    with pytest.raises(BadFolder, match=r"temporary files .* full.* TMPDIR"):
        first.add(*digests)
