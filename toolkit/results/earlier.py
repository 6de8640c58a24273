"""What an earlier autopilot run left in a folder of results, as far as it can be gone on with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from toolkit.errors import BadSetting
from toolkit.files import read_regular
from toolkit.results.record import LARGEST, RECORD, parsed
from toolkit.results.results_folder import ENCODINGS, Run
from toolkit.settings import GroupingSettings, from_record, settings_for
from toolkit.subjects import registry


def earlier_run(out: str) -> str:
    """
    Say which autopilot result a folder holds, such as "the result of 2024-05-31, 17:20".

    Returns
    -------
    str
        Empty where it holds none that could be taken up. Its tables are not read.
    """
    if not out.strip():
        return ""
    try:
        record = Path(out).expanduser() / RECORD
        if not (record.parent / ENCODINGS).is_file():
            return ""
        about = parsed(read_regular(record, most=LARGEST))
        if about.get("mode") != "autopilot":
            return ""
        when = datetime.fromtimestamp(record.stat().st_mtime).astimezone()
    except (OSError, ValueError, RuntimeError, OverflowError, RecursionError):
        return ""
    return f"the result of {when:%Y-%m-%d, %H:%M}"


def settings_of(run: Run) -> GroupingSettings:
    """
    Return the settings of an autopilot run.

    Raises
    ------
    BadSetting
        If it is of the other mode, or of a version whose settings are not known here.
    """
    if run.mode != "autopilot":
        raise BadSetting(
            f"{run.out} holds a {run.mode} result; expected one of autopilot. Correct it in the "
            "panel of point-and-shoot, where the example photos are"
        )
    # A subject that is not registered was handed over, with the settings of the default.
    name = run.album.subject.name
    own = registry.settings_of(name if name in registry.SUBJECTS else registry.DEFAULT)
    return from_record(settings_for("autopilot", own), run.settings, of=str(run.out))
