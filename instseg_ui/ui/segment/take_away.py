"""Taking away, in one place: files of the photo or of all photos, and the code that runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from instseg_ui.errors import InputError, InstSegError
from instseg_ui.results import check_threshold
from instseg_ui.show.snippets import snippets
from instseg_ui.ui.link import THRESHOLD
from instseg_ui.ui.shared import export as file_export
from instseg_ui.ui.shared import high_performance
from instseg_ui.ui.shared.events import OWN, address_of, save_script, session_of, told
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.viewer import Viewer
from instseg_ui.ui.workbench import archive
from instseg_ui.ui.workbench.panel import Workbench

_HERE = Path(__file__).parent
_WHAT_IS_SHOWN = (_HERE / "what_is_shown.js").read_text(encoding="utf-8")
_SHOWN_THRESHOLD = (_HERE / "shown_threshold.js").read_text(encoding="utf-8")
_SAVE_PICTURE = (_HERE / "save_picture.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class TakeAwayParts:
    """The components; the page sends `shown`, `file` hands a file over."""

    panel: gr.Accordion
    format: gr.Dropdown
    save: gr.Button
    save_all: gr.Button
    picture: gr.Button
    stop: gr.Button
    progress: gr.HTML
    shown: gr.JSON
    file: gr.DownloadButton
    refresh: gr.Button
    shell: gr.Code
    python: gr.Code
    curl: gr.Code


def take_away(services: Services, bench: Workbench, viewer: Viewer) -> None:
    """Lay it out below the viewer and connect it."""
    parts = _layout()
    _connect_photo(services, bench, viewer, parts)
    _connect_all(services, bench, viewer, parts)
    _connect_code(services, bench, parts)


def _layout() -> TakeAwayParts:
    code: dict[str, Any] = {
        "interactive": False,
        "lines": 2,
        "wrap_lines": True,
        "min_width": 280,
    }
    with gr.Accordion("Take away: files and code", open=False, elem_id="take-away") as panel:
        with gr.Row(elem_id="export"):
            chosen = gr.Dropdown(
                [(name, format) for format, name in file_export.NAMES.items()],
                label="Format of the export",
                show_label=False,
                container=False,
                filterable=False,
                min_width=150,
                elem_id="export-format",
            )
            save = gr.Button("Export this photo", size="sm", min_width=120, elem_id="export-save")
            save_all = gr.Button(
                "Export all photos, ticked models", size="sm", min_width=120, elem_id="export-all"
            )
            picture = gr.Button(
                "Save the picture", size="sm", min_width=120, elem_id="export-picture"
            )
            stop = gr.Button("Stop", size="sm", visible=False, elem_id="export-stop")
        progress = gr.HTML("", elem_id="export-progress")
        with gr.Row(equal_height=False):
            shell = gr.Code(label="Command line", language="shell", **code)
            python = gr.Code(label="Python", language="python", **code)
            curl = gr.Code(label="HTTP", language="shell", **code)
        refresh = gr.Button(
            "Write the code for the threshold that is shown", size="sm", elem_id="code-refresh"
        )
    shown = gr.JSON(visible=False)
    file = gr.DownloadButton(visible="hidden", elem_id="export-file")
    return TakeAwayParts(
        panel,
        chosen,
        save,
        save_all,
        picture,
        stop,
        progress,
        shown,
        file,
        refresh,
        shell,
        python,
        curl,
    )


def _connect_photo(
    services: Services, bench: Workbench, viewer: Viewer, parts: TakeAwayParts
) -> None:
    def save(photo: str | None, format: str, shown: object) -> str:
        cache = Path(viewer.GRADIO_CACHE)
        try:
            seen = file_export.shown_in(shown)
            return str(file_export.export_file(services, photo, format, seen, cache))
        except InstSegError as error:
            raise gr.Error(told(error), title="Not exported", print_exception=False) from None

    parts.save.click(
        save,
        [bench.photo, parts.format, parts.shown],
        parts.file,
        js=_WHAT_IS_SHOWN,
        concurrency_id="exports",
        concurrency_limit=4,
        **OWN,
    ).success(None, None, None, js=save_script("export-file"), **OWN)
    parts.picture.click(None, None, None, js=_SAVE_PICTURE, queue=False, **OWN)


def _connect_all(
    services: Services, bench: Workbench, viewer: Viewer, parts: TakeAwayParts
) -> None:
    def save_all(
        ticked: list[str],
        wanted: bool,
        format: str,
        thresholds: dict[str, float],
        usual: float,
        shown: object,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        session, cache = session_of(request), Path(viewer.GRADIO_CACHE)
        engine = high_performance.engine(services.settings, wanted)
        tray = bench.trays.of(session)
        least = {model: _threshold_of(model, thresholds, usual, shown) for model in ticked}
        for view in archive.archive(services, tray, ticked, format, least, engine, session, cache):
            update: dict[Any, Any] = {
                parts.progress: view.progress,
                parts.stop: gr.update(visible=view.busy),
            }
            if view.file is not None:
                update[parts.file] = view.file
            yield update

    def stop(request: gr.Request) -> None:
        services.jobs["batch"].stop(session_of(request))

    parts.save_all.click(
        save_all,
        [
            bench.ticked,
            bench.high_performance,
            parts.format,
            bench.thresholds,
            bench.threshold,
            parts.shown,
        ],
        [parts.progress, parts.stop, parts.file],
        js=_SHOWN_THRESHOLD,
        concurrency_id="batch",
        concurrency_limit=2,
        trigger_mode="once",
        **OWN,
    ).success(None, None, None, js=save_script("export-file"), **OWN)
    parts.stop.click(stop, None, None, queue=False, **OWN)


def _connect_code(services: Services, bench: Workbench, parts: TakeAwayParts) -> None:
    def write(
        model: str,
        wanted: bool,
        thresholds: dict[str, float],
        usual: float,
        shown: object,
        request: gr.Request,
    ) -> list[str]:
        engine = high_performance.engine(services.settings, wanted)
        asked = high_performance.asked(services.settings, engine)
        least = _threshold_of(model, thresholds, usual, shown)
        code = snippets(model, least, address_of(request), asked)
        return [code.shell, code.python, code.curl]

    gr.on(
        [
            parts.panel.expand,
            parts.refresh.click,
            bench.model.change,
            bench.thresholds.change,
            bench.high_performance.change,
        ],
        write,
        [bench.model, bench.high_performance, bench.thresholds, bench.threshold, parts.shown],
        [parts.shell, parts.python, parts.curl],
        js=_SHOWN_THRESHOLD,
        concurrency_limit=None,
        trigger_mode="always_last",
        **OWN,
    )


def _threshold_of(
    model: str, thresholds: Mapping[str, float], usual: float, shown: object
) -> float:
    """The threshold at which a model's objects are taken: as Segment shows or would show them.

    That is the shown one, unless another model is shown: then the one in use for it, and `usual`
    where the other is shown at a threshold that is in use for that one alone.
    """
    other = shown.get("model") if isinstance(shown, dict) else None
    if other == model:
        return _threshold_in(shown, usual)
    if model in thresholds:
        return thresholds[model]
    return usual if other in thresholds else _threshold_in(shown, usual)


def _threshold_in(shown: object, usual: float = THRESHOLD) -> float:
    """The threshold that the page says it shows; `usual` where it shows nothing."""
    sent = shown.get("threshold") if isinstance(shown, dict) else None
    try:
        return usual if sent is None else check_threshold(sent)
    except InputError as error:
        raise gr.Error(told(error), print_exception=False) from None
