"""High-performance mode as the page offers it: a switch, and words for what it does."""

from __future__ import annotations

import re

from instseg_ui import engines
from instseg_ui.hpi.record import REFERENCE
from instseg_ui.numbers import times
from instseg_ui.results import Runtime
from instseg_ui.settings import Settings

LABEL = "High performance"
INFO = "The fastest engine proven equal to Paddle."

BASIS = "the speed of normal mode here, on one photo"
NO_FASTER = "no faster engine here is proven equal to it"

_AS_PADDLE = (engines.NORMAL, REFERENCE)
# What every run goes through; all other stages belong to a model's preparation.
_OF_EVERY_RUN = ("", "loading", "warming up", "running")
_NUMBERED = re.compile(r"(.*) \((\d+) of (\d+)\)")
_CONVERTING = re.compile(r"converting \(.*\)")


def starts_on(settings: Settings) -> bool:
    """Whether the switch is on when the page opens."""
    return settings.engine not in _AS_PADDLE


def engine(settings: Settings, on: bool) -> str:
    """What the segmenter is asked for, one of `engines.MODES`.

    The setting's own engine where the switch stands as the setting has it.
    """
    if on == starts_on(settings):
        return settings.engine
    return engines.AUTO if on else engines.NORMAL


def asked(settings: Settings, engine: str | None) -> str:
    """`engine` if code must name it to run the same; empty if the setting runs it anyway."""
    return engine if engine and engine != settings.engine else ""


def preparing(stage: str) -> str:
    """A stage of a model's preparation in plain words; empty for a stage that every run has."""
    if stage in _OF_EVERY_RUN:
        return ""
    if _CONVERTING.fullmatch(stage):
        return "converting it"
    return _NUMBERED.sub(r"\1, \2 of \3", stage)


def preparing_sentence(model: str, stage: str) -> str:
    """The same, with what it is done for; empty for a stage that every run has."""
    words = preparing(stage)
    return f"Preparing {model} for high performance, once on this machine: {words}" if words else ""


def stopped_sentence(model: str) -> str:
    """What to do after a preparation was stopped."""
    return (
        f"Stopped before {model} was prepared. Switch “{LABEL}” off to run it as Paddle does, "
        "or pick the model to start again."
    )


def ran_so(runtime: Runtime) -> bool:
    """Whether high-performance mode ran, so that there is a gain to tell of."""
    return runtime.speedup is not None or bool(runtime.parity)


def engine_and_gain(runtime: Runtime) -> str:
    """`onnxruntime 6.2×`; the engine alone where nothing was gained."""
    if runtime.speedup is None or runtime.engine == REFERENCE:
        return runtime.engine
    return f"{runtime.engine} {times(runtime.speedup)}"


def gain_sentence(runtime: Runtime) -> str:
    """`6.2× Paddle's speed · equal to Paddle: 100/100 objects, ...`; empty in normal mode."""
    if not ran_so(runtime):
        return ""
    if runtime.engine == REFERENCE:
        return NO_FASTER
    gain = f"{times(runtime.speedup)} Paddle's speed" if runtime.speedup is not None else ""
    return " · ".join(filter(None, [gain, runtime.parity]))
