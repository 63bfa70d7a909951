"""Operators that the converter writes wrongly, put in words that it gets right."""

from __future__ import annotations

import paddle
from paddle.base.libpaddle import pir

from instseg_ui.engines.conversion.graph import Graph, Op, Value, operands, shape


def mend(graph: Graph) -> None:
    """Rewrite such operators of the outermost block in place.

    paddle2onnx takes the sizes of `expand_as` from an attribute, -1 where they depend on the
    input, which no runtime can expand to.
    """
    for op in graph.named("expand_as"):
        if -1 in op.attrs()["target_shape"]:
            _replace(graph, op)


def _replace(graph: Graph, op: Op) -> None:
    value, like = operands(op)
    with paddle.static.program_guard(graph.program):
        # Only now: entering the guard moves it to the program's end.
        pir.set_insertion_point(op)
        expanded: Value = paddle.expand(value, _sizes(like))
    op.result(0).replace_all_uses_with(expanded)


def _sizes(value: Value) -> list[Value | int]:
    """Its dimensions: numbers where they are known."""
    dynamic = paddle.shape(value)
    return [dynamic[i] if size == -1 else size for i, size in enumerate(shape(value))]
