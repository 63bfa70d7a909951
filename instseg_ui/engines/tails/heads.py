"""Networks that look at RoIs: feeds them level by level, some RoIs at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from instseg_ui.engines.runtimes import Network
from instseg_ui.engines.tails.boxes import Floats, Indices, joined


class Pyramid:
    """Gives RoIs to the levels of a feature pyramid, as Paddle's `distribute_fpn_proposals`.

    A RoI of `refer_scale` pixels belongs to `refer_level`, one of twice the side a level higher
    (Lin et al. 2017, Feature Pyramid Networks, equation 1).
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        """Without parameters there is one level."""
        self._single = not params
        if params:
            self._lowest, self._highest = int(params["min_level"]), int(params["max_level"])
            self._level, self._side = int(params["refer_level"]), int(params["refer_scale"])

    def split(self, rois: Floats) -> list[Indices]:
        """Indices of the RoIs (N, 4) of each level, the lowest level first."""
        if self._single:
            return [np.arange(len(rois))]
        sides = np.maximum(rois[:, 2:] - rois[:, :2], 0)
        scale = np.sqrt(sides[:, 0] * sides[:, 1]) / np.float32(self._side)
        levels = np.floor(np.log2(scale + np.float32(1e-6)) + np.float32(self._level))
        levels = np.clip(levels, self._lowest, self._highest)
        return [np.flatnonzero(levels == i) for i in range(self._lowest, self._highest + 1)]


class RoiHead:
    """One network from maps and RoIs to something of each RoI."""

    def __init__(self, network: Network, pyramid: Pyramid, batch: int) -> None:
        """`batch`: how many RoIs to run at once."""
        self._network, self._pyramid, self._batch = network, pyramid, batch

    def run(self, maps: Sequence[Floats], rois: Floats) -> list[Floats]:
        """The network's outputs for RoIs (N, 4), N > 0, in their order."""
        feeds = {f"map{i}": values for i, values in enumerate(maps)}
        runs = [
            self._some(feeds, rois[start : start + self._batch])
            for start in range(0, len(rois), self._batch)
        ]
        return [joined(parts) for parts in zip(*runs, strict=True)]

    def _some(self, maps: Mapping[str, Floats], rois: Floats) -> list[Floats]:
        levels = self._pyramid.split(rois)
        feeds = dict(maps)
        for number, index in enumerate(levels):
            feeds[f"rois{number}"] = np.ascontiguousarray(rois[index])
        outputs = self._network.run(feeds)
        # They come level by level.
        restore = np.argsort(np.concatenate(levels), kind="stable")
        return [np.asarray(output, np.float32)[restore] for output in outputs]
