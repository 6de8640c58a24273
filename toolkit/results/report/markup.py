"""Templates, and text that came from files and users as they may hold it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from toolkit.names import printable

if TYPE_CHECKING:
    import jinja2


def render(template: str, content: dict[str, Any]) -> str:
    """
    Fill a template of this package.

    Everything is escaped, and characters that cannot be printed are replaced, but for what
    a template takes for safe: the style and the pictures, which are of this program's own making. A
    name that the content lacks is an error.
    """
    return _environment().get_template(template).render(content) + "\n"


@cache
def _environment() -> jinja2.Environment:
    """Return what keeps templates that were read: to read them takes longer than to fill them."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("toolkit.results.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = "{:,}".format
    return environment


def _shown(value: Any) -> Any:
    # What is HTML already is a `str`, too, and was looked at when it was made.
    return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def shared_folder(paths: Iterable[str]) -> str:
    """Return the folder that holds all files, ending with a separator, or "" where none does."""
    try:
        shared = os.path.commonpath({str(Path(path).parent) for path in paths})
    except ValueError:
        return ""
    return shared if shared.endswith(os.sep) else shared + os.sep


def href(place: str | None) -> str | None:
    """Return a link to a place beside the report, None to what is no text of a file system."""
    if place is None:
        return None
    try:
        return f"./{quote(place.encode('utf-8', 'surrogateescape'), safe='/')}"
    except UnicodeEncodeError:
        return None


def in_words(value: object) -> object:
    """Return a setting in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "by itself" if value is None else value
