"""One loaded model in a process of its own.

A predictor is used by one thread of one process: Paddle Inference misbehaves otherwise.
The process also bounds what can go wrong: a crash costs one request, a hang is ended at a
time limit, and an evicted model gives all of its memory back.

Processes that need Paddle are forked from a server process that has imported PaddleX and runs
no thread (`forkserver`), so such a worker starts in milliseconds and the asking process never
imports it. A converted model needs no Paddle: its worker is a fresh interpreter (`spawn`), which
starts in half a second and holds nothing but its model.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import multiprocessing
import os
import re
import signal
import statistics
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import psutil

from instseg_ui import engines
from instseg_ui.engines import EngineRequest, Output
from instseg_ui.errors import (
    Cancelled,
    InstSegError,
    LoadError,
    WorkerCrashed,
    WorkerError,
    WorkerTimeout,
)
from instseg_ui.results import Instances
from instseg_ui.workers import server
from instseg_ui.workers.exit_cause import exit_cause
from instseg_ui.workers.server import start as start_server

__all__ = ["Answer", "IsCancelled", "Loaded", "OnStage", "Worker", "start_server"]

log = logging.getLogger(__name__)

OnStage = Callable[[str], None]
IsCancelled = Callable[[], bool]

_POLL_S = 0.05
_WARM_UP_SIZE = (480, 640)
_RECENT = 9
# A run that nobody waits for may always go on for so long.
_NEARLY_DONE_S = 0.5
_forked = multiprocessing.get_context("forkserver")
_fresh = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading took: the engine that runs, its versions, and times in milliseconds.

    `speedup` and `parity` are what is known of the engine beside Paddle; see `Runtime`.
    """

    engine: str
    versions: dict[str, str]
    notes: tuple[str, ...]
    load_ms: float
    first_run_ms: float
    memory_mb: float
    speedup: float | None = None
    parity: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One image's output and the worker's own memory after it, MB of 10^6 bytes."""

    output: Output
    memory_mb: float


@dataclass(frozen=True, slots=True)
class _Failed:
    error: InstSegError


class Worker:
    """A model's process, seen from the asking side. Used by one thread at a time."""

    def __init__(self, request: EngineRequest, *, load_timeout: float, run_timeout: float) -> None:
        self.request = request
        self._load_timeout = load_timeout
        self._run_timeout = run_timeout
        self._process: Any = None
        self._gone = False
        self._connection: Connection | None = None
        # Held while an answer is awaited; `close` ends the process first and the pipe after.
        self._waiting = threading.RLock()
        # What the last runs took and what loading takes, seconds.
        self._recent_s: deque[float] = deque(maxlen=_RECENT)
        self._reload_s = 0.0

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def alive(self) -> bool:
        # Its sentinel, and not `is_alive`: that shares state with starts, and would wait for them.
        if self._process is None or self._gone:
            return False
        if wait([self._process.sentinel], 0):
            self._gone = True
        return not self._gone

    def load(self, on_stage: OnStage, cancelled: IsCancelled) -> Loaded:
        """Start the process, load the model and run it once.

        Raises:
            LoadError: the engine refused the model.
            WorkerCrashed, WorkerTimeout, Cancelled: the process is ended by then.
        """
        asked = time.perf_counter()
        if self.request.engine in engines.CONVERTED:
            self._start(_fresh)
        else:
            self._await_server(cancelled)
            self._start(_forked)
        with self._waiting:
            loaded = self._receive(self._load_timeout, cancelled, "load", on_stage)
        assert isinstance(loaded, Loaded)
        self._reload_s = time.perf_counter() - asked
        self._recent_s.append(loaded.first_run_ms / 1e3)
        return replace(loaded, load_ms=self._reload_s * 1e3 - loaded.first_run_ms)

    def _await_server(self, cancelled: IsCancelled) -> None:
        """Wait for the server's imports, seconds of them, holding nothing that others need."""
        server.start(preload=self.request.engine != "fake")
        deadline = time.monotonic() + self._load_timeout
        while not server.is_ready(_POLL_S):
            if cancelled():
                raise Cancelled(f"Stopped before {self.request.model_name} was loaded.")
            if time.monotonic() > deadline:
                raise self._timed_out("load")

    def _start(self, context: Any) -> None:
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, self.request), name=self.request.model_name, daemon=True
        )
        with server.starting():
            process.start()
        theirs.close()
        self._process, self._connection = process, ours

    def run(
        self,
        pixels: npt.NDArray[np.uint8],
        floor: float,
        limit: int,
        cancelled: IsCancelled,
        reference: Instances | None = None,
    ) -> Answer:
        """Find instances in one image; see `Engine.run`.

        `reference`: for a converted model, see `ConvertedEngine.run`.

        A run that is under way when `cancelled` says so goes on to its end where that comes
        sooner than the model would be loaded again; its answer is right and may be kept.

        Raises:
            WorkerError: the engine failed on this image; the worker goes on.
            Cancelled: before the run, and the worker goes on; or it would have gone on for long,
                and the process is ended by then.
            WorkerCrashed, WorkerTimeout: the process is ended by then.
        """
        if cancelled():
            raise Cancelled("Stopped before the model ran.")
        start = time.monotonic()
        with self._waiting:
            try:
                self._pipe().send((pixels.shape, floor, limit, reference))
                # Straight from their memory: a pickle would copy them twice.
                self._pipe().send_bytes(np.ascontiguousarray(pixels).reshape(-1).data)
            except OSError as error:
                raise self._crashed() from error
            answer = self._receive(self._run_timeout, self._too_long(cancelled, start), "run")
        assert isinstance(answer, Answer)
        self._recent_s.append(time.monotonic() - start)
        return answer

    def _too_long(self, cancelled: IsCancelled, start: float) -> IsCancelled:
        """Whether nobody waits for the run and it would go on for longer than it is worth.

        Ending it costs the next caller a load, so that what ends sooner is waited for. One that
        passed its usual time may take as long again as it is late.
        """

        def too_long() -> bool:
            if not cancelled():
                return False
            left = abs(statistics.median(self._recent_s) - (time.monotonic() - start))
            return left > max(_NEARLY_DONE_S, self._reload_s)

        return too_long

    def close(self) -> None:
        """End the process and wait until its memory is back. May be called from any thread."""
        if self._process is None:
            return
        with server.starting():
            if self._process.is_alive():
                self._process.kill()
        self._ended(5)
        with self._waiting:
            self._pipe().close()

    def _ended(self, timeout: float) -> int | None:
        """Exit code of the process, waiting for its end; None if it has not ended by then."""
        wait([self._process.sentinel], timeout)
        with server.starting():
            code = cast("int | None", self._process.exitcode)
        # Reading the code empties the sentinel, which says nothing until its other end is closed.
        self._gone = self._gone or code is not None
        return code

    def _pipe(self) -> Connection:
        assert self._connection is not None, "load() comes first"
        return self._connection

    def _receive(
        self, timeout: float, cancelled: IsCancelled, verb: str, on_stage: OnStage | None = None
    ) -> object:
        deadline = time.monotonic() + timeout
        while True:
            message = self._next_message(deadline, cancelled, verb)
            if isinstance(message, _Failed):
                raise message.error
            if not isinstance(message, str):
                return message
            if on_stage:
                on_stage(message)

    def _next_message(self, deadline: float, cancelled: IsCancelled, verb: str) -> object:
        while True:
            ready = wait([self._pipe(), self._process.sentinel], _POLL_S)
            if self._connection in ready:
                try:
                    return self._pipe().recv()
                except (EOFError, OSError) as error:
                    raise self._crashed() from error
            if ready:
                raise self._crashed()
            if cancelled():
                self.close()
                raise Cancelled(f"Stopped. {self.request.model_name} loads again when next used.")
            if time.monotonic() > deadline:
                self.close()
                raise self._timed_out(verb)

    def _crashed(self) -> WorkerCrashed:
        why = exit_cause(self._ended(2))
        self.close()
        return WorkerCrashed(
            f"{self.request.model_name} stopped unexpectedly ({why}). "
            "It loads again when next used; if it stops again, try a smaller image."
        )

    def _timed_out(self, verb: str) -> WorkerTimeout:
        load = verb == "load"
        limit = self._load_timeout if load else self._run_timeout
        name = "INSTSEG_LOAD_TIMEOUT" if load else "INSTSEG_RUN_TIMEOUT"
        return WorkerTimeout(
            f"{self.request.model_name} did not {'load' if load else 'finish'} within "
            f"{limit:g} s and was ended. Try a smaller image.",
            remedy=f"Or raise {name}.",
        )


