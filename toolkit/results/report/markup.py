"""Text that came from files and people, as HTML."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from toolkit.names import printable

NONE = "<p>None.</p>"


def shared_folder(paths: Iterable[str]) -> str:
    """Return the folder that holds all files, ending with a separator, or "" where none does."""
    try:
        shared = os.path.commonpath({str(Path(path).parent) for path in paths})
    except ValueError:
        return ""
    return shared if shared.endswith(os.sep) else shared + os.sep


def link(inside: str, place: str | None) -> str:
    """Link to a place beside the report; one that is no text of a file system is not linked."""
    if place is None:
        return inside
    try:
        target = quote(place.encode("utf-8", "surrogateescape"), safe="/")
    except UnicodeEncodeError:
        return inside
    return f'<a href="./{target}">{inside}</a>'


def escaped(text: object) -> str:
    """Return untrusted text as it can stand in HTML, in an attribute too."""
    return html.escape(printable(str(text)))


def isolated(text: str) -> str:
    """Return text that leaves the direction of what stands around it alone."""
    return f"<bdi>{escaped(text)}</bdi>"


def in_words(value: object) -> object:
    """Return a setting as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "by itself" if value is None else value
