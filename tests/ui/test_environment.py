"""What importing the page's libraries does to the machine."""

from __future__ import annotations

import gradio as gr
from gradio.queueing import Queue

from instseg_ui import ui
from instseg_ui.ui.guarded import GuardedBlocks
from instseg_ui.ui.page import QUEUE_LOOK_S


def test_no_stub_is_written_beside_a_component(tmp_path, monkeypatch) -> None:
    assert ui.__name__  # imported first, as in the product
    (tmp_path / "meter_of_a_test.py").write_text(
        "import gradio as gr\nclass Meter(gr.HTML):\n    '''One of ours.'''\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    meter = __import__("meter_of_a_test").Meter
    assert issubclass(meter, gr.HTML)
    assert not (tmp_path / "meter_of_a_test.pyi").exists()


def test_the_queue_sleeps_while_nobody_is_there(built_page: GuardedBlocks) -> None:
    """It has no setting: a Gradio that calls it otherwise would spin again."""
    queue = built_page._queue
    assert isinstance(queue, Queue)
    assert vars(queue)["sleep_when_free"] == QUEUE_LOOK_S
