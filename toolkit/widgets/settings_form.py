"""The settings of both modes as a form, folded away."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Generic, TypeVar

import ipywidgets
import traitlets

from toolkit.settings import METHODS, RULES, PointAndShootSettings, Settings
from toolkit.widgets.disclosure import Fold

AnySettings = TypeVar("AnySettings", bound=Settings)

STYLE = {"description_width": "16em"}
WIDE = ipywidgets.Layout(width="min(42em, 100%)")
# Where the slider stands while the threshold sets itself.
USUAL = 0.5

LABELS = {
    "long_edge": "search photos at (px)",
    "detector": "faces are found by",
    "upsample": "enlarge before the search",
    "min_face": "smallest face (px)",
    "min_sharpness": "least sharpness (0 to 1)",
    "method": "grouping",
    "one_per_photo": "one photo shows a person once",
    "largest_face": "of several faces in an example photo, take the largest",
    "jitter": "moved copies of each face",
    "link": "make links, not copies",
    "jobs": "threads (0: one a core)",
}
# What "method" says in point-and-shoot, where nothing is grouped.
COMPARED = "faces are compared by"
# A list shows nothing as chosen where the value is None.
HELPS = "where it helps"
CHOICES: dict[str, list[tuple[str, Any]]] = {
    "detector": [
        ("CNN: turned and half-hidden faces too", "cnn"),
        ("HOG: frontal faces only, quicker", "hog"),
    ],
    "upsample": [("where it helps", HELPS), ("never", 0), ("twice", 1), ("four times", 2)],
}


class SettingsForm(ipywidgets.VBox, Generic[AnySettings]):
    """
    A form for one kind of settings.

    Attributes
    ----------
    changed : int
        Grows with each change; can be observed.

    Parameters
    ----------
    settings : Settings
        What the form begins with; settings that it has no field for stay as they are here.
    """

    changed = traitlets.Int(0)

    def __init__(self, settings: AnySettings) -> None:
        self._start = settings
        self.automatic = ipywidgets.Checkbox(
            description="the threshold sets itself",
            value=settings.threshold == "auto",
            style=STYLE,
            layout=WIDE,
            indent=True,
        )
        self.threshold = ipywidgets.FloatSlider(
            description="threshold (distance)",
            value=USUAL if settings.threshold == "auto" else settings.threshold,
            min=0.2 if settings.threshold == "auto" else min(0.2, settings.threshold),
            max=1.0 if settings.threshold == "auto" else max(1.0, settings.threshold),
            step=0.005,
            readout_format=".3f",
            disabled=settings.threshold == "auto",
            style=STYLE,
            layout=WIDE,
        )
        self.fields = {name: self._field(name) for name in self._names()}
        self.again = ipywidgets.Button(
            description="Back to the defaults",
            layout=ipywidgets.Layout(width="auto", align_self="flex-start"),
        )
        self.again.on_click(lambda _: self.reset())
        self.box = Fold(
            "Settings", [self.automatic, self.threshold, *self.fields.values(), self.again]
        )
        super().__init__([self.box])
        for control in (self.automatic, self.threshold, *self.fields.values()):
            control.observe(self._moved, names="value")
        self._moved({})

    def settings(self) -> AnySettings:
        """
        Return the settings that the form shows.

        Raises
        ------
        BadSetting
            If a value cannot be.
        """
        chosen = {name: _value(control) for name, control in self.fields.items()}
        chosen["threshold"] = "auto" if self.automatic.value else self._threshold()
        kept = {
            field.name: chosen.get(field.name, getattr(self._start, field.name))
            for field in fields(self._start)
        }
        return type(self._start)(**kept)

    def reset(self) -> None:
        """Take the defaults."""
        fresh = type(self._start)()
        shown = ("threshold", *self.fields)
        self.take(replace(self._start, **{name: getattr(fresh, name) for name in shown}))

    def take(self, settings: AnySettings) -> None:
        """Show other settings."""
        threshold = settings.threshold
        at = USUAL if threshold == "auto" else threshold
        self.threshold.min, self.threshold.max = min(0.2, at), max(1.0, at)
        # First the box: with it, the slider's place is of no account.
        self.automatic.value = threshold == "auto"
        self.threshold.value = at
        self._start = settings
        for name, control in self.fields.items():
            control.value = _shown(getattr(settings, name))

    def summary(self) -> str:
        """Say what is set otherwise than by default."""
        fresh = type(self._start)()
        odd = [
            f"{control.description}: {_said(control)}"
            for name, control in self.fields.items()
            if _value(control) != getattr(fresh, name)
        ]
        if not self.automatic.value:
            odd.insert(0, f"threshold: {self.threshold.value:.3f}")
        return "as recommended" if not odd else "; ".join(odd)

    def _threshold(self) -> float:
        # As it came, to its last digit; a place of the slider without the dust of its arithmetic.
        at = float(self.threshold.value)
        return at if at == self._start.threshold else round(at, 6)

    def _names(self) -> list[str]:
        return [name for name in LABELS if hasattr(self._start, name)]

    def _field(self, name: str) -> Any:
        value = getattr(self._start, name)
        common = {"description": LABELS[name], "style": STYLE, "layout": WIDE}
        if name == "method":
            known = isinstance(self._start, PointAndShootSettings)
            common["description"] = COMPARED if known else LABELS[name]
            rules = RULES if known else METHODS
            return ipywidgets.Dropdown(options=list(rules), value=value, **common)
        if name in CHOICES:
            return ipywidgets.Dropdown(options=CHOICES[name], value=_shown(value), **common)
        if isinstance(value, bool):
            return ipywidgets.Checkbox(value=value, indent=True, **common)
        if isinstance(value, float):
            return ipywidgets.BoundedFloatText(value=value, min=0.0, max=1.0, step=0.01, **common)
        most = {"long_edge": 20_000, "jitter": 100, "jobs": 256}.get(name, 10_000)
        return ipywidgets.BoundedIntText(
            value=value,
            min=100 if name == "long_edge" else 0,
            max=max(most, value),
            step=100 if name == "long_edge" else 1,
            **common,
        )

    def _moved(self, _: dict[str, Any]) -> None:
        self.threshold.disabled = self.automatic.value
        self.box.title = f"Settings: {self.summary()}"
        self.changed += 1


def _shown(value: Any) -> Any:
    return HELPS if value is None else value


def _value(control: Any) -> Any:
    return None if control.value == HELPS else control.value


def _said(control: Any) -> str:
    """Say what a control shows."""
    if isinstance(control, ipywidgets.Dropdown):
        return str(control.label)
    return (
        {True: "yes", False: "no"}[control.value]
        if isinstance(control, ipywidgets.Checkbox)
        else str(control.value)
    )
