"""What tests of panels share: text that tries to be HTML, jobs that wait, a widget's states."""

import threading

import traitlets

EVIL = '<img src=x onerror="window.hacked=1">'

# What is left of it where it was not escaped.
PART = "<img"

# So long is waited for what comes at once on a quiet machine (s).
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
