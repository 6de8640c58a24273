"""Known individuals teach how sure matches are: a folder of them, and a button."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ipywidgets
import pandas as pd
import traitlets

from toolkit.benchmarks import identification
from toolkit.errors import BadFolder, BadSetting
from toolkit.files import folder_at
from toolkit.names import printable
from toolkit.photos import folder_suggestions
from toolkit.records import Words
from toolkit.settings import GroupingSettings
from toolkit.subjects.base import Calibratable
from toolkit.widgets.background_work import Stopped, Tell, Work, in_html, safe
from toolkit.widgets.folder_field import ExamplesChooser

STATES = ("empty", "learning", "learned", "cancelled", "failed")
ABOUT = (
    "<b>How sure is a match?</b> That depends on the {words.plural}. With photos of some known "
    "{words.individuals}, a folder for each, it is learned from them: some ten {words.individuals} "
    "with a few photos each are a beginning."
)
# What the columns of the figures are called.
COLUMNS = {
    "part": "part",
    "half": "half",
    "by": "by",
    "pairs": "pairs",
    "error": "error",
    "expected": "expected / true",
    "sure": "above 95%",
    "right": "of these right",
}

Learn = Callable[
    [Path, GroupingSettings, list[str], Tell], tuple[Calibratable, pd.DataFrame, tuple[str, ...]]
]


def learn(
    known: Path, settings: GroupingSettings, said: list[str], tell: Tell
) -> tuple[Calibratable, pd.DataFrame, tuple[str, ...]]:
    """
    Fit what scores say on known individuals; see `toolkit.benchmarks.identification`.

    Returns
    -------
    (Calibratable, pandas.DataFrame, tuple of str)
        What was fitted, what each half gives on the other, and the scores that count.
    """
    made, matcher = identification.known_album(known, settings, log=said.append, progress=tell)
    if matcher is None:
        plural = settings.subject.words.plural
        raise BadSetting(f"there is nothing to learn of {plural}: they are compared by vectors")
    fitted, table = identification.calibrate(
        made, matcher, printable(known.resolve().name), log=said.append
    )
    return fitted, table, fitted.scores_used


class CalibrateBox(ipywidgets.VBox):
    """
    A folder of known individuals, and a button; it does what ``sightings calibrate`` does.

    Attributes
    ----------
    state : str
        One of `STATES`; can be observed.

    Parameters
    ----------
    settings : callable
        How the photos are looked at.
    learned : callable
        Called with the path of the calibration once it is written.
    words : Words
        What is told apart.
    learn : callable, optional
        What does the work: `learn`.
    """

    state = traitlets.Enum(STATES, default_value="empty")

    def __init__(
        self,
        settings: Callable[[], GroupingSettings],
        learned: Callable[[str], None],
        *,
        words: Words,
        learn: Learn = learn,
    ) -> None:
        self._settings, self._learned, self._learn = settings, learned, learn
        self._words = words
        self.known = ExamplesChooser("", words=words)
        self.button = ipywidgets.Button(
            description="Learn", button_style="primary", icon="graduation-cap"
        )
        self.work, self.told = Work(), ipywidgets.HTML()
        about = f"<p>{ABOUT.format(words=in_html(words))}</p>"
        super().__init__([ipywidgets.HTML(about), self.known, self.button, self.work, self.told])
        self.add_class("sightings-calibrate")
        # Reading cannot be broken off half way.
        self.button.on_click(lambda _: self.start())
        self.work.observe(self._worked, names="state")

    def start(self) -> None:
        """Learn, and write the calibration beside the folder of known individuals."""
        if self.work.busy:
            return
        self.told.value, named = "", self.known.value.strip()

        def job(tell: Tell, stopped: Stopped) -> str:
            if not named:
                raise BadFolder(f"name the folder of known {self._words.individuals} first")
            known, said = folder_at(named), list[str]()
            beside = folder_suggestions.beside(str(known), "calibration.json")
            if not beside:
                raise BadFolder(f"{known} has no place beside it for what is learned")
            fitted, table, used = self._learn(known, self._settings(), said, tell)
            if stopped():
                return ""
            fitted.save_calibration(Path(beside))
            self.told.value = as_html(beside, table, used, said, self._words)
            return beside

        def then(path: str) -> None:
            if path:
                self._learned(path)

        self.work.run(job, then, title="reading the folder")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is under way."""
        self.known.settle(timeout)
        return self.work.wait(timeout)

    def _worked(self, change: dict[str, str]) -> None:
        self.button.disabled = self.work.busy
        told = {"running": "learning", "done": "learned", "cancelled": "cancelled"}
        self.state = told.get(change["new"], "failed" if change["new"] == "failed" else self.state)


def as_html(
    path: str, table: pd.DataFrame, used: tuple[str, ...], said: list[str], words: Words
) -> str:
    """Return what was learned, what it is worth, and what to do, as HTML."""
    shown = in_html(words)
    remarks = "".join(f"<li>{safe(each)}</li>" for each in said)
    if len(table):
        known = [name for name in COLUMNS if name in table]
        head = "".join(f"<th scope='col'>{COLUMNS[name]}</th>" for name in known)
        rows = "".join(
            "<tr>" + "".join(f"<td>{safe(_cell(row[name]))}</td>" for name in known) + "</tr>"
            for _, row in table.iterrows()
        )
        worth = (
            f"<p>Each half of the {shown.individuals} by what the other half taught, beside what "
            "is shipped:</p><div style='overflow-x: auto'><table style='border-spacing: .8em 0; "
            f"text-align: right'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        )
    else:
        worth = (
            f"<p>There are too few {shown.individuals} to try it on others than those that taught "
            "it: take it with care.</p>"
        )
    return (
        f"<p role='status'><b>Learned.</b> It is in <code>{safe(path)}</code>, and chosen in the "
        "settings of the other tabs: press Start there. Photos that were looked at are not looked "
        f"at again.</p><p>What counts: {safe(', '.join(used))}.</p>"
        f"{f'<ul>{remarks}</ul>' if remarks else ''}{worth}"
    )


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
