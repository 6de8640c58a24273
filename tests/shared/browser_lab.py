"""
JupyterLab in a real browser, for tests: a server of its own, pages, and checks of what is seen.

The fixtures are in `browser_fixtures`; what a test does with a page is here.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil
from browser_seen import SEE_SECONDS, screenshot
from forked_kernels import FIND
from nbformat import v4
from playwright.sync_api import (
    Error,
    Page,
)
from playwright.sync_api import TimeoutError as TimeIsUp

PROJECT = Path(__file__).resolve().parents[2]
LEFT_OUT = Path(__file__).resolve().parent / "left_out"
HERE = "127.0.0.1"
START_SECONDS = 180
RUN_SECONDS = 300

# What would fetch from other machines or stand in the way, and a notebook wholly in the page: by
# default cells out of view are left out of it.
LAB_SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none", "scrollPastEnd": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    "@jupyterlab/extensionmanager-extension/plugin": {"enabled": False},
    "@jupyterlab/apputils-extension/themes": {"theme": "JupyterLab Light"},
}


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def end_processes(processes: list[psutil.Process], seconds: float = 10) -> None:
    """Ask processes to end, and kill those that have not ended after so many seconds."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(processes, timeout=seconds)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def ended(process: psutil.Process) -> bool:
    """Return whether a process runs no more (its parent may not have been told yet)."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def kernels_under(number: int) -> list[psutil.Process]:
    """Return the kernels that a server runs, by the number of its process."""
    found = []
    for child in psutil.Process(number).children(recursive=True):
        # A child may end while it is looked at.
        with contextlib.suppress(psutil.NoSuchProcess):
            if any("ipykernel_launcher" in word for word in child.cmdline()):
                found.append(child)
    return found


def private_jupyter(folder: Path) -> dict[str, str]:
    """Return an environment in which Jupyter reads and writes its own files in a folder alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    for variable, name in (
        ("JUPYTER_CONFIG_DIR", "config"),
        ("JUPYTER_DATA_DIR", "data"),
        ("JUPYTER_RUNTIME_DIR", "runtime"),
        ("JUPYTERLAB_SETTINGS_DIR", "settings"),
        ("JUPYTERLAB_WORKSPACES_DIR", "workspaces"),
        ("IPYTHONDIR", "ipython"),
        ("MPLCONFIGDIR", "matplotlib"),
    ):
        (folder / name).mkdir(parents=True, exist_ok=True)
        kept[variable] = str(folder / name)
    # A kernel works in another folder: without this it could find another checkout.
    found = [str(LEFT_OUT), str(PROJECT), kept.get("PYTHONPATH", "")]
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, found))
    # JupyterLab would ask Node.js, for a second, whether it is to be built anew.
    page = folder / "config" / "labconfig" / "page_config.json"
    page.parent.mkdir(exist_ok=True)
    page.write_text(json.dumps({"buildAvailable": False, "buildCheck": False}))
    # Settings of this test run that are not for the kernels: coverage, warnings as errors.
    kept.pop("PYTHONWARNINGS", None)
    return kept


