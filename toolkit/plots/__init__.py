"""Figures: a table in, axes out."""

__all__ = [
    "album_plots",
    "audit_plots",
    "pair_plots",
    "photo_size_plots",
    "sighting_plots",
    "tuning_plots",
]
