"""The command that matches photos with a catalogue."""

from __future__ import annotations

import argparse
from typing import TextIO

from toolkit.cli import terminal
from toolkit.cli.options import chosen_settings
from toolkit.cli.output import print_result, tell
from toolkit.settings import settings_for
from toolkit.subjects import registry


def match_catalogue(options: argparse.Namespace, console: TextIO) -> None:
    """
    Match photos with a catalogue, and print what became of them.

    Raises
    ------
    BadFolder, BadSetting
        If a folder or the table cannot be used.
    SightingsError
        If photos could not be copied; it names them.
    """
    from toolkit.modes import catalogue
    from toolkit.photos.catalogue_table import LEFT

    kind = settings_for("point-and-shoot", registry.settings_of(options.subject))
    wishes = catalogue.Wishes(
        options.table, LEFT if options.leave is None else options.leave, options.sure
    )
    with terminal.progress_bar(console, quiet=options.quiet) as progress:
        made = catalogue.match_catalogue(
            options.photos,
            options.catalogue,
            options.out,
            settings=chosen_settings(options, kind),
            wishes=wishes,
            dry_run=options.dry_run,
            keep_all=options.keep_all,
            pictures=not options.no_faces,
            progress=progress,
            tell=None if options.quiet else tell,
        )
    print_result(made, options)