def _serve(connection: Connection, request: EngineRequest) -> None:
    """The worker's whole life, in its own process."""
    _end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Engines print what is no answer, from their compiled parts too.
    os.dup2(2, 1)
    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        try:
            meter = _MemoryMeter()
            engine, loaded = _load(connection, request, meter)
        except BrokenPipeError:
            return  # whoever asked is gone
        except Exception as error:  # noqa: BLE001 - engines raise anything; it becomes a sentence
            connection.send(_Failed(_as_sentence(error, LoadError, request)))
            return
        connection.send(loaded)
        while True:
            shape, floor, limit, reference = connection.recv()
            run = (
                engine.run
                if reference is None
                else partial(cast(Any, engine).run, reference=reference)
            )
            pixels = np.empty(shape, np.uint8)
            connection.recv_bytes_into(pixels.reshape(-1).data)
            connection.send(_answer(run, pixels, floor, limit, request, meter))


def _load(
    connection: Connection, request: EngineRequest, meter: _MemoryMeter
) -> tuple[engines.Engine, Loaded]:
    connection.send("loading")
    start = time.perf_counter()
    engine = engines.create(request)
    ready = time.perf_counter()
    connection.send("warming up")
    engine.run(np.full((*_WARM_UP_SIZE, 3), 127, np.uint8), 0.5, 1)
    done = time.perf_counter()
    return engine, Loaded(
        engine=engine.name,
        versions=engine.versions,
        notes=engine.notes,
        load_ms=(ready - start) * 1e3,
        first_run_ms=(done - ready) * 1e3,
        memory_mb=meter.read(),
    )


