"""The contact sheet: pages, gestures, and which pictures are sent when."""

import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import BadSetting
from toolkit.names import printable
from toolkit.widgets import contact_sheet
from toolkit.widgets.background_work import Message
from toolkit.widgets.contact_sheet import (
    MOST_CARDS,
    Action,
    Card,
    Cards,
    ContactSheet,
    Picture,
    Question,
    Strip,
    as_plain,
    on_wire,
    page_starts,
    tokens_of,
)


@pytest.fixture(autouse=True)
def pages_of_two_hundred(monkeypatch):
    """How many pictures a page has is a matter of speed; what is said below is of 200."""
    monkeypatch.setattr(contact_sheet, "MOST_PICTURES", 200)


HOSTILE = "<b>\x00\udcff\u202e</b>"


def jpegs(tokens):
    return [token.encode() for token in tokens]


def strip(*tokens: str) -> tuple[Strip, ...]:
    return (Strip(tuple(Picture(token, f"face {token}") for token in tokens)),)


def card(number: int, pictures: int = 1, **more) -> Card:
    tokens = [f"{number}.{k}" for k in range(pictures)]
    return Card(f"key {number}", f"card {number}", strips=strip(*tokens), **more)


class Listened(ContactSheet):
    """A sheet that writes down what it sends."""

    def __init__(self, pictures=jpegs, **more) -> None:
        self.sent: list[tuple[dict, list[bytes]]] = []
        super().__init__(pictures, **more)

    def send(self, content, buffers=None) -> None:
        self.sent.append((content, buffers or []))

    def pictures(self) -> list[tuple[str, bytes]]:
        return [
            pair
            for content, buffers in self.sent
            if content["kind"] == "pictures"
            for pair in zip(content["tokens"], buffers, strict=True)
        ]

    def hear(self, **content) -> None:
        self._heard(self, content, [])


@pytest.fixture
def heard() -> list[tuple[str, ...]]:
    return []


@pytest.fixture
def sheet(heard):
    made = Listened(
        opened=lambda key: heard.append(("open", key)),
        renamed=lambda key, text: heard.append(("rename", key, text)),
        acted=lambda key, action: heard.append(("act", key, action)),
    )
    yield made
    made.close()


@given(st.lists(st.integers(0, 450), max_size=400))
def test_pages_are_full_and_never_too_full(counts):
    starts = page_starts(counts)
    ends = [*starts[1:], len(counts)][: len(starts)]
    assert starts == sorted(set(starts))
    assert starts[:1] == [0][: len(counts)]
    for start, end in zip(starts, ends, strict=True):
        page = counts[start:end]
        assert 1 <= len(page) <= MOST_CARDS
        assert sum(page) <= contact_sheet.MOST_PICTURES or len(page) == 1
        # One more would not have fitted.
        if end < len(counts):
            assert len(page) == MOST_CARDS or sum(page) + counts[end] > contact_sheet.MOST_PICTURES


def test_a_page_goes_to_the_browser_at_a_time(sheet):
    sheet.show([card(k, 6) for k in range(100)] + [Card("line", "a line", line=True)])
    assert (sheet.page, sheet.pages, sheet.total) == (0, 4, 100)
    assert [each["key"] for each in sheet.cards] == [f"key {k}" for k in range(33)]
    sheet.turn(99)
    assert (sheet.page, len(sheet.cards)) == (3, 2)
    sheet.turn(-1)
    assert sheet.page == 0
    sheet.show([card(1)], page=7)
    assert (sheet.page, sheet.pages, sheet.total) == (0, 1, 1)
    sheet.show([])
    assert (sheet.page, sheet.pages, sheet.total, sheet.cards, sheet.shown()) == (0, 0, 0, [], ())


def test_two_cards_with_one_key_are_refused(sheet):
    with pytest.raises(ValueError, match="'key 1'"):
        sheet.show([card(1), card(2), card(1)])


def test_only_what_the_page_shows_is_sent_in_the_order_asked(sheet):
    sheet.show([card(k, 6) for k in range(33)])
    sheet.want(["5.0", "0.3", "40.0", "whole:1", "5.0", "0.1"])
    sheet.settle()
    assert sheet.pictures() == [("5.0", b"5.0"), ("0.3", b"0.3"), ("0.1", b"0.1")]
    assert sheet.sent[0][0] == {"kind": "pictures", "tokens": ["5.0", "0.3", "0.1"], "edition": 0}


