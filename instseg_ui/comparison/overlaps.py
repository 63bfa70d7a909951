"""Which masks of one image overlap, and by how much: only the pairs that matter.

Most pairs of masks lie apart. A pair's boxes and areas bound its IoU from above, so the run
lengths are walked only where the bound allows the IoU that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco
from scipy.sparse import coo_array

from instseg_ui import run_lengths
from instseg_ui.masks import Rle, iou, packed

Indices = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]

# pycocotools 2.0.8 counts the masks it takes the area of in eight bits.
_AT_ONCE = 255


@dataclass(frozen=True, slots=True, eq=False)
class Overlaps:
    """E pairs of masks of different sets, by the masks' places in all sets strung together.

    Attributes:
        first: (E,) places; of an earlier set than `second`.
        second: (E,) places.
        iou: (E,) float64, each at least what was asked for.
    """

    first: Indices
    second: Indices
    iou: Floats

    def where(self, kept: npt.NDArray[np.bool_]) -> Overlaps:
        """Those pairs only."""
        return Overlaps(self.first[kept], self.second[kept], self.iou[kept])


def find(sets: Sequence[Sequence[Rle]], min_iou: float) -> Overlaps:
    """All pairs of masks of two different sets whose IoU is at least `min_iou`, above 0."""
    masks = [mask for one in sets for mask in one]
    owner = np.repeat(np.arange(len(sets)), [len(one) for one in sets])
    first, second = _candidates(masks, owner, min_iou)
    values = np.zeros(first.size)
    for some, others, edges in _blocks(first, second, len(masks)):
        table = iou([masks[i] for i in some], [masks[i] for i in others])
        places = np.searchsorted(some, first[edges]), np.searchsorted(others, second[edges])
        values[edges] = table[places]
    return Overlaps(first, second, values).where(values >= min_iou)


def assign(pairs: Overlaps) -> Overlaps:
    """Of these, one a mask at most, so that the sum of IoU is largest (Kuhn 1955, by scipy).

    `first` and `second` come back in the order of `first`.
    """
    rows, first = np.unique(pairs.first, return_inverse=True)
    columns, second = np.unique(pairs.second, return_inverse=True)
    alone = (np.bincount(first)[first] == 1) & (np.bincount(second)[second] == 1)
    taken = [pairs.where(alone)]
    if not alone.all():
        rest = pairs.where(~alone)
        rows, first = np.unique(rest.first, return_inverse=True)
        columns, second = np.unique(rest.second, return_inverse=True)
        table = np.zeros((rows.size, columns.size))
        table[first, second] = rest.iou
        from scipy.optimize import linear_sum_assignment  # slow to import

        chosen = np.stack(linear_sum_assignment(table, maximize=True))
        values = table[chosen[0], chosen[1]]
        best = Overlaps(rows[chosen[0]], columns[chosen[1]], values)
        taken.append(best.where(values > 0))
    joined = Overlaps(
        np.concatenate([part.first for part in taken]),
        np.concatenate([part.second for part in taken]),
        np.concatenate([part.iou for part in taken]),
    )
    order = np.argsort(joined.first, kind="stable")
    return Overlaps(joined.first[order], joined.second[order], joined.iou[order])


def _candidates(masks: Sequence[Rle], owner: Indices, min_iou: float) -> tuple[Indices, Indices]:
    """Pairs of different sets that could reach `min_iou`, by boxes and areas."""
    if not masks:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    taken = [packed(mask) for mask in masks]
    x0, y0, width, height = np.asarray(coco.toBbox(taken), np.float32).reshape(-1, 4).T
    area = np.concatenate(
        [coco.area(taken[i : i + _AT_ONCE]) for i in range(0, len(taken), _AT_ONCE)]
    )
    edges = (x0, y0, x0 + width, y0 + height, area.astype(np.float32))
    found = []
    for start, end in _spans(owner):
        mine = [values[start:end, None] for values in edges]
        later = [values[None, end:] for values in edges]
        rows, columns = np.nonzero(_can_reach(mine, later, min_iou))
        found.append((rows + start, columns + end))
    first, second = zip(*found, strict=True)
    return np.concatenate(first), np.concatenate(second)


def _can_reach(
    mine: Sequence[npt.NDArray[np.float32]],
    later: Sequence[npt.NDArray[np.float32]],
    min_iou: float,
) -> npt.NDArray[np.bool_]:
    """Whether the IoU can be `min_iou`: the intersection is at most the boxes' and each area."""
    shared = np.minimum(mine[2], later[2])
    shared -= np.maximum(mine[0], later[0])
    np.maximum(shared, 0, out=shared)
    down = np.minimum(mine[3], later[3])
    down -= np.maximum(mine[1], later[1])
    np.maximum(down, 0, out=down)
    shared *= down
    np.minimum(shared, mine[4], out=shared)
    np.minimum(shared, later[4], out=shared)
    needed = (mine[4] + later[4]) * np.float32(min_iou * (1 - 1e-5) / (1 + min_iou))
    return np.asarray((shared >= needed) & (shared > 0))


