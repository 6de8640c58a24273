"""Kernels that are forked: they are as those that are started, and end with who started them."""

import os
import sys

import psutil
import pytest
from browser_lab import ended, kernels_under
from forked_kernels import Forge
from jupyter_client import KernelManager

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

SECONDS = 120
ASKED = """
import os, sys
assert "toolkit.session" in sys.modules
assert not [each for each in sys.path if each.endswith("shared")], sys.path
assert os.getpgid(0) == os.getpid()
assert os.environ["JPY_PARENT_PID"] == "{parent}"
assert os.environ["OF_THE_KERNEL"] == "yes" and "OF_THE_FORGE" not in os.environ
assert os.getcwd() == {folder!r}
import matplotlib
assert "inline" in matplotlib.get_backend()
from toolkit.widgets import autopilot, size_explorer
import ipywidgets
from ipywidgets.widgets import widget
assert all(each.comm.kernel is get_ipython().kernel for each in widget._instances.values())
"""


@pytest.fixture
def forge():
    made = Forge()
    yield made
    made.end()


@pytest.fixture
def manager(forge, tmp_path):
    made = KernelManager(kernel_name="python3", connection_file=str(tmp_path / "kernel.json"))
    with forge.kernels({**os.environ, "OF_THE_FORGE": "yes"}):
        made.start_kernel(env={**os.environ, "OF_THE_KERNEL": "yes"}, cwd=str(tmp_path))
        yield made
        made.shutdown_kernel(now=True)


def test_it_is_as_a_kernel_that_is_started(manager, tmp_path):
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(SECONDS)
        code = ASKED.format(parent=os.getpid(), folder=str(tmp_path))
        content = client.execute_interactive(code, timeout=SECONDS)["content"]
        assert content["status"] == "ok", content
    finally:
        client.stop_channels()
    (kernel,) = kernels_under(os.getpid())
    assert kernel.pid == manager.provisioner.pid
    assert str(tmp_path / "kernel.json") in kernel.cmdline()
    manager.shutdown_kernel(now=True)
    assert ended(kernel)


def test_it_ends_with_what_it_was_forked_from(manager, forge):
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(SECONDS)
    finally:
        client.stop_channels()
    kernel = psutil.Process(manager.provisioner.pid)
    assert not ended(kernel)
    forge.end()
    kernel.wait(SECONDS)
