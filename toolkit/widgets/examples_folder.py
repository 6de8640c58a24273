"""Choose the folder of people: one subfolder of example photos for each."""

from __future__ import annotations

from dataclasses import replace

import ipywidgets

from toolkit.names import counted
from toolkit.photos import folder_suggestions
from toolkit.photos.folder_suggestions import Preview
from toolkit.widgets.background_work import safe
from toolkit.widgets.folder_field import FolderChooser

# Names that are shown.
SHOWN = 20


class PeopleChooser(FolderChooser):
    """
    A folder with one subfolder for each person; says whom it holds.

    Attributes
    ----------
    known : ipywidgets.HTML
        The names.

    Parameters
    ----------
    value : str
        The path to begin with.
    """

    def __init__(self, value: str = "") -> None:
        self.known = ipywidgets.HTML()
        super().__init__("People", value, look=self._see)
        shown: tuple[ipywidgets.Widget, ...] = self.children  # type: ignore[has-type]
        self.children = (*shown, self.known)

    def _see(self, folder: str) -> Preview:
        """Look into a folder; called in a thread."""
        seen, names = folder_suggestions.preview(folder), folder_suggestions.subfolders(folder)
        if seen.photos and not names:
            seen = replace(
                seen,
                problem=f"{counted(seen.photos, 'photo')} here, but no subfolder: make one for "
                "each person, named after them, and put photos of that person into it",
            )
        # Not when another was typed meanwhile.
        if folder == self.path.value:
            self.known.value = "" if seen.problem else known_html(names)
        return seen


def known_html(names: tuple[str, ...]) -> str:
    """Return whom the subfolders are named after, as HTML."""
    if not names:
        return ""
    more = len(names) - SHOWN
    said = ", ".join(f"<b>{safe(name)}</b>" for name in names[:SHOWN])
    also = f" and {more:,} more" if more > 0 else ""
    return f"<p role='status'>{counted(len(names), 'subfolder')}, a person each: {said}{also}</p>"
