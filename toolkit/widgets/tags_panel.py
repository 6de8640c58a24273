"""The tags of labelled folders, looked through: each suspect beside what speaks of it; decide."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ipywidgets
import traitlets

from toolkit import modes
from toolkit.errors import BadFolder
from toolkit.files import folder_at
from toolkit.names import counted
from toolkit.photos import folder_suggestions, opening
from toolkit.photos.thumbnails import placeholder
from toolkit.records import Words
from toolkit.results import exporting, tag_check, tag_decisions, tree_export
from toolkit.results.tag_check import Checked, TagCheck
from toolkit.results.tag_decisions import KEEP, MOVE
from toolkit.results.tree_export import Corrected
from toolkit.settings import GroupingSettings
from toolkit.subjects.base import Subject
from toolkit.widgets.background_work import Message, Stopped, Tell, Work, in_html, safe
from toolkit.widgets.contact_sheet import Action, Card, ContactSheet, Picture, Strip
from toolkit.widgets.export_box import link_to
from toolkit.widgets.folder_field import SHORT, WIDE, ExamplesChooser

STATES = ("empty", "checking", "shown", "writing", "written", "cancelled", "failed")
ABOUT = (
    "<b>Is each photo in the right folder?</b> Each is compared with those of every folder, one "
    "for each {words.individual}. Those that look more like another one come first. Decide, and "
    "the corrected folders are written as copies; your photos stay as they are."
)
# Height of a picture, px of the screen; longer side of what is sent; those that are kept.
HEIGHT, SIDE, KEPT = 150, 300, 300
MOVE_IT, KEEP_IT = Action(MOVE, "Move", "m"), Action(KEEP, "Keep", "k")

Check = Callable[[Path, GroupingSettings, Tell, Stopped], TagCheck | None]


def check(
    root: Path,
    settings: GroupingSettings,
    tell: Tell,
    stopped: Stopped,
    *,
    subject: Subject | None = None,
) -> TagCheck | None:
    """Check the tags of a tree; see `toolkit.modes.check_tags`."""
    return modes.check_tags(root, settings=settings, progress=tell, stop=stopped, subject=subject)


class TagPictures:
    """Makes pictures of photos; their tokens are places below a folder."""

    def __init__(self, root: Path | None = None) -> None:
        self._root, self._made = root, dict[str, bytes]()

    def __call__(self, tokens: Sequence[str]) -> list[bytes]:
        """Return a JPEG for each token; grey where there is no such photo."""
        return [self._made.get(token) or self._make(token) for token in tokens]

    def _make(self, place: str) -> bytes:
        path = None if self._root is None else tag_check.photo_at(self._root, place)
        made = None if path is None else folder_suggestions.picture_of(path, SIDE)
        if made is None:
            return placeholder((SIDE, SIDE))
        if len(self._made) >= KEPT:
            self._made.clear()
        self._made[place] = made
        return made


class TagsPanel(ipywidgets.VBox):
    """
    Labelled folders, and what may be wrong in them; it does what ``sightings check-tags`` does.

    What is decided stands in ``decisions.csv`` beside what was found, at once, and is taken up
    again.

    Attributes
    ----------
    state : str
        One of `STATES`; can be observed.
    checked : Checked or None
        What was found, and what was decided.

    Parameters
    ----------
    settings : callable
        How the photos are looked at.
    folders, out : path
        The folders to begin with; without one for what is found, it goes beside the others.
    words : Words
        What is told apart.
    check : callable, optional
        What does the work: `check`.
    """

    state = traitlets.Enum(STATES, default_value="empty")

    def __init__(
        self,
        settings: Callable[[], GroupingSettings],
        folders: str | Path = "",
        out: str | Path = "",
        *,
        words: Words,
        check: Check = check,
    ) -> None:
        self._settings, self._check = settings, check
        self.checked: Checked | None = None
        self._changing = threading.RLock()
        self.folders = ExamplesChooser(str(folders), words=words)
        self.out = ipywidgets.Text(
            str(out),
            description="Found goes to",
            placeholder="a folder beside the photos",
            layout=WIDE,
            style=SHORT,
        )
        # What the field says as long as nobody types into it.
        self._proposed = "" if str(out) else self.out.value
        self.button = ipywidgets.Button(description="Check", button_style="primary", icon="search")
        self.open_button = ipywidgets.Button(
            description="Open what was found", layout=ipywidgets.Layout(width="auto")
        )
        self.write_button = ipywidgets.Button(
            description="Write the corrected folders",
            icon="save",
            layout=ipywidgets.Layout(width="auto", align_self="flex-start"),
        )
        self.work, self.summary, self.told = Work(), ipywidgets.HTML(), ipywidgets.HTML()
        self.message = Message()
        self.sheet = ContactSheet(
            TagPictures(),
            acted=self.decide,
            renamed=self.decide,
            label="Photos that may be in the wrong folder",
            empty="No photo looks more like another folder than its own.",
            size=HEIGHT,
            name_label="Another folder",
        )
        row = ipywidgets.Layout(flex_flow="row wrap")
        about = ipywidgets.HTML(f"<p>{ABOUT.format(words=in_html(words))}</p>")
        buttons = ipywidgets.HBox([self.button, self.open_button], layout=row)
        self.last = ipywidgets.VBox([self.message, self.sheet, self.write_button])
        parts = [about, self.folders, self.out, buttons, self.work, self.summary]
        super().__init__([*parts, self.last, self.told])
        self.add_class("sightings-tags")
        self.button.on_click(lambda _: self.start())
        self.open_button.on_click(lambda _: self.open_found())
        self.write_button.on_click(lambda _: self.write())
        self.work.observe(self._worked, names="state")
        self.folders.observe(lambda _: self._follow(), names="value")
        self.out.observe(lambda _: self._offer(), names="value")
        self._follow()
        self._offer()
        self._show()

    def start(self) -> None:
        """Check the tags, keep what is found in the folder for it, and show it."""
        named, to = self.folders.value.strip(), self.out.value.strip()

        def job(tell: Tell, stopped: Stopped) -> Checked | None:
            if not named or not to:
                raise BadFolder("name the labelled folders, and one for what is found, first")
            root, out = folder_at(named), folder_at(to)
            opening.require_folder(root, "folders")
            tag_check.require_out(out, root)
            settings = self._settings()
            with exporting.alone_in(out, "check-tags in a panel"):
                made = self._check(root, settings, tell, stopped)
                if made is None:
                    return None
                tell("writing what was found", 0, 1, "")
                tag_check.write(made, out, about={"subject": settings.subject.name})
            return tag_check.read(out)

        self._begin(job, "checking", "reading the folders")

    def open_found(self) -> None:
        """Show what an earlier check found, with what was decided."""
        to = self.out.value.strip()
        self._begin(lambda *_: tag_check.read(folder_at(to)), "checking", "reading what was found")

    def decide(self, path: str, decision: str) -> None:
        """Say of a photo "keep", "move", or the folder that it goes to; it is kept at once."""
        with self._changing:
            if self.checked is None:
                return
            try:
                self.checked = tag_check.decided(self.checked, path, decision)
                self.message.clear()
            except Exception as error:  # noqa: BLE001 - shown to the user, where they are looking
                self.message.failed(error)
            self._show_cards(self.sheet.page)

    def write(self) -> None:
        """Copy the folders, as they are corrected, beside what was found."""
        if self.checked is None or self.work.busy:
            return
        root, out = self.checked.root, self.checked.out
        self.told.value, self.state = "", "writing"

        def job(tell: Tell, stopped: Stopped) -> Corrected:
            settings = self._settings()
            told: Any = {"progress": lambda *a: tell("files", *a), "stop": stopped}
            told |= {"exclude": settings.exclude, "videos": settings.videos}
            return tree_export.correct(root, out / tag_decisions.FILE, out, **told)

        def then(made: Corrected) -> None:
            self.told.value = as_html(made)
            self.state = "written"

        self.work.run(job, then, title="copying")

    def cancel(self) -> None:
        """Stop; nothing is written of a check that was stopped."""
        self.work.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is under way."""
        self.folders.settle(timeout)
        return self.work.wait(timeout)

    def _begin(
        self, job: Callable[[Tell, Stopped], Checked | None], state: str, title: str
    ) -> None:
        if self.work.busy:
            return
        self.told.value, self.state = "", state

        def then(found: Checked | None) -> None:
            if found is None:
                return
            with self._changing:
                self.checked = found
                self._show_cards(0, TagPictures(found.root))
            self.state = "shown"

        self.work.run(job, then, title=title)

    def _show_cards(self, page: int, pictures: TagPictures | None = None) -> None:
        found = self.checked
        if found is not None:
            self.sheet.known = list(found.folders)
            self.sheet.show(cards_of(found), page=page, pictures=pictures)
            self.summary.value = summary_html(found)
        self._show()

    def _follow(self) -> None:
        """Propose a folder for what is found, until somebody types one."""
        if self.out.value == self._proposed:
            named = self.folders.value.strip()
            self._proposed = folder_suggestions.beside(named, "tags") if named else ""
            self.out.value = self._proposed

    def _offer(self) -> None:
        try:
            there = (folder_at(self.out.value.strip()) / tag_check.RECORD).is_file()
        except (BadFolder, OSError):
            there = False
        self.open_button.layout.display = None if there else "none"

    def _show(self) -> None:
        self.last.layout.display = None if self.checked is not None else "none"
        decided = self.checked is not None and bool(self.checked.decisions)
        self.write_button.disabled = self.work.busy or not decided

    def _worked(self, change: dict[str, str]) -> None:
        self.button.disabled = self.open_button.disabled = self.work.busy
        if change["new"] in ("cancelled", "failed"):
            self.state = change["new"]
        self._offer()
        self._show()


