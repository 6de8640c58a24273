"""What the panels of both modes have in common."""

import pytest

from toolkit.widgets import point_and_shoot
from toolkit.widgets.autopilot import GUIDANCE
from toolkit.widgets.sorting_panel import STATES


@pytest.mark.parametrize("guidance", [GUIDANCE, point_and_shoot.GUIDANCE])
def test_every_state_has_its_guidance(guidance) -> None:
    assert set(guidance) == set(STATES)
