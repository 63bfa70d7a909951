"""What is kept of a model's engines, and what is read from it."""

from __future__ import annotations

from pathlib import Path

from instseg_ui.hpi.parity import Parity
from instseg_ui.hpi.record import Record, Timing

HERE = "this machine"


def record(**changes: object) -> Record:
    values: dict[str, object] = {
        "recipe": "detr",
        "reasons": ("yoloe does not fit.",),
        "checks": {
            "onnxruntime": Parity("onnxruntime", 4, 100, 100),
            "openvino": Parity("openvino", 4, 100, 90, why="10 objects of 100 were lost."),
            "paddle-onednn": Parity("paddle-onednn", 4, 100, 100),
        },
        "timings": {
            HERE: {
                "paddle": Timing(800.0, 5, 300.0),
                "paddle-onednn": Timing(400.0, 5, 300.0),
                "onnxruntime": Timing(100.0, 5, 200.0),
                "openvino": Timing(10.0, 5, 200.0),
            }
        },
        "image": "cats.jpg, 800 x 600",
        "seconds": 3.0,
        "created": "2026-01-01T00:00:00+00:00",
    }
    return Record(**(values | changes))  # type: ignore[arg-type]


def test_only_what_is_equal_is_in_the_order() -> None:
    assert record().order(HERE) == ("onnxruntime", "paddle-onednn", "paddle")
    assert record().order("elsewhere") == ()


def test_the_gain_is_over_normal_mode() -> None:
    assert record().speedup("onnxruntime", HERE) == 8
    assert record(normal="paddle-onednn").speedup("onnxruntime", HERE) == 4
    assert record(normal="tensorrt").speedup("onnxruntime", HERE) == 8, "not timed here"
    assert record().speedup("tensorrt", HERE) is None
    assert record().speedup("onnxruntime", "elsewhere") is None


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    record().write(tmp_path)
    assert Record.read(tmp_path) == record()
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]
