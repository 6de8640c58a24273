"""Cards of a contact sheet, with their pictures, strips and buttons, and how they fill pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from toolkit.names import printable

# What a page holds at most.
MOST_PICTURES, MOST_CARDS = 120, 60


@dataclass(frozen=True)
class Picture:
    """
    A picture to be made when it is looked at.

    Attributes
    ----------
    token : str
        What `Pictures` makes it from, such as "face:12".
    label : str
        What it shows, for those who cannot see it.
    size : int
        Its height, in px of the screen; 0 for that of the sheet.
    """

    token: str
    label: str = ""
    size: int = 0


@dataclass(frozen=True)
class Strip:
    """Pictures side by side, with a word above them where there are several strips."""

    pictures: tuple[Picture, ...]
    label: str = ""


@dataclass(frozen=True)
class Action:
    """Something to do with a card: a button, and a key that presses it (a single letter, or "")."""

    key: str
    label: str
    shortcut: str = ""


@dataclass(frozen=True)
class Card:
    """
    One card.

    Attributes
    ----------
    key : str
        By which gestures name it; no two cards of a sheet have the same.
    title, note, badge : str
        Its heading, a line below it, and a word that marks it ("doubtful").
    strips : tuple of Strip
        Its pictures.
    actions : tuple of Action
        Its buttons.
    name : str or None
        A field to type a name into, and what is in it; None for no field.
    opens : str
        The button that opens the card, such as "all 12 photos"; "" for none.
    line : bool
        A line across the sheet, with the title as its text, in place of a card.
    """

    key: str
    title: str = ""
    note: str = ""
    badge: str = ""
    strips: tuple[Strip, ...] = ()
    actions: tuple[Action, ...] = ()
    name: str | None = None
    opens: str = ""
    line: bool = False

    @property
    def pictures(self) -> int:
        """How many pictures it has."""
        return sum(len(strip.pictures) for strip in self.strips)


def page_starts(pictures: Sequence[int]) -> list[int]:
    """
    Return where pages begin, so that none has more than `MOST_PICTURES` or `MOST_CARDS`.

    Parameters
    ----------
    pictures : sequence of int
        How many each card has; a card with more than a page's worth has a page of its own.
    """
    starts: list[int] = []
    held = cards = 0
    for place, count in enumerate(pictures):
        if not starts or held + count > MOST_PICTURES or cards >= MOST_CARDS:
            starts.append(place)
            held = cards = 0
        held += count
        cards += 1
    return starts


def as_plain(card: Card) -> dict[str, Any]:
    """Return a card as plain values, its text fit to be shown; the browser takes it as text."""
    plain = asdict(card)
    plain["key"] = on_wire(card.key)
    for part in ("title", "note", "badge", "opens"):
        plain[part] = printable(plain[part])
    if card.name is not None:
        plain["name"] = printable(card.name)
    left = MOST_PICTURES
    for strip in plain["strips"]:
        strip["label"] = printable(strip["label"])
        strip["pictures"] = list(strip["pictures"])[:left]
        left -= len(strip["pictures"])
        for picture in strip["pictures"]:
            picture["label"] = printable(picture["label"])
    return plain


def tokens_of(cards: Iterable[Card]) -> dict[str, None]:
    """Return the tokens of cards' pictures, in order, each once."""
    return {
        picture.token: None for card in cards for strip in card.strips for picture in strip.pictures
    }


def on_wire(key: str) -> str:
    """Return a key as a browser can hold it: names of files may have bytes that are not text."""
    return key if key.isprintable() else ascii(key)
