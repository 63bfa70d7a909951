"""The process that workers are forked from, which has imported PaddleX; and starting processes.

`multiprocessing` keeps state that knows of one thread only, so starts, polls and reaps happen one
at a time. A fork is answered when the server's imports are done, which takes seconds: whoever
forks waits for that first, by `is_ready`, and then holds the lock for milliseconds.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing import forkserver, resource_tracker, util
from pathlib import Path

import psutil

PRELOADED = ("instseg_ui.engines.preload",)
"""What the server imports, beside the module that tells when it is done."""
READY_FILE = "INSTSEG_SERVER_READY"
"""Environment variable of the server: the file that it makes when its imports are done."""

_TELL = "instseg_ui.workers.server_ready"
_POLL_S = 0.01
_forked = multiprocessing.get_context("forkserver")
_lock = threading.Lock()


def start(preload: bool = True) -> None:
    """Start the server if it does not run yet; it imports in the background.

    `preload`: with PaddleX, which only the built-in fake engine does without.
    """
    resource_tracker.ensure_running()  # now: it would let interrupts through again
    with starting():
        if not _is_running():
            file = Path(util.get_temp_dir(), f"ready-{time.monotonic_ns()}")
            os.environ[READY_FILE] = str(file)
            # What comes last is imported last.
            _forked.set_forkserver_preload([*(PRELOADED if preload else ()), _TELL])
        forkserver.ensure_running()


def is_ready(timeout: float) -> bool:
    """Whether the server's imports are done, after `timeout` seconds at most.

    True for one that has ended, too: the next start makes another.
    """
    deadline = time.monotonic() + timeout
    told = os.environ.get(READY_FILE)
    while told and not Path(told).exists():
        if not _is_running_now():
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


@contextlib.contextmanager
def starting() -> Iterator[None]:
    """Held while a process is started, polled or reaped; never while anything is waited for."""
    with _lock, _without_main(), _without_interrupts():
        yield


def _is_running_now() -> bool:
    with _lock:
        return _is_running()


def _is_running() -> bool:
    """Called with the lock held: reaping is `multiprocessing`'s, so its end is only looked at."""
    pid = getattr(forkserver._forkserver, "_forkserver_pid", None)
    if pid is None:
        return False
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Keep the child from running the caller's script again.

    A forked worker needs nothing of `__main__`; multiprocessing would import it, which
    costs the page's whole import there and recurses where a script has no guard.
    """
    main = sys.modules["__main__"]
    spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    main.__spec__ = None
    if file is not None:
        del main.__file__
    try:
        yield
    finally:
        main.__spec__ = spec
        if file is not None:
            main.__file__ = file


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Keep Ctrl-C in a terminal from what is started here: who started it ends it, quietly."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
