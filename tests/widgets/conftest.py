"""Widgets that no page shows."""

from collections.abc import Iterator

import ipywidgets
import pytest


@pytest.fixture(scope="module", autouse=True)
def unheard() -> Iterator[None]:
    """Spare widgets of this process what they would tell a page: what a page gets, browsers see."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ipywidgets.Widget, "open", lambda self: None)
        yield
