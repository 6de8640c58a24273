"""
Heavy libraries are imported only where they may be, and importing the package is quick; tests lie
where their names say.

Which package may import which is a contract in pyproject.toml, which `make check` checks.
"""

import ast
import subprocess
import sys
from fnmatch import fnmatch
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
    "distributed",
    "fsspec",
}
# Chinese whispers is dlib's, and a way of grouping.
MAY_IMPORT_DLIB = {"subjects", "grouping/cluster.py", "benchmarks"}
MAY_IMPORT_ONNX = {"subjects"}

# What is shown in a browser lives in one place, over callables.
MAY_IMPORT_WIDGETS = {"widgets"}

FILES = sorted(PACKAGE.rglob("*.py"))

TESTS = Path(__file__).resolve().parent
# Test files that have no module of their name, and what they are about instead.
ABOUT_OTHERS = {
    "evaluation/test_labelled_faces.py": "modules together, on labelled photos",
    "subjects/face/dlib/test_engine_parity.py": "the engine beside dlib itself",
    "test_forked_kernels.py": "tests/shared/forked_kernels.py",
    "test_kill_at_random.py": "tests/kill_at_random.py",
    "test_albums_that_live.py": "the modes and the folders, in any order",
    "test_camera_traps.py": "times, stations, flanks and bursts, from photos to captures",
    "test_labelled_photos.py": "the modes, on labelled photos",
    "test_notebooks.py": "notebooks/",
    "test_odd_names.py": "the modes, the folders and decisions, on names that people give",
    "test_package_map.py": "tests/package_map.py",
    "test_spread.py": "tests/shared/spread.py",
    "test_structure.py": "all modules",
    "test_toy_subjects.py": "subjects that are no faces, all the way",
    "widgets/test_browser_*.py": "pages in a real browser",
    "widgets/test_other_subjects.py": "the words of all panels",
}
# Modules that have no test file of their name, and where they are tested.
TESTED_ELSEWHERE = {"results/report/*.py": "results/test_report.py"}


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


def listed(path: Path, patterns: dict[str, str]) -> bool:
    return any(fnmatch(path.as_posix(), pattern) for pattern in patterns)


def has_functions(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree))


def test_each_test_file_has_the_name_of_a_module_or_package() -> None:
    paths = [path.relative_to(TESTS) for path in sorted(TESTS.rglob("test_*.py"))]
    modules = {path: PACKAGE / path.parent / path.name.removeprefix("test_") for path in paths}
    astray = [
        path
        for path, module in modules.items()
        if not (module.is_file() or module.with_suffix("").is_dir())
    ]
    assert [str(path) for path in astray if not listed(path, ABOUT_OTHERS)] == []
    assert [each for each in ABOUT_OTHERS if not any(listed(p, {each: ""}) for p in astray)] == []


def test_each_module_with_functions_has_a_test_file_of_its_name() -> None:
    paths = [path.relative_to(PACKAGE) for path in FILES if path.name != "__init__.py"]
    without = [
        path
        for path in paths
        if has_functions(PACKAGE / path)
        and not (TESTS / path.parent / f"test_{path.name}").is_file()
    ]
    assert [str(path) for path in without if not listed(path, TESTED_ELSEWHERE)] == []
    for pattern, place in TESTED_ELSEWHERE.items():
        assert any(listed(path, {pattern: ""}) for path in without), pattern
        assert (TESTS / place).is_file()
