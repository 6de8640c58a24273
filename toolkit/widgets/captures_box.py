"""Capture histories without code: what a study asks for, a button, and what was written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import ipywidgets
import traitlets

from toolkit import session
from toolkit.errors import BadFolder, BadSetting
from toolkit.files import folder_at
from toolkit.names import counted, shown_of
from toolkit.photos import folder_suggestions, stations
from toolkit.photos.folder_suggestions import Preview
from toolkit.results import results_folder
from toolkit.results.captures import observed, study
from toolkit.results.captures.study import Study, Wishes
from toolkit.results.results_folder import Run
from toolkit.widgets.background_work import Work, safe
from toolkit.widgets.disclosure import Fold
from toolkit.widgets.export_box import folder_of, link_to
from toolkit.widgets.folder_field import WIDE, FolderChooser

STATES = ("empty", "writing", "written", "written in part", "failed")
STYLE = {"description_width": "16em"}
ABOUT = (
    "<b>From who was seen to what a study reads:</b> a record table, capture histories, secr's "
    "files and a Camtrap DP package, by camtrapR's and secr's rules. What you decided counts, "
    "exported or not. Your photos and results stay as they are."
)
# What the command line calls the fields, in the words of the study.
FIELDS = {
    "--stations": "Table of stations",
    "--timezone": "Time zone of the cameras",
    "--occasion": "Days of an occasion",
    "--independent": "Minutes between detections",
    "--species": "Species",
    "--crs": "Map in metres",
    "--project": "Project",
    "--contributor": "Who made the data",
}
# What the files are, for those who see them first.
FILES = {
    "history.csv": "the capture history: a row for each individual, a column for each occasion",
    "record_table.csv": "every detection: who, where, when (camtrapR's record table)",
    "individuals.csv": "how often each individual was detected",
    "left_out.csv": "sightings that do not count, and why",
    "effort.csv": "how many days each station worked, by occasion",
    "secr/captures.txt": "captures and traps for secr",
    "camtrap_dp/datapackage.json": "a Camtrap DP package, with individualID",
}
# Names of tables that are offered, and proposed in this order.
TABLES = ("station*.csv", "*station*.csv", "*.csv")
# Rows and columns of the history that are shown.
ROWS, COLUMNS = 12, 12
# Photos that could not be copied, and are named.
NAMED = 5

TakeUp = Callable[..., session.Session]


class CapturesBox(ipywidgets.VBox):
    """
    What a capture-recapture study reads, written beside a result.

    It does what ``sightings captures OUT`` does, and what was decided since the export counts.

    Attributes
    ----------
    state : str
        One of `STATES`; can be observed.
    made : Study or None
        What was written last.

    Parameters
    ----------
    out : path
        The folder of results to begin with.
    take_up : callable, optional
        What reads a result with what was decided: `toolkit.session.taken_up`.
    """

    state = traitlets.Enum(STATES, default_value="empty")

    def __init__(self, out: str | Path = "", *, take_up: TakeUp = session.taken_up) -> None:
        self._take_up = take_up
        self.made: Study | None = None
        wide: dict[str, Any] = {"layout": WIDE, "style": STYLE}
        self.stations = ipywidgets.Combobox(
            description=FIELDS["--stations"],
            placeholder="stations.csv: station, latitude, longitude, setup_date, retrieval_date",
            **wide,
        )
        # What the field says as long as nobody types into it.
        self._proposed = ""
        # It looks into the folder at once, and proposes the table.
        self.folder = FolderChooser("Results", str(out), look=self._glance)
        self.zone = ipywidgets.Combobox(
            description=FIELDS["--timezone"],
            options=sorted(available_timezones()),
            placeholder="type a town: Asia/Bishkek",
            **wide,
        )
        self.days = ipywidgets.BoundedIntText(
            7, min=1, max=3650, description=FIELDS["--occasion"], **wide
        )
        self.species = ipywidgets.Text(
            description=FIELDS["--species"], placeholder="scientific name: Panthera uncia", **wide
        )
        self.minutes = ipywidgets.BoundedFloatText(
            60, min=0, max=1440 * 366, description=FIELDS["--independent"], **wide
        )
        self.crs = ipywidgets.Text(
            description=FIELDS["--crs"], placeholder="the stations' UTM zone, or EPSG:32643", **wide
        )
        self.project = ipywidgets.Text(description=FIELDS["--project"], **wide)
        self.contributor = ipywidgets.Text(
            description=FIELDS["--contributor"],
            placeholder="Ada Lovelace <ada@example.org>",
            **wide,
        )
        self.design = ipywidgets.Dropdown(
            description="Places were chosen",
            options=DESIGNS,
            value="opportunistic",
            **wide,
        )
        self.tree = ipywidgets.Checkbox(
            description="also copy the photos into folders that camtrapR reads",
            value=False,
            **wide,
        )
        more = [self.minutes, self.crs, self.project, self.contributor, self.design, self.tree]
        self.more = Fold("More for the study", more)
        self.button = ipywidgets.Button(
            description="Write", button_style="primary", icon="save", tooltip="Into OUT/captures"
        )
        self.work, self.told = Work(), ipywidgets.HTML()
        super().__init__(
            [
                ipywidgets.HTML(f"<p>{ABOUT}</p>"),
                self.folder,
                self.stations,
                self.zone,
                self.days,
                self.species,
                self.more,
                self.button,
                self.work,
                self.told,
            ]
        )
        self.folder.path.style.description_width = STYLE["description_width"]
        self.folder.step.style.description_width = STYLE["description_width"]
        self.add_class("sightings-captures")
        self.button.on_click(lambda _: self.write())
        self.work.observe(self._worked, names="state")

    def wishes(self) -> Wishes:
        """
        Return what the fields ask for.

        Raises
        ------
        BadSetting
            If a value cannot be.
        """
        made = self.contributor.value.strip()
        return Wishes(
            species=self.species.value.strip(),
            timezone=self.zone.value.strip(),
            days=self.days.value,
            minutes=self.minutes.value,
            crs=self.crs.value.strip(),
            project=self.project.value.strip(),
            contributors=tuple(each.strip() for each in made.split(";") if each.strip()),
            design=self.design.value,
            tree=self.tree.value,
        )

    def write(self) -> None:
        """Make all that can be made, and write it into ``OUT/captures``."""
        if self.work.busy:
            return
        self.told.value, self.made = "", None
        named, table = self.folder.value.strip(), self.stations.value.strip()

        def job(*_: object) -> tuple[Study, Path, list[tuple[str, str]]]:
            try:
                wishes = self.wishes()
                out = folder_of(named)
                places = stations.read(folder_at(table)) if table else None
                run = self._now(out)
                made = study.make(observed.gather(run, places), places, wishes)
                to = out / results_folder.CAPTURES
                return made, to, study.write(made, to)
            except (BadFolder, BadSetting) as error:
                raise type(error)(in_fields(str(error))) from error

        def then(written: tuple[Study, Path, list[tuple[str, str]]]) -> None:
            self.made, to, failed = written
            self.told.value = as_html(self.made, to, failed)
            self.state = "written in part" if failed else "written"

        self.work.run(job, then, title="writing what the study reads")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is under way."""
        self.folder.settle(timeout)
        return self.work.wait(timeout)

    def _now(self, out: Path) -> Run:
        """Return a result as it is with all that was decided since it was written."""
        run = results_folder.load(out)
        if run.mode != "autopilot":
            return run
        now = self._take_up(out)
        return replace(run, album=now.album, names=now.names)

    def _glance(self, folder: str) -> Preview:
        """Say whether there are results, and propose the table of stations; in a thread."""
        if not folder.strip():
            return Preview(problem="first find animals in the first tab, or name a folder")
        found = results_folder.earlier_run(folder)
        if not found:
            return Preview(problem="no result here: press Start in the first tab first")
        record = results_folder.ResultsFolder(folder_at(folder)).record()
        told = record.get("settings")
        named = told.get("stations") if isinstance(told, dict) else ""
        photos = record.get("photos_folder")
        place = photos.get("path") if isinstance(photos, dict) else ""
        offered = folder_suggestions.files_beside(str(place or ""), TABLES)
        self._propose(str(named or "") or next(iter(offered), ""), offered)
        return Preview(problem=f"here is {found}")

    def _propose(self, table: str, offered: tuple[str, ...]) -> None:
        self.stations.options = tuple(dict.fromkeys(each for each in (table, *offered) if each))
        if self.stations.value == self._proposed:
            self.stations.value = self._proposed = table

    def _worked(self, change: dict[str, Any]) -> None:
        self.button.disabled = self.work.busy
        if change["new"] in ("running", "failed"):
            self.state = "writing" if change["new"] == "running" else "failed"


