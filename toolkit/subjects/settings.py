"""
How a setting is declared, and the settings that the search for every subject has.

A setting is declared once, as a field of a dataclass whose default is `setting`. Its check, its
option on the command line, its control in the form of the panels, and whether a change of it needs
a new look at the photos, all follow from that one place.
"""

from __future__ import annotations

import inspect
import math
import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeGuard

from toolkit.errors import BadSetting
from toolkit.names import SubjectInfo, Words
from toolkit.photos.passed_over import MOST_PATTERNS, check_pattern

if TYPE_CHECKING:
    from pathlib import Path

    from toolkit.subjects.base import Evidence, Subject

Changes = Literal[
    "listing", "scan", "subject", "references", "metadata", "assign", "export", "resources"
]
# What these change cannot be told from an album: the photos have to be looked at.
SEEN_IN_PHOTOS: tuple[Changes, ...] = ("listing", "scan", "subject", "references", "metadata")

# The largest number that a setting takes which has no limit of its own: a record holds it.
MOST = 10**9
_DECLARED = "setting"
# What `declared` returned for each class: every new settings object asks.
_LISTED: dict[type[Part], tuple[Setting, ...]] = {}


@dataclass(frozen=True)
class Switch:
    """Takes yes or no."""

    @property
    def expected(self) -> str:
        """What a value may be, as a complaint says it."""
        return "True or False"

    def accepts(self, value: object) -> bool:
        """Whether a value can be taken."""
        return isinstance(value, bool)


@dataclass(frozen=True)
class Choice:
    """
    Takes one of several values.

    Attributes
    ----------
    values : tuple of str, or of int
        Those that can be chosen; None among them stands for a choice that is made for the user.
    texts : mapping of value to str
        What a form calls them; itself, where a value has none.
    alone : str or None
        What the option stands for where no value follows it; None where one has to.
    """

    values: tuple[str | int | None, ...]
    texts: Mapping[str | int | None, str] = field(default_factory=dict)
    alone: str | None = None

    @property
    def spelled(self) -> tuple[str | int, ...]:
        """The values that can be written on a command line."""
        return tuple(value for value in self.values if value is not None)

    @property
    def read(self) -> Callable[[str], Any]:
        """What turns the text of a command line into a value."""
        return type(self.spelled[0])

    @property
    def expected(self) -> str:
        """What a value may be, as a complaint says it."""
        *most, last = map(str, self.spelled)
        if isinstance(self.spelled[0], str):
            found = f"one of {', '.join((*most, last))}"
        else:
            found = f"{', '.join(most)} or {last}"
        return f"{found}, or None" if None in self.values else found

    def text(self, value: str | int | None) -> str:
        """Return what a form calls a value."""
        return self.texts.get(value, str(value))

    def accepts(self, value: object) -> bool:
        """Whether a value can be taken."""
        return any(type(value) is type(known) and value == known for known in self.values)


@dataclass(frozen=True)
class Whole:
    """
    Takes a whole number.

    Attributes
    ----------
    low, high : int
        Least and largest; `high` is None where there is no limit but `MOST`.
    unit : str
        In the plural, such as "px".
    zero : str
        What 0 stands for, where it stands for something else than its number.
    step : int
        By how much an arrow in a form moves it.
    """

    low: int = 0
    high: int | None = None
    unit: str = ""
    zero: str = ""
    step: int = 1

    @property
    def read(self) -> Callable[[str], Any]:
        """What turns the text of a command line into a value."""
        return int

    @property
    def expected(self) -> str:
        """What a value may be, as a complaint says it."""
        found = "a whole number" + (f" of {self.unit}" if self.unit else "")
        zero = f" ({self.zero})" if self.zero else ""
        if self.high is None:
            return f"{found}, {self.low}{zero} or more, up to {MOST:,}"
        return f"{found} from {self.low}{zero} to {self.high}"

    def accepts(self, value: object) -> bool:
        """Whether a value can be taken."""
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and _within(value, self.low, self.high)