def _answer(
    run: Callable[[npt.NDArray[np.uint8], float, int], Output],
    pixels: npt.NDArray[np.uint8],
    floor: float,
    limit: int,
    request: EngineRequest,
    meter: _MemoryMeter,
) -> Answer | _Failed:
    try:
        output = run(pixels, floor, limit)
    except Exception as error:  # noqa: BLE001 - engines raise anything; it becomes a sentence
        return _Failed(_as_sentence(error, WorkerError, request))
    return Answer(output, meter.read())


def _as_sentence(
    error: Exception, kind: type[InstSegError], request: EngineRequest
) -> InstSegError:
    """The stack goes to the log; the person who asked gets one line without any path."""
    if isinstance(error, InstSegError):
        log.warning("%s on %s: %s", request.model_name, request.engine, error)
        return error
    log.error("%s failed", request.model_name, exc_info=error)
    if isinstance(error, MemoryError):
        return kind(f"{request.model_name} ran out of memory. Try a smaller image or model.")
    lines = [line.strip() for line in str(error).splitlines() if line.strip(" -.:\t")]
    reason = lines[-1] if lines else type(error).__name__
    reason = reason.replace(str(request.folder), request.folder.name)
    reason = re.sub(r"(/[\w.+-]+){2,}/?", "…", reason)[:200]
    verb = "could not be loaded" if kind is LoadError else "failed on this image"
    return kind(f"{request.model_name} {verb} by {request.engine}: {reason}")


class _MemoryMeter:
    """Memory of the process it is in; the kernel adds it up (10 ms) only after it has changed."""

    _STEP = 4_000_000  # bytes

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._rss = 0
        self._mb = 0.0

    def read(self) -> float:
        """Unique set size: what ending this process would free, MB of 10^6 bytes, to 4 MB."""
        rss = self._process.memory_info().rss
        if abs(rss - self._rss) > self._STEP:
            self._rss, self._mb = rss, float(self._process.memory_full_info().uss) / 1e6
        return self._mb


def _end_with_parent() -> None:
    """End with the asking process, however that ends, also in the middle of a run.

    Linux ends this process with the one it was forked from, the server. The server ends
    when nobody holds its pipe any more; every worker is handed an end of it and lets go here.
    A fresh process watches its parent instead: Linux would end it with the thread that asked.
    """
    from multiprocessing import forkserver

    server = getattr(forkserver, "_forkserver", None)
    if server is None or server._forkserver_alive_fd is None:
        threading.Thread(target=_end_after_parent, daemon=True).start()
        return
    os.close(server._forkserver_alive_fd)
    server._forkserver_alive_fd = None
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _end_after_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