def _spans(owner: Indices) -> list[tuple[int, int]]:
    """Where each set's masks begin and end; sets without masks are left out."""
    starts = np.flatnonzero(np.concatenate(([True], owner[1:] != owner[:-1])))
    return list(zip(starts.tolist(), [*starts[1:].tolist(), owner.size], strict=True))


def _blocks(
    first: Indices, second: Indices, count: int
) -> Iterator[tuple[Indices, Indices, Indices]]:
    """The pairs in blocks of few masks each: masks, masks, and which pairs these hold.

    The masks of one object are near each other in all sets: they are one block.
    """
    if not first.size:
        return
    group = _groups(first, second, count)
    block = group[first] * np.int64(count) + group[second]
    order = np.argsort(block, kind="stable")
    for edges in np.split(order, np.flatnonzero(np.diff(block[order])) + 1):
        yield np.unique(first[edges]), np.unique(second[edges]), edges


def _groups(first: Indices, second: Indices, count: int) -> Indices:
    """A group for each mask: the first one that has none, and its neighbours that have none."""
    ones = np.ones(2 * first.size, bool)
    ends = np.concatenate([first, second]), np.concatenate([second, first])
    graph = coo_array((ones, ends), shape=(count, count)).tocsr()
    group = np.full(count, -1)
    for mask in range(count):
        if group[mask] < 0:
            near = graph.indices[graph.indptr[mask] : graph.indptr[mask + 1]]
            group[near[group[near] < 0]] = mask
            group[mask] = mask
    return group


def count_covering(sets: Sequence[Sequence[Rle]], height: int, width: int) -> npt.NDArray[np.uint8]:
    """How many of the sets cover each pixel, (height, width) uint8; at most 127 sets."""
    steps = np.zeros(height * width + 1, np.int8)
    for one in sets:
        starts, ends = _union(*_runs(one))
        steps[starts] += 1
        steps[ends] -= 1
    columns = np.cumsum(steps[:-1], dtype=np.int8).view(np.uint8).reshape(width, height)
    return np.ascontiguousarray(columns.T)


def _union(starts: Indices, ends: Indices) -> tuple[Indices, Indices]:
    """The same positions as intervals that neither overlap nor touch."""
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], np.maximum.accumulate(ends[order])
    apart = starts[1:] > ends[:-1]
    if not starts.size:
        return starts, ends
    return starts[np.concatenate(([True], apart))], ends[np.concatenate((apart, [True]))]


def _runs(masks: Sequence[Rle]) -> tuple[Indices, Indices]:
    """The foreground of all masks as positions, column by column: where runs begin and end."""
    runs, counts = run_lengths.read_all([mask["counts"] for mask in masks])
    place = np.arange(runs.size) - np.repeat(np.cumsum(counts) - counts, counts)
    ends = run_lengths.sums_by_group(runs, counts)
    foreground = (place % 2 == 1) & (runs > 0)
    return ends[foreground] - runs[foreground], ends[foreground]