@dataclass(frozen=True)
class Number:
    """Takes a number; its attributes are those of `Whole`."""

    low: float = 0.0
    high: float | None = None
    unit: str = ""
    zero: str = ""
    step: float = 0.01

    @property
    def read(self) -> Callable[[str], Any]:
        """What turns the text of a command line into a value."""
        return float

    @property
    def expected(self) -> str:
        """What a value may be, as a complaint says it."""
        found = "a number" + (f" of {self.unit}" if self.unit else "")
        if self.zero:
            most = MOST if self.high is None else self.high
            return f"{found} above 0, up to {most:,}, or 0 for {self.zero}"
        if self.high is None:
            return f"{found}, {self.low:g} or more, up to {MOST:,}"
        return f"{found} from {self.low:g} to {self.high:g}"

    def accepts(self, value: object) -> bool:
        """Whether a value can be taken."""
        return _is_number(value) and _within(value, self.low, self.high)


@dataclass(frozen=True)
class Distance:
    """Takes a distance of encodings, or "auto"."""

    @property
    def expected(self) -> str:
        """What a value may be, as a complaint says it."""
        return '"auto", or a distance above 0 and below 2, such as 0.55'

    def accepts(self, value: object) -> bool:
        """Whether a value can be taken."""
        return value == "auto" if isinstance(value, str) else _is_number(value) and 0 < value < 2

    @staticmethod
    def read(text: str) -> float | str:
        """Turn the text of a command line into a value; `ValueError` if it is none."""
        if text == "auto":
            return text
        try:
            return float(text)
        except ValueError:
            raise ValueError(
                f"{text!r} is no threshold; expected auto, or a distance such as 0.55"
            ) from None


@dataclass(frozen=True)
class Text:
    """
    Takes a text, "" for none.

    Attributes
    ----------
    what : str
        What it is, with its article, such as "a folder's name".
    longest : int
        Letters that it may have.
    beside : tuple of str
        Names, such as "station*.csv", of files that a form offers where they are in the folder of
        photos, or beside it.
    usual : str
        The name of a file that a form takes from there by itself; "" for none.
    """

    what: str
    longest: int = 100
    beside: tuple[str, ...] = ()
    usual: str = ""

    @property
    def read(self) -> Callable[[str], Any]:
        """What turns the text of a command line into a value."""
        return str

    @property
    def expected(self) -> str:
        """What a value may be, as a complaint says it."""
        return f"{self.what} of at most {self.longest} letters"

    def accepts(self, value: object) -> bool:
        """Whether a value can be taken."""
        return isinstance(value, str) and len(value) <= self.longest


@dataclass(frozen=True)
class FilePath(Text):
    """
    Takes the path of a file, "" for none; its other attributes are those of `Text`.

    Whether the file is there is seen when it is read: settings of a run outlive it.
    """

    longest: int = 4096

    @property
    def expected(self) -> str:
        """What a value may be, as a complaint says it."""
        return self.what


@dataclass(frozen=True)
class ChoiceOrFile(FilePath):
    """
    Takes one of several values, or the path of a file.

    Attributes
    ----------
    values : tuple of str
        Those that can be chosen.
    ending : str
        Of the file's name, such as ".onnx": what tells its path from a value that is misspelled.
    """

    values: tuple[str, ...] = ()
    ending: str = ""

    @property
    def expected(self) -> str:
        """What a value may be, as a complaint says it."""
        return f"one of {', '.join(self.values)}, or {self.what}"

    def accepts(self, value: object) -> bool:
        """Whether a value can be taken."""
        if not super().accepts(value) or not isinstance(value, str):
            return False
        return value in self.values or value.casefold().endswith(self.ending)


