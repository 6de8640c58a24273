"""Figures: a table in, axes out; nothing is computed here."""

__all__ = ["albums", "audit_plots", "face_plots", "resizing_plots", "tuning_plots"]
