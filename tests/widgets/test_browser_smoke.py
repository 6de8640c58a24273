"""A notebook opened in JupyterLab in a real browser, and the checks that other tests rely on."""

import browser_fixtures
import numpy as np
import psutil
import pytest
from browser_lab import (
    cell_errors,
    ended,
    heap_bytes,
    in_time,
    restart_kernel,
    run_all,
    run_cell,
    start_lab,
    wait_for,
)
from browser_layout import layout_faults
from browser_seen import becomes, nothing_cut_off, screenshot, see
from PIL import Image
from playwright.sync_api import Error

pytestmark = pytest.mark.browser

START = "00_start_here.ipynb"


def test_the_first_notebook_runs_and_shows_pictures(lab, open_notebook):
    page = open_notebook(START)
    run_all(page)
    picture = see(page, "img")
    assert picture.bounding_box()["width"] > 200
    saved = screenshot(page, "smoke-start_here")
    with Image.open(saved) as image:
        assert image.size[0] == 1280
        assert image.size[1] > 2000
        assert np.asarray(image.convert("L")).std() > 10
    assert page.viewport_size == {"width": 1280, "height": 900}
    assert cell_errors(page) == []
    assert heap_bytes(page) > 1_000_000
    assert lab.kernel_bytes(START) > 50_000_000


def test_a_page_that_waits_for_ever_is_waited_for_so_long(open_notebook):
    page = open_notebook(START)
    with pytest.raises(Error, match=r"not done after 0\.1 s"):
        in_time(page, "() => new Promise(() => {})", seconds=0.1)
    assert in_time(page, "async given => given + 1", 2) == 3


def test_a_notebook_that_did_not_open_is_opened_in_a_new_page(lab, open_notebook, monkeypatch):
    waited = []

    def once(page, expression):
        waited.append(page)
        if len(waited) == 1:
            raise Error("never ready")
        wait_for(page, expression)

    monkeypatch.setattr(browser_fixtures, "wait_for", once)
    page = open_notebook(START)
    assert waited[1] is page
    assert waited[0].is_closed()
    assert lab.kernel(START).is_running()


PANEL = """
from IPython.display import HTML
HTML('''<div class="good" style="width: 20em"><b>One</b> <i>line</i><p>another line</p></div>
<div class="wide"><span style="display: inline-block; width: 3000px">too wide</span></div>
<div class="hidden"><p style="width: 4em; overflow: hidden; white-space: nowrap">much too long a
name</p></div>
<div class="low"><p style="height: 1em; overflow: hidden">one<br>two<br>three</p></div>
<div class="over" style="position: relative"><p>first text</p>
<p style="position: absolute; top: 4px; left: 4px">second text</p></div>
<div class="empty">beside<p style="width: 0; height: 0; font-size: 0">gone</p></div>
<div class="scrolled"><p style="width: 8em; overflow-x: auto; white-space: nowrap">as long as it
likes, for it can be scrolled</p></div>
<div class="unseen"><p style="display: none; width: 3000px">nobody sees this</p></div>''')
"""


def test_what_is_cut_off_is_found_and_what_is_not_is_left_alone(lab, open_notebook):
    page = open_notebook(lab.add_notebook("layout.ipynb", PANEL))
    run_all(page)
    see(page, ".good")
    found = {
        name: layout_faults(page, f".{name}")
        for name in ("good", "wide", "hidden", "low", "over", "empty", "scrolled")
    }
    assert found["good"] == []
    assert found["scrolled"] == []
    assert "right of the output" in found["wide"][0]
    assert "of its width" in found["hidden"][0]
    assert "of its height" in found["low"][0]
    assert found["over"] == ['p "first text" and p "second text" are written over each other']
    assert found["empty"] == ['p "gone" has text and no size']
    assert layout_faults(page, ".hidden", allow="p") == []
    assert layout_faults(page, ".unseen p") == ["nothing visible fits .unseen p"]
    with pytest.raises(AssertionError, match="too wide"):
        nothing_cut_off(page, ".wide", seconds=1)


def test_controls_of_ipywidgets_pass_and_a_label_cut_short_does_not(lab, open_notebook):
    source = """
import ipywidgets as w
slider = w.FloatSlider(description="threshold", layout=w.Layout(width="30em"))
fine = w.VBox([slider, w.Button(description="Start", icon="play"), w.Text(description="photos"),
               w.Dropdown(options=["one", "two"], description="method"),
               w.Checkbox(description="links")])
fine.add_class("fine")
short = w.VBox([w.IntText(description="a label that is much too long")])
short.add_class("short")
display(fine, short)
"""
    page = open_notebook(lab.add_notebook("controls.ipynb", source))
    run_all(page)
    see(page, ".short label")
    nothing_cut_off(page, ".fine")
    assert "a label that is much too long" in layout_faults(page, ".short")[0]


def test_a_cell_that_fails_fails_the_test_with_its_error(lab, open_notebook):
    page = open_notebook(lab.add_notebook("fails.ipynb", "1 + 1", "1 / 0", "2 + 2"))
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        run_all(page)
    (error,) = cell_errors(page)
    assert "division by zero" in error
    run_cell(page, 0)


def test_a_script_that_fails_and_an_address_elsewhere_are_noticed(lab, open_notebook, watch):
    page = open_notebook(lab.add_notebook("script.ipynb", "'text'"))
    assert watch.errors == []
    assert watch.elsewhere() == []
    page.evaluate("() => { setTimeout(() => { throw new Error('on purpose'); }, 0); }")
    page.evaluate("() => fetch('http://elsewhere.invalid/').catch(() => 0)")
    becomes(page, lambda: any("on purpose" in text for text in watch.errors), True)
    becomes(page, watch.elsewhere, ["http://elsewhere.invalid/"])
    watch.errors.clear()
    watch.requests.clear()


def test_running_again_and_restarting_the_kernel(lab, open_notebook):
    name = lab.add_notebook("again.ipynb", "import os; print('process', os.getpid())")
    page = open_notebook(name)
    run_all(page)
    first = lab.kernel(name).pid
    see(page, f"text=process {first}")
    restart_kernel(page)
    run_all(page)
    second = lab.kernel(name).pid
    assert second != first
    see(page, f"text=process {second}")


def test_no_process_is_left_when_the_server_has_stopped(tmp_path):
    started = start_lab(tmp_path, tmp_path / "store.sqlite")
    started.ask("api/kernels", "POST")
    server = psutil.Process(started.process.pid)
    running = [server, *server.children(recursive=True)]
    assert len(running) > 1
    started.stop()
    assert all(ended(each) for each in running)
