"""Choose a folder: type its path with existing folders offered, or step through them."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import ipywidgets
import traitlets

from toolkit.names import counted, printable
from toolkit.photos import folder_suggestions
from toolkit.photos.folder_suggestions import Preview
from toolkit.records import Words
from toolkit.subjects import registry
from toolkit.widgets.background_work import Newest, Work, safe

# Names that are shown.
SHOWN = 20

UP = ".. (one up)"
# Less the margins of a field, which are beyond its width.
WIDE = ipywidgets.Layout(width="min(46em, calc(100% - 4px))")
SHORT = {"description_width": "9em"}
# Seconds without a key until the folder that was typed is looked into.
REST = 0.4
EARLIER = "the result of an earlier run: copies of one photo count once"
# Said where the photos of a result may be elsewhere, and where they are.
MOVED = "If the photos of this result have moved, tell where they are now."
GONE = "{photos} not where the result says: tell where the photos are now."


class FolderChooser(ipywidgets.VBox):
    """
    A folder, with what is in it.

    Attributes
    ----------
    value : str
        The path, as it was typed; can be observed.
    seen : Preview
        What is in it.

    Parameters
    ----------
    label : str
        What the folder is for, such as "Photos".
    value : str
        The path to begin with.
    look : callable, optional
        Looks into a folder; called in a thread.
    suggested : dict of str to callable, optional
        Buttons, each with what makes or finds the folder that it stands for; called in a thread.
    rest : float
        Seconds without a key until a folder that is typed is looked into.
    """

    value = traitlets.Unicode("")

    def __init__(
        self,
        label: str = "Photos",
        value: str = "",
        *,
        look: Callable[[str], Preview] = folder_suggestions.preview,
        suggested: dict[str, Callable[[], str]] | None = None,
        rest: float = REST,
    ) -> None:
        self._look, self._rest = look, rest
        self._lock = threading.Lock()
        # Abreast: a folder on a disk that does not answer holds no other one up.
        self._newest: Newest[tuple[str, float]] = Newest(
            self._show, failed=lambda error: self.work.message.failed(error), abreast=True
        )
        self.seen = Preview()
        self.path = ipywidgets.Combobox(
            description=label,
            value=value,
            placeholder="type or choose a folder's path",
            options=(),
            ensure_option=False,
            continuous_update=True,
            layout=WIDE,
            style=SHORT,
        )
        self.step = ipywidgets.Dropdown(
            description="step into", options=[], layout=WIDE, style=SHORT
        )
        self.about = ipywidgets.HTML()
        self.work = Work()
        self.buttons = []
        self._suggested = dict(suggested or {})
        for text in self._suggested:
            button = ipywidgets.Button(description=text, layout=ipywidgets.Layout(width="auto"))
            button.on_click(lambda _, text=text: self.suggest(text))
            self.buttons.append(button)
        row = ipywidgets.Layout(flex_flow="row wrap")
        rows = [ipywidgets.HBox(self.buttons, layout=row)] if self.buttons else []
        super().__init__([self.path, self.step, *rows, self.work, self.about])
        self.work.running.children = [self.work.bar]
        self.path.observe(self._typed, names="value")
        self.step.observe(self._stepped, names="value")
        self.choose(value)

    def choose(self, folder: str) -> None:
        """Take a folder, and look into it."""
        if self.path.value != folder:
            self.path.unobserve(self._typed, names="value")
            try:
                self.path.value = folder
            finally:
                self.path.observe(self._typed, names="value")
        self._take(folder, 0.0)

    def renew(self) -> None:
        """Look again into the folder that is chosen: something may have been put there."""
        self._newest.ask((self.value, 0.0))

    def suggest(self, text: str) -> None:
        """Press one of the suggested folders' buttons."""
        make = self._suggested[text]
        self.work.run(lambda *_: make(), self.choose, title=f"{text} …")

    def into(self, name: str) -> None:
        """Step into a subfolder."""
        self.choose(str(PurePath(folder_suggestions.plain(self.value)) / name))

    def up(self) -> None:
        """Step out of the folder, into the one it is in."""
        self.choose(folder_suggestions.above(self.value))

    def settle(self, timeout: float | None = 10.0) -> None:
        """Wait until the folder has been looked into."""
        self.work.wait(timeout)
        self._newest.wait(timeout)

    def _typed(self, change: dict[str, Any]) -> None:
        self._take(change["new"], self._rest)

    def _take(self, folder: str, rest: float) -> None:
        # Whoever rests wakes up, sees that it was overtaken, and ends.
        self._newest.ask((folder, rest))
        self.value = folder

    def _stepped(self, change: dict[str, Any]) -> None:
        name = change["new"]
        if not name:
            return
        if name == UP:
            self.up()
        else:
            self.into(name)

    def _show(self, asked: tuple[str, float], overtaken: threading.Event) -> None:
        """Look into a folder, in a thread; what comes after a later one was taken is dropped."""
        folder, rest = asked
        try:
            offered, names = (
                folder_suggestions.completions(folder),
                folder_suggestions.subfolders(folder),
            )
            with self._lock:
                if overtaken.is_set():
                    return
                self.path.options = offered
                # Nothing is chosen, so that choosing any of them is a change.
                steps = ((printable(name), name) for name in names)
                self.step.options = [("", ""), (UP, UP), *steps]
                self.step.value = ""
            if overtaken.wait(rest):
                return
            seen = self._looked(folder, overtaken)
            with self._lock:
                if not overtaken.is_set():
                    self.seen = seen
                    self.about.value = as_html(seen)
                    self.work.message.clear()
        except Exception as error:  # noqa: BLE001 - shown to the user, where they are looking
            with self._lock:
                if not overtaken.is_set():
                    self.about.value = ""
                    self.work.message.failed(error)

    def _looked(self, folder: str, overtaken: threading.Event) -> Preview:
        if self._look is folder_suggestions.preview:
            return folder_suggestions.preview(folder, stopped=overtaken.is_set)
        return self._look(folder)


