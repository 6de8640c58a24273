"""A study of sizes beside a photo: made at the press of a button, one way of it marked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets

from toolkit.evaluation.photo_size_costs import Way
from toolkit.evaluation.photo_size_study import ResizeStudy
from toolkit.plots import photo_size_plots
from toolkit.settings import AutopilotSettings
from toolkit.widgets.background_work import Stopped, Tell, Work
from toolkit.widgets.debounce import Newest
from toolkit.widgets.size_words import study_html

Compare = Callable[..., "ResizeStudy | None"]


class _Comparing(Work):
    """Work of which nothing is left when it is cancelled."""

    def cancel(self) -> None:
        super().cancel()
        if self.state == "cancelling":
            self.text.value = "cancelling: the photo under way is finished first"


class StudyBox(ipywidgets.VBox):
    """
    What sizes and detectors save and lose on a sample of a folder.

    Attributes
    ----------
    study : ResizeStudy or None
        What is shown.
    work : Work
        Its state can be observed.

    Parameters
    ----------
    folder : callable
        Returns the folder, as it was named.
    settings : AutopilotSettings
        How photos are searched.
    long_edges : sequence of int
        Long edges in px to compare.
    photos : int
        Most photos, to begin with.
    way : (str, int)
        What is marked at first.
    compare : callable
        Makes a study; called in a thread as `toolkit.evaluation.photo_size_preview.study_of`.
    """

    def __init__(
        self,
        folder: Callable[[], str],
        *,
        settings: AutopilotSettings,
        long_edges: Sequence[int],
        photos: int,
        way: Way,
        compare: Compare,
    ) -> None:
        self._folder, self._settings, self._make = folder, settings, compare
        self.long_edges, self._way = tuple(long_edges), way
        self.study: ResizeStudy | None = None
        self.work = _Comparing()
        self.work.stop_button.tooltip = "Stop; nothing comes of it"
        self.go = ipywidgets.Button(
            description="Compare the sizes",
            tooltip="Each size and detector on the same photos: takes minutes",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.go.on_click(lambda _: self.start())
        self.count = ipywidgets.BoundedIntText(
            description="on at most so many photos",
            value=photos,
            min=1,
            max=100_000,
            style={"description_width": "15em"},
            layout=ipywidgets.Layout(width="21em"),
        )
        self.compared = ipywidgets.HTML()
        row = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        super().__init__(
            [
                ipywidgets.HTML("<b>The album: seconds against faces lost</b>"),
                ipywidgets.HBox([self.go, self.count], layout=row),
                self.work,
                self.compared,
            ]
        )
        self._lock = threading.Lock()
        self._marks = Newest(self._draw, failed=self.work.message.failed)
        self.work.observe(self._worked, names="state")

    def start(self) -> None:
        """Compare the sizes on a sample of the folder."""
        folder, count = self._folder(), self.count.value
        if not folder.strip():
            self.work.message.mend("no folder is named yet: choose one above")
            return

        def job(tell: Tell, stopped: Stopped) -> ResizeStudy | None:
            return self._make(
                folder,
                long_edges=self.long_edges,
                detectors=("cnn", "hog"),
                sample=count,
                settings=self._settings,
                progress=tell,
                stopped=stopped,
            )

        self.work.run(job, lambda study: self._compared(folder, study), title="reading the folder")

    def cancel(self) -> None:
        """Stop; nothing comes of it."""
        self.work.cancel()

    def show(self, study: ResizeStudy) -> None:
        """Show a study; its long edges are those of the next one, too."""
        self.study = study
        measured = dict.fromkeys(int(edge) for edge in study.table["long_edge"])
        self.long_edges = tuple(dict.fromkeys([*self.long_edges, *measured]))
        self._marks.ask(self._way)

    def forget(self) -> None:
        """Show no study: that of another folder says nothing."""
        with self._lock:
            self.study, self.compared.value = None, ""

    def mark(self, way: Way) -> None:
        """Mark a detector and a long edge."""
        self._way = way
        if self.study is not None:
            self._marks.ask(way)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is under way; return whether that is so."""
        return self.work.wait(timeout) and self._marks.wait(timeout)

    def _compared(self, folder: str, study: ResizeStudy | None) -> None:
        if study is None:
            self.work.message.remark(
                "Cancelled: nothing came of it, for sizes compare only when all are measured."
            )
        elif folder != self._folder():
            self.work.message.remark("Not shown: the folder was changed meanwhile.")
        else:
            self.show(study)

    def _draw(self, way: Way) -> None:
        if (study := self.study) is not None:
            drawn = study_html(
                study, way, photo_size_plots.plot(study.table, way, words=study.words)
            )
            with self._lock:
                # Not when it was forgotten meanwhile.
                if self.study is study:
                    self.compared.value = drawn

    def _worked(self, _: dict[str, Any]) -> None:
        self.go.disabled = self.count.disabled = self.work.busy
