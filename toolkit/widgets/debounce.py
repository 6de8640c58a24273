"""Keeping up with a slider: only the newest position is worked on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Newest(Generic[Value]):
    """
    Does something with values in a thread, passing over those that a newer one has overtaken.

    The thread is there only while there is something to do.

    Parameters
    ----------
    do : callable
        Called with a value, never twice at the same time.
    failed : callable
        Called in the same thread with what `do` raised.
    """

    def __init__(self, do: Callable[[Value], None], *, failed: Callable[[Exception], None]) -> None:
        self._do, self._failed = do, failed
        self._next: list[Value] = []
        self._busy = False
        self._change = threading.Condition()

    def ask(self, value: Value) -> None:
        """Take a value in hand, after the one that is being worked on and instead of any other."""
        with self._change:
            self._next = [value]
            if self._busy:
                return
            self._busy = True
        threading.Thread(target=self._run, name="newest", daemon=True).start()

    def forget(self) -> None:
        """Pass over what waits."""
        with self._change:
            self._next = []

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until there is nothing to do; return whether that is so."""
        with self._change:
            return self._change.wait_for(lambda: not self._busy, timeout)

    def _run(self) -> None:
        while True:
            with self._change:
                if not self._next:
                    self._busy = False
                    self._change.notify_all()
                    return
                value = self._next.pop()
            try:
                self._do(value)
            except Exception as error:  # noqa: BLE001 - shown to the user, where they are looking
                self._failed(error)
