"""
How the tests are spread over several processes: what takes long first, a notebook each for itself.

With `--dist=loadfile` a file's tests share a process, for they share servers and albums. The runs
of one notebook share a kernel, but notebooks share next to nothing, and one after another they take
longer than all else. What takes long comes first, so that at the end no process works on while the
others have nothing left.
"""

from __future__ import annotations

from typing import Any

import pytest

# Tests of these files are spread one by one, or by what they are given.
ALONE = ("test_kill_at_random.py",)
BY_PARAMETER = ("test_notebooks.py",)
# What takes longest, in this order; a part of the path is enough. All else follows.
LONGEST = (
    "cli/test_app",
    "test_browser_size",
    "test_browser_autopilot",
    "test_browser_review",
    "test_browser_threshold",
    "test_browser_point",
    "test_browser_sheet",
    "test_browser_",
    "test_notebooks.py::test_runs_from_top_to_bottom_on_the_sample_album[12",
    "test_notebooks.py::test_runs",
    "dlib/test_engine_parity",
    "test_kill_at_random",
    "scanning/test_cluster",
    "grouping/",
    "dlib/",
    "face/",
    "evaluation/",
    "photos/",
)


def rank(node: str) -> int:
    """Return a test's place in the order of what takes longest, from 0."""
    return next((place for place, part in enumerate(LONGEST) if part in node), len(LONGEST))


def unit(node: str) -> str:
    """Return what a test shares its process with: its file, what it is given, or itself alone."""
    file, _, test = node.partition("::")
    if file.endswith(BY_PARAMETER):
        return f"{file}::{test[test.find('[') :]}" if "[" in test else file
    return node if file.endswith(ALONE) else file


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what takes longest first where several processes work; alone, the order stays."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Return a scheduler that gives units away in the order of the tests."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class InOrder(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    # Otherwise files of many tests come first, and those of two long ones last.
    config.option.loadscopereorder = False
    return InOrder(config, log)
