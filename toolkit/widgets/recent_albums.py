"""A list of the albums that somebody had in hand lately, to go on with one of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import PurePath
from typing import Any

import ipywidgets

from toolkit.names import printable
from toolkit.results import recent
from toolkit.results.recent import Recent
from toolkit.subjects import registry
from toolkit.widgets.folder_field import SHORT, WIDE

NONE = "choose one to go on with it"


class RecentAlbums(ipywidgets.Dropdown):
    """
    The recent albums of a mode; hidden while there is none.

    Parameters
    ----------
    mode : str
        "autopilot" or "point-and-shoot".
    chosen : callable
        Called with the album that is chosen.
    subject : str
        Only albums of this subject; "" for all.
    """

    def __init__(self, mode: str, chosen: Callable[[Recent], None], subject: str = "") -> None:
        self._mode, self._chosen = mode, chosen
        self._subjects = names_of(subject)
        self.albums: tuple[Recent, ...] = ()
        super().__init__(
            description="Recent albums",
            options=[(NONE, -1)],
            # One of its own: hiding it would hide all fields that share it.
            layout=ipywidgets.Layout(width=WIDE.width),
            style=SHORT,
        )
        self.observe(self._taken, names="value")
        self.renew()

    def renew(self) -> None:
        """Look which there are now; those whose results are gone are not shown."""
        self.albums = recent.albums(self._mode, self._subjects)
        shown = [(label(album), place) for place, album in enumerate(self.albums)]
        self.options = [(NONE, -1), *shown]
        self.value = -1
        self.layout.display = None if self.albums else "none"

    def take(self, place: int) -> None:
        """Go on with one of `albums`."""
        self._chosen(self.albums[place])

    def _taken(self, change: dict[str, Any]) -> None:
        place = change["new"]
        if place is None or not 0 <= place < len(self.albums):
            return
        # The next choice of the same one is a change, too.
        self.value = -1
        self.take(place)


def names_of(subject: str) -> tuple[str, ...]:
    """Return how the list may name a subject: the default one by nothing, too; () for all."""
    return (subject, "") if subject == registry.DEFAULT else (subject,) if subject else ()


def label(album: Recent) -> str:
    """Return a line that tells an album from others: photos, what was found, when, and where."""
    said = [PurePath(album.photos).name or album.photos, album.said]
    with contextlib.suppress(ValueError, OverflowError, OSError):
        said.append(f"{datetime.fromtimestamp(album.when).astimezone():%Y-%m-%d, %H:%M}")
    said.append(f"in {album.out}")
    return printable(" · ".join(part for part in said if part))
