"""
Stands in the way of a package that jsonschema can do without: here, as if it were not installed.

It builds its grammars when it is imported, 1.5 s for each server and each process of these tests,
to check addresses of a kind that no notebook and no setting has.
"""

raise ImportError("left out in tests: it takes 1.5 s of every process that checks JSON")
