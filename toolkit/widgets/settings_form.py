"""The settings of both modes as a form, folded away; its controls follow from the settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import Any, Generic, TypeVar

import ipywidgets
import traitlets

from toolkit.photos import folder_suggestions
from toolkit.settings import Settings
from toolkit.subjects.settings import (
    Changes,
    Choice,
    ChoiceOrFile,
    Distance,
    Number,
    Patterns,
    Setting,
    Text,
    Whole,
    declared,
    declared_as,
)
from toolkit.widgets.disclosure import Fold

AnySettings = TypeVar("AnySettings", bound=Settings)

STYLE = {"description_width": "16em"}
WIDE = ipywidgets.Layout(width="min(42em, 100%)")

# What a number without a limit of its own can be raised to.
MOST = 10_000


# What changes the sightings stands before what changes their names.
PLACES: dict[Changes, int] = {
    "listing": 0,
    "scan": 0,
    "subject": 0,
    "references": 1,
    "metadata": 1,
    "assign": 1,
    "export": 2,
    "resources": 3,
}


def choices_of(setting: Setting) -> list[tuple[str, Any]]:
    """
    Return what a list of choices shows, and what it holds for each.

    A list shows nothing as chosen where it holds None: there, it holds the text.
    """
    if not isinstance(setting.takes, Choice):
        raise TypeError(f"{setting.name} takes {setting.takes.expected}; expected a choice")
    return [(setting.takes.text(value), _held(setting, value)) for value in setting.takes.values]


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
        low, usual, high = settings.slider
        at = usual if settings.threshold == "auto" else settings.threshold
        self.threshold = ipywidgets.FloatSlider(
            description=declared_as(type(settings), "threshold").label,
            value=at,
            min=min(low, at),
            max=max(high, at),
            step=0.005,
            readout_format=".3f",
            # Otherwise the browser tells of the place again, rounded to the step, when it is put
            # somewhere, or of the one before when its ends move.
            continuous_update=False,
            disabled=settings.threshold == "auto",
            style=STYLE,
            layout=WIDE,
        )
        # What fields say as long as nobody types into them.
        self._proposed: dict[str, str] = {}
        self._declared = {each.name: each for each in _with_control(type(settings))}
        self.fields = {
            name: _control(each, getattr(settings, name)) for name, each in self._declared.items()
        }
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

    @property
    def kind(self) -> type[AnySettings]:
        """Which settings they are."""
        return type(self._start)

    @property
    def none_found(self) -> str:
        """What else to try where next to nothing was found, as a sentence; "" for nothing."""
        told = self._start.none_found
        return f"{told[:1].upper()}{told[1:]}." if told else ""

    def settings(self) -> AnySettings:
        """
        Return the settings that the form shows.

        Raises
        ------
        BadSetting
            If a value cannot be.
        """
        chosen = {name: self._value(name) for name in self.fields}
        chosen["threshold"] = "auto" if self.automatic.value else self._threshold()
        return replace(self._start, **chosen)

    def reset(self) -> None:
        """Take the defaults."""
        fresh = type(self._start)()
        shown = ("threshold", *self.fields)
        self.take(replace(self._start, **{name: getattr(fresh, name) for name in shown}))

    def take(self, settings: AnySettings) -> None:
        """Show other settings."""
        threshold = settings.threshold
        low, usual, high = settings.slider
        at = usual if threshold == "auto" else threshold
        self.threshold.min, self.threshold.max = min(low, at), max(high, at)
        # First the box: with it, the slider's place is of no account.
        self.automatic.value = threshold == "auto"
        self.threshold.value = at
        self._start = settings
        for name, control in self.fields.items():
            control.value = _held(self._declared[name], getattr(settings, name))

    @property
    def seeks_files(self) -> bool:
        """Whether files beside the photos may be what a setting wants."""
        takes = (each.takes for each in self._declared.values())
        return any(isinstance(each, Text) and each.beside for each in takes)

    def look_beside(self, photos: str) -> None:
        """Offer the files in a folder of photos, and beside it, where a setting takes such."""
        for name, each in self._declared.items():
            takes = each.takes
            if not isinstance(takes, Text) or not takes.beside:
                continue
            found = folder_suggestions.files_beside(photos, takes.beside)
            self.fields[name].options = found
            usual = [path for path in found if PurePath(path).name == takes.usual]
            # Who chose something has chosen.
            if takes.usual and self.fields[name].value == self._proposed.get(name, ""):
                self._proposed[name] = usual[0] if usual else ""
                self.fields[name].value = self._proposed[name]

    def summary(self) -> str:
        """Say what is set otherwise than by default."""
        fresh = type(self._start)()
        odd = [
            f"{control.description}: {_said(control)}"
            for name, control in self.fields.items()
            if self._value(name) != getattr(fresh, name)
        ]
        if not self.automatic.value:
            odd.insert(0, f"threshold: {self.threshold.value:.3f}")
        return "as recommended" if not odd else "; ".join(odd)

    def _threshold(self) -> float:
        # As it came, to its last digit; a place of the slider without the dust of its arithmetic.
        at = float(self.threshold.value)
        return at if at == self._start.threshold else round(at, 6)

    def _value(self, name: str) -> Any:
        return _value(self._declared[name], self.fields[name].value)

    def _moved(self, _: dict[str, Any]) -> None:
        self.threshold.disabled = self.automatic.value
        self.box.title = f"Settings: {self.summary()}"
        self.changed += 1


def _with_control(kind: type[Settings]) -> list[Setting]:
    """Return the settings with a control of their own, in the form's order."""
    shown = [each for each in declared(kind) if each.label and not isinstance(each.takes, Distance)]
    return sorted(shown, key=lambda each: (each.advanced, PLACES[each.changes]))


