"""What tests of the page have in common."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.ui.guarded import GuardedBlocks
from instseg_ui.ui.page import build_page
from instseg_ui.ui.shared.services import Services


@pytest.fixture
def built_page(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GuardedBlocks]:
    """The whole page, which nobody has opened."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
    with Segmenter(settings) as segmenter:
        yield build_page(Services(segmenter))
