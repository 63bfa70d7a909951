"""What a visitor chooses is never dropped because an earlier choice is still being shown."""

from __future__ import annotations

from instseg_ui.ui.guarded import GuardedBlocks

CHOICES = frozenset({"change", "input", "select", "upload", "delete"})


def test_a_choice_waits_for_the_one_before_it(built_page: GuardedBlocks) -> None:
    """In Gradio's mode `once` an event that is triggered while it runs is dropped."""
    dropped = [
        function.api_name
        for function in built_page.fns.values()
        if function.fn is not None
        and function.trigger_mode == "once"
        # A tab that is opened once more shows what it shows already.
        and any(
            kind in CHOICES and built_page.blocks[block].get_block_name() != "tabitem"
            for block, kind in function.targets
            if block is not None
        )
    ]
    assert dropped == []
