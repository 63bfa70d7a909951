"""The process of one run: `python -m instseg_ui.train.process`, as `session` starts it.

The request and the settings come as a line of JSON on standard input; events go to standard output,
a line of JSON each. A line `stop` there, the end of the input, or SIGTERM asks it to stop and keep
the best so far: whoever started it and died has stopped it too. Who asked for `park` finds then,
instead of a model, what to go on from.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from instseg_ui.errors import Cancelled, InstSegError
from instseg_ui.settings import Settings
from instseg_ui.train.checkpoint import unwritable
from instseg_ui.train.checks import CHECKPOINT, GO_ON, WORK
from instseg_ui.train.request import TrainingRequest
from instseg_ui.variables import read_settings

NICE = 19
"""Whatever else the machine has to do goes before."""

log = logging.getLogger(__name__)


def main() -> None:
    """Run what the first line of the input asks for; the exit code is 0 where a folder was made."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICE)
    # Whatever a library prints is none of the events.
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    stop = threading.Event()
    _heed_signals(stop)
    given = json.loads(sys.stdin.readline())
    parked = threading.Event()
    alone = parked if given["park"] else None
    threading.Thread(target=_listen, args=(stop, alone), daemon=True).start()

    def report(event: dict[str, Any]) -> None:
        # A reader that is gone has stopped the run; what was learned is still written.
        try:
            events.write(json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n")
            events.flush()
        except OSError:
            stop.set()

    sys.exit(_run(given, report, stop, parked))


def _run(given: dict[str, Any], report: Any, stop: threading.Event, parked: threading.Event) -> int:
    request = TrainingRequest.loads(given["request"])
    settings = read_settings({"assets": Path(given["assets"]), **given["limits"]})
    try:
        outcome = _course(request, settings, report, stop, parked, resume=given["resume"])
    except InstSegError as error:
        kind = "cancelled" if isinstance(error, Cancelled) else "error"
        report({"event": kind, "text": str(error), "remedy": error.remedy})
        return 1
    except OSError as error:
        log.exception("the training failed")
        found = unwritable(request.output, error)
        report({"event": "error", "text": str(found), "remedy": getattr(found, "remedy", "")})
        return 1
    except MemoryError:
        kept = (request.output / WORK / CHECKPOINT).is_file()
        what = f"What was learned is kept: {GO_ON}." if kept else "Nothing was saved yet."
        text = f"There is not enough memory to go on. {what}"
        report({"event": "error", "text": text, "remedy": ""})
        return 1
    report({"event": "done", "outcome": outcome})
    return 0


def _course(
    request: TrainingRequest,
    settings: Settings,
    report: Any,
    stop: threading.Event,
    parked: threading.Event,
    *,
    resume: bool,
) -> dict[str, Any]:
    """Paddle is imported here, after the process has its place."""
    import cv2
    import paddle

    from instseg_ui.train.course import Course

    # Its own handler would end the process where it is asked to stop.
    paddle.disable_signal_handler()
    _heed_signals(stop)
    cv2.setNumThreads(request.threads)
    course = Course(request, settings, report, stop.is_set, resume, parked.is_set)
    return course.run().to_dict()


def _heed_signals(stop: threading.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())


def _listen(stop: threading.Event, alone: threading.Event | None) -> None:
    """Stop at a line, whatever it says, and at the end of the input, which sets `alone` too."""
    line = ""
    with contextlib.suppress(OSError, ValueError):
        line = sys.stdin.readline()
    if not line and alone is not None:
        alone.set()
    stop.set()


if __name__ == "__main__":
    main()