def test_the_next_page_is_made_ahead_after_what_is_asked_for(sheet):
    sheet.show([card(k, 100) for k in range(6)])
    assert sheet.sent == []
    first, second, third = (list(tokens_of(sheet.all_cards[k : k + 2])) for k in (0, 2, 4))
    sheet.want(first)
    sheet.settle()
    assert [token for token, _ in sheet.pictures()] == first + second
    sheet.turn(1)
    sheet.settle()
    assert [token for token, _ in sheet.pictures()] == first + second + third
    # What a browser has is not made again, unless it asks.
    sheet.turn(0)
    sheet.settle()
    assert len(sheet.pictures()) == 600
    sheet.want(first[:1])
    sheet.settle()
    assert sheet.pictures()[600:] == [(first[0], first[0].encode())]


def test_the_page_can_be_waited_for_without_the_next_one() -> None:
    slow = Slow()
    sheet = Listened(slow)
    sheet.show([card(k, 20) for k in range(20)])
    first, second = (list(tokens_of(sheet.all_cards[k : k + 10])) for k in (0, 10))
    assert sheet.lacking == tuple(first)
    sheet.want(sheet.lacking)
    page = -(-len(first) // contact_sheet.BATCH)
    slow.go.release(page)
    sheet.settle(20, ahead=False)
    assert sheet.lacking == ()
    assert [token for token, _ in sheet.pictures()] == first
    slow.go.release(1)
    for _ in range(page + 2):
        assert slow.begun.acquire(timeout=20)
    # Some of the next page are sent by now, and a browser asks for the others.
    sheet.turn(1)
    assert sheet.lacking == tuple(second[contact_sheet.BATCH_AHEAD :])
    sheet.want(sheet.lacking)
    slow.go.release(100)
    sheet.settle(20, ahead=False)
    assert sheet.lacking == ()
    sheet.close()


def test_nobody_waits_for_a_page_that_is_closed_or_cannot_be_made() -> None:
    slow = Slow()
    sheet = Listened(slow)
    sheet.show([card(0, 20)])
    sheet.want(sheet.lacking)
    assert slow.begun.acquire(timeout=20)
    with pytest.raises(TimeoutError):
        sheet.settle(0.01, ahead=False)
    sheet.close()
    sheet.settle(20, ahead=False)
    slow.go.release(100)
    broken = Listened(lambda _: 1 / 0)
    broken.show([card(0)])
    broken.want(broken.lacking)
    with pytest.raises(ZeroDivisionError):
        broken.settle(20, ahead=False)
    broken.close()


def test_what_is_slow_to_make_comes_after_all_else() -> None:
    class Pictures:
        def slow(self, token):
            return token in ("0.0", "0.2")

        def __call__(self, tokens):
            return jpegs(tokens)

    sheet = Listened(Pictures())
    sheet.show([card(0, 5)])
    sheet.want([f"0.{k}" for k in range(5)])
    sheet.settle()
    sent = [content["tokens"] for content, _ in sheet.sent if content.get("kind") == "pictures"]
    assert sent == [["0.1", "0.3", "0.4"], ["0.0", "0.2"]]


class Slow:
    """Makes pictures one batch at a time, when told."""

    def __init__(self) -> None:
        self.go, self.begun = threading.Semaphore(0), threading.Semaphore(0)
        self.batches: list[tuple[str, ...]] = []

    def __call__(self, tokens):
        self.batches.append(tuple(tokens))
        self.begun.release()
        assert self.go.acquire(timeout=20)
        return jpegs(tokens)


def test_pictures_of_a_page_that_is_left_are_dropped(heard):
    slow = Slow()
    sheet = Listened(slow)
    sheet.show([card(k, 100) for k in range(4)])
    sheet.want(list(tokens_of(sheet.shown())))
    assert slow.begun.acquire(timeout=20)
    sheet.turn(1)
    sheet.want(["2.0", "2.1"])
    slow.go.release(1000)
    sheet.settle()
    assert [token for token, _ in sheet.pictures()] == [
        *(f"0.{k}" for k in range(16)),
        "2.0",
        "2.1",
    ]
    sheet.close()


def test_what_two_views_ask_for_is_made_once():
    slow = Slow()
    sheet = Listened(slow)
    sheet.show([card(0, 20)])
    tokens = list(tokens_of(sheet.shown()))
    sheet.want(tokens)
    assert slow.begun.acquire(timeout=20)
    sheet.want(tokens)
    slow.go.release(100)
    sheet.settle()
    assert sorted(token for batch in slow.batches for token in batch) == sorted(tokens)
    sheet.close()


def test_showing_the_same_cards_again_loses_no_picture():
    slow = Slow()
    sheet = Listened(slow)
    sheet.show([card(0, 40)])
    tokens = list(tokens_of(sheet.shown()))
    sheet.want(tokens)
    assert slow.begun.acquire(timeout=20)
    sheet.show([card(0, 40)])
    slow.go.release(100)
    sheet.settle()
    assert [token for token, _ in sheet.pictures()] == tokens
    sheet.close()


def test_other_pictures_are_another_edition():
    slow = Slow()
    sheet = Listened(slow)
    sheet.show([card(0)])
    sheet.want(["0.0"])
    assert slow.begun.acquire(timeout=20)
    sheet.show([card(0)], pictures=slow)
    assert sheet.edition == 0
    sheet.show([card(0)], pictures=lambda tokens: [b"new"] * len(tokens))
    assert sheet.edition == 1
    sheet.want(["0.0"])
    slow.go.release(1)
    sheet.settle()
    assert [(content["edition"], made) for content, made in sheet.sent] == [
        (0, [b"0.0"]),
        (1, [b"new"]),
    ]
    sheet.close()


@pytest.mark.parametrize("wrong", [lambda _: 1 / 0, lambda tokens: [b""]])
def test_pictures_that_cannot_be_made_are_told_of(wrong):
    sheet = Listened(wrong)
    sheet.show([card(0, 3)])
    sheet.want(["0.0", "0.1"])
    with pytest.raises((ZeroDivisionError, ValueError)):
        sheet.settle()
    assert sheet.trouble.startswith("A bug: ")
    sheet.show([card(1)])
    assert sheet.trouble == ""
    sheet.close()


def test_nothing_is_asked_of_a_closed_sheet(sheet):
    sheet.show([card(0)])
    sheet.close()
    sheet.want(["0.0"])
    sheet.settle()
    assert sheet.pictures() == []


def test_gestures_are_told_of_those_cards_that_are_there(sheet, heard):
    sheet.show([card(0, actions=(Action("yes", "Yes", "y"),), name="", opens="all")])
    sheet.open("key 0")
    sheet.rename("key 0", "Ann")
    sheet.act("key 0", "yes")
    sheet.act("key 0", "no")
    for gesture in (
        sheet.open,
        lambda key: sheet.rename(key, "x"),
        lambda key: sheet.act(key, "yes"),
    ):
        gesture("key 1")
    assert heard == [("open", "key 0"), ("rename", "key 0", "Ann"), ("act", "key 0", "yes")]


def test_messages_of_a_browser_are_gestures(sheet, heard):
    sheet.show([card(k, 100, actions=(Action("yes", "Yes"),)) for k in range(6)])
    sheet.hear(kind="turn", value=1)
    assert sheet.page == 1
    sheet.hear(kind="open", key="key 2")
    sheet.hear(kind="rename", key="key 3", value="Ann")
    sheet.hear(kind="act", key="key 2", value="yes")
    sheet.hear(kind="want", value=["2.0", 7, None])
    sheet.settle()
    assert heard == [("open", "key 2"), ("rename", "key 3", "Ann"), ("act", "key 2", "yes")]
    assert sheet.pictures()[0] == ("2.0", b"2.0")
    assert sum(content == {"kind": "heard"} for content, _ in sheet.sent) == 5


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"kind": "turn", "value": "1"},
        {"kind": "open", "key": 3},
        {"kind": "open"},
        {"kind": "rename", "key": "key 0"},
        {"kind": "act", "key": "key 0", "value": ["yes"]},
        {"kind": "want", "value": "0.0"},
        {"kind": "other", "key": "key 0", "value": "x"},
    ],
)
def test_messages_that_are_no_gesture_do_nothing(sheet, heard, content):
    sheet.show([card(0)])
    sheet.hear(**content)
    sheet._heard(sheet, "text", [])
    assert heard == []
    assert sheet.page == 0
    assert sheet.pictures() == []


