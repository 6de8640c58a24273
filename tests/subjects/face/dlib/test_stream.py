"""dlib's serialised values: each is read, checked and stepped over, or refused where it stands."""

import numpy as np
import pytest
import synthetic_network as write
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BadNetworkFile
from toolkit.subjects.face.dlib.stream import Stream


def stream(data: bytes) -> Stream:
    return Stream(data, "one.dat")


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=9))
def test_integers_are_read_one_after_the_other(values) -> None:
    reader = stream(b"".join(map(write.integer, values)))
    assert [reader.integer("field", -(2**63), 2**63 - 1) for _ in values] == values
    reader.end()


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_reals_are_read_to_the_last_bit(value) -> None:
    assert stream(write.real(value)).real("field", -1e39, 1e39) == value


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=64))
def test_texts_are_read_and_the_longer_ones_refused(value) -> None:
    data = write.text(value)
    assert stream(data).text("field") == value
    if value:
        with pytest.raises(BadNetworkFile, match="length of its name"):
            stream(data).text("field", longest=len(value) - 1)


def test_a_tensor_keeps_the_order_of_the_file_and_cannot_be_written() -> None:
    values = np.arange(6, dtype=np.float32) - 2.5
    found = stream(write.tensor(2, 3, values=values)).tensor("field")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, values)
    assert not found.flags.writeable


def test_a_view_has_the_sizes_that_it_must_have_and_any_where_none_is_asked() -> None:
    data = write.alias(1, 7, 3, 3)
    assert stream(data).alias("field", (1, None, 3, 3)) == (1, 7, 3, 3)
    with pytest.raises(BadNetworkFile, match=r"size 1\) at byte \d+: expected 8, found 7"):
        stream(data).alias("field", (1, 8, 3, 3))


@pytest.mark.parametrize(
    ("data", "read", "said"),
    [
        (b"\x00", lambda r: r.integer("it", 0, 9), "it at byte 0: expected an integer"),
        (b"\x19\x01", lambda r: r.integer("it", 0, 9), "control byte 0x19"),
        (write.integer(10), lambda r: r.integer("it", 0, 9), "expected 0 to 9, found 10"),
        (write.integer(8), lambda r: r.integer("it", 9, 9), "expected 9, found 8"),
        (b"\x04\x01", lambda r: r.integer("it", 0, 9), "expected 4 bytes, found the end of the"),
        (write.real(2.0), lambda r: r.real("it", 0, 1), "expected 0 to 1, found 2"),
        (
            write.integer(0) + write.integer(32001),
            lambda r: r.real("it", 0, 1),
            "a finite number, found special exponent 32001",
        ),
        (
            write.integer(2**60) + write.integer(20000),
            lambda r: r.real("it", 0, 1),
            "expected 0 to 1, found inf",
        ),
        (b"2", lambda r: r.boolean("it"), "a truth value, '0' or '1', found '2'"),
        (b"\x07", lambda r: r.byte("it", (0, 1)), "expected 0 or 1, found 7"),
        (write.text("fc_1"), lambda r: r.name("it", ("fc_2", "fc_3")), "'fc_2' or 'fc_3', found"),
        (
            write.tensor(9),
            lambda r: r.tensor("it"),
            "expected 9 float32 values, found 0 bytes left",
        ),
        (b"xy", lambda r: r.end(), "expected the end of the file, found 2 more bytes"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(data, read, said) -> None:
    with pytest.raises(BadNetworkFile, match=r"^one\.dat: ") as refused:
        read(stream(data))
    assert said in str(refused.value)


def test_truth_values_and_bytes_are_single_ones() -> None:
    reader = stream(b"10\x01")
    assert reader.boolean("field") is True
    assert reader.boolean("field") is False
    assert reader.byte("field", (0, 1)) == 1
    reader.end()
