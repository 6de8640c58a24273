"""Sightings: who is in which photo, found on your own computer.

Import what you need from the flat modules: ``from toolkit import photos, cluster, modes``.
Importing the package loads no dlib and no matplotlib; each is imported where it is first used.
"""

__version__ = "0.1.0"
