"""Starts the server for the command line, which knows neither the page nor the HTTP interface."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from instseg_ui.errors import InstSegError
from instseg_ui.settings import PROJECT_DIR

# Gradio's own names for these go before ours where both are set.
_ALSO = {"host": "GRADIO_SERVER_NAME", "port": "GRADIO_SERVER_PORT"}


def serve(page: bool, changes: Mapping[str, Any]) -> int:
    """Serve until interrupted; the exit code.

    Args:
        page: with the page; else the HTTP interface alone.
        changes: fields of `Settings` that differ from the environment's.
    """
    for name, value in changes.items():
        os.environ[f"INSTSEG_{name.upper()}"] = str(value)
        if name in _ALSO:
            os.environ[_ALSO[name]] = str(value)
    if page:
        code = _app().main()
    else:
        from instseg_ui.api.__main__ import main

        code = main()
    return int(code or 0)


def _app() -> ModuleType:
    """The file that a Space starts: both ways serve the same."""
    spec = importlib.util.spec_from_file_location("instseg_app", PROJECT_DIR / "app.py")
    if spec is None or spec.loader is None or not (PROJECT_DIR / "app.py").is_file():
        raise InstSegError("The page is part of the project's folder, which is not here.")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
