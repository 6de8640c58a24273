"""
Work beside the interface, of all panels.

`Work` is one piece of long work at a time, with a bar, a way to cancel, and what went wrong;
`InOrder` does many short steps, none left out; `Newest` keeps up with what is moved or typed.
"""

from __future__ import annotations

import html
import re
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import astuple
from typing import Any, Generic, TypeVar

import ipywidgets
import traitlets

from toolkit.errors import SightingsError
from toolkit.names import printable
from toolkit.progress import Pace
from toolkit.records import Words

Value = TypeVar("Value")
# Called with a word for the work, the number done, the total, and the item just done.
Tell = Callable[[str, int, int, str], None]
Stopped = Callable[[], bool]
Job = Callable[[Tell, Stopped], Value]

STATES = ("empty", "running", "cancelling", "cancelled", "failed", "done")
# Seconds between two looks of the bar: more would only keep the browser busy.
EVERY = 0.2


class Message(ipywidgets.HTML):
    """What a panel has to say: a remark, something to mend, or a bug with its traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.add_class("sightings-message")

    def clear(self) -> None:
        """Say nothing."""
        self.value = ""

    @property
    def plain(self) -> str:
        """What it says, as a line of text; of a bug, without the traceback."""
        text = re.sub(r"<pre\b.*", "", self.value, flags=re.DOTALL)
        return html.unescape(re.sub(r"<[^>]*>", "", text)).strip()

    def remark(self, text: str) -> None:
        """Say something that is as it should be."""
        self.value = f"<p role='status'>{safe(text)}</p>"

    def mend(self, error: SightingsError | str) -> None:
        """Say what the user can mend."""
        self.value = (
            "<p role='alert' style='border-left: 4px solid; padding-left: .6em'>"
            f"<b>Not done:</b> {safe(str(error))}</p>"
        )

    def bug(self, error: BaseException) -> None:
        """Show the traceback of an error that is a fault of ours."""
        lines = "".join(traceback.format_exception(error)).splitlines()
        trace = "\n".join(printable(line) for line in lines)
        self.value = (
            "<div role='alert' style='border-left: 4px solid; padding-left: .6em'>"
            f"<b>A bug:</b> {safe(f'{type(error).__name__}: {error}')}. Nothing of yours is lost; "
            "please report it with these lines:"
            f"<pre style='max-height: 20em; overflow: auto'>{html.escape(trace)}</pre></div>"
        )

    def failed(self, error: Exception) -> None:
        """Say what went wrong, as what it is."""
        if isinstance(error, SightingsError):
            self.mend(error)
        else:
            self.bug(error)


class Work(ipywidgets.VBox):
    """
    One piece of work at a time.

    Attributes
    ----------
    state : str
        One of `STATES`; can be observed.
    message : Message
        What the last work had to say; a panel may use it, too.

    Parameters
    ----------
    locks : sequence of lock
        Held, in this order, while there is work.
    cancelling : str
        What is said from Cancel until the work has stopped.
    clock : callable, optional
        Seconds that never fall.
    """

    state = traitlets.Enum(STATES, default_value="empty")

    def __init__(
        self,
        *,
        locks: Sequence[AbstractContextManager[object]] = (),
        cancelling: str = "cancelling: what is done is kept",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock, self._locks, self._cancelling = clock, tuple(locks), cancelling
        self.message = Message()
        self.bar = ipywidgets.IntProgress(
            min=0, max=1, layout=ipywidgets.Layout(width="min(30em, 50%)")
        )
        self.text = ipywidgets.HTML()
        self.stop_button = ipywidgets.Button(
            description="Cancel", tooltip="Stop, and keep what is done", icon="stop"
        )
        self.stop_button.on_click(lambda _: self.cancel())
        row = ipywidgets.Layout(align_items="center", flex_flow="row wrap")
        self.running = ipywidgets.HBox([self.bar, self.stop_button], layout=row)
        super().__init__([self.running, self.text, self.message])
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        # A thread that has it may take it again: who observes `state` may begin other work.
        self._lock = threading.RLock()
        self._pace: dict[str, Pace] = {}
        self._begun = self._told = 0.0
        self._telling, self._quiet = "", False
        self._show()

    def run(
        self,
        job: Callable[[Tell, Stopped], Value],
        then: Callable[[Value], None] | None = None,
        *,
        title: str = "working",
        quiet: bool = False,
    ) -> bool:
        """
        Begin some work, unless other work is under way.

        Parameters
        ----------
        job : callable
            Called in a thread with `tell` (to report progress) and `stopped` (which says whether to
            stop: it then returns what it has).
        then : callable, optional
            Called in the same thread with what the job returned; `state` is "done" or "cancelled"
            only after it.
        title : str
            What is shown until the first progress.
        quiet : bool
            Show no bar, and leave the message as it is: for what takes a moment, so that nothing
            jumps under the pointer.

        Returns
        -------
        bool
            Whether it was begun.
        """
        with self._lock:
            if self.busy:
                return False
            self._stop, self._quiet = (stop := threading.Event()), quiet
            if not quiet:
                self.message.clear()
            self.bar.value, self.bar.max, self.text.value = 0, 1, safe(title)
            self._pace, self._telling = {}, ""
            self._begun = self._told = self._clock()
            self.state = "running"
            self._thread = thread = threading.Thread(
                target=self._run, args=(job, then, stop), name="panel", daemon=True
            )
            thread.start()
        return True

    def cancel(self) -> None:
        """Ask the work to stop; what is done is kept."""
        with self._lock:
            if self.state != "running":
                return
            self._stop.set()
            self.state = "cancelling"
            self.text.value = safe(self._cancelling)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is under way; return whether that is so."""
        end = None if timeout is None else time.monotonic() + timeout
        # Work may be followed by other work.
        while (thread := self._begun_thread()) is not None:
            if thread is threading.current_thread():
                break
            thread.join(None if end is None else max(0.0, end - time.monotonic()))
            if thread.is_alive() or thread is self._thread:
                break
        return not self.busy

    def _begun_thread(self) -> threading.Thread | None:
        # One that somebody begins in this very moment cannot be waited for before.
        with self._lock:
            return self._thread

    @property
    def busy(self) -> bool:
        """Whether work is under way."""
        return self.state in ("running", "cancelling")

    def tell(self, work: str, done: int, total: int, item: str) -> None:
        """Show progress; called by the job."""
        with self._lock:
            now = self._clock()
            fresh = work != self._telling
            if fresh:
                # What comes next began when the last was told of.
                self._pace.setdefault(work, Pace(self._begun))
            pace, self._telling, self._begun = self._pace[work], work, now
            pace.mark(now, done)
            soon = now - self._told < EVERY and done < total and not fresh
            if soon or self.state != "running":
                return
            self._told = now
            self.bar.max, self.bar.value = max(total, 1), done
            name = item.replace("\\", "/").rpartition("/")[2]
            parts = [f"{work}: {done:,} of {total:,}", pace.text(total), name]
            self.text.value = " · ".join(safe(part) for part in parts if part)

    def _run(
        self, job: Job[Any], then: Callable[[Any], None] | None, stop: threading.Event
    ) -> None:
        with ExitStack() as held:
            for lock in self._locks:
                held.enter_context(lock)
            end = "failed"
            try:
                value = job(self.tell, stop.is_set)
                if then is not None:
                    then(value)
                end = "cancelled" if stop.is_set() else "done"
            except Exception as error:  # noqa: BLE001 - shown to the user, where they are looking
                self.message.failed(error)
            finally:
                try:
                    with self._lock:
                        self.state = end
                except Exception as error:  # noqa: BLE001 - of somebody who observes the state
                    self.message.bug(error)

    @traitlets.observe("state")
    def _show(self, _: object = None) -> None:
        seen = None if self.busy and not self._quiet else "none"
        self.running.layout.display = self.text.layout.display = seen
        self.stop_button.disabled = self.state != "running"


