"""Where a browser finds a file of this computer: links through the JupyterLab that is running."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote


def link_to(path: Path, *, servers: Iterable[Mapping[str, Any]] | None = None) -> str | None:
    """
    Return the address under which the notebook's own server shows a file or a folder.

    Parameters
    ----------
    path : Path
        What to show.
    servers : iterable of mapping, optional
        Running servers (base_url, root_dir, pid), as Jupyter lists them; asked of it if not given.

    Returns
    -------
    str or None
        Begins with a slash: the browser adds the host it is on. None where no server has the path
        under its root, such as under Voila or for a folder elsewhere: then only its path can be
        said.
    """
    whole = path.expanduser().resolve()
    for server in _running() if servers is None else servers:
        try:
            inside = whole.relative_to(Path(str(server["root_dir"])).resolve())
            base = str(server["base_url"])
        except (KeyError, ValueError, OSError):
            continue
        if any(part.startswith(".") for part in inside.parts):
            continue
        where = "lab/tree" if whole.is_dir() else "files"
        return f"{base.rstrip('/')}/{where}/{quote(os.fsencode(inside.as_posix()))}"
    return None


def _running() -> list[Mapping[str, Any]]:
    """List the server that started this kernel."""
    parent = os.environ.get("JPY_PARENT_PID", "")
    if not parent:
        return []
    try:
        from jupyter_server.serverapp import list_running_servers

        return [each for each in list_running_servers() if str(each.get("pid")) == parent]
    except Exception:  # noqa: BLE001 - a link is a convenience: without it, the path is said
        return []
