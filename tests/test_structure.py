"""Heavy libraries are imported only where they may be, and importing the package is quick.

Which package may import which is a contract in pyproject.toml, which `make check` checks.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "toolkit"

# Modules and packages directly in toolkit/: more, and nobody finds their room.
MOST_NAMES = 25
# s of CPU time that `import toolkit` may take.
MOST_SECONDS = 0.2
HEAVY = {
    "ipywidgets",
    "anywidget",
    "IPython",
    "dlib",
    "matplotlib",
    "onnxruntime",
    "onnx",
    "cv2",
    "sklearn",
    "tqdm",
}
# Chinese whispers is dlib's, and a way of grouping.
MAY_IMPORT_DLIB = {"subjects", "grouping/cluster.py", "benchmarks"}
MAY_IMPORT_ONNX = {"subjects/face/dlib"}

# What is shown in a browser lives in one place, over callables.
MAY_IMPORT_WIDGETS = {"widgets"}

FILES = sorted(PACKAGE.rglob("*.py"))


def lies_in(path: Path, places: set[str]) -> bool:
    return any(path.is_relative_to(PACKAGE / place) for place in places)


def imported(path: Path) -> list[str]:
    """Every imported module, with names imported from the package itself as toolkit.NAME."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "toolkit":
            found += [f"toolkit.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_some_modules_import_dlib_onnx_and_widgets(path: Path) -> None:
    if "dlib" in imported(path):
        assert lies_in(path, MAY_IMPORT_DLIB)
    if {"onnx", "onnxruntime"} & {name.partition(".")[0] for name in imported(path)}:
        assert lies_in(path, MAY_IMPORT_ONNX)
    if {"ipywidgets", "anywidget"} & {name.partition(".")[0] for name in imported(path)}:
        assert lies_in(path, MAY_IMPORT_WIDGETS)


def test_importing_loads_nothing_heavy() -> None:
    modules = (
        "from toolkit import cli, modes; from toolkit.cli import commands; "
        "from toolkit.grouping import cluster, identification; from toolkit.photos import opening; "
        "from toolkit.scanning import scan; from toolkit.results import export; "
        "from toolkit.evaluation import scores"
    )
    code = f"import sys, toolkit; {modules}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(done.stdout.split())


def test_importing_the_package_is_quick() -> None:
    code = (
        "import sys, time; started = time.process_time(); import toolkit; "
        "print(time.process_time() - started); print('\\n'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, *loaded = done.stdout.split()
    assert float(seconds) < MOST_SECONDS
    assert (HEAVY | {"numpy", "pandas"}).isdisjoint(loaded)


def test_few_names_lie_directly_in_the_package() -> None:
    names = [path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"]
    assert len(names) <= MOST_NAMES


def test_every_package_says_its_job_and_its_names() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), path
        if path.parent != PACKAGE:
            targets = [t.id for n in tree.body if isinstance(n, ast.Assign) for t in n.targets]
            assert "__all__" in targets, path


def test_the_public_api_is_what_its_modules_make() -> None:
    import toolkit
    from toolkit import modes, session
    from toolkit.results import accuracy

    assert toolkit.autopilot is modes.autopilot
    assert toolkit.point_and_shoot is modes.point_and_shoot
    assert toolkit.open_results is session.taken_up
    assert toolkit.evaluate is accuracy.evaluate_folder
    assert all(callable(getattr(toolkit, name)) for name in toolkit.__all__)
    assert set(toolkit.__all__) <= set(dir(toolkit))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        toolkit.nothing  # noqa: B018
