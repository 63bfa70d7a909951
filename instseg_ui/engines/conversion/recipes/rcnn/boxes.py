"""Box heads: class scores and deltas of each stage, how deltas become boxes, and which are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from instseg_ui.engines.conversion.graph import (
    Graph,
    Op,
    Value,
    constant,
    kind,
    maker,
    operands,
    shape,
    users,
)
from instseg_ui.engines.conversion.recipes.multiclass_nms import attributes, only_nms
from instseg_ui.engines.conversion.recipes.rcnn.roi_align import Pool, reached
from instseg_ui.engines.conversion.refusal import NoMatch

_SIDES = 4


@dataclass(frozen=True, slots=True)
class BoxStage:
    """One box head.

    Attributes:
        pool: where it begins.
        scores: (N, C + 1), probabilities, the last of them the background's.
        deltas: (N, 4) or (N, 4 C), x, y, width and height of each class in turn.
        params: what deltas are multiplied with, the largest one of a side after that, and the
            number of RoIs to run at once.
    """

    pool: Pool
    scores: Value
    deltas: Value
    params: dict[str, Any]


def stages(graph: Graph, pools: Sequence[Pool]) -> list[BoxStage]:
    """The box heads of a cascade in order; one for Mask R-CNN."""
    scores = {pool.output.id: value for pool, value in _scores(graph, pools)}
    deltas = {pool.output.id: value for pool, value in _deltas(graph, pools)}
    if any(pool.output.id not in scores or pool.output.id not in deltas for pool in pools):
        raise NoMatch("not every box head gives scores and deltas")
    found = []
    for number, pool in enumerate(pools, 1):
        given = deltas[pool.output.id]
        if number < len(pools) and shape(given)[-1] != _SIDES:
            raise NoMatch("its first stages give a box for every class")
        params = {**_decoding(given), "batch": pool.batch}
        found.append(BoxStage(pool, scores[pool.output.id], given, params))
    return found


def nms(graph: Graph, stages: Sequence[BoxStage]) -> dict[str, Any]:
    """Attributes of `multiclass_nms3`, which is given boxes (N, C, 4) and scores (N, C)."""
    return attributes(_nms(graph, stages)[0])


def share(graph: Graph, stages: Sequence[BoxStage]) -> float:
    """The factor of the stages' summed scores: 1 for one stage, else it makes their mean."""
    value = _nms(graph, stages)[1]
    scores = [stage.scores.id for stage in stages]
    if scores == [value.id]:
        return 1.0
    scale = maker(value)
    total = maker(operands(scale)[0]) if kind(scale) == "scale" else None
    combine = maker(operands(total)[0]) if kind(total) == "add_n" else None
    if combine is None or [item.id for item in operands(combine)] != scores:
        raise NoMatch("its stages' scores are not averaged")
    return float(constant(operands(scale)[1]))


def _nms(graph: Graph, stages: Sequence[BoxStage]) -> tuple[Op, Value]:
    """The last suppression, and the scores (N, C + 1) whose background was cut off for it."""
    op = only_nms(graph)
    scores = operands(op)[1]
    foreground = maker(scores)
    if shape(scores) != (-1, shape(stages[0].scores)[-1] - 1) or kind(foreground) != "slice":
        raise NoMatch("its classes do not end with the background")
    if constant(operands(foreground)[1]) != [0]:
        raise NoMatch("its classes do not begin with an object's")
    return op, operands(foreground)[0]


def _scores(graph: Graph, pools: Sequence[Pool]) -> list[tuple[Pool, Value]]:
    values = [op.result(0) for op in graph.named("softmax")]
    found = [(reached(value, pools), value) for value in values]
    return [(pool, value) for pool, value in found if pool is not None]


def _deltas(graph: Graph, pools: Sequence[Pool]) -> list[tuple[Pool, Value]]:
    """What is taken apart in steps of four."""
    found: dict[int, tuple[Pool, Value]] = {}
    for op in graph.named("strided_slice"):
        value = operands(op)[0]
        pool = reached(value, pools)
        if pool is not None:
            found[value.id] = (pool, value)
    return list(found.values())


def _decoding(deltas: Value) -> dict[str, Any]:
    """Factors of a box's four deltas, and the largest scaled delta of a side."""
    slices = [op for op in users(deltas) if kind(op) == "strided_slice"]
    slices.sort(key=lambda op: constant(operands(op)[1]))
    picked = [(constant(operands(op)[1]), constant(operands(op)[3])) for op in slices]
    if picked != [([side], [_SIDES]) for side in range(_SIDES)]:
        raise NoMatch("its boxes are not coded as centre and size")
    scales = [_user(op, "scale") for op in slices]
    factors = [float(constant(operands(op)[1])) for op in scales]
    limits = [float(constant(operands(_user(op, "clip"))[2])) for op in scales[2:]]
    if any(op.attrs()["bias"] for op in scales) or limits[0] != limits[1]:
        raise NoMatch("its boxes are decoded in another way")
    return {"factors": factors, "limit": limits[0]}


def _user(op: Op, name: str) -> Op:
    found = [user for user in users(op.result(0)) if kind(user) == name]
    if len(found) != 1:
        raise NoMatch(f"its deltas do not go through one {name}")
    return found[0]
