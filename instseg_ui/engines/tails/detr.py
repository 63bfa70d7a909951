"""Mask-RT-DETR after its network: choose, and make the masks of what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from instseg_ui.engines.rows import clipped, keep, rows
from instseg_ui.engines.tails.resample import Stretch
from instseg_ui.engines.tails.tail_input import Networks, TailInput
from instseg_ui.results import Instances


class DetrTail:
    """The last top-k, and masks as products of embeddings and features, for kept queries alone."""

    def __init__(self, networks: Networks, params: Mapping[str, Any]) -> None:
        self._network = networks["network"]
        self._classes, self._count = int(params["classes"]), int(params["count"])
        self._level = float(params["level"])

    def run(self, job: TailInput) -> Instances:
        """See `instseg_ui.engines.tails.Tail.run`."""
        scores, boxes, embeddings, features = (
            np.asarray(output, np.float32) for output in self._network.run(job.prepared.feeds())
        )
        best = _largest(scores.reshape(-1), self._count)
        query, class_ids = np.divmod(best, self._classes)
        scores = scores.reshape(-1)[best]
        boxes = boxes.reshape(-1, 4)[query]
        inside = clipped(boxes, job.size)
        kept = [i for i in keep(class_ids, scores, job.floor) if inside.there[i]][: job.limit]
        _, depth, height, width = features.shape
        chosen = embeddings.reshape(-1, depth)[query[kept]]
        maps = (chosen @ features.reshape(depth, -1)).reshape(-1, height, width)
        stretch = Stretch((height, width), job.size)
        numbers = job.same(kept, class_ids, (scores, boxes))
        edges = job.masks(
            (stretch.above(cells, job.lowest(self._level)) for cells in maps), numbers, self._level
        )
        return Instances.from_rows(
            rows(kept, class_ids, scores, inside.boxes, edges, job.labels, job.size)
        )


def _largest(values: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.intp]:
    """Indices of the `count` largest values, the largest first."""
    count = min(count, values.size)
    some = np.argpartition(-values, count - 1)[:count]
    return some[np.argsort(-values[some], kind="stable")]
