"""Encodings to groups and names: who is one individual, and how sure that is."""

__all__ = [
    "assign",
    "cluster",
    "constraints",
    "doubts",
    "linkage",
    "links",
    "naming",
    "neighbours",
    "search",
    "thresholds",
]
