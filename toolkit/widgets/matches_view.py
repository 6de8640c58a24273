"""The matches of known individuals: all, one of them in order, the doubtful ones; yes or no."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import ipywidgets
import pandas as pd
import traitlets

from toolkit.curation import history, match_list
from toolkit.curation.history import Gesture
from toolkit.curation.match_list import ACCEPTED, BEYOND, REFUSED, SAID, UNSURE
from toolkit.errors import BadSetting
from toolkit.grouping.constraints import Decided
from toolkit.grouping.identification import SECOND, References
from toolkit.names import counted, folded, printable
from toolkit.photos.thumbnails import Thumbnails
from toolkit.records import SIGHTING_ID, Album, Words
from toolkit.results.result import LITTLE, NOT_SURE, PointAndShootResult
from toolkit.session import Session
from toolkit.settings import PointAndShootSettings
from toolkit.subjects import registry
from toolkit.widgets.background_work import InOrder, Message, in_html, safe
from toolkit.widgets.contact_sheet import Action, Card, ContactSheet, Picture, Strip
from toolkit.widgets.individuals_view import (
    PHOTO_SIZE,
    SightingPictures,
    counts,
    file_of,
    missed_action,
    photo_picture,
    sighting_picture,
    whole_card,
)
from toolkit.widgets.threshold_explorer import Choice, ThresholdLine

ACCEPT = Action(match_list.ACCEPT, "Accept", "y")
REFUSE = Action(match_list.REFUSE, "Refuse", "n")
IGNORE = Action(match_list.IGNORE, "Leave out", "i")
# Of somebody's card: gets no folder, or has it again.
HIDE, SHOW = Action("hide", "No folder", "h"), Action("hide", "Folder again", "h")
# Pictures of examples, and of what was found, on the card of one that is known.
EXAMPLES, SHOWN = 2, 4


class MatchAlbum:
    """
    The pictures of an album, and its sightings by their identifiers.

    Attributes
    ----------
    album : Album
        Every sighting.
    thumbnails : Thumbnails
        Their pictures.
    keys : tuple of str
        The identifier of each sighting.
    row_of : dict of str to int
        The row of each identifier.
    """

    def __init__(self, album: Album) -> None:
        self.album, self.thumbnails = album, Thumbnails(album)
        self.keys: tuple[str, ...] = tuple(album.sightings[SIGHTING_ID])
        self.row_of = {key: row for row, key in enumerate(self.keys)}


class MatchPictures(SightingPictures):
    """
    Makes pictures of sightings and photos, and of examples ("example:K": the photo of reference K).

    Parameters
    ----------
    thumbnails : Thumbnails
        What makes and keeps them.
    references : References
        Those who are known.
    """

    def __init__(self, thumbnails: Thumbnails, references: References) -> None:
        super().__init__(thumbnails)
        self.references = references

    def __eq__(self, other: object) -> bool:
        """Whether the other makes the same pictures of the same tokens."""
        return (
            isinstance(other, MatchPictures)
            and other.thumbnails is self.thumbnails
            and other.references is self.references
        )

    def __hash__(self) -> int:
        return hash((id(self.thumbnails), id(self.references)))

    def __call__(self, tokens: Sequence[str]) -> list[bytes]:
        """Return a JPEG for each token."""
        others = iter(super().__call__([each for each in tokens if not _is_example(each)]))
        return [self._example(each) if _is_example(each) else next(others) for each in tokens]

    def _example(self, token: str) -> bytes:
        path = self.references.paths[int(token.partition(":")[2])]
        return self.thumbnails.photo(path, size=PHOTO_SIZE)


def known_cards(
    known: pd.DataFrame,
    table: pd.DataFrame,
    matched: MatchAlbum,
    references: References,
    hidden: Collection[str] = (),
) -> list[Card]:
    """
    Return one card for each who is known: examples, the clearest found, photos and doubts.

    Parameters
    ----------
    known : pandas.DataFrame
        Of `toolkit.curation.match_list.individuals`.
    table : pandas.DataFrame
        Of `toolkit.curation.match_list.judged`.
    matched : MatchAlbum
        What shows the sightings.
    references : References
        Those who are known.
    hidden : collection of str
        Who gets no folder.
    """
    words = matched.album.words
    held = table[table["state"].isin([ACCEPTED, SAID])]
    rows_of = {str(name): group.tolist() for name, group in held.groupby("individual")["row"]}
    cards = []
    everybody: Iterable[Any] = known.itertuples(index=False)
    for each in everybody:
        name, photos, seen, doubts = (
            str(each.individual),
            each.photos,
            each.sightings,
            each.doubtful,
        )
        strips = [Strip(examples_of(references, name)[:EXAMPLES], "example")]
        if name in rows_of:
            best = matched.thumbnails.best(rows_of[name], SHOWN)
            strips.append(
                Strip(tuple(sighting_picture(matched.album, row) for row in best), "found")
            )
        notes = [counts(int(photos), int(seen), words)] if photos else []
        notes += [f"{doubts:,} doubtful"] if doubts else []
        away = "in no photo"
        if name not in references.names:
            notes.append("named by you, without examples")
        elif not each.examples:
            notes.append("no example photo can be used: see above")
            away = "could not be searched for"
        badge = "hidden" if name in hidden else "doubtful" if doubts else ""
        actions = (SHOW if name in hidden else HIDE,)
        cards.append(
            Card(
                key=name,
                title=name,
                note=" · ".join(notes),
                badge=badge if photos else away,
                actions=actions if photos else (),
                strips=tuple(strip for strip in strips if strip.pictures),
                opens="the matches in order" if photos else f"the nearest {words.plural}",
            )
        )
    return cards


def match_cards(
    table: pd.DataFrame, matched: MatchAlbum, references: References, name: str, threshold: float
) -> list[Card]:
    """
    Return the matches of one in order: the examples, the sightings, and the line between them.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `toolkit.curation.match_list.ranked`.
    matched, references
        As for `known_cards`.
    name : str
        Whose.
    threshold : float
        Where the line lies.
    """
    cards = []
    if examples := examples_of(references, name):
        title, note = f"Examples of {name}", counted(len(examples), "photo") + " to compare with"
        cards.append(Card("examples", title, note=note, strips=(Strip(examples[:6]),)))
    line = Card(
        "line",
        f"threshold {threshold:.3f}: nearer {matched.album.words.plural} are accepted, those below "
        "are not",
        line=True,
    )
    drawn = False
    matches: Iterable[Any] = table.itertuples(index=False)
    for each in matches:
        if not drawn and each.distance > threshold:
            drawn = True
            cards.append(line)
        cards.append(match_card(each, matched, references))
    return cards if drawn else [*cards, line]


def match_card(
    match: Any,
    matched: MatchAlbum,
    references: References,
    *,
    beside: bool = False,
    whole: bool = False,
) -> Card:
    """
    Return the card of one match; its key is the one that `MatchAlbum` gives the sighting.

    Parameters
    ----------
    match : namedtuple
        A row of `toolkit.curation.match_list.judged`.
    matched, references
        As for `known_cards`.
    beside : bool
        Whether an example stands beside the sighting.
    whole : bool
        Whether the photo is shown large.
    """
    row, name = int(match.row), str(match.individual)
    known = name in references.names
    actions = [REFUSE, IGNORE] if match.state != REFUSED else [IGNORE]
    if match.state != SAID and known:
        actions.insert(0, ACCEPT)
    if match.state == UNSURE:
        yes = Action(match_list.ACCEPT, f"It is {printable(name)[:40]}", "y")
        actions = [yes, IGNORE] if known else [IGNORE]
    pictures = sighting_picture(matched.album, row), photo_picture(matched.album, row)
    strips: tuple[Strip, ...] = (Strip(pictures),)
    if whole:
        strips = whole_card(matched.album, row).strips
    elif beside:
        examples = examples_of(references, name)[:1]
        if match.reference in references.paths:
            examples = (_example_at(references, references.paths.index(match.reference)),)
        strips = Strip(examples, f"example: {name}"), Strip(pictures, f"found: is this {name}?")
    card = Card(
        key=matched.keys[row],
        title=name if beside or whole else file_of(matched.album, row),
        note=_note(match) + (f" · {file_of(matched.album, row)}" if beside or whole else ""),
        badge=f"{match.state} · doubtful" if match.doubtful else str(match.state),
        strips=tuple(strip for strip in strips if strip.pictures),
        actions=tuple(actions),
        opens="" if whole else "larger",
    )
    if match.state != UNSURE:
        return card
    nearest = f"nearest: {name} {_note(match)}" if known else ""
    title = file_of(matched.album, row)
    return replace(card, title=title, note=nearest, badge="", name="", unnamed=True)


def examples_of(references: References, name: str) -> tuple[Picture, ...]:
    """Return the pictures of somebody's example photos."""
    return tuple(
        _example_at(references, k)
        for k, number in enumerate(references.individual_of.tolist())
        if references.names[number] == name
    )