def _control(setting: Setting, value: Any) -> Any:
    """Return what a setting is chosen with."""
    takes = setting.takes
    common = {"description": setting.label, "style": STYLE, "layout": WIDE}
    if isinstance(takes, Choice):
        held = _held(setting, value)
        return ipywidgets.Dropdown(options=choices_of(setting), value=held, **common)
    if isinstance(takes, Whole | Number):
        whole = isinstance(takes, Whole)
        kind = ipywidgets.BoundedIntText if whole else ipywidgets.BoundedFloatText
        most = max(MOST, value) if takes.high is None else takes.high
        return kind(value=value, min=takes.low, max=most, step=takes.step, **common)
    if isinstance(takes, Text):
        values = takes.values if isinstance(takes, ChoiceOrFile) else ()
        listed = bool(values or takes.beside)
        kind = ipywidgets.Combobox if listed else ipywidgets.Text
        offered = {"options": values, "ensure_option": False} if listed else {}
        # A path that is half typed is none.
        return kind(value=value, continuous_update=False, **offered, **common)
    if isinstance(takes, Patterns):
        hint = "one a line: *.png, old/"
        lines = ipywidgets.Textarea(placeholder=hint, rows=2, continuous_update=False, **common)
        lines.value = _held(setting, value)
        return lines
    return ipywidgets.Checkbox(value=value, indent=True, **common)


def _held(setting: Setting, value: Any) -> Any:
    """Return what the control of a setting holds for one of its values."""
    takes = setting.takes
    if isinstance(takes, Patterns):
        return "\n".join(value)
    return takes.text(None) if value is None and isinstance(takes, Choice) else value


def _value(setting: Setting, held: Any) -> Any:
    """Return the value of a setting that its control holds."""
    takes = setting.takes
    if isinstance(takes, Patterns):
        return tuple(line for line in held.splitlines() if line.strip())
    free = isinstance(takes, Choice) and None in takes.values and held == takes.text(None)
    return None if free else held


def _said(control: Any) -> str:
    """Say what a control shows."""
    if isinstance(control, ipywidgets.Dropdown):
        return str(control.label)
    return (
        {True: "yes", False: "no"}[control.value]
        if isinstance(control, ipywidgets.Checkbox)
        else ", ".join(str(control.value).splitlines())
    )
