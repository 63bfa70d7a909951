"""Any graph with one `multiclass_nms3`: cut around it, so that only what is kept goes on.

feeds -> `before` -> boxes, scores, and what the rest of the graph needs besides
boxes, scores -> NMS on the host -> rows, index, count
rows, index, count and the rest's needs -> `after` -> the graph's outputs
"""

from __future__ import annotations

import math

from paddle.base.libpaddle import pir

from instseg_ui.engines.conversion.cut import Cut, Piece
from instseg_ui.engines.conversion.graph import (
    Graph,
    Op,
    Value,
    ancestors,
    maker,
    operands,
    same,
    shape,
)
from instseg_ui.engines.conversion.recipes.multiclass_nms import attributes, only_nms
from instseg_ui.engines.conversion.recipes.rewrites import mend
from instseg_ui.engines.conversion.refusal import NoMatch

_RESULTS = ("rows", "index", "count")
_IMAGE = "image"
# Elements of a tensor that holds numbers about others.
_FEW = 8


def cut(graph: Graph) -> Cut:
    """Cut before and after the NMS."""
    mend(graph)
    nms = only_nms(graph)
    boxes, scores = operands(nms)[:2]
    results = dict(zip(_RESULTS, nms.results(), strict=True))
    late = _dependants(graph, nms)
    outputs = {_name(i, value, results): value for i, value in enumerate(graph.outputs)}
    after = {
        name: value
        for name, value in outputs.items()
        if name not in results and maker(value).id() in late
    }
    early = {k: v for k, v in outputs.items() if k not in results and k not in after}
    if not after:
        raise NoMatch("nothing is computed from its multiclass_nms3")
    names = {boxes.id: "boxes", scores.id: "scores"}
    needs = _needs(graph, list(after.values()), late, nms)
    inner = {names.get(value.id, f"inner{i}"): value for i, value in enumerate(needs)}
    before = {"boxes": boxes, "scores": scores} | inner | early
    params = {
        "nms": attributes(nms),
        "before": list(before),
        "after": list(after),
        "outputs": list(outputs),
    }
    taken = _taken(list(after.values()), results)
    return Cut({"before": Piece(before), "after": Piece(after, inner | taken)}, params)


def _name(number: int, value: Value, results: dict[str, Value]) -> str:
    """An output is a result of the NMS, or has a name of its own."""
    known = (name for name, result in results.items() if same(result, value))
    return next(known, f"output{number}")


def _inputs(op: Op) -> list[Value]:
    """What an operator takes, its blocks included."""
    inner = [value for block in op.blocks() for value in pir.get_used_external_value(block)]
    given = [value for value in operands(op) if value is not None]
    return given + [value for value in inner if value.initialized()]


def _dependants(graph: Graph, nms: Op) -> set[int]:
    """Operators of the outermost block that depend on the NMS, itself included."""
    late = {nms.id()}
    for op in graph.ops:
        makers = (maker(value) for value in _inputs(op))
        if any(made is not None and made.id() in late for made in makers):
            late.add(op.id())
    return late


def _needs(graph: Graph, outputs: list[Value], late: set[int], nms: Op) -> list[Value]:
    """Values of the image that reach `outputs` past the NMS.

    What is computed from the image's size or from constants alone stays in the piece.
    """
    image = maker(graph.feeds[_IMAGE]).id() if _IMAGE in graph.feeds else None
    waiting, seen, found = list(outputs), set[str](), list[Value]()
    while waiting:
        value = waiting.pop()
        made = maker(value)
        if value.id in seen or made is None or made.id() == nms.id():
            continue
        seen.add(value.id)
        early = made.id() not in late
        if early and image not in {op.id() for op in ancestors([value])}:
            continue
        if early and value.is_dense_tensor_type() and made.id() != image:
            found.append(value)
        else:
            # A list of tensors cannot be fed: its members are.
            waiting += _inputs(made)
    return _without_derived(found, image)


def _without_derived(values: list[Value], image: int | None) -> list[Value]:
    """Leave out numbers that follow from the other values, such as the shape of one."""
    kept = list(values)
    for value in values:
        others = [other for other in kept if other is not value]
        small = 0 <= math.prod(shape(value)) <= _FEW
        if small and image not in {op.id() for op in ancestors([value], stop=others)}:
            kept = others
    return kept


def _taken(outputs: list[Value], results: dict[str, Value]) -> dict[str, Value]:
    """The results of the NMS that `outputs` depend on."""
    used = {value.id for op in ancestors(outputs) for value in _inputs(op)}
    return {name: value for name, value in results.items() if value.id in used}
