"""Export in two steps: what would be copied where, then the copies, then where they are."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import anywidget
import ipywidgets
import pandas as pd
import traitlets

from toolkit.errors import BadFolder, BadSetting
from toolkit.files import folder_at
from toolkit.names import counted, shown_of
from toolkit.photos import folder_suggestions
from toolkit.results import report
from toolkit.results.export import Summary, summarise, told
from toolkit.widgets.background_work import Stopped, Tell, Work, safe
from toolkit.widgets.folder_field import SHORT, WIDE


def link_to(path: Path, *, servers: Iterable[Mapping[str, Any]] | None = None) -> str | None:
    """
    Return the address under which the notebook's own server shows a file or a folder.

    Parameters
    ----------
    path : Path
        What to show.
    servers : iterable of mapping, optional
        Running servers (base_url, root_dir, pid), as Jupyter lists them; asked of it if not given.

    Returns
    -------
    str or None
        Begins with a slash: the browser adds the host it is on. None where no server has the path
        under its root, such as under Voila or for a folder elsewhere: then only its path can be
        said.
    """
    whole = path.expanduser().resolve()
    for server in _running() if servers is None else servers:
        try:
            inside = whole.relative_to(Path(str(server["root_dir"])).resolve())
            base = str(server["base_url"])
        except (KeyError, ValueError, OSError):
            continue
        if any(part.startswith(".") for part in inside.parts):
            continue
        where = "lab/tree" if whole.is_dir() else "files"
        return f"{base.rstrip('/')}/{where}/{quote(os.fsencode(inside.as_posix()))}"
    return None


def _running() -> list[Mapping[str, Any]]:
    """List the server that started this kernel."""
    parent = os.environ.get("JPY_PARENT_PID", "")
    if not parent:
        return []
    try:
        from jupyter_server.serverapp import list_running_servers

        return [each for each in list_running_servers() if str(each.get("pid")) == parent]
    except Exception:  # noqa: BLE001 - a link is a convenience: without it, the path is said
        return []


SHOWN = 15
# States after which there is something to take back.
UNDOABLE = ("exported", "exported in part", "cancelled")

# What is said of a cancelled export that has copied something, by whether some could not be.
CANCELLED = {False: "Cancelled: what was copied stays", True: "Cancelled"}

# Says what would be copied into a folder.
Plan = Callable[[Path], pd.DataFrame]


class Written(Protocol):
    """What became of an export, as `export.Outcome` and `result.Result` say it."""

    @property
    def not_copied(self) -> tuple[tuple[str, str], ...]:
        """Photos that should have been copied and were not: path and reason."""

    @property
    def removed(self) -> tuple[str, ...]:
        """Files of an earlier run that were taken away."""

    @property
    def kept(self) -> tuple[tuple[str, str], ...]:
        """Files of an earlier run that were left: folder/file, and why."""

    @property
    def not_reached(self) -> int:
        """Files that are still to be copied, because it was stopped."""

    @property
    def news(self) -> tuple[str, ...]:
        """What is otherwise than in the run before, and what was done in the folders by hand."""


# Copies into a folder; takes nothing away that an earlier run left if told so.
Export = Callable[[Path, bool, Tell, Stopped], Written]


# Takes away what the last export put into a folder; says what became of it.
Undo = Callable[[Path, Tell, Stopped], object]


class InView(anywidget.AnyWidget):
    """
    Keeps what the box around it has said last in view, when the page shrinks or grows above it.

    It shows nothing itself. Who has gone on to the cards meanwhile is left there.

    Attributes
    ----------
    looked : int
        Grows each time that it sees to it.
    """

    _esm = """
    function render({ model, el }) {
      function look() {
        // Once the page has been laid out with what came before this.
        requestAnimationFrame(() => requestAnimationFrame(() => {
          const box = el.closest(".sightings-export");
          if (!box || document.activeElement?.closest(".sightings-said")) return;
          const said = [...box.querySelectorAll("[role=status], [role=alert]")];
          const shown = said.find((each) => each.getClientRects().length && each.textContent);
          shown?.scrollIntoView({ block: "nearest", behavior: "instant" });
        }));
      }
      model.on("change:looked", look);
      return () => model.off("change:looked", look);
    }
    export default { render };
    """

    looked = traitlets.Int(0).tag(sync=True)

    def __init__(self) -> None:
        super().__init__(layout=ipywidgets.Layout(display="none"))

    def look(self) -> None:
        """Scroll to what was said, as far as it is out of view."""
        self.looked += 1


class ExportBox(ipywidgets.VBox):
    """
    A folder for the results, the plan, and a button that carries it out.

    Attributes
    ----------
    state : str
        "empty", "planned", "undone", "exported", "exported in part" (photos could not be
        copied), "nothing exported" (there was none to copy, or none could be), "cancelled",
        "failed"; can be observed.
    summary : Summary or None
        The plan that is shown.

    Parameters
    ----------
    plan, export : callable
        What to do; called in a thread.
    undo : callable, optional
        Takes back what the last export put into a folder; without it there is no button for that.
    out : str
        The folder to begin with.
    """

    state = traitlets.Unicode("empty")

    def __init__(
        self, plan: Plan, export: Export, *, undo: Undo | None = None, out: str = ""
    ) -> None:
        self._plan, self._export, self._undo = plan, export, undo
        self.summary: Summary | None = None
        self.planned_for: Path | None = None
        self._plans = 0
        self.out = ipywidgets.Combobox(
            description="Sorted folders go to",
            value=out,
            options=folder_suggestions.completions(out),
            placeholder="a new folder, or that of an earlier run",
            layout=WIDE,
            style={**SHORT, "description_width": "12em"},
        )
        self.look = ipywidgets.Button(
            description="Show the plan",
            tooltip="See what would be copied; nothing is written",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.keep_all = ipywidgets.Checkbox(
            description="keep what an earlier run put there, sorted otherwise or not",
            value=False,
            indent=False,
            # One of its own: hiding it would hide all fields that share it.
            layout=ipywidgets.Layout(width=WIDE.width),
        )
        self.go = ipywidgets.Button(
            description="Export",
            button_style="primary",
            layout=ipywidgets.Layout(width="auto", align_self="flex-start"),
        )
        self.back = ipywidgets.Button(
            description="Undo the last export",
            tooltip="Take away what it put there, where it is unchanged since; your photos "
            "and your corrections stay",
            layout=ipywidgets.Layout(width="auto", align_self="flex-start"),
        )
        self.work = Work()
        self.about = ipywidgets.HTML()
        self.where = ipywidgets.HTML()
        self.in_view = InView()
        row = ipywidgets.Layout(flex_flow="row wrap")
        super().__init__(
            [
                ipywidgets.HBox([self.out, self.look], layout=row),
                self.about,
                self.keep_all,
                self.go,
                self.work,
                self.where,
                self.back,
                self.in_view,
            ]
        )
        self.add_class("sightings-export")
        self.look.on_click(lambda _: self.show_plan())
        self.go.on_click(lambda _: self.export())
        self.back.on_click(lambda _: self.undo())
        self.out.observe(self._typed, names="value")
        self.keep_all.observe(lambda _: self._show(), names="value")
        self.work.observe(self._worked, names="state")
        self._show()

    def show_plan(self) -> None:
        """Work out what would be copied, and show it."""
        if self.work.busy:
            return
        self.clear()
        named, number = self.out.value.strip(), self._plans

        def job(*_: object) -> tuple[Path, pd.DataFrame]:
            folder = folder_of(named)
            return folder, self._plan(folder)

        def then(made: tuple[Path, pd.DataFrame]) -> None:
            # Not when what it was made for has changed meanwhile.
            if number == self._plans:
                self._planned(*made)

        self.work.run(job, then, title="working out the plan")

    def export(self) -> None:
        """Do what the plan says."""
        folder = self.planned_for
        if folder is None or self.summary is None:
            return
        keep_all = self.keep_all.value
        self.work.run(
            lambda tell, stopped: (self._export(folder, keep_all, tell, stopped), stopped()),
            lambda done: self._exported(folder, *done),
            title="copying",
        )

    def undo(self) -> None:
        """Take away what the last export put into the folder."""
        undo, named = self._undo, self.out.value.strip()
        if undo is None or self.work.busy:
            return
        self.clear()
        self.work.run(
            lambda tell, stopped: undo(folder_of(named), tell, stopped),
            self._undone,
            title="taking the last export back",
        )

    def clear(self) -> None:
        """Forget the plan: what was to be exported has changed."""
        self._plans += 1
        if self.work.busy:
            return
        self.summary = self.planned_for = None
        self.about.value = self.where.value = ""
        self.keep_all.value = False
        self.work.message.clear()
        self.state = "empty"
        self._show()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is under way."""
        return self.work.wait(timeout)

    def _typed(self, change: dict[str, Any]) -> None:
        self.out.options = folder_suggestions.completions(change["new"])
        self.clear()

    def _planned(self, folder: Path, plan: pd.DataFrame) -> None:
        self.summary, self.planned_for = summarise(plan), folder
        self.about.value = as_html(self.summary, folder)
        self.state = "planned"
        self._show()

    def _exported(self, folder: Path, written: Written, stopped: bool) -> None:
        made = self.summary
        self.about.value = ""
        self.summary = self.planned_for = None
        if made is None:
            return
        self.where.value = done_html(folder, written, made, stopped=stopped)
        state, _ = outcome_of(written, made, stopped=stopped)
        self.state = state
        self._show()

    def _undone(self, undone: object) -> None:
        lines = "<br>".join(safe(line) for line in str(undone).splitlines())
        self.where.value = f"<p role='status'><b>Undone.</b> {lines}</p>"
        self.state = "undone"

    def _worked(self, change: dict[str, Any]) -> None:
        if change["new"] == "failed":
            self.about.value = ""
            self.summary = self.planned_for = None
            self.state = "failed"
        for control in (self.out, self.look, self.keep_all, self.back):
            control.disabled = self.work.busy
        self._show()
        if not self.work.busy:
            # The bar and the plan's table are gone by now.
            self.in_view.look()

    def _show(self) -> None:
        planned, summary = self.state == "planned", self.summary
        self.go.layout.display = "block" if planned else "none"
        left = summary.left_over if planned and summary else 0
        earlier = left or (summary.kept if planned and summary else 0)
        self.keep_all.layout.display = "block" if earlier else "none"
        if planned and summary:
            new = f"copy {counted(summary.new, 'file')}"
            away = f", take {left:,} away" if left and not self.keep_all.value else ""
            self.go.description = f"Export: {new if summary.new else 'nothing new to copy'}{away}"
        there = planned and summary is not None and (summary.there or earlier)
        shown = self._undo is not None and (there or self.state in UNDOABLE)
        self.back.layout.display = "block" if shown else "none"
        self.go.disabled = self.work.busy or summary is None

    @traitlets.observe("state")
    def _state_changed(self, _: object) -> None:
        self._show()


