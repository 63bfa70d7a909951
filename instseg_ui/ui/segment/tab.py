"""Segment: one photo, one model, every mask next to the measured latency and the size."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from instseg_ui.ui import uploads
from instseg_ui.ui.segment import run as segment_run
from instseg_ui.ui.segment.take_away import take_away
from instseg_ui.ui.shared import high_performance
from instseg_ui.ui.shared.events import ON_LOAD_AGAIN, OWN, said, session_of, window_of
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.viewer import Viewer
from instseg_ui.ui.workbench.panel import Workbench, counted
from instseg_ui.ui.workbench.tray_view import tray_value

_QUEUED: dict[str, Any] = {"concurrency_id": "models", "concurrency_limit": 4}


@dataclass(frozen=True)
class SegmentParts:
    """The tab's components.

    `refused` is why the last photo was none, `oversized` the photo that `scale` makes smaller.
    """

    viewer: Viewer
    facts: gr.HTML
    stop: gr.Button
    refused: gr.State
    oversized: gr.State
    scale: gr.Button


def segment_tab(services: Services, bench: Workbench) -> None:
    """Lay the tab out and connect it."""
    parts = _layout()
    _connect_running(services, bench, parts)
    _connect_again(services, bench, parts)
    _connect_scaling(services, bench, parts)
    take_away(services, bench, parts.viewer)


def _layout() -> SegmentParts:
    with gr.Column(elem_classes="stage-side"):
        viewer = Viewer(color_by="instance", elem_id="viewer")
        stop = gr.Button("Stop", size="sm", visible=False, elem_id="stop")
        scale = gr.Button("Scale it down", variant="primary", visible=False, elem_id="scale")
    facts = gr.HTML(elem_id="facts", js_on_load=ON_LOAD_AGAIN)
    return SegmentParts(viewer, facts, stop, gr.State(""), gr.State(""), scale)


def _connect_running(services: Services, bench: Workbench, parts: SegmentParts) -> None:
    def run(
        photo: str | None,
        model: str,
        wanted: bool,
        ticked: list[str],
        refused: str,
        thresholds: dict[str, float],
        threshold: float,
        request: gr.Request,
    ) -> Iterator[tuple[Any, ...]]:
        cache = Path(parts.viewer.GRADIO_CACHE)
        session = window_of(request)
        tray = bench.trays.of(session_of(request))
        engine = high_performance.engine(services.settings, wanted)
        least = thresholds.get(model, threshold)
        views = segment_run.run(services, photo, model, session, cache, engine, refused, least)
        for view in views:
            # Of what is refused its own discarding tells once more.
            again = photo is None and bool(refused)
            told = "" if photo is None else view.refused
            offer = (gr.skip(), gr.skip()) if again else _offer_to_scale(photo, view.fits_at)
            noted = gr.skip(), gr.skip()
            if view.found is not None and photo is not None:
                tray.note_path(photo, model, view.found)
                bench.trays.keep(session_of(request))
                noted = tray_value(tray, counted(model, ticked)), time.monotonic_ns()
            yield (
                view.viewer,
                view.facts,
                gr.update(visible=view.busy),
                told,
                *offer,
                *noted,
            )

    def discard(refused: str) -> Any:
        return None if refused else gr.skip()

    def stop(request: gr.Request) -> None:
        services.jobs["segment"].stop(window_of(request))

    gr.on(
        [
            bench.photo.change,
            bench.run.change,
            bench.thresholds.change,
            bench.high_performance.change,
        ],
        run,
        [
            bench.photo,
            bench.model,
            bench.high_performance,
            bench.ticked,
            parts.refused,
            bench.thresholds,
            bench.threshold,
        ],
        [
            parts.viewer,
            parts.facts,
            parts.stop,
            parts.refused,
            parts.oversized,
            parts.scale,
            bench.tray,
            bench.changed,
        ],
        trigger_mode="multiple",
        **_QUEUED,
        **OWN,
    )
    # Queued: only then does the page hear that a state has changed.
    parts.refused.change(discard, parts.refused, bench.photo, concurrency_limit=None, **OWN)
    parts.stop.click(stop, None, None, queue=False, **OWN)


def _connect_again(services: Services, bench: Workbench, parts: SegmentParts) -> None:
    def again(
        photo: str | None, model: str, wanted: bool, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        engine = high_performance.engine(services.settings, wanted)
        views = segment_run.measured_again(services, photo, model, window_of(request), engine)
        for view in views:
            done = gr.skip() if view.busy else time.monotonic_ns()
            yield view.facts, gr.update(visible=view.busy), done

    parts.facts.again(
        again,
        [bench.photo, bench.model, bench.high_performance],
        [parts.facts, parts.stop, bench.changed],
        trigger_mode="once",
        **_QUEUED,
        **OWN,
    )


def _offer_to_scale(photo: str | None, share: float | None) -> tuple[str, dict[str, Any]]:
    """The photo that can be made smaller, and the button that does it."""
    if photo is None or share is None:
        return "", gr.update(visible=False)
    return photo, gr.update(visible=True, value=f"Scale it down to {share:.0%}")


def _connect_scaling(services: Services, bench: Workbench, parts: SegmentParts) -> None:
    def scale_down(photo: str, ticked: list[str], request: gr.Request) -> tuple[str, Any]:
        with said():
            scaled, sentence = segment_run.scaled(photo, services.settings)
            smaller = str(uploads.held(Path(scaled)))
        tray = bench.trays.of(session_of(request))
        tray.exchange(photo, smaller)
        bench.trays.keep(session_of(request))
        gr.Info(sentence, duration=8)
        return smaller, tray_value(tray, ticked)

    parts.scale.click(
        scale_down,
        [parts.oversized, bench.ticked],
        [bench.photo, bench.tray],
        concurrency_id="exports",
        concurrency_limit=4,
        **OWN,
    )
