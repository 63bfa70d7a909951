"""Region proposals, as Paddle's `generate_proposals` and the choice among levels after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from instseg_ui.engines.tails.boxes import Floats, best, clip, decode, joined, suppress

# Largest log of a side's factor, and the smallest side, pixels: fixed in Paddle's kernel.
_LIMIT = float(np.log(1000 / 16))
_MIN_SIZE = 1.0


class Proposer:
    """Makes RoIs of what the region proposal network says of every anchor."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._before, self._after = int(params["pre_nms_top_n"]), int(params["post_nms_top_n"])
        self._threshold = float(params["nms_thresh"])
        self._min_size = max(float(params["min_size"]), _MIN_SIZE)
        self._total = int(params["total"])

    def __call__(
        self,
        scores: Sequence[Floats],
        deltas: Sequence[Floats],
        anchors: Sequence[Floats],
        size: Floats,
    ) -> Floats:
        """RoIs (N, 4), at least one.

        Args:
            scores: a level each, (1, A, h, w).
            deltas: (1, 4 A, h, w), four of an anchor in turn.
            anchors: (h * w * A, 4), the anchors of a cell in turn.
            size: height and width of the resized image.
        """
        levels = [self._level(*level, size) for level in zip(scores, deltas, anchors, strict=True)]
        rois = joined([level[0] for level in levels])
        if not 0 < self._total < len(rois):
            return rois
        return rois[best(joined([level[1] for level in levels]), self._total)]

    def _level(
        self, scores: Floats, deltas: Floats, anchors: Floats, size: Floats
    ) -> tuple[Floats, Floats]:
        """Boxes (N, 4) and scores (N,) of one level."""
        count = scores.shape[1]
        chosen = best(scores.reshape(-1), self._before)
        anchor, cell = np.divmod(chosen, scores[0, 0].size)
        by_anchor = deltas.reshape(count, 4, -1)
        boxes = decode(anchors[cell * count + anchor], by_anchor[anchor, :, cell], _LIMIT)
        boxes = clip(boxes, size)
        large = ((boxes[:, 2:] - boxes[:, :2]) >= self._min_size).all(axis=1)
        boxes, found = boxes[large], scores.reshape(-1)[chosen[large]]
        if not len(boxes):
            # The kernel's stand-in, so that there is always a RoI.
            return np.zeros((1, 4), np.float32), np.zeros(1, np.float32)
        if self._threshold <= 0:
            return boxes, found
        kept = suppress(boxes, self._threshold, self._after if self._after > 0 else None)
        return boxes[kept], found[kept]