def others_of(seen: Preview) -> str:
    """Say what else is there; "" for nothing."""
    other = f", {counted(seen.others, 'other file')}" if seen.others else ""
    return other + (f", {counted(seen.left_out, 'photo')} left out" if seen.left_out else "")


def as_html(seen: Preview) -> str:
    """Return what is in a folder, as HTML."""
    if seen.problem:
        return f"<p role='status'>{safe(seen.problem)}</p>"
    if not seen.photos and not seen.more:
        return f"<p role='status'>no photo here{others_of(seen)}: choose another folder</p>"
    photos = counted(seen.photos, "photo") + ("" if seen.result else others_of(seen))
    if seen.more:
        photos = f"more than {photos}: counted to the end when they are looked at"
    if seen.result:
        photos += f" ({EARLIER})"
    pictures = "".join(
        f"<img alt='{safe(name)}' title='{safe(name)}' "
        "style='height: 80px; margin: 0 4px 0 0; display: inline-block' "
        f"src='data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}'>"
        for name, jpeg in zip(seen.labels, seen.pictures, strict=True)
    )
    return f"<p role='status'>{photos}</p><div>{pictures}</div>"


class ExamplesChooser(FolderChooser):
    """
    A folder with one subfolder of example photos for each individual; says whom it holds.

    Attributes
    ----------
    known : ipywidgets.HTML
        The names.

    Parameters
    ----------
    value : str
        The path to begin with.
    words : Words, optional
        What the subject and its individuals are called; those of the default subject,
        if not given.
    """

    def __init__(self, value: str = "", *, words: Words | None = None) -> None:
        self.known, self._words = ipywidgets.HTML(), words or registry.words_for()
        super().__init__(self._words.individuals.capitalize(), value, look=self._see)
        shown: tuple[ipywidgets.Widget, ...] = self.children  # type: ignore[has-type]
        self.children = (*shown, self.known)

    def _see(self, folder: str) -> Preview:
        """Look into a folder; called in a thread."""
        seen, names = folder_suggestions.preview(folder), folder_suggestions.subfolders(folder)
        if seen.photos and not names:
            seen = replace(
                seen,
                problem=f"{counted(seen.photos, 'photo')} here, but no subfolder: make one for "
                f"each {self._words.individual}, named after them, and put photos of that "
                f"{self._words.individual} into it",
            )
        # Not when another was typed meanwhile.
        if folder == self.path.value:
            groups = {} if seen.problem else folder_suggestions.groups(folder)
            self.known.value = "" if seen.problem else known_html(names, self._words, groups)
        return seen


def known_html(
    names: tuple[str, ...], words: Words, groups: Mapping[str, tuple[str, ...]] | None = None
) -> str:
    """
    Return whom the subfolders are named after, as HTML.

    Parameters
    ----------
    names : tuple of str
        The subfolders.
    words : Words
        What individuals are called.
    groups : mapping of str to tuple of str, optional
        Those that may hold a folder for each individual, and these folders.
    """
    if not names:
        return ""
    unclear = [name for name in names if name in (groups or {})]
    asked = "".join(
        f"<p role='status'><b>{safe(name)}</b> holds no photo, but "
        f"{safe(', '.join((groups or {})[name][:SHOWN]))}: whether that is "
        f"{safe(words.an_individual)} or several is seen when their photos are looked at</p>"
        for name in unclear[:SHOWN]
    )
    more = len(names) - SHOWN
    said = ", ".join(f"<b>{safe(name)}</b>" for name in names[:SHOWN])
    also = f" and {more:,} more" if more > 0 else ""
    each = f"{counted(len(names), 'subfolder')}, {safe(words.an_individual)} each"
    return f"<p role='status'>{each}: {said}{also}</p>{asked}"


class MovedPhotos(ipywidgets.VBox):
    """
    Asks where the photos of a result are now; hidden until there is need to.

    Attributes
    ----------
    folder : FolderChooser
        The new place.
    asked : str
        What is asked, and why; "" while nothing is.

    Parameters
    ----------
    told : callable
        Called with the folder, as it was named, when the button is pressed.
    """

    def __init__(self, told: Callable[[str], None]) -> None:
        self.about, self.asked = ipywidgets.HTML(), ""
        self.folder = FolderChooser("Photos are now in")
        self.button = ipywidgets.Button(
            description="Open with these photos",
            layout=ipywidgets.Layout(width="auto", align_self="flex-start"),
        )
        self.button.on_click(lambda _: told(self.folder.value.strip()))
        super().__init__([self.about, self.folder, self.button])
        self.clear()

    def ask(self, why: str) -> None:
        """Show the field, and say why."""
        self.asked = why
        self.about.value = f"<p role='alert'><b>{safe(why)}</b></p>"
        self.layout.display = None

    def clear(self) -> None:
        """Ask nothing."""
        self.asked = self.about.value = ""
        self.layout.display = "none"
