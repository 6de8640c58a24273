import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.names import (
    MAX_BYTES,
    RESERVED,
    Words,
    as_text,
    printable,
    safe_name,
    shown_of,
    unique_names,
)

any_text = st.text(max_size=200) | st.text(alphabet='./\\:*?"<>| \t\n\x00aA.', max_size=40)


@given(any_text)
def test_any_text_becomes_a_safe_name(text) -> None:
    name = safe_name(text)
    assert name not in ("", ".", "..")
    assert not set(name) & set('<>:"/\\|?*')
    assert all(ord(c) >= 32 for c in name)
    assert not name.startswith((".", " ", "-"))
    assert not name.endswith((".", " "))
    assert name.split(".")[0].strip().casefold() not in RESERVED
    assert len(name.encode("utf-8", "surrogateescape")) <= MAX_BYTES
    assert safe_name(name) == name


@given(st.lists(any_text, max_size=30), st.booleans())
def test_names_never_collide_even_where_case_is_ignored(names, full_stop) -> None:
    made = unique_names(names, taken=["run.json"], full_stop=full_stop)
    assert len({name.casefold() for name in [*made, "run.json"]}) == len(names) + 1


@given(any_text)
def test_a_full_stop_is_all_that_is_kept_of_the_end_where_that_is_asked(text) -> None:
    name, kept = safe_name(text), safe_name(text, full_stop=True)
    # Where there is no room for it, a letter makes some.
    assert name.startswith(kept.removesuffix("."))
    assert kept in (name, f"{name}.") or len(name.encode()) > MAX_BYTES - 4
    assert len(kept.encode("utf-8", "surrogateescape")) <= MAX_BYTES
    assert safe_name(kept, full_stop=True) == kept


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hugo C.", "Hugo C."),
        ("Hugo C. ", "Hugo C."),
        ("Hugo...", "Hugo."),
        ("...", "_"),
        ("con.", "_con."),
        ("Hugo", "Hugo"),
        ("x" * 130 + ".", "x" * (MAX_BYTES - 1) + "."),
    ],
)
def test_a_full_stop_after_a_letter_may_stay(text, name) -> None:
    assert safe_name(text, full_stop=True) == name
    assert not safe_name(text).endswith(".")


def test_names_that_differ_in_a_full_stop_only_are_alike() -> None:
    # On a disk from Windows they would be one.
    made = unique_names(["Hugo C.", "hugo c", "Hugo C."], full_stop=True)
    assert made == ["Hugo C.", "hugo c (2)", "Hugo C (3)."]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ann", "Ann"),
        ("Zoë Müller", "Zoë Müller"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("con", "_con"),
        ("NUL.jpg", "_NUL.jpg"),
        ("...", "_"),
        ("", "_"),
        ("a/b", "a_b"),
        ("<img src=x onerror=alert(1)>", "_img src=x onerror=alert(1)_"),
        ("evil\u202egpj.exe", "evil_gpj.exe"),  # a direction character that turns the name round
        ("IMG_0001.JPG", "IMG_0001.JPG"),
        ("-rf", "_-rf"),
        (" --help.jpg", "_--help.jpg"),
        ("half \ud800\udfff", "half __"),
    ],
)
def test_known_cases(text, name) -> None:
    assert safe_name(text) == name


def test_the_second_of_two_equal_names_is_numbered_before_its_ending() -> None:
    assert unique_names(["a.jpg", "A.jpg", "b.jpg", "a.jpg"]) == [
        "a.jpg",
        "A (2).jpg",
        "b.jpg",
        "a (3).jpg",
    ]


def test_a_name_that_cannot_be_decoded_keeps_its_bytes() -> None:
    assert safe_name("caf\udce9.jpg") == "caf\udce9.jpg"


@pytest.mark.parametrize(
    "name", ["山田\u3000太郎", "علی\u200cرضا", "a\u00a0b", "\U0001f468\u200d\U0001f466"]
)
def test_names_in_every_script_are_shown_as_they_are(name) -> None:
    assert printable(name) == name


@pytest.mark.parametrize(
    "character", ["\n", "\x00", "\u202e", "\u2028", "\u2066", "\ufeff", "\x9b"]
)
def test_what_breaks_a_line_or_turns_it_round_is_not_shown(character) -> None:
    assert printable(f"a{character}b") == "a\N{REPLACEMENT CHARACTER}b"


def test_never_is_one_row_alone_left_out() -> None:
    assert [shown_of(count, 5) for count in (0, 5, 6, 7, 100)] == [0, 5, 6, 5, 5]


def test_people_are_asked_after_as_people_and_goods_as_goods() -> None:
    people, goods = Words("face", "faces", "person", "people"), Words("", "", "item", "items")
    assert (people.who, people.somebody_else) == ("who", "somebody else")
    assert (goods.who, goods.somebody_else) == ("which item", "another item")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Zoë", "Zoë"),
        (b"Ren\xe9".decode("utf-8", "surrogateescape"), "René"),
        # Half a character is no byte.
        ("a\ud83d", "a\ud83d"),
        ("", ""),
    ],
)
def test_bytes_that_are_no_utf_8_are_letters_of_latin_1(name, text) -> None:
    assert as_text(name) == text
