"""A run in one HTML file, which needs no network and no scripts, and opens anywhere."""

from __future__ import annotations

from pathlib import Path

from toolkit.errors import BadFolder
from toolkit.evaluation.audit import Audit, audit
from toolkit.files import reason_of, write_text
from toolkit.photos.thumbnails import Thumbnails
from toolkit.results.report import further_pages
from toolkit.results.report.cases import find_doubts
from toolkit.results.report.markup import render
from toolkit.results.report.page import Page
from toolkit.results.result import AutopilotResult, Result

__all__ = ["FILE", "html_of", "write"]

FILE = "report.html"


def write(
    result: Result,
    out: Path,
    *,
    pictures: bool = True,
    decided_count: int | None = None,
    thumbnails: Thumbnails | None = None,
    audited: Audit | None = None,
) -> Path:
    """
    Write ``report.html`` into a folder, in the place of one that is there.

    Where there are very many individuals, those in fewer photos are on pages beside it, in the
    folder ``report_pages``, with lists of all names.

    Parameters
    ----------
    result : Result
        Of a mode.
    out : Path
        The folder of its results; made where it is missing.
    pictures, decided_count, thumbnails, audited
        As for `html_of`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    BadFolder
        If it cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadFolder(
            f"{out} cannot be written: {reason_of(error)}. Choose another folder."
        ) from error
    if (out / FILE).is_dir() and not (out / FILE).is_symlink():
        raise BadFolder(
            f"{out / FILE} is a folder; the report goes there. Move it away, then do it again."
        )
    beside = further_pages.can_go_to(out)
    text, pages = _texts(result, decided_count, pictures, thumbnails, audited, beside=beside)
    # First what the report leads to.
    if beside:
        further_pages.write_pages(out, pages)
    write_text(out / FILE, text)
    return out / FILE


def audited_of(result: Result) -> Audit | None:
    """Return an audit of what autopilot found, at its own threshold; None for other results."""
    if not isinstance(result, AutopilotResult) or not result.count:
        return None
    return audit(
        result.album,
        # Of whom it is not sure who they are has no folder that could be a second one.
        [None if name in result.not_sure else name for name in result.names],
        threshold=result.threshold,
        thresholds=(),
        method=result.clustering.method,
    )


def html_of(
    result: Result,
    *,
    decided_count: int | None = None,
    pictures: bool = True,
    thumbnails: Thumbnails | None = None,
    audited: Audit | None = None,
) -> str:
    """
    Say in HTML what a run found, and how far to trust it.

    The same result gives the same text: it holds no date, no time, and of a path only what lies
    below the folder that all photos share. What came from a file or the user is escaped.

    Parameters
    ----------
    result : Result
        Of a mode. Links lead to its folders, relative to where they were written.
    decided_count : int, optional
        Decisions made by hand that were held to; those of `result` if not given.
    pictures : bool
        Whether it shows pictures: at most 12 of an individual, of the 200 in most photos.
    thumbnails : Thumbnails, optional
        Of ``result.album``, where there are some already.
    audited : Audit, optional
        Of ``result.album`` and ``result.names``. If not given, autopilot's result is audited at
        its own threshold.

    Returns
    -------
    str
        A whole document.
    """
    return _texts(result, decided_count, pictures, thumbnails, audited)[0]


def _texts(
    result: Result,
    decided_count: int | None,
    pictures: bool,
    thumbnails: Thumbnails | None,
    audited: Audit | None,
    *,
    beside: bool = False,
) -> tuple[str, dict[str, str]]:
    """Return the report, and the pages beside it by file name; parameters as of `html_of`."""
    audited = audited_of(result) if audited is None else audited
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    decided = result.decided if decided_count is None else decided_count
    doubts = find_doubts(result, audited)
    shown = (thumbnails or Thumbnails(result.album)) if pictures else None
    page = Page(result, doubts, shown, beside=beside)
    # In the order of the page.
    titles = {
        **({"changes": "What changed"} if result.changes is not None else {}),
        "individuals": page.words.individuals.capitalize(),
        "doubts": "Where to look first",
        "trust": "How far to trust it",
        "aside": "Left aside",
        "settings": "Settings",
    }
    text = render(
        "report.html",
        {
            **page.head(),
            "style": style,
            "words": page.words,
            "titles": titles,
            "contents": list(titles.items()),
            "changes": page.changes(),
            "individuals": page.individuals(),
            "doubts": page.doubtful(doubts),
            "trust": page.trust(audited, decided),
            "aside": page.aside(),
            "settings": page.settings(),
        },
    )
    return text, page.beside(style)
