"""
A contact sheet: cards with pictures, in pages, in the browser.

It is one small anywidget, because a page of some hundred ipywidgets takes seconds to appear
(CONTRIBUTING has the figures). It knows nothing of albums: whoever shows something gives it cards
and a way to make pictures, and is told what was pressed.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import anywidget
import traitlets

from toolkit.errors import SightingsError
from toolkit.names import printable
from toolkit.widgets.background_work import InOrder, Message

# What a page holds at most.
MOST_PICTURES, MOST_CARDS = 120, 60


@dataclass(frozen=True)
class Picture:
    """
    A picture to be made when it is looked at.

    Attributes
    ----------
    token : str
        What `Pictures` makes it from, such as "sighting:12".
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
class Question:
    """
    Something that a card asks, until it is answered.

    Attributes
    ----------
    text : str
        What is asked.
    strips : tuple of Strip
        Pictures that it is about.
    actions : tuple of Action
        The answers.
    typed : str
        What stands in the card's field for the name meanwhile.
    """

    text: str
    strips: tuple[Strip, ...] = ()
    actions: tuple[Action, ...] = ()
    typed: str = ""


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
    unnamed : bool
        Whether what is in the field is no name yet: Enter in a field goes on to the next such one.
    asks : Question, optional
        What it asks.
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
    unnamed: bool = False
    asks: Question | None = None

    @property
    def pictures(self) -> int:
        """How many pictures it has."""
        return sum(len(strip.pictures) for strip in self.all_strips)

    @property
    def all_strips(self) -> tuple[Strip, ...]:
        """Its pictures, and those of what it asks."""
        return self.strips if self.asks is None else self.strips + self.asks.strips

    @property
    def all_actions(self) -> tuple[Action, ...]:
        """Its buttons, and those of what it asks."""
        return self.actions if self.asks is None else self.actions + self.asks.actions


class Cards(Sequence[Card]):
    """
    Cards that are made when they are looked at.

    Of tens of thousands, those of one page are. What must be known of all is given.

    Parameters
    ----------
    keys, titles : sequence of str
        Of n cards: by what gestures name them, and what they are found by. A line has "" as key.
    make : callable
        Makes the card at a place, 0 to n - 1.
    pictures : sequence of int
        How many each has.
    unnamed : set of int
        The places of those whose field holds no name yet.
    """

    def __init__(
        self,
        keys: Sequence[str],
        make: Callable[[int], Card],
        *,
        titles: Sequence[str],
        pictures: Sequence[int],
        unnamed: Set[int] = frozenset(),
    ) -> None:
        self.keys, self.titles, self.pictures = keys, titles, pictures
        self.unnamed = unnamed
        self._make = make

    @classmethod
    def of(cls, cards: Iterable[Card]) -> Cards:
        """Return cards that are there already."""
        made = tuple(cards)
        return cls(
            ["" if card.line else card.key for card in made],
            made.__getitem__,
            titles=[card.title for card in made],
            pictures=[card.pictures for card in made],
            unnamed={place for place, card in enumerate(made) if card.unnamed},
        )

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, place: int) -> Card: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Card, ...]: ...

    def __getitem__(self, place: int | slice) -> Card | tuple[Card, ...]:
        """Make a card, or several."""
        places = range(len(self))[place]
        if isinstance(places, range):
            return tuple(self._make(each) for each in places)
        return self._make(places)

    @cached_property
    def place_of(self) -> dict[str, int]:
        """Where the card with a key is; lines are left out."""
        return {key: place for place, key in enumerate(self.keys) if key}

    @property
    def total(self) -> int:
        """How many there are, without lines."""
        return len(self.place_of)

    def some(self, places: Sequence[int]) -> Cards:
        """Return those at some places."""
        return Cards(
            [self.keys[each] for each in places],
            lambda place: self._make(places[place]),
            titles=[self.titles[each] for each in places],
            pictures=[self.pictures[each] for each in places],
            unnamed={place for place, each in enumerate(places) if each in self.unnamed},
        )

    def with_title(self, text: str) -> Cards:
        """Return those whose title holds a text, in whatever case."""
        sought = text.casefold()
        return self.some(
            [
                place
                for place, (key, title) in enumerate(zip(self.keys, self.titles, strict=True))
                if key and sought in title.casefold()
            ]
        )


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
    asks, strips = plain["asks"], [*plain["strips"]]
    if asks is not None:
        asks["text"], asks["typed"] = printable(asks["text"]), printable(asks["typed"])
        # What is asked is seen whole, however many pictures the card has.
        strips = [*asks["strips"], *strips]
    left = MOST_PICTURES
    for strip in strips:
        strip["label"] = printable(strip["label"])
        strip["pictures"] = list(strip["pictures"])[:left]
        left -= len(strip["pictures"])
        for picture in strip["pictures"]:
            picture["label"] = printable(picture["label"])
    return plain


