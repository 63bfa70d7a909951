"""`instseg serve`: the page and the HTTP interface."""

from __future__ import annotations

from typing import Annotated

import typer

from instseg_ui.catalog import Catalog
from instseg_ui.cli.console import guarded
from instseg_ui.cli.options import settings_of
from instseg_ui.engines import MODES
from instseg_ui.pipeline.choice import choose_engine, read_device
from instseg_ui.pipeline.config import PipelineConfig


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to serve on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to serve on.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="The model that runs when none is named.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, gpu:0, or several: gpu:0,1.")] = None,
    engine: Annotated[
        str | None, typer.Option(help=f"What runs the models: {', '.join(MODES)}.")
    ] = None,
    use_hpip: Annotated[
        bool,
        typer.Option(
            "--use_hpip", "--use-hpip", help="High-performance mode: --engine high_performance."
        ),
    ] = False,
    no_ui: Annotated[bool, typer.Option("--no-ui", help="The HTTP interface only.")] = False,
) -> None:
    """Serve the page and PaddleX's HTTP interface until interrupted."""
    with guarded():
        settings = settings_of(
            host=host,
            port=port,
            default_model=model,
            device=read_device(device) if device else None,
            engine=choose_engine(engine, use_hpip or None, None, PipelineConfig()),
        )
        if model is not None:
            Catalog.load(settings).get(model)
        code = context.obj(settings, not no_ui)
    raise typer.Exit(code)
