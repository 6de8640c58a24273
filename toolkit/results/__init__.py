"""What a mode found, and the folder that it is written into and read from."""

__all__ = [
    "accuracy",
    "changes",
    "earlier",
    "export",
    "exporting",
    "report",
    "result",
    "results_folder",
    "sidecars",
]
