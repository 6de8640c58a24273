"""Panels for notebooks: ipywidgets over callables; the work itself is done elsewhere."""
