"""
The kernels of the app's pages: one a page, and no more than there may be.

A page that is reloaded takes over the kernel it had, with all that was found in it, and so does the
next page of the same browser after one that was closed by mistake.
"""

from __future__ import annotations

import asyncio
import time
from contextvars import ContextVar
from dataclasses import dataclass
from queue import Empty
from typing import Any, cast

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.ioloop import IOLoop

# How long the kernel of a page that is left is kept for it to come back.
RETURN_SECONDS = 20.0
# What a browser says of the page that it leaves may come after what it asks for next.
MOMENT_SECONDS = 1.0
ROUND_SECONDS = 0.05
# A kernel that does not answer for so long hangs: whoever reloads then wants to be rid of it.
ANSWER_SECONDS = 10.0
MOST_KERNELS = 8


class FullError(Exception):
    """There are as many pages as there may be."""

    def __str__(self) -> str:
        return f"{MOST_KERNELS} pages are open already; close one, then reload."


@dataclass
class Asked:
    """
    A page that a browser asks for.

    Attributes
    ----------
    browser : str
        Which one: the word that its cookie holds.
    kernel : str
        What the page has got, or an empty text.
    gone : bool
        Whether the browser waits no more.
    """

    browser: str
    kernel: str = ""
    gone: bool = False


@dataclass
class Use:
    """
    What a kernel is used for.

    Attributes
    ----------
    browser : str
        Whose page it works for.
    rendering : bool
        Whether its page is being made.
    expected : float
        Until when its page, made, is to connect (time of the loop, seconds).
    seen : bool
        Whether its page has connected.
    left : bool
        Whether its page has been left.
    ending : object, optional
        The clock that then runs.
    """

    browser: str
    rendering: bool = True
    expected: float = 0.0
    seen: bool = False
    left: bool = False
    ending: object | None = None

    def stay(self) -> None:
        """Forget that the page was left."""
        self.left = False
        if self.ending is not None:
            IOLoop.current().remove_timeout(self.ending)
            self.ending = None


# The page that is being asked for where a kernel is started: Voila hands over nothing of it.
ASKED: ContextVar[Asked] = ContextVar("ASKED")