@dataclass(frozen=True)
class FolderName(Text):
    """Takes the name of one folder, "" for none: no path; its attributes are those of `Text`."""

    @property
    def expected(self) -> str:
        """What a value may be, as a complaint says it."""
        return f"{super().expected}, without / and \\"

    def accepts(self, value: object) -> bool:
        """Whether a value can be taken."""
        return super().accepts(value) and self.spelled(value) == value

    @staticmethod
    def spelled(value: object) -> object:
        """Return what a path of an earlier version is as a name."""
        if not isinstance(value, str) or not value:
            return value
        name = value.replace("/", "_").replace("\\", "_")
        return name if name.strip(" .") else "_"


@dataclass(frozen=True)
class Patterns:
    """Takes any number of patterns as in ``.gitignore``: a tuple of texts."""

    expected: ClassVar[str] = "a tuple of patterns as in .gitignore, such as ('*.png', 'old/')"

    @staticmethod
    def read(text: str) -> str:
        """Return the text of a command line, which is one pattern; `ValueError` if it is none."""
        try:
            check_pattern(text)
        except BadSetting as error:
            raise ValueError(str(error)) from None
        return text

    @staticmethod
    def spelled(value: object) -> object:
        """Return what a record, which knows no tuples, says as a value."""
        return tuple(value) if isinstance(value, list) else value

    def accepts(self, value: object) -> bool:
        """Whether a value can be taken."""
        if not isinstance(value, tuple) or len(value) > MOST_PATTERNS:
            return False
        try:
            for each in value:
                check_pattern(each if isinstance(each, str) else "")
        except BadSetting:
            return False
        return True


Takes = Switch | Choice | Whole | Number | Distance | Text | Patterns


@dataclass(frozen=True, kw_only=True)
class Setting:
    """
    One setting: everything that its check, its option and its control are made from.

    Attributes
    ----------
    name : str
        Of the field.
    default : object
        Its value where nothing else is chosen.
    takes : Switch, Choice, Whole, Number, Distance, Text or Patterns
        Which values it takes.
    changes : {"listing", "scan", "subject", "references", "metadata", ...}
        What another value changes, of `Changes`: which files are photos; what is looked at in them;
        how the subject is found and described; what the known individuals are compared by; what is
        read of the photos beside their pictures; who is who; what is written; or nothing but time
        and memory.
    explained : str
        What the help of the command line says of it; ``%(default)s`` stands for the default.
    option : str
        How the command line spells it. That of a switch whose default is yes says no.
    metavar : str or None
        What stands for its value in the help.
    label : str
        What the form calls it; "" keeps it out of the form.
    advanced : bool
        Whether the form shows it below those that more users need.
    """

    name: str = ""
    default: Any = None
    takes: Takes
    changes: Changes
    explained: str
    option: str = ""
    metavar: str | None = None
    label: str = ""
    advanced: bool = False

    @property
    def needs_new_look(self) -> bool:
        """Whether another value asks for a new look at the photos."""
        return self.changes in SEEN_IN_PHOTOS

    def check(self, value: object) -> None:
        """Raise `BadSetting` if a value cannot be."""
        require(self.takes.accepts(value), self.name, value, self.takes.expected)


def setting(
    default: Any,
    *,
    takes: Takes,
    changes: Changes,
    explained: str,
    option: str = "",
    metavar: str | None = None,
    label: str = "",
    advanced: bool = False,
) -> Any:
    """
    Declare a setting: the default of a field of `Part`.

    Parameters are the attributes of `Setting`. In the texts, ``{singular}``, ``{plural}``,
    ``{individual}``, ``{an_individual}`` and ``{individuals}`` stand for the words of the subject.
    An option that is not given is the field's name: ``--long-edge``.
    """
    return _field(
        Setting(
            default=default,
            takes=takes,
            changes=changes,
            explained=explained,
            option=option,
            metavar=metavar,
            label=label,
            advanced=advanced,
        )
    )


def again(owner: type[Part], name: str, **other: Any) -> Any:
    """
    Declare a setting of another part anew, with another default or other texts.

    Where settings are listed, it stands where it was declared last.
    """
    found = next(each for each in fields(owner) if each.name == name)
    return _field(replace(found.metadata[_DECLARED], **{"default": found.default, **other}))


