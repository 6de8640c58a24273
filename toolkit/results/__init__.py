"""What a mode found, and the folder that it is written into and read from."""

__all__ = [
    "earlier",
    "export",
    "exporting",
    "kept",
    "labels",
    "planned",
    "record",
    "report",
    "result",
]