def _example_at(references: References, k: int) -> Picture:
    name, file = references.names[references.individual_of[k]], Path(references.paths[k]).name
    return Picture(f"example:{k}", f"example of {name}: {file}")


def _note(match: Any) -> str:
    """Say the distance and the margin, such as "0.412, next: Ben 0.210 further"."""
    if math.isnan(match.distance):
        return f"nearer to {match.next}"
    said = f"{match.distance:.3f}"
    if math.isfinite(match.margin) and match.next is not None:
        way = "further" if match.margin >= 0 else "nearer"
        said += f", next: {match.next} {abs(match.margin):.3f} {way}"
    if match.state == BEYOND and match.reason == SECOND:
        said += f"; {SECOND}"
    return said


def _is_example(token: str) -> bool:
    return token.startswith("example:")


# Doubtful matches that are listed at a time; those that follow come as these are answered.
MOST_DOUBTFUL = 300

# By `MatchesView.place`, with the words of the subject and whose matches are shown, as HTML.
GUIDANCE = {
    "nothing": "",
    "individuals": "Begin with <b>Doubtful first</b>, the matches that are worth a look; or open "
    "{words.an_individual} to see the matches in order.",
    "individual": "<b>{name}</b>: the nearest {words.plural} first. Press <b>Accept</b> (key y) "
    "where it is {name}, <b>Refuse</b> (n) where it is not, <b>Leave out</b> (i) for "
    "{words.a_sighting} that is to count for {words.nobody}.",
    "doubtful": "The {words.plural} that could as well be decided otherwise, the most doubtful "
    "first. Is it the {words.individual} of the example? <b>Accept</b> (key y), <b>Refuse</b> (n) "
    "or <b>Leave out</b> (i).",
    "photo": "Is the {words.singular} in the box the {words.individual} named above the photo? The "
    "keys y, n and i answer here, too.",
    "unsure": f"<b>{NOT_SURE.capitalize()}</b>: "
    f"{{words.plural}} that say {LITTLE}. Type a name below those you know and press Enter.",
}
# From a photo, by the place that it was opened in.
BACK = {"unsure": f"Back to {NOT_SURE}"}
NO_DOUBT = (
    "No match is doubtful. Open {words.an_individual} to see the matches in order, or export below."
)
NONE_LEFT = (
    "No match is doubtful any more. Go <b>back to {words.everybody}</b>, or on to the export below."
)