DESIGNS = (
    ("at random", "simpleRandom"),
    ("on a grid", "systematicRandom"),
    ("at random within areas", "clusteredRandom"),
    ("as an experiment asks", "experimental"),
    ("where the animals go (trails, marks)", "targeted"),
    ("otherwise", "opportunistic"),
)


def in_fields(text: str) -> str:
    """Return what the command line says with the fields' names for its options."""
    # It is always beside the result.
    text = re.sub(r", or choose a new folder with --to\b", "", text)
    text = re.sub(r"choose (another one|a new folder) with --to\b", "move it away", text)

    def named(found: re.Match[str]) -> str:
        field = FIELDS.get(found.group())
        return found.group() if field is None else f"“{field}”"

    return re.sub(r"--[a-z]+", named, text)


def as_html(made: Study, folder: Path, failed: list[tuple[str, str]]) -> str:
    """Return what was written, what could not be made, and the history, as HTML."""
    files = [*made.tables, *made.texts]
    known = "".join(
        f"<li><code>{safe(name)}</code>: {safe(said)}</li>"
        for name, said in FILES.items()
        if name in files
    )
    others = len(files) - known.count("<li>")
    more = f"<li>and {counted(others, 'more file')}</li>" if others else ""
    lacking = "".join(f"<li>{safe(in_fields(each))}</li>" for each in made.missing)
    missing = (
        f"<p role='alert' style='border-left: 4px solid; padding-left: .6em'><b>Not made:</b></p>"
        f"<ul>{lacking}</ul>"
        if lacking
        else ""
    )
    not_copied = "".join(f"<li>{safe(path)}: {safe(why)}</li>" for path, why in failed[:NAMED])
    wrong = (
        f"<p role='alert'><b>{counted(len(failed), 'photo')} could not be copied:</b></p>"
        f"<ul>{not_copied}</ul>"
        if failed
        else ""
    )
    remarks = "".join(f"<li>{safe(in_fields(each))}</li>" for each in made.remarks)
    address, where = link_to(folder), safe(str(folder.resolve()))
    place = f"<code>{where}</code>"
    if address is not None:
        place = f"<a href='{safe(address)}' target='_blank' rel='noopener'>{place}</a>"
    return (
        f"<p role='status'><b>Written</b> to {place}</p><ul>{remarks}</ul>{missing}{wrong}"
        f"{history_html(made)}<p>The files:</p><ul>{known}{more}</ul>"
    )


def history_html(made: Study) -> str:
    """Return the first rows and columns of the capture history, as HTML; "" where there is none."""
    table = made.tables.get("history.csv")
    if table is None or not len(table):
        return ""
    rows, columns = shown_of(len(table), ROWS), shown_of(len(table.columns), COLUMNS)
    part = table.iloc[:rows, :columns]
    head = "".join(f"<th scope='col'>{safe(str(name))}</th>" for name in part.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{safe(str(cell))}</td>" for cell in row) + "</tr>"
        for row in part.itertuples(index=False)
    )
    left = []
    if len(table) > rows:
        left.append(counted(len(table) - rows, "more individual"))
    if len(table.columns) > columns:
        left.append(counted(len(table.columns) - columns, "more occasion"))
    more = f"<p>and {' and '.join(left)}</p>" if left else ""
    return (
        "<p>The capture history (1: seen on that occasion):</p>"
        "<div style='overflow-x: auto'><table style='border-spacing: .8em 0; text-align: right'>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}"
    )
