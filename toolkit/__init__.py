"""Sightings: who is in which photo, found on your own computer.

What is listed in ``__all__`` is the public API, and stays; everything else may change, and is found
in the packages, each of which says its one job (CONTRIBUTING.md shows all of them). Importing the
package loads no dlib and no matplotlib; each is imported where it is first used.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.curation.decisions import Decision
    from toolkit.errors import SightingsError
    from toolkit.evaluation.audit import audit
    from toolkit.grouping.sighting_finder import SightingKey
    from toolkit.modes import autopilot, point_and_shoot, undo
    from toolkit.records import Album
    from toolkit.results.accuracy import evaluate_folder as evaluate
    from toolkit.session import Session
    from toolkit.session import taken_up as open_results
    from toolkit.settings import AutopilotSettings, PointAndShootSettings

__all__ = [
    "Album",
    "AutopilotSettings",
    "Decision",
    "PointAndShootSettings",
    "Session",
    "SightingKey",
    "SightingsError",
    "audit",
    "autopilot",
    "evaluate",
    "open_results",
    "point_and_shoot",
    "undo",
]

# Where each is made; taken from there when it is first asked for.
_HOMES = {
    "Album": ("records", "Album"),
    "AutopilotSettings": ("settings", "AutopilotSettings"),
    "Decision": ("curation.decisions", "Decision"),
    "PointAndShootSettings": ("settings", "PointAndShootSettings"),
    "Session": ("session", "Session"),
    "SightingKey": ("grouping.sighting_finder", "SightingKey"),
    "SightingsError": ("errors", "SightingsError"),
    "audit": ("evaluation.audit", "audit"),
    "autopilot": ("modes", "autopilot"),
    "evaluate": ("results.accuracy", "evaluate_folder"),
    "open_results": ("session", "taken_up"),
    "point_and_shoot": ("modes", "point_and_shoot"),
    "undo": ("modes", "undo"),
}

# ONNX Runtime from 1.29 on reports its use to its maker unless this is set before it is loaded.
# Nothing is sent from here.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Return what the public API lists, from where it is made."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(importlib.import_module(f"{__name__}.{module}"), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
