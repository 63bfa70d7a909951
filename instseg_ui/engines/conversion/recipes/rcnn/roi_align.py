"""RoIAlign: where heads begin, and what they are fed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import paddle

from instseg_ui.engines.conversion.graph import (
    Graph,
    Op,
    Value,
    kind,
    maker,
    operands,
    shape,
    users,
)
from instseg_ui.engines.conversion.refusal import NoMatch

_LEVELS = ("min_level", "max_level", "refer_level", "refer_scale")
# Pooled values that a head is fed at once: 8 MB, of which its layers make some 50.
_VALUES = 1 << 21


@dataclass(frozen=True, slots=True)
class Pool:
    """RoIs pooled from the levels of a pyramid, or from one map.

    Attributes:
        maps, rois: what each level's `roi_align` takes: a map (1, D, h, w), and RoIs (N, 4) in
            pixels of the network's input.
        output: (N, D, p, p), the RoIs of the lowest level first.
        levels: how RoIs are given to levels; empty for one map.
    """

    maps: Sequence[Value]
    rois: Sequence[Value]
    output: Value
    levels: dict[str, Any] = field(default_factory=dict)

    @property
    def inputs(self) -> dict[str, Value]:
        """What a head is fed, by name."""
        return {**named("map", self.maps), **named("rois", self.rois)}

    @property
    def batch(self) -> int:
        """How many RoIs to run at once, so that memory does not grow with their number."""
        values = math.prod(shape(self.output)[1:])
        if values <= 0:
            raise NoMatch("its pooled size is not known")
        return max(1, _VALUES // values)


def named(name: str, values: Iterable[Value]) -> dict[str, Value]:
    """Values of several levels as `name0`, `name1` and so on."""
    return {f"{name}{number}": value for number, value in enumerate(values)}


def find(graph: Graph) -> list[Pool]:
    """All poolings of the outermost block, in its order."""
    pools = list(_pools(graph))
    if len(pools) < 2:
        raise NoMatch("it does not pool for boxes and for masks")
    _forget_counts(graph)
    return pools


def set_mode(model: Any) -> None:
    """Say in an `onnx.ModelProto` where RoIAlign samples.

    The converter leaves it out, which since opset 16 means half a pixel up and left of where
    Paddle does with `aligned=False`.
    """
    import onnx

    for node in model.graph.node:
        if node.op_type == "RoiAlign":
            mode = onnx.helper.make_attribute("coordinate_transformation_mode", "output_half_pixel")
            node.attribute.append(mode)


def reached(value: Value, pools: Sequence[Pool]) -> Pool | None:
    """The one pool that a value is computed from; None if there is none, or more than one."""
    outputs = {pool.output.id: pool for pool in pools}
    waiting, seen, found = [value], set[int](), set[int]()
    while waiting:
        item = waiting.pop()
        if item is None or item.id in seen:
            continue
        seen.add(item.id)
        if item.id in outputs:
            found.add(item.id)
        elif maker(item) is not None:
            waiting += operands(maker(item))
    return outputs[found.pop()] if len(found) == 1 else None


def _pools(graph: Graph) -> Iterator[Pool]:
    single = []
    for op in graph.named("roi_align"):
        _check(op)
        if _distributor(op) is None:
            single.append(op)
    for op in graph.named("distribute_fpn_proposals", "roi_align"):
        if kind(op) == "distribute_fpn_proposals":
            yield _pyramid(op)
        elif op in single:
            yield _pool([op], op.result(0))


def _forget_counts(graph: Graph) -> None:
    """Put a constant for the number of RoIs an image, which for one image says nothing.

    Computed from the proposals, it would draw them into every head.
    """
    with paddle.static.program_guard(graph.program):
        none = paddle.full([1], 0, "int32")
    maker(none).move_before(graph.ops[0])
    for op in graph.named("roi_align"):
        operands(op)[2].replace_all_uses_with(none)


def _check(op: Op) -> None:
    if op.attrs()["aligned"] or len(operands(op)) < 3 or operands(op)[2] is None:
        raise NoMatch("its RoIAlign is of another kind")


def _distributor(op: Op) -> Op | None:
    """The operator that gave a `roi_align` its level's RoIs."""
    split = maker(operands(op)[1])
    made = maker(operands(split)[0]) if kind(split) == "split" else None
    return made if kind(made) == "distribute_fpn_proposals" else None


def _pyramid(distribute: Op) -> Pool:
    aligns = [_only(users(rois)) for rois in _split(distribute.result(0))]
    if not aligns or any(kind(op) != "roi_align" for op in aligns):
        raise NoMatch("its proposals are not pooled by level")
    combine = _only(users(aligns[0].result(0)))
    concat = _only(users(combine.result(0)))
    parts = [value.id for value in operands(combine)]
    if kind(concat) != "concat" or parts != [op.result(0).id for op in aligns]:
        raise NoMatch("its pooled levels are not put one after the other")
    gather = _only(users(concat.result(0)))
    if kind(gather) != "gather" or operands(gather)[1].id != distribute.result(2).id:
        raise NoMatch("its pooled RoIs are not put in order again")
    # The order is the host's: heads treat every RoI alike.
    gather.result(0).replace_all_uses_with(concat.result(0))
    attrs = distribute.attrs()
    if attrs["pixel_offset"]:
        raise NoMatch("its boxes include their last pixel")
    return _pool(aligns, concat.result(0), {name: attrs[name] for name in _LEVELS})


def _pool(aligns: list[Op], output: Value, levels: dict[str, Any] | None = None) -> Pool:
    maps, rois = zip(*(operands(op)[:2] for op in aligns), strict=True)
    return Pool(maps, rois, output, levels or {})


def _split(vector: Value) -> list[Value]:
    """The members of a vector of tensors."""
    op = _only(users(vector))
    return [op.result(i) for i in range(op.num_results())]


def _only(ops: list[Op]) -> Op:
    if len(ops) != 1:
        raise NoMatch("what is pooled is used in several places")
    return ops[0]
