"""Nothing is lost on the way: in JupyterLab as it is delivered, by its default windowing."""

import sys
from pathlib import Path

import pytest
from browser_lab import LAB_SETTINGS, at_rest, in_kernel, run_all, wait_for
from browser_seen import becomes, screenshot, see
from tiles import save_tiles

pytestmark = pytest.mark.browser

SHARED = Path(__file__).resolve().parents[1] / "shared"
PANEL = ".sightings-autopilot"
CARD = f"{PANEL} .sightings-card"
TRACKER = "@jupyterlab/notebook-extension/tracker"

SHOW = f"""
import sys
sys.path.insert(0, {str(SHARED)!r})
from functools import partial
from tiles import ColourEncoder, TileDetector
from toolkit import modes
from toolkit.settings import AutopilotSettings
from toolkit.subjects.base import Subject
from toolkit.subjects.face import FACE
from toolkit.widgets.autopilot import AutopilotPanel
subject = Subject("tile", TileDetector(), ColourEncoder(), FACE.words)
settings = AutopilotSettings(threshold=0.3, jobs=1)
panel = AutopilotPanel({{photos!r}}, {{out!r}}, settings=settings, subject=subject)
panel
"""
FILLER = "print('\\n'.join(f'line {n}' for n in range(60)))"


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "Norway"
    for number in range(4):
        save_tiles(folder / f"a{number}.png", "ann", shade=5 * number)
    save_tiles(folder / "b.png", "bob")
    save_tiles(folder / "c.png", "bob", "cem")
    return folder


def test_try(lab, open_notebook, photos, tmp_path, monkeypatch):
    import json, os
    mode = os.environ.get("MODE", "")
    path = lab.private / "settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    path.write_text(json.dumps({"windowingMode": mode} if mode else {}))
    name = lab.add_notebook(
        "kept.ipynb", SHOW.format(photos=str(photos), out=str(tmp_path / "out")), *[FILLER] * 8
    )
    page = open_notebook(name, fresh=True)
    run_all(page)
    see(page, f"{PANEL} >> text=press Start")
    sc = "document.querySelector('.jp-WindowedPanel-outer')"
    print(page.evaluate(f"() => [{sc}.scrollHeight, {sc}.clientHeight, getComputedStyle(document.querySelector('.jp-Cell')).contentVisibility]"))
    page.evaluate(f"() => {{ {sc}.scrollTop = {sc}.scrollHeight; }}")
    page.wait_for_timeout(3000)
    print(page.evaluate("() => { const n = window.jupyterapp.shell.currentWidget.content; return [n.notebookConfig.windowingMode, n.viewModel?.windowingActive, getComputedStyle(document.querySelectorAll('.jp-Cell')[0]).contentVisibility, document.querySelectorAll('.jp-Cell').length, n.scrollTop, document.querySelector('.sightings-autopilot').getBoundingClientRect().top, document.querySelector('.sightings-autopilot').checkVisibility({contentVisibilityAuto:true}), [...document.querySelectorAll('.jp-CodeCell')].map(c=>c.className+getComputedStyle(c).contentVisibility+getComputedStyle(c).display)] }"))
    print("attached", page.evaluate(f"() => !!document.querySelector('{PANEL}')"))
    in_kernel(page, "panel.start()")
    at_rest(page)
    page.wait_for_timeout(3000)
    page.evaluate(f"() => {{ {sc}.scrollTop = 0; }}")
    page.wait_for_timeout(3000)
    page.evaluate(f"() => document.querySelector('{CARD}')?.scrollIntoView()")
    page.wait_for_timeout(2000)
    print(page.evaluate(f"() => [...document.querySelectorAll('{CARD} img')].map(i => [i.src, i.clientHeight, i.clientWidth, i.className])"))
    screenshot(page, "kept-try")
