"""Figures: a table in, axes out."""

__all__ = ["albums", "audit_plots", "face_plots", "resizing_plots", "tuning_plots"]