def test_what_a_gesture_raises_stands_in_the_sheet():
    def refuse(key, text):
        raise BadSetting("a name is too long") if text == "long" else KeyError("lost")

    sheet = Listened(renamed=refuse)
    sheet.show([card(0, name=""), card(1, name="", unnamed=True)])
    sheet.hear(kind="rename", key="key 0", value="long")
    assert sheet.trouble == "Not done: a name is too long"
    # Enter asks for the next card right after: who typed the name stays with it, and reads why.
    sent = len(sheet.sent)
    sheet.hear(kind="onward", key="key 0")
    assert sheet.trouble == "Not done: a name is too long"
    assert [content["kind"] for content, _ in sheet.sent[sent:]] == ["heard"]
    with pytest.raises(KeyError):
        sheet.hear(kind="rename", key="key 0", value="x")
    assert sheet.trouble == "A bug: KeyError: 'lost'"
    sheet.hear(kind="turn", value=0)
    assert sheet.trouble == ""
    sheet.close()


def test_text_is_fit_for_a_message_and_keys_find_their_card(sheet, heard):
    hostile = Card(
        HOSTILE,
        HOSTILE,
        HOSTILE,
        HOSTILE,
        (Strip((Picture("1", HOSTILE),), HOSTILE),),
        name=HOSTILE,
        opens=HOSTILE,
    )
    sheet.show([hostile])
    sheet.known = [HOSTILE, "Ann"]
    assert sheet.known == ["Ann"]
    text = json.dumps(sheet.cards, ensure_ascii=False)
    text.encode("utf-8")
    assert "\x00" not in text
    assert "\u202e" not in text
    sheet.hear(kind="open", key=sheet.cards[0]["key"])
    assert heard == [("open", HOSTILE)]


