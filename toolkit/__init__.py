"""Sightings: who is in which photo, found on your own computer.

Import what you need from its packages: ``from toolkit.photos import opening``. Each package says
its one job, and CONTRIBUTING.md shows all of them. Importing the package loads no dlib and no
matplotlib; each is imported where it is first used.
"""

import os

# ONNX Runtime from 1.29 on reports its use to its maker unless this is set before it is loaded.
# Nothing is sent from here.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
