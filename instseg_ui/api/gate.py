"""Who may come in: bounded work and a bounded queue, and an end to work nobody waits for."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from fastapi import Request

from instseg_ui.api.body import read_body
from instseg_ui.errors import BusyError, Cancelled
from instseg_ui.settings import Settings

IsCancelled = Callable[[], bool]
Result = TypeVar("Result")
# Takes a request's body in pieces and a question whether its sender has gone.
Job = Callable[[list[bytes], IsCancelled], Result]

_POLL_S = 0.05
_CLOSING = "The service is shutting down. Try again in a moment."


class Gate:
    """Runs requests in a few threads, lets some more wait, and turns the rest away.

    A place is taken before the body is read and given back when the thread has let go of
    the request, however the request ended.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool = ThreadPoolExecutor(settings.http_threads, thread_name_prefix="http")
        self._places = settings.http_threads + settings.queue_size
        self._lock = threading.Lock()
        self._taken = 0
        self._running = 0
        self._draining = False

    @property
    def running(self) -> int:
        """Requests that a thread works on."""
        return self._running

    @property
    def waiting(self) -> int:
        """Requests that have a place and no thread yet."""
        return max(0, self._taken - self._running)

    @property
    def draining(self) -> bool:
        """Whether nobody is let in any more."""
        return self._draining

    async def run(self, request: Request, job: Job[Result]) -> Result:
        """Read the request's body and do `job` with it in a thread.

        Raises:
            BusyError: all places are taken, or the service is shutting down.
            Cancelled: the sender has gone; what was under way is stopped.
            TooLargeError, SlowUploadError: see `read_body`.
        """
        self._enter()
        stopped = threading.Event()
        try:
            body = await read_body(request, self._settings)
            future = self._pool.submit(self._work, job, body, stopped.is_set)
        except BaseException:
            self._leave()
            raise
        # Called for a future that was cancelled before its turn, too.
        future.add_done_callback(lambda _: self._leave())
        try:
            return await _while_connected(request, future)
        finally:
            stopped.set()
            future.cancel()

    def drain(self) -> None:
        """Let nobody in any more."""
        self._draining = True

    async def empty(self, timeout: float, give_up: IsCancelled = lambda: False) -> bool:
        """Wait until the last request has ended; False if some are still there."""
        end = time.monotonic() + timeout
        while self._taken and time.monotonic() < end and not give_up():
            await asyncio.sleep(_POLL_S)
        return not self._taken

    def close(self) -> None:
        """Let nobody in and drop what waits; what runs is not waited for."""
        self.drain()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _enter(self) -> None:
        with self._lock:
            if self._draining:
                raise BusyError(_CLOSING)
            if self._taken >= self._places:
                raise BusyError("Too many requests are waiting. Try again in a moment.")
            self._taken += 1

    def _leave(self) -> None:
        with self._lock:
            self._taken -= 1

    def _work(self, job: Job[Result], body: list[bytes], stopped: IsCancelled) -> Result:
        with self._lock:
            self._running += 1
        try:
            return job(body, stopped)
        finally:
            with self._lock:
                self._running -= 1


async def _while_connected(request: Request, future: Future[Result]) -> Result:
    answer = asyncio.wrap_future(future)
    # Somebody has to look at an error that nobody waits for.
    answer.add_done_callback(lambda done: done.cancelled() or done.exception())
    gone = asyncio.create_task(_disconnected(request))
    both: set[asyncio.Future[Any]] = {answer, gone}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
    if not answer.done():
        raise Cancelled("The sender of the request has gone.")
    return answer.result()


async def _disconnected(request: Request) -> None:
    """Returns when the connection is closed; after the body, nothing else can come."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