def cards_of(found: Checked) -> list[Card]:
    """Return a card for each suspect: the photo, and those of both folders that are most alike."""
    cards = []
    for row in found.suspects.itertuples(index=False):
        path, folder, suggested = str(row.path), str(row.folder), str(row.suggested)
        decision = found.decisions.get(path, "")
        sides = (
            (path, f"in {folder or 'no folder'}"),
            (str(row.evidence), f"like it, in {suggested}"),
            (str(row.own_evidence), f"most like it, in {folder}"),
        )
        strips = tuple(
            Strip((Picture(place, f"{place} ({label})"),), label) for place, label in sides if place
        )
        cards.append(
            Card(
                path,
                title=f"{folder or 'no folder'} → {suggested}",
                note=f"{tag_check.sure_text(float(str(row.sure)))} · {path}",
                badge=badge_of(decision, suggested),
                strips=strips,
                actions=(MOVE_IT, KEEP_IT),
                name="" if decision in (KEEP, MOVE) else decision,
                unnamed=not decision,
            )
        )
    return cards


def badge_of(decision: str, suggested: str) -> str:
    """Return what was decided, in a word or two."""
    told = {"": "", KEEP: "stays", MOVE: f"goes to {suggested}"}
    return told.get(decision, f"goes to {decision}")


