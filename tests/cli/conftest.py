"""Commands on photos that need no model, and the app in a process of its own."""

import pytest
from served_app import Served

from toolkit import modes


@pytest.fixture
def tiles(monkeypatch, colours):
    """Let the commands tell tiles apart, which needs no model."""
    monkeypatch.setattr(modes, "subject_for", lambda settings: colours)


@pytest.fixture
def serve(tmp_path, album_folder):
    """A function that starts the app in a folder of its own; all end with the test."""
    renamed = album_folder.rename(
        album_folder.parent / "photos <img src=x onerror=alert(1)> 'and' \"so\""
    )
    started = []

    def start(before: str = "") -> Served:
        folder = tmp_path / f"app{len(started)}"
        folder.mkdir()
        (folder / "tmp").symlink_to(tmp_path / "tmp")
        started.append(Served(folder, renamed, before))
        return started[-1]

    (tmp_path / "tmp").mkdir()
    try:
        yield start
    finally:
        for each in started:
            each.end()


@pytest.fixture
def served(serve):
    return serve()
