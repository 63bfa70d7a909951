"""The region proposal network: what `generate_proposals` is given, level by level."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from instseg_ui.engines.conversion.graph import (
    Graph,
    Op,
    Value,
    back,
    constant,
    kind,
    maker,
    operands,
)
from instseg_ui.engines.conversion.recipes.rcnn.roi_align import named
from instseg_ui.engines.conversion.refusal import NoMatch, OtherFamily

_PARAMS = ("pre_nms_top_n", "post_nms_top_n", "nms_thresh", "min_size")


@dataclass(frozen=True, slots=True)
class Proposals:
    """The network's outputs by name, and the parameters of what follows."""

    outputs: dict[str, Value]
    params: dict[str, Any]


def find(graph: Graph) -> Proposals:
    """Per level: scores (1, A, h, w), deltas (1, 4 A, h, w), anchors (h * w * A, 4)."""
    levels = [op for op in graph.nested() if kind(op) == "generate_proposals"]
    if not levels:
        raise OtherFamily("it has no generate_proposals")
    # The loop over the images of a batch takes one of each.
    outputs = {
        **named("score", (back(operands(op)[0], "slice") for op in levels)),
        **named("delta", (back(operands(op)[1], "slice") for op in levels)),
        **named("anchor", (operands(op)[3] for op in levels)),
    }
    _check_outermost(graph, outputs.values())
    return Proposals(
        outputs, {**_attributes(levels), "levels": len(levels), "total": _total(graph, levels)}
    )


def _check_outermost(graph: Graph, values: Iterable[Value]) -> None:
    known = {op.id() for op in graph.ops}
    for value in values:
        made = maker(value)
        if made is None or made.id() not in known:
            raise NoMatch("its proposal network lies inside a loop")


def _attributes(levels: list[Op]) -> dict[str, Any]:
    found = [{name: op.attrs()[name] for name in _PARAMS} for op in levels]
    if any(one != found[0] for one in found):
        raise NoMatch("its levels propose in different ways")
    if any(op.attrs()["eta"] < 1 or op.attrs()["pixel_offset"] for op in levels):
        raise NoMatch("its proposals are chosen in another way")
    for op in levels:
        variances = maker(operands(op)[4])
        if kind(variances) != "full_like" or constant(operands(variances)[1]) != 1:
            raise NoMatch("its anchors have variances")
    return found[0]


def _total(graph: Graph, levels: list[Op]) -> int:
    """How many proposals are kept of all levels together; 0 for all, where there is one level."""
    if len(levels) == 1:
        return 0
    ops = list(graph.nested())
    last = max(i for i, op in enumerate(ops) if kind(op) == "generate_proposals")
    for op in ops[last:]:
        if kind(op) == "topk":
            return int(constant(operands(op)[1]))
    raise NoMatch("it does not choose among the proposals of its levels")
