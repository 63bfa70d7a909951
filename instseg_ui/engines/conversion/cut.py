"""Pieces of a graph between chosen values, each written as one ONNX file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paddle
from paddle.base.libpaddle import pir

from instseg_ui.engines.conversion.graph import Graph, Value, ancestors, maker, shape
from instseg_ui.engines.manifest import ManifestPart

OPSET = 16


@dataclass(frozen=True, slots=True)
class Piece:
    """What one ONNX file is to compute.

    Attributes:
        outputs: values of the graph by the name they get.
        inputs: inner values by the name they are fed under; the graph's own feeds need not be
            named, those that the outputs depend on stay inputs under their own names.
        finish: what is still to be changed in the ONNX model (`onnx.ModelProto`) in place.
    """

    outputs: Mapping[str, Value]
    inputs: Mapping[str, Value] = field(default_factory=dict)
    finish: Callable[[Any], None] | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """How a recipe takes a graph apart: its pieces by name, and what the tail must know."""

    pieces: Mapping[str, Piece]
    params: Mapping[str, Any] = field(default_factory=dict)


Recipe = Callable[[Graph], Cut]


def write_parts(
    folder: Path, recipe: Recipe, out: Path
) -> tuple[dict[str, ManifestPart], dict[str, Any]]:
    """Cut the graph in `folder` and write its pieces into `out`.

    Returns:
        The parts by name, and the tail's parameters.

    Raises:
        NoMatch: the recipe does not know such a graph.
        RuntimeError: the converter refused a piece.
    """
    names = list(recipe(Graph(folder)).pieces)
    parts = {}
    params: Mapping[str, Any] = {}
    for name in names:
        # Cutting changes the program, so that each piece starts from it anew.
        graph = Graph(folder)
        cut = recipe(graph)
        parts[name] = _write(graph, cut.pieces[name], name, out)
        params = cut.params
    return parts, dict(params)


def write_whole(folder: Path, out: Path) -> ManifestPart:
    """Write the untouched graph, of the old format too, as one ONNX file into `out`.

    Raises:
        RuntimeError: the converter refused it; it can also end the process.
    """
    import onnx

    target = out / "network.onnx"
    convert(folder / "inference", target)
    graph = onnx.load(str(target), load_external_data=False).graph
    return ManifestPart(
        target.name,
        tuple(value.name for value in graph.input),
        tuple(value.name for value in graph.output),
    )


def _write(graph: Graph, piece: Piece, name: str, out: Path) -> ManifestPart:
    with paddle.static.scope_guard(graph.scope), tempfile.TemporaryDirectory(dir=out) as place:
        feeds = _feeds(graph, piece)
        prefix = Path(place) / "piece"
        outputs = list(piece.outputs.values())
        paddle.static.save_inference_model(
            str(prefix), list(feeds.values()), outputs, graph.executor, program=graph.program
        )
        convert(prefix, out / f"{name}.onnx")
    if piece.finish:
        _change(out / f"{name}.onnx", piece.finish)
    return ManifestPart(f"{name}.onnx", tuple(feeds), tuple(piece.outputs))


def convert(prefix: Path, target: Path) -> None:
    """Write the Paddle files `<prefix>.json` (or `.pdmodel`) and `.pdiparams` as one ONNX file.

    Raises:
        RuntimeError: the converter refused; it can also end the process.
    """
    import paddle2onnx

    graph = prefix.with_suffix(".json")
    if not graph.is_file():
        graph = prefix.with_suffix(".pdmodel")
    paddle2onnx.export(
        str(graph),
        str(prefix.with_suffix(".pdiparams")),
        str(target),
        opset_version=OPSET,
        verbose=False,
        optimize_tool="None",
    )
    if not target.is_file() or not target.stat().st_size:
        raise RuntimeError("paddle2onnx wrote nothing")


def _change(file: Path, finish: Callable[[Any], None]) -> None:
    import onnx

    model = onnx.load(str(file))
    finish(model)
    onnx.save(model, str(file))


def _feeds(graph: Graph, piece: Piece) -> dict[str, Value]:
    """The piece's inputs by name: inner values made feeds, then the graph's own that are needed."""
    feeds = {}
    for name, value in piece.inputs.items():
        pir.reset_insertion_point_to_start()
        with paddle.static.program_guard(graph.program):
            feed = paddle.static.data(name, list(shape(value)), value.dtype)
        value.replace_all_uses_with(feed)
        feeds[name] = feed
    needed = {op.id() for op in ancestors(list(piece.outputs.values()))}
    return feeds | {
        name: value for name, value in graph.feeds.items() if maker(value).id() in needed
    }
