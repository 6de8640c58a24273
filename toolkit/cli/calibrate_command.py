"""The command that learns from known individuals how sure matches are."""

from __future__ import annotations

import argparse
import sys
from typing import TextIO

from toolkit.cli import terminal
from toolkit.cli.options import chosen_settings
from toolkit.cli.output import new_file
from toolkit.errors import BadSetting
from toolkit.files import folder_at
from toolkit.names import printable
from toolkit.settings import settings_for
from toolkit.subjects import registry


def calibrate(options: argparse.Namespace, console: TextIO) -> None:
    """
    Fit what scores say on known individuals, write it, and print what it is worth.

    Raises
    ------
    BadSetting
        If nothing can be fitted for the subject, or of these individuals.
    """
    from toolkit.benchmarks import identification
    from toolkit.subjects.base import calibratable

    output = new_file(options)
    kind = settings_for("autopilot", registry.settings_of(options.subject))
    settings = chosen_settings(options, kind)
    words = kind.subject.words
    if calibratable(registry.subject_for(settings).encoder) is None:
        raise BadSetting(
            f"there is nothing to calibrate of {words.plural}: they are compared by vectors, of "
            "which it is known how sure they are. Choose another --subject"
        )
    known = folder_at(options.known)

    def log(line: str) -> None:
        console.write(f"{line}\n")

    with terminal.progress_bar(sys.stderr, quiet=False) as progress:
        made, matcher = identification.known_album(known, settings, log=log, progress=progress)
    assert matcher is not None  # noqa: S101 - as was asked above
    assert output is not None  # noqa: S101 - it has a default
    fitted, table = identification.calibrate(
        made, matcher, printable(known.resolve().name), log=log
    )
    fitted.save_calibration(output)
    used = ", ".join(fitted.scores_used)
    sys.stdout.write(f"counts: {used} (of {', '.join(fitted.scores)})\n")
    if len(table):
        shown = table.to_string(index=False, float_format="{:.3g}".format)
        sys.stdout.write(f"each half by what the other taught, beside what is shipped:\n{shown}\n")
    else:
        sys.stdout.write("too few individuals to try it on others than those that taught it\n")
    sys.stdout.write(
        printable(f"written to {output}: use it with --calibration {options.output}") + "\n"
    )
