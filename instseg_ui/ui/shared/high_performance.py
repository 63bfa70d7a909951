"""High-performance mode as the page offers it: its switch, and what a preparation does."""

from __future__ import annotations

import re

import gradio as gr

from instseg_ui import engines
from instseg_ui.hpi.record import REFERENCE
from instseg_ui.settings import Settings

LABEL = "High performance"
INFO = "The fastest engine proven equal to Paddle."

_AS_PADDLE = (engines.NORMAL, REFERENCE)
# What every run goes through; all other stages belong to a model's preparation.
_OF_EVERY_RUN = ("", "loading", "warming up", "running")
_NUMBERED = re.compile(r"(.*) \((\d+) of (\d+)\)")
_CONVERTING = re.compile(r"converting \(.*\)")


def switch(settings: Settings, elem_id: str, *, info: bool = False) -> gr.Checkbox:
    """The switch as the setting has it; `info` says beside it what it does."""
    return gr.Checkbox(
        value=starts_on(settings),
        label=LABEL,
        info=INFO if info else None,
        container=False,
        min_width=60,
        elem_id=elem_id,
        elem_classes="high-performance",
    )


def starts_on(settings: Settings) -> bool:
    """Whether the switch is on when the page opens."""
    return settings.engine not in _AS_PADDLE


def told(settings: Settings, on: bool) -> bool | None:
    """What a link says of the switch; None while it is as the setting has it."""
    return None if on == starts_on(settings) else on


def engine(settings: Settings, on: bool) -> str:
    """What the segmenter is asked for, one of `engines.MODES`.

    The setting's own engine while the switch is as the setting has it.
    """
    if on == starts_on(settings):
        return settings.engine
    return engines.HIGH_PERFORMANCE if on else engines.NORMAL


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