def tokens_of(cards: Iterable[Card]) -> dict[str, None]:
    """Return the tokens of cards' pictures, in order, each once."""
    return {
        picture.token: None
        for card in cards
        for strip in card.all_strips
        for picture in strip.pictures
    }


def on_wire(key: str) -> str:
    """Return a key as a browser can hold it: names of files may have bytes that are not text."""
    return key if key.isprintable() else ascii(key)


HERE = Path(__file__).parent
# How many pictures are sent at a time, and how many of the next page, which are made while nothing
# else is wanted; how many of the last ones are not made ahead again (a browser keeps some more).
BATCH, BATCH_AHEAD, REMEMBERED = 16, 4, 400
# Seconds after which what was said at the edge of the window goes: time to read two lines.
STAYS = 8.0

# Makes JPEGs for tokens, one each, in their order; called in a thread.
Pictures = Callable[[Sequence[str]], Sequence[bytes]]


class ContactSheet(anywidget.AnyWidget):
    """
    Cards in pages.

    Gestures are methods: `turn`, `find`, `open`, `rename`, `onward`, `act`, `undo`; a click in the
    browser calls the same.
    What a gesture raises is said in the sheet. The methods may be called from several threads.

    Attributes
    ----------
    page, pages, total : int
        The page that is shown, from 0; how many there are; cards of all pages, lines left out.
    sought : str
        What the titles of the cards that are shown hold; "" where all are shown.
    finds : bool
        Whether there is a field for that, where there is more than one page.
    known : list of str
        Names that are offered while one is typed.
    trouble : str
        What went wrong last, shown above the cards; "" for nothing.
    said : str
        What was said last, where the user is not looking: it stands at the edge of the window while
        the sheet is in view and what `follow` was given is not.
    stays : float
        Seconds for which that stands there, unless the pointer or the focus is on it.
    can_undo : bool
        Whether "Undo" stands beside it.
    grey : str
        Why pictures are grey, and what to do, shown above the cards: what the callable that makes
        them says of it in its attribute `grey`, if it has one.
    edition : int
        Grows when another callable makes the pictures: a token may then mean another picture.

    Parameters
    ----------
    pictures : callable
        Makes the JPEGs of a page, in a thread, when the browser wants them. Callables that compare
        as equal make the same picture of the same token. One that has `slow`, which says it of a
        token, makes those last, so that others need not wait.
    opened : callable, optional
        Called with a card's key.
    renamed : callable, optional
        Called with a card's key and what was typed.
    acted : callable, optional
        Called with a card's key and the action's.
    undone : callable, optional
        Called when Undo is pressed.
    label : str
        What the sheet shows, such as "Individuals".
    empty : str
        What to say where there are no cards.
    size : int
        Height of a picture, in px of the screen.
    name_label : str
        What the cards' field for a name is called.
    """

    _esm = HERE / "contact_sheet.js"
    _css = HERE / "contact_sheet.css"

    cards = traitlets.List(traitlets.Dict()).tag(sync=True)
    page = traitlets.Int(0).tag(sync=True)
    pages = traitlets.Int(0).tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    label = traitlets.Unicode("").tag(sync=True)
    empty = traitlets.Unicode("").tag(sync=True)
    sought = traitlets.Unicode("").tag(sync=True)
    finds = traitlets.Bool(False).tag(sync=True)
    known = traitlets.List(traitlets.Unicode()).tag(sync=True)
    trouble = traitlets.Unicode("").tag(sync=True)
    said = traitlets.Unicode("").tag(sync=True)
    stays = traitlets.Float(STAYS).tag(sync=True)
    can_undo = traitlets.Bool(False).tag(sync=True)
    grey = traitlets.Unicode("").tag(sync=True)
    edition = traitlets.Int(0).tag(sync=True)
    size = traitlets.Int(96).tag(sync=True)
    name_label = traitlets.Unicode("Name").tag(sync=True)

    def __init__(
        self,
        pictures: Pictures,
        *,
        opened: Callable[[str], None] | None = None,
        renamed: Callable[[str, str], None] | None = None,
        acted: Callable[[str, str], None] | None = None,
        undone: Callable[[], None] | None = None,
        label: str = "",
        empty: str = "",
        size: int = 96,
        name_label: str = "Name",
    ) -> None:
        super().__init__(label=label, empty=empty, size=size, name_label=name_label)
        self._pictures = pictures
        self._opened, self._renamed, self._acted, self._undone = opened, renamed, acted, undone
        # All, and those of them that were sought.
        self._all = self._listed = Cards.of(())
        self._starts: list[int] = []
        # Tokens: on the page; asked for; being made; of the next page; made lately.
        self._there: dict[str, None] = {}
        self._asked: dict[str, None] = {}
        self._making: tuple[str, ...] = ()
        self._ahead: dict[str, None] = {}
        self._made: dict[str, None] = {}
        self._looked_at = self._closed = False
        # What went wrong since something was asked for last.
        self._failed: Exception | None = None
        # Traits are set and read in one piece, from whichever thread.
        self._lock = threading.RLock()
        self._sent = threading.Condition(self._lock)
        self._feeding = InOrder("sheet")
        self.on_msg(self._heard)

    def show(
        self, cards: Iterable[Card], *, page: int = 0, pictures: Pictures | None = None
    ) -> None:
        """
        Show other cards.

        Parameters
        ----------
        cards : iterable of Card
            All of them, `Cards` where they are many; a page at a time goes to the browser.
        page : int
            The page to begin with; the last one if there are fewer.
        pictures : callable, optional
            From now on, what makes pictures.

        Raises
        ------
        ValueError
            If two cards have the same key.
        """
        cards = cards if isinstance(cards, Cards) else Cards.of(cards)
        keys = [key for key in cards.keys if key]
        if cards.total < len(keys):
            twice = Counter(keys).most_common(1)[0][0]
            raise ValueError(f"two cards have the key {twice!r}; expected a key for each")
        with self._lock, self.hold_sync():
            if pictures is not None and pictures != self._pictures:
                self._pictures = pictures
                self.edition += 1
                self._asked, self._made, self._making = {}, {}, ()
                self.grey = getattr(pictures, "grey", "")
            self._all = cards
            self._list(page)

    def find(self, text: str) -> None:
        """Show the cards whose title holds a text; "" for all."""
        with self._lock, self.hold_sync():
            self.sought = text.strip()
            self._list(0)

    def _list(self, page: int) -> None:
        """Lay out the pages of what is sought."""
        seeking = self.sought and self.finds
        self._listed = self._all.with_title(self.sought) if seeking else self._all
        self._starts = page_starts(self._listed.pictures)
        self.turn(page)

    def turn(self, page: int) -> None:
        """Show a page; the nearest one where there is none of that number."""
        with self._lock:
            page = max(0, min(page, len(self._starts) - 1))
            shown = self._on(page)
            self._there = tokens_of(shown)
            after = tokens_of(self._on(page + 1))
            self._ahead = {token: None for token in after if token not in self._made}
            with self.hold_sync():
                self.page, self.pages, self.total = page, len(self._starts), self._listed.total
                self.cards = [as_plain(card) for card in shown]
                self.trouble = ""
        self._begin()

    def shown(self) -> tuple[Card, ...]:
        """Return the cards of the page that is shown."""
        with self._lock:
            return self._on(self.page)

    @property
    def all_cards(self) -> Cards:
        """All cards, of every page, those that are not sought as well."""
        return self._all

    def open(self, key: str | None = None) -> None:
        """Open a card; without a key, the way to the browser, as every widget's `open` does."""
        if key is None:
            super().open()
        elif self._opened is not None and self._has(key):
            self._opened(key)

    def rename(self, key: str, text: str) -> None:
        """Type a name into a card's field."""
        if self._renamed is not None and self._has(key):
            self._renamed(key, text)

    def act(self, key: str, action: str) -> None:
        """Press a button of a card."""
        place = self._all.place_of.get(key)
        if self._acted is None or place is None:
            return
        if action in {each.key for each in self._all[place].all_actions}:
            self._acted(key, action)

    def onward(self, key: str) -> None:
        """Go from a card to the field of the next one, on whichever page, that has no name yet."""
        with self._lock:
            cards = self._listed
            # One that got another name since has left its key behind: then, the pages that follow.
            start = cards.place_of.get(key, self._end_of(self.page) - 1) + 1
            place = next((k for k in range(start, len(cards)) if k in cards.unnamed), None)
            if place is None:
                return
            self._turn_to(place)
        self.send({"kind": "focus", "key": on_wire(cards.keys[place])})

    def return_to(self, key: str) -> None:
        """Put the focus on a card, on whichever page it is; nothing where it has gone."""
        with self._lock:
            place = self._listed.place_of.get(key)
            if place is None:
                return
            self._turn_to(place)
        self.send({"kind": "focus", "key": on_wire(key), "card": True})

    def undo(self) -> None:
        """Press Undo."""
        if self._undone is not None:
            self._undone()

    def follow(self, message: Message) -> None:
        """Say what a message above the sheet says also where that is out of view."""

        def heard(_: object) -> None:
            self.said = message.plain

        message.observe(heard, names="value")
        heard(None)

    def untype(self) -> None:
        """Put the names back that are in the cards, where others were typed and not taken."""
        self.send({"kind": "untype"})

    def want(self, tokens: Sequence[str]) -> None:
        """
        Make pictures and send them to the browser, those of the page in the order asked.

        They go to every view. Those of a page that is left are dropped; when all are sent, those of
        the next page follow, so that it is there at once when it is turned to.
        """
        with self._lock:
            self._looked_at, self._failed = True, None
            for token in tokens:
                if token in self._there and token not in self._making:
                    self._asked[token] = None
        self._begin()

    @property
    def lacking(self) -> tuple[str, ...]:
        """What a browser will ask for of the page: the tokens that were not sent it lately."""
        with self._lock:
            return tuple(token for token in self._there if token not in self._made)

    def settle(self, timeout: float | None = 10.0, *, ahead: bool = True) -> None:
        """
        Wait until pictures are sent.

        Parameters
        ----------
        timeout : float or None
            Seconds after which it waits no longer; None for no end.
        ahead : bool
            Whether those of the next page are waited for, beside those asked for.

        Raises
        ------
        TimeoutError
            If they are not sent by then. What making them raised is raised here, too.
        """
        if ahead:
            self._feeding.wait(timeout)
            return
        with self._sent:
            if not self._sent.wait_for(lambda: self._closed or not self._awaited(), timeout):
                raise TimeoutError(f"the pictures of the page were not made in {timeout} s")
            if self._failed is not None:
                raise self._failed

    def _awaited(self) -> bool:
        """Whether pictures of the page were asked for, and are not sent yet."""
        return any(token in self._there for token in (*self._asked, *self._making))

    def close(self) -> None:
        """Take the sheet away."""
        with self._sent:
            self._closed = True
            self._sent.notify_all()
        self._feeding.close()
        super().close()

    def _begin(self) -> None:
        """See to it that pictures are made, once somebody looks."""
        with self._lock:
            if self._looked_at and not self._closed and (self._asked or self._ahead):
                self._feeding.do(self._feed)

    def _feed(self) -> None:
        while True:
            with self._lock:
                tokens, maker, edition = self._next(), self._pictures, self.edition
                self._making = tokens
            if not tokens or self._closed:
                with self._sent:
                    self._sent.notify_all()
                return
            try:
                made = list(maker(tokens))
                if len(made) != len(tokens):
                    raise ValueError(f"{len(made)} pictures came for {len(tokens)} tokens")
            except Exception as error:
                with self._lock:
                    self._asked, self._ahead, self._making = {}, {}, ()
                    self._failed = error
                    self._say(error)
                    self._sent.notify_all()
                raise
            self.send({"kind": "pictures", "tokens": list(tokens), "edition": edition}, made)
            with self._lock:
                self._making = ()
                if edition == self.edition:
                    self.grey = getattr(maker, "grey", "")
                    for token in tokens:
                        self._made.pop(token, None)
                        self._made[token] = None
                    while len(self._made) > REMEMBERED:
                        del self._made[next(iter(self._made))]
                self._sent.notify_all()

    def _next(self) -> tuple[str, ...]:
        """Take the tokens to be made now: those asked for, or else some of the next page."""
        self._asked = {token: None for token in self._asked if token in self._there}
        source, most = (self._asked, BATCH) if self._asked else (self._ahead, BATCH_AHEAD)
        slow = getattr(self._pictures, "slow", lambda _: False)
        quick = [token for token in source if not slow(token)]
        tokens = tuple(quick or source)[:most]
        for token in tokens:
            del source[token]
        return tokens

    def _say(self, error: Exception) -> None:
        """Say in the sheet what went wrong."""
        mend = isinstance(error, SightingsError)
        said = f"Not done: {error}" if mend else f"A bug: {type(error).__name__}: {error}"
        self.trouble = printable(said)

    @traitlets.validate("known")
    def _known(self, proposal: dict[str, Any]) -> list[str]:
        return [name for name in proposal["value"] if printable(name) == name]

    def _heard(self, _: Any, content: object, __: object) -> None:
        """Take a message of the browser for the gesture it tells of."""
        if not isinstance(content, dict):
            return
        kind, key, value = (content.get(part) for part in ("kind", "key", "value"))
        self.send({"kind": "heard"})
        if kind == "want" and isinstance(value, list):
            self.want([token for token in value if isinstance(token, str)])
            return
        if kind == "undo":
            key = None
        elif isinstance(key, str):
            key = next((card.key for card in self.shown() if on_wire(card.key) == key), None)
        if kind == "onward" and self.trouble:
            # It follows a name, and that was not taken: who typed it stays there, and reads why.
            return
        self.trouble = ""
        try:
            if kind == "turn" and isinstance(value, int):
                self.turn(value)
            elif kind == "find" and isinstance(value, str):
                self.find(value)
            elif kind == "open" and key is not None:
                self.open(key)
            elif kind == "rename" and key is not None and isinstance(value, str):
                self.rename(key, value)
            elif kind == "act" and key is not None and isinstance(value, str):
                self.act(key, value)
            elif kind == "onward":
                self.onward(key or "")
            elif kind == "undo":
                self.undo()
        except Exception as error:
            self._say(error)
            # One that the user can mend is said; a bug goes to Jupyter's log as well.
            if not isinstance(error, SightingsError):
                raise

    def _turn_to(self, place: int) -> None:
        """Turn to the page of a card, if it is another."""
        page = bisect_right(self._starts, place) - 1
        if page != self.page:
            self.turn(page)

    def _on(self, page: int) -> tuple[Card, ...]:
        if not 0 <= page < len(self._starts):
            return ()
        return self._listed[self._starts[page] : self._end_of(page)]

    def _end_of(self, page: int) -> int:
        """Return the place after the last card of a page."""
        if page + 1 < len(self._starts):
            return self._starts[page + 1]
        return len(self._listed)

    def _has(self, key: str) -> bool:
        return key in self._all.place_of
