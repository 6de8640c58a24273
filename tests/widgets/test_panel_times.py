"""What is measured of the panels is told for each step; how long it takes is no test's matter."""

import pytest

from toolkit.errors import BadSetting
from toolkit.widgets import panel_times


@pytest.mark.parametrize("questions", [True, False])
def test_each_step_is_told(questions: bool) -> None:
    said: list[str] = []
    steps, told = panel_times.measure(300, 2, questions, said.append)
    names = [each["step"] for each in steps]
    assert names[:2] == ["sorted, before there is a panel", "first page"]
    assert ("questions" in names) == ("audit for the report" in names) == questions
    assert names[-2:] == ["threshold moved, numbers shown", "threshold moved, all shown"]
    assert all(each["wall"] >= 0 for each in steps)
    assert len(said) == len(steps) - 1
    assert told["sightings"] == 300
    assert told["files"] == 1
    assert 0 < told["sent"] < 100_000
    assert 20 < told["individuals"] < 200


def test_no_sightings_are_refused_before_anything_is_drawn() -> None:
    for sizes in ([], [1]):
        with pytest.raises(BadSetting, match="expected 2 or more"):
            panel_times.study(sizes, log=print)
