"""Panels for notebooks: ipywidgets over callables; the work itself is done elsewhere."""

__all__ = [
    "app_page",
    "autopilot",
    "background_work",
    "box_editor",
    "captures_box",
    "contact_sheet",
    "disclosure",
    "export_box",
    "folder_field",
    "individuals_view",
    "matches_view",
    "point_and_shoot",
    "question_view",
    "recent_albums",
    "review",
    "settings_form",
    "size_explorer",
    "sorting_panel",
    "strip_view",
    "threshold_explorer",
]
