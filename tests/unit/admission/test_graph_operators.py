"""Graphs that could do more than compute are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from instseg_ui.admission.graph_operators import check_graph
from instseg_ui.errors import ModelFolderError
from instseg_ui.settings import DATA_DIR


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field; the length in five bytes, as no library writes it."""
    size = [len(content) >> shift & 0x7F | 0x80 for shift in (0, 7, 14, 21)] + [0]
    return bytes([number << 3 | 2, *size]) + content


def program(*operators: str) -> bytes:
    ops = b"".join(field(4, field(3, name.encode())) for name in operators)
    return field(1, b"\x08\x00" + ops)


@pytest.mark.parametrize("model", ["demo-cats", "everyday-m", "everyday-s"])
def test_the_embedded_models_only_compute(model: str) -> None:
    check_graph(DATA_DIR / "assets" / "models" / model / "inference.json", "json", model)


@pytest.mark.parametrize("name", ["save_combine", "load", "py_func", "send_v2"])
def test_an_operator_that_does_more_is_refused(tmp_path: Path, name: str) -> None:
    old, new = tmp_path / "inference.pdmodel", tmp_path / "inference.json"
    old.write_bytes(program("conv2d", name))
    inner = {"regions": [{"#": "region_1", "blocks": [{"ops": [{"#": f"1.{name}"}]}]}]}
    new.write_text(json.dumps({"program": {"regions": [{"ops": [{"#": "1.while"} | inner]}]}}))
    for file, format in ((old, "pdmodel"), (new, "json")):
        with pytest.raises(ModelFolderError, match=f"“x” holds an operator.*{name}"):
            check_graph(file, format, "x")  # type: ignore[arg-type]


def test_what_only_sounds_alike_is_not(tmp_path: Path) -> None:
    file = tmp_path / "inference.pdmodel"
    file.write_bytes(program("conv2d", "save_infer_model/scale_0", "feed", "fetch", "assign"))
    check_graph(file, "pdmodel", "x")


@pytest.mark.parametrize("data", [b"\xff" * 30, b"\x0a\x7fabc", b"\x0b", program("conv2d")[:-1]])
def test_what_is_no_graph_is_said(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "inference.pdmodel"
    file.write_bytes(data)
    with pytest.raises(ModelFolderError, match="cannot be read"):
        check_graph(file, "pdmodel", "x")


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "\x00"])
def test_neither_is_bad_json(tmp_path: Path, text: str) -> None:
    file = tmp_path / "inference.json"
    file.write_text(text)
    with pytest.raises(ModelFolderError, match="cannot be read"):
        check_graph(file, "json", "x")
