"""PP-YOLOE_seg after its network: NMS, and the masks of what is kept, inside their boxes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from instseg_ui.engines.rows import clipped, keep, row
from instseg_ui.engines.tails.multiclass_nms import at_floor, multiclass_nms3
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
        rows, index = multiclass_nms3(boxes, scores, **at_floor(self._nms, job.floor))
        class_ids = rows[:, 0].astype(np.int64)
        corners = rows[:, 2:] / np.tile(job.prepared.scale_factor[0, ::-1], 2)
        inside = (
            i for i in keep(class_ids, rows[:, 1], job.floor) if clipped(corners[i], job.size)
        )
        kept = list(islice(inside, job.limit))
        table = coefficients.reshape(coefficients.shape[-2:])
        chosen = table[:, index[kept]].T if self._by_channel else table[index[kept]]
        maps = chosen @ prototypes.reshape(prototypes.shape[-3], -1)
        masks = _YoloeMasks(prototypes.shape[-2:], self._input, job, self._level, self._truncated)
        instances = []
        for i, cells in zip(kept, maps, strict=True):
            crop, origin = masks(cells, rows[i, 2:])
            box = clipped(corners[i], job.size)
            assert box is not None, "boxes outside the image were dropped before"
            instances.append(
                row(int(class_ids[i]), float(rows[i, 1]), box, crop, origin, job.labels, job.size)
            )
        return Instances.from_rows(instances)


class _YoloeMasks:
    """From a map before the sigmoid to a mask in the image, as the exported graph goes about it."""

    def __init__(
        self,
        cells: tuple[int, ...],
        network: tuple[int, int],
        job: TailInput,
        level: float,
        truncated: bool,
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

    def __call__(
        self, logits: Floats, box: Floats
    ) -> tuple[npt.NDArray[np.bool_], tuple[int, int]]:
        """The mask where there may be any, and x, y of its upper left pixel.

        Args:
            logits: (h * w,) of the prototypes' size.
            box: xyxy in pixels of the network's input.
        """
        nothing = np.zeros((0, 0), bool), (0, 0)
        inside = _pixels(box, self._input)
        if inside is None:
            return nothing
        known = self._first.seen(inside)
        part = taken(logits.reshape(self._cells), _whole(self._cells), known)
        cropped = self._first.window(_sigmoid(part), known, inside)
        high = extent_above(cropped, self._level)
        if high is None:
            return nothing
        (y0, _), (x0, _) = inside
        high = (high[0][0] + y0, high[0][1] + y0), (high[1][0] + x0, high[1][1] + x0)
        (top, bottom), (left, right) = self._second.reached(high)
        wanted = (top, min(bottom, self._end[0])), (left, min(right, self._end[1]))
        if wanted[0][1] <= top or wanted[1][1] <= left:
            return nothing
        # Outside the box the graph has zeros.
        around = self._second.seen(wanted)
        stretched = self._second.window(taken(cropped, inside, around), around, wanted)
        return np.asarray(stretched > self._level), (left, top)


def _pixels(box: Floats, size: tuple[int, int]) -> Window | None:
    """The pixels whose numbers r lie in first <= r < last; None if there are none."""
    if not np.isfinite(box).all():
        return None
    x0, y0, x1, y1 = (int(value) for value in np.clip(np.ceil(box), 0, max(size)))
    window = (y0, min(y1, size[0])), (x0, min(x1, size[1]))
    return window if all(end > first for first, end in window) else None


def _whole(size: tuple[int, int]) -> Window:
    return (0, size[0]), (0, size[1])


def _sigmoid(values: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-values)), np.float32)