def _field(about: Setting) -> Any:
    return field(default=about.default, metadata={_DECLARED: about})


def declared(kind: type[Part]) -> tuple[Setting, ...]:
    """
    Return the settings of a class in its subject's words; a class's own before its bases'.

    Raises
    ------
    TypeError
        If a field is none: nobody could say what it changes.
    """
    if kind in _LISTED:
        return _LISTED[kind]
    known = {each.name: each for each in fields(kind)}
    order = dict.fromkeys(
        name for base in kind.__mro__ for name in inspect.get_annotations(base) if name in known
    )
    found = []
    for name in order:
        about = known[name].metadata.get(_DECLARED)
        if about is None:
            raise TypeError(f"{kind.__name__}.{name} is no setting; declare it with setting(...)")
        words = kind.subject.words
        option = about.option or f"--{name.replace('_', '-')}"
        found.append(
            replace(
                about,
                name=name,
                explained=_worded(about.explained, words),
                option=_worded(option, words).replace(" ", "-"),
                label=_worded(about.label, words),
            )
        )
    return _LISTED.setdefault(kind, tuple(found))


def declared_as(kind: type[Part], name: str) -> Setting:
    """Return one of the settings that `declared` returns."""
    return next(each for each in declared(kind) if each.name == name)


def as_options(kind: type[Part], values: Mapping[str, Any]) -> str:
    """
    Return what chooses these values on a command line, such as ``--long-edge 800 --link``.

    Parameters
    ----------
    kind : type
        The settings that the values are of.
    values : mapping of str to object
        By the names of the settings, in the order to be written. What is None is chosen by saying
        nothing.
    """
    written = []
    for name, value in values.items():
        each = declared_as(kind, name)
        if isinstance(each.takes, Switch):
            written += [each.option] * (value != each.default)
        elif isinstance(each.takes, Patterns):
            written += [f"{each.option}={shlex.quote(pattern)}" for pattern in value]
        elif isinstance(each.takes, Text):
            written += [f"{each.option} {shlex.quote(value)}"] * (value != each.default)
        elif value is not None:
            shown = f"{value:.10g}" if isinstance(value, float) else str(value)
            written.append(f"{each.option} {shown}")
    return " ".join(written)


def _worded(text: str, words: Words) -> str:
    article = "an" if words.individual[:1] in "aeiou" else "a"
    return text.format(**asdict(words), an_individual=f"{article} {words.individual}")


