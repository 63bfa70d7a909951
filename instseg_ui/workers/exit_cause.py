"""Why a process has ended, in words."""

from __future__ import annotations

import signal


def exit_cause(code: int | None) -> str:
    """An exit code in words; None stands for a process that closed its pipe and went on."""
    if code is None:
        return "its pipe was closed"
    if code >= 0:
        return f"exit code {code}"
    if -code == signal.SIGKILL:
        return "SIGKILL, which is what running out of memory looks like"
    known = {item.value: item.name for item in signal.Signals}
    return known.get(-code, f"signal {-code}")
