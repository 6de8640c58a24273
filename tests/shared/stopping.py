"""A stop for long work: after so many steps were told of."""


def after(count: int):
    """A stop that says yes once `count` photos or copies were told of, and what was told."""
    told = []
    return told, {"progress": lambda *call: told.append(call), "stop": lambda: len(told) >= count}
