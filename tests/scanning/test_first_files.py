"""The first file of each picture is remembered, in bounded memory."""

import subprocess
import sys
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


ALONE = """
import resource, sys
from hashlib import sha256
from pathlib import Path
from toolkit.records import Photo
from toolkit.scanning.first_files import FirstFiles, Said

def peak():
    told = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return told if sys.platform == "darwin" else 1024 * told

first, path = FirstFiles(), Path("a.jpg")
for number in range(120_000):
    if number == 20_000:
        before = peak()
    digest = sha256(str(number).encode()).hexdigest()
    first.say(first.add(digest), Said(path, Photo(path, digest, 1, 1, digest), note="n" * 700))
assert first.find(sha256(b"7").hexdigest()) == 8
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="its peak is not told there")
def test_memory_does_not_grow_with_the_pictures() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    # Of some 100 MB that were said.
    assert int(done.stdout) < 20_000_000


def test_a_full_disk_is_one_line(first) -> None:
    pages = first._base.execute("PRAGMA page_count").fetchone()[0]
    first._base.execute(f"PRAGMA max_page_count = {pages + 1}")
    digests = [sha256(str(number).encode()).hexdigest() for number in range(10_000)]
    with pytest.raises(BadFolder, match=r"temporary files .* full.* TMPDIR"):
        first.add(*digests)
