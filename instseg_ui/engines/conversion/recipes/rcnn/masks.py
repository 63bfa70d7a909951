"""The mask head: hoisted out of its branch, cut at its logits; how masks are pasted."""

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
    operands,
    shape,
    users,
)
from instseg_ui.engines.conversion.recipes.rcnn.roi_align import Pool, reached
from instseg_ui.engines.conversion.refusal import NoMatch

_UPSAMPLING = "conv2d_transpose"
# What may follow the upsampling before the masks' logits.
_NETWORK = ("add", "relu", "conv2d", _UPSAMPLING, "batch_norm_", "group_norm")


@dataclass(frozen=True, slots=True)
class MaskHead:
    """The mask head: where it begins, and its logits (N, C, m, m)."""

    pool: Pool
    logits: Value
    params: dict[str, Any]


def hoist(graph: Graph) -> None:
    """Move the mask head out of the branch that runs it when there are boxes."""
    for branch in graph.named("if"):
        for block in branch.blocks():
            ops = list(block.ops)
            if any(kind(op) == _UPSAMPLING for op in ops):
                for op in ops:
                    if kind(op) != "yield":
                        op.move_before(branch)
                return


def find(graph: Graph, pools: Sequence[Pool]) -> MaskHead:
    """The hoisted mask head."""
    found = graph.named(_UPSAMPLING)
    if not found:
        raise NoMatch("it has no mask head that upsamples")
    logits = _logits(found[-1])
    pool = reached(logits, pools)
    if pool is None:
        raise NoMatch("its mask head does not begin at RoIAlign")
    sizes = shape(logits)
    if len(sizes) != 4 or sizes[2] != sizes[3] or -1 in sizes[1:]:
        raise NoMatch("its masks' size depends on the image")
    return MaskHead(pool, logits, {"level": _level(graph), "batch": pool.batch})


def _logits(upsampling: Op) -> Value:
    value = upsampling.result(0)
    while True:
        following = users(value)
        if len(following) != 1 or kind(following[0]) not in _NETWORK:
            return value
        value = following[0].result(0)


def _level(graph: Graph) -> float:
    """The probability from which on a pasted pixel is mask."""
    ops = list(graph.nested())
    samples = [op for op in ops if kind(op) == "grid_sample"]
    if len(samples) != 1:
        raise NoMatch("its masks are not pasted by grid_sample")
    attrs = samples[0].attrs()
    if attrs["align_corners"] or (attrs["mode"], attrs["padding_mode"]) != ("bilinear", "zeros"):
        raise NoMatch("its masks are pasted in another way")
    value = samples[0].result(0)
    while True:
        # A loop also hands its variables on.
        following = [op for op in users(value) if kind(op) != "yield"]
        if len(following) != 1 or kind(following[0]) not in ("slice", "squeeze", "greater_equal"):
            raise NoMatch("its masks are not cut at a level")
        if kind(following[0]) == "greater_equal":
            return _share(constant(operands(following[0])[1]))
        value = following[0].result(0)


def _share(level: float | None) -> float:
    if level is None or not 0.5 <= level <= 1:
        raise NoMatch("its masks are not cut at half a probability or more")
    return float(level)
