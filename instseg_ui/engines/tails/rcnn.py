"""Mask R-CNN and Cascade Mask R-CNN between and after their networks.

The trunk's maps and proposals, the box heads one after the other, and the mask head for those
objects alone that are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from instseg_ui.engines.rows import clipped, keep, rows
from instseg_ui.engines.tails.boxes import Floats, clip, decode
from instseg_ui.engines.tails.heads import Pyramid, RoiHead
from instseg_ui.engines.tails.multiclass_nms import at_floor, multiclass_nms3
from instseg_ui.engines.tails.paste import pasted
from instseg_ui.engines.tails.proposals import Proposer
from instseg_ui.engines.tails.tail_input import Networks, TailInput
from instseg_ui.results import Instance, Instances


@dataclass(frozen=True, slots=True)
class RcnnDetections:
    """Objects before they are cut off at the image.

    Attributes:
        class_ids: (N,) int64.
        scores: (N,) float32.
        boxes: (N, 4) float32, xyxy in pixels of the network's input.
    """

    class_ids: npt.NDArray[np.int64]
    scores: Floats
    boxes: Floats


class RcnnTail:
    """Proposals, RoIs, boxes and pasting on the host."""

    def __init__(self, networks: Networks, params: Mapping[str, Any]) -> None:
        pyramid = Pyramid(params["levels"])
        self._trunk = networks["trunk"]
        self._maps, self._levels = int(params["maps"]), int(params["rpn"]["levels"])
        self._propose = Proposer(params["rpn"])
        self._stages = [
            _Stage(RoiHead(networks[f"box{i}"], pyramid, int(stage["batch"])), stage)
            for i, stage in enumerate(params["stages"])
        ]
        self._nms, self._share = params["nms"], np.float32(params["share"])
        self._mask = RoiHead(networks["mask"], pyramid, int(params["mask"]["batch"]))
        self._level = float(params["mask"]["level"])

    def run(self, job: TailInput) -> Instances:
        """See `instseg_ui.engines.tails.Tail.run`."""
        outputs = [np.asarray(item, np.float32) for item in self._trunk.run(job.prepared.feeds())]
        maps, rpn = outputs[: self._maps], outputs[self._maps :]
        size = job.prepared.im_shape[0]
        count = self._levels
        rois = self._propose(rpn[:count], rpn[count : 2 * count], rpn[2 * count :], size)
        del outputs, rpn
        found = self._find(maps, rois, job)
        return Instances.from_rows(self._rows(job, maps, found))

    def _find(self, maps: Sequence[Floats], rois: Floats, job: TailInput) -> RcnnDetections:
        """The box heads, each on the boxes of the one before."""
        size = job.prepared.im_shape[0]
        total: Floats | None = None
        for number, stage in enumerate(self._stages, 1):
            scores, deltas = stage.head.run(maps, rois)
            total = scores if total is None else total + scores
            if number < len(self._stages):
                rois = clip(stage.boxes(rois, deltas), size)
        assert total is not None, "the recipe finds a stage at least"
        scores = (total * self._share)[:, :-1]
        nms = at_floor(self._nms, job.floor)
        if job.precedent:
            scale = job.prepared.scale_factor[0][[1, 0, 1, 0]]
            nms["kept_there"] = job.precedent.overlapping(scale)
        rows = self._chosen(stage, scores, rois, deltas, size, nms)
        return RcnnDetections(rows[:, 0].astype(np.int64), rows[:, 1], rows[:, 2:])

    def _chosen(
        self,
        stage: _Stage,
        scores: Floats,
        rois: Floats,
        deltas: Floats,
        size: Floats,
        nms: Mapping[str, Any],
    ) -> Floats:
        """Rows (K, 6) of the last suppression; RoIs (N, 4) that cannot pass it are left out."""
        good = np.flatnonzero((scores > np.float32(nms["score_threshold"])).any(axis=1))
        scores = scores[good]
        by_class = deltas[good].reshape(good.size, deltas.shape[1] // 4, 4)
        each = np.repeat(rois[good], by_class.shape[1], axis=0)
        boxes = clip(stage.boxes(each, by_class.reshape(-1, 4)), size)
        boxes = np.broadcast_to(boxes.reshape(by_class.shape), (*scores.shape, 4))
        rows, _ = multiclass_nms3(boxes, scores, **nms)
        return rows

    def _rows(
        self, job: TailInput, maps: Sequence[Floats], found: RcnnDetections
    ) -> list[Instance]:
        scale = job.prepared.scale_factor[0][[1, 0, 1, 0]]
        boxes = clip(found.boxes / scale, np.array(job.size, np.float32))
        inside = clipped(boxes, job.size)
        kept = [i for i in keep(found.class_ids, found.scores, job.floor) if inside.there[i]]
        kept = kept[: job.limit]
        if not kept:
            return []
        (logits,) = self._mask.run(maps, np.ascontiguousarray(found.boxes[kept]))
        cells = _sigmoid(logits[np.arange(len(kept)), found.class_ids[kept]])
        # What reaches the level is more than the number before it.
        below = float(np.nextafter(np.float32(self._level), np.float32(-1)))
        numbers = job.same(kept, found.class_ids, (found.scores, boxes))
        maps_of = (pasted(some, boxes[i], job.size) for i, some in zip(kept, cells, strict=True))
        edges = job.masks(maps_of, numbers, below)
        return rows(kept, found.class_ids, found.scores, inside.boxes, edges, job.labels, job.size)


class _Stage:
    """A box head and how its deltas are read."""

    def __init__(self, head: RoiHead, params: Mapping[str, Any]) -> None:
        self.head = head
        self._factors = np.array(params["factors"], np.float32)
        self._limit = float(params["limit"])

    def boxes(self, rois: Floats, deltas: Floats) -> Floats:
        """RoIs (N, 4) moved by deltas (N, 4)."""
        return decode(rois, deltas * self._factors, self._limit)


def _sigmoid(logits: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
