"""What the catalog's buttons do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from instseg_ui.ui.catalog import card


def test_remove_is_the_command_lines_and_takes_the_converted_model_along() -> None:
    asked: list[str] = []
    segmenter: Any = SimpleNamespace(
        catalog=SimpleNamespace(get=lambda name: SimpleNamespace(id=name, source="official")),
        remove=lambda name: asked.append(name) or True,
    )
    services = cast("Any", SimpleNamespace(segmenter=segmenter))
    assert card.act(services, "SOLOv2", "remove") == "SOLOv2 is removed."
    assert asked == ["SOLOv2"]
