"""The imports point one way, and importing the package is quick."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "toolkit"

# A module may import from modules of a lower number, and of its own where it says so.
LAYERS = {
    "errors": 0,
    "calibration": 0,
    "records": 0,
    "shipped": 0,
    "names": 0,
    "files": 1,
    "tables": 2,
    "locks": 2,
    "settings": 1,
    "listing": 2,
    "memory": 1,
    "pixels": 0,
    "demand": 1,
    "photos": 3,
    "weights": 1,
    "neighbours": 2,
    "quality": 1,
    "dlib_stream": 1,
    "pyramid": 1,
    "model_cache": 2,
    "dlib_layers": 2,
    "links": 3,
    "dlib_network": 3,
    "detections": 4,
    "onnx_graph": 4,
    "engine": 5,
    "subjects": 6,
    "linkage": 4,
    "doubts": 5,
    "rates": 5,
    "audit": 6,
    "scan": 7,
    "cluster": 8,
    "search": 8,
    "evaluate": 8,
    "thresholds": 9,
    "comparison": 9,
    "tuning_plots": 9,
    "face_plots": 10,
    "audit_plots": 10,
    "calibrating": 9,
    "verification": 8,
    "folders": 9,
    "truth": 10,
    "evaluation": 10,
    "labels": 12,
    "resizing_faces": 14,
    "resizing_costs": 15,
    "resizing": 16,
    "resizing_study": 9,
    "resizing_plots": 10,
    "references": 9,
    "decisions": 10,
    "grouping": 11,
    "plots": 9,
    "record": 3,
    "export": 9,
    "results": 10,
    "sample": 10,
    "kept": 11,
    "thumbnails": 4,
    "pace": 0,
    "naming": 11,
    "earlier": 13,
    "contradictions": 11,
    "gestures": 12,
    "matching": 11,
    "sorting": 15,
    "choosing": 4,
    "planned": 10,
    "places": 1,
    "questions": 11,
    "correcting": 13,
    "exploring": 12,
    "report": 12,
    "widgets": 18,
    "app_kernels": 17,
    "app_server": 18,
    "app": 19,
    "looking": 12,
    "exporting": 13,
    "modes": 14,
    "benchmark": 15,
    "recall": 15,
    "options": 11,
    "measuring": 17,
    "sizing": 17,
    "cli": 20,
}
# errors < records: both are the ground floor, and records raises errors.
SAME_LAYER = {
    ("records", "errors"),
    ("records", "calibration"),
    ("subjects", "subjects"),
    ("widgets", "widgets"),
    ("report", "report"),
}
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
MAY_IMPORT_DLIB = {"subjects", "cluster", "benchmark"}
MAY_IMPORT_ONNX = {"engine", "onnx_graph"}

# What is shown in a browser lives in one place, over callables.
MAY_IMPORT_WIDGETS = {"widgets"}

FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


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
def test_imports_point_to_lower_layers(path: Path) -> None:
    module = module_of(path)
    if module == "__init__":
        assert not [name for name in imported(path) if name.startswith("toolkit")]
        return
    for name in imported(path):
        if not name.startswith("toolkit.") or name == "toolkit.__version__":
            continue
        other = name.split(".")[1]
        allowed = LAYERS[other] < LAYERS[module] or (module, other) in SAME_LAYER
        assert allowed, f"{module} (layer {LAYERS[module]}) imports {other} ({LAYERS[other]})"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_some_modules_import_dlib_onnx_and_widgets(path: Path) -> None:
    if "dlib" in imported(path):
        assert module_of(path) in MAY_IMPORT_DLIB
    if {"onnx", "onnxruntime"} & {name.partition(".")[0] for name in imported(path)}:
        assert module_of(path) in MAY_IMPORT_ONNX
    if {"ipywidgets", "anywidget"} & {name.partition(".")[0] for name in imported(path)}:
        assert module_of(path) in MAY_IMPORT_WIDGETS


def test_importing_loads_nothing_heavy() -> None:
    modules = "from toolkit import cli, modes, cluster, search, scan, export, evaluate, photos"
    code = f"import sys, toolkit; {modules}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(done.stdout.split())
