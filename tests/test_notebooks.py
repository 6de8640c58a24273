"""The notebooks: stored clean, and each runs from top to bottom in a temporary folder."""

import ast
import os
import re
import shutil
from pathlib import Path

import nbclient
import nbformat
import pytest
from forked_kernels import Forge
from jupyter_client import KernelManager
from made_once import folder_of_the_run, store_of_the_run
from measured_less import METHODS, SIZES
from nbformat.v4 import new_code_cell, new_notebook

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
SECONDS_A_CELL = 300
# Where else a kernel would look, and how it would draw.
NOT_OURS = ("JUPYTER_PATH", "MPLBACKEND")


def read(path):
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def code_of(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_is_stored_without_outputs(path):
    for cell in code_of(read(path)):
        assert cell.outputs == []
        assert cell.execution_count is None


def test_is_of_one_format_with_the_plain_kernel(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"


def test_cell_ids_are_unique_words(path):
    ids = [cell.id for cell in read(path).cells]
    assert len(ids) == len(set(ids))
    for cell_id in ids:
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", cell_id)


def test_opens_with_what_you_do_learn_and_need_and_closes_with_what_was_done(path):
    first, *_, last = read(path).cells
    for promise in ("What you'll do", "What you'll learn", "What you need"):
        assert promise in first.source
    assert last.source.startswith("## In this notebook we have")
    titles = [cell.source.splitlines()[0] for cell in read(path).cells]
    assert "## How far to trust this" in titles


def test_the_second_cell_alone_holds_parameters_and_only_assignments(path):
    cells = read(path).cells
    tagged = [i for i, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", ())]
    assert tagged == [1]
    for statement in ast.parse(cells[1].source).body:
        assert isinstance(statement, ast.Assign)
        assert all(target.id.isupper() for target in statement.targets)
        ast.literal_eval(statement.value)


def test_has_at_most_20_code_cells_of_at_most_15_lines(path):
    cells = code_of(read(path))
    assert len(cells) <= 20
    for cell in cells:
        assert len(cell.source.splitlines()) <= 15, cell.id


def test_defines_nothing_and_leaves_the_path_of_imports_alone(path):
    forbidden = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    for cell in code_of(read(path)):
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(node, forbidden), cell.id
        assert "sys.path" not in cell.source


def test_a_name_that_is_imported_is_given_to_nothing_else(path):
    """A cell that runs twice, or a later one, would find another thing under the module's name."""
    nodes = [node for cell in code_of(read(path)) for node in ast.walk(ast.parse(cell.source))]
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {alias.asname or alias.name for node in imports for alias in node.names}
    stored = [node for node in nodes if isinstance(node, ast.Name)]
    assert imported.isdisjoint(node.id for node in stored if isinstance(node.ctx, ast.Store))


def test_every_figure_stands_with_an_assertion_in_its_cell(path):
    for cell in code_of(read(path)):
        if "plots." in cell.source:
            assert "assert " in cell.source, cell.id


def test_links_lead_to_notebooks_that_are_there(path):
    for cell in read(path).cells:
        for target in re.findall(r"\]\(([^)]+\.ipynb)\)", cell.source):
            assert (path.parent / target).is_file()


@pytest.fixture(scope="session")
def forge():
    """What the kernels of this process are forked from."""
    made = Forge()
    yield made
    made.end()


@pytest.fixture(scope="module")
def kernel(path, forge, tmp_path_factory):
    """A kernel for one notebook's runs: what it imports and the networks are read once."""
    folder = tmp_path_factory.mktemp("jupyter")
    kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        (folder / name.lower()).mkdir()
        kept[name] = str(folder / name.lower())
    kept["MPLCONFIGDIR"] = str(folder / "matplotlib")
    kept["SIGHTINGS_CACHE"] = str(folder_of_the_run(tmp_path_factory) / "networks")
    kept["SIGHTINGS_STORE"] = str(store_of_the_run(tmp_path_factory))
    manager = KernelManager(kernel_name="python3", connection_file=str(folder / "kernel.json"))
    with forge.kernels(kept):
        manager.start_kernel(env=kept, cwd=str(folder))
        yield manager
        manager.shutdown_kernel(now=True)


BEFORE = {"05_compare_with_dbscan": METHODS, "12_trade_size_for_accuracy": SIZES}


def parameters_of(path):
    """Return the names of a notebook's parameters."""
    return [each.targets[0].id for each in ast.parse(read(path).cells[1].source).body]


def executed(kernel, notebook):
    """Run all cells of a notebook in a kernel that stays."""
    client = nbclient.NotebookClient(notebook, timeout=SECONDS_A_CELL, km=kernel)
    try:
        return client.execute()
    finally:
        client.kc.stop_channels()


def run(path, kernel, tmp_path, parameters=None):
    """Run a notebook from a folder beside which `data/` and `out/` are temporary, too."""
    notebook = read(path)
    notebook.cells[1].source = BEFORE.get(path.stem, "") + notebook.cells[1].source
    if parameters is not None:
        cell = notebook.cells[1]
        # A parameter of another name would be passed over, and the sample album used.
        assert set(parameters) <= {name for each in NOTEBOOKS for name in parameters_of(each)}
        chosen = {name: parameters[name] for name in parameters_of(path) if name in parameters}
        cell.source += "".join(f"\n{name} = {value!r}" for name, value in chosen.items())
    folder = tmp_path / "notebooks"
    folder.mkdir()
    # As in a new kernel: no name is left of an earlier run.
    afresh = f"%reset -f\nimport os\nos.chdir({str(folder)!r})\ndel os"
    executed(kernel, new_notebook(cells=[new_code_cell(afresh)]))
    return executed(kernel, notebook)


def errors_printed(notebook):
    return "".join(
        output.text
        for cell in code_of(notebook)
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    )


@pytest.mark.notebooks
def test_runs_from_top_to_bottom_on_the_sample_album(path, kernel, tmp_path, sample_album):
    if path != NOTEBOOKS[0]:  # The first one makes the album itself.
        shutil.copytree(sample_album, tmp_path / "data" / "sample")
    done = run(path, kernel, tmp_path)
    assert (tmp_path / "data" / "sample" / "truth.csv").is_file()
    assert not errors_printed(done)


@pytest.mark.notebooks
def test_runs_on_an_album_of_ones_own(path, kernel, tmp_path, sample_album):
    mine = tmp_path / "mine"
    mine.mkdir()
    for number, name in enumerate(("day 1/IMG_0001.jpg", "day 2/IMG_0002.jpg", "landscape.jpg")):
        source = sample_album / "photos" / (name if number < 2 else f"day 2/{name}")
        shutil.copy(source, mine / f"cost $1 and $2, {number}.jpg")
    (mine / "broken.jpg").write_bytes(b"\xff\xd8\xff no photo")
    parameters = {
        "PHOTOS": str(mine),
        "KNOWN": str(sample_album / "people"),
        "SAMPLE": str(tmp_path / "never made"),
        "TRUTH": None,
        "OUT": str(tmp_path / "sorted"),
        "ORDERS": 3,
        # Less to measure: what it comes to is looked at on the sample album.
        "LONG_EDGES": (0, 400),
        "DETECTORS": ("hog",),
        "THRESHOLDS": (0.5, 0.6),
        "MEMORY": False,
    }
    run(path, kernel, tmp_path, parameters)
    assert len(list(mine.iterdir())) == 4
    assert not (tmp_path / "never made").exists()
