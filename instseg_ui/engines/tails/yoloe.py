"""PP-YOLOE_seg after its network: NMS, and the masks of what is kept, inside their boxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from instseg_ui.engines.rows import clipped, keep
from instseg_ui.engines.rows import rows as instances
from instseg_ui.engines.tails.multiclass_nms import at_floor, multiclass_nms3
from instseg_ui.engines.tails.outline import Plain, Stretched
from instseg_ui.engines.tails.resample import Stretch, Window, extent_above, taken
from instseg_ui.engines.tails.tail_input import Networks, TailInput
from instseg_ui.results import Instances

Floats = npt.NDArray[np.float32]


class YoloeTail:
    """NMS, and masks as products of coefficients and prototypes, cropped and stretched twice."""

    def __init__(self, networks: Networks, params: Mapping[str, Any]) -> None:
        self._network = networks["network"]
        self._nms: dict[str, Any] = dict(params["nms"])
        self._by_channel = bool(params["by_channel"])
        self._input = (int(params["input"][0]), int(params["input"][1]))
        self._level = float(params["level"])
        self._truncated = bool(params["truncated"])

    def run(self, job: TailInput) -> Instances:
        """See `instseg_ui.engines.tails.Tail.run`."""
        boxes, scores, coefficients, prototypes = (
            np.asarray(output, np.float32) for output in self._network.run(job.prepared.feeds())
        )
        scale = np.tile(job.prepared.scale_factor[0, ::-1], 2)
        kept_there = job.precedent.overlapping(scale) if job.precedent else None
        nms = at_floor(self._nms, job.floor)
        rows, index = multiclass_nms3(boxes, scores, kept_there=kept_there, **nms)
        class_ids = rows[:, 0].astype(np.int64)
        corners = np.asarray(rows[:, 2:] / scale, np.float32)
        inside = clipped(corners, job.size)
        kept = [i for i in keep(class_ids, rows[:, 1], job.floor) if inside.there[i]][: job.limit]
        table = coefficients.reshape(coefficients.shape[-2:])
        chosen = table[:, index[kept]].T if self._by_channel else table[index[kept]]
        maps = chosen @ prototypes.reshape(prototypes.shape[-3], -1)
        lowest = job.lowest(self._level)
        masks = _YoloeMasks(prototypes.shape[-2:], self._input, job, self._truncated, lowest)
        numbers = job.same(kept, class_ids, (rows[:, 1], corners))
        crops = list(rows[kept, 2:])
        if job.precedent:
            pairs = zip(numbers, crops, strict=True)
            crops = [job.precedent.cropping(number, box, scale) for number, box in pairs]
        windows = _pixels(np.reshape(crops, (-1, 4)), self._input)
        edges = job.masks(map(masks, maps, windows), numbers, self._level)
        return Instances.from_rows(
            instances(kept, class_ids, rows[:, 1], inside.boxes, edges, job.labels, job.size)
        )


class _YoloeMasks:
    """From a map before the sigmoid to a mask in the image, as the exported graph goes about it."""

    def __init__(
        self,
        cells: tuple[int, ...],
        network: tuple[int, int],
        job: TailInput,
        truncated: bool,
        level: float,
    ) -> None:
        scale, shape = job.prepared.scale_factor[0], job.prepared.im_shape[0]
        # In float32, as the graph: cut to a whole number it may be one pixel short of the image.
        target = np.floor(np.array(network, np.float32) / scale + np.float32(0.5)).astype(int)
        ends = (shape / scale).astype(int) if truncated else target
        self._cells, self._input, self._level = (cells[0], cells[1]), network, level
        ends = np.minimum(np.minimum(target, ends), job.size)
        self._first = Stretch(self._cells, network)
        self._second = Stretch(network, (int(target[0]), int(target[1])))
        self._end = int(ends[0]), int(ends[1])

    def __call__(self, logits: Floats, inside: Window | None) -> Stretched | Plain | None:
        """The mask where there may be any; None where there is none.

        Args:
            logits: (h * w,) of the prototypes' size.
            inside: the box's pixels of the network's input; None if it has none.
        """
        if inside is None:
            return None
        known = self._first.seen(inside)
        part = taken(logits.reshape(self._cells), _whole(self._cells), known)
        cropped = self._first.window(_sigmoid(part), known, inside)
        high = extent_above(cropped, self._level)
        if high is None:
            return None
        (y0, _), (x0, _) = inside
        high = (high[0][0] + y0, high[0][1] + y0), (high[1][0] + x0, high[1][1] + x0)
        (top, bottom), (left, right) = self._second.reached(high)
        wanted = (top, min(bottom, self._end[0])), (left, min(right, self._end[1]))
        if wanted[0][1] <= top or wanted[1][1] <= left:
            return None
        # Outside the box the graph has zeros.
        around = self._second.seen(wanted)
        return self._second.part(taken(cropped, inside, around), around, wanted)


def _pixels(boxes: Floats, size: tuple[int, int]) -> list[Window | None]:
    """The pixels whose numbers r lie in first <= r < last, of each box; None if there are none."""
    far = np.array([size[1], size[0], size[1], size[0]])
    found: list[Window | None] = []
    with np.errstate(invalid="ignore"):
        corners = np.clip(np.ceil(boxes), 0, far)
    corners[~np.isfinite(boxes).all(axis=1)] = 0
    for x0, y0, x1, y1 in corners.astype(int).tolist():
        found.append(((y0, y1), (x0, x1)) if x1 > x0 and y1 > y0 else None)
    return found


def _whole(size: tuple[int, int]) -> Window:
    return (0, size[0]), (0, size[1])


def _sigmoid(values: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-values)), np.float32)
