"""A network cut around its NMS: the part after it runs for what is kept alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from instseg_ui.engines.outputs import to_instances
from instseg_ui.engines.rows import keep
from instseg_ui.engines.tails.multiclass_nms import at_floor, multiclass_nms3
from instseg_ui.engines.tails.tail_input import Networks, TailInput
from instseg_ui.results import Instance, Instances

Array = npt.NDArray[np.generic]

_PIXELS = 8 << 20
"""Mask pixels that the second part makes at once, objects times the image's area."""


class NmsTail:
    """Network, NMS on the host, and the second network some objects at a time."""

    def __init__(self, networks: Networks, params: Mapping[str, Any]) -> None:
        self._before, self._after = networks["before"], networks["after"]
        self._nms: dict[str, Any] = dict(params["nms"])
        self._early, self._late = tuple(params["before"]), tuple(params["after"])
        self._outputs = tuple(params["outputs"])

    def run(self, job: TailInput) -> Instances:
        """See `instseg_ui.engines.tails.Tail.run`."""
        feeds: dict[str, Array] = dict(job.prepared.feeds())
        feeds |= zip(self._early, self._before.run(feeds), strict=True)
        rows, index = multiclass_nms3(
            feeds["boxes"], feeds["scores"], **at_floor(self._nms, job.floor)
        )
        best = keep(rows[:, 0].astype(np.int64), rows[:, 1], job.floor)
        found = self._found(job, feeds, rows[best], index[best])
        return Instances.from_rows(list(islice(found, job.limit)))

    def _found(
        self,
        job: TailInput,
        feeds: dict[str, Array],
        rows: npt.NDArray[np.float32],
        index: npt.NDArray[np.intp],
    ) -> Iterator[Instance]:
        """Instances by falling score; those that lie outside the image are left out."""
        step = max(1, _PIXELS // (job.size[0] * job.size[1]))
        for first in range(0, len(rows), step):
            some = slice(first, first + step)
            results: dict[str, Array] = {
                "rows": rows[some],
                "index": index[some, np.newaxis].astype(np.int32),
                "count": np.array([len(rows[some])], np.int32),
            }
            made = feeds | results
            # The second network may write over its inputs, and its outputs are its own.
            made |= zip(self._late, self._after.run(made), strict=True)
            outputs = [made[name] for name in self._outputs]
            yield from to_instances(outputs, job.labels, job.size, job.floor, job.limit)