class MatchesView(ipywidgets.VBox):
    """
    The matches of an album that can be looked through and answered.

    Gestures are methods: `open`, `back`, `show_doubtful`, `show_unsure`, `draw_missed`, `act`,
    `rename`, `undo`, `move`, `to_automatic`.
    What they change is worked out in one thread, in their order; `wait` waits for it.

    Attributes
    ----------
    place : str
        What is shown: "nothing", "individuals", "individual", "doubtful", "unsure" or "photo"; can
        be observed.
    individual : str or None
        Whose matches are shown.

    Parameters
    ----------
    changed : callable, optional
        Called after each change, in the thread.
    chosen : callable, optional
        Called with a threshold, or "auto", when the slider is moved; it then calls `take`. Without
        it the view does so itself.
    hindered : callable, optional
        Says why nothing can be changed now; "" if it can.
    missed : callable, optional
        Called with the path of a photo, or "", to draw a box around what was not found there;
        without it there is no button for that.
    words : Words, optional
        What is told apart, until there is an album that says so; those of the default
        subject, if not given.
    """

    place = traitlets.Unicode("nothing")

    def __init__(
        self,
        *,
        changed: Callable[[], None] | None = None,
        chosen: Callable[[Choice], None] | None = None,
        hindered: Callable[[], str] = lambda: "",
        missed: Callable[[str], None] | None = None,
        words: Words | None = None,
    ) -> None:
        self._missed = missed
        self._default = words or registry.words_for()
        self.session: Session | None = None
        self.individual: str | None = None
        self._lock = threading.RLock()
        self._matched: MatchAlbum | None = None
        self._changed, self._chosen, self._hindered = changed, chosen, hindered
        self._decided: Decided | None = None
        self._known = pd.DataFrame(columns=list(match_list.INDIVIDUAL_COLUMNS))
        self._key, self._from = "", "individuals"
        # The page that each place was left at, and the one to turn to now.
        self._pages: dict[str, int] = {}
        self._turn: int | None = None
        self._wanted: PointAndShootSettings | None = None
        self._steps = InOrder("matches")
        super().__init__(self._controls())
        self.add_class("sightings-matches").add_class("sightings-said")
        # What is said stands there.
        self.message.add_class("sightings-tools")
        self._arrange()

    def show(self, session: Session | None) -> None:
        """Show the known ones of an album; None for none."""
        if session is not None and session.assigner.by_group:
            raise BadSetting(
                f"matches are of known {self._words.individuals}; expected a sorting with "
                "references"
            )
        with self._lock:
            self.session, self._wanted = session, None
            self._matched = None if session is None else MatchAlbum(session.looked.album)
            self.individual, self._pages, self._turn = None, {}, 0
            self.place = "nothing" if session is None else "individuals"
            self.message.clear()
            self.refresh()

    def refresh(self) -> None:
        """Show what is true now, where one was."""
        with self._lock:
            session = self.session
            if session is None or self._matched is None:
                self.sheet.show([])
                self._arrange()
                return
            if self.place == "photo" and self._row(self._key) is None:
                self.place = self._from
            self._decided = session.decided
            self._known = match_list.individuals(self._result, self._decided)
            if (
                self.place == "individual"
                and self.individual not in self._known["individual"].to_list()
            ):
                self.place = "individuals"
            self._put()
            self._arrange()

    def open(self, key: str | None = None) -> None:
        """Open an individual, or the photo of a match; without a key, as every widget's `open`."""
        if key is None:
            super().open()
        elif self.place == "individuals":
            self._guarded(lambda: self._go("individual", who=key))
        elif self.place in ("individual", "doubtful", "unsure"):
            self._guarded(lambda: self._look_at(key))

    def show_doubtful(self) -> None:
        """Show the doubtful matches of all."""
        if self.session is not None:
            self._guarded(lambda: self._go("doubtful"))

    def show_unsure(self) -> None:
        """Show those that say too little to tell who it is."""
        if self.session is not None:
            self._guarded(lambda: self._go("unsure"))

    def draw_missed(self, key: str | None = None) -> None:
        """Draw a box around what was not found, in the photo of a card, or any."""
        row = None if key is None else self._row(key)
        if self._missed is not None and self.session is not None:
            paths = self.session.album.sightings["path"]
            self._missed("" if row is None else str(paths.iat[row]))

    def back(self) -> None:
        """Go back: from a photo to the matches, from these to all; to the card it was opened by."""

        def step() -> None:
            photo = self.place == "photo"
            whence = self._key if photo else self.individual
            self._go(self._from if photo else "individuals")
            if whence is not None:
                self.sheet.return_to(whence)

        self._guarded(step)

    def act(self, key: str, action: str) -> None:
        """
        Press a button of a match, or of an individual.

        Parameters
        ----------
        key : str
            Of the card.
        action : str
            "accept", "refuse" or "ignore"; of an individual "hide", which takes itself back; of a
            photo also "missed".
        """
        if action == "missed":
            self._guarded(lambda: self.draw_missed(key))
        elif action == HIDE.key:
            self._change(lambda: self._hide(key), "One moment …")
        else:
            self._change(lambda: self._answer(key, action), "One moment …")

    def rename(self, key: str, text: str) -> None:
        """Say who it is in the card of a sighting that says too little."""
        if text.strip():
            self._change(lambda: self._name(key, text), "One moment …")

    def undo(self) -> None:
        """Take the last answer back."""

        def step() -> str:
            said = "" if self.session is None else self.session.undo()
            return f"Taken back: {said}" if said else "There is nothing to take back."

        self._change(step, "One moment …")

    def move(self, threshold: float) -> None:
        """Move the line."""
        self.line.move(threshold)

    def to_automatic(self) -> None:
        """Let the threshold set itself."""
        self._choose("auto")

    def take(self, settings: PointAndShootSettings) -> None:
        """Sort with other settings, soon; where others follow before, with the last of them."""
        self._wanted = settings
        self._change(self._newest)

    def wait(self, timeout: float | None = None) -> None:
        """Wait until what was pressed so far is done."""
        self._steps.wait(timeout)

    def close(self) -> None:
        """Take the view away."""
        self._steps.close()
        super().close()

    @property
    def _result(self) -> PointAndShootResult:
        if self.session is None or not isinstance(self.session.result, PointAndShootResult):
            raise BadSetting("there are no matches yet: press Start")
        return self.session.result

    @property
    def _words(self) -> Words:
        return self._default if self.session is None else self.session.album.words

    def _row(self, key: str) -> int | None:
        """Return the row of a sighting that is there, and not ignored."""
        row = None if self._matched is None else self._matched.row_of.get(key)
        if row is None or self.session is None or self.session.album.ignored[row]:
            return None
        return row

    @property
    def _gone(self) -> str:
        return f"that {self._words.singular} is not there any more; look at the others"

    def _controls(self) -> list[Any]:
        row = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        self.guidance = ipywidgets.HTML()
        (
            self.back_button,
            self.doubtful_button,
            self.unsure_button,
            self.missed_button,
            self.undo_button,
        ) = (
            ipywidgets.Button(
                description=text,
                icon=icon,
                tooltip=tip,
                # One each: whether it is shown is said there.
                layout=ipywidgets.Layout(width="auto"),
            )
            for text, icon, tip in (
                ("", "arrow-left", ""),
                ("Doubtful first", "", "The matches that are worth a look"),
                ("", "", f"Those that say {LITTLE}"),
                ("", "", "Draw a box around what was not found in a photo"),
                ("Undo", "undo", "Take the last answer back"),
            )
        )
        self.line = ThresholdLine(self._choose)
        self.message = Message()
        self.sheet = ContactSheet(
            lambda tokens: [b""] * len(tokens),
            opened=self.open,
            renamed=self.rename,
            acted=self.act,
            undone=self.undo,
            empty="Nothing here.",
        )
        self.sheet.follow(self.message)
        more = [self.unsure_button, self.missed_button, self.undo_button]
        tools = [self.back_button, self.doubtful_button, *more]
        self.tools = ipywidgets.HBox(tools, layout=row)
        self.back_button.on_click(lambda _: self.back())
        self.doubtful_button.on_click(lambda _: self.show_doubtful())
        self.unsure_button.on_click(lambda _: self.show_unsure())
        self.missed_button.on_click(lambda _: self.draw_missed())
        self.undo_button.on_click(lambda _: self.undo())
        return [self.guidance, self.tools, self.line, self.message, self.sheet]

    def _go(self, place: str, *, who: str | None = None) -> None:
        with self._lock:
            self._pages[self.place] = self.sheet.page
            if who is not None:
                if who not in self._known["individual"].to_list():
                    raise BadSetting(
                        f"{self._words.nobody} is called {who!r} any more; look at the others"
                    )
                self.individual = who
                self._pages["individual"] = 0
            self.place, self._turn = place, self._pages.get(place, 0)
            if place == "individuals":
                self.individual = None
            self.message.clear()
            self.refresh()

    def _look_at(self, key: str) -> None:
        if self._row(key) is None:
            raise BadSetting(self._gone)
        self._from, self._key = self.place, key
        self._go("photo")

    def _answer(self, key: str, action: str) -> str:
        session, row = self._here(key)
        table = match_list.judged(self._result, session.decided).set_index("row")
        name = str(table["individual"].at[row])
        return self._said(match_list.answer(session.album, row, name, action))

    def _name(self, key: str, text: str) -> str:
        session, row = self._here(key)
        name = history.cleaned(text)
        # However it is typed, it is the one who is called so.
        same = (each for each in self.sheet.known if folded(each) == folded(name))
        name = next(same, name)
        return self._said(match_list.answer(session.album, row, name, match_list.ACCEPT))

    def _here(self, key: str) -> tuple[Session, int]:
        session, row = self.session, self._row(key)
        if session is None or row is None:
            raise BadSetting(self._gone)
        return session, row

    def _said(self, gesture: Gesture) -> str:
        """Take an answer in; a photo that was open is answered then."""
        said = cast(Session, self.session).do(gesture)
        if self.place == "photo":
            self.place, self._turn = self._from, self._pages.get(self._from, 0)
        return said

    def _hide(self, name: str) -> str:
        """Give an individual no folder, or its folder again."""
        session = self.session
        if session is None:
            raise BadSetting(self._gone)
        return (session.show if name in session.result.hidden else session.hide)(name)

    def _newest(self) -> str | None:
        settings, self._wanted = self._wanted, None
        session = self.session
        if settings is None or session is None or settings == session.settings:
            return None
        session.set(settings)
        return ""

    def _choose(self, choice: Choice) -> None:
        if self._chosen is not None:
            self._guarded(lambda: self._chosen(choice))  # type: ignore[misc]
        elif self.session is not None:
            self.take(replace(self._result.settings, threshold=choice))  # type: ignore[arg-type]

    def change_by(self, step: Callable[[], str]) -> None:
        """Do something of somebody else's to the album, which says what it did, in its turn."""
        self._change(step, "One moment …")

    def _change(self, step: Callable[[], str | None], meanwhile: str = "") -> None:
        """Do something to the album, in the thread, and show what came of it; "" says nothing."""
        why = self._hindered()
        if why:
            self.message.mend(why)
        elif self.session is not None:
            if meanwhile:
                self.message.remark(meanwhile)
            self._steps.do(lambda: self._do(step))

    def _do(self, step: Callable[[], str | None]) -> None:
        try:
            with self._lock:
                said = step()
                if said is None:
                    return
                self.message.clear()
                self.refresh()
                if said:
                    self.message.remark(f"{said}.".replace("..", "."))
            if self._changed is not None:
                self._changed()
        except Exception as error:  # noqa: BLE001 - shown where the user is looking
            self.sheet.untype()
            self.message.failed(error)

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - shown where the user is looking
            self.message.failed(error)

    def _put(self) -> None:
        """Give the sheet its cards."""
        matched, result, decided = self._matched, self._result, self._decided
        if matched is None or decided is None:
            return
        references, threshold = result.references, result.threshold
        if self.place == "individuals":
            table = match_list.judged(result, decided)
            cards = known_cards(self._known, table, matched, references, result.hidden)
        elif self.place == "individual" and self.individual is not None:
            table = match_list.ranked(result, decided, self.individual)
            cards = match_cards(table, matched, references, self.individual, threshold)
        elif self.place == "doubtful":
            table = match_list.doubtful(result, decided)
            matches = table.head(MOST_DOUBTFUL).itertuples(index=False)
            cards = [match_card(each, matched, references, beside=True) for each in matches]
        elif self.place == "unsure":
            matches = match_list.unsure(result, decided).itertuples(index=False)
            cards = [match_card(each, matched, references) for each in matches]
        else:
            table = match_list.judged(result, decided)
            of_key = table["row"] == matched.row_of[self._key]
            match = next(table[of_key].itertuples(index=False))
            card = match_card(match, matched, references, whole=True)
            more = () if self._missed is None else (missed_action(self._words),)
            cards = [replace(card, actions=(*card.actions, *more))]
        self.sheet.size = {"individuals": 96, "photo": 600}.get(self.place, 140)
        words = self._words
        self.sheet.label = {
            "individuals": words.individuals.capitalize(),
            "doubtful": "Doubtful matches",
            "unsure": NOT_SURE.capitalize(),
        }.get(self.place, f"Matches of {printable(self.individual or words.somebody)}")
        self.sheet.empty = {
            "doubtful": "No match is doubtful.",
            "unsure": f"There are no such {words.plural} left.",
        }.get(self.place, "Nothing here.")
        self.sheet.known = sorted({*self._known["individual"]})
        page, self._turn = self.sheet.page if self._turn is None else self._turn, None
        self.sheet.show(cards, page=page, pictures=MatchPictures(matched.thumbnails, references))

    def _arrange(self) -> None:
        """Show the controls that the place has use for, and what they say."""
        session, place = self.session, self.place
        there = session is not None
        for part in (self.tools, self.line, self.guidance):
            part.layout.display = None if there else "none"
        if session is None:
            return
        chosen = self._result.chosen
        doubtful = int(self._known["doubtful"].sum())
        kept = session.corrections.out
        where = (
            f"Answers are kept at once in {safe(str(kept / 'decisions.csv'))}, and hold for every "
            "later run."
            if kept is not None
            else "Answers are forgotten when this notebook stops: name a folder for the results "
            "below, and export."
        )
        unsure = place == "photo" and self._from == "unsure"
        words, said = self._words, GUIDANCE["unsure" if unsure else place]
        if place == "doubtful" and doubtful > MOST_DOUBTFUL:
            said += f" Of {doubtful:,}, the first {MOST_DOUBTFUL:,} are shown."
        if not doubtful:
            said = {"doubtful": NONE_LEFT, "individuals": NO_DOUBT}.get(place, said)
        said = said.format(name=safe(self.individual or ""), words=in_html(words))
        self.guidance.value = f"<p role='status'>{said}<br>{where}</p>"
        self.back_button.layout.display = "none" if place == "individuals" else None
        self.back_button.description = (
            BACK.get(self._from, "Back to the matches")
            if place == "photo"
            else f"Back to {words.everybody}"
        )
        self.doubtful_button.layout.display = (
            None if place in ("individuals", "individual") else "none"
        )
        self.doubtful_button.description = f"Doubtful first ({doubtful:,})"
        self.doubtful_button.disabled = not doubtful
        self.doubtful_button.button_style = "primary" if doubtful else ""
        little = len(self._result.too_little)
        self.unsure_button.layout.display = None if little and place == "individuals" else "none"
        self.unsure_button.description = f"{NOT_SURE.capitalize()} ({little:,})"
        draws = self._missed is not None and place == "individuals"
        self.missed_button.layout.display = None if draws else "none"
        self.missed_button.description = missed_action(words).label
        self.undo_button.layout.display = None if session.corrections.can_undo else "none"
        self.sheet.can_undo = session.corrections.can_undo
        self.line.layout.display = "none" if place in ("photo", "unsure") else None
        usual = session.assigner.automatic(session.album) or chosen
        self.line.show(chosen, usual.value, follow=self._wanted is None)