@dataclass
class Lab:
    """
    A JupyterLab server and the folder it serves.

    Attributes
    ----------
    root : Path
        Laid out as the project: ``notebooks/``, ``data/sample/`` (the sample album: ``photos``,
        ``people``, ``truth.csv``); ``out/`` appears here. Cells run in ``notebooks/``.
    private : Path
        Jupyter's own files: settings, and what it writes.
    url : str
        Ends without a slash.
    token : str
    log : Path
        What the server and the kernels wrote.
    """

    root: Path
    private: Path
    url: str
    token: str
    log: Path
    process: subprocess.Popen[bytes]

    def lay_out(self, album: Path) -> None:
        """Put the notebooks, an album and the settings where they stand, and nothing else."""
        self.stop_kernels()
        for path in self.root.iterdir():
            shutil.rmtree(path)
        shutil.copytree(album, self.root / "data" / "sample")
        (self.root / "notebooks").mkdir()
        for path in sorted((PROJECT / "notebooks").glob("*.ipynb")):
            shutil.copy(path, self.root / "notebooks")
        shutil.rmtree(self.private / "settings")
        for plugin, settings in LAB_SETTINGS.items():
            package, _, name = plugin.rpartition("/")
            path = self.private / "settings" / package / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(settings))

    def address(self, name: str) -> str:
        """Return the address of a notebook, with the token."""
        return f"{self.url}/lab/tree/notebooks/{name}?token={self.token}&reset"

    def ask(self, path: str, method: str = "GET") -> Any:
        """Ask the server's own interface, such as ``api/kernels``; what it answers, read."""
        request = urllib.request.Request(
            f"{self.url}/{path}", method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def add_notebook(self, name: str, *sources: str) -> str:
        """Write a notebook with one code cell for each source, and return its name."""
        notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
        notebook.metadata.kernelspec = {
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        }
        nbformat.write(notebook, self.root / "notebooks" / name)
        return name

    def kernel(self, name: str) -> psutil.Process:
        """Return the process in which a notebook's cells run."""
        path = f"notebooks/{name}"
        found = [each["kernel"]["id"] for each in self.ask("api/sessions") if each["path"] == path]
        assert found, f"no kernel runs for {name}"
        for kernel in kernels_under(self.process.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                if any(found[0] in word for word in kernel.cmdline()):
                    return kernel
        raise AssertionError(f"the kernel of {name} is no process of the server")

    def kernel_bytes(self, name: str) -> int:
        """Return the memory that a notebook's kernel has in use (resident, bytes)."""
        return int(self.kernel(name).memory_info().rss)

    def stop_kernels(self) -> None:
        """End every kernel, as a test that leaves nothing to the next does."""
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                for kernel in self.ask("api/kernels"):
                    self.ask(f"api/kernels/{kernel['id']}", "DELETE")
                return
            except urllib.error.HTTPError:
                # While one of them is just starting, the server cannot list them.
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def stop(self) -> None:
        """End the server and its kernels."""
        with contextlib.suppress(psutil.NoSuchProcess):
            server = psutil.Process(self.process.pid)
            kernels = server.children(recursive=True)
            # First the server: it would take a kernel that ends for one to be started again.
            end_processes([server])
            end_processes(kernels)
        self.process.wait()


def start_lab(folder: Path, store: Path) -> Lab:
    """Start JupyterLab on an empty folder, on a port and with a token of its own."""
    root, private = folder / "project", folder / "jupyter"
    environment = private_jupyter(private) | {"SIGHTINGS_STORE": str(store)}
    root.mkdir()
    token = secrets.token_hex(16)
    log = folder / "lab.log"
    for _ in range(3):
        port = free_port()
        command = [
            *(sys.executable, "-c", f"{FIND}forked_kernels.jupyterlab()"),
            *("--no-browser", "--allow-root", "--expose-app-in-browser"),
            f"--ServerApp.ip={HERE}",
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={root}",
            f"--IdentityProvider.token={token}",
            "--LabApp.news_url=",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--LabApp.extension_manager=readonly",
            "--LanguageServerManager.autodetect=False",
        ]
        with log.open("ab") as written:
            process = subprocess.Popen(
                command,
                cwd=root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
            )
        lab = Lab(root, private, f"http://{HERE}:{port}", token, log, process)
        if _answers(lab):
            return lab
        # Another process may have taken the port in between: try the next.
        lab.stop()
    raise AssertionError(f"JupyterLab does not start:\n{log.read_text()[-3000:]}")


def _answers(lab: Lab) -> bool:
    """Wait until the server answers to its token; False when its process has ended."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and lab.process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            lab.ask("api/status")
            return True
        time.sleep(0.2)
    return False


# Expressions over JupyterLab's own model of the open notebook.
_NOTEBOOK = "window.jupyterapp?.shell?.currentWidget"
# Closes all that is open, with its kernels, asking nothing.
_CLOSE = """async () => {
    const app = window.jupyterapp;
    window.listening?.disconnect();
    for (const name of ['listening', 'told', 'hacked', 'soon']) delete window[name];
    for (const open of [...app.shell.widgets('main')]) {
        await open.sessionContext?.shutdown();
        open.dispose();
    }
}"""
# Opens a notebook.
_OPEN = """async ([path, theme]) => {
    const app = window.jupyterapp;
    if (document.body.dataset.jpThemeName !== theme)
        await app.commands.execute('apputils:change-theme', {theme});
    await app.commands.execute('docmanager:open', {path, factory: 'Notebook'});
    for (const open of [...app.shell.widgets('main')])
        if (open.context?.path !== path) open.dispose();
}"""
READY = f"() => {{ const p = {_NOTEBOOK}; return !!(p?.content?.model?.cells?.length && \
p.sessionContext?.isReady && p.sessionContext.session?.kernel?.status === 'idle'); }}"
_CELLS = f"""[...{_NOTEBOOK}.content.model.cells].filter(
    cell => cell.type === 'code' && cell.sharedModel.source.trim())"""
DONE = f"""() => {{
    const cells = {_CELLS};
    const failed = cells.some(cell => cell.outputs.toJSON().some(o => o.output_type === 'error'));
    const all = cells.every(cell => cell.executionCount !== null);
    return (failed || all) && {_NOTEBOOK}.sessionContext.session?.kernel?.status === 'idle';
}}"""
ERRORS = f"""() => {_CELLS}.flatMap(cell => cell.outputs.toJSON().filter(
    o => o.output_type === 'error').map(
        o => o.traceback.join('\\n') || o.ename + ': ' + o.evalue))"""


def in_time(page: Page, work: str, given: Any = None, seconds: float = SEE_SECONDS) -> Any:
    """
    Let a page do what ends later, and return what comes of it.

    A page that waits for its server waits as long as it takes, and with it who evaluates.

    Raises
    ------
    playwright.sync_api.Error
        When it has failed, or has not ended after so many seconds.
    """
    late = f"not done after {seconds:g} s: {' '.join(work.split())[:200]}"
    return page.evaluate(
        f"""([given, late]) => Promise.race([({work})(given), new Promise((_, fail) =>
            setTimeout(() => fail(new Error(late)), {seconds * 1000}))])""",
        [given, late],
    )


def close_notebooks(page: Page) -> None:
    """Close what is open in a page of JupyterLab, and end its kernels."""
    in_time(page, _CLOSE)


def open_instead(page: Page, name: str) -> None:
    """Open a notebook in a page of JupyterLab in place of what is open there."""
    theme = LAB_SETTINGS["@jupyterlab/apputils-extension/themes"]["theme"]
    close_notebooks(page)
    in_time(page, _OPEN, [f"notebooks/{name}", theme])


def wait_for(page: Page, expression: str, seconds: float = SEE_SECONDS) -> None:
    """Wait until an expression of the page's own script is true."""
    page.wait_for_function(expression, timeout=seconds * 1000, polling=100)


def in_kernel(page: Page, code: str = "") -> None:
    """
    Run code in the notebook's kernel, and wait until it has answered.

    By then the kernel has done all that the page told it before, and the page was told what came of
    it: without code, this waits for that. A thread of the kernel may still be at work.
    """
    answer = in_time(
        page,
        f"""async code => {{
            const kernel = {_NOTEBOOK}.sessionContext.session.kernel;
            const asked = kernel.requestExecute({{code, store_history: false}});
            return (await asked.done).content;
        }}""",
        code,
        RUN_SECONDS,
    )
    assert answer["status"] == "ok", answer


def at_rest(page: Page) -> None:
    """
    Wait until the notebook's `panel` has nothing under way, and the page was told what came of it.

    What a panel says comes a moment before its work is over; until then it takes no other.
    """
    in_kernel(page, f"assert panel.wait({RUN_SECONDS}), 'the panel is still at work'")


def cell_errors(page: Page) -> list[str]:
    """Return the traceback of every cell that ended in an error."""
    return [str(text) for text in page.evaluate(ERRORS)]


def wait_idle(page: Page, *, seconds: float = RUN_SECONDS) -> None:
    """Wait until the kernel has nothing more to do (a thread of it may still be at work)."""
    wait_for(page, f"() => {_NOTEBOOK}.sessionContext.session?.kernel?.status === 'idle'", seconds)


def run_all(page: Page, *, seconds: float = RUN_SECONDS) -> None:
    """Run every cell by the menu, wait until the kernel is idle, and fail with a cell's error."""
    page.evaluate(f"() => {_CELLS}.forEach(cell => {{ cell.clearExecution(); }})")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    try:
        wait_for(page, DONE, seconds)
    except TimeIsUp:
        screenshot(page, "run_all-not-done")
        raise
    errors = cell_errors(page)
    assert not errors, "a cell failed:\n" + "\n".join(errors)


def run_cell(page: Page, index: int, *, seconds: float = RUN_SECONDS) -> None:
    """Run one cell, counted from 0 among all cells (text cells too), and wait for its end."""
    in_time(
        page,
        f"""async index => {{
            const notebook = {_NOTEBOOK}.content;
            notebook.activeCellIndex = index;
            notebook.deselectAll();
            await window.jupyterapp.commands.execute('notebook:run-cell');
        }}""",
        index,
        seconds,
    )
    wait_idle(page, seconds=seconds)
    errors = page.evaluate(
        f"""index => {_NOTEBOOK}.content.model.cells.get(index).outputs.toJSON().filter(
            o => o.output_type === 'error').map(o => o.traceback.join('\\n'))""",
        index,
    )
    assert not errors, "the cell failed:\n" + "\n".join(errors)


def restart_kernel(page: Page) -> None:
    """Restart the kernel, without a question."""
    in_time(page, f"async () => {{ await {_NOTEBOOK}.sessionContext.restartKernel(); }}")
    wait_for(page, READY)


def heap_bytes(page: Page) -> int:
    """Return the memory that a page's scripts have in use after a collection (bytes)."""
    session = page.context.new_cdp_session(page)
    try:
        session.send("HeapProfiler.collectGarbage")
        session.send("Performance.enable")
        metrics = session.send("Performance.getMetrics")["metrics"]
    finally:
        with contextlib.suppress(Error):
            session.detach()
    return int(next(each["value"] for each in metrics if each["name"] == "JSHeapUsedSize"))
