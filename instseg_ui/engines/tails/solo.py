"""SOLOv2 after its network: mask scores, matrix NMS, and the masks of what is kept."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from instseg_ui.engines.rows import keep, row
from instseg_ui.engines.tails.matrix_nms import decay, packed
from instseg_ui.engines.tails.outline import Plain, Stretched
from instseg_ui.engines.tails.resample import Stretch, extent_above, taken
from instseg_ui.engines.tails.tail_input import Networks, TailInput
from instseg_ui.masks import extent_of_edges
from instseg_ui.results import Instance, Instances

Floats: TypeAlias = npt.NDArray[np.float32]
Indices: TypeAlias = npt.NDArray[np.intp]

_AT_ONCE = 32
"""Candidates whose masks are computed together."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Candidates by falling score.

    Attributes:
        kernel: (K,) index of each one's kernel.
        class_ids: (K,).
        scores: (K,) float32.
        bits: (K, words) uint64, which cells are mask.
    """

    kernel: Indices
    class_ids: Indices
    scores: Floats
    bits: npt.NDArray[np.uint64]

    def at(self, index: Indices, scores: Floats) -> _Found:
        """Some of them with other scores, by falling score."""
        order = np.argsort(-scores, kind="stable")
        some = index[order]
        return _Found(self.kernel[some], self.class_ids[some], scores[order], self.bits[some])

    def best(self, most: int) -> _Found:
        """The first `most`."""
        some = slice(most)
        return _Found(self.kernel[some], self.class_ids[some], self.scores[some], self.bits[some])


class SoloTail:
    """What the exported graph does after its convolutions, without its filling rows."""

    def __init__(self, networks: Networks, params: Mapping[str, Any]) -> None:
        self._network = networks["network"]
        self._params = dict(params)
        runs = params["strides"]
        self._strides = np.repeat([value for _, value in runs], [int(count) for count, _ in runs])
        # Where the sigmoid passes a level, so does its argument.
        self._mask, self._level = _logit(params["mask"]), float(params["level"])

    def run(self, job: TailInput) -> Instances:
        """See `instseg_ui.engines.tails.Tail.run`."""
        scores, kernels, features = (
            np.asarray(output, np.float32) for output in self._network.run(job.prepared.feeds())
        )
        flat = features.reshape(features.shape[1], -1)
        found = self._suppressed(self._candidates(scores, kernels, flat))
        best = keep(found.class_ids.astype(np.int64), found.scores, job.floor)
        rows = self._rows(job, found, best, kernels, features)
        return Instances.from_rows(list(islice(rows, job.limit)))

    def _candidates(self, scores: Floats, kernels: Floats, features: Floats) -> _Found:
        """Those that pass the score and have enough cells, scored by their masks; the best."""
        kernel, class_ids = np.nonzero(scores > np.float32(self._params["score"]))
        values = scores[kernel, class_ids]
        areas, quality = np.zeros(len(kernel)), np.zeros(len(kernel), np.float32)
        bits = []
        # Candidates of several classes share a kernel, and with it the mask.
        used, shared = np.unique(kernel, return_inverse=True)
        for first in range(0, len(used), _AT_ONCE):
            logits = kernels[used[first : first + _AT_ONCE]] @ features
            high = logits > self._mask
            bits.append(packed(high))
            for i, (cells, inside) in enumerate(zip(logits, high, strict=True), first):
                chosen = _sigmoid(cells[inside])
                mine = shared == i
                areas[mine] = chosen.size
                quality[mine] = chosen.mean() if chosen.size else 0
        enough = np.flatnonzero(areas > self._strides[kernel])
        masks = np.concatenate(bits)[shared] if bits else np.zeros((0, 1), np.uint64)
        found = _Found(kernel, class_ids, values, masks)
        return found.at(enough, (values * quality)[enough]).best(int(self._params["candidates"]))

    def _suppressed(self, found: _Found) -> _Found:
        sigma = self._params["sigma"]
        scores = found.scores * decay(found.bits, found.class_ids, sigma)
        kept = np.flatnonzero(scores >= np.float32(self._params["decayed"]))
        return found.at(kept, scores[kept]).best(int(self._params["objects"]))

    def _rows(
        self, job: TailInput, found: _Found, best: Indices, kernels: Floats, features: Floats
    ) -> Iterator[Instance]:
        lowest = job.lowest(self._level)
        masks = _SoloMasks(features.shape[-2:], int(self._params["factor"]), job, lowest)
        flat = features.reshape(features.shape[1], -1)
        for first in range(0, len(best), _AT_ONCE):
            some = best[first : first + _AT_ONCE]
            maps = kernels[found.kernel[some]] @ flat
            numbers = job.same(some.tolist(), found.class_ids, (found.scores, None))
            edges = job.masks(map(masks, maps), numbers, self._level)
            for i, mask in zip(some, edges, strict=True):
                extent = extent_of_edges(mask, job.size[0])
                if extent is not None:
                    x0, y0, x1, y1 = (float(side) for side in extent)
                    class_id, score = int(found.class_ids[i]), float(found.scores[i])
                    yield row(class_id, score, (x0, y0, x1, y1), mask, job.labels, job.size)


class _SoloMasks:
    """From a map before the sigmoid to a mask in the image, as the exported graph goes about it."""

    def __init__(self, cells: tuple[int, ...], factor: int, job: TailInput, level: float) -> None:
        self._cells, self._level = (cells[0], cells[1]), level
        whole = cells[0] * factor, cells[1] * factor
        self._input = (
            min(int(job.prepared.im_shape[0, 0]), whole[0]),
            min(int(job.prepared.im_shape[0, 1]), whole[1]),
        )
        self._first = Stretch(self._cells, whole)
        self._second = Stretch(self._input, job.size)

    def __call__(self, logits: Floats) -> Stretched | Plain | None:
        """The mask where there may be any; None where there is none."""
        logits = logits.reshape(self._cells)
        high = extent_above(logits, _logit(self._level))
        if high is None:
            return None
        (y0, y1), (x0, x1) = self._first.reached(high)
        reached = (y0, min(y1, self._input[0])), (x0, min(x1, self._input[1]))
        if reached[0][1] <= y0 or reached[1][1] <= x0:
            return None
        wanted = self._second.reached(reached)
        pixels = self._second.seen(wanted)
        known = self._first.seen(pixels)
        whole = (0, self._cells[0]), (0, self._cells[1])
        cells = _sigmoid(taken(logits, whole, known))
        return self._second.part(self._first.window(cells, known, pixels), pixels, wanted)


def _logit(level: float) -> float:
    return math.log(level / (1 - level))


def _sigmoid(values: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-values)), np.float32)
