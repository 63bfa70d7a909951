"""No tail: the network's own outputs, as Paddle would give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from instseg_ui.engines.outputs import to_instances
from instseg_ui.engines.tails.tail_input import Networks, TailInput
from instseg_ui.results import Instances


class WholeTail:
    """Runs the one network; see `Tail.run`."""

    def __init__(self, networks: Networks, params: Mapping[str, Any]) -> None:
        self._network = networks["network"]

    def run(self, job: TailInput) -> Instances:
        """See `instseg_ui.engines.tails.Tail.run`."""
        outputs = self._network.run(job.prepared.feeds())
        return to_instances(outputs, job.labels, job.size, job.floor, job.limit)
