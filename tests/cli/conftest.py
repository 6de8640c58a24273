"""Commands on photos that need no model."""

import pytest

from toolkit import modes


@pytest.fixture
def tiles(monkeypatch, colours):
    """Let the commands tell tiles apart, which needs no model."""
    monkeypatch.setattr(modes, "subject_for", lambda settings: colours)
