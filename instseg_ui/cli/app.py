"""The commands put together."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from instseg_ui import __version__
from instseg_ui.cli.bench import bench
from instseg_ui.cli.doctor import doctor
from instseg_ui.cli.eval import eval_
from instseg_ui.cli.judge import judge
from instseg_ui.cli.models import models
from instseg_ui.cli.predict import predict
from instseg_ui.cli.serve import serve
from instseg_ui.cli.train import train
from instseg_ui.settings import Settings

Serve = Callable[[Settings, bool], int]
"""Starts the server by the settings, with the page or without; the exit code."""


def run(arguments: Sequence[str] | None = None, *, start_server: Serve) -> None:
    """Run one command and end with its exit code; `arguments` None are the program's own."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    for stream in (sys.stdout, sys.stderr):
        # A label or file name that the terminal's encoding lacks is shown, not raised.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    _commands()(args=arguments, prog_name="instseg", obj=start_server)


def _commands() -> typer.Typer:
    app = typer.Typer(
        help="Try, compare and take away PaddleX's instance segmentation models.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_options)
    app.command()(predict)
    app.add_typer(models(), name="models")
    app.command()(bench)
    app.command("eval")(eval_)
    app.add_typer(judge(), name="judge")
    app.command()(train)
    app.command()(serve)
    app.command()(doctor)
    return app


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"instseg {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Say the version and end.", callback=_say_version, is_eager=True
        ),
    ] = False,
) -> None:
    """What holds for all commands."""
