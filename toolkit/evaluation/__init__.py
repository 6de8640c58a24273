"""How right a grouping is, how sure, and what it would be with other settings."""

__all__ = [
    "audit",
    "calibration_fit",
    "detection_recall",
    "error_rates",
    "folder_scores",
    "intervals",
    "label_table",
    "method_comparison",
    "photo_size",
    "photo_size_costs",
    "photo_size_matching",
    "photo_size_preview",
    "photo_size_study",
    "population",
    "scores",
    "threshold_sweep",
    "verification",
]
