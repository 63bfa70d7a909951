"""Operators that the converter writes wrongly or runtimes run slowly, put in other words."""

from __future__ import annotations

from collections.abc import Callable

import paddle
from paddle.base.libpaddle import pir

from instseg_ui.engines.conversion.graph import Graph, Op, Value, operands, shape


def mend(graph: Graph) -> None:
    """Rewrite such operators of the outermost block in place.

    paddle2onnx takes the sizes of `expand_as` from an attribute, -1 where they depend on the
    input, which no runtime can expand to. `GridSample` of ONNX Runtime takes several times as long
    as gathering the four neighbours of each point.
    """
    for op in graph.named("expand_as"):
        if -1 in op.attrs()["target_shape"]:
            _replace(graph, op, _expanded)
    for op in graph.named("grid_sample"):
        attrs = op.attrs()
        plain = attrs["mode"] == "bilinear" and attrs["padding_mode"] == "border"
        if plain and not attrs["align_corners"] and shape(operands(op)[0])[0] == 1:
            _replace(graph, op, _sampled)


def _replace(graph: Graph, op: Op, other: Callable[[Value, Value], Value]) -> None:
    with paddle.static.program_guard(graph.program):
        # Only now: entering the guard moves it to the program's end.
        pir.set_insertion_point(op)
        made = other(*operands(op)[:2])
    op.result(0).replace_all_uses_with(made)


def _expanded(value: Value, like: Value) -> Value:
    """`value` expanded to the sizes of `like`: numbers where they are known."""
    dynamic = paddle.shape(like)
    sizes = [dynamic[i] if size == -1 else size for i, size in enumerate(shape(like))]
    return paddle.expand(value, sizes)


def _sampled(value: Value, grid: Value) -> Value:
    """Maps [1, C, H, W] at points [1, h, w, 2] of x, y in -1..1: [1, C, h, w].

    A point outside is moved to the border; -1 and 1 are the outer edges of the outer cells.
    """
    height, width = paddle.shape(value)[2], paddle.shape(value)[3]
    x0, x1, right = _neighbours(grid[..., 0], width)
    y0, y1, below = _neighbours(grid[..., 1], height)
    # A cell's channels side by side, so that a neighbour is one copy.
    cells = paddle.transpose(paddle.flatten(value, 2)[0], [1, 0])
    taken = [
        paddle.gather(cells, paddle.flatten(y * width + x)) * paddle.reshape(weight, [-1, 1])
        for y, x, weight in (
            (y0, x0, (1 - below) * (1 - right)),
            (y0, x1, (1 - below) * right),
            (y1, x0, below * (1 - right)),
            (y1, x1, below * right),
        )
    ]
    points = paddle.transpose(taken[0] + taken[1] + taken[2] + taken[3], [1, 0])
    sizes = paddle.shape(grid)
    return paddle.reshape(points, [1, shape(value)[1], sizes[1], sizes[2]])


def _neighbours(position: Value, size: Value) -> tuple[Value, Value, Value]:
    """The cells before and after each position in -1..1, int64, and the weight of the latter."""
    side = paddle.cast(size, "float32")
    place = paddle.maximum(((position + 1) * side - 1) / 2, paddle.zeros([]))
    place = paddle.minimum(place, side - 1)
    first = paddle.floor(place)
    second = paddle.minimum(first + 1, side - 1)
    return paddle.cast(first, "int64"), paddle.cast(second, "int64"), place - first
