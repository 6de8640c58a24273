"""The command line, and the panels as a page in the browser."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; see `toolkit.cli.commands.main`."""
    from toolkit.cli import commands

    return commands.main(arguments)