class Client(AsyncKernelClient):
    """A client that need not wait until a kernel is silent: one that searches never is."""

    def start_channels(
        self,
        shell: bool = True,
        iopub: bool = True,
        stdin: bool = True,
        hb: bool = False,
        control: bool = True,
    ) -> None:
        """Start to talk, without a heartbeat: the kernel's process tells whether it is alive."""
        # It is a thread, which on a busy machine may begin when the client is gone.
        super().start_channels(shell, iopub, stdin, hb, control)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers, and is heard; `RuntimeError` if it does not in time."""
        end = None if timeout is None else time.monotonic() + timeout
        while end is None or time.monotonic() < end:
            self.kernel_info()
            try:
                answer = await self.get_shell_msg(timeout=1)
                await self.get_iopub_msg(timeout=0.2)
            except Empty:
                if await self.is_alive():
                    continue
                raise RuntimeError("the kernel has ended before it answered") from None
            if answer["msg_type"] == "kernel_info_reply":
                self._handle_kernel_info_reply(answer)
                return
        raise RuntimeError(f"the kernel has not answered for {timeout} s")


class Kernels(AsyncMappingKernelManager):
    """Kernels for pages, each taken over where its page is reloaded."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        # Those that were left longest ago come first.
        self._uses: dict[str, Use] = {}
        self._starting = asyncio.Lock()

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        """
        Return a kernel for the page that is asked for: its browser's own, or a new one.

        Raises
        ------
        FullError
            If there are as many pages as there may be.
        """
        asked = ASKED.get()
        kernel = await self._taken_over(asked.browser)
        if not kernel:
            async with self._starting:
                await self._make_room()
                kernel = await super().start_kernel(**options)
                self._uses[kernel] = Use(asked.browser)
        asked.kernel = kernel
        if asked.gone:
            self.wait_for_return(kernel)
        return kernel

    async def shutdown_kernel(self, kernel_id: str, *how: Any, **options: Any) -> None:  # type: ignore[override]
        """End a kernel; from now on nobody takes it over."""
        use = self._uses.pop(kernel_id, None)
        if use is not None:
            use.stay()
        await super().shutdown_kernel(kernel_id, *how, **options)  # type: ignore[no-untyped-call]

    def made(self, asked: Asked) -> None:
        """Note that a page has been made: it connects now, or its browser is gone."""
        use = self._uses.get(asked.kernel)
        if use is not None:
            use.rendering = False
            use.expected = IOLoop.current().time() + RETURN_SECONDS

    def page_left(self, kernel_id: str) -> None:
        """Note what a browser says of a page that it leaves."""
        self._check_kernel_id(kernel_id)  # type: ignore[no-untyped-call]
        use = self._uses.get(kernel_id)
        # While a page is made it can say nothing: this is late word of the one before.
        if use is not None and not use.rendering:
            self.wait_for_return(kernel_id)

    def wait_for_return(self, kernel_id: str) -> None:
        """Let a kernel end unless a page takes it over soon."""
        use = self._uses.get(kernel_id)
        if use is None:
            return
        use.stay()
        use.left = True
        use.ending = IOLoop.current().call_later(RETURN_SECONDS, self._end_if_left, kernel_id)
        self._last(kernel_id)

    async def _end_if_left(self, kernel_id: str) -> None:
        use = self._uses.get(kernel_id)
        if use is not None and use.left and not self._connected(kernel_id):
            await self.shutdown_kernel(kernel_id)

    def notify_connect(self, kernel_id: str) -> None:
        """Note that a page has connected."""
        super().notify_connect(kernel_id)  # type: ignore[no-untyped-call]
        if use := self._uses.get(kernel_id):
            use.seen = True
            use.stay()

    def notify_disconnect(self, kernel_id: str) -> None:
        """Note that a page has lost its connection; it may say so twice."""
        if self._connected(kernel_id):
            super().notify_disconnect(kernel_id)  # type: ignore[no-untyped-call]
            self._last(kernel_id)

    def _connected(self, kernel_id: str) -> bool:
        return bool(self._kernel_connections.get(kernel_id, 0))

    def _last(self, kernel_id: str) -> None:
        if kernel_id in self._uses:
            self._uses[kernel_id] = self._uses.pop(kernel_id)

    def _unused(self, kernel_id: str) -> bool:
        """Return whether no page has a kernel, nor is one just opening that will."""
        use = self._uses[kernel_id]
        if use.left or self._connected(kernel_id):
            return not self._connected(kernel_id)
        return not use.rendering and (use.seen or IOLoop.current().time() >= use.expected)

    async def _taken_over(self, browser: str) -> str:
        """Return a kernel of a browser's that no page has, or an empty text."""
        # Rounds, and not time: a server that was busy with another page has heard nothing in it.
        rounds = MOMENT_SECONDS / ROUND_SECONDS
        while True:
            soon = False
            for kernel, use in reversed(list(self._uses.items())):
                if use.browser != browser or kernel not in self:
                    continue
                if self._unused(kernel) and not use.rendering:
                    use.rendering, use.seen = True, False
                    use.stay()
                    if await self._answers(kernel):
                        return kernel
                    IOLoop.current().add_callback(self.shutdown_kernel, kernel)
                elif use.left or rounds > 0:
                    soon = True
            if not soon:
                return ""
            rounds -= 1
            await asyncio.sleep(ROUND_SECONDS)

    async def _answers(self, kernel_id: str) -> bool:
        client = cast(Client, self.get_kernel(kernel_id).client())
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=ANSWER_SECONDS)
        except RuntimeError:
            return False
        finally:
            client.stop_channels()
        return True

    async def _make_room(self) -> None:
        """End kernels that no page has until there is room for one more."""
        end = IOLoop.current().time() + RETURN_SECONDS
        while len(self) >= MOST_KERNELS:
            unused = [each for each in self._uses if each in self and self._unused(each)]
            if unused:
                await self.shutdown_kernel(unused[0])
            elif len(self) == len(self._uses) or IOLoop.current().time() > end:
                raise FullError
            else:
                # One is ending already.
                await asyncio.sleep(ROUND_SECONDS)
