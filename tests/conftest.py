"""What every test stands on: a clean environment, no network, and loud skips."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import hypothesis
import pytest

from instseg_ui.settings import PROJECT_DIR, Settings
from instseg_ui.workers.worker import start_server
from scripts.find_browser import find_browser

# Read at import by the libraries: nothing is sent anywhere while tests run.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"

hypothesis.settings.register_profile("project", deadline=None, derandomize=True)
hypothesis.settings.load_profile("project")

browser_path = cache(find_browser)
AXE = PROJECT_DIR / "node_modules" / "axe-core" / "axe.min.js"

# A marker, whether what it needs is here, and how to get it.
NEEDS: dict[str, tuple[Callable[[], object], str]] = {
    "browser": (
        browser_path,
        "NO CHROMIUM STARTS HERE: INSTALL ONE (DEBIAN: apt-get install chromium) OR NAME ITS PATH"
        " IN $CHROMIUM.",
    ),
    "axe": (AXE.is_file, "AXE-CORE IS NOT INSTALLED: sh scripts/npm.sh test."),
    "paddle": (
        lambda: find_spec("paddle") and find_spec("paddlex"),
        "PADDLE AND PADDLEX ARE NOT INSTALLED: make setup.",
    ),
}
skipped_key = pytest.StashKey[dict[str, int]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    skipped = config.stash.setdefault(skipped_key, {})
    for marker, (is_there, remedy) in NEEDS.items():
        marked = [item for item in items if item.get_closest_marker(marker)]
        if marked and not is_there():
            skipped[marker] = len(marked)
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=remedy))
        elif marker == "paddle" and marked:
            # Workers are forked from one process; whichever test comes first, it knows Paddle.
            start_server()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of several hands its skips to the one that reports."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["skipped"] = session.config.stash.get(skipped_key, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Every process collects all tests, so the last one's count holds for all."""
    node.config.stash.setdefault(skipped_key, {}).update(
        getattr(node, "workeroutput", {}).get("skipped", {})
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> Iterator[None]:
    """Says last, after pytest's own summary, what could not be tested here."""
    yield
    for marker, count in config.stash.get(skipped_key, {}).items():
        line = f"*** {marker.upper()} TESTS WERE NOT RUN: {count}. {NEEDS[marker][1]} ***"
        terminalreporter.write_line(line, yellow=True, bold=True)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that starts; the test that asks for it is marked `browser`."""
    path = browser_path()
    assert path, "Mark tests that use a browser with `pytest.mark.browser`."
    return path


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's own settings do not reach the tests."""
    for name in [n for n in os.environ if n.startswith(("INSTSEG_", "GRADIO_SERVER_"))]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test talks to this machine only: what needs the network brings its own server."""
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host not in ("", "localhost") and not ipaddress.ip_address(host).is_loopback:
            raise ConnectionRefusedError(f"Tests have no network; this one asked for {host}.")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a test: the built-in engine, and a models folder of its own."""
    return Settings(models_dir=tmp_path / "models", fake_engine=True, threads=1)


@pytest.fixture(scope="module")
def labelme() -> Iterator[ModuleType]:
    """LabelMe's reader; its windows, colours and models are not needed and not loaded."""
    qt = ("PyQt5", "PyQt5.QtCore", "PyQt5.QtGui", "PyQt5.QtWidgets")
    absent = (*qt, "imgviz", "imgviz.io", "onnxruntime")
    before = dict(sys.modules)
    sys.modules.update({name: MagicMock() for name in absent})
    try:
        yield pytest.importorskip(
            "labelme", reason="labelme is not installed: see requirements-dev.txt"
        )
    finally:
        for name in (*absent, *(name for name in sys.modules if name.startswith("labelme"))):
            sys.modules.pop(name, None)
        sys.modules.update({name: before[name] for name in absent if name in before})
