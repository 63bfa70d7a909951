"""What a visitor chooses is never dropped because an earlier choice is still being shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.ui.guarded import GuardedBlocks
from instseg_ui.ui.page import build_page
from instseg_ui.ui.shared.services import Services

CHOICES = frozenset({"change", "input", "select", "upload", "delete"})


@pytest.fixture
def page(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GuardedBlocks]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
    with Segmenter(settings) as segmenter:
        yield build_page(Services(segmenter))


def test_a_choice_waits_for_the_one_before_it(page: GuardedBlocks) -> None:
    """In Gradio's mode `once` an event that is triggered while it runs is dropped."""
    dropped = [
        function.api_name
        for function in page.fns.values()
        if function.fn is not None
        and function.trigger_mode == "once"
        # A tab that is opened once more shows what it shows already.
        and any(
            kind in CHOICES and page.blocks[block].get_block_name() != "tabitem"
            for block, kind in function.targets
            if block is not None
        )
    ]
    assert dropped == []
