"""The page that the app shows."""

from __future__ import annotations

import html

import ipywidgets

from toolkit.names import printable


def page(
    photos: str | None = None, people: str | None = None, out: str | None = None
) -> ipywidgets.VBox:
    """
    Return the page.

    Parameters
    ----------
    photos, people, out : str, optional
        Folders that its fields hold at the start.
    """
    title = ipywidgets.HTML("<h1>Sightings</h1>")
    named = html.escape(printable(photos)) if photos else "no folder yet"
    told = ipywidgets.HTML(f"<p>The photos: {named}</p>")
    box = ipywidgets.VBox([title, told])
    box.add_class("sightings-page")
    return box
