"""What a mode found, and the folder that it is written into and read from."""

__all__ = [
    "accuracy",
    "earlier",
    "export",
    "exporting",
    "kept",
    "planned",
    "record",
    "report",
    "result",
    "sidecars",
]
