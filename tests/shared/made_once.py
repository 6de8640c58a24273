"""What is made once for all processes of a test run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import filelock
import pytest

from toolkit.photos import animal_sample, sample

# So long may another process take to make it (s).
PATIENCE = 600


def folder_of_the_run(factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all processes of this run share; it goes with the run's other files."""
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "once"
    folder.mkdir(exist_ok=True)
    return folder


def store_of_the_run(factory: pytest.TempPathFactory) -> Path:
    """
    Return the store that all kernels of this run share: a photo is looked at by one of them.

    Who tries the look itself sets SIGHTINGS_STORE to another file in the kernel first.
    """
    return folder_of_the_run(factory) / "looks" / "store.sqlite"


def made_once(folder: Path, make: Callable[[Path], object]) -> Path:
    """Make a folder, unless another process has; who reads it may not change it."""
    with filelock.FileLock(folder.with_name(f"{folder.name}.lock"), timeout=PATIENCE):
        if not folder.exists():
            under_way = folder.with_name(f"{folder.name}.part")
            make(under_way)
            under_way.rename(folder)
    return folder


def sample_made_once(factory: pytest.TempPathFactory) -> Path:
    """Return the sample album that every process reads: copy it before anything is changed."""
    return made_once(folder_of_the_run(factory) / "sample", sample.make_album)


def animals_made_once(factory: pytest.TempPathFactory) -> Path:
    """Return photos of two drawn animals, and the tables of what is in them."""
    return made_once(
        folder_of_the_run(factory) / "animals",
        lambda folder: animal_sample.save(folder, individuals=2),
    )
