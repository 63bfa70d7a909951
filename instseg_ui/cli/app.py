"""The commands put together."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated

import typer

from instseg_ui import __version__
from instseg_ui.settings import Settings

_COMMANDS = ("predict", "models", "bench", "eval", "judge", "train", "serve", "doctor")
_GROUPS = frozenset({"models", "judge"})
_FUNCTIONS = {"eval": "eval_"}

Serve = Callable[[Settings, bool], int]
"""Starts the server by the settings, with the page or without; the exit code."""


def run(arguments: Sequence[str] | None = None, *, start_server: Serve) -> None:
    """Run one command and end with its exit code; `arguments` None are the program's own."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    for stream in (sys.stdout, sys.stderr):
        # A label or file name that the terminal's encoding lacks is shown, not raised.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    given = sys.argv[1:] if arguments is None else arguments
    _commands(given)(args=list(given), prog_name="instseg", obj=start_server)


def _commands(arguments: Sequence[str]) -> typer.Typer:
    """All commands; the named one alone where one is named, since each takes time to import."""
    app = typer.Typer(
        help="Try, compare and take away PaddleX's instance segmentation models.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_options)
    named = next(iter(arguments), "")
    for name in [named] if named in _COMMANDS else _COMMANDS:
        _add(app, name)
    return app


def _add(app: typer.Typer, name: str) -> None:
    module = import_module(f"instseg_ui.cli.{name}")
    if name in _GROUPS:
        app.add_typer(getattr(module, name)(), name=name)
    else:
        app.command(name)(getattr(module, _FUNCTIONS.get(name, name)))


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