def folder_of(named: str) -> Path:
    """
    Return the folder that was typed.

    Raises
    ------
    BadSetting
        If it is none.
    """
    if not named:
        raise BadSetting("no folder is named: write where the copies go")
    try:
        return folder_at(named)
    except BadFolder as error:
        raise BadSetting(str(error)) from error


def as_html(summary: Summary, folder: Path) -> str:
    """Return a plan as HTML: a sentence, and the folders with the most files."""
    shown = shown_of(len(summary.folders), SHOWN)
    rows = "".join(
        "<tr><td style='text-align: left; overflow-wrap: anywhere'>"
        f"{safe(str(row.folder))}</td><td>{row.files:,}</td><td>{row.new:,}</td><td>{row.there:,}</td><td>{row.left_over:,}</td>"
        f"<td>{row.kept:,}</td></tr>"
        for row in summary.folders.head(shown).itertuples(index=False)
    )
    more = len(summary.folders) - shown
    also = f"<p>and {counted(more, 'more row')}</p>" if more > 0 else ""
    head = "".join(
        f"<th scope='col' style='text-align: {'left' if text == 'folder' else 'right'}'>{text}</th>"
        for text in ("folder", "files", "new", "there already", "sorted otherwise", "kept")
    )
    return (
        f"<p role='status'><b>The plan</b> for {safe(str(folder))}: {safe(summary.text)}</p>"
        f"<table style='border-spacing: 1em 0; text-align: right'><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>{also}"
    )


