"""The command that checks the tags of photos in labelled folders, and corrects a copy of them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TextIO

from toolkit.cli import terminal
from toolkit.cli.options import chosen_settings
from toolkit.cli.output import NAMED, print_json_or_text, tell
from toolkit.errors import BadFolder, SightingsError
from toolkit.files import folder_at
from toolkit.names import counted, printable
from toolkit.settings import settings_for
from toolkit.subjects import registry


def check_tags(options: argparse.Namespace, console: TextIO) -> None:
    """
    Check the tags of photos, or write the tree that decisions correct; print what was found.

    Raises
    ------
    SightingsError
        For what is to be mended; or if photos could not be copied.
    """
    root = folder_at(options.folders)
    out = _out(options, root)
    if options.apply is not None:
        _apply(options, root, out)
        return
    for option, given in (("--dry-run", options.dry_run), ("--link", options.link)):
        if given:
            raise SightingsError(f"{option} says how decisions are applied; give it with --apply.")
    from toolkit import modes
    from toolkit.photos import opening
    from toolkit.results import exporting, tag_check

    opening.require_folder(root, "folders")
    tag_check.require_out(out, root)
    kind = settings_for("autopilot", registry.settings_of(options.subject))
    settings = chosen_settings(options, kind)
    with exporting.alone_in(out, "check-tags"):
        with terminal.progress_bar(console, quiet=options.quiet) as progress:
            made = modes.check_tags(
                root,
                settings=settings,
                progress=progress,
                tell=None if options.quiet else tell,
            )
        assert made is not None  # noqa: S101 - nothing stops it
        about = {"subject": options.subject}
        tag_check.write(made, out, pictures=not options.no_pictures, about=about)
    if options.json or not options.quiet:
        print_json_or_text(made, options)
    if not options.json and not options.quiet:
        sheet = out / tag_check.SHEET
        sys.stdout.write(
            printable(
                f"written to {out}: open {sheet.name}, then fill in decision (keep, move, or a "
                f"folder) in a copy of {tag_check.TAGS}, and give it to --apply"
            )
            + "\n"
        )


def _out(options: argparse.Namespace, root: Path) -> Path:
    if options.out is not None and options.output is not None:
        raise SightingsError("OUT and --output are the same; give one of them.")
    from toolkit.photos import folder_suggestions

    named = options.out if options.out is not None else options.output
    if named is not None:
        return folder_at(named)
    beside = folder_suggestions.beside(str(root), "tags")
    if not beside:
        raise BadFolder(f"{root} has no place beside it for what is found; name one with --output.")
    return Path(beside)


def _apply(options: argparse.Namespace, root: Path, out: Path) -> None:
    from toolkit.results import tree_export

    corrected = tree_export.correct(
        root,
        folder_at(options.apply),
        out,
        link=options.link,
        dry_run=options.dry_run,
        exclude=options.exclude or (),
        videos=options.videos,
    )
    if options.json:
        sys.stdout.write(json.dumps(corrected.as_dict(), indent=1) + "\n")
    elif not options.quiet:
        if options.dry_run:
            rows = corrected.plan[["state", "source", "destination"]]
            for state, source, destination in rows.itertuples(index=False):
                sys.stdout.write(printable(f"{state:<13} {source} -> {destination}") + "\n")
            sys.stdout.write("\n")
        sys.stdout.write(f"{corrected}\n")
    if corrected.not_copied:
        sys.stdout.flush()
        named = "; ".join(f"{path}: {why}" for path, why in corrected.not_copied[:NAMED])
        raise SightingsError(
            f"{counted(len(corrected.not_copied), 'file')} could not be copied: {named}. Mend "
            "that, then run the same command again: it goes on"
        )