@dataclass(frozen=True, kw_only=True)
class Part:
    """
    Settings that are checked as they are made.

    Attributes
    ----------
    subject : SubjectInfo
        What they are about, for the words; of the class.
    renamed : mapping of str to str
        What settings were called in records of earlier versions, and are called now; of the class.
    respelled : mapping of str to tuple
        For settings whose values were others then: pairs of a value then and now; of the class.
    unrecorded : frozenset of str
        Settings that are of the moment, and in no record; of the class.
    slider : tuple of float
        Distances that the form offers for the threshold: the least, one to begin with, the largest;
        of the class.

    Raises
    ------
    BadSetting
        If a value cannot be.
    """

    subject: ClassVar[SubjectInfo] = SubjectInfo()
    renamed: ClassVar[Mapping[str, str]] = {}
    respelled: ClassVar[Mapping[str, tuple[tuple[Any, Any], ...]]] = {}
    unrecorded: ClassVar[frozenset[str]] = frozenset()
    slider: ClassVar[tuple[float, float, float]] = (0.001, 0.5, 2.0)

    def __post_init__(self) -> None:
        for each in declared(type(self)):
            value = getattr(self, each.name)
            if isinstance(each.takes, Patterns):
                # Made of a record, which knows no tuples.
                value = each.takes.spelled(value)
                object.__setattr__(self, each.name, value)
            each.check(value)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, for JSON."""
        plain = {name: v for name, v in asdict(self).items() if name not in self.unrecorded}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in plain.items()}


@dataclass(frozen=True, kw_only=True)
class ScanSettings(Part):
    """
    How photos are looked at, whatever is sought in them; a subject's own settings build on these.

    Attributes
    ----------
    draws : bool
        Whether boxes can be drawn by hand (`corrected`); of the class.
    listed : bool
        Whether its individuals are products, which a shop lists by a catalogue; of the class.
    aside : tuple of str
        What photos without a sighting may show and is kept apart: these have folders of their own
        beside that of the unsorted, where there is one. Of several, the first counts. Of the class.
    unsure : str
        What the folder is called, beside that of the unsorted, for photos of which it is doubtful
        who is in them; "" for none: they lie where they most likely belong. Of the class.
    unsure_by_worth : bool
        Whether only sightings that say too little are doubtful (`toolkit.records.WORTH`), and have
        their folder whether there is one for the unsorted or not; of the class.
    none_found : str
        What else to try where next to nothing was found, a sentence without a full stop; "" for
        nothing. Of the class.
    in_modes : mapping of str to mapping
        What a setting of the modes has otherwise for this subject, such as another default: what
        `again` takes, by the setting's name; of the class.
    models : tuple of str
        The model files that the subject may use, by their names in the manifest; of the class.
    told_by_photo : frozenset of str
        Settings whose effect the detector tells photo by photo
        (`toolkit.subjects.base.look_key`): what is kept of a photo does not depend on them
        otherwise; of the class.
    exclude : tuple of str
        Patterns, as in ``.gitignore``, of files and folders that are passed over; see
        `toolkit.photos.passed_over`.
    videos : bool
        Whether clips are looked at, too; see `toolkit.photos.clips`.
    long_edge : int
        Longer side, in px, to which a photo is shrunk before the search, at least 100. A sighting
        itself is always cut from the full-size photo.
    min_size : int
        Shorter side, in px of the full-size photo, below which a sighting is left out.
    min_sharpness : float
        Sharpness (see `toolkit.photos.quality`) below which a sighting is left out, 0 to 1: it is
        so far out of focus that its encoding is chance.
    jobs : int
        Threads; 0 for one a processor core.
    store : bool
        Whether what is seen in a photo is kept, so that it is not looked at again; see
        `toolkit.scanning.store`.
    memory : float
        GB that photos under way may take together, and grouping after them; 0 for what this
        computer can give. A photo, or a way of grouping, that can never fit is not tried. Of a
        cluster, each worker may take as much.
    cluster : str
        Who looks at photos in place of threads, "" for nobody; see
        `toolkit.scanning.workers.hired`. No record has it: what a file says is connected to no
        other machine.
    """

    draws: ClassVar[bool] = False
    listed: ClassVar[bool] = False
    aside: ClassVar[tuple[str, ...]] = ()
    unsure: ClassVar[str] = ""
    unsure_by_worth: ClassVar[bool] = False
    none_found: ClassVar[str] = ""
    in_modes: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    models: ClassVar[tuple[str, ...]] = ()
    told_by_photo: ClassVar[frozenset[str]] = frozenset()
    unrecorded: ClassVar[frozenset[str]] = frozenset({"cluster"})

    exclude: tuple[str, ...] = setting(
        (),
        takes=Patterns(),
        changes="listing",
        explained="pass over files and folders that fit, as in .gitignore: *.png, old/, /2019; may "
        "be repeated. With ! before it, take what is passed over otherwise, such as !thumbs. A "
        "file .sightingsignore among the photos can hold such lines, too",
        metavar="PATTERN",
        label="pass over (as in .gitignore)",
        advanced=True,
    )
    videos: bool = setting(
        False,
        takes=Switch(),
        changes="listing",
        explained="look at videos, too: up to 8 frames of each, where something changes. A clip "
        "of 15 seconds takes as long as some ten photos, a longer one more (needs the extra video)",
        label="videos, too (15 s cost some ten photos)",
        advanced=True,
    )
    long_edge: int = setting(
        1200,
        takes=Whole(100, 20_000, "px", step=100),
        changes="scan",
        explained="shrink photos to this before looking for {plural} (%(default)s); smaller is "
        "quicker and loses small {plural}",
        metavar="PX",
        label="search photos at (px)",
    )
    min_size: int = setting(
        0,
        takes=Whole(unit="px"),
        changes="scan",
        explained="leave out {plural} smaller than this in the full-size photo (%(default)s)",
        option="--min-{singular}",
        metavar="PX",
        label="smallest {singular} (px)",
    )
    min_sharpness: float = setting(
        0.0,
        takes=Number(0, 1),
        changes="scan",
        explained="leave out {plural} more blurred than this, 0 to 1 (%(default)s)",
        metavar="S",
        label="least sharpness (0 to 1)",
    )
    jobs: int = setting(
        0,
        takes=Whole(0, 256, "threads", zero="one a core"),
        changes="resources",
        explained="threads; 0 is one for each processor core (%(default)s)",
        metavar="N",
        label="threads (0: one a core)",
        advanced=True,
    )
    store: bool = setting(
        True,
        takes=Switch(),
        changes="resources",
        explained="look at every photo anew, and keep nothing of what is seen in the cache folder",
        option="--no-store",
    )
    memory: float = setting(
        0.0,
        takes=Number(unit="GB", zero="what this computer can give"),
        changes="resources",
        explained="what photos under way may take together, and grouping after them; by default "
        "what this computer can give. What can never fit is named, not tried",
        metavar="GB",
    )
    cluster: str = setting(
        "",
        takes=Text("the address of a Dask scheduler, such as tcp://HOST:8786, or local:N"),
        changes="resources",
        explained="look at photos on several machines: tcp://HOST:8786 (or tls://) of a Dask "
        "scheduler that nobody else can reach, whose workers have the photos at the same path; or "
        "local:4 for four processes here (needs the extra cluster)",
        metavar="ADDRESS",
        label="several machines (local:4)",
        advanced=True,
    )

    @property
    def threads(self) -> int:
        """How many threads `jobs` means on this machine."""
        return self.jobs or cores()

    def enlarges(self, longest: int) -> bool:
        """Tell whether a photo is enlarged before the search; `longest` is its longer side, px."""
        return False

    def evidence(self) -> Evidence | None:
        """Return what is known of sightings beside how they look; None where that is nothing."""
        return None

    def make_subject(self) -> Subject:
        """
        Return what these settings look for, as they want it.

        Raises
        ------
        BadSetting
            If they are not those of a subject.
        """
        raise BadSetting(
            f"{type(self).__name__} does not say what to look for; expected the settings of a "
            "subject, or a subject beside them"
        )

    def corrected(self, subject: Subject, out: Path | None, folder: Path | None = None) -> Subject:
        """
        Return a subject that holds to what the user said of single photos in a folder of results.

        Parameters
        ----------
        subject : Subject
            What `make_subject` returned, with its key: what is kept of other photos stays of use.
        out : Path or None
            The folder; None for none.
        folder : Path, optional
            Where the photos are that `toolkit.subjects.base.prepare` is not told of.

        Raises
        ------
        BadSetting
            If what is there cannot be read.
        """
        return subject


def cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def require(condition: bool, name: str, value: object, expected: str) -> None:
    """Raise `BadSetting`, with what a setting is and what it can be, unless a condition holds."""
    if not condition:
        raise BadSetting(f"{name} is {value!r}; expected {expected}")


def _is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number that can be reckoned with."""
    if isinstance(value, int):
        # It may be too large to be asked whether it is finite.
        return not isinstance(value, bool)
    return isinstance(value, float) and math.isfinite(value)


def _within(value: Any, low: float, high: float | None) -> bool:
    return bool(low <= value <= (MOST if high is None else high))
