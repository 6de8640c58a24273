"""
Sorts an album of two photos as it is imported: all that a run imports is there afterwards.

For the process that workers are forked from, so that each begins with its work.
"""

import contextlib
import os
import tempfile
from pathlib import Path

import kill_at_random

os.environ[kill_at_random.store.VARIABLE] = "off"
with tempfile.TemporaryDirectory(prefix="sightings-before-") as folder:
    kill_at_random.make_album(Path(folder), size=2)
    for mode in ("point-and-shoot", "autopilot"):
        kill_at_random.run(Path(folder), mode, kill_at_random.THRESHOLDS[0])
    with contextlib.suppress(kill_at_random.SightingsError):
        kill_at_random.sync(Path(folder))