class Newest(Generic[Value]):
    """
    Does something with values in a thread, passing over those that a newer one has overtaken.

    A thread is there only while there is something to do.

    Parameters
    ----------
    do : callable
        Called with a value, and with an event that is set as soon as a newer one is asked for.
    failed : callable
        Called in the same thread with what `do` raised.
    abreast : bool
        Whether a newer value begins at once, while the one before may still be worked on: for what
        can hang, such as a disk that does not answer. `do` then sees to it that what was overtaken
        changes nothing. Without it, no two are worked on at the same time.
    """

    def __init__(
        self,
        do: Callable[[Value, threading.Event], None],
        *,
        failed: Callable[[Exception], None],
        abreast: bool = False,
    ) -> None:
        self._do, self._failed, self._abreast = do, failed, abreast
        self._next: list[tuple[Value, threading.Event]] = []
        self._overtaken = threading.Event()
        self._busy = False
        self._change = threading.Condition()

    def ask(self, value: Value) -> None:
        """Take a value in hand, instead of any other that waits."""
        with self._change:
            self._overtaken.set()
            self._overtaken = threading.Event()
            self._next = [(value, self._overtaken)]
            if self._busy and not self._abreast:
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
        overtaken: threading.Event | None = None
        while True:
            with self._change:
                if not self._next:
                    # Of several abreast, the newest says when all is done.
                    if not self._abreast or overtaken is self._overtaken:
                        self._busy = False
                        self._change.notify_all()
                    return
                value, overtaken = self._next.pop()
            try:
                self._do(value, overtaken)
            except Exception as error:  # noqa: BLE001 - shown to the user, where they are looking
                self._failed(error)


class InOrder:
    """
    Does all that it is given in one thread, in that order.

    Parameters
    ----------
    name : str
        Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._last: Future[None] | None = None

    def do(self, step: Callable[[], None]) -> None:
        """Take a step in hand, after all before."""
        self._last = self._pool.submit(step)

    def wait(self, timeout: float | None = None) -> None:
        """
        Wait until all so far is done.

        Raises
        ------
        TimeoutError
            If it is not after so many seconds. What the last step raised is raised here, too.
        """
        if self._last is not None:
            self._last.result(timeout)

    def close(self) -> None:
        """Pass over what waits, and take nothing in hand any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def in_html(words: Words) -> Words:
    """Return words fit for HTML, as `safe` does: those of a result come from a file."""
    return Words(*(safe(each) for each in astuple(words)))


def safe(text: str) -> str:
    """Return text fit for HTML: control characters as escapes, nothing read as a tag."""
    return html.escape(printable(text))
