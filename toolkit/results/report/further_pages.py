"""
The pages beside a report of very many individuals, and the lists of names that lead to them.

They lie in a folder of their own, beside a list of what was written there: a page that somebody
changed, or put there, stays.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.files import digest_of, disk_errors, read_regular, write_text
from toolkit.results.report.markup import render
from toolkit.results.results_folder import MARK_OF_PAGES, PAGES, PROGRAM

# Individuals on a page, and names in a list: what a browser shows at once.
ON_PAGE, IN_LIST = 1000, 10_000
# Every file that may be written: nothing else is ever taken away.
_OURS = re.compile(r"(page|names)-\d{4,6}\.html")
# Bytes of the list of what was written.
LARGEST = 1 << 24


def page_name(place: int, cards: int) -> str:
    """
    Return where an individual is, as a link from one of the pages.

    Parameters
    ----------
    place : int
        Of the individual, 0 for the one in most photos.
    cards : int
        How many are in the report itself.
    """
    if place < cards:
        return f"../report.html#i{place}"
    return f"./{_page(2 + (place - cards) // ON_PAGE)}#i{place}"


def _page(number: int) -> str:
    return f"page-{number:04d}.html"


def name_lists(names: Sequence[str], numbers: Mapping[str, int]) -> list[list[int]]:
    """
    Return the places of names, in the order of the alphabet, in lists; numbers come last.

    Parameters
    ----------
    names : sequence of str
        Those in most photos first.
    numbers : mapping of str to int
        The number of each who has no other name.
    """
    order = sorted(
        range(len(names)),
        key=lambda place: (
            numbers.get(names[place], 0),
            names[place].casefold(),
            names[place],
        ),
    )
    return [order[start : start + IN_LIST] for start in range(0, len(order), IN_LIST)]


def lists_in_short(names: Sequence[str], lists: Sequence[Sequence[int]]) -> list[dict[str, str]]:
    """Return a link from the report to each list, with the first and the last name in it."""
    return [
        {
            "href": f"./{PAGES}/names-{number:04d}.html",
            "first": names[some[0]],
            "last": names[some[-1]],
        }
        for number, some in enumerate(lists, 1)
    ]


def first_page() -> str:
    """Return a link from the report to the first page beside it."""
    return f"./{PAGES}/{_page(2)}"


def pages_of(
    entries: Iterable[dict[str, Any]], count: int, cards: int, about: Mapping[str, Any]
) -> dict[str, str]:
    """
    Return the pages of those who are not in the report, by file name.

    Parameters
    ----------
    entries : iterable of dict
        Of each what a card says, without pictures, in their order.
    count : int
        How many they are.
    cards : int
        How many are in the report itself.
    about : mapping
        What all pages say: style, title.
    """
    left, made = iter(entries), {}
    last = 1 + -(-count // ON_PAGE)
    for number in range(2, last + 1):
        start = cards + (number - 2) * ON_PAGE
        some = [
            {"place": start + each, "entry": _from_here(entry)}
            for each, entry in zip(range(min(ON_PAGE, cards + count - start)), left, strict=False)
        ]
        before = f"./{_page(number - 1)}" if number > 2 else ""
        after = f"./{_page(number + 1)}" if number < last else ""
        content = {"some": some, "number": number, "last": last, "before": before, "after": after}
        made[_page(number)] = render("page.html", {**about, **content})
    return made


def lists_of(
    names: Sequence[str], lists: Sequence[Sequence[int]], cards: int, about: Mapping[str, Any]
) -> dict[str, str]:
    """Return the lists of names, by file name; parameters as of `pages_of` and `name_lists`."""
    return {
        f"names-{number:04d}.html": render(
            "names.html",
            {
                **about,
                "some": [(names[place], page_name(place, cards)) for place in some],
                "first": names[some[0]],
                "last": names[some[-1]],
            },
        )
        for number, some in enumerate(lists, 1)
    }


def _from_here(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry whose links lead out of the folder of pages."""
    files = [{**each, "href": _out(each["href"])} for each in entry["files"]]
    return {**entry, "href": _out(entry["href"]), "files": files}


def _out(href: str | None) -> str | None:
    return None if href is None else f".{href}"


def can_go_to(out: Path) -> bool:
    """Whether the folder of pages is free, or ours: where somebody is called so, it is neither."""
    folder = out / PAGES
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        return False
    return not folder.is_dir() or (folder / MARK_OF_PAGES).is_file() or not any(folder.iterdir())


def write_pages(out: Path, texts: Mapping[str, str]) -> None:
    """
    Write pages beside a report, in the place of those of an earlier one; take these away if none.

    Raises
    ------
    BadFolder
        If they cannot be written.
    """
    folder = out / PAGES
    if not texts:
        take_pages(out)
        return
    earlier = _written(folder)
    kept = {name for name in earlier if _changed(folder / name, earlier[name])}
    with disk_errors(folder):
        folder.mkdir(exist_ok=True)
    # Said first, so that what was cut off is known as ours.
    _mark(folder, dict.fromkeys([*earlier, *texts], ""))
    for name, text in texts.items():
        write_text(folder / name, text)
    with disk_errors(folder):
        for name in earlier.keys() - texts.keys() - kept:
            (folder / name).unlink(missing_ok=True)
        _mark(folder, {name: digest_of(folder / name) for name in texts})


def take_pages(out: Path) -> list[str]:
    """Take away the pages that nobody changed; return what was taken: folder/file."""
    folder, taken = out / PAGES, []
    written = _written(folder)
    for name, digest in written.items():
        path = folder / name
        if path.is_file() and not _changed(path, digest):
            with contextlib.suppress(OSError):
                path.unlink()
                taken.append(f"{PAGES}/{name}")
    if written:
        with contextlib.suppress(OSError):
            (folder / MARK_OF_PAGES).unlink()
            folder.rmdir()
    return taken


def _mark(folder: Path, files: Mapping[str, str]) -> None:
    content = {"program": PROGRAM, "files": dict(files)}
    write_text(folder / MARK_OF_PAGES, json.dumps(content, indent=1) + "\n")


def _written(folder: Path) -> dict[str, str]:
    """Return the pages that a folder says a run wrote there, with their digests."""
    try:
        content = json.loads(read_regular(folder / MARK_OF_PAGES, most=LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    files = content.get("files") if isinstance(content, dict) else None
    if folder.is_symlink() or not isinstance(files, dict) or content.get("program") != PROGRAM:
        return {}
    return {
        name: digest
        for name, digest in files.items()
        if isinstance(digest, str) and _OURS.fullmatch(name)
    }


def _changed(path: Path, digest: str) -> bool:
    """Whether a page is another one than was written; of one that was cut off nothing is known."""
    if path.is_symlink():
        return True
    try:
        return bool(digest) and digest_of(path) != digest
    except OSError:
        return False
