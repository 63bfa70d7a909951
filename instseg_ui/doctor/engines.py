"""The engines: which of them run on the device that is set, and what the others lack."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence

from instseg_ui.doctor.diagnosis import Diagnosis, note, wrong
from instseg_ui.engines import CONVERTED, unusable
from instseg_ui.settings import PROJECT_DIR, Settings

_AFRESH = "Start afresh: make clean, then make setup."
_FOR_CARDS = (
    "Set INSTSEG_DEVICE=cpu, or: make clean, then make setup REQUIREMENTS=requirements-gpu.txt."
)
_SECONDS = 120
# Prints version, number of cards, and whether oneDNN was built in.
_PADDLE = (
    "import instseg_ui.engines.paddle, paddle, paddlex;"
    "print(paddle.__version__, paddle.device.cuda.device_count(),"
    " int(paddle.base.core.is_compiled_with_onednn()))"
)
_TRIAL = ("-m", "instseg_ui.engines.runtimes.trial")


def engines(settings: Settings) -> Iterator[Diagnosis]:
    """Every engine, tried in a process of its own as a worker is: it may crash or hang."""
    yield from _paddle(settings)
    for name in CONVERTED:
        yield _converted(name, settings)


def _paddle(settings: Settings) -> Iterator[Diagnosis]:
    """Paddle Inference, without oneDNN and with it."""
    plain, onednn = "paddle", "paddle-onednn"
    device = settings.first_device
    said, fault = _run("-c", _PADDLE)
    if fault:
        yield wrong(f"engine {plain}", f"cannot be imported: {fault}", _AFRESH)
        yield _lacking(onednn, settings, "It is a part of Paddle, which cannot be imported.")
        return
    version, cards, built_in = said.split()[-3:]
    if device == "cpu" or int(device.partition(":")[2]) < int(cards):
        yield Diagnosis(f"engine {plain}", f"{version}, runs on {device}")
    else:
        yield wrong(f"engine {plain}", f"{version}, sees {cards} cards, not {device}", _FOR_CARDS)
    why = unusable(onednn, device)
    if not why and built_in != "1":
        why = "This build of Paddle has no oneDNN."
    yield _lacking(onednn, settings, why) if why else _running(onednn, settings, version)


def _converted(name: str, settings: Settings) -> Diagnosis:
    """One of the engines that run converted models."""
    device = settings.first_device
    if why := unusable(name, device):
        return _lacking(name, settings, why)
    said, fault = _run(*_TRIAL, name, device)
    if fault:
        return wrong(f"engine {name}", f"is there, but does not run: {fault}", _AFRESH)
    return _running(name, settings, said.strip().splitlines()[-1])


def _running(name: str, settings: Settings, versions: str) -> Diagnosis:
    return Diagnosis(f"engine {name}", f"{versions}, runs on {settings.first_device}")


def _lacking(name: str, settings: Settings, why: str) -> Diagnosis:
    """No fault of the machine, unless it is the very engine that models are to run on."""
    tell = wrong if settings.engine == name else note
    return tell(f"engine {name}", f"does not run on {settings.first_device}", why)


def _run(*arguments: str) -> tuple[str, str]:
    """What Python said to standard output, and what was wrong: one line, empty if nothing was."""
    command: Sequence[str] = (sys.executable, *arguments)
    try:
        done = subprocess.run(
            command, cwd=PROJECT_DIR, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "", f"no answer within {_SECONDS} s"
    if not done.returncode:
        return done.stdout, ""
    last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return "", last[:300]
