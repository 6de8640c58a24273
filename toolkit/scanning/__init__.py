"""Photos to an album of what was seen in them, and example photos to references."""

__all__ = ["comparing", "pair_views", "references", "scan"]
