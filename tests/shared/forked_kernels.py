"""
Kernels that begin with their imports done: each is forked from a process that has what they import.

A kernel takes two to three seconds of the processor until it has imported what a notebook needs,
and these tests start dozens. Where processes are not as on Linux, kernels start as ever.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from jupyter_client.provisioning import local_provisioner

HERE = Path(__file__).resolve().parent
LAUNCHER = "ipykernel_launcher"
# Nothing here may start a thread, draw, or make a widget as it is imported, as our panels do: what
# was made before the kernel was there no page hears of.
IMPORTED_BEFORE = """
    debugpy ipykernel.kernelapp ipykernel.ipkernel ipykernel.zmqshell ipywidgets anywidget pandas
    matplotlib.figure matplotlib.backends.backend_agg scipy.optimize scipy.stats sklearn.cluster
    sklearn.metrics onnxruntime dlib toolkit.session toolkit.plots.album_plots
    toolkit.evaluation.method_comparison toolkit.evaluation.photo_size
    toolkit.evaluation.photo_size_study toolkit.subjects.face.subject
"""
FIND = f"import sys; sys.path.insert(0, {str(HERE)!r}); import forked_kernels; del sys.path[0]; "


class Forge:
    """The process that kernels are forked from; it ends with the one that started it."""

    def __init__(self) -> None:
        self._line: IO[str] | None = None

    def _begin(self, env: dict[str, str]) -> IO[str]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            code = f"{FIND}forked_kernels.fork_kernels({theirs.fileno()})"
            # What the kernels are called is written over what it is called: that needs room.
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, "-" * 1000],
                env=env,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
            return ours.makefile("rw")

    def ask(self, env: dict[str, str], *what: object) -> int | None:
        """Ask for a kernel's process, or how one has ended."""
        if self._line is None:
            if what[0] == "ended":
                # As all do that it forked.
                return -1
            self._line = self._begin(env)
        self._line.write(json.dumps(what) + "\n")
        self._line.flush()
        return json.loads(self._line.readline())

    @contextlib.contextmanager
    def kernels(self, env: dict[str, str]) -> Iterator[None]:
        """Let the kernels that this process starts be forked; what they import is read in `env`."""
        if sys.platform != "linux":
            yield
            return
        usual = local_provisioner.launch_kernel

        def launch(command: list[str], **named: Any) -> Any:
            # Who started it, a kernel is told as ever.
            own = (named.get("env") or dict(os.environ)) | {"JPY_PARENT_PID": str(os.getpid())}
            return Kernel(lambda *what: self.ask(env, *what), command, own, named.get("cwd"))

        local_provisioner.launch_kernel = launch
        try:
            yield
        finally:
            local_provisioner.launch_kernel = usual

    def end(self) -> None:
        """Let it end."""
        if self._line is not None:
            self._line.close()
            self._process.wait()
            self._line = None


class Kernel:
    """A kernel's process, with what those who use a `Popen` ask of one."""

    stdin = stdout = stderr = None

    def __init__(
        self,
        ask: Callable[..., int | None],
        command: list[str],
        env: dict[str, str],
        folder: str | None,
    ) -> None:
        self._ask, self.returncode = ask, None
        self.pid = ask("start", command, env, folder)

    def poll(self) -> int | None:
        """Return how it ended; None while it runs."""
        if self.returncode is None:
            self.returncode = self._ask("ended", self.pid)
        return self.returncode

    def wait(self) -> int | None:
        """Return how it ended, once it is known to have."""
        return self.poll()

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        if self.poll() is None:
            os.kill(self.pid, number)


def fork_kernels(number: int) -> None:
    """Be the process that kernels are forked from, and is asked for them by a socket."""
    # By this a kernel tells matplotlib where to draw; it reads it as it is imported.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    for name in IMPORTED_BEFORE.split():
        importlib.import_module(name)
    # What is there already is looked through by no kernel, and so stays one memory for all.
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=number) as line, line.makefile("rw") as asked:
        kernel = answer(asked)
    if kernel is not None:
        be_a_kernel(*kernel)


def answer(asked: IO[str]) -> Any:
    """Answer until nobody asks any more: None; in a process that is forked what it is to be."""
    for what, *more in map(json.loads, asked):
        if what == "start":
            ready, told = os.pipe()
            if not (process := os.fork()):
                return told, *more
            os.close(told)
            # Whoever signals it signals its group, which has to be its own by then.
            os.read(ready, 1)
            os.close(ready)
            said: int | None = process
        else:
            found, status = os.waitpid(more[0], os.WNOHANG)
            said = os.waitstatus_to_exitcode(status) if found else None
        asked.write(json.dumps(said) + "\n")
        asked.flush()
    return None


def be_a_kernel(told: int, command: list[str], env: dict[str, str], folder: str | None) -> None:
    """Be a kernel, as what a command would start."""
    os.setsid()
    os.close(told)
    os.environ.clear()
    os.environ.update(env)
    if folder is not None:
        os.chdir(folder)
    be_called(command)
    # A kernel ends when its parent does, which here is another than the one it is told of.
    parent = f"--IPKernelApp.parent_handle={os.getppid()}"
    sys.argv = [*command[command.index(LAUNCHER) :], parent]
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


def be_called(command: list[str]) -> None:
    """Let who lists the processes see a command."""
    import ctypes

    after = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(after[45]), int(after[46])
    said = "\0".join(command).encode()[: end - start - 1]
    ctypes.memmove(start, said.ljust(end - start, b"\0"), end - start)


def jupyterlab() -> None:
    """Be JupyterLab, with kernels that are forked."""
    from jupyterlab.labapp import main

    with Forge().kernels(dict(os.environ)):
        main()
