"""Mask R-CNN and Cascade Mask R-CNN: the network without everything that depends on boxes.

trunk: image -> feature maps, and per RPN level: scores, deltas, anchors
    host: generate_proposals, the best of all levels
box heads, one a stage: RoIs by level -> RoIAlign -> softmax scores (N, C + 1), deltas (N, 4 or 4 C)
    host: boxes; the next stage's RoIs, or after the last multiclass_nms3
mask head: RoIs by level -> RoIAlign -> logits (N, C, m, m)
    host: sigmoid, pasted where each box lies

Without a feature pyramid (C4) there is one level, and the heads hold the last stage of the ResNet.
"""

from __future__ import annotations

from instseg_ui.engines.conversion.cut import Cut, Piece
from instseg_ui.engines.conversion.graph import Graph, Value, same
from instseg_ui.engines.conversion.recipes.rcnn import boxes, masks, proposals, roi_align
from instseg_ui.engines.conversion.recipes.rcnn.roi_align import Pool
from instseg_ui.engines.conversion.refusal import NoMatch


def cut(graph: Graph) -> Cut:
    """Cut before the proposals, and from each RoIAlign to what its head gives."""
    rpn = proposals.find(graph)
    masks.hoist(graph)
    pools = roi_align.find(graph)
    mask = masks.find(graph, pools)
    first = [pool for pool in pools if pool is not mask.pool]
    stages = boxes.stages(graph, first)
    maps = _shared_maps(pools)
    pieces = {"trunk": Piece({**maps, **rpn.outputs})}
    for number, stage in enumerate(stages):
        outputs = {"scores": stage.scores, "deltas": stage.deltas}
        pieces[f"box{number}"] = _head(stage.pool, outputs)
    pieces["mask"] = _head(mask.pool, {"logits": mask.logits})
    params = {
        "maps": len(maps),
        "levels": pools[0].levels,
        "rpn": rpn.params,
        "stages": [stage.params for stage in stages],
        "nms": boxes.nms(graph, stages),
        "share": boxes.share(graph, stages),
        "mask": mask.params,
    }
    return Cut(pieces, params)


def _head(pool: Pool, outputs: dict[str, Value]) -> Piece:
    return Piece(outputs, pool.inputs, roi_align.set_mode)


def _shared_maps(pools: list[Pool]) -> dict[str, Value]:
    """The feature maps by name, which are the same for all heads."""
    first = pools[0]
    for pool in pools[1:]:
        alike = len(pool.maps) == len(first.maps) and all(map(same, pool.maps, first.maps))
        if not alike or pool.levels != first.levels:
            raise NoMatch("its heads look at different feature maps")
    return roi_align.named("map", first.maps)
