"""Labellings to draw: who is who in truth, and as found."""

from hypothesis import strategies as st

labelling = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=60)
