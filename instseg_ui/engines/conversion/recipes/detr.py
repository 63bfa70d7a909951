"""Mask-RT-DETR: the network ends before its last top-k; masks are made of embeddings on the host.

logits (1, N, C) -> sigmoid -> flatten -> topk -> class = index % C, query = index // C
boxes (1, N, 4), of the image's size -> gather by query
embeddings (1, N, D) x features (1, D, h*w) -> (1, N, h, w) -> gather by query
    -> bilinear_interp to the image's size -> sigmoid > level
"""

from __future__ import annotations

import math

from instseg_ui.engines.conversion.cut import Cut, Piece
from instseg_ui.engines.conversion.graph import (
    Graph,
    Op,
    Value,
    ancestors,
    constant,
    kind,
    maker,
    operands,
    shape,
)
from instseg_ui.engines.conversion.refusal import NoMatch, OtherFamily

# What only changes a tensor's form between the masks' product and their choice.
_FORM = ("slice", "stack", "combine", "reshape", "unsqueeze", "squeeze", "flatten", "cast")
_GATHERS = ("gather", "gather_nd")


def cut(graph: Graph) -> Cut:
    """Cut before the last top-k, the boxes' choice, and the masks' product."""
    choice = _last_choice(graph)
    scores = operands(choice)[0]
    chosen = _chosen_by(graph, choice)
    boxes = _one([value for value in chosen if shape(value)[-1] == 4], "boxes (N, 4)")
    masks = _one(
        [value for value in chosen if len(shape(value)) >= 3 and shape(value)[-1] != 4],
        "masks (N, h, w)",
    )
    product = _product(masks)
    params = {
        "classes": _classes(graph, choice),
        "count": int(constant(operands(choice)[1])),
        "level": _level(graph),
    }
    embeddings, features = operands(product)[0], _planes(operands(product)[1])
    outputs = {"scores": scores, "boxes": boxes, "embeddings": embeddings, "features": features}
    return Cut({"network": Piece(outputs)}, params)


def _last_choice(graph: Graph) -> Op:
    found = graph.named("topk")
    if not found:
        raise OtherFamily("it has no topk")
    last = found[-1]
    if kind(maker(_form(operands(last)[0]))) not in ("sigmoid", "maximum", "softmax"):
        raise NoMatch("its last topk is not over scores")
    return last


def _chosen_by(graph: Graph, choice: Op) -> list[Value]:
    """What is gathered by an index that the top-k gave."""
    mine = {choice.id()}
    sources = []
    for op in graph.named(*_GATHERS):
        index = operands(op)[1]
        if mine & {item.id() for item in ancestors([index])}:
            sources.append(operands(op)[0])
    return sources


def _product(masks: Value) -> Op:
    made = maker(_form(masks))
    if kind(made) not in ("matmul", "bmm"):
        raise NoMatch("its masks are not a product of embeddings and features")
    if made.attrs().get("transpose_x") or made.attrs().get("transpose_y"):
        raise NoMatch("its masks' product is transposed")
    return made


def _planes(features: Value) -> Value:
    """The features before their two axes were made one: (1, D, h, w)."""
    while len(shape(features)) != 4:
        if kind(maker(features)) not in _FORM:
            raise NoMatch("its mask features are not planes")
        features = operands(maker(features))[0]
    return features


def _classes(graph: Graph, choice: Op) -> int:
    """C of index % C."""
    index = choice.result(1)
    for op in graph.named("remainder"):
        if operands(op)[0].is_same(index):
            return int(constant(operands(op)[1]))
    raise NoMatch("it does not take classes from its top-k's index")


def _level(graph: Graph) -> float:
    """Where a mask begins, as a value before the sigmoid."""
    stretched = graph.named("bilinear_interp")
    if not stretched:
        raise NoMatch("its masks are not stretched bilinearly")
    last = stretched[-1]
    attrs = last.attrs()
    if attrs["align_corners"] or attrs["align_mode"] != 0:
        raise NoMatch("its masks are stretched with aligned corners")
    value = last.result(0)
    while True:
        user = _one(list(value.all_used_ops_in_same_block()), "use of the stretched masks")
        if kind(user) == "greater_than":
            return float(constant(operands(user)[1]))
        value = user.result(0)
        if kind(user) == "sigmoid":
            inner = _one(list(value.all_used_ops_in_same_block()), "use of the masks")
            if kind(inner) != "greater_than":
                raise NoMatch("its masks are not cut at a level")
            level = float(constant(operands(inner)[1]))
            return math.log(level / (1 - level))


def _form(value: Value) -> Value:
    """The value before changes of form alone."""
    while kind(maker(value)) in _FORM:
        value = operands(maker(value))[0]
    return value


def _one(found: list[Value], what: str) -> Value:
    if len(found) != 1:
        raise NoMatch(f"expected one {what}, found {len(found)}")
    return found[0]