@given(st.sets(st.text(max_size=5), max_size=6))
def test_keys_stay_apart_on_their_way(keys):
    assert len({on_wire(key) for key in keys}) == len(keys)
    for key in keys:
        on_wire(key).encode("utf-8")


def test_a_card_never_has_more_than_a_page_of_pictures(sheet):
    tokens = [str(k) for k in range(350)]
    large = Card("large", strips=strip(*tokens[:150]) + strip(*tokens[150:]))
    plain = as_plain(large)
    assert [len(each["pictures"]) for each in plain["strips"]] == [150, 50]
    last = plain["strips"][1]["pictures"][-1]
    assert (last["token"], last["label"]) == ("199", "face 199")


def test_pages_turned_from_many_threads_stay_whole(sheet):
    """Whatever is shown, its cards and its page belong together."""
    sheet.show([card(k, 100) for k in range(40)])
    wrong = []

    def turn(start: int) -> None:
        for k in range(60):
            if k % 7 == start:
                sheet.show([card(k, 100) for k in range(20 + start)])
            sheet.turn((k * 7 + start) % 25)
            with sheet._lock:
                if [each["key"] for each in sheet.cards] != [each.key for each in sheet.shown()]:
                    wrong.append(sheet.page)

    threads = [threading.Thread(target=turn, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_page_is_never_more_than_two_hundred_pictures(monkeypatch) -> None:
    monkeypatch.undo()
    assert 0 < contact_sheet.MOST_PICTURES <= 200


class Grey:
    """Makes pictures, and says why some are grey."""

    def __init__(self) -> None:
        self.grey = ""

    def __call__(self, tokens):
        self.grey = f"{len(tokens)} photos are not where they were"
        return jpegs(tokens)


def test_why_pictures_are_grey_stands_above_them_and_stays():
    maker = Grey()
    sheet = Listened(maker)
    sheet.show([card(1, 3)])
    assert sheet.grey == ""
    sheet.want(["1.0", "1.1", "1.2"])
    sheet.settle()
    assert sheet.grey == "3 photos are not where they were"
    # Whatever is pressed: it is as true as before.
    sheet.hear(kind="turn", value=0)
    assert sheet.grey == "3 photos are not where they were"
    # Others that make pictures have their own reasons, or none.
    sheet.show([card(1, 3)], pictures=jpegs)
    assert sheet.grey == ""
    sheet.close()


def test_what_a_card_asks_is_shown_and_answered_on_it():
    pressed = []
    about = Question(
        "One?\x1b", (*strip("a"), *strip("b")), (Action("yes", "Yes"), Action("no", "No")), "Ann"
    )
    shown = Card("one", "one", strips=strip("c"), name="one", asks=about)
    made = ContactSheet(lambda tokens: [b"x"] * len(tokens), acted=lambda *of: pressed.append(of))
    made.show([shown, Card("two", "two", strips=strip("d"))])
    plain = made.cards[0]["asks"]
    assert plain["text"] == printable("One?\x1b") != "One?\x1b"
    assert plain["typed"] == "Ann"
    assert [each["token"] for strips in plain["strips"] for each in strips["pictures"]] == [
        "a",
        "b",
    ]
    assert [each["label"] for each in plain["actions"]] == ["Yes", "No"]
    assert shown.pictures == 3
    assert set(made._there) == {"a", "b", "c", "d"}
    made.act("one", "yes")
    made.act("two", "yes")
    assert pressed == [("one", "yes")]
    made.close()


def test_onward_goes_to_the_next_card_without_a_name_on_whichever_page():
    sent = []
    made = ContactSheet(lambda tokens: [b"x"] * len(tokens))
    made.send = lambda content, buffers=None: sent.append(content)
    cards = [
        Card(str(k), str(k), strips=strip("x"), name=str(k), unnamed=k in (3, 150))
        for k in range(200)
    ]
    made.show(cards)
    assert made.pages == 4
    made.onward("0")
    assert (made.page, sent[-1]) == (0, {"kind": "focus", "key": "3"})
    made.onward("3")
    assert (made.page, sent[-1]) == (2, {"kind": "focus", "key": "150"})
    # Who got another name meanwhile: the pages that follow.
    made.turn(1)
    made.onward("a key of before")
    assert (made.page, sent[-1]) == (2, {"kind": "focus", "key": "150"})
    count = len(sent)
    made.onward("150")
    assert (made.page, len(sent)) == (2, count)
    # The way back to a card, whichever page it is on now.
    made.return_to("3")
    assert (made.page, sent[-1]) == (0, {"kind": "focus", "key": "3", "card": True})
    count = len(sent)
    made.return_to("one that has gone")
    assert (made.page, len(sent)) == (0, count)
    made.close()


def test_undo_of_the_browser_is_undo_and_a_message_is_said_again():
    undone, message = [], Message()
    made = ContactSheet(lambda tokens: [b"x"] * len(tokens), undone=lambda: undone.append(1))
    made.follow(message)
    assert 5 <= made.stays <= 15
    message.mend("a <b> & c")
    assert made.said == "Not done: a <b> & c"
    message.clear()
    assert made.said == ""
    made._heard(None, {"kind": "undo"}, None)
    assert undone == [1]
    made.close()


def many(count: int, made: list[int]) -> Cards:
    """Cards that tell when they are made; every third has no name."""

    def make(place: int) -> Card:
        made.append(place)
        return card(place, 2)

    return Cards(
        [f"key {place}" for place in range(count)],
        make,
        titles=[f"Card {place}" for place in range(count)],
        pictures=[2] * count,
        unnamed=frozenset(range(0, count, 3)),
    )


def test_of_many_cards_those_of_a_page_are_made(sheet) -> None:
    made: list[int] = []
    sheet.show(many(10_000, made))
    # Those of the page, and those whose pictures are made ahead.
    assert set(made) == set(range(2 * MOST_CARDS))
    assert (sheet.total, len(sheet.cards)) == (10_000, MOST_CARDS)
    made.clear()
    sheet.return_to("key 9999")
    assert sheet.cards[-1]["key"] == "key 9999"
    assert set(made) <= set(range(10_000 - 2 * MOST_CARDS, 10_000))
    sheet.turn(0)
    sheet.onward("key 60")
    assert sheet.sent[-1][0] == {"kind": "focus", "key": "key 63"}


def test_cards_that_are_found_by_a_part_of_their_title(sheet) -> None:
    sheet.finds = True
    sheet.show(many(1000, []), page=3)
    sheet.hear(kind="find", key="", value=" card 99 ")
    assert [each["key"] for each in sheet.cards] == ["key 99", *(f"key 99{k}" for k in range(10))]
    assert (sheet.sought, sheet.page, sheet.pages, sheet.total) == ("card 99", 0, 1, 11)
    # What is shown anew is sought in, too; one that is not shown can still be pressed.
    sheet.show(many(992, []))
    assert sheet.total == 3
    assert len(sheet.all_cards) == 992
    sheet.hear(kind="find", key="", value="nobody")
    assert (sheet.cards, sheet.total) == ([], 0)
    sheet.hear(kind="find", key="", value="")
    assert sheet.total == 992


def test_where_nothing_can_be_sought_all_is_shown(sheet) -> None:
    sheet.finds = True
    sheet.show(many(200, []))
    sheet.find("card 7")
    sheet.finds = False
    sheet.show([card(1), card(2)])
    assert sheet.total == 2


@given(
    titles=st.lists(st.text(max_size=4), min_size=1, max_size=30),
    text=st.text(max_size=2),
    lines=st.sets(st.integers(0, 29), max_size=3),
)
def test_what_is_found_is_what_holds_the_text(titles, text, lines) -> None:
    all_cards = [
        Card(f"key {place}", title, line=place in lines, unnamed=place % 2 == 0)
        for place, title in enumerate(titles)
    ]
    cards = Cards.of(all_cards)
    assert list(cards) == all_cards
    assert cards[-1] == all_cards[-1]
    found = cards.with_title(text)
    wanted = [
        each for each in all_cards if not each.line and text.casefold() in each.title.casefold()
    ]
    assert list(found) == wanted
    assert [place in found.unnamed for place in range(len(found))] == [w.unnamed for w in wanted]
    assert found.total == len(wanted)
    assert cards.total == sum(not each.line for each in all_cards)
