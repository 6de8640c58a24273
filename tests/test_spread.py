"""How the tests are spread over processes: what takes long first, notebooks one by one."""

import os

import pytest
import spread


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ("tests/cli/test_app.py::test_a", "tests/cli/test_app.py"),
        ("tests/test_modes.py::TestAutopilot::test_a[x::y]", "tests/test_modes.py"),
        ("tests/test_notebooks.py::test_runs[a]", "tests/test_notebooks.py::[a]"),
        ("tests/test_notebooks.py::test_links[a]", "tests/test_notebooks.py::[a]"),
        ("tests/test_notebooks.py::test_there_are", "tests/test_notebooks.py"),
        ("tests/test_kill_at_random.py::test_a[1]", "tests/test_kill_at_random.py::test_a[1]"),
    ],
)
def test_a_file_stays_together_but_notebooks(node, expected):
    assert spread.unit(node) == expected


def test_each_name_of_what_takes_long_is_one_of_a_test(request):
    nodes = sorted(path.as_posix() for path in request.path.parent.rglob("test_*.py"))
    for part in spread.LONGEST:
        file = part.partition("::")[0]
        assert any(file in node for node in nodes), part
    for part in (*spread.ALONE, *spread.BY_PARAMETER):
        assert any(node.endswith(part) for node in nodes), part


def test_what_takes_long_comes_first_in_a_process_of_several(request):
    ranks = [spread.rank(item.nodeid) for item in request.session.items]
    if "PYTEST_XDIST_WORKER" in os.environ:
        assert ranks == sorted(ranks)
    assert spread.rank("tests/cli/test_app.py::test_a") < spread.rank("tests/test_names.py::test_a")
