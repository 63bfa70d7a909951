"""Evaluate opens with the example data set and its figures, until the visitor brings one."""

from __future__ import annotations

import time
from typing import Any

import gradio as gr

from instseg_ui.errors import InstSegError
from instseg_ui.examples.evaluation import ExampleEvaluation
from instseg_ui.numbers import plural
from instseg_ui.ui.evaluate.desk import Desk, Desks
from instseg_ui.ui.shared.events import OWN, session_of
from instseg_ui.ui.shared.example import EXAMPLES, ExampleNotice, shown
from instseg_ui.ui.shared.jobs import Jobs
from instseg_ui.ui.shared.services import Services


def connect_example(
    services: Services,
    desks: Desks,
    jobs: Jobs,
    opened: gr.State,
    scored: gr.State,
    notice: ExampleNotice,
) -> None:
    """Show the evaluation when the tab is opened, and let it go with one click.

    `opened` and `scored` tell the page that the desk has another data set and other figures.
    """
    example = ExampleEvaluation(services.settings.assets)

    def show_example(cleared: bool, request: gr.Request) -> list[Any]:
        idle = not cleared and not jobs.busy(session_of(request))
        if not (idle and show(desks, example, session_of(request))):
            return [gr.skip()] * 4
        return [*[time.monotonic_ns()] * 2, *describe(request)]

    def describe(request: gr.Request) -> list[Any]:
        return shown(sentence(desks.of(session_of(request))))

    def clear_example(request: gr.Request) -> list[Any]:
        jobs.stop(session_of(request))
        desks.clear(session_of(request))
        return [time.monotonic_ns(), time.monotonic_ns(), True]

    outputs: list[Any] = [opened, scored, *notice.outputs]
    notice.tab.select(show_example, notice.cleared, outputs, **EXAMPLES, **OWN)
    scored.change(describe, None, notice.outputs, **EXAMPLES, **OWN)
    notice.clear.click(clear_example, None, [opened, scored, notice.cleared], **EXAMPLES, **OWN)


def show(desks: Desks, example: ExampleEvaluation, session: str) -> bool:
    """Put the example on an empty desk; whether it is there now and was not before.

    A desk that an earlier server kept is none: it is about to be opened again.
    """
    try:
        here = example.is_there and not desks.kept(session)
        return here and desks.take_example(session, example)
    except InstSegError:
        return False


def sentence(desk: Desk) -> str | None:
    """What the example is, and where its figures come from; None for the visitor's own data."""
    origin, found = desk.example, desk.evaluation
    if origin is None or desk.dataset is None:
        return None
    photos = plural(len(desk.dataset.images), "photo")
    if found is None or found.machine is not origin.machine:
        return f"{photos} with every person, cat, car, building and window outlined."
    return (
        f"{plural(len(found.results), 'model')} on {photos}; times are of {origin.words}. "
        "Evaluate runs them here."
    )
