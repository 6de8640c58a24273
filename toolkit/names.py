"""What things are called: sightings and individuals in words, and files so that each system can."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

MAX_BYTES = 120
FORBIDDEN = re.compile(
    r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u061c\u200b\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udc7f\udd00-\udfff]'
)
RESERVED = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"]
    + [f"{device}{number}" for device in ("com", "lpt") for number in range(10)]
)


@dataclass(frozen=True)
class Words:
    """
    What people call one kind of subject, and one of its individuals.

    Attributes
    ----------
    singular, plural : str
        One and several sightings: "face", "faces".
    individual, individuals : str
        One and several of those who are told apart: "person", "people". Individuals without a name
        are numbered with it: ``person_001``.
    """

    singular: str
    plural: str
    individual: str
    individuals: str

    @property
    def a_sighting(self) -> str:
        """One with its article: "a face", "an animal"."""
        return _with_article(self.singular)

    @property
    def an_individual(self) -> str:
        """One with its article: "a person", "an animal"."""
        return _with_article(self.individual)

    @property
    def everybody(self) -> str:
        """All individuals: "everybody" where they are people, else such as "all animals"."""
        return "everybody" if self.individuals == "people" else f"all {self.individuals}"

    @property
    def somebody(self) -> str:
        """One of them, no matter which: "somebody", or such as "some animal"."""
        return "somebody" if self.individuals == "people" else f"some {self.individual}"

    @property
    def somebody_else(self) -> str:
        """Another one: "somebody else", or such as "another animal"."""
        return "somebody else" if self.individuals == "people" else f"another {self.individual}"

    @property
    def who(self) -> str:
        """Asked after: "who", or such as "which animal"."""
        return "who" if self.individuals == "people" else f"which {self.individual}"

    @property
    def nobody(self) -> str:
        """None of them: "nobody", or such as "no animal"."""
        return "nobody" if self.individuals == "people" else f"no {self.individual}"

    def count(self, number: int) -> str:
        """Return a number of sightings in words: "1 face", "2,000 faces"."""
        return f"{number:,} {self.singular if number == 1 else self.plural}"

    def count_individuals(self, number: int) -> str:
        """Return a number of individuals in words: "1 person", "2,000 people"."""
        return f"{number:,} {self.individual if number == 1 else self.individuals}"


def _with_article(word: str) -> str:
    return f"{'an' if word[:1].lower() in 'aeiou' else 'a'} {word}"


GENERIC_WORDS = Words("sighting", "sightings", "individual", "individuals")


@dataclass(frozen=True)
class SubjectInfo:
    """
    What is told apart, as everything but the subject itself needs to know it.

    Attributes
    ----------
    name : str
        In the singular, such as "face": what the subject is found by.
    words : Words
        What it and its individuals are called.
    exclusive_in_photo : bool
        Whether two in one photo are two individuals. Faces and animals are; two products in one
        photo may be the same product.
    """

    name: str = "subject"
    words: Words = GENERIC_WORDS
    exclusive_in_photo: bool = True


def safe_name(name: str, *, full_stop: bool = False) -> str:
    """
    Turn any text into one that names a single file or folder everywhere.

    Path separators, control and direction characters, halves of characters and what Windows
    forbids become "_"; dots and blanks at the ends go; "_" is put before device names such as "CON"
    and before "-"; the rest is kept, in Unicode's composed form, cut to 120 bytes of UTF-8 with its
    ending. A safe name stays as it is.

    Parameters
    ----------
    name : str
        Untrusted text.
    full_stop : bool
        Keep one that ends the name, as in "Hugo C.", which Windows does not.

    Returns
    -------
    str
        Never empty, never "." or "..", never hidden.
    """
    text = unicodedata.normalize("NFC", name)
    text = FORBIDDEN.sub("_", text)
    stopped = full_stop and text.rstrip(" ").endswith(".")
    text = text.strip(" .")
    if text.startswith("-"):
        # A shell's commands would take it for an option.
        text = f"_{text}"
    stem, dot, ending = text.rpartition(".")
    if not stem or len(ending.encode("utf-8", "surrogateescape")) > 10:
        stem, dot, ending = text, "", ""
    room = MAX_BYTES - len((dot + ending).encode("utf-8", "surrogateescape"))
    stem = _cut(stem, room).rstrip(" .")
    text = stem + dot + ending if stem else ""
    if not text:
        return "_"
    if text.split(".")[0].strip().casefold() in RESERVED:
        text = _cut("_" + text, MAX_BYTES)
    if stopped and text[-1].isalnum():
        text = f"{_cut(text, MAX_BYTES - 1)}."
    return text


def _cut(text: str, size: int) -> str:
    while len(text.encode("utf-8", "surrogateescape")) > size:
        text = text[:-1]
    return text


def unique_names(
    names: Iterable[str], *, taken: Iterable[str] = (), full_stop: bool = False
) -> list[str]:
    """
    Make every name safe, and all of them different even where case is ignored.

    Parameters
    ----------
    names : iterable of str
        Untrusted texts.
    taken : iterable of str
        Names that none may have.
    full_stop : bool
        As for `safe_name`; two that differ in nothing else are alike.

    Returns
    -------
    list of str
        One a name, in order. The first of several keeps its name, the next gets " (2)".
    """
    used = {_alike(name) for name in taken}
    last: dict[str, int] = {}
    result = []
    for name in names:
        safe = safe_name(name, full_stop=full_stop)
        number = last.get(_alike(safe), 1)
        choice = numbered(safe, number)
        while _alike(choice) in used:
            number += 1
            choice = numbered(safe, number)
        used.add(_alike(choice))
        last[_alike(safe)] = number
        result.append(choice)
    return result


def _alike(name: str) -> str:
    return folded(name).rstrip(".")


def numbered(name: str, number: int) -> str:
    """Return `name` with " (number)" before its ending, or `name` itself for number 1."""
    if number <= 1:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    return f"{stem} ({number}){dot}{ending}"


def shown_of(count: int, most: int) -> int:
    """Return how many of some rows to show where about `most` fit: never is one alone left out."""
    return count if count <= most + 1 else most


def as_text(name: str) -> str:
    """
    Return the name of a file in letters, where its bytes are none of UTF-8.

    Old disks have names in Latin-1, in which every byte is a letter.
    """
    try:
        raw = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return name
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def printable(text: str) -> str:
    """Return text from a file name without control characters or bytes that are not text."""
    shown = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if shows(c) else "\N{REPLACEMENT CHARACTER}" for c in shown)


def shows(character: str) -> bool:
    """
    Whether a character can stand in text for people to read.

    Blanks of every script do (Python calls only one of them printable), and the joiners that names
    in Persian, in Indian scripts and in emoji need; what breaks lines or turns the direction does
    not.
    """
    return (
        character.isprintable()
        or unicodedata.category(character) == "Zs"
        or character in "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
    )


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number and what it is of, such as "1 file" or "1,200 files"."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def folded(name: str) -> str:
    """Return a name in the form in which file systems that ignore case compare it."""
    return unicodedata.normalize("NFC", name.casefold())
