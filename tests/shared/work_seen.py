"""Work that goes on when a test says so, and the states that a widget comes to."""

import threading

import traitlets

LONG = 20


def states_of(widget: traitlets.HasTraits) -> list[str]:
    """Every state that a widget comes to."""
    seen = [widget.state]
    widget.observe(lambda change: seen.append(change["new"]), names="state")
    return seen


class Gate:
    """A job that goes on when told."""

    def __init__(self, value="value") -> None:
        self.value, self.begun, self.go = value, threading.Event(), threading.Event()

    def __call__(self, tell, stopped):
        self.begun.set()
        assert self.go.wait(LONG)
        return self.value
