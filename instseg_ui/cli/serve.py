"""`instseg serve`: the page and the HTTP interface."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from instseg_ui.cli.console import guarded
from instseg_ui.pipeline.choice import one_device


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to serve on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to serve on.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="The model that runs when none is named.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, gpu or gpu:0.")] = None,
    no_ui: Annotated[bool, typer.Option("--no-ui", help="The HTTP interface only.")] = False,
) -> None:
    """Serve the page and PaddleX's HTTP interface until interrupted."""
    with guarded():
        changes: dict[str, Any] = {"host": host, "port": port, "default_model": model}
        changes["device"] = one_device(device)[0] if device else None
        given = {name: value for name, value in changes.items() if value is not None}
        code = context.obj(not no_ui, given)
    raise typer.Exit(code)