def summary_html(found: Checked) -> str:
    """Return what was found and decided, and where the tables are, as HTML."""
    many, decided = len(found.suspects), len(found.decisions)
    pairs = f"{counted(len(found.duplicates), 'pair')} of files with one picture"
    two = int((found.duplicates["folder"] != found.duplicates["other_folder"]).sum())
    return (
        f"<p role='status'><b>{counted(many, 'photo')} to look at</b>, the surest first; "
        f"{decided:,} decided. {pairs}, {two:,} of them in two folders: "
        f"see {_link(found.out / tag_check.SHEET)}.</p>"
    )


def as_html(made: Corrected) -> str:
    """Return what was written, as HTML."""
    lines = str(made).splitlines()
    rows = "".join(f"<li>{safe(line.strip())}</li>" for line in lines[1:])
    failed = "".join(f"<li>{safe(f'{path}: {why}')}</li>" for path, why in made.not_copied)
    wrong = f"<p role='alert'><b>Not copied:</b></p><ul>{failed}</ul>" if failed else ""
    return (
        f"<p role='status'><b>Written</b> to {_link(made.out)}: {safe(lines[0])}.</p>"
        f"<ul>{rows}</ul>{wrong}"
    )


def _link(path: Path) -> str:
    address, shown = link_to(path), f"<code>{safe(str(path))}</code>"
    if address is None:
        return shown
    return f"<a href='{safe(address)}' target='_blank' rel='noopener'>{shown}</a>"