def outcome_of(written: Written, made: Summary, *, stopped: bool) -> tuple[str, str]:
    """
    Return what an export has come to: a state of `ExportBox`, and a headline.

    Parameters
    ----------
    written : Written
        What became of it.
    made : Summary
        The plan that was carried out.
    stopped : bool
        Whether it was cancelled.
    """
    failed = len(written.not_copied)
    if made.new - written.not_reached - failed > 0 or written.removed:
        if failed:
            state, head = "exported in part", "Not all was exported"
        else:
            state, head = "exported", "Exported"
        return ("cancelled", CANCELLED[failed > 0]) if stopped else (state, head)
    if stopped:
        return "cancelled", "Nothing exported: it was cancelled before the first copy"
    if failed:
        return "nothing exported", "Nothing exported: no photo could be copied"
    if made.there:
        there = counted(made.there, "file is", "files are")
        return "exported", f"Nothing exported: {there} there already"
    return "nothing exported", "Nothing exported: there is no photo to copy"


def done_html(folder: Path, written: Written, made: Summary, *, stopped: bool) -> str:
    """Return where the results are, what was not copied, taken away and left, as HTML."""
    links = [_link(folder, "The sorted folders")]
    if (folder / report.FILE).is_file():
        links.append(_link(folder / report.FILE, "the report"))
    failed, (_, head) = written.not_copied, outcome_of(written, made, stopped=stopped)
    count = ""
    if failed:
        count = f"{counted(len(failed), 'photo')} could not be copied. "
    elif head == "Exported":
        there = f", {made.there:,} there already" if made.there else ""
        count = f"{counted(made.new, 'file')} copied{there}. "
    shown = shown_of(len(failed), 10)
    lines = "".join(
        f"<li>{safe(Path(path).name)}: {safe(why)}</li>" for path, why in failed[:shown]
    )
    more = f"<li>and {len(failed) - shown:,} more, in problems.csv</li>" if failed[shown:] else ""
    wrong = (
        f"<p role='alert'>Not copied, {counted(len(failed), 'photo')}; mend it, then export again:"
        f"</p><ul>{lines}{more}</ul>"
        if failed
        else ""
    )
    earlier = "".join(f"<p>{safe(text)}.</p>" for text in told(written.removed, written.kept))
    news = "".join(f"<li>{safe(text)}</li>" for text in written.news[:20])
    changed = f"<ul class='sightings-news'>{news}</ul>" if news else ""
    done = f"<p role='status'><b>{head}.</b> {count}{' · '.join(links)}</p>"
    return f"{done}{changed}{wrong}{earlier}"


def _link(path: Path, text: str) -> str:
    """Link to a file where the browser can get it; say its path in any case."""
    address = link_to(path)
    said = f"<code>{safe(str(path.expanduser().resolve()))}</code>"
    if address is None:
        return f"{text}: {said}"
    look = "color: var(--jp-content-link-color, #0b5cad); text-decoration: underline"
    href = html.escape(address)
    return f"<a href='{href}' style='{look}' target='_blank' rel='noopener'>{text}</a>: {said}"
